#include "quant/writer.h"

#include "op/wide.h"

#include <stdio.h>

enum { NAME_BYTES = 512 };

pare_value_id pare_write_const(pare_builder *b, const char *base, const char *suffix,
                               pare_tensor *tensor)
{
    char name[NAME_BYTES];
    snprintf(name, sizeof(name), "%.480s%s", base, suffix);
    return pare_build_const(b, name, tensor);
}

pare_status pare_write_floats(pare_ctx *ctx, pare_dtype type, uint32_t rank, const int64_t *dims,
                              const float *x, pare_tensor **out)
{
    PARE_TRY(pare_tensor_new(ctx, out, type, rank, dims));
    pare_wide_store_as(PARE_WIDE_F32, PARE_STORE_DEFAULT, type,
                       (uint8_t *)(uintptr_t)(*out)->payload.data, 0, (*out)->n_elements, x);
    return PARE_OK;
}

pare_status pare_write_in_place(pare_ctx *ctx, pare_model *model, pare_node_id node,
                                pare_value_id made)
{
    const pare_value_id y = model->nodes[node].outputs[0];
    const pare_node_id last = model->values[made].producer;
    pare_value_detach(model, y);
    PARE_TRY(pare_node_remove(ctx, model, node));
    pare_value_detach(model, made);
    PARE_TRY(pare_node_set_output(ctx, model, last, 0, y));
    return pare_value_remove(ctx, model, made);
}

pare_status pare_write_drop(pare_ctx *ctx, pare_model *model, pare_value_id weight)
{
    if (model->values[weight].n_uses || model->values[weight].is_input) return PARE_OK;
    return pare_value_remove(ctx, model, weight);
}
