#include "op/evaluator.h"

#include <inttypes.h>
#include <stdio.h>

/* Running a whole model: what it is given, and what it gives. */

/* What a value is, in words. */
static const char *describe(char *out, size_t n_bytes, const pare_datum *datum)
{
    static const char *const kinds[] = { [PARE_TYPE_NONE] = "nothing",
                                         [PARE_TYPE_SEQUENCE] = "a sequence",
                                         [PARE_TYPE_OPTIONAL] = "an optional" };
    if (datum->kind != PARE_TYPE_TENSOR) {
        const bool known = datum->kind < sizeof(kinds) / sizeof(kinds[0]) && kinds[datum->kind];
        snprintf(out, n_bytes, "%s", known ? kinds[datum->kind] : "something else");
        return out;
    }
    const pare_tensor *t = datum->tensor;
    size_t used = (size_t)snprintf(out, n_bytes, "%s[", pare_dtype_name(t->dtype));
    for (uint32_t i = 0; i < t->rank && used + 24 < n_bytes; i++)
        used +=
            (size_t)snprintf(out + used, n_bytes - used, "%s%" PRId64, i ? "," : "", t->dims[i]);
    snprintf(out + used, n_bytes - used, "]");
    return out;
}

static bool tensor_fits(const pare_type *type, const pare_tensor *t)
{
    if (type->dtype && type->dtype != t->dtype) return false;
    if (!type->has_shape) return true;
    if (type->rank != t->rank) return false;
    for (uint32_t i = 0; i < type->rank; i++)
        if (type->dims[i].kind == PARE_DIM_VALUE && type->dims[i].value != t->dims[i]) return false;
    return true;
}

/* Whether a value is of a declared type (NULL: any); a plain value also passes for an optional. */
static bool fits(const pare_type *type, const pare_datum *datum)
{
    if (!type || type->kind == PARE_TYPE_NONE) return true;
    if (type->kind == PARE_TYPE_OPTIONAL && datum->kind != PARE_TYPE_OPTIONAL)
        return datum->kind == PARE_TYPE_NONE || fits(type->elem, datum);
    if (type->kind != datum->kind) return false;
    if (type->kind == PARE_TYPE_TENSOR) return tensor_fits(type, datum->tensor);
    for (size_t i = 0; i < datum->n_items; i++)
        if (!fits(type->elem, &datum->items[i])) return false;
    return true;
}

pare_status pare_eval_check_input(pare_ctx *ctx, const pare_value *v, const pare_datum *datum)
{
    char expected[256];
    char found[256];
    if (fits(v->type, datum)) return PARE_OK;
    return pare_fail(ctx, PARE_EFORMAT, "input '%s': expected %s, found %s", v->name,
                     pare_type_text(expected, sizeof(expected), v->type),
                     describe(found, sizeof(found), datum));
}

static pare_status check_given(pare_ctx *ctx, const pare_model *model,
                               const pare_eval_input *inputs, size_t at)
{
    const char *name = inputs[at].name;
    const pare_value_id id = pare_graph_find(model->graph, name);
    if (id == PARE_NONE || !model->values[id].is_input)
        return pare_fail(ctx, PARE_EFORMAT, "input '%s': the model has no input of this name",
                         name);
    for (size_t i = 0; i < at; i++)
        if (pare_str_eq(inputs[i].name, name))
            return pare_fail(ctx, PARE_EFORMAT, "input '%s': given twice", name);
    return pare_eval_check_input(ctx, &model->values[id], &inputs[at].datum);
}

pare_status pare_eval_check_inputs(pare_ctx *ctx, const pare_model *model,
                                   const pare_eval_input *inputs, size_t n)
{
    const pare_decls *decls = &model->graph->inputs;
    for (size_t i = 0; i < n; i++) PARE_TRY(check_given(ctx, model, inputs, i));
    for (size_t i = 0; i < decls->n; i++) {
        const pare_value *v = &model->values[decls->items[i].value];
        bool is_there = v->tensor || v->sparse || (v->type && v->type->kind == PARE_TYPE_OPTIONAL);
        for (size_t k = 0; !is_there && k < n; k++)
            is_there = inputs[k].datum.kind != PARE_TYPE_NONE &&
                       pare_str_eq(inputs[k].name, v->name);
        if (!is_there)
            return pare_fail(ctx, PARE_EFORMAT, "input '%s': expected a value, found none",
                             v->name);
    }
    return PARE_OK;
}

pare_status pare_eval_model(pare_ctx *ctx, pare_datum **out, const pare_model *model,
                            const pare_eval_input *inputs, size_t n_inputs,
                            const pare_eval_opts *opts)
{
    const pare_decls *outputs = &model->graph->outputs;
    pare_evaluator e;
    *out = NULL;
    pare_datum *results = pare_alloc_zero(ctx, (outputs->n + 1) * sizeof(*results));
    pare_status st = pare_evaluator_start(&e, ctx, model, opts, model->n_values);
    if (!st && !results) st = pare_fail_memory(ctx, (outputs->n + 1) * sizeof(*results));
    if (!st) st = pare_eval_check_inputs(ctx, model, inputs, n_inputs);
    for (size_t i = 0; !st && i < n_inputs; i++)
        st = pare_datum_copy(ctx, &e.datums[pare_graph_find(model->graph, inputs[i].name)],
                             &inputs[i].datum);
    if (!st) st = pare_evaluate_graph(&e, model->graph);
    for (size_t i = 0; !st && i < outputs->n; i++)
        st = pare_datum_copy(ctx, &results[i], &e.datums[outputs->items[i].value]);
    pare_evaluator_finish(&e);
    if (!st) {
        *out = results;
        return PARE_OK;
    }
    pare_datums_free(ctx, results, outputs->n);
    return st;
}
