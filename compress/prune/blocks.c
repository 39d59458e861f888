#include "prune/blocks.h"

#include "ir/graph.h"
#include "pass/pass.h"
#include "prune/allocate.h"
#include "prune/blocks_measure.h"
#include "prune/prepare.h"

#include <math.h>
#include <string.h>

typedef struct chooser {
    pare_ctx *ctx;
    const pare_model *model;  /* the original, prepared */
    const pare_block_opts *opts;
    pare_block_report *report;
    pare_residual *blocks;    /* [n] */
    size_t n;
    pare_block_judge *judge;  /* NULL: no data */
    double **means;           /* [n]: what a block that is gone adds, or would; NULL: nothing */
    double *errors;           /* [n] of the outputs with this block gone, too, as measured last */
    bool *is_gone, *is_kept;  /* [n] */
    double whole;             /* what the original costs */
} chooser;

/* --- models ----------------------------------------------------------------------------------- */

/* The original without the blocks that are gone. */
static pare_status build(const chooser *c, pare_model **out)
{
    pare_pass_stats stats = { 0 };
    *out = NULL;
    PARE_TRY(pare_model_clone(c->ctx, out, c->model));
    pare_status st = PARE_OK;
    for (size_t i = 0; !st && i < c->n; i++)
        if (c->is_gone[i]) st = pare_residual_drop(c->ctx, *out, &c->blocks[i], c->means[i]);
    if (!st) st = pare_pass_run(c->ctx, *out, pare_pass_find("dead-code"), NULL, &stats);
    if (!st) return PARE_OK;
    pare_model_free(c->ctx, *out);
    *out = NULL;
    return st;
}

static pare_status cost_of(const chooser *c, double *out)
{
    pare_model *model = NULL;
    PARE_TRY(build(c, &model));
    const pare_status st = c->opts->cost
                               ? c->opts->cost(c->opts->cost_user, c->ctx, model, out)
                               : pare_prune_macs((void *)c->opts->shapes, c->ctx, model, out);
    pare_model_free(c->ctx, model);
    return st;
}

/* *error of the outputs without what is gone. wanted: means of the blocks that are left, too. */
static pare_status measure(const chooser *c, bool wants_means, double *error)
{
    pare_model *model = NULL;
    double **means = pare_alloc_zero(c->ctx, (c->n + 1) * sizeof(*means));
    if (!means) return pare_fail_memory(c->ctx, c->n * sizeof(*means));
    for (size_t i = 0; i < c->n; i++) means[i] = c->is_gone[i] ? NULL : c->means[i];
    pare_status st = build(c, &model);
    if (!st)
        st = pare_block_judge_run(c->ctx, c->judge, model, c->blocks, c->n,
                                  wants_means ? means : NULL, error);
    if (!st) c->report->n_passes++;
    pare_model_free(c->ctx, model);
    pare_free(c->ctx, means);
    return st;
}

/* --- choosing --------------------------------------------------------------------------------- */

static pare_status try_block(chooser *c, size_t i)
{
    c->is_gone[i] = true;
    const pare_status st = measure(c, false, &c->errors[i]);
    c->is_gone[i] = false;
    return st;
}

/* What each block does alone; without data, its part of all weights. */
static pare_status measure_all(chooser *c)
{
    double all = 0, error;
    for (size_t i = 0; i < c->n; i++) all += c->blocks[i].norm * c->blocks[i].norm;
    for (size_t i = 0; i < c->n; i++)
        c->errors[i] = all > 0 ? c->blocks[i].norm * c->blocks[i].norm / all : 0;
    if (!c->judge) return PARE_OK;
    PARE_TRY(measure(c, true, &error));
    for (size_t i = 0; i < c->n; i++) {
        if (!c->is_kept[i]) PARE_TRY(try_block(c, i));
        pare_report_count(c->ctx, "measure", "blocks", i + 1, c->n);
    }
    return PARE_OK;
}

static size_t cheapest(const chooser *c)
{
    size_t best = c->n;
    for (size_t i = 0; i < c->n; i++)
        if (!c->is_gone[i] && !c->is_kept[i] && (best == c->n || c->errors[i] < c->errors[best]))
            best = i;
    return best;
}

/* The block that goes next: of those that did least when they were looked at last, the first one
 * that still does less than the others did. n: none is left. */
static pare_status choose_next(chooser *c, size_t *out)
{
    bool *is_new = pare_alloc_zero(c->ctx, c->n + 1);
    if (!is_new) return pare_fail_memory(c->ctx, c->n);
    pare_status st = PARE_OK;
    for (;;) {
        *out = cheapest(c);
        if (*out == c->n || !c->judge || is_new[*out]) break;
        st = try_block(c, *out);
        if (st) break;
        is_new[*out] = true;
    }
    pare_free(c->ctx, is_new);
    return st;
}

/* Blocks come back as far as the limit holds, those that went last first. order [n_gone]. */
static pare_status give_back(chooser *c, const size_t *order, size_t n_gone, double *cost)
{
    for (size_t i = n_gone; i-- > 0;) {
        double without;
        c->is_gone[order[i]] = false;
        PARE_TRY(cost_of(c, &without));
        if (without <= c->opts->limit * c->whole) *cost = without;
        else c->is_gone[order[i]] = true;
    }
    return PARE_OK;
}

static pare_status choose(chooser *c, size_t *order, double *cost)
{
    double error;
    size_t n_gone = 0;
    *cost = c->whole;
    while (*cost > c->opts->limit * c->whole) {
        size_t next = c->n;
        PARE_TRY(choose_next(c, &next));
        if (next == c->n) break;
        c->is_gone[next] = true;
        order[n_gone++] = next;
        PARE_TRY(cost_of(c, cost));
        if (c->judge) PARE_TRY(measure(c, true, &error));
    }
    return give_back(c, order, n_gone, cost);
}

/* --- the call --------------------------------------------------------------------------------- */

static const char *name_of(const chooser *c, size_t i)
{
    return c->model->values[c->model->nodes[c->blocks[i].sum].outputs[0]].name;
}

static bool is_output(const chooser *c, size_t i)
{
    const pare_value_id y = c->model->nodes[c->blocks[i].sum].outputs[0];
    for (const pare_use *u = c->model->values[y].first_use; u; u = u->next)
        if (u->user == PARE_NONE) return true;
    return false;
}

static pare_status tell(chooser *c, double cost)
{
    pare_block_report *r = c->report;
    r->blocks = pare_alloc_zero(c->ctx, (c->n + 1) * sizeof(*r->blocks));
    if (!r->blocks) return pare_fail_memory(c->ctx, c->n * sizeof(*r->blocks));
    for (size_t i = 0; i < c->n; i++) {
        const char *name = name_of(c, i);
        const size_t n_bytes = strlen(name) + 1;
        pare_pruned_block *b = &r->blocks[r->n_blocks];
        b->name = pare_alloc(c->ctx, n_bytes);
        if (!b->name) return pare_fail_memory(c->ctx, n_bytes);
        memcpy(b->name, name, n_bytes);
        b->n_nodes = c->blocks[i].n_nodes;
        b->error = c->errors[i];
        b->is_gone = c->is_gone[i];
        r->n_gone += c->is_gone[i];
        r->n_blocks++;
    }
    r->cost_left = c->whole > 0 ? cost / c->whole : 1;
    return PARE_OK;
}

static pare_status begin(chooser *c, const pare_shapes *shapes)
{
    PARE_TRY(pare_residuals_find(c->ctx, &c->blocks, &c->n, c->model, shapes));
    if (!c->n)
        return pare_fail(c->ctx, PARE_EUNSUPPORTED,
                         "no residual block can go: expected sums of two tensors of one shape, one "
                         "of which needs products of its own");
    c->means = pare_alloc_zero(c->ctx, (c->n + 1) * sizeof(*c->means));
    c->errors = pare_alloc_zero(c->ctx, (c->n + 1) * sizeof(*c->errors));
    c->is_gone = pare_alloc_zero(c->ctx, c->n + 1);
    c->is_kept = pare_alloc_zero(c->ctx, c->n + 1);
    if (!c->means || !c->errors || !c->is_gone || !c->is_kept)
        return pare_fail_memory(c->ctx, c->n * sizeof(*c->means));
    for (size_t i = 0; i < c->n; i++) {
        const bool has_mean = c->opts->data && !c->opts->without_repair &&
                              c->blocks[i].n_channels > 0;
        c->is_kept[i] = is_output(c, i) ||
                        (c->opts->keep && c->opts->keep(c->opts->user, name_of(c, i)));
        if (!has_mean) continue;
        const size_t n_bytes = (size_t)c->blocks[i].n_channels * sizeof(**c->means);
        c->means[i] = pare_alloc_zero(c->ctx, n_bytes);
        if (!c->means[i]) return pare_fail_memory(c->ctx, n_bytes);
    }
    if (!c->opts->data) return PARE_OK;
    return pare_block_judge_new(c->ctx, &c->judge, c->model, c->opts->data, c->opts->n_samples,
                                c->opts->pool);
}

static void end(chooser *c)
{
    for (size_t i = 0; c->means && i < c->n; i++) pare_free(c->ctx, c->means[i]);
    void *const owned[] = { c->blocks, c->means, c->errors, c->is_gone, c->is_kept };
    for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++) pare_free(c->ctx, owned[i]);
    pare_block_judge_free(c->ctx, c->judge);
}

/* Does to the model what was done to the copies of it. */
static pare_status carry_out(chooser *c, pare_model *model)
{
    pare_pass_stats stats = { 0 };
    if (c->judge) PARE_TRY(measure(c, false, &c->report->error));
    for (size_t i = 0; i < c->n; i++)
        if (c->is_gone[i])
            PARE_TRY(pare_residual_drop(c->ctx, model, &c->blocks[i], c->means[i]));
    return pare_pass_run(c->ctx, model, pare_pass_find("dead-code"), NULL, &stats);
}

pare_status pare_prune_blocks(pare_ctx *ctx, pare_model *model, const pare_block_opts *opts,
                              pare_block_report *report)
{
    chooser c = { .ctx = ctx, .model = model, .opts = opts, .report = report };
    pare_shapes *shapes = NULL;
    size_t *order = NULL;
    double cost = 0;
    *report = (pare_block_report){ 0 };
    pare_status st = pare_prune_prepare(ctx, model);
    if (!st) st = pare_infer(ctx, &shapes, model, opts->shapes);
    if (!st) st = begin(&c, shapes);
    pare_shapes_free(ctx, shapes);
    if (!st && !(order = pare_alloc(ctx, (c.n + 1) * sizeof(*order))))
        st = pare_fail_memory(ctx, c.n * sizeof(*order));
    if (!st) st = cost_of(&c, &c.whole);
    if (!st) st = measure_all(&c);
    if (!st) st = choose(&c, order, &cost);
    if (!st) st = tell(&c, cost);
    if (!st) st = carry_out(&c, model);
    pare_free(ctx, order);
    end(&c);
    return st;
}

void pare_block_report_free(pare_ctx *ctx, pare_block_report *report)
{
    for (size_t i = 0; i < report->n_blocks; i++) pare_free(ctx, report->blocks[i].name);
    pare_free(ctx, report->blocks);
    *report = (pare_block_report){ 0 };
}
