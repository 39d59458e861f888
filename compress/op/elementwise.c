#include "op/elementwise.h"

enum { MAX_INPUTS = 8 };

pare_element_fn *pare_element_of(const pare_element_row *rows, const char *name)
{
    for (; rows->name; rows++)
        if (pare_str_eq(rows->name, name)) return rows->fn;
    return NULL;
}

/* Integers that the type cannot hold wrap around: they are not followed. */
static pare_num round_to(pare_dtype dtype, pare_num n)
{
    const pare_dtype_info *info = pare_dtype_of(dtype);
    const bool is_uint = info->class == PARE_CLASS_UINT;
    if (n.kind == PARE_NUM_INT && is_uint && n.i < 0) return pare_num_unknown();
    if (n.kind == PARE_NUM_INT && info->bits < 64 && (is_uint || info->class == PARE_CLASS_INT)) {
        const int64_t end = INT64_C(1) << (is_uint ? info->bits : info->bits - 1);
        if (n.i >= end || n.i < -end) return pare_num_unknown();
    }
    if (n.kind == PARE_NUM_REAL && dtype == PARE_FLOAT) n.r = (double)(float)n.r;
    return n;
}

/* Element of a content at position `at` of a broadcast result with these dims. */
static pare_num element_at(const pare_info *in, const int64_t *dims, uint32_t rank, int64_t at)
{
    int64_t index = 0;
    int64_t stride = 1;
    if (!in->n_content) return pare_num_unknown(); /* no elements, and dims that may be large */
    for (uint32_t d = rank; d-- > 0;) {
        const int64_t position = at % dims[d];
        at /= dims[d];
        const uint32_t missing = rank - in->rank;
        if (d < missing) break;
        const int64_t size = in->dims[d - missing].i;
        if (size > 1) index += position * stride;
        stride *= size;
    }
    return pare_info_at(in, (uint32_t)index);
}

/* Whether the first n_in inputs are followed; their dims are integers then. */
static bool are_followed(const pare_infer_io *io, uint32_t n_in)
{
    for (uint32_t i = 0; i < n_in; i++)
        if (!pare_in(io, i) || !io->in[i]->content) return false;
    return n_in <= MAX_INPUTS;
}

void pare_content_apply(pare_infer_io *io, pare_element_fn *fn, uint32_t n_in)
{
    pare_info *out = &io->out[0];
    int64_t dims[PARE_MAX_DIMS];
    pare_num content[PARE_MAX_CONTENT];
    const pare_num n = pare_info_n_elements(io->shapes, out);
    if (!fn || !are_followed(io, n_in) || n.kind != PARE_NUM_INT || n.i > PARE_MAX_CONTENT) return;
    for (uint32_t d = 0; d < out->rank; d++) dims[d] = out->dims[d].i;
    for (int64_t at = 0; at < n.i; at++) {
        pare_num x[MAX_INPUTS];
        for (uint32_t i = 0; i < n_in; i++) x[i] = element_at(io->in[i], dims, out->rank, at);
        content[at] = round_to(out->dtype, fn(io->shapes->exprs, io->params, x));
    }
    pare_info_set_content(io->shapes, out, content, (uint32_t)n.i);
}
