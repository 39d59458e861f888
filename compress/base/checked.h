/* Checked arithmetic for sizes that come from files. Each function stores the result and returns
 * true, or returns false and leaves *out unspecified when the mathematical result does not fit. */
#ifndef PARE_BASE_CHECKED_H
#define PARE_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool pare_add_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

static inline bool pare_mul_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool pare_add_i64(int64_t a, int64_t b, int64_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

static inline bool pare_sub_i64(int64_t a, int64_t b, int64_t *out)
{
    return !__builtin_sub_overflow(a, b, out);
}

static inline bool pare_mul_i64(int64_t a, int64_t b, int64_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool pare_mul_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool pare_add_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

/* Smallest multiple of align (a power of two) that is >= n; false when it does not fit. */
static inline bool pare_align_u64(uint64_t n, uint64_t align, uint64_t *out)
{
    if (!pare_add_u64(n, align - 1, out)) return false;
    *out &= ~(align - 1);
    return true;
}

#endif
