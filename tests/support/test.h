/* What every cmocka test includes first: cmocka with the headers it wants, and the ways to skip. */
#ifndef TESTS_SUPPORT_TEST_H
#define TESTS_SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Runs an array of CMUnitTest and gives main's exit status: 0, 1 when a test failed, 77 (which
 * ctest counts as skipped) when none failed but test_skip was called. */
#define test_run(tests) test_exit_status(cmocka_run_group_tests(tests, NULL, NULL))

/* Ends the running test as skipped, with the reason in the log. */
#define test_skip(reason)      \
    do {                       \
        test_note_skip(reason); \
        skip();                \
    } while (0)

int test_exit_status(int n_failed);
void test_note_skip(const char *reason);

#endif
