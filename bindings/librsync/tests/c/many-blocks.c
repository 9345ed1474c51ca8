/* More than 214,748,364 blocks: there C librsync's hash table overflows and nothing matches any more.
 * Takes some 3 GiB of memory. */
#include "support.h"

enum { BLOCK_LEN = 16, ENTRY_LEN = 4 + 4, HEADER_LEN = 12, PIECE = 1 << 16 };

static const unsigned long long BLOCKS = 214748365;

/* Gives a loading job more of the signature. */
static rs_result more(rs_job_t *job, const void *in, size_t len, int end)
{
    rs_buffers_t buffers;

    memset(&buffers, 0, sizeof buffers);
    buffers.next_in = (char *)in;
    buffers.avail_in = len;
    buffers.eof_in = end;
    return rs_job_iter(job, &buffers);
}

static void put32(unsigned char *to, unsigned long value)
{
    to[0] = (unsigned char)(value >> 24);
    to[1] = (unsigned char)(value >> 16);
    to[2] = (unsigned char)(value >> 8);
    to[3] = (unsigned char)value;
}

static void the_last_block_is_found(void)
{
    static unsigned char entries[PIECE * ENTRY_LEN];
    bytes_t block = {NULL, 0, 0}, sig, delta;
    unsigned long long made = 0;
    rs_signature_t *sums;
    rs_job_t *job = rs_loadsig_begin(&sums);
    rs_result result;

    /* Header and last entry are those of a signature of the last block alone; the others are made up. */
    bytes_add(&block, "the last of many", BLOCK_LEN);
    sig = sign(&block, BLOCK_LEN, 4, RS_RK_BLAKE2_SIG_MAGIC);
    result = more(job, sig.data, HEADER_LEN, 0);
    while (result == RS_BLOCKED && made < BLOCKS - 1) {
        size_t n = 0;

        for (; n < PIECE && made < BLOCKS - 1; n++, made++) {
            put32(entries + n * ENTRY_LEN, (unsigned long)(made * 2654435761u));
            put32(entries + n * ENTRY_LEN + 4, (unsigned long)made);
        }
        result = more(job, entries, n * ENTRY_LEN, 0);
    }
    CHECK_INT(result, RS_BLOCKED);
    CHECK_INT(more(job, sig.data + HEADER_LEN, ENTRY_LEN, 1), RS_DONE);
    CHECK_INT(rs_job_statistics(job)->sig_blocks, BLOCKS);
    rs_job_free(job);
    CHECK_INT(rs_build_hash_table(sums), RS_DONE);

    /* One COPY of 16 bytes from 16 * 214,748,364. */
    delta = make_delta(sums, &block);
    CHECK_HEX(delta, "72730236 4d ccccccc0 10 00");
    rs_free_sumset(sums);
    bytes_free(&delta);
    bytes_free(&sig);
    bytes_free(&block);
}

int main(void)
{
    RUN(the_last_block_is_found);
    return check_end();
}
