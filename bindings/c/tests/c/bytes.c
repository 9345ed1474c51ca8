/* The verbs on bytes in memory. */
#include "support.h"

static void check_round(const bytes_t *basis, const bytes_t *new_file, const sigdelta_options *options)
{
    sigdelta_bytes signature = sign(basis, options), delta = make_delta(&signature, new_file, options);
    sigdelta_bytes direct = diff(basis, new_file, options), result = apply(basis, &delta, options);

    CHECK_BYTES(direct, delta);
    CHECK_BYTES(result, *new_file);
    CHECK(signature.data && delta.data && direct.data && result.data);
    sigdelta_bytes_free(&signature);
    sigdelta_bytes_free(&delta);
    sigdelta_bytes_free(&direct);
    sigdelta_bytes_free(&result);
}

static void every_kind_makes_the_round(void)
{
    static const size_t LENGTHS[] = {0, 1, 7, 255, 256, 257, 5000, 300000};
    size_t kind, len, trailer;

    for (kind = 0; kind < 4; kind++) {
        for (len = 0; len < sizeof LENGTHS / sizeof *LENGTHS; len++) {
            bytes_t basis = noise(1, LENGTHS[len]), new_file = edited(&basis);

            for (trailer = 0; trailer < 3; trailer++) {
                sigdelta_options options = with_trailer((uint32_t)trailer);

                options.signature_kind = KINDS[kind];
                check_round(&basis, &new_file, &options);
                options.block_len = 100;
                options.strong_len = trailer ? 8 : SIGDELTA_STRONG_LEN_MIN;
                options.threads = 7;
                check_round(&basis, &new_file, &options);
            }
            bytes_free(&basis);
            bytes_free(&new_file);
        }
    }
}

static void a_large_result_grows(void)
{
    bytes_t basis = noise(1, 1 << 18), new_file = {NULL, 0, 0};
    int i;

    for (i = 0; i < 20; i++)
        bytes_add(&new_file, basis.data, basis.len);
    check_round(&basis, &new_file, NULL);
    bytes_free(&basis);
    bytes_free(&new_file);
}

static void a_run_of_equal_blocks_is_one_copy_if_wanted(void)
{
    static const uint8_t ZEROS[100 * 1000];
    static const uint8_t ONE_COPY[] = {0x72, 0x73, 0x02, 0x36, 0x47, 0, 0x00, 0x01, 0x86, 0xa0, 0};
    bytes_t basis = {NULL, 0, 0};
    sigdelta_options options = with_trailer(SIGDELTA_TRAILER_NONE);
    sigdelta_bytes delta;

    bytes_add(&basis, ZEROS, sizeof ZEROS);
    options.block_len = 1000;
    check_round(&basis, &basis, &options);
    options.smaller = 1;
    check_round(&basis, &basis, &options);
    delta = diff(&basis, &basis, &options);
    CHECK_MEM(delta.data, delta.len, ONE_COPY, sizeof ONE_COPY);
    sigdelta_bytes_free(&delta);
    bytes_free(&basis);
}

static void no_bytes_are_bytes_too(void)
{
    sigdelta_bytes signature, delta, result;
    static const uint8_t NOTHING[] = {0x72, 0x73, 0x02, 0x36, 0};
    sigdelta_options none = with_trailer(SIGDELTA_TRAILER_NONE);

    CHECK_STATUS(sigdelta_signature_bytes(NULL, 0, NULL, &signature, NULL), SIGDELTA_OK);
    CHECK_INT(signature.len, 12);
    CHECK_STATUS(sigdelta_delta_bytes(signature.data, 12, NULL, 0, &none, &delta, NULL), SIGDELTA_OK);
    CHECK_MEM(delta.data, delta.len, NOTHING, sizeof NOTHING);
    CHECK_STATUS(sigdelta_patch_bytes(NULL, 0, delta.data, delta.len, NULL, &result, NULL), SIGDELTA_OK);
    CHECK(result.data != NULL);
    CHECK_INT(result.len, 0);
    sigdelta_bytes_free(&signature);
    sigdelta_bytes_free(&delta);
    sigdelta_bytes_free(&result);
}

static void freed_bytes_are_none(void)
{
    bytes_t basis = noise(1, 1000);
    sigdelta_bytes signature = sign(&basis, NULL);

    sigdelta_bytes_free(&signature);
    CHECK(signature.data == NULL && signature.len == 0);
    sigdelta_bytes_free(&signature);
    CHECK(signature.data == NULL && signature.len == 0);
    bytes_free(&basis);
}

static void a_failure_gives_no_bytes(void)
{
    sigdelta_bytes bytes = {(uint8_t *)"old", 3};

    CHECK_STATUS(sigdelta_delta_bytes("not a signature", 15, "new", 3, NULL, &bytes, NULL),
                 SIGDELTA_BAD_MAGIC);
    CHECK(bytes.data == NULL && bytes.len == 0);
    bytes.len = 3;
    CHECK_STATUS(sigdelta_patch_bytes("basis", 5, "rs\2\66", 4, NULL, &bytes, NULL), SIGDELTA_INPUT_ENDED);
    CHECK(bytes.data == NULL && bytes.len == 0);
}

static void librsync_rules_are_lenient(void)
{
    bytes_t basis = noise(1, 1000);
    sigdelta_bytes signature = sign(&basis, NULL), delta;
    sigdelta_options options = options_new();
    bytes_t stray = {NULL, 0, 0};

    /* 1 to 3 bytes that start no block are ignored by librsync. */
    bytes_add(&stray, signature.data, signature.len);
    bytes_add(&stray, "xyz", 3);
    CHECK_STATUS(sigdelta_delta_bytes(stray.data, stray.len, "new", 3, NULL, &delta, NULL), SIGDELTA_CORRUPT);
    options.librsync_rules = 1;
    CHECK_STATUS(sigdelta_delta_bytes(stray.data, stray.len, "new", 3, &options, &delta, NULL), SIGDELTA_OK);
    sigdelta_bytes_free(&delta);
    sigdelta_bytes_free(&signature);
    bytes_free(&stray);
    bytes_free(&basis);
}

int main(void)
{
    RUN(every_kind_makes_the_round);
    RUN(a_large_result_grows);
    RUN(a_run_of_equal_blocks_is_one_copy_if_wanted);
    RUN(no_bytes_are_bytes_too);
    RUN(freed_bytes_are_none);
    RUN(a_failure_gives_no_bytes);
    RUN(librsync_rules_are_lenient);
    return check_end();
}
