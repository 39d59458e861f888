/* Elements of any type, loaded and stored as one of four wide C types, so that an operator is
 * written for those and runs for all. Loading is exact. */
#ifndef PARE_OP_WIDE_H
#define PARE_OP_WIDE_H

#include "ir/dtype.h"
#include "kernels/convert.h"

#include <stddef.h>

typedef enum pare_wide {
    PARE_WIDE_NONE,           /* strings, complex numbers, invalid types */
    PARE_WIDE_F32,            /* float, float16, bfloat16, all float8, float4e2m1, float8e8m0 */
    PARE_WIDE_F64,            /* double */
    PARE_WIDE_I64,            /* bool (0 or 1) and all integers but uint64 */
    PARE_WIDE_U64,            /* uint64 */
} pare_wide;

/* How stores round where a type leaves a choice. */
typedef struct pare_store_rules {
    bool saturate;            /* float8, float4e2m1, float8e8m0: out of range is the largest */
    pare_e8m0_round e8m0;
} pare_store_rules;
#define PARE_STORE_DEFAULT ((pare_store_rules){ .saturate = true, .e8m0 = PARE_E8M0_UP })

/* Elements that loops over wide blocks hold at a time. */
enum { PARE_WIDE_BLOCK = 512 };

/* Room for one block of any wide type. */
typedef union pare_wide_block {
    float f32[PARE_WIDE_BLOCK];
    double f64[PARE_WIDE_BLOCK];
    int64_t i64[PARE_WIDE_BLOCK];
    uint64_t u64[PARE_WIDE_BLOCK];
} pare_wide_block;

/* The wide type that holds every value of dtype. */
pare_wide pare_wide_of(pare_dtype dtype);

/* Bytes of an element of a wide type; 0 for NONE. */
size_t pare_wide_bytes(pare_wide wide);

/* Loads elements start, start + step, ... (n of them; step 0 repeats one) of a dense tensor with
 * these bytes into out [n], of type pare_wide_of(dtype), which is not NONE. Data need not be
 * aligned. */
void pare_wide_load(pare_dtype dtype, const void *data, int64_t start, int64_t step, int64_t n,
                    void *out);

/* Stores x [n], of type pare_wide_of(dtype), as elements [start, start + n). Floats round to
 * nearest even; out of range they become infinite, in float8 and narrower the largest value (see
 * rules). Integers wrap; bool is whether x is not 0. */
void pare_wide_store(pare_dtype dtype, void *data, int64_t start, int64_t n, const void *x);

/* The same, with rules for formats that leave a choice. */
void pare_wide_store_by(pare_store_rules rules, pare_dtype dtype, void *data, int64_t start,
                        int64_t n, const void *x);

/* Loads as a wide type of the caller's choice. Integers as floats are rounded to nearest even;
 * floats as integers are truncated (see pare_f64_to_i64_ref); integers wrap. */
void pare_wide_load_as(pare_wide wide, pare_dtype dtype, const void *data, int64_t start,
                       int64_t step, int64_t n, void *out);

/* Stores x [n] of any wide type. A double goes to a narrower float with one rounding; a float
 * becomes an integer as above, and then wraps to the width of dtype; anything but 0, NaN too,
 * becomes true. */
void pare_wide_store_as(pare_wide wide, pare_store_rules rules, pare_dtype dtype, void *data,
                        int64_t start, int64_t n, const void *x);

/* One element, as double (uint64 and int64 above 2^53 are rounded) or as integer (floats are
 * truncated, uint64 wraps). */
double pare_wide_f64_at(pare_dtype dtype, const void *data, int64_t at);
int64_t pare_wide_i64_at(pare_dtype dtype, const void *data, int64_t at);

#endif
