#include "base/checked.h"
#include "op/einsum.h"
#include "op/elementwise.h"
#include "op/product.h"
#include "op/spread.h"

#include <inttypes.h>
#include <string.h>

/* Every output element is one chain of fused multiply-adds, over the axes that it does not have in
 * the order in which the equation names them first: of the product of all operands but the last
 * (rounded from left to right) times the last. One operand is multiplied by 1. */

/* Letters, then the axes that "..." stands for, counted from the last one. */
enum { N_AXES = PARE_EINSUM_LETTERS + PARE_MAX_DIMS };

/* Elements with steps along axes of the equation. */
typedef struct operand {
    pare_reals x;
    bool has[N_AXES];
    int64_t step[N_AXES];
} operand;

typedef struct job {
    pare_product product;
    pare_wide wide;
    int64_t size[N_AXES];
    uint8_t n_seen[N_AXES];
    uint8_t order[N_AXES];    /* axes as they are named first */
    uint32_t n_order;
    bool has_ellipsis;
    operand left, right;      /* product so far, next operand */
    int64_t y_step[N_AXES];
    bool in_y[N_AXES];
    pare_reals y;
} job;

static void see(job *j, uint8_t axis, int64_t size)
{
    if (!j->n_seen[axis]) {
        j->order[j->n_order++] = axis;
        j->size[axis] = size;
    }
    if (j->n_seen[axis] < 2) j->n_seen[axis]++;
    if (j->size[axis] == 1) j->size[axis] = size;
}

/* Axes of a tensor by a term's labels. */
static void axes_of(uint32_t rank, const uint8_t *labels, uint32_t n, uint8_t *axes)
{
    const bool dots = memchr(labels, PARE_EINSUM_ELLIPSIS, n) != NULL;
    const uint32_t n_dots = dots ? rank - (n - 1) : 0;
    uint32_t d = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (labels[i] != PARE_EINSUM_ELLIPSIS) axes[d++] = labels[i];
        for (uint32_t e = n_dots; labels[i] == PARE_EINSUM_ELLIPSIS && e > 0; e--)
            axes[d++] = (uint8_t)(PARE_EINSUM_LETTERS + e - 1);
    }
}

/* Reads the term of input i, which starts (behind a comma) at *at: axes [rank of the input]. */
static pare_status read_term(pare_ctx *ctx, const pare_eval_io *io, size_t *at, uint32_t i,
                             uint8_t *axes, bool *has_ellipsis)
{
    const pare_einsum_params *p = io->params;
    const pare_tensor *tensor = pare_eval_tensor(io, i);
    uint8_t labels[PARE_MAX_DIMS];
    uint32_t n = 0;
    if (i) (*at)++;
    PARE_TRY(pare_einsum_term(ctx, io->call, p->equation, at, labels, &n));
    const bool dots = memchr(labels, PARE_EINSUM_ELLIPSIS, n) != NULL;
    if (tensor->rank < n - dots || (!dots && tensor->rank != n))
        return pare_call_fail(ctx, io->call, "equation: expected rank %" PRIu32 ", found %" PRIu32,
                              n - dots, tensor->rank);
    axes_of(tensor->rank, labels, n, axes);
    *has_ellipsis = *has_ellipsis || dots;
    return PARE_OK;
}

/* First pass: which axes there are, how large they are, and where Y has them. */
static pare_status survey(pare_ctx *ctx, pare_eval_io *io, job *j)
{
    const pare_einsum_params *p = io->params;
    uint8_t axes[PARE_MAX_DIMS];
    uint8_t labels[PARE_MAX_DIMS];
    uint32_t n = 0;
    size_t at = 0;
    for (uint32_t i = 0; i < io->n_in; i++) {
        const pare_tensor *x = pare_eval_tensor(io, i);
        PARE_TRY(read_term(ctx, io, &at, i, axes, &j->has_ellipsis));
        for (uint32_t d = 0; d < x->rank; d++) see(j, axes[d], x->dims[d]);
    }
    PARE_TRY(pare_einsum_output(ctx, io->call, p->equation, at, j->has_ellipsis, j->n_seen, labels,
                                &n));
    const uint32_t rank = io->info[0].rank;
    int64_t step = 1;
    axes_of(rank, labels, n, axes);
    for (uint32_t d = rank; d-- > 0;) {
        if (j->in_y[axes[d]])
            return pare_call_fail(ctx, io->call,
                                  "attribute 'equation': expected output axis '%c' once, found it "
                                  "again",
                                  axes[d]);
        j->in_y[axes[d]] = true;
        j->y_step[axes[d]] = step;
        step *= io->info[0].dims[d].i;
    }
    return PARE_OK;
}

/* Axes that a tensor has twice are walked along their diagonal; those of size 1 are broadcast. */
static pare_status load(pare_ctx *ctx, const pare_eval_io *io, const job *j, uint32_t i, size_t *at,
                        operand *out)
{
    const pare_tensor *x = pare_eval_tensor(io, i);
    uint8_t axes[PARE_MAX_DIMS];
    int64_t step = 1;
    bool ignored = false;
    memset(out, 0, sizeof(*out));
    PARE_TRY(read_term(ctx, io, at, i, axes, &ignored));
    for (uint32_t d = x->rank; d-- > 0; step *= x->dims[d]) {
        out->has[axes[d]] = true;
        if (x->dims[d] != 1) out->step[axes[d]] += step;
    }
    return pare_reals_load(ctx, &out->x, x, j->wide);
}

static pare_status fail_axes(pare_ctx *ctx, const pare_eval_io *io)
{
    pare_call_fail(ctx, io->call, "equation: more than %d axes are not implemented", PARE_MAX_DIMS);
    return PARE_EUNSUPPORTED;
}

static void multiply(const job *j, const pare_spread *s, void *y)
{
    for (int64_t i = 0; i < s->n; i++) {
        const int64_t a = s->in[0] + i * s->step[0];
        const int64_t b = s->in[1] + i * s->step[1];
        const void *x = j->left.x.data;
        const void *z = j->right.x.data;
        if (j->wide == PARE_WIDE_F32)
            ((float *)y)[s->out + i] = ((const float *)x)[a] * ((const float *)z)[b];
        else if (j->wide == PARE_WIDE_F64)
            ((double *)y)[s->out + i] = ((const double *)x)[a] * ((const double *)z)[b];
        else
            ((uint64_t *)y)[s->out + i] = ((const uint64_t *)x)[a] * ((const uint64_t *)z)[b];
    }
}

/* left = left * right over all axes that either has. */
static pare_status fold(pare_ctx *ctx, const pare_eval_io *io, job *j)
{
    uint8_t axes[PARE_MAX_DIMS];
    int64_t dims[PARE_MAX_DIMS], left[PARE_MAX_DIMS], right[PARE_MAX_DIMS];
    uint32_t rank = 0;
    size_t n = 1;
    for (uint32_t i = 0; i < j->n_order; i++) {
        const uint8_t axis = j->order[i];
        if (!j->left.has[axis] && !j->right.has[axis]) continue;
        if (rank == PARE_MAX_DIMS) return fail_axes(ctx, io);
        axes[rank] = axis;
        dims[rank] = j->size[axis];
        left[rank] = j->left.step[axis];
        right[rank++] = j->right.step[axis];
        if (!pare_mul_size(n, (size_t)j->size[axis], &n) || n > INT64_MAX)
            return pare_fail_memory(ctx, SIZE_MAX);
    }
    pare_reals y = { 0 };
    PARE_TRY(pare_reals_new(ctx, &y, j->wide, (int64_t)n));
    pare_spread s;
    pare_spread_start(&s, rank, dims);
    pare_spread_add_strides(&s, left);
    pare_spread_add_strides(&s, right);
    while (pare_spread_next(&s)) multiply(j, &s, y.owned);
    pare_reals_free(ctx, &j->left.x);
    j->left.x = y;
    int64_t step = 1;
    for (uint32_t d = rank; d-- > 0; step *= dims[d]) {
        j->left.has[axes[d]] = true;
        j->left.step[axes[d]] = step;
    }
    return PARE_OK;
}

/* The product of what is left and the last operand, each axis where it belongs. */
static pare_status set_axes(pare_ctx *ctx, const pare_eval_io *io, job *j)
{
    for (uint32_t i = 0; i < j->n_order; i++) {
        const uint8_t axis = j->order[i];
        pare_product_axes *to = &j->product.inner;
        if (j->in_y[axis])
            to = !j->right.has[axis]  ? &j->product.rows
                 : !j->left.has[axis] ? &j->product.columns
                                      : &j->product.batch;
        if (to->n == PARE_MAX_DIMS) return fail_axes(ctx, io);
        to->size[to->n] = j->size[axis];
        to->a[to->n] = j->left.step[axis];
        to->b[to->n] = j->right.step[axis];
        to->y[to->n++] = j->y_step[axis];
    }
    j->product.type = pare_product_type_of(j->wide);
    return PARE_OK;
}

static void set_one(pare_reals *x)
{
    if (x->wide == PARE_WIDE_F32) *(float *)x->owned = 1;
    else if (x->wide == PARE_WIDE_F64) *(double *)x->owned = 1;
    else *(uint64_t *)x->owned = 1;
}

static pare_status run(pare_ctx *ctx, pare_eval_io *io, job *j)
{
    size_t at = 0;
    const pare_num n = pare_info_n_elements(io->shapes, &io->info[0]);
    if (n.kind != PARE_NUM_INT) return pare_fail_memory(ctx, SIZE_MAX);
    PARE_TRY(survey(ctx, io, j));
    PARE_TRY(load(ctx, io, j, 0, &at, &j->left));
    for (uint32_t i = 1; i < io->n_in; i++) {
        if (i > 1) {
            PARE_TRY(fold(ctx, io, j));
            pare_reals_free(ctx, &j->right.x);
        }
        PARE_TRY(load(ctx, io, j, i, &at, &j->right));
    }
    if (io->n_in == 1) {
        PARE_TRY(pare_reals_new(ctx, &j->right.x, j->wide, 1));
        set_one(&j->right.x);
    }
    PARE_TRY(set_axes(ctx, io, j));
    PARE_TRY(pare_reals_new(ctx, &j->y, j->wide, n.i));
    PARE_TRY(pare_product_run(ctx, &j->product, j->left.x.data, j->right.x.data, j->y.owned));
    return pare_reals_out(ctx, io, 0, &j->y);
}

pare_status pare_einsum_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_tensor *first = pare_eval_tensor(io, 0);
    for (uint32_t i = 0; i < io->n_in; i++) {
        const pare_tensor *x = pare_eval_tensor(io, i);
        if (!x)
            return pare_call_fail(ctx, io->call,
                                  "input %" PRIu32 ": expected a tensor, found none", i);
        if (x->dtype != first->dtype || !pare_wide_of(x->dtype))
            return pare_eval_no_type(ctx, io, x->dtype);
    }
    job *j = pare_alloc_zero(ctx, sizeof(*j));
    if (!j) return pare_fail_memory(ctx, sizeof(*j));
    j->wide = pare_wide_of(first->dtype);
    const pare_status st = run(ctx, io, j);
    pare_reals_free(ctx, &j->left.x);
    pare_reals_free(ctx, &j->right.x);
    pare_reals_free(ctx, &j->y);
    pare_free(ctx, j);
    return st;
}
