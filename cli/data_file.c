#include "cli/data_file.h"

/* What the data set is told of an input; false when it needs none, having a value of its own. */
static bool describe(pare_data_input *out, int64_t *dims, const pare_value *v)
{
    const pare_type *type = v->type;
    if (v->tensor) return false;
    *out = (pare_data_input){ .name = v->name, .dims = dims };
    if (!type || type->kind != PARE_TYPE_TENSOR) return true;
    out->dtype = type->dtype;
    out->has_shape = type->has_shape;
    out->rank = type->has_shape ? type->rank : 0;
    for (uint32_t i = 0; i < out->rank; i++)
        dims[i] = type->dims[i].kind == PARE_DIM_VALUE ? type->dims[i].value : -1;
    return true;
}

static pare_status open_for(pare_ctx *ctx, pare_dataset **out, const char *path,
                            const pare_model *model, const pare_data_choice *choice)
{
    pare_data_opts opts = { .choice = *choice };
    if (!model) return pare_data_open(ctx, out, path, &opts);
    const pare_decls *declared = &model->graph->inputs;
    pare_data_input *inputs = pare_alloc_zero(ctx, (declared->n + 1) * sizeof(*inputs));
    int64_t *dims = pare_alloc_zero(ctx, (declared->n + 1) * PARE_MAX_DIMS * sizeof(*dims));
    pare_status st = inputs && dims ? PARE_OK
                                    : pare_fail_memory(ctx, declared->n * sizeof(*inputs));
    for (size_t i = 0; !st && i < declared->n; i++)
        opts.n_inputs += describe(&inputs[opts.n_inputs], dims + i * PARE_MAX_DIMS,
                                  &model->values[declared->items[i].value]);
    opts.inputs = inputs;
    if (!st) st = pare_data_open(ctx, out, path, &opts);
    pare_free(ctx, inputs);
    pare_free(ctx, dims);
    return st;
}

pare_status pare_data_open_for(pare_bounded *bounded, pare_dataset **out, const char *path,
                               const pare_model *model, const pare_data_choice *choice)
{
    *out = NULL;
    return pare_bounded_fail(bounded, open_for(&bounded->ctx, out, path, model, choice));
}
