#include "support/test.h"

#include "base/status.h"

static void every_status_has_its_own_name(void **state)
{
    (void)state;
    for (int a = PARE_OK; a <= PARE_ECANCELED; a++) {
        const char *name = pare_status_name((pare_status)a);
        assert_non_null(name);
        for (int b = PARE_OK; b < a; b++)
            assert_string_not_equal(name, pare_status_name((pare_status)b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_own_name),
    };
    return test_run(tests);
}
