#include "energy/grid.h"

#include "base/nearest.h"

#include <string.h>
#include <strings.h>

static const pare_power_grid grids[] = {
#define PARE_GRID(code, alias, name, g, year) { code, alias, name, g, year },
#include "energy/grid_list.h"
#undef PARE_GRID
};

enum { N_GRIDS = sizeof(grids) / sizeof(grids[0]), NAME_BYTES = 32 };

static const pare_pue_row pues[] = {
    { "aws", 1.15, "Amazon, mean of 2023" },
    { "average", 1.56, "Uptime Institute, survey of 2024" },
    { "edge", 1.0, "no building around it" },
    { "equinix", 1.42, "Equinix, mean of 2023" },
    { "google", 1.1, "Google, fleet" },
    { "meta", 1.08, "Meta, fleet" },
    { "microsoft", 1.18, "Microsoft, portfolio" },
};

const pare_power_grid *pare_grid_all(size_t *n)
{
    *n = N_GRIDS;
    return grids;
}

const pare_pue_row *pare_pue_all(size_t *n)
{
    *n = sizeof(pues) / sizeof(pues[0]);
    return pues;
}

const char *pare_grid_source(void)
{
    return "Ember; Our World in Data (CC BY 4.0), life cycle, mean of the year";
}

static void lower(char out[NAME_BYTES], const char *text)
{
    size_t n = 0;
    for (; text[n] && n + 1 < NAME_BYTES; n++)
        out[n] = (char)(text[n] >= 'A' && text[n] <= 'Z' ? text[n] - 'A' + 'a' : text[n]);
    out[n] = 0;
}

/* Code of the grid whose code or name is nearest, however it is written. */
static const char *nearest_code(const char *text)
{
    char word[NAME_BYTES];
    char codes[N_GRIDS][NAME_BYTES];
    char names[N_GRIDS][NAME_BYTES];
    lower(word, text);
    pare_nearest nearest = { .word = word };
    for (size_t i = 0; i < N_GRIDS; i++) {
        lower(codes[i], grids[i].code);
        lower(names[i], grids[i].name);
        pare_nearest_try(&nearest, names[i]);
        pare_nearest_try(&nearest, codes[i]);
    }
    for (size_t i = 0; i < N_GRIDS; i++)
        if (nearest.name == codes[i] || nearest.name == names[i]) return grids[i].code;
    return NULL;
}

const pare_power_grid *pare_grid_find(const char *name, const char **nearest)
{
    for (size_t i = 0; i < N_GRIDS; i++)
        if (!strcasecmp(grids[i].code, name) || !strcasecmp(grids[i].alias, name) ||
            !strcasecmp(grids[i].name, name))
            return &grids[i];
    if (nearest) *nearest = nearest_code(name);
    return NULL;
}
