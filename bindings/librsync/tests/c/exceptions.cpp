// C++ exceptions thrown in callbacks pass through the library; jobs can be freed afterwards.
#include "support.h"

#include <stdexcept>

namespace {

struct Thrown {
    int number;
};

// Runs something that must throw `number`.
template <typename Function> void check_throws(int number, Function function)
{
    int caught = 0;

    try {
        function();
    } catch (const Thrown &thrown) {
        caught = thrown.number;
    }
    CHECK_INT(caught, number);
}

rs_result throw_in_drive(rs_job_t *, rs_buffers_t *, void *) { throw Thrown{1}; }

rs_result give_nothing(rs_job_t *, rs_buffers_t *buffers, void *)
{
    buffers->eof_in = 1;
    return RS_DONE;
}

void drive_callbacks()
{
    rs_buffers_t buffers;
    rs_job_t *job = rs_sig_begin(0, 0, RS_MD4_SIG_MAGIC);

    check_throws(1, [&] { rs_job_drive(job, &buffers, throw_in_drive, NULL, NULL, NULL); });
    check_throws(1, [&] { rs_job_drive(job, &buffers, give_nothing, NULL, throw_in_drive, NULL); });
    CHECK_INT(rs_job_free(job), RS_DONE);
}

rs_result throw_in_copy(void *, rs_long_t, size_t *, void **) { throw Thrown{2}; }

bytes_t copying_delta() { return unhex("72730236 02 6869 45 00 05 00"); }

void copy_callback()
{
    bytes_t delta = copying_delta();
    rs_job_t *job = rs_patch_begin(throw_in_copy, NULL);
    rs_buffers_t buffers;
    char out[100];

    memset(&buffers, 0, sizeof buffers);
    buffers.next_in = delta.data;
    buffers.avail_in = delta.len;
    buffers.eof_in = 1;
    buffers.next_out = out;
    buffers.avail_out = sizeof out;
    check_throws(2, [&] { rs_job_iter(job, &buffers); });
    CHECK_INT(rs_job_free(job), RS_DONE);
    bytes_free(&delta);
}

// The second of two jobs, and the drive around it.
void copy_callback_in_a_drive()
{
    bytes_t delta = copying_delta();
    rs_job_t *job = rs_patch_begin(throw_in_copy, NULL);
    rs_buffers_t buffers;
    static char out[100];
    struct Callbacks {
        static rs_result in(rs_job_t *, rs_buffers_t *buf, void *opaque)
        {
            bytes_t *input = static_cast<bytes_t *>(opaque);

            buf->next_in = input->data;
            buf->avail_in = input->len;
            buf->eof_in = 1;
            return RS_DONE;
        }
        static rs_result take(rs_job_t *, rs_buffers_t *buf, void *)
        {
            buf->next_out = out;
            buf->avail_out = sizeof out;
            return RS_DONE;
        }
    };

    check_throws(2, [&] {
        rs_job_drive(job, &buffers, Callbacks::in, &delta, Callbacks::take, NULL);
    });
    CHECK_INT(rs_job_free(job), RS_DONE);
    bytes_free(&delta);
}

void throw_in_trace(rs_loglevel, const char *) { throw Thrown{3}; }

void trace_callback()
{
    rs_magic_number magic = static_cast<rs_magic_number>(1);
    size_t block_len = 0, strong_len = 0;
    bytes_t hello = {const_cast<char *>("Hello, world!"), 13, 0};
    bytes_t sig = sign(&hello, 0, 0, RS_MD4_SIG_MAGIC), bad = unhex("72730237 00");
    rs_signature_t *sums = load(&sig);
    rs_stats_t stats;
    rs_job_t *job;
    FILE *basis = tmpfile(), *delta = tmpfile(), *result = tmpfile();

    REQUIRE(basis && delta && result);
    memset(&stats, 0, sizeof stats);
    rs_trace_to(throw_in_trace);
    check_throws(3, [&] { rs_sig_args(0, &magic, &block_len, &strong_len); });
    check_throws(3, [&] { rs_log_stats(&stats); });
    check_throws(3, [&] { rs_sumset_dump(sums); });
    check_throws(3, [&] { rs_signature_log_stats(sums); });

    job = rs_sig_begin(0, 0, RS_DELTA_MAGIC);
    check_throws(3, [&] { run_job(job, NULL, 0, WHOLE, 0, NULL); });
    CHECK_INT(rs_job_free(job), RS_DONE);
    job = rs_patch_begin(throw_in_copy, NULL);
    check_throws(3, [&] { run_job(job, bad.data, bad.len, WHOLE, 0, NULL); });
    CHECK_INT(rs_job_free(job), RS_DONE);

    // From deep inside the file functions.
    fwrite(bad.data, 1, bad.len, delta);
    rewind(delta);
    check_throws(3, [&] { rs_patch_file(basis, delta, result, NULL); });
    check_throws(3, [&] { rs_sig_file(basis, result, 0, 0, RS_DELTA_MAGIC, NULL); });
    {
        char space[4];
        void *buf = space;
        size_t len = sizeof space;

        check_throws(3, [&] { rs_file_copy_cb(basis, 0, &len, &buf); });
    }
    rewind(delta);
    {
        rs_signature_t *loaded = NULL;

        check_throws(3, [&] { rs_loadsig_file(delta, &loaded, NULL); });
        rs_trace_to(NULL);
        rs_free_sumset(loaded);
    }
    fclose(basis);
    fclose(delta);
    fclose(result);
    rs_free_sumset(sums);
    bytes_free(&sig);
    bytes_free(&bad);
}

ssize_t throw_in_read(void *, char *, size_t)
{
    throw Thrown{4};
}

// A stream of the program's own.
void stream_function()
{
    cookie_io_functions_t functions = {throw_in_read, NULL, NULL, NULL};
    FILE *in = fopencookie(NULL, "rb", functions), *out = tmpfile();
    char space[4];
    void *buf = space;
    size_t len = sizeof space;
    rs_signature_t *sums = NULL;

    REQUIRE(in && out);
    check_throws(4, [&] { rs_sig_file(in, out, 256, 8, RS_MD4_SIG_MAGIC, NULL); });
    check_throws(4, [&] { rs_loadsig_file(in, &sums, NULL); });
    check_throws(4, [&] { rs_patch_file(out, in, out, NULL); });
    rs_free_sumset(sums);
    fclose(out);
    // Without a seek function it fails before it reads.
    CHECK_INT(rs_file_copy_cb(in, 0, &len, &buf), RS_IO_ERROR);
}

// The result of a job stays what it was, also if the messages about it throw.
void a_message_that_throws()
{
    bytes_t bad = unhex("72730237 00");
    rs_job_t *job = rs_patch_begin(NULL, NULL);

    rs_trace_to(throw_in_trace);
    check_throws(3, [&] { run_job(job, bad.data, bad.len, WHOLE, 0, NULL); });
    CHECK_INT(run_job(job, bad.data, bad.len, WHOLE, 0, NULL), RS_BAD_MAGIC);
    rs_trace_to(NULL);
    CHECK_INT(rs_job_free(job), RS_DONE);
    bytes_free(&bad);
}

} // namespace

int main()
{
    no_messages();
    RUN(drive_callbacks);
    RUN(copy_callback);
    RUN(copy_callback_in_a_drive);
    RUN(trace_callback);
    RUN(stream_function);
    RUN(a_message_that_throws);
    return check_end();
}
