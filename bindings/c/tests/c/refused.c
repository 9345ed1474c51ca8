/* Every allocation fails in turn, alone or with all that follow: a status, no abort, no leak. With layered
 * patches and flat deltas those of 16 KiB or more. */
#include "support.h"

#include <errno.h>

/* ---- allocations that fail on command ---- */

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t align, size_t size);
void __libc_free(void *memory);

static int armed, failed, later_fail_too;
static long fail_at; /* counts down to the one that fails */
static size_t least; /* smaller ones do not fail */
static long in_use;

static int refused(size_t size)
{
    if (!armed || size < least || (!(failed && later_fail_too) && --fail_at != 0))
        return 0;
    failed = 1;
    errno = ENOMEM;
    return 1;
}

static void *counted(void *memory)
{
    in_use += armed && memory;
    return memory;
}

void *malloc(size_t size) { return refused(size) ? NULL : counted(__libc_malloc(size)); }

void *calloc(size_t count, size_t size)
{
    return refused(count * size) ? NULL : counted(__libc_calloc(count, size));
}

void *realloc(void *old, size_t size)
{
    void *memory = refused(size) ? NULL : __libc_realloc(old, size);

    return old ? memory : counted(memory);
}

int posix_memalign(void **to, size_t align, size_t size)
{
    void *memory = refused(size) ? NULL : counted(__libc_memalign(align, size));

    if (!memory)
        return ENOMEM;
    *to = memory;
    return 0;
}

void free(void *memory)
{
    in_use -= armed && memory;
    __libc_free(memory);
}

/* ---- operations that allocate nothing of their own ---- */

static bytes_t basis, new_file;
static sigdelta_bytes signature, delta, patch;
static sigdelta_index *shared_index;
static uint8_t room[1 << 16];

/* Takes back what an operation gave. */
static sigdelta_status take_back(sigdelta_status status, sigdelta_bytes *bytes)
{
    if (status != SIGDELTA_OK && (bytes->data || bytes->len))
        status = SIGDELTA_INTERNAL_ERROR;
    sigdelta_bytes_free(bytes);
    return status;
}

static sigdelta_status signature_bytes(void)
{
    sigdelta_bytes made;

    return take_back(sigdelta_signature_bytes(basis.data, basis.len, NULL, &made, NULL), &made);
}

static sigdelta_status delta_bytes(void)
{
    sigdelta_bytes made;

    return take_back(sigdelta_delta_bytes(signature.data, signature.len, new_file.data, new_file.len, NULL,
                                          &made, NULL), &made);
}

static sigdelta_status diff_bytes(void)
{
    sigdelta_bytes made;

    return take_back(sigdelta_diff_bytes(basis.data, basis.len, new_file.data, new_file.len, NULL, &made,
                                         NULL), &made);
}

static sigdelta_status patch_bytes(void)
{
    sigdelta_bytes made;

    return take_back(sigdelta_patch_bytes(basis.data, basis.len, delta.data, delta.len, NULL, &made, NULL),
                     &made);
}

static sigdelta_status no_bytes(void)
{
    sigdelta_bytes made;

    return take_back(sigdelta_patch_bytes("", 0, "rs\2\66", 5, NULL, &made, NULL), &made);
}

static sigdelta_status layered_diff_bytes(void)
{
    sigdelta_bytes made;

    return take_back(sigdelta_layered_diff_bytes(basis.data, basis.len, new_file.data, new_file.len, NULL,
                                                 &made, NULL), &made);
}

static sigdelta_status layered_patch_bytes(void)
{
    sigdelta_bytes made;

    return take_back(sigdelta_layered_patch_bytes(basis.data, basis.len, patch.data, patch.len, NULL, &made,
                                                  NULL), &made);
}

static sigdelta_status flat_diff_bytes(void)
{
    sigdelta_bytes made;

    return take_back(sigdelta_flat_diff_bytes(basis.data, basis.len, new_file.data, new_file.len, NULL,
                                              &made, NULL), &made);
}

static sigdelta_status index_from_bytes(void)
{
    sigdelta_index *index;
    sigdelta_status status = sigdelta_index_from_bytes(signature.data, signature.len, NULL, &index);

    sigdelta_index_free(index);
    return status;
}

/* Runs a job, 1000 bytes of input at a time, into `room`. */
static sigdelta_status run(sigdelta_status status, sigdelta_job *job, const uint8_t *input, size_t len)
{
    sigdelta_buffers buffers = {input, 0, room, sizeof room, 0};

    if (status != SIGDELTA_OK)
        return status;
    do {
        uint64_t position, wanted;

        if (buffers.input_len == 0) {
            buffers.input_len = len < 1000 ? len : 1000;
            len -= buffers.input_len;
            buffers.end_of_input = len == 0;
        }
        status = sigdelta_job_step(job, &buffers);
        if (status == SIGDELTA_NEEDS_BASIS) {
            sigdelta_job_wanted(job, &position, &wanted);
            if (wanted <= buffers.output_len) {
                memcpy(buffers.output, basis.data + position, (size_t)wanted);
                sigdelta_job_copied(job, &buffers, (size_t)wanted);
            }
        }
        if (buffers.output_len < sizeof room / 2) {
            buffers.output = room;
            buffers.output_len = sizeof room;
        }
    } while (status < SIGDELTA_IO_ERROR && status != SIGDELTA_OK);
    if (status != SIGDELTA_OK && sigdelta_job_step(job, &buffers) != status)
        status = SIGDELTA_INTERNAL_ERROR;
    return status;
}

static sigdelta_status signature_job(void)
{
    sigdelta_job *job;
    sigdelta_status status = sigdelta_signature_job(basis.len, NULL, &job);

    status = run(status, job, basis.data, basis.len);
    sigdelta_job_free(job);
    return status;
}

static sigdelta_status load_job(void)
{
    sigdelta_job *job;
    sigdelta_index *index;
    sigdelta_status status = sigdelta_load_job(NULL, &job);

    status = run(status, job, signature.data, signature.len);
    if (status == SIGDELTA_OK) {
        status = sigdelta_job_take_index(job, &index);
        sigdelta_index_free(index);
    }
    sigdelta_job_free(job);
    return status;
}

static sigdelta_status delta_job(void)
{
    sigdelta_job *job;
    sigdelta_status status = sigdelta_delta_job(shared_index, NULL, &job);

    status = run(status, job, new_file.data, new_file.len);
    sigdelta_job_free(job);
    return status;
}

static sigdelta_status patch_job(void)
{
    sigdelta_job *job;
    sigdelta_status status = sigdelta_patch_job(NULL, &job);

    status = run(status, job, delta.data, delta.len);
    sigdelta_job_free(job);
    return status;
}

static sigdelta_status index_delta(void)
{
    sigdelta_bytes made;

    return take_back(sigdelta_index_delta_bytes(shared_index, new_file.data, new_file.len, NULL, &made,
                                                NULL), &made);
}

static sigdelta_status decoder(void)
{
    sigdelta_buffers buffers = {delta.data, delta.len, NULL, 0, 1};
    sigdelta_decoder *handle;
    sigdelta_command command = {9, 0, 0, 0, 0, 0};
    sigdelta_status status = sigdelta_decoder_new(NULL, &handle);

    while (status == SIGDELTA_OK && command.kind != SIGDELTA_COMMAND_DONE)
        status = sigdelta_decoder_next(handle, &buffers, &command);
    sigdelta_decoder_free(handle);
    return status;
}

static void check_operation(sigdelta_status (*operation)(void), const char *name)
{
    long nth = 0;

    do {
        sigdelta_status status;

        fail_at = ++nth;
        failed = 0;
        in_use = 0;
        armed = 1;
        status = operation();
        armed = 0;
        CHECK_INT(in_use, 0);
        if (failed && status != SIGDELTA_OK) {
            CHECK_STATUS(status, SIGDELTA_OUT_OF_MEMORY);
            CHECK(strncmp(sigdelta_error_text(), "out of memory", 13) == 0);
        } else
            CHECK_STATUS(status, SIGDELTA_OK);
    } while (failed && nth < 1000);
    if (nth < 2 || nth >= 1000) {
        CHECK(!"some allocations fail");
        printf("%s made %ld allocations\n", name, nth - 1);
    }
}

#define CHECK_OPERATION(operation) check_operation(operation, #operation)

static void check_all(void)
{
    CHECK_OPERATION(signature_bytes);
    CHECK_OPERATION(delta_bytes);
    CHECK_OPERATION(diff_bytes);
    CHECK_OPERATION(patch_bytes);
    CHECK_OPERATION(no_bytes);
    CHECK_OPERATION(index_from_bytes);
    CHECK_OPERATION(signature_job);
    CHECK_OPERATION(load_job);
    CHECK_OPERATION(delta_job);
    CHECK_OPERATION(patch_job);
    CHECK_OPERATION(index_delta);
    CHECK_OPERATION(decoder);
    /* As the header says, small things may end the process here. */
    least = 16384;
    CHECK_OPERATION(layered_patch_bytes);
    CHECK_OPERATION(layered_diff_bytes);
    CHECK_OPERATION(flat_diff_bytes);
    least = 0;
}

static void one_allocation_fails(void)
{
    later_fail_too = 0;
    check_all();
}

static void all_allocations_fail_from_one_on(void)
{
    later_fail_too = 1;
    check_all();
}

int main(void)
{
    basis = noise(1, 30000);
    new_file = edited(&basis);
    signature = sign(&basis, NULL);
    delta = make_delta(&signature, &new_file, NULL);
    CHECK_STATUS(sigdelta_layered_diff_bytes(basis.data, basis.len, new_file.data, new_file.len, NULL, &patch,
                                             NULL), SIGDELTA_OK);
    shared_index = load(&signature);
    RUN(one_allocation_fails);
    RUN(all_allocations_fail_from_one_on);
    sigdelta_index_free(shared_index);
    sigdelta_bytes_free(&signature);
    sigdelta_bytes_free(&delta);
    sigdelta_bytes_free(&patch);
    bytes_free(&basis);
    bytes_free(&new_file);
    return check_end();
}
