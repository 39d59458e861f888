#include "cli/recipe_file.h"

#include <stdio.h>
#include <string.h>

static int list(pare_app *app)
{
    size_t n = 0;
    const pare_preset *const all = pare_preset_all(&n);
    for (size_t i = 0; i < n; i++) {
        pare_line line = { 0 };
        pare_line_add(&line, "%s", all[i].name);
        pare_line_pad(&line, 14);
        pare_line_add(&line, "%s", all[i].summary);
        pare_app_print(app, line.text);
    }
    return PARE_EXIT_DONE;
}

static int list_json(pare_app *app)
{
    pare_json json;
    size_t n = 0;
    const pare_preset *const all = pare_preset_all(&n);
    pare_app_begin_json(app, &json, "pare.recipes/1");
    pare_json_open_array(&json, "recipes");
    for (size_t i = 0; i < n; i++) {
        pare_json_open_object(&json, NULL);
        pare_json_text(&json, "name", all[i].name);
        pare_json_text(&json, "summary", all[i].summary);
        pare_json_text(&json, "text", all[i].text);
        pare_json_close(&json);
    }
    pare_json_close(&json);
    return pare_app_print_json(app, &json);
}

static int show(pare_app *app, const char *name)
{
    pare_line message = { 0 }, hint = { 0 };
    pare_nearest nearest = { .word = name };
    size_t n = 0;
    const pare_preset *const all = pare_preset_all(&n);
    const pare_preset *const preset = pare_preset_find(name);
    for (size_t i = 0; i < n; i++) pare_nearest_try(&nearest, all[i].name);
    if (!preset) {
        pare_line_add(&message, "there is no recipe '%.200s'; 'pare recipes' lists them", name);
        if (nearest.name) pare_line_add(&hint, "did you mean '%s'?", nearest.name);
        return pare_app_error(app, PARE_EXIT_USAGE, message.text, hint.text);
    }
    if (app->shared.json) {
        pare_json json;
        pare_app_begin_json(app, &json, "pare.recipes/1");
        pare_json_text(&json, "name", preset->name);
        pare_json_text(&json, "summary", preset->summary);
        pare_json_text(&json, "text", preset->text);
        return pare_app_print_json(app, &json);
    }
    printf("# %s: %s\n", preset->name, preset->summary);
    fputs(preset->text, stdout);
    return PARE_EXIT_DONE;
}

static int run(pare_app *app, const pare_arguments *args, const void *options)
{
    (void)options;
    if (args->n_operands) return show(app, args->operands[0]);
    return app->shared.json ? list_json(app) : list(app);
}

static const char *const operands[] = { "[NAME]" };

static const pare_example examples[] = {
    { "pare recipes", "the presets of 'pare compress'" },
    { "pare recipes int8 > mine.yaml", "a recipe to begin with" },
};

const pare_cmd pare_cmd_recipes = {
    .name = "recipes",
    .description =
        "Lists the presets of 'pare compress', or prints the recipe that NAME stands for, as a "
        "file that --recipe takes.",
    .operands = operands, .n_operands = PARE_COUNT_OF(operands),
    .shared = PARE_SHARED_OUTPUT,
    .examples = examples, .n_examples = PARE_COUNT_OF(examples),
    .run = run,
};
