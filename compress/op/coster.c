#include "op/coster.h"

#include "base/checked.h"

#include <stdio.h>

uint64_t pare_cost_mul(pare_cost_io *io, uint64_t a, uint64_t b)
{
    uint64_t product = 0;
    if (pare_mul_u64(a, b, &product) && product != PARE_COST_ALL) return product;
    io->too_large = true;
    return 0;
}

uint64_t pare_cost_add(pare_cost_io *io, uint64_t a, uint64_t b)
{
    uint64_t sum = 0;
    if (pare_add_u64(a, b, &sum) && sum != PARE_COST_ALL) return sum;
    io->too_large = true;
    return 0;
}

uint64_t pare_cost_mul4(pare_cost_io *io, uint64_t a, uint64_t b, uint64_t c, uint64_t d)
{
    if (!a || !b || !c || !d) return 0;
    return pare_cost_mul(io, pare_cost_mul(io, a, b), pare_cost_mul(io, c, d));
}

const pare_info *pare_cost_in(const pare_cost_io *io, uint32_t i)
{
    return i < io->n_in ? io->in[i] : NULL;
}

const pare_info *pare_cost_out(const pare_cost_io *io, uint32_t i)
{
    return i < io->n_out ? io->out[i] : NULL;
}

pare_dtype pare_cost_in_dtype(const pare_cost_io *io, uint32_t i)
{
    const pare_info *in = pare_cost_in(io, i);
    return pare_info_is_tensor(in) ? in->dtype : PARE_DTYPE_UNDEFINED;
}

void pare_cost_unknown(pare_cost_io *io, const char *what)
{
    if (!io->unknown) io->unknown = what;
}

/* "input 1 as float[N,3]", in the arena of the shapes. */
static void tell_operand(pare_cost_io *io, const pare_info *info)
{
    char type[128];
    char text[192];
    const char *side = "an operand";
    uint32_t at = 0;
    if (io->unknown) return;
    if (!info) {
        io->unknown = "an operand left out";
        return;
    }
    for (uint32_t i = io->n_out; i-- > 0;)
        if (io->out[i] == info) side = "output", at = i;
    for (uint32_t i = io->n_in; i-- > 0;)
        if (io->in[i] == info) side = "input", at = i;
    pare_info_text(type, sizeof(type), io->shapes, info);
    snprintf(text, sizeof(text), "%s %u as %s", side, (unsigned)at, type);
    const char *kept = pare_arena_str(&io->shapes->arena, text);
    io->unknown = kept ? kept : side;
}

uint32_t pare_cost_rank(pare_cost_io *io, const pare_info *info)
{
    if (pare_info_has_rank(info)) return info->rank;
    tell_operand(io, info);
    return 0;
}

/* An axis that the tensor has. */
static uint64_t size_of(pare_cost_io *io, const pare_info *info, uint32_t axis)
{
    const pare_num dim = info->dims[axis];
    if (dim.kind == PARE_NUM_INT && dim.i >= 0) return (uint64_t)dim.i;
    tell_operand(io, info);
    return 0;
}

uint64_t pare_cost_dim(pare_cost_io *io, const pare_info *info, int64_t axis)
{
    const int64_t rank = pare_cost_rank(io, info);
    const int64_t at = axis < 0 ? axis + rank : axis;
    if (at >= 0 && at < rank) return size_of(io, info, (uint32_t)at);
    tell_operand(io, info);
    return 0;
}

/* A bound in [0, rank] from one that may count from the end or lie outside. */
static int64_t bound_of(int64_t at, int64_t rank)
{
    if (at < 0) at += rank;
    return at < 0 ? 0 : at > rank ? rank : at;
}

uint64_t pare_cost_dims(pare_cost_io *io, const pare_info *info, int64_t from, int64_t to)
{
    const int64_t rank = pare_cost_rank(io, info);
    if (!pare_info_has_rank(info)) return 0;
    uint64_t product = 1;
    bool is_zero = false; /* however large the others are */
    for (int64_t i = bound_of(from, rank); i < bound_of(to, rank); i++)
        is_zero = is_zero || pare_num_is(info->dims[i], 0);
    for (int64_t i = bound_of(from, rank); !is_zero && i < bound_of(to, rank); i++)
        product = pare_cost_mul(io, product, size_of(io, info, (uint32_t)i));
    return is_zero ? 0 : product;
}

uint64_t pare_cost_elements(pare_cost_io *io, const pare_info *info)
{
    return pare_cost_dims(io, info, 0, PARE_COST_END);
}

uint64_t pare_cost_content(const pare_info *info, uint32_t i, uint64_t fallback)
{
    const pare_num n = info ? pare_info_at(info, i) : pare_num_unknown();
    return n.kind == PARE_NUM_INT && n.i >= 0 ? (uint64_t)n.i : fallback;
}

void pare_cost_ops(pare_cost *cost, pare_cost_io *io, uint64_t n, uint64_t each, pare_dtype dtype)
{
    cost->other_ops = pare_cost_add(io, cost->other_ops, pare_cost_mul(io, n, each));
    if (dtype != PARE_DTYPE_UNDEFINED) cost->other = dtype;
}

void pare_cost_product(pare_cost *cost, pare_cost_io *io, uint64_t batch, uint64_t m, uint64_t n,
                       uint64_t k)
{
    const uint64_t macs = pare_cost_mul4(io, batch, m, n, k);
    const uint64_t before = pare_cost_mul4(io, cost->batch, cost->m, cost->n, cost->k);
    cost->macs = pare_cost_add(io, cost->macs, macs);
    if (macs < before) return;
    cost->batch = batch;
    cost->m = m;
    cost->n = n;
    cost->k = k;
}

void pare_cost_view(pare_cost *cost)
{
    cost->work = PARE_WORK_MOVE;
    cost->is_view = true;
    for (size_t i = 0; i < PARE_COST_OPERANDS; i++) cost->read[i] = cost->written[i] = 0;
}

uint64_t pare_cost_log2(uint64_t n)
{
    uint64_t bits = 1;
    while (bits < 64 && (n - 1) >> bits && n) bits++;
    return bits;
}

pare_infer_io pare_cost_infer_io(const pare_cost_io *io)
{
    return (pare_infer_io){ .call = io->call, .params = io->params, .shapes = io->shapes,
                            .n_in = io->n_in, .n_out = 0, .in = io->in };
}
