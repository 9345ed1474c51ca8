/* stream.c: jobs of libsigdelta between standard input and output, in bounded memory.
 *
 * stream signature <OLD >SIGNATURE
 * stream delta SIGNATURE <NEW >DELTA
 * stream patch OLD <DELTA >NEW */
#include <sigdelta.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *what)
{
    fprintf(stderr, "stream: %s\n", what);
    exit(1);
}

static void check(sigdelta_status status)
{
    if (status != SIGDELTA_OK)
        fail(sigdelta_error_text());
}

/* Runs a job to its end. `basis` is only asked for by patches; `out` may be NULL for jobs without output. */
static void run(sigdelta_job *job, FILE *in, FILE *basis, FILE *out)
{
    static uint8_t input[64 * 1024], output[64 * 1024];
    sigdelta_buffers buffers = {.input = input, .output = output, .output_len = sizeof output};
    for (;;) {
        sigdelta_status status = sigdelta_job_step(job, &buffers);
        if (status == SIGDELTA_NEEDS_BASIS) {
            uint64_t position, len;
            check(sigdelta_job_wanted(job, &position, &len));
            if (len > buffers.output_len)
                len = buffers.output_len;
            if (fseek(basis, (long)position, SEEK_SET) != 0)
                fail("cannot seek in the basis");
            size_t got = fread(buffers.output, 1, (size_t)len, basis);
            check(sigdelta_job_copied(job, &buffers, got)); /* 0 is the end of the basis: an error */
            continue;
        }
        if (status >= SIGDELTA_IO_ERROR)
            fail(sigdelta_error_text());
        size_t produced = sizeof output - buffers.output_len;
        if (produced > 0 && fwrite(output, 1, produced, out) != produced)
            fail("cannot write");
        buffers.output = output;
        buffers.output_len = sizeof output;
        if (status == SIGDELTA_OK)
            return;
        if (status == SIGDELTA_NEEDS_INPUT) {
            buffers.input = input;
            buffers.input_len = fread(input, 1, sizeof input, in);
            buffers.end_of_input = feof(in);
            if (ferror(in))
                fail("cannot read");
        }
    }
}

static FILE *open_file(const char *name)
{
    FILE *file = fopen(name, "rb");
    if (!file)
        fail(name);
    return file;
}

int main(int argc, char **argv)
{
    sigdelta_job *job;
    if (argc == 2 && strcmp(argv[1], "signature") == 0) {
        check(sigdelta_signature_job(SIGDELTA_UNKNOWN, NULL, &job));
        run(job, stdin, NULL, stdout);
    } else if (argc == 3 && strcmp(argv[1], "delta") == 0) {
        sigdelta_index *index;
        FILE *signature = open_file(argv[2]);
        check(sigdelta_load_job(NULL, &job));
        run(job, signature, NULL, NULL);
        check(sigdelta_job_take_index(job, &index));
        sigdelta_job_free(job);
        fclose(signature);
        check(sigdelta_delta_job(index, NULL, &job));
        sigdelta_index_free(index); /* the job keeps what it needs */
        run(job, stdin, NULL, stdout);
    } else if (argc == 3 && strcmp(argv[1], "patch") == 0) {
        FILE *basis = open_file(argv[2]);
        check(sigdelta_patch_job(NULL, &job));
        run(job, stdin, basis, stdout);
        fclose(basis);
    } else {
        fputs("usage: stream signature | stream delta SIGNATURE | stream patch OLD\n", stderr);
        return 2;
    }
    sigdelta_job_free(job);
    if (fclose(stdout) != 0)
        fail("cannot write");
    return 0;
}
