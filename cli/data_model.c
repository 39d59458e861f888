#include "cli/data_model.h"

/* Rank 0 and unknown dims stay open. */
static void describe(pare_data_input *out, const pare_value *value, int64_t *dims)
{
    const pare_type *const type = value->type;
    *out = (pare_data_input){ .name = value->name };
    if (!type || type->kind != PARE_TYPE_TENSOR) return;
    out->dtype = type->dtype;
    out->has_shape = type->has_shape;
    out->rank = type->has_shape ? type->rank : 0;
    out->dims = dims;
    for (uint32_t d = 0; d < out->rank; d++)
        dims[d] = type->dims[d].kind == PARE_DIM_VALUE ? type->dims[d].value : -1;
}

pare_status pare_data_inputs_of(pare_ctx *ctx, pare_data_input **out, size_t *n,
                                const pare_model *model)
{
    const pare_decls *const inputs = &model->graph->inputs;
    const size_t n_bytes = inputs->n * (sizeof(**out) + PARE_MAX_DIMS * sizeof(int64_t)) + 1;
    *n = 0;
    *out = pare_alloc_zero(ctx, n_bytes);
    if (!*out) return pare_fail_memory(ctx, n_bytes);
    int64_t *dims = (int64_t *)(*out + inputs->n);
    for (size_t i = 0; i < inputs->n; i++, dims += PARE_MAX_DIMS) {
        const pare_value *const v = pare_value_at(model, inputs->items[i].value);
        if (!v->tensor && !v->sparse) describe(&(*out)[(*n)++], v, dims);
    }
    return PARE_OK;
}
