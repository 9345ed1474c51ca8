/* libsigdelta: signatures, deltas and patches of large files, in librsync's wire format; layered patches.
 *
 * To bring an old file (the basis) up to date without sending the new one: describe the basis by a
 * signature, find in the new file what the basis has by a delta against that signature, rebuild the
 * new file from basis and delta by a patch:
 *
 *     if (sigdelta_signature_file("old", "old.sig", NULL, NULL) != SIGDELTA_OK ||
 *         sigdelta_delta_file("old.sig", "new", "new.delta", NULL, NULL) != SIGDELTA_OK ||
 *         sigdelta_patch_file("old", "new.delta", "new.copy", NULL, NULL) != SIGDELTA_OK) {
 *         fprintf(stderr, "%s\n", sigdelta_error_text());
 *         return 1;
 *     }
 *
 * Where both files are at hand, sigdelta_layered_diff_file makes a layered patch, which is much smaller
 * and applied by the same functions, and sigdelta_flat_diff_file a small delta for receivers that have
 * only librsync.
 *
 * The same in memory: sigdelta_signature_bytes and its neighbours. In pieces: a job, which is fed and
 * emptied step by step and does no I/O itself. This runs a job of any kind; patches alone ask for the
 * basis. The result is 0 if all went well:
 *
 *     int run(sigdelta_job *job, FILE *input, FILE *basis, FILE *output)
 *     {
 *         static uint8_t in[65536], out[65536];
 *         sigdelta_buffers b = { in, 0, out, sizeof out, 0 };
 *         sigdelta_status status;
 *         do {
 *             uint64_t position, len;
 *             size_t made;
 *             status = sigdelta_job_step(job, &b);
 *             if (status == SIGDELTA_NEEDS_BASIS) {
 *                 sigdelta_job_wanted(job, &position, &len);
 *                 len = len < b.output_len ? len : b.output_len;
 *                 if (fseek(basis, (long)position, SEEK_SET) != 0)
 *                     return 1;
 *                 len = fread(b.output, 1, (size_t)len, basis);
 *                 if (ferror(basis))
 *                     return 1;
 *                 if (sigdelta_job_copied(job, &b, (size_t)len) != SIGDELTA_OK)
 *                     return 1;
 *             } else if (status == SIGDELTA_NEEDS_INPUT) {
 *                 b.input = in;
 *                 b.input_len = fread(in, 1, sizeof in, input);
 *                 b.end_of_input = b.input_len == 0;
 *                 if (ferror(input))
 *                     return 1;
 *             } else {
 *                 made = sizeof out - b.output_len;
 *                 if (fwrite(out, 1, made, output) != made)
 *                     return 1;
 *                 b.output = out;
 *                 b.output_len = sizeof out;
 *             }
 *         } while (status != SIGDELTA_OK && status < SIGDELTA_IO_ERROR);
 *         return status != SIGDELTA_OK;
 *     }
 *
 * Here it makes the new file from a delta that comes from stdin:
 *
 *     sigdelta_job *job;
 *     FILE *basis = fopen("old", "rb");
 *     if (!basis || sigdelta_patch_job(NULL, &job) != SIGDELTA_OK)
 *         return 1;
 *     if (run(job, stdin, basis, stdout) != 0 || fflush(stdout) != 0)
 *         return 1;
 *     sigdelta_job_free(job);
 *
 * Status      Functions that can fail return a sigdelta_status: SIGDELTA_OK, an error from 100 on, or,
 *             from a step only, what is needed. After an error sigdelta_error_text() says in one line
 *             what happened, to the same thread, and sigdelta_error_errno() what the system said, if
 *             it was the system. No call that succeeds changes these.
 * Failures    A job or decoder that failed stays so: every later step gives the same status and text,
 *             and it is still to be freed. SIGDELTA_PARAM_ERROR for the arguments of a call (a NULL, a
 *             wrong length) is no failure of the job: nothing happened.
 * NULL        Any pointer may be NULL. Where that makes no sense the answer is SIGDELTA_PARAM_ERROR; the
 *             functions named _free do nothing. Inputs of length 0 may be NULL.
 * Files       An existing output is replaced. It is written beside its destination and renamed when it
 *             is complete, so a failure leaves the destination as it was; permissions are kept and
 *             symbolic links followed. Devices and pipes are written directly. An output must not be
 *             one of the inputs. Any input may be a pipe but the basis of a patch, which must be
 *             seekable, and the two of which a layered patch or flat delta is made, which must be
 *             regular files. "-" is just a name. Names are bytes on Unix, UTF-8 elsewhere.
 * Streams     The functions named _stream read and write by functions of the caller, which may use the
 *             library but must return: no exception, no longjmp. Neither two of them nor one of them and
 *             progress ever run at a time. They are called in the calling thread; only if the field
 *             threads is more than 1 are the sources also read in threads of the library. Nothing is
 *             taken back from a sink when the function fails.
 * Statistics  A sigdelta_stats is optional. All of it but its size is cleared first and filled in on
 *             success only; sigdelta_job_stats alone speaks of jobs that failed, too.
 * Memory      What the library allocates, the library frees: handles and sigdelta_bytes go back to the
 *             function named _free, once. A function that gives a handle or bytes sets them to NULL
 *             first, so they are NULL if it fails. Arguments are not kept beyond the call; but a delta
 *             job shares the index, which may be freed before the job. If the system gives no memory, the
 *             answer is SIGDELTA_OUT_OF_MEMORY; only the functions on files, which copy names, those on
 *             layered patches and flat deltas, for small things, and the start of threads may end the
 *             process then.
 * Threads     Every function may be called in any thread, at any time. A job or decoder serves one
 *             thread at a time. An index serves any number of threads and jobs at once. The functions
 *             on bytes and files start threads for large inputs, see the field threads; these call
 *             nothing of the caller's but sources, take no signals and end before the function does.
 * Pointers    The library trusts them: buffers have the lengths that are given and do not change while a
 *             call lasts, what is written does not overlap what is read, names are strings, handles
 *             come from the library and are not used after they went back.
 * Strangers   Any bytes may be read as a signature, delta or patch: the answer is a result or an error.
 *             What may be large is limited by the caller: see the max_ fields of sigdelta_options.
 * Panics      A bug in the library is SIGDELTA_INTERNAL_ERROR, not the end of the process.
 * ABI         Structs with a size field may grow at the end; callers built with an older or newer header
 *             are served as far as they and the library know the same fields.
 */

#ifndef SIGDELTA_H
#define SIGDELTA_H

/* Made by bindings/generate-headers from bindings/c. Do not edit. */

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32) && !defined(SIGDELTA_STATIC)
#define SIGDELTA_EXPORT __declspec(dllimport)
#elif defined(__GNUC__) && !defined(_WIN32)
#define SIGDELTA_EXPORT __attribute__((visibility("default")))
#else
#define SIGDELTA_EXPORT /* SIGDELTA_STATIC: linked with the static library on Windows */
#endif

/** What a function says; errors have the numbers of librsync's rs_result, which ends at 108. */
typedef enum sigdelta_status {
    /** Done. */
    SIGDELTA_OK = 0,
    /** All input is used up: give more, or say that it ended. */
    SIGDELTA_NEEDS_INPUT = 1,
    /** The output is full, or there is none: make room. */
    SIGDELTA_NEEDS_OUTPUT = 2,
    /** A patch job needs bytes of the basis, and there is room for some: see sigdelta_job_wanted. */
    SIGDELTA_NEEDS_BASIS = 3,
    /** Opening, reading or writing failed. */
    SIGDELTA_IO_ERROR = 100,
    /** The system gives no more memory. */
    SIGDELTA_OUT_OF_MEMORY = 102,
    /** A signature, delta, patch or basis ends too early. */
    SIGDELTA_INPUT_ENDED = 103,
    /** Not a signature, not a delta, or not a layered patch. */
    SIGDELTA_BAD_MAGIC = 104,
    /** A damaged signature, delta or patch, a patch of a later version, or the wrong basis. */
    SIGDELTA_CORRUPT = 106,
    /** A bug in the library. */
    SIGDELTA_INTERNAL_ERROR = 107,
    /** Arguments or options that cannot be used. */
    SIGDELTA_PARAM_ERROR = 108,
    /** The progress function said so. */
    SIGDELTA_CANCELLED = 109,
    /** A limit of the options was reached. */
    SIGDELTA_LIMIT_REACHED = 110
} sigdelta_status;

/** A length or offset that is not known. */
#define SIGDELTA_UNKNOWN ((uint64_t)-1)

/** Kinds of signature, by weak and strong hash: the number that a signature starts with. */
#define SIGDELTA_ROLLSUM_MD4       0x72730136
#define SIGDELTA_ROLLSUM_BLAKE2B   0x72730137
#define SIGDELTA_RABINKARP_MD4     0x72730146
#define SIGDELTA_RABINKARP_BLAKE2B 0x72730147

/** For strong_len: as few bytes as are safe for the length of the basis. */
#define SIGDELTA_STRONG_LEN_MIN ((uint32_t)-1)

/** What becomes of the trailer: 48 bytes after the end of a delta, which librsync ignores, by which a
 * patch verifies its result. A layered patch is verified in any case. */
typedef enum sigdelta_trailer {
    /** Delta: written. Patch: verified if there; other bytes after the end are refused. */
    SIGDELTA_TRAILER_AUTO = 0,
    /** Delta: not written, so the bytes are librsync's. Patch: what follows the end is left unread. */
    SIGDELTA_TRAILER_NONE = 1,
    /** Delta: written. Patch: a delta without one is refused. */
    SIGDELTA_TRAILER_REQUIRED = 2
} sigdelta_trailer;

/** How hard the making of a layered patch tries. Applying takes the same memory at every level. */
typedef enum sigdelta_level {
    /** Small, and fast to apply. */
    SIGDELTA_LEVEL_DEFAULT = 0,
    /** Soon done. */
    SIGDELTA_LEVEL_FAST = 1,
    /** As small as can be: a few megabytes of changed bytes a second, both ways. For flat deltas the
     * same as the default. */
    SIGDELTA_LEVEL_MAX = 2
} sigdelta_level;

/** Parts of a delta: see sigdelta_command. */
typedef enum sigdelta_command_kind {
    /** The delta is complete; repeats. */
    SIGDELTA_COMMAND_DONE = 0,
    /** len bytes of literal data follow in the delta, from data_offset. */
    SIGDELTA_COMMAND_LITERAL = 1,
    /** len bytes of the basis, from position. */
    SIGDELTA_COMMAND_COPY = 2,
    /** The end of the commands. */
    SIGDELTA_COMMAND_END = 3,
    /** The trailer. */
    SIGDELTA_COMMAND_TRAILER = 4
} sigdelta_command_kind;

/** What an operation is at: see sigdelta_progress. A delta loads a signature first, a diff takes one;
 * layered patches and flat deltas have one phase only. */
typedef enum sigdelta_phase {
    /** Reading a basis to describe it. */
    SIGDELTA_PHASE_SIGNATURE = 1,
    /** Reading a signature. */
    SIGDELTA_PHASE_LOAD = 2,
    /** Reading the new file. */
    SIGDELTA_PHASE_DELTA = 3,
    /** Reading the delta, writing the result. */
    SIGDELTA_PHASE_PATCH = 4
} sigdelta_phase;

struct sigdelta_progress;

/** Told how far an operation has come: about every 256 KiB, less often if blocks are large, and at the
 * end of each input. Making a layered patch or flat delta, and applying a patch by several threads, goes
 * 32 MiB of the new file at a time; before that the basis is read, which does not count. Non-zero
 * cancels. *progress lasts as long as the call. Must return: no exception, no longjmp. */
typedef int sigdelta_progress_fn(void *opaque, const struct sigdelta_progress *progress);

/** Reads bytes of a source from a position: *len at most, at least one if there are any, and sets *len
 * to how many. 0 says that they end there. Returns 0, or if it fails an errno, or -1. */
typedef int sigdelta_read_at_fn(void *opaque, uint64_t position, void *bytes, size_t *len);

/** Takes bytes, all of them. Returns 0, or if it fails an errno, or -1. */
typedef int sigdelta_write_fn(void *opaque, const void *bytes, size_t len);

/** Initial value of a sigdelta_options: the defaults. */
#define SIGDELTA_OPTIONS_INIT { sizeof(sigdelta_options), 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL, NULL, 0, 0 }

/** Initial value of a sigdelta_stats. */
#define SIGDELTA_STATS_INIT { sizeof(sigdelta_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/** Takes a delta apart. Used by one thread at a time. */
typedef struct sigdelta_decoder sigdelta_decoder;

/** A loaded signature, ready for look-up. Never changes, so it may be used in many threads. */
typedef struct sigdelta_index sigdelta_index;

/** An operation that is fed in pieces. Used by one thread at a time. */
typedef struct sigdelta_job sigdelta_job;

/**
 * What is wanted of an operation; each ignores what does not concern it. Start from
 * SIGDELTA_OPTIONS_INIT: 0 is the default of every field.
 */
typedef struct sigdelta_options {
    /** sizeof(sigdelta_options) */
    size_t size;
    /** Signatures: SIGDELTA_RABINKARP_BLAKE2B (default) or another of the four kinds. */
    uint32_t signature_kind;
    /** Signatures: bytes per block; 0 takes what is recommended for the length of the basis. */
    uint32_t block_len;
    /**
     * Signatures: bytes kept of each strong sum; 0 keeps all of them, SIGDELTA_STRONG_LEN_MIN as few
     * as are safe for the length of the basis.
     */
    uint32_t strong_len;
    /** A sigdelta_trailer. */
    uint32_t trailer;
    /** Non-zero: signatures are loaded as leniently as librsync loads them. */
    uint32_t librsync_rules;
    /**
     * Functions on bytes and files: threads to use, the calling one among them; 0 for the library's
     * choice: more than one for more than 64 MiB, if there is no limit on memory. Results never
     * depend on it. Each takes two segments of the input, 256 KiB or 16 blocks each; with layered
     * patches and flat deltas some groups of 32 MiB. On streams 0 is the calling one alone.
     */
    uint32_t threads;
    /** Patch: most bytes of the result; 0 for no limit. */
    uint64_t max_output_bytes;
    /** Most bytes of a signature that is loaded; 0 for no limit. */
    uint64_t max_signature_bytes;
    /**
     * Most bytes of memory for a signature, its index and the buffers of a delta; 0 for no limit.
     * As a rule of thumb, 340 kB, two blocks and twice the signature (1.3 to 2.5 times) are needed,
     * for a smaller delta up to three times as much.
     * Applying a layered patch: most bytes of memory that it may ask for; 0 for 64 MiB, which is what
     * this library's patches ask for at most.
     */
    uint64_t max_memory_bytes;
    /** Called while the functions on bytes and files work; may be NULL. */
    sigdelta_progress_fn *progress;
    /** First argument of progress. */
    void *progress_opaque;
    /**
     * Deltas: non-zero chooses copies so that the delta is smaller than librsync's where blocks of the
     * basis are equal, and never larger. librsync applies it.
     */
    uint32_t smaller;
    /** Making layered patches and flat deltas: a sigdelta_level. */
    uint32_t level;
} sigdelta_options;

/** Bytes that the library allocated; sigdelta_bytes_free gives them back. */
typedef struct sigdelta_bytes {
    /** Never NULL after success, not even for no bytes. */
    uint8_t *data;
    /** How many. */
    size_t len;
} sigdelta_bytes;

/** What an operation did; what does not apply to it is 0. Start from SIGDELTA_STATS_INIT. */
typedef struct sigdelta_stats {
    /** sizeof(sigdelta_stats); the library fills in as much as fits and leaves this alone. */
    size_t size;
    /** Bytes read of the basis (signature), signature (load), new file (delta) or delta (patch). */
    uint64_t in_bytes;
    /** Bytes written. */
    uint64_t out_bytes;
    /** Signature and load: blocks. */
    uint64_t blocks;
    /** Signature and load: bytes per block. */
    uint64_t block_len;
    /** Delta and patch: LITERAL commands. */
    uint64_t literal_commands;
    /** Delta and patch: bytes of literal data. Making a layered patch: bytes that lie along nothing. */
    uint64_t literal_bytes;
    /** Delta and patch: bytes of LITERAL commands without their data. */
    uint64_t literal_command_bytes;
    /** Delta and patch: COPY commands. */
    uint64_t copy_commands;
    /** Delta and patch: bytes copied from the basis. */
    uint64_t copy_bytes;
    /** Delta and patch: bytes of COPY commands. */
    uint64_t copy_command_bytes;
    /** Delta: windows of the new file that were looked up. */
    uint64_t searches;
    /** Delta: windows that are a block of the basis. */
    uint64_t matches;
    /** Patch: 1 if the delta has a trailer. */
    uint32_t has_trailer;
    /** Patch: 1 if the result was found to be the one the trailer promises; 1 for layered patches. */
    uint32_t verified;
    /** Making a layered patch: stretches of the new file that lie along the basis, equal or nearly. */
    uint64_t aligned_pieces;
    /** Making a layered patch: bytes in them. */
    uint64_t aligned_bytes;
} sigdelta_stats;

/** Bytes that a function of the caller reads. */
typedef struct sigdelta_source {
    /** Reads them; not NULL. */
    sigdelta_read_at_fn *read_at;
    /** First argument of read_at. */
    void *opaque;
    /** How many they are. May be SIGDELTA_UNKNOWN where a patch is applied. */
    uint64_t len;
} sigdelta_source;

/** Where a function of the caller puts bytes. */
typedef struct sigdelta_sink {
    /** Takes them; not NULL. */
    sigdelta_write_fn *write;
    /** First argument of write. */
    void *opaque;
} sigdelta_sink;

/**
 * Input and room for output. Each step moves the pointers on and takes what it used off the
 * lengths, also when it fails. The two must not overlap. A pointer may be NULL where its length is 0.
 */
typedef struct sigdelta_buffers {
    /** The next byte of input. */
    const uint8_t *input;
    /** Bytes of input. */
    size_t input_len;
    /** Where the next byte of output goes. */
    uint8_t *output;
    /** Bytes of room. */
    size_t output_len;
    /** Non-zero: nothing follows the input. */
    int end_of_input;
} sigdelta_buffers;

/** A part of a delta. */
typedef struct sigdelta_command {
    /** A sigdelta_command_kind. */
    uint32_t kind;
    /** Bytes of opcode and parameters, or of the trailer. */
    uint32_t encoded_len;
    /** Where the command starts in the delta. */
    uint64_t offset;
    /** offset + encoded_len */
    uint64_t data_offset;
    /** COPY: where the bytes start in the basis. */
    uint64_t position;
    /** LITERAL and COPY: bytes of the result. TRAILER: length of the result. */
    uint64_t len;
} sigdelta_command;

/** How far an operation has come. */
typedef struct sigdelta_progress {
    /** sizeof(sigdelta_progress) in the library's version; later ones may have more fields. */
    size_t size;
    /** A sigdelta_phase. */
    uint32_t phase;
    /** Bytes read in this phase. */
    uint64_t in_bytes;
    /** Length of what is read in this phase, SIGDELTA_UNKNOWN for pipes. */
    uint64_t in_total;
    /** Bytes made in this phase: of the signature, the delta or the result. */
    uint64_t out_bytes;
} sigdelta_progress;

#ifdef __cplusplus
extern "C" {
#endif /* __cplusplus */

/**
 * Returns one line on the last call that failed in this thread, "" if none did. The text is UTF-8,
 * cut at 2047 bytes, and stays until another call fails in this thread.
 */
SIGDELTA_EXPORT const char *sigdelta_error_text(void);

/**
 * Returns the byte of a signature or delta that the last error of this thread speaks of,
 * SIGDELTA_UNKNOWN if none.
 */
SIGDELTA_EXPORT uint64_t sigdelta_error_offset(void);

/**
 * Returns the system's errno (on Windows its error code) of the last error of this thread, 0 if that
 * did not come from the system.
 */
SIGDELTA_EXPORT
int sigdelta_error_errno(void);

/** Returns what a status means, in English; the text lives as long as the library. */
SIGDELTA_EXPORT const char *sigdelta_status_text(sigdelta_status status);

/** Returns the version of the library, as "0.1.0". */
SIGDELTA_EXPORT const char *sigdelta_version(void);

/** Returns the version as a number: major * 1000000 + minor * 1000 + patch. */
SIGDELTA_EXPORT uint32_t sigdelta_version_number(void);

/**
 * Returns 1 for the name of a feature that this library has ("librsync", "trailer", "files",
 * "layered"), else 0.
 */
SIGDELTA_EXPORT int sigdelta_has_feature(const char *name);

/**
 * Says what the signature of basis_len bytes (SIGDELTA_UNKNOWN if not known) gets under these options.
 * Any of the three pointers may be NULL.
 */
SIGDELTA_EXPORT
sigdelta_status sigdelta_signature_params(uint64_t basis_len,
                                          const struct sigdelta_options *options,
                                          uint32_t *kind,
                                          uint32_t *block_len,
                                          uint32_t *strong_len);

/** Makes the signature of a basis. */
SIGDELTA_EXPORT
sigdelta_status sigdelta_signature_bytes(const void *basis,
                                         size_t basis_len,
                                         const struct sigdelta_options *options,
                                         struct sigdelta_bytes *signature,
                                         struct sigdelta_stats *stats);

/** Makes the delta that turns the basis of a signature into a new file. */
SIGDELTA_EXPORT
sigdelta_status sigdelta_delta_bytes(const void *signature,
                                     size_t signature_len,
                                     const void *new_file,
                                     size_t new_len,
                                     const struct sigdelta_options *options,
                                     struct sigdelta_bytes *delta,
                                     struct sigdelta_stats *stats);

/** Makes the delta that turns a basis into a new file. */
SIGDELTA_EXPORT
sigdelta_status sigdelta_diff_bytes(const void *basis,
                                    size_t basis_len,
                                    const void *new_file,
                                    size_t new_len,
                                    const struct sigdelta_options *options,
                                    struct sigdelta_bytes *delta,
                                    struct sigdelta_stats *stats);

/**
 * Makes the result of a delta or layered patch, which shows by its first bytes, on a basis. Set
 * max_output_bytes for one from a stranger.
 */
SIGDELTA_EXPORT
sigdelta_status sigdelta_patch_bytes(const void *basis,
                                     size_t basis_len,
                                     const void *delta,
                                     size_t delta_len,
                                     const struct sigdelta_options *options,
                                     struct sigdelta_bytes *result,
                                     struct sigdelta_stats *stats);

/** Gives bytes back and makes the struct {NULL, 0}. */
SIGDELTA_EXPORT void sigdelta_bytes_free(struct sigdelta_bytes *bytes);

/** Writes the signature of a basis. */
SIGDELTA_EXPORT
sigdelta_status sigdelta_signature_file(const char *basis,
                                        const char *signature,
                                        const struct sigdelta_options *options,
                                        struct sigdelta_stats *stats);

/** Writes the delta that turns the basis of a signature into a new file. */
SIGDELTA_EXPORT
sigdelta_status sigdelta_delta_file(const char *signature,
                                    const char *new_file,
                                    const char *delta,
                                    const struct sigdelta_options *options,
                                    struct sigdelta_stats *stats);

/** Writes the delta that turns a basis into a new file. */
SIGDELTA_EXPORT
sigdelta_status sigdelta_diff_file(const char *basis,
                                   const char *new_file,
                                   const char *delta,
                                   const struct sigdelta_options *options,
                                   struct sigdelta_stats *stats);

/**
 * Writes the result of a delta or layered patch, which shows by its first bytes, on a basis; never one
 * that is incomplete or does not fit its trailer.
 */
SIGDELTA_EXPORT
sigdelta_status sigdelta_patch_file(const char *basis,
                                    const char *delta,
                                    const char *result,
                                    const struct sigdelta_options *options,
                                    struct sigdelta_stats *stats);

/** Makes the layered patch that turns a basis into a new file. */
SIGDELTA_EXPORT
sigdelta_status sigdelta_layered_diff_bytes(const void *basis,
                                            size_t basis_len,
                                            const void *new_file,
                                            size_t new_len,
                                            const struct sigdelta_options *options,
                                            struct sigdelta_bytes *patch,
                                            struct sigdelta_stats *stats);

/** Makes the result of a layered patch on a basis. It is always verified. */
SIGDELTA_EXPORT
sigdelta_status sigdelta_layered_patch_bytes(const void *basis,
                                             size_t basis_len,
                                             const void *patch,
                                             size_t patch_len,
                                             const struct sigdelta_options *options,
                                             struct sigdelta_bytes *result,
                                             struct sigdelta_stats *stats);

/**
 * Makes the delta that turns a basis into a new file, in librsync's format, but from both files: much
 * smaller than sigdelta_diff_bytes makes it. Every librsync applies it.
 */
SIGDELTA_EXPORT
sigdelta_status sigdelta_flat_diff_bytes(const void *basis,
                                         size_t basis_len,
                                         const void *new_file,
                                         size_t new_len,
                                         const struct sigdelta_options *options,
                                         struct sigdelta_bytes *delta,
                                         struct sigdelta_stats *stats);

/** Writes the layered patch that turns a basis into a new file. Both must be regular files. */
SIGDELTA_EXPORT
sigdelta_status sigdelta_layered_diff_file(const char *basis,
                                           const char *new_file,
                                           const char *patch,
                                           const struct sigdelta_options *options,
                                           struct sigdelta_stats *stats);

/** Writes the result of a layered patch on a basis; never one that is not the right one. */
SIGDELTA_EXPORT
sigdelta_status sigdelta_layered_patch_file(const char *basis,
                                            const char *patch,
                                            const char *result,
                                            const struct sigdelta_options *options,
                                            struct sigdelta_stats *stats);

/**
 * Writes the delta that turns a basis into a new file, in librsync's format, but from both files: much
 * smaller than sigdelta_diff_file makes it. Every librsync applies it. Both must be regular files.
 */
SIGDELTA_EXPORT
sigdelta_status sigdelta_flat_diff_file(const char *basis,
                                        const char *new_file,
                                        const char *delta,
                                        const struct sigdelta_options *options,
                                        struct sigdelta_stats *stats);

/** Writes the layered patch that turns a basis into a new file. */
SIGDELTA_EXPORT
sigdelta_status sigdelta_layered_diff_stream(const struct sigdelta_source *basis,
                                             const struct sigdelta_source *new_file,
                                             const struct sigdelta_sink *patch,
                                             const struct sigdelta_options *options,
                                             struct sigdelta_stats *stats);

/**
 * Writes the result of a layered patch on a basis, in the calling thread. The patch is read from first
 * to last, each byte once. The basis is compared with the right one before anything is written, the
 * result at the end: what was written before a failure is of no use.
 */
SIGDELTA_EXPORT
sigdelta_status sigdelta_layered_patch_stream(const struct sigdelta_source *basis,
                                              const struct sigdelta_source *patch,
                                              const struct sigdelta_sink *result,
                                              const struct sigdelta_options *options,
                                              struct sigdelta_stats *stats);

/**
 * Writes the delta that turns a basis into a new file, in librsync's format, but from both files. Every
 * librsync applies it.
 */
SIGDELTA_EXPORT
sigdelta_status sigdelta_flat_diff_stream(const struct sigdelta_source *basis,
                                          const struct sigdelta_source *new_file,
                                          const struct sigdelta_sink *delta,
                                          const struct sigdelta_options *options,
                                          struct sigdelta_stats *stats);

/** Loads a signature of len bytes. */
SIGDELTA_EXPORT
sigdelta_status sigdelta_index_from_bytes(const void *signature,
                                          size_t len,
                                          const struct sigdelta_options *options,
                                          struct sigdelta_index **index);

/** Loads the signature in a file. */
SIGDELTA_EXPORT
sigdelta_status sigdelta_index_from_file(const char *signature,
                                         const struct sigdelta_options *options,
                                         struct sigdelta_index **index);

/** Says what an index has. Any of the four pointers may be NULL. */
SIGDELTA_EXPORT
sigdelta_status sigdelta_index_info(const struct sigdelta_index *index,
                                    uint32_t *kind,
                                    uint32_t *block_len,
                                    uint32_t *strong_len,
                                    uint64_t *blocks);

/** Makes the delta that turns the basis of an index into a new file. */
SIGDELTA_EXPORT
sigdelta_status sigdelta_index_delta_bytes(struct sigdelta_index *index,
                                           const void *new_file,
                                           size_t new_len,
                                           const struct sigdelta_options *options,
                                           struct sigdelta_bytes *delta,
                                           struct sigdelta_stats *stats);

/** Writes the delta that turns the basis of an index into a new file. */
SIGDELTA_EXPORT
sigdelta_status sigdelta_index_delta_file(struct sigdelta_index *index,
                                          const char *new_file,
                                          const char *delta,
                                          const struct sigdelta_options *options,
                                          struct sigdelta_stats *stats);

/** Gives an index back; jobs that use it go on. */
SIGDELTA_EXPORT void sigdelta_index_free(struct sigdelta_index *index);

/**
 * Starts a signature: basis in, signature out. The length of the basis is for recommended parameters
 * only; SIGDELTA_UNKNOWN if not known.
 */
SIGDELTA_EXPORT
sigdelta_status sigdelta_signature_job(uint64_t basis_len,
                                       const struct sigdelta_options *options,
                                       struct sigdelta_job **job);

/**
 * Starts loading a signature: signature in, no output. SIGDELTA_OK comes after the end of input; then
 * see sigdelta_job_take_index.
 */
SIGDELTA_EXPORT
sigdelta_status sigdelta_load_job(const struct sigdelta_options *options,
                                  struct sigdelta_job **job);

/** Takes the index out of a load job that gave SIGDELTA_OK; once. The job is still to be freed. */
SIGDELTA_EXPORT
sigdelta_status sigdelta_job_take_index(struct sigdelta_job *job,
                                        struct sigdelta_index **index);

/** Starts a delta: new file in, delta out. The job holds a reference to the index. */
SIGDELTA_EXPORT
sigdelta_status sigdelta_delta_job(struct sigdelta_index *index,
                                   const struct sigdelta_options *options,
                                   struct sigdelta_job **job);

/** Starts a patch: delta in, result out. It asks for bytes of the basis by SIGDELTA_NEEDS_BASIS. */
SIGDELTA_EXPORT
sigdelta_status sigdelta_patch_job(const struct sigdelta_options *options,
                                   struct sigdelta_job **job);

/**
 * Goes on until the job needs something, is done (SIGDELTA_OK, which repeats) or fails. Sizes of input
 * and output may be any, down to one byte; all input is used up before SIGDELTA_NEEDS_INPUT, all room
 * before SIGDELTA_NEEDS_OUTPUT. There may be output whatever the status.
 */
SIGDELTA_EXPORT
sigdelta_status sigdelta_job_step(struct sigdelta_job *job,
                                  struct sigdelta_buffers *buffers);

/**
 * After SIGDELTA_NEEDS_BASIS, when there is room: says which bytes of the basis come next in the
 * result. Put 1 to *len of them, as many as there is room for, at buffers->output and call
 * sigdelta_job_copied.
 */
SIGDELTA_EXPORT
sigdelta_status sigdelta_job_wanted(const struct sigdelta_job *job,
                                    uint64_t *position,
                                    uint64_t *len);

/**
 * Says that len bytes of the basis were put at buffers->output, and moves the output on. May be called
 * again while sigdelta_job_wanted wants more. A len of 0, if there is room, says that the basis ends
 * there, which fails the job with SIGDELTA_INPUT_ENDED.
 */
SIGDELTA_EXPORT
sigdelta_status sigdelta_job_copied(struct sigdelta_job *job,
                                    struct sigdelta_buffers *buffers,
                                    size_t len);

/** Says what a job has done so far; at any time, also after it failed. */
SIGDELTA_EXPORT
sigdelta_status sigdelta_job_stats(const struct sigdelta_job *job,
                                   struct sigdelta_stats *stats);

/** Gives a job back, done or not. */
SIGDELTA_EXPORT void sigdelta_job_free(struct sigdelta_job *job);

/** Starts to take a delta apart; of the options, the trailer's alone counts. */
SIGDELTA_EXPORT
sigdelta_status sigdelta_decoder_new(const struct sigdelta_options *options,
                                     struct sigdelta_decoder **decoder);

/**
 * Goes on to the next command: SIGDELTA_OK with *command filled in, SIGDELTA_NEEDS_INPUT or an error.
 * SIGDELTA_COMMAND_DONE comes with SIGDELTA_OK, too, again and again: loop until it is the kind, not
 * while the status is SIGDELTA_OK. Literal data is skipped by the calls that follow. Of the buffers,
 * the input alone is used.
 */
SIGDELTA_EXPORT
sigdelta_status sigdelta_decoder_next(struct sigdelta_decoder *decoder,
                                      struct sigdelta_buffers *buffers,
                                      struct sigdelta_command *command);

/** Gives a decoder back. */
SIGDELTA_EXPORT void sigdelta_decoder_free(struct sigdelta_decoder *decoder);

#ifdef __cplusplus
} /* extern "C" */
#endif /* __cplusplus */

#endif  /* SIGDELTA_H */
