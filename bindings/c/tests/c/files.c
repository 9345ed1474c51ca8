/* The verbs on files: outputs appear complete or not at all. */
#include "support.h"

#include <errno.h>

static bytes_t old_bytes, new_bytes;

static void make_inputs(void)
{
    write_file("old", old_bytes.data, old_bytes.len);
    write_file("new", new_bytes.data, new_bytes.len);
}

static void remove_all(void)
{
    static const char *NAMES[] = {"old", "new", "sig", "delta", "diff", "result"};
    size_t i;

    for (i = 0; i < sizeof NAMES / sizeof *NAMES; i++)
        unlink(NAMES[i]);
    CHECK_INT(files_here(), 0);
}

static void files_hold_what_memory_gets(void)
{
    size_t kind;

    make_inputs();
    for (kind = 0; kind < 4; kind++) {
        sigdelta_options options = options_new();
        sigdelta_stats stats = stats_new();
        sigdelta_bytes signature, delta;

        options.signature_kind = KINDS[kind];
        options.block_len = 512;
        signature = sign(&old_bytes, &options);
        delta = make_delta(&signature, &new_bytes, &options);

        CHECK_STATUS(sigdelta_signature_file("old", "sig", &options, &stats), SIGDELTA_OK);
        check_file("sig", signature.data, signature.len);
        CHECK_INT(stats.size, sizeof stats);
        CHECK_INT(stats.in_bytes, old_bytes.len);
        CHECK_INT(stats.out_bytes, signature.len);
        CHECK_INT(stats.blocks, (old_bytes.len + 511) / 512);
        CHECK_INT(stats.block_len, 512);
        CHECK_INT(stats.literal_commands + stats.copy_commands + stats.searches, 0);

        CHECK_STATUS(sigdelta_delta_file("sig", "new", "delta", &options, &stats), SIGDELTA_OK);
        check_file("delta", delta.data, delta.len);
        CHECK_INT(stats.in_bytes, new_bytes.len);
        CHECK_INT(stats.out_bytes, delta.len);
        CHECK_INT(stats.literal_bytes + stats.copy_bytes, new_bytes.len);
        CHECK_INT(4 + stats.literal_command_bytes + stats.literal_bytes + stats.copy_command_bytes + 1 + 48,
                  delta.len);
        CHECK(stats.matches > 0 && stats.searches >= stats.matches);
        CHECK_INT(stats.has_trailer + stats.verified, 0);

        CHECK_STATUS(sigdelta_diff_file("old", "new", "diff", &options, &stats), SIGDELTA_OK);
        check_file("diff", delta.data, delta.len);

        CHECK_STATUS(sigdelta_patch_file("old", "delta", "result", &options, &stats), SIGDELTA_OK);
        check_file("result", new_bytes.data, new_bytes.len);
        CHECK_INT(stats.in_bytes, delta.len);
        CHECK_INT(stats.out_bytes, new_bytes.len);
        CHECK_INT(stats.has_trailer, 1);
        CHECK_INT(stats.verified, 1);
        CHECK_INT(stats.matches, 0);
        sigdelta_bytes_free(&signature);
        sigdelta_bytes_free(&delta);
    }
    /* Statistics are not wanted, options are the defaults. */
    CHECK_STATUS(sigdelta_signature_file("old", "sig", NULL, NULL), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_delta_file("sig", "new", "delta", NULL, NULL), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_diff_file("old", "new", "diff", NULL, NULL), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_patch_file("old", "diff", "result", NULL, NULL), SIGDELTA_OK);
    check_file("result", new_bytes.data, new_bytes.len);
    remove_all();
}

static void a_missing_file_is_named(void)
{
    char expected[200];
    sigdelta_stats stats = stats_new();

    make_inputs();
    snprintf(expected, sizeof expected, "missing: cannot open: %s (os error 2)", strerror(ENOENT));
    CHECK_STATUS(sigdelta_signature_file("missing", "sig", NULL, &stats), SIGDELTA_IO_ERROR);
    CHECK_ERROR(expected, SIGDELTA_UNKNOWN);
    CHECK_STATUS(sigdelta_delta_file("missing", "new", "delta", NULL, NULL), SIGDELTA_IO_ERROR);
    CHECK_ERROR(expected, SIGDELTA_UNKNOWN);
    CHECK_STATUS(sigdelta_delta_file("old", "missing", "delta", NULL, NULL), SIGDELTA_IO_ERROR);
    CHECK_ERROR(expected, SIGDELTA_UNKNOWN);
    CHECK_STATUS(sigdelta_diff_file("missing", "new", "delta", NULL, NULL), SIGDELTA_IO_ERROR);
    CHECK_ERROR(expected, SIGDELTA_UNKNOWN);
    CHECK_STATUS(sigdelta_diff_file("old", "missing", "delta", NULL, NULL), SIGDELTA_IO_ERROR);
    CHECK_ERROR(expected, SIGDELTA_UNKNOWN);
    CHECK_STATUS(sigdelta_patch_file("missing", "delta", "result", NULL, NULL), SIGDELTA_IO_ERROR);
    CHECK_ERROR(expected, SIGDELTA_UNKNOWN);
    CHECK_STATUS(sigdelta_patch_file("old", "missing", "result", NULL, NULL), SIGDELTA_IO_ERROR);
    CHECK_ERROR(expected, SIGDELTA_UNKNOWN);
    CHECK_STATUS(sigdelta_signature_file("", "sig", NULL, NULL), SIGDELTA_IO_ERROR);
    CHECK_STATUS(sigdelta_signature_file("old", "no/such/directory", NULL, NULL), SIGDELTA_IO_ERROR);
    CHECK(strncmp(sigdelta_error_text(), "no/such/directory: cannot create: ", 34) == 0);
    CHECK_INT(files_here(), 2);
    CHECK_INT(stats.in_bytes, 0);
    remove_all();
}

/* Fails in the middle of each operation; the destination is as it was, and no temporary file stays. */
static void a_failure_leaves_the_destination(void)
{
    sigdelta_options options = options_new();
    sigdelta_stats stats = stats_new();
    bytes_t delta;

    make_inputs();
    write_file("result", "precious", 8);
    write_file("sig", "neither signature nor delta", 27);
    CHECK_STATUS(sigdelta_delta_file("sig", "new", "result", NULL, NULL), SIGDELTA_BAD_MAGIC);
    CHECK(strncmp(sigdelta_error_text(), "sig: not a signature: magic 0x6e656974", 38) == 0);
    CHECK_INT(sigdelta_error_offset(), 0);
    CHECK_STATUS(sigdelta_patch_file("old", "sig", "result", NULL, NULL), SIGDELTA_BAD_MAGIC);
    check_file("result", "precious", 8);

    CHECK_STATUS(sigdelta_diff_file("old", "new", "delta", NULL, NULL), SIGDELTA_OK);
    options.max_output_bytes = new_bytes.len - 1;
    CHECK_STATUS(sigdelta_patch_file("old", "delta", "result", &options, &stats), SIGDELTA_LIMIT_REACHED);
    check_file("result", "precious", 8);
    delta = read_file("delta");
    write_file("delta", delta.data, delta.len - 100);
    CHECK_STATUS(sigdelta_patch_file("old", "delta", "result", NULL, &stats), SIGDELTA_INPUT_ENDED);
    CHECK_INT(sigdelta_error_offset(), delta.len - 100);
    check_file("result", "precious", 8);
    write_file("delta", delta.data, delta.len);
    CHECK(truncate("old", 10) == 0);
    CHECK_STATUS(sigdelta_patch_file("old", "delta", "result", NULL, &stats), SIGDELTA_INPUT_ENDED);
    CHECK(strncmp(sigdelta_error_text(), "old: copy of ", 13) == 0);
    CHECK(sigdelta_error_offset() == SIGDELTA_UNKNOWN);
    check_file("result", "precious", 8);
    CHECK_INT(stats.in_bytes + stats.out_bytes, 0);
    CHECK_INT(files_here(), 5);

    options = options_new();
    options.max_memory_bytes = 1000;
    CHECK_STATUS(sigdelta_signature_file("new", "sig", NULL, NULL), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_delta_file("sig", "old", "result", &options, NULL), SIGDELTA_LIMIT_REACHED);
    CHECK_STATUS(sigdelta_diff_file("new", "old", "result", &options, NULL), SIGDELTA_LIMIT_REACHED);
    options.max_memory_bytes = 100000;
    CHECK_STATUS(sigdelta_diff_file("new", "old", "result", &options, NULL), SIGDELTA_LIMIT_REACHED);
    check_file("result", "precious", 8);
    CHECK_INT(files_here(), 5);
    bytes_free(&delta);
    remove_all();
}

static void an_input_is_no_output(void)
{
    make_inputs();
    CHECK_STATUS(sigdelta_signature_file("old", "old", NULL, NULL), SIGDELTA_IO_ERROR);
    CHECK_STATUS(sigdelta_diff_file("old", "new", "new", NULL, NULL), SIGDELTA_IO_ERROR);
    CHECK_STATUS(sigdelta_diff_file("old", "new", "delta", NULL, NULL), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_patch_file("old", "delta", "old", NULL, NULL), SIGDELTA_IO_ERROR);
    check_file("old", old_bytes.data, old_bytes.len);
    check_file("new", new_bytes.data, new_bytes.len);
    remove_all();
}

/* Names are bytes, whatever they mean to others. */
static void a_name_is_bytes(void)
{
    make_inputs();
    CHECK_STATUS(sigdelta_signature_file("old", "sig\xff\xfe", NULL, NULL), SIGDELTA_OK);
    CHECK(exists("sig\xff\xfe"));
    CHECK_STATUS(sigdelta_delta_file("sig\xff\xfe", "new", "delta", NULL, NULL), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_patch_file("old", "sig\xff\xfe", "result", NULL, NULL), SIGDELTA_BAD_MAGIC);
    CHECK(strncmp(sigdelta_error_text(), "sig\xef\xbf\xbd\xef\xbf\xbd: not a delta", 22) == 0);
    unlink("sig\xff\xfe");
    remove_all();
}

/* The text is cut, but it is a text. */
static void a_long_name_fits(void)
{
    char name[4000];

    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    CHECK_STATUS(sigdelta_signature_file(name, "sig", NULL, NULL), SIGDELTA_IO_ERROR);
    CHECK_INT(strlen(sigdelta_error_text()), 2047);
    CHECK_INT(files_here(), 0);
}

static void devices_are_written_directly(void)
{
    make_inputs();
    CHECK_STATUS(sigdelta_signature_file("old", "/dev/null", NULL, NULL), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_signature_file("/dev/null", "sig", NULL, NULL), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_delta_file("sig", "new", "delta", NULL, NULL), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_patch_file("/dev/null", "delta", "result", NULL, NULL), SIGDELTA_OK);
    check_file("result", new_bytes.data, new_bytes.len);
    if (exists("/dev/full")) {
        CHECK_STATUS(sigdelta_signature_file("old", "/dev/full", NULL, NULL), SIGDELTA_IO_ERROR);
        CHECK(strncmp(sigdelta_error_text(), "/dev/full: cannot write: ", 25) == 0);
    }
    remove_all();
}

int main(void)
{
    old_bytes = noise(1, 100000);
    new_bytes = edited(&old_bytes);
    RUN(files_hold_what_memory_gets);
    RUN(a_missing_file_is_named);
    RUN(a_failure_leaves_the_destination);
    RUN(an_input_is_no_output);
    RUN(a_name_is_bytes);
    RUN(a_long_name_fits);
    RUN(devices_are_written_directly);
    bytes_free(&old_bytes);
    bytes_free(&new_bytes);
    return check_end();
}
