#include "quant/pairs.h"

#include "base/bytes.h"
#include "ir/graph.h"
#include "ir/order.h"
#include "op/wide.h"

#include <math.h>
#include <string.h>

/* --- finding ---------------------------------------------------------------------------------- */

static bool is_called(const pare_node *n, const char *const *names, size_t n_names)
{
    if (*pare_node_domain(n)) return false;
    for (size_t i = 0; i < n_names; i++)
        if (pare_str_eq(n->op_type, names[i])) return true;
    return false;
}

#define IS_CALLED(n, ...)                                     \
    is_called((n), (const char *const[]){ __VA_ARGS__ },      \
              sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(const char *))

/* Weights (and bias) that nothing else reads, in float32. */
static bool owns_constants(const pare_model *m, const pare_linear *l)
{
    const pare_value *w = &m->values[l->weight];
    if (!w->tensor || w->tensor->dtype != PARE_FLOAT || w->n_uses != 1 || w->is_input) return false;
    if (l->factor != 1 || l->bias_factor != 1) return false;
    if (l->bias == PARE_NONE) return true;
    const pare_value *b = &m->values[l->bias];
    return b->tensor && b->tensor->dtype == PARE_FLOAT && b->n_uses == 1 && !b->is_input &&
           b->tensor->n_elements == l->out;
}

/* A Clip whose lower bound is 0: as ReLU6, whatever the upper one. */
static bool clips_from_zero(const pare_model *m, const pare_node *n)
{
    const pare_attr *min = pare_node_attr(n, "min");
    if (min) return min->type == PARE_ATTR_FLOAT && min->floats[0] == 0;
    const pare_value_id v = n->n_inputs > 1 ? n->inputs[1].value : PARE_NONE;
    const pare_tensor *t = v == PARE_NONE ? NULL : m->values[v].tensor;
    return t && t->dtype == PARE_FLOAT && t->n_elements == 1 && t->encoding == PARE_ENC_DENSE &&
           pare_wide_f64_at(PARE_FLOAT, t->payload.data, 0) == 0;
}

/* The only node that reads what a node gives; NONE: several do, or the caller of the model. */
static pare_node_id only_reader(const pare_model *m, pare_node_id node)
{
    const pare_node *n = &m->nodes[node];
    if (n->n_outputs < 1 || n->outputs[0] == PARE_NONE) return PARE_NONE;
    for (uint32_t i = 1; i < n->n_outputs; i++)
        if (n->outputs[i] != PARE_NONE) return PARE_NONE;
    const pare_value *v = &m->values[n->outputs[0]];
    return v->n_uses == 1 && v->first_use->graph == m->graph && v->first_use->slot == 0
               ? v->first_use->user
               : PARE_NONE;
}

/* Goes from a product to the next one; NONE where something lies between that scaling is not
 * handed through. */
static pare_node_id next_product(const pare_model *m, pare_node_id node, pare_pair *pair,
                                 bool *is_flat)
{
    bool is_pooled = false;
    pair->activation = PARE_NONE;
    pair->clips = false;
    *is_flat = false;
    for (node = only_reader(m, node); node != PARE_NONE; node = only_reader(m, node)) {
        const pare_node *n = &m->nodes[node];
        if (IS_CALLED(n, "Conv", "ConvTranspose", "Gemm", "MatMul")) return node;
        if (IS_CALLED(n, "Relu", "Clip")) {
            if (pair->clips || (n->op_type[0] == 'C' && !clips_from_zero(m, n))) return PARE_NONE;
            pair->activation = node;
            pair->clips = n->op_type[0] == 'C';
        } else if (IS_CALLED(n, "Flatten", "Reshape", "Squeeze")) {
            if (!is_pooled) return PARE_NONE;
            *is_flat = true;
        } else if (IS_CALLED(n, "GlobalAveragePool", "GlobalMaxPool")) {
            is_pooled = true;
        } else if (!IS_CALLED(n, "LeakyRelu", "Identity", "MaxPool", "AveragePool")) {
            return PARE_NONE;
        }
    }
    return PARE_NONE;
}

static pare_status copy_floats(pare_ctx *ctx, float **out, int64_t *n, const pare_model *m,
                               pare_value_id v)
{
    pare_tensor *dense = NULL;
    PARE_TRY(pare_tensor_densify(ctx, &dense, m->values[v].tensor));
    const size_t n_bytes = (size_t)dense->n_elements * sizeof(float);
    pare_status st = PARE_OK;
    *n = dense->n_elements;
    *out = pare_alloc(ctx, n_bytes ? n_bytes : 1);
    if (!*out) st = pare_fail_memory(ctx, n_bytes);
    else memcpy(*out, dense->payload.data, n_bytes);
    for (int64_t i = 0; !st && i < *n; i++)
        if (!isfinite((*out)[i]))
            st = pare_fail(ctx, PARE_EFORMAT, "weights '%s' hold a number that is not finite",
                           m->values[v].name);
    pare_tensor_unref(dense);
    return st;
}

/* Index of the layer of a node, made where it is not there yet. */
static pare_status layer_of(pare_ctx *ctx, pare_pairs *p, const pare_model *m,
                            const pare_linear *l, uint32_t *out)
{
    int64_t n_bias;
    for (*out = 0; *out < p->n_layers; ++*out)
        if (p->layers[*out].l.node == l->node) return PARE_OK;
    pare_pair_layer *layer = &p->layers[p->n_layers++];
    *layer = (pare_pair_layer){ .l = *l, .chain = *out };
    PARE_TRY(copy_floats(ctx, &layer->weights, &layer->n_weights, m, l->weight));
    return l->bias == PARE_NONE ? PARE_OK : copy_floats(ctx, &layer->bias, &n_bias, m, l->bias);
}

static pare_status add_pair(pare_ctx *ctx, pare_pairs *p, const pare_model *m, pare_node_id node)
{
    pare_linear a, b;
    pare_pair pair;
    bool is_flat;
    if (!pare_linear_of(ctx, &a, m, node) || !owns_constants(m, &a)) return PARE_OK;
    const pare_node_id next = next_product(m, node, &pair, &is_flat);
    if (next == PARE_NONE || !pare_linear_of(ctx, &b, m, next) || !owns_constants(m, &b))
        return PARE_OK;
    if (a.out != b.group * b.in || (a.output_axis != b.input_axis && !is_flat)) return PARE_OK;
    PARE_TRY(layer_of(ctx, p, m, &a, &pair.a));
    PARE_TRY(layer_of(ctx, p, m, &b, &pair.b));
    const uint32_t from = p->layers[pair.b].chain, to = p->layers[pair.a].chain;
    for (size_t i = 0; i < p->n_layers; i++)
        if (p->layers[i].chain == from) p->layers[i].chain = to;
    p->pairs[p->n++] = pair;
    return PARE_OK;
}

pare_status pare_pairs_find(pare_ctx *ctx, pare_pairs *out, const pare_model *model)
{
    const uint32_t n = model->graph->n_nodes;
    pare_node_id *order = NULL;
    *out = (pare_pairs){ 0 };
    PARE_TRY(pare_graph_order(ctx, &order, model->graph));
    out->layers = pare_alloc(ctx, (n + 1) * sizeof(*out->layers));
    out->pairs = pare_alloc(ctx, (n + 1) * sizeof(*out->pairs));
    pare_status st = out->layers && out->pairs ? PARE_OK
                                               : pare_fail_memory(ctx, n * sizeof(*out->layers));
    for (uint32_t i = 0; !st && i < n; i++) st = add_pair(ctx, out, model, order[i]);
    pare_free(ctx, order);
    return st;
}

void pare_pairs_free(pare_ctx *ctx, pare_pairs *pairs)
{
    for (size_t i = 0; i < pairs->n_layers; i++) {
        pare_free(ctx, pairs->layers[i].weights);
        pare_free(ctx, pairs->layers[i].bias);
    }
    pare_free(ctx, pairs->layers);
    pare_free(ctx, pairs->pairs);
}

/* --- channels --------------------------------------------------------------------------------- */

float pare_pair_largest_out(const pare_pair_layer *a, int64_t c)
{
    float most = 0;
    for (int64_t t = 0; t < a->l.taps; t++)
        for (int64_t i = 0; i < a->l.in; i++)
            most = fmaxf(most, fabsf(a->weights[pare_linear_at(&a->l, c, t, i)]));
    return most;
}

void pare_pair_scale_out(pare_pair_layer *a, int64_t c, double factor)
{
    for (int64_t t = 0; t < a->l.taps; t++)
        for (int64_t i = 0; i < a->l.in; i++) {
            float *w = &a->weights[pare_linear_at(&a->l, c, t, i)];
            *w = (float)((double)*w * factor);
        }
    if (a->bias) a->bias[c] = (float)((double)a->bias[c] * factor);
}

float pare_pair_largest_in(const pare_pair_layer *b, int64_t c)
{
    const int64_t per_group = b->l.out / b->l.group, first = c / b->l.in * per_group;
    float most = 0;
    for (int64_t o = first; o < first + per_group; o++)
        for (int64_t t = 0; t < b->l.taps; t++)
            most = fmaxf(most, fabsf(b->weights[pare_linear_at(&b->l, o, t, c % b->l.in)]));
    return most;
}

void pare_pair_scale_in(pare_pair_layer *b, int64_t c, double factor)
{
    const int64_t per_group = b->l.out / b->l.group, first = c / b->l.in * per_group;
    for (int64_t o = first; o < first + per_group; o++)
        for (int64_t t = 0; t < b->l.taps; t++) {
            float *w = &b->weights[pare_linear_at(&b->l, o, t, c % b->l.in)];
            *w = (float)((double)*w * factor);
        }
}

/* --- writing ---------------------------------------------------------------------------------- */

static pare_status write_floats(pare_ctx *ctx, pare_model *m, pare_value_id v, const float *from)
{
    pare_tensor *t = NULL;
    const pare_tensor *old = m->values[v].tensor;
    PARE_TRY(pare_tensor_from(ctx, &t, PARE_FLOAT, old->rank, old->dims, from));
    const pare_status st = pare_value_set_tensor(ctx, m, v, t);
    pare_tensor_unref(t);
    return st;
}

pare_status pare_pair_write(pare_ctx *ctx, pare_model *model, const pare_pair_layer *layer)
{
    PARE_TRY(write_floats(ctx, model, layer->l.weight, layer->weights));
    return layer->bias ? write_floats(ctx, model, layer->l.bias, layer->bias) : PARE_OK;
}
