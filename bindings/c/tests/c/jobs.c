/* Jobs: fed in pieces of any size, used wrongly, failing. */
#include "support.h"

static const pieces_t MIXES[] = {
    {1, 1, 1, 0},    {1, 1, 1, 1},       {1, WHOLE, WHOLE, 0}, {WHOLE, 1, 1, 1},     {2, 3, 1, 0},
    {3, 2, 2, 1},    {7, 64, 5, 0},      {64, 7, WHOLE, 1},    {4096, 13, 4096, 0},  {13, 4096, 3, 1},
    {WHOLE, 7, 2, 0}, {1000, 1000, 1, 1}, {WHOLE, WHOLE, 1, 0}, {WHOLE, WHOLE, WHOLE, 1},
};
#define MIX_COUNT (sizeof MIXES / sizeof *MIXES)

static void signatures_do_not_depend_on_pieces(void)
{
    size_t mix, kind;
    bytes_t basis = noise(1, 3000);

    for (kind = 0; kind < 4; kind++) {
        sigdelta_options options = options_new();
        sigdelta_bytes expected;

        options.signature_kind = KINDS[kind];
        options.block_len = 300;
        expected = sign(&basis, &options);
        for (mix = 0; mix < MIX_COUNT; mix++) {
            sigdelta_stats stats = stats_new();
            sigdelta_job *job = NULL;
            bytes_t actual = {NULL, 0, 0};

            CHECK_STATUS(sigdelta_signature_job(SIGDELTA_UNKNOWN, &options, &job), SIGDELTA_OK);
            CHECK_STATUS(run_job(job, basis.data, basis.len, NULL, MIXES[mix], &actual), SIGDELTA_OK);
            CHECK_BYTES(actual, expected);
            CHECK_STATUS(sigdelta_job_stats(job, &stats), SIGDELTA_OK);
            CHECK_INT(stats.in_bytes, basis.len);
            CHECK_INT(stats.out_bytes, actual.len);
            CHECK_INT(stats.blocks, 10);
            sigdelta_job_free(job);
            bytes_free(&actual);
        }
        sigdelta_bytes_free(&expected);
    }
    bytes_free(&basis);
}

static sigdelta_index *load_pieces(const sigdelta_bytes *signature, pieces_t pieces)
{
    sigdelta_stats stats = stats_new();
    sigdelta_job *job = NULL;
    sigdelta_index *index = NULL, *again = NULL;
    bytes_t nothing = {NULL, 0, 0};
    uint32_t kind, block_len, strong_len;
    uint64_t blocks;

    CHECK_STATUS(sigdelta_load_job(NULL, &job), SIGDELTA_OK);
    pieces.out = 0;
    CHECK_STATUS(run_job(job, signature->data, signature->len, NULL, pieces, &nothing), SIGDELTA_OK);
    CHECK_INT(nothing.len, 0);
    CHECK_STATUS(sigdelta_job_take_index(job, &index), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_job_take_index(job, &again), SIGDELTA_PARAM_ERROR);
    CHECK(again == NULL);
    CHECK_STATUS(sigdelta_job_stats(job, &stats), SIGDELTA_OK);
    CHECK_INT(stats.in_bytes, signature->len);
    sigdelta_job_free(job);
    CHECK_STATUS(sigdelta_index_info(index, &kind, &block_len, &strong_len, &blocks), SIGDELTA_OK);
    CHECK_INT(kind, SIGDELTA_RABINKARP_BLAKE2B);
    CHECK_INT(stats.block_len, block_len);
    CHECK_INT(stats.blocks, blocks);
    CHECK_INT(12 + blocks * (4 + strong_len), signature->len);
    CHECK_STATUS(sigdelta_index_info(index, NULL, NULL, NULL, NULL), SIGDELTA_OK);
    return index;
}

static void deltas_and_patches_do_not_depend_on_pieces(void)
{
    size_t mix;
    int trailer;
    bytes_t basis = noise(1, 3000), new_file = edited(&basis);

    for (trailer = 0; trailer < 2; trailer++) {
        sigdelta_options options = with_trailer((uint32_t)trailer);
        sigdelta_bytes signature, expected;

        options.block_len = 50;
        signature = sign(&basis, &options);
        expected = make_delta(&signature, &new_file, &options);
        for (mix = 0; mix < MIX_COUNT; mix++) {
            sigdelta_stats stats = stats_new();
            sigdelta_index *index = load_pieces(&signature, MIXES[mix]);
            sigdelta_job *job = NULL;
            bytes_t delta = {NULL, 0, 0}, result = {NULL, 0, 0};

            CHECK_STATUS(sigdelta_delta_job(index, &options, &job), SIGDELTA_OK);
            sigdelta_index_free(index);
            CHECK_STATUS(run_job(job, new_file.data, new_file.len, NULL, MIXES[mix], &delta), SIGDELTA_OK);
            CHECK_BYTES(delta, expected);
            CHECK_STATUS(sigdelta_job_stats(job, &stats), SIGDELTA_OK);
            CHECK_INT(stats.in_bytes, new_file.len);
            CHECK_INT(stats.out_bytes, delta.len);
            CHECK(stats.matches > 0 && stats.copy_commands > 0 && stats.literal_commands > 0);
            sigdelta_job_free(job);

            CHECK_STATUS(sigdelta_patch_job(&options, &job), SIGDELTA_OK);
            CHECK_STATUS(run_job(job, delta.data, delta.len, &basis, MIXES[mix], &result), SIGDELTA_OK);
            CHECK_BYTES(result, new_file);
            CHECK_STATUS(sigdelta_job_stats(job, &stats), SIGDELTA_OK);
            CHECK_INT(stats.in_bytes, delta.len);
            CHECK_INT(stats.out_bytes, new_file.len);
            CHECK_INT(stats.literal_bytes + stats.copy_bytes, new_file.len);
            CHECK_INT(stats.has_trailer, !trailer);
            CHECK_INT(stats.verified, !trailer);
            sigdelta_job_free(job);
            bytes_free(&delta);
            bytes_free(&result);
        }
        sigdelta_bytes_free(&signature);
        sigdelta_bytes_free(&expected);
    }
    bytes_free(&basis);
    bytes_free(&new_file);
}

static void done_repeats(void)
{
    sigdelta_job *job = NULL;
    uint8_t out[100];
    sigdelta_buffers buffers = {NULL, 0, out, sizeof out, 1};

    CHECK_STATUS(sigdelta_signature_job(0, NULL, &job), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_job_step(job, &buffers), SIGDELTA_OK);
    CHECK_INT(buffers.output_len, sizeof out - 12);
    CHECK_STATUS(sigdelta_job_step(job, &buffers), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_job_step(job, &buffers), SIGDELTA_OK);
    CHECK_INT(buffers.output_len, sizeof out - 12);
    sigdelta_job_free(job);
}

/* A copy of 2^40 bytes from 2^62 on, of which the basis never gives the end. */
static void numbers_are_64_bits_wide(void)
{
    bytes_t delta = unhex("72730236 54 4000000000000000 0000010000000000 00");
    uint8_t out[16];
    sigdelta_buffers buffers = {delta.data, delta.len, out, sizeof out, 1};
    sigdelta_stats stats = stats_new();
    sigdelta_job *job = NULL;
    uint64_t position, len;
    int i;

    CHECK_STATUS(sigdelta_patch_job(NULL, &job), SIGDELTA_OK);
    for (i = 0; i < 3; i++) {
        CHECK_STATUS(sigdelta_job_step(job, &buffers), SIGDELTA_NEEDS_BASIS);
        CHECK_STATUS(sigdelta_job_wanted(job, &position, &len), SIGDELTA_OK);
        CHECK(position == (1ull << 62) + (uint64_t)i * 12 && len == (1ull << 40) - (uint64_t)i * 12);
        /* Twice without a step in between. */
        memset(buffers.output, 'b', 10);
        CHECK_STATUS(sigdelta_job_copied(job, &buffers, 10), SIGDELTA_OK);
        CHECK_INT(buffers.output_len, 6);
        CHECK_STATUS(sigdelta_job_wanted(job, &position, &len), SIGDELTA_OK);
        CHECK(position == (1ull << 62) + (uint64_t)i * 12 + 10);
        memset(buffers.output, 'b', 2);
        CHECK_STATUS(sigdelta_job_copied(job, &buffers, 2), SIGDELTA_OK);
        buffers.output = out;
        buffers.output_len = sizeof out;
    }
    /* Steps without a copy in between change nothing. */
    CHECK_STATUS(sigdelta_job_step(job, &buffers), SIGDELTA_NEEDS_BASIS);
    CHECK_STATUS(sigdelta_job_step(job, &buffers), SIGDELTA_NEEDS_BASIS);
    CHECK_INT(buffers.output_len, sizeof out);
    CHECK_STATUS(sigdelta_job_copied(job, &buffers, 0), SIGDELTA_INPUT_ENDED);
    CHECK_ERROR("copy of 1099511627776 bytes from position 4611686018427387904 needs bytes at "
                "4611686018427387940, beyond the end of the basis: wrong basis?", SIGDELTA_UNKNOWN);
    CHECK_STATUS(sigdelta_job_step(job, &buffers), SIGDELTA_INPUT_ENDED);
    CHECK_STATUS(sigdelta_job_copied(job, &buffers, 1), SIGDELTA_INPUT_ENDED);
    CHECK_STATUS(sigdelta_job_wanted(job, &position, &len), SIGDELTA_INPUT_ENDED);
    CHECK_STATUS(sigdelta_job_stats(job, &stats), SIGDELTA_OK);
    CHECK_INT(stats.out_bytes, 36);
    CHECK_INT(stats.copy_commands, 1);
    sigdelta_job_free(job);
    bytes_free(&delta);
}

/* Room is asked for before the bytes that go there; the basis cannot end where there is none. */
static void a_copy_needs_room_first(void)
{
    bytes_t delta = unhex("72730236 45 00 05 00");
    uint8_t out[4];
    sigdelta_buffers buffers = {delta.data, delta.len, NULL, 0, 1};
    sigdelta_job *job = NULL;
    uint64_t position, len;
    int i;

    CHECK_STATUS(sigdelta_patch_job(NULL, &job), SIGDELTA_OK);
    for (i = 0; i < 3; i++) {
        CHECK_STATUS(sigdelta_job_step(job, &buffers), SIGDELTA_NEEDS_OUTPUT);
        CHECK_STATUS(sigdelta_job_copied(job, &buffers, 0), SIGDELTA_PARAM_ERROR);
        CHECK_ERROR("buffers: there is no room for bytes of the basis", SIGDELTA_UNKNOWN);
    }
    buffers.output = out;
    buffers.output_len = sizeof out;
    CHECK_STATUS(sigdelta_job_step(job, &buffers), SIGDELTA_NEEDS_BASIS);
    memcpy(buffers.output, "abcd", 4);
    CHECK_STATUS(sigdelta_job_copied(job, &buffers, 4), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_job_copied(job, &buffers, 0), SIGDELTA_PARAM_ERROR);
    CHECK_STATUS(sigdelta_job_step(job, &buffers), SIGDELTA_NEEDS_OUTPUT);
    buffers.output = out;
    buffers.output_len = sizeof out;
    CHECK_STATUS(sigdelta_job_step(job, &buffers), SIGDELTA_NEEDS_BASIS);
    CHECK_STATUS(sigdelta_job_wanted(job, &position, &len), SIGDELTA_OK);
    CHECK(position == 4 && len == 1);
    CHECK_STATUS(sigdelta_job_copied(job, &buffers, 0), SIGDELTA_INPUT_ENDED);
    sigdelta_job_free(job);
    bytes_free(&delta);
}

/* Copies and calls that do not fit change nothing: the job goes on. */
static void wrong_use_is_no_failure(void)
{
    bytes_t delta = unhex("72730236 45 00 05 00"), basis = noise(1, 5);
    uint8_t out[4];
    sigdelta_buffers buffers = {delta.data, delta.len, out, sizeof out, 1}, wrong = {NULL, 0, out, 0, 0};
    sigdelta_job *job = NULL, *other = NULL;
    sigdelta_index *index = NULL;
    uint64_t position, len;

    CHECK_STATUS(sigdelta_patch_job(NULL, &job), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_job_wanted(job, &position, &len), SIGDELTA_PARAM_ERROR);
    CHECK_ERROR("job wants no bytes of a basis", SIGDELTA_UNKNOWN);
    CHECK_STATUS(sigdelta_job_copied(job, &buffers, 1), SIGDELTA_PARAM_ERROR);
    CHECK_STATUS(sigdelta_job_copied(job, &buffers, 0), SIGDELTA_PARAM_ERROR);
    CHECK_STATUS(sigdelta_job_take_index(job, &index), SIGDELTA_PARAM_ERROR);
    CHECK_ERROR("job is not a load job", SIGDELTA_UNKNOWN);

    wrong.input_len = 1;
    CHECK_STATUS(sigdelta_job_step(job, &wrong), SIGDELTA_PARAM_ERROR);
    CHECK_ERROR("buffers: input is NULL or too long", SIGDELTA_UNKNOWN);
    wrong.input = delta.data;
    wrong.input_len = WHOLE;
    CHECK_STATUS(sigdelta_job_step(job, &wrong), SIGDELTA_PARAM_ERROR);
    wrong.input_len = 0;
    wrong.output = NULL;
    wrong.output_len = 1;
    CHECK_STATUS(sigdelta_job_step(job, &wrong), SIGDELTA_PARAM_ERROR);
    CHECK_ERROR("buffers: output is NULL or too long", SIGDELTA_UNKNOWN);

    CHECK_STATUS(sigdelta_job_step(job, &buffers), SIGDELTA_NEEDS_BASIS);
    CHECK_STATUS(sigdelta_job_copied(job, &buffers, 5), SIGDELTA_PARAM_ERROR);
    CHECK_ERROR("len is more than is wanted or than there is room for", SIGDELTA_UNKNOWN);
    buffers.output_len = 6;
    CHECK_STATUS(sigdelta_job_copied(job, &buffers, 6), SIGDELTA_PARAM_ERROR);
    buffers.output_len = 4;
    memcpy(buffers.output, basis.data, 4);
    CHECK_STATUS(sigdelta_job_copied(job, &buffers, 4), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_job_step(job, &buffers), SIGDELTA_NEEDS_OUTPUT);
    CHECK_STATUS(sigdelta_job_copied(job, &buffers, 1), SIGDELTA_PARAM_ERROR);
    buffers.output = out;
    buffers.output_len = 4;
    out[0] = basis.data[4];
    CHECK_STATUS(sigdelta_job_copied(job, &buffers, 1), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_job_copied(job, &buffers, 1), SIGDELTA_PARAM_ERROR);
    CHECK_STATUS(sigdelta_job_step(job, &buffers), SIGDELTA_OK);
    CHECK_INT(buffers.input_len, 0);

    CHECK_STATUS(sigdelta_signature_job(5, NULL, &other), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_job_copied(other, &buffers, 1), SIGDELTA_PARAM_ERROR);
    CHECK_ERROR("job is not a patch job", SIGDELTA_UNKNOWN);
    sigdelta_job_free(other);
    CHECK_STATUS(sigdelta_load_job(NULL, &other), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_job_take_index(other, &index), SIGDELTA_PARAM_ERROR);
    CHECK_ERROR("job has no index, or none any more", SIGDELTA_UNKNOWN);
    sigdelta_job_free(other);
    sigdelta_job_free(job);
    bytes_free(&delta);
    bytes_free(&basis);
}

/* The same status and text for good, whatever the thread heard in between. */
static void failures_stay(void)
{
    bytes_t delta = unhex("72730236 03 616263 60");
    uint8_t out[10];
    sigdelta_buffers buffers = {delta.data, delta.len, out, sizeof out, 0};
    sigdelta_stats stats = stats_new();
    sigdelta_job *job = NULL;
    sigdelta_index *index = (sigdelta_index *)out;
    int i;

    CHECK_STATUS(sigdelta_patch_job(NULL, &job), SIGDELTA_OK);
    for (i = 0; i < 3; i++) {
        CHECK_STATUS(sigdelta_job_step(job, &buffers), SIGDELTA_CORRUPT);
        CHECK_ERROR("unknown delta command 0x60 at byte 8", 8);
        /* What came before the failure is there. */
        CHECK_MEM(out, sizeof out - buffers.output_len, "abc", 3);
        CHECK_STATUS(sigdelta_job_stats(job, &stats), SIGDELTA_OK);
        CHECK_INT(stats.out_bytes, 3);
        CHECK_STATUS(sigdelta_job_step(NULL, &buffers), SIGDELTA_PARAM_ERROR);
        CHECK_ERROR("job is NULL", SIGDELTA_UNKNOWN);
    }
    sigdelta_job_free(job);

    buffers.input = (const uint8_t *)"rs\1\x48, which is no signature";
    buffers.input_len = 30;
    CHECK_STATUS(sigdelta_load_job(NULL, &job), SIGDELTA_OK);
    for (i = 0; i < 3; i++) {
        CHECK_STATUS(sigdelta_job_step(job, &buffers), SIGDELTA_BAD_MAGIC);
        CHECK(sigdelta_error_offset() == 0);
        CHECK_STATUS(sigdelta_job_take_index(job, &index), SIGDELTA_BAD_MAGIC);
        CHECK(index == NULL && sigdelta_error_offset() == 0);
    }
    sigdelta_job_free(job);
    bytes_free(&delta);
}

/* Jobs that are not done go back, too. */
static void jobs_may_be_given_up(void)
{
    bytes_t basis = noise(1, 100000);
    sigdelta_bytes signature = sign(&basis, NULL);
    sigdelta_index *index = load(&signature);
    uint8_t out[10];
    sigdelta_buffers buffers = {basis.data, basis.len, out, sizeof out, 0};
    sigdelta_job *job = NULL;

    CHECK_STATUS(sigdelta_delta_job(index, NULL, &job), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_job_step(job, &buffers), SIGDELTA_NEEDS_INPUT);
    sigdelta_job_free(job);
    CHECK_STATUS(sigdelta_load_job(NULL, &job), SIGDELTA_OK);
    buffers.input = signature.data;
    buffers.input_len = signature.len;
    CHECK_STATUS(sigdelta_job_step(job, &buffers), SIGDELTA_NEEDS_INPUT);
    buffers.end_of_input = 1;
    CHECK_STATUS(sigdelta_job_step(job, &buffers), SIGDELTA_OK);
    sigdelta_job_free(job); /* with its index */
    sigdelta_index_free(index);
    sigdelta_bytes_free(&signature);
    bytes_free(&basis);
}

int main(void)
{
    RUN(signatures_do_not_depend_on_pieces);
    RUN(deltas_and_patches_do_not_depend_on_pieces);
    RUN(done_repeats);
    RUN(numbers_are_64_bits_wide);
    RUN(a_copy_needs_room_first);
    RUN(wrong_use_is_no_failure);
    RUN(failures_stay);
    RUN(jobs_may_be_given_up);
    return check_end();
}
