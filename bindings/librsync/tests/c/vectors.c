/* Makes signatures, deltas and results of files: `vectors < LIST`, with lines NAME MAGIC BLOCK STRONG.
 *
 * NAME.old and NAME.new are read; NAME.sig, NAME.delta and NAME.result are written by the file
 * functions and compared with what jobs make in small pieces. */
#include "support.h"

static bytes_t contents(FILE *file)
{
    bytes_t bytes = {NULL, 0, 0};
    char part[4096];
    size_t len;

    rewind(file);
    while ((len = fread(part, 1, sizeof part, file)) > 0)
        bytes_add(&bytes, part, len);
    rewind(file);
    return bytes;
}

static FILE *open_part(const char *name, const char *part, const char *mode)
{
    char path[300];
    FILE *file;

    snprintf(path, sizeof path, "%s.%s", name, part);
    file = fopen(path, mode);
    REQUIRE(file);
    return file;
}

static void check_jobs(const bytes_t *old, const bytes_t *new_bytes, rs_magic_number magic,
                       size_t block_len, size_t strong_len, const bytes_t *sig, const bytes_t *delta)
{
    bytes_t same = {NULL, 0, 0};
    rs_signature_t *sums;

    CHECK_INT(rs_sig_args((rs_long_t)old->len, &magic, &block_len, &strong_len), RS_DONE);
    CHECK_INT(sign_pieces(old, block_len, strong_len, magic, 1000, 100, &same), RS_DONE);
    CHECK_BYTES(same, *sig);
    CHECK_INT(load_pieces(sig->data, sig->len, 77, &sums), RS_DONE);
    CHECK_INT(rs_build_hash_table(sums), RS_DONE);
    same.len = 0;
    CHECK_INT(delta_pieces(sums, new_bytes, 777, 333, &same), RS_DONE);
    if (old->len) /* else the pieces show */
        CHECK_BYTES(same, *delta);
    rs_free_sumset(sums);
    same.len = 0;
    CHECK_INT(patch_pieces(old, delta, 99, 555, &same), RS_DONE);
    CHECK_BYTES(same, *new_bytes);
    bytes_free(&same);
}

int main(void)
{
    char name[200];
    unsigned magic;
    long block, strong;

    no_messages();
    check_test = name;
    while (scanf("%199s %x %ld %ld", name, &magic, &block, &strong) == 4) {
        FILE *old_file = open_part(name, "old", "r"), *new_file = open_part(name, "new", "r");
        FILE *sig_file = open_part(name, "sig", "w+"), *delta_file = open_part(name, "delta", "w+");
        FILE *result_file = open_part(name, "result", "w+");
        bytes_t old = contents(old_file), new_bytes = contents(new_file), sig, delta, result;
        rs_signature_t *sums;

        CHECK_INT(rs_sig_file(old_file, sig_file, (size_t)block, (size_t)strong,
                              (rs_magic_number)magic, NULL), RS_DONE);
        sig = contents(sig_file);
        CHECK_INT(rs_loadsig_file(sig_file, &sums, NULL), RS_DONE);
        CHECK_INT(rs_build_hash_table(sums), RS_DONE);
        CHECK_INT(rs_delta_file(sums, new_file, delta_file, NULL), RS_DONE);
        rs_free_sumset(sums);
        delta = contents(delta_file);
        CHECK_INT(rs_patch_file(old_file, delta_file, result_file, NULL), RS_DONE);
        result = contents(result_file);
        CHECK_BYTES(result, new_bytes);
        check_jobs(&old, &new_bytes, (rs_magic_number)magic, (size_t)block, (size_t)strong, &sig,
                   &delta);

        fclose(old_file);
        fclose(new_file);
        fclose(sig_file);
        fclose(delta_file);
        fclose(result_file);
        bytes_free(&old);
        bytes_free(&new_bytes);
        bytes_free(&sig);
        bytes_free(&delta);
        bytes_free(&result);
    }
    return check_end();
}
