/* Statistics: their exact texts, and what jobs count while they run. */
#include "support.h"

static void nothing_done(void)
{
    rs_stats_t stats;
    char text[200];

    memset(&stats, 0, sizeof stats);
    CHECK(rs_format_stats(&stats, text, sizeof text) == text);
    CHECK_STR(text, "noop statistics:  "
                    "speed[0.0 MB (0.0 MB/s) in, 0.0 MB (0.0 MB/s) out, 1 sec]");
}

static rs_stats_t everything(void)
{
    rs_stats_t stats;

    memset(&stats, 0, sizeof stats);
    stats.op = "everything";
    stats.lit_cmds = 1;
    stats.lit_bytes = 2;
    stats.lit_cmdbytes = 3;
    stats.copy_cmds = 4;
    stats.copy_bytes = 5;
    stats.copy_cmdbytes = 6;
    stats.sig_cmds = 7;
    stats.sig_bytes = 8;
    stats.false_matches = 9;
    stats.sig_blocks = 10;
    stats.block_len = 11;
    stats.in_bytes = 12345678;
    stats.out_bytes = 987654321;
    stats.start = 1000;
    stats.end = 1010;
    return stats;
}

static const char EVERYTHING[] =
    "everything statistics: literal[1 cmds, 2 bytes, 3 cmdbytes] "
    "in-place-signature[7 cmds, 8 bytes] copy[4 cmds, 5 bytes, 6 cmdbytes, 9 false]"
    "signature[10 blocks, 11 bytes per block] "
    "speed[12.3 MB (1.2 MB/s) in, 987.7 MB (98.8 MB/s) out, 10 sec]";

static void everything_done(void)
{
    rs_stats_t stats = everything();
    char text[sizeof EVERYTHING];

    rs_format_stats(&stats, text, sizeof text);
    CHECK_STR(text, EVERYTHING);
}

static void one_part_at_a_time(void)
{
    rs_stats_t stats, all = everything();
    char text[300];

    memset(&stats, 0, sizeof stats);
    stats.op = "patch";
    stats.lit_cmds = 3;
    stats.lit_bytes = 65536;
    stats.lit_cmdbytes = 11;
    rs_format_stats(&stats, text, sizeof text);
    CHECK_STR(text, "patch statistics: literal[3 cmds, 65536 bytes, 11 cmdbytes]  "
                    "speed[0.0 MB (0.0 MB/s) in, 0.0 MB (0.0 MB/s) out, 1 sec]");

    memset(&stats, 0, sizeof stats);
    stats.op = "signature";
    stats.sig_blocks = 500;
    stats.block_len = 2048;
    stats.in_bytes = 1024000;
    stats.out_bytes = 6012;
    stats.start = 5;
    stats.end = 7;
    rs_format_stats(&stats, text, sizeof text);
    CHECK_STR(text, "signature statistics: signature[500 blocks, 2048 bytes per block] "
                    "speed[1.0 MB (0.5 MB/s) in, 0.0 MB (0.0 MB/s) out, 2 sec]");

    /* False matches alone show the copies; bytes without commands show nothing. */
    memset(&stats, 0, sizeof stats);
    stats.op = "delta";
    stats.lit_bytes = all.lit_bytes;
    stats.sig_bytes = all.sig_bytes;
    stats.false_matches = 3;
    rs_format_stats(&stats, text, sizeof text);
    CHECK_STR(text, "delta statistics: copy[0 cmds, 0 bytes, 0 cmdbytes, 3 false] "
                    "speed[0.0 MB (0.0 MB/s) in, 0.0 MB (0.0 MB/s) out, 1 sec]");
}

static void logged(void)
{
    rs_stats_t stats = everything();
    char line[sizeof EVERYTHING + 16];

    keep_messages();
    CHECK_INT(rs_log_stats(&stats), 0);
    snprintf(line, sizeof line, "librsync: %s\n", EVERYTHING);
    CHECK_STR(messages, line);
    CHECK_INT(last_level, RS_LOG_INFO);
    no_messages();
}

static void of_a_signature(void)
{
    bytes_t hello = {(char *)"Hello, world!", 13, 0}, sig, delta;
    rs_signature_t *sums;

    sig = sign(&hello, 2048, 8, RS_RK_BLAKE2_SIG_MAGIC);
    sums = load(&sig);
    keep_messages();
    rs_sumset_dump(sums);
    CHECK_STR(messages,
              "librsync: sumset info: magic=0x72730147, block_len=2048, block_num=1\n"
              "librsync: sum      0: weak=f787ba2e, strong=b5da441cfe72ae04\n");
    CHECK_INT(last_level, RS_LOG_INFO);

    delta = make_delta(sums, &hello);
    keep_messages();
    rs_signature_log_stats(sums);
    CHECK_STR(messages, "librsync: match statistics: signature[1 searches, 1 (100.000%) matches, "
                        "1 (1.000x) weak sum compares, 1 (100.000%) strong sum compares, "
                        "1 (100.000%) strong sum calcs]\n");
    CHECK_INT(last_level, RS_LOG_INFO);
    no_messages();
    rs_free_sumset(sums);
    bytes_free(&delta);
    bytes_free(&sig);

    /* The weak sums of rollsum signatures are shown as they are looked up: mixed. */
    sig = sign(&hello, 2048, 8, RS_MD4_SIG_MAGIC);
    sums = load(&sig);
    keep_messages();
    rs_sumset_dump(sums);
    CHECK_STR(messages,
              "librsync: sumset info: magic=0x72730136, block_len=2048, block_num=1\n"
              "librsync: sum      0: weak=02edc049, strong=0abe9ee1f376caa1\n");
    keep_messages();
    rs_signature_log_stats(sums);
    CHECK_STR(messages, "librsync: match statistics: signature[0 searches, 0 (-nan%) matches, "
                        "0 (-nanx) weak sum compares, 0 (-nan%) strong sum compares, "
                        "0 (-nan%) strong sum calcs]\n");
    no_messages();
    rs_free_sumset(sums);
    bytes_free(&sig);
}

/* ---- what jobs count ---- */

/* Compares all but the times. */
#define CHECK_COUNTS(stats, op_, lit_cmds_, lit_bytes_, lit_cmdbytes_, copy_cmds_, copy_bytes_, \
                     copy_cmdbytes_, sig_blocks_, block_len_)                                   \
    do {                                                                                        \
        CHECK_STR((stats)->op, op_);                                                            \
        CHECK_INT((stats)->lit_cmds, lit_cmds_);                                                \
        CHECK_INT((stats)->lit_bytes, lit_bytes_);                                              \
        CHECK_INT((stats)->lit_cmdbytes, lit_cmdbytes_);                                        \
        CHECK_INT((stats)->copy_cmds, copy_cmds_);                                              \
        CHECK_INT((stats)->copy_bytes, copy_bytes_);                                            \
        CHECK_INT((stats)->copy_cmdbytes, copy_cmdbytes_);                                      \
        CHECK_INT((stats)->sig_blocks, sig_blocks_);                                            \
        CHECK_INT((stats)->block_len, block_len_);                                              \
        CHECK_INT((stats)->sig_cmds, 0);                                                        \
        CHECK_INT((stats)->sig_bytes, 0);                                                       \
        CHECK_INT((stats)->false_matches, 0);                                                   \
    } while (0)

static time_t began;

#define CHECK_RUNNING(stats) CHECK((stats)->start >= began && (stats)->end == 0)
#define CHECK_ENDED(stats) \
    CHECK((stats)->start >= began && (stats)->end >= (stats)->start && (stats)->end <= time(NULL))

/* One call; everything given must be taken. */
static rs_result step(rs_job_t *job, const char *in, size_t len, int eof, bytes_t *output)
{
    static char out[1 << 16];
    rs_buffers_t buffers;
    rs_result result;

    memset(&buffers, 0, sizeof buffers);
    buffers.next_in = (char *)in;
    buffers.avail_in = len;
    buffers.eof_in = eof;
    buffers.next_out = out;
    buffers.avail_out = sizeof out;
    result = rs_job_iter(job, &buffers);
    CHECK_INT(buffers.avail_in, 0);
    bytes_add(output, out, sizeof out - buffers.avail_out);
    return result;
}

static void of_jobs(void)
{
    bytes_t old = noise(1, 19000), new_bytes = {NULL, 0, 0};
    bytes_t sig = {NULL, 0, 0}, delta = {NULL, 0, 0}, result = {NULL, 0, 0};
    rs_signature_t *sums;
    rs_job_t *job;
    const rs_stats_t *stats;

    began = time(NULL);
    job = rs_sig_begin(2000, 8, RS_MD4_SIG_MAGIC);
    stats = rs_job_statistics(job);
    CHECK_COUNTS(stats, "signature", 0, 0, 0, 0, 0, 0, 0, 0);
    CHECK_RUNNING(stats);
    CHECK_INT(step(job, old.data, 6000, 0, &sig), RS_BLOCKED);
    CHECK_COUNTS(stats, "signature", 0, 0, 0, 0, 0, 0, 3, 2000);
    CHECK_RUNNING(stats);
    CHECK_INT(step(job, old.data + 6000, 13000, 1, &sig), RS_DONE);
    CHECK_COUNTS(stats, "signature", 0, 0, 0, 0, 0, 0, 10, 2000);
    CHECK_ENDED(stats);
    CHECK(rs_job_statistics(job) == stats);
    rs_job_free(job);

    job = rs_loadsig_begin(&sums);
    stats = rs_job_statistics(job);
    CHECK_COUNTS(stats, "loadsig", 0, 0, 0, 0, 0, 0, 0, 0);
    CHECK_RUNNING(stats);
    CHECK_INT(step(job, sig.data, 12 + 2 * 12 + 3, 0, &result), RS_BLOCKED);
    CHECK_COUNTS(stats, "loadsig", 0, 0, 0, 0, 0, 0, 2, 2000);
    CHECK_RUNNING(stats);
    CHECK_INT(step(job, sig.data + 39, sig.len - 39, 1, &result), RS_DONE);
    CHECK_COUNTS(stats, "loadsig", 0, 0, 0, 0, 0, 0, 10, 2000);
    CHECK_ENDED(stats);
    rs_job_free(job);
    CHECK_INT(rs_build_hash_table(sums), RS_DONE);

    /* Becomes COPY 0 8000, LITERAL 70, COPY 12000 6000, LITERAL 5. */
    bytes_add(&new_bytes, old.data, 8000);
    bytes_add(&new_bytes, old.data + 8001, 70);
    bytes_add(&new_bytes, old.data + 12000, 6000);
    bytes_add(&new_bytes, "12345", 5);
    job = rs_delta_begin(sums);
    stats = rs_job_statistics(job);
    CHECK_COUNTS(stats, "delta", 0, 0, 0, 0, 0, 0, 0, 0);
    CHECK_RUNNING(stats);
    CHECK_INT(step(job, new_bytes.data, new_bytes.len, 1, &delta), RS_DONE);
    CHECK_COUNTS(stats, "delta", 2, 75, 2 + 1, 2, 14000, 4 + 5, 0, 0);
    CHECK_ENDED(stats);
    rs_job_free(job);
    rs_free_sumset(sums);
    CHECK_INT(delta.len, 4 + 4 + 72 + 5 + 6 + 1);

    job = rs_patch_begin(copy_bytes, &old);
    stats = rs_job_statistics(job);
    CHECK_COUNTS(stats, "patch", 0, 0, 0, 0, 0, 0, 0, 0);
    CHECK_RUNNING(stats);
    CHECK_INT(step(job, delta.data, 8, 0, &result), RS_BLOCKED);
    CHECK_COUNTS(stats, "patch", 0, 0, 0, 1, 8000, 4, 0, 0);
    CHECK_RUNNING(stats);
    CHECK_INT(step(job, delta.data + 8, delta.len - 8, 1, &result), RS_DONE);
    CHECK_COUNTS(stats, "patch", 2, 75, 2 + 1, 2, 14000, 4 + 5, 0, 0);
    CHECK_ENDED(stats);
    rs_job_free(job);
    CHECK_BYTES(result, new_bytes);

    bytes_free(&old);
    bytes_free(&new_bytes);
    bytes_free(&sig);
    bytes_free(&delta);
    bytes_free(&result);
}

static void bytes_are_counted_by_the_file_functions_alone(void)
{
    bytes_t old = noise(1, 5000), sig = {NULL, 0, 0};
    rs_job_t *job = rs_sig_begin(0, 0, RS_MD4_SIG_MAGIC);

    CHECK_INT(step(job, old.data, old.len, 1, &sig), RS_DONE);
    CHECK_INT(rs_job_statistics(job)->in_bytes, 0);
    CHECK_INT(rs_job_statistics(job)->out_bytes, 0);
    rs_job_free(job);
    bytes_free(&old);
    bytes_free(&sig);
}

static void of_a_failed_job(void)
{
    rs_job_t *job = rs_patch_begin(copy_bytes, NULL);
    const rs_stats_t *stats = rs_job_statistics(job);
    bytes_t result = {NULL, 0, 0}, delta = unhex("72730236 03 616263 66");

    CHECK_INT(run_job(job, delta.data, delta.len, WHOLE, WHOLE, &result), RS_CORRUPT);
    CHECK_HEX(result, "616263");
    CHECK_COUNTS(stats, "patch", 1, 3, 1, 0, 0, 0, 0, 0);
    CHECK_ENDED(stats);
    rs_job_free(job);
    bytes_free(&result);
    bytes_free(&delta);
}

int main(void)
{
    no_messages();
    RUN(nothing_done);
    RUN(everything_done);
    RUN(one_part_at_a_time);
    RUN(logged);
    RUN(of_a_signature);
    RUN(of_jobs);
    RUN(bytes_are_counted_by_the_file_functions_alone);
    RUN(of_a_failed_job);
    return check_end();
}
