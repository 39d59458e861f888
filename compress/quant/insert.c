#include "quant/insert.h"

#include "ir/order.h"

#include "quant/writer.h"

#include <math.h>

/* Biases stay this far from the ends of 32 bits: what is added to them must fit, too. */
#define MOST_BIAS 1073741824.0 /* 2^30 */

typedef struct inserter {
    pare_ctx *ctx;
    pare_model *model;
    const pare_insertion *in;
    const pare_placement *p;
    pare_value_id *scales, *zeros; /* by value that stands for a grid; PARE_NONE: not yet there */
    pare_quantized_weight *weights; /* by value of weights; codes PARE_NONE: not yet there */
    pare_insert_counts *counts;
} inserter;

static bool is_in_integers(const inserter *i, pare_node_id node)
{
    return node != PARE_NONE && node < i->p->n_nodes && i->p->roles[node] != PARE_PLACE_FLOAT;
}

/* --- activations ------------------------------------------------------------------------------ */

static pare_value_id add_tensor(const inserter *i, pare_builder *b, const char *name,
                                const char *suffix, pare_dtype dtype, int64_t n, const void *data)
{
    pare_tensor *t = NULL;
    const pare_status st = pare_tensor_from(i->ctx, &t, dtype, n != 0, &n, data);
    if (st && !b->status) b->status = st;
    return st ? PARE_NONE : pare_write_const(b, name, suffix, t);
}

/* What a grid's codes are stored as: 16 bits where it has so many. */
static pare_dtype type_of(const inserter *i, const pare_grid *grid)
{
    if (grid->high <= UINT8_MAX) return i->in->activation;
    return grid->low < 0 ? PARE_INT16 : PARE_UINT16;
}

/* Makes scale and zero point of a value's grid, once. */
static void add_grid(const inserter *i, pare_builder *b, pare_value_id v)
{
    const pare_value_id of = i->p->grid[v];
    if (i->scales[of] != PARE_NONE) return;
    const char *name = i->model->values[of].name;
    const int32_t zero = i->in->grids[of].zero; /* little-endian: the low bytes come first */
    i->scales[of] = add_tensor(i, b, name, "_scale", PARE_FLOAT, 0, &i->in->grids[of].scale);
    i->zeros[of] = add_tensor(i, b, name, "_zero_point", type_of(i, &i->in->grids[of]), 0, &zero);
}

static bool reads_integers(const inserter *i, const pare_use *use)
{
    return use->graph == i->model->graph && is_in_integers(i, use->user);
}

/* Makes the value the output of a DQ, for readers of floats; what was its producer makes *raw. */
static pare_status split(inserter *i, pare_value_id v, pare_value_id *raw)
{
    const pare_node_id producer = i->model->values[v].producer;
    const uint32_t slot = i->model->values[v].producer_slot;
    PARE_TRY(pare_value_derive(i->ctx, raw, i->model->graph, i->model->values[v].name));
    pare_value_detach(i->model, v);
    return pare_node_set_output(i->ctx, i->model, producer, slot, *raw);
}

static pare_status quantize_value(inserter *i, pare_value_id v)
{
    pare_model *m = i->model;
    const pare_node_id producer = m->values[v].producer;
    const pare_value_id of = i->p->grid[v];
    bool has_float_reader = false;
    for (const pare_use *use = m->values[v].first_use; use; use = use->next)
        has_float_reader |= !reads_integers(i, use);
    const bool is_split = is_in_integers(i, producer) && has_float_reader;
    pare_value_id raw = v;
    if (is_split) PARE_TRY(split(i, v, &raw));

    pare_builder b;
    pare_builder_init(&b, i->ctx, m->graph);
    add_grid(i, &b, v);
    b.before = producer == PARE_NONE ? m->graph->first_node : m->nodes[producer].next;
    const pare_value_id q = pare_emit(&b, "QuantizeLinear", raw, i->scales[of], i->zeros[of]);
    for (pare_use *use = b.status ? NULL : m->values[v].first_use, *next; use; use = next) {
        next = use->next;
        if (!reads_integers(i, use)) continue; /* the Q is none of the placement's nodes */
        b.before = use->user;
        const pare_value_id y =
            pare_emit(&b, "DequantizeLinear", q, i->scales[of], i->zeros[of]);
        if (b.status) return b.status;
        PARE_TRY(pare_node_set_input(i->ctx, m, use->user, use->slot, y));
    }
    i->counts->n_quantize++;
    if (!is_split || b.status) return b.status;
    b.before = m->nodes[m->values[q].producer].next;
    const pare_value_id y = pare_emit(&b, "DequantizeLinear", q, i->scales[of], i->zeros[of]);
    if (b.status) return b.status;
    const pare_node_id dq = b.last;
    pare_value_detach(m, y);
    PARE_TRY(pare_value_remove(i->ctx, m, y));
    return pare_node_set_output(i->ctx, m, dq, 0, v);
}

/* --- weights and biases ----------------------------------------------------------------------- */

static float input_scale(const inserter *i, pare_value_id x)
{
    return i->in->grids[i->p->grid[x]].scale;
}

/* Numbers of a bias, one per output. */
static pare_status read_bias(inserter *i, const pare_linear *l, float **out)
{
    pare_tensor *dense = NULL;
    PARE_TRY(pare_tensor_densify(i->ctx, &dense, i->model->values[l->bias].tensor));
    const float *from = (const float *)(const void *)dense->payload.data;
    float *to = *out = pare_alloc(i->ctx, (size_t)l->out * sizeof(*to));
    for (int64_t o = 0; to && o < l->out; o++) to[o] = from[o % dense->n_elements];
    pare_tensor_unref(dense);
    return to ? PARE_OK : pare_fail_memory(i->ctx, (size_t)l->out * sizeof(*to));
}

/* Raises scales of rows (few weights, a large bias) until the bias fits. */
static pare_status make_room(inserter *i, const pare_linear *l, const float *bias, float x_scale,
                             pare_weight_codes *codes)
{
    for (int64_t o = 0; o < l->out; o++) {
        const double least = fabs((double)bias[o]) / ((double)x_scale * MOST_BIAS);
        if ((double)codes->scales[o] >= least) continue;
        const float raised = nextafterf((float)least, INFINITY);
        PARE_TRY(pare_weights_raise(i->ctx, i->model, l, codes, o, raised));
        i->counts->n_raised++;
    }
    return PARE_OK;
}

static pare_status write_bias(inserter *i, const pare_linear *l, const float *bias, float x_scale,
                              const pare_tensor *scales)
{
    const float *w_scale = (const float *)(const void *)scales->payload.data;
    const size_t n = (size_t)l->out;
    int32_t *codes = pare_alloc_zero(i->ctx, n * (2 * sizeof(int32_t) + sizeof(float)));
    if (!codes) return pare_fail_memory(i->ctx, n * (2 * sizeof(int32_t) + sizeof(float)));
    int32_t *zeros = codes + n;
    float *product = (float *)(void *)(zeros + n);
    for (size_t o = 0; o < n; o++) {
        product[o] = x_scale * w_scale[scales->rank ? o : 0];
        codes[o] = (int32_t)nearbyint((double)bias[o] / (double)product[o]);
    }
    pare_builder b;
    pare_builder_init(&b, i->ctx, i->model->graph);
    b.before = l->node;
    const char *name = i->model->values[l->bias].name;
    const pare_value_id q = add_tensor(i, &b, name, "_quantized", PARE_INT32, l->out, codes);
    const pare_value_id s = add_tensor(i, &b, name, "_scale", PARE_FLOAT, l->out, product);
    const pare_value_id z = add_tensor(i, &b, name, "_zero_point", PARE_INT32, l->out, zeros);
    const pare_value_id y = pare_emit(&b, "DequantizeLinear", q, s, z);
    pare_build_int(&b, "axis", 0);
    pare_free(i->ctx, codes);
    if (b.status) return b.status;
    i->counts->n_biases++;
    PARE_TRY(pare_node_set_input(i->ctx, i->model, l->node, 2, y));
    return pare_write_drop(i->ctx, i->model, l->bias);
}

/* Adds the squared error of these weights when they are rounded to a form. */
static pare_status add_rounding_error(const inserter *i, const pare_linear *l, bool pair_safe,
                                      double *sum)
{
    pare_weight_opts opts = { .form = i->in->weight, .per_tensor = !i->in->per_channel };
    pare_weight_codes *rounded = NULL;
    double error = 0;
    opts.form.pair_safe = pair_safe;
    PARE_TRY(pare_weights_quantize(i->ctx, &rounded, i->model, l, i->in->pool, &opts));
    const pare_status st = pare_weights_error(i->ctx, &error, i->model, l, rounded);
    pare_weight_codes_free(i->ctx, rounded);
    *sum += error;
    return st;
}

/* What it costs that pairs cannot saturate: against the same weights in all codes. Both rounded,
 * also where codes are solved for, which is not after the weights but after the outputs. */
static pare_status weigh_safety(const inserter *i, const pare_linear *l)
{
    if (!i->in->weight.pair_safe) return PARE_OK;
    PARE_TRY(add_rounding_error(i, l, true, &i->counts->safe_error));
    return add_rounding_error(i, l, false, &i->counts->plain_error);
}

static pare_status write_weight(inserter *i, const pare_linear *l, const float *bias, float x_scale)
{
    const pare_weight_opts opts = { .form = i->in->weight, .per_tensor = !i->in->per_channel };
    pare_quantized_weight *written = &i->weights[l->weight];
    pare_weight_codes *codes = NULL;
    if (written->codes != PARE_NONE)
        return pare_write_tied(i->ctx, i->model, l, 0, written);
    pare_status st =
        i->in->solve
            ? i->in->solve(i->ctx, &codes, i->model, l, i->in->pool, &opts, i->in->user)
            : pare_weights_quantize(i->ctx, &codes, i->model, l, i->in->pool, &opts);
    if (!st && bias) st = make_room(i, l, bias, x_scale, codes);
    if (!st) st = weigh_safety(i, l);
    if (!st) st = pare_write_dequantize(i->ctx, i->model, l, codes, PARE_INT8, written);
    pare_weight_codes_free(i->ctx, codes);
    i->counts->n_weights++;
    return st;
}

/* Before activations are: the node still reads the value whose scale the bias takes. */
static pare_status quantize_product(inserter *i, pare_node_id node)
{
    pare_linear l;
    if (!pare_linear_of(i->ctx, &l, i->model, node)) return PARE_OK;
    const float x_scale = input_scale(i, i->model->nodes[node].inputs[0].value);
    float *bias = NULL;
    pare_status st = l.bias == PARE_NONE ? PARE_OK : read_bias(i, &l, &bias);
    if (!st) st = write_weight(i, &l, bias, x_scale);
    if (!st && bias)
        st = write_bias(i, &l, bias, x_scale, i->model->values[i->weights[l.weight].scale].tensor);
    pare_free(i->ctx, bias);
    return st;
}

/* ---------------------------------------------------------------------------------------------- */

static pare_status run(inserter *i)
{
    pare_model *m = i->model;
    const size_t n_values = i->p->n_values;
    for (size_t v = 0; v < n_values; v++) {
        i->scales[v] = i->zeros[v] = PARE_NONE;
        i->weights[v].codes = PARE_NONE;
    }
    PARE_TRY(pare_graph_sort(i->ctx, m->graph));
    for (pare_node_id node = 0; node < i->p->n_nodes; node++)
        if (i->p->roles[node] == PARE_PLACE_PRODUCT && !i->in->activations_only)
            PARE_TRY(quantize_product(i, node));
    for (pare_value_id v = 0; v < n_values; v++)
        if (i->p->quantized[v]) PARE_TRY(quantize_value(i, v));
    return PARE_OK;
}

pare_status pare_insert_quantization(pare_ctx *ctx, pare_model *model,
                                     const pare_insertion *insertion, pare_insert_counts *counts)
{
    const size_t n = insertion->placement->n_values;
    *counts = (pare_insert_counts){ 0 };
    inserter i = { .ctx = ctx, .model = model, .in = insertion, .p = insertion->placement,
                   .counts = counts };
    i.scales = pare_alloc(ctx, (2 * n + 1) * sizeof(*i.scales));
    i.weights = pare_alloc(ctx, (n + 1) * sizeof(*i.weights));
    i.zeros = i.scales + n;
    const pare_status st =
        i.scales && i.weights ? run(&i) : pare_fail_memory(ctx, n * sizeof(*i.weights));
    pare_free(ctx, i.scales);
    pare_free(ctx, i.weights);
    return st;
}
