/* Messages: levels, callbacks, silence, the text on standard error. */
#include "support.h"

/* Makes a message of level ERR. */
static void make_error(void)
{
    rs_magic_number magic = (rs_magic_number)1;
    size_t block_len = 0, strong_len = 0;

    CHECK_INT(rs_sig_args(0, &magic, &block_len, &strong_len), RS_BAD_MAGIC);
}

static void make_warning(void)
{
    rs_magic_number magic = RS_MD4_SIG_MAGIC;
    size_t block_len = 0, strong_len = 1;

    CHECK_INT(rs_sig_args(0, &magic, &block_len, &strong_len), RS_DONE);
}

static void make_info(void)
{
    rs_stats_t stats;

    memset(&stats, 0, sizeof stats);
    rs_log_stats(&stats);
}

static const char ERROR_LINE[] = "librsync: ERROR: (rs_sig_args) invalid magic 0x1\n";

static int messages_at(rs_loglevel level)
{
    rs_trace_set_level(level);
    keep_messages();
    make_error();
    make_warning();
    make_info();
    return !!strstr(messages, "ERROR") + 2 * !!strstr(messages, "Warning") +
           4 * !!strstr(messages, "statistics");
}

static void levels(void)
{
    /* INFO is the level unless one was set: this must run first. */
    keep_messages();
    make_info();
    CHECK(strstr(messages, "noop statistics"));

    CHECK_INT(messages_at(RS_LOG_DEBUG), 7);
    CHECK_INT(messages_at(RS_LOG_INFO), 7);
    CHECK_INT(messages_at(RS_LOG_NOTICE), 3);
    CHECK_INT(messages_at(RS_LOG_WARNING), 3);
    CHECK_INT(messages_at(RS_LOG_ERR), 1);
    CHECK_INT(messages_at(RS_LOG_CRIT), 0);
    CHECK_INT(messages_at(RS_LOG_EMERG), 0);
    rs_trace_set_level(RS_LOG_INFO);
}

static int calls;

/* Cuts the message at its end of line, as swupdate does, and writes over all of it. */
static void edit_message(rs_loglevel level, const char *message)
{
    char *writable = (char *)message;
    size_t len = strlen(message);

    calls++;
    CHECK_INT(level, RS_LOG_ERR);
    CHECK(len > 0 && message[len - 1] == '\n');
    CHECK(strchr(message, '\n') == message + len - 1);
    *strchrnul(writable, '\n') = 0;
    CHECK_STR(message, "librsync: ERROR: (rs_sig_args) invalid magic 0x1");
    memset(writable, 'x', len);
}

static void a_callback_may_write_into_the_message(void)
{
    rs_trace_to(edit_message);
    make_error();
    make_error();
    CHECK_INT(calls, 2);
}

/* What a function writes to standard error. */
static char *stderr_of(void (*function)(void))
{
    static char text[4096];
    FILE *file = tmpfile();
    int saved = dup(2);
    size_t len;

    REQUIRE(file && saved >= 0);
    fflush(stderr);
    dup2(fileno(file), 2);
    function();
    fflush(stderr);
    dup2(saved, 2);
    close(saved);
    rewind(file);
    len = fread(text, 1, sizeof text - 1, file);
    text[len] = 0;
    fclose(file);
    return text;
}

static void say_hello(void) { rs_trace_stderr(RS_LOG_INFO, "hello\n"); }

static void standard_error(void)
{
    CHECK_STR(stderr_of(say_hello), "hello\n");
    rs_trace_to(rs_trace_stderr);
    CHECK_STR(stderr_of(make_error), ERROR_LINE);
}

static void standard_error_is_the_default(void)
{
    CHECK_STR(stderr_of(make_error), ERROR_LINE);
}

static void silence(void)
{
    rs_trace_to(NULL);
    CHECK_STR(stderr_of(make_error), "");
}

static void failed_jobs_say_so(void)
{
    bytes_t bad = unhex("72730237 00"), cut = unhex("72730236 05 6162");
    bytes_t nothing = {NULL, 0, 0}, result = {NULL, 0, 0};

    keep_messages();
    CHECK_INT(patch_pieces(&nothing, &bad, WHOLE, WHOLE, NULL), RS_BAD_MAGIC);
    CHECK(strstr(messages, "got magic number 0x72730237 rather than expected value 0x72730236\n"));
    CHECK(strstr(messages, "librsync: ERROR: (rs_job_complete) "
                           "patch job failed: bad magic number at start of stream\n"));
    keep_messages();
    CHECK_INT(patch_pieces(&nothing, &cut, WHOLE, WHOLE, &result), RS_INPUT_ENDED);
    CHECK(strstr(messages, "reached end of file while copying data\n"));
    CHECK(strstr(messages, "librsync: ERROR: (rs_job_complete) "
                           "patch job failed: unexpected end of input\n"));
    no_messages();
    bytes_free(&bad);
    bytes_free(&cut);
    bytes_free(&result);
}

static void trace_support(void) { CHECK(rs_supports_trace() == 0 || rs_supports_trace() == 1); }

int main(void)
{
    RUN(standard_error_is_the_default);
    RUN(levels);
    RUN(a_callback_may_write_into_the_message);
    RUN(standard_error);
    RUN(silence);
    RUN(failed_jobs_say_so);
    RUN(trace_support);
    return check_end();
}
