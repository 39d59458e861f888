#include "kernels/mt19937.h"

enum { N = PARE_MT19937_WORDS, M = 397 };

void pare_mt19937_start(pare_mt19937 *state, uint32_t seed)
{
    state->words[0] = seed;
    for (uint32_t i = 1; i < N; i++) {
        const uint32_t before = state->words[i - 1];
        state->words[i] = 1812433253u * (before ^ before >> 30) + i;
    }
    state->at = N;
}

static void twist(pare_mt19937 *state)
{
    uint32_t *w = state->words;
    for (uint32_t i = 0; i < N; i++) {
        const uint32_t y = (w[i] & 0x80000000u) | (w[(i + 1) % N] & 0x7fffffffu);
        w[i] = w[(i + M) % N] ^ y >> 1 ^ (y & 1 ? 0x9908b0dfu : 0);
    }
    state->at = 0;
}

uint32_t pare_mt19937_next(pare_mt19937 *state)
{
    if (state->at == N) twist(state);
    uint32_t y = state->words[state->at++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680u;
    y ^= y << 15 & 0xefc60000u;
    return y ^ y >> 18;
}

double pare_mt19937_next_real(pare_mt19937 *state)
{
    const uint32_t high = pare_mt19937_next(state) >> 5;
    const uint32_t low = pare_mt19937_next(state) >> 6;
    return ((double)high * 67108864 + (double)low) / 9007199254740992.0;
}
