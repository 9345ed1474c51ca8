/* The whole-file functions on stdio streams of every kind. */
#include "support.h"

#include <sys/stat.h>

static FILE *file_of(const bytes_t *bytes)
{
    FILE *file = tmpfile();

    REQUIRE(file);
    if (bytes->len)
        REQUIRE(fwrite(bytes->data, 1, bytes->len, file) == bytes->len);
    rewind(file);
    return file;
}

static bytes_t contents(FILE *file)
{
    bytes_t bytes = {NULL, 0, 0};
    char part[4096];
    size_t len;

    rewind(file);
    while ((len = fread(part, 1, sizeof part, file)) > 0)
        bytes_add(&bytes, part, len);
    return bytes;
}

/* A signature for deltas, from bytes, by the file functions. */
static rs_signature_t *load_file(const bytes_t *sig, rs_stats_t *stats)
{
    rs_signature_t *sums = NULL;
    FILE *file = file_of(sig);

    CHECK_INT(rs_loadsig_file(file, &sums, stats), RS_DONE);
    CHECK_INT(ftell(file), sig->len);
    CHECK_INT(rs_build_hash_table(sums), RS_DONE);
    fclose(file);
    return sums;
}

/* The three steps over temporary files; everything must equal what the jobs make. */
static void round_trip(size_t len, rs_magic_number kind, size_t block_len, size_t strong_len)
{
    bytes_t old = noise((unsigned)len, len), new_bytes = edited(&old), sig, delta, bytes;
    FILE *old_file = file_of(&old), *new_file = file_of(&new_bytes);
    FILE *sig_file = tmpfile(), *delta_file = tmpfile(), *result_file = tmpfile();
    rs_magic_number kind_used = kind;
    rs_signature_t *sums;

    REQUIRE(sig_file && delta_file && result_file);
    CHECK_INT(rs_sig_file(old_file, sig_file, block_len, strong_len, kind, NULL), RS_DONE);
    CHECK_INT(ftell(old_file), len);
    bytes = contents(sig_file);
    /* Parameters depend on the size of the file. */
    CHECK_INT(rs_sig_args((rs_long_t)len, &kind_used, &block_len, &strong_len), RS_DONE);
    sig = sign(&old, block_len, strong_len, kind_used);
    CHECK_BYTES(bytes, sig);
    bytes_free(&bytes);

    sums = load_file(&sig, NULL);
    CHECK_INT(rs_delta_file(sums, new_file, delta_file, NULL), RS_DONE);
    CHECK_INT(ftell(new_file), new_bytes.len);
    bytes = contents(delta_file);
    delta = make_delta(sums, &new_bytes);
    if (len)
        CHECK_BYTES(bytes, delta);
    bytes_free(&bytes);
    rs_free_sumset(sums);

    rewind(delta_file);
    CHECK_INT(rs_patch_file(old_file, delta_file, result_file, NULL), RS_DONE);
    bytes = contents(result_file);
    CHECK_BYTES(bytes, new_bytes);

    bytes_free(&old);
    bytes_free(&new_bytes);
    bytes_free(&sig);
    bytes_free(&delta);
    bytes_free(&bytes);
    fclose(old_file);
    fclose(new_file);
    fclose(sig_file);
    fclose(delta_file);
    fclose(result_file);
}

static void round_trips(void)
{
    static const size_t lengths[] = {0, 1, 255, 256, 100000};
    size_t i, kind;

    for (i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        for (kind = 0; kind < 4; kind++) {
            round_trip(lengths[i], KINDS[kind], 0, 0);
            round_trip(lengths[i], KINDS[kind], 0, (size_t)-1);
            round_trip(lengths[i], KINDS[kind], 700, 8);
        }
        round_trip(lengths[i], (rs_magic_number)0, 0, 0);
    }
}

static void buffer_sizes(void)
{
    static const int sizes[] = {1, 2, 3, 7, 15, 100, 10000, 200000};
    size_t i;

    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        rs_inbuflen = sizes[i];
        round_trip(20000, RS_MD4_SIG_MAGIC, 700, 8);
        rs_outbuflen = sizes[i];
        round_trip(20000, RS_MD4_SIG_MAGIC, 700, 8);
        rs_inbuflen = 0;
        round_trip(20000, RS_MD4_SIG_MAGIC, 700, 8);
        rs_outbuflen = 0;
    }
}

/* ---- where reading and writing starts and ends ---- */

static void half_read_input_is_read_on(void)
{
    bytes_t old = noise(1, 30000), rest = {NULL, 0, 0}, expected, actual;
    FILE *old_file = file_of(&old), *sig_file = tmpfile();

    fseek(old_file, 10000, SEEK_SET);
    CHECK_INT(fgetc(old_file), (unsigned char)old.data[10000]);
    CHECK_INT(fgetc(old_file), (unsigned char)old.data[10001]);
    /* Pushed back, and not what it was. */
    ungetc('!', old_file);
    bytes_add(&rest, "!", 1);
    bytes_add(&rest, old.data + 10002, old.len - 10002);
    CHECK_INT(rs_sig_file(old_file, sig_file, 512, 8, RS_MD4_SIG_MAGIC, NULL), RS_DONE);
    CHECK_INT(ftell(old_file), old.len);
    expected = sign(&rest, 512, 8, RS_MD4_SIG_MAGIC);
    actual = contents(sig_file);
    CHECK_BYTES(actual, expected);
    fclose(old_file);
    fclose(sig_file);
    bytes_free(&old);
    bytes_free(&rest);
    bytes_free(&expected);
    bytes_free(&actual);
}

/* A signature, a new file and a delta, each within a file with other things around. */
static void text_before_and_after(void)
{
    bytes_t old = noise(2, 30000), new_bytes = edited(&old), sig, delta, expected = {NULL, 0, 0};
    bytes_t actual;
    FILE *old_file = file_of(&old), *new_file = file_of(&new_bytes);
    FILE *file = tmpfile(), *result_file = tmpfile();
    rs_signature_t *sums = NULL;
    long delta_at;

    REQUIRE(file && result_file);
    fputs("before", file);
    CHECK_INT(rs_sig_file(old_file, file, 512, 8, RS_MD4_SIG_MAGIC, NULL), RS_DONE);
    sig = sign(&old, 512, 8, RS_MD4_SIG_MAGIC);
    CHECK_INT(ftell(file), 6 + sig.len);
    sums = load(&sig);
    delta = make_delta(sums, &new_bytes);
    fputs("between", file);
    delta_at = ftell(file);
    CHECK_INT(rs_delta_file(sums, new_file, file, NULL), RS_DONE);
    CHECK_INT(ftell(file), delta_at + (long)delta.len);
    fputs("after", file);

    bytes_add(&expected, "before", 6);
    bytes_add(&expected, sig.data, sig.len);
    bytes_add(&expected, "between", 7);
    bytes_add(&expected, delta.data, delta.len);
    bytes_add(&expected, "after", 5);
    actual = contents(file);
    CHECK_BYTES(actual, expected);
    bytes_free(&actual);

    /* What follows the END of a delta is of no concern; result between two texts. */
    fseek(file, delta_at, SEEK_SET);
    fputs("<", result_file);
    CHECK_INT(rs_patch_file(old_file, file, result_file, NULL), RS_DONE);
    fputs(">", result_file);
    expected.len = 0;
    bytes_add(&expected, "<", 1);
    bytes_add(&expected, new_bytes.data, new_bytes.len);
    bytes_add(&expected, ">", 1);
    actual = contents(result_file);
    CHECK_BYTES(actual, expected);

    rs_free_sumset(sums);
    fclose(old_file);
    fclose(new_file);
    fclose(file);
    fclose(result_file);
    bytes_free(&old);
    bytes_free(&new_bytes);
    bytes_free(&sig);
    bytes_free(&delta);
    bytes_free(&expected);
    bytes_free(&actual);
}

/* A delta is read in pieces of 64 KiB, so that is how far a stream gets that goes on behind it. */
static void positions_after_a_patch(void)
{
    bytes_t old = noise(3, 30000), delta = unhex("72730236 02 6869 4a 03e8 1388 4a 01f4 00c8 00");
    bytes_t padding = noise(4, 200000);
    FILE *old_file = file_of(&old), *delta_file = tmpfile(), *result_file = tmpfile();

    REQUIRE(delta_file && result_file);
    fwrite(padding.data, 1, 100, delta_file);
    fwrite(delta.data, 1, delta.len, delta_file);
    fwrite(padding.data, 1, padding.len, delta_file);
    fseek(delta_file, 100, SEEK_SET);
    CHECK_INT(rs_patch_file(old_file, delta_file, result_file, NULL), RS_DONE);
    CHECK_INT(ftell(result_file), 2 + 5000 + 200);
    CHECK_INT(ftell(delta_file), 100 + 65536);
    CHECK_INT(ftell(old_file), 500 + 200); /* behind the last copy */
    fclose(old_file);
    fclose(delta_file);
    fclose(result_file);
    bytes_free(&old);
    bytes_free(&delta);
    bytes_free(&padding);
}

/* What was written to a stream and not flushed is in it all the same. */
static void inputs_that_were_not_flushed(void)
{
    bytes_t delta = unhex("72730236 45 07 05 00"), actual;
    FILE *old_file = tmpfile(), *delta_file = tmpfile(), *result_file = tmpfile();

    REQUIRE(old_file && delta_file && result_file);
    fputs("Hello, world!", old_file);
    fwrite(delta.data, 1, delta.len, delta_file);
    fseek(delta_file, 0, SEEK_SET);
    CHECK_INT(rs_patch_file(old_file, delta_file, result_file, NULL), RS_DONE);
    actual = contents(result_file);
    CHECK_MEM(actual.data, actual.len, "world", 5);
    fclose(old_file);
    fclose(delta_file);
    fclose(result_file);
    bytes_free(&delta);
    bytes_free(&actual);
}

/* Output stays in the stdio buffer until the caller flushes. */
static void nothing_is_flushed(void)
{
    bytes_t old = noise(3, 100);
    FILE *old_file = file_of(&old), *sig_file = tmpfile();
    struct stat status;

    CHECK_INT(rs_sig_file(old_file, sig_file, 100, 8, RS_MD4_SIG_MAGIC, NULL), RS_DONE);
    fstat(fileno(sig_file), &status);
    CHECK_INT(status.st_size, 0);
    CHECK_INT(ftell(sig_file), 24);
    fflush(sig_file);
    fstat(fileno(sig_file), &status);
    CHECK_INT(status.st_size, 24);
    fclose(old_file);
    fclose(sig_file);
    bytes_free(&old);
}

/* ---- other kinds of streams ---- */

/* A pipe's read end with some bytes in it, which must fit. */
static FILE *pipe_of(const bytes_t *bytes)
{
    int ends[2];
    FILE *file;

    REQUIRE(pipe(ends) == 0 && bytes->len <= 65536);
    REQUIRE(write(ends[1], bytes->data, bytes->len) == (ssize_t)bytes->len);
    close(ends[1]);
    file = fdopen(ends[0], "r");
    REQUIRE(file);
    return file;
}

static void pipes(void)
{
    bytes_t old = noise(4, 50000), new_bytes = edited(&old), sig, delta, actual;
    FILE *old_file, *file, *to = tmpfile();
    rs_signature_t *sums = NULL;

    old_file = pipe_of(&old);
    CHECK_INT(rs_sig_file(old_file, to, 0, 0, RS_MD4_SIG_MAGIC, NULL), RS_DONE);
    fclose(old_file);
    /* The size of a pipe is unknown, so these are not those of a file of 50,000 bytes. */
    sig = sign(&old, 2048, 16, RS_MD4_SIG_MAGIC);
    actual = contents(to);
    CHECK_BYTES(actual, sig);
    bytes_free(&actual);
    fclose(to);

    file = pipe_of(&sig);
    CHECK_INT(rs_loadsig_file(file, &sums, NULL), RS_DONE);
    fclose(file);
    CHECK_INT(rs_build_hash_table(sums), RS_DONE);
    file = pipe_of(&new_bytes);
    to = tmpfile();
    CHECK_INT(rs_delta_file(sums, file, to, NULL), RS_DONE);
    fclose(file);
    delta = contents(to);
    fclose(to);
    rs_free_sumset(sums);

    old_file = file_of(&old);
    file = pipe_of(&delta);
    to = tmpfile();
    CHECK_INT(rs_patch_file(old_file, file, to, NULL), RS_DONE);
    actual = contents(to);
    CHECK_BYTES(actual, new_bytes);
    fclose(old_file);
    fclose(file);
    fclose(to);

    /* A basis must be one that can be sought in. */
    old_file = pipe_of(&old);
    file = file_of(&delta);
    to = tmpfile();
    CHECK_INT(rs_patch_file(old_file, file, to, NULL), RS_IO_ERROR);
    fclose(old_file);
    fclose(file);
    fclose(to);

    bytes_free(&old);
    bytes_free(&new_bytes);
    bytes_free(&sig);
    bytes_free(&delta);
    bytes_free(&actual);
}

/* Output to a pipe, read afterwards. */
static void to_a_pipe(void)
{
    bytes_t old = noise(5, 3000), sig, actual;
    FILE *old_file = file_of(&old), *to;
    int ends[2];

    REQUIRE(pipe(ends) == 0 && (to = fdopen(ends[1], "w")) != NULL);
    CHECK_INT(rs_sig_file(old_file, to, 100, 8, RS_MD4_SIG_MAGIC, NULL), RS_DONE);
    fclose(to);
    sig = sign(&old, 100, 8, RS_MD4_SIG_MAGIC);
    actual.room = actual.len = 65536;
    actual.data = (char *)malloc(actual.room);
    actual.len = (size_t)read(ends[0], actual.data, actual.room);
    CHECK_BYTES(actual, sig);
    close(ends[0]);
    fclose(old_file);
    bytes_free(&old);
    bytes_free(&sig);
    bytes_free(&actual);
}

/* Streams without a descriptor. */
static void memory_streams(void)
{
    bytes_t old = noise(6, 50000), new_bytes = edited(&old), sig = {NULL, 0, 0}, expected;
    bytes_t delta = {NULL, 0, 0}, result = {NULL, 0, 0};
    FILE *from, *to, *basis;
    rs_signature_t *sums = NULL;

    from = fmemopen(old.data, old.len, "r");
    to = open_memstream(&sig.data, &sig.len);
    CHECK_INT(rs_sig_file(from, to, 0, 8, RS_MD4_SIG_MAGIC, NULL), RS_DONE);
    CHECK_INT(ftell(from), old.len);
    fclose(from);
    fclose(to);
    expected = sign(&old, 2048, 8, RS_MD4_SIG_MAGIC);
    CHECK_BYTES(sig, expected);

    from = fmemopen(sig.data, sig.len, "r");
    CHECK_INT(rs_loadsig_file(from, &sums, NULL), RS_DONE);
    fclose(from);
    CHECK_INT(rs_build_hash_table(sums), RS_DONE);
    from = fmemopen(new_bytes.data, new_bytes.len, "r");
    to = open_memstream(&delta.data, &delta.len);
    CHECK_INT(rs_delta_file(sums, from, to, NULL), RS_DONE);
    fclose(from);
    fclose(to);
    rs_free_sumset(sums);

    basis = fmemopen(old.data, old.len, "r");
    from = fmemopen(delta.data, delta.len, "r");
    to = open_memstream(&result.data, &result.len);
    CHECK_INT(rs_patch_file(basis, from, to, NULL), RS_DONE);
    fclose(basis);
    fclose(from);
    fclose(to);
    CHECK_BYTES(result, new_bytes);
    bytes_free(&old);
    bytes_free(&new_bytes);
    bytes_free(&sig);
    bytes_free(&expected);
    bytes_free(&delta);
    bytes_free(&result);
}

/* ---- statistics ---- */

#define CHECK_STATS(stats, op_, lit_cmds_, lit_bytes_, copy_cmds_, copy_bytes_, sig_blocks_,      \
                    block_len_, in_bytes_, out_bytes_)                                            \
    do {                                                                                          \
        CHECK_STR((stats).op, op_);                                                               \
        CHECK_INT((stats).lit_cmds, lit_cmds_);                                                   \
        CHECK_INT((stats).lit_bytes, lit_bytes_);                                                 \
        CHECK_INT((stats).copy_cmds, copy_cmds_);                                                 \
        CHECK_INT((stats).copy_bytes, copy_bytes_);                                               \
        CHECK_INT((stats).sig_blocks, sig_blocks_);                                               \
        CHECK_INT((stats).block_len, block_len_);                                                 \
        CHECK_INT((stats).in_bytes, in_bytes_);                                                   \
        CHECK_INT((stats).out_bytes, out_bytes_);                                                 \
        CHECK((stats).start > 0 && (stats).end >= (stats).start && (stats).end <= time(NULL));    \
        memset(&(stats), 0xa5, sizeof(stats));                                                    \
    } while (0)

static void statistics(void)
{
    bytes_t old = noise(7, 10100), new_bytes = {NULL, 0, 0}, sig, delta;
    FILE *old_file = file_of(&old), *new_file, *to = tmpfile(), *delta_file;
    rs_signature_t *sums;
    rs_stats_t stats;

    memset(&stats, 0xa5, sizeof stats);
    CHECK_INT(rs_sig_file(old_file, to, 1000, 8, RS_MD4_SIG_MAGIC, &stats), RS_DONE);
    CHECK_STATS(stats, "signature", 0, 0, 0, 0, 11, 1000, 10100, 12 + 11 * 12);
    sig = contents(to);
    fclose(to);

    sums = load_file(&sig, &stats);
    CHECK_STATS(stats, "loadsig", 0, 0, 0, 0, 11, 1000, 12 + 11 * 12, 0);

    bytes_add(&new_bytes, old.data + 1000, 3000);
    bytes_add(&new_bytes, "an insertion", 12);
    bytes_add(&new_bytes, old.data + 6000, 4100);
    new_file = file_of(&new_bytes);
    to = tmpfile();
    CHECK_INT(rs_delta_file(sums, new_file, to, &stats), RS_DONE);
    CHECK_STATS(stats, "delta", 1, 12, 2, 7100, 0, 0, 7112, 4 + 5 + 13 + 5 + 1);
    delta = contents(to);
    fclose(to);
    rs_free_sumset(sums);

    delta_file = file_of(&delta);
    to = tmpfile();
    CHECK_INT(rs_patch_file(old_file, delta_file, to, &stats), RS_DONE);
    CHECK_STATS(stats, "patch", 1, 12, 2, 7100, 0, 0, 28, 7112);
    fclose(to);
    fclose(delta_file);

    /* Of a job that failed, too. */
    delta.data[delta.len - 1] = 0x66;
    delta_file = file_of(&delta);
    to = tmpfile();
    CHECK_INT(rs_patch_file(old_file, delta_file, to, &stats), RS_CORRUPT);
    CHECK_STR(stats.op, "patch");
    CHECK_INT(stats.copy_bytes, 7100);
    CHECK(stats.end >= stats.start && stats.end <= time(NULL));
    fclose(to);
    fclose(delta_file);

    fclose(old_file);
    fclose(new_file);
    bytes_free(&old);
    bytes_free(&new_bytes);
    bytes_free(&sig);
    bytes_free(&delta);
}

/* ---- failures ---- */

static void bad_parameters(void)
{
    bytes_t old = noise(8, 1000), nothing = {NULL, 0, 0}, actual;
    FILE *old_file = file_of(&old), *to = tmpfile();
    rs_stats_t stats, untouched;

    memset(&stats, 0xa5, sizeof stats);
    memset(&untouched, 0xa5, sizeof untouched);
    CHECK_INT(rs_sig_file(old_file, to, 0, 20, RS_MD4_SIG_MAGIC, &stats), RS_PARAM_ERROR);
    CHECK_INT(rs_sig_file(old_file, to, 0, 33, (rs_magic_number)0, &stats), RS_PARAM_ERROR);
    CHECK_INT(rs_sig_file(old_file, to, 0, 0, RS_DELTA_MAGIC, &stats), RS_BAD_MAGIC);
    CHECK_MEM(&stats, sizeof stats, &untouched, sizeof untouched);
    CHECK_INT(ftell(old_file), 0);
    actual = contents(to);
    CHECK_BYTES(actual, nothing);
    fclose(old_file);
    fclose(to);
    bytes_free(&old);
    bytes_free(&actual);
}

/* What a short sum is depends on the file. */
static void short_sums_are_warned_of(void)
{
    bytes_t old = noise(8, 1000);
    FILE *old_file = file_of(&old), *to = tmpfile();

    keep_messages();
    CHECK_INT(rs_sig_file(old_file, to, 0, 2, RS_MD4_SIG_MAGIC, NULL), RS_DONE);
    CHECK(strstr(messages, "Warning: (rs_sig_args) strong_len=2 smaller than recommended minimum 6 "
                           "for old_fsize=1000 with block_len=256\n"));
    no_messages();
    fclose(old_file);
    fclose(to);
    bytes_free(&old);
}

static void bad_contents(void)
{
    static const struct {
        const char *delta;
        rs_result result;
    } deltas[] = {
        {"", RS_INPUT_ENDED},
        {"727302", RS_INPUT_ENDED},
        {"72730236 05 6869", RS_INPUT_ENDED},
        {"72730236 45 00 40 00", RS_INPUT_ENDED},
        {"72730237 00", RS_BAD_MAGIC},
        {"72730236 55 00", RS_CORRUPT},
    };
    bytes_t old = noise(9, 10), bytes;
    FILE *old_file = file_of(&old), *file, *to;
    rs_signature_t *sums;
    size_t i;

    for (i = 0; i < sizeof deltas / sizeof *deltas; i++) {
        bytes = unhex(deltas[i].delta);
        file = file_of(&bytes);
        to = tmpfile();
        CHECK_INT(rs_patch_file(old_file, file, to, NULL), deltas[i].result);
        fclose(file);
        fclose(to);
        bytes_free(&bytes);
    }

    /* The signature exists after failures, too. */
    bytes = unhex("72730236 00000800 00000008");
    file = file_of(&bytes);
    sums = NULL;
    CHECK_INT(rs_loadsig_file(file, &sums, NULL), RS_BAD_MAGIC);
    CHECK(sums != NULL);
    rs_free_sumset(sums);
    fclose(file);
    bytes_free(&bytes);
    fclose(old_file);
    bytes_free(&old);
}

static void unreadable_input(void)
{
    FILE *folder = fopen(".", "r"), *to = tmpfile();
    rs_signature_t *sums = NULL;
    rs_stats_t stats;
    bytes_t sig = unhex("72730136 00000800 00000008");

    REQUIRE(folder && to);
    keep_messages();
    CHECK_INT(rs_sig_file(folder, to, 0, 0, RS_MD4_SIG_MAGIC, &stats), RS_IO_ERROR);
    CHECK_STR(stats.op, "signature");
    CHECK(strstr(messages, "error filling buf from file: Is a directory\n"));
    clearerr(folder);
    CHECK_INT(rs_loadsig_file(folder, &sums, NULL), RS_IO_ERROR);
    rs_free_sumset(sums);
    clearerr(folder);
    sums = load(&sig);
    CHECK_INT(rs_delta_file(sums, folder, to, NULL), RS_IO_ERROR);
    rs_free_sumset(sums);
    clearerr(folder);
    CHECK_INT(rs_patch_file(to, folder, to, NULL), RS_IO_ERROR);
    no_messages();
    fclose(folder);
    fclose(to);
    bytes_free(&sig);
}

static void full_disk(void)
{
    bytes_t old = noise(10, 10000), delta = unhex("72730236 46 00 2000 00");
    FILE *old_file = file_of(&old), *delta_file = file_of(&delta), *full = fopen("/dev/full", "w");
    rs_stats_t stats;

    if (!full) {
        printf("skipped: no /dev/full\n");
    } else {
        setvbuf(full, NULL, _IONBF, 0);
        keep_messages();
        CHECK_INT(rs_sig_file(old_file, full, 100, 8, RS_MD4_SIG_MAGIC, &stats), RS_IO_ERROR);
        CHECK(strstr(messages, "error draining buf to file: No space left on device\n"));
        clearerr(full);
        CHECK_INT(rs_patch_file(old_file, delta_file, full, NULL), RS_IO_ERROR);
        no_messages();
        fclose(full);
    }
    fclose(old_file);
    fclose(delta_file);
    bytes_free(&old);
    bytes_free(&delta);
}

int main(void)
{
    no_messages();
    RUN(round_trips);
    RUN(buffer_sizes);
    RUN(half_read_input_is_read_on);
    RUN(text_before_and_after);
    RUN(positions_after_a_patch);
    RUN(inputs_that_were_not_flushed);
    RUN(nothing_is_flushed);
    RUN(pipes);
    RUN(to_a_pipe);
    RUN(memory_streams);
    RUN(statistics);
    RUN(bad_parameters);
    RUN(short_sums_are_warned_of);
    RUN(bad_contents);
    RUN(unreadable_input);
    RUN(full_disk);
    return check_end();
}
