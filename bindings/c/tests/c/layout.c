/* Structs and numbers that other languages declare for themselves. */
#include "support.h"

#define CHECK_FIELD(type, field, expected) CHECK_INT(offsetof(type, field), expected)

static void structs_have_the_documented_layout(void)
{
    if (sizeof(void *) != 8)
        return;
    CHECK_INT(sizeof(sigdelta_options), 80);
    CHECK_FIELD(sigdelta_options, size, 0);
    CHECK_FIELD(sigdelta_options, signature_kind, 8);
    CHECK_FIELD(sigdelta_options, block_len, 12);
    CHECK_FIELD(sigdelta_options, strong_len, 16);
    CHECK_FIELD(sigdelta_options, trailer, 20);
    CHECK_FIELD(sigdelta_options, librsync_rules, 24);
    CHECK_FIELD(sigdelta_options, threads, 28);
    CHECK_FIELD(sigdelta_options, max_output_bytes, 32);
    CHECK_FIELD(sigdelta_options, max_signature_bytes, 40);
    CHECK_FIELD(sigdelta_options, max_memory_bytes, 48);
    CHECK_FIELD(sigdelta_options, progress, 56);
    CHECK_FIELD(sigdelta_options, progress_opaque, 64);
    CHECK_FIELD(sigdelta_options, smaller, 72);
    CHECK_FIELD(sigdelta_options, level, 76);
    CHECK_INT(sizeof(sigdelta_stats), 128);
    CHECK_FIELD(sigdelta_stats, in_bytes, 8);
    CHECK_FIELD(sigdelta_stats, blocks, 24);
    CHECK_FIELD(sigdelta_stats, literal_commands, 40);
    CHECK_FIELD(sigdelta_stats, copy_commands, 64);
    CHECK_FIELD(sigdelta_stats, searches, 88);
    CHECK_FIELD(sigdelta_stats, matches, 96);
    CHECK_FIELD(sigdelta_stats, has_trailer, 104);
    CHECK_FIELD(sigdelta_stats, verified, 108);
    CHECK_FIELD(sigdelta_stats, aligned_pieces, 112);
    CHECK_FIELD(sigdelta_stats, aligned_bytes, 120);
    CHECK_INT(sizeof(sigdelta_progress), 40);
    CHECK_FIELD(sigdelta_progress, size, 0);
    CHECK_FIELD(sigdelta_progress, phase, 8);
    CHECK_FIELD(sigdelta_progress, in_bytes, 16);
    CHECK_FIELD(sigdelta_progress, in_total, 24);
    CHECK_FIELD(sigdelta_progress, out_bytes, 32);
    CHECK_INT(sizeof(sigdelta_bytes), 16);
    CHECK_INT(sizeof(sigdelta_source), 24);
    CHECK_FIELD(sigdelta_source, opaque, 8);
    CHECK_FIELD(sigdelta_source, len, 16);
    CHECK_INT(sizeof(sigdelta_sink), 16);
    CHECK_FIELD(sigdelta_sink, opaque, 8);
    CHECK_INT(sizeof(sigdelta_buffers), 40);
    CHECK_FIELD(sigdelta_buffers, input_len, 8);
    CHECK_FIELD(sigdelta_buffers, output, 16);
    CHECK_FIELD(sigdelta_buffers, output_len, 24);
    CHECK_FIELD(sigdelta_buffers, end_of_input, 32);
    CHECK_INT(sizeof(sigdelta_command), 40);
    CHECK_FIELD(sigdelta_command, encoded_len, 4);
    CHECK_FIELD(sigdelta_command, offset, 8);
    CHECK_FIELD(sigdelta_command, data_offset, 16);
    CHECK_FIELD(sigdelta_command, position, 24);
    CHECK_FIELD(sigdelta_command, len, 32);
}

static void numbers_stay(void)
{
    CHECK_INT(sizeof(sigdelta_status), sizeof(int));
    CHECK_INT(SIGDELTA_OK, 0);
    CHECK_INT(SIGDELTA_NEEDS_BASIS, 3);
    CHECK_INT(SIGDELTA_OUT_OF_MEMORY, 102);
    CHECK_INT(SIGDELTA_CORRUPT, 106);
    CHECK_INT(SIGDELTA_CANCELLED, 109);
    CHECK_INT(SIGDELTA_LIMIT_REACHED, 110);
    CHECK_STR(sigdelta_status_text(SIGDELTA_OUT_OF_MEMORY), "out of memory");
    CHECK_STR(sigdelta_status_text(SIGDELTA_LIMIT_REACHED), "a limit was reached");
    CHECK_INT(SIGDELTA_PHASE_SIGNATURE, 1);
    CHECK_INT(SIGDELTA_PHASE_LOAD, 2);
    CHECK_INT(SIGDELTA_PHASE_DELTA, 3);
    CHECK_INT(SIGDELTA_PHASE_PATCH, 4);
    CHECK_INT(SIGDELTA_TRAILER_REQUIRED, 2);
    CHECK_INT(SIGDELTA_COMMAND_TRAILER, 4);
    CHECK_INT(SIGDELTA_LEVEL_DEFAULT, 0);
    CHECK_INT(SIGDELTA_LEVEL_FAST, 1);
    CHECK_INT(SIGDELTA_LEVEL_MAX, 2);
    CHECK(SIGDELTA_UNKNOWN == UINT64_MAX);
    CHECK(SIGDELTA_STRONG_LEN_MIN == UINT32_MAX);
}

static void the_version_is_consistent(void)
{
    unsigned major, minor, patch;

    REQUIRE(sscanf(sigdelta_version(), "%u.%u.%u", &major, &minor, &patch) == 3);
    CHECK_INT(sigdelta_version_number(), major * 1000000 + minor * 1000 + patch);
    CHECK_INT(sigdelta_has_feature("librsync"), 1);
    CHECK_INT(sigdelta_has_feature("trailer"), 1);
    CHECK_INT(sigdelta_has_feature("files"), 1);
    CHECK_INT(sigdelta_has_feature("layered"), 1);
    CHECK_INT(sigdelta_has_feature("vcdiff"), 0);
    CHECK_INT(sigdelta_has_feature("file"), 0);
    CHECK_INT(sigdelta_has_feature(""), 0);
}

int main(void)
{
    RUN(structs_have_the_documented_layout);
    RUN(numbers_stay);
    RUN(the_version_is_consistent);
    return check_end();
}
