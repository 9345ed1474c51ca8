/* The copy callback of rs_patch_begin: what it is given, and everything it may do. */
#include "support.h"

/* "Hello, " then COPY 7..12 then "!" then COPY 0..13. */
static const char DELTA[] = "72730236 02 4f68 45 07 05 01 21 45 00 0d 00";
static const char BASIS[] = "Hello, world!";
static const char RESULT[] = "Ohworld!Hello, world!";

static char out[64];

/* What the callback was called with, and what it is to do. */
static struct {
    int calls;
    rs_long_t pos[32];
    size_t len[32];
    void *buf[32], *opaque;
    size_t at_most;       /* bytes per call */
    int elsewhere;        /* hands out memory of its own */
    int fail_at;          /* this call returns ... */
    rs_result fail_with;  /* ... this */
} callback;

static rs_result copy(void *opaque, rs_long_t pos, size_t *len, void **buf)
{
    int call = callback.calls++;

    REQUIRE(call < 32 && pos >= 0 && (size_t)pos < strlen(BASIS));
    callback.opaque = opaque;
    callback.pos[call] = pos;
    callback.len[call] = *len;
    callback.buf[call] = *buf;
    if (callback.calls == callback.fail_at)
        return callback.fail_with;
    if (callback.at_most && *len > callback.at_most)
        *len = callback.at_most;
    if (callback.elsewhere)
        *buf = (void *)(BASIS + pos);
    else
        memcpy(*buf, BASIS + pos, *len);
    return RS_DONE;
}

static void reset(void) { memset(&callback, 0, sizeof callback); }

static void check_result(size_t in, size_t out_piece)
{
    bytes_t delta = unhex(DELTA), result = {NULL, 0, 0};
    rs_job_t *job = rs_patch_begin(copy, &delta);

    CHECK_INT(run_job(job, delta.data, delta.len, in, out_piece, &result), RS_DONE);
    CHECK_MEM(result.data, result.len, RESULT, strlen(RESULT));
    CHECK(callback.opaque == &delta);
    rs_job_free(job);
    bytes_free(&delta);
    bytes_free(&result);
}

/* One call with room for `room` bytes of output. */
static rs_result call(rs_job_t *job, bytes_t *delta, size_t room, rs_buffers_t *buffers)
{
    memset(buffers, 0, sizeof *buffers);
    buffers->next_in = delta->data;
    buffers->avail_in = delta->len;
    buffers->eof_in = 1;
    buffers->next_out = out;
    buffers->avail_out = room;
    return rs_job_iter(job, buffers);
}

static void arguments(void)
{
    bytes_t delta = unhex(DELTA);
    rs_job_t *job = rs_patch_begin(copy, NULL);
    rs_buffers_t buffers;

    reset();
    CHECK_INT(call(job, &delta, sizeof out, &buffers), RS_DONE);
    CHECK_INT(callback.calls, 2);
    CHECK_INT(callback.pos[0], 7);
    CHECK_INT(callback.len[0], 5);
    CHECK(callback.buf[0] == out + 2);
    CHECK_INT(callback.pos[1], 0);
    CHECK_INT(callback.len[1], 13);
    CHECK(callback.buf[1] == out + 8);
    rs_job_free(job);
    bytes_free(&delta);
}

static void no_more_than_there_is_room_for(void)
{
    bytes_t delta = unhex(DELTA);
    rs_job_t *job = rs_patch_begin(copy, NULL);
    rs_buffers_t buffers;

    reset();
    CHECK_INT(call(job, &delta, 4, &buffers), RS_BLOCKED);
    CHECK_INT(callback.calls, 1);
    CHECK_INT(callback.pos[0], 7);
    CHECK_INT(callback.len[0], 2);
    buffers.next_out = out;
    buffers.avail_out = 6;
    CHECK_INT(rs_job_iter(job, &buffers), RS_BLOCKED);
    CHECK_INT(callback.calls, 3);
    CHECK_INT(callback.pos[1], 9);
    CHECK_INT(callback.len[1], 3);
    CHECK_INT(callback.pos[2], 0);
    CHECK_INT(callback.len[2], 2);
    CHECK(callback.buf[2] == out + 4);
    buffers.next_out = out;
    buffers.avail_out = sizeof out;
    CHECK_INT(rs_job_iter(job, &buffers), RS_DONE);
    CHECK_INT(callback.calls, 4);
    CHECK_INT(callback.pos[3], 2);
    CHECK_INT(callback.len[3], 11);
    rs_job_free(job);
    bytes_free(&delta);
}

static void any_pieces(void)
{
    size_t in, out_piece, at_most;

    for (in = 1; in < 20; in += 3) {
        for (out_piece = 1; out_piece < 25; out_piece += 4) {
            for (at_most = 0; at_most < 6; at_most += 5) {
                reset();
                callback.at_most = at_most;
                check_result(in, out_piece);
                callback.calls = 0;
                callback.elsewhere = 1;
                check_result(in, out_piece);
            }
        }
    }
}

static void short_answers(void)
{
    reset();
    callback.at_most = 4;
    check_result(WHOLE, WHOLE);
    CHECK_INT(callback.calls, 2 + 4);
    CHECK_INT(callback.pos[1], 11);
    CHECK_INT(callback.len[1], 1);
    CHECK_INT(callback.pos[4], 8);
    CHECK_INT(callback.len[4], 5);
    CHECK_INT(callback.len[5], 1);
}

static void memory_of_its_own(void)
{
    reset();
    callback.elsewhere = 1;
    check_result(WHOLE, WHOLE);
    CHECK_INT(callback.calls, 2);
    callback.calls = 0;
    callback.at_most = 3;
    check_result(WHOLE, WHOLE);
    CHECK_INT(callback.calls, 2 + 5);
}

static void failures_are_passed_on(void)
{
    static const rs_result results[] = {RS_IO_ERROR, RS_INPUT_ENDED, RS_MEM_ERROR, RS_CORRUPT,
                                        RS_TEST_SKIPPED, (rs_result)4711};
    bytes_t delta = unhex(DELTA);
    size_t i;

    for (i = 0; i < sizeof results / sizeof *results; i++) {
        rs_job_t *job = rs_patch_begin(copy, NULL);
        rs_buffers_t buffers;

        reset();
        callback.fail_at = 2;
        callback.fail_with = results[i];
        CHECK_INT(call(job, &delta, sizeof out, &buffers), results[i]);
        /* What came before is there. */
        CHECK_MEM(out, sizeof out - buffers.avail_out, RESULT, 8);
        CHECK_INT(callback.calls, 2);
        rs_job_free(job);
    }
    bytes_free(&delta);
}

static void it_may_block(void)
{
    bytes_t delta = unhex(DELTA);
    rs_job_t *job = rs_patch_begin(copy, NULL);
    rs_buffers_t buffers;

    reset();
    callback.fail_at = 2;
    callback.fail_with = RS_BLOCKED;
    CHECK_INT(call(job, &delta, sizeof out, &buffers), RS_BLOCKED);
    CHECK_MEM(out, sizeof out - buffers.avail_out, RESULT, 8);
    CHECK_INT(rs_job_iter(job, &buffers), RS_DONE);
    CHECK_MEM(out, sizeof out - buffers.avail_out, RESULT, strlen(RESULT));
    CHECK_INT(callback.calls, 3);
    CHECK_INT(callback.pos[1], callback.pos[2]);
    rs_job_free(job);
    bytes_free(&delta);
}

static void no_callback_without_copies(void)
{
    bytes_t delta = unhex("72730236 02 6869 00"), result = {NULL, 0, 0};
    rs_job_t *job = rs_patch_begin(NULL, NULL);

    CHECK_INT(run_job(job, delta.data, delta.len, WHOLE, WHOLE, &result), RS_DONE);
    CHECK_MEM(result.data, result.len, "hi", 2);
    rs_job_free(job);
    bytes_free(&delta);
    bytes_free(&result);
}

/* Clients pass the library's own callback, whose address they get from their own program. */
static void the_callback_over_files(void)
{
    FILE *basis = tmpfile();
    bytes_t delta = unhex(DELTA), result = {NULL, 0, 0};
    rs_copy_cb *function = rs_file_copy_cb;
    rs_job_t *job = rs_patch_begin(function, basis);

    REQUIRE(basis);
    fputs(BASIS, basis); /* not flushed */
    CHECK_INT(run_job(job, delta.data, delta.len, 3, 3, &result), RS_DONE);
    CHECK_MEM(result.data, result.len, RESULT, strlen(RESULT));
    rs_job_free(job);
    fclose(basis);

    /* A basis that is too short. */
    basis = tmpfile();
    REQUIRE(basis);
    fwrite(BASIS, 1, 9, basis);
    job = rs_patch_begin(rs_file_copy_cb, basis);
    result.len = 0;
    CHECK_INT(run_job(job, delta.data, delta.len, WHOLE, WHOLE, &result), RS_INPUT_ENDED);
    CHECK_MEM(result.data, result.len, "Ohwo", 4);
    rs_job_free(job);
    fclose(basis);
    bytes_free(&delta);
    bytes_free(&result);
}

int main(void)
{
    no_messages();
    RUN(arguments);
    RUN(no_more_than_there_is_room_for);
    RUN(any_pieces);
    RUN(short_answers);
    RUN(memory_of_its_own);
    RUN(failures_are_passed_on);
    RUN(it_may_block);
    RUN(no_callback_without_copies);
    RUN(the_callback_over_files);
    return check_end();
}
