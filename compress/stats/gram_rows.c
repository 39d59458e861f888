/* Rows of the Gram service: what is in front of some positions of a value. */
#include "stats/gram_work.h"

#include "base/rng.h"

#include <inttypes.h>
#include <string.h>

int64_t pare_gram_position(uint64_t sample, int64_t k, int64_t cap, int64_t total)
{
    if (total <= cap) return k;
    pare_rng rng = { sample * UINT64_C(0x9e3779b97f4a7c15) + (uint64_t)k };
    const double u = (double)(pare_rng_next(&rng) >> 11) / 9007199254740992.0;
    const int64_t at = (int64_t)(((double)k + u) * (double)total / (double)cap);
    return at < total ? at : total - 1;
}

/* A value with its strides, whatever it is laid out like. */
typedef struct view {
    uint32_t rank;
    const int64_t *dims;
    int64_t strides[PARE_MAX_DIMS];
    const float *data;
} view;

static pare_status view_of(pare_ctx *ctx, const pare_observed *seen, view *v)
{
    if (seen->dtype != PARE_FLOAT || seen->rank > PARE_MAX_DIMS)
        return pare_fail(ctx, PARE_EUSAGE, "value '%s' is no float32", seen->name);
    *v = (view){ .rank = seen->rank, .dims = seen->dims, .data = seen->data };
    int64_t step = 1;
    for (uint32_t a = v->rank; a-- > 0;) {
        v->strides[a] = seen->data ? seen->strides[a] : step;
        step *= v->dims[a];
    }
    if (!v->data) v->data = (const float *)(const void *)seen->datum->tensor->payload.data;
    return PARE_OK;
}

static pare_status misfit(pare_ctx *ctx, const pare_observed *seen)
{
    return pare_fail(ctx, PARE_EFORMAT, "value '%s': its shape does not fit the node that reads it",
                     seen->name);
}

/* --- positions -------------------------------------------------------------------------------- */

static int64_t out_size(const pare_window *w, uint32_t d, int64_t in, int64_t kernel)
{
    const int64_t stride = pare_window_at(w->strides, d, 1);
    const int64_t reach = (kernel - 1) * pare_window_at(w->dilations, d, 1) + 1;
    if (w->auto_pad == PARE_PAD_SAME_UPPER || w->auto_pad == PARE_PAD_SAME_LOWER)
        return (in + stride - 1) / stride;
    int64_t pads = 0;
    if (w->auto_pad == PARE_PAD_NOTSET && w->pads.n)
        pads = w->pads.v[d] + w->pads.v[d + w->pads.n / 2];
    return in + pads < reach ? 0 : (in + pads - reach) / stride + 1;
}

static pare_status conv_shape(pare_ctx *ctx, const pare_gram_key *key, const pare_observed *seen,
                              pare_window_shape *shape, int64_t *per_image)
{
    int64_t out[PARE_MAX_DIMS];
    const uint32_t n = seen->rank - 2;
    if (seen->rank != key->linear->rank || n > PARE_WINDOW_AXES ||
        seen->dims[1] != key->groups * key->linear->in)
        return misfit(ctx, seen);
    *per_image = 1;
    for (uint32_t d = 0; d < n; d++) {
        out[d] = out_size(&key->conv.window, d, seen->dims[2 + d], key->kernel[d]);
        *per_image *= out[d];
    }
    pare_window_shape_of(shape, &key->conv.window, n, seen->dims + 2, key->kernel, out);
    return PARE_OK;
}

static bool is_conv(const pare_gram_key *key)
{
    return key->linear->kind == PARE_LINEAR_CONV;
}

pare_status pare_gram_count(pare_ctx *ctx, const pare_gram_key *key, const pare_observed *seen,
                            int64_t *total)
{
    pare_window_shape shape;
    *total = 1;
    if (is_conv(key)) {
        PARE_TRY(conv_shape(ctx, key, seen, &shape, total));
        *total *= seen->dims[0];
        return PARE_OK;
    }
    if (seen->rank < 1 || seen->dims[seen->rank - 1] != key->n) return misfit(ctx, seen);
    for (uint32_t a = 0; a + 1 < seen->rank; a++) *total *= seen->dims[a];
    return PARE_OK;
}

/* --- rows ------------------------------------------------------------------------------------- */

/* Where position `at` over the axes [from, to) of a value lies. */
static int64_t place_of(const view *v, uint32_t from, uint32_t to, int64_t at)
{
    int64_t place = 0;
    for (uint32_t a = to; a-- > from;) {
        place += at % v->dims[a] * v->strides[a];
        at /= v->dims[a];
    }
    return place;
}

/* n numbers, those of `from` `step` apart, into a column of a buffer. */
static void put(int64_t n, const float *from, int64_t step, float *to, int64_t pitch)
{
    for (int64_t i = 0; i < n; i++) to[i * pitch] = from[i * step];
}

static void gather_window(const pare_gram_key *key, const view *v, int64_t image,
                          const int64_t *offsets, float *to, int64_t pitch)
{
    const int64_t in = key->linear->in, taps = key->linear->taps;
    for (int64_t t = 0; t < taps; t++) {
        if (offsets[t] < 0) continue;
        const float *x = v->data + image * v->strides[0] + place_of(v, 2, v->rank, offsets[t]);
        for (int64_t g = 0; g < key->groups; g++)
            put(in, x + g * in * v->strides[1], v->strides[1],
                to + (g * key->n + t * in) * pitch, pitch);
    }
}

pare_status pare_gram_gather(pare_ctx *ctx, pare_gram_key *key, uint64_t sample, int slot,
                             const pare_observed *seen)
{
    view v;
    int64_t total = 0, per_image = 1, *offsets = NULL;
    pare_window_shape shape;
    PARE_TRY(pare_gram_count(ctx, key, seen, &total));
    PARE_TRY(view_of(ctx, seen, &v));
    if (is_conv(key)) {
        PARE_TRY(conv_shape(ctx, key, seen, &shape, &per_image));
        offsets = pare_alloc(ctx, (size_t)key->linear->taps * sizeof(*offsets));
        if (!offsets) return pare_fail_memory(ctx, (size_t)key->linear->taps * sizeof(*offsets));
    }
    const int64_t n = total < key->cap ? total : key->cap, pitch = PARE_GRAM_TURN * key->cap;
    key->used[slot] = n;
    for (int64_t k = 0; k < n; k++) {
        const int64_t at = pare_gram_position(sample, k, key->cap, total);
        float *to = key->x + slot * key->cap + k;
        if (offsets) {
            pare_window_taps_ref(&shape, at % per_image, offsets);
            gather_window(key, &v, at / per_image, offsets, to, pitch);
        } else {
            put(key->n, v.data + place_of(&v, 0, v.rank - 1, at), v.strides[v.rank - 1], to, pitch);
        }
    }
    pare_free(ctx, offsets);
    return PARE_OK;
}

static void put_target(const pare_gram_target *t, int64_t at, pare_gram_part part, float x)
{
    const pare_gram_ramp *r = &t->ramp;
    if (part == PARE_GRAM_MINUS) {
        t->t[at] -= x;
    } else if (part == PARE_GRAM_PLUS) {
        t->t[at] += x;
        if (t->has_ramp) t->whole[at] = x;
    } else {
        const float whole = t->whole[at];
        if (whole <= r->low) t->t[at] += (x < r->low ? x : r->low) - whole;
        else if (whole >= r->high) t->t[at] += (x > r->high ? x : r->high) - whole;
    }
}

pare_status pare_gram_gather_target(pare_ctx *ctx, const pare_gram_target *target,
                                    const pare_gram_key *key, uint64_t sample, int slot,
                                    pare_gram_part part,
                                    const pare_observed *seen)
{
    view v;
    PARE_TRY(view_of(ctx, seen, &v));
    const bool conv = is_conv(key);
    const uint32_t axis = conv ? 1 : v.rank - 1;
    if (v.rank < axis + 1 || v.dims[axis] != target->out) return misfit(ctx, seen);
    int64_t total = 1, per_image = 1;
    for (uint32_t a = 0; a < v.rank; a++)
        if (a != axis) total *= v.dims[a];
    for (uint32_t a = 2; conv && a < v.rank; a++) per_image *= v.dims[a];
    const int64_t n = total < key->cap ? total : key->cap, pitch = PARE_GRAM_TURN * key->cap;
    for (int64_t k = 0; k < n; k++) {
        const int64_t at = pare_gram_position(sample, k, key->cap, total);
        int64_t place = conv ? at / per_image * v.strides[0] +
                                   place_of(&v, 2, v.rank, at % per_image)
                             : place_of(&v, 0, axis, at);
        const int64_t at_column = slot * key->cap + k;
        for (int64_t o = 0; o < target->out; o++, place += v.strides[axis])
            put_target(target, o * pitch + at_column, part, v.data[place]);
    }
    return PARE_OK;
}
