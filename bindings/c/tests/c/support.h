/* What several programs use: jobs over memory, files. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include "check.h"

#include <dirent.h>
#include <sys/stat.h>

#include <sigdelta.h>

#define BYTE uint8_t
#include "bytes.h"

#define WHOLE ((size_t)-1)

#define CHECK_STATUS(call, expected) check_status(call, expected, #call, __FILE__, __LINE__)

static inline void check_status(sigdelta_status actual, sigdelta_status expected, const char *text,
                                const char *file, int line)
{
    if (actual != expected) {
        check_fail(file, line);
        printf("%s is %d, not %d; last error: %s\n", text, (int)actual, (int)expected,
               sigdelta_error_text());
    }
}

/* The last error of the thread. */
#define CHECK_ERROR(text, offset)                      \
    do {                                               \
        CHECK_STR(sigdelta_error_text(), text);        \
        CHECK(sigdelta_error_offset() == (uint64_t)(offset)); \
    } while (0)

static const uint32_t KINDS[] = {SIGDELTA_ROLLSUM_MD4, SIGDELTA_ROLLSUM_BLAKE2B,
                                 SIGDELTA_RABINKARP_MD4, SIGDELTA_RABINKARP_BLAKE2B};

static inline sigdelta_options options_new(void)
{
    sigdelta_options options = SIGDELTA_OPTIONS_INIT;

    return options;
}

static inline sigdelta_stats stats_new(void)
{
    sigdelta_stats stats = SIGDELTA_STATS_INIT;

    return stats;
}

static inline sigdelta_options with_trailer(uint32_t trailer)
{
    sigdelta_options options = options_new();

    options.trailer = trailer;
    return options;
}

/* ---- whole operations in memory, which must succeed ---- */

static inline sigdelta_bytes sign(const bytes_t *basis, const sigdelta_options *options)
{
    sigdelta_bytes signature;

    CHECK_STATUS(sigdelta_signature_bytes(basis->data, basis->len, options, &signature, NULL), SIGDELTA_OK);
    return signature;
}

static inline sigdelta_bytes make_delta(const sigdelta_bytes *signature, const bytes_t *new_file,
                                        const sigdelta_options *options)
{
    sigdelta_bytes delta;

    CHECK_STATUS(sigdelta_delta_bytes(signature->data, signature->len, new_file->data, new_file->len,
                                      options, &delta, NULL),
                 SIGDELTA_OK);
    return delta;
}

static inline sigdelta_bytes diff(const bytes_t *basis, const bytes_t *new_file,
                                  const sigdelta_options *options)
{
    sigdelta_bytes delta;

    CHECK_STATUS(sigdelta_diff_bytes(basis->data, basis->len, new_file->data, new_file->len, options,
                                     &delta, NULL),
                 SIGDELTA_OK);
    return delta;
}

static inline sigdelta_bytes apply(const bytes_t *basis, const sigdelta_bytes *delta,
                                   const sigdelta_options *options)
{
    sigdelta_bytes result;

    CHECK_STATUS(sigdelta_patch_bytes(basis->data, basis->len, delta->data, delta->len, options, &result,
                                      NULL),
                 SIGDELTA_OK);
    return result;
}

static inline sigdelta_index *load(const sigdelta_bytes *signature)
{
    sigdelta_index *index = NULL;

    CHECK_STATUS(sigdelta_index_from_bytes(signature->data, signature->len, NULL, &index), SIGDELTA_OK);
    REQUIRE(index);
    return index;
}

/* ---- jobs over memory ---- */

/* How a job is fed. */
typedef struct {
    /* most bytes of input, of output and of a copy per call */
    size_t in, out, copy;
    /* the end is announced with the last bytes, not after them */
    int early_end;
} pieces_t;

static const pieces_t AT_ONCE = {WHOLE, WHOLE, WHOLE, 1};

/* Runs a job to its end. `basis` is for patches. What a step leaves of its input comes again. */
static inline sigdelta_status run_job(sigdelta_job *job, const void *input, size_t len,
                                      const bytes_t *basis, pieces_t pieces, bytes_t *output)
{
    size_t room = pieces.out < (1 << 20) ? pieces.out : (1 << 20), done = 0;
    uint8_t *out = (uint8_t *)malloc(room + 1);
    int idle = 0;
    sigdelta_status status;

    REQUIRE(job && out);
    do {
        const uint8_t *in = len ? (const uint8_t *)input + done : NULL;
        size_t in_len = len - done < pieces.in ? len - done : pieces.in;
        sigdelta_buffers buffers = {in, in_len, out, room, 0};
        uint64_t position, wanted;

        buffers.end_of_input = in_len == 0 || (pieces.early_end && done + in_len == len);
        status = sigdelta_job_step(job, &buffers);
        REQUIRE(buffers.input_len <= in_len && buffers.output_len <= room);
        REQUIRE(buffers.input == (in ? in + (in_len - buffers.input_len) : NULL));
        REQUIRE(buffers.output == out + (room - buffers.output_len));
        if (status == SIGDELTA_NEEDS_INPUT)
            REQUIRE(buffers.input_len == 0);
        if (status == SIGDELTA_NEEDS_OUTPUT)
            REQUIRE(buffers.output_len == 0);
        if (status == SIGDELTA_NEEDS_BASIS) {
            size_t copied;
            sigdelta_status said;

            REQUIRE(buffers.output_len);
            REQUIRE(basis && sigdelta_job_wanted(job, &position, &wanted) == SIGDELTA_OK && wanted > 0);
            copied = wanted < buffers.output_len ? (size_t)wanted : buffers.output_len;
            copied = copied < pieces.copy ? copied : pieces.copy;
            if (position >= basis->len)
                copied = 0;
            else if (copied > basis->len - position)
                copied = (size_t)(basis->len - position);
            if (copied)
                memcpy(buffers.output, basis->data + position, copied);
            said = sigdelta_job_copied(job, &buffers, copied);
            if (said != SIGDELTA_OK)
                status = said;
        }
        bytes_add(output, out, room - buffers.output_len);
        idle = in_len == buffers.input_len && room == buffers.output_len ? idle + 1 : 0;
        done += in_len - buffers.input_len;
        REQUIRE(idle < 4);
    } while (status == SIGDELTA_NEEDS_INPUT || status == SIGDELTA_NEEDS_OUTPUT ||
             status == SIGDELTA_NEEDS_BASIS);
    free(out);
    return status;
}

/* ---- files ---- */

static inline void write_file(const char *name, const void *data, size_t len)
{
    FILE *file = fopen(name, "wb");

    REQUIRE(file && fwrite(data ? data : "", 1, len, file) == len && fclose(file) == 0);
}

static inline bytes_t read_file(const char *name)
{
    bytes_t bytes = {NULL, 0, 0};
    char buf[4096];
    size_t len;
    FILE *file = fopen(name, "rb");

    REQUIRE(file);
    while ((len = fread(buf, 1, sizeof buf, file)) > 0)
        bytes_add(&bytes, buf, len);
    fclose(file);
    return bytes;
}

static inline void check_file(const char *name, const void *data, size_t len)
{
    bytes_t found = read_file(name);

    CHECK_MEM(found.data, found.len, data, len);
    bytes_free(&found);
}

static inline int exists(const char *name)
{
    struct stat info;

    return lstat(name, &info) == 0;
}

/* How many files the current directory has: a temporary one that stayed would count. */
static inline int files_here(void)
{
    int count = 0;
    struct dirent *entry;
    DIR *here = opendir(".");

    REQUIRE(here);
    while ((entry = readdir(here)))
        count += strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..");
    closedir(here);
    return count;
}

#endif
