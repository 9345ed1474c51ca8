/* A small test harness: named tests, checks that say where they failed, an exit status.
 *
 * Include it before anything else: it asks the C library for its POSIX and GNU functions. */
#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *check_test = "(no test)";
static int check_failures;

#define CHECK(condition) check_that((condition) ? 1 : 0, #condition, __FILE__, __LINE__)

/* For what the rest of the program cannot do without. */
#define REQUIRE(condition) ((condition) ? (void)0 : check_give_up(#condition, __FILE__, __LINE__))

#define CHECK_INT(actual, expected) \
    check_int((long long)(actual), (long long)(expected), #actual, __FILE__, __LINE__)

#define CHECK_STR(actual, expected) check_str(actual, expected, #actual, __FILE__, __LINE__)

#define CHECK_MEM(actual, actual_len, expected, expected_len) \
    check_mem(actual, actual_len, expected, expected_len, #actual, __FILE__, __LINE__)

#define RUN(test) check_run(test, #test)

static inline void check_fail(const char *file, int line)
{
    check_failures++;
    printf("FAIL %s:%d: %s: ", file, line, check_test);
}

static inline void check_that(int holds, const char *text, const char *file, int line)
{
    if (!holds) {
        check_fail(file, line);
        printf("%s\n", text);
    }
}

static inline void check_give_up(const char *text, const char *file, int line)
{
    check_fail(file, line);
    printf("%s; giving up\n", text);
    fflush(stdout);
    _exit(1);
}

static inline void check_int(long long actual, long long expected, const char *text,
                             const char *file, int line)
{
    if (actual != expected) {
        check_fail(file, line);
        printf("%s is %lld, not %lld\n", text, actual, expected);
    }
}

static inline void check_str(const char *actual, const char *expected, const char *text,
                             const char *file, int line)
{
    if (!actual || strcmp(actual, expected) != 0) {
        check_fail(file, line);
        printf("%s is\n  \"%s\", not\n  \"%s\"\n", text, actual ? actual : "(null)", expected);
    }
}

static inline void check_print_hex(const void *bytes, size_t len)
{
    const unsigned char *byte = (const unsigned char *)bytes;
    size_t i;

    for (i = 0; i < len && i < 64; i++)
        printf("%02x", byte[i]);
    printf(len > 64 ? "... (%zu bytes)\n" : " (%zu bytes)\n", len);
}

static inline void check_mem(const void *actual, size_t actual_len, const void *expected,
                             size_t expected_len, const char *text, const char *file, int line)
{
    const char *a = (const char *)actual, *e = (const char *)expected;
    size_t same = 0;

    while (same < actual_len && same < expected_len && a[same] == e[same])
        same++;
    if (same < actual_len || same < expected_len) {
        check_fail(file, line);
        printf("%s differs at byte %zu\n  actual   from there ", text, same);
        check_print_hex(a + same, actual_len - same);
        printf("  expected from there ");
        check_print_hex(e + same, expected_len - same);
    }
}

static inline void check_run(void (*test)(void), const char *name)
{
    /* A test that hangs dies of SIGALRM; valgrind needs some patience. */
    alarm(240);
    check_test = name;
    test();
    check_test = "(no test)";
    alarm(0);
}

/* The exit status of the program. */
static inline int check_end(void)
{
    if (check_failures)
        printf("%d checks failed\n", check_failures);
    return check_failures ? 1 : 0;
}

#endif
