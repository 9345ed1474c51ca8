/* rsync-files.c: whole files by librsync's API.
 *
 * rsync-files OLD NEW RESULT: takes the signature of OLD, the delta to NEW, and makes RESULT of both. */
#include <librsync.h>
#include <stdlib.h>

static void check(const char *what, rs_result result)
{
    if (result != RS_DONE) {
        fprintf(stderr, "%s: %s\n", what, rs_strerror(result));
        exit(1);
    }
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fputs("usage: rsync-files OLD NEW RESULT\n", stderr);
        return 2;
    }
    FILE *old_file = rs_file_open(argv[1], "rb", 0); /* ends the program if it cannot */
    FILE *new_file = rs_file_open(argv[2], "rb", 0);
    FILE *result = rs_file_open(argv[3], "wb", 1);
    FILE *signature = tmpfile(), *delta = tmpfile();
    if (!signature || !delta) {
        perror("temporary file");
        return 1;
    }

    rs_signature_t *sums;
    rs_stats_t stats;
    char line[256];
    check("signature", rs_sig_file(old_file, signature, 0, 0, RS_RK_BLAKE2_SIG_MAGIC, NULL));
    rewind(signature);
    check("signature", rs_loadsig_file(signature, &sums, NULL));
    check("signature", rs_build_hash_table(sums));
    check("delta", rs_delta_file(sums, new_file, delta, &stats));
    rs_free_sumset(sums);
    rewind(delta);
    check("patch", rs_patch_file(old_file, delta, result, NULL));
    if (rs_file_close(result) != 0) { /* only now a full disk may show */
        perror(argv[3]);
        return 1;
    }
    puts(rs_format_stats(&stats, line, sizeof line));
    fclose(delta);
    fclose(signature);
    rs_file_close(new_file);
    rs_file_close(old_file);
    return 0;
}
