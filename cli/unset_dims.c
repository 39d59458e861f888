#include "cli/unset_dims.h"

#include <stdio.h>
#include <string.h>

typedef struct completing {
    pare_ctx *ctx;
    pare_arena *arena;
    const pare_model *model;
    pare_dims_set *out;
    pare_binding *dims;
    size_t n_dims, dims_cap;
    pare_input_shape *inputs;
    size_t n_inputs, inputs_cap;
    int64_t batch;
    bool warn, batch_differs;
    const char *path;
} completing;

/* The declared type of the next input that data is given to, NULL behind the last. */
static const pare_type *next_input(const completing *c, size_t *i, const char **name)
{
    const pare_decls *const inputs = &c->model->graph->inputs;
    for (; *i < inputs->n; (*i)++) {
        if (inputs->items[*i].value == PARE_NONE) continue;
        const pare_value *const v = &c->model->values[inputs->items[*i].value];
        if (v->tensor || v->sparse || !v->type || v->type->kind != PARE_TYPE_TENSOR) continue;
        *name = pare_str_or_empty(v->name);
        return v->type;
    }
    return NULL;
}

static const pare_input_shape *find_shape(const completing *c, const char *name)
{
    for (size_t i = 0; i < c->n_inputs; i++)
        if (pare_str_eq(c->inputs[i].name, name)) return &c->inputs[i];
    return NULL;
}

static const pare_binding *find_dim(const completing *c, const char *name)
{
    for (size_t i = 0; i < c->n_dims; i++)
        if (pare_str_eq(c->dims[i].name, name)) return &c->dims[i];
    return NULL;
}

static bool has_name(const pare_dim *dim)
{
    return dim->kind == PARE_DIM_PARAM && *dim->param;
}

/* Whether an open dimension counts samples: a leading one that is not called a length. */
static bool is_batch(const pare_type *type, uint32_t d)
{
    static const char *const lengths[] = { "seq", "len", "time", "frames", "tokens" };
    char lower[64];
    if (d || type->dims[0].kind == PARE_DIM_VALUE) return false;
    if (!has_name(&type->dims[0])) return true;
    snprintf(lower, sizeof(lower), "%s", type->dims[0].param);
    for (char *p = lower; *p; p++)
        if (*p >= 'A' && *p <= 'Z') *p = (char)(*p - 'A' + 'a');
    for (size_t i = 0; i < PARE_COUNT_OF(lengths); i++)
        if (strstr(lower, lengths[i])) return false;
    return true;
}

static pare_status add_dim(completing *c, const char *name, int64_t value)
{
    if (!pare_arena_grow(c->arena, &c->dims, &c->dims_cap, c->n_dims + 2, sizeof(c->dims[0])))
        return pare_arena_fail(c->ctx, c->arena);
    c->dims[c->n_dims++] = (pare_binding){ name, value };
    c->dims[c->n_dims] = (pare_binding){ 0 };
    return PARE_OK;
}

static pare_status add_shape(completing *c, const pare_input_shape *shape)
{
    if (!pare_arena_grow(c->arena, &c->inputs, &c->inputs_cap, c->n_inputs + 1,
                         sizeof(c->inputs[0]))) return pare_arena_fail(c->ctx, c->arena);
    c->inputs[c->n_inputs++] = *shape;
    return PARE_OK;
}

static void warn_one(const completing *c, const char *input, const pare_type *type, uint32_t d)
{
    if (!c->warn) return;
    if (has_name(&type->dims[d]))
        pare_warn(c->ctx, "%s: dimension '%s' of input '%s' is not set and taken as 1 for the "
                          "estimate; --dim %s=N sets it", c->path, type->dims[d].param, input,
                  type->dims[d].param);
    else
        pare_warn(c->ctx, "%s: dimension %u of input '%s' is not set and taken as 1 for the "
                          "estimate; --shape %s=... sets it", c->path, (unsigned)d, input, input);
}

/* All symbols first: inputs with nameless dimensions need whole shapes, made of their values. */
static pare_status set_symbols(completing *c, const char *input, const pare_type *type)
{
    for (uint32_t d = 0; d < type->rank; d++) {
        if (!has_name(&type->dims[d]) || find_dim(c, type->dims[d].param)) continue;
        if (!is_batch(type, d)) warn_one(c, input, type, d);
        PARE_TRY(add_dim(c, type->dims[d].param, is_batch(type, d) ? c->batch : 1));
    }
    return PARE_OK;
}

static pare_status set_nameless(completing *c, const char *input, const pare_type *type)
{
    bool any = false;
    for (uint32_t d = 0; d < type->rank; d++)
        any |= type->dims[d].kind != PARE_DIM_VALUE && !has_name(&type->dims[d]);
    if (!any) return PARE_OK;
    int64_t *const dims = pare_arena_array(c->arena, type->rank, sizeof(*dims));
    if (!dims) return pare_arena_fail(c->ctx, c->arena);
    for (uint32_t d = 0; d < type->rank; d++) {
        const pare_dim *const dim = &type->dims[d];
        if (dim->kind == PARE_DIM_VALUE) dims[d] = dim->value;
        else if (has_name(dim)) dims[d] = find_dim(c, dim->param)->value;
        else dims[d] = is_batch(type, d) ? c->batch : 1;
        if (dim->kind != PARE_DIM_VALUE && !has_name(dim) && !is_batch(type, d))
            warn_one(c, input, type, d);
    }
    const pare_input_shape shape = { .name = input, .rank = type->rank, .dims = dims };
    return add_shape(c, &shape);
}

/* What the leading dimension of an input came to, if the input leaves it open. */
static void count_inferences(completing *c, const char *input, const pare_type *type)
{
    if (!type->has_shape || !type->rank || !is_batch(type, 0)) return;
    const pare_input_shape *const shape = find_shape(c, input);
    const pare_binding *const dim = has_name(&type->dims[0]) ? find_dim(c, type->dims[0].param)
                                                              : NULL;
    const int64_t n = shape && shape->rank ? shape->dims[0] : dim ? dim->value : 1;
    if (c->out->n_inferences && c->out->n_inferences != (uint64_t)n) c->batch_differs = true;
    c->out->n_inferences = n > 0 ? (uint64_t)n : 1;
}

static pare_status take_given(completing *c, const pare_infer_opts *given)
{
    for (const pare_binding *b = given->dims; b && b->name; b++)
        PARE_TRY(add_dim(c, b->name, b->value));
    for (size_t i = 0; i < given->n_inputs; i++) PARE_TRY(add_shape(c, &given->inputs[i]));
    return PARE_OK;
}

pare_status pare_dims_complete(pare_ctx *ctx, pare_arena *arena, pare_dims_set *out,
                               const pare_model *model, const pare_infer_opts *given,
                               int64_t batch, bool warn, const char *path)
{
    completing c = { .ctx = ctx, .arena = arena, .model = model, .out = out,
                     .batch = batch > 0 ? batch : 1, .warn = warn, .path = path };
    const pare_type *type = NULL;
    const char *name = NULL;
    *out = (pare_dims_set){ 0 };
    PARE_TRY(take_given(&c, given));
    for (size_t i = 0; (type = next_input(&c, &i, &name)); i++)
        if (type->has_shape && !find_shape(&c, name)) PARE_TRY(set_symbols(&c, name, type));
    for (size_t i = 0; (type = next_input(&c, &i, &name)); i++) {
        if (type->has_shape && !find_shape(&c, name)) PARE_TRY(set_nameless(&c, name, type));
        if (!type->has_shape && !find_shape(&c, name) && warn)
            pare_warn(ctx, "%s: nothing is known about the shape of input '%s'; --shape %s=... "
                           "sets it", path, name, name);
        count_inferences(&c, name, type);
    }
    if (c.batch_differs || !out->n_inferences) out->n_inferences = 1;
    out->opts = *given;
    out->opts.inputs = c.inputs;
    out->opts.n_inputs = c.n_inputs;
    out->opts.dims = c.dims;
    return PARE_OK;
}
