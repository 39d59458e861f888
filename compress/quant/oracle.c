#include "base/bytes.h"
#include "ir/order.h"
#include "op/cost.h"
#include "op/infer.h"
#include "quant/oracle_job.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const names[] = {
#define RUNS_NAME(symbol, name) name,
    PARE_RUNS(RUNS_NAME)
#undef RUNS_NAME
};

const char *pare_runs_name(pare_runs runs)
{
    return names[runs];
}

/* --- rules ------------------------------------------------------------------------------------ */

/* Groups as they follow from the operators of rules that have none. */
static pare_status make_groups(pare_ctx *ctx, pare_arena *arena, pare_target_quant *quant)
{
    pare_quant_group *groups = pare_arena_array(arena, quant->n_ops + 1, sizeof(*groups));
    if (!groups) return pare_arena_fail(ctx, arena);
    for (size_t i = 0; i < quant->n_ops; i++) {
        const pare_quant_op *op = &quant->ops[i];
        if (op->role == PARE_QUANT_ABSORBED) continue;
        const bool moves = op->role == PARE_QUANT_MOVES;
        groups[quant->n_groups++] = (pare_quant_group){
            .ops = &op->op,
            .n_ops = 1,
            .reads = moves,
            .same_grid = moves,
            .bits = moves ? 0 : 1U << 8,
            .absorbs = !moves,
            .bias = moves ? PARE_BIAS_ANY : PARE_BIAS_INT32,
        };
    }
    quant->groups = groups;
    quant->rewrites |= 1U << PARE_QDQ_ABSORB;
    return PARE_OK;
}

/* --- what nodes are by themselves ------------------------------------------------------------- */

static bool is_small_integer(pare_dtype dtype)
{
    return dtype == PARE_INT8 || dtype == PARE_UINT8 || dtype == PARE_INT16 ||
           dtype == PARE_UINT16 || dtype == PARE_INT4 || dtype == PARE_UINT4;
}

static bool is_float(pare_dtype dtype)
{
    return dtype == PARE_FLOAT || dtype == PARE_FLOAT16 || dtype == PARE_DOUBLE ||
           dtype == PARE_BFLOAT16;
}

static bool moves_by_rule(const oracle_job *job, const pare_node *n)
{
    for (size_t i = 0; i < job->quant->n_ops; i++)
        if (pare_oracle_is(n, job->quant->ops[i].op))
            return job->quant->ops[i].role == PARE_QUANT_MOVES;
    return false;
}

/* How a node of the given model runs that no rule changes. */
static pare_runs runs_alone(const oracle_job *job, const pare_node *n, const pare_cost *cost)
{
    bool integers = false, floats = false, few_bits = false;
    if (pare_oracle_is_q(n) || pare_oracle_is_dq(n) || pare_oracle_is(n, "DynamicQuantizeLinear"))
        return PARE_RUNS_PAIR;
    if (cost->macs && is_small_integer(cost->mac_activation)) return PARE_RUNS_INTEGER;
    if (cost->macs && is_small_integer(cost->mac_weight)) return PARE_RUNS_WEIGHT_ONLY;
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        const pare_value_id v = n->inputs[i].value;
        if (v == PARE_NONE) continue;
        const pare_dtype dtype = (pare_dtype)job->dtypes[v];
        if (job->constant[v]) few_bits |= is_small_integer(dtype);
        else integers |= is_small_integer(dtype);
    }
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        if (n->outputs[i] == PARE_NONE) continue;
        const pare_dtype dtype = (pare_dtype)job->dtypes[n->outputs[i]];
        integers |= is_small_integer(dtype);
        floats |= is_float(dtype) || dtype == PARE_DTYPE_UNDEFINED;
    }
    if (integers && pare_oracle_is(n, "Cast")) return PARE_RUNS_OTHER;
    if (integers) return moves_by_rule(job, n) ? PARE_RUNS_MOVE : PARE_RUNS_INTEGER;
    if (few_bits && floats) return PARE_RUNS_WEIGHT_ONLY;
    return floats ? PARE_RUNS_FLOAT : PARE_RUNS_OTHER;
}

static bool is_product(const pare_node *n, const pare_cost *cost)
{
    return cost->macs != 0 || pare_oracle_is(n, "Conv") || pare_oracle_is(n, "Gemm") ||
           pare_oracle_is(n, "MatMul");
}

/* --- rows ------------------------------------------------------------------------------------- */

static const char *op_name(oracle_job *job, const pare_node *n)
{
    const char *domain = pare_node_domain(n), *op = pare_str_or_empty(n->op_type);
    return *domain ? pare_oracle_say(job, "%s.%s", domain, op) : op;
}

/* Why a Q or DQ of the given model is executed. */
static const char *pair_reason(oracle_job *job, const pare_node *n)
{
    const pare_model *m = job->given;
    if (!pare_oracle_is_dq(n)) {
        const pare_node_id maker = m->values[n->inputs[0].value].producer;
        if (maker == PARE_NONE) return "quantizes an input of the model";
        return pare_oracle_say(job, "quantizes what %s makes in float",
                               pare_str_or_empty(m->nodes[maker].name));
    }
    for (const pare_use *use = m->values[n->outputs[0]].first_use; use; use = use->next)
        if (use->user != PARE_NONE)
            return pare_oracle_say(job, "%s, which reads it, takes floats",
                                   pare_str_or_empty(m->nodes[use->user].name));
    return "makes an output of the model";
}

static pare_status add_row(oracle_job *job, pare_oracle *o, pare_node_id node, pare_shapes *shapes)
{
    const pare_node *n = &job->given->nodes[node];
    const oracle_mark *mark = &job->marks[node];
    pare_oracle_row *row = &o->rows[o->n_rows++];
    pare_cost cost = { 0 };
    bool modelled = false;
    PARE_TRY(pare_cost_of(job->ctx, &cost, &modelled, job->given, node, shapes));
    *row = (pare_oracle_row){ .node = node,
                              .runs = mark->runs,
                              .reason = mark->reason,
                              .macs = modelled ? cost.macs : 0 };
    row->name = pare_arena_str(job->arena, pare_str_or_empty(n->name));
    row->op = pare_arena_str(job->arena, op_name(job, n));
    row->product = is_product(n, &cost);
    if (row->runs == PARE_RUNS_FLOAT) row->runs = runs_alone(job, n, &cost);
    if (row->runs == PARE_RUNS_PAIR && !row->reason) row->reason = pair_reason(job, n);
    row->becomes = mark->becomes ? pare_arena_str(job->arena, mark->becomes) : row->op;
    if (!row->name || !row->op || !row->becomes) return pare_arena_fail(job->ctx, job->arena);
    if (job->quant->time.known)
        pare_oracle_time(job, row, &cost, shapes, &o->time_ns, &o->float_time_ns);
    o->n_runs[row->runs]++;
    o->macs += row->macs;
    if (row->runs == PARE_RUNS_INTEGER) o->integer_macs += row->macs;
    if (!row->product || row->runs == PARE_RUNS_CONSTANT) return PARE_OK;
    o->n_products++;
    o->n_integer_products += row->runs == PARE_RUNS_INTEGER;
    return PARE_OK;
}

/* Floats among the products of a quantized model get a reason in any case. */
static void explain_products(pare_oracle *o)
{
    for (size_t i = 0; i < o->n_rows; i++)
        if (o->rows[i].product && o->rows[i].runs == PARE_RUNS_FLOAT && !o->rows[i].reason)
            o->rows[i].reason = "no DQ makes its inputs: it was left in float";
}

static pare_status make_rows(oracle_job *job, pare_oracle *o, pare_shapes *shapes)
{
    pare_node_id *order = NULL;
    const uint32_t n = job->given->graph->n_nodes;
    o->rows = pare_arena_array(job->arena, n + 1, sizeof(*o->rows));
    if (!o->rows) return pare_arena_fail(job->ctx, job->arena);
    pare_status st = pare_graph_order(job->ctx, &order, job->given->graph);
    for (uint32_t i = 0; !st && i < n; i++) st = add_row(job, o, order[i], shapes);
    pare_free(job->ctx, order);
    if (st) return st;
    for (size_t v = job->given->n_nodes; v < job->model->n_nodes; v++) {
        const pare_node *added = &job->model->nodes[v];
        if (added->graph && (pare_oracle_is_q(added) || pare_oracle_is_dq(added)) &&
            job->marks[v].runs != PARE_RUNS_GONE)
            o->n_added++;
    }
    o->is_quantized = o->n_runs[PARE_RUNS_PAIR] || o->n_runs[PARE_RUNS_INTEGER] ||
                      o->n_runs[PARE_RUNS_WEIGHT_ONLY] || o->n_runs[PARE_RUNS_MOVE];
    if (o->is_quantized) explain_products(o);
    o->integer_share = o->macs ? (double)o->integer_macs / (double)o->macs : 0;
    o->time_ns += (double)o->n_added * job->quant->time.node_ns;
    o->time_ratio = o->float_time_ns > 0 ? o->time_ns / o->float_time_ns : (double)NAN;
    return PARE_OK;
}

/* ---------------------------------------------------------------------------------------------- */

static pare_status judge(oracle_job *job, pare_oracle *o, pare_shapes *shapes)
{
    PARE_TRY(pare_infer(job->ctx, &job->known, job->given, NULL));
    PARE_TRY(pare_model_clone(job->ctx, &job->model, job->given));
    PARE_TRY(pare_oracle_begin(job));
    PARE_TRY(pare_oracle_rewrite(job));
    PARE_TRY(pare_oracle_group(job));
    if (job->quant->rewrites & 1U << PARE_QDQ_DYNAMIC) PARE_TRY(pare_oracle_fuse_dynamic(job));
    if (job->quant->rewrites & 1U << PARE_QDQ_CLEAN) PARE_TRY(pare_oracle_drop_idle(job));
    PARE_TRY(make_rows(job, o, shapes));
    return pare_oracle_warn(job, o);
}

pare_status pare_oracle_run(pare_ctx *ctx, pare_oracle **out, const pare_model *model,
                            pare_shapes *shapes, const pare_target_rules *rules)
{
    *out = NULL;
    if (!rules->has_quant)
        return pare_fail(ctx, PARE_EUNSUPPORTED,
                         "the target says nothing about integers: its rules have no 'quantize'");
    pare_oracle *o = pare_alloc_zero(ctx, sizeof(*o));
    if (!o) return pare_fail_memory(ctx, sizeof(*o));
    pare_arena_init(ctx, &o->arena, 0);
    pare_target_quant quant = rules->quant;
    pare_status failure = PARE_OK;
    oracle_job job = {
        .ctx = ctx, .given = model, .quant = &quant, .arena = &o->arena, .failure = &failure
    };
    pare_status st = quant.n_groups ? PARE_OK : make_groups(ctx, &o->arena, &quant);
    if (!st) st = judge(&job, o, shapes);
    if (!st) st = failure;
    pare_oracle_end(&job);
    if (st) pare_oracle_free(ctx, o);
    else *out = o;
    return st;
}

void pare_oracle_free(pare_ctx *ctx, pare_oracle *oracle)
{
    if (!oracle) return;
    pare_arena_free(&oracle->arena);
    pare_free(ctx, oracle);
}
