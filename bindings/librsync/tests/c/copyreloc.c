/* Programs that are not position independent have copies of the library's data: both sides use them. */
#include "support.h"

#include <sys/socket.h>

/* The longest piece that a signature is written in: a packet socket shows each. */
static size_t longest_write(void)
{
    int ends[2];
    bytes_t old = noise(1, 100000);
    FILE *from = tmpfile(), *to;
    char packet[65536];
    size_t longest = 0;
    ssize_t len;

    REQUIRE(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
    to = fdopen(ends[1], "w");
    REQUIRE(from && to);
    setvbuf(to, NULL, _IONBF, 0);
    fwrite(old.data, 1, old.len, from);
    rewind(from);
    CHECK_INT(rs_sig_file(from, to, 256, 16, RS_MD4_SIG_MAGIC, NULL), RS_DONE);
    fclose(to);
    while ((len = read(ends[0], packet, sizeof packet)) > 0)
        longest = (size_t)len > longest ? (size_t)len : longest;
    close(ends[0]);
    fclose(from);
    bytes_free(&old);
    return longest;
}

static void written_here_read_there(void)
{
    CHECK(longest_write() != 5000);
    rs_inbuflen = 100000; /* else the input calls for output more often */
    rs_outbuflen = 5000;
    CHECK_INT(longest_write(), 5000);
    rs_inbuflen = rs_outbuflen = 0;
    CHECK(longest_write() != 5000);
}

static void written_there_read_here(void)
{
    CHECK_INT(strlen(rs_librsync_version), 14);
    CHECK(strncmp(rs_librsync_version, "librsync 2.3.", 13) == 0);
    CHECK_INT(RS_MD4_SUM_LENGTH, 16);
    CHECK_INT(RS_BLAKE2_SUM_LENGTH, 32);
}

int main(void)
{
    no_messages();
    RUN(written_here_read_there);
    RUN(written_there_read_here);
    return check_end();
}
