/* upload.c: a file is brought up to date in another process by sending little more than the change.
 *
 * upload serve SOCKET FILE    waits for one client and updates FILE
 * upload push SOCKET FILE     makes the server's file equal to FILE
 *
 * Both directions carry frames: a length of 4 bytes, big-endian, and that many bytes; length 0 ends a
 * stream. The server sends the signature of its file, the client the delta, the server "ok" or what
 * went wrong. The delta ends with a checksum of the new file, so a wrong result is never put in place. */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <sigdelta.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FRAME = 64 * 1024 };

static void fail(const char *what)
{
    fprintf(stderr, "upload: %s\n", what);
    exit(1);
}

static void check(sigdelta_status status)
{
    if (status != SIGDELTA_OK)
        fail(sigdelta_error_text());
}

static void send_frame(FILE *to, const void *bytes, uint32_t len)
{
    uint8_t head[4] = {(uint8_t)(len >> 24), (uint8_t)(len >> 16), (uint8_t)(len >> 8), (uint8_t)len};
    if (fwrite(head, 1, 4, to) != 4 || fwrite(bytes, 1, len, to) != len || fflush(to) != 0)
        fail("the other side is gone");
}

/* Returns the bytes in the next frame, 0 at the end of the stream. */
static size_t receive_frame(FILE *from, uint8_t *bytes)
{
    uint8_t head[4];
    if (fread(head, 1, 4, from) != 4)
        fail("the other side is gone");
    size_t len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    if (len > FRAME)
        fail("the other side does not speak our protocol");
    if (fread(bytes, 1, len, from) != len)
        fail("the other side is gone");
    return len;
}

/* Sends what a job makes of a file. */
static void send_job(sigdelta_job *job, FILE *file, FILE *to)
{
    static uint8_t input[FRAME], output[FRAME];
    sigdelta_buffers buffers = {.input = input, .output = output, .output_len = FRAME};
    sigdelta_status status;
    do {
        status = sigdelta_job_step(job, &buffers);
        if (status >= SIGDELTA_IO_ERROR)
            fail(sigdelta_error_text());
        if (status == SIGDELTA_NEEDS_INPUT) {
            buffers.input = input;
            buffers.input_len = fread(input, 1, FRAME, file);
            buffers.end_of_input = feof(file);
            if (ferror(file))
                fail("cannot read the file");
        }
        if (buffers.output_len < FRAME) { /* an empty frame would be the end */
            send_frame(to, output, (uint32_t)(FRAME - buffers.output_len));
            buffers.output = output;
            buffers.output_len = FRAME;
        }
    } while (status != SIGDELTA_OK);
    send_frame(to, NULL, 0);
    sigdelta_job_free(job);
}

static void serve(FILE *in, FILE *out, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        fail(path);
    fseek(file, 0, SEEK_END);
    long len = ftell(file);
    rewind(file);
    sigdelta_job *job;
    check(sigdelta_signature_job((uint64_t)len, NULL, &job));
    send_job(job, file, out);
    fclose(file);

    char delta_path[4096], new_path[4096];
    snprintf(delta_path, sizeof delta_path, "%s.delta", path);
    snprintf(new_path, sizeof new_path, "%s.new", path);
    FILE *delta = fopen(delta_path, "wb");
    if (!delta)
        fail(delta_path);
    uint8_t bytes[FRAME];
    for (size_t got; (got = receive_frame(in, bytes)) > 0;)
        fwrite(bytes, 1, got, delta);
    if (fclose(delta) != 0)
        fail("cannot write the delta");

    sigdelta_options options = SIGDELTA_OPTIONS_INIT;
    options.trailer = SIGDELTA_TRAILER_REQUIRED;
    options.max_output_bytes = UINT64_C(1) << 32;
    const char *answer = "ok";
    if (sigdelta_patch_file(path, delta_path, new_path, &options, NULL) != SIGDELTA_OK)
        answer = sigdelta_error_text();
    else if (rename(new_path, path) != 0)
        answer = strerror(errno);
    send_frame(out, answer, (uint32_t)strlen(answer));
    remove(delta_path);
}

static int push(FILE *in, FILE *out, const char *path)
{
    sigdelta_options options = SIGDELTA_OPTIONS_INIT;
    options.max_memory_bytes = UINT64_C(256) << 20;
    sigdelta_job *job;
    check(sigdelta_load_job(&options, &job));
    uint8_t bytes[FRAME];
    sigdelta_status status;
    do {
        sigdelta_buffers buffers = {.input = bytes, .input_len = receive_frame(in, bytes)};
        buffers.end_of_input = buffers.input_len == 0;
        status = sigdelta_job_step(job, &buffers);
        if (status >= SIGDELTA_IO_ERROR)
            fail(sigdelta_error_text());
    } while (status != SIGDELTA_OK);
    sigdelta_index *index;
    check(sigdelta_job_take_index(job, &index));
    sigdelta_job_free(job);

    FILE *file = fopen(path, "rb");
    if (!file)
        fail(path);
    check(sigdelta_delta_job(index, &options, &job));
    sigdelta_index_free(index);
    send_job(job, file, out);
    fclose(file);

    size_t len = receive_frame(in, bytes);
    printf("%.*s\n", (int)len, (char *)bytes);
    return len == 2 && memcmp(bytes, "ok", 2) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    int is_server = argc == 4 && strcmp(argv[1], "serve") == 0;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (argc != 4 || (!is_server && strcmp(argv[1], "push") != 0) ||
        strlen(argv[2]) >= sizeof address.sun_path) {
        fputs("usage: upload serve SOCKET FILE | upload push SOCKET FILE\n", stderr);
        return 2;
    }
    strcpy(address.sun_path, argv[2]);
    int sock = socket(AF_UNIX, SOCK_STREAM, 0);
    if (is_server) {
        unlink(argv[2]);
        if (bind(sock, (struct sockaddr *)&address, sizeof address) != 0 || listen(sock, 1) != 0)
            fail(strerror(errno));
        sock = accept(sock, NULL, NULL);
        unlink(argv[2]);
    } else if (connect(sock, (struct sockaddr *)&address, sizeof address) != 0) {
        fail(strerror(errno));
    }
    FILE *in = fdopen(sock, "rb"), *out = fdopen(dup(sock), "wb");
    if (!in || !out)
        fail(strerror(errno));
    if (!is_server)
        return push(in, out, argv[3]);
    serve(in, out, argv[3]);
    return 0;
}
