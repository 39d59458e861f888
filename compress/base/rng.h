/* Random numbers that are the same on every machine (SplitMix64; Steele, Lea, Flood, 2014). */
#ifndef PARE_BASE_RNG_H
#define PARE_BASE_RNG_H

#include <stdint.h>

typedef struct pare_rng {
    uint64_t state;
} pare_rng;

static inline uint64_t pare_rng_next(pare_rng *rng)
{
    uint64_t z = rng->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

/* The stream that belongs to a seed and a name: independent of all other names. */
static inline pare_rng pare_rng_named(uint64_t seed, const char *name)
{
    pare_rng rng = { seed };
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (; *name; name++) hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
    rng.state = pare_rng_next(&rng) ^ hash;
    return rng;
}

/* Close to normal, mean 0, standard deviation 1, within (-6, 6): the sum of twelve uniform numbers
 * of 16 bits, which is exact, so that no machine rounds it otherwise. */
static inline double pare_rng_normal(pare_rng *rng)
{
    int64_t sum = -393210; /* twelve times their mean, 32767.5 */
    for (int i = 0; i < 3; i++) {
        const uint64_t x = pare_rng_next(rng);
        sum += (int64_t)((x & 0xffff) + (x >> 16 & 0xffff) + (x >> 32 & 0xffff) + (x >> 48));
    }
    return (double)sum / 65536;
}

#endif
