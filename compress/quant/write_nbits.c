#include "quant/writer.h"

bool pare_can_be_nbits(const pare_linear *linear)
{
    if (linear->kind == PARE_LINEAR_MATMUL) return true;
    return linear->kind == PARE_LINEAR_GEMM && linear->input_axis == -1 && linear->factor == 1 &&
           (linear->bias_factor == 1 || linear->bias == PARE_NONE);
}

/* Code i takes the bits from i * bits on, low ones first; what is behind n stays 0. */
static void pack(int bits, int64_t n, const int8_t *codes, uint8_t *out)
{
    for (int64_t i = 0; i < n; i++) {
        const uint32_t at = (uint32_t)(i * bits % 8);
        const uint32_t code = (uint32_t)(uint8_t)codes[i] << at;
        out[i * bits / 8] |= (uint8_t)code;
        if (at + (uint32_t)bits > 8) out[i * bits / 8 + 1] |= (uint8_t)(code >> 8);
    }
}

static pare_status make_packed(pare_ctx *ctx, const pare_weight_codes *c, int bits,
                               pare_tensor **out)
{
    const int64_t block = c->form.block, bytes = block * bits / 8;
    const int64_t dims[] = { c->n_rows, c->blocks, bytes };
    PARE_TRY(pare_tensor_new(ctx, out, PARE_UINT8, 3, dims));
    uint8_t *to = (uint8_t *)(uintptr_t)(*out)->payload.data;
    for (int64_t o = 0; o < c->n_rows; o++)
        for (int64_t b = 0; b < c->blocks; b++, to += bytes) {
            const int64_t at = b * block, left = c->row - at;
            pack(bits, left < block ? left : block, c->codes + o * c->row + at, to);
        }
    return PARE_OK;
}

/* One zero point per block, rows padded to whole bytes. */
static pare_status make_zeros(pare_ctx *ctx, const pare_weight_codes *c, int bits,
                              pare_tensor **out)
{
    const int64_t bytes = (c->blocks * bits + 7) / 8, dims[] = { c->n_rows * bytes };
    int8_t *row = pare_alloc(ctx, (size_t)c->blocks);
    if (!row) return pare_fail_memory(ctx, (size_t)c->blocks);
    const pare_status st = pare_tensor_new(ctx, out, PARE_UINT8, 1, dims);
    for (int64_t o = 0; !st && o < c->n_rows; o++) {
        for (int64_t b = 0; b < c->blocks; b++) row[b] = (int8_t)c->zeros[o * c->blocks + b];
        pack(bits, c->blocks, row, (uint8_t *)(uintptr_t)(*out)->payload.data + o * bytes);
    }
    pare_free(ctx, row);
    return st;
}

/* The inputs B, scales, zero_points. */
static pare_status add_codes(pare_ctx *ctx, pare_builder *b, const char *name,
                             const pare_weight_codes *c, int bits, pare_value_id in[3])
{
    const int64_t dims[] = { c->n_rows * c->blocks };
    pare_tensor *t = NULL;
    PARE_TRY(make_packed(ctx, c, bits, &t));
    in[0] = pare_write_const(b, name, "_quantized", t);
    PARE_TRY(pare_tensor_from(ctx, &t, PARE_FLOAT, 1, dims, c->scales));
    in[1] = pare_write_const(b, name, "_scale", t);
    in[2] = PARE_NONE;
    if (c->form.symmetric && c->form.zero == 1 << (bits - 1)) return PARE_OK;
    PARE_TRY(make_zeros(ctx, c, bits, &t));
    in[2] = pare_write_const(b, name, "_zero_point", t);
    return PARE_OK;
}

pare_status pare_write_nbits(pare_ctx *ctx, pare_model *model, const pare_linear *linear,
                             const pare_weight_codes *codes, int bits, int64_t accuracy_level)
{
    const pare_node *n = &model->nodes[linear->node];
    const pare_value_id y = n->outputs[0], x = n->inputs[0].value;
    const pare_value_id weight = linear->weight;
    pare_builder b;
    pare_value_id in[4] = { x };
    pare_builder_init(&b, ctx, n->graph);
    b.before = linear->node;
    PARE_TRY(pare_opsets_add(ctx, model, &model->opsets, "com.microsoft", 1, NULL));
    PARE_TRY(add_codes(ctx, &b, model->values[weight].name, codes, bits, in + 1));
    pare_value_id made = pare_emit_n(&b, "MatMulNBits", in, in[3] == PARE_NONE ? 3 : 4, 1);
    const pare_node_id node = b.last;
    pare_build_domain(&b, "com.microsoft");
    pare_build_int(&b, "K", codes->row);
    pare_build_int(&b, "N", codes->n_rows);
    pare_build_int(&b, "bits", bits);
    pare_build_int(&b, "block_size", codes->form.block);
    pare_build_int(&b, "accuracy_level", accuracy_level);
    if (linear->bias != PARE_NONE) made = pare_emit(&b, "Add", made, linear->bias);
    if (b.status) return b.status;
    const pare_node_id last = b.last;
    const char *name = model->nodes[linear->node].name;
    PARE_TRY(pare_node_set_name(ctx, model, node, name));
    pare_value_detach(model, y);
    PARE_TRY(pare_node_remove(ctx, model, linear->node));
    pare_value_detach(model, made);
    PARE_TRY(pare_node_set_output(ctx, model, last, 0, y));
    PARE_TRY(pare_value_remove(ctx, model, made));
    return pare_write_drop(ctx, model, weight);
}
