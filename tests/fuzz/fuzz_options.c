/* Options of steps, as recipes and --set give them: lines "STEP KEY VALUE" and "KEY=VALUE". What is
 * taken can be shown, and taken again to the same effect; what is not is told in words. */
#include "fuzz/fuzz.h"

#include "recipe/recipe.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 4096, SHOWN = 16384, MOST_LINES = 32 };

/* Sets an option in settings of their own, and once more to what these show. */
static void set_alone(pare_ctx *ctx, const pare_step *step, const char *key, const char *text)
{
    static const uint64_t zero[64];
    pare_option_problem problem = { "", "" };
    char *shown = malloc(SHOWN);
    void *settings = calloc(1, step->settings_bytes), *others = calloc(1, step->settings_bytes);
    if (!shown || !settings || !others || sizeof(zero) < step->settings_bytes) abort();
    const pare_status st = pare_step_set(ctx, step, settings, key, text, &problem);
    pare_step_show(shown, SHOWN, step, settings);
    if (st && (!problem.message[0] || shown[0])) abort();
    for (size_t i = 0; !st && i < step->n_options; i++) {
        const pare_option *row = &step->options[i];
        char value[MOST_BYTES + 64], back[MOST_BYTES + 64];
        pare_option_show(value, sizeof(value), row, settings);
        pare_option_show(back, sizeof(back), row, zero);
        if (row->kind == PARE_OPT_LIST || strcmp(value, back) == 0) continue;
        if (pare_option_read(ctx, row, others, value, &problem)) abort();
        if (strcmp(value, pare_option_show(back, sizeof(back), row, others)) != 0) abort();
    }
    pare_option_drop(ctx, step->options, step->n_options, settings);
    pare_option_drop(ctx, step->options, step->n_options, others);
    free(shown);
    free(settings);
    free(others);
}

static void run_line(pare_ctx *ctx, pare_recipe *recipe, char *line)
{
    size_t n = 0;
    const pare_step *const *steps = pare_step_all(&n);
    pare_option_problem problem = { "", "" };
    char *equals = strchr(line, '='), *space = strchr(line, ' ');
    if (equals && (!space || equals < space)) {
        *equals = '\0';
        if (pare_recipe_set(ctx, recipe, line, equals + 1, &problem) && !problem.message[0] &&
            !ctx->message[0])
            abort();
        return;
    }
    if (!space) return;
    *space = '\0';
    char *value = strchr(space + 1, ' ');
    if (value) *value++ = '\0';
    for (size_t i = 0; i < n; i++)
        if (strncmp(steps[i]->name, line, 1) == 0)
            set_alone(ctx, steps[i], space + 1, value ? value : "");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    pare_ctx ctx;
    pare_recipe recipe;
    size_t n_steps = 0;
    if (n_bytes > MOST_BYTES) return 0;
    char *text = malloc(n_bytes + 1);
    if (!text) abort();
    memcpy(text, data, n_bytes);
    text[n_bytes] = '\0';
    pare_ctx_init(&ctx, NULL);
    pare_recipe_init(&ctx, &recipe);
    const pare_step *const *steps = pare_step_all(&n_steps);
    for (size_t i = 0; i < n_steps; i++) {
        pare_recipe_step *added = NULL;
        if (pare_recipe_add_step(&ctx, &recipe, &recipe.steps, &added, steps[i])) abort();
    }
    char *rest = text;
    for (int i = 0; rest && i < MOST_LINES; i++) {
        char *end = strchr(rest, '\n');
        if (end) *end++ = '\0';
        run_line(&ctx, &recipe, rest);
        rest = end;
    }
    pare_recipe_free(&ctx, &recipe);
    free(text);
    return 0;
}
