#include "base/bytes.h"
#include "ir/order.h"
#include "quant/oracle_job.h"

#include <math.h>
#include <string.h>

/* Finding the groups of Q, operator and DQ that the target makes one kernel of, and saying of those
 * that it does not why. */

enum { MAX_READS = 64 };

/* How far the scale of a bias may be from the product of the others: a share of it, and more. */
static const double scale_tolerance = 0.01, scale_slack = 1e-6;

/* An operator with the Q and DQ around it. */
typedef struct around {
    pare_node_id node;
    const pare_node *n;
    pare_node_id dq[MAX_READS]; /* by slot; PARE_NONE: the input comes from something else */
    uint32_t n_dq, n_in;        /* inputs that exist */
    oracle_readers out;
    pare_node_id clip;   /* Relu or Clip behind it, alone; PARE_NONE */
    pare_node_id q;      /* the first Q behind it, or behind the clip; PARE_NONE */
    uint32_t n_q, n_out; /* n_out: outputs that exist */
} around;

static void look_around(const oracle_job *job, pare_node_id node, around *a)
{
    const pare_node *n = pare_oracle_node(job, node);
    *a = (around){ .node = node, .n = n, .clip = PARE_NONE, .q = PARE_NONE };
    for (uint32_t i = 0; i < MAX_READS; i++) a->dq[i] = PARE_NONE;
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        const pare_value_id v = n->inputs[i].value;
        const pare_node_id maker = pare_oracle_maker(job, v);
        a->n_in += v != PARE_NONE;
        if (i >= MAX_READS || maker == PARE_NONE ||
            !pare_oracle_is_dq(pare_oracle_node(job, maker)))
            continue;
        a->dq[i] = maker;
        a->n_dq++;
    }
    for (uint32_t i = 0; i < n->n_outputs; i++) a->n_out += n->outputs[i] != PARE_NONE;
    a->out = pare_oracle_readers_of_node(job, n);
    oracle_readers behind = a->out;
    if (a->out.n == 1 && pare_oracle_is_activation(pare_oracle_node(job, a->out.first))) {
        const oracle_readers r =
            pare_oracle_readers_of_node(job, pare_oracle_node(job, a->out.first));
        if (r.n == 1 && !r.goes_out) {
            a->clip = a->out.first;
            behind = r;
        }
    }
    a->n_q = behind.n_q;
    const pare_node *last = a->clip == PARE_NONE ? n : pare_oracle_node(job, a->clip);
    for (uint32_t i = 0; i < last->n_outputs && a->q == PARE_NONE; i++) {
        if (last->outputs[i] == PARE_NONE) continue;
        const pare_use *use = job->model->values[last->outputs[i]].first_use;
        for (; use && a->q == PARE_NONE; use = use->next)
            if (use->user != PARE_NONE && !use->slot &&
                pare_oracle_is_q(pare_oracle_node(job, use->user)))
                a->q = use->user;
    }
}

/* --- why not ---------------------------------------------------------------------------------- */

static const char *type_name(pare_dtype dtype)
{
    return pare_dtype_of(dtype)->name;
}

static pare_dtype type_read(const oracle_job *job, const around *a, uint32_t slot)
{
    return (pare_dtype)job->dtypes[pare_oracle_node(job, a->dq[slot])->inputs[0].value];
}

static pare_dtype type_written(const oracle_job *job, const around *a)
{
    return (pare_dtype)job->dtypes[pare_oracle_node(job, a->q)->outputs[0]];
}

static uint32_t first_dq(const around *a)
{
    uint32_t slot = 0;
    while (slot < MAX_READS && a->dq[slot] == PARE_NONE) slot++;
    return slot;
}

/* Inputs that have to come from DQ. */
static const char *check_reads(oracle_job *job, const around *a, const pare_quant_group *g)
{
    const uint32_t want = g->reads ? g->reads : a->n_in;
    if (g->weights_only) {
        const bool is_alone = a->n_dq == 1 || (a->n_dq == 2 && a->dq[2] != PARE_NONE);
        return a->dq[1] != PARE_NONE && is_alone ? NULL : "its weights come from no DQ";
    }
    for (uint32_t i = 0; a->n_dq < want && i < a->n->n_inputs && i < MAX_READS; i++)
        if (a->n->inputs[i].value != PARE_NONE && a->dq[i] == PARE_NONE)
            return pare_oracle_say(job, "input %u, %s, is float: no DQ makes it", i,
                                   pare_oracle_value_name(job, a->n->inputs[i].value));
    if (a->n_dq != want)
        return pare_oracle_say(job, "%u of its inputs come from DQ, where %u have to", a->n_dq,
                               want);
    for (uint32_t i = 0; i < a->n->n_inputs && i < MAX_READS; i++) {
        if (a->dq[i] == PARE_NONE) continue;
        const oracle_readers r = pare_oracle_readers_of_node(job, pare_oracle_node(job, a->dq[i]));
        if (r.goes_out)
            return pare_oracle_say(job, "%s, which it reads, is an output of the model",
                                   pare_oracle_value_name(job, a->n->inputs[i].value));
        if (r.n != 1 || r.n_nested)
            return pare_oracle_say(job, "the DQ of %s is read by others, too",
                                   pare_oracle_value_name(job, a->n->inputs[i].value));
    }
    return NULL;
}

static const char *output_name(const oracle_job *job, const around *a)
{
    return a->n->n_outputs ? pare_oracle_value_name(job, a->n->outputs[0]) : "";
}

static const char *check_clip(oracle_job *job, const around *a, const pare_quant_group *g)
{
    if (a->clip == PARE_NONE) return NULL;
    const pare_node *clip = pare_oracle_node(job, a->clip);
    const char *name = pare_str_or_empty(clip->op_type);
    if (a->n_q != 1) return pare_oracle_say(job, "no Q stands behind the %s that reads it", name);
    if (!pare_oracle_is_redundant(job, clip, pare_oracle_node(job, a->q)))
        return pare_oracle_say(job, "the Q behind its %s reaches further than the %s does", name,
                               name);
    return g->absorbs ? NULL : pare_oracle_say(job, "a %s stands between it and the Q", name);
}

/* What has to stand behind it. */
static const char *check_writes(oracle_job *job, const around *a, const pare_quant_group *g)
{
    if (g->writes == PARE_WRITES_ANY) return NULL;
    if (g->writes == PARE_WRITES_FLOAT) return a->n_q ? "its output is quantized" : NULL;
    const uint32_t edges = a->clip == PARE_NONE ? a->out.n : 1;
    if (!a->n_q) {
        if (g->writes == PARE_WRITES_OPTIONAL) return NULL;
        if (a->out.goes_out && !a->out.n)
            return pare_oracle_say(job, "its output %s is an output of the model in float",
                                   output_name(job, a));
        return pare_oracle_say(job, "no Q stands behind its output %s", output_name(job, a));
    }
    if (a->out.goes_out)
        return pare_oracle_say(job, "its output %s is also an output of the model",
                               output_name(job, a));
    if (a->n_q != edges || a->out.n_nested)
        return pare_oracle_say(job, "output %s goes to %u consumers, of which %u are Q",
                               output_name(job, a), a->out.n + a->out.n_nested, a->n_q);
    if (a->n_q != a->n_out)
        return pare_oracle_say(job, "%u Q stand behind its %u outputs", a->n_q, a->n_out);
    return NULL;
}

static bool has_bits(uint32_t set, pare_dtype dtype)
{
    const uint8_t bits = pare_dtype_of(dtype)->bits;
    return bits < 32 && (set >> bits & 1);
}

static const char *check_types(oracle_job *job, const around *a, const pare_quant_group *g)
{
    const uint32_t first = first_dq(a);
    if (first == MAX_READS) return NULL;
    const pare_dtype x = type_read(job, a, first);
    const bool has_weight = a->dq[1] != PARE_NONE && g->weight_bits;
    if (!g->weights_only && g->bits && !has_bits(g->bits, x))
        return pare_oracle_say(job, "has no kernel for %s", type_name(x));
    if (has_weight && !has_bits(g->weight_bits, type_read(job, a, 1)))
        return pare_oracle_say(job, "has no kernel for weights of %s",
                               type_name(type_read(job, a, 1)));
    if (x == PARE_INT8 && !g->weights_only) {
        if (g->sign == PARE_SIGNED_NEVER)
            return "its activations are int8, which are not fused on this target";
        if (g->sign == PARE_SIGNED_WITH_WEIGHTS && a->dq[1] != PARE_NONE &&
            type_read(job, a, 1) != PARE_INT8)
            return pare_oracle_say(job, "its activations are int8 and its weights %s",
                                   type_name(type_read(job, a, 1)));
    }
    for (uint32_t i = 0; g->alike == PARE_ALIKE_ALL && i < MAX_READS; i++)
        if (a->dq[i] != PARE_NONE && type_read(job, a, i) != x)
            return pare_oracle_say(job, "its inputs are %s and %s", type_name(x),
                                   type_name(type_read(job, a, i)));
    if ((g->alike != PARE_ALIKE_NONE || g->same_grid) && a->q != PARE_NONE &&
        type_written(job, a) != x)
        return pare_oracle_say(job, "its input is %s and its output %s", type_name(x),
                               type_name(type_written(job, a)));
    return NULL;
}

static const char *check_grid(oracle_job *job, const around *a, const pare_quant_group *g)
{
    const uint32_t first = first_dq(a);
    if (!g->same_grid || first == MAX_READS || a->q == PARE_NONE) return NULL;
    const pare_node *dq = pare_oracle_node(job, a->dq[first]);
    const oracle_grid x = pare_oracle_grid_of(job, dq);
    for (uint32_t i = 0; i < a->n->n_outputs; i++) {
        if (a->n->outputs[i] == PARE_NONE) continue;
        const oracle_readers r = pare_oracle_readers_of(job, a->n->outputs[i]);
        if (r.first == PARE_NONE) continue;
        const pare_node *q = pare_oracle_node(job, r.first);
        const oracle_grid y = pare_oracle_grid_of(job, q);
        if (!x.has_zero || !y.has_zero)
            return "zero point missing: it has to be written, even if 0";
        if (!x.is_scalar || !y.is_scalar) return "its scale is no constant of one number";
        if (x.scale != y.scale)
            return pare_oracle_say(job, "scale differs between input and output: %g and %g",
                                   (double)x.scale, (double)y.scale);
        if (x.zero != y.zero)
            return pare_oracle_say(job, "zero point differs between input and output: %d and %d",
                                   x.zero, y.zero);
        if (!pare_oracle_same_grid(job, dq, q))
            return "its zero point is no constant of one number";
    }
    return !g->positive || x.scale > 0
               ? NULL
               : pare_oracle_say(job, "scale %g is not above 0", (double)x.scale);
}

/* Number of elements of a scale, and element i of it, which stands for all if there is one. */
static bool scale_at(const oracle_job *job, const pare_node *dq, int64_t i, double *out)
{
    const pare_tensor *t = pare_oracle_tensor(job, pare_oracle_in(dq, 1));
    return t && t->n_elements &&
           pare_oracle_number(job, pare_oracle_in(dq, 1), t->n_elements == 1 ? 0 : i, out);
}

static const char *check_bias(oracle_job *job, const around *a, const pare_quant_group *g)
{
    if (g->bias == PARE_BIAS_ANY || a->dq[2] == PARE_NONE || g->weights_only) return NULL;
    const pare_node *b = pare_oracle_node(job, a->dq[2]);
    if (pare_oracle_attr_float(a->n, "beta", 1) != 1) return "its attribute beta is not 1";
    if (type_read(job, a, 2) != PARE_INT32)
        return pare_oracle_say(job, "its bias is %s instead of int32",
                               type_name(type_read(job, a, 2)));
    if (g->bias != PARE_BIAS_SCALED || !pare_oracle_tensor(job, b->inputs[0].value)) return NULL;
    const pare_tensor *t = pare_oracle_tensor(job, pare_oracle_in(b, 1));
    double x, w, s;
    for (int64_t i = 0; t && i < t->n_elements; i++) {
        if (!scale_at(job, pare_oracle_node(job, a->dq[0]), 0, &x) ||
            !scale_at(job, pare_oracle_node(job, a->dq[1]), i, &w) || !scale_at(job, b, i, &s))
            return "the scale of its bias is no constant";
        const double want = (double)((float)x * (float)w);
        if (fabs(s - want) > scale_slack + scale_tolerance * fabs(want))
            return pare_oracle_say(job, "bias scale is not x_scale * w_scale: %g instead of %g", s,
                                   want);
    }
    return NULL;
}

/* Whether another constant of one number, read by another node, has the value of this one. Runtimes
 * that share such constants then no longer take it for the scale of one node. */
static bool is_shared(const oracle_job *job, pare_value_id scale)
{
    const pare_model *m = job->model;
    double want, v;
    if (m->values[scale].n_uses > 1) return true;
    if (!pare_oracle_number(job, scale, 0, &want)) return false;
    for (pare_value_id other = 0; other < m->n_values; other++) {
        const pare_tensor *t = m->values[other].graph && m->values[other].n_uses
                                   ? pare_oracle_tensor(job, other)
                                   : NULL;
        if (other != scale && t && !t->rank && t->dtype == PARE_FLOAT &&
            pare_oracle_number(job, other, 0, &v) && v == want)
            return true;
    }
    return false;
}

/* Weights of few bits that float activations are multiplied by: a matrix of constants with a scale
 * for all, one per column, or one per block of a column, read by this node alone. */
static const char *check_weights(oracle_job *job, const around *a, const pare_quant_group *g)
{
    if (!g->weights_only) return NULL;
    const pare_node *dq = pare_oracle_node(job, a->dq[1]);
    const pare_tensor *w = pare_oracle_tensor(job, pare_oracle_in(dq, 0));
    const pare_tensor *s = pare_oracle_tensor(job, pare_oracle_in(dq, 1));
    const pare_value_id zero = pare_oracle_in(dq, 2);
    const pare_tensor *z = pare_oracle_tensor(job, zero);
    const int64_t block = pare_oracle_attr_int(dq, "block_size", 0);
    const oracle_readers r = pare_oracle_readers_of_node(job, dq);
    if (r.n != 1 || r.goes_out || r.n_nested) return "the DQ of its weights is read by others, too";
    if (!w || !s || (zero != PARE_NONE && !z) || w->rank != 2)
        return "its weights, or their scale, are no matrix of constants";
    if (s->dtype != PARE_FLOAT && s->dtype != PARE_FLOAT16)
        return "the scale of its weights is no float";
    if (block) {
        if (pare_oracle_attr_int(dq, "axis", 1) != 0) return "its blocks lie along the other axis";
        if (block < 16 || (block & (block - 1)) != 0)
            return pare_oracle_say(job, "blocks of %lld: a power of two from 16 on is needed",
                                   (long long)block);
    } else if (!s->rank) {
        if (job->quant->rewrites & 1U << PARE_QDQ_MERGE && is_shared(job, pare_oracle_in(dq, 1)))
            return "the one scale of its weights is used elsewhere, too";
    } else {
        if (s->n_elements != w->dims[1] || pare_oracle_attr_int(dq, "axis", 1) != 1)
            return "its scales lie along the summed axis";
    }
    if (pare_oracle_attr_float(a->n, "alpha", 1) != 1 ||
        pare_oracle_attr_float(a->n, "beta", 1) != 1 || pare_oracle_attr_int(a->n, "transA", 0) ||
        pare_oracle_attr_int(a->n, "transB", 0))
        return "its attributes alpha, beta, transA and transB have to be 1, 1, 0 and 0";
    const pare_value_id bias = pare_oracle_in(a->n, 2);
    const pare_tensor *b = pare_oracle_tensor(job, bias);
    if (b && (b->rank != 1 || b->n_elements != w->dims[1])) return "its bias is no row";
    return NULL;
}

static const char *check_mode(oracle_job *job, const around *a, const pare_quant_group *g)
{
    const pare_attr *mode = pare_node_attr(a->n, "mode");
    if (!g->mode || !mode || mode->type != PARE_ATTR_STRING || !mode->n) return NULL;
    const pare_bytes is = mode->strings[0];
    if (is.n == strlen(g->mode) && !memcmp(is.data, g->mode, is.n)) return NULL;
    return pare_oracle_say(job, "mode is %.*s: only %s is done on integers", (int)is.n,
                           (const char *)is.data, g->mode);
}

static const char *check_zero_points(oracle_job *job, const around *a, const pare_quant_group *g)
{
    for (uint32_t i = 0; g->zero_points && i < 2; i++)
        if (a->dq[i] != PARE_NONE &&
            pare_oracle_in(pare_oracle_node(job, a->dq[i]), 2) == PARE_NONE)
            return pare_oracle_say(job,
                                   "zero point missing in the DQ of input %u: it has to be "
                                   "written, even if 0",
                                   i);
    return NULL;
}

static const char *check_group(oracle_job *job, const around *a, const pare_quant_group *g)
{
    const char *why = check_clip(job, a, g);
    if (!why) why = check_reads(job, a, g);
    if (!why) why = check_writes(job, a, g);
    if (!why) why = check_types(job, a, g);
    if (!why) why = check_grid(job, a, g);
    if (!why) why = check_weights(job, a, g);
    if (!why) why = check_zero_points(job, a, g);
    if (!why) why = check_mode(job, a, g);
    return why ? why : check_bias(job, a, g);
}

/* --- marking ---------------------------------------------------------------------------------- */

static void goes_into(oracle_job *job, pare_node_id node, const pare_node *n)
{
    if (node == PARE_NONE) return;
    job->marks[node] =
        (oracle_mark){ PARE_RUNS_GONE, NULL,
                       pare_oracle_say(job, "is part of %s", pare_str_or_empty(n->name)) };
}

static const char *becomes(const oracle_job *job, const around *a, const pare_quant_group *g)
{
    if (g->otherwise && a->q == PARE_NONE) return g->otherwise;
    if (g->becomes) return g->becomes;
    for (size_t i = 0; i < job->quant->n_ops; i++)
        if (pare_oracle_is(a->n, job->quant->ops[i].op)) return job->quant->ops[i].becomes;
    return NULL;
}

static void mark_group(oracle_job *job, const around *a, const pare_quant_group *g)
{
    const bool moves = g->same_grid || g->writes == PARE_WRITES_ANY;
    job->marks[a->node] = (oracle_mark){ g->weights_only ? PARE_RUNS_WEIGHT_ONLY
                                         : moves         ? PARE_RUNS_MOVE
                                                         : PARE_RUNS_INTEGER,
                                         becomes(job, a, g), NULL };
    for (uint32_t i = 0; i < MAX_READS; i++)
        if (!g->weights_only || i == 1) goes_into(job, a->dq[i], a->n);
    if (g->writes == PARE_WRITES_ANY || a->q == PARE_NONE) return;
    goes_into(job, a->clip, a->n);
    goes_into(job, a->q, a->n);
    for (uint32_t i = 0; i < a->n->n_outputs; i++) {
        if (a->n->outputs[i] == PARE_NONE) continue;
        const oracle_readers r = pare_oracle_readers_of(job, a->n->outputs[i]);
        if (r.n_q) goes_into(job, r.first, a->n);
    }
}

/* Of several groups for an operator, the reason of the one that comes nearest: the first whose
 * inputs suit. */
static void try_groups(oracle_job *job, pare_node_id node)
{
    const pare_node *n = pare_oracle_node(job, node);
    const char *reason = NULL;
    bool known = false;
    around a;
    look_around(job, node, &a);
    for (size_t i = 0; i < job->quant->n_groups; i++) {
        const pare_quant_group *g = &job->quant->groups[i];
        if (!pare_oracle_is_any(n, g->ops, g->n_ops)) continue;
        const char *why = NULL;
        known = true;
        if (g->since && pare_opset_version(&job->model->opsets, pare_node_domain(n)) < g->since)
            why = pare_oracle_say(job, "is fused from opset %lld on", (long long)g->since);
        if (!why) why = check_group(job, &a, g);
        if (!why) {
            mark_group(job, &a, g);
            return;
        }
        if (!reason) reason = why;
    }
    oracle_mark *mark = &job->marks[node];
    if (!a.n_dq && !a.n_q) return;
    if (!known && a.n_dq && a.n_q)
        reason = pare_oracle_say(job, "there is no kernel for %s in integers",
                                 pare_str_or_empty(n->op_type));
    else if (!known) return;
    if (!mark->reason) mark->reason = reason;
}

pare_status pare_oracle_group(oracle_job *job)
{
    pare_node_id *order = NULL;
    const uint32_t n = job->model->graph->n_nodes;
    const pare_status st = pare_graph_order(job->ctx, &order, job->model->graph);
    for (uint32_t i = 0; !st && i < n; i++) {
        const pare_node *node = pare_oracle_node(job, order[i]);
        if (pare_oracle_is_q(node) || pare_oracle_is_dq(node)) continue;
        if (job->marks[order[i]].runs == PARE_RUNS_FLOAT) try_groups(job, order[i]);
    }
    pare_free(job->ctx, order);
    return st;
}
