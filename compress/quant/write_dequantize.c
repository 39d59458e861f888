#include "quant/writer.h"

#include "op/wide.h"

#include <string.h>

/* Places within the codes: of weight i of a tap of an output. */
static int64_t code_at(const pare_linear *l, const pare_weight_codes *c, int64_t o, int64_t t,
                       int64_t i)
{
    return c->taps_apart ? (o * l->taps + t) * c->row + i : o * c->row + t * l->in + i;
}

/* What makes codes start at 0 where they are written without sign. */
static int shift_of(const pare_weight_codes *c, pare_dtype dtype)
{
    const pare_dtype_info *type = pare_dtype_of(dtype);
    return c->form.low < 0 && type->class == PARE_CLASS_UINT ? 1 << (type->bits - 1) : 0;
}

/* Codes where their weights lie, in a tensor of the weights' shape. */
static pare_status make_codes(pare_ctx *ctx, const pare_linear *l, const pare_tensor *w,
                              const pare_weight_codes *c, pare_dtype dtype, pare_tensor **out)
{
    PARE_TRY(pare_tensor_new(ctx, out, dtype, w->rank, w->dims));
    const uint32_t bits = pare_dtype_of(dtype)->bits, mask = (1u << bits) - 1;
    const int shift = shift_of(c, dtype);
    uint8_t *to = (uint8_t *)(uintptr_t)(*out)->payload.data;
    for (int64_t o = 0; o < l->out; o++)
        for (int64_t t = 0; t < l->taps; t++)
            for (int64_t i = 0; i < l->in; i++) {
                const uint32_t code = (uint32_t)(c->codes[code_at(l, c, o, t, i)] + shift) & mask;
                const int64_t at = pare_linear_at(l, o, t, i) * (int64_t)bits;
                to[at / 8] |= (uint8_t)(code << at % 8);
            }
    return PARE_OK;
}

/* Whether all rows share one scale, and so a scalar says it. */
static bool is_common(const pare_weight_codes *c)
{
    if (c->form.block) return false;
    for (int64_t o = 1; o < c->n_rows; o++)
        if (c->scales[o] != c->scales[0] || c->zeros[o] != c->zeros[0]) return false;
    return true;
}

/* The tensors of scales and zero points: a scalar, [outputs], or the shape of the weights with
 * blocks in place of inputs. */
static pare_status make_scales(pare_ctx *ctx, const pare_linear *l, const pare_tensor *w,
                               const pare_weight_codes *c, pare_dtype dtype, pare_tensor **scale,
                               pare_tensor **zero)
{
    int64_t dims[PARE_MAX_DIMS] = { l->out };
    pare_linear blocks = *l; /* the same places, for blocks instead of inputs */
    if (c->form.block) {
        memcpy(dims, w->dims, w->rank * sizeof(dims[0]));
        dims[1 - l->weight_axis] = c->blocks;
        blocks.in = c->blocks;
        if (l->weight_axis == 0) { /* inputs lie within outputs */
            blocks.at_out = c->blocks * l->taps;
            blocks.at_group = l->out / l->group * blocks.at_out;
        } else {
            blocks.at_group = c->blocks * l->at_in;
        }
    } else {
        blocks = (pare_linear){ .out = l->out, .group = 1, .in = 1, .taps = 1, .at_out = 1 };
    }
    const int64_t n_rows = is_common(c) ? 1 : l->out;
    const uint32_t rank = n_rows == 1 && !c->form.block ? 0 : c->form.block ? w->rank : 1;
    PARE_TRY(pare_tensor_new(ctx, scale, w->dtype, rank, dims));
    PARE_TRY(pare_tensor_new(ctx, zero, dtype, rank, dims));
    uint8_t *s = (uint8_t *)(uintptr_t)(*scale)->payload.data;
    uint8_t *z = (uint8_t *)(uintptr_t)(*zero)->payload.data;
    const uint32_t bits = pare_dtype_of(dtype)->bits, mask = (1u << bits) - 1;
    for (int64_t o = 0; o < n_rows; o++)
        for (int64_t t = 0; t < blocks.taps; t++)
            for (int64_t b = 0; b < c->blocks; b++) {
                const int64_t from = (c->taps_apart ? o * l->taps + t : o) * c->blocks + b;
                const int64_t at = pare_linear_at(&blocks, o, t, b);
                pare_wide_store_as(PARE_WIDE_F32, PARE_STORE_DEFAULT, w->dtype, s, at, 1,
                                   &c->scales[from]);
                z[at * (int64_t)bits / 8] |=
                    (uint8_t)(((uint32_t)(c->zeros[from] + shift_of(c, dtype)) & mask)
                              << at * (int64_t)bits % 8);
            }
    return PARE_OK;
}

pare_status pare_make_dequantized(pare_ctx *ctx, pare_model *model, const pare_linear *linear,
                                  const pare_weight_codes *codes, pare_dtype dtype,
                                  pare_quantized_weight *written)
{
    const pare_value_id weight = linear->weight;
    const char *name = model->values[weight].name;
    const pare_tensor *w = model->values[weight].tensor;
    pare_tensor *q = NULL, *scale = NULL, *zero = NULL;
    pare_status st = make_codes(ctx, linear, w, codes, dtype, &q);
    if (!st) st = make_scales(ctx, linear, w, codes, dtype, &scale, &zero);
    if (st) {
        pare_tensor_unref(q);
        pare_tensor_unref(scale);
        pare_tensor_unref(zero);
        return st;
    }
    pare_builder b;
    pare_builder_init(&b, ctx, model->values[weight].graph);
    written->codes = pare_write_const(&b, name, "_quantized", q);
    written->scale = pare_write_const(&b, name, "_scale", scale);
    written->zero = pare_write_const(&b, name, "_zero_point", zero);
    return b.status;
}

pare_status pare_use_dequantized(pare_ctx *ctx, pare_model *model, const pare_linear *linear,
                                 int64_t block, const pare_quantized_weight *written,
                                 pare_node_id node, uint32_t slot)
{
    pare_builder b;
    pare_builder_init(&b, ctx, model->nodes[node].graph);
    b.before = node;
    const pare_value_id y =
        pare_emit(&b, "DequantizeLinear", written->codes, written->scale, written->zero);
    if (b.status) return b.status;
    if (model->values[written->scale].tensor->rank)
        pare_build_int(&b, "axis", block ? 1 - linear->weight_axis : linear->weight_axis);
    if (block) pare_build_int(&b, "block_size", block);
    if (b.status) return b.status;
    return pare_node_set_input(ctx, model, node, slot, y);
}

pare_status pare_write_tied(pare_ctx *ctx, pare_model *model, const pare_linear *linear,
                            int64_t block, const pare_quantized_weight *written)
{
    PARE_TRY(pare_use_dequantized(ctx, model, linear, block, written, linear->node, 1));
    return pare_write_drop(ctx, model, linear->weight);
}

pare_status pare_write_dequantize(pare_ctx *ctx, pare_model *model, const pare_linear *linear,
                                  const pare_weight_codes *codes, pare_dtype dtype,
                                  pare_quantized_weight *written)
{
    PARE_TRY(pare_make_dequantized(ctx, model, linear, codes, dtype, written));
    return pare_write_tied(ctx, model, linear, codes->form.block, written);
}

pare_status pare_use_table(pare_ctx *ctx, pare_model *model, pare_node_id gather,
                           const pare_quantized_weight *written)
{
    const pare_node *n = &model->nodes[gather];
    const pare_value_id weight = n->inputs[0].value, indices = n->inputs[1].value;
    const pare_tensor *scale = model->values[written->scale].tensor;
    const pare_dtype type = scale->dtype;
    const bool is_common = scale->rank == 0;
    const int64_t last = -1;
    pare_builder b;
    pare_builder_init(&b, ctx, n->graph);
    b.before = gather;
    const pare_value_id codes = pare_emit(&b, "Gather", written->codes, indices);
    const pare_node_id node = b.last;
    pare_value_id factor = written->scale;
    if (!is_common) {
        factor = pare_emit(&b, "Gather", written->scale, indices);
        factor = pare_emit(&b, "Unsqueeze", factor, pare_build_i64s(&b, "last", &last, 1));
    }
    const pare_value_id whole = pare_emit(&b, "Cast", codes);
    pare_build_int(&b, "to", type);
    const pare_value_id made = pare_emit(&b, "Mul", whole, factor);
    if (b.status) return b.status;
    PARE_TRY(pare_node_set_name(ctx, model, node, model->nodes[gather].name));
    PARE_TRY(pare_write_in_place(ctx, model, gather, made));
    return pare_write_drop(ctx, model, weight);
}
