/* rs_job_drive: who is called when, what is passed on. */
#include "support.h"

/* A source and a sink of bytes for a drive, with a log of the calls. */
typedef struct {
    const bytes_t *input;
    size_t piece, done, room;
    char *out;
    bytes_t output;
    char calls[4096]; /* i, o: without room for output; I, O: with */
    size_t calls_made;
    rs_result in_result, out_result; /* what the callbacks return at their `fail_at`th call */
    int in_calls, out_calls, fail_at;
    rs_job_t *job;
} pump_t;

static pump_t new_pump(const bytes_t *input, size_t piece, size_t room)
{
    pump_t pump;

    memset(&pump, 0, sizeof pump);
    pump.input = input;
    pump.piece = piece;
    pump.room = room;
    pump.out = (char *)malloc(room);
    REQUIRE(pump.out);
    return pump;
}

static void free_pump(pump_t *pump)
{
    free(pump->out);
    bytes_free(&pump->output);
}

static void log_call(pump_t *pump, char call)
{
    if (pump->calls_made < sizeof pump->calls - 1)
        pump->calls[pump->calls_made++] = call;
}

static rs_result give_input(rs_job_t *job, rs_buffers_t *buffers, void *opaque)
{
    pump_t *pump = (pump_t *)opaque;
    size_t len;

    CHECK(job == pump->job);
    CHECK(!buffers->eof_in);
    log_call(pump, buffers->next_out ? 'I' : 'i');
    if (++pump->in_calls == pump->fail_at && pump->in_result)
        return pump->in_result;
    if (buffers->avail_in == 0) {
        len = pump->input->len - pump->done;
        len = len < pump->piece ? len : pump->piece;
        buffers->next_in = pump->input->data + pump->done;
        buffers->avail_in = len;
        buffers->eof_in = len == 0;
        pump->done += len;
    }
    return RS_DONE;
}

static rs_result take_output(rs_job_t *job, rs_buffers_t *buffers, void *opaque)
{
    pump_t *pump = (pump_t *)opaque;

    CHECK(job == pump->job);
    log_call(pump, buffers->next_out ? 'O' : 'o');
    if (++pump->out_calls == pump->fail_at && pump->out_result)
        return pump->out_result;
    if (buffers->next_out)
        bytes_add(&pump->output, pump->out, (size_t)(buffers->next_out - pump->out));
    buffers->next_out = pump->out;
    buffers->avail_out = pump->room;
    return RS_DONE;
}

static rs_result drive(rs_job_t *job, pump_t *pump)
{
    rs_buffers_t buffers;

    /* burp hands over whatever was on its stack. */
    memset(&buffers, 0xa5, sizeof buffers);
    pump->job = job;
    return rs_job_drive(job, &buffers, give_input, pump, take_output, pump);
}

static rs_buffers_t first_seen;
static int seen;

static rs_result look_at_buffers(rs_job_t *job, rs_buffers_t *buffers, void *opaque)
{
    (void)job;
    (void)opaque;
    if (!seen++)
        first_seen = *buffers;
    return RS_TEST_SKIPPED;
}

static void buffers_are_cleared_first(void)
{
    rs_job_t *job = rs_sig_begin(0, 0, (rs_magic_number)0);
    rs_buffers_t buffers, zero;

    memset(&buffers, 0xa5, sizeof buffers);
    memset(&zero, 0, sizeof zero);
    memset(&first_seen, 0xa5, sizeof first_seen);
    CHECK_INT(rs_job_drive(job, &buffers, look_at_buffers, NULL, look_at_buffers, NULL),
              RS_TEST_SKIPPED);
    CHECK_INT(seen, 1);
    CHECK(!first_seen.next_in && !first_seen.avail_in && !first_seen.eof_in);
    CHECK(!first_seen.next_out && !first_seen.avail_out);
    rs_job_free(job);
}

static void order_of_calls(void)
{
    bytes_t data = noise(1, 1000);
    pump_t pump = new_pump(&data, 400, 1000);
    rs_job_t *job = rs_sig_begin(400, 8, RS_MD4_SIG_MAGIC);
    size_t i;

    CHECK_INT(drive(job, &pump), RS_DONE);
    rs_job_free(job);
    /* Input first; the first output call has nothing to take, the last one follows the end. How often
     * depends on how much is consumed before there is room for output. */
    CHECK(pump.calls_made >= 8 && pump.calls_made <= 10);
    CHECK(strncmp(pump.calls, "io", 2) == 0);
    for (i = 2; i < pump.calls_made; i++)
        CHECK_INT(pump.calls[i], i % 2 ? 'O' : 'I');
    CHECK_INT(pump.output.len, 12 + 3 * 12);
    free_pump(&pump);
    bytes_free(&data);
}

static void everything_driven(void)
{
    static const size_t sizes[][2] = {{16000, 16000}, {1, 1}, {7, 65536}, {65536, 7}};
    bytes_t old = noise(2, 60000), new_bytes = edited(&old), sig, delta;
    size_t i;

    sig = sign(&old, 500, 16, RS_BLAKE2_SIG_MAGIC);
    for (i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t in = sizes[i][0], out = sizes[i][1];
        pump_t pump = new_pump(&old, in, out);
        rs_signature_t *sums;
        rs_buffers_t buffers;
        rs_job_t *job;

        job = rs_sig_begin(500, 16, RS_BLAKE2_SIG_MAGIC);
        CHECK_INT(drive(job, &pump), RS_DONE);
        CHECK_BYTES(pump.output, sig);
        rs_job_free(job);
        free_pump(&pump);

        /* Nothing comes out of a signature that is loaded: no output callback. */
        pump = new_pump(&sig, in, out);
        job = pump.job = rs_loadsig_begin(&sums);
        memset(&buffers, 0xa5, sizeof buffers);
        CHECK_INT(rs_job_drive(job, &buffers, give_input, &pump, NULL, NULL), RS_DONE);
        CHECK_INT(rs_job_free(job), RS_DONE);
        free_pump(&pump);

        CHECK_INT(rs_build_hash_table(sums), RS_DONE);
        delta = make_delta(sums, &new_bytes);
        pump = new_pump(&new_bytes, in, out);
        job = rs_delta_begin(sums);
        CHECK_INT(drive(job, &pump), RS_DONE);
        CHECK_BYTES(pump.output, delta);
        rs_job_free(job);
        rs_free_sumset(sums);
        free_pump(&pump);

        pump = new_pump(&delta, in, out);
        job = rs_patch_begin(copy_bytes, &old);
        CHECK_INT(drive(job, &pump), RS_DONE);
        CHECK_BYTES(pump.output, new_bytes);
        rs_job_free(job);
        free_pump(&pump);
        bytes_free(&delta);
    }
    bytes_free(&old);
    bytes_free(&new_bytes);
    bytes_free(&sig);
}

static void results_of_callbacks_are_passed_on(void)
{
    static const rs_result results[] = {RS_BLOCKED,  RS_RUNNING, RS_TEST_SKIPPED,  RS_IO_ERROR,
                                        RS_INPUT_ENDED, RS_CORRUPT, RS_UNIMPLEMENTED, (rs_result)4711};
    bytes_t data = noise(3, 1000);
    size_t i;

    for (i = 0; i < sizeof results / sizeof *results; i++) {
        pump_t pump = new_pump(&data, 100, 100);
        rs_job_t *job = rs_sig_begin(400, 8, RS_MD4_SIG_MAGIC);

        pump.fail_at = 3;
        pump.in_result = results[i];
        CHECK_INT(drive(job, &pump), results[i]);
        CHECK_STR(pump.calls, "ioIOI"); /* and nothing after it */
        rs_job_free(job);
        free_pump(&pump);

        pump = new_pump(&data, 100, 100);
        job = rs_sig_begin(400, 8, RS_MD4_SIG_MAGIC);
        pump.fail_at = 3;
        pump.out_result = results[i];
        CHECK_INT(drive(job, &pump), results[i]);
        CHECK_STR(pump.calls, "ioIOIO");
        rs_job_free(job);
        free_pump(&pump);
    }
    bytes_free(&data);
}

static void failures_of_jobs_end_the_drive(void)
{
    bytes_t delta = unhex("72730236 02 6869 66");
    pump_t pump = new_pump(&delta, 100, 100);
    rs_job_t *job = rs_patch_begin(NULL, NULL);

    CHECK_INT(drive(job, &pump), RS_CORRUPT);
    /* What came out in the failing round is not taken. */
    CHECK_STR(pump.calls, "ioI");
    CHECK_INT(pump.output.len, 0);
    rs_job_free(job);
    free_pump(&pump);
    bytes_free(&delta);
}

/* Ends with the data, not one call later. */
static rs_result give_all_input(rs_job_t *job, rs_buffers_t *buffers, void *opaque)
{
    pump_t *pump = (pump_t *)opaque;

    (void)job;
    log_call(pump, buffers->next_out ? 'I' : 'i');
    buffers->next_in = pump->input->data;
    buffers->avail_in = pump->input->len;
    buffers->eof_in = 1;
    return RS_DONE;
}

static void end_with_the_last_input(void)
{
    bytes_t data = noise(4, 1000), sig = sign(&data, 400, 8, RS_MD4_SIG_MAGIC);
    pump_t pump = new_pump(&data, 0, 20);
    rs_job_t *job = rs_sig_begin(400, 8, RS_MD4_SIG_MAGIC);
    rs_buffers_t buffers;

    pump.job = job;
    CHECK_INT(rs_job_drive(job, &buffers, give_all_input, &pump, take_output, &pump), RS_DONE);
    CHECK_STR(pump.calls, "ioOOO");
    CHECK_BYTES(pump.output, sig);
    rs_job_free(job);
    free_pump(&pump);
    bytes_free(&data);
    bytes_free(&sig);
}

static rs_result end_of_input(rs_job_t *job, rs_buffers_t *buffers, void *opaque)
{
    pump_t *pump = (pump_t *)opaque;

    take_output(job, buffers, pump);
    buffers->eof_in = 1;
    return RS_DONE;
}

/* Without an input callback there is none to call; the output callback may end the input. */
static void no_input_callback(void)
{
    bytes_t nothing = {NULL, 0, 0};
    pump_t pump = new_pump(&nothing, 0, 100);
    rs_job_t *job = rs_sig_begin(0, 0, RS_MD4_SIG_MAGIC);
    rs_buffers_t buffers;

    pump.job = job;
    CHECK_INT(rs_job_drive(job, &buffers, NULL, NULL, end_of_input, &pump), RS_DONE);
    CHECK_HEX(pump.output, "72730136 00000800 00000010");
    rs_job_free(job);
    free_pump(&pump);
}

int main(void)
{
    no_messages();
    RUN(buffers_are_cleared_first);
    RUN(order_of_calls);
    RUN(everything_driven);
    RUN(results_of_callbacks_are_passed_on);
    RUN(failures_of_jobs_end_the_drive);
    RUN(end_with_the_last_input);
    RUN(no_input_callback);
    return check_end();
}
