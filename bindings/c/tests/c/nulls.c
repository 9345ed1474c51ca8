/* Every function with NULL in every place. */
#include "support.h"

static sigdelta_bytes bytes;
static sigdelta_stats stats = SIGDELTA_STATS_INIT;
static sigdelta_buffers buffers;
static sigdelta_command command;
static sigdelta_index *loaded;
static sigdelta_job *patch_job;
static sigdelta_decoder *decoder;
static uint64_t position, len;

#define REFUSED(call, text)                       \
    do {                                          \
        CHECK_STATUS(call, SIGDELTA_PARAM_ERROR); \
        CHECK_ERROR(text, SIGDELTA_UNKNOWN);      \
    } while (0)

static void free_takes_nothing(void)
{
    sigdelta_bytes_free(NULL);
    sigdelta_bytes_free(&bytes);
    sigdelta_index_free(NULL);
    sigdelta_job_free(NULL);
    sigdelta_decoder_free(NULL);
    CHECK_INT(sigdelta_has_feature(NULL), 0);
}

static void bytes_need_bytes(void)
{
    REFUSED(sigdelta_signature_bytes("", 0, NULL, NULL, NULL), "signature is NULL");
    REFUSED(sigdelta_signature_bytes(NULL, 1, NULL, &bytes, NULL), "basis is NULL or too long");
    REFUSED(sigdelta_signature_bytes("", WHOLE, NULL, &bytes, NULL), "basis is NULL or too long");
    REFUSED(sigdelta_delta_bytes("", 0, "", 0, NULL, NULL, NULL), "delta is NULL");
    REFUSED(sigdelta_delta_bytes(NULL, 1, "", 0, NULL, &bytes, NULL), "signature is NULL or too long");
    REFUSED(sigdelta_delta_bytes("", 0, NULL, 1, NULL, &bytes, NULL), "new_file is NULL or too long");
    REFUSED(sigdelta_diff_bytes("", 0, "", 0, NULL, NULL, NULL), "delta is NULL");
    REFUSED(sigdelta_diff_bytes(NULL, 1, "", 0, NULL, &bytes, NULL), "basis is NULL or too long");
    REFUSED(sigdelta_diff_bytes("", 0, NULL, 1, NULL, &bytes, NULL), "new_file is NULL or too long");
    REFUSED(sigdelta_patch_bytes("", 0, "", 0, NULL, NULL, NULL), "result is NULL");
    REFUSED(sigdelta_patch_bytes(NULL, 1, "", 0, NULL, &bytes, NULL), "basis is NULL or too long");
    REFUSED(sigdelta_patch_bytes("", 0, NULL, 1, NULL, &bytes, NULL), "delta is NULL or too long");
    REFUSED(sigdelta_index_delta_bytes(NULL, "", 0, NULL, &bytes, NULL), "index is NULL");
    REFUSED(sigdelta_layered_diff_bytes("", 0, "", 0, NULL, NULL, NULL), "patch is NULL");
    REFUSED(sigdelta_layered_diff_bytes(NULL, 1, "", 0, NULL, &bytes, NULL), "basis is NULL or too long");
    REFUSED(sigdelta_layered_diff_bytes("", 0, "", WHOLE, NULL, &bytes, NULL), "new_file is NULL or too long");
    REFUSED(sigdelta_layered_patch_bytes("", 0, "", 0, NULL, NULL, NULL), "result is NULL");
    REFUSED(sigdelta_layered_patch_bytes(NULL, 1, "", 0, NULL, &bytes, NULL), "basis is NULL or too long");
    REFUSED(sigdelta_layered_patch_bytes("", 0, NULL, 1, NULL, &bytes, NULL), "patch is NULL or too long");
    REFUSED(sigdelta_flat_diff_bytes("", 0, "", 0, NULL, NULL, NULL), "delta is NULL");
    REFUSED(sigdelta_flat_diff_bytes(NULL, 1, "", 0, NULL, &bytes, NULL), "basis is NULL or too long");
    REFUSED(sigdelta_flat_diff_bytes("", 0, NULL, 1, NULL, &bytes, NULL), "new_file is NULL or too long");
    CHECK(bytes.data == NULL && bytes.len == 0);
}

static void files_need_names(void)
{
    REFUSED(sigdelta_signature_file(NULL, "x", NULL, NULL), "basis is NULL");
    REFUSED(sigdelta_signature_file("nulls", NULL, NULL, &stats), "signature is NULL");
    REFUSED(sigdelta_delta_file(NULL, "x", "x", NULL, &stats), "signature is NULL");
    REFUSED(sigdelta_delta_file("x", NULL, "x", NULL, &stats), "new_file is NULL");
    REFUSED(sigdelta_delta_file("x", "x", NULL, NULL, &stats), "delta is NULL");
    REFUSED(sigdelta_diff_file(NULL, "x", "x", NULL, &stats), "basis is NULL");
    REFUSED(sigdelta_diff_file("x", NULL, "x", NULL, &stats), "new_file is NULL");
    REFUSED(sigdelta_diff_file("x", "x", NULL, NULL, &stats), "delta is NULL");
    REFUSED(sigdelta_patch_file(NULL, "x", "x", NULL, &stats), "basis is NULL");
    REFUSED(sigdelta_patch_file("x", NULL, "x", NULL, &stats), "delta is NULL");
    REFUSED(sigdelta_patch_file("x", "x", NULL, NULL, &stats), "result is NULL");
    REFUSED(sigdelta_layered_diff_file(NULL, "x", "x", NULL, &stats), "basis is NULL");
    REFUSED(sigdelta_layered_diff_file("x", NULL, "x", NULL, &stats), "new_file is NULL");
    REFUSED(sigdelta_layered_diff_file("x", "x", NULL, NULL, &stats), "patch is NULL");
    REFUSED(sigdelta_layered_patch_file(NULL, "x", "x", NULL, &stats), "basis is NULL");
    REFUSED(sigdelta_layered_patch_file("x", NULL, "x", NULL, &stats), "patch is NULL");
    REFUSED(sigdelta_layered_patch_file("x", "x", NULL, NULL, &stats), "result is NULL");
    REFUSED(sigdelta_flat_diff_file(NULL, "x", "x", NULL, &stats), "basis is NULL");
    REFUSED(sigdelta_flat_diff_file("x", NULL, "x", NULL, &stats), "new_file is NULL");
    REFUSED(sigdelta_flat_diff_file("x", "x", NULL, NULL, &stats), "delta is NULL");
    REFUSED(sigdelta_index_from_file(NULL, NULL, &loaded), "signature is NULL");
    REFUSED(sigdelta_index_delta_file(NULL, "x", "x", NULL, &stats), "index is NULL");
    CHECK_INT(files_here(), 0);
}

static int read_nothing(void *opaque, uint64_t position, void *to, size_t *count)
{
    (void)opaque;
    (void)position;
    (void)to;
    *count = 0;
    return 0;
}

static int drop(void *opaque, const void *from, size_t count)
{
    (void)opaque;
    (void)from;
    (void)count;
    return 0;
}

static void streams_need_functions(void)
{
    sigdelta_source empty = {read_nothing, NULL, 0}, none = {NULL, NULL, 0};
    sigdelta_sink dropped = {drop, NULL}, nowhere = {NULL, NULL};

    REFUSED(sigdelta_layered_diff_stream(NULL, &empty, &dropped, NULL, &stats), "basis is NULL");
    REFUSED(sigdelta_layered_diff_stream(&empty, NULL, &dropped, NULL, &stats), "new_file is NULL");
    REFUSED(sigdelta_layered_diff_stream(&empty, &empty, NULL, NULL, &stats), "patch is NULL");
    REFUSED(sigdelta_layered_diff_stream(&empty, &none, &dropped, NULL, &stats), "new_file has no read_at");
    REFUSED(sigdelta_layered_patch_stream(NULL, &empty, &dropped, NULL, &stats), "basis is NULL");
    REFUSED(sigdelta_layered_patch_stream(&empty, NULL, &dropped, NULL, &stats), "patch is NULL");
    REFUSED(sigdelta_layered_patch_stream(&empty, &empty, NULL, NULL, &stats), "result is NULL");
    REFUSED(sigdelta_layered_patch_stream(&empty, &empty, &nowhere, NULL, &stats), "result has no write");
    REFUSED(sigdelta_flat_diff_stream(NULL, &empty, &dropped, NULL, &stats), "basis is NULL");
    REFUSED(sigdelta_flat_diff_stream(&empty, NULL, &dropped, NULL, &stats), "new_file is NULL");
    REFUSED(sigdelta_flat_diff_stream(&empty, &empty, NULL, NULL, &stats), "delta is NULL");
    CHECK_STATUS(sigdelta_layered_diff_stream(&empty, &empty, &dropped, NULL, &stats), SIGDELTA_OK);
}

static void deltas_of_an_index_need_the_rest(void)
{
    sigdelta_bytes signature;
    sigdelta_index *index;

    CHECK_STATUS(sigdelta_signature_bytes("", 0, NULL, &signature, NULL), SIGDELTA_OK);
    index = load(&signature);
    REFUSED(sigdelta_index_delta_bytes(index, "", 0, NULL, NULL, NULL), "delta is NULL");
    REFUSED(sigdelta_index_delta_bytes(index, NULL, 1, NULL, &bytes, NULL), "new_file is NULL or too long");
    REFUSED(sigdelta_index_delta_file(index, NULL, "x", NULL, NULL), "new_file is NULL");
    REFUSED(sigdelta_index_delta_file(index, "x", NULL, NULL, NULL), "delta is NULL");
    sigdelta_index_free(index);
    sigdelta_bytes_free(&signature);
}

static void handles_need_a_place(void)
{
    REFUSED(sigdelta_index_from_file("x", NULL, NULL), "index is NULL");
    REFUSED(sigdelta_index_from_bytes("", 0, NULL, NULL), "index is NULL");
    REFUSED(sigdelta_index_from_bytes(NULL, 1, NULL, &loaded), "signature is NULL or too long");
    REFUSED(sigdelta_signature_job(1, NULL, NULL), "job is NULL");
    REFUSED(sigdelta_load_job(NULL, NULL), "job is NULL");
    REFUSED(sigdelta_delta_job(NULL, NULL, NULL), "job is NULL");
    REFUSED(sigdelta_delta_job(NULL, NULL, &patch_job), "index is NULL");
    REFUSED(sigdelta_patch_job(NULL, NULL), "job is NULL");
    REFUSED(sigdelta_decoder_new(NULL, NULL), "decoder is NULL");
    CHECK(loaded == NULL && patch_job == NULL);
}

static void calls_need_handles(void)
{
    CHECK_STATUS(sigdelta_patch_job(NULL, &patch_job), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_decoder_new(NULL, &decoder), SIGDELTA_OK);
    REFUSED(sigdelta_index_info(NULL, NULL, NULL, NULL, NULL), "index is NULL");
    REFUSED(sigdelta_job_take_index(NULL, &loaded), "job is NULL");
    REFUSED(sigdelta_job_take_index(patch_job, NULL), "index is NULL");
    REFUSED(sigdelta_job_step(NULL, &buffers), "job is NULL");
    REFUSED(sigdelta_job_step(patch_job, NULL), "buffers is NULL");
    REFUSED(sigdelta_job_wanted(NULL, &position, &len), "job is NULL");
    REFUSED(sigdelta_job_wanted(patch_job, NULL, &len), "position is NULL");
    REFUSED(sigdelta_job_wanted(patch_job, &position, NULL), "len is NULL");
    REFUSED(sigdelta_job_copied(NULL, &buffers, 1), "job is NULL");
    REFUSED(sigdelta_job_copied(patch_job, NULL, 1), "buffers is NULL");
    REFUSED(sigdelta_job_stats(NULL, &stats), "job is NULL");
    REFUSED(sigdelta_decoder_next(NULL, &buffers, &command), "decoder is NULL");
    REFUSED(sigdelta_decoder_next(decoder, NULL, &command), "buffers is NULL");
    REFUSED(sigdelta_decoder_next(decoder, &buffers, NULL), "command is NULL");
    /* Statistics are never mandatory. */
    CHECK_STATUS(sigdelta_job_stats(patch_job, NULL), SIGDELTA_OK);
    /* None of this did any harm. */
    CHECK_STATUS(sigdelta_job_step(patch_job, &buffers), SIGDELTA_NEEDS_INPUT);
    CHECK_STATUS(sigdelta_decoder_next(decoder, &buffers, &command), SIGDELTA_NEEDS_INPUT);
    sigdelta_job_free(patch_job);
    sigdelta_decoder_free(decoder);
}

static void parameters_need_nothing(void)
{
    CHECK_STATUS(sigdelta_signature_params(1, NULL, NULL, NULL, NULL), SIGDELTA_OK);
}

int main(void)
{
    RUN(free_takes_nothing);
    RUN(bytes_need_bytes);
    RUN(files_need_names);
    RUN(streams_need_functions);
    RUN(deltas_of_an_index_need_the_rest);
    RUN(handles_need_a_place);
    RUN(calls_need_handles);
    RUN(parameters_need_nothing);
    return check_end();
}
