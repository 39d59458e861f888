#include "prune/choice.h"

#include "ir/pattern.h"
#include "op/linear.h"
#include "prune/heads.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- reading ---------------------------------------------------------------------------------- */

static pare_status check_patterns(pare_ctx *ctx, const char *option, const pare_option_list *list)
{
    for (size_t i = 0; i < list->n; i++) {
        const pare_status st = pare_pattern_check(ctx, list->items[i]);
        if (st) return pare_fail_in(ctx, st, "%s '%s': ", option, list->items[i]);
    }
    return PARE_OK;
}

/* "25%" or "16". */
static bool read_floor_value(pare_prune_floor *out, const char *text)
{
    char *end = NULL;
    errno = 0;
    const double value = strtod(text, &end);
    if (errno || end == text || !(value >= 0) || !isfinite(value)) return false;
    out->is_share = pare_str_eq(end, "%");
    out->value = out->is_share ? value / 100 : value;
    return out->is_share ? value <= 100 : !*end && floor(value) == value && value < 1e9;
}

static pare_status bad_floor(pare_ctx *ctx, const char *text)
{
    return pare_fail(ctx, PARE_EUSAGE,
                     "floor: expected PATTERN=SHARE or PATTERN=COUNT, such as /fc/*=25%% or "
                     "op:Conv=16, found '%s'", text);
}

/* The last = counts, since names may have some. */
static pare_status read_floor(pare_prune_choice *c, const char *text)
{
    const char *const at = strrchr(text, '=');
    pare_prune_floor *const out = &c->floors[c->n_floors];
    if (!at || at == text || !read_floor_value(out, at + 1)) return bad_floor(c->ctx, text);
    const size_t n = (size_t)(at - text);
    out->pattern = pare_alloc(c->ctx, n + 1);
    if (!out->pattern) return pare_fail_memory(c->ctx, n + 1);
    memcpy(out->pattern, text, n);
    out->pattern[n] = '\0';
    c->n_floors++;
    const pare_status st = pare_pattern_check(c->ctx, out->pattern);
    return st ? pare_fail_in(c->ctx, st, "floor '%s': ", text) : PARE_OK;
}

/* --- matching --------------------------------------------------------------------------------- */

/* First and last in the order of the file, where that is what a person sees. */
static void find_ends(pare_prune_choice *c, const pare_model *model)
{
    pare_linear l;
    c->model = model;
    c->first = c->last = PARE_NONE;
    for (pare_node_id n = model->graph->first_node; n != PARE_NONE; n = model->nodes[n].next) {
        if (!pare_linear_of(c->ctx, &l, model, n)) continue;
        if (c->first == PARE_NONE) c->first = n;
        c->last = n;
    }
}

static bool matches(pare_prune_choice *c, const pare_model *model, pare_node_id node,
                    const char *pattern)
{
    char op[256];
    if (c->model != model) find_ends(c, model);
    pare_pattern_node at = pare_pattern_node_of(model, node, op, sizeof(op));
    at.is_first = node == c->first;
    at.is_last = node == c->last;
    return pare_pattern_matches(pattern, &at);
}

static bool matches_any(pare_prune_choice *c, const pare_model *model, pare_node_id node,
                        const pare_option_list *list)
{
    for (size_t i = 0; i < list->n; i++)
        if (matches(c, model, node, list->items[i])) return true;
    return false;
}

bool pare_prune_choice_keeps(void *choice, const pare_model *model, pare_node_id node)
{
    pare_prune_choice *const c = choice;
    const pare_prune_settings *const s = c->settings;
    if (s->include.n && !matches_any(c, model, node, &s->include)) return true;
    return matches_any(c, model, node, &s->exclude);
}

static void warn_unmatched(pare_prune_choice *c, const pare_model *model, const char *option,
                           const char *pattern)
{
    for (pare_node_id n = model->graph->first_node; n != PARE_NONE; n = model->nodes[n].next)
        if (matches(c, model, n, pattern)) return;
    pare_warn(c->ctx, "%s: no node matches '%s'", option, pattern);
}

pare_status pare_prune_choice_make(pare_ctx *ctx, pare_prune_choice *out,
                                   const pare_prune_settings *settings, const pare_model *model)
{
    *out = (pare_prune_choice){ .ctx = ctx, .settings = settings,
                                .heads_only = settings->what == PARE_PRUNE_HEADS };
    PARE_TRY(check_patterns(ctx, "include", &settings->include));
    PARE_TRY(check_patterns(ctx, "exclude", &settings->exclude));
    out->floors = pare_alloc_zero(ctx, (settings->floors.n + 1) * sizeof(*out->floors));
    if (!out->floors) return pare_fail_memory(ctx, settings->floors.n * sizeof(*out->floors));
    for (size_t i = 0; i < settings->floors.n; i++)
        PARE_TRY(read_floor(out, settings->floors.items[i]));
    for (size_t i = 0; i < settings->include.n; i++)
        warn_unmatched(out, model, "include", settings->include.items[i]);
    for (size_t i = 0; i < settings->exclude.n; i++)
        warn_unmatched(out, model, "exclude", settings->exclude.items[i]);
    for (size_t i = 0; i < out->n_floors; i++)
        warn_unmatched(out, model, "floor", out->floors[i].pattern);
    return PARE_OK;
}

void pare_prune_choice_free(pare_prune_choice *c)
{
    for (size_t i = 0; i < c->n_floors; i++) pare_free(c->ctx, c->floors[i].pattern);
    if (c->ctx) pare_free(c->ctx, c->floors);
    if (c->ctx) pare_free(c->ctx, c->is_heads);
    *c = (pare_prune_choice){ 0 };
}

/* --- widths ----------------------------------------------------------------------------------- */

/* Whether a group is of heads; finds out for all groups when axes are new. */
static bool is_heads(pare_prune_choice *c, const pare_model *model, const pare_axes_found *axes,
                     uint32_t group)
{
    if (c->axes != axes) {
        pare_free(c->ctx, c->is_heads);
        c->axes = NULL;
        c->is_heads = pare_alloc_zero(c->ctx, axes->n_groups + 1);
        if (!c->is_heads) {
            c->status = pare_fail_memory(c->ctx, axes->n_groups);
            return false;
        }
        pare_heads_find(model, axes, c->is_heads);
        c->axes = axes;
    }
    return c->is_heads[group];
}

/* The next value, from *factor on, that a node of the graph makes along the group. */
static pare_node_id next_maker(const pare_model *model, const pare_axes_found *axes, uint32_t group,
                               size_t *factor)
{
    while (*factor < axes->n_factors) {
        const pare_factor *f = &axes->factors[(*factor)++];
        const pare_node_id node = model->values[axes->axes[f->axis].value].producer;
        if (f->group == group && node != PARE_NONE) return node;
    }
    return PARE_NONE;
}

static uint32_t floor_of(pare_prune_choice *c, const pare_model *model, pare_node_id node,
                         uint32_t n)
{
    uint32_t least = 0;
    for (size_t i = 0; i < c->n_floors; i++) {
        const pare_prune_floor *f = &c->floors[i];
        if (!matches(c, model, node, f->pattern)) continue;
        const double value = f->is_share ? ceil(f->value * n - 1e-9) : f->value;
        least = value >= n ? n : (uint32_t)value;
        if (!least) least = 1; /* 0 would be the usual tenth */
    }
    return least;
}

uint32_t pare_prune_choice_least(void *choice, const pare_model *model,
                                 const pare_axes_found *axes, uint32_t group)
{
    pare_prune_choice *const c = choice;
    const uint32_t all = axes->groups[group].n_classes;
    uint32_t least = 0;
    size_t factor = 0;
    bool is_asked_for = !c->settings->include.n;
    pare_linear l;
    if (c->heads_only && !is_heads(c, model, axes, group)) return all;
    for (;;) {
        const pare_node_id node = next_maker(model, axes, group, &factor);
        if (node == PARE_NONE) return c->status || !is_asked_for ? all : least;
        if (!pare_linear_of(c->ctx, &l, model, node)) continue;
        if (pare_prune_choice_keeps(c, model, node)) return all;
        is_asked_for = true;
        const uint32_t floor = floor_of(c, model, node, all);
        if (floor > least) least = floor;
    }
}
