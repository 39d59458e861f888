#include "base/nearest.h"

#include <string.h>

enum { MAX_WORD = 48 };

static size_t min(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance: inserted, missing, replaced and swapped letters. */
static size_t edit_distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
    size_t rows[3][MAX_WORD + 1];
    size_t *older = rows[0], *old = rows[1], *row = rows[2];
    for (size_t j = 0; j <= n_b; j++) old[j] = j;
    for (size_t i = 1; i <= n_a; i++) {
        row[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            row[j] = old[j - 1] + (a[i - 1] != b[j - 1]);
            row[j] = min(row[j], min(old[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = min(row[j], older[j - 2] + 1);
        }
        size_t *const spare = older;
        older = old;
        old = row;
        row = spare;
    }
    return old[n_b];
}

void pare_nearest_try(pare_nearest *nearest, const char *name)
{
    const size_t n_word = strlen(nearest->word), n_name = strlen(name);
    if (n_word > MAX_WORD || n_name > MAX_WORD) return;
    size_t distance = edit_distance(nearest->word, n_word, name, n_name);
    if (n_word >= 3 && strncmp(name, nearest->word, n_word) == 0) distance = 1;
    if (distance * 3 > n_name) return;
    if (nearest->name && distance >= nearest->distance) return;
    nearest->name = name;
    nearest->distance = distance;
}
