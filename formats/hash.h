/* Hashes of content (XXH3, whose values are the same on every machine): to tell equal bytes, never
 * against somebody who makes them collide. The only place that sees xxhash. */
#ifndef FORMATS_HASH_H
#define FORMATS_HASH_H

#include "base/ctx.h"

typedef struct pare_hash128 {
    uint64_t low, high;
} pare_hash128;

uint64_t pare_hash64(const void *data, size_t n_bytes);
uint64_t pare_hash64_seeded(const void *data, size_t n_bytes, uint64_t seed);
pare_hash128 pare_hash128_of(const void *data, size_t n_bytes);

/* The same of bytes that come in pieces. */
typedef struct pare_hasher pare_hasher;

pare_status pare_hasher_new(pare_ctx *ctx, pare_hasher **out); /* ENOMEM */
void pare_hasher_free(pare_ctx *ctx, pare_hasher *hasher);     /* accepts NULL */
void pare_hasher_reset(pare_hasher *hasher);
void pare_hasher_add(pare_hasher *hasher, const void *data, size_t n_bytes);
uint64_t pare_hasher_64(const pare_hasher *hasher);
pare_hash128 pare_hasher_128(const pare_hasher *hasher);

#endif
