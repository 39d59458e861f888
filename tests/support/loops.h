/* What the machine reaches at this moment, for benchmarks to compare with. */
#ifndef TESTS_SUPPORT_LOOPS_H
#define TESTS_SUPPORT_LOOPS_H

#include "kernels/isa.h"

#include <stddef.h>

/* Independent multiply-adds in the registers of a level, in 10^9 operations (two each) a second:
 * the best of some rounds. NAN: the level has no such loop. */
double test_loop_fma(pare_isa isa);

/* Bytes read per second, in 10^9, front to back again and again; 0: no memory. */
double test_loop_read(size_t n_bytes);

#endif
