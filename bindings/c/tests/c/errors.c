/* What is said about errors, and for how long. */
#include "support.h"

#include <errno.h>

static void every_status_has_a_text(void)
{
    static const int STATUSES[] = {0, 1, 2, 3, 100, 102, 103, 104, 106, 107, 108, 109, 110};
    size_t i, j;

    for (i = 0; i < sizeof STATUSES / sizeof *STATUSES; i++) {
        const char *text = sigdelta_status_text((sigdelta_status)STATUSES[i]);

        CHECK(strlen(text) > 3 && strcmp(text, "unknown status") != 0);
        for (j = 0; j < i; j++)
            CHECK(strcmp(text, sigdelta_status_text((sigdelta_status)STATUSES[j])) != 0);
    }
    CHECK_STR(sigdelta_status_text((sigdelta_status)101), "unknown status");
    CHECK_STR(sigdelta_status_text((sigdelta_status)-1), "unknown status");
    CHECK_STR(sigdelta_status_text((sigdelta_status)0x7fffffff), "unknown status");
}

static void the_text_stays_until_the_next_failure(void)
{
    bytes_t basis = noise(1, 1000);
    const char *text;
    sigdelta_bytes signature, result;
    sigdelta_job *job;

    CHECK_ERROR("", SIGDELTA_UNKNOWN);
    CHECK_STATUS(sigdelta_patch_bytes(NULL, 0, "rs\2\66\1a\x77", 7, NULL, &result, NULL), SIGDELTA_CORRUPT);
    text = sigdelta_error_text();
    CHECK_ERROR("unknown delta command 0x77 at byte 6", 6);
    /* Success and demands leave it alone. */
    signature = sign(&basis, NULL);
    sigdelta_bytes_free(&signature);
    CHECK_STATUS(sigdelta_patch_job(NULL, &job), SIGDELTA_OK);
    CHECK_STATUS(sigdelta_job_step(job, &(sigdelta_buffers){NULL, 0, NULL, 0, 0}), SIGDELTA_NEEDS_INPUT);
    sigdelta_job_free(job);
    CHECK_ERROR("unknown delta command 0x77 at byte 6", 6);
    CHECK(sigdelta_error_text() == text);
    CHECK_STATUS(sigdelta_patch_bytes(NULL, 0, "rs\2\66\1", 5, NULL, &result, NULL), SIGDELTA_INPUT_ENDED);
    CHECK_ERROR("unexpected end of input at byte 5, expected the rest of literal data", 5);
    bytes_free(&basis);
}

static void errno_is_what_the_system_said(void)
{
    sigdelta_index *index;
    sigdelta_job *job;
    sigdelta_buffers buffers = {(const uint8_t *)"not", 3, NULL, 0, 1};

    CHECK_STATUS(sigdelta_signature_file("missing", "sig", NULL, NULL), SIGDELTA_IO_ERROR);
    CHECK_INT(sigdelta_error_errno(), ENOENT);
    CHECK_STATUS(sigdelta_signature_file("/dev/null", "missing/sig", NULL, NULL), SIGDELTA_IO_ERROR);
    CHECK_INT(sigdelta_error_errno(), ENOENT);
    CHECK_STATUS(sigdelta_signature_file(".", "sig", NULL, NULL), SIGDELTA_IO_ERROR);
    CHECK_INT(sigdelta_error_errno(), EISDIR);
    /* Success leaves it alone; failures that are not the system's do not. */
    CHECK_STATUS(sigdelta_load_job(NULL, &job), SIGDELTA_OK);
    CHECK_INT(sigdelta_error_errno(), EISDIR);
    CHECK_STATUS(sigdelta_job_step(job, &buffers), SIGDELTA_INPUT_ENDED);
    CHECK_INT(sigdelta_error_errno(), 0);
    sigdelta_job_free(job);
    if (exists("/dev/full")) {
        CHECK_STATUS(sigdelta_signature_file("/dev/null", "/dev/full", NULL, NULL), SIGDELTA_IO_ERROR);
        CHECK_INT(sigdelta_error_errno(), ENOSPC);
    }
    CHECK_STATUS(sigdelta_index_from_file(NULL, NULL, &index), SIGDELTA_PARAM_ERROR);
    CHECK_INT(sigdelta_error_errno(), 0);
}

static void errors_of_signatures_say_where(void)
{
    static const struct {
        const char *digits;
        sigdelta_status status;
        uint64_t offset;
        const char *text;
    } CASES[] = {
        {"7273", SIGDELTA_INPUT_ENDED, 2, "unexpected end of input at byte 2, expected the magic number"},
        {"72730236", SIGDELTA_BAD_MAGIC, 0,
         "not a signature: magic 0x72730236 at byte 0, expected 0x72730136, 0x72730137, 0x72730146 or "
         "0x72730147; it looks like a delta"},
        {"72730137 00000000 00000020", SIGDELTA_CORRUPT, 4,
         "block length 0 at byte 4 is not between 1 and 2147483647"},
        {"72730137 00000001 00000021", SIGDELTA_CORRUPT, 8,
         "strong length 33 at byte 8 is not between 1 and 32"},
        {"72730136 00000001 00000011", SIGDELTA_PARAM_ERROR, 8,
         "strong length 17 at byte 8 is more than the 16 bytes of MD4"},
        {"72730136 00000001 00000001 01020304", SIGDELTA_INPUT_ENDED, 16,
         "unexpected end of input at byte 16, expected the rest of a strong sum"},
        {"72730136 00000001 00000001 0102", SIGDELTA_CORRUPT, 12,
         "stray bytes after the end, from byte 12"},
    };
    size_t i;

    for (i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        bytes_t signature = unhex(CASES[i].digits), output = {NULL, 0, 0};
        pieces_t single = {1, 1, 1, 0};
        sigdelta_index *index;
        sigdelta_job *job;

        CHECK_STATUS(sigdelta_index_from_bytes(signature.data, signature.len, NULL, &index),
                     CASES[i].status);
        CHECK_ERROR(CASES[i].text, CASES[i].offset);
        CHECK_STATUS(sigdelta_load_job(NULL, &job), SIGDELTA_OK);
        CHECK_STATUS(run_job(job, signature.data, signature.len, NULL, single, &output), CASES[i].status);
        CHECK_ERROR(CASES[i].text, CASES[i].offset);
        sigdelta_job_free(job);
        bytes_free(&signature);
    }
}

int main(void)
{
    RUN(every_status_has_a_text);
    RUN(the_text_stays_until_the_next_failure);
    RUN(errno_is_what_the_system_said);
    RUN(errors_of_signatures_say_where);
    return check_end();
}
