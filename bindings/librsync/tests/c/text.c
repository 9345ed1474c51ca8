/* Hexadecimal digits, base64, MD4 and the texts of results. */
#include "support.h"

static void hexify(void)
{
    char digits[16];

    memset(digits, '#', sizeof digits);
    rs_hexify(digits, "\x00\x01\xab\xff", 4);
    CHECK_STR(digits, "0001abff");
    CHECK_INT(digits[9], '#');
    rs_hexify(digits, "\x7f", 1);
    CHECK_STR(digits, "7f");
    rs_hexify(digits, "\x7f", 0);
    CHECK_STR(digits, "");
    strcpy(digits, "#");
    rs_hexify(digits, "\x7f", -1);
    CHECK_STR(digits, "");
}

static void base64(void)
{
    /* RFC 4648, without the padding. */
    static const char *const texts[] = {"", "Zg", "Zm8", "Zm9v", "Zm9vYg", "Zm9vYmE", "Zm9vYmFy"};
    char text[16];
    int len;

    for (len = 0; len <= 6; len++) {
        memset(text, '#', sizeof text);
        rs_base64((const unsigned char *)"foobar", len, text);
        CHECK_STR(text, texts[len]);
        CHECK_INT(text[strlen(text) + 1], '#');
    }
    rs_base64((const unsigned char *)"\xfb\xff\xbf", 3, text);
    CHECK_STR(text, "+/+/");
}

static void unbase64(void)
{
    /* The number of bytes is one too many for texts that are no multiple of four: callers know. */
    static const struct {
        const char *text;
        size_t len;
        const char *bytes;
    } cases[] = {
        {"", 0, ""},
        {"Z", 1, "\x64"},
        {"Zg", 2, "f"},
        {"Zm8", 3, "fo"},
        {"Zm9v", 3, "foo"},
        {"Zm9vY", 4, "foo\x60"},
        {"Zm9vYg", 5, "foob"},
        {"Zm9vYmE", 6, "fooba"},
        {"Zm9vYmFy", 6, "foobar"},
        {"+/+/", 3, "\xfb\xff\xbf"},
        {"Zg==", 2, "f"},
        {"Zm9v=Ymx", 3, "foo"},
        {"Zm9v_", 3, "foo"},
        {"____", 0, ""},
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[16];
        size_t len = strlen(cases[i].bytes);

        strcpy(text, cases[i].text);
        CHECK_INT(rs_unbase64(text), cases[i].len);
        CHECK_MEM(text, len, cases[i].bytes, len);
        if (cases[i].len > len)
            CHECK_INT(text[len], 0);
    }
}

static void there_and_back(void)
{
    bytes_t bytes = noise(1, 999);
    char text[1400];

    rs_base64((const unsigned char *)bytes.data, (int)bytes.len, text);
    CHECK_INT(strlen(text), 1332);
    CHECK_INT(rs_unbase64(text), 999);
    CHECK_MEM(text, 999, bytes.data, bytes.len);
    bytes_free(&bytes);
}

/* The test suite of RFC 1320 (A.5). */
static const char *const md4[][2] = {
    {"", "31d6cfe0d16ae931b73c59d7e0c089c0"},
    {"a", "bde52cb31de33e46245e05fbdbd6fb24"},
    {"abc", "a448017aaf21d8525fc10ae87aa6729d"},
    {"message digest", "d9130a8164549fe818874806e1c7014b"},
    {"abcdefghijklmnopqrstuvwxyz", "d79e1c308aa5bbcdeea8ed63df412da9"},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
     "043f8582f241db351ce627e153e7f0e4"},
    {"12345678901234567890123456789012345678901234567890123456789012345678901234567890",
     "e33b4ddc9c38f2199c3e7b164fcc0536"},
};

static void mdfour(void)
{
    unsigned char sum[16];
    char digits[33];
    size_t i;

    for (i = 0; i < sizeof md4 / sizeof *md4; i++) {
        rs_mdfour(sum, md4[i][0], strlen(md4[i][0]));
        rs_hexify(digits, sum, 16);
        CHECK_STR(digits, md4[i][1]);
    }
}

static void mdfour_in_pieces(void)
{
    /* Callers that copied the private struct reserve 96 bytes. */
    struct {
        long long state[12];
        char guard[16];
    } space;
    rs_mdfour_t *md = (rs_mdfour_t *)space.state;
    unsigned char sum[16], whole[16];
    size_t piece, done;
    bytes_t bytes = noise(2, 1000);

    memset(space.guard, 0x5a, sizeof space.guard);
    rs_mdfour(whole, bytes.data, bytes.len);
    for (piece = 1; piece <= 130; piece += piece < 66 ? 1 : 32) {
        memset(space.state, 0x77, sizeof space.state);
        rs_mdfour_begin(md);
        for (done = 0; done < bytes.len; done += piece)
            rs_mdfour_update(md, bytes.data + done,
                             bytes.len - done < piece ? bytes.len - done : piece);
        rs_mdfour_update(md, bytes.data, 0);
        rs_mdfour_result(md, sum);
        CHECK_MEM(sum, sizeof sum, whole, sizeof whole);
    }
    rs_mdfour_begin(md);
    rs_mdfour_result(md, sum);
    rs_mdfour(whole, "", 0);
    CHECK_MEM(sum, sizeof sum, whole, sizeof whole);
    for (piece = 0; piece < sizeof space.guard; piece++)
        CHECK_INT(space.guard[piece], 0x5a);
    bytes_free(&bytes);
}

static void result_texts(void)
{
    CHECK_STR(rs_strerror(RS_DONE), "OK");
    CHECK_STR(rs_strerror(RS_BLOCKED), "blocked waiting for input or output buffers");
    CHECK_STR(rs_strerror(RS_RUNNING), "still running");
    CHECK_STR(rs_strerror(RS_IO_ERROR), "IO error");
    CHECK_STR(rs_strerror(RS_SYNTAX_ERROR), "bad command line syntax");
    CHECK_STR(rs_strerror(RS_MEM_ERROR), "out of memory");
    CHECK_STR(rs_strerror(RS_INPUT_ENDED), "unexpected end of input");
    CHECK_STR(rs_strerror(RS_BAD_MAGIC), "bad magic number at start of stream");
    CHECK_STR(rs_strerror(RS_UNIMPLEMENTED), "unimplemented case");
    CHECK_STR(rs_strerror(RS_CORRUPT), "stream corrupt");
    CHECK_STR(rs_strerror(RS_INTERNAL_ERROR), "library internal error");
    CHECK_STR(rs_strerror(RS_PARAM_ERROR), "unexplained problem");
    CHECK_STR(rs_strerror(RS_TEST_SKIPPED), "unexplained problem");
    CHECK_STR(rs_strerror((rs_result)-5), "unexplained problem");
    CHECK_STR(rs_strerror((rs_result)0x7fffffff), "unexplained problem");
    CHECK(rs_strerror(RS_CORRUPT) == rs_strerror(RS_CORRUPT)); /* static */
}

int main(void)
{
    RUN(hexify);
    RUN(base64);
    RUN(unbase64);
    RUN(there_and_back);
    RUN(mdfour);
    RUN(mdfour_in_pieces);
    RUN(result_texts);
    return check_end();
}
