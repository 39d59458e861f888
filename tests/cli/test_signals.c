/* What becomes of a program whose mapped files are cut short. */
#include "support/files.h"
#include "support/test.h"

#include "cli/app.h"
#include "cli/signals.h"
#include "formats/onnx/mapping.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILE_BYTES = 1 << 16 };

/* Reads the end of a mapped file that is no longer there. */
static void touch_what_is_gone(const char *path, int err)
{
    pare_ctx ctx;
    pare_mapping m;
    int fd = -1;
    uint64_t may_read = 0; /* so that it is mapped */
    pare_ctx_init(&ctx, NULL);
    dup2(err, STDERR_FILENO);
    pare_signals_install();
    if (pare_mapping_open(&ctx, &fd, path) || pare_mapping_load(&ctx, &m, fd, path, &may_read) ||
        truncate(path, 0))
        _exit(100);
    const volatile uint8_t *last = m.bytes->data + FILE_BYTES - 1;
    _exit(*last ? 101 : 102);
}

static void cut_files_end_in_a_message(void **state)
{
    (void)state;
    static const uint8_t bytes[FILE_BYTES];
    char root[TEST_PATH_BYTES], path[TEST_PATH_BYTES], said[200] = "";
    int ends[2], status = 0;
    test_temp_dir(root);
    test_write_file(test_join(path, root, "file"), bytes, sizeof(bytes));
    assert_int_equal(pipe(ends), 0);
    const pid_t pid = fork();
    if (pid == 0) touch_what_is_gone(path, ends[1]);
    close(ends[1]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(read(ends[0], said, sizeof(said) - 1) > 0);
    close(ends[0]);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), PARE_EXIT_INPUT);
    assert_non_null(strstr(said, "cut short by another program"));
    test_remove_tree(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(cut_files_end_in_a_message) };
    return test_run(tests);
}
