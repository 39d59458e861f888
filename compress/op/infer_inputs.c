#include "op/inferer.h"

#include <inttypes.h>

/* The input of the main graph with this name, or PARE_NONE. */
static pare_value_id find_input(const pare_model *model, const char *name)
{
    pare_value_id id = PARE_NONE;
    if (!pare_map_get(&model->names, model->graph->scope, name, &id)) return PARE_NONE;
    return model->values[id].is_input ? id : PARE_NONE;
}

static pare_status check_asked(pare_ctx *ctx, const pare_model *model,
                               const pare_input_shape *asked, pare_value_id *out)
{
    *out = find_input(model, asked->name);
    if (*out == PARE_NONE)
        return pare_fail(ctx, PARE_EUSAGE,
                         "shape of '%s': expected an input of the model, found none", asked->name);
    const pare_type *type = model->values[*out].type;
    if (type && type->kind == PARE_TYPE_TENSOR && type->has_shape && type->rank != asked->rank)
        return pare_fail(ctx, PARE_EUSAGE,
                         "shape of '%s': expected %" PRIu32 " dimensions, found %" PRIu32,
                         asked->name, type->rank, asked->rank);
    return PARE_OK;
}

static pare_status bind(pare_inferer *inf, pare_binding *bindings, size_t *n, const char *name,
                        int64_t value)
{
    for (size_t i = 0; i < *n; i++) {
        if (!pare_str_eq(bindings[i].name, name)) continue;
        if (bindings[i].value == value) return PARE_OK;
        return pare_fail(inf->ctx, PARE_EUSAGE,
                         "dimension '%s': expected one value, found %" PRId64 " and %" PRId64, name,
                         bindings[i].value, value);
    }
    bindings[(*n)++] = (pare_binding){ name, value };
    return PARE_OK;
}

/* Compares a shape that the user gave with the declared one: symbols in it become bound, numbers
 * must be the same. */
static pare_status bind_shape(pare_inferer *inf, pare_binding *bindings, size_t *n,
                              const pare_input_shape *asked)
{
    pare_value_id id = PARE_NONE;
    PARE_TRY(check_asked(inf->ctx, inf->model, asked, &id));
    const pare_type *type = inf->model->values[id].type;
    if (!type || type->kind != PARE_TYPE_TENSOR || !type->has_shape) return PARE_OK;
    for (uint32_t i = 0; i < type->rank; i++) {
        const pare_dim *d = &type->dims[i];
        if (d->kind == PARE_DIM_VALUE && d->value >= 0 && d->value != asked->dims[i])
            return pare_fail(inf->ctx, PARE_EUSAGE,
                             "shape of '%s': expected %" PRId64 " in dimension %" PRIu32
                             ", found %" PRId64,
                             asked->name, d->value, i, asked->dims[i]);
        if (d->kind == PARE_DIM_PARAM && *d->param)
            PARE_TRY(bind(inf, bindings, n, d->param, asked->dims[i]));
    }
    return PARE_OK;
}

static size_t max_bindings(const pare_infer_opts *opts)
{
    size_t n = 1; /* the end */
    for (const pare_binding *b = opts->dims; b && b->name; b++) n++;
    for (size_t i = 0; i < opts->n_inputs; i++) n += opts->inputs[i].rank;
    return n;
}

static pare_status make_bindings(pare_inferer *inf)
{
    pare_shapes *s = inf->shapes;
    size_t n = 0;
    pare_binding *bindings =
        pare_arena_array(&s->arena, max_bindings(inf->opts), sizeof(*bindings));
    if (!bindings) return pare_arena_fail(inf->ctx, &s->arena);
    for (const pare_binding *b = inf->opts->dims; b && b->name; b++)
        PARE_TRY(bind(inf, bindings, &n, b->name, b->value));
    for (size_t i = 0; i < inf->opts->n_inputs; i++)
        PARE_TRY(bind_shape(inf, bindings, &n, &inf->opts->inputs[i]));
    s->bindings = bindings;
    return PARE_OK;
}

pare_status pare_infer_inputs(pare_inferer *inf)
{
    const pare_model *model = inf->model;
    PARE_TRY(make_bindings(inf));
    for (size_t i = 0; i < model->graph->inputs.n; i++) {
        const pare_value_id id = model->graph->inputs.items[i].value;
        inf->shapes->infos[id] = pare_info_from_type(inf->shapes, model->values[id].type);
    }
    return PARE_OK;
}

pare_status pare_infer_asked(pare_inferer *inf)
{
    const pare_model *model = inf->model;
    for (size_t i = 0; i < inf->opts->n_inputs; i++) {
        const pare_input_shape *asked = &inf->opts->inputs[i];
        pare_info *info = &inf->shapes->infos[find_input(model, asked->name)];
        pare_num *dims = NULL;
        *info = pare_info_ranked(inf->shapes, info->dtype, asked->rank, &dims);
        for (uint32_t k = 0; k < asked->rank; k++) dims[k] = pare_num_int(asked->dims[k]);
    }
    for (size_t i = 0; i < inf->opts->n_values; i++) {
        const pare_tensor *tensor = inf->opts->values[i].tensor;
        const pare_input_shape shape = { inf->opts->values[i].name, tensor->rank, tensor->dims };
        pare_value_id id = PARE_NONE;
        PARE_TRY(check_asked(inf->ctx, model, &shape, &id));
        inf->shapes->infos[id] = pare_info_from_tensor(inf->ctx, inf->shapes, tensor);
    }
    return PARE_OK;
}
