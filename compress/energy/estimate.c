#include "energy/estimator.h"
#include "op/layers.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static pare_status add_text(pare_estimator *est, const char ***list, size_t *n, size_t *cap,
                            const char *text)
{
    pare_arena *arena = &est->e->arena;
    const char *copy = pare_arena_str(arena, text);
    if (!copy || !pare_arena_grow(arena, list, cap, *n + 1, sizeof(**list)))
        return pare_arena_fail(est->ctx, arena);
    (*list)[(*n)++] = copy;
    return PARE_OK;
}

pare_status pare_estimate_warn(pare_estimator *est, const char *fmt, ...)
{
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    return add_text(est, &est->warnings, &est->e->n_warnings, &est->warnings_cap, text);
}

pare_status pare_estimate_unmodelled(pare_estimator *est, const char *op, const char *name)
{
    enum { MOST_LISTED = 1000 };
    char text[512];
    if (est->n_unmodelled++ >= MOST_LISTED) return PARE_OK;
    snprintf(text, sizeof(text), "%s (%s)", op ? op : "", name);
    return add_text(est, &est->unmodelled, &est->e->n_unmodelled, &est->unmodelled_cap, text);
}

/* --- before ----------------------------------------------------------------------------------- */

static bool names_dequantize(const pare_fusion_rule *rule)
{
    for (size_t i = 0; i < rule->before.n; i++)
        if (!strcmp(rule->before.items[i].name, "DequantizeLinear")) return true;
    return false;
}

/* Operators that pass integers on run between DequantizeLinear and QuantizeLinear without either;
 * files of targets list them apart from what fuses. */
static pare_status add_moves(pare_estimator *est)
{
    static const pare_op_name dequantize[] = { { "", "DequantizeLinear" } };
    static const pare_op_name quantize[] = { { "", "QuantizeLinear" } };
    static const pare_fusion_part behind = { .ops = { quantize, 1 },
                                             .operands = PARE_OPERAND_CONSTANT,
                                             .first = true };
    const pare_target_quant *quant = &est->e->target->rules.quant;
    pare_arena *arena = &est->e->arena;
    pare_op_name *names = pare_arena_array(arena, quant->n_ops, sizeof(*names));
    pare_fusion_part *anchor = pare_arena_zero(arena, sizeof(*anchor));
    pare_fusion_rule *rules = pare_arena_array(arena, est->rules.n + 1, sizeof(*rules));
    if (!names || !anchor || !rules) return pare_arena_fail(est->ctx, arena);
    size_t n = 0;
    for (size_t i = 0; i < quant->n_ops; i++)
        if (quant->ops[i].role == PARE_QUANT_MOVES)
            names[n++] = (pare_op_name){ "", quant->ops[i].op };
    *anchor = (pare_fusion_part){ .ops = { names, n }, .first = true };
    for (size_t i = 0; i < est->rules.n; i++) rules[i] = est->rules.items[i];
    rules[est->rules.n] = (pare_fusion_rule){
        .name = "moves",
        .kind = PARE_FUSE_CHAIN,
        .anchors = anchor,
        .n_anchors = 1,
        .parts = &behind,
        .n_parts = 1,
        .before = { dequantize, 1 },
    };
    est->rules = (pare_fusion_rules){ rules, est->rules.n + 1 };
    return PARE_OK;
}

static pare_status prepare_rules(pare_estimator *est)
{
    pare_arena *arena = &est->e->arena;
    PARE_TRY(pare_target_fusion(est->ctx, &est->rules, arena, est->e->target));
    if (est->e->target->rules.has_quant) PARE_TRY(add_moves(est));
    est->takes_dequantize = pare_arena_zero(arena, est->rules.n + 1);
    if (!est->takes_dequantize) return pare_arena_fail(est->ctx, arena);
    for (size_t i = 0; i < est->rules.n; i++)
        est->takes_dequantize[i] = names_dequantize(&est->rules.items[i]);
    return PARE_OK;
}

/* Floats that the target has no arithmetic for are widened where they are made, and lie in memory
 * so; weights stay as they are stored. */
static void prepare_bits(pare_estimator *est)
{
    for (int d = 0; d < PARE_N_DTYPES; d++) {
        est->bits[d] = pare_dtype_of((pare_dtype)d)->bits;
        if (!est->e->target->has_hardware) continue;
        if (pare_dtype_of((pare_dtype)d)->class != PARE_CLASS_FLOAT || est->bits[d] > 16) continue;
        const uint8_t done = est->e->coefs->mac_type[pare_coef_type_of((pare_dtype)d)];
        if (done < PARE_N_ARITHMETIC && pare_coef_type_bits(done) > est->bits[d])
            est->bits[d] = pare_coef_type_bits(done);
    }
}

static void prepare_levels(pare_estimator *est)
{
    const pare_hardware *hw = est->hw;
    est->resident_weights = hw->n_levels ? (uint32_t)hw->n_levels - 1 : 0;
    for (size_t l = 0; l < hw->n_levels; l++) {
        const pare_memory_level *level = &hw->levels[l];
        const double usable = level->usable > 0 ? level->usable : 0.5;
        est->usable[l] =
            level->capacity_bytes.kind ? level->capacity_bytes.value * usable : (double)INFINITY;
    }
    for (uint32_t l = 0; est->e->opts.steady_state && l + 1 < hw->n_levels; l++) {
        if ((double)est->e->flash_bytes > est->usable[l]) continue;
        est->resident_weights = l;
        break;
    }
}

static pare_status prepare_weights(pare_estimator *est)
{
    pare_layer *layers = NULL;
    size_t n = 0;
    PARE_TRY(pare_layers_list(est->ctx, &layers, &n, est->model));
    for (size_t i = 0; i < n; i++) {
        est->e->params += layers[i].n_params;
        est->e->flash_bytes += layers[i].weight_bytes;
    }
    pare_free(est->ctx, layers);
    for (size_t i = 0; i < est->model->n_values; i++) {
        const pare_value *v = &est->model->values[i];
        est->values[i] = (pare_value_state){ .root = (pare_value_id)i, .made = PARE_NONE };
        if (v->sparse && v->n_uses && v->sparse->indices)
            est->e->flash_bytes += pare_tensor_size_bytes(v->sparse->indices);
    }
    return PARE_OK;
}

static pare_status prepare(pare_estimator *est)
{
    pare_estimate *e = est->e;
    const uint64_t seed = e->opts.seed ? e->opts.seed : 1;
    e->opts.seed = seed;
    est->batch = e->opts.batch ? (double)e->opts.batch : 1;
    est->values = pare_alloc_zero(est->ctx, (est->model->n_values + 1) * sizeof(*est->values));
    if (!est->values) return pare_fail_memory(est->ctx, est->model->n_values);
    PARE_TRY(pare_coefs_make(est->ctx, &e->coefs, &e->arena, e->target, seed, !e->opts.no_bands));
    e->has_energy = e->target->has_hardware;
    e->has_time = e->has_energy && !est->hw->energy_only && e->coefs->has_rates;
    PARE_TRY(prepare_rules(est));
    PARE_TRY(prepare_weights(est));
    prepare_bits(est);
    prepare_levels(est);
    return PARE_OK;
}

/* --- after ------------------------------------------------------------------------------------ */

static pare_status warn_of_types(pare_estimator *est)
{
    for (size_t t = 0; t < PARE_N_ARITHMETIC; t++) {
        if (!est->changed_type[t]) continue;
        PARE_TRY(pare_estimate_warn(
            est, "%" PRIu64 " layers in %s: target '%s' has no such arithmetic, priced as %s",
            est->changed_type[t], pare_coef_type_name((pare_arithmetic)t), est->e->target->name,
            pare_coef_type_name(est->e->coefs->mac_type[t])));
    }
    if (est->n_floats)
        PARE_TRY(pare_estimate_warn(est,
                                    "%" PRIu64 " layers in float: the runtime of target '%s' "
                                    "has integers only; quantize the model first",
                                    est->n_floats, est->e->target->name));
    if (!est->n_unpriced || !est->e->has_energy) return PARE_OK;
    return pare_estimate_warn(est,
                              "%" PRIu64
                              " layers: target '%s' has no figures for the type of their products, "
                              "priced as 0",
                              est->n_unpriced, est->e->target->name);
}

/* Chance and rounding to int8 make some zeros; fewer than these are nobody's intention. */
#define NOTABLE_SPARSITY 0.25

static pare_status warn_of_sparsity(pare_estimator *est)
{
    pare_estimate *e = est->e;
    e->sparsity = est->weights ? (double)est->zeros / (double)est->weights : NAN;
    if (!(e->sparsity >= NOTABLE_SPARSITY) || !est->uncredited || !e->has_energy) return PARE_OK;
    if (est->uncredited == est->zeros)
        return pare_estimate_warn(est, "sparsity %.0f %% has no modelled benefit on this target",
                                  100 * e->sparsity);
    if ((double)est->uncredited < 0.1 * (double)est->zeros) return PARE_OK;
    return pare_estimate_warn(est,
                              "%.0f %% of the zeros among weights have no modelled benefit on "
                              "this target",
                              100 * (double)est->uncredited / (double)est->zeros);
}

static pare_status warn_of_graph(pare_estimator *est)
{
    if (est->n_branches)
        PARE_TRY(pare_estimate_warn(est,
                                    "%" PRIu64 " If nodes: the branch that costs more is "
                                    "counted",
                                    est->n_branches));
    if (est->n_guessed_loops)
        PARE_TRY(pare_estimate_warn(est,
                                    "%" PRIu64 " loops whose number of turns is not known: "
                                    "counted once, or as often as they can run at most",
                                    est->n_guessed_loops));
    if (est->n_unknown_sizes)
        PARE_TRY(pare_estimate_warn(est,
                                    "%" PRIu64 " values of unknown size: RAM and traffic leave "
                                    "them out; give shapes with --shape or --dim",
                                    est->n_unknown_sizes));
    if (est->n_unmodelled)
        PARE_TRY(pare_estimate_warn(est,
                                    "%" PRIu64
                                    " nodes are not modelled: no operations, only the bytes "
                                    "that they read and write",
                                    est->n_unmodelled));
    return PARE_OK;
}

static pare_status warn_of_room(pare_estimator *est)
{
    const pare_estimate *e = est->e;
    const pare_target *t = e->target;
    if (t->ram_bytes.kind && (double)e->ram_peak_bytes > t->ram_bytes.value)
        PARE_TRY(pare_estimate_warn(est, "peak RAM %" PRIu64 " bytes: target '%s' has %.0f",
                                    e->ram_peak_bytes, t->name, t->ram_bytes.value));
    if (t->flash_bytes.kind && (double)e->flash_bytes > t->flash_bytes.value)
        PARE_TRY(pare_estimate_warn(est, "weights of %" PRIu64 " bytes: target '%s' has %.0f",
                                    e->flash_bytes, t->name, t->flash_bytes.value));
    return PARE_OK;
}

static pare_status finish(pare_estimator *est)
{
    pare_estimate *e = est->e;
    PARE_TRY(pare_price_total(est->ctx, e, est->works));
    PARE_TRY(warn_of_types(est));
    PARE_TRY(warn_of_sparsity(est));
    PARE_TRY(warn_of_graph(est));
    PARE_TRY(warn_of_room(est));
    e->unmodelled = est->unmodelled;
    e->warnings = est->warnings;
    return PARE_OK;
}

pare_status pare_estimate_make(pare_ctx *ctx, pare_estimate **out, const pare_model *model,
                               pare_shapes *shapes, const pare_target *target,
                               const pare_estimate_opts *opts)
{
    *out = NULL;
    pare_estimate *e = pare_alloc_zero(ctx, sizeof(*e));
    if (!e) return pare_fail_memory(ctx, sizeof(*e));
    pare_arena_init(ctx, &e->arena, 0);
    e->target = target;
    if (opts) e->opts = *opts;
    pare_estimator est = {
        .ctx = ctx, .e = e, .model = model, .shapes = shapes, .hw = &target->hardware
    };
    pare_status st = prepare(&est);
    if (!st) st = pare_frame_run(&est, model->graph, 1, 0, 0, &e->ram_peak_bytes, true);
    e->works = est.works;
    if (!st) st = finish(&est);
    pare_free(ctx, est.values);
    if (st) pare_estimate_free(ctx, e);
    else *out = e;
    return st;
}

void pare_estimate_free(pare_ctx *ctx, pare_estimate *e)
{
    if (!e) return;
    pare_free(ctx, e->layers);
    pare_free(ctx, e->works);
    pare_arena_free(&e->arena);
    pare_free(ctx, e);
}
