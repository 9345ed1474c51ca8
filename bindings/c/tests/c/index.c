/* Indexes from bytes and files, and the deltas of many new files against one. */
#include "support.h"

#include <errno.h>

static bytes_t basis, new_file;
static sigdelta_bytes signature, expected;

static void check_index(sigdelta_index *index)
{
    sigdelta_stats stats = stats_new();
    sigdelta_bytes delta;
    int i;

    for (i = 0; i < 3; i++) {
        CHECK_STATUS(sigdelta_index_delta_bytes(index, new_file.data, new_file.len, NULL, &delta, &stats),
                     SIGDELTA_OK);
        CHECK_BYTES(delta, expected);
        sigdelta_bytes_free(&delta);
        CHECK_INT(stats.in_bytes, new_file.len);
        CHECK_INT(stats.out_bytes, expected.len);
        CHECK(stats.matches > 0);
        CHECK_STATUS(sigdelta_index_delta_file(index, "new", "delta", NULL, &stats), SIGDELTA_OK);
        check_file("delta", expected.data, expected.len);
        CHECK_INT(stats.in_bytes, new_file.len);
        CHECK_INT(stats.out_bytes, expected.len);
    }
    CHECK_STATUS(sigdelta_index_delta_bytes(index, NULL, 0, NULL, &delta, NULL), SIGDELTA_OK);
    CHECK_INT(delta.len, 5 + 48);
    sigdelta_bytes_free(&delta);
    sigdelta_index_free(index);
}

static void one_index_makes_many_deltas(void)
{
    sigdelta_index *index = NULL;

    check_index(load(&signature));
    CHECK_STATUS(sigdelta_index_from_file("sig", NULL, &index), SIGDELTA_OK);
    check_index(index);
}

static void options_count(void)
{
    sigdelta_options options = with_trailer(SIGDELTA_TRAILER_NONE);
    sigdelta_index *index = load(&signature), *other;
    sigdelta_bytes delta;

    CHECK_STATUS(sigdelta_index_delta_bytes(index, new_file.data, new_file.len, &options, &delta, NULL),
                 SIGDELTA_OK);
    CHECK_MEM(delta.data, delta.len, expected.data, expected.len - 48);
    sigdelta_bytes_free(&delta);
    options.max_memory_bytes = 100000;
    CHECK_STATUS(sigdelta_index_delta_bytes(index, "new", 3, &options, &delta, NULL), SIGDELTA_LIMIT_REACHED);
    CHECK(delta.data == NULL);
    unlink("delta");
    CHECK_STATUS(sigdelta_index_delta_file(index, "new", "delta", &options, NULL), SIGDELTA_LIMIT_REACHED);
    CHECK(!exists("delta"));
    options.max_signature_bytes = signature.len - 1;
    CHECK_STATUS(sigdelta_index_from_file("sig", &options, &other), SIGDELTA_LIMIT_REACHED);
    CHECK(other == NULL && sigdelta_error_offset() == signature.len - 1);
    sigdelta_index_free(index);
}

static void failures_name_the_file(void)
{
    sigdelta_index *index = load(&signature), *other = index;

    CHECK_STATUS(sigdelta_index_from_file("missing", NULL, &other), SIGDELTA_IO_ERROR);
    CHECK(other == NULL && strncmp(sigdelta_error_text(), "missing: cannot open: ", 22) == 0);
    CHECK_INT(sigdelta_error_errno(), ENOENT);
    CHECK_STATUS(sigdelta_index_from_file("new", NULL, &other), SIGDELTA_BAD_MAGIC);
    CHECK(other == NULL && strncmp(sigdelta_error_text(), "new: not a signature: ", 22) == 0);
    CHECK_STATUS(sigdelta_index_delta_file(index, "missing", "delta", NULL, NULL), SIGDELTA_IO_ERROR);
    CHECK(strncmp(sigdelta_error_text(), "missing: cannot open: ", 22) == 0);
    CHECK_STATUS(sigdelta_index_delta_file(index, "new", "new", NULL, NULL), SIGDELTA_IO_ERROR);
    check_file("new", new_file.data, new_file.len);
    CHECK_INT(files_here(), 2);
    sigdelta_index_free(index);
}

int main(void)
{
    basis = noise(1, 100000);
    new_file = edited(&basis);
    signature = sign(&basis, NULL);
    expected = make_delta(&signature, &new_file, NULL);
    write_file("new", new_file.data, new_file.len);
    write_file("sig", signature.data, signature.len);
    RUN(one_index_makes_many_deltas);
    RUN(options_count);
    RUN(failures_name_the_file);
    sigdelta_bytes_free(&signature);
    sigdelta_bytes_free(&expected);
    bytes_free(&basis);
    bytes_free(&new_file);
    return check_end();
}
