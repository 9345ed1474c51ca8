/* Growing bytes and test data. BYTE is what the API under test takes bytes for. */
#ifndef BYTES_H
#define BYTES_H

#include "check.h"

typedef struct {
    BYTE *data;
    size_t len, room;
} bytes_t;

static inline void bytes_add(bytes_t *to, const void *from, size_t len)
{
    if (to->room - to->len < len) {
        to->room = 2 * to->room + len;
        to->data = (BYTE *)realloc(to->data, to->room);
        REQUIRE(to->data);
    }
    if (len)
        memcpy(to->data + to->len, from, len);
    to->len += len;
}

static inline void bytes_free(bytes_t *bytes)
{
    free(bytes->data);
    memset(bytes, 0, sizeof *bytes);
}

#define CHECK_BYTES(actual, expected) \
    CHECK_MEM((actual).data, (actual).len, (expected).data, (expected).len)

/* Checks bytes against hexadecimal digits; blanks between them count for nothing. */
#define CHECK_HEX(actual, digits)        \
    do {                                 \
        bytes_t expected_ = unhex(digits); \
        CHECK_BYTES(actual, expected_);  \
        bytes_free(&expected_);          \
    } while (0)

static inline bytes_t unhex(const char *digits)
{
    bytes_t bytes = {NULL, 0, 0};
    int used;
    unsigned byte;

    while (sscanf(digits, " %2x%n", &byte, &used) == 1) {
        BYTE c = (BYTE)byte;
        bytes_add(&bytes, &c, 1);
        digits += used;
    }
    return bytes;
}

/* Pseudo-random bytes, the same for the same seed. */
static inline bytes_t noise(unsigned seed, size_t len)
{
    bytes_t bytes = {(BYTE *)malloc(len + 1), len, len + 1};
    size_t i;

    REQUIRE(bytes.data);
    for (i = 0; i < len; i++) {
        seed = seed * 1103515245u + 12345u;
        bytes.data[i] = (BYTE)(seed >> 16);
    }
    return bytes;
}

/* A changed copy: an insertion, a deletion, moved parts, the end of the old bytes. */
static inline bytes_t edited(const bytes_t *old)
{
    bytes_t bytes = {NULL, 0, 0}, other = noise(99, old->len / 8);
    size_t part = old->len / 8;

    bytes_add(&bytes, old->data, 3 * part);
    bytes_add(&bytes, "an insertion", 12);
    bytes_add(&bytes, old->data + 5 * part + 1, part);
    bytes_add(&bytes, other.data, other.len);
    bytes_add(&bytes, old->data + part, 2 * part);
    bytes_add(&bytes, old->data + 7 * part, old->len - 7 * part);
    bytes_free(&other);
    return bytes;
}

#endif
