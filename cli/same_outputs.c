#include "cli/same_outputs.h"

#include <inttypes.h>
#include <string.h>

/* Operators that draw random numbers, by nodes that may stand elsewhere afterwards. */
static const pare_node *random_node(const pare_model *model)
{
    static const char *const names[] = { "Bernoulli", "Multinomial", "RandomNormal",
                                         "RandomNormalLike", "RandomUniform",
                                         "RandomUniformLike" };
    for (size_t i = 0; i < model->n_nodes; i++) {
        const pare_node *n = &model->nodes[i];
        if (!n->graph || pare_node_attr(n, "seed")) continue;
        for (size_t k = 0; k < PARE_COUNT_OF(names); k++)
            if (pare_str_eq(pare_str_or_empty(n->op_type), names[k])) return n;
    }
    return NULL;
}

static bool same_element(const pare_tensor *a, const pare_tensor *b, int64_t i)
{
    const uint32_t bits = pare_dtype_of(a->dtype)->bits;
    if (a->dtype == PARE_STRING)
        return a->strings[i].n == b->strings[i].n &&
               (!a->strings[i].n ||
                !memcmp(a->strings[i].data, b->strings[i].data, a->strings[i].n));
    const size_t from = (size_t)i * bits / 8, n = bits < 8 ? 1 : bits / 8;
    return !memcmp(a->payload.data + from, b->payload.data + from, n);
}

static bool same_tensor(const pare_tensor *a, const pare_tensor *b, int64_t *at)
{
    *at = 0;
    if (a->dtype != b->dtype || a->rank != b->rank ||
        (a->rank && memcmp(a->dims, b->dims, a->rank * sizeof(*a->dims)))) return false;
    while (*at < a->n_elements && same_element(a, b, *at)) ++*at;
    return *at == a->n_elements;
}

/* Recursion: as deep as types are. */
static bool same_datum(const pare_datum *a, const pare_datum *b, int64_t *at)
{
    *at = 0;
    if (a->kind != b->kind || a->n_items != b->n_items) return false;
    if (a->kind == PARE_TYPE_TENSOR) return same_tensor(a->tensor, b->tensor, at);
    for (size_t i = 0; i < a->n_items; i++)
        if (!same_datum(&a->items[i], &b->items[i], at)) return false;
    return true;
}

static pare_status compare(pare_app *app, const pare_model *model, const pare_datum *a,
                           const pare_datum *b)
{
    const pare_decls *outputs = &model->graph->outputs;
    for (size_t i = 0; i < outputs->n; i++) {
        int64_t at = 0;
        if (!same_datum(&a[i], &b[i], &at))
            return pare_fail(&app->ctx, PARE_EIO,
                             "output '%s' is not what it was, from element %" PRId64
                             " on; this is a mistake in pare",
                             model->values[outputs->items[i].value].name, at);
    }
    return PARE_OK;
}

/* Failures that say something about the model or the machine, not about what was done to it. */
static bool is_excuse(pare_status st)
{
    return st == PARE_EUSAGE || st == PARE_EFORMAT || st == PARE_EUNSUPPORTED || st == PARE_EBUDGET;
}

static pare_status run_both(pare_bounded *bounded, bool *compared, const pare_model *before,
                            const pare_model *after, const pare_eval_input *inputs, size_t n)
{
    pare_ctx *const ctx = &bounded->app->ctx;
    pare_datum *a = NULL, *b = NULL;
    pare_status st = pare_bounded_eval(bounded, &a, before, inputs, n, 0);
    if (st && is_excuse(st)) {
        pare_warn(ctx, "outputs before and after could not be compared: %s", ctx->message);
        return PARE_OK;
    }
    if (!st) {
        st = pare_bounded_eval(bounded, &b, after, inputs, n, 0);
        if (st && is_excuse(st))
            st = pare_fail_in(ctx, PARE_EIO, "it no longer runs; this is a mistake in pare: ");
    }
    if (!st) st = compare(bounded->app, before, a, b);
    *compared = !st;
    pare_bounded_drop(bounded, a, before);
    pare_bounded_drop(bounded, b, after);
    return st;
}

pare_status pare_same_outputs(pare_app *app, bool *compared, const pare_model *before,
                              const pare_model *after, const pare_infer_opts *shapes)
{
    const pare_node *random = random_node(before);
    pare_bounded bounded;
    pare_eval_input *inputs = NULL;
    size_t n = 0;
    *compared = false;
    if (random) {
        pare_warn(&app->ctx, "outputs before and after were not compared: node '%s' (%s) draws "
                  "random numbers", pare_str_or_empty(random->name), random->op_type);
        return PARE_OK;
    }
    pare_bounded_init(&bounded, app);
    const pare_sample_opts opts = { .shapes = shapes, .quiet = true };
    pare_status st = pare_bounded_fail(
        &bounded, pare_sample_inputs(&bounded.ctx, &inputs, &n, before, &opts));
    if (st && is_excuse(st)) {
        pare_warn(&app->ctx, "outputs before and after could not be compared: %s",
                  app->ctx.message);
        return PARE_OK;
    }
    if (!st) st = run_both(&bounded, compared, before, after, inputs, n);
    pare_sample_free(&bounded.ctx, inputs, n);
    return st;
}
