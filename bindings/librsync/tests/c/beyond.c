/* What crashes, hangs or corrupts in C librsync: null pointers, short buffers, odd callbacks. */
#include "support.h"

static char out[1 << 16];

static rs_result call(rs_job_t *job, const void *in, size_t len, int eof, rs_buffers_t *buffers)
{
    memset(buffers, 0, sizeof *buffers);
    buffers->next_in = (char *)in;
    buffers->avail_in = len;
    buffers->eof_in = eof;
    buffers->next_out = out;
    buffers->avail_out = sizeof out;
    return rs_job_iter(job, buffers);
}

static rs_result finish_input(rs_job_t *job, rs_buffers_t *buffers, void *opaque)
{
    (void)job;
    (void)opaque;
    buffers->eof_in = 1;
    return RS_DONE;
}

/* ---- null pointers ---- */

static void null_jobs(void)
{
    rs_buffers_t buffers;
    rs_job_t *job;

    memset(&buffers, 0, sizeof buffers);
    CHECK_INT(rs_job_iter(NULL, &buffers), RS_PARAM_ERROR);
    CHECK_INT(rs_job_iter(NULL, NULL), RS_PARAM_ERROR);
    CHECK_INT(rs_job_drive(NULL, &buffers, finish_input, NULL, NULL, NULL), RS_PARAM_ERROR);
    CHECK(rs_job_statistics(NULL) == NULL);
    rs_job_free(NULL);

    job = rs_sig_begin(0, 0, (rs_magic_number)0);
    CHECK_INT(rs_job_iter(job, NULL), RS_PARAM_ERROR);
    CHECK_INT(rs_job_drive(job, NULL, finish_input, NULL, NULL, NULL), RS_PARAM_ERROR);
    rs_job_free(job);
}

static void null_signatures(void)
{
    FILE *file = tmpfile(), *to = tmpfile();
    bytes_t new_bytes = {(char *)"new", 3, 0}, delta;
    rs_stats_t stats;

    rs_free_sumset(NULL);
    CHECK_INT(rs_build_hash_table(NULL), RS_PARAM_ERROR);
    rs_sumset_dump(NULL);
    rs_signature_log_stats(NULL);
    CHECK(rs_loadsig_begin(NULL) == NULL);
    CHECK_INT(rs_loadsig_file(file, NULL, NULL), RS_PARAM_ERROR);
    /* No signature is an empty one, for jobs. */
    delta = make_delta(NULL, &new_bytes);
    CHECK_HEX(delta, "72730236 03 6e6577 00");
    bytes_free(&delta);
    memset(&stats, 0, sizeof stats);
    fputs("new", file);
    rewind(file);
    CHECK_INT(rs_delta_file(NULL, file, to, &stats), RS_PARAM_ERROR);
    CHECK_INT(ftell(to), 0);
    fclose(file);
    fclose(to);
}

static void null_files(void)
{
    FILE *file = tmpfile();
    rs_signature_t *sums = NULL;
    bytes_t sig = unhex("72730136 00000800 00000008");
    char space[4];
    void *buf = space;
    size_t len = 4;

    CHECK_INT(rs_sig_file(NULL, file, 0, 0, RS_MD4_SIG_MAGIC, NULL), RS_PARAM_ERROR);
    CHECK_INT(rs_sig_file(file, NULL, 0, 0, RS_MD4_SIG_MAGIC, NULL), RS_PARAM_ERROR);
    CHECK_INT(rs_loadsig_file(NULL, &sums, NULL), RS_PARAM_ERROR);
    rs_free_sumset(sums);
    sums = load(&sig);
    CHECK_INT(rs_delta_file(sums, NULL, file, NULL), RS_PARAM_ERROR);
    CHECK_INT(rs_delta_file(sums, file, NULL, NULL), RS_PARAM_ERROR);
    rs_free_sumset(sums);
    CHECK_INT(rs_patch_file(NULL, file, file, NULL), RS_PARAM_ERROR);
    CHECK_INT(rs_patch_file(file, NULL, file, NULL), RS_PARAM_ERROR);
    CHECK_INT(rs_patch_file(file, file, NULL, NULL), RS_PARAM_ERROR);
    CHECK_INT(rs_file_size(NULL), -1);
    rs_file_close(NULL);
    CHECK_INT(rs_file_copy_cb(NULL, 0, &len, &buf), RS_PARAM_ERROR);
    CHECK_INT(rs_file_copy_cb(file, 0, NULL, &buf), RS_PARAM_ERROR);
    CHECK_INT(rs_file_copy_cb(file, 0, &len, NULL), RS_PARAM_ERROR);
    buf = NULL;
    CHECK_INT(rs_file_copy_cb(file, 0, &len, &buf), RS_PARAM_ERROR);
    fclose(file);
    bytes_free(&sig);
}

static void null_arguments(void)
{
    rs_magic_number magic = (rs_magic_number)0;
    size_t block_len = 0, strong_len = 0;
    rs_stats_t stats;
    unsigned char sum[16];
    char text[8] = "text";

    CHECK_INT(rs_sig_args(0, NULL, &block_len, &strong_len), RS_PARAM_ERROR);
    CHECK_INT(rs_sig_args(0, &magic, NULL, &strong_len), RS_PARAM_ERROR);
    CHECK_INT(rs_sig_args(0, &magic, &block_len, NULL), RS_PARAM_ERROR);
    memset(&stats, 0, sizeof stats);
    CHECK(rs_format_stats(&stats, NULL, 100) == NULL);
    rs_format_stats(NULL, text, sizeof text);
    CHECK_STR(text, "");
    rs_log_stats(NULL);
    rs_trace_stderr(RS_LOG_ERR, NULL);
    rs_hexify(NULL, "x", 1);
    rs_hexify(text, NULL, 1);
    rs_base64(NULL, 1, text);
    rs_base64((const unsigned char *)"x", 1, NULL);
    CHECK_INT(rs_unbase64(NULL), 0);
    rs_mdfour(NULL, "x", 1);
    rs_mdfour(sum, NULL, 0);
    rs_mdfour(sum, NULL, 1);
    rs_mdfour_begin(NULL);
    rs_mdfour_update(NULL, "x", 1);
    rs_mdfour_result(NULL, sum);
}

/* Lengths without memory behind them. */
static void null_buffers(void)
{
    rs_job_t *job = rs_sig_begin(0, 0, (rs_magic_number)0);
    rs_buffers_t buffers;

    memset(&buffers, 0, sizeof buffers);
    buffers.avail_in = 5;
    CHECK_INT(rs_job_iter(job, &buffers), RS_PARAM_ERROR);
    rs_job_free(job);

    job = rs_sig_begin(0, 0, (rs_magic_number)0);
    memset(&buffers, 0, sizeof buffers);
    buffers.avail_out = 5;
    CHECK_INT(rs_job_iter(job, &buffers), RS_PARAM_ERROR);
    rs_job_free(job);
}

static void no_copy_callback(void)
{
    bytes_t delta = unhex("72730236 02 6869 45 00 05 00");
    rs_job_t *job = rs_patch_begin(NULL, NULL);
    rs_buffers_t buffers;

    CHECK(call(job, delta.data, delta.len, 1, &buffers) >= RS_IO_ERROR);
    rs_job_free(job);
    bytes_free(&delta);
}

/* ---- statistics ---- */

static void statistics_of_any_size(void)
{
    rs_stats_t stats;
    char whole[500];
    size_t size, i;

    memset(&stats, 0, sizeof stats);
    stats.op = "delta";
    stats.lit_cmds = stats.false_matches = 0x7fffffff;
    stats.lit_bytes = stats.lit_cmdbytes = stats.copy_cmds = stats.copy_bytes = (rs_long_t)1 << 62;
    stats.copy_cmdbytes = stats.sig_cmds = stats.sig_bytes = stats.sig_blocks = (rs_long_t)1 << 62;
    stats.in_bytes = stats.out_bytes = (rs_long_t)1 << 62;
    rs_format_stats(&stats, whole, sizeof whole);
    CHECK(strlen(whole) > 300);
    for (size = 0; size <= strlen(whole) + 1; size++) {
        char *text = (char *)malloc(size ? size : 1); /* exact, for valgrind and ASan */
        char guarded[520];

        REQUIRE(text);
        CHECK(rs_format_stats(&stats, text, size) == text);
        if (size > 0) {
            CHECK_INT(text[size - 1], 0);
            CHECK(strncmp(text, whole, size - 1) == 0);
        }
        free(text);
        memset(guarded, '#', sizeof guarded);
        rs_format_stats(&stats, guarded, size);
        for (i = size; i < sizeof guarded; i++)
            CHECK(guarded[i] == '#');
    }
}

/* A name that fits no buffer. */
static void statistics_of_a_long_operation(void)
{
    static char op[20000], text[100];
    rs_stats_t stats;

    memset(op, 'x', sizeof op - 1);
    memset(&stats, 0, sizeof stats);
    stats.op = op;
    keep_messages();
    CHECK_INT(rs_log_stats(&stats), 0);
    CHECK(strncmp(messages, "librsync: xxx", 13) == 0);
    CHECK_INT(messages[strlen(messages) - 1], '\n');
    no_messages();
    rs_format_stats(&stats, text, sizeof text);
    CHECK_INT(strlen(text), sizeof text - 1);
}

static void statistics_without_an_operation(void)
{
    rs_signature_t *sums = NULL;
    rs_job_t *job = rs_loadsig_begin(&sums);

    /* Never loaded, no table. */
    keep_messages();
    rs_signature_log_stats(sums);
    rs_sumset_dump(sums);
    no_messages();
    rs_job_free(job);
    rs_free_sumset(sums);
}

/* ---- copy callbacks ---- */

static const char BASIS[] = "Hello, world!";
static int blocks_left, copies;

static rs_result nothing_there(void *opaque, rs_long_t pos, size_t *len, void **buf)
{
    (void)opaque;
    (void)pos;
    (void)buf;
    *len = 0;
    return RS_DONE;
}

static rs_result often_blocked(void *opaque, rs_long_t pos, size_t *len, void **buf)
{
    (void)opaque;
    copies++;
    if (blocks_left-- > 0)
        return RS_BLOCKED;
    memcpy(*buf, BASIS + pos, *len);
    return RS_DONE;
}

static rs_result too_generous(void *opaque, rs_long_t pos, size_t *len, void **buf)
{
    (void)opaque;
    (void)len;
    *buf = (void *)(BASIS + pos);
    *len = sizeof BASIS - (size_t)pos;
    return RS_DONE;
}

static rs_result claims_too_much(void *opaque, rs_long_t pos, size_t *len, void **buf)
{
    (void)opaque;
    memcpy(*buf, BASIS + pos, *len);
    *len = (size_t)-1;
    return RS_DONE;
}

static void a_basis_that_ends(void)
{
    bytes_t delta = unhex("72730236 02 6869 45 00 05 00"), result = {NULL, 0, 0};
    rs_job_t *job = rs_patch_begin(nothing_there, NULL);

    CHECK_INT(run_job(job, delta.data, delta.len, WHOLE, WHOLE, &result), RS_INPUT_ENDED);
    CHECK_MEM(result.data, result.len, "hi", 2);
    rs_job_free(job);
    bytes_free(&delta);
    bytes_free(&result);
}

static void a_basis_that_blocks_for_long(void)
{
    bytes_t delta = unhex("72730236 02 6869 45 00 05 45 07 05 00");
    rs_job_t *job = rs_patch_begin(often_blocked, NULL);
    rs_buffers_t buffers;
    int i;

    blocks_left = 50;
    copies = 0;
    CHECK_INT(call(job, delta.data, delta.len, 1, &buffers), RS_BLOCKED);
    for (i = 1; i < 50; i++)
        CHECK_INT(rs_job_iter(job, &buffers), RS_BLOCKED);
    CHECK_INT(sizeof out - buffers.avail_out, 2);
    CHECK_INT(rs_job_iter(job, &buffers), RS_DONE);
    CHECK_MEM(out, sizeof out - buffers.avail_out, "hiHelloworld", 12);
    CHECK_INT(copies, 50 + 2);
    rs_job_free(job);
    bytes_free(&delta);
}

static void more_than_was_asked_for(void)
{
    bytes_t delta = unhex("72730236 45 00 05 45 07 05 00");
    size_t piece;

    for (piece = 1; piece < 8; piece += 2) {
        rs_job_t *job = rs_patch_begin(too_generous, NULL);
        bytes_t result = {NULL, 0, 0};

        CHECK_INT(run_job(job, delta.data, delta.len, WHOLE, piece, &result), RS_DONE);
        CHECK_MEM(result.data, result.len, "Helloworld", 10);
        rs_job_free(job);
        result.len = 0;
        job = rs_patch_begin(claims_too_much, NULL);
        CHECK_INT(run_job(job, delta.data, delta.len, WHOLE, piece, &result), RS_DONE);
        CHECK_MEM(result.data, result.len, "Helloworld", 10);
        rs_job_free(job);
        bytes_free(&result);
    }
    bytes_free(&delta);
}

static rs_result points_nowhere(void *opaque, rs_long_t pos, size_t *len, void **buf)
{
    (void)opaque;
    (void)pos;
    (void)len;
    *buf = NULL;
    return RS_DONE;
}

static void a_basis_without_memory(void)
{
    bytes_t delta = unhex("72730236 45 00 05 00");
    rs_job_t *job = rs_patch_begin(points_nowhere, NULL);
    rs_buffers_t buffers;

    CHECK(call(job, delta.data, delta.len, 1, &buffers) >= RS_IO_ERROR);
    rs_job_free(job);
    bytes_free(&delta);
}

/* ---- drives ---- */

static void drives_without_callbacks_end(void)
{
    rs_job_t *job = rs_sig_begin(0, 0, (rs_magic_number)0);
    rs_buffers_t buffers;

    /* Input that never comes, output that nobody takes. */
    CHECK(rs_job_drive(job, &buffers, NULL, NULL, NULL, NULL) != RS_DONE);
    rs_job_free(job);
    job = rs_sig_begin(0, 0, (rs_magic_number)0);
    CHECK(rs_job_drive(job, &buffers, finish_input, NULL, NULL, NULL) != RS_DONE);
    rs_job_free(job);
}

/* ---- signatures ---- */

static void tables_need_not_be_built(void)
{
    bytes_t old = noise(1, 50000), new_bytes = edited(&old), sig, expected, delta = {NULL, 0, 0};
    rs_signature_t *sums;
    FILE *new_file = tmpfile(), *delta_file = tmpfile();

    sig = sign(&old, 500, 8, RS_MD4_SIG_MAGIC);
    sums = load(&sig);
    CHECK_INT(rs_build_hash_table(sums), RS_DONE); /* twice is fine */
    expected = make_delta(sums, &new_bytes);
    rs_free_sumset(sums);

    CHECK_INT(load_pieces(sig.data, sig.len, WHOLE, &sums), RS_DONE);
    CHECK_INT(delta_pieces(sums, &new_bytes, WHOLE, WHOLE, &delta), RS_DONE);
    CHECK_BYTES(delta, expected);
    keep_messages();
    rs_signature_log_stats(sums);
    CHECK(strstr(messages, "match statistics: signature["));
    no_messages();
    rs_free_sumset(sums);

    CHECK_INT(load_pieces(sig.data, sig.len, WHOLE, &sums), RS_DONE);
    fwrite(new_bytes.data, 1, new_bytes.len, new_file);
    rewind(new_file);
    CHECK_INT(rs_delta_file(sums, new_file, delta_file, NULL), RS_DONE);
    CHECK_INT(ftell(delta_file), expected.len);
    rs_free_sumset(sums);

    /* Never loaded: empty. */
    rs_job_free(rs_loadsig_begin(&sums));
    CHECK_INT(rs_build_hash_table(sums), RS_DONE);
    delta.len = 0;
    new_bytes.len = 3;
    CHECK_INT(delta_pieces(sums, &new_bytes, WHOLE, WHOLE, &delta), RS_DONE);
    CHECK_INT(delta.len, 4 + 4 + 1);
    rs_free_sumset(sums);

    fclose(new_file);
    fclose(delta_file);
    bytes_free(&old);
    bytes_free(&new_bytes);
    bytes_free(&sig);
    bytes_free(&expected);
    bytes_free(&delta);
}

/* What there is of a signature is good for a delta, and ends its loading. */
static void a_signature_that_is_half_loaded(void)
{
    bytes_t old = noise(4, 1000), sig = sign(&old, 100, 8, RS_MD4_SIG_MAGIC), delta = {NULL, 0, 0};
    rs_signature_t *sums = NULL;
    rs_job_t *job = rs_loadsig_begin(&sums);
    rs_buffers_t buffers;
    rs_result result;

    CHECK_INT(call(job, sig.data, 12 + 5 * 12 + 7, 0, &buffers), RS_BLOCKED);
    CHECK_INT(delta_pieces(sums, &old, WHOLE, WHOLE, &delta), RS_DONE);
    CHECK_INT(delta.len, 4 + 4 + 3 + 500 + 1);
    check_patch(&old, &delta, &old);
    result = call(job, sig.data + 79, sig.len - 79, 1, &buffers);
    CHECK(result == RS_DONE || result >= RS_IO_ERROR);
    rs_job_free(job);
    rs_free_sumset(sums);
    bytes_free(&old);
    bytes_free(&sig);
    bytes_free(&delta);
}

static void equal_weak_sums(void)
{
    bytes_t sig = unhex("72730136 00000010 00000004"), old = noise(2, 16), own, delta;
    rs_signature_t *sums;
    unsigned i;

    own = sign(&old, 16, 4, RS_MD4_SIG_MAGIC);
    for (i = 0; i < 20000; i++) {
        char strong[4] = {(char)(i >> 8), (char)i, 0, 1};

        bytes_add(&sig, own.data + 12, 4); /* the weak sum of what is looked for */
        bytes_add(&sig, strong, 4);
    }
    bytes_add(&sig, own.data + 12, 8);
    sums = load(&sig);
    delta = make_delta(sums, &old);
    CHECK_HEX(delta, "72730236 4d 0004e200 10 00"); /* block 20,000 */
    rs_free_sumset(sums);
    bytes_free(&sig);
    bytes_free(&old);
    bytes_free(&own);
    bytes_free(&delta);
}

static void huge_blocks(void)
{
    static const char *const lengths[] = {"1fff0000", "20000000", "40000000", "7fffffff"};
    bytes_t hello = {(char *)"Hello, world!", 13, 0};
    size_t i;

    for (i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        size_t block_len = (size_t)strtoul(lengths[i], NULL, 16);
        bytes_t sig = {NULL, 0, 0}, expected = unhex("72730136"), number = unhex(lengths[i]), delta;
        FILE *file = tmpfile(), *to = tmpfile();
        rs_signature_t *sums = NULL;

        REQUIRE(file && to);
        bytes_add(&expected, number.data, 4);
        bytes_free(&number);
        number = unhex("00000008 2b56061c 0abe9ee1f376caa1");
        bytes_add(&expected, number.data, number.len);
        bytes_free(&number);

        CHECK_INT(sign_pieces(&hello, block_len, 8, RS_MD4_SIG_MAGIC, 5, 5, &sig), RS_DONE);
        CHECK_BYTES(sig, expected);
        fwrite(hello.data, 1, hello.len, file);
        rewind(file);
        CHECK_INT(rs_sig_file(file, to, block_len, 8, RS_MD4_SIG_MAGIC, NULL), RS_DONE);
        CHECK_INT(ftell(to), sig.len);
        rewind(to);
        CHECK_INT(rs_loadsig_file(to, &sums, NULL), RS_DONE);
        CHECK_INT(rs_build_hash_table(sums), RS_DONE);
        delta = make_delta(sums, &hello);
        CHECK_HEX(delta, "72730236 45 00 0d 00");
        fclose(to);
        to = tmpfile();
        rewind(file);
        CHECK_INT(rs_delta_file(sums, file, to, NULL), RS_DONE);
        CHECK_INT(ftell(to), delta.len);
        rs_free_sumset(sums);
        fclose(file);
        fclose(to);
        bytes_free(&sig);
        bytes_free(&expected);
        bytes_free(&delta);
    }
}

/* Block lengths that no signature can hold, and whatever was in a register: some clients call
 * rs_sig_begin with the two arguments it had before 1.0. */
static void garbage_parameters(void)
{
    static const size_t numbers[] = {
        0, 1, (size_t)-1, (size_t)-2, (size_t)1 << 31, ((size_t)1 << 32) - 1, (size_t)1 << 32,
        ((size_t)1 << 32) + 2048, (size_t)1 << 63, (size_t)0xdeadbeefcafebabe,
    };
    static const unsigned magics[] = {0, 0x72730136, 0x49a5b480, 0xffffffff, 0x80000000, 1};
    bytes_t hello = {(char *)"Hello, world!", 13, 0};
    size_t block, strong, magic;

    for (block = 0; block < sizeof numbers / sizeof *numbers; block++) {
        for (strong = 0; strong < sizeof numbers / sizeof *numbers; strong++) {
            for (magic = 0; magic < sizeof magics / sizeof *magics; magic++) {
                rs_magic_number number = (rs_magic_number)magics[magic];
                size_t block_len = numbers[block], strong_len = numbers[strong];
                bytes_t sig = {NULL, 0, 0};
                FILE *file, *to;
                rs_result result = sign_pieces(&hello, block_len, strong_len, number, WHOLE, WHOLE,
                                               &sig);

                if (magic > 1)
                    CHECK_INT(result, RS_BAD_MAGIC);
                else if (strong > 3 && (unsigned)numbers[strong] != (unsigned)-1)
                    CHECK_INT(result, RS_PARAM_ERROR);
                else
                    CHECK(result == RS_DONE || result == RS_PARAM_ERROR);
                /* A signature that was made is one that can be used. */
                if (result == RS_DONE) {
                    rs_signature_t *sums = load(&sig);
                    bytes_t delta = make_delta(sums, &hello);

                    check_patch(&hello, &delta, &hello);
                    bytes_free(&delta);
                    rs_free_sumset(sums);
                }
                bytes_free(&sig);
                rs_sig_args(10, &number, &block_len, &strong_len);

                if (strong < 4 && magic < 2) {
                    file = tmpfile();
                    to = tmpfile();
                    REQUIRE(file && to);
                    rs_sig_file(file, to, numbers[block], numbers[strong],
                                (rs_magic_number)magics[magic], NULL);
                    fclose(file);
                    fclose(to);
                }
            }
        }
    }
}

static void absurd_buffer_sizes(void)
{
    static const int sizes[] = {-1, -1000, (int)0x80000000, 0x7fffffff};
    bytes_t old = noise(3, 5000), sig = sign(&old, 500, 8, RS_MD4_SIG_MAGIC);
    size_t i;

    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        FILE *file = tmpfile(), *to = tmpfile();
        rs_result result;

        REQUIRE(file && to);
        fwrite(old.data, 1, old.len, file);
        rewind(file);
        rs_inbuflen = rs_outbuflen = sizes[i];
        result = rs_sig_file(file, to, 500, 8, RS_MD4_SIG_MAGIC, NULL);
        rs_inbuflen = rs_outbuflen = 0;
        CHECK(result == RS_DONE || result == RS_PARAM_ERROR || result == RS_MEM_ERROR);
        if (result == RS_DONE)
            CHECK_INT(ftell(to), sig.len);
        fclose(file);
        fclose(to);
    }
    bytes_free(&old);
    bytes_free(&sig);
}

/* ---- results ---- */

static void done_stays_done_whatever_is_offered(void)
{
    bytes_t delta = unhex("72730236 02 6869 00 ffff");
    rs_job_t *job = rs_patch_begin(NULL, NULL);
    rs_buffers_t buffers;
    int i;

    CHECK_INT(call(job, delta.data, delta.len, 0, &buffers), RS_DONE);
    for (i = 0; i < 3; i++) {
        CHECK_INT(call(job, delta.data, delta.len, 0, &buffers), RS_DONE);
        CHECK_INT(buffers.avail_in, delta.len);
        CHECK_INT(buffers.avail_out, sizeof out);
    }
    rs_job_free(job);
    bytes_free(&delta);
}

/* What failed keeps failing, even if good input follows. */
static void failures_stay(rs_job_t *job, const char *digits, rs_result expected, const char *good)
{
    bytes_t bad = unhex(digits), more = unhex(good);
    rs_buffers_t buffers;
    int i;

    CHECK_INT(call(job, bad.data, bad.len, 1, &buffers), expected);
    for (i = 0; i < 3; i++) {
        CHECK_INT(call(job, more.data, more.len, i & 1, &buffers), expected);
        CHECK_INT(buffers.avail_out, sizeof out);
        CHECK_INT(call(job, NULL, 0, 1, &buffers), expected);
    }
    CHECK(rs_job_statistics(job)->end > 0);
    CHECK_INT(rs_job_free(job), RS_DONE);
    bytes_free(&bad);
    bytes_free(&more);
}

static void failures_of_every_job_stay(void)
{
    static const char DELTA[] = "72730236 02 6869 00";
    static const char SIG[] = "72730136 00000800 00000008 2b56061c 0abe9ee1f376caa1";
    rs_signature_t *sums;

    failures_stay(rs_patch_begin(NULL, NULL), "72730237", RS_BAD_MAGIC, DELTA);
    failures_stay(rs_patch_begin(NULL, NULL), "72730236 55", RS_CORRUPT, DELTA + 9);
    failures_stay(rs_patch_begin(NULL, NULL), "72730236 02 68", RS_INPUT_ENDED, "69 00");
    failures_stay(rs_patch_begin(nothing_there, NULL), "72730236 45 00 01", RS_INPUT_ENDED, "00");
    failures_stay(rs_loadsig_begin(&sums), "72730138 00000800 00000008", RS_BAD_MAGIC, SIG);
    rs_free_sumset(sums);
    failures_stay(rs_loadsig_begin(&sums), "72730136 00000000 00000000", RS_CORRUPT, SIG);
    rs_free_sumset(sums);
    failures_stay(rs_loadsig_begin(&sums), "72730136 0000", RS_INPUT_ENDED, SIG);
    rs_free_sumset(sums);
    failures_stay(rs_sig_begin(0, 0, RS_DELTA_MAGIC), "00", RS_BAD_MAGIC, "00");
    failures_stay(rs_sig_begin(0, 33, (rs_magic_number)0), "00", RS_PARAM_ERROR, "00");
}

/* A job must not be confused by eof_in that is taken back. */
static void end_of_input_taken_back(void)
{
    rs_job_t *job = rs_sig_begin(4, 8, RS_MD4_SIG_MAGIC);
    rs_buffers_t buffers;
    rs_result result;

    memset(&buffers, 0, sizeof buffers);
    buffers.next_in = (char *)"Hello";
    buffers.avail_in = 5;
    buffers.eof_in = 1;
    buffers.next_out = out;
    buffers.avail_out = 3;
    CHECK_INT(rs_job_iter(job, &buffers), RS_BLOCKED);
    result = call(job, buffers.next_in, buffers.avail_in, 0, &buffers);
    CHECK(result == RS_DONE || result == RS_BLOCKED || result >= RS_IO_ERROR);
    rs_job_free(job);
}

int main(void)
{
    no_messages();
    RUN(null_jobs);
    RUN(null_signatures);
    RUN(null_files);
    RUN(null_arguments);
    RUN(null_buffers);
    RUN(no_copy_callback);
    RUN(statistics_of_any_size);
    RUN(statistics_of_a_long_operation);
    RUN(statistics_without_an_operation);
    RUN(a_basis_that_ends);
    RUN(a_basis_that_blocks_for_long);
    RUN(more_than_was_asked_for);
    RUN(a_basis_without_memory);
    RUN(drives_without_callbacks_end);
    RUN(tables_need_not_be_built);
    RUN(a_signature_that_is_half_loaded);
    RUN(equal_weak_sums);
    RUN(huge_blocks);
    RUN(garbage_parameters);
    RUN(absurd_buffer_sizes);
    RUN(done_stays_done_whatever_is_offered);
    RUN(failures_of_every_job_stay);
    RUN(end_of_input_taken_back);
    return check_end();
}
