/* Functions on FILE that are interrupted: signals, old error flags, a thread that is cancelled. */
#include "support.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

static void handle(int number)
{
    (void)number;
}

/* A handler after which a call of the system is not begun again. */
static void handle_signals(void)
{
    struct sigaction action;

    memset(&action, 0, sizeof action);
    action.sa_handler = handle;
    REQUIRE(sigaction(SIGUSR1, &action, NULL) == 0);
}

/* Starts a process at one end of a pipe; returns the other end. */
static FILE *beside(void (*child)(int fd, pid_t parent), int reads, pid_t *pid)
{
    int ends[2];
    pid_t parent = getpid();

    REQUIRE(pipe(ends) == 0);
    *pid = fork();
    REQUIRE(*pid >= 0);
    if (*pid == 0) {
        close(ends[reads]);
        child(ends[!reads], parent);
        _exit(0);
    }
    close(ends[!reads]);
    return fdopen(ends[reads], reads ? "wb" : "rb");
}

static void write_twice(int fd, pid_t parent)
{
    char bytes[1000] = {0};

    if (write(fd, bytes, sizeof bytes) < 0)
        _exit(1);
    usleep(300000);
    kill(parent, SIGUSR1);
    usleep(300000);
    if (write(fd, bytes, sizeof bytes) < 0)
        _exit(1);
}

static void a_signal_while_reading(void)
{
    pid_t pid;
    FILE *in = beside(write_twice, 0, &pid), *out = tmpfile();

    REQUIRE(in && out);
    CHECK_INT(rs_sig_file(in, out, 256, 8, RS_MD4_SIG_MAGIC, NULL), RS_DONE);
    CHECK_INT(ftell(out), 12 + 12 * (2000 / 256 + 1));
    fclose(in);
    fclose(out);
    waitpid(pid, NULL, 0);
}

static void read_slowly(int fd, pid_t parent)
{
    static char bytes[1 << 16];
    int i;

    for (i = 0; i < 3; i++) {
        usleep(100000);
        kill(parent, SIGUSR1);
    }
    usleep(100000);
    while (read(fd, bytes, sizeof bytes) > 0)
        ;
}

static void a_signal_while_writing(void)
{
    bytes_t content = noise(1, 600000);
    FILE *basis = tmpfile(), *delta = tmpfile(), *out;
    rs_signature_t *sums;
    bytes_t sig = sign(&content, 2048, 8, RS_MD4_SIG_MAGIC), made;
    pid_t pid;

    REQUIRE(basis && delta);
    sums = load(&sig);
    made = make_delta(sums, &content);
    fwrite(content.data, 1, content.len, basis);
    fwrite(made.data, 1, made.len, delta);
    rewind(delta);
    out = beside(read_slowly, 1, &pid);
    REQUIRE(out);
    /* Not success with something written twice. */
    CHECK_INT(rs_patch_file(basis, delta, out, NULL), RS_IO_ERROR);
    CHECK(ferror(out));
    fclose(out);
    fclose(basis);
    fclose(delta);
    waitpid(pid, NULL, 0);
    rs_free_sumset(sums);
    bytes_free(&content);
    bytes_free(&sig);
    bytes_free(&made);
}

static void an_old_error(void)
{
    char name[] = "interrupted-XXXXXX";
    int fd = mkstemp(name);
    FILE *in, *out = tmpfile();

    REQUIRE(fd >= 0 && out && write(fd, "some bytes", 10) == 10);
    close(fd);
    in = fopen(name, "rb");
    REQUIRE(in);
    fputc('x', in); /* fails */
    CHECK(ferror(in));
    CHECK_INT(rs_sig_file(in, out, 256, 8, RS_MD4_SIG_MAGIC, NULL), RS_DONE);
    CHECK_INT(ftell(out), 12 + 12);
    fclose(in);
    fclose(out);
    remove(name);
}

static int cleaned;

static void clean(void *unused)
{
    (void)unused;
    cleaned = 1;
}

static void *wait_for_input(void *in)
{
    FILE *out = tmpfile();

    pthread_cleanup_push(clean, NULL);
    rs_sig_file((FILE *)in, out, 256, 8, RS_MD4_SIG_MAGIC, NULL);
    pthread_cleanup_pop(0);
    return out;
}

static void a_cancelled_thread(void)
{
    int ends[2];
    pthread_t thread;
    void *result = NULL;

    REQUIRE(pipe(ends) == 0);
    REQUIRE(pthread_create(&thread, NULL, wait_for_input, fdopen(ends[0], "rb")) == 0);
    usleep(200000);
    pthread_cancel(thread);
    pthread_join(thread, &result);
    CHECK(result == PTHREAD_CANCELED);
    CHECK(cleaned);
}

int main(void)
{
    no_messages();
    handle_signals();
    RUN(a_signal_while_reading);
    RUN(a_signal_while_writing);
    RUN(an_old_error);
    RUN(a_cancelled_thread);
    return check_end();
}
