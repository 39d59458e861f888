#include "support/archives.h"

#include "support/test.h"

#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

char *test_make_archives(char out[TEST_PATH_BYTES])
{
    char script[TEST_PATH_BYTES];
    pid_t child = 0;
    int status = 0;
    test_source_path(script, "tests/support/make_archives.py");
    test_temp_dir(out);
    char *const args[] = { "python3", script, out, NULL };
    if (posix_spawnp(&child, "python3", NULL, NULL, args, environ)) {
        test_remove_tree(out);
        test_skip("no python3");
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status))
        fail_msg("%s: status %d", script, status);
    return out;
}
