#include "recipe/step.h"

#include "base/bytes.h"
#include "base/nearest.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const pare_step *const steps[] = {
#define PARE_STEP(name) &pare_step_##name,
#include "recipe/step_list.h"
#undef PARE_STEP
};

enum {
    N_STEPS = sizeof(steps) / sizeof(steps[0]),
    MAX_SETTINGS_BYTES = 512,
    MAX_LINE_BYTES = 1001,
    MAX_OPTIONS_BYTES = 8192,
};

const pare_step *const *pare_step_all(size_t *n)
{
    *n = N_STEPS;
    return steps;
}

const pare_step *pare_step_find(const char *name)
{
    for (size_t i = 0; i < N_STEPS; i++)
        if (pare_str_eq(steps[i]->name, name)) return steps[i];
    return NULL;
}

static const char *key_of(const pare_option *row)
{
    return row->key ? row->key : row->name;
}

pare_status pare_step_set(pare_ctx *ctx, const pare_step *step, void *settings, const char *key,
                          const char *text, pare_option_problem *problem)
{
    pare_nearest nearest = { .word = key };
    for (size_t i = 0; i < step->n_options; i++) {
        if (pare_str_eq(key_of(&step->options[i]), key))
            return pare_option_read(ctx, &step->options[i], settings, text, problem);
        pare_nearest_try(&nearest, key_of(&step->options[i]));
    }
    snprintf(problem->message, sizeof(problem->message), "unknown option '%s' of step '%s'", key,
             step->name);
    problem->hint[0] = '\0';
    if (nearest.name)
        snprintf(problem->hint, sizeof(problem->hint), "did you mean '%s'?", nearest.name);
    return PARE_EUSAGE;
}

const char *pare_step_show(char *out, size_t out_bytes, const pare_step *step,
                           const void *settings)
{
    static const uint64_t defaults[MAX_SETTINGS_BYTES / sizeof(uint64_t)];
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < step->n_options && at < out_bytes; i++) {
        char value[MAX_OPTIONS_BYTES], usual[64];
        const pare_option *const row = &step->options[i];
        pare_option_show(value, sizeof(value), row, settings);
        if (pare_str_eq(value, pare_option_show(usual, sizeof(usual), row, defaults))) continue;
        at += (size_t)snprintf(out + at, out_bytes - at, "%s%s=%s", at ? " " : "", key_of(row),
                               value);
    }
    return out;
}

/* --- outcomes --------------------------------------------------------------------------------- */

void pare_step_outcome_begin(pare_ctx *ctx, pare_step_outcome *outcome)
{
    *outcome = (pare_step_outcome){ .drop = NAN };
    pare_arena_init(ctx, &outcome->arena, 0);
}

void pare_step_outcome_free(pare_step_outcome *outcome)
{
    pare_arena_free(&outcome->arena);
    *outcome = (pare_step_outcome){ 0 };
}

pare_status pare_step_say(pare_ctx *ctx, pare_step_outcome *outcome, const char *fmt, ...)
{
    char text[MAX_LINE_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    const char *const line = pare_arena_str(&outcome->arena, text);
    if (!line || !pare_arena_grow(&outcome->arena, &outcome->lines, &outcome->lines_cap,
                                  outcome->n_lines + 1, sizeof(outcome->lines[0])))
        return pare_arena_fail(ctx, &outcome->arena);
    outcome->lines[outcome->n_lines++] = line;
    return PARE_OK;
}

pare_status pare_step_skip(pare_ctx *ctx, pare_step_outcome *outcome, const char *node,
                           const char *op, const char *reason)
{
    char text[MAX_LINE_BYTES];
    snprintf(text, sizeof(text), "%.300s (%.100s)", node, op);
    const pare_step_skipped skipped = { pare_arena_str(&outcome->arena, text),
                                        pare_arena_str(&outcome->arena, reason) };
    if (!skipped.node || !skipped.reason ||
        !pare_arena_grow(&outcome->arena, &outcome->skipped, &outcome->skipped_cap,
                         outcome->n_skipped + 1, sizeof(outcome->skipped[0])))
        return pare_arena_fail(ctx, &outcome->arena);
    outcome->skipped[outcome->n_skipped++] = skipped;
    return PARE_OK;
}

pare_status pare_step_remove(pare_ctx *ctx, pare_step_outcome *outcome,
                             const pare_report_removed *removed)
{
    pare_arena *const arena = &outcome->arena;
    pare_report_removed copy = *removed;
    copy.name = pare_arena_str(arena, removed->name);
    copy.what = pare_arena_str(arena, removed->what);
    copy.why = pare_arena_str(arena, removed->why);
    if (!copy.name || !copy.what || (removed->why && !copy.why) ||
        !pare_arena_grow(arena, &outcome->removed, &outcome->removed_cap, outcome->n_removed + 1,
                         sizeof(outcome->removed[0])))
        return pare_arena_fail(ctx, arena);
    outcome->removed[outcome->n_removed++] = copy;
    return PARE_OK;
}

pare_status pare_step_choose(pare_ctx *ctx, pare_step_outcome *outcome, const pare_step *step,
                             const void *settings)
{
    char text[MAX_OPTIONS_BYTES]; /* each of many products may have an option */
    outcome->chosen = pare_arena_str(&outcome->arena,
                                     pare_step_show(text, sizeof(text), step, settings));
    return outcome->chosen ? PARE_OK : pare_arena_fail(ctx, &outcome->arena);
}
