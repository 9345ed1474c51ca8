/* Progress is told, and cancels. */
#include "support.h"

#include <sys/wait.h>

#define LENGTH (1u << 20)

static bytes_t basis, new_file, patch;

typedef struct {
    int calls;
    /* 0 never cancels */
    int cancel_at;
    /* the numbers of the phases in their order, as digits */
    unsigned phases;
    sigdelta_progress last;
} watch_t;

static int watch(void *opaque, const sigdelta_progress *progress)
{
    watch_t *seen = (watch_t *)opaque;

    CHECK_INT(progress->size, sizeof *progress);
    if (seen->calls == 0 || progress->phase != seen->last.phase) {
        CHECK(seen->calls == 0 || seen->last.in_bytes == seen->last.in_total);
        seen->phases = 10 * seen->phases + progress->phase;
        memset(&seen->last, 0, sizeof seen->last);
        seen->last.in_total = progress->in_total;
    }
    CHECK(progress->in_bytes >= seen->last.in_bytes && progress->in_bytes - seen->last.in_bytes <= 9u << 20);
    CHECK(progress->out_bytes >= seen->last.out_bytes);
    CHECK(progress->in_total == seen->last.in_total && progress->in_bytes <= progress->in_total);
    seen->last = *progress;
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

/* Runs one of the eighteen verbs: six on files, six on bytes, three and three on two files. */
static sigdelta_status run(int verb, const sigdelta_options *options)
{
    static const char OUTPUT[] = "output";
    sigdelta_bytes output = {NULL, 0}, signature, delta;
    sigdelta_index *index = NULL;
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
    case 4:
        status = sigdelta_index_from_file("sig", options, &index);
        CHECK((index != NULL) == (status == SIGDELTA_OK));
        sigdelta_index_free(index);
        return status;
    case 12:
        return sigdelta_layered_diff_file("old", "new", OUTPUT, options, NULL);
    case 13:
        return sigdelta_flat_diff_file("old", "new", OUTPUT, options, NULL);
    case 14:
        return sigdelta_layered_patch_file("old", "patch", OUTPUT, options, NULL);
    }
    signature = sign(&basis, NULL);
    delta = make_delta(&signature, &new_file, NULL);
    switch (verb) {
    case 5:
        index = load(&signature);
        status = sigdelta_index_delta_file(index, "new", OUTPUT, options, NULL);
        break;
    case 6:
        status = sigdelta_signature_bytes(basis.data, basis.len, options, &output, NULL);
        break;
    case 7:
        status = sigdelta_delta_bytes(signature.data, signature.len, new_file.data, new_file.len, options,
                                      &output, NULL);
        break;
    case 8:
        status = sigdelta_diff_bytes(basis.data, basis.len, new_file.data, new_file.len, options, &output,
                                     NULL);
        break;
    case 10:
        status = sigdelta_index_from_bytes(signature.data, signature.len, options, &index);
        break;
    case 11:
        index = load(&signature);
        status = sigdelta_index_delta_bytes(index, new_file.data, new_file.len, options, &output, NULL);
        break;
    case 15:
        status = sigdelta_layered_diff_bytes(basis.data, basis.len, new_file.data, new_file.len, options,
                                             &output, NULL);
        break;
    case 16:
        status = sigdelta_flat_diff_bytes(basis.data, basis.len, new_file.data, new_file.len, options,
                                          &output, NULL);
        break;
    case 17:
        status = sigdelta_layered_patch_bytes(basis.data, basis.len, patch.data, patch.len, options, &output,
                                              NULL);
        break;
    default:
        status = sigdelta_patch_bytes(basis.data, basis.len, delta.data, delta.len, options, &output, NULL);
    }
    if (verb == 10)
        CHECK((index != NULL) == (status == SIGDELTA_OK));
    else if (verb > 5)
        CHECK((output.data != NULL) == (status == SIGDELTA_OK));
    sigdelta_index_free(index);
    sigdelta_bytes_free(&output);
    sigdelta_bytes_free(&signature);
    sigdelta_bytes_free(&delta);
    return status;
}

static void progress_is_told_and_cancels_everywhere(void)
{
    static const unsigned PHASES[] = {1, 23, 13, 4, 2, 3, 1, 23, 13, 4, 2, 3, 3, 3, 4, 3, 3, 4};
    int verb, at, files;

    write_file("old", basis.data, basis.len);
    write_file("new", new_file.data, new_file.len);
    CHECK_STATUS(sigdelta_signature_file("old", "sig", NULL, NULL), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_diff_file("old", "new", "delta", NULL, NULL), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_layered_diff_file("old", "new", "patch", NULL, NULL), SIGDELTA_OK);
    patch = read_file("patch");
    write_file("output", "precious", 8);
    files = files_here();
    for (verb = 0; verb < 18; verb++) {
        watch_t seen;
        sigdelta_options options = watched(&seen, 0);
        int calls;

        CHECK_STATUS(run(verb, &options), SIGDELTA_OK);
        calls = seen.calls;
        CHECK_INT(seen.phases, PHASES[verb]);
        CHECK_INT(seen.last.in_bytes, seen.last.in_total);
        if (seen.last.phase == SIGDELTA_PHASE_SIGNATURE)
            CHECK_INT(seen.last.in_total, basis.len);
        if (seen.last.phase == SIGDELTA_PHASE_DELTA)
            CHECK_INT(seen.last.in_total, new_file.len);
        CHECK(calls >= 2 && (seen.last.out_bytes > 0) == (PHASES[verb] != 2));
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
    bytes_free(&patch);
}

/* The length of a pipe is not known. */
static void a_pipe_has_no_total(void)
{
    watch_t seen;
    sigdelta_options options = watched(&seen, 0);
    pid_t child;

    REQUIRE(mkfifo("pipe", 0600) == 0 && (child = fork()) >= 0);
    if (child == 0) {
        write_file("pipe", basis.data, basis.len);
        _exit(0);
    }
    CHECK_STATUS(sigdelta_signature_file("pipe", "output", &options, NULL), SIGDELTA_OK);
    REQUIRE(waitpid(child, NULL, 0) == child);
    CHECK(seen.last.in_total == SIGDELTA_UNKNOWN);
    CHECK_INT(seen.last.in_bytes, basis.len);
    unlink("pipe");
}

static int use_the_library(void *opaque, const sigdelta_progress *progress)
{
    bytes_t small = noise(3, 1000);
    sigdelta_bytes signature = sign(&small, NULL);

    (void)progress;
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
    RUN(a_pipe_has_no_total);
    RUN(the_library_may_be_used_meanwhile);
    bytes_free(&basis);
    bytes_free(&new_file);
    return check_end();
}
