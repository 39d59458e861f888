#include "kernels/copy.h"
#include "kernels/order.h"
#include "op/keys.h"
#include "op/move.h"
#include "op/mover.h"

#include <inttypes.h>
#include <string.h>

/* The evals of select.c and TopK. Numbers stand in the order of their values, NaN after all of them
 * and equal to itself, strings in that of their bytes. */

/* --- NonZero ---------------------------------------------------------------------------------- */

/* Marks of elements [at, at + n), n at most PARE_WIDE_BLOCK: whether they are not 0 (or empty). */
static void find_marks(const pare_tensor *x, int64_t at, int64_t n, bool *marks)
{
    static const uint8_t zero[16];
    const size_t width = pare_dtype_of(x->dtype)->bits / 8;
    const pare_wide wide = pare_wide_of(x->dtype);
    int64_t keys[PARE_WIDE_BLOCK];
    if (wide != PARE_WIDE_NONE) {
        pare_keys_load(x, at, 1, n, keys);
        const int64_t none = wide == PARE_WIDE_U64 ? INT64_MIN : 0;
        for (int64_t i = 0; i < n; i++) marks[i] = keys[i] != none;
    } else if (x->dtype == PARE_STRING) {
        for (int64_t i = 0; i < n; i++) marks[i] = x->strings[at + i].n != 0;
    } else { /* complex numbers, but for those with a -0 */
        const uint8_t *data = pare_eval_data(x);
        for (int64_t i = 0; i < n; i++)
            marks[i] = memcmp(data + (size_t)(at + i) * width, zero, width) != 0;
    }
}

/* Calls found, with a count and the element, for each element that is marked; returns how many. */
static int64_t each_mark(const pare_tensor *x, void (*found)(void *user, int64_t i, int64_t at),
                         void *user)
{
    bool marks[PARE_WIDE_BLOCK];
    int64_t count = 0;
    for (int64_t at = 0; at < x->n_elements; at += PARE_WIDE_BLOCK) {
        const int64_t rest = x->n_elements - at;
        const int64_t n = rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK;
        find_marks(x, at, n, marks);
        for (int64_t i = 0; i < n; i++) {
            if (!marks[i]) continue;
            if (found) found(user, count, at + i);
            count++;
        }
    }
    return count;
}

typedef struct coordinates {
    const pare_tensor *x;
    int64_t *to;              /* [rank][n] */
    int64_t n;
} coordinates;

static void write_coordinates(void *user, int64_t i, int64_t at)
{
    const coordinates *c = user;
    for (uint32_t k = c->x->rank; k-- > 0; at /= c->x->dims[k])
        c->to[k * c->n + i] = at % c->x->dims[k];
}

pare_status pare_non_zero_eval(pare_ctx *ctx, pare_eval_io *io)
{
    coordinates c;
    void *y = NULL;
    PARE_TRY(pare_eval_need(ctx, io, 0, &c.x));
    c.n = each_mark(c.x, NULL, NULL);
    const int64_t dims[] = { c.x->rank, c.n };
    PARE_TRY(pare_eval_out_as(ctx, io, 0, PARE_INT64, 2, dims, &y));
    c.to = y;
    if (c.x->rank) each_mark(c.x, write_coordinates, &c);
    return PARE_OK;
}

/* --- Compress --------------------------------------------------------------------------------- */

/* How many of the conditions hold; EFORMAT when one does that stands for nothing. */
static pare_status count_held(pare_ctx *ctx, const pare_eval_io *io, const pare_tensor *condition,
                              int64_t dim, int64_t *out)
{
    const uint8_t *held = pare_eval_data(condition);
    if (condition->dtype != PARE_BOOL)
        return pare_call_fail(ctx, io->call, "condition: expected bool, found %s",
                              pare_dtype_name(condition->dtype));
    *out = 0;
    for (int64_t i = 0; i < condition->n_elements; i++) {
        *out += held[i] != 0;
        if (held[i] && i >= dim)
            return pare_call_fail(ctx, io->call,
                                  "condition: expected at most %" PRId64
                                  ", found that number %" PRId64 " holds",
                                  dim, i);
    }
    return PARE_OK;
}

pare_status pare_compress_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_flat_axis_params *p = io->params;
    const pare_tensor *x = NULL;
    const pare_tensor *condition = NULL;
    int64_t dims[PARE_MAX_DIMS] = { 0 };
    uint32_t axis = 0;
    int64_t n = 0;
    pare_mover m;
    PARE_TRY(pare_eval_need(ctx, io, 0, &x));
    PARE_TRY(pare_eval_need(ctx, io, 1, &condition));
    if (!p->flat) PARE_TRY(pare_eval_axis(ctx, io, p->axis, x->rank, &axis));
    const int64_t dim = p->flat ? x->n_elements : x->dims[axis];
    PARE_TRY(count_held(ctx, io, condition, dim, &n));
    for (uint32_t k = 0; k < x->rank; k++) dims[k] = x->dims[k];
    dims[axis] = n;
    PARE_TRY(pare_mover_out_as(ctx, io, 0, x, x->dtype, p->flat ? 1 : x->rank, dims, &m));
    const uint8_t *held = pare_eval_data(condition);
    const int64_t inner = p->flat ? 1 : pare_count(x->dims, axis + 1, x->rank);
    const int64_t outer = p->flat ? 1 : pare_count(x->dims, 0, axis);
    int64_t to = 0;
    for (int64_t o = 0; x->n_elements && o < outer; o++) {
        for (int64_t i = 0; i < condition->n_elements; i++) {
            const int64_t first = i;
            while (i < condition->n_elements && held[i]) i++;
            pare_mover_run(&m, to, x, (o * dim + first) * inner, (i - first) * inner);
            to += (i - first) * inner;
        }
    }
    return PARE_OK;
}

/* --- Unique ----------------------------------------------------------------------------------- */

/* Slices along an axis (or elements), and what is known of them. */
typedef struct slices {
    const pare_tensor *x;
    int64_t outer, n, inner;
    int64_t *keys;            /* of all elements; NULL for strings */
    int64_t *sorted;          /* [n] slices in order */
    int64_t *room;            /* [n] */
    int64_t *first, *count;   /* [n] by group: its first slice, and how many it has */
    int64_t *group;           /* [n] by slice */
    int64_t n_groups;
} slices;

static int compare_strings(pare_bytes a, pare_bytes b)
{
    const size_t n = a.n < b.n ? a.n : b.n;
    const int order = n ? memcmp(a.data, b.data, n) : 0;
    return order ? order : a.n < b.n ? -1 : a.n > b.n;
}

static int compare_slices(const void *user, int64_t a, int64_t b)
{
    const slices *s = user;
    for (int64_t o = 0; o < s->outer; o++) {
        for (int64_t i = 0; i < s->inner; i++) {
            const int64_t at_a = (o * s->n + a) * s->inner + i;
            const int64_t at_b = (o * s->n + b) * s->inner + i;
            if (s->keys && s->keys[at_a] != s->keys[at_b])
                return s->keys[at_a] < s->keys[at_b] ? -1 : 1;
            const int order = s->keys ? 0 : compare_strings(s->x->strings[at_a],
                                                            s->x->strings[at_b]);
            if (order) return order;
        }
    }
    return 0;
}

static int compare_first(const void *user, int64_t a, int64_t b)
{
    const slices *s = user;
    return s->first[a] < s->first[b] ? -1 : s->first[a] > s->first[b];
}

/* Numbers the groups by their first slices instead of by their values. */
static void order_by_place(slices *s)
{
    for (int64_t g = 0; g < s->n_groups; g++) s->sorted[g] = g;
    pare_sort_ref(s->n_groups, s->sorted, s->room, compare_first, s);
    for (int64_t i = 0; i < s->n_groups; i++) s->room[s->sorted[i]] = i;
    for (int64_t i = 0; i < s->n; i++) s->group[i] = s->room[s->group[i]];
    for (int64_t g = 0; g < s->n_groups; g++) s->count[g] = 0;
    for (int64_t i = s->n; i-- > 0;) {
        s->count[s->group[i]]++;
        s->first[s->group[i]] = i;
    }
}

static void find_groups(slices *s, bool sorted)
{
    for (int64_t i = 0; i < s->n; i++) s->sorted[i] = i;
    pare_sort_ref(s->n, s->sorted, s->room, compare_slices, s);
    for (int64_t i = 0; i < s->n; i++) {
        const int64_t slice = s->sorted[i];
        if (!i || compare_slices(s, s->sorted[i - 1], slice)) {
            s->first[s->n_groups] = slice; /* the sort is stable */
            s->count[s->n_groups++] = 0;
        }
        s->group[slice] = s->n_groups - 1;
        s->count[s->n_groups - 1]++;
    }
    if (!sorted) order_by_place(s);
}

static pare_status write_groups(pare_ctx *ctx, pare_eval_io *io, const slices *s, uint32_t rank,
                                int64_t *dims, uint32_t axis)
{
    const struct {
        const int64_t *from;
        int64_t n;
    } lists[] = { { s->first, s->n_groups }, { s->group, s->n }, { s->count, s->n_groups } };
    pare_mover m;
    dims[axis] = s->n_groups;
    PARE_TRY(pare_mover_out_as(ctx, io, 0, s->x, s->x->dtype, rank, dims, &m));
    for (int64_t o = 0; s->inner && o < s->outer; o++)
        pare_pick_ref(m.bits, m.to, o * s->n_groups * s->inner, pare_mover_elements(s->x),
                      o * s->n * s->inner, s->inner, s->first, s->n_groups);
    for (uint32_t i = 1; i < io->n_out && i <= 3; i++) {
        void *y = NULL;
        PARE_TRY(pare_eval_out_as(ctx, io, i, PARE_INT64, 1, &lists[i - 1].n, &y));
        if (lists[i - 1].n) memcpy(y, lists[i - 1].from, (size_t)lists[i - 1].n * sizeof(int64_t));
    }
    return PARE_OK;
}

static pare_status make_room(pare_ctx *ctx, slices *s)
{
    size_t n_bytes = 0;
    const size_t n_keys = s->x->dtype == PARE_STRING ? 0 : (size_t)s->x->n_elements;
    if (__builtin_mul_overflow((size_t)s->n, 5 * sizeof(int64_t), &n_bytes) ||
        __builtin_add_overflow(n_bytes, n_keys * sizeof(int64_t) + 1, &n_bytes))
        return pare_fail_memory(ctx, SIZE_MAX);
    s->sorted = pare_alloc_zero(ctx, n_bytes);
    if (!s->sorted) return pare_fail_memory(ctx, n_bytes);
    s->room = s->sorted + s->n;
    s->first = s->room + s->n;
    s->count = s->first + s->n;
    s->group = s->count + s->n;
    if (!n_keys) return PARE_OK;
    s->keys = s->group + s->n;
    pare_keys_load(s->x, 0, 1, s->x->n_elements, s->keys);
    return PARE_OK;
}

pare_status pare_unique_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_flat_axis_params *p = io->params;
    int64_t dims[PARE_MAX_DIMS] = { 0 };
    uint32_t axis = 0;
    slices s = { .outer = 1, .inner = 1 };
    PARE_TRY(pare_eval_need(ctx, io, 0, &s.x));
    if (pare_wide_of(s.x->dtype) == PARE_WIDE_NONE && s.x->dtype != PARE_STRING)
        return pare_eval_no_type(ctx, io, s.x->dtype);
    if (!p->flat) PARE_TRY(pare_eval_axis(ctx, io, p->axis, s.x->rank, &axis));
    s.n = p->flat ? s.x->n_elements : s.x->dims[axis];
    if (!p->flat) {
        s.outer = s.x->n_elements ? pare_count(s.x->dims, 0, axis) : 0;
        s.inner = s.x->n_elements ? pare_count(s.x->dims, axis + 1, s.x->rank) : 0;
        for (uint32_t k = 0; k < s.x->rank; k++) dims[k] = s.x->dims[k];
    }
    pare_status st = make_room(ctx, &s);
    if (!st) find_groups(&s, p->sorted);
    if (!st) st = write_groups(ctx, io, &s, p->flat ? 1 : s.x->rank, dims, axis);
    pare_free(ctx, s.sorted);
    return st;
}

/* --- TopK ------------------------------------------------------------------------------------- */

/* One row's keys, and the positions of its largest. */
typedef struct row {
    int64_t *keys, *at;
    int64_t n, k, stride;
} row;

static void top_of_row(const pare_tensor *x, int64_t from, bool largest, const row *r)
{
    pare_keys_load(x, from, r->stride, r->n, r->keys);
    for (int64_t i = 0; !largest && i < r->n; i++) r->keys[i] = ~r->keys[i];
    pare_top_k_ref(r->n, r->keys, r->k, r->at);
}

static void top_of_rows(const pare_tensor *x, const pare_mover *m, int64_t *indices, bool largest,
                        const row *r)
{
    for (int64_t i = 0; i < x->n_elements / r->n; i++) {
        const int64_t outer = i / r->stride;
        const int64_t inner = i % r->stride;
        const int64_t from = outer * r->n * r->stride + inner;
        const int64_t to = outer * r->k * r->stride + inner;
        top_of_row(x, from, largest, r);
        for (int64_t j = 0; j < r->k; j++) {
            pare_mover_run(m, to + j * r->stride, x, from + r->at[j] * r->stride, 1);
            if (indices) indices[to + j * r->stride] = r->at[j];
        }
    }
}

pare_status pare_top_k_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_top_k_params *p = io->params;
    const pare_tensor *x = NULL;
    uint32_t axis = 0;
    void *indices = NULL;
    pare_mover m;
    PARE_TRY(pare_eval_need(ctx, io, 0, &x));
    if (pare_wide_of(x->dtype) == PARE_WIDE_NONE) return pare_eval_no_type(ctx, io, x->dtype);
    PARE_TRY(pare_eval_axis(ctx, io, p->axis, x->rank, &axis));
    PARE_TRY(pare_mover_out(ctx, io, 0, x, &m));
    if (io->n_out > 1) PARE_TRY(pare_eval_out(ctx, io, 1, &indices));
    if (!io->out[0].tensor->n_elements) return PARE_OK;
    row r = { .n = x->dims[axis], .k = io->out[0].tensor->dims[axis],
              .stride = pare_count(x->dims, axis + 1, x->rank) };
    r.keys = pare_alloc(ctx, (size_t)(r.n + r.k) * sizeof(*r.keys));
    if (!r.keys) return pare_fail_memory(ctx, (size_t)(r.n + r.k) * sizeof(*r.keys));
    r.at = r.keys + r.n;
    top_of_rows(x, &m, indices, p->largest, &r);
    pare_free(ctx, r.keys);
    return PARE_OK;
}
