/* Bump allocation for things that die together, under a byte limit.
 *
 * Memory is never freed alone. Built with PARE_ARENA_DEBUG each item is an allocation of its own,
 * so that AddressSanitizer sees overruns between items. */
#ifndef PARE_BASE_ARENA_H
#define PARE_BASE_ARENA_H

#include "base/ctx.h"

#include <stdbool.h>

typedef struct pare_arena_chunk pare_arena_chunk;

typedef struct pare_arena {
    pare_allocator allocator; /* copied, so the arena outlives the context that made it */
    pare_arena_chunk *chunks; /* newest first */
    uint64_t used_bytes;      /* taken from the allocator so far */
    uint64_t limit_bytes;
    bool over_limit;          /* the last refusal came from the limit, not from the allocator */
} pare_arena;

/* Prepares an empty arena with the context's allocator; limit_bytes 0 means the context's
 * budget. */
void pare_arena_init(pare_ctx *ctx, pare_arena *arena, uint64_t limit_bytes);

/* Gives everything back. Harmless on a zeroed arena. */
void pare_arena_free(pare_arena *arena);

/* n_bytes aligned to 16, or NULL (see pare_arena_fail). n_bytes 0 gives a valid unique pointer. */
void *pare_arena_alloc(pare_arena *arena, size_t n_bytes);
void *pare_arena_zero(pare_arena *arena, size_t n_bytes);

/* n_items * item_bytes, zeroed, with the product checked. */
void *pare_arena_array(pare_arena *arena, size_t n_items, size_t item_bytes);

/* Copies of text; NULL when text is NULL (absent stays absent) or memory is short. */
char *pare_arena_str(pare_arena *arena, const char *text);
char *pare_arena_strn(pare_arena *arena, const char *text, size_t n);
void *pare_arena_copy(pare_arena *arena, const void *data, size_t n_bytes);

/* Like pare_grow, for an array that lives in the arena (the old copy stays there unused). */
bool pare_arena_grow(pare_arena *arena, void *items, size_t *cap, size_t want, size_t item_bytes);

/* The failure that goes with a NULL: EBUDGET when the limit refused, else ENOMEM. */
pare_status pare_arena_fail(pare_ctx *ctx, const pare_arena *arena);

#endif
