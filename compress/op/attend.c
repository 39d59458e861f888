#include "op/attend.h"

#include "kernels/math.h"
#include "kernels/softmax.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Steps of a tensor without elements may not fit; nobody takes them then. */
static int64_t product(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

pare_heads pare_heads_dense(const void *data, int64_t batch, int64_t n, int64_t steps, int64_t size)
{
    const int64_t head_step = product(steps, size);
    return (pare_heads){ data, batch, n, steps, size, product(n, head_step), head_step, size };
}

pare_heads pare_heads_packed(const void *data, int64_t batch, int64_t steps, int64_t hidden,
                             int64_t n, int64_t size)
{
    return (pare_heads){ data, batch, n, steps, size, product(steps, hidden), size, hidden };
}

/* Where the steps of one head start. */
static const void *head_at(const pare_heads *h, int64_t batch, int64_t n, size_t width)
{
    return pare_at(h->data, batch * h->batch_step + n * h->head_step, width);
}

pare_status pare_attend_check(pare_ctx *ctx, const pare_call *call, const pare_attend *a)
{
    const struct {
        const char *what;
        int64_t one, other;
    } same[] = {
        { "batches of query and key", a->q.batch, a->k.batch },
        { "batches of key and value", a->k.batch, a->v.batch },
        { "head sizes of query and key", a->q.size, a->k.size },
        { "heads of key and value", a->k.n, a->v.n },
        { "steps of key and value", a->k.steps, a->v.steps },
    };
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
        if (same[i].one != same[i].other)
            return pare_call_fail(ctx, call,
                                  "%s: expected equal numbers, found %" PRId64 " and %" PRId64,
                                  same[i].what, same[i].one, same[i].other);
    const int64_t sizes[3] = { a->q.size, a->k.size, a->v.size };
    for (int i = 0; i < 3; i++)
        if (sizes[i] > INT32_MAX || a->q.n > INT32_MAX)
            return pare_call_fail(ctx, call, "heads: expected less than 2^31 of less than 2^31");
    if (a->k.n ? a->q.n % a->k.n != 0 : a->q.n != 0)
        return pare_call_fail(ctx, call,
                              "heads: expected a multiple of %" PRId64
                              " of the key, found %" PRId64 " of the query",
                              a->k.n, a->q.n);
    return PARE_OK;
}

static void scale_all(pare_reals *x, int64_t n, double scale)
{
    for (int64_t i = 0; i < n; i++) {
        if (x->wide == PARE_WIDE_F64) ((double *)x->owned)[i] *= scale;
        else ((float *)x->owned)[i] *= (float)scale;
    }
}

pare_status pare_attend_scores(pare_ctx *ctx, pare_attend *a)
{
    const int64_t group = a->k.n ? a->q.n / a->k.n : 1;
    const int64_t dims[4] = { a->q.batch, a->q.n, a->q.steps, a->k.steps };
    int64_t n = 0;
    PARE_TRY(pare_tensor_count(ctx, &n, 4, dims));
    a->n_scores = n;
    PARE_TRY(pare_reals_new(ctx, &a->scores, a->wide, n));
    const size_t width = a->scores.width;
    for (int64_t r = 0; n && r < a->q.batch * a->q.n; r++) {
        const int64_t batch = r / a->q.n;
        const int64_t head = r % a->q.n;
        pare_reals_gemm(a->wide, a->q.steps, a->k.steps, a->q.size,
                        head_at(&a->q, batch, head, width), a->q.step,
                        head_at(&a->k, batch, head / group, width), a->k.step, NULL,
                        pare_at_mut(a->scores.owned, r * a->q.steps * a->k.steps, width),
                        a->k.steps);
    }
    scale_all(&a->scores, n, a->scale);
    return PARE_OK;
}

void pare_attend_softcap(pare_attend *a)
{
    const double cap = a->softcap;
    if (cap == 0) return;
    for (int64_t i = 0; i < a->n_scores; i++) {
        if (a->wide == PARE_WIDE_F64) {
            double *x = (double *)a->scores.owned + i;
            *x = cap * tanh(*x / cap);
        } else {
            float *x = (float *)a->scores.owned + i;
            *x = (float)cap * pare_tanh_f32_ref(*x / (float)cap);
        }
    }
}

/* Whether the key is one that the query may see. */
static bool is_seen(const pare_attend_mask *m, int64_t batch, int64_t query, int64_t key)
{
    const int64_t position = (m->offsets ? m->offsets[batch] : m->offset) + query;
    if (m->lengths && key >= m->lengths[batch]) return false;
    if (m->causal && key > position) return false;
    if (m->left >= 0 && position - key > m->left) return false;
    return m->right < 0 || key - position <= m->right;
}

static double added_at(const pare_attend_added *added, pare_wide wide, int64_t batch, int64_t head,
                       int64_t query, int64_t key)
{
    if (!added->data) return 0;
    if (key >= added->n_keys) return -(double)INFINITY;
    return pare_real_at(wide, added->data,
                        batch * added->steps[0] + head * added->steps[1] +
                            query * added->steps[2] + key * added->steps[3]);
}

/* Adds to one row; returns whether a key is left. */
static bool add_to_row(const pare_attend *a, const pare_attend_mask *m, int64_t batch, int64_t head,
                       int64_t query, void *row)
{
    bool sees = false;
    for (int64_t j = 0; j < a->k.steps; j++) {
        const double one = added_at(&m->added[0], a->wide, batch, head, query, j);
        const double other = added_at(&m->added[1], a->wide, batch, head, query, j);
        const double hidden = is_seen(m, batch, query, j) ? 0 : m->hidden;
        if (a->wide == PARE_WIDE_F64) {
            const double bias = one + other + hidden;
            ((double *)row)[j] += bias;
            sees = sees || bias != -(double)INFINITY;
        } else {
            const float bias = (float)one + (float)other + (float)hidden;
            ((float *)row)[j] += bias;
            sees = sees || bias != -INFINITY;
        }
    }
    return sees;
}

pare_status pare_attend_bias(pare_ctx *ctx, pare_attend *a, const pare_attend_mask *mask,
                             uint8_t *blind)
{
    int64_t row = 0;
    for (int64_t b = 0; a->n_scores && b < a->q.batch; b++) {
        PARE_TRY(pare_check_canceled(ctx));
        for (int64_t h = 0; h < a->q.n; h++)
            for (int64_t i = 0; i < a->q.steps; i++, row++)
                blind[row] = !add_to_row(a, mask, b, h, i,
                                         pare_at_mut(a->scores.owned, row * a->k.steps,
                                                     a->scores.width));
    }
    return PARE_OK;
}

/* Softmax of x [n] in this type, in place. */
static void softmax_in(pare_wide wide, pare_dtype dtype, int64_t n, void *x, void *spare)
{
    const pare_wide own = pare_reals_wide(dtype);
    const bool is_native = dtype == (wide == PARE_WIDE_F64 ? PARE_DOUBLE : PARE_FLOAT);
    void *at = x;
    if (!is_native) {
        /* spare holds n codes behind n numbers */
        void *codes = pare_at_mut(spare, n, sizeof(double));
        pare_wide_store_as(wide, PARE_STORE_DEFAULT, dtype, codes, 0, n, x);
        pare_wide_load_as(own, dtype, codes, 0, 1, n, spare);
        at = spare;
    }
    if (own == PARE_WIDE_F64) pare_softmax_f64_ref(n, at, at);
    else pare_softmax_f32_ref(n, at, at);
    if (is_native) return;
    void *codes = pare_at_mut(spare, n, sizeof(double));
    pare_wide_store_as(own, PARE_STORE_DEFAULT, dtype, codes, 0, n, spare);
    pare_wide_load_as(wide, dtype, codes, 0, 1, n, x);
}

pare_status pare_attend_softmax(pare_ctx *ctx, pare_attend *a, const uint8_t *blind)
{
    const int64_t n = a->k.steps;
    const size_t width = a->scores.width;
    const pare_dtype dtype = a->softmax_type ? a->softmax_type
                             : a->wide == PARE_WIDE_F64 ? PARE_DOUBLE
                                                        : PARE_FLOAT;
    if (!n || !a->n_scores) return PARE_OK;
    if (n > INT64_MAX / 32) return pare_fail_memory(ctx, SIZE_MAX);
    uint8_t *row = pare_alloc(ctx, (size_t)(n + 1) * 3 * sizeof(double));
    if (!row) return pare_fail_memory(ctx, (size_t)(n + 1) * 3 * sizeof(double));
    uint8_t *spare = row + (size_t)(n + 1) * sizeof(double);
    for (int64_t r = 0; r < a->n_scores / n; r++) {
        void *x = pare_at_mut(a->scores.owned, r * n, width);
        const int64_t head = r / a->q.steps % a->q.n;
        memcpy(row, x, (size_t)n * width);
        if (a->sinks) memcpy(pare_at_mut(row, n, width), pare_at(a->sinks, head, width), width);
        softmax_in(a->wide, dtype, a->sinks ? n + 1 : n, row, spare);
        if (blind && blind[r]) memset(x, 0, (size_t)n * width);
        else memcpy(x, row, (size_t)n * width);
    }
    pare_free(ctx, row);
    return PARE_OK;
}

/* Columns of [rows, columns] as rows. */
static void turn(void *to, const void *from, int64_t rows, int64_t columns, int64_t step,
                 size_t width)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < columns; j++)
            memcpy(pare_at_mut(to, j * rows + i, width), pare_at(from, i * step + j, width), width);
}

pare_status pare_attend_values(pare_ctx *ctx, const pare_attend *a, const pare_heads *y, void *data)
{
    const int64_t group = a->k.n ? a->q.n / a->k.n : 1;
    const size_t width = a->scores.width;
    pare_reals turned;
    if (a->v.size && a->v.steps > INT64_MAX / a->v.size) return pare_fail_memory(ctx, SIZE_MAX);
    PARE_TRY(pare_reals_new(ctx, &turned, a->wide, a->v.steps * a->v.size));
    const bool is_empty = !a->q.steps || !a->v.size;
    for (int64_t r = 0; !is_empty && r < a->q.batch * a->q.n; r++) {
        const int64_t batch = r / a->q.n;
        const int64_t head = r % a->q.n;
        if (head % group == 0)
            turn(turned.owned, head_at(&a->v, batch, head / group, width), a->v.steps, a->v.size,
                 a->v.step, width);
        pare_reals_gemm(a->wide, a->q.steps, a->v.size, a->v.steps,
                        pare_at(a->scores.owned, r * a->q.steps * a->k.steps, width), a->k.steps,
                        turned.data, a->v.steps, NULL,
                        pare_at_mut(data, batch * y->batch_step + head * y->head_step, width),
                        y->step);
    }
    pare_reals_free(ctx, &turned);
    return PARE_OK;
}

void pare_attend_free(pare_ctx *ctx, pare_attend *a)
{
    pare_reals_free(ctx, &a->scores);
}

static void copy_steps(void *to, int64_t to_steps, int64_t first, const pare_heads *from,
                       size_t width)
{
    const bool is_empty = !from->size || !from->steps;
    for (int64_t r = 0; !is_empty && r < from->batch * from->n; r++)
        for (int64_t s = 0; s < from->steps; s++)
            memcpy(pare_at_mut(to, (r * to_steps + first + s) * from->size, width),
                   pare_at(head_at(from, r / from->n, r % from->n, width), s * from->step, width),
                   (size_t)from->size * width);
}

pare_status pare_heads_join(pare_ctx *ctx, pare_reals *out, pare_wide wide, const pare_heads *past,
                            const pare_heads *now)
{
    const int64_t before = past->data ? past->steps : 0;
    int64_t n = 0;
    *out = (pare_reals){ 0 };
    if (before > INT64_MAX - now->steps) return pare_fail_memory(ctx, SIZE_MAX);
    const int64_t dims[4] = { now->batch, now->n, before + now->steps, now->size };
    PARE_TRY(pare_tensor_count(ctx, &n, 4, dims));
    PARE_TRY(pare_reals_new(ctx, out, wide, n));
    if (past->data) copy_steps(out->owned, before + now->steps, 0, past, out->width);
    copy_steps(out->owned, before + now->steps, before, now, out->width);
    return PARE_OK;
}
