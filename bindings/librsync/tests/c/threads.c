/* Several threads with one signature between them; jobs are begun, used and freed while others run. */
#include "support.h"

#include <pthread.h>

enum { MOST = 8, ROUNDS = 6 };

static rs_signature_t *sums;
static bytes_t old, news[MOST], deltas[MOST];
static int done; /* the workers are */

/* Makes deltas again and again, checks them and applies them. */
static void *work(void *opaque)
{
    size_t number = (size_t)opaque, round;

    for (round = 0; round < ROUNDS; round++) {
        bytes_t delta = {NULL, 0, 0}, result = {NULL, 0, 0};
        size_t piece = round % 2 ? 1000 : WHOLE;
        rs_job_t *job = rs_delta_begin(sums);

        REQUIRE(run_job(job, news[number].data, news[number].len, piece, piece, &delta) == RS_DONE);
        REQUIRE(rs_job_free(job) == RS_DONE);
        REQUIRE(delta.len == deltas[number].len);
        REQUIRE(memcmp(delta.data, deltas[number].data, delta.len) == 0);
        job = rs_patch_begin(copy_bytes, &old);
        REQUIRE(run_job(job, delta.data, delta.len, piece, piece, &result) == RS_DONE);
        REQUIRE(rs_job_free(job) == RS_DONE);
        REQUIRE(result.len == news[number].len);
        REQUIRE(memcmp(result.data, news[number].data, result.len) == 0);
        bytes_free(&delta);
        bytes_free(&result);
    }
    return NULL;
}

/* Frees jobs halfway. */
static void *give_up(void *opaque)
{
    static char out[1 << 16];
    size_t part = 0;

    (void)opaque;
    while (!__atomic_load_n(&done, __ATOMIC_ACQUIRE)) {
        rs_job_t *job = rs_delta_begin(sums);
        rs_buffers_t buffers;

        memset(&buffers, 0, sizeof buffers);
        buffers.next_in = news[0].data;
        buffers.avail_in = part;
        buffers.next_out = out;
        buffers.avail_out = sizeof out;
        REQUIRE(rs_job_iter(job, &buffers) == RS_BLOCKED);
        REQUIRE(rs_job_free(job) == RS_DONE);
        part = (part + 997) % (news[0].len / 2);
    }
    return NULL;
}

static void run_threads(size_t count)
{
    pthread_t workers[MOST], quitter;
    size_t i;

    done = 0;
    REQUIRE(pthread_create(&quitter, NULL, give_up, NULL) == 0);
    for (i = 0; i < count; i++)
        REQUIRE(pthread_create(&workers[i], NULL, work, (void *)i) == 0);
    for (i = 0; i < count; i++)
        pthread_join(workers[i], NULL);
    __atomic_store_n(&done, 1, __ATOMIC_RELEASE);
    pthread_join(quitter, NULL);
}

static void two_threads(void) { run_threads(2); }

static void eight_threads(void) { run_threads(8); }

/* The table is built, if nobody did, by whichever thread comes first. */
static void without_a_table(void)
{
    bytes_t sig = sign(&old, 500, 8, RS_MD4_SIG_MAGIC);

    rs_free_sumset(sums);
    CHECK_INT(load_pieces(sig.data, sig.len, WHOLE, &sums), RS_DONE);
    run_threads(8);
    bytes_free(&sig);
}

/* A signature may be read by one thread and freed by another. */
static void *free_signature(void *opaque)
{
    rs_free_sumset((rs_signature_t *)opaque);
    return NULL;
}

static void freed_elsewhere(void)
{
    pthread_t thread;

    REQUIRE(pthread_create(&thread, NULL, free_signature, sums) == 0);
    pthread_join(thread, NULL);
}

int main(void)
{
    bytes_t sig;
    size_t i;

    no_messages();
    old = noise(1, 200000);
    sig = sign(&old, 500, 8, RS_MD4_SIG_MAGIC);
    sums = load(&sig);
    for (i = 0; i < MOST; i++) {
        news[i] = edited(i ? &news[i - 1] : &old);
        deltas[i] = make_delta(sums, &news[i]);
    }
    RUN(two_threads);
    RUN(eight_threads);
    RUN(without_a_table);
    RUN(freed_elsewhere);
    for (i = 0; i < MOST; i++) {
        bytes_free(&news[i]);
        bytes_free(&deltas[i]);
    }
    bytes_free(&old);
    bytes_free(&sig);
    return check_end();
}
