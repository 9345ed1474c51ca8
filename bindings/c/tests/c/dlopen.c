/* The library as a plugin: loaded and unloaded while threads that used it go on. */
#include "check.h"

#include <dlfcn.h>
#include <pthread.h>

#include <sigdelta.h>

typedef sigdelta_status signature_file_fn(const char *, const char *, const sigdelta_options *,
                                          sigdelta_stats *);
typedef const char *error_text_fn(void);

static void *function(void *library, const char *name)
{
    void *found = dlsym(library, name);

    REQUIRE(found);
    return found;
}

static void *use(void *output)
{
    int i;

    for (i = 0; i < 20; i++) {
        void *library = dlopen(getenv("SHARED"), RTLD_NOW);
        signature_file_fn *signature_file;
        error_text_fn *error_text;

        REQUIRE(library);
        *(void **)&signature_file = function(library, "sigdelta_signature_file");
        *(void **)&error_text = function(library, "sigdelta_error_text");
        CHECK_INT(signature_file(NULL, NULL, NULL, NULL), SIGDELTA_PARAM_ERROR);
        CHECK_STR(error_text(), "basis is NULL");
        CHECK_INT(signature_file("/dev/null", (const char *)output, NULL, NULL), SIGDELTA_OK);
        REQUIRE(dlclose(library) == 0);
    }
    return NULL;
}

static void threads_end_after_the_library_was_closed(void)
{
    pthread_t threads[3];
    char outputs[3][2] = {"a", "b", "c"};
    int i;

    for (i = 0; i < 3; i++)
        REQUIRE(pthread_create(&threads[i], NULL, use, outputs[i]) == 0);
    for (i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    use(outputs[0]);
}

int main(void)
{
    RUN(threads_end_after_the_library_was_closed);
    return check_end();
}
