/* jobs.c: one job of librsync's API over files, as backup programs run it: rs_job_iter with buffers of
 * CALL bytes for input and output, rollsum and MD4, strong sums of 8 bytes.
 *
 * jobs signature CALL BLOCK_LEN OLD SIGNATURE
 * jobs delta CALL SIGNATURE NEW DELTA
 * jobs patch CALL OLD DELTA NEW */
#include <fcntl.h>
#include <librsync.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t call;

static void fail(const char *what)
{
    perror(what);
    exit(1);
}

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
        if (result != RS_DONE && result != RS_BLOCKED) {
            fprintf(stderr, "%s: %s\n", input, rs_strerror(result));
            exit(1);
        }
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

int main(int argc, char **argv)
{
    if (argc != 6)
        return 2;
    call = strtoul(argv[2], NULL, 10);
    if (strcmp(argv[1], "signature") == 0) {
        run(rs_sig_begin(strtoul(argv[3], NULL, 10), 8, RS_MD4_SIG_MAGIC), argv[4], argv[5]);
    } else if (strcmp(argv[1], "delta") == 0) {
        rs_signature_t *sums;
        run(rs_loadsig_begin(&sums), argv[3], NULL);
        if (rs_build_hash_table(sums) != RS_DONE)
            return 1;
        run(rs_delta_begin(sums), argv[4], argv[5]);
        rs_free_sumset(sums);
    } else {
        FILE *basis = fopen(argv[3], "rb");
        if (!basis)
            fail(argv[3]);
        run(rs_patch_begin(rs_file_copy_cb, basis), argv[4], argv[5]);
        fclose(basis);
    }
    return 0;
}
