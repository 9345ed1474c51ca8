/* One index in many threads; errors belong to their thread. */
#include "support.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#define THREADS 4

static bytes_t basis, new_file;
static sigdelta_bytes expected;
static sigdelta_index *shared_index;
static pthread_barrier_t barrier;

static void *make_deltas(void *number)
{
    int i;

    for (i = 0; i < 5; i++) {
        pieces_t pieces = {1000u + 777u * (size_t)(uintptr_t)number, 5000, WHOLE, 1};
        bytes_t delta = {NULL, 0, 0};
        sigdelta_job *job = NULL;

        CHECK_STATUS(sigdelta_delta_job(shared_index, NULL, &job), SIGDELTA_OK);
        CHECK_STATUS(run_job(job, new_file.data, new_file.len, NULL, pieces, &delta), SIGDELTA_OK);
        CHECK_BYTES(delta, expected);
        sigdelta_job_free(job);
        bytes_free(&delta);
    }
    return NULL;
}

static void an_index_is_shared(void)
{
    pthread_t threads[THREADS];
    sigdelta_bytes signature = sign(&basis, NULL);
    uintptr_t i;

    shared_index = load(&signature);
    for (i = 0; i < THREADS; i++)
        REQUIRE(pthread_create(&threads[i], NULL, make_deltas, (void *)i) == 0);
    for (i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    sigdelta_index_free(shared_index);
    sigdelta_bytes_free(&signature);
}

static void *finish_delta(void *job)
{
    bytes_t delta = {NULL, 0, 0};

    pthread_barrier_wait(&barrier);
    CHECK_STATUS(run_job((sigdelta_job *)job, new_file.data, new_file.len, NULL, AT_ONCE, &delta),
                 SIGDELTA_OK);
    CHECK_BYTES(delta, expected);
    sigdelta_job_free((sigdelta_job *)job);
    bytes_free(&delta);
    return NULL;
}

/* Jobs wander to other threads while this one frees the index that they use. */
static void an_index_is_freed_under_its_jobs(void)
{
    pthread_t threads[THREADS];
    sigdelta_bytes signature = sign(&basis, NULL);
    sigdelta_index *index = load(&signature);
    int i;

    REQUIRE(pthread_barrier_init(&barrier, NULL, THREADS + 1) == 0);
    for (i = 0; i < THREADS; i++) {
        sigdelta_job *job = NULL;

        CHECK_STATUS(sigdelta_delta_job(index, NULL, &job), SIGDELTA_OK);
        REQUIRE(pthread_create(&threads[i], NULL, finish_delta, job) == 0);
    }
    pthread_barrier_wait(&barrier);
    sigdelta_index_free(index);
    for (i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&barrier);
    sigdelta_bytes_free(&signature);
}

static volatile sig_atomic_t handled;

static void note_signal(int signal)
{
    (void)signal;
    handled++;
}

/* Called while the threads of the library run: no other thread of the program takes the signal. */
static int signal_the_process(void *mask, const sigdelta_progress *progress)
{
    (void)progress;
    pthread_sigmask(SIG_BLOCK, mask, NULL);
    kill(getpid(), SIGUSR1);
    return 0;
}

static void threads_of_the_library_change_nothing(void)
{
    bytes_t large = noise(3, 3000000), changed = edited(&large);
    sigdelta_options options = with_trailer(SIGDELTA_TRAILER_AUTO);
    sigdelta_bytes signature, delta;
    uint32_t threads;

    options.threads = 1;
    signature = sign(&large, &options);
    delta = diff(&large, &changed, &options);
    for (threads = 0; threads < 6; threads++) {
        sigdelta_bytes same, found;

        options.threads = threads;
        same = sign(&large, &options);
        found = diff(&large, &changed, &options);
        CHECK_BYTES(same, signature);
        CHECK_BYTES(found, delta);
        sigdelta_bytes_free(&same);
        sigdelta_bytes_free(&found);
    }
    sigdelta_bytes_free(&signature);
    sigdelta_bytes_free(&delta);
    bytes_free(&large);
    bytes_free(&changed);
}

static void threads_change_no_layered_patch(void)
{
    bytes_t large = noise(3, 9000000), changed = edited(&large);
    sigdelta_options options = options_new();
    sigdelta_bytes patch = {NULL, 0}, delta = {NULL, 0};

    options.level = SIGDELTA_LEVEL_FAST;
    write_file("old", large.data, large.len);
    for (options.threads = 1; options.threads < 4; options.threads++) {
        sigdelta_bytes same, flat, result;

        CHECK_STATUS(sigdelta_layered_diff_bytes(large.data, large.len, changed.data, changed.len, &options,
                                                 &same, NULL), SIGDELTA_OK);
        CHECK_STATUS(sigdelta_flat_diff_bytes(large.data, large.len, changed.data, changed.len, &options,
                                              &flat, NULL), SIGDELTA_OK);
        write_file("patch", same.data, same.len);
        CHECK_STATUS(sigdelta_patch_file("old", "patch", "result", &options, NULL), SIGDELTA_OK);
        check_file("result", changed.data, changed.len);
        result = apply(&large, &flat, NULL);
        CHECK_BYTES(result, changed);
        sigdelta_bytes_free(&result);
        if (options.threads == 1) {
            patch = same;
            delta = flat;
            continue;
        }
        CHECK_BYTES(same, patch);
        CHECK_BYTES(flat, delta);
        sigdelta_bytes_free(&same);
        sigdelta_bytes_free(&flat);
    }
    sigdelta_bytes_free(&patch);
    sigdelta_bytes_free(&delta);
    bytes_free(&large);
    bytes_free(&changed);
}

static void signals_stay_with_the_program(void)
{
    bytes_t large = noise(3, 3000000);
    sigdelta_options options = with_trailer(SIGDELTA_TRAILER_AUTO);
    sigdelta_bytes signature;
    struct sigaction action = {0};
    sigset_t mask;

    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR1);
    action.sa_handler = note_signal;
    REQUIRE(sigaction(SIGUSR1, &action, NULL) == 0);
    options.threads = 8;
    options.progress = signal_the_process;
    options.progress_opaque = &mask;
    signature = sign(&large, &options);
    sigdelta_bytes_free(&signature);
    options.level = SIGDELTA_LEVEL_FAST;
    CHECK_STATUS(sigdelta_layered_diff_bytes(large.data, large.len, large.data, large.len, &options,
                                             &signature, NULL), SIGDELTA_OK);
    CHECK_INT(handled, 0);
    pthread_sigmask(SIG_UNBLOCK, &mask, NULL);
    CHECK_INT(handled, 1);
    sigdelta_bytes_free(&signature);
    bytes_free(&large);
}

static void *fail_elsewhere(void *unused)
{
    (void)unused;
    CHECK_ERROR("", SIGDELTA_UNKNOWN);
    CHECK_INT(sigdelta_error_errno(), 0);
    CHECK_STATUS(sigdelta_job_step(NULL, NULL), SIGDELTA_PARAM_ERROR);
    CHECK_ERROR("job is NULL", SIGDELTA_UNKNOWN);
    return NULL;
}

static void errors_belong_to_their_thread(void)
{
    pthread_t thread;
    sigdelta_bytes result;

    CHECK_STATUS(sigdelta_patch_bytes(NULL, 0, "rs\2\66\x60", 5, NULL, &result, NULL), SIGDELTA_CORRUPT);
    REQUIRE(pthread_create(&thread, NULL, fail_elsewhere, NULL) == 0);
    pthread_join(thread, NULL);
    CHECK_ERROR("unknown delta command 0x60 at byte 4", 4);
}

int main(void)
{
    CHECK_ERROR("", SIGDELTA_UNKNOWN);
    basis = noise(1, 200000);
    new_file = edited(&basis);
    expected = diff(&basis, &new_file, NULL);
    RUN(an_index_is_shared);
    RUN(an_index_is_freed_under_its_jobs);
    RUN(errors_belong_to_their_thread);
    RUN(threads_of_the_library_change_nothing);
    RUN(threads_change_no_layered_patch);
    RUN(signals_stay_with_the_program);
    sigdelta_bytes_free(&expected);
    bytes_free(&basis);
    bytes_free(&new_file);
    return check_end();
}
