/* Decoders: deltas taken apart, in pieces of any size. */
#include "support.h"

#define MOST 50

typedef struct {
    sigdelta_command commands[MOST];
    size_t count;
    sigdelta_status status;
    size_t unread;
} decoded_t;

/* Takes a delta apart, `piece` bytes at a time. */
static decoded_t decode(const void *delta, size_t len, size_t piece, const sigdelta_options *options)
{
    sigdelta_decoder *decoder = NULL;
    decoded_t decoded;
    size_t done = 0;

    memset(&decoded, 0, sizeof decoded);
    CHECK_STATUS(sigdelta_decoder_new(options, &decoder), SIGDELTA_OK);
    for (;;) {
        size_t in_len = len - done < piece ? len - done : piece;
        sigdelta_buffers buffers = {(const uint8_t *)delta + done, in_len, NULL, 1234, 0};
        sigdelta_command command;

        buffers.end_of_input = in_len == 0;
        decoded.status = sigdelta_decoder_next(decoder, &buffers, &command);
        done += in_len - buffers.input_len;
        CHECK_INT(buffers.output_len, 1234);
        if (decoded.status == SIGDELTA_NEEDS_INPUT) {
            REQUIRE(buffers.input_len == 0 && in_len > 0);
            continue;
        }
        if (decoded.status != SIGDELTA_OK)
            break;
        REQUIRE(decoded.count < MOST);
        decoded.commands[decoded.count++] = command;
        if (command.kind == SIGDELTA_COMMAND_DONE) {
            CHECK_STATUS(sigdelta_decoder_next(decoder, &buffers, &command), SIGDELTA_OK);
            CHECK_INT(command.kind, SIGDELTA_COMMAND_DONE);
            break;
        }
    }
    decoded.unread = len - done;
    sigdelta_decoder_free(decoder);
    return decoded;
}

static void check_command(const sigdelta_command *command, uint32_t kind, uint32_t encoded_len,
                          uint64_t offset, uint64_t position, uint64_t len)
{
    CHECK_INT(command->kind, kind);
    CHECK_INT(command->encoded_len, encoded_len);
    CHECK_INT(command->offset, offset);
    CHECK_INT(command->data_offset, offset + encoded_len);
    CHECK_INT(command->position, position);
    CHECK_INT(command->len, len);
}

static void commands_come_in_order(void)
{
    /* LITERAL 3, LITERAL 2 with its length in 4 bytes, COPY 1:2, COPY 2^40:2^33, END, trailer */
    bytes_t delta = unhex("72730236 03 616263 43 00000002 6465 45 07 09 54 0000010000000000"
                          "0000000200000000 00 73647472 01 01 0028 0000000200000007");
    sigdelta_options none = with_trailer(SIGDELTA_TRAILER_NONE);
    bytes_t digest = noise(1, 32);
    size_t piece;

    bytes_add(&delta, digest.data, digest.len);
    for (piece = 1; piece <= delta.len; piece++) {
        decoded_t decoded = decode(delta.data, delta.len, piece, NULL);
        const sigdelta_command *command = decoded.commands;

        CHECK_STATUS(decoded.status, SIGDELTA_OK);
        CHECK_INT(decoded.count, 7);
        CHECK_INT(decoded.unread, 0);
        check_command(command++, SIGDELTA_COMMAND_LITERAL, 1, 4, 0, 3);
        check_command(command++, SIGDELTA_COMMAND_LITERAL, 5, 8, 0, 2);
        check_command(command++, SIGDELTA_COMMAND_COPY, 3, 15, 7, 9);
        check_command(command++, SIGDELTA_COMMAND_COPY, 17, 18, 1ull << 40, 1ull << 33);
        check_command(command++, SIGDELTA_COMMAND_END, 1, 35, 0, 0);
        check_command(command++, SIGDELTA_COMMAND_TRAILER, 48, 36, 0, (2ull << 32) + 7);
        check_command(command++, SIGDELTA_COMMAND_DONE, 0, 84, 0, 0);

        decoded = decode(delta.data, delta.len, piece, &none);
        CHECK_STATUS(decoded.status, SIGDELTA_OK);
        CHECK_INT(decoded.count, 6);
        CHECK_INT(decoded.unread, 48);
        check_command(&decoded.commands[5], SIGDELTA_COMMAND_DONE, 0, 36, 0, 0);
    }
    bytes_free(&delta);
    bytes_free(&digest);
}

static void real_deltas_add_up(void)
{
    bytes_t basis = noise(1, 50000), new_file = edited(&basis);
    sigdelta_bytes delta = diff(&basis, &new_file, NULL);
    size_t pieces[] = {1, 100, WHOLE}, i, j;

    for (i = 0; i < 3; i++) {
        decoded_t decoded = decode(delta.data, delta.len, pieces[i], NULL);
        uint64_t result_len = 0, offset = 4;

        CHECK_STATUS(decoded.status, SIGDELTA_OK);
        for (j = 0; j < decoded.count; j++) {
            const sigdelta_command *command = &decoded.commands[j];

            CHECK_INT(command->offset, offset);
            offset = command->data_offset;
            if (command->kind == SIGDELTA_COMMAND_LITERAL)
                offset += command->len;
            if (command->kind <= SIGDELTA_COMMAND_COPY)
                result_len += command->len;
        }
        CHECK_INT(offset, delta.len);
        CHECK_INT(result_len, new_file.len);
        CHECK_INT(decoded.commands[decoded.count - 2].kind, SIGDELTA_COMMAND_TRAILER);
        CHECK_INT(decoded.commands[decoded.count - 2].len, new_file.len);
    }
    sigdelta_bytes_free(&delta);
    bytes_free(&basis);
    bytes_free(&new_file);
}

static void check_failure(const char *digits, const sigdelta_options *options, sigdelta_status status,
                          size_t count, const char *text, uint64_t offset)
{
    bytes_t delta = unhex(digits);
    size_t piece;

    for (piece = 1; piece <= delta.len + 1; piece++) {
        decoded_t decoded = decode(delta.data, delta.len, piece, options);

        CHECK_STATUS(decoded.status, status);
        CHECK_INT(decoded.count, count);
        CHECK_ERROR(text, offset);
    }
    bytes_free(&delta);
}

static void failures_say_where(void)
{
    sigdelta_options required = with_trailer(SIGDELTA_TRAILER_REQUIRED);

    check_failure("", NULL, SIGDELTA_INPUT_ENDED, 0,
                  "unexpected end of input at byte 0: it is empty", 0);
    check_failure("72730136 00000800", NULL, SIGDELTA_BAD_MAGIC, 0,
                  "not a delta: magic 0x72730136 at byte 0, expected 0x72730236; it looks like a "
                  "signature", 0);
    check_failure("72730236 01 61", NULL, SIGDELTA_INPUT_ENDED, 1,
                  "unexpected end of input at byte 6, expected a delta command", 6);
    check_failure("72730236 02 61", NULL, SIGDELTA_INPUT_ENDED, 1,
                  "unexpected end of input at byte 6, expected the rest of literal data", 6);
    check_failure("72730236 01 61 45 00", NULL, SIGDELTA_INPUT_ENDED, 1,
                  "unexpected end of input at byte 8, expected the parameters of a delta command", 8);
    check_failure("72730236 01 61 ff", NULL, SIGDELTA_CORRUPT, 1,
                  "unknown delta command 0xff at byte 6", 6);
    check_failure("72730236 45 00 00", NULL, SIGDELTA_CORRUPT, 0,
                  "copy command at byte 4 has invalid length 0", 4);
    check_failure("72730236 00 61", NULL, SIGDELTA_CORRUPT, 1, "stray bytes after the end, from byte 5", 5);
    check_failure("72730236 00", &required, SIGDELTA_CORRUPT, 1,
                  "the delta ends at byte 5 without a trailer, so its result cannot be verified", 5);
}

static void failures_stay(void)
{
    sigdelta_buffers buffers = {(const uint8_t *)"no delta at all", 15, NULL, 0, 0};
    sigdelta_decoder *decoder = NULL;
    sigdelta_command command = {99, 99, 99, 99, 99, 99};
    int i;

    CHECK_STATUS(sigdelta_decoder_new(NULL, &decoder), SIGDELTA_OK);
    for (i = 0; i < 3; i++) {
        CHECK_STATUS(sigdelta_decoder_next(decoder, &buffers, &command), SIGDELTA_BAD_MAGIC);
        CHECK(sigdelta_error_offset() == 0);
        CHECK_STATUS(sigdelta_decoder_next(decoder, NULL, &command), SIGDELTA_PARAM_ERROR);
    }
    /* Only SIGDELTA_OK fills it in. */
    CHECK_INT(command.kind, 99);
    sigdelta_decoder_free(decoder);
}

int main(void)
{
    RUN(commands_come_in_order);
    RUN(real_deltas_add_up);
    RUN(failures_say_where);
    RUN(failures_stay);
    return check_end();
}
