/* files.c: whole files by libsigdelta, with progress and a limit.
 *
 * files diff OLD NEW DELTA     writes what is new in NEW
 * files patch OLD DELTA NEW    writes NEW, or nothing: the delta knows what must come out */
#include <inttypes.h>
#include <sigdelta.h>
#include <stdio.h>
#include <string.h>

static int show(void *opaque, const sigdelta_progress *progress)
{
    static const char *const PHASES[] = {"?", "signature", "loading", "delta", "patch"};
    uint32_t phase = progress->phase < 5 ? progress->phase : 0; /* a newer library may have more */
    (void)opaque;
    fprintf(stderr, "\r%-9s %12" PRIu64 " bytes", PHASES[phase], progress->in_bytes);
    if (progress->in_total != SIGDELTA_UNKNOWN && progress->in_total > 0)
        fprintf(stderr, " %3.0f%%", 100.0 * (double)progress->in_bytes / (double)progress->in_total);
    return 0; /* anything else cancels */
}

int main(int argc, char **argv)
{
    int diff = argc == 5 && strcmp(argv[1], "diff") == 0;
    int patch = argc == 5 && strcmp(argv[1], "patch") == 0;
    if (!diff && !patch) {
        fputs("usage: files diff OLD NEW DELTA | files patch OLD DELTA NEW\n", stderr);
        return 2;
    }
    sigdelta_options options = SIGDELTA_OPTIONS_INIT;
    options.progress = show;
    options.trailer = SIGDELTA_TRAILER_REQUIRED;
    options.max_output_bytes = UINT64_C(1) << 40; /* a delta from a stranger could ask for more */
    sigdelta_stats stats = {.size = sizeof stats};

    sigdelta_status status = diff ? sigdelta_diff_file(argv[2], argv[3], argv[4], &options, &stats)
                                  : sigdelta_patch_file(argv[2], argv[3], argv[4], &options, &stats);
    fputc('\n', stderr);
    if (status != SIGDELTA_OK) {
        fprintf(stderr, "files: %s\n", sigdelta_error_text());
        return 1;
    }
    printf("%" PRIu64 " bytes copied, %" PRIu64 " new\n", stats.copy_bytes, stats.literal_bytes);
    return 0;
}
