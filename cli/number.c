#include "cli/number.h"

#include <stdio.h>

void pare_line_add_bytes(pare_line *line, uint64_t bytes)
{
    static const char *const units[] = { "KB", "MB", "GB", "TB", "PB", "EB" };
    if (bytes < 1000) {
        pare_line_add(line, "%u B", (unsigned)bytes);
        return;
    }
    size_t u = 0;
    double value = (double)bytes / 1000;
    while (value >= 999.5 && u + 1 < sizeof(units) / sizeof(units[0])) {
        value /= 1000;
        u++;
    }
    const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    pare_line_add(line, "%.*f %s", decimals, value, units[u]);
}

void pare_line_add_count(pare_line *line, uint64_t n)
{
    char digits[24];
    const int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);
    for (int i = 0; i < length; i++) {
        const bool comma = i > 0 && (length - i) % 3 == 0;
        pare_line_add(line, "%s%c", comma ? "," : "", digits[i]);
    }
}
