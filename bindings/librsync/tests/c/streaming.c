/* The streaming interface: any pieces, ends of input, what is consumed, known bytes, clients' ways. */
#include "support.h"

static const size_t PIECES[][2] = {
    {1, 1}, {1, WHOLE}, {WHOLE, 1}, {7, 7}, {16000, 16000}, {65536, 65536}, {65536, 7}, {7, 65536},
};
#define EACH_PIECES(i) for (i = 0; i < sizeof PIECES / sizeof *PIECES; i++)

static bytes_t hello(void)
{
    bytes_t bytes = {NULL, 0, 0};

    bytes_add(&bytes, "Hello, world!", 13);
    return bytes;
}

/* ---- known bytes ---- */

static void signatures_of_hello(void)
{
    bytes_t bytes = hello(), sig;

    sig = sign(&bytes, 2048, 8, RS_MD4_SIG_MAGIC);
    CHECK_HEX(sig, "72730136 00000800 00000008 2b56061c 0abe9ee1f376caa1");
    bytes_free(&sig);
    sig = sign(&bytes, 2048, 8, RS_BLAKE2_SIG_MAGIC);
    CHECK_HEX(sig, "72730137 00000800 00000008 2b56061c b5da441cfe72ae04");
    bytes_free(&sig);
    sig = sign(&bytes, 2048, 8, RS_RK_MD4_SIG_MAGIC);
    CHECK_HEX(sig, "72730146 00000800 00000008 f787ba2e 0abe9ee1f376caa1");
    bytes_free(&sig);
    sig = sign(&bytes, 2048, 8, RS_RK_BLAKE2_SIG_MAGIC);
    CHECK_HEX(sig, "72730147 00000800 00000008 f787ba2e b5da441cfe72ae04");
    bytes_free(&sig);
    /* In blocks of 8: "Hello, w" and "orld!". */
    sig = sign(&bytes, 8, 1, RS_MD4_SIG_MAGIC);
    CHECK_INT(sig.len, 12 + 2 * 5);
    bytes_free(&sig);
    bytes_free(&bytes);
}

static void defaults(void)
{
    bytes_t nothing = {NULL, 0, 0}, sig;

    sig = sign(&nothing, 0, 0, (rs_magic_number)0);
    CHECK_HEX(sig, "72730147 00000800 00000020");
    bytes_free(&sig);
    sig = sign(&nothing, 0, (size_t)-1, (rs_magic_number)0);
    CHECK_HEX(sig, "72730147 00000800 0000000c");
    bytes_free(&sig);
    sig = sign(&nothing, 0, 0, RS_MD4_SIG_MAGIC);
    CHECK_HEX(sig, "72730136 00000800 00000010");
    bytes_free(&sig);
}

static void bad_parameters_show_at_the_first_call(void)
{
    bytes_t bytes = hello();

    CHECK_INT(sign_pieces(&bytes, 0, 0, (rs_magic_number)77, WHOLE, WHOLE, NULL), RS_BAD_MAGIC);
    CHECK_INT(sign_pieces(&bytes, 0, 0, RS_DELTA_MAGIC, WHOLE, WHOLE, NULL), RS_BAD_MAGIC);
    CHECK_INT(sign_pieces(&bytes, 0, 33, (rs_magic_number)0, WHOLE, WHOLE, NULL), RS_PARAM_ERROR);
    CHECK_INT(sign_pieces(&bytes, 0, 17, RS_MD4_SIG_MAGIC, WHOLE, WHOLE, NULL), RS_PARAM_ERROR);
    bytes_free(&bytes);
}

static void small_deltas(void)
{
    bytes_t old = noise(1, 20000), new_bytes = {NULL, 0, 0}, sig, delta;
    rs_signature_t *sums;

    sig = sign(&old, 2000, 8, RS_MD4_SIG_MAGIC);
    sums = load(&sig);
    delta = make_delta(sums, &old);
    CHECK_HEX(delta, "72730236 46 00 4e20 00");
    bytes_free(&delta);
    delta = make_delta(sums, &new_bytes);
    CHECK_HEX(delta, "72730236 00");
    bytes_free(&delta);
    bytes_add(&new_bytes, "abc", 3);
    delta = make_delta(sums, &new_bytes);
    CHECK_HEX(delta, "72730236 03 616263 00");
    bytes_free(&delta);
    rs_free_sumset(sums);
    bytes_free(&sig);

    /* The short last block is found at the end of the new file. */
    old.len = 2500;
    new_bytes.len = 0;
    bytes_add(&new_bytes, "XY", 2);
    bytes_add(&new_bytes, old.data + 2000, 500);
    sig = sign(&old, 1000, 8, RS_MD4_SIG_MAGIC);
    sums = load(&sig);
    delta = make_delta(sums, &new_bytes);
    CHECK_HEX(delta, "72730236 02 5859 4a 07d0 01f4 00");
    check_patch(&old, &delta, &new_bytes);
    bytes_free(&delta);
    rs_free_sumset(sums);
    bytes_free(&sig);

    /* Without a signature and with an empty one. */
    new_bytes.len = 0;
    bytes_add(&new_bytes, "no basis", 8);
    delta = make_delta(NULL, &new_bytes);
    CHECK_HEX(delta, "72730236 08 6e6f206261736973 00");
    bytes_free(&delta);
    sig = unhex("72730136 00000800 00000008");
    CHECK_INT(load_pieces(sig.data, sig.len, WHOLE, &sums), RS_DONE);
    delta = make_delta(sums, &new_bytes); /* an empty signature needs no table */
    CHECK_HEX(delta, "72730236 08 6e6f206261736973 00");
    rs_free_sumset(sums);
    bytes_free(&delta);
    bytes_free(&sig);
    bytes_free(&new_bytes);
    bytes_free(&old);
}

/* Every COPY command, with the widths it says; values need not fill them. */
static void copies_of_any_width(void)
{
    static const int widths[] = {1, 2, 4, 8};
    bytes_t basis = hello(), expected = {NULL, 0, 0};
    int pos, len;

    bytes_add(&expected, "world", 5);
    for (pos = 0; pos < 4; pos++) {
        for (len = 0; len < 4; len++) {
            bytes_t delta = unhex("72730236");
            char opcode = (char)(0x45 + 4 * pos + len), zeros[8] = {0}, end = 0;

            bytes_add(&delta, &opcode, 1);
            bytes_add(&delta, zeros, (size_t)widths[pos] - 1);
            bytes_add(&delta, "\x07", 1);
            bytes_add(&delta, zeros, (size_t)widths[len] - 1);
            bytes_add(&delta, "\x05", 1);
            bytes_add(&delta, &end, 1);
            check_patch(&basis, &delta, &expected);
            bytes_free(&delta);
        }
    }
    bytes_free(&basis);
    bytes_free(&expected);
}

static void literals_of_any_width(void)
{
    static const char *const commands[] = {"02", "41 02", "42 0002", "43 00000002",
                                           "44 0000000000000002"};
    bytes_t basis = {NULL, 0, 0}, expected = {NULL, 0, 0};
    size_t i;

    bytes_add(&expected, "hi", 2);
    for (i = 0; i < sizeof commands / sizeof *commands; i++) {
        char digits[64];
        bytes_t delta;

        snprintf(digits, sizeof digits, "72730236 %s 6869 00", commands[i]);
        delta = unhex(digits);
        check_patch(&basis, &delta, &expected);
        bytes_free(&delta);
    }
    bytes_free(&expected);
}

/* ---- any pieces ---- */

static void pieces_change_nothing(void)
{
    bytes_t old = noise(3, 70000), new_bytes = edited(&old), sig, delta;
    rs_signature_t *sums;
    size_t kind, i;

    for (kind = 0; kind < 4; kind++) {
        sig = sign(&old, 700, 12, KINDS[kind]);
        CHECK_INT(sig.len, 12 + 100 * 16);
        sums = load(&sig);
        delta = make_delta(sums, &new_bytes);
        CHECK(delta.len < new_bytes.len / 2);
        EACH_PIECES(i) {
            size_t in = PIECES[i][0], out = PIECES[i][1];
            bytes_t same = {NULL, 0, 0};

            CHECK_INT(sign_pieces(&old, 700, 12, KINDS[kind], in, out, &same), RS_DONE);
            CHECK_BYTES(same, sig);
            same.len = 0;
            CHECK_INT(delta_pieces(sums, &new_bytes, in, out, &same), RS_DONE);
            CHECK_BYTES(same, delta);
            same.len = 0;
            CHECK_INT(patch_pieces(&old, &delta, in, out, &same), RS_DONE);
            CHECK_BYTES(same, new_bytes);
            bytes_free(&same);
        }
        rs_free_sumset(sums);
        EACH_PIECES(i) {
            bytes_t same;

            CHECK_INT(load_pieces(sig.data, sig.len, PIECES[i][0], &sums), RS_DONE);
            CHECK_INT(rs_build_hash_table(sums), RS_DONE);
            same = make_delta(sums, &new_bytes);
            CHECK_BYTES(same, delta);
            bytes_free(&same);
            rs_free_sumset(sums);
        }
        bytes_free(&sig);
        bytes_free(&delta);
    }
    bytes_free(&old);
    bytes_free(&new_bytes);
}

/* Deltas against nothing are cut as the input was: only what they make is sure. */
static void pieces_against_an_empty_signature(void)
{
    bytes_t nothing = {NULL, 0, 0}, new_bytes = noise(4, 70000);
    size_t i;

    EACH_PIECES(i) {
        bytes_t delta = {NULL, 0, 0};

        CHECK_INT(delta_pieces(NULL, &new_bytes, PIECES[i][0], PIECES[i][1], &delta), RS_DONE);
        check_patch(&nothing, &delta, &new_bytes);
        bytes_free(&delta);
    }
    bytes_free(&new_bytes);
}

/* ---- one call at a time ---- */

static char out[1 << 20];

/* Makes a call of everything given; checks nothing. */
static rs_result call(rs_job_t *job, const char *in, size_t len, int eof, rs_buffers_t *buffers)
{
    memset(buffers, 0, sizeof *buffers);
    buffers->next_in = (char *)in;
    buffers->avail_in = len;
    buffers->eof_in = eof;
    buffers->next_out = out;
    buffers->avail_out = sizeof out;
    return rs_job_iter(job, buffers);
}

static void everything_in_one_call(void)
{
    bytes_t old = noise(5, 30000), new_bytes = edited(&old), sig = {NULL, 0, 0}, delta = {NULL, 0, 0};
    rs_signature_t *sums;
    rs_buffers_t buffers;
    rs_job_t *job;

    job = rs_sig_begin(512, 8, RS_MD4_SIG_MAGIC);
    CHECK_INT(call(job, old.data, old.len, 1, &buffers), RS_DONE);
    bytes_add(&sig, out, sizeof out - buffers.avail_out);
    rs_job_free(job);
    job = rs_loadsig_begin(&sums);
    CHECK_INT(call(job, sig.data, sig.len, 1, &buffers), RS_DONE);
    CHECK_INT(buffers.avail_in, 0);
    CHECK_INT(buffers.avail_out, sizeof out);
    rs_job_free(job);
    CHECK_INT(rs_build_hash_table(sums), RS_DONE);
    job = rs_delta_begin(sums);
    CHECK_INT(call(job, new_bytes.data, new_bytes.len, 1, &buffers), RS_DONE);
    bytes_add(&delta, out, sizeof out - buffers.avail_out);
    rs_job_free(job);
    rs_free_sumset(sums);
    job = rs_patch_begin(copy_bytes, &old);
    CHECK_INT(call(job, delta.data, delta.len, 1, &buffers), RS_DONE);
    CHECK_MEM(out, sizeof out - buffers.avail_out, new_bytes.data, new_bytes.len);
    rs_job_free(job);
    bytes_free(&old);
    bytes_free(&new_bytes);
    bytes_free(&sig);
    bytes_free(&delta);
}

static void done_stays_done(void)
{
    bytes_t delta = unhex("72730236 02 6869 00");
    rs_job_t *job = rs_patch_begin(NULL, NULL);
    rs_buffers_t buffers;
    int i;

    CHECK_INT(call(job, delta.data, delta.len, 1, &buffers), RS_DONE);
    CHECK_INT(buffers.avail_out, sizeof out - 2);
    for (i = 0; i < 3; i++) {
        CHECK_INT(call(job, NULL, 0, i != 1, &buffers), RS_DONE);
        CHECK_INT(buffers.avail_out, sizeof out);
    }
    rs_job_free(job);

    job = rs_sig_begin(0, 0, (rs_magic_number)0);
    CHECK_INT(call(job, "x", 1, 1, &buffers), RS_DONE);
    CHECK_INT(buffers.avail_out, sizeof out - 12 - 36);
    CHECK_INT(call(job, NULL, 0, 1, &buffers), RS_DONE);
    CHECK_INT(buffers.avail_out, sizeof out);
    rs_job_free(job);
    bytes_free(&delta);
}

/* Clients that say eof_in only in a call without input would loop for ever otherwise. */
static void a_little_input_is_consumed(void)
{
    bytes_t old = hello(), sig, delta = unhex("72730236 02 6869 00");
    rs_signature_t *sums, *other;
    rs_buffers_t buffers;
    rs_job_t *jobs[4];
    const char *in[4];
    size_t i, k;

    sig = sign(&old, 4, 8, RS_MD4_SIG_MAGIC);
    sums = load(&sig);
    jobs[0] = rs_sig_begin(4, 8, RS_MD4_SIG_MAGIC);
    in[0] = old.data;
    jobs[1] = rs_loadsig_begin(&other);
    in[1] = sig.data;
    jobs[2] = rs_delta_begin(sums);
    in[2] = old.data;
    jobs[3] = rs_patch_begin(NULL, NULL);
    in[3] = delta.data;
    for (i = 0; i < 4; i++) {
        for (k = 0; k < 6; k++) {
            CHECK_INT(call(jobs[i], in[i] + k, 1, 0, &buffers), RS_BLOCKED);
            CHECK_INT(buffers.avail_in, 0);
        }
        rs_job_free(jobs[i]); /* any time */
    }
    rs_free_sumset(sums);
    rs_free_sumset(other);
    bytes_free(&old);
    bytes_free(&sig);
    bytes_free(&delta);
}

static void a_remainder_presented_again_is_consumed(void)
{
    bytes_t new_bytes = noise(6, 3000), sig;
    rs_signature_t *sums;
    rs_buffers_t buffers;
    rs_job_t *job;
    int i;

    sig = sign(&new_bytes, 1000, 8, RS_MD4_SIG_MAGIC);
    sums = load(&sig);
    job = rs_delta_begin(sums);
    CHECK_INT(call(job, new_bytes.data, 2999, 0, &buffers), RS_BLOCKED);
    for (i = 0; i < 2 && buffers.avail_in > 0; i++)
        CHECK_INT(call(job, buffers.next_in, buffers.avail_in, 0, &buffers), RS_BLOCKED);
    CHECK_INT(buffers.avail_in, 0);
    rs_job_free(job);
    rs_free_sumset(sums);
    bytes_free(&sig);
    bytes_free(&new_bytes);
}

static void null_pointers_with_no_length(void)
{
    rs_job_t *job = rs_sig_begin(0, 0, (rs_magic_number)0);
    rs_buffers_t buffers;

    memset(&buffers, 0, sizeof buffers);
    CHECK_INT(rs_job_iter(job, &buffers), RS_BLOCKED);
    buffers.next_in = (char *)"x";
    buffers.avail_in = 1;
    rs_job_iter(job, &buffers);
    buffers.eof_in = 1;
    CHECK_INT(rs_job_iter(job, &buffers), RS_BLOCKED);
    CHECK(!buffers.next_out);
    buffers.next_out = out;
    buffers.avail_out = 100;
    CHECK_INT(rs_job_iter(job, &buffers), RS_DONE);
    CHECK_INT(buffers.avail_out, 100 - 12 - 36);
    rs_job_free(job);
}

/* Whatever they are: "sdtr" starts a trailer of sigdelta's, which is of no concern to jobs. */
static void bytes_after_the_end_of_a_delta_stay(void)
{
    static const char *const tails[] = {"deadbeef", "00", "72730236 00", "73647472 deadbeef"};
    bytes_t basis = hello();
    size_t i;

    for (i = 0; i < sizeof tails / sizeof *tails; i++) {
        bytes_t delta = unhex("72730236 02 6869 00"), tail = unhex(tails[i]);
        bytes_t result = {NULL, 0, 0};
        rs_job_t *job = rs_patch_begin(NULL, NULL);
        rs_buffers_t buffers;

        bytes_add(&delta, tail.data, tail.len);
        CHECK_INT(call(job, delta.data, delta.len, i & 1, &buffers), RS_DONE);
        CHECK_INT(buffers.avail_in, tail.len);
        CHECK(buffers.next_in == delta.data + 8);
        CHECK_MEM(out, sizeof out - buffers.avail_out, "hi", 2);
        rs_job_free(job);
        CHECK_INT(patch_pieces(&basis, &delta, 1, 1, &result), RS_DONE);
        CHECK_MEM(result.data, result.len, "hi", 2);
        bytes_free(&result);
        bytes_free(&delta);
        bytes_free(&tail);
    }
    bytes_free(&basis);
}

/* ---- ends of input ---- */

static void end_of_a_basis(void)
{
    bytes_t basis = noise(7, 1000), sig, whole;

    whole = sign(&basis, 400, 8, RS_MD4_SIG_MAGIC);
    CHECK_INT(whole.len, 12 + 3 * 12);
    basis.len = 800;
    sig = sign(&basis, 400, 8, RS_MD4_SIG_MAGIC);
    CHECK_MEM(sig.data, sig.len, whole.data, 12 + 2 * 12);
    bytes_free(&sig);
    basis.len = 0;
    sig = sign(&basis, 400, 8, RS_MD4_SIG_MAGIC);
    CHECK_MEM(sig.data, sig.len, whole.data, 12);
    bytes_free(&sig);
    bytes_free(&whole);
    bytes_free(&basis);
}

static void end_of_a_signature(void)
{
    bytes_t basis = noise(8, 1000), sig;
    size_t len;

    sig = sign(&basis, 400, 8, RS_MD4_SIG_MAGIC);
    for (len = 0; len <= sig.len; len++) {
        rs_signature_t *sums;
        /* Between blocks, and 1 to 3 bytes later, it is complete. */
        int complete = len >= 12 && (len - 12) % 12 < 4;

        CHECK_INT(load_pieces(sig.data, len, WHOLE, &sums), complete ? RS_DONE : RS_INPUT_ENDED);
        if (complete) {
            bytes_t delta;

            CHECK_INT(rs_build_hash_table(sums), RS_DONE);
            delta = make_delta(sums, &basis);
            check_patch(&basis, &delta, &basis);
            bytes_free(&delta);
        }
        rs_free_sumset(sums);
    }
    bytes_free(&sig);
    bytes_free(&basis);
}

static void end_of_a_delta(void)
{
    bytes_t basis = hello(), delta = unhex("72730236 02 6869 45 00 05 00");
    size_t in;

    for (in = 1; in <= 16; in += 15) {
        size_t whole = delta.len, len;

        for (len = 0; len < whole; len++) {
            bytes_t result = {NULL, 0, 0};

            delta.len = len;
            CHECK_INT(patch_pieces(&basis, &delta, in, WHOLE, &result), RS_INPUT_ENDED);
            /* What came before the end is there. */
            CHECK_MEM(result.data, result.len, "hiHello",
                      len < 5 ? 0 : len < 7 ? len - 5 : len < 10 ? 2 : 7);
            bytes_free(&result);
        }
        delta.len = whole;
    }
    bytes_free(&delta);
    bytes_free(&basis);
}

/* ---- how clients do it ---- */

/* duplicity loads the signature in one call with all of it, and frees it before the delta job. */
static void as_duplicity_does(void)
{
    bytes_t old = noise(9, 150000), new_bytes = edited(&old), sig, delta = {NULL, 0, 0};
    rs_signature_t *sums = NULL;
    rs_buffers_t buffers;
    rs_job_t *job;
    static char room[65536];
    size_t held = 0, done = 0;
    rs_result result;

    sig = sign(&old, 512, 8, RS_MD4_SIG_MAGIC);
    job = rs_loadsig_begin(&sums);
    memset(&buffers, 0, sizeof buffers);
    buffers.next_in = sig.data;
    buffers.avail_in = sig.len;
    buffers.eof_in = 1;
    buffers.next_out = room;
    buffers.avail_out = sizeof room;
    CHECK_INT(rs_job_iter(job, &buffers), RS_DONE);
    rs_job_free(job);
    CHECK_INT(rs_build_hash_table(sums), RS_DONE);

    /* Holds 64 KiB of input or more, drops what was consumed. */
    job = rs_delta_begin(sums);
    do {
        if (held < 65536)
            held = new_bytes.len - done < 65536 + held ? new_bytes.len - done : held + 65536;
        memset(&buffers, 0, sizeof buffers);
        buffers.next_in = new_bytes.data + done;
        buffers.avail_in = held;
        buffers.eof_in = held == 0;
        buffers.next_out = room;
        buffers.avail_out = sizeof room;
        result = rs_job_iter(job, &buffers);
        CHECK(result == RS_DONE || result == RS_BLOCKED);
        done += held - buffers.avail_in;
        held = buffers.avail_in;
        bytes_add(&delta, room, sizeof room - buffers.avail_out);
    } while (result == RS_BLOCKED);
    rs_free_sumset(sums);
    CHECK_INT(rs_job_free(job), RS_DONE);
    CHECK_INT(done, new_bytes.len);
    check_patch(&old, &delta, &new_bytes);
    bytes_free(&old);
    bytes_free(&new_bytes);
    bytes_free(&sig);
    bytes_free(&delta);
}

/* csync2 sends these twelve bytes for a missing file. */
static void the_signature_of_a_missing_file(void)
{
    bytes_t sig = unhex("72730136 00000800 00000008"), new_bytes = hello(), nothing = {NULL, 0, 0};
    rs_signature_t *sums = load(&sig);
    bytes_t delta = make_delta(sums, &new_bytes);

    check_patch(&nothing, &delta, &new_bytes);
    rs_free_sumset(sums);
    bytes_free(&delta);
    bytes_free(&sig);
    bytes_free(&new_bytes);
}

static void signatures_exist_at_once(void)
{
    rs_signature_t *sums = NULL;
    rs_job_t *job = rs_loadsig_begin(&sums);

    CHECK(sums != NULL);
    CHECK_INT(rs_job_free(job), RS_DONE);
    rs_free_sumset(sums); /* never loaded */

    /* Load failed. */
    CHECK_INT(load_pieces("rs\001\066\0\0\0\0\0\0\0\0", 12, WHOLE, &sums), RS_CORRUPT);
    CHECK(sums != NULL);
    rs_free_sumset(sums);

    /* In either order. */
    job = rs_loadsig_begin(&sums);
    rs_free_sumset(sums);
    CHECK_INT(rs_job_free(job), RS_DONE);
}

static void jobs_that_never_ran(void)
{
    bytes_t old = noise(10, 1000), sig = sign(&old, 100, 8, RS_MD4_SIG_MAGIC);
    rs_signature_t *sums = load(&sig);

    CHECK_INT(rs_job_free(rs_sig_begin(0, 0, (rs_magic_number)0)), RS_DONE);
    CHECK_INT(rs_job_free(rs_delta_begin(sums)), RS_DONE);
    CHECK_INT(rs_job_free(rs_delta_begin(NULL)), RS_DONE);
    CHECK_INT(rs_job_free(rs_patch_begin(NULL, NULL)), RS_DONE);
    rs_free_sumset(sums);
    bytes_free(&old);
    bytes_free(&sig);
}

/* One signature serves many deltas, also at the same time. */
static void a_signature_is_shared(void)
{
    bytes_t old = noise(11, 50000), first = edited(&old), second = edited(&first);
    bytes_t sig = sign(&old, 256, 8, RS_RK_BLAKE2_SIG_MAGIC), deltas[2];
    rs_signature_t *sums = load(&sig);
    rs_job_t *jobs[2];
    const bytes_t *news[2];
    size_t done = 0, i;
    rs_buffers_t buffers;

    news[0] = &first;
    news[1] = &second;
    memset(deltas, 0, sizeof deltas);
    jobs[0] = rs_delta_begin(sums);
    jobs[1] = rs_delta_begin(sums);
    while (done < first.len || done < second.len) {
        for (i = 0; i < 2; i++) {
            size_t len = news[i]->len < done ? 0 : news[i]->len - done;

            len = len < 1000 ? len : 1000;
            CHECK_INT(call(jobs[i], news[i]->data + done, len, 0, &buffers), RS_BLOCKED);
            REQUIRE(buffers.avail_in == 0);
            bytes_add(&deltas[i], out, sizeof out - buffers.avail_out);
        }
        done += 1000;
    }
    for (i = 0; i < 2; i++) {
        bytes_t alone;

        CHECK_INT(call(jobs[i], NULL, 0, 1, &buffers), RS_DONE);
        bytes_add(&deltas[i], out, sizeof out - buffers.avail_out);
        rs_job_free(jobs[i]);
        alone = make_delta(sums, news[i]);
        CHECK_BYTES(deltas[i], alone);
        bytes_free(&alone);
        bytes_free(&deltas[i]);
    }
    rs_free_sumset(sums);
    bytes_free(&old);
    bytes_free(&first);
    bytes_free(&second);
    bytes_free(&sig);
}

int main(void)
{
    no_messages();
    RUN(signatures_of_hello);
    RUN(defaults);
    RUN(bad_parameters_show_at_the_first_call);
    RUN(small_deltas);
    RUN(copies_of_any_width);
    RUN(literals_of_any_width);
    RUN(pieces_change_nothing);
    RUN(pieces_against_an_empty_signature);
    RUN(everything_in_one_call);
    RUN(done_stays_done);
    RUN(a_little_input_is_consumed);
    RUN(a_remainder_presented_again_is_consumed);
    RUN(null_pointers_with_no_length);
    RUN(bytes_after_the_end_of_a_delta_stay);
    RUN(end_of_a_basis);
    RUN(end_of_a_signature);
    RUN(end_of_a_delta);
    RUN(as_duplicity_does);
    RUN(the_signature_of_a_missing_file);
    RUN(signatures_exist_at_once);
    RUN(jobs_that_never_ran);
    RUN(a_signature_is_shared);
    return check_end();
}
