/* Hash map from (scope, name) to a number. Open addressing, SipHash-1-3 keyed by the context's
 * seed, so that a hostile file cannot choose names that collide. Iteration is not offered: its
 * order would leak into outputs. */
#ifndef PARE_BASE_MAP_H
#define PARE_BASE_MAP_H

#include "base/ctx.h"

#include <stdbool.h>

typedef struct pare_map_entry {
    uint64_t hash;
    const char *name; /* NULL: free */
    uint32_t scope;
    uint32_t value;
} pare_map_entry;

typedef struct pare_map {
    pare_map_entry *entries;
    size_t n_slots; /* 0 or a power of two */
    size_t n_used;
    uint64_t seed[2]; /* of the context that made the first entry; any context may look up */
} pare_map;

/* A zeroed pare_map is empty and ready. Names are borrowed and must outlive their entries. */
void pare_map_free(pare_ctx *ctx, pare_map *map);

/* Adds or replaces. ENOMEM leaves the map as it was. */
pare_status pare_map_put(pare_ctx *ctx, pare_map *map, uint32_t scope, const char *name,
                         uint32_t value);

/* Adds (scope, name) unless it is there already, which *is_new tells. ENOMEM leaves the map as it
 * was. */
pare_status pare_map_add(pare_ctx *ctx, pare_map *map, uint32_t scope, const char *name,
                         uint32_t value, bool *is_new);

/* Makes room for n more entries at once. ENOMEM. */
pare_status pare_map_reserve(pare_ctx *ctx, pare_map *map, size_t n);

/* Whether (scope, name) is there; if so and value is not NULL, *value is set. */
bool pare_map_get(const pare_map *map, uint32_t scope, const char *name, uint32_t *value);

/* Removes (scope, name) if it is there. */
void pare_map_remove(pare_map *map, uint32_t scope, const char *name);

/* SipHash-1-3 of n bytes (Aumasson and Bernstein 2012; one compression and three final rounds). */
uint64_t pare_siphash13(const uint64_t key[2], const void *data, size_t n);

#endif
