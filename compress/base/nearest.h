#ifndef PARE_BASE_NEAREST_H
#define PARE_BASE_NEAREST_H

#include <stddef.h>

/* The best of the names seen so far for a word that is none of them. */
typedef struct pare_nearest {
    const char *word;
    const char *name;  /* NULL: nothing is near enough to be what was meant */
    size_t distance;
} pare_nearest;

/* Compares one more name; the first of equally near ones stays. Near enough is a name that the word
 * begins (three letters or more), or one at most a third of its letters away (swapped neighbours
 * count as one). */
void pare_nearest_try(pare_nearest *nearest, const char *name);

#endif
