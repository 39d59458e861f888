#include "quant/writer.h"

#include <string.h>

bool pare_can_be_nbits(const pare_linear *linear)
{
    if (linear->kind == PARE_LINEAR_MATMUL) return true;
    return linear->kind == PARE_LINEAR_GEMM && linear->input_axis == -1;
}

/* --- initializers ----------------------------------------------------------------------------- */

void pare_write_pack(int bits, int add, int64_t n, const int8_t *codes, uint8_t *out)
{
    const uint32_t mask = (1u << bits) - 1;
    for (int64_t i = 0; i < n; i++) {
        const uint32_t at = (uint32_t)(i * bits % 8);
        const uint32_t code = ((uint32_t)(codes[i] + add) & mask) << at;
        out[i * bits / 8] |= (uint8_t)code;
        if (at + (uint32_t)bits > 8) out[i * bits / 8 + 1] |= (uint8_t)(code >> 8);
    }
}

/* What makes codes start at 0. */
static int shift_of(const pare_weight_codes *c, int bits)
{
    return c->form.low < 0 ? 1 << (bits - 1) : 0;
}

static pare_status make_packed(pare_ctx *ctx, const pare_weight_codes *c, int bits,
                               pare_nbits_shape shape, pare_tensor **out)
{
    const int64_t block = c->form.block, bytes = block * bits / 8;
    const int64_t row_bytes = (c->row * bits + 7) / 8;
    const int64_t in_blocks[] = { c->n_rows, c->blocks, bytes },
                  in_rows[] = { c->n_rows, row_bytes };
    const bool is_table = shape == PARE_NBITS_TABLE;
    PARE_TRY(pare_tensor_new(ctx, out, PARE_UINT8, is_table ? 2 : 3,
                             is_table ? in_rows : in_blocks));
    uint8_t *to = (uint8_t *)(uintptr_t)(*out)->payload.data;
    const int64_t stride = is_table ? row_bytes : c->blocks * bytes;
    for (int64_t o = 0; o < c->n_rows; o++)
        pare_write_pack(bits, shift_of(c, bits), c->row, c->codes + o * c->row, to + o * stride);
    return PARE_OK;
}

/* One zero point per block, rows padded to whole bytes. */
static pare_status make_zeros(pare_ctx *ctx, const pare_weight_codes *c, int bits,
                              pare_nbits_shape shape, pare_tensor **out)
{
    const int64_t bytes = (c->blocks * bits + 7) / 8;
    const int64_t flat[] = { c->n_rows * bytes }, in_rows[] = { c->n_rows, bytes };
    const bool is_flat = shape == PARE_NBITS_PRODUCT;
    int8_t *row = pare_alloc(ctx, (size_t)c->blocks);
    if (!row) return pare_fail_memory(ctx, (size_t)c->blocks);
    const pare_status st =
        pare_tensor_new(ctx, out, PARE_UINT8, is_flat ? 1 : 2, is_flat ? flat : in_rows);
    for (int64_t o = 0; !st && o < c->n_rows; o++) {
        for (int64_t b = 0; b < c->blocks; b++) row[b] = (int8_t)c->zeros[o * c->blocks + b];
        pare_write_pack(bits, shift_of(c, bits), c->blocks, row,
             (uint8_t *)(uintptr_t)(*out)->payload.data + o * bytes);
    }
    pare_free(ctx, row);
    return st;
}

pare_status pare_make_nbits(pare_ctx *ctx, pare_model *model, pare_value_id weight,
                            const pare_weight_codes *codes, int bits, pare_nbits_shape shape,
                            pare_dtype type, pare_nbits_weight *written)
{
    const pare_weight_codes *c = codes;
    const int64_t flat[] = { c->n_rows * c->blocks }, in_rows[] = { c->n_rows, c->blocks };
    const char *name = model->values[weight].name;
    const bool is_flat = shape == PARE_NBITS_PRODUCT;
    pare_tensor *t = NULL;
    pare_builder b;
    pare_builder_init(&b, ctx, model->values[weight].graph);
    *written = (pare_nbits_weight){ .zero = PARE_NONE, .n_rows = c->n_rows, .row = c->row,
                                    .block = c->form.block, .bits = bits };
    PARE_TRY(make_packed(ctx, c, bits, shape, &t));
    written->codes = pare_write_const(&b, name, "_quantized", t);
    if (b.status) return b.status;
    PARE_TRY(pare_write_floats(ctx, type, is_flat ? 1 : 2, is_flat ? flat : in_rows, c->scales,
                               &t));
    written->scale = pare_write_const(&b, name, "_scale", t);
    if (b.status) return b.status;
    if (c->form.symmetric && c->form.zero + shift_of(c, bits) == 1 << (bits - 1)) return PARE_OK;
    PARE_TRY(make_zeros(ctx, c, bits, shape, &t));
    written->zero = pare_write_const(&b, name, "_zero_point", t);
    return b.status;
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* A number of the type of the scales. */
static pare_value_id scalar_like(pare_builder *b, const pare_value *scale, const char *name,
                                 float value)
{
    pare_tensor *t = NULL;
    const pare_status st = pare_write_floats(b->ctx, scale->tensor->dtype, 0, NULL, &value, &t);
    if (st && !b->status) b->status = st;
    return st ? PARE_NONE : pare_write_const(b, name, "", t);
}

/* alpha and bias of a Gemm, behind what was made. */
static pare_value_id finish(pare_builder *b, const pare_linear *l, const pare_value *scale,
                            pare_value_id made)
{
    pare_value_id bias = l->bias;
    if (l->factor != 1) made = pare_emit(b, "Mul", made, scalar_like(b, scale, "alpha", l->factor));
    if (bias == PARE_NONE || l->bias_factor == 0) return made;
    if (l->bias_factor != 1)
        bias = pare_emit(b, "Mul", bias, scalar_like(b, scale, "beta", l->bias_factor));
    return pare_emit(b, "Add", made, bias);
}

pare_status pare_use_nbits(pare_ctx *ctx, pare_model *model, const pare_linear *linear,
                           const pare_nbits_weight *written, int64_t accuracy_level)
{
    const pare_nbits_weight *w = written;
    const pare_node_id old = linear->node;
    const pare_value_id in[] = { model->nodes[old].inputs[0].value, w->codes, w->scale, w->zero };
    pare_builder b;
    pare_builder_init(&b, ctx, model->nodes[old].graph);
    b.before = old;
    PARE_TRY(pare_opsets_add(ctx, model, &model->opsets, "com.microsoft", 1, NULL));
    pare_value_id made = pare_emit_n(&b, "MatMulNBits", in, w->zero == PARE_NONE ? 3 : 4, 1);
    const pare_node_id node = b.last;
    pare_build_domain(&b, "com.microsoft");
    pare_build_int(&b, "K", w->row);
    pare_build_int(&b, "N", w->n_rows);
    pare_build_int(&b, "bits", w->bits);
    pare_build_int(&b, "block_size", w->block);
    pare_build_int(&b, "accuracy_level", accuracy_level);
    if (b.status) return b.status;
    const pare_value scale = model->values[w->scale];
    made = finish(&b, linear, &scale, made);
    if (b.status) return b.status;
    PARE_TRY(pare_node_set_name(ctx, model, node, model->nodes[old].name));
    PARE_TRY(pare_write_in_place(ctx, model, old, made));
    return pare_write_drop(ctx, model, linear->weight);
}

/* Codes in rows, for a table that shares them with products. */
static pare_value_id in_rows(pare_builder *b, const pare_nbits_weight *w)
{
    const int64_t dims[] = { w->n_rows, w->row * w->bits / 8 };
    return pare_emit(b, "Reshape", w->codes, pare_build_i64s(b, "table_shape", dims, 2));
}

pare_status pare_use_nbits_table(pare_ctx *ctx, pare_model *model, pare_node_id gather,
                                 const pare_nbits_weight *written, pare_value_id *reshaped)
{
    const pare_nbits_weight *w = written;
    const pare_node *n = &model->nodes[gather];
    const pare_value_id weight = n->inputs[0].value, indices = n->inputs[1].value;
    pare_builder b;
    pare_builder_init(&b, ctx, n->graph);
    b.before = gather;
    pare_value_id codes = w->codes;
    PARE_TRY(pare_opsets_add(ctx, model, &model->opsets, "com.microsoft", 1, NULL));
    if (model->values[codes].tensor->rank == 3) {
        if (*reshaped == PARE_NONE || model->values[*reshaped].graph != n->graph)
            *reshaped = in_rows(&b, w);
        codes = *reshaped;
    }
    const pare_value_id in[] = { codes, indices, w->scale, w->zero };
    const pare_value_id made =
        pare_emit_n(&b, "GatherBlockQuantized", in, w->zero == PARE_NONE ? 3 : 4, 1);
    const pare_node_id node = b.last;
    pare_build_domain(&b, "com.microsoft");
    pare_build_int(&b, "bits", w->bits);
    pare_build_int(&b, "block_size", w->block);
    pare_build_int(&b, "gather_axis", 0);
    pare_build_int(&b, "quantize_axis", 1);
    if (b.status) return b.status;
    PARE_TRY(pare_node_set_name(ctx, model, node, model->nodes[gather].name));
    PARE_TRY(pare_write_in_place(ctx, model, gather, made));
    return pare_write_drop(ctx, model, weight);
}

pare_status pare_write_nbits(pare_ctx *ctx, pare_model *model, const pare_linear *linear,
                             const pare_weight_codes *codes, int bits, int64_t accuracy_level)
{
    pare_nbits_weight written;
    PARE_TRY(pare_make_nbits(ctx, model, linear->weight, codes, bits, PARE_NBITS_PRODUCT,
                             model->values[linear->weight].tensor->dtype, &written));
    return pare_use_nbits(ctx, model, linear, &written, accuracy_level);
}
