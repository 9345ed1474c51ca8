/* Options and statistics: sizes of the structs, values, limits, parameters. */
#include "support.h"

static sigdelta_status params(const sigdelta_options *options, uint64_t basis_len, uint32_t *kind,
                              uint32_t *block_len, uint32_t *strong_len)
{
    return sigdelta_signature_params(basis_len, options, kind, block_len, strong_len);
}

#define CHECK_PARAMS(options, basis_len, kind_, block_len_, strong_len_)                        \
    do {                                                                                         \
        uint32_t kind = 0, block_len = 0, strong_len = 0;                                        \
        CHECK_STATUS(params(options, basis_len, &kind, &block_len, &strong_len), SIGDELTA_OK);   \
        CHECK_INT(kind, kind_);                                                                  \
        CHECK_INT(block_len, block_len_);                                                        \
        CHECK_INT(strong_len, strong_len_);                                                      \
    } while (0)

static void parameters_are_librsyncs(void)
{
    sigdelta_options options = options_new();

    CHECK_PARAMS(NULL, SIGDELTA_UNKNOWN, SIGDELTA_RABINKARP_BLAKE2B, 2048, 32);
    CHECK_PARAMS(NULL, 0, SIGDELTA_RABINKARP_BLAKE2B, 256, 32);
    CHECK_PARAMS(&options, 1000000, SIGDELTA_RABINKARP_BLAKE2B, 896, 32);
    options.strong_len = SIGDELTA_STRONG_LEN_MIN;
    CHECK_PARAMS(&options, 1u << 30, SIGDELTA_RABINKARP_BLAKE2B, 32768, 8);
    CHECK_PARAMS(&options, SIGDELTA_UNKNOWN, SIGDELTA_RABINKARP_BLAKE2B, 2048, 12);
    options.signature_kind = SIGDELTA_ROLLSUM_MD4;
    options.strong_len = 0;
    options.block_len = 0x7fffffff;
    CHECK_PARAMS(&options, 5, SIGDELTA_ROLLSUM_MD4, 0x7fffffff, 16);
    options.strong_len = 16;
    CHECK_PARAMS(&options, 5, SIGDELTA_ROLLSUM_MD4, 0x7fffffff, 16);
    options.strong_len = 17;
    CHECK_STATUS(params(&options, 5, NULL, NULL, NULL), SIGDELTA_PARAM_ERROR);
    CHECK_ERROR("strong length 17 is not between 1 and 16, the most that md4 gives", SIGDELTA_UNKNOWN);
    options.strong_len = 0;
    options.block_len = 0x80000000;
    CHECK_STATUS(params(&options, 5, NULL, NULL, NULL), SIGDELTA_PARAM_ERROR);
    CHECK_ERROR("block length 2147483648 is not between 1 and 2147483647", SIGDELTA_UNKNOWN);
}

static void wrong_values_are_refused(void)
{
    sigdelta_options options = options_new();
    sigdelta_job *job = (sigdelta_job *)&options;

    options.signature_kind = 0x72730236;
    CHECK_STATUS(params(&options, 5, NULL, NULL, NULL), SIGDELTA_PARAM_ERROR);
    CHECK_ERROR("options: signature_kind is none of the four", SIGDELTA_UNKNOWN);
    CHECK_STATUS(sigdelta_patch_job(&options, &job), SIGDELTA_PARAM_ERROR);
    CHECK(job == NULL);
    options = with_trailer(3);
    CHECK_STATUS(params(&options, 5, NULL, NULL, NULL), SIGDELTA_PARAM_ERROR);
    CHECK_ERROR("options: trailer is no sigdelta_trailer", SIGDELTA_UNKNOWN);
    options = options_new();
    options.level = 3;
    CHECK_STATUS(params(&options, 5, NULL, NULL, NULL), SIGDELTA_PARAM_ERROR);
    CHECK_ERROR("options: level is no sigdelta_level", SIGDELTA_UNKNOWN);
    options = options_new();
    options.block_len = 0xffffffff;
    CHECK_STATUS(sigdelta_signature_job(5, &options, &job), SIGDELTA_PARAM_ERROR);
    CHECK(job == NULL);
}

/* A caller with an older header: fields beyond its size are not read. */
static void an_older_struct_is_read_as_far_as_it_goes(void)
{
    sigdelta_options options = options_new();

    options.signature_kind = SIGDELTA_ROLLSUM_MD4;
    options.block_len = 99;
    options.strong_len = 7;
    memset(&options.trailer, 0xff, sizeof options - offsetof(sigdelta_options, trailer));
    CHECK_STATUS(params(&options, 5, NULL, NULL, NULL), SIGDELTA_PARAM_ERROR);
    options.size = offsetof(sigdelta_options, trailer);
    CHECK_PARAMS(&options, 5, SIGDELTA_ROLLSUM_MD4, 99, 7);
    options.size = offsetof(sigdelta_options, strong_len);
    CHECK_PARAMS(&options, 5, SIGDELTA_ROLLSUM_MD4, 99, 16);
    options.size = offsetof(sigdelta_options, signature_kind);
    CHECK_PARAMS(&options, 5, SIGDELTA_RABINKARP_BLAKE2B, 256, 32);
}

/* A caller with a newer header: what this library does not know must be the default. */
static void a_newer_struct_is_read_if_its_news_are_zero(void)
{
    struct {
        sigdelta_options options;
        unsigned char news[24];
    } newer;
    size_t i;

    memset(&newer, 0, sizeof newer);
    newer.options.size = sizeof newer;
    newer.options.block_len = 99;
    CHECK_PARAMS(&newer.options, 5, SIGDELTA_RABINKARP_BLAKE2B, 99, 32);
    for (i = 0; i < sizeof newer.news; i++) {
        newer.news[i] = 1;
        CHECK_STATUS(params(&newer.options, 5, NULL, NULL, NULL), SIGDELTA_PARAM_ERROR);
        newer.news[i] = 0;
    }
    CHECK_ERROR("options: a field is set that this version does not know", SIGDELTA_UNKNOWN);
}

static void absurd_sizes_are_refused(void)
{
    static const size_t SIZES[] = {0, 1, 7, 9, 13, 71, 60, 4097, 1u << 20, WHOLE};
    sigdelta_options options = options_new();
    size_t i;

    for (i = 0; i < sizeof SIZES / sizeof *SIZES; i++) {
        options.size = SIZES[i];
        CHECK_STATUS(params(&options, 5, NULL, NULL, NULL), SIGDELTA_PARAM_ERROR);
        CHECK_ERROR("options: size is not sizeof(sigdelta_options)", SIGDELTA_UNKNOWN);
    }
}

static void statistics_fill_what_there_is(void)
{
    struct {
        sigdelta_stats stats;
        unsigned char news[24];
    } newer;
    sigdelta_stats stats = stats_new(), full = stats_new();
    sigdelta_job *job = NULL;
    bytes_t basis = noise(1, 1000), output = {NULL, 0, 0};
    size_t i;

    CHECK_STATUS(sigdelta_signature_job(1000, NULL, &job), SIGDELTA_OK);
    CHECK_STATUS(run_job(job, basis.data, basis.len, NULL, AT_ONCE, &output), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_job_stats(job, &full), SIGDELTA_OK);
    CHECK_INT(full.size, sizeof full);
    CHECK_INT(full.in_bytes, 1000);
    CHECK_INT(full.out_bytes, output.len);
    CHECK_INT(full.blocks, 4);
    CHECK_INT(full.block_len, 256);

    memset(&stats, 0xee, sizeof stats);
    stats.size = offsetof(sigdelta_stats, blocks);
    CHECK_STATUS(sigdelta_job_stats(job, &stats), SIGDELTA_OK);
    CHECK_INT(stats.size, offsetof(sigdelta_stats, blocks));
    CHECK_INT(stats.out_bytes, output.len);
    CHECK(stats.blocks == 0xeeeeeeeeeeeeeeee && stats.verified == 0xeeeeeeee);
    stats.size = sizeof stats.size;
    CHECK_STATUS(sigdelta_job_stats(job, &stats), SIGDELTA_OK);

    memset(&newer, 0xee, sizeof newer);
    newer.stats.size = sizeof newer;
    CHECK_STATUS(sigdelta_job_stats(job, &newer.stats), SIGDELTA_OK);
    CHECK_INT(newer.stats.size, sizeof newer);
    CHECK_INT(newer.stats.blocks, 4);
    CHECK_INT(newer.stats.verified, 0);
    for (i = 0; i < sizeof newer.news; i++)
        CHECK_INT(newer.news[i], 0);

    stats.size = 0;
    CHECK_STATUS(sigdelta_job_stats(job, &stats), SIGDELTA_PARAM_ERROR);
    CHECK_ERROR("stats: size is not sizeof(sigdelta_stats)", SIGDELTA_UNKNOWN);
    stats.size = WHOLE;
    CHECK_STATUS(sigdelta_job_stats(job, &stats), SIGDELTA_PARAM_ERROR);
    /* Said before anything is done. */
    CHECK_STATUS(sigdelta_signature_file("/dev/null", "never", NULL, &stats), SIGDELTA_PARAM_ERROR);
    CHECK(!exists("never"));
    sigdelta_job_free(job);
    bytes_free(&basis);
    bytes_free(&output);
}

static int is_clear(const sigdelta_stats *stats)
{
    sigdelta_stats clear = stats_new();

    return memcmp(stats, &clear, sizeof clear) == 0;
}

/* What an earlier call left is gone, whatever fails, and be it an argument. */
static void failures_clear_statistics(void)
{
    sigdelta_options wrong = with_trailer(3);
    sigdelta_index *index;
    sigdelta_bytes bytes;
    sigdelta_stats stats;
    int call, how;

    CHECK_STATUS(sigdelta_signature_bytes("", 0, NULL, &bytes, NULL), SIGDELTA_OK);
    index = load(&bytes);
    sigdelta_bytes_free(&bytes);
    for (call = 0; call < 17; call++) {
        /* Wrong contents, a wrong option, an argument that is NULL. */
        for (how = 0; how < 3; how++) {
            const sigdelta_options *options = how == 1 ? &wrong : NULL;
            sigdelta_bytes *to = how == 2 ? NULL : &bytes;
            const char *file = how == 2 ? NULL : "missing";
            sigdelta_status status = SIGDELTA_OK;

            memset(&stats, 0xee, sizeof stats);
            stats.size = sizeof stats;
            switch (call) {
            case 0:
                wrong.block_len = 0x80000000;
                status = sigdelta_signature_bytes("", 0, how ? options : &wrong, to, &stats);
                break;
            case 1:
                status = sigdelta_delta_bytes("bad", 3, "", 0, options, to, &stats);
                break;
            case 2:
                status = sigdelta_diff_bytes("", 0, "", 0, how ? options : &wrong, to, &stats);
                break;
            case 3:
                status = sigdelta_patch_bytes("", 0, "bad", 3, options, to, &stats);
                break;
            case 4:
                status = sigdelta_index_delta_bytes(how ? index : NULL, "", 0, options, to, &stats);
                break;
            case 5:
                status = sigdelta_signature_file(file, "x", options, &stats);
                break;
            case 6:
                status = sigdelta_delta_file(file, "x", "y", options, &stats);
                break;
            case 7:
                status = sigdelta_diff_file(file, "x", "y", options, &stats);
                break;
            case 8:
                status = sigdelta_patch_file(file, "x", "y", options, &stats);
                break;
            case 9:
                status = sigdelta_index_delta_file(index, file, "x", options, &stats);
                break;
            case 10:
                wrong.level = 3;
                status = sigdelta_layered_diff_bytes("", 0, "", 0, how ? options : &wrong, to, &stats);
                break;
            case 11:
                status = sigdelta_layered_patch_bytes("", 0, "bad", 3, options, to, &stats);
                break;
            case 12:
                status = sigdelta_layered_diff_file(file, "x", "y", options, &stats);
                break;
            case 13:
                status = sigdelta_layered_patch_file(file, "x", "y", options, &stats);
                break;
            case 14:
                status = sigdelta_flat_diff_file(file, "x", "y", options, &stats);
                break;
            case 15:
                status = sigdelta_layered_patch_stream(NULL, NULL, NULL, options, &stats);
                break;
            default:
                status = sigdelta_job_stats(NULL, &stats);
            }
            CHECK(status >= SIGDELTA_IO_ERROR);
            CHECK(is_clear(&stats));
        }
    }
    sigdelta_index_free(index);
}

static void bytes_have_statistics(void)
{
    bytes_t basis = noise(1, 1000), new_file = edited(&basis);
    sigdelta_bytes signature, delta, again, result;
    sigdelta_stats stats = stats_new(), other = stats_new();

    CHECK_STATUS(sigdelta_signature_bytes(basis.data, 1000, NULL, &signature, &stats), SIGDELTA_OK);
    CHECK_INT(stats.in_bytes, 1000);
    CHECK_INT(stats.out_bytes, signature.len);
    CHECK_INT(stats.blocks, 4);
    CHECK_INT(stats.block_len, 256);
    CHECK_STATUS(sigdelta_delta_bytes(signature.data, signature.len, new_file.data, new_file.len, NULL,
                                      &delta, &stats), SIGDELTA_OK);
    CHECK_INT(stats.blocks, 0);
    CHECK_INT(stats.in_bytes, new_file.len);
    CHECK_INT(stats.out_bytes, delta.len);
    CHECK_INT(stats.literal_bytes + stats.copy_bytes, new_file.len);
    CHECK(stats.matches > 0);
    CHECK_STATUS(sigdelta_diff_bytes(basis.data, 1000, new_file.data, new_file.len, NULL, &again, &other),
                 SIGDELTA_OK);
    CHECK_MEM(&other, sizeof other, &stats, sizeof stats);
    CHECK_STATUS(sigdelta_patch_bytes(basis.data, 1000, delta.data, delta.len, NULL, &result, &stats),
                 SIGDELTA_OK);
    CHECK_INT(stats.in_bytes, delta.len);
    CHECK_INT(stats.out_bytes, new_file.len);
    CHECK_INT(stats.copy_bytes, other.copy_bytes);
    CHECK_INT(stats.searches, 0);
    CHECK(stats.has_trailer && stats.verified);
    sigdelta_bytes_free(&result);
    /* Said before anything is done. */
    stats.size = 7;
    CHECK_STATUS(sigdelta_patch_bytes("", 0, "bad", 3, NULL, &result, &stats), SIGDELTA_PARAM_ERROR);
    CHECK_ERROR("stats: size is not sizeof(sigdelta_stats)", SIGDELTA_UNKNOWN);
    sigdelta_bytes_free(&signature);
    sigdelta_bytes_free(&delta);
    sigdelta_bytes_free(&again);
    bytes_free(&basis);
    bytes_free(&new_file);
}

static void the_output_is_limited(void)
{
    bytes_t basis = noise(1, 10000), new_file = edited(&basis);
    sigdelta_bytes delta = diff(&basis, &new_file, NULL), result;
    sigdelta_options options = options_new();

    options.max_output_bytes = new_file.len;
    result = apply(&basis, &delta, &options);
    CHECK_BYTES(result, new_file);
    sigdelta_bytes_free(&result);
    options.max_output_bytes--;
    CHECK_STATUS(sigdelta_patch_bytes(basis.data, basis.len, delta.data, delta.len, &options, &result,
                                      NULL),
                 SIGDELTA_LIMIT_REACHED);
    CHECK(strncmp(sigdelta_error_text(), "the result exceeds the limit of ", 32) == 0);
    CHECK(sigdelta_error_offset() > 4 && sigdelta_error_offset() < delta.len);
    sigdelta_bytes_free(&delta);
    bytes_free(&basis);
    bytes_free(&new_file);
}

static void the_signature_is_limited(void)
{
    bytes_t basis = noise(1, 100000);
    sigdelta_bytes signature = sign(&basis, NULL), delta;
    sigdelta_options options = options_new();
    sigdelta_index *index;
    sigdelta_job *job;
    bytes_t nothing = {NULL, 0, 0};
    char expected[100];

    options.max_signature_bytes = signature.len;
    CHECK_STATUS(sigdelta_index_from_bytes(signature.data, signature.len, &options, &index), SIGDELTA_OK);
    sigdelta_index_free(index);
    options.max_signature_bytes--;
    CHECK_STATUS(sigdelta_index_from_bytes(signature.data, signature.len, &options, &index),
                 SIGDELTA_LIMIT_REACHED);
    CHECK(index == NULL);
    CHECK_INT(sigdelta_error_offset(), signature.len - 1);
    CHECK_STATUS(sigdelta_delta_bytes(signature.data, signature.len, "new", 3, &options, &delta, NULL),
                 SIGDELTA_LIMIT_REACHED);
    CHECK_STATUS(sigdelta_load_job(&options, &job), SIGDELTA_OK);
    CHECK_STATUS(run_job(job, signature.data, signature.len, NULL, AT_ONCE, &nothing),
                 SIGDELTA_LIMIT_REACHED);
    sigdelta_job_free(job);
    /* A diff loads none. */
    CHECK_STATUS(sigdelta_diff_bytes(basis.data, basis.len, "new", 3, &options, &delta, NULL), SIGDELTA_OK);
    sigdelta_bytes_free(&delta);
    /* The smaller of the two limits holds, and is named. */
    options.max_memory_bytes = options.max_signature_bytes + 1;
    CHECK_STATUS(sigdelta_index_from_bytes(signature.data, signature.len, &options, &index),
                 SIGDELTA_LIMIT_REACHED);
    CHECK_INT(sigdelta_error_offset(), signature.len - 1);
    options.max_memory_bytes = 100;
    CHECK_STATUS(sigdelta_index_from_bytes(signature.data, signature.len, &options, &index),
                 SIGDELTA_LIMIT_REACHED);
    snprintf(expected, sizeof expected, "%u bytes of memory are needed, more than the limit of 100",
             (unsigned)signature.len);
    CHECK_ERROR(expected, SIGDELTA_UNKNOWN);
    CHECK_STATUS(sigdelta_diff_bytes(basis.data, basis.len, "new", 3, &options, &delta, NULL),
                 SIGDELTA_LIMIT_REACHED);
    CHECK_ERROR(expected, SIGDELTA_UNKNOWN);
    CHECK_STATUS(sigdelta_load_job(&options, &job), SIGDELTA_OK);
    CHECK_STATUS(run_job(job, signature.data, signature.len, NULL, AT_ONCE, &nothing),
                 SIGDELTA_LIMIT_REACHED);
    CHECK_ERROR(expected, SIGDELTA_UNKNOWN);
    sigdelta_job_free(job);
    sigdelta_bytes_free(&signature);
    bytes_free(&basis);
}

/* Finds the least memory that is enough for a delta against a signature; it is about what it says. */
static uint64_t least_memory(const sigdelta_bytes *signature)
{
    uint64_t low = 0, high = 1u << 30;
    sigdelta_index *index;

    while (low + 1 < high) {
        sigdelta_options options = options_new();

        options.max_memory_bytes = (low + high) / 2;
        if (sigdelta_index_from_bytes(signature->data, signature->len, &options, &index) == SIGDELTA_OK) {
            high = options.max_memory_bytes;
            sigdelta_index_free(index);
        } else
            low = options.max_memory_bytes;
    }
    return high;
}

static void the_memory_is_limited(void)
{
    bytes_t basis = noise(1, 300000);
    sigdelta_bytes signature = sign(&basis, NULL), delta;
    sigdelta_options options = options_new();
    sigdelta_index *index = load(&signature);
    sigdelta_job *job;
    uint64_t least = least_memory(&signature);

    /* The rule of thumb in the header; a block has 512 bytes. */
    CHECK(least > 300000 + signature.len * 13 / 10 && least < 340000 + 2 * 512 + signature.len * 25 / 10);
    options.max_memory_bytes = least;
    CHECK_STATUS(sigdelta_delta_job(index, &options, &job), SIGDELTA_OK);
    sigdelta_job_free(job);
    CHECK_STATUS(sigdelta_delta_bytes(signature.data, signature.len, "new", 3, &options, &delta, NULL),
                 SIGDELTA_OK);
    sigdelta_bytes_free(&delta);
    options.max_memory_bytes--;
    CHECK_STATUS(sigdelta_delta_job(index, &options, &job), SIGDELTA_LIMIT_REACHED);
    CHECK(job == NULL);
    CHECK(strstr(sigdelta_error_text(), "bytes of memory are needed, more than the limit of") != NULL);
    CHECK_STATUS(sigdelta_delta_bytes(signature.data, signature.len, "new", 3, &options, &delta, NULL),
                 SIGDELTA_LIMIT_REACHED);
    CHECK_STATUS(sigdelta_load_job(&options, &job), SIGDELTA_OK);
    CHECK_STATUS(run_job(job, signature.data, signature.len, NULL, AT_ONCE, &(bytes_t){NULL, 0, 0}),
                 SIGDELTA_LIMIT_REACHED);
    sigdelta_job_free(job);
    /* A diff builds the same index, though what it reserves may differ. */
    options.max_memory_bytes = least / 2;
    CHECK_STATUS(sigdelta_diff_bytes(basis.data, basis.len, "new", 3, &options, &delta, NULL),
                 SIGDELTA_LIMIT_REACHED);
    options.max_memory_bytes = 2 * least;
    CHECK_STATUS(sigdelta_diff_bytes(basis.data, basis.len, "new", 3, &options, &delta, NULL), SIGDELTA_OK);
    sigdelta_bytes_free(&delta);
    sigdelta_index_free(index);
    sigdelta_bytes_free(&signature);
    bytes_free(&basis);
}

int main(void)
{
    RUN(parameters_are_librsyncs);
    RUN(wrong_values_are_refused);
    RUN(an_older_struct_is_read_as_far_as_it_goes);
    RUN(a_newer_struct_is_read_if_its_news_are_zero);
    RUN(absurd_sizes_are_refused);
    RUN(statistics_fill_what_there_is);
    RUN(failures_clear_statistics);
    RUN(bytes_have_statistics);
    RUN(the_output_is_limited);
    RUN(the_signature_is_limited);
    RUN(the_memory_is_limited);
    return check_end();
}
