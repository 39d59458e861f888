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

/* Another reference to the tensor, or the same numbers in another floating-point type. */
static pare_status as_type(pare_ctx *ctx, pare_tensor **out, pare_tensor *t, pare_dtype dtype)
{
    uint8_t *data = NULL;
    *out = NULL;
    if (t->dtype == dtype || !is_floating(pare_wide_of(t->dtype)) ||
        !is_floating(pare_wide_of(dtype))) {
        *out = pare_tensor_ref(t);
        return PARE_OK;
    }
    PARE_TRY(pare_tensor_new(ctx, out, dtype, t->rank, t->dims));
    const pare_status st = pare_tensor_own(ctx, out, &data);
    for (int64_t i = 0; !st && i < t->n_elements; i += PARE_WIDE_BLOCK) {
        double block[PARE_WIDE_BLOCK];
        const int64_t rest = t->n_elements - i;
        const int64_t n = rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK;
        pare_wide_load_as(PARE_WIDE_F64, t->dtype, t->payload.data, i, 1, n, block);
        pare_wide_store_as(PARE_WIDE_F64, PARE_STORE_DEFAULT, dtype, data, i, n, block);
    }
    return st;
}

pare_status pare_feed_read(pare_ctx *ctx, const pare_dataset *data, uint64_t sample,
                           pare_tensor **tensors, bool *skipped)
{
    *skipped = false;
    PARE_TRY(data->load(data->self, ctx, sample, tensors));
    *skipped = data->n_inputs && !tensors[0];
    return PARE_OK;
}

pare_status pare_feed_check(pare_ctx *ctx, const pare_dataset *data, pare_tensor *const *tensors)
{
    for (size_t i = 0; i < data->n_inputs; i++)
        if (tensors[i] && has_nan(tensors[i]))
            return pare_fail(ctx, PARE_EFORMAT,
                             "input '%s' has NaN among its elements: mend the data, or the `mean` "
                             "and `std` of its preprocessing", data->inputs[i]);
    return PARE_OK;
}

pare_status pare_feed_inputs(pare_ctx *ctx, const pare_feed *feed, pare_tensor *const *tensors,
                             pare_eval_input *out)
{
    const size_t n = feed->data->n_inputs;
    pare_status st = PARE_OK;
    for (size_t i = 0; i < n; i++)
        out[i] = (pare_eval_input){ .name = feed->names[i], .datum.kind = PARE_TYPE_TENSOR };
    for (size_t i = 0; !st && i < n; i++)
        st = as_type(ctx, &out[i].datum.tensor, tensors[i], feed->dtypes[i]);
    if (st) pare_feed_drop(ctx, feed, out);
    return st;
}

void pare_feed_drop(pare_ctx *ctx, const pare_feed *feed, pare_eval_input *inputs)
{
    for (size_t i = 0; i < feed->data->n_inputs; i++) pare_datum_drop(ctx, &inputs[i].datum);
}

pare_status pare_feed_name(pare_ctx *ctx, const pare_dataset *data, uint64_t sample,
                           pare_status st)
{
    char name[256];
    if (!st || st == PARE_ECANCELED || st == PARE_ENOMEM) return st;
    return pare_fail_in(ctx, st, "sample '%s': ",
                        data->name(data->self, sample, name, sizeof(name)));
}
