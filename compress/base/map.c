#include "base/map.h"

#include "base/bytes.h"

#include <string.h>

static uint64_t rotl(uint64_t x, int bits)
{
    return (x << bits) | (x >> (64 - bits));
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1]; v[1] = rotl(v[1], 13); v[1] ^= v[0]; v[0] = rotl(v[0], 32);
    v[2] += v[3]; v[3] = rotl(v[3], 16); v[3] ^= v[2];
    v[0] += v[3]; v[3] = rotl(v[3], 21); v[3] ^= v[0];
    v[2] += v[1]; v[1] = rotl(v[1], 17); v[1] ^= v[2]; v[2] = rotl(v[2], 32);
}

uint64_t pare_siphash13(const uint64_t key[2], const void *data, size_t n)
{
    uint64_t v[4] = { key[0] ^ 0x736f6d6570736575u, key[1] ^ 0x646f72616e646f6du,
                      key[0] ^ 0x6c7967656e657261u, key[1] ^ 0x7465646279746573u };
    const uint8_t *p = data;
    size_t left = n;
    for (; left >= 8; left -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    uint64_t last = (uint64_t)n << 56;
    for (size_t i = 0; i < left; i++) last |= (uint64_t)p[i] << (8 * i);
    v[3] ^= last;
    sip_round(v);
    v[0] ^= last;
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++) sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

static uint64_t hash_name(const pare_map *map, uint32_t scope, const char *name)
{
    const uint64_t key[2] = { map->seed[0] ^ scope, map->seed[1] };
    return pare_siphash13(key, name, strlen(name));
}

/* The slot that holds the key, or the free slot where it would go. The map has a free slot. */
static size_t find_slot(const pare_map *map, uint64_t hash, uint32_t scope, const char *name)
{
    const size_t mask = map->n_slots - 1;
    size_t i = (size_t)hash & mask;
    for (; map->entries[i].name; i = (i + 1) & mask) {
        const pare_map_entry *e = &map->entries[i];
        if (e->hash == hash && e->scope == scope && pare_str_eq(e->name, name)) break;
    }
    return i;
}

void pare_map_free(pare_ctx *ctx, pare_map *map)
{
    pare_free(ctx, map->entries);
    *map = (pare_map){ 0 };
}

static pare_status rehash(pare_ctx *ctx, pare_map *map, size_t n_slots)
{
    pare_map bigger = *map;
    bigger.n_slots = n_slots;
    if (!map->n_slots) memcpy(bigger.seed, ctx->hash_seed, sizeof(bigger.seed));
    bigger.entries = pare_alloc_zero(ctx, n_slots * sizeof(pare_map_entry));
    if (!bigger.entries) return pare_fail_memory(ctx, n_slots * sizeof(pare_map_entry));
    for (size_t i = 0; i < map->n_slots; i++) {
        const pare_map_entry *e = &map->entries[i];
        if (e->name) bigger.entries[find_slot(&bigger, e->hash, e->scope, e->name)] = *e;
    }
    pare_free(ctx, map->entries);
    *map = bigger;
    return PARE_OK;
}

pare_status pare_map_reserve(pare_ctx *ctx, pare_map *map, size_t n)
{
    size_t n_slots = map->n_slots ? map->n_slots : 16;
    if (n > SIZE_MAX / 4) return pare_fail_memory(ctx, SIZE_MAX);
    while ((map->n_used + n) + (map->n_used + n) / 2 > n_slots) {
        if (n_slots > SIZE_MAX / 2 / sizeof(pare_map_entry)) return pare_fail_memory(ctx, SIZE_MAX);
        n_slots *= 2;
    }
    return n_slots > map->n_slots ? rehash(ctx, map, n_slots) : PARE_OK;
}

/* The entry of the key, which is new (value not set) or was there. */
static pare_status find_or_add(pare_ctx *ctx, pare_map *map, uint32_t scope, const char *name,
                               pare_map_entry **entry, bool *is_new)
{
    if (map->n_used + map->n_used / 2 >= map->n_slots) /* at most two thirds full */
        PARE_TRY(rehash(ctx, map, map->n_slots ? map->n_slots * 2 : 16));
    const uint64_t hash = hash_name(map, scope, name);
    *entry = &map->entries[find_slot(map, hash, scope, name)];
    *is_new = !(*entry)->name;
    if (!*is_new) return PARE_OK;
    map->n_used++;
    **entry = (pare_map_entry){ hash, name, scope, 0 };
    return PARE_OK;
}

pare_status pare_map_put(pare_ctx *ctx, pare_map *map, uint32_t scope, const char *name,
                         uint32_t value)
{
    pare_map_entry *entry = NULL;
    bool is_new = false;
    PARE_TRY(find_or_add(ctx, map, scope, name, &entry, &is_new));
    entry->name = name; /* the text that the caller vouches for now */
    entry->value = value;
    return PARE_OK;
}

pare_status pare_map_add(pare_ctx *ctx, pare_map *map, uint32_t scope, const char *name,
                         uint32_t value, bool *is_new)
{
    pare_map_entry *entry = NULL;
    PARE_TRY(find_or_add(ctx, map, scope, name, &entry, is_new));
    if (*is_new) entry->value = value;
    return PARE_OK;
}

bool pare_map_get(const pare_map *map, uint32_t scope, const char *name, uint32_t *value)
{
    if (!map->n_slots) return false;
    const uint64_t hash = hash_name(map, scope, name);
    const pare_map_entry *e = &map->entries[find_slot(map, hash, scope, name)];
    if (e->name && value) *value = e->value;
    return e->name != NULL;
}

void pare_map_remove(pare_map *map, uint32_t scope, const char *name)
{
    if (!map->n_slots) return;
    const size_t mask = map->n_slots - 1;
    size_t hole = find_slot(map, hash_name(map, scope, name), scope, name);
    if (!map->entries[hole].name) return;
    map->n_used--;
    /* Close the gap: pull back every later entry of the run whose home lies at or before the
     * hole. */
    for (size_t i = (hole + 1) & mask; map->entries[i].name; i = (i + 1) & mask) {
        const size_t home = (size_t)map->entries[i].hash & mask;
        if (((i - home) & mask) >= ((i - hole) & mask)) {
            map->entries[hole] = map->entries[i];
            hole = i;
        }
    }
    map->entries[hole] = (pare_map_entry){ 0 };
}
