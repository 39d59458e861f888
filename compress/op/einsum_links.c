#include "op/einsum.h"
#include "op/linker.h"

#include <string.h>

/* Positions of one letter go together; what only one input has is summed over. */

enum { N_LABELS = PARE_EINSUM_LETTERS + PARE_MAX_DIMS };

/* Where each letter was seen first; those of "..." count from the last of its axes. */
typedef struct seen {
    pare_axis_ref first[N_LABELS];
    uint8_t n_operands[N_LABELS], n_seen[PARE_EINSUM_LETTERS];
    uint32_t last_operand[N_LABELS];
    pare_axis_ref last[N_LABELS]; /* in another operand than the first */
    bool is_put_out[N_LABELS];
    bool has_ellipsis;
} seen;

static void see(pare_links *l, seen *s, uint32_t label, pare_axis_ref axis, uint32_t operand)
{
    if (pare_link_extent(l, axis) == 1) return; /* broadcast */
    if (!s->n_operands[label]) s->first[label] = axis;
    else pare_link_tie(l, s->first[label], axis);
    if (s->n_operands[label] < 2 && (!s->n_operands[label] || s->last_operand[label] != operand)) {
        s->n_operands[label]++;
        s->last[label] = axis;
    }
    s->last_operand[label] = operand;
    s->is_put_out[label] = axis.is_output;
}

/* Axes of one operand, whose labels these are. */
static void see_term(pare_links *l, seen *s, pare_axis_ref of, uint32_t rank, const uint8_t *labels,
                     uint32_t n, uint32_t operand)
{
    const bool dots = memchr(labels, PARE_EINSUM_ELLIPSIS, n) != NULL;
    uint32_t at = 0;
    if (rank < n - dots || (!dots && rank != n)) return;
    const uint32_t n_dots = dots ? rank - (n - 1) : 0;
    for (uint32_t i = 0; i < n; i++) {
        const bool is_letter = labels[i] != PARE_EINSUM_ELLIPSIS;
        for (uint32_t k = 0; k < (is_letter ? 1 : n_dots); k++) {
            of.axis = at++;
            see(l, s, is_letter ? labels[i] : PARE_EINSUM_LETTERS + n_dots - 1 - k, of, operand);
        }
    }
}

static pare_status see_inputs(pare_ctx *ctx, pare_links *l, seen *s, size_t *at)
{
    const pare_einsum_params *p = l->params;
    uint8_t labels[PARE_MAX_DIMS];
    for (uint32_t i = 0, n = 0; i < l->n_in; i++) {
        const pare_info *x = pare_link_in(l, i);
        if (i) ++*at; /* the comma */
        if (*at > p->equation.n) return PARE_EFORMAT;
        PARE_TRY(pare_einsum_term(ctx, l->call, p->equation, at, labels, &n));
        for (uint32_t k = 0; k < n; k++) {
            s->has_ellipsis |= labels[k] == PARE_EINSUM_ELLIPSIS;
            if (s->n_seen[labels[k]] < 2) s->n_seen[labels[k]]++;
        }
        if (!x) return PARE_EFORMAT;
        see_term(l, s, pare_in_axis(i, 0), x->rank, labels, n, i);
    }
    return PARE_OK;
}

pare_status pare_einsum_links(pare_ctx *ctx, pare_links *l)
{
    const pare_einsum_params *p = l->params;
    const pare_info *y = pare_link_out(l, 0);
    uint8_t labels[PARE_MAX_DIMS];
    uint32_t n = 0;
    size_t at = 0;
    seen s = { 0 };
    if (!y) return PARE_OK;
    PARE_TRY(see_inputs(ctx, l, &s, &at));
    PARE_TRY(pare_einsum_output(ctx, l->call, p->equation, at, s.has_ellipsis, s.n_seen, labels,
                                &n));
    see_term(l, &s, pare_out_axis(0, 0), y->rank, labels, n, l->n_in);
    for (uint32_t label = 0; label < N_LABELS; label++)
        if (s.n_operands[label] && !s.is_put_out[label])
            pare_link_sum(l, s.first[label], s.last[label]);
    return PARE_OK;
}
