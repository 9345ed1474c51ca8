/* No memory: every allocation fails in turn, and an address space that is too small. No abort. */
#include "support.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

/* ---- allocations that fail on command ---- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t align, size_t size);

static int armed, failed, all_later_fail;
static long fail_at; /* counts down to the one that fails */

static int refused(void)
{
    if (!armed || (!(failed && all_later_fail) && --fail_at != 0))
        return 0;
    failed = 1;
    errno = ENOMEM;
    return 1;
}

void *malloc(size_t size) { return refused() ? NULL : __libc_malloc(size); }

void *calloc(size_t count, size_t size) { return refused() ? NULL : __libc_calloc(count, size); }

void *realloc(void *old, size_t size) { return refused() ? NULL : __libc_realloc(old, size); }

void *aligned_alloc(size_t align, size_t size)
{
    return refused() ? NULL : __libc_memalign(align, size);
}

void *memalign(size_t align, size_t size) { return refused() ? NULL : __libc_memalign(align, size); }

int posix_memalign(void **to, size_t align, size_t size)
{
    void *memory = refused() ? NULL : __libc_memalign(align, size);

    if (!memory)
        return ENOMEM;
    *to = memory;
    return 0;
}

/* ---- one step at a time, without allocations of our own ---- */

static bytes_t old, new_bytes, sig, delta, bad_delta;
static size_t piece, room_piece; /* of input and output */
static rs_signature_t *sums;
static char space[1 << 16];
static size_t used;
static char stdio_space[3][8192];

/* Runs a job into `space`. */
static rs_result run_pieces(rs_job_t *job, const bytes_t *input)
{
    rs_buffers_t buffers;
    rs_result result = RS_BLOCKED;
    size_t done = 0;

    used = 0;
    while (result == RS_BLOCKED) {
        size_t in = input->len - done < piece ? input->len - done : piece;
        size_t room = sizeof space - used < room_piece ? sizeof space - used : room_piece;

        memset(&buffers, 0, sizeof buffers);
        buffers.next_in = input->data + done;
        buffers.avail_in = in;
        buffers.eof_in = in == 0;
        buffers.next_out = space + used;
        buffers.avail_out = room;
        result = rs_job_iter(job, &buffers);
        done += in - buffers.avail_in;
        used += room - buffers.avail_out;
    }
    if (result != RS_DONE)
        CHECK_INT(rs_job_iter(job, &buffers), result); /* it stays so */
    return result;
}

/* Runs a job whose begin function may have failed, and frees it. */
static rs_result run_or_null(rs_job_t *job, const bytes_t *input)
{
    rs_result result = RS_MEM_ERROR;

    if (job) {
        result = run_pieces(job, input);
        rs_job_free(job);
    } else {
        CHECK(failed);
    }
    return result;
}

static int is_space(const bytes_t *expected)
{
    return used == expected->len && memcmp(space, expected->data, used) == 0;
}

static FILE *files[3];

/* Puts bytes into a temporary file that needs no memory to be read or written. */
static FILE *file_of(int number, const bytes_t *bytes)
{
    FILE *file = tmpfile();

    REQUIRE(file);
    setvbuf(file, stdio_space[number], _IOFBF, sizeof stdio_space[number]);
    if (bytes) {
        REQUIRE(fwrite(bytes->data, 1, bytes->len, file) == bytes->len);
        rewind(file);
    }
    return files[number] = file;
}

static void take_file(int number)
{
    rewind(files[number]);
    used = fread(space, 1, sizeof space, files[number]);
}

static void prepare_nothing(void) {}

static rs_result step_signature(void)
{
    return run_or_null(rs_sig_begin(500, 8, RS_MD4_SIG_MAGIC), &old);
}

static rs_result step_load(void)
{
    rs_signature_t *loaded = NULL;
    rs_result result = run_or_null(rs_loadsig_begin(&loaded), &sig);

    if (result == RS_DONE)
        result = rs_build_hash_table(loaded);
    if (result == RS_DONE)
        result = run_or_null(rs_delta_begin(loaded), &new_bytes);
    rs_free_sumset(loaded);
    return result;
}

static rs_result step_delta(void) { return run_or_null(rs_delta_begin(sums), &new_bytes); }

static rs_result step_patch(void) { return run_or_null(rs_patch_begin(copy_bytes, &old), &delta); }

/* What is wrong must be said without memory. */
static rs_result step_bad_delta(void)
{
    rs_result result = run_or_null(rs_patch_begin(copy_bytes, &old), &bad_delta);

    return result == RS_CORRUPT ? RS_DONE : result;
}

static void prepare_basis_file(void) { file_of(0, &old); }

static rs_result step_basis_file(void)
{
    return run_or_null(rs_patch_begin(rs_file_copy_cb, files[0]), &delta);
}

static void prepare_signature_file(void)
{
    file_of(0, &old);
    file_of(1, NULL);
}

static rs_result step_signature_file(void)
{
    return rs_sig_file(files[0], files[1], 500, 8, RS_MD4_SIG_MAGIC, NULL);
}

static void prepare_load_file(void) { file_of(0, &sig); }

static rs_result step_load_file(void)
{
    rs_signature_t *loaded = NULL;
    rs_result result = rs_loadsig_file(files[0], &loaded, NULL);

    if (result == RS_DONE)
        result = rs_build_hash_table(loaded);
    if (result == RS_DONE)
        result = run_or_null(rs_delta_begin(loaded), &new_bytes);
    rs_free_sumset(loaded);
    return result;
}

static void prepare_delta_file(void)
{
    file_of(0, &new_bytes);
    file_of(1, NULL);
}

static rs_result step_delta_file(void) { return rs_delta_file(sums, files[0], files[1], NULL); }

static void prepare_patch_file(void)
{
    file_of(0, &delta);
    file_of(1, NULL);
    file_of(2, &old);
}

static rs_result step_patch_file(void)
{
    return rs_patch_file(files[2], files[0], files[1], NULL);
}

static rs_result step_texts(void)
{
    rs_magic_number magic = (rs_magic_number)1;
    size_t block_len = 0, strong_len = 0;
    rs_stats_t stats;

    memset(&stats, 0, sizeof stats);
    CHECK_INT(rs_sig_args(0, &magic, &block_len, &strong_len), RS_BAD_MAGIC);
    rs_log_stats(&stats);
    rs_format_stats(&stats, space, sizeof space);
    rs_signature_log_stats(sums);
    rs_sumset_dump(sums);
    rs_trace_stderr(RS_LOG_INFO, "");
    rs_strerror(RS_CORRUPT);
    used = 0;
    return RS_DONE;
}

static const struct {
    const char *name;
    void (*prepare)(void);
    rs_result (*run)(void);
    const bytes_t *expected;
    int in_file; /* the result */
} STEPS[] = {
    {"signature", prepare_nothing, step_signature, &sig, 0},
    {"load", prepare_nothing, step_load, &delta, 0},
    {"delta", prepare_nothing, step_delta, &delta, 0},
    {"patch", prepare_nothing, step_patch, &new_bytes, 0},
    {"bad delta", prepare_nothing, step_bad_delta, NULL, 0},
    {"basis file", prepare_basis_file, step_basis_file, &new_bytes, 0},
    {"signature file", prepare_signature_file, step_signature_file, &sig, 1},
    {"load file", prepare_load_file, step_load_file, &delta, 0},
    {"delta file", prepare_delta_file, step_delta_file, &delta, 1},
    {"patch file", prepare_patch_file, step_patch_file, &new_bytes, 1},
    {"texts", prepare_nothing, step_texts, NULL, 0},
};

static const char *step_name = "no step";
static long step_number;

static void on_abort(int signal)
{
    char line[100];
    int len = snprintf(line, sizeof line, "signal %d in step \"%s\", allocation %ld\n", signal,
                       step_name, step_number);

    (void)!write(2, line, (size_t)len);
    _exit(1);
}

/* Lets the first, the second, ... allocation of a step fail until there are no more of them. */
static void fail_each(size_t step)
{
    long number;
    int i;

    step_name = STEPS[step].name;
    for (number = 1, failed = 1; failed; number++) {
        rs_result result;

        step_number = number;
        STEPS[step].prepare();
        messages[0] = 0;
        failed = 0;
        fail_at = number;
        armed = 1;
        result = STEPS[step].run();
        armed = 0;
        if (result != RS_DONE) {
            CHECK_INT(result, RS_MEM_ERROR);
            CHECK(failed);
        } else if (STEPS[step].expected) {
            if (STEPS[step].in_file)
                take_file(1);
            CHECK(is_space(STEPS[step].expected));
        }
        for (i = 0; i < 3; i++) {
            if (files[i])
                fclose(files[i]);
            files[i] = NULL;
        }
        REQUIRE(number < 10000);
    }
}

static void fail_all(size_t in, size_t out, int later)
{
    size_t step;

    piece = in;
    room_piece = out;
    all_later_fail = later;
    for (step = 0; step < sizeof STEPS / sizeof *STEPS; step++)
        fail_each(step);
}

static void one_allocation_fails(void)
{
    fail_all(777, 555, 0);
    fail_all(WHOLE, WHOLE, 0);
}

static void all_later_allocations_fail(void)
{
    fail_all(777, 555, 1);
    fail_all(WHOLE, WHOLE, 1);
}

/* ---- a small address space ---- */

static void limit_address_space(size_t more)
{
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;
    struct rlimit limit;

    REQUIRE(file && fscanf(file, "%lu", &pages) == 1);
    fclose(file);
    limit.rlim_cur = limit.rlim_max = pages * (rlim_t)sysconf(_SC_PAGESIZE) + more;
    REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
}

/* Feeds input without end until the job fails. */
static rs_result feed(rs_job_t *job, size_t most)
{
    static char out[1 << 16], in[1 << 16];
    rs_buffers_t buffers;
    rs_result result = RS_BLOCKED;
    unsigned seed = 1;
    size_t i, fed;

    for (fed = 0; fed < most && result == RS_BLOCKED; fed += sizeof in) {
        for (i = 0; i < sizeof in; i++)
            in[i] = (char)((seed = seed * 1103515245u + 12345u) >> 16);
        memset(&buffers, 0, sizeof buffers);
        buffers.next_in = in;
        buffers.avail_in = sizeof in;
        do {
            buffers.next_out = out;
            buffers.avail_out = sizeof out;
            result = rs_job_iter(job, &buffers);
        } while (result == RS_BLOCKED && buffers.avail_in > 0);
    }
    return result;
}

static void a_signature_that_is_too_big(void)
{
    rs_signature_t *loaded = NULL;
    rs_job_t *job = rs_loadsig_begin(&loaded);
    bytes_t header = unhex("72730136 00000800 00000008");
    rs_buffers_t buffers;
    rs_result result;

    REQUIRE(job);
    memset(&buffers, 0, sizeof buffers);
    buffers.next_in = header.data;
    buffers.avail_in = header.len;
    CHECK_INT(rs_job_iter(job, &buffers), RS_BLOCKED);
    limit_address_space((size_t)32 << 20);
    result = feed(job, (size_t)100 << 20);
    CHECK_INT(result, RS_MEM_ERROR);
    CHECK_INT(feed(job, 1), RS_MEM_ERROR);
    rs_job_free(job);
    rs_free_sumset(loaded);
}

/* Loads as it is, but the table is too much. */
static void a_table_that_is_too_big(void)
{
    rs_signature_t *loaded = NULL;
    rs_job_t *job = rs_loadsig_begin(&loaded);
    bytes_t header = unhex("72730136 00000800 00000008");
    rs_buffers_t buffers;

    REQUIRE(job);
    memset(&buffers, 0, sizeof buffers);
    buffers.next_in = header.data;
    buffers.avail_in = header.len;
    CHECK_INT(rs_job_iter(job, &buffers), RS_BLOCKED);
    CHECK_INT(feed(job, (size_t)36 << 20), RS_BLOCKED);
    memset(&buffers, 0, sizeof buffers);
    buffers.eof_in = 1;
    CHECK_INT(rs_job_iter(job, &buffers), RS_DONE);
    rs_job_free(job);
    limit_address_space((size_t)1 << 20);
    CHECK_INT(rs_build_hash_table(loaded), RS_MEM_ERROR);
    rs_free_sumset(loaded);
}

/* A window that does not fit. */
static void a_block_that_is_too_big(void)
{
    bytes_t huge_sig = unhex("72730136 7fffffff 00000008 2b56061c 0abe9ee1f376caa1");
    rs_signature_t *loaded = load(&huge_sig);
    rs_job_t *job;
    rs_result result;

    limit_address_space((size_t)32 << 20);
    job = rs_delta_begin(loaded);
    result = job ? feed(job, (size_t)256 << 20) : RS_MEM_ERROR;
    CHECK_INT(result, RS_MEM_ERROR);
    rs_job_free(job);
    rs_free_sumset(loaded);
}

/* In a process of its own, for a limit cannot be raised again. */
static void in_a_child(void (*test)(void))
{
    int status;
    pid_t child;

    fflush(stdout);
    child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        check_failures = 0;
        test();
        fflush(stdout);
        _exit(check_failures != 0);
    }
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK_INT(status, 0);
}

static void address_space(void)
{
    step_name = "a signature that is too big";
    in_a_child(a_signature_that_is_too_big);
    step_name = "a table that is too big";
    in_a_child(a_table_that_is_too_big);
    step_name = "a block that is too big";
    in_a_child(a_block_that_is_too_big);
}

int main(void)
{
    signal(SIGABRT, on_abort);
    signal(SIGSEGV, on_abort);
    signal(SIGILL, on_abort);
    keep_messages(); /* failures are logged, which must not need memory either */
    rs_trace_set_level(RS_LOG_DEBUG);
    old = noise(1, 20000);
    new_bytes = edited(&old);
    sig = sign(&old, 500, 8, RS_MD4_SIG_MAGIC);
    sums = load(&sig);
    delta = make_delta(sums, &new_bytes);
    bytes_add(&bad_delta, delta.data, delta.len - 1);
    bytes_add(&bad_delta, "\xff", 1);

    RUN(one_allocation_fails);
    RUN(all_later_allocations_fail);
    RUN(address_space);

    rs_free_sumset(sums);
    bytes_free(&old);
    bytes_free(&new_bytes);
    bytes_free(&sig);
    bytes_free(&delta);
    bytes_free(&bad_delta);
    return check_end();
}
