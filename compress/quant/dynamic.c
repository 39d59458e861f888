#include "quant/driver.h"

#include "base/bytes.h"
#include "ir/build.h"
#include "ir/order.h"
#include "op/linear.h"
#include "quant/writer.h"


/* Products whose inputs are quantized while the model runs:
 *
 *     DynamicQuantizeLinear -> MatMulInteger -> Cast -> Mul by both scales [-> Add of the bias]
 *
 * the very pattern that ONNX Runtime makes one node of (DynamicQuantizeMatMul, or
 * MatMulIntegerToFloat where several products read one value). Convolutions stay: it has no fast
 * kernel for such ones. */

enum { DYNAMIC_OPSET = 11 };

/* What a value became, for all products that read it. */
typedef struct dynamic_value {
    pare_value_id codes, scale, zero;
} dynamic_value;

typedef struct dynamic_job {
    pare_quantizing *q;
    pare_weight_opts weight;
    size_t n_values;          /* of the model before */
    dynamic_value *values;    /* [n_values] codes PARE_NONE: not yet there */
    dynamic_value *weights;   /* [n_values] by value of weights, likewise */
    int64_t *order;           /* [n_values] at_out of those that a weight was written for */
} dynamic_job;

/* --- which ------------------------------------------------------------------------------------ */

static bool is_dynamic_there(const pare_target_quant *rules, const char *op)
{
    for (size_t i = 0; i < rules->n_ops; i++)
        if (pare_str_eq(rules->ops[i].op, op)) return rules->ops[i].dynamic;
    return false;
}

/* Why a product stays as it is; NULL: it does not. */
static const char *obstacle(const dynamic_job *job, pare_node_id id, pare_linear *l)
{
    const pare_quantizing *q = job->q;
    const pare_node *n = &q->model->nodes[id];
    const pare_keep keep = pare_quantizing_keep(q, id);
    if (keep == PARE_KEEP_FLOAT) return "left by a pattern, or for the limits";
    if (keep == PARE_KEEP_INT8_WEIGHTS) return "its weights alone become integers";
    if (keep == PARE_KEEP_INT4 || keep == PARE_KEEP_INT2) return "its weights alone get fewer bits";
    if (!is_dynamic_there(&q->opts->rules->quant, n->op_type))
        return "the target has no fast operator that quantizes its input while it runs";
    if (!pare_linear_of(q->ctx, l, q->model, id)) return "its weights are not constant";
    if (q->model->values[l->weight].tensor->dtype != PARE_FLOAT)
        return "its weights are no float32";
    if (l->factor != 1 || l->bias_factor != 1)
        return "it has a factor (alpha or beta) other than 1";
    return l->input_axis == 0 ? "its input is transposed" : NULL;
}

static bool is_product(const pare_node *n)
{
    return !*pare_node_domain(n) &&
           (pare_str_eq(n->op_type, "Conv") || pare_str_eq(n->op_type, "Gemm") ||
            pare_str_eq(n->op_type, "MatMul") || pare_str_eq(n->op_type, "ConvTranspose"));
}

/* --- weights ---------------------------------------------------------------------------------- */

/* Codes as a matrix of inputs by outputs. */
static pare_status matrix_of(dynamic_job *job, pare_tensor **out, const pare_weight_codes *codes)
{
    const int64_t dims[] = { codes->row, codes->n_rows };
    PARE_TRY(pare_tensor_new(job->q->ctx, out, PARE_INT8, 2, dims));
    int8_t *to = (int8_t *)(*out)->owner->data;
    for (int64_t k = 0; k < codes->row; k++)
        for (int64_t o = 0; o < codes->n_rows; o++)
            to[k * codes->n_rows + o] = codes->codes[o * codes->row + k];
    return PARE_OK;
}

static pare_value_id add(dynamic_job *job, pare_builder *b, const char *name, const char *suffix,
                         pare_tensor *t, pare_status st)
{
    (void)job;
    if (st && !b->status) b->status = st;
    return st ? PARE_NONE : pare_write_const(b, name, suffix, t);
}

static pare_status write_weight(dynamic_job *job, const pare_linear *l)
{
    pare_quantizing *const q = job->q;
    dynamic_value *const to = &job->weights[l->weight];
    const char *const name = q->model->values[l->weight].name;
    pare_weight_codes *codes = NULL;
    pare_tensor *matrix = NULL, *scales = NULL, *zeros = NULL;
    if (to->codes != PARE_NONE && job->order[l->weight] == l->at_out) return PARE_OK;
    pare_status st =
        pare_weights_quantize(q->ctx, &codes, q->model, l, q->opts->pool, &job->weight);
    if (st) return st;
    const int64_t n = job->weight.per_tensor ? 1 : codes->n_rows;
    const uint32_t rank = !job->weight.per_tensor;
    pare_builder b;
    pare_builder_init(&b, q->ctx, q->model->graph);
    st = matrix_of(job, &matrix, codes);
    to->codes = add(job, &b, name, "_quantized", matrix, st);
    st = pare_tensor_from(q->ctx, &scales, PARE_FLOAT, rank, &n, codes->scales);
    to->scale = add(job, &b, name, "_scale", scales, st);
    st = pare_tensor_new(q->ctx, &zeros, PARE_INT8, rank, &n);
    to->zero = add(job, &b, name, "_zero_point", zeros, st);
    pare_weight_codes_free(q->ctx, codes);
    job->order[l->weight] = l->at_out;
    q->report->n_weights++;
    return b.status;
}

/* --- nodes ------------------------------------------------------------------------------------ */

static pare_status write_input(dynamic_job *job, pare_value_id x)
{
    pare_model *const m = job->q->model;
    dynamic_value *const to = &job->values[x];
    if (to->codes != PARE_NONE) return PARE_OK;
    pare_builder b;
    pare_builder_init(&b, job->q->ctx, m->graph);
    const pare_node_id producer = m->values[x].producer;
    b.before = producer == PARE_NONE ? m->graph->first_node : m->nodes[producer].next;
    to->codes = pare_emit_n(&b, "DynamicQuantizeLinear", &x, 1, 3);
    to->scale = pare_build_out(&b, 1);
    to->zero = pare_build_out(&b, 2);
    job->q->report->n_activations++;
    return b.status;
}

/* Gives the last node emitted the output that `old` had, and removes that. */
static pare_status take_over(dynamic_job *job, pare_builder *b, pare_value_id made,
                             pare_node_id old)
{
    pare_ctx *const ctx = job->q->ctx;
    pare_model *const m = job->q->model;
    if (b->status) return b->status;
    const pare_node_id last = b->last;
    const pare_value_id y = m->nodes[old].outputs[0];
    pare_value_detach(m, made);
    PARE_TRY(pare_value_remove(ctx, m, made));
    pare_value_detach(m, y);
    PARE_TRY(pare_node_set_output(ctx, m, last, 0, y));
    return pare_node_remove(ctx, m, old);
}

static pare_status write_node(dynamic_job *job, const pare_linear *l)
{
    pare_model *const m = job->q->model;
    const pare_value_id x = m->nodes[l->node].inputs[0].value, weight = l->weight, bias = l->bias;
    PARE_TRY(write_weight(job, l));
    PARE_TRY(write_input(job, x));
    const dynamic_value *a = &job->values[x], *w = &job->weights[weight];
    pare_builder b;
    pare_builder_init(&b, job->q->ctx, m->graph);
    b.before = l->node;
    const pare_value_id sums = pare_emit(&b, "MatMulInteger", a->codes, w->codes, a->zero, w->zero);
    const pare_value_id floats = pare_emit(&b, "Cast", sums);
    pare_build_int(&b, "to", PARE_FLOAT);
    const pare_value_id scale = pare_emit(&b, "Mul", a->scale, w->scale);
    pare_value_id y = pare_emit(&b, "Mul", floats, scale);
    if (bias != PARE_NONE) y = pare_emit(&b, "Add", y, bias);
    PARE_TRY(take_over(job, &b, y, l->node));
    job->q->report->n_products++;
    return pare_write_drop(job->q->ctx, m, weight);
}

static pare_status write_all(dynamic_job *job, const pare_node_id *order, uint32_t n)
{
    pare_quantizing *const q = job->q;
    for (uint32_t i = 0; i < n; i++) {
        pare_linear l;
        if (!is_product(&q->model->nodes[order[i]])) continue;
        const char *const why = obstacle(job, order[i], &l);
        if (!why) {
            PARE_TRY(write_node(job, &l));
            continue;
        }
        q->report->n_float_products++;
        PARE_TRY(pare_quantizing_left(q, order[i], why));
    }
    return PARE_OK;
}

static pare_status prepare(dynamic_job *job)
{
    pare_quantizing *const q = job->q;
    const pare_target_quant *rules = &q->opts->rules->quant;
    PARE_TRY(pare_quantizing_prepare(q, DYNAMIC_OPSET));
    PARE_TRY(pare_graph_sort(q->ctx, q->model->graph));
    const size_t n = job->n_values = q->model->n_values;
    const size_t n_bytes = (n + 1) * sizeof(dynamic_value);
    job->values = pare_alloc(q->ctx, n_bytes);
    job->weights = pare_alloc(q->ctx, n_bytes);
    job->order = pare_alloc(q->ctx, (n + 1) * sizeof(*job->order));
    if (!job->values || !job->weights || !job->order) return pare_fail_memory(q->ctx, n_bytes);
    for (size_t v = 0; v < n; v++) job->values[v].codes = job->weights[v].codes = PARE_NONE;
    job->weight = (pare_weight_opts){
        .form = { .low = -127, .high = 127, .symmetric = true,
                  .pair_safe = rules->saturation == PARE_SATURATES16 },
        .per_tensor = q->s->per_tensor,
    };
    return PARE_OK;
}

pare_status pare_quantizing_dynamic(pare_quantizing *q)
{
    dynamic_job job = { .q = q };
    pare_node_id *order = NULL;
    pare_status st = prepare(&job);
    const uint32_t n = q->model->graph->n_nodes;
    if (!st) st = pare_graph_order(q->ctx, &order, q->model->graph);
    if (!st) st = write_all(&job, order, n);
    pare_free(q->ctx, order);
    pare_free(q->ctx, job.values);
    pare_free(q->ctx, job.weights);
    pare_free(q->ctx, job.order);
    return st;
}
