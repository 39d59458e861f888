#include "support/test.h"

#include "cli/progress.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Both ends of a terminal. */
typedef struct terminal {
    int master;
    FILE *slave;
} terminal;

static void open_terminal(terminal *t)
{
    t->master = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
    const char *name = NULL;
    if (t->master < 0 || grantpt(t->master) || unlockpt(t->master) || !(name = ptsname(t->master)))
        test_skip("no pseudo-terminals here");
    t->slave = fopen(name, "w");
    assert_non_null(t->slave);
}

/* What has appeared on the terminal so far; valid until the next call. */
static const char *shown(terminal *t, char *out, size_t out_bytes)
{
    size_t n = 0;
    ssize_t got = 0;
    while (n + 1 < out_bytes && (got = read(t->master, out + n, out_bytes - 1 - n)) > 0)
        n += (size_t)got;
    out[n] = '\0';
    return out;
}

static void close_terminal(terminal *t)
{
    fclose(t->slave);
    close(t->master);
}

static void test_line_comes_and_goes(void **state)
{
    (void)state;
    terminal t;
    char text[512];
    open_terminal(&t);
    setenv("TERM", "xterm", 1);
    pare_progress_bar bar;
    pare_progress_init(&bar, t.slave);
    pare_progress_erase(&bar);
    assert_string_equal(shown(&t, text, sizeof(text)), "");
    pare_progress_step(&bar, &(pare_progress){ "write", 0, 1000, NULL });
    usleep(350000);
    pare_progress_step(&bar, &(pare_progress){ "write", 500, 1000, NULL });
    shown(&t, text, sizeof(text));
    assert_non_null(strstr(text, "\rwrite  50%  500 B of 1.00 KB"));
    assert_non_null(strstr(text, "\033[K"));
    pare_progress_erase(&bar);
    assert_string_equal(shown(&t, text, sizeof(text)), "\r\033[K");
    pare_progress_erase(&bar);
    assert_string_equal(shown(&t, text, sizeof(text)), "");
    /* A new phase begins anew: nothing is shown at once. */
    pare_progress_step(&bar, &(pare_progress){ "verify", 10, 1000, NULL });
    assert_false(bar.visible);
    close_terminal(&t);
}

static void test_terminals_that_cannot_erase(void **state)
{
    (void)state;
    terminal t;
    open_terminal(&t);
    pare_progress_bar bar;
    setenv("TERM", "dumb", 1);
    pare_progress_init(&bar, t.slave);
    assert_null(bar.to);
    unsetenv("TERM");
    pare_progress_init(&bar, t.slave);
    assert_null(bar.to);
    pare_progress_step(&bar, &(pare_progress){ "write", 500, 1000, NULL });
    close_terminal(&t);
}

static void test_files_are_no_terminals(void **state)
{
    (void)state;
    setenv("TERM", "xterm", 1);
    FILE *const file = tmpfile();
    assert_non_null(file);
    pare_progress_bar bar;
    pare_progress_init(&bar, file);
    assert_null(bar.to);
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_line_comes_and_goes),
        cmocka_unit_test(test_terminals_that_cannot_erase),
        cmocka_unit_test(test_files_are_no_terminals),
    };
    return test_run(tests);
}
