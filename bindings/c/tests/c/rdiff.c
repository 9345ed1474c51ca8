/* Bytes are those of the rdiff that is installed; each applies what the other made. */
#include "support.h"

static void rdiff(const char *arguments)
{
    char command[300];
    const char *program = getenv("RDIFF");

    snprintf(command, sizeof command, "%s -f %s", program ? program : "rdiff", arguments);
    CHECK_INT(system(command), 0);
}

static void check_equal(const char *ours, const char *theirs)
{
    bytes_t bytes = read_file(theirs);

    check_file(ours, bytes.data, bytes.len);
    bytes_free(&bytes);
}

static void bytes_are_those_of_rdiff(void)
{
    static const struct {
        uint32_t kind;
        const char *rollsum, *hash;
    } KIND[] = {
        {SIGDELTA_ROLLSUM_MD4, "rollsum", "md4"},
        {SIGDELTA_ROLLSUM_BLAKE2B, "rollsum", "blake2"},
        {SIGDELTA_RABINKARP_MD4, "rabinkarp", "md4"},
        {SIGDELTA_RABINKARP_BLAKE2B, "rabinkarp", "blake2"},
    };
    /* No longer: rdiff before 2.3.4 cuts literals of 32 KiB in another way. */
    static const size_t LENGTHS[] = {0, 1, 300, 10000, 200000};
    static const uint32_t BLOCKS[] = {16, 700, 4096};
    size_t kind, length, block;

    for (length = 0; length < 5; length++) {
        bytes_t basis = noise(1, LENGTHS[length]), new_file = edited(&basis);

        write_file("old", basis.data, basis.len);
        write_file("new", new_file.data, new_file.len);
        for (kind = 0; kind < 4; kind++) {
            for (block = 0; block < 3; block++) {
                sigdelta_options options = with_trailer(SIGDELTA_TRAILER_NONE);
                char arguments[200];

                options.signature_kind = KIND[kind].kind;
                options.block_len = BLOCKS[block];
                options.strong_len = 8;
                snprintf(arguments, sizeof arguments, "-R %s -H %s -b %u -S 8 signature old rdiff.sig",
                         KIND[kind].rollsum, KIND[kind].hash, (unsigned)BLOCKS[block]);
                rdiff(arguments);
                CHECK_STATUS(sigdelta_signature_file("old", "sig", &options, NULL), SIGDELTA_OK);
                check_equal("sig", "rdiff.sig");

                rdiff("delta rdiff.sig new rdiff.delta");
                CHECK_STATUS(sigdelta_delta_file("sig", "new", "delta", &options, NULL), SIGDELTA_OK);
                check_equal("delta", "rdiff.delta");
                CHECK_STATUS(sigdelta_diff_file("old", "new", "delta", &options, NULL), SIGDELTA_OK);
                check_equal("delta", "rdiff.delta");

                /* With a trailer, too. */
                CHECK_STATUS(sigdelta_diff_file("old", "new", "delta", NULL, NULL), SIGDELTA_OK);
                rdiff("patch old delta rdiff.result");
                check_file("rdiff.result", new_file.data, new_file.len);
                CHECK_STATUS(sigdelta_patch_file("old", "rdiff.delta", "result", NULL, NULL), SIGDELTA_OK);
                check_file("result", new_file.data, new_file.len);
            }
        }
        /* Made from both files, with and without a trailer. */
        for (block = 0; block < 2; block++) {
            sigdelta_options options = with_trailer(block ? SIGDELTA_TRAILER_NONE : SIGDELTA_TRAILER_AUTO);

            CHECK_STATUS(sigdelta_flat_diff_file("old", "new", "delta", &options, NULL), SIGDELTA_OK);
            rdiff("patch old delta rdiff.result");
            check_file("rdiff.result", new_file.data, new_file.len);
        }
        bytes_free(&basis);
        bytes_free(&new_file);
    }
}

int main(void)
{
    RUN(bytes_are_those_of_rdiff);
    return check_end();
}
