#include "op/einsum.h"

#include "op/costs.h"
#include "op/linker.h"

#include <inttypes.h>

/* Einstein summation, e.g. "bij,bjk->bik": letters name axes, "..." stands for broadcast ones.
 * Without "->" the output has "..." and then the letters that occur once, in ASCII order. */

enum { N_LABELS = PARE_EINSUM_LETTERS, ELLIPSIS = PARE_EINSUM_ELLIPSIS };

/* What has been seen of the equation's axes. */
typedef struct axes {
    pare_num label[N_LABELS];
    uint8_t n_seen[N_LABELS]; /* 0, 1, 2: more than once */
    pare_info ellipsis;       /* dims of "...", broadcast over the inputs */
    bool has_ellipsis;
    bool ellipsis_known;      /* every input with one has a rank */
} axes;

static bool is_letter(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static pare_status einsum_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_einsum_params *p = params;
    PARE_TRY(pare_need_attr(ctx, call, "equation"));
    return pare_get_text(ctx, call, "equation", &p->equation);
}

/* The next label at *at (a letter or ELLIPSIS), skipping spaces; 0 at the end of a term (before ','
 * or "->" or the end); EFORMAT for anything else. */
static pare_status next_label(pare_ctx *ctx, const pare_call *call, pare_bytes e, size_t *at,
                              uint8_t *label)
{
    while (*at < e.n && e.data[*at] == ' ') (*at)++;
    *label = 0;
    if (*at == e.n || e.data[*at] == ',') return PARE_OK;
    if (e.data[*at] == '-' && *at + 1 < e.n && e.data[*at + 1] == '>') return PARE_OK;
    if (is_letter(e.data[*at])) {
        *label = e.data[(*at)++];
        return PARE_OK;
    }
    if (e.n - *at >= 3 && memcmp(e.data + *at, "...", 3) == 0) {
        *label = ELLIPSIS;
        *at += 3;
        return PARE_OK;
    }
    return pare_call_fail(
        ctx, call,
        "attribute 'equation': expected a letter, ',', '...' or '->' at %zu, found "
        "'%c'",
        *at, e.data[*at]);
}

pare_status pare_einsum_term(pare_ctx *ctx, const pare_call *call, pare_bytes e, size_t *at,
                             uint8_t *labels, uint32_t *n)
{
    uint32_t n_ellipses = 0;
    *n = 0;
    for (;;) {
        uint8_t label = 0;
        PARE_TRY(next_label(ctx, call, e, at, &label));
        if (!label) return PARE_OK;
        n_ellipses += label == ELLIPSIS;
        if (*n == PARE_MAX_DIMS || n_ellipses > 1)
            return pare_call_fail(
                ctx, call,
                "attribute 'equation': expected at most %d axes and one '...' in a "
                "term, found more",
                PARE_MAX_DIMS);
        labels[(*n)++] = label;
    }
}

static pare_status add_axis(pare_ctx *ctx, pare_infer_io *io, axes *a, uint8_t label, pare_num size)
{
    if (a->n_seen[label] < 2) a->n_seen[label]++;
    if (a->n_seen[label] == 1 || pare_num_is(a->label[label], 1)) {
        a->label[label] = size;
        return PARE_OK;
    }
    if (pare_num_is(size, 1)) return PARE_OK; /* broadcast, as numpy does not, but runtimes do */
    return pare_same_dim(ctx, io, "axes of one letter", a->label[label], size, &a->label[label]);
}

/* Broadcasts what "..." stands for in one input into what it is so far. */
static pare_status add_ellipsis(pare_ctx *ctx, pare_infer_io *io, axes *a, const pare_info *in,
                                uint32_t first, uint32_t n)
{
    const pare_info here = pare_info_tensor(io->shapes, in->dtype, n, in->dims + first);
    const pare_info before = a->ellipsis;
    const pare_info *const both[] = { &before, &here };
    return pare_broadcast(ctx, io, in->dtype, both, 2, &a->ellipsis);
}

static pare_status add_input(pare_ctx *ctx, pare_infer_io *io, axes *a, const pare_info *in,
                             const uint8_t *labels, uint32_t n)
{
    const bool known = pare_info_has_rank(in);
    const bool dots = memchr(labels, ELLIPSIS, n) != NULL;
    const uint32_t n_letters = n - dots;
    if (known && (in->rank < n_letters || (!dots && in->rank != n_letters)))
        return pare_call_fail(ctx, io->call,
                              "equation: expected rank %" PRIu32 "%s, found %" PRIu32, n_letters,
                              dots ? " or more" : "", in->rank);
    a->has_ellipsis = a->has_ellipsis || dots;
    if (dots && !known) a->ellipsis_known = false;
    uint32_t axis = 0;
    for (uint32_t i = 0; i < n; i++) {
        if (labels[i] != ELLIPSIS) {
            PARE_TRY(add_axis(ctx, io, a, labels[i], known ? in->dims[axis] : pare_num_unknown()));
            axis++;
        } else if (known) {
            PARE_TRY(add_ellipsis(ctx, io, a, in, axis, in->rank - n_letters));
            axis += in->rank - n_letters;
        }
    }
    return PARE_OK;
}

static pare_status add_inputs(pare_ctx *ctx, pare_infer_io *io, axes *a, size_t *at)
{
    const pare_einsum_params *p = io->params;
    for (uint32_t i = 0;; i++) {
        uint8_t labels[PARE_MAX_DIMS];
        uint32_t n = 0;
        PARE_TRY(pare_einsum_term(ctx, io->call, p->equation, at, labels, &n));
        PARE_TRY(add_input(ctx, io, a, pare_in(io, i), labels, n));
        const bool more = *at < p->equation.n && p->equation.data[*at] == ',';
        if (!more && i + 1 != io->n_in)
            return pare_call_fail(ctx, io->call,
                                  "attribute 'equation': expected a term for each of %" PRIu32
                                  " inputs, found %" PRIu32,
                                  io->n_in, i + 1);
        if (!more) return PARE_OK;
        (*at)++;
        if (i + 1 == io->n_in)
            return pare_call_fail(ctx, io->call,
                                  "attribute 'equation': expected a term for each of %" PRIu32
                                  " inputs, found more",
                                  io->n_in);
    }
}

/* The labels of the output when the equation does not give them. */
static void implicit_output(bool has_ellipsis, const uint8_t *n_seen, uint8_t *labels, uint32_t *n)
{
    *n = 0;
    if (has_ellipsis) labels[(*n)++] = ELLIPSIS;
    for (uint32_t c = 'A'; c <= 'z'; c++)
        if (is_letter((uint8_t)c) && n_seen[c] == 1) labels[(*n)++] = (uint8_t)c;
}

pare_status pare_einsum_output(pare_ctx *ctx, const pare_call *call, pare_bytes e, size_t at,
                               bool has_ellipsis, const uint8_t *n_seen, uint8_t *labels,
                               uint32_t *n)
{
    if (at == e.n) {
        implicit_output(has_ellipsis, n_seen, labels, n);
        return PARE_OK;
    }
    at += 2; /* "->" */
    PARE_TRY(pare_einsum_term(ctx, call, e, &at, labels, n));
    if (at != e.n)
        return pare_call_fail(ctx, call,
                              "attribute 'equation': expected one output, found more at %zu", at);
    for (uint32_t i = 0; i < *n; i++)
        if (labels[i] != ELLIPSIS && !n_seen[labels[i]])
            return pare_call_fail(ctx, call,
                                  "attribute 'equation': expected output axis '%c' in an input, "
                                  "found it in none",
                                  labels[i]);
    return PARE_OK;
}

static pare_status einsum_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_einsum_params *p = io->params;
    axes a = { .ellipsis_known = true };
    uint8_t labels[PARE_MAX_DIMS];
    uint32_t n = 0;
    size_t at = 0;
    a.ellipsis = pare_info_tensor(io->shapes, PARE_DTYPE_UNDEFINED, 0, NULL);
    PARE_TRY(add_inputs(ctx, io, &a, &at));
    PARE_TRY(pare_einsum_output(ctx, io->call, p->equation, at, a.has_ellipsis, a.n_seen, labels,
                                &n));
    const bool dots = memchr(labels, ELLIPSIS, n) != NULL;
    io->out[0] = pare_info_unranked(pare_first_dtype(io));
    if (dots && (!a.ellipsis_known || !a.ellipsis.has_rank)) return PARE_OK;
    pare_num *dims = NULL;
    const uint32_t rank = n - dots + (dots ? a.ellipsis.rank : 0);
    const pare_info y = pare_info_ranked(io->shapes, io->out[0].dtype, rank, &dims);
    for (uint32_t i = 0; i < n; i++) {
        if (labels[i] != ELLIPSIS) *dims++ = a.label[labels[i]];
        for (uint32_t k = 0; labels[i] == ELLIPSIS && k < a.ellipsis.rank; k++)
            *dims++ = a.ellipsis.dims[k];
    }
    io->out[0] = y;
    return PARE_OK;
}

const pare_op pare_op_einsum = {
    .domain = "", .name = "Einsum", .since = 12,
    .n_in = { 1, PARE_MANY }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_einsum_params),
    .resolve = einsum_resolve, .infer = einsum_infer, .eval = pare_einsum_eval,
    .cost = pare_einsum_cost,
    .links = pare_einsum_links,
};
