#include "support/test.h"

#include <stdio.h>

static int n_skipped;

int test_exit_status(int n_failed)
{
    if (n_failed) return 1;
    return n_skipped ? 77 : 0;
}

void test_note_skip(const char *reason)
{
    n_skipped++;
    printf("skipped: %s\n", reason);
}
