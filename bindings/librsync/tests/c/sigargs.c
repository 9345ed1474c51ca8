/* rs_sig_args: recommended and checked parameters of signatures. */
#include "support.h"

#define MINIMUM ((size_t)-1)

/* What rs_sig_args says and makes of its arguments. */
#define CHECK_ARGS(size, magic, block, strong, result_, magic_, block_, strong_)        \
    do {                                                                                \
        rs_magic_number m = (rs_magic_number)(magic);                                   \
        size_t b = (block), s = (strong);                                               \
        CHECK_INT(rs_sig_args(size, &m, &b, &s), result_);                              \
        CHECK_INT(m, magic_);                                                           \
        CHECK_INT(b, block_);                                                           \
        CHECK_INT(s, strong_);                                                          \
    } while (0)

/* Recommended block length and least strong length by file size. */
static void recommended(void)
{
    static const struct {
        rs_long_t size;
        size_t block, strong;
    } table[] = {
        {-1, 2048, 12},
        {0, 256, 5},
        {255, 256, 5},
        {256, 256, 6},
        {65536, 256, 6},
        {65537, 256, 6},
        {147455, 256, 7},
        {147456, 384, 6},
        {1000000, 896, 7},
        {1048575, 896, 7},
        {1048576, 1024, 7},
        {16777216, 4096, 7},
        {100000000, 9984, 7},
        {(rs_long_t)1 << 30, 32768, 8},
        {(rs_long_t)1 << 32, 65536, 8},
        {(rs_long_t)1 << 40, 1048576, 10},
        {(rs_long_t)1 << 45, 5931520, 11},
    };
    size_t i;

    for (i = 0; i < sizeof table / sizeof *table; i++) {
        CHECK_ARGS(table[i].size, RS_MD4_SIG_MAGIC, 0, MINIMUM, RS_DONE, RS_MD4_SIG_MAGIC,
                   table[i].block, table[i].strong);
        CHECK_ARGS(table[i].size, RS_MD4_SIG_MAGIC, 0, 0, RS_DONE, RS_MD4_SIG_MAGIC,
                   table[i].block, 16);
    }
}

static void every_kind(void)
{
    CHECK_ARGS(-1, 0, 0, 0, RS_DONE, RS_RK_BLAKE2_SIG_MAGIC, 2048, 32);
    CHECK_ARGS(-1, RS_RK_BLAKE2_SIG_MAGIC, 0, 0, RS_DONE, RS_RK_BLAKE2_SIG_MAGIC, 2048, 32);
    CHECK_ARGS(-1, RS_BLAKE2_SIG_MAGIC, 0, 0, RS_DONE, RS_BLAKE2_SIG_MAGIC, 2048, 32);
    CHECK_ARGS(-1, RS_RK_MD4_SIG_MAGIC, 0, 0, RS_DONE, RS_RK_MD4_SIG_MAGIC, 2048, 16);
    CHECK_ARGS(-1, RS_MD4_SIG_MAGIC, 0, 0, RS_DONE, RS_MD4_SIG_MAGIC, 2048, 16);
}

static void given_values_are_kept(void)
{
    CHECK_ARGS(-1, RS_MD4_SIG_MAGIC, 1, 1, RS_DONE, RS_MD4_SIG_MAGIC, 1, 1);
    CHECK_ARGS(-1, RS_MD4_SIG_MAGIC, 77, 16, RS_DONE, RS_MD4_SIG_MAGIC, 77, 16);
    CHECK_ARGS(-1, RS_BLAKE2_SIG_MAGIC, 77, 32, RS_DONE, RS_BLAKE2_SIG_MAGIC, 77, 32);
    /* The least strong length goes by the block length given: 2^20 / 1 needs more than 2^20 / 1024. */
    CHECK_ARGS(1048576, 0, 1, MINIMUM, RS_DONE, RS_RK_BLAKE2_SIG_MAGIC, 1, 8);
    CHECK_ARGS(1048576, 0, 1 << 20, MINIMUM, RS_DONE, RS_RK_BLAKE2_SIG_MAGIC, 1 << 20, 6);
}

static void bad_magic(void)
{
    keep_messages();
    CHECK_ARGS(10, 1, 0, 0, RS_BAD_MAGIC, 1, 0, 0);
    CHECK_STR(messages, "librsync: ERROR: (rs_sig_args) invalid magic 0x1\n");
    CHECK_INT(last_level, RS_LOG_ERR);
    no_messages();
    CHECK_ARGS(10, RS_DELTA_MAGIC, 512, 8, RS_BAD_MAGIC, RS_DELTA_MAGIC, 512, 8);
    CHECK_ARGS(10, 0x72730138, 512, 8, RS_BAD_MAGIC, 0x72730138, 512, 8);
}

static void too_long_strong_sums(void)
{
    keep_messages();
    CHECK_ARGS(10, 0, 0, 33, RS_PARAM_ERROR, RS_RK_BLAKE2_SIG_MAGIC, 256, 33);
    CHECK_STR(messages,
              "librsync: ERROR: (rs_sig_args) invalid strong_len=33 for magic=0x72730147\n");
    keep_messages();
    CHECK_ARGS(100000, RS_MD4_SIG_MAGIC, 0, 17, RS_PARAM_ERROR, RS_MD4_SIG_MAGIC, 256, 17);
    CHECK_STR(messages,
              "librsync: ERROR: (rs_sig_args) invalid strong_len=17 for magic=0x72730136\n");
    no_messages();
}

static void short_strong_sums(void)
{
    keep_messages();
    CHECK_ARGS(100000, RS_MD4_SIG_MAGIC, 0, 2, RS_DONE, RS_MD4_SIG_MAGIC, 256, 2);
    CHECK_STR(messages, "librsync: Warning: (rs_sig_args) strong_len=2 smaller than recommended "
                        "minimum 6 for old_fsize=100000 with block_len=256\n");
    CHECK_INT(last_level, RS_LOG_WARNING);
    /* Nobody knows what is short for a file of unknown size. */
    keep_messages();
    CHECK_ARGS(-1, RS_MD4_SIG_MAGIC, 0, 2, RS_DONE, RS_MD4_SIG_MAGIC, 2048, 2);
    CHECK_ARGS(100000, RS_MD4_SIG_MAGIC, 0, 6, RS_DONE, RS_MD4_SIG_MAGIC, 256, 6);
    CHECK_STR(messages, "");
    no_messages();
}

int main(void)
{
    no_messages();
    RUN(recommended);
    RUN(every_kind);
    RUN(given_values_are_kept);
    RUN(bad_magic);
    RUN(too_long_strong_sums);
    RUN(short_strong_sums);
    return check_end();
}
