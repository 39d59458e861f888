/* What a tensor's elements are like, in a few numbers: for people who look at results. */
#ifndef PARE_OP_DIGEST_H
#define PARE_OP_DIGEST_H

#include "ir/tensor.h"

enum { PARE_DIGEST_FIRST = 5 };

typedef struct pare_digest {
    bool has_numbers;         /* false: strings, complex numbers, or nothing but NaN; then min, max
                                 and mean are 0 */
    bool is_whole;            /* integers or booleans */
    double min, max, mean;    /* NaN left out; 64-bit integers rounded */
    int64_t n_nan;
    uint32_t n_first;
    double first[PARE_DIGEST_FIRST]; /* not for strings and complex numbers */
} pare_digest;

/* Of a dense tensor or one of strings. The mean is added up in order. */
void pare_digest_of(pare_digest *out, const pare_tensor *tensor);

#endif
