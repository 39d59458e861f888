#include "op/linear.h"

#include "base/bytes.h"
#include "op/conv.h"
#include "op/matmul.h"

typedef void shape_fn(pare_linear *l, const void *params, const pare_tensor *w);

static void shape_conv(pare_linear *l, const void *params, const pare_tensor *w)
{
    const pare_conv_params *p = params;
    l->group = p->group;
    l->out = w->dims[0];
    l->in = w->dims[1];
    l->taps = w->n_elements / (l->out * l->in);
    l->at_tap = 1;
    l->at_in = l->taps;
    l->at_out = l->in * l->taps;
    l->at_group = l->out / l->group * l->at_out;
    l->input_axis = l->output_axis = 1;
    l->rank = w->rank;
}

static void shape_conv_transpose(pare_linear *l, const void *params, const pare_tensor *w)
{
    const pare_conv_transpose_params *p = params;
    l->group = p->group; /* at least 1 */
    l->out = w->dims[1] * l->group;
    l->in = w->dims[0] / l->group;
    l->taps = w->n_elements / (w->dims[0] * w->dims[1]);
    l->at_tap = 1;
    l->at_out = l->taps;
    l->at_in = w->dims[1] * l->taps;
    l->at_group = l->in * l->at_in;
    l->weight_axis = 1;
    l->input_axis = l->output_axis = 1;
    l->rank = w->rank;
}

static void shape_product(pare_linear *l, const pare_tensor *w, bool transposed)
{
    l->weight_axis = transposed ? 0 : 1;
    l->out = w->dims[l->weight_axis];
    l->in = w->dims[1 - l->weight_axis];
    l->at_out = transposed ? l->in : 1;
    l->at_in = transposed ? 1 : l->out;
    l->input_axis = l->output_axis = -1;
}

static void shape_gemm(pare_linear *l, const void *params, const pare_tensor *w)
{
    const pare_gemm_params *p = params;
    shape_product(l, w, p->trans_b);
    l->factor = p->alpha;
    l->bias_factor = p->beta;
    l->rank = 2;
    if (p->trans_a) l->input_axis = 0;
}

static void shape_matmul(pare_linear *l, const void *params, const pare_tensor *w)
{
    (void)params;
    shape_product(l, w, false);
    l->may_have_bias = false;
}

static const struct {
    const char *name;
    pare_linear_kind kind;
    shape_fn *shape;
    uint32_t min_rank, max_rank; /* of the weights */
} kinds[] = {
    { "Conv", PARE_LINEAR_CONV, shape_conv, 2, UINT32_MAX },
    { "ConvTranspose", PARE_LINEAR_CONV_TRANSPOSE, shape_conv_transpose, 2, UINT32_MAX },
    { "Gemm", PARE_LINEAR_GEMM, shape_gemm, 2, 2 },
    { "MatMul", PARE_LINEAR_MATMUL, shape_matmul, 2, 2 },
};

/* Whether groups divide what they should. */
static bool is_whole(const pare_linear *l, const pare_tensor *w)
{
    if (l->out % l->group) return false;
    return l->kind != PARE_LINEAR_CONV_TRANSPOSE || w->dims[0] % l->group == 0;
}

bool pare_linear_of(pare_ctx *ctx, pare_linear *out, const pare_model *model, pare_node_id node)
{
    const pare_node *n = &model->nodes[node];
    size_t k = 0;
    const size_t n_kinds = sizeof(kinds) / sizeof(kinds[0]);
    while (k < n_kinds && !pare_str_eq(n->op_type, kinds[k].name)) k++;
    if (k == n_kinds || *pare_node_domain(n) || n->n_inputs < 2) return false;
    const pare_value_id weight = n->inputs[1].value;
    const pare_tensor *w = weight == PARE_NONE ? NULL : model->values[weight].tensor;
    if (!w || !w->n_elements || w->rank < kinds[k].min_rank || w->rank > kinds[k].max_rank)
        return false;

    pare_call call;
    _Alignas(16) char params[PARE_MAX_PARAMS_BYTES];
    if (pare_call_init(ctx, &call, model, node) || pare_call_resolve(ctx, &call, params))
        return false;
    *out = (pare_linear){
        .kind = kinds[k].kind, .node = node, .weight = weight,
        .bias = n->n_inputs > 2 ? n->inputs[2].value : PARE_NONE,
        .factor = 1, .bias_factor = 1, .may_have_bias = true, .group = 1, .taps = 1,
    };
    kinds[k].shape(out, params, w);
    return is_whole(out, w);
}

void pare_linear_get_row(const pare_linear *l, int64_t o, const float *elements, float *row)
{
    for (int64_t t = 0; t < l->taps; t++) {
        const float *from = elements + pare_linear_at(l, o, t, 0);
        for (int64_t i = 0; i < l->in; i++) *row++ = from[i * l->at_in];
    }
}

void pare_linear_put_row(const pare_linear *l, int64_t o, const float *row, float *elements)
{
    for (int64_t t = 0; t < l->taps; t++) {
        float *to = elements + pare_linear_at(l, o, t, 0);
        for (int64_t i = 0; i < l->in; i++) to[i * l->at_in] = *row++;
    }
}
