#include "recipe/recipe.h"

#include "base/bytes.h"
#include "base/nearest.h"
#include "base/quantity.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const pare_on_miss_names[] = { "auto", "keep-best", "roll-back", NULL };
const char *const pare_recipe_when_names[] = { "always", "transformer", "data", "quantized", NULL };

/* --- building --------------------------------------------------------------------------------- */

void pare_recipe_init(pare_ctx *ctx, pare_recipe *recipe)
{
    *recipe = (pare_recipe){ .calibration.seed = -1, .evaluation.seed = -1 };
    pare_arena_init(ctx, &recipe->arena, 0);
}

static void drop_lists(pare_ctx *ctx, const pare_recipe_steps *list)
{
    for (size_t i = 0; i < list->n; i++) {
        const pare_recipe_step *const s = &list->items[i];
        pare_option_drop(ctx, s->step->options, s->step->n_options, s->settings);
    }
}

void pare_recipe_free(pare_ctx *ctx, pare_recipe *recipe)
{
    drop_lists(ctx, &recipe->steps);
    for (size_t w = 0; w < recipe->n_ways; w++) drop_lists(ctx, &recipe->ways[w]);
    pare_arena_free(&recipe->arena);
    *recipe = (pare_recipe){ 0 };
}

pare_status pare_recipe_add_step(pare_ctx *ctx, pare_recipe *recipe, pare_recipe_steps *list,
                                 pare_recipe_step **out, const pare_step *step)
{
    pare_arena *const arena = &recipe->arena;
    void *const settings = pare_arena_zero(arena, step->settings_bytes + 1);
    if (!settings ||
        !pare_arena_grow(arena, &list->items, &list->cap, list->n + 1, sizeof(list->items[0])))
        return pare_arena_fail(ctx, arena);
    *out = &list->items[list->n++];
    **out = (pare_recipe_step){ .step = step, .settings = settings };
    return PARE_OK;
}

pare_status pare_recipe_add_way(pare_ctx *ctx, pare_recipe *recipe, pare_recipe_steps **out)
{
    if (!pare_arena_grow(&recipe->arena, &recipe->ways, &recipe->ways_cap, recipe->n_ways + 1,
                         sizeof(recipe->ways[0])))
        return pare_arena_fail(ctx, &recipe->arena);
    *out = &recipe->ways[recipe->n_ways++];
    **out = (pare_recipe_steps){ 0 };
    return PARE_OK;
}

/* --- setting ---------------------------------------------------------------------------------- */

static pare_status refuse(pare_option_problem *problem, const pare_nearest *nearest,
                          const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static pare_status refuse(pare_option_problem *problem, const pare_nearest *nearest,
                          const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(problem->message, sizeof(problem->message), fmt, args);
    va_end(args);
    problem->hint[0] = '\0';
    if (nearest && nearest->name)
        snprintf(problem->hint, sizeof(problem->hint), "did you mean '%s'?", nearest->name);
    return PARE_EUSAGE;
}

static pare_status copy_text(pare_ctx *ctx, pare_recipe *recipe, const char **out,
                             const char *text)
{
    *out = pare_arena_str(&recipe->arena, text);
    return !text || *out ? PARE_OK : pare_arena_fail(ctx, &recipe->arena);
}

/* Options that every step of a recipe has. */
static const pare_option of_any_step[] = {
    { .name = "on-miss", .kind = PARE_OPT_CHOICE, .placeholder = "WHAT",
      .choices = pare_on_miss_names, .offset = offsetof(pare_recipe_step, on_miss),
      .help = "What becomes of the step when it misses a limit on accuracy" },
    { .name = "max-time", .kind = PARE_OPT_DURATION, .placeholder = "TIME",
      .offset = offsetof(pare_recipe_step, max_ms), .help = "How long it may look for the best" },
};

pare_status pare_recipe_step_set(pare_ctx *ctx, pare_recipe *recipe, pare_recipe_step *step,
                                 const char *key, const char *text, pare_option_problem *problem)
{
    const char *kept = NULL;
    PARE_TRY(copy_text(ctx, recipe, &kept, text));
    for (size_t i = 0; i < sizeof(of_any_step) / sizeof(of_any_step[0]); i++)
        if (pare_str_eq(of_any_step[i].name, key))
            return pare_option_read(ctx, &of_any_step[i], step, kept, problem);
    return pare_step_set(ctx, step->step, step->settings, key, kept, problem);
}

static pare_status set_limit(pare_ctx *ctx, pare_recipe *recipe, pare_limit_kind kind,
                             const char *text, pare_option_problem *problem)
{
    pare_limit limit;
    if (!pare_limit_read(&limit, kind, text))
        return refuse(problem, NULL, "expected %s, found '%s'", pare_limit_form(kind), text);
    if (kind >= PARE_LIMIT_ENERGY && !(limit.value > 0))
        return refuse(problem, NULL, "nothing may remain, which no model can keep: found '%s'",
                      text);
    return copy_text(ctx, recipe, &recipe->limits[kind], text);
}

static pare_status set_minimize(pare_recipe *recipe, const char *text,
                                pare_option_problem *problem)
{
    static const struct { const char *name; pare_limit_kind kind; } figures[] = {
        { "energy", PARE_LIMIT_ENERGY }, { "latency", PARE_LIMIT_LATENCY },
        { "macs", PARE_LIMIT_MACS }, { "params", PARE_LIMIT_PARAMS }, { "size", PARE_LIMIT_SIZE },
        { "flash", PARE_LIMIT_FLASH }, { "ram", PARE_LIMIT_RAM },
    };
    pare_nearest nearest = { .word = text };
    for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
        pare_nearest_try(&nearest, figures[i].name);
        if (!pare_str_eq(figures[i].name, text)) continue;
        recipe->minimize = (int)figures[i].kind;
        return PARE_OK;
    }
    return refuse(problem, &nearest, "expected one of energy, latency, macs, params, size, flash, "
                                     "ram, found '%s'", text);
}

pare_status pare_recipe_set_plain(pare_ctx *ctx, pare_recipe *recipe, bool *known,
                                  const char *key, const char *text, pare_option_problem *problem)
{
    const struct { const char *name; const char **field; } texts[] = {
        { "target", &recipe->targets }, { "dims", &recipe->dims }, { "use", &recipe->use },
        { "metrics", &recipe->metrics },
    };
    const pare_limit_kind limit = pare_limit_find(key);
    *known = true;
    if (limit != PARE_N_LIMITS) return set_limit(ctx, recipe, limit, text, problem);
    if (pare_str_eq(key, "minimize")) return set_minimize(recipe, text, problem);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (pare_str_eq(texts[i].name, key)) return copy_text(ctx, recipe, texts[i].field, text);
    *known = false;
    return PARE_OK;
}

/* --- --set ------------------------------------------------------------------------------------ */

/* All steps, those of ways behind those of all. */
static pare_recipe_step *step_at(const pare_recipe *recipe, size_t i)
{
    if (i < recipe->steps.n) return &recipe->steps.items[i];
    i -= recipe->steps.n;
    for (size_t w = 0; w < recipe->n_ways; w++) {
        if (i < recipe->ways[w].n) return &recipe->ways[w].items[i];
        i -= recipe->ways[w].n;
    }
    return NULL;
}

static bool has_option(const pare_step *step, const char *key, pare_nearest *nearest)
{
    bool found = false;
    for (size_t i = 0; i < step->n_options; i++) {
        const char *const name = step->options[i].key ? step->options[i].key
                                                      : step->options[i].name;
        pare_nearest_try(nearest, name);
        found |= pare_str_eq(name, key);
    }
    return found;
}

static pare_status set_in(pare_ctx *ctx, pare_recipe *recipe, const char *name, const char *key,
                          const char *text, pare_option_problem *problem)
{
    pare_nearest nearest = { .word = name };
    bool found = false;
    pare_recipe_step *step;
    for (size_t i = 0; (step = step_at(recipe, i)); i++) {
        pare_nearest_try(&nearest, step->step->name);
        if (!pare_str_eq(step->step->name, name)) continue;
        found = true;
        PARE_TRY(pare_recipe_step_set(ctx, recipe, step, key, text, problem));
    }
    if (found) return PARE_OK;
    return refuse(problem, &nearest, "the recipe has no step '%s'", name);
}

/* The only kind of step that has an option of this name. */
static pare_status set_anywhere(pare_ctx *ctx, pare_recipe *recipe, const char *key,
                                const char *text, pare_option_problem *problem)
{
    static const char *const plain[] = { "target", "dims", "metrics", "minimize", "use" };
    pare_nearest nearest = { .word = key };
    const pare_step *owner = NULL;
    pare_recipe_step *step;
    for (size_t i = 0; (step = step_at(recipe, i)); i++) {
        if (!has_option(step->step, key, &nearest) || owner == step->step) continue;
        if (owner)
            return refuse(problem, NULL, "'%s' is an option of several steps: write %s.%s or %s.%s",
                          key, owner->name, key, step->step->name, key);
        owner = step->step;
    }
    if (owner) return set_in(ctx, recipe, owner->name, key, text, problem);
    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
        pare_nearest_try(&nearest, plain[i]);
    for (int k = 0; k < PARE_N_LIMITS; k++)
        pare_nearest_try(&nearest, pare_limit_name((pare_limit_kind)k));
    return refuse(problem, &nearest, "unknown key '%s'", key);
}

pare_status pare_recipe_set(pare_ctx *ctx, pare_recipe *recipe, const char *key, const char *text,
                            pare_option_problem *problem)
{
    static const char steps[] = "steps.", limits[] = "limits.";
    bool known = false;
    char name[64];
    if (strncmp(key, steps, sizeof(steps) - 1) == 0) key += sizeof(steps) - 1;
    else if (strncmp(key, limits, sizeof(limits) - 1) == 0) key += sizeof(limits) - 1;
    const char *const dot = strchr(key, '.');
    if (dot) {
        snprintf(name, sizeof(name), "%.*s", (int)(dot - key), key);
        return set_in(ctx, recipe, name, dot + 1, text, problem);
    }
    PARE_TRY(pare_recipe_set_plain(ctx, recipe, &known, key, text, problem));
    return known ? PARE_OK : set_anywhere(ctx, recipe, key, text, problem);
}
