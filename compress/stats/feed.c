#include "stats/feed.h"

#include "op/wide.h"

#include <math.h>

/* The input that must be given, where there is just one; else NULL. */
static const pare_value *only_input(const pare_model *model)
{
    const pare_value *only = NULL;
    for (size_t i = 0; i < model->graph->inputs.n; i++) {
        const pare_value *v = &model->values[model->graph->inputs.items[i].value];
        if (v->tensor) continue;
        if (only) return NULL;
        only = v;
    }
    return only;
}

pare_status pare_feed_begin(pare_ctx *ctx, pare_feed *feed, const pare_dataset *data,
                            const pare_model *model)
{
    const size_t n = data->n_inputs + 1;
    const pare_value *const only = only_input(model);
    *feed = (pare_feed){ .data = data };
    feed->names = pare_alloc_zero(ctx, n * sizeof(*feed->names));
    feed->dtypes = pare_alloc_zero(ctx, n * sizeof(*feed->dtypes));
    if (!feed->names || !feed->dtypes) return pare_fail_memory(ctx, n * sizeof(*feed->names));
    for (size_t i = 0; i < data->n_inputs; i++) {
        const pare_value_id id = pare_graph_find(model->graph, data->inputs[i]);
        const pare_value *v = id == PARE_NONE ? NULL : &model->values[id];
        if (!v && data->n_inputs == 1) v = only;
        feed->names[i] = v ? v->name : data->inputs[i];
        if (v && v->type && v->type->kind == PARE_TYPE_TENSOR) feed->dtypes[i] = v->type->dtype;
        if (!v && !*data->inputs[i])
            return pare_fail(ctx, PARE_EFORMAT,
                             "the model has several inputs, and the data do not say for which one "
                             "they are: name each under `inputs:`");
    }
    return PARE_OK;
}

void pare_feed_end(pare_ctx *ctx, pare_feed *feed)
{
    pare_free(ctx, feed->names);
    pare_free(ctx, feed->dtypes);
}

static bool is_floating(pare_wide wide)
{
    return wide == PARE_WIDE_F32 || wide == PARE_WIDE_F64;
}

static bool has_nan(const pare_tensor *t)
{
    double block[PARE_WIDE_BLOCK];
    if (!is_floating(pare_wide_of(t->dtype))) return false;
    for (int64_t i = 0; i < t->n_elements; i += PARE_WIDE_BLOCK) {
        const int64_t rest = t->n_elements - i;
        const int64_t n = rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK;
        bool found = false;
        pare_wide_load_as(PARE_WIDE_F64, t->dtype, t->payload.data, i, 1, n, block);
        for (int64_t k = 0; k < n; k++) found |= isnan(block[k]);
        if (found) return true;
    }
    return false;
}

/* Makes *t a tensor of another floating-point type, where it is one. */
static pare_status make_type(pare_ctx *ctx, pare_tensor **t, pare_dtype dtype)
{
    pare_tensor *from = *t, *to = NULL;
    uint8_t *data = NULL;
    if (from->dtype == dtype || !is_floating(pare_wide_of(from->dtype)) ||
        !is_floating(pare_wide_of(dtype)))
        return PARE_OK;
    pare_status st = pare_tensor_new(ctx, &to, dtype, from->rank, from->dims);
    if (!st) st = pare_tensor_own(ctx, &to, &data);
    for (int64_t i = 0; !st && i < from->n_elements; i += PARE_WIDE_BLOCK) {
        double block[PARE_WIDE_BLOCK];
        const int64_t rest = from->n_elements - i;
        const int64_t n = rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK;
        pare_wide_load_as(PARE_WIDE_F64, from->dtype, from->payload.data, i, 1, n, block);
        pare_wide_store_as(PARE_WIDE_F64, PARE_STORE_DEFAULT, dtype, data, i, n, block);
    }
    if (st) {
        pare_tensor_unref(to);
        return st;
    }
    pare_tensor_unref(from);
    *t = to;
    return PARE_OK;
}

static pare_status load(pare_ctx *ctx, const pare_feed *feed, uint64_t sample,
                        pare_tensor **tensors, pare_eval_input *out, bool *skipped)
{
    const pare_dataset *data = feed->data;
    PARE_TRY(data->load(data->self, ctx, sample, tensors));
    *skipped = data->n_inputs && !tensors[0];
    for (size_t i = 0; !*skipped && i < data->n_inputs; i++) {
        if (has_nan(tensors[i]))
            return pare_fail(ctx, PARE_EFORMAT,
                             "input '%s' has NaN among its elements: mend the data, or the `mean` "
                             "and `std` of its preprocessing", data->inputs[i]);
        PARE_TRY(make_type(ctx, &tensors[i], feed->dtypes[i]));
        out[i].name = feed->names[i];
        out[i].datum = (pare_datum){ .kind = PARE_TYPE_TENSOR, .tensor = tensors[i] };
        tensors[i] = NULL;
    }
    return PARE_OK;
}

pare_status pare_feed_load(pare_ctx *ctx, const pare_feed *feed, uint64_t sample,
                           pare_eval_input *out, bool *skipped)
{
    const size_t n = feed->data->n_inputs;
    char name[256];
    *skipped = false;
    for (size_t i = 0; i < n; i++) out[i] = (pare_eval_input){ 0 };
    pare_tensor **tensors = pare_alloc_zero(ctx, (n + 1) * sizeof(*tensors));
    if (!tensors) return pare_fail_memory(ctx, (n + 1) * sizeof(*tensors));
    const pare_status st = load(ctx, feed, sample, tensors, out, skipped);
    for (size_t i = 0; i < n; i++) pare_tensor_unref(tensors[i]);
    pare_free(ctx, tensors);
    if (st) pare_feed_drop(ctx, feed, out);
    if (!st || st == PARE_ECANCELED || st == PARE_ENOMEM) return st;
    return pare_fail_in(ctx, st, "sample '%s': ",
                        feed->data->name(feed->data->self, sample, name, sizeof(name)));
}

void pare_feed_drop(pare_ctx *ctx, const pare_feed *feed, pare_eval_input *inputs)
{
    for (size_t i = 0; i < feed->data->n_inputs; i++) pare_datum_drop(ctx, &inputs[i].datum);
}
