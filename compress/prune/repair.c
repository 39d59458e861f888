#include "prune/repair.h"

#include "ir/graph.h"
#include "ir/order.h"
#include "op/cost.h"
#include "prune/repair_fit.h"
#include "prune/repair_target.h"
#include "stats/walk.h"

#include <string.h>

/* Second moments that one node may need, learnt and held out. */
static const double most_bytes = 1e9;

enum { LEARN, CHECK, PARTS, MOST_ROWS = 65536 };

/* A node to be given new weights. */
typedef struct patient {
    pare_linear linear;
    const pare_axis_info *axis; /* of its input, that it sums over; NULL: of no known size */
    pare_repair_target target;
    bool was_repaired;
} patient;

typedef struct repairer {
    pare_ctx *ctx;
    pare_model *model;
    const pare_model *reference;
    const pare_axes_found *axes;
    const bool *gone;
    const pare_repair_opts *opts;
    pare_repair_report *report;
    patient *patients;        /* [n_patients] in the order of execution */
    size_t n_patients;
    size_t *first_of;         /* [n_steps + 1] patients of each piece of a walk */
    pare_node_id *stops;      /* [n_steps] */
    size_t n_steps;
    double *weight;           /* [n_nodes] multiplications of each node */
    pare_walk *walk, *reference_walk;
    pare_refit_moments *taken;  /* of the patients of a piece, by group: learnt, held out */
    size_t *first_taken;      /* [patients of the piece + 1] */
    size_t first;             /* of the patients of the piece */
} repairer;

/* --- what stays ------------------------------------------------------------------------------- */

typedef struct left {
    int64_t *block;           /* cols and outs of one group */
    pare_refit_left of;
} left;

static bool keeps(const repairer *r, const pare_axis_info *axis, int64_t p)
{
    return !axis || pare_axis_keeps(r->axes, axis, r->gone, p);
}

/* Columns and outputs of a group that stay; none at all where the group goes. */
static pare_status find_left(const repairer *r, const patient *p, int64_t group, left *out)
{
    const pare_linear *l = &p->linear;
    const int64_t per_group = l->out / l->group;
    const pare_axis_info *y = pare_axes_of(r->axes, l->weight, l->weight_axis);
    const size_t n_bytes = (size_t)(l->in * l->taps + per_group + 1) * sizeof(*out->block);
    int64_t *cols = out->block = pare_alloc(r->ctx, n_bytes), n = 0, m = 0;
    if (!cols) return pare_fail_memory(r->ctx, n_bytes);
    int64_t *outs = cols + l->in * l->taps;
    for (int64_t i = 0; i < l->in; i++)
        if (keeps(r, p->axis, group * l->in + i)) cols[n++] = i;
    for (int64_t t = 1; t < l->taps; t++)
        for (int64_t i = 0; i < n; i++) cols[t * n + i] = t * l->in + cols[i];
    const bool by_all = y && y->extent == l->out;
    for (int64_t o = 0; o < per_group; o++)
        if (keeps(r, y, by_all ? group * per_group + o : o)) outs[m++] = group * per_group + o;
    out->of = (pare_refit_left){ .group = group, .cols = cols, .n = n * l->taps, .outs = outs,
                               .m = n ? m : 0, .has_bias = p->target.bias != PARE_NONE };
    return PARE_OK;
}

/* --- moments ---------------------------------------------------------------------------------- */

static pare_status take_group(repairer *r, const patient *p, pare_refit_moments *e, int64_t group,
                              const pare_gram *gram)
{
    left l;
    PARE_TRY(find_left(r, p, group, &l));
    pare_status st = pare_refit_moments_new(r->ctx, e, l.of.n, l.of.m);
    if (!st) pare_refit_moments_take(e, &l.of, gram);
    pare_free(r->ctx, l.block);
    return st;
}

/* Items are learnt and held out in turn. */
static pare_status take_gram(void *user, pare_ctx *ctx, size_t item, const pare_gram *gram)
{
    repairer *r = user;
    const patient *p = &r->patients[r->first + item / PARTS];
    (void)ctx;
    for (int64_t g = 0; g < p->linear.group; g++) {
        const size_t at = r->first_taken[item / PARTS] + (size_t)g;
        PARE_TRY(take_group(r, p, &r->taken[PARTS * at + item % PARTS], g, gram));
    }
    return PARE_OK;
}

/* Runs the piece at hand, and takes the moments of its patients. */
static pare_status gather(repairer *r, size_t n, bool with_ramps)
{
    const uint64_t all = pare_walk_samples(r->walk);
    const uint64_t held = all < 8 ? 1 : all / 4;
    pare_gram_item *items = pare_alloc_zero(r->ctx, (n + 1) * PARTS * sizeof(*items));
    if (!items) return pare_fail_memory(r->ctx, n * PARTS * sizeof(*items));
    for (size_t i = 0; i < n; i++) {
        const patient *p = &r->patients[r->first + i];
        pare_gram_item item = { .linear = p->linear, .plus = p->target.plus,
                                .minus = p->target.minus, .n_samples = all - held };
        if (r->opts->statistics) { /* of the layer itself */
            item.plus = p->target.own;
            item.minus = PARE_NONE;
        }
        if (with_ramps && p->target.has_ramp) item.ramp = &p->target.ramp;
        items[PARTS * i + LEARN] = item;
        item.first = all - held;
        item.n_samples = held;
        items[PARTS * i + CHECK] = item;
    }
    const pare_gram_opts opts = { .items = items, .n_items = n * PARTS, .data = r->opts->data,
                                  .reference = r->reference, .walk = r->walk,
                                  .reference_walk = r->reference_walk, .phase = "repair",
                                  .max_rows = MOST_ROWS,
                                  .max_memory_bytes = (uint64_t)most_bytes * PARTS,
                                  .use = take_gram, .user = r };
    const pare_status st = pare_gram_run(r->ctx, r->model, r->opts->pool, &opts);
    pare_free(r->ctx, items);
    return st;
}

/* --- weights ---------------------------------------------------------------------------------- */

/* The numbers of a constant, to be written to: the caller hands *out to the model. */
static pare_status own_floats(const repairer *r, pare_value_id v, pare_tensor **out, float **data)
{
    uint8_t *bytes = NULL;
    *out = NULL;
    pare_status st = pare_tensor_densify(r->ctx, out, r->model->values[v].tensor);
    if (!st) st = pare_tensor_own(r->ctx, out, &bytes);
    if (st) {
        pare_tensor_unref(*out);
        *out = NULL;
    }
    *data = (float *)(void *)bytes;
    return st;
}

/* Numbers of a node while they change. */
typedef struct weights {
    pare_tensor *weight, *bias;
    float *w, *b, *row;       /* b: NULL without a bias */
} weights;

static pare_status open_weights(const repairer *r, const patient *p, weights *w)
{
    const size_t n_row = (size_t)(p->linear.in * p->linear.taps + 1);
    w->row = pare_alloc(r->ctx, n_row * sizeof(*w->row));
    if (!w->row) return pare_fail_memory(r->ctx, n_row * sizeof(*w->row));
    PARE_TRY(own_floats(r, p->linear.weight, &w->weight, &w->w));
    return p->target.bias == PARE_NONE ? PARE_OK
                                       : own_floats(r, p->target.bias, &w->bias, &w->b);
}

static pare_status close_weights(const repairer *r, const patient *p, weights *w, pare_status st)
{
    if (!st) st = pare_value_set_tensor(r->ctx, r->model, p->linear.weight, w->weight);
    if (!st && w->bias) st = pare_value_set_tensor(r->ctx, r->model, p->target.bias, w->bias);
    pare_tensor_unref(w->weight);
    pare_tensor_unref(w->bias);
    pare_free(r->ctx, w->row);
    return st;
}

static void read_group(const patient *p, const pare_refit_left *l, const weights *w, double *out)
{
    for (int64_t o = 0; o < l->m; o++) {
        pare_linear_get_row(&p->linear, l->outs[o], w->w, w->row);
        for (int64_t i = 0; i < l->n; i++) out[o * l->n + i] = (double)w->row[l->cols[i]];
    }
}

static void write_group(const patient *p, const pare_refit_left *l, const pare_refit_moments *e,
                        const double *in, weights *w)
{
    memset(w->row, 0, (size_t)(p->linear.in * p->linear.taps) * sizeof(*w->row));
    for (int64_t o = 0; o < l->m; o++) {
        double bias = e->target_mean[o];
        for (int64_t i = 0; i < l->n; i++) {
            w->row[l->cols[i]] = (float)in[o * l->n + i];
            bias -= in[o * l->n + i] * e->mean[i];
        }
        pare_linear_put_row(&p->linear, l->outs[o], w->row, w->w);
        if (w->b) w->b[l->outs[o]] = (float)bias;
    }
}

static pare_status fit_group(repairer *r, patient *p, int64_t group, const pare_refit_moments *e,
                             weights *w)
{
    left l;
    pare_refit_outcome outcome = { 0 };
    PARE_TRY(find_left(r, p, group, &l));
    const size_t n = (size_t)(l.of.m * l.of.n);
    pare_status st = PARE_OK;
    double *now = pare_alloc(r->ctx, (2 * n + 1) * sizeof(*now));
    if (!now) st = pare_fail_memory(r->ctx, 2 * n * sizeof(*now));
    if (!st && n && e[LEARN].rows > 0 && e[CHECK].rows > 0) {
        read_group(p, &l.of, w, now);
        if (r->opts->statistics) pare_refit_scale(r->opts->linalg, &e[LEARN], now, now + n);
        else st = pare_refit_solve(r->ctx, r->opts->linalg, &e[LEARN], &e[CHECK], now, now + n,
                                   &outcome);
        if (!st) write_group(p, &l.of, &e[LEARN], now + n, w);
    }
    p->was_repaired |= outcome.is_better || (r->opts->statistics && n);
    pare_free(r->ctx, now);
    pare_free(r->ctx, l.block);
    return st;
}

static pare_status fit(repairer *r, size_t i)
{
    patient *p = &r->patients[r->first + i];
    weights w = { 0 };
    pare_status st = open_weights(r, p, &w);
    for (int64_t g = 0; !st && g < p->linear.group; g++)
        st = fit_group(r, p, g, &r->taken[PARTS * (r->first_taken[i] + (size_t)g)], &w);
    return close_weights(r, p, &w, st);
}

/* --- sweeps ----------------------------------------------------------------------------------- */

static pare_status run_step(repairer *r, size_t step, bool with_ramps)
{
    const size_t n = r->first_of[step + 1] - r->first_of[step];
    size_t n_taken = 0;
    r->first = r->first_of[step];
    for (size_t i = 0; i < n; i++) {
        r->first_taken[i] = n_taken;
        n_taken += (size_t)r->patients[r->first + i].linear.group;
    }
    r->taken = pare_alloc_zero(r->ctx, (n_taken + 1) * PARTS * sizeof(*r->taken));
    pare_status st = r->taken ? PARE_OK : pare_fail_memory(r->ctx, n_taken * sizeof(*r->taken));
    if (!st) st = gather(r, n, with_ramps);
    for (size_t i = 0; !st && i < n; i++) st = fit(r, i);
    for (size_t i = 0; r->taken && i < n_taken * PARTS; i++)
        pare_refit_moments_free(r->ctx, &r->taken[i]);
    pare_free(r->ctx, r->taken);
    r->taken = NULL;
    pare_walk_next(r->ctx, r->walk);
    pare_walk_next(r->ctx, r->reference_walk);
    return st;
}

static pare_status sweep(repairer *r, int number)
{
    const pare_walk_opts opts = { .stops = r->stops, .n_stops = r->n_steps,
                                  .data = r->opts->data, .first = r->opts->first,
                                  .n_samples = r->opts->n_samples, .weight = r->weight };
    pare_status st = pare_walk_new(r->ctx, &r->walk, r->model, &opts);
    if (!st) st = pare_walk_new(r->ctx, &r->reference_walk, r->reference, &opts);
    for (size_t k = 0; !st && k < r->n_steps; k++) {
        st = run_step(r, k, number > 0);
        pare_report_count(r->ctx, "repair", "layers",
                          (uint64_t)number * r->n_patients + r->first_of[k + 1],
                          (uint64_t)r->opts->sweeps * r->n_patients);
    }
    if (!st) {
        r->report->n_forwards += pare_walk_forwards(r->walk);
        r->report->n_reference_forwards += pare_walk_forwards(r->reference_walk);
    }
    pare_walk_free(r->ctx, r->walk);
    pare_walk_free(r->ctx, r->reference_walk);
    r->walk = r->reference_walk = NULL;
    return st;
}

/* --- who is to be repaired -------------------------------------------------------------------- */

static bool can_repair(const repairer *r, const pare_linear *l)
{
    const double n = (double)(l->in * l->taps);
    return pare_gram_suits(l, r->model) && l->factor == 1 &&
           r->model->values[l->weight].n_uses == 1 &&
           PARTS * n * n * (double)l->group * (double)sizeof(double) < most_bytes;
}

/* Whether what went makes a difference to an input of the node. */
static bool is_touched(const repairer *r, const pare_node *node, const bool *is_changed)
{
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const pare_value_id v = node->inputs[i].value;
        if (v != PARE_NONE && (is_changed[v] || pare_axes_shrink(r->axes, v, r->gone)))
            return true;
    }
    return false;
}

static void add_patient(repairer *r, const pare_linear *l)
{
    patient *p = &r->patients[r->n_patients];
    const pare_value_id x = r->model->nodes[l->node].inputs[0].value;
    const uint32_t rank = r->axes->first_axis[x + 1] - r->axes->first_axis[x];
    *p = (patient){ .linear = *l };
    p->axis = pare_axes_of(r->axes, x, l->input_axis < 0 ? rank - 1 : (uint32_t)l->input_axis);
    if (p->axis && p->axis->extent != l->in * l->group) p->axis = NULL;
    p->target = pare_repair_target_of(r->model, r->axes, l);
    if (!r->n_steps || r->model->nodes[p[-1].linear.node].inputs[0].value != x) {
        r->stops[r->n_steps] = l->node;
        r->first_of[r->n_steps++] = r->n_patients;
    }
    r->first_of[r->n_steps] = ++r->n_patients;
}

static pare_status list_patients(repairer *r)
{
    const uint32_t n = r->model->graph->n_nodes;
    pare_node_id *order = NULL;
    bool *is_changed = pare_alloc_zero(r->ctx, r->model->n_values + 1);
    pare_status st = is_changed ? PARE_OK : pare_fail_memory(r->ctx, r->model->n_values);
    if (!st) st = pare_graph_order(r->ctx, &order, r->model->graph);
    for (uint32_t i = 0; !st && i < n; i++) {
        const pare_node *node = &r->model->nodes[order[i]];
        pare_linear l;
        if (!is_touched(r, node, is_changed)) continue;
        for (uint32_t k = 0; k < node->n_outputs; k++)
            if (node->outputs[k] != PARE_NONE) is_changed[node->outputs[k]] = true;
        if (!pare_linear_of(r->ctx, &l, r->model, order[i])) continue;
        if (can_repair(r, &l)) add_patient(r, &l);
        else r->report->n_left++;
    }
    pare_free(r->ctx, order);
    pare_free(r->ctx, is_changed);
    return st;
}

static pare_status weigh_nodes(repairer *r)
{
    pare_shapes *shapes = NULL;
    pare_status st = pare_infer(r->ctx, &shapes, r->model, r->opts->shapes);
    for (pare_node_id n = r->model->graph->first_node; !st && n != PARE_NONE;
         n = r->model->nodes[n].next) {
        pare_cost cost;
        bool modelled;
        st = pare_cost_of(r->ctx, &cost, &modelled, r->model, n, shapes);
        if (!st && modelled) r->weight[n] = (double)cost.macs;
    }
    pare_shapes_free(r->ctx, shapes);
    return st;
}

static pare_status repair(repairer *r)
{
    const size_t n = r->model->graph->n_nodes + 1;
    r->patients = pare_alloc(r->ctx, n * sizeof(*r->patients));
    r->first_of = pare_alloc_zero(r->ctx, (n + 1) * sizeof(*r->first_of));
    r->first_taken = pare_alloc(r->ctx, n * sizeof(*r->first_taken));
    r->stops = pare_alloc(r->ctx, n * sizeof(*r->stops));
    r->weight = pare_alloc_zero(r->ctx, (r->model->n_nodes + 1) * sizeof(*r->weight));
    if (!r->patients || !r->first_of || !r->first_taken || !r->stops || !r->weight)
        return pare_fail_memory(r->ctx, n * sizeof(*r->patients));
    const int n_sweeps = r->opts->statistics ? 1 : r->opts->sweeps;
    PARE_TRY(weigh_nodes(r));
    PARE_TRY(list_patients(r));
    for (int i = 0; r->n_patients && i < n_sweeps; i++) PARE_TRY(sweep(r, i));
    for (size_t i = 0; i < r->n_patients; i++) {
        r->report->n_repaired += r->patients[i].was_repaired;
        r->report->n_left += !r->patients[i].was_repaired;
    }
    return PARE_OK;
}

pare_status pare_repair(pare_ctx *ctx, pare_model *model, const pare_model *reference,
                        const pare_axes_found *axes, const bool *gone,
                        const pare_repair_opts *opts, pare_repair_report *report)
{
    repairer r = { .ctx = ctx, .model = model, .reference = reference, .axes = axes,
                   .gone = gone, .opts = opts, .report = report };
    *report = (pare_repair_report){ 0 };
    const pare_status st = repair(&r);
    void *const owned[] = { r.patients, r.first_of, r.first_taken, r.stops, r.weight };
    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++) pare_free(ctx, owned[i]);
    return st;
}
