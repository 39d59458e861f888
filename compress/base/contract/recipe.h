/* Options of steps, as plain data: what one is called, what it takes, where it goes. Flags of verbs,
 * keys of recipes, presets and entries of reports all come from the same rows. */
#ifndef PARE_BASE_CONTRACT_RECIPE_H
#define PARE_BASE_CONTRACT_RECIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Any number of texts, borrowed; the array is the owner's. */
typedef struct pare_option_list {
    const char **items;
    size_t n, cap;
} pare_option_list;

#endif
