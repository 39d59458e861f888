#include "formats/hash.h"

/* The state shall live in memory of the context, which needs its size. */
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

/* XXH3 wants its state at a multiple of 64 bytes. */
enum { ALIGN = 64 };

struct pare_hasher {
    XXH3_state_t *state; /* inside of `block` */
    uint8_t block[sizeof(XXH3_state_t) + ALIGN];
};

uint64_t pare_hash64(const void *data, size_t n_bytes)
{
    return XXH3_64bits(data, n_bytes);
}

uint64_t pare_hash64_seeded(const void *data, size_t n_bytes, uint64_t seed)
{
    return XXH3_64bits_withSeed(data, n_bytes, seed);
}

pare_hash128 pare_hash128_of(const void *data, size_t n_bytes)
{
    const XXH128_hash_t h = XXH3_128bits(data, n_bytes);
    return (pare_hash128){ h.low64, h.high64 };
}

pare_status pare_hasher_new(pare_ctx *ctx, pare_hasher **out)
{
    pare_hasher *h = *out = pare_alloc(ctx, sizeof(*h));
    if (!h) return pare_fail_memory(ctx, sizeof(*h));
    h->state = (XXH3_state_t *)(void *)(h->block + (-(uintptr_t)h->block & (ALIGN - 1)));
    XXH3_INITSTATE(h->state);
    pare_hasher_reset(h);
    return PARE_OK;
}

void pare_hasher_free(pare_ctx *ctx, pare_hasher *hasher)
{
    pare_free(ctx, hasher);
}

/* The 64-bit and the 128-bit hash gather their input alike: one state serves both. */
void pare_hasher_reset(pare_hasher *hasher)
{
    XXH3_128bits_reset(hasher->state);
}

void pare_hasher_add(pare_hasher *hasher, const void *data, size_t n_bytes)
{
    XXH3_128bits_update(hasher->state, data, n_bytes);
}

uint64_t pare_hasher_64(const pare_hasher *hasher)
{
    return XXH3_64bits_digest(hasher->state);
}

pare_hash128 pare_hasher_128(const pare_hasher *hasher)
{
    const XXH128_hash_t h = XXH3_128bits_digest(hasher->state);
    return (pare_hash128){ h.low64, h.high64 };
}
