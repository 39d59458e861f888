#include "recipe/prune.h"

#include "recipe/limit.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

const char *const pare_prune_what_names[] = {
    "auto", "channels", "heads", "blocks", "rank", NULL,
};

const char *const pare_prune_criterion_names[] = {
    "auto",         "l1",        "l2",    "bn-scale",  "fpgm", "activation",
    "second-order", "magnitude", "wanda", "sparsegpt", NULL,
};

const char *const pare_prune_repair_names[] = { "auto", "none", "stats", "least-squares", NULL };

#define LIMIT(figure, option, text)                                                              \
    { .name = option, .kind = PARE_OPT_STRING, .placeholder = "LIMIT",                           \
      .offset = offsetof(pare_prune_settings, limits) +                                          \
                sizeof(const char *) * PARE_PRUNE_##figure,                                      \
      .help = text " that may remain" }

static const pare_option rows[] = {
    PARE_PRUNE_ROWS(0),
    LIMIT(ENERGY, "max-energy", "Energy per inference"),
    LIMIT(LATENCY, "max-latency", "Time per inference"),
    LIMIT(MACS, "max-macs", "Multiply-accumulates"),
    LIMIT(PARAMS, "max-params", "Parameters"),
    LIMIT(SIZE, "max-size", "Bytes of the model's files"),
    LIMIT(FLASH, "max-flash", "Storage on the target"),
    LIMIT(RAM, "max-ram", "Peak memory of activations"),
};

/* --- telling ---------------------------------------------------------------------------------- */

static const char *const repaired[] = {
    [PARE_PRUNE_REPAIR_AUTO] = "as suits",
    [PARE_PRUNE_REPAIR_NONE] = "not repaired",
    [PARE_PRUNE_REPAIR_STATS] = "means and variances restored",
    [PARE_PRUNE_REPAIR_LEAST_SQUARES] = "repaired by least squares",
};

static double known(double error)
{
    return error >= 0 ? error : (double)NAN;
}

static pare_status tell_widths(pare_ctx *ctx, pare_step_outcome *outcome,
                               const pare_prune_outcome *o)
{
    const pare_prune_report *const r = &o->channels;
    const char *const what = o->chosen.what == PARE_PRUNE_HEADS ? "heads" : "channels";
    uint64_t n_less = 0;
    char why[128];
    if (!r->n_widths) return PARE_OK;
    for (size_t i = 0; i < r->n_widths; i++) n_less += r->widths[i].after < r->widths[i].before;
    PARE_TRY(pare_step_say(ctx, outcome, "%" PRIu64 " of %" PRIu64 " %s went, of %" PRIu64
                           " of %zu widths; chosen by %s, %s", r->n_gone, r->n_classes, what,
                           n_less, r->n_widths, pare_prune_criterion_names[r->criterion],
                           repaired[r->repair]));
    for (size_t i = 0; i < r->n_widths; i++) {
        const pare_pruned_width *const w = &r->widths[i];
        const bool is_less = w->after < w->before;
        snprintf(why, sizeof(why), "%s: %s", pare_prune_criterion_names[r->criterion],
                 is_less ? "least is lost here for what is saved" : "more is lost here than saved");
        const pare_report_removed removed = {
            .name = w->name, .what = what, .before = w->before, .after = w->after,
            .error_before = is_less ? known(w->bare) : (double)NAN,
            .error_after = is_less ? known(w->error) : (double)NAN, .why = why,
        };
        PARE_TRY(pare_step_remove(ctx, outcome, &removed));
    }
    return PARE_OK;
}

static pare_status tell_blocks(pare_ctx *ctx, pare_step_outcome *outcome,
                               const pare_prune_outcome *o)
{
    const pare_block_report *const r = &o->blocks;
    if (!r->n_blocks) return PARE_OK;
    PARE_TRY(pare_step_say(ctx, outcome, "%zu of %zu residual blocks went", r->n_gone,
                           r->n_blocks));
    for (size_t i = 0; i < r->n_blocks; i++) {
        const pare_report_removed removed = {
            .name = r->blocks[i].name, .what = "blocks", .before = 1,
            .after = !r->blocks[i].is_gone, .error_before = NAN,
            .error_after = known(r->blocks[i].error),
            .why = r->blocks[i].is_gone ? "its outputs are missed least" : "it is needed more",
        };
        PARE_TRY(pare_step_remove(ctx, outcome, &removed));
    }
    return PARE_OK;
}

static pare_status tell_ranks(pare_ctx *ctx, pare_step_outcome *outcome,
                              const pare_prune_outcome *o)
{
    const pare_rank_report *const r = &o->ranks;
    if (!r->n_nodes) return PARE_OK;
    PARE_TRY(pare_step_say(ctx, outcome, "%" PRIu64 " of %zu products became two thinner ones",
                           r->n_split, r->n_nodes));
    for (size_t i = 0; i < r->n_nodes; i++) {
        const pare_rank_node *const node = &r->nodes[i];
        const pare_report_removed removed = {
            .name = node->name, .what = "rank", .before = (uint64_t)node->full,
            .after = (uint64_t)node->rank, .error_before = NAN, .error_after = known(node->error),
            .why = node->form,
        };
        if (node->form) PARE_TRY(pare_step_remove(ctx, outcome, &removed));
        else if (node->why)
            PARE_TRY(pare_step_skip(ctx, outcome, node->name, node->op, node->why));
    }
    return PARE_OK;
}

static pare_status tell_weights(pare_ctx *ctx, pare_step_outcome *outcome,
                                const pare_prune_outcome *o)
{
    const pare_sparse_report *const r = &o->sparse;
    if (!r->n_nodes) return PARE_OK;
    const double share = r->n ? 100 * (double)r->zeros / (double)r->n : 0;
    /* a bit for each weight, and those that are there */
    const double packed = (double)r->n / 8 + 4 * (double)(r->n - r->zeros);
    PARE_TRY(pare_step_say(ctx, outcome, "%" PRIu64 " of %" PRIu64 " weights are zero (%.4g %%), "
                           "in pattern %s; chosen by %s, %s", r->zeros, r->n, share,
                           o->chosen.pattern, pare_prune_criterion_names[o->chosen.criterion],
                           repaired[o->chosen.repair]));
    PARE_TRY(pare_step_say(ctx, outcome, "%s; without zeros, with a bit for each place, these "
                           "weights are %.4g %% of their bytes", o->use_of_zeros,
                           r->n ? 100 * packed / (4 * (double)r->n) : 100.0));
    if (o->chosen.sparse_storage)
        PARE_TRY(pare_step_say(ctx, outcome,
                               "%" PRIu64 " initializers are stored as SparseTensors, a place of 8 "
                               "bytes with each value; %" PRIu64 " are smaller with their zeros: "
                               "%" PRIu64 " of %" PRIu64 " bytes", o->stored.n_sparse,
                               o->stored.n_dense, o->stored.after, o->stored.before));
    for (size_t i = 0; i < r->n_nodes; i++) {
        const pare_sparse_node *const node = &r->nodes[i];
        const pare_report_removed removed = {
            .name = node->name, .what = "weights", .before = node->n,
            .after = node->n - node->zeros,
            .error_before = known(node->masked), .error_after = known(node->error),
            .why = pare_prune_criterion_names[o->chosen.criterion],
        };
        if (node->why) PARE_TRY(pare_step_skip(ctx, outcome, node->name, node->op, node->why));
        else PARE_TRY(pare_step_remove(ctx, outcome, &removed));
    }
    return PARE_OK;
}

/* "multiply-accumulates 69.9 %, energy 74.1 % of what they were". */
static pare_status tell_met(pare_ctx *ctx, pare_step_outcome *outcome, const pare_prune_outcome *o)
{
    char text[512];
    size_t n = 0;
    text[0] = '\0';
    for (int k = 0; k < PARE_N_PRUNE_FIGURES; k++) {
        const pare_prune_met *const met = &o->met[k];
        if (!(met->before > 0) || n >= sizeof(text)) continue;
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s %.4g %%", n ? ", " : "",
                              pare_prune_figure_name((pare_prune_figure)k),
                              100 * met->after / met->before);
    }
    if (!n) snprintf(text, sizeof(text), "multiply-accumulates %.4g %%", 100 * o->macs_left);
    return pare_step_say(ctx, outcome, "left: %s of the model's", text);
}

static pare_status tell_goal(pare_ctx *ctx, pare_step_outcome *outcome,
                             const pare_prune_outcome *o)
{
    if (!o->n_trials) return PARE_OK;
    PARE_TRY(pare_step_say(ctx, outcome, "%" PRIu32 " model%s judged for the smallest that keeps "
                           "its answers: it loses %.2f points, and %.2f %% of the answers are the "
                           "same", o->n_trials, o->n_trials == 1 ? " was" : "s were", o->drop,
                           100 * o->agreement));
    return o->cut ? pare_step_say(ctx, outcome, "--max-time ended the search: the smallest by then "
                                  "is kept; its limits are in pare.history")
                  : PARE_OK;
}

pare_status pare_prune_tell(pare_ctx *ctx, pare_step_outcome *outcome,
                            const pare_prune_outcome *pruned)
{
    PARE_TRY(pare_step_choose(ctx, outcome, &pare_step_prune, &pruned->chosen));
    PARE_TRY(tell_widths(ctx, outcome, pruned));
    PARE_TRY(tell_blocks(ctx, outcome, pruned));
    PARE_TRY(tell_ranks(ctx, outcome, pruned));
    PARE_TRY(tell_weights(ctx, outcome, pruned));
    PARE_TRY(tell_goal(ctx, outcome, pruned));
    PARE_TRY(tell_met(ctx, outcome, pruned));
    if (!pruned->missed) return PARE_OK;
    PARE_TRY(pare_step_say(ctx, outcome, "%s", pruned->missed));
    outcome->missed = pare_arena_str(&outcome->arena, pruned->missed);
    return outcome->missed ? PARE_OK : pare_arena_fail(ctx, &outcome->arena);
}

/* --- the step --------------------------------------------------------------------------------- */

/* Of limits, the energy is the first that prune/settings.h knows. */
static pare_limit_kind kind_of(int figure)
{
    return (pare_limit_kind)(PARE_LIMIT_ENERGY + figure);
}

/* The step's own limits; those of the whole recipe where it has none. */
static pare_status read_budgets(pare_ctx *ctx, pare_prune_job *job, const pare_step_env *env)
{
    bool has_own = false;
    for (int k = 0; k < PARE_N_PRUNE_FIGURES; k++) {
        const char *const text = job->settings->limits[k];
        pare_limit limit;
        if (!text) continue;
        if (!pare_limit_read(&limit, kind_of(k), text))
            return pare_fail(ctx, PARE_EUSAGE, "%s: expected %s, found '%s'",
                             pare_limit_name(kind_of(k)), pare_limit_form(kind_of(k)), text);
        job->budgets[k] = (pare_prune_budget){ true, limit.relative, limit.value };
        has_own = true;
    }
    for (int k = 0; !has_own && k < PARE_N_PRUNE_FIGURES; k++)
        if (env->goals[kind_of(k)] > 0)
            job->budgets[k] = (pare_prune_budget){ true, true, env->goals[kind_of(k)] };
    return PARE_OK;
}

static pare_status run(pare_ctx *ctx, pare_model *model, const void *settings,
                       const pare_step_env *env, pare_step_outcome *outcome)
{
    pare_prune_outcome pruned = { 0 };
    pare_prune_job job = {
        .settings = settings, .max_drop = env->max_drop, .min_agreement = env->min_agreement,
        .target = env->target, .shapes = env->shapes, .batch = env->batch,
        .file_bytes = env->file_bytes, .data = env->data, .judge = env->judge, .pool = env->pool,
        .level = env->level, .max_memory_bytes = env->max_memory_bytes, .max_ms = env->max_ms,
    };
    PARE_TRY(read_budgets(ctx, &job, env));
    pare_status st = pare_prune(ctx, model, &job, &pruned);
    if (!st) st = pare_prune_tell(ctx, outcome, &pruned);
    pare_prune_outcome_free(ctx, &pruned);
    return st;
}

const pare_step pare_step_prune = {
    .name = "prune",
    .summary = "Channels, heads, blocks or single weights taken out, and the rest repaired",
    .options = rows,
    .n_options = sizeof(rows) / sizeof(rows[0]),
    .settings_bytes = sizeof(pare_prune_settings),
    .left = "kept whole",
    .run = run,
};
