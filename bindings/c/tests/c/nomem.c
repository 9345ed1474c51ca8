/* Out of memory is a status: nothing aborts, whatever the limit. Not for valgrind, which needs memory. */
#include "support.h"

#include <malloc.h>
#include <sys/resource.h>

#define LENGTH (8u << 20)

static bytes_t basis, new_file;
static sigdelta_bytes signature, delta;

static void limit_memory(rlim_t bytes)
{
    struct rlimit limit;

    REQUIRE(getrlimit(RLIMIT_AS, &limit) == 0);
    limit.rlim_cur = bytes;
    REQUIRE(setrlimit(RLIMIT_AS, &limit) == 0);
}

static rlim_t memory_in_use(void)
{
    unsigned long pages = 0;
    FILE *file;

    malloc_trim(0);
    file = fopen("/proc/self/statm", "r");
    REQUIRE(file && fscanf(file, "%lu", &pages) == 1);
    fclose(file);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

static sigdelta_status signature_bytes(void)
{
    sigdelta_options options = options_new();
    sigdelta_bytes made;
    sigdelta_status status;

    options.block_len = 16;
    status = sigdelta_signature_bytes(basis.data, basis.len, &options, &made, NULL);
    CHECK((made.data != NULL) == (status == SIGDELTA_OK));
    sigdelta_bytes_free(&made);
    return status;
}

static sigdelta_status delta_bytes(void)
{
    sigdelta_bytes made;
    sigdelta_status status = sigdelta_delta_bytes(signature.data, signature.len, new_file.data,
                                                  new_file.len, NULL, &made, NULL);
    CHECK((made.data != NULL) == (status == SIGDELTA_OK));
    sigdelta_bytes_free(&made);
    return status;
}

static sigdelta_status diff_bytes(void)
{
    sigdelta_options options = options_new();
    sigdelta_bytes made;
    sigdelta_status status;

    options.block_len = 64;
    status = sigdelta_diff_bytes(basis.data, basis.len, new_file.data, new_file.len, &options, &made, NULL);
    sigdelta_bytes_free(&made);
    return status;
}

/* Blocks of two kinds, repeated at every scale (a Thue-Morse word). */
static sigdelta_status smaller_bytes(void)
{
    static uint8_t twins[1 << 20];
    sigdelta_options options = options_new();
    sigdelta_bytes made;
    sigdelta_status status;
    size_t i;

    for (i = 0; i < sizeof twins; i++)
        twins[i] = (uint8_t)__builtin_parityll(i / 16);
    options.block_len = 16;
    options.smaller = 1;
    status = sigdelta_diff_bytes(twins, sizeof twins, twins + 5000, sizeof twins - 5000, &options, &made, NULL);
    sigdelta_bytes_free(&made);
    return status;
}

static sigdelta_status patch_bytes(void)
{
    sigdelta_bytes made;
    sigdelta_status status =
        sigdelta_patch_bytes(basis.data, basis.len, delta.data, delta.len, NULL, &made, NULL);
    CHECK((made.data != NULL) == (status == SIGDELTA_OK));
    sigdelta_bytes_free(&made);
    return status;
}

static sigdelta_status index_from_bytes(void)
{
    sigdelta_index *index;
    sigdelta_status status = sigdelta_index_from_bytes(signature.data, signature.len, NULL, &index);

    CHECK((index != NULL) == (status == SIGDELTA_OK));
    sigdelta_index_free(index);
    return status;
}

static sigdelta_status load_job(void)
{
    sigdelta_buffers buffers = {signature.data, signature.len, NULL, 0, 1};
    sigdelta_job *job;
    sigdelta_status status = sigdelta_load_job(NULL, &job);

    if (status == SIGDELTA_OK)
        status = sigdelta_job_step(job, &buffers);
    if (status >= SIGDELTA_IO_ERROR && job)
        CHECK_STATUS(sigdelta_job_step(job, &buffers), status);
    sigdelta_job_free(job);
    return status;
}

static sigdelta_status diff_file(void)
{
    return sigdelta_diff_file("old", "new", "output", NULL, NULL);
}

static sigdelta_status patch_file(void)
{
    return sigdelta_patch_file("old", "delta", "output", NULL, NULL);
}

/* With more and more memory, each operation fails for want of it until it succeeds. */
static void check_operation(sigdelta_status (*operation)(void), const char *name)
{
    rlim_t allowed, start = memory_in_use();
    int failures = 0;
    sigdelta_status status = SIGDELTA_OUT_OF_MEMORY;

    for (allowed = 0; status != SIGDELTA_OK && allowed < 64u << 20; allowed += 64u << 10) {
        limit_memory(start + allowed);
        status = operation();
        limit_memory(RLIM_INFINITY);
        if (status == SIGDELTA_OUT_OF_MEMORY) {
            failures++;
            CHECK(strstr(sigdelta_error_text(), "out of memory: ") != NULL);
        } else
            CHECK_STATUS(status, SIGDELTA_OK);
    }
    CHECK_STATUS(status, SIGDELTA_OK);
    CHECK(failures > 0);
    if (failures == 0)
        printf("%s never ran out of memory\n", name);
}

#define CHECK_OPERATION(operation) check_operation(operation, #operation)

static void the_want_of_memory_is_a_status(void)
{
    CHECK_OPERATION(signature_bytes);
    CHECK_OPERATION(index_from_bytes);
    CHECK_OPERATION(load_job);
    CHECK_OPERATION(delta_bytes);
    CHECK_OPERATION(diff_bytes);
    CHECK_OPERATION(smaller_bytes);
    CHECK_OPERATION(patch_bytes);
    CHECK_OPERATION(diff_file);
    CHECK_OPERATION(patch_file);
    CHECK_INT(files_here(), 4);
}

int main(void)
{
    sigdelta_options options = options_new();

    /* What is freed goes back to the system, so that it counts again. */
    mallopt(M_MMAP_THRESHOLD, 64 << 10);
    basis = noise(1, LENGTH);
    new_file = edited(&basis);
    options.block_len = 64;
    signature = sign(&basis, &options);
    delta = make_delta(&signature, &new_file, NULL);
    write_file("old", basis.data, basis.len);
    write_file("new", new_file.data, new_file.len);
    write_file("delta", delta.data, delta.len);
    RUN(the_want_of_memory_is_a_status);
    sigdelta_bytes_free(&signature);
    sigdelta_bytes_free(&delta);
    bytes_free(&basis);
    bytes_free(&new_file);
    return check_end();
}
