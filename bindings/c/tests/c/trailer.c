/* The trailer: automatic, none, required; in memory, files and jobs. */
#include "support.h"

enum { AUTO = SIGDELTA_TRAILER_AUTO, NONE = SIGDELTA_TRAILER_NONE, REQUIRED = SIGDELTA_TRAILER_REQUIRED };

static bytes_t basis, new_file, wrong_basis;

/* Applies a delta in memory, by file and by a job; all must say the same. `unread` is what the job may
 * leave of the delta. */
static void check_patch(const bytes_t *old, const void *delta, size_t delta_len, int trailer,
                        sigdelta_status expected, int has_trailer, size_t unread)
{
    sigdelta_options options = with_trailer((uint32_t)trailer);
    sigdelta_stats stats = stats_new();
    sigdelta_bytes result;
    sigdelta_buffers rest;
    bytes_t output = {NULL, 0, 0};
    sigdelta_job *job = NULL;
    size_t piece;
    int ok = expected == SIGDELTA_OK;

    CHECK_STATUS(sigdelta_patch_bytes(old->data, old->len, delta, delta_len, &options, &result, &stats),
                 expected);
    if (ok) {
        CHECK_BYTES(result, new_file);
        CHECK_INT(stats.in_bytes, delta_len - unread);
    }
    CHECK_INT(stats.has_trailer, ok && has_trailer);
    CHECK_INT(stats.verified, ok && has_trailer);
    CHECK((result.data != NULL) == ok);
    sigdelta_bytes_free(&result);

    write_file("old", old->data, old->len);
    write_file("delta", delta, delta_len);
    write_file("result", "precious", 8);
    CHECK_STATUS(sigdelta_patch_file("old", "delta", "result", &options, &stats), expected);
    if (ok) {
        check_file("result", new_file.data, new_file.len);
        CHECK_INT(stats.in_bytes, delta_len - unread);
        CHECK_INT(stats.has_trailer, has_trailer);
        CHECK_INT(stats.verified, has_trailer);
    } else {
        check_file("result", "precious", 8);
        CHECK_INT(stats.in_bytes + stats.has_trailer, 0);
    }
    CHECK_INT(files_here(), 3);

    for (piece = 1; piece < 4; piece++) {
        static const size_t PIECES[] = {1, 1000, WHOLE};
        pieces_t pieces = {PIECES[piece - 1], 300, 200, 1};

        CHECK_STATUS(sigdelta_patch_job(&options, &job), SIGDELTA_OK);
        CHECK_STATUS(run_job(job, delta, delta_len, old, pieces, &output), expected);
        CHECK_STATUS(sigdelta_job_stats(job, &stats), SIGDELTA_OK);
        if (ok) {
            CHECK_BYTES(output, new_file);
            CHECK_INT(stats.in_bytes, delta_len - unread);
            CHECK_INT(stats.has_trailer, has_trailer);
            CHECK_INT(stats.verified, has_trailer);
        }
        bytes_free(&output);
        sigdelta_job_free(job);
    }

    /* What follows the end stays in the buffers. */
    if (ok && unread) {
        uint8_t *room = (uint8_t *)malloc(new_file.len);
        uint64_t position, len;
        sigdelta_status status;

        CHECK_STATUS(sigdelta_patch_job(&options, &job), SIGDELTA_OK);
        rest = (sigdelta_buffers){(const uint8_t *)delta, delta_len, room, new_file.len, 0};
        while ((status = sigdelta_job_step(job, &rest)) == SIGDELTA_NEEDS_BASIS) {
            CHECK_STATUS(sigdelta_job_wanted(job, &position, &len), SIGDELTA_OK);
            memcpy(rest.output, old->data + position, (size_t)len);
            CHECK_STATUS(sigdelta_job_copied(job, &rest, (size_t)len), SIGDELTA_OK);
        }
        CHECK_STATUS(status, SIGDELTA_OK);
        CHECK_INT(rest.input_len, unread);
        CHECK_MEM(room, new_file.len - rest.output_len, new_file.data, new_file.len);
        sigdelta_job_free(job);
        free(room);
    }
}

static void a_trailer_is_48_bytes(void)
{
    sigdelta_options options = with_trailer(NONE);
    sigdelta_bytes none = diff(&basis, &new_file, &options), automatic = diff(&basis, &new_file, NULL);
    sigdelta_bytes required;

    options = with_trailer(REQUIRED);
    required = diff(&basis, &new_file, &options);
    CHECK_INT(automatic.len, none.len + 48);
    CHECK_MEM(automatic.data, none.len, none.data, none.len);
    CHECK_MEM(automatic.data + none.len, 8, "sdtr\1\1\0\x28", 8);
    CHECK_BYTES(required, automatic);
    sigdelta_bytes_free(&none);
    sigdelta_bytes_free(&automatic);
    sigdelta_bytes_free(&required);
}

static void each_rule_meets_each_delta(void)
{
    sigdelta_options options = with_trailer(NONE);
    sigdelta_bytes bare = diff(&basis, &new_file, &options), full = diff(&basis, &new_file, NULL);
    bytes_t stray = {NULL, 0, 0}, damaged = {NULL, 0, 0};

    check_patch(&basis, bare.data, bare.len, AUTO, SIGDELTA_OK, 0, 0);
    check_patch(&basis, bare.data, bare.len, NONE, SIGDELTA_OK, 0, 0);
    check_patch(&basis, bare.data, bare.len, REQUIRED, SIGDELTA_CORRUPT, 0, 0);
    CHECK_INT(sigdelta_error_offset(), bare.len);
    check_patch(&basis, full.data, full.len, AUTO, SIGDELTA_OK, 1, 0);
    check_patch(&basis, full.data, full.len, NONE, SIGDELTA_OK, 0, 48);
    check_patch(&basis, full.data, full.len, REQUIRED, SIGDELTA_OK, 1, 0);

    bytes_add(&stray, bare.data, bare.len);
    bytes_add(&stray, "sd, but no trailer", 18);
    check_patch(&basis, stray.data, stray.len, AUTO, SIGDELTA_CORRUPT, 0, 0);
    check_patch(&basis, stray.data, stray.len, NONE, SIGDELTA_OK, 0, 18);
    check_patch(&basis, stray.data, stray.len, REQUIRED, SIGDELTA_CORRUPT, 0, 0);
    CHECK_INT(sigdelta_error_offset(), bare.len);

    bytes_add(&damaged, full.data, full.len);
    damaged.data[bare.len + 4] = 9;
    check_patch(&basis, damaged.data, damaged.len, AUTO, SIGDELTA_CORRUPT, 0, 0);
    check_patch(&basis, damaged.data, damaged.len, NONE, SIGDELTA_OK, 0, 48);
    check_patch(&basis, damaged.data, damaged.len, REQUIRED, SIGDELTA_CORRUPT, 0, 0);
    check_patch(&basis, full.data, full.len - 1, AUTO, SIGDELTA_INPUT_ENDED, 0, 0);
    check_patch(&basis, full.data, full.len - 1, NONE, SIGDELTA_OK, 0, 47);
    check_patch(&basis, full.data, full.len - 1, REQUIRED, SIGDELTA_INPUT_ENDED, 0, 0);
    sigdelta_bytes_free(&bare);
    sigdelta_bytes_free(&full);
    bytes_free(&stray);
    bytes_free(&damaged);
}

static void a_wrong_basis_is_found_out(void)
{
    sigdelta_bytes delta = diff(&basis, &new_file, NULL);
    sigdelta_options options = with_trailer(NONE);
    sigdelta_bytes result;

    check_patch(&wrong_basis, delta.data, delta.len, AUTO, SIGDELTA_CORRUPT, 0, 0);
    CHECK(strstr(sigdelta_error_text(), "the result is not the file this delta was made for") != NULL);
    CHECK(sigdelta_error_offset() == SIGDELTA_UNKNOWN);
    check_patch(&wrong_basis, delta.data, delta.len, REQUIRED, SIGDELTA_CORRUPT, 0, 0);
    /* As with librsync, nobody notices. */
    result = apply(&wrong_basis, &delta, &options);
    CHECK_INT(result.len, new_file.len);
    CHECK(memcmp(result.data, new_file.data, new_file.len) != 0);
    sigdelta_bytes_free(&result);
    sigdelta_bytes_free(&delta);
}

int main(void)
{
    basis = noise(1, 20000);
    new_file = edited(&basis);
    wrong_basis = noise(2, 20000);
    RUN(a_trailer_is_48_bytes);
    RUN(each_rule_meets_each_delta);
    RUN(a_wrong_basis_is_found_out);
    bytes_free(&basis);
    bytes_free(&new_file);
    bytes_free(&wrong_basis);
    return check_end();
}
