/* Layered patches and flat deltas: in memory, by path, through functions of the caller. */
#include "support.h"

#include <errno.h>
#include <pthread.h>
#include <sys/wait.h>

static bytes_t old_bytes, new_bytes;

static const uint32_t LEVELS[] = {SIGDELTA_LEVEL_DEFAULT, SIGDELTA_LEVEL_FAST, SIGDELTA_LEVEL_MAX};

static sigdelta_options at_level(uint32_t level)
{
    sigdelta_options options = options_new();

    options.level = level;
    return options;
}

static sigdelta_bytes layered_diff(const bytes_t *basis, const bytes_t *new_file,
                                   const sigdelta_options *options)
{
    sigdelta_bytes patch;

    CHECK_STATUS(sigdelta_layered_diff_bytes(basis->data, basis->len, new_file->data, new_file->len,
                                             options, &patch, NULL),
                 SIGDELTA_OK);
    return patch;
}

static sigdelta_status layered_patch(const bytes_t *basis, const void *patch, size_t len,
                                     const sigdelta_options *options, sigdelta_bytes *result)
{
    return sigdelta_layered_patch_bytes(basis->data, basis->len, patch, len, options, result, NULL);
}

/* ---- sources and sinks over memory ---- */

typedef struct {
    const bytes_t *bytes;
    /* most bytes per call */
    size_t piece;
    /* the call that fails, 0 for none, and how */
    int fail_at, code, calls;
    /* calls in the caller's thread take their time */
    int slow;
    /* where the next read must be, if it reads forwards only */
    int forwards;
    uint64_t position;
} reader_t;

/* How many functions of a caller run, and which threads they were called in. */
static int running, other_threads;
static pthread_t caller;

static void enter(void)
{
    CHECK_INT(__atomic_add_fetch(&running, 1, __ATOMIC_SEQ_CST), 1);
    other_threads += !pthread_equal(caller, pthread_self());
}

static void leave(void)
{
    __atomic_sub_fetch(&running, 1, __ATOMIC_SEQ_CST);
}

static int read_at(void *opaque, uint64_t position, void *bytes, size_t *len)
{
    reader_t *reader = (reader_t *)opaque;
    size_t left = position < reader->bytes->len ? reader->bytes->len - (size_t)position : 0;

    enter();
    if (reader->slow && pthread_equal(caller, pthread_self()))
        usleep(1000);
    CHECK(*len > 0);
    CHECK(!reader->forwards || position == reader->position);
    CHECK(reader->fail_at == 0 || reader->calls < reader->fail_at);
    *len = *len < reader->piece ? *len : reader->piece;
    *len = *len < left ? *len : left;
    if (*len)
        memcpy(bytes, reader->bytes->data + position, *len);
    reader->position = position + *len;
    leave();
    return ++reader->calls == reader->fail_at ? reader->code : 0;
}

typedef struct {
    bytes_t bytes;
    int fail_at, code, calls;
} writer_t;

static int write_all(void *opaque, const void *bytes, size_t len)
{
    writer_t *writer = (writer_t *)opaque;

    enter();
    CHECK(len > 0);
    CHECK(writer->fail_at == 0 || writer->calls < writer->fail_at);
    bytes_add(&writer->bytes, bytes, len);
    leave();
    return ++writer->calls == writer->fail_at ? writer->code : 0;
}

static int watch(void *opaque, const sigdelta_progress *progress)
{
    (void)progress;
    enter();
    ++*(int *)opaque;
    leave();
    return 0;
}

/* The streams of one operation. */
typedef struct {
    reader_t basis, input;
    writer_t writer;
    sigdelta_source basis_source, input_source;
    sigdelta_sink sink;
} streams_t;

static void open_streams(streams_t *streams, const bytes_t *basis, const bytes_t *input, size_t piece)
{
    memset(streams, 0, sizeof *streams);
    streams->basis.bytes = basis;
    streams->input.bytes = input;
    streams->basis.piece = streams->input.piece = piece;
    streams->basis_source.read_at = streams->input_source.read_at = read_at;
    streams->basis_source.opaque = &streams->basis;
    streams->input_source.opaque = &streams->input;
    streams->basis_source.len = basis->len;
    streams->input_source.len = input->len;
    streams->sink.write = write_all;
    streams->sink.opaque = &streams->writer;
    caller = pthread_self();
    other_threads = 0;
}

static sigdelta_status diff_streams(streams_t *streams, const sigdelta_options *options)
{
    return sigdelta_layered_diff_stream(&streams->basis_source, &streams->input_source, &streams->sink,
                                        options, NULL);
}

static sigdelta_status patch_streams(streams_t *streams, const sigdelta_options *options)
{
    return sigdelta_layered_patch_stream(&streams->basis_source, &streams->input_source, &streams->sink,
                                         options, NULL);
}

static bytes_t as_bytes(const sigdelta_bytes *bytes)
{
    bytes_t same = {bytes->data, bytes->len, bytes->len};

    return same;
}

/* ---- tests ---- */

static void every_length_makes_the_round(void)
{
    static const size_t LENGTHS[] = {0, 1, 100, 4096, 70000};
    size_t len, other, level;

    for (len = 0; len < 5; len++) {
        for (other = 0; other < 5; other++) {
            bytes_t basis = noise(1, LENGTHS[len]), source = noise(1, LENGTHS[other]);
            bytes_t new_file = edited(&source);

            for (level = 0; level < 3; level++) {
                sigdelta_options options = at_level(LEVELS[level]);
                sigdelta_bytes patch = layered_diff(&basis, &new_file, &options), result, delta;

                CHECK_STATUS(layered_patch(&basis, patch.data, patch.len, NULL, &result), SIGDELTA_OK);
                CHECK_BYTES(result, new_file);
                CHECK(patch.data && result.data);
                sigdelta_bytes_free(&result);
                CHECK_STATUS(sigdelta_flat_diff_bytes(basis.data, basis.len, new_file.data, new_file.len,
                                                      &options, &delta, NULL),
                             SIGDELTA_OK);
                result = apply(&basis, &delta, NULL);
                CHECK_BYTES(result, new_file);
                sigdelta_bytes_free(&patch);
                sigdelta_bytes_free(&delta);
                sigdelta_bytes_free(&result);
            }
            bytes_free(&basis);
            bytes_free(&source);
            bytes_free(&new_file);
        }
    }
}

/* The same bytes by all three ways, and the same statistics. */
static void memory_files_and_streams_agree(void)
{
    size_t level;

    write_file("old", old_bytes.data, old_bytes.len);
    write_file("new", new_bytes.data, new_bytes.len);
    for (level = 0; level < 3; level++) {
        sigdelta_options options = at_level(LEVELS[level]);
        sigdelta_stats stats = stats_new(), other = stats_new();
        sigdelta_bytes patch, result;
        bytes_t patch_bytes;
        streams_t streams;

        CHECK_STATUS(sigdelta_layered_diff_bytes(old_bytes.data, old_bytes.len, new_bytes.data,
                                                 new_bytes.len, &options, &patch, &stats),
                     SIGDELTA_OK);
        CHECK_INT(stats.in_bytes, new_bytes.len);
        CHECK_INT(stats.out_bytes, patch.len);
        CHECK_INT(stats.literal_bytes + stats.aligned_bytes, new_bytes.len);
        CHECK(stats.aligned_pieces > 0 && stats.aligned_bytes > new_bytes.len / 2);
        CHECK_INT(stats.copy_commands + stats.blocks + stats.has_trailer + stats.verified, 0);
        CHECK_STATUS(sigdelta_layered_diff_file("old", "new", "patch", &options, &other), SIGDELTA_OK);
        check_file("patch", patch.data, patch.len);
        CHECK_MEM(&other, sizeof other, &stats, sizeof stats);
        open_streams(&streams, &old_bytes, &new_bytes, 5000);
        CHECK_STATUS(sigdelta_layered_diff_stream(&streams.basis_source, &streams.input_source,
                                                  &streams.sink, &options, &other),
                     SIGDELTA_OK);
        CHECK_BYTES(streams.writer.bytes, patch);
        CHECK_MEM(&other, sizeof other, &stats, sizeof stats);
        CHECK_INT(other_threads, 0);
        bytes_free(&streams.writer.bytes);

        CHECK_STATUS(sigdelta_layered_patch_bytes(old_bytes.data, old_bytes.len, patch.data, patch.len,
                                                  NULL, &result, &stats),
                     SIGDELTA_OK);
        CHECK_BYTES(result, new_bytes);
        CHECK_INT(stats.in_bytes, patch.len);
        CHECK_INT(stats.out_bytes, new_bytes.len);
        CHECK_INT(stats.verified, 1);
        CHECK_INT(stats.has_trailer + stats.literal_bytes + stats.aligned_bytes, 0);
        CHECK_STATUS(sigdelta_layered_patch_file("old", "patch", "result", NULL, &other), SIGDELTA_OK);
        check_file("result", new_bytes.data, new_bytes.len);
        CHECK_MEM(&other, sizeof other, &stats, sizeof stats);
        patch_bytes = as_bytes(&patch);
        open_streams(&streams, &old_bytes, &patch_bytes, 777);
        streams.input.forwards = 1;
        streams.basis_source.len = streams.input_source.len = SIGDELTA_UNKNOWN;
        CHECK_STATUS(sigdelta_layered_patch_stream(&streams.basis_source, &streams.input_source,
                                                   &streams.sink, NULL, &other),
                     SIGDELTA_OK);
        CHECK_BYTES(streams.writer.bytes, new_bytes);
        CHECK_MEM(&other, sizeof other, &stats, sizeof stats);
        bytes_free(&streams.writer.bytes);
        sigdelta_bytes_free(&patch);
        sigdelta_bytes_free(&result);
    }
    CHECK_INT(files_here(), 4);
}

/* What applies deltas applies layered patches, by file and in memory, also what comes through a pipe. */
static void patches_are_recognised(void)
{
    sigdelta_bytes patch = layered_diff(&old_bytes, &new_bytes, NULL), delta, result;
    sigdelta_options options = with_trailer(SIGDELTA_TRAILER_REQUIRED);
    sigdelta_stats stats = stats_new();
    int kind;

    write_file("old", old_bytes.data, old_bytes.len);
    write_file("patch", patch.data, patch.len);
    CHECK_STATUS(sigdelta_patch_bytes(old_bytes.data, old_bytes.len, patch.data, patch.len, &options,
                                      &result, &stats),
                 SIGDELTA_OK);
    CHECK_BYTES(result, new_bytes);
    CHECK_INT(stats.verified, 1);
    sigdelta_bytes_free(&result);
    CHECK_STATUS(sigdelta_patch_file("old", "patch", "result", &options, &stats), SIGDELTA_OK);
    check_file("result", new_bytes.data, new_bytes.len);
    CHECK_INT(stats.verified, 1);
    delta = diff(&old_bytes, &new_bytes, NULL);
    REQUIRE(mkfifo("pipe", 0600) == 0);
    for (kind = 0; kind < 2; kind++) {
        const sigdelta_bytes *input = kind ? &patch : &delta;
        pid_t child = fork();

        REQUIRE(child >= 0);
        if (child == 0) {
            write_file("pipe", input->data, input->len);
            _exit(0);
        }
        unlink("result");
        CHECK_STATUS(sigdelta_patch_file("old", "pipe", "result", &options, &stats), SIGDELTA_OK);
        REQUIRE(waitpid(child, NULL, 0) == child);
        check_file("result", new_bytes.data, new_bytes.len);
        CHECK_INT(stats.in_bytes, input->len);
        CHECK_INT(stats.verified, 1);
    }
    unlink("pipe");
    /* The other functions want their own kind. */
    CHECK_STATUS(layered_patch(&old_bytes, delta.data, delta.len, NULL, &result), SIGDELTA_BAD_MAGIC);
    CHECK_ERROR("not a layered patch: its magic is missing at byte 0; it looks like a delta", 0);
    sigdelta_bytes_free(&patch);
    sigdelta_bytes_free(&delta);
}

static void a_flat_delta_is_a_small_delta(void)
{
    sigdelta_options options = with_trailer(SIGDELTA_TRAILER_NONE);
    sigdelta_stats stats = stats_new();
    sigdelta_bytes flat, delta;
    streams_t streams;

    write_file("old", old_bytes.data, old_bytes.len);
    write_file("new", new_bytes.data, new_bytes.len);
    delta = diff(&old_bytes, &new_bytes, &options);
    CHECK_STATUS(sigdelta_flat_diff_bytes(old_bytes.data, old_bytes.len, new_bytes.data, new_bytes.len,
                                          &options, &flat, &stats),
                 SIGDELTA_OK);
    CHECK(flat.len < delta.len);
    CHECK_INT(stats.in_bytes, new_bytes.len);
    CHECK_INT(stats.out_bytes, flat.len);
    CHECK_INT(stats.copy_bytes + stats.literal_bytes, new_bytes.len);
    CHECK_INT(4 + stats.literal_command_bytes + stats.literal_bytes + stats.copy_command_bytes + 1, flat.len);
    CHECK_STATUS(sigdelta_flat_diff_file("old", "new", "delta", &options, NULL), SIGDELTA_OK);
    check_file("delta", flat.data, flat.len);
    open_streams(&streams, &old_bytes, &new_bytes, 10000);
    CHECK_STATUS(sigdelta_flat_diff_stream(&streams.basis_source, &streams.input_source, &streams.sink,
                                           &options, NULL),
                 SIGDELTA_OK);
    CHECK_BYTES(streams.writer.bytes, flat);
    bytes_free(&streams.writer.bytes);
    options.trailer = SIGDELTA_TRAILER_REQUIRED;
    CHECK_STATUS(sigdelta_flat_diff_file("old", "new", "delta", &options, NULL), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_patch_file("old", "delta", "result", &options, &stats), SIGDELTA_OK);
    check_file("result", new_bytes.data, new_bytes.len);
    CHECK_INT(stats.verified, 1);
    sigdelta_bytes_free(&flat);
    sigdelta_bytes_free(&delta);
}

#define REFUSED_AS(status, text)                                                                 \
    do {                                                                                         \
        CHECK_STATUS(sigdelta_layered_patch_file("old", "patch", "result", options, &stats), status); \
        CHECK(strstr(sigdelta_error_text(), text) != NULL);                                      \
        CHECK_STATUS(sigdelta_patch_file("old", "patch", "result", options, &stats), status);    \
        CHECK_STATUS(layered_patch(&basis, bad.data, bad.len, options, &result), status);        \
        CHECK(result.data == NULL && result.len == 0);                                           \
        CHECK(strstr(sigdelta_error_text(), text) != NULL);                                      \
        check_file("result", "precious", 8);                                                     \
        CHECK_INT(stats.in_bytes + stats.out_bytes + stats.verified, 0);                         \
        CHECK_INT(files_here(), files);                                                          \
    } while (0)

/* Whatever is wrong: a status, a text, and the destination as it was. */
static void failures_leave_the_destination(void)
{
    sigdelta_bytes good = layered_diff(&old_bytes, &new_bytes, NULL), result;
    sigdelta_options limited = options_new(), *options = NULL;
    sigdelta_stats stats = stats_new();
    bytes_t basis = {NULL, 0, 0}, bad = {NULL, 0, 0};
    int files;

    bytes_add(&basis, old_bytes.data, old_bytes.len);
    bytes_add(&bad, good.data, good.len);
    write_file("old", basis.data, basis.len);
    write_file("patch", bad.data, bad.len);
    write_file("result", "precious", 8);
    files = files_here();

    limited.max_output_bytes = new_bytes.len;
    CHECK_STATUS(layered_patch(&basis, bad.data, bad.len, &limited, &result), SIGDELTA_OK);
    sigdelta_bytes_free(&result);
    limited.max_output_bytes--;
    options = &limited;
    REFUSED_AS(SIGDELTA_LIMIT_REACHED, "exceeds the limit of ");
    limited.max_output_bytes = 0;
    limited.max_memory_bytes = 1 << 20;
    REFUSED_AS(SIGDELTA_LIMIT_REACHED, " bytes of memory are needed, more than the limit of 1048576");
    limited.max_memory_bytes = 64 << 20;
    CHECK_STATUS(layered_patch(&basis, bad.data, bad.len, &limited, &result), SIGDELTA_OK);
    sigdelta_bytes_free(&result);
    options = NULL;

    basis.data[basis.len / 2] ^= 1;
    write_file("old", basis.data, basis.len);
    REFUSED_AS(SIGDELTA_CORRUPT, "the basis is not the one this patch was made against");
    CHECK(sigdelta_error_offset() == SIGDELTA_UNKNOWN);
    basis.data[basis.len / 2] ^= 1;
    bytes_add(&basis, "x", 1);
    write_file("old", basis.data, basis.len);
    REFUSED_AS(SIGDELTA_CORRUPT, "the basis is not the one this patch was made against (");
    basis.len -= 2;
    write_file("old", basis.data, basis.len);
    REFUSED_AS(SIGDELTA_CORRUPT, "the basis is not the one this patch was made against (");
    basis.len++;
    write_file("old", basis.data, basis.len);

    bad.data[bad.len / 2] ^= 0x10;
    write_file("patch", bad.data, bad.len);
    REFUSED_AS(SIGDELTA_CORRUPT, "layered patch ");
    CHECK(sigdelta_error_offset() < bad.len);
    bad.data[bad.len / 2] ^= 0x10;
    bad.data[bad.len - 1] ^= 1;
    write_file("patch", bad.data, bad.len);
    REFUSED_AS(SIGDELTA_CORRUPT, "the layered patch is damaged at byte ");
    bad.data[bad.len - 1] ^= 1;
    bad.data[4] = 99;
    write_file("patch", bad.data, bad.len);
    REFUSED_AS(SIGDELTA_CORRUPT, "layered patch of unknown version 99 at byte 4");
    CHECK_INT(sigdelta_error_offset(), 4);
    bad.data[4] = good.data[4];
    bytes_add(&bad, "x", 1);
    write_file("patch", bad.data, bad.len);
    REFUSED_AS(SIGDELTA_CORRUPT, "stray bytes after the end, from byte ");
    CHECK_INT(sigdelta_error_offset(), good.len);
    bad.len = good.len - 1;
    write_file("patch", bad.data, bad.len);
    REFUSED_AS(SIGDELTA_INPUT_ENDED, "unexpected end of input at byte ");
    CHECK_INT(sigdelta_error_offset(), bad.len);
    bad.data[0] ^= 1;
    write_file("patch", bad.data, bad.len);
    REFUSED_AS(SIGDELTA_BAD_MAGIC, "not a ");
    sigdelta_bytes_free(&good);
    bytes_free(&basis);
    bytes_free(&bad);
}

/* No bit of a patch can be changed unnoticed. */
static void no_flipped_bit_passes(void)
{
    bytes_t basis = noise(1, 2000), new_file = edited(&basis);
    sigdelta_bytes patch = layered_diff(&basis, &new_file, NULL), result;
    size_t bit;

    for (bit = 0; bit < 8 * patch.len; bit++) {
        sigdelta_status status;

        patch.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
        status = layered_patch(&basis, patch.data, patch.len, NULL, &result);
        CHECK(status >= SIGDELTA_INPUT_ENDED && status != SIGDELTA_INTERNAL_ERROR && !result.data);
        patch.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    sigdelta_bytes_free(&patch);
    bytes_free(&basis);
    bytes_free(&new_file);
}

static void files_must_be_right(void)
{
    int files;

    write_file("old", old_bytes.data, old_bytes.len);
    write_file("new", new_bytes.data, new_bytes.len);
    write_file("result", "precious", 8);
    REQUIRE(exists("pipe") || mkfifo("pipe", 0600) == 0);
    files = files_here();
    CHECK_STATUS(sigdelta_layered_diff_file("missing", "new", "result", NULL, NULL), SIGDELTA_IO_ERROR);
    CHECK(strncmp(sigdelta_error_text(), "missing: cannot open: ", 22) == 0);
    CHECK_INT(sigdelta_error_errno(), ENOENT);
    CHECK_STATUS(sigdelta_flat_diff_file("old", "missing", "result", NULL, NULL), SIGDELTA_IO_ERROR);
    CHECK_STATUS(sigdelta_layered_patch_file("old", "missing", "result", NULL, NULL), SIGDELTA_IO_ERROR);
    CHECK_STATUS(sigdelta_layered_diff_file("old", "new", "new", NULL, NULL), SIGDELTA_IO_ERROR);
    CHECK_STATUS(sigdelta_flat_diff_file("old", "new", "old", NULL, NULL), SIGDELTA_IO_ERROR);
    CHECK_STATUS(sigdelta_layered_diff_file("/dev/null", "new", "result", NULL, NULL), SIGDELTA_IO_ERROR);
    CHECK_STR(sigdelta_error_text(),
              "/dev/null: cannot read the basis: it is not a regular file, and must be read anywhere");
    CHECK_STATUS(sigdelta_flat_diff_file("old", "/dev/null", "result", NULL, NULL), SIGDELTA_IO_ERROR);
    CHECK_STATUS(sigdelta_layered_diff_file("old", "new", "no/such/directory", NULL, NULL),
                 SIGDELTA_IO_ERROR);
    check_file("result", "precious", 8);
    check_file("old", old_bytes.data, old_bytes.len);
    CHECK_INT(files_here(), files);
    /* What cannot be replaced is written directly. */
    CHECK_STATUS(sigdelta_layered_diff_file("old", "new", "patch", NULL, NULL), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_layered_patch_file("old", "patch", "/dev/null", NULL, NULL), SIGDELTA_OK);
    if (exists("/dev/full")) {
        CHECK_STATUS(sigdelta_layered_patch_file("old", "patch", "/dev/full", NULL, NULL), SIGDELTA_IO_ERROR);
        CHECK(strncmp(sigdelta_error_text(), "/dev/full: cannot write: ", 25) == 0);
        CHECK_INT(sigdelta_error_errno(), ENOSPC);
    }
}

/* Each call of a function fails in turn, with an errno or without; nothing is called after that. */
static void failing_functions_fail_the_call(void)
{
    sigdelta_bytes made = layered_diff(&old_bytes, &new_bytes, NULL);
    bytes_t patch = as_bytes(&made);
    int applies, which, code;

    for (applies = 0; applies < 2; applies++) {
        const bytes_t *input = applies ? &patch : &new_bytes;

        for (which = 0; which < 3; which++) {
            for (code = -1; code <= EIO; code += EIO + 1) {
                static const char *WHAT[] = {"cannot read the basis: ", "cannot read: ", "cannot write: "};
                int at = 1, *fail_at, *calls, done = 0;
                streams_t streams;

                while (!done) {
                    sigdelta_status status;

                    open_streams(&streams, &old_bytes, input, 60000);
                    fail_at = which == 0   ? &streams.basis.fail_at
                              : which == 1 ? &streams.input.fail_at
                                           : &streams.writer.fail_at;
                    calls = which == 0   ? &streams.basis.calls
                            : which == 1 ? &streams.input.calls
                                         : &streams.writer.calls;
                    *fail_at = at++;
                    streams.basis.code = streams.input.code = streams.writer.code = code;
                    status = applies ? patch_streams(&streams, NULL) : diff_streams(&streams, NULL);
                    done = *calls < *fail_at;
                    CHECK_STATUS(status, done ? SIGDELTA_OK : SIGDELTA_IO_ERROR);
                    if (!done) {
                        CHECK(strncmp(sigdelta_error_text(), WHAT[which], strlen(WHAT[which])) == 0);
                        CHECK_INT(sigdelta_error_errno(), code > 0 ? code : 0);
                    }
                    bytes_free(&streams.writer.bytes);
                }
                CHECK(at > 2);
            }
        }
    }
    sigdelta_bytes_free(&made);
}

static int read_too_much(void *opaque, uint64_t position, void *bytes, size_t *len)
{
    (void)opaque;
    (void)position;
    memset(bytes, 0, *len);
    ++*len;
    return 0;
}

static void sources_must_be_right(void)
{
    streams_t streams;

    open_streams(&streams, &old_bytes, &new_bytes, WHOLE);
    streams.basis_source.read_at = read_too_much;
    CHECK_STATUS(diff_streams(&streams, NULL), SIGDELTA_IO_ERROR);
    CHECK_STR(sigdelta_error_text(), "cannot read the basis: read_at read more than was asked for");
    streams.basis_source.read_at = NULL;
    CHECK_STATUS(diff_streams(&streams, NULL), SIGDELTA_PARAM_ERROR);
    CHECK_STR(sigdelta_error_text(), "basis has no read_at");
    streams.basis_source.read_at = read_at;
    streams.basis_source.len = SIGDELTA_UNKNOWN;
    CHECK_STATUS(diff_streams(&streams, NULL), SIGDELTA_PARAM_ERROR);
    CHECK_STR(sigdelta_error_text(), "basis has no known length");
    streams.basis_source.len = old_bytes.len;
    streams.input_source.len = SIGDELTA_UNKNOWN;
    CHECK_STATUS(diff_streams(&streams, NULL), SIGDELTA_PARAM_ERROR);
    CHECK_STR(sigdelta_error_text(), "new_file has no known length");
    /* Shorter than they say. */
    streams.input_source.len = new_bytes.len + 1;
    CHECK_STATUS(diff_streams(&streams, NULL), SIGDELTA_IO_ERROR);
    streams.input_source.len = new_bytes.len;
    streams.basis_source.len = old_bytes.len + 1;
    CHECK_STATUS(diff_streams(&streams, NULL), SIGDELTA_IO_ERROR);
    streams.basis_source.len = old_bytes.len;
    streams.sink.write = NULL;
    CHECK_STATUS(diff_streams(&streams, NULL), SIGDELTA_PARAM_ERROR);
    CHECK_STR(sigdelta_error_text(), "patch has no write");
    bytes_free(&streams.writer.bytes);
}

/* With threads the sources are read in them, in turns with all that is called. */
static void functions_take_turns(void)
{
    bytes_t basis = noise(4, 2u << 20);
    /* Two groups, for two threads. */
    bytes_t new_file = noise(5, 33u << 20);
    sigdelta_options options = at_level(SIGDELTA_LEVEL_FAST);
    bytes_t expected;
    streams_t streams;
    int reports = 0;

    open_streams(&streams, &basis, &new_file, 100000);
    CHECK_STATUS(diff_streams(&streams, &options), SIGDELTA_OK);
    CHECK_INT(other_threads, 0);
    expected = streams.writer.bytes;
    options.threads = 4;
    options.progress = watch;
    options.progress_opaque = &reports;
    open_streams(&streams, &basis, &new_file, 100000);
    streams.input.slow = 1;
    CHECK_STATUS(diff_streams(&streams, &options), SIGDELTA_OK);
    CHECK(other_threads > 0 && reports > 0);
    CHECK_BYTES(streams.writer.bytes, expected);
    bytes_free(&streams.writer.bytes);
    bytes_free(&expected);
    bytes_free(&basis);
    bytes_free(&new_file);
}

int main(void)
{
    old_bytes = noise(1, 300000);
    new_bytes = edited(&old_bytes);
    RUN(every_length_makes_the_round);
    RUN(memory_files_and_streams_agree);
    RUN(patches_are_recognised);
    RUN(a_flat_delta_is_a_small_delta);
    RUN(failures_leave_the_destination);
    RUN(no_flipped_bit_passes);
    RUN(files_must_be_right);
    RUN(failing_functions_fail_the_call);
    RUN(sources_must_be_right);
    RUN(functions_take_turns);
    bytes_free(&old_bytes);
    bytes_free(&new_bytes);
    return check_end();
}
