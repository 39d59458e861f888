#include "op/coster.h"
#include "op/einsum.h"

/* Operands are contracted from the left, two at a time: each step multiplies over all labels that
 * either of both has, and keeps those that the output or a later operand has. A step that sums over
 * none is a product of elements, not MACs. */

enum { N_LABELS = PARE_EINSUM_LETTERS, ELLIPSIS = PARE_EINSUM_ELLIPSIS };

typedef struct contraction {
    uint64_t size[N_LABELS];   /* of each label; 0: not seen */
    uint32_t n_left[N_LABELS]; /* operands to come, and the output, that have it */
    bool has[N_LABELS];        /* what has been contracted so far has it */
} contraction;

/* Gives labels their sizes; 1 yields to others, as in broadcasting. */
static void note_sizes(pare_cost_io *io, contraction *c, const pare_info *x, const uint8_t *labels,
                       uint32_t n)
{
    const uint32_t rank = pare_cost_rank(io, x);
    int64_t axis = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t size = 1;
        if (labels[i] == ELLIPSIS) {
            const int64_t next = axis + rank - (n - 1);
            size = pare_cost_dims(io, x, axis, next);
            axis = next;
        } else {
            size = pare_cost_dim(io, x, axis++);
        }
        if (size > c->size[labels[i]]) c->size[labels[i]] = size;
    }
}

/* Counts one more (or one less) that has each of the labels. */
static void mark(contraction *c, const uint8_t *labels, uint32_t n, int step)
{
    for (uint32_t i = 0; i < n; i++) {
        bool again = false;
        for (uint32_t k = 0; k < i; k++) again = again || labels[k] == labels[i];
        if (!again) c->n_left[labels[i]] = (uint32_t)((int64_t)c->n_left[labels[i]] + step);
    }
}

/* Reads the terms of all operands, then the output's. */
static pare_status read_equation(pare_ctx *ctx, pare_cost_io *io, contraction *c)
{
    const pare_einsum_params *p = io->params;
    uint8_t labels[PARE_MAX_DIMS];
    uint8_t n_seen[N_LABELS] = { 0 };
    uint32_t n = 0;
    size_t at = 0;
    for (uint32_t i = 0; i < io->n_in; i++) {
        PARE_TRY(pare_einsum_term(ctx, io->call, p->equation, &at, labels, &n));
        for (uint32_t k = 0; k < n; k++)
            if (n_seen[labels[k]] < 2) n_seen[labels[k]]++;
        note_sizes(io, c, pare_cost_in(io, i), labels, n);
        mark(c, labels, n, 1);
        if (i + 1 < io->n_in) at++; /* the comma */
    }
    PARE_TRY(pare_einsum_output(ctx, io->call, p->equation, at, n_seen[ELLIPSIS], n_seen, labels,
                                &n));
    mark(c, labels, n, 1);
    return PARE_OK;
}

/* What one contraction is as matrices: labels of both sides that stay are the batch, labels of one
 * side rows or columns, those that go are summed over. */
typedef struct step_size {
    uint64_t batch, rows, columns, inner;
    bool sums;
} step_size;

static step_size take_operand(pare_cost_io *io, contraction *c, const uint8_t *labels, uint32_t n)
{
    step_size s = { 1, 1, 1, 1, false };
    bool here[N_LABELS] = { false };
    for (uint32_t i = 0; i < n; i++) here[labels[i]] = true;
    mark(c, labels, n, -1);
    for (uint32_t l = 0; l < N_LABELS; l++) {
        if (!here[l] && !c->has[l]) continue;
        const bool stays = c->n_left[l] > 0;
        uint64_t *to = !stays             ? &s.inner
                       : here[l] && c->has[l] ? &s.batch
                       : here[l]              ? &s.columns
                                              : &s.rows;
        *to = pare_cost_mul(io, *to, c->size[l]);
        s.sums = s.sums || !stays;
        c->has[l] = stays;
    }
    return s;
}

pare_status pare_einsum_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    const pare_einsum_params *p = io->params;
    contraction c = { 0 };
    size_t at = 0;
    PARE_TRY(read_equation(ctx, io, &c));
    cost->work = io->n_in > 1 ? PARE_WORK_GEMM : PARE_WORK_ELEMENTWISE;
    for (uint32_t i = 0; i < io->n_in; i++) {
        uint8_t labels[PARE_MAX_DIMS];
        uint32_t n = 0;
        PARE_TRY(pare_einsum_term(ctx, io->call, p->equation, &at, labels, &n));
        at++;
        const step_size s = take_operand(io, &c, labels, n);
        const uint64_t all = pare_cost_mul4(io, s.batch, s.rows, s.columns, s.inner);
        if (i && s.sums) pare_cost_product(cost, io, s.batch, s.rows, s.columns, s.inner);
        else if (i || s.sums) pare_cost_ops(cost, io, all, 1, pare_cost_in_dtype(io, 0));
    }
    if (!cost->macs) cost->work = cost->other_ops ? PARE_WORK_ELEMENTWISE : PARE_WORK_MOVE;
    cost->mac_activation = pare_cost_in_dtype(io, 0);
    cost->mac_weight = pare_cost_in_dtype(io, io->n_in > 1);
    return PARE_OK;
}
