/* The Mersenne Twister MT19937 (Matsumoto and Nishimura, 1998): the stream that NumPy's legacy
 * generator draws from, so that masks with a seed equal those of ONNX's reference. */
#ifndef KERNELS_MT19937_H
#define KERNELS_MT19937_H

#include <stdint.h>

enum { PARE_MT19937_WORDS = 624 };

typedef struct pare_mt19937 {
    uint32_t words[PARE_MT19937_WORDS];
    uint32_t at;
} pare_mt19937;

void pare_mt19937_start(pare_mt19937 *state, uint32_t seed);
uint32_t pare_mt19937_next(pare_mt19937 *state);

/* In [0, 1), with 53 bits. */
double pare_mt19937_next_real(pare_mt19937 *state);

#endif
