/* Recipes that come with pare. */
#ifndef PARE_RECIPE_PRESETS_H
#define PARE_RECIPE_PRESETS_H

#include <stddef.h>

typedef struct pare_preset {
    const char *name;         /* "int8" */
    const char *summary;      /* one line */
    const char *text;         /* the recipe, as a file would have it */
} pare_preset;

/* All of them, `auto` first. */
const pare_preset *pare_preset_all(size_t *n);

/* The one with this name, or NULL. */
const pare_preset *pare_preset_find(const char *name);

#endif
