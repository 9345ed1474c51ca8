/* Hostile and odd signatures and deltas: the result of each, whole and byte by byte. */
#include "support.h"

typedef struct {
    const char *digits;
    rs_result result;
    const char *output; /* what a delta makes before it fails */
} case_t;

static const case_t DELTAS[] = {
    /* cut */
    {"", RS_INPUT_ENDED, ""},
    {"72", RS_INPUT_ENDED, ""},
    {"727302", RS_INPUT_ENDED, ""},
    {"72730236", RS_INPUT_ENDED, ""},
    {"72730236 45", RS_INPUT_ENDED, ""},
    {"72730236 54 00000000 00000000 00000000 000000", RS_INPUT_ENDED, ""},
    {"72730236 45 00 05", RS_INPUT_ENDED, "Hello"},
    /* another magic */
    {"72730136 00", RS_BAD_MAGIC, ""},
    {"72730237 00", RS_BAD_MAGIC, ""},
    {"00000000 00", RS_BAD_MAGIC, ""},
    {"ffffffff 00", RS_BAD_MAGIC, ""},
    /* bytes after END */
    {"72730236 00", RS_DONE, ""},
    {"72730236 02 6869 00 ff", RS_DONE, "hi"},
    {"72730236 02 6869 00 72730236", RS_DONE, "hi"},
    /* literals longer than the delta */
    {"72730236 03 6869", RS_INPUT_ENDED, "hi"},
    {"72730236 40 6869", RS_INPUT_ENDED, "hi"},
    {"72730236 41 ff 6869", RS_INPUT_ENDED, "hi"},
    {"72730236 42 ffff 6869", RS_INPUT_ENDED, "hi"},
    {"72730236 43 ffffffff 6869", RS_INPUT_ENDED, "hi"},
    {"72730236 44 7fffffffffffffff 6869", RS_INPUT_ENDED, "hi"},
    /* literals of no or negative length */
    {"72730236 41 00", RS_CORRUPT, ""},
    {"72730236 42 0000", RS_CORRUPT, ""},
    {"72730236 43 00000000", RS_CORRUPT, ""},
    {"72730236 44 0000000000000000", RS_CORRUPT, ""},
    {"72730236 44 8000000000000000", RS_CORRUPT, ""},
    {"72730236 44 ffffffffffffffff", RS_CORRUPT, ""},
    {"72730236 02 6869 41 00", RS_CORRUPT, "hi"},
    /* copies of no or negative length, of negative position */
    {"72730236 45 00 00", RS_CORRUPT, ""},
    {"72730236 46 00 0000", RS_CORRUPT, ""},
    {"72730236 48 00 0000000000000000", RS_CORRUPT, ""},
    {"72730236 48 00 8000000000000000", RS_CORRUPT, ""},
    {"72730236 48 00 ffffffffffffffff", RS_CORRUPT, ""},
    {"72730236 51 8000000000000000 01", RS_CORRUPT, ""},
    {"72730236 51 ffffffffffffffff 01", RS_CORRUPT, ""},
    /* copies beyond the basis */
    {"72730236 45 00 0e 00", RS_INPUT_ENDED, "Hello, world!"},
    {"72730236 45 0d 01 00", RS_INPUT_ENDED, ""},
    {"72730236 48 01 7fffffffffffffff 00", RS_INPUT_ENDED, "ello, world!"},
    {"72730236 51 7fffffffffffffff 01 00", RS_INPUT_ENDED, ""},
    {"72730236 54 7fffffffffffffff 7fffffffffffffff 00", RS_INPUT_ENDED, ""},
    {"72730236 54 4000000000000000 7fffffffffffffff 00", RS_INPUT_ENDED, ""},
    /* reserved commands */
    {"72730236 55 00", RS_CORRUPT, ""},
    {"72730236 80 00", RS_CORRUPT, ""},
    {"72730236 ff 00", RS_CORRUPT, ""},
    {"72730236 45 00 05 55", RS_CORRUPT, "Hello"},
    /* overlapping, repeated, backwards */
    {"72730236 45 07 05 45 00 05 45 00 05 00", RS_DONE, "worldHelloHello"},
};

static const case_t SIGNATURES[] = {
    {"", RS_INPUT_ENDED, NULL},
    {"72", RS_INPUT_ENDED, NULL},
    {"72730136 00000800 000000", RS_INPUT_ENDED, NULL},
    {"deadbeef", RS_INPUT_ENDED, NULL},
    {"deadbeef 00000800 000000", RS_INPUT_ENDED, NULL},
    /* another magic, lengths that may be */
    {"deadbeef 00000800 00000008", RS_BAD_MAGIC, NULL},
    {"72730236 00000800 00000008", RS_BAD_MAGIC, NULL},
    {"72730138 00000800 00000020", RS_BAD_MAGIC, NULL},
    {"72730126 00000800 00000008 2b56061c 0abe9ee1f376caa1", RS_BAD_MAGIC, NULL},
    /* block lengths */
    {"72730136 00000001 00000008", RS_DONE, NULL},
    {"72730136 7fffffff 00000008", RS_DONE, NULL},
    {"72730136 00000000 00000008", RS_CORRUPT, NULL},
    {"72730136 80000000 00000008", RS_CORRUPT, NULL},
    {"72730136 ffffffff 00000008", RS_CORRUPT, NULL},
    /* strong sums */
    {"72730137 00000800 00000020", RS_DONE, NULL},
    {"72730137 00000800 00000021", RS_CORRUPT, NULL},
    {"72730136 00000800 00000010", RS_DONE, NULL},
    {"72730136 00000800 00000011", RS_PARAM_ERROR, NULL},
    {"72730146 00000800 00000020", RS_PARAM_ERROR, NULL},
    {"72730136 00000800 00000021", RS_CORRUPT, NULL},
    {"72730136 00000800 80000000", RS_CORRUPT, NULL},
    {"72730136 00000800 ffffffff", RS_CORRUPT, NULL},
    /* sums: complete, with 1 to 3 bytes too many, cut in the strong one */
    {"72730136 00000800 00000008 2b56061c 0abe9ee1f376caa1", RS_DONE, NULL},
    {"72730136 00000800 00000008 2b56061c 0abe9ee1f376caa1 2b", RS_DONE, NULL},
    {"72730136 00000800 00000008 2b56061c 0abe9ee1f376caa1 2b5606", RS_DONE, NULL},
    {"72730136 00000800 00000008 2b56061c 0abe9ee1f376caa1 2b56061c", RS_INPUT_ENDED, NULL},
    {"72730136 00000800 00000008 2b56061c 0abe9ee1f376ca", RS_INPUT_ENDED, NULL},
    /* zeros that stand for defaults */
    {"00000000 00000800 00000008", RS_DONE, NULL},
    {"72730147 00000800 00000000", RS_DONE, NULL},
    {"72730136 00000800 00000000", RS_DONE, NULL},
};

static void check_result(const case_t *expected, rs_result actual)
{
    CHECK_INT(actual, expected->result);
    if (actual != expected->result)
        printf("  of %s\n", expected->digits);
}

static void deltas(void)
{
    bytes_t basis = {(char *)"Hello, world!", 13, 0};
    size_t i, piece;

    for (i = 0; i < sizeof DELTAS / sizeof *DELTAS; i++) {
        bytes_t delta = unhex(DELTAS[i].digits);

        for (piece = 0; piece < 4; piece++) {
            bytes_t output = {NULL, 0, 0};

            check_result(&DELTAS[i], patch_pieces(&basis, &delta, piece & 1 ? 1 : WHOLE,
                                                  piece & 2 ? 1 : WHOLE, &output));
            CHECK_MEM(output.data, output.len, DELTAS[i].output, strlen(DELTAS[i].output));
            bytes_free(&output);
        }
        bytes_free(&delta);
    }
}

static void every_command_byte(void)
{
    int command;

    for (command = 0; command < 256; command++) {
        bytes_t delta = unhex("72730236"), nothing = {NULL, 0, 0};
        char byte = (char)command;
        rs_result expected = command == 0 ? RS_DONE : command >= 0x55 ? RS_CORRUPT : RS_INPUT_ENDED;

        bytes_add(&delta, &byte, 1);
        CHECK_INT(patch_pieces(&nothing, &delta, WHOLE, WHOLE, NULL), expected);
        bytes_free(&delta);
    }
}

/* An offset where no file can be sought to, or where there is nothing to read. */
static void copies_beyond_what_files_can_be(void)
{
    bytes_t delta = unhex("72730236 51 7fffffffffffffff 01 00"), output = {NULL, 0, 0};
    FILE *basis = tmpfile();
    rs_job_t *job = rs_patch_begin(rs_file_copy_cb, basis);
    rs_result result = run_job(job, delta.data, delta.len, WHOLE, WHOLE, &output);

    CHECK(result == RS_INPUT_ENDED || result == RS_IO_ERROR);
    CHECK_INT(output.len, 0);
    rs_job_free(job);
    fclose(basis);
    bytes_free(&delta);
    bytes_free(&output);
}

static void signatures(void)
{
    size_t i, in;

    for (i = 0; i < sizeof SIGNATURES / sizeof *SIGNATURES; i++) {
        bytes_t sig = unhex(SIGNATURES[i].digits);

        for (in = 1; in < 100; in += 98) {
            rs_signature_t *sums = NULL;

            check_result(&SIGNATURES[i], load_pieces(sig.data, sig.len, in, &sums));
            CHECK(sums != NULL);
            rs_free_sumset(sums);
        }
        bytes_free(&sig);
    }
}

static void zeros_stand_for_defaults(void)
{
    bytes_t hello = {(char *)"Hello, world!", 13, 0}, whole, sig, delta;
    rs_signature_t *sums;

    whole = sign(&hello, 2048, 32, RS_RK_BLAKE2_SIG_MAGIC);
    sig = unhex("00000000 00000800 00000000");
    bytes_add(&sig, whole.data + 12, whole.len - 12);
    sums = load(&sig);
    delta = make_delta(sums, &hello);
    CHECK_HEX(delta, "72730236 45 00 0d 00");
    rs_free_sumset(sums);
    bytes_free(&whole);
    bytes_free(&sig);
    bytes_free(&delta);
}

/* Random bytes are no signature; as commands they may do anything but harm. */
static void noise_everywhere(void)
{
    unsigned seed;

    for (seed = 1; seed <= 500; seed++) {
        bytes_t input = noise(seed, seed), output = {NULL, 0, 0};
        rs_signature_t *sums = NULL;

        CHECK(load_pieces(input.data, input.len, WHOLE, &sums) != RS_DONE);
        rs_free_sumset(sums);
        if (input.len >= 4) {
            memcpy(input.data, "rs\0026", 4);
            patch_pieces(&input, &input, WHOLE, WHOLE, &output);
        }
        bytes_free(&input);
        bytes_free(&output);
    }
}

int main(void)
{
    no_messages();
    RUN(deltas);
    RUN(every_command_byte);
    RUN(copies_beyond_what_files_can_be);
    RUN(signatures);
    RUN(zeros_stand_for_defaults);
    RUN(noise_everywhere);
    return check_end();
}
