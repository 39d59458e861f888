#include "quant/half.h"

#include "base/bytes.h"
#include "ir/graph.h"
#include "op/eval.h"
#include "op/infer.h"
#include "op/sample.h"
#include "op/wide.h"
#include "pass/upgrade.h"
#include "quant/half_plan.h"
#include "quant/writer.h"

#include <inttypes.h>
#include <math.h>

/* Numbers seen may be exceeded by others; random ones, by real ones. */
#define MOST_SEEN (65504.0 / 2)
#define MOST_ESTIMATED (65504.0 / 4)
#define MOST_CONSTANT 65504.0

enum {
    FEW = 16,                 /* elements of what may be an epsilon */
    BFLOAT16_OPSET = 13,      /* in which Cast knows it */
};

static const double least_float16 = 0x1p-25; /* at and below, to the nearest, is 0 */

bool pare_half_is_old(const pare_half_plan *p, pare_value_id value)
{
    const pare_info *info = pare_shapes_of(p->shapes, value);
    if (value == PARE_NONE || info->kind != PARE_TYPE_TENSOR) return false;
    return p->opts ? info->dtype == PARE_FLOAT
                   : info->dtype == PARE_FLOAT16 || info->dtype == PARE_BFLOAT16;
}

bool pare_half_wants_new(const pare_half_plan *p, const pare_use *use, bool *any)
{
    *any = false;
    if (use->user == PARE_NONE || use->user >= p->n_nodes) return false;
    const pare_half_rule rule = p->rules[use->user];
    *any = rule == PARE_HALF_BLIND || rule == PARE_HALF_MAKES;
    return p->changes[use->user] && !(use->slot < 32 && p->fixed[use->user] >> use->slot & 1);
}

/* --- constants -------------------------------------------------------------------------------- */

static pare_status look_at_tensor(pare_half_plan *p, pare_value_id v, const pare_tensor *t)
{
    pare_buf *buf = NULL;
    const uint8_t *data;
    double largest = 0;
    bool vanishes = false;
    PARE_TRY(pare_tensor_dense(p->ctx, &buf, &data, t));
    for (int64_t i = 0; i < t->n_elements; i += PARE_WIDE_BLOCK) {
        float x[PARE_WIDE_BLOCK];
        const int64_t n = t->n_elements - i < PARE_WIDE_BLOCK ? t->n_elements - i : PARE_WIDE_BLOCK;
        pare_wide_load_as(PARE_WIDE_F32, t->dtype, data, i, 1, n, x);
        for (int64_t k = 0; k < n; k++) {
            const double size = fabs((double)x[k]);
            if (size > largest && size < (double)INFINITY) largest = size;
            vanishes |= size > 0 && size <= least_float16;
        }
    }
    p->largest[v] = largest;
    p->is_tiny[v] = vanishes && t->n_elements <= FEW;
    pare_buf_unref(buf);
    return PARE_OK;
}

/* Initializers, and what Constant nodes hold. */
static pare_status look_at_constants(pare_half_plan *p)
{
    for (pare_value_id v = 0; v < p->n_values; v++) {
        const pare_tensor *t = p->model->values[v].tensor;
        p->largest[v] = -1;
        if (p->model->values[v].graph && t && pare_half_is_old(p, v))
            PARE_TRY(look_at_tensor(p, v, t));
    }
    for (pare_node_id node = 0; node < p->n_nodes; node++) {
        const pare_node *n = &p->model->nodes[node];
        if (!n->graph || p->rules[node] != PARE_HALF_MAKES || !n->n_outputs) continue;
        const pare_attr *a = pare_node_attr(n, "value");
        if (a && a->type == PARE_ATTR_TENSOR && !a->ref_name && pare_half_is_old(p, n->outputs[0]))
            PARE_TRY(look_at_tensor(p, n->outputs[0], a->tensors[0]));
    }
    return PARE_OK;
}

/* --- activations ------------------------------------------------------------------------------ */

static pare_status observe(void *user, pare_ctx *ctx, pare_value_id value, const pare_datum *datum)
{
    pare_half_plan *p = user;
    (void)ctx;
    if (value >= p->n_values || datum->kind != PARE_TYPE_TENSOR ||
        datum->tensor->dtype != PARE_FLOAT)
        return PARE_OK;
    const float *x = (const float *)(const void *)datum->tensor->payload.data;
    double largest = p->largest[value];
    for (int64_t i = 0; i < datum->tensor->n_elements; i++) {
        const double size = fabs((double)x[i]) * (MOST_SEEN / MOST_ESTIMATED);
        if (size > largest && size < (double)INFINITY) largest = size;
    }
    p->largest[value] = largest;
    return PARE_OK;
}

/* Runs the model on random inputs. What cannot be run so is left alone, with a warning. */
static pare_status estimate(pare_half_plan *p)
{
    pare_eval_input *inputs = NULL;
    pare_datum *out = NULL;
    size_t n = 0;
    const pare_sample_opts sample = { .seed = 1, .quiet = true };
    const pare_eval_opts eval = { .observe = observe, .user = p };
    pare_status st = pare_sample_inputs(p->ctx, &inputs, &n, p->model, &sample);
    if (!st) st = pare_eval_model(p->ctx, &out, p->model, inputs, n, &eval);
    for (size_t i = 0; !st && i < p->model->graph->outputs.n; i++) pare_datum_drop(p->ctx, &out[i]);
    pare_free(p->ctx, out);
    pare_sample_free(p->ctx, inputs, n);
    if (!st || st == PARE_ENOMEM || st == PARE_EBUDGET || st == PARE_ECANCELED) return st;
    pare_warn(p->ctx, "activations were not estimated: %s", p->ctx->message);
    return PARE_OK;
}

static pare_status look_at_activations(pare_half_plan *p)
{
    if (p->to != PARE_FLOAT16) return PARE_OK;
    if (!p->opts->largest) return estimate(p);
    for (pare_value_id v = 0; v < p->n_values; v++)
        if (p->largest[v] < 0 && pare_half_is_old(p, v))
            p->largest[v] = p->opts->largest(p->opts->user, v);
    return PARE_OK;
}

/* --- nodes ------------------------------------------------------------------------------------ */

static bool is_constant(const pare_half_plan *p, pare_value_id v)
{
    const pare_value *value = &p->model->values[v];
    return value->tensor || (value->producer != PARE_NONE && value->producer < p->n_nodes &&
                             p->rules[value->producer] == PARE_HALF_MAKES &&
                             !p->model->nodes[value->producer].n_inputs);
}

static const char *refuse_value(const pare_half_plan *p, pare_value_id v)
{
    const pare_info *info = pare_shapes_of(p->shapes, v);
    if (info->kind == PARE_TYPE_NONE || info->dtype == PARE_DTYPE_UNDEFINED)
        return "the type of a value is not known";
    if (info->kind != PARE_TYPE_TENSOR) return "a value is no tensor";
    if (p->to != PARE_FLOAT16 || !pare_half_is_old(p, v)) return NULL;
    if (is_constant(p, v)) {
        if (p->largest[v] > MOST_CONSTANT) return "a weight is beyond 65504";
        return p->is_tiny[v] ? "a small constant would become 0" : NULL;
    }
    return p->largest[v] > MOST_SEEN ? "activations come near or pass 65504" : NULL;
}

static bool reads_or_makes_old(const pare_half_plan *p, const pare_node *n)
{
    bool old = false;
    for (uint32_t i = 0; i < n->n_inputs; i++) old |= pare_half_is_old(p, n->inputs[i].value);
    for (uint32_t i = 0; i < n->n_outputs; i++) old |= pare_half_is_old(p, n->outputs[i]);
    return old;
}

/* Why a node that has a rule stays, or NULL. */
static const char *refuse(const pare_half_plan *p, pare_node_id node)
{
    const pare_node *n = &p->model->nodes[node];
    const char *why = NULL;
    for (uint32_t i = 0; !why && i < n->n_inputs; i++)
        if (n->inputs[i].value != PARE_NONE && p->rules[node] != PARE_HALF_MAKES &&
            !(i < 32 && p->fixed[node] >> i & 1))
            why = refuse_value(p, n->inputs[i].value);
    for (uint32_t i = 0; !why && i < n->n_outputs; i++)
        if (n->outputs[i] != PARE_NONE) why = refuse_value(p, n->outputs[i]);
    if (!why && p->opts && p->opts->keep_float && p->opts->keep_float(p->opts->user, node))
        why = "excluded";
    return why;
}

/* Whether the attribute that says what a node makes says floats that would change. */
static bool makes_old(const pare_half_plan *p, const pare_node *n)
{
    return n->n_outputs && pare_half_is_old(p, n->outputs[0]) && !pare_node_attr(n, "sparse_value");
}

static void decide_node(pare_half_plan *p, pare_node_id node)
{
    const pare_node *n = &p->model->nodes[node];
    if (!n->graph || pare_graph_root(n->graph)->function) return;
    const pare_half_rule rule = pare_half_rule_of(p->model, node, &p->fixed[node]);
    p->rules[node] = (uint8_t)rule;
    if (rule == PARE_HALF_BLIND || !reads_or_makes_old(p, n)) return;
    if (rule == PARE_HALF_MAKES && !makes_old(p, n)) return;
    if (rule == PARE_HALF_NEVER) p->reasons[node] = "the operator has no such form";
    else p->changes[node] = true;
}

/* What makes much of little behind a node that stays for an epsilon stays, too. */
static void keep_followers(pare_half_plan *p, pare_node_id node)
{
    const pare_node *n = &p->model->nodes[node];
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        if (n->outputs[i] == PARE_NONE) continue;
        for (const pare_use *u = p->model->values[n->outputs[i]].first_use; u; u = u->next) {
            if (u->user == PARE_NONE || !p->changes[u->user] ||
                !pare_half_magnifies(&p->model->nodes[u->user]))
                continue;
            p->changes[u->user] = false;
            p->reasons[u->user] = "follows a constant that would become 0";
            keep_followers(p, u->user);
        }
    }
}

static void decide_nodes(pare_half_plan *p)
{
    for (pare_node_id node = 0; node < p->n_nodes; node++) {
        if (!p->changes[node]) continue;
        p->reasons[node] = refuse(p, node);
        if (p->reasons[node]) p->changes[node] = false;
    }
    for (pare_node_id node = 0; node < p->n_nodes; node++) {
        const pare_node *n = &p->model->nodes[node];
        bool tiny = false;
        for (uint32_t i = 0; p->reasons[node] && i < n->n_inputs; i++)
            tiny |= n->inputs[i].value != PARE_NONE && p->is_tiny[n->inputs[i].value];
        if (tiny) keep_followers(p, node);
    }
}

/* --- values ----------------------------------------------------------------------------------- */

static bool is_given_out(const pare_value *v)
{
    for (const pare_use *u = v->first_use; u; u = u->next)
        if (u->user == PARE_NONE) return true;
    return false;
}

static bool someone_wants_new(const pare_half_plan *p, const pare_value *v)
{
    bool any;
    for (const pare_use *u = v->first_use; u; u = u->next)
        if (pare_half_wants_new(p, u, &any)) return true;
    return false;
}

static void find_home(pare_half_plan *p, pare_value_id id)
{
    const pare_value *v = &p->model->values[id];
    p->new_home[id] = false;
    if (!v->graph || !pare_half_is_old(p, id) || pare_graph_root(v->graph)->function) return;
    const bool is_main = v->graph == p->model->graph;
    if (v->is_input) p->new_home[id] = is_main && p->opts && p->opts->convert_io && !v->tensor;
    else if (v->tensor) p->new_home[id] = someone_wants_new(p, v) && !is_given_out(v);
    else if (v->producer != PARE_NONE) p->new_home[id] = p->changes[v->producer];
}

/* Casts that the value of an output needs, or that of an input does. */
static int casts_of(const pare_half_plan *p, pare_value_id id)
{
    const pare_value *v = &p->model->values[id];
    if (id == PARE_NONE || !pare_half_is_old(p, id) || v->tensor) return 0;
    bool any, needed = false;
    for (const pare_use *u = v->first_use; u; u = u->next) {
        const bool wants = u->user == PARE_NONE && p->opts && p->opts->convert_io
                               ? u->graph == p->model->graph
                               : pare_half_wants_new(p, u, &any);
        if (u->user == PARE_NONE) any = false;
        needed |= !any && wants != p->new_home[id];
    }
    return needed;
}

static int casts_around(pare_half_plan *p, pare_node_id node)
{
    const pare_node *n = &p->model->nodes[node];
    int sum = 0;
    for (uint32_t i = 0; i < n->n_outputs; i++) {
        if (n->outputs[i] != PARE_NONE) find_home(p, n->outputs[i]);
        sum += casts_of(p, n->outputs[i]);
    }
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        bool seen = false;
        for (uint32_t k = 0; k < i; k++) seen |= n->inputs[k].value == n->inputs[i].value;
        if (!seen) sum += casts_of(p, n->inputs[i].value);
    }
    return sum;
}

/* Cheap nodes stay where that saves Casts. */
static void save_casts(pare_half_plan *p)
{
    bool changed = true;
    for (int round = 0; changed && round < 8; round++) {
        changed = false;
        for (pare_node_id node = 0; node < p->n_nodes; node++) {
            if (!p->changes[node] || (p->rules[node] != PARE_HALF_CHEAP &&
                                      p->rules[node] != PARE_HALF_MAKES))
                continue;
            const int with = casts_around(p, node);
            p->changes[node] = false;
            if (casts_around(p, node) < with) {
                p->reasons[node] = "between others that do";
                changed = true;
                continue;
            }
            p->changes[node] = true;
            casts_around(p, node); /* homes as they were */
        }
    }
}

static pare_status make_room(pare_half_plan *p)
{
    const size_t nodes = p->n_nodes + 1, values = p->n_values + 1;
    p->rules = pare_alloc_zero(p->ctx, nodes);
    p->fixed = pare_alloc_zero(p->ctx, nodes * sizeof(*p->fixed));
    p->changes = pare_alloc_zero(p->ctx, nodes * sizeof(bool));
    p->reasons = pare_alloc_zero(p->ctx, nodes * sizeof(*p->reasons));
    p->largest = pare_alloc_zero(p->ctx, values * sizeof(*p->largest));
    p->is_tiny = pare_alloc_zero(p->ctx, values * sizeof(bool));
    p->new_home = pare_alloc_zero(p->ctx, values * sizeof(bool));
    const bool all = p->rules && p->fixed && p->changes && p->reasons && p->largest && p->is_tiny &&
                     p->new_home;
    return all ? PARE_OK : pare_fail_memory(p->ctx, values * sizeof(*p->largest));
}

pare_status pare_half_decide(pare_half_plan *p)
{
    PARE_TRY(make_room(p));
    for (pare_node_id node = 0; node < p->n_nodes; node++) decide_node(p, node);
    if (p->to == PARE_FLOAT16) PARE_TRY(look_at_constants(p));
    if (p->opts) PARE_TRY(look_at_activations(p));
    decide_nodes(p);
    for (pare_value_id v = 0; v < p->n_values; v++) find_home(p, v);
    save_casts(p);
    for (pare_value_id v = 0; v < p->n_values; v++) find_home(p, v);
    return PARE_OK;
}

void pare_half_plan_free(pare_half_plan *p)
{
    void *const all[] = { p->rules, p->fixed, p->changes, (void *)p->reasons, p->largest,
                          p->is_tiny, p->new_home };
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) pare_free(p->ctx, all[i]);
}

/* ---------------------------------------------------------------------------------------------- */

static bool computes(const pare_half_opts *opts)
{
    if (opts->form != PARE_HALF_AUTO) return opts->form == PARE_HALF_COMPUTE;
    if (!opts->rules || !opts->rules->n_types) return true;
    for (size_t i = 0; i < opts->rules->n_types; i++)
        if (pare_str_eq(opts->rules->types[i], pare_dtype_name(opts->type))) return true;
    return false;
}

/* Large initializers of float32 in the new type, nothing else: apply puts a Cast behind each. */
static pare_status only_store(pare_half_plan *p)
{
    PARE_TRY(make_room(p));
    if (p->to == PARE_FLOAT16) PARE_TRY(look_at_constants(p));
    for (pare_value_id id = 0; id < p->n_values; id++) {
        const pare_value *v = &p->model->values[id];
        p->new_home[id] = v->graph && v->tensor && !v->is_input && pare_half_is_old(p, id) &&
                          v->tensor->n_elements > FEW * FEW && !is_given_out(v) &&
                          !(p->to == PARE_FLOAT16 && p->largest[id] > MOST_CONSTANT);
    }
    return PARE_OK;
}

static pare_status note_kept(const pare_half_plan *p, pare_half_report *r)
{
    for (pare_node_id node = 0; node < p->n_nodes; node++) {
        const pare_node *n = &p->model->nodes[node];
        r->n_nodes += p->changes[node];
        if (!p->reasons[node]) continue;
        PARE_TRY(pare_grow(p->ctx, &r->kept, &r->cap, r->n_kept + 1, sizeof(*r->kept)));
        r->kept[r->n_kept++] = (pare_half_kept){ n->name, n->op_type, p->reasons[node] };
    }
    return PARE_OK;
}

/* Weights that are inputs as well become constants: they are to change their type. */
static void fix_inputs(pare_ctx *ctx, pare_model *model)
{
    if (model->ir_version < 4) { /* where every initializer is an input, too */
        pare_graph_drop_default_inputs(model->graph);
        model->ir_version = 4;
    }
    uint64_t n = 0;
    const char *name = NULL;
    for (pare_value_id v = 0; v < model->n_values; v++) {
        const pare_value *value = &model->values[v];
        if (!value->graph || !value->is_input || !value->tensor || value->tensor->n_elements < 2 ||
            pare_dtype_of(value->tensor->dtype)->class != PARE_CLASS_FLOAT)
            continue;
        if (!n++) name = value->name;
        pare_graph_drop_default_input(value->graph, v);
    }
    if (n == 1) pare_warn(ctx, "weights '%s' are an input, too: they become constant", name);
    if (n > 1)
        pare_warn(ctx, "weights '%s' and %" PRIu64 " others are inputs, too: they become constant",
                  name, n - 1);
}

static pare_status convert(pare_ctx *ctx, pare_model *model, const pare_half_opts *opts,
                           pare_half_report *report)
{
    pare_shapes *shapes = NULL;
    fix_inputs(ctx, model);
    if (opts) PARE_TRY(pare_write_hoist(ctx, model));
    if (opts && opts->type == PARE_BFLOAT16)
        PARE_TRY(pare_upgrade_opset(ctx, model, BFLOAT16_OPSET));
    pare_half_plan p = { .ctx = ctx, .model = model, .opts = opts,
                         .to = opts ? opts->type : PARE_FLOAT, .n_nodes = model->n_nodes,
                         .n_values = model->n_values };
    pare_status st = pare_infer(ctx, &shapes, model, NULL);
    p.shapes = shapes;
    const bool stores = opts && !computes(opts);
    report->form = stores ? PARE_HALF_STORE : PARE_HALF_COMPUTE;
    if (!st) st = stores ? only_store(&p) : pare_half_decide(&p);
    if (!st) st = note_kept(&p, report);
    if (!st) st = pare_half_apply(&p, report);
    pare_half_plan_free(&p);
    pare_shapes_free(ctx, shapes);
    return st;
}

pare_status pare_quantize_half(pare_ctx *ctx, pare_model *model, const pare_half_opts *opts,
                               pare_half_report *report)
{
    pare_half_report none = { 0 };
    if (report) *report = none;
    if (opts->type != PARE_FLOAT16 && opts->type != PARE_BFLOAT16)
        return pare_fail(ctx, PARE_EUNSUPPORTED,
                         "floats of 16 bits are float16 or bfloat16, not %s",
                         pare_dtype_name(opts->type));
    const pare_status st = convert(ctx, model, opts, report ? report : &none);
    pare_half_report_free(ctx, &none);
    return st;
}

pare_status pare_half_to_float(pare_ctx *ctx, pare_model *model, uint64_t *n_nodes)
{
    pare_half_report report = { 0 };
    const pare_status st = convert(ctx, model, NULL, &report);
    *n_nodes = report.n_nodes;
    pare_half_report_free(ctx, &report);
    return st;
}

void pare_half_report_free(pare_ctx *ctx, pare_half_report *report)
{
    pare_free(ctx, report->kept);
    report->kept = NULL;
    report->n_kept = report->cap = 0;
}
