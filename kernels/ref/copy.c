#include "kernels/copy.h"

#include <string.h>

/* The width is a constant wherever this is called, so that each copy is a load and a store. */
static inline void copy_steps(size_t width, uint8_t *to, int64_t to_step, const uint8_t *from,
                              int64_t from_step, int64_t n)
{
    const int64_t w = (int64_t)width;
    for (int64_t i = 0; i < n; i++)
        memcpy(to + i * to_step * w, from + i * from_step * w, width);
}

static void copy_bytes(size_t width, uint8_t *to, int64_t to_step, const uint8_t *from,
                       int64_t from_step, int64_t n)
{
    switch (width) {
    case 1: copy_steps(1, to, to_step, from, from_step, n); break;
    case 2: copy_steps(2, to, to_step, from, from_step, n); break;
    case 4: copy_steps(4, to, to_step, from, from_step, n); break;
    case 8: copy_steps(8, to, to_step, from, from_step, n); break;
    case 16: copy_steps(16, to, to_step, from, from_step, n); break;
    default: copy_steps(width, to, to_step, from, from_step, n); break;
    }
}

static void copy_code(uint32_t bits, uint8_t *to, int64_t to_at, const uint8_t *from,
                      int64_t from_at)
{
    const int64_t per_byte = 8 / bits;
    const uint32_t mask = (1u << bits) - 1;
    const uint32_t code = from[from_at / per_byte] >> ((from_at % per_byte) * bits) & mask;
    const uint32_t shift = (uint32_t)(to_at % per_byte) * bits;
    uint8_t *byte = &to[to_at / per_byte];
    *byte = (uint8_t)((*byte & ~(mask << shift)) | code << shift);
}

static void copy_codes(uint32_t bits, uint8_t *to, int64_t to_at, int64_t to_step,
                       const uint8_t *from, int64_t from_at, int64_t from_step, int64_t n)
{
    const int64_t per_byte = 8 / bits;
    int64_t i = 0;
    if (to_step == 1 && from_step == 1 && to_at % per_byte == from_at % per_byte) {
        for (; i < n && (to_at + i) % per_byte; i++)
            copy_code(bits, to, to_at + i, from, from_at + i);
        const int64_t whole = (n - i) / per_byte;
        if (whole) memcpy(to + (to_at + i) / per_byte, from + (from_at + i) / per_byte,
                          (size_t)whole);
        i += whole * per_byte;
    }
    for (; i < n; i++)
        copy_code(bits, to, to_at + i * to_step, from, from_at + i * from_step);
}

void pare_copy_ref(uint32_t bits, void *to, int64_t to_at, int64_t to_step, const void *from,
                   int64_t from_at, int64_t from_step, int64_t n)
{
    if (n <= 0) return;
    if (bits < 8) {
        copy_codes(bits, to, to_at, to_step, from, from_at, from_step, n);
        return;
    }
    const int64_t width = bits / 8;
    uint8_t *t = (uint8_t *)to + to_at * width;
    const uint8_t *f = (const uint8_t *)from + from_at * width;
    if (to_step == 1 && from_step == 1) memcpy(t, f, (size_t)(n * width));
    else copy_bytes((size_t)width, t, to_step, f, from_step, n);
}

static inline void pick_steps(size_t width, uint8_t *to, const uint8_t *from,
                              const int64_t *index, int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        memcpy(to + i * (int64_t)width, from + index[i] * (int64_t)width, width);
}

void pare_pick_ref(uint32_t bits, void *to, int64_t to_at, const void *from, int64_t from_at,
                   int64_t run, const int64_t *index, int64_t n)
{
    if (run <= 0) return;
    if (bits < 8) {
        for (int64_t i = 0; i < n; i++)
            copy_codes(bits, to, to_at + i * run, 1, from, from_at + index[i] * run, 1, run);
        return;
    }
    const int64_t width = bits / 8;
    uint8_t *t = (uint8_t *)to + to_at * width;
    const uint8_t *f = (const uint8_t *)from + from_at * width;
    switch (width * run) {
    case 1: pick_steps(1, t, f, index, n); break;
    case 2: pick_steps(2, t, f, index, n); break;
    case 4: pick_steps(4, t, f, index, n); break;
    case 8: pick_steps(8, t, f, index, n); break;
    case 16: pick_steps(16, t, f, index, n); break;
    default: pick_steps((size_t)(width * run), t, f, index, n); break;
    }
}

static inline void put_steps(size_t width, uint8_t *to, const uint8_t *from, const int64_t *index,
                             int64_t n)
{
    for (int64_t i = 0; i < n; i++)
        memcpy(to + index[i] * (int64_t)width, from + i * (int64_t)width, width);
}

void pare_put_ref(uint32_t bits, void *to, int64_t to_at, const void *from, int64_t from_at,
                  int64_t run, const int64_t *index, int64_t n)
{
    if (run <= 0) return;
    if (bits < 8) {
        for (int64_t i = 0; i < n; i++)
            copy_codes(bits, to, to_at + index[i] * run, 1, from, from_at + i * run, 1, run);
        return;
    }
    const int64_t width = bits / 8;
    uint8_t *t = (uint8_t *)to + to_at * width;
    const uint8_t *f = (const uint8_t *)from + from_at * width;
    switch (width * run) {
    case 1: put_steps(1, t, f, index, n); break;
    case 2: put_steps(2, t, f, index, n); break;
    case 4: put_steps(4, t, f, index, n); break;
    case 8: put_steps(8, t, f, index, n); break;
    case 16: put_steps(16, t, f, index, n); break;
    default: put_steps((size_t)(width * run), t, f, index, n); break;
    }
}

int64_t pare_from_front_ref(int64_t low, int64_t dim, int64_t n, int64_t *index)
{
    for (int64_t i = 0; i < n; i++) {
        if (index[i] < low || index[i] >= dim) return i;
        if (index[i] < 0) index[i] += dim;
    }
    return -1;
}

int64_t pare_positions_ref(int64_t depth, const int64_t *dims, const int64_t *strides, int64_t n,
                           const int64_t *index, int64_t *at)
{
    for (int64_t i = 0; i < n; i++) {
        at[i] = 0;
        for (int64_t k = 0; k < depth; k++) {
            const int64_t v = index[i * depth + k];
            if (v < -dims[k] || v >= dims[k]) return i * depth + k;
            at[i] += (v < 0 ? v + dims[k] : v) * strides[k];
        }
    }
    return -1;
}
