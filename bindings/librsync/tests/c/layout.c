/* Layouts, constants and prototypes of the header, and that the symbols are where they should be. */
#include "check.h"

#include <librsync.h>
#include <librsync.h> /* twice is fine */

#include <stddef.h>

#ifdef RS_DEFAULT_STRONG_LEN
#error "duplicity and others take this macro for a librsync before 1.0"
#endif
#ifdef RS_JOB_BLOCKSIZE
#error "duplicity defines this macro"
#endif

#define FIELD(type, field, offset, width)                \
    do {                                                 \
        CHECK_INT(offsetof(type, field), offset);        \
        CHECK_INT(sizeof(((type *)0)->field), width);    \
    } while (0)

static void buffers(void)
{
    CHECK_INT(sizeof(struct rs_buffers_s), 40);
    CHECK_INT(sizeof(rs_buffers_t), 40);
    FIELD(rs_buffers_t, next_in, 0, 8);
    FIELD(rs_buffers_t, avail_in, 8, 8);
    FIELD(rs_buffers_t, eof_in, 16, 4);
    FIELD(rs_buffers_t, next_out, 24, 8);
    FIELD(rs_buffers_t, avail_out, 32, 8);
}

static void stats(void)
{
    CHECK_INT(sizeof(struct rs_stats), 128);
    CHECK_INT(sizeof(rs_stats_t), 128);
    FIELD(rs_stats_t, op, 0, 8);
    FIELD(rs_stats_t, lit_cmds, 8, 4);
    FIELD(rs_stats_t, lit_bytes, 16, 8);
    FIELD(rs_stats_t, lit_cmdbytes, 24, 8);
    FIELD(rs_stats_t, copy_cmds, 32, 8);
    FIELD(rs_stats_t, copy_bytes, 40, 8);
    FIELD(rs_stats_t, copy_cmdbytes, 48, 8);
    FIELD(rs_stats_t, sig_cmds, 56, 8);
    FIELD(rs_stats_t, sig_bytes, 64, 8);
    FIELD(rs_stats_t, false_matches, 72, 4);
    FIELD(rs_stats_t, sig_blocks, 80, 8);
    FIELD(rs_stats_t, block_len, 88, 8);
    FIELD(rs_stats_t, in_bytes, 96, 8);
    FIELD(rs_stats_t, out_bytes, 104, 8);
    FIELD(rs_stats_t, start, 112, 8);
    FIELD(rs_stats_t, end, 120, 8);
}

static void types(void)
{
    CHECK_INT(sizeof(rs_byte_t), 1);
    CHECK((rs_byte_t)-1 > 0);
    CHECK_INT(sizeof(rs_long_t), 8);
    CHECK((rs_long_t)-1 < 0);
    CHECK_INT(sizeof(rs_weak_sum_t), 4);
    CHECK((rs_weak_sum_t)-1 > 0);
    CHECK_INT(sizeof(rs_strong_sum_t), 32);
    CHECK_INT(sizeof(rs_result), sizeof(int));
    CHECK_INT(sizeof(rs_magic_number), sizeof(int));
    CHECK_INT(sizeof(rs_loglevel), sizeof(int));
}

static void constants(void)
{
    enum rs_result tagged = RS_DONE;

    CHECK_INT(tagged, 0);
    CHECK_INT(RS_BLOCKED, 1);
    CHECK_INT(RS_RUNNING, 2);
    CHECK_INT(RS_TEST_SKIPPED, 77);
    CHECK_INT(RS_IO_ERROR, 100);
    CHECK_INT(RS_SYNTAX_ERROR, 101);
    CHECK_INT(RS_MEM_ERROR, 102);
    CHECK_INT(RS_INPUT_ENDED, 103);
    CHECK_INT(RS_BAD_MAGIC, 104);
    CHECK_INT(RS_UNIMPLEMENTED, 105);
    CHECK_INT(RS_CORRUPT, 106);
    CHECK_INT(RS_INTERNAL_ERROR, 107);
    CHECK_INT(RS_PARAM_ERROR, 108);

    CHECK_INT(RS_DELTA_MAGIC, 0x72730236);
    CHECK_INT(RS_MD4_SIG_MAGIC, 0x72730136);
    CHECK_INT(RS_BLAKE2_SIG_MAGIC, 0x72730137);
    CHECK_INT(RS_RK_MD4_SIG_MAGIC, 0x72730146);
    CHECK_INT(RS_RK_BLAKE2_SIG_MAGIC, 0x72730147);

    CHECK_INT(RS_LOG_EMERG, 0);
    CHECK_INT(RS_LOG_ALERT, 1);
    CHECK_INT(RS_LOG_CRIT, 2);
    CHECK_INT(RS_LOG_ERR, 3);
    CHECK_INT(RS_LOG_WARNING, 4);
    CHECK_INT(RS_LOG_NOTICE, 5);
    CHECK_INT(RS_LOG_INFO, 6);
    CHECK_INT(RS_LOG_DEBUG, 7);

    CHECK_INT(RS_MAX_STRONG_SUM_LENGTH, 32);
    CHECK_INT(RS_DEFAULT_BLOCK_LEN, 2048);
    CHECK_INT(RS_DEFAULT_MIN_STRONG_LEN, 12);
}

static void data(void)
{
    CHECK_INT(RS_MD4_SUM_LENGTH, 16);
    CHECK_INT(RS_BLAKE2_SUM_LENGTH, 32);
    CHECK_INT(rs_inbuflen, 0);
    CHECK_INT(rs_outbuflen, 0);
    /* Programs hold copies of 15 bytes. */
    CHECK_INT(strlen(rs_librsync_version), 14);
    CHECK(strncmp(rs_librsync_version, "librsync 2.3.", 13) == 0);
}

/* Every function by its exact type; the compiler checks. */
static const struct {
    void (*trace_set_level)(rs_loglevel);
    void (*trace_to)(rs_trace_fn_t *);
    void (*trace_stderr)(rs_loglevel, char const *);
    int (*supports_trace)(void);
    void (*hexify)(char *, void const *, int);
    size_t (*unbase64)(char *);
    void (*base64)(unsigned char const *, int, char *);
    char const *(*strerror)(rs_result);
    void (*mdfour)(unsigned char *, void const *, size_t);
    void (*mdfour_begin)(rs_mdfour_t *);
    void (*mdfour_update)(rs_mdfour_t *, void const *, size_t);
    void (*mdfour_result)(rs_mdfour_t *, unsigned char *);
    char *(*format_stats)(rs_stats_t const *, char *, size_t);
    int (*log_stats)(rs_stats_t const *);
    void (*signature_log_stats)(rs_signature_t const *);
    void (*free_sumset)(rs_signature_t *);
    void (*sumset_dump)(rs_signature_t const *);
    rs_result (*job_iter)(rs_job_t *, rs_buffers_t *);
    rs_result (*job_drive)(rs_job_t *, rs_buffers_t *, rs_driven_cb *, void *, rs_driven_cb *, void *);
    const rs_stats_t *(*job_statistics)(rs_job_t *);
    rs_result (*job_free)(rs_job_t *);
    rs_result (*sig_args)(rs_long_t, rs_magic_number *, size_t *, size_t *);
    rs_job_t *(*sig_begin)(size_t, size_t, rs_magic_number);
    rs_job_t *(*delta_begin)(rs_signature_t *);
    rs_job_t *(*loadsig_begin)(rs_signature_t **);
    rs_result (*build_hash_table)(rs_signature_t *);
    rs_job_t *(*patch_begin)(rs_copy_cb *, void *);
    FILE *(*file_open)(char const *, char const *, int);
    int (*file_close)(FILE *);
    rs_long_t (*file_size)(FILE *);
    rs_copy_cb *file_copy_cb;
    rs_result (*sig_file)(FILE *, FILE *, size_t, size_t, rs_magic_number, rs_stats_t *);
    rs_result (*loadsig_file)(FILE *, rs_signature_t **, rs_stats_t *);
    rs_result (*delta_file)(rs_signature_t *, FILE *, FILE *, rs_stats_t *);
    rs_result (*patch_file)(FILE *, FILE *, FILE *, rs_stats_t *);
} functions = {
    rs_trace_set_level, rs_trace_to, rs_trace_stderr, rs_supports_trace, rs_hexify, rs_unbase64,
    rs_base64, rs_strerror, rs_mdfour, rs_mdfour_begin, rs_mdfour_update, rs_mdfour_result,
    rs_format_stats, rs_log_stats, rs_signature_log_stats, rs_free_sumset, rs_sumset_dump,
    rs_job_iter, rs_job_drive, rs_job_statistics, rs_job_free, rs_sig_args, rs_sig_begin,
    rs_delta_begin, rs_loadsig_begin, rs_build_hash_table, rs_patch_begin, rs_file_open,
    rs_file_close, rs_file_size, rs_file_copy_cb, rs_sig_file, rs_loadsig_file, rs_delta_file,
    rs_patch_file,
};

static void prototypes(void)
{
    CHECK_INT(sizeof functions / sizeof functions.job_iter, 35);
    CHECK(functions.file_copy_cb == rs_file_copy_cb);
}

int main(void)
{
    RUN(buffers);
    RUN(stats);
    RUN(types);
    RUN(constants);
    RUN(data);
    RUN(prototypes);
    return check_end();
}
