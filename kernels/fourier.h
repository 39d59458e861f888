/* Discrete Fourier transforms of any length, in double.
 *
 * Complex numbers are pairs (real, imaginary). A length that is a power of two is transformed by
 * the radix-2 algorithm, any other as a convolution with a chirp (Bluestein) in transforms of the
 * next power of two from 2 n - 1 on. Sines and cosines come from exact fractions of a turn and
 * plain arithmetic, so that results are the same on every machine. */
#ifndef KERNELS_FOURIER_H
#define KERNELS_FOURIER_H

#include <stdbool.h>
#include <stdint.h>

#define PARE_FOURIER_MAX INT32_MAX /* longest transform */

/* cos and sin of 2 pi k / n, to some 2^-51; 0 <= k, 1 <= n <= 2^60. Multiples of a quarter and an
 * eighth of a turn are as exact as they can be. */
double pare_cos_turn_ref(int64_t k, int64_t n);
double pare_sin_turn_ref(int64_t k, int64_t n);

typedef struct pare_fourier {
    int64_t n;                /* length */
    int64_t m;                /* of the radix-2 transforms inside */
    double *turns;            /* [2 m / 2] e^(-2 pi i k / m), k < m / 2 */
    double *chirp;            /* [2 n] e^(-pi i k^2 / n); NULL when n is m */
    double *filter;           /* [2 m] transform of the conjugate chirp */
    double *work;             /* [2 m] */
} pare_fourier;

/* How many numbers of memory a transform of this length needs, 1 <= n <= PARE_FOURIER_MAX. */
int64_t pare_fourier_numbers(int64_t n);

/* Prepares transforms of length n in this memory, which the caller keeps. */
void pare_fourier_start_ref(pare_fourier *f, int64_t n, double *memory);

/* x [2 n] becomes sum over j of x[j] e^(-2 pi i j k / n); inverse: with the other sign, / n. */
void pare_fourier_run_ref(const pare_fourier *f, double *x, bool inverse);

#endif
