#include "support/test.h"

#include "cli/limits.h"

#include <math.h>
#include <string.h>

static void test_read(void **state)
{
    (void)state;
    static const struct {
        pare_limit_kind kind;
        const char *text;
        bool relative;
        double value; /* NaN: refused */
    } rows[] = {
        { PARE_LIMIT_ENERGY, "45%", true, 0.45 },
        { PARE_LIMIT_ENERGY, "45 %", true, 0.45 },
        { PARE_LIMIT_ENERGY, "5mJ", false, 5 },
        { PARE_LIMIT_ENERGY, "0.5 J", false, 500 },
        { PARE_LIMIT_ENERGY, "20uJ", false, 0.02 },
        { PARE_LIMIT_ENERGY, "20\xc2\xb5J", false, 0.02 },
        { PARE_LIMIT_ENERGY, "1mWh", false, 3600 },
        { PARE_LIMIT_ENERGY, "5MJ", false, NAN }, /* hardly meant, a billion times off */
        { PARE_LIMIT_ENERGY, "5", false, NAN },
        { PARE_LIMIT_ENERGY, "-5mJ", false, NAN },
        { PARE_LIMIT_ENERGY, "5e3mJ", false, NAN },
        { PARE_LIMIT_ENERGY, "inf", false, NAN },
        { PARE_LIMIT_ENERGY, "", false, NAN },
        { PARE_LIMIT_ENERGY, "45%%", false, NAN },
        { PARE_LIMIT_ENERGY, "45  %", false, NAN },
        { PARE_LIMIT_ENERGY, ".5mJ", false, NAN },
        { PARE_LIMIT_LATENCY, "12ms", false, 12 },
        { PARE_LIMIT_LATENCY, "1.5s", false, 1500 },
        { PARE_LIMIT_LATENCY, "60%", true, 0.6 },
        { PARE_LIMIT_LATENCY, "12", false, NAN },
        { PARE_LIMIT_MACS, "2G", false, 2e9 },
        { PARE_LIMIT_MACS, "2g", false, 2e9 },
        { PARE_LIMIT_PARAMS, "10M", false, 1e7 },
        { PARE_LIMIT_PARAMS, "123", false, 123 },
        { PARE_LIMIT_SIZE, "30 MB", false, 3e7 },
        { PARE_LIMIT_SIZE, "30mb", false, 3e7 },
        { PARE_LIMIT_SIZE, "1MiB", false, 1048576 },
        { PARE_LIMIT_SIZE, "120%", true, 1.2 },
        { PARE_LIMIT_FLASH, "512KiB", false, 524288 },
        { PARE_LIMIT_RAM, "256KiB", false, 262144 },
        { PARE_LIMIT_RAM, "256 K", false, NAN },
        { PARE_LIMIT_DROP, "0.5", false, 0.5 },
        { PARE_LIMIT_DROP, "0.5%", false, 0.5 },
        { PARE_LIMIT_DROP, "0.5pp", false, 0.5 },
        { PARE_LIMIT_DROP, "101", false, NAN },
        { PARE_LIMIT_AGREEMENT, "99%", false, 0.99 },
        { PARE_LIMIT_AGREEMENT, "0.99", false, 0.99 },
        { PARE_LIMIT_AGREEMENT, "99", false, NAN },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        pare_limit limit = { .value = -1 };
        const bool ok = pare_limit_read(&limit, rows[i].kind, rows[i].text);
        if (ok != !isnan(rows[i].value) || (!ok && limit.value != -1))
            fail_msg("'%s' is%s taken", rows[i].text, ok ? "" : " not");
        if (!ok) continue;
        assert_true(limit.given && limit.relative == rows[i].relative);
        if (fabs(limit.value - rows[i].value) > 1e-12 * rows[i].value)
            fail_msg("'%s' is %g", rows[i].text, limit.value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_read) };
    return test_run(tests);
}
