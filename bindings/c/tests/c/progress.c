/* Progress is told, and cancels. */
#include "support.h"

#define LENGTH (1u << 20)

static bytes_t basis, new_file;

typedef struct {
    int calls;
    /* 0 never cancels */
    int cancel_at;
    /* how often the numbers started again */
    int phases;
    uint64_t in_bytes, out_bytes;
} watch_t;

static int watch(void *opaque, uint64_t in_bytes, uint64_t out_bytes)
{
    watch_t *seen = (watch_t *)opaque;

    if (seen->calls == 0 || in_bytes < seen->in_bytes) {
        seen->phases++;
        seen->in_bytes = 0;
    }
    CHECK(in_bytes >= seen->in_bytes && in_bytes - seen->in_bytes <= 9u << 20);
    seen->in_bytes = in_bytes;
    seen->out_bytes = out_bytes;
    return ++seen->calls == seen->cancel_at;
}

static sigdelta_options watched(watch_t *seen, int cancel_at)
{
    sigdelta_options options = options_new();

    memset(seen, 0, sizeof *seen);
    seen->cancel_at = cancel_at;
    options.progress = watch;
    options.progress_opaque = seen;
    return options;
}

/* Runs one of the eight verbs. */
static sigdelta_status run(int verb, const sigdelta_options *options)
{
    static const char OUTPUT[] = "output";
    sigdelta_bytes output = {NULL, 0}, signature, delta;
    sigdelta_status status;

    switch (verb) {
    case 0:
        return sigdelta_signature_file("old", OUTPUT, options, NULL);
    case 1:
        return sigdelta_delta_file("sig", "new", OUTPUT, options, NULL);
    case 2:
        return sigdelta_diff_file("old", "new", OUTPUT, options, NULL);
    case 3:
        return sigdelta_patch_file("old", "delta", OUTPUT, options, NULL);
    }
    signature = sign(&basis, NULL);
    delta = make_delta(&signature, &new_file, NULL);
    switch (verb) {
    case 4:
        status = sigdelta_signature_bytes(basis.data, basis.len, options, &output);
        break;
    case 5:
        status = sigdelta_delta_bytes(signature.data, signature.len, new_file.data, new_file.len, options,
                                      &output);
        break;
    case 6:
        status = sigdelta_diff_bytes(basis.data, basis.len, new_file.data, new_file.len, options, &output);
        break;
    default:
        status = sigdelta_patch_bytes(basis.data, basis.len, delta.data, delta.len, options, &output);
    }
    CHECK((output.data != NULL) == (status == SIGDELTA_OK));
    sigdelta_bytes_free(&output);
    sigdelta_bytes_free(&signature);
    sigdelta_bytes_free(&delta);
    return status;
}

static void progress_is_told_and_cancels_everywhere(void)
{
    /* A signature is so short that the new file goes on with larger numbers. */
    static const int PHASES[] = {1, 1, 2, 1};
    int verb, at, files;

    write_file("old", basis.data, basis.len);
    write_file("new", new_file.data, new_file.len);
    CHECK_STATUS(sigdelta_signature_file("old", "sig", NULL, NULL), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_diff_file("old", "new", "delta", NULL, NULL), SIGDELTA_OK);
    write_file("output", "precious", 8);
    files = files_here();
    for (verb = 0; verb < 8; verb++) {
        watch_t seen;
        sigdelta_options options = watched(&seen, 0);
        int calls;

        CHECK_STATUS(run(verb, &options), SIGDELTA_OK);
        calls = seen.calls;
        CHECK_INT(seen.phases, PHASES[verb % 4]);
        CHECK(verb % 4 == 3 || seen.in_bytes == (verb % 4 == 0 ? basis.len : new_file.len));
        CHECK(calls > 2 && seen.out_bytes > 0);
        write_file("output", "precious", 8);
        for (at = 1; at <= calls; at++) {
            options = watched(&seen, at);
            CHECK_STATUS(run(verb, &options), SIGDELTA_CANCELLED);
            CHECK_INT(seen.calls, at);
            CHECK(strstr(sigdelta_error_text(), "cancelled") != NULL);
            CHECK(sigdelta_error_offset() == SIGDELTA_UNKNOWN);
        }
        check_file("output", "precious", 8);
        CHECK_INT(files_here(), files);
    }
}

static int use_the_library(void *opaque, uint64_t in_bytes, uint64_t out_bytes)
{
    bytes_t small = noise(3, 1000);
    sigdelta_bytes signature = sign(&small, NULL);

    (void)in_bytes;
    (void)out_bytes;
    ++*(int *)opaque;
    CHECK_STATUS(sigdelta_job_step(NULL, NULL), SIGDELTA_PARAM_ERROR);
    sigdelta_bytes_free(&signature);
    bytes_free(&small);
    return 0;
}

/* The progress function may use the library, failures included. */
static void the_library_may_be_used_meanwhile(void)
{
    sigdelta_options options = options_new();
    sigdelta_bytes delta;
    int calls = 0;

    options.progress = use_the_library;
    options.progress_opaque = &calls;
    delta = diff(&basis, &new_file, &options);
    CHECK(calls > 0);
    sigdelta_bytes_free(&delta);
}

int main(void)
{
    basis = noise(1, LENGTH);
    new_file = edited(&basis);
    RUN(progress_is_told_and_cancels_everywhere);
    RUN(the_library_may_be_used_meanwhile);
    bytes_free(&basis);
    bytes_free(&new_file);
    return check_end();
}
