#include "base/bytes.h"
#include "ir/order.h"
#include "quant/oracle_job.h"

#include <float.h>
#include <math.h>

/* What is taken into Q and into products: activations that a Q repeats, signs, and the operators
 * that scale what MatMulInteger makes. */

/* --- absorb ----------------------------------------------------------------------------------- */

/* Bounds of a Clip; false: not constant. */
static bool bounds_of(const oracle_job *job, const pare_node *clip, double *low, double *high)
{
    const pare_value_id min = pare_oracle_in(clip, 1), max = pare_oracle_in(clip, 2);
    *low = (double)pare_oracle_attr_float(clip, "min", -FLT_MAX);
    *high = (double)pare_oracle_attr_float(clip, "max", FLT_MAX);
    return (min == PARE_NONE || pare_oracle_number(job, min, 0, low)) &&
           (max == PARE_NONE || pare_oracle_number(job, max, 0, high));
}

bool pare_oracle_is_redundant(const oracle_job *job, const pare_node *clip, const pare_node *q)
{
    const oracle_grid g = pare_oracle_grid_of(job, q);
    int32_t min, max;
    double low, high;
    if (!g.is_scalar || (g.has_zero && !g.zero_is_scalar) ||
        !pare_oracle_codes((pare_dtype)job->dtypes[q->outputs[0]], &min, &max))
        return false;
    if (pare_oracle_is(clip, "Relu")) return g.zero == min;
    if (!bounds_of(job, clip, &low, &high)) return false;
    const double lower = (double)(g.scale * (float)(min - g.zero));
    const double upper = (double)(g.scale * (float)(max - g.zero));
    return low - lower <= (double)FLT_EPSILON && upper - high <= (double)FLT_EPSILON;
}

static pare_status absorb(oracle_job *job, pare_node_id node)
{
    const pare_node *n = pare_oracle_node(job, node);
    if (!pare_oracle_is_activation(n)) return PARE_OK;
    const oracle_readers r = pare_oracle_readers_of_node(job, n);
    if (r.n != 1 || r.n_q != 1 || r.goes_out || r.n_nested) return PARE_OK;
    const pare_node *q = pare_oracle_node(job, r.first);
    if (q->n_inputs < 3 || !pare_oracle_is_redundant(job, n, q)) return PARE_OK;
    return pare_oracle_bypass(job, node, "repeats what the Q behind it does");
}

typedef pare_status fuse_fn(oracle_job *job, pare_node_id node);

static pare_status each_node(oracle_job *job, fuse_fn *fn)
{
    pare_node_id *order = NULL;
    const uint32_t n = job->model->graph->n_nodes;
    pare_status st = pare_graph_order(job->ctx, &order, job->model->graph);
    for (uint32_t i = 0; !st && i < n; i++)
        if (pare_oracle_node(job, order[i])->graph) st = fn(job, order[i]);
    pare_free(job->ctx, order);
    return st;
}

pare_status pare_oracle_absorb(oracle_job *job)
{
    return each_node(job, absorb);
}

/* --- unsigned --------------------------------------------------------------------------------- */

static pare_status make_unsigned(oracle_job *job, pare_node_id node)
{
    const pare_node *q = pare_oracle_node(job, node);
    if (!pare_oracle_is_q(q) || job->constant[q->outputs[0]]) return PARE_OK;
    const oracle_readers r = pare_oracle_readers_of_node(job, q);
    if (r.n != 1 || r.goes_out || r.n_nested) return PARE_OK;
    const pare_node *dq = pare_oracle_node(job, r.first);
    const oracle_grid a = pare_oracle_grid_of(job, q), b = pare_oracle_grid_of(job, dq);
    if (pare_oracle_is_dq(dq) && a.zero_is_scalar && b.zero_is_scalar && a.zero == b.zero &&
        job->dtypes[q->outputs[0]] == PARE_INT8)
        job->dtypes[q->outputs[0]] = PARE_UINT8;
    return PARE_OK;
}

pare_status pare_oracle_to_unsigned(oracle_job *job)
{
    return each_node(job, make_unsigned);
}

/* --- dynamic ---------------------------------------------------------------------------------- */

/* The only reader of what a node makes, if it is that operator; else PARE_NONE. */
static pare_node_id only_reader(const oracle_job *job, const pare_node *n, const char *op)
{
    const oracle_readers r = pare_oracle_readers_of_node(job, n);
    if (r.n != 1 || r.goes_out || r.n_nested || !pare_oracle_is(pare_oracle_node(job, r.first), op))
        return PARE_NONE;
    return r.first;
}

static pare_node_id other_maker(const oracle_job *job, const pare_node *n, pare_value_id than)
{
    return pare_oracle_maker(job, pare_oracle_in(n, 0) == than ? pare_oracle_in(n, 1)
                                                               : pare_oracle_in(n, 0));
}

static bool is_row(const oracle_job *job, pare_value_id bias)
{
    const pare_tensor *t = pare_oracle_tensor(job, bias);
    if (!t || !t->rank || t->dims[t->rank - 1] < 2) return false;
    return t->n_elements == t->dims[t->rank - 1];
}

/* DynamicQuantizeLinear all of whose outputs go into this one product of constant weights. */
static pare_node_id own_quantizer(const oracle_job *job, const pare_node *product,
                                  const pare_node *scales)
{
    const pare_node_id dynamic = pare_oracle_maker(job, pare_oracle_in(product, 0));
    if (dynamic == PARE_NONE ||
        !pare_oracle_is(pare_oracle_node(job, dynamic), "DynamicQuantizeLinear"))
        return PARE_NONE;
    const oracle_readers r = pare_oracle_readers_of_node(job, pare_oracle_node(job, dynamic));
    const pare_value_id zero = pare_oracle_in(product, 3);
    if (r.n != 3 || r.goes_out || r.n_nested || !job->constant[product->inputs[1].value] ||
        (zero != PARE_NONE && !job->constant[zero]))
        return PARE_NONE;
    const pare_value_id scale = pare_oracle_in(scales, 1);
    return scale != PARE_NONE && job->constant[scale] ? dynamic : PARE_NONE;
}

static void goes_into(oracle_job *job, pare_node_id node, const pare_node *into)
{
    job->marks[node] =
        (oracle_mark){ PARE_RUNS_GONE, NULL,
                       pare_oracle_say(job, "is part of %s", pare_str_or_empty(into->name)) };
}

/* MatMulInteger, Cast, and a Mul by the product of the scales; perhaps an Add of a bias. */
static pare_status fuse_dynamic(oracle_job *job, pare_node_id node)
{
    const pare_node *n = pare_oracle_node(job, node);
    if (!pare_oracle_is(n, "MatMulInteger")) return PARE_OK;
    const pare_node_id cast = only_reader(job, n, "Cast");
    const pare_node_id mul =
        cast == PARE_NONE ? PARE_NONE : only_reader(job, pare_oracle_node(job, cast), "Mul");
    if (mul == PARE_NONE) return PARE_OK;
    const pare_node *m = pare_oracle_node(job, mul);
    const pare_node_id scales = other_maker(job, m, pare_oracle_node(job, cast)->outputs[0]);
    if (scales == PARE_NONE || only_reader(job, pare_oracle_node(job, scales), "Mul") != mul ||
        !pare_oracle_is(pare_oracle_node(job, scales), "Mul"))
        return PARE_OK;
    goes_into(job, cast, n);
    goes_into(job, mul, n);
    goes_into(job, scales, n);
    const pare_node_id add = only_reader(job, m, "Add");
    if (add != PARE_NONE && is_row(job, pare_oracle_in(pare_oracle_node(job, add), 1)))
        goes_into(job, add, n);
    const pare_node_id quantizer = own_quantizer(job, n, pare_oracle_node(job, scales));
    if (quantizer != PARE_NONE) goes_into(job, quantizer, n);
    job->marks[node] =
        (oracle_mark){ PARE_RUNS_INTEGER,
                       quantizer == PARE_NONE ? "com.microsoft.MatMulIntegerToFloat"
                                              : "com.microsoft.DynamicQuantizeMatMul",
                       NULL };
    return PARE_OK;
}

pare_status pare_oracle_fuse_dynamic(oracle_job *job)
{
    return each_node(job, fuse_dynamic);
}

/* --- drop-idle -------------------------------------------------------------------------------- */

static pare_status drop_idle(oracle_job *job, pare_node_id node)
{
    const pare_node *dq = pare_oracle_node(job, node);
    if (!pare_oracle_is_dq(dq) || job->marks[node].runs == PARE_RUNS_GONE) return PARE_OK;
    const oracle_readers r = pare_oracle_readers_of_node(job, dq);
    if (r.n != 1 || r.n_q != 1 || r.goes_out || r.n_nested) return PARE_OK;
    const pare_node *q = pare_oracle_node(job, r.first);
    const oracle_readers behind = pare_oracle_readers_of_node(job, q);
    if ((behind.goes_out && behind.n) || !pare_oracle_same_grid(job, dq, q)) return PARE_OK;
    job->marks[node] = job->marks[r.first] =
        (oracle_mark){ PARE_RUNS_GONE, NULL, "DQ and Q of the same grid in a row" };
    return PARE_OK;
}

pare_status pare_oracle_drop_idle(oracle_job *job)
{
    return each_node(job, drop_idle);
}
