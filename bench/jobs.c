/* jobs.c: one operation of librsync's API over files: a job as backup programs run it, rs_job_iter with
 * buffers of CALL bytes for input and output; or, with "file" as CALL, the functions on C streams.
 *
 * jobs signature CALL KIND BLOCK_LEN OLD SIGNATURE
 * jobs delta CALL SIGNATURE NEW DELTA
 * jobs patch CALL OLD DELTA NEW
 *
 * KIND is rollsum+MD4, with strong sums of 8 bytes, or RabinKarp+BLAKE2, with whole ones. */
#include <fcntl.h>
#include <librsync.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct kind {
    const char *name;
    rs_magic_number magic;
    size_t strong_len;
};

static const struct kind kinds[] = {
    { "rollsum+MD4", RS_MD4_SIG_MAGIC, 8 },
    { "RabinKarp+BLAKE2", RS_RK_BLAKE2_SIG_MAGIC, 32 },
};

/* 0 for the functions on C streams. */
static size_t call;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

static void expect_done(const char *what, rs_result result)
{
    if (result == RS_DONE)
        return;
    fprintf(stderr, "%s: %s\n", what, rs_strerror(result));
    exit(1);
}

static const struct kind *kind_named(const char *name)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (strcmp(kinds[i].name, name) == 0)
            return &kinds[i];
    fprintf(stderr, "unknown kind %s\n", name);
    exit(2);
}

/* Jobs. */

static int open_input(const char *name)
{
    int fd = open(name, O_RDONLY);
    if (fd < 0)
        fail(name);
    return fd;
}

static void run(rs_job_t *job, const char *input, const char *output)
{
    int in = open_input(input);
    int out = output ? open(output, O_WRONLY | O_CREAT | O_TRUNC, 0644) : -1;
    char *from = malloc(call), *to = malloc(call);
    rs_buffers_t buffers;
    memset(&buffers, 0, sizeof buffers);
    rs_result result;
    if (output && out < 0)
        fail(output);
    do {
        if (!buffers.eof_in && buffers.avail_in < call) {
            memmove(from, buffers.next_in, buffers.avail_in);
            ssize_t got = read(in, from + buffers.avail_in, call - buffers.avail_in);
            if (got < 0)
                fail(input);
            buffers.eof_in = got == 0;
            buffers.next_in = from;
            buffers.avail_in += (size_t)got;
        }
        buffers.next_out = to;
        buffers.avail_out = out >= 0 ? call : 0;
        result = rs_job_iter(job, &buffers);
        if (result != RS_BLOCKED)
            expect_done(input, result);
        size_t len = (size_t)(buffers.next_out - to);
        if (out >= 0 && write(out, to, len) != (ssize_t)len)
            fail(output);
    } while (result != RS_DONE);
    rs_job_free(job);
    close(in);
    if (out >= 0)
        close(out);
    free(from);
    free(to);
}

static void patch_by_job(const char *old, const char *delta, const char *new)
{
    FILE *basis = fopen(old, "rb");
    if (!basis)
        fail(old);
    run(rs_patch_begin(rs_file_copy_cb, basis), delta, new);
    fclose(basis);
}

/* Functions on C streams. */

static FILE *open_stream(const char *name, const char *mode)
{
    FILE *stream = fopen(name, mode);
    if (!stream)
        fail(name);
    return stream;
}

static void close_output(FILE *stream, const char *name)
{
    if (fclose(stream) != 0)
        fail(name);
}

static void sign_streams(const struct kind *kind, size_t block_len, const char *old, const char *sums)
{
    FILE *in = open_stream(old, "rb"), *out = open_stream(sums, "wb");
    expect_done(old, rs_sig_file(in, out, block_len, kind->strong_len, kind->magic, NULL));
    fclose(in);
    close_output(out, sums);
}

static void load_stream(const char *name, rs_signature_t **sums)
{
    FILE *in = open_stream(name, "rb");
    expect_done(name, rs_loadsig_file(in, sums, NULL));
    fclose(in);
}

static void delta_streams(rs_signature_t *sums, const char *new, const char *delta)
{
    FILE *in = open_stream(new, "rb"), *out = open_stream(delta, "wb");
    expect_done(new, rs_delta_file(sums, in, out, NULL));
    fclose(in);
    close_output(out, delta);
}

static void patch_streams(const char *old, const char *delta, const char *new)
{
    FILE *basis = open_stream(old, "rb"), *in = open_stream(delta, "rb"), *out = open_stream(new, "wb");
    expect_done(delta, rs_patch_file(basis, in, out, NULL));
    fclose(basis);
    fclose(in);
    close_output(out, new);
}

int main(int argc, char **argv)
{
    if (argc < 6)
        return 2;
    call = strcmp(argv[2], "file") == 0 ? 0 : strtoul(argv[2], NULL, 10);
    if (strcmp(argv[1], "signature") == 0 && argc == 7) {
        const struct kind *kind = kind_named(argv[3]);
        size_t block_len = strtoul(argv[4], NULL, 10);
        if (call)
            run(rs_sig_begin(block_len, kind->strong_len, kind->magic), argv[5], argv[6]);
        else
            sign_streams(kind, block_len, argv[5], argv[6]);
    } else if (strcmp(argv[1], "delta") == 0 && argc == 6) {
        rs_signature_t *sums;
        if (call)
            run(rs_loadsig_begin(&sums), argv[3], NULL);
        else
            load_stream(argv[3], &sums);
        expect_done(argv[3], rs_build_hash_table(sums));
        if (call)
            run(rs_delta_begin(sums), argv[4], argv[5]);
        else
            delta_streams(sums, argv[4], argv[5]);
        rs_free_sumset(sums);
    } else if (strcmp(argv[1], "patch") == 0 && argc == 6) {
        if (call)
            patch_by_job(argv[3], argv[4], argv[5]);
        else
            patch_streams(argv[3], argv[4], argv[5]);
    } else {
        return 2;
    }
    return 0;
}
