/* What several programs use: jobs over memory, captured messages. */
#ifndef SUPPORT_H
#define SUPPORT_H

#include "check.h"

#include <librsync.h>

#define BYTE char
#include "bytes.h"

#define WHOLE ((size_t)-1)

/* The four kinds of signatures. */
static const rs_magic_number KINDS[] = {RS_MD4_SIG_MAGIC, RS_BLAKE2_SIG_MAGIC,
                                        RS_RK_MD4_SIG_MAGIC, RS_RK_BLAKE2_SIG_MAGIC};

/* ---- jobs over memory ---- */

/* Runs a job with at most `in_piece` bytes of input and `out_piece` bytes of room per call. What a call
 * leaves of its input comes again in front of the next piece. The end is announced as duplicity,
 * rdiff-backup and kitty do it: by a call without any input. */
static inline rs_result run_job(rs_job_t *job, const void *input, size_t len, size_t in_piece,
                                size_t out_piece, bytes_t *output)
{
    size_t room = out_piece < (1 << 20) ? out_piece : (1 << 20), done = 0;
    char *out = room ? (char *)malloc(room) : NULL;
    int idle = 0;
    rs_result result = RS_BLOCKED;

    REQUIRE(job && (out || !room));
    while (result == RS_BLOCKED && idle < 4) {
        rs_buffers_t buffers;
        char *in = (char *)input + done;
        size_t in_len = len - done < in_piece ? len - done : in_piece;

        memset(&buffers, 0, sizeof buffers);
        buffers.next_in = in_len ? in : NULL;
        buffers.avail_in = in_len;
        buffers.eof_in = in_len == 0;
        buffers.next_out = out;
        buffers.avail_out = room;
        result = rs_job_iter(job, &buffers);
        REQUIRE(buffers.avail_in <= in_len && buffers.avail_out <= room);
        REQUIRE(!in_len || buffers.next_in == in + (in_len - buffers.avail_in));
        REQUIRE(buffers.next_out == (out ? out + (room - buffers.avail_out) : NULL));
        if (output)
            bytes_add(output, out, room - buffers.avail_out);
        idle = in_len == buffers.avail_in && room == buffers.avail_out ? idle + 1 : 0;
        done += in_len - buffers.avail_in;
    }
    CHECK(result != RS_BLOCKED); /* else it did not get on */
    free(out);
    return result;
}

/* A copy callback over bytes_t. */
static inline rs_result copy_bytes(void *opaque, rs_long_t pos, size_t *len, void **buf)
{
    const bytes_t *basis = (const bytes_t *)opaque;

    if (pos < 0 || (size_t)pos >= basis->len)
        return RS_INPUT_ENDED;
    if (*len > basis->len - (size_t)pos)
        *len = basis->len - (size_t)pos;
    memcpy(*buf, basis->data + pos, *len);
    return RS_DONE;
}

static inline rs_result sign_pieces(const bytes_t *basis, size_t block_len, size_t strong_len,
                                    rs_magic_number magic, size_t in, size_t out, bytes_t *sig)
{
    rs_job_t *job = rs_sig_begin(block_len, strong_len, magic);
    rs_result result = run_job(job, basis->data, basis->len, in, out, sig);

    CHECK_INT(rs_job_free(job), RS_DONE);
    return result;
}

static inline bytes_t sign(const bytes_t *basis, size_t block_len, size_t strong_len,
                           rs_magic_number magic)
{
    bytes_t sig = {NULL, 0, 0};

    CHECK_INT(sign_pieces(basis, block_len, strong_len, magic, WHOLE, WHOLE, &sig), RS_DONE);
    return sig;
}

/* Loads a signature without room for output, which such a job never needs. */
static inline rs_result load_pieces(const void *sig, size_t len, size_t in, rs_signature_t **sums)
{
    rs_job_t *job = rs_loadsig_begin(sums);
    rs_result result = run_job(job, sig, len, in, 0, NULL);

    CHECK_INT(rs_job_free(job), RS_DONE);
    return result;
}

/* Loads a signature, ready for deltas. */
static inline rs_signature_t *load(const bytes_t *sig)
{
    rs_signature_t *sums = NULL;

    CHECK_INT(load_pieces(sig->data, sig->len, WHOLE, &sums), RS_DONE);
    CHECK_INT(rs_build_hash_table(sums), RS_DONE);
    return sums;
}

static inline rs_result delta_pieces(rs_signature_t *sums, const bytes_t *new_bytes, size_t in,
                                     size_t out, bytes_t *delta)
{
    rs_job_t *job = rs_delta_begin(sums);
    rs_result result = run_job(job, new_bytes->data, new_bytes->len, in, out, delta);

    CHECK_INT(rs_job_free(job), RS_DONE);
    return result;
}

static inline bytes_t make_delta(rs_signature_t *sums, const bytes_t *new_bytes)
{
    bytes_t delta = {NULL, 0, 0};

    CHECK_INT(delta_pieces(sums, new_bytes, WHOLE, WHOLE, &delta), RS_DONE);
    return delta;
}

static inline rs_result patch_pieces(const bytes_t *basis, const bytes_t *delta, size_t in, size_t out,
                                     bytes_t *result_bytes)
{
    rs_job_t *job = rs_patch_begin(copy_bytes, (void *)basis);
    rs_result result = run_job(job, delta->data, delta->len, in, out, result_bytes);

    CHECK_INT(rs_job_free(job), RS_DONE);
    return result;
}

/* Checks that a delta makes `expected` from `basis`. */
static inline void check_patch(const bytes_t *basis, const bytes_t *delta, const bytes_t *expected)
{
    bytes_t actual = {NULL, 0, 0};

    CHECK_INT(patch_pieces(basis, delta, WHOLE, WHOLE, &actual), RS_DONE);
    CHECK_BYTES(actual, *expected);
    bytes_free(&actual);
}

/* ---- captured messages ---- */

static char messages[1 << 16];
static rs_loglevel last_level;

/* A trace callback that keeps what it gets. */
static inline void keep_message(rs_loglevel level, const char *message)
{
    size_t used = strlen(messages);

    last_level = level;
    snprintf(messages + used, sizeof messages - used, "%s", message);
}

/* Sends all messages from now on to `messages`, which becomes empty. */
static inline void keep_messages(void)
{
    messages[0] = 0;
    rs_trace_to(keep_message);
}

static inline void no_messages(void) { rs_trace_to(NULL); }

#endif
