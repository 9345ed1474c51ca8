/* rs_file_open, rs_file_close, rs_file_size, rs_file_copy_cb. */
#include "support.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

static char folder[] = "files-XXXXXX";
static char path[64], missing[64];

static void write_file(const char *text)
{
    FILE *file = fopen(path, "w");

    REQUIRE(file);
    fputs(text, file);
    fclose(file);
}

static void check_file(const char *text)
{
    char actual[64] = "";
    FILE *file = fopen(path, "r");

    REQUIRE(file);
    CHECK_INT(fread(actual, 1, sizeof actual - 1, file), strlen(text));
    CHECK_STR(actual, text);
    fclose(file);
}

static void standard_streams(void)
{
    CHECK(rs_file_open(NULL, "rb", 0) == stdin);
    CHECK(rs_file_open("-", "rb", 0) == stdin);
    CHECK(rs_file_open(NULL, "wb", 0) == stdout);
    CHECK(rs_file_open("-", "wb", 0) == stdout);
    CHECK_INT(rs_file_close(stdin), 0);
    CHECK_INT(rs_file_close(stdout), 0);
    /* They stayed open. */
    CHECK(fcntl(0, F_GETFD) != -1);
    CHECK(fcntl(1, F_GETFD) != -1);
}

static void read_write_append(void)
{
    FILE *file;
    char text[8] = "";

    write_file("old");
    file = rs_file_open(path, "rb", 0);
    REQUIRE(file);
    CHECK_INT(fread(text, 1, sizeof text, file), 3);
    CHECK_INT(rs_file_close(file), 0);

    file = rs_file_open(path, "wb", 1);
    REQUIRE(file);
    fputs("new", file);
    CHECK_INT(rs_file_close(file), 0);
    check_file("new");

    /* Only the mode "w" asks for force. */
    file = rs_file_open(path, "ab", 0);
    REQUIRE(file);
    fputs("er", file);
    CHECK_INT(rs_file_close(file), 0);
    check_file("newer");
    file = rs_file_open(path, "r+b", 0);
    REQUIRE(file);
    fputs("N", file);
    CHECK_INT(rs_file_close(file), 0);
    check_file("Newer");

    unlink(path);
    file = rs_file_open(path, "wb", 0);
    REQUIRE(file);
    CHECK_INT(rs_file_close(file), 0);
    check_file("");
}

static const char *open_path, *open_mode;

/* Opens a file in a child process; returns its exit status and what it wrote to standard error. */
static int exit_of_open(const char *name, const char *mode, char *text, size_t room)
{
    int pipe_ends[2], status, len;
    pid_t child;

    open_path = name;
    open_mode = mode;
    fflush(NULL);
    REQUIRE(pipe(pipe_ends) == 0);
    child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
        dup2(pipe_ends[1], 2);
        rs_file_open(open_path, open_mode, 0);
        _exit(0);
    }
    close(pipe_ends[1]);
    len = (int)read(pipe_ends[0], text, room - 1);
    text[len > 0 ? len : 0] = 0;
    close(pipe_ends[0]);
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void failures_end_the_program(void)
{
    char text[400], expected[400];

    CHECK_INT(exit_of_open(missing, "rb", text, sizeof text), 100);
    snprintf(expected, sizeof expected,
             "librsync: ERROR: (rs_file_open) Error opening \"%s\" for read: "
             "No such file or directory\n", missing);
    CHECK_STR(text, expected);

    CHECK_INT(exit_of_open("", "rb", text, sizeof text), 100);
    CHECK_STR(text, "librsync: ERROR: (rs_file_open) Error opening \"\" for read: "
                    "No such file or directory\n");

    snprintf(expected, sizeof expected, "%s/x", missing);
    CHECK_INT(exit_of_open(expected, "wb", text, sizeof text), 100);
    CHECK(strstr(text, "for write: No such file or directory\n"));

    write_file("precious");
    CHECK_INT(exit_of_open(path, "wb", text, sizeof text), 100);
    snprintf(expected, sizeof expected,
             "librsync: ERROR: (rs_file_open) File exists \"%s\", aborting!\n", path);
    CHECK_STR(text, expected);
    check_file("precious");
}

static void sizes(void)
{
    FILE *file, *pipe_file;
    int pipe_ends[2];
    char memory[10] = "abc";

    write_file("123456789");
    file = fopen(path, "r");
    REQUIRE(file);
    CHECK_INT(rs_file_size(file), 9);
    fgetc(file);
    CHECK_INT(rs_file_size(file), 9);
    CHECK_INT(ftell(file), 1);
    fclose(file);
    write_file("");
    file = fopen(path, "r");
    CHECK_INT(rs_file_size(file), 0);
    fclose(file);

    file = tmpfile();
    REQUIRE(file && ftruncate(fileno(file), 5000000000) == 0);
    CHECK_INT(rs_file_size(file), 5000000000);
    fclose(file);

    /* What is not a regular file has no size. */
    REQUIRE(pipe(pipe_ends) == 0);
    pipe_file = fdopen(pipe_ends[0], "r");
    CHECK_INT(rs_file_size(pipe_file), -1);
    fclose(pipe_file);
    close(pipe_ends[1]);
    file = fmemopen(memory, 3, "r");
    CHECK_INT(rs_file_size(file), -1);
    fclose(file);
    file = fopen("/dev/null", "r");
    CHECK_INT(rs_file_size(file), -1);
    fclose(file);
    file = fopen(folder, "r");
    CHECK_INT(rs_file_size(file), -1);
    fclose(file);
}

static void copies(void)
{
    char space[16];
    void *buf = space;
    size_t len = 4;
    FILE *file, *pipe_file;
    int pipe_ends[2];

    write_file("0123456789");
    file = fopen(path, "r");
    REQUIRE(file);
    fgetc(file);
    CHECK_INT(rs_file_copy_cb(file, 3, &len, &buf), RS_DONE);
    CHECK(buf == space);
    CHECK_MEM(space, len, "3456", 4);
    len = 2;
    CHECK_INT(rs_file_copy_cb(file, 0, &len, &buf), RS_DONE);
    CHECK_MEM(space, len, "01", 2);
    /* Less at the end of the file, an error after it. */
    len = 16;
    CHECK_INT(rs_file_copy_cb(file, 8, &len, &buf), RS_DONE);
    CHECK_MEM(space, len, "89", 2);
    len = 1;
    CHECK_INT(rs_file_copy_cb(file, 10, &len, &buf), RS_INPUT_ENDED);
    len = 1;
    CHECK_INT(rs_file_copy_cb(file, 1000, &len, &buf), RS_INPUT_ENDED);
    len = 0;
    CHECK_INT(rs_file_copy_cb(file, 0, &len, &buf), RS_INPUT_ENDED);

    keep_messages();
    len = 1;
    CHECK_INT(rs_file_copy_cb(file, -1, &len, &buf), RS_IO_ERROR);
    CHECK(strstr(messages, "seek failed: Invalid argument\n"));
    fclose(file);

    keep_messages();
    REQUIRE(pipe(pipe_ends) == 0);
    pipe_file = fdopen(pipe_ends[0], "r");
    len = 1;
    CHECK_INT(rs_file_copy_cb(pipe_file, 0, &len, &buf), RS_IO_ERROR);
    CHECK(strstr(messages, "seek failed: Illegal seek\n"));
    fclose(pipe_file);
    close(pipe_ends[1]);

    keep_messages();
    file = fopen(folder, "r");
    len = 1;
    CHECK_INT(rs_file_copy_cb(file, 0, &len, &buf), RS_IO_ERROR);
    CHECK(strstr(messages, "read error: Is a directory\n"));
    fclose(file);
    no_messages();
}

int main(void)
{
    REQUIRE(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/file", folder);
    snprintf(missing, sizeof missing, "%s/missing", folder);
    RUN(standard_streams);
    RUN(read_write_append);
    RUN(failures_end_the_program);
    no_messages();
    RUN(sizes);
    RUN(copies);
    unlink(path);
    rmdir(folder);
    return check_end();
}
