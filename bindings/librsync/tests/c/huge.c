/* More than 2 GiB, and more than 4, in one call: C librsync's slack deltas end where an int does. */
#include "support.h"

#include <sys/mman.h>

#define GIB ((size_t)1 << 30)

static char out[1 << 20];

/* Reads a delta as it comes, keeps none of it. */
typedef struct {
    size_t seen;              /* bytes of the delta */
    int params, params_left;  /* bytes of the parameters of a command */
    unsigned long long value; /* those bytes */
    unsigned char command;
    size_t literal_left;
    unsigned long long literals, copies; /* bytes that the delta makes */
    int nonzero, ended, bad;
    char last; /* literal byte */
} reader_t;

static void start_literal(reader_t *reader, unsigned long long len)
{
    reader->literal_left = len;
    reader->literals += len;
    reader->bad |= len == 0;
}

static void read_delta(reader_t *reader, const char *data, size_t len)
{
    static const char zeros[4096];
    static const int widths[] = {1, 2, 4, 8};
    const char *end = data + len;

    while (data < end && !reader->bad) {
        unsigned char byte = (unsigned char)*data;

        if (reader->literal_left > 0) {
            size_t part = (size_t)(end - data);

            part = part < reader->literal_left ? part : reader->literal_left;
            part = part < sizeof zeros ? part : sizeof zeros;
            if (memcmp(data, zeros, part) != 0)
                reader->nonzero++;
            reader->last = data[part - 1];
            reader->literal_left -= part;
            reader->seen += part;
            data += part;
            continue;
        }
        data++;
        if (reader->seen++ < 4) {
            reader->bad |= byte != (RS_DELTA_MAGIC >> (8 * (4 - reader->seen)) & 0xff);
        } else if (reader->params_left > 0) {
            reader->value = reader->value << 8 | byte;
            if (--reader->params_left == 0) {
                if (reader->command < 0x45)
                    start_literal(reader, reader->value);
                else
                    reader->copies += reader->value; /* the length comes last */
            } else if (reader->command >= 0x45 &&
                       reader->params_left == widths[(reader->command - 0x45) % 4]) {
                reader->value = 0;
            }
        } else {
            reader->bad |= reader->ended || byte > 0x54;
            reader->ended |= byte == 0;
            reader->command = byte;
            reader->value = 0;
            if (byte > 0 && byte <= 0x40)
                start_literal(reader, byte);
            else if (byte > 0x44)
                reader->params_left = widths[(byte - 0x45) / 4] + widths[(byte - 0x45) % 4];
            else if (byte > 0x40)
                reader->params_left = widths[byte - 0x41];
        }
    }
}

/* Runs a job with all input in the first call. */
static rs_result run(rs_job_t *job, char *data, size_t len, reader_t *reader, size_t *written)
{
    rs_buffers_t buffers;
    rs_result result;

    memset(&buffers, 0, sizeof buffers);
    buffers.next_in = data;
    buffers.avail_in = len;
    buffers.eof_in = 1;
    *written = 0;
    do {
        buffers.next_out = out;
        buffers.avail_out = sizeof out;
        result = rs_job_iter(job, &buffers);
        if (reader)
            read_delta(reader, out, sizeof out - buffers.avail_out);
        *written += sizeof out - buffers.avail_out;
    } while (result == RS_BLOCKED && buffers.avail_out < sizeof out);
    rs_job_free(job);
    return result;
}

static char *zeros;
static const size_t LEN = 2 * GIB + 5;

static void against_nothing(void)
{
    reader_t reader;
    size_t written;

    memset(&reader, 0, sizeof reader);
    CHECK_INT(run(rs_delta_begin(NULL), zeros, LEN, &reader, &written), RS_DONE);
    CHECK(!reader.bad && reader.ended && reader.literal_left == 0);
    CHECK_INT(reader.literals, LEN);
    CHECK_INT(reader.nonzero, 1);
    CHECK_INT(reader.last, '!');
}

static void against_zeros(void)
{
    reader_t reader;
    size_t written;
    bytes_t basis = {zeros, 1 << 20, 0}, sig = sign(&basis, 1 << 20, 8, RS_RK_BLAKE2_SIG_MAGIC);
    rs_signature_t *sums = load(&sig);

    memset(&reader, 0, sizeof reader);
    CHECK_INT(run(rs_delta_begin(sums), zeros, LEN, &reader, &written), RS_DONE);
    CHECK(!reader.bad && reader.ended);
    CHECK_INT(reader.copies, 2 * GIB);
    CHECK_INT(reader.literals, 5);
    CHECK_INT(reader.last, '!');
    rs_free_sumset(sums);
    bytes_free(&sig);
}

static void signature(void)
{
    size_t written;

    CHECK_INT(run(rs_sig_begin(1 << 20, 8, RS_MD4_SIG_MAGIC), zeros, LEN, NULL, &written), RS_DONE);
    CHECK_INT(written, 12 + 2049 * 12);
}

static unsigned long long next_pos;

static rs_result count_up(void *opaque, rs_long_t pos, size_t *len, void **buf)
{
    (void)opaque;
    (void)buf; /* what is in it is good enough */
    CHECK(next_pos == (unsigned long long)pos);
    next_pos += *len;
    return RS_DONE;
}

static void long_copies(void)
{
    bytes_t delta = unhex("72730236 54 0000000200000000 0000000140000005 00");
    size_t written;

    next_pos = (unsigned long long)8 * GIB;
    CHECK_INT(run(rs_patch_begin(count_up, NULL), delta.data, delta.len, NULL, &written), RS_DONE);
    CHECK_INT(written, 5 * GIB + 5);
    CHECK_INT(next_pos, 13 * GIB + 5);
    bytes_free(&delta);
}

static void long_literals(void)
{
    bytes_t head = unhex("72730236 44 0000000080000005");
    rs_job_t *job = rs_patch_begin(NULL, NULL);
    rs_buffers_t buffers;
    size_t written;

    memset(&buffers, 0, sizeof buffers);
    buffers.next_in = head.data;
    buffers.avail_in = head.len;
    CHECK_INT(rs_job_iter(job, &buffers), RS_BLOCKED);
    CHECK_INT(run(job, zeros, LEN, NULL, &written), RS_INPUT_ENDED); /* no END */
    CHECK_INT(written, LEN);
    bytes_free(&head);
}

int main(void)
{
    no_messages();
    zeros = (char *)mmap(NULL, LEN, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    REQUIRE(zeros != (char *)MAP_FAILED);
    zeros[LEN - 1] = '!';
    RUN(against_nothing);
    RUN(against_zeros);
    RUN(signature);
    RUN(long_copies);
    RUN(long_literals);
    return check_end();
}
