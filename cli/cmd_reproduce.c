#include "cli/reproduce.h"

#include "cli/again.h"
#include "cli/figures.h"
#include "cli/signals.h"

#include "formats/report/baseline.h"

#include <stdio.h>
#include <string.h>

typedef struct reproduce_options {
    const char *data_root, *output;
    int64_t threads;
} reproduce_options;

typedef struct reproduction {
    pare_app *app;
    const reproduce_options *options;
    const char *path;          /* of the report */
    pare_baseline then, now;
    pare_arena arena;
    pare_scratch scratch;
    const char **words;        /* [n_words] the command line of the run */
    size_t n_words, words_cap;
    const char **differences;  /* [n_differences] lines */
    size_t n_differences, differences_cap;
} reproduction;

static pare_status no_memory(reproduction *r)
{
    return pare_arena_fail(&r->app->ctx, &r->arena);
}

static pare_status add_word(reproduction *r, const char *name, const char *value)
{
    const size_t n = strlen(name) + strlen(value) + 1;
    char *const word = pare_arena_alloc(&r->arena, n);
    if (!word || !pare_arena_grow(&r->arena, &r->words, &r->words_cap, r->n_words + 1,
                                  sizeof(r->words[0])))
        return no_memory(r);
    snprintf(word, n, "%s%s", name, value);
    r->words[r->n_words++] = word;
    return PARE_OK;
}

static pare_status differ(reproduction *r, const pare_line *line)
{
    const char *const text = pare_arena_str(&r->arena, line->text);
    if (!text || !pare_arena_grow(&r->arena, &r->differences, &r->differences_cap,
                                  r->n_differences + 1, sizeof(r->differences[0])))
        return no_memory(r);
    r->differences[r->n_differences++] = text;
    return PARE_OK;
}

/* --- what is to be run ------------------------------------------------------------------------ */

/* The verb and, unless it is one whose report tells of a model that it made, a failure in words. */
static const pare_cmd *verb_of(reproduction *r)
{
    const pare_baseline_made *const made = &r->then.made;
    const pare_cmd_row *const row = made->n_arguments ? pare_cmd_find(made->arguments[0]) : NULL;
    if (row && (row->command->shared & PARE_SHARED_REPORT)) {
        for (size_t i = 0; i < row->command->n_options; i++)
            if (row->command->options[i].required &&
                pare_str_eq(row->command->options[i].name, "output")) return row->command;
    }
    if (!made->n_arguments)
        (void)pare_fail(&r->app->ctx, PARE_EFORMAT,
                        "%s: does not say how the model was made: expected 'arguments'", r->path);
    else
        (void)pare_fail(&r->app->ctx, PARE_EFORMAT,
                        "%s: arguments: expected a verb that makes a model, found '%.60s'",
                        r->path, made->arguments[0]);
    return NULL;
}

/* What has no influence on the bytes, or is given anew. */
static bool is_left_out(const char *name)
{
    static const char *const names[] = {
        "output", "report", "dry-run", "baseline", "max-regress", "use", "stats", "threads",
        "json", "ci", "allow-commands", "allow-linked-data",
    };
    for (size_t i = 0; i < PARE_COUNT_OF(names); i++)
        if (pare_str_eq(names[i], name)) return true;
    return false;
}

static const pare_option *option_of(const pare_cmd *command, const char *name)
{
    for (size_t i = 0; i < command->n_options; i++)
        if (pare_str_eq(command->options[i].name, name)) return &command->options[i];
    return NULL;
}

/* A file of the report's run, found beneath the root; not found, with a message. */
static pare_status add_file(reproduction *r, const char *option, const char *name,
                            const char *sha256)
{
    char path[4096];
    const char *const root = r->options->data_root ? r->options->data_root : ".";
    PARE_TRY(pare_find_beneath(&r->app->ctx, path, sizeof(path), root, name, sha256));
    return add_word(r, option, path);
}

/* "a,b.yaml": those that are files are looked for. */
static pare_status add_targets(reproduction *r, const char *value)
{
    char path[4096], name[256];
    const char *const root = r->options->data_root ? r->options->data_root : ".";
    pare_doc all = { .ctx = &r->app->ctx };
    pare_status st = PARE_OK;
    for (const char *p = value; !st && p;) {
        const size_t n = strcspn(p, ",");
        const bool is_file = memchr(p, '.', n) != NULL;
        snprintf(name, sizeof(name), "%.*s", (int)n, p);
        if (is_file)
            st = pare_find_beneath(&r->app->ctx, path, sizeof(path), root, name, NULL);
        pare_doc_put(&all, p == value ? "" : ",");
        pare_doc_put(&all, is_file ? path : name);
        p = p[n] ? p + n + 1 : NULL;
    }
    if (!st) st = all.status;
    if (!st) st = add_word(r, "--target=", pare_doc_text(&all));
    pare_doc_free(&all);
    return st;
}

/* The recipe is in the report, too: the file need not be there. */
static pare_status add_recipe(reproduction *r, const char *name)
{
    char path[4096];
    pare_ctx *const ctx = &r->app->ctx;
    const pare_status st = add_file(r, "--recipe=", name, NULL);
    if (st != PARE_EIO || !r->then.made.recipe) return st;
    PARE_TRY(pare_scratch_write(ctx, &r->scratch, path, sizeof(path), "recipe.yaml",
                                r->then.made.recipe));
    return add_word(r, "--recipe=", path);
}

static pare_status add_argument(reproduction *r, const pare_cmd *command, const char *word)
{
    char name[128];
    const size_t n = strcspn(word, "=");
    if (strncmp(word, "--", 2) != 0) /* MODEL */
        return add_file(r, "", word, r->then.made.input_sha256);
    snprintf(name, sizeof(name), "%.60s", word + 2);
    name[strcspn(name, "=")] = '\0';
    const pare_option *const option = option_of(command, name);
    if (is_left_out(name)) return PARE_OK;
    if (!option || !word[n] || !pare_option_names_file(option)) return add_word(r, "", word);
    if (pare_str_eq(name, "target")) return add_targets(r, word + n + 1);
    if (pare_str_eq(name, "recipe")) return add_recipe(r, word + n + 1);
    char spelt[128];
    snprintf(spelt, sizeof(spelt), "--%.60s=", name);
    return add_file(r, spelt, word + n + 1, NULL);
}

static pare_status make_words(reproduction *r)
{
    char text[4200];
    const pare_baseline_made *const made = &r->then.made;
    const pare_cmd *const command = verb_of(r);
    if (!command) return PARE_EFORMAT;
    PARE_TRY(add_word(r, "", command->name));
    for (size_t i = 1; i < made->n_arguments; i++)
        PARE_TRY(add_argument(r, command, made->arguments[i]));
    snprintf(text, sizeof(text), "%s/made.onnx", r->scratch.path);
    PARE_TRY(add_word(r, "--output=", r->options->output ? r->options->output : text));
    snprintf(text, sizeof(text), "%s/report", r->scratch.path);
    PARE_TRY(add_word(r, "--report=", text));
    PARE_TRY(add_word(r, "", "--quiet"));
    PARE_TRY(add_word(r, "", "--ci=none"));
    if (!r->options->threads) return PARE_OK;
    snprintf(text, sizeof(text), "%lld", (long long)r->options->threads);
    return add_word(r, "--threads=", text);
}

/* --- what came of it -------------------------------------------------------------------------- */

static pare_status compare_text(reproduction *r, const char *what, const char *then,
                                const char *now)
{
    pare_line line = { 0 };
    if (pare_str_eq(pare_str_or_empty(then), pare_str_or_empty(now))) return PARE_OK;
    pare_line_add(&line, "%s: the report has %.100s, this run %.100s", what,
                  then ? then : "nothing", now ? now : "nothing");
    return differ(r, &line);
}

static pare_status compare_targets(reproduction *r)
{
    const pare_baseline_made *const then = &r->then.made;
    const pare_baseline_made *const now = &r->now.made;
    for (size_t i = 0; i < then->n_targets && i < now->n_targets; i++) {
        pare_line line = { 0 };
        if (then->targets[i].version == now->targets[i].version) continue;
        pare_line_add(&line, "target %.60s: the report is of version %lld, this run of %lld",
                      then->targets[i].name, (long long)then->targets[i].version,
                      (long long)now->targets[i].version);
        PARE_TRY(differ(r, &line));
    }
    return PARE_OK;
}

static pare_status compare_data(reproduction *r)
{
    const pare_baseline_made *const then = &r->then.made;
    const pare_baseline_made *const now = &r->now.made;
    for (size_t i = 0; i < then->n_data; i++) {
        const pare_report_data *const data = &then->data[i];
        bool is_there = false;
        pare_line line = { 0 };
        for (size_t k = 0; k < now->n_data; k++)
            is_there |= pare_str_eq(now->data[k].role, data->role) &&
                        pare_str_eq(now->data[k].sha256, data->sha256);
        if (is_there) continue;
        pare_line_add(&line, "data: samples for %.20s of %.200s are not those of the report",
                      data->role, pare_str_or_empty(data->name));
        PARE_TRY(differ(r, &line));
    }
    return PARE_OK;
}

static pare_status compare(reproduction *r)
{
    const pare_baseline_made *const then = &r->then.made;
    const pare_baseline_made *const now = &r->now.made;
    PARE_TRY(compare_text(r, "model: sha256", then->input_sha256, now->input_sha256));
    PARE_TRY(compare_targets(r));
    PARE_TRY(compare_data(r));
    if (!pare_str_eq(pare_str_or_empty(then->recipe), pare_str_or_empty(now->recipe))) {
        const pare_line line = { .text = "recipe: is not that of the report" };
        PARE_TRY(differ(r, &line));
    }
    PARE_TRY(compare_text(r, "shapes", r->then.shapes, r->now.shapes));
    PARE_TRY(compare_text(r, "version of pare", r->then.tool_version, r->now.tool_version));
    return compare_text(r, "kernel level", then->kernel_level, now->kernel_level);
}

static bool is_same(const reproduction *r)
{
    return r->then.made.output_sha256 &&
           pare_str_eq(r->then.made.output_sha256,
                       pare_str_or_empty(r->now.made.output_sha256));
}

static void print_text(const reproduction *r)
{
    pare_line line = { 0 };
    if (is_same(r)) {
        pare_line_add(&line, "the same bytes: %.200s has sha256 %.64s",
                      pare_str_or_empty(r->then.model), r->now.made.output_sha256);
        pare_app_print(r->app, line.text);
    } else {
        pare_line_add(&line, "other bytes: %.200s had sha256 %.64s, what was made now has %.64s",
                      pare_str_or_empty(r->then.model),
                      pare_str_or_empty(r->then.made.output_sha256),
                      pare_str_or_empty(r->now.made.output_sha256));
        pare_app_print(r->app, line.text);
        if (!r->n_differences)
            pare_app_print(r->app, "nothing that the report names differs: was it written by "
                                   "another build of pare?");
    }
    for (size_t i = 0; i < r->n_differences; i++) {
        pare_line_clear(&line);
        pare_line_add(&line, "differs  %s", r->differences[i]);
        pare_app_print(r->app, line.text);
    }
}

static int show(reproduction *r)
{
    int status = PARE_EXIT_DONE;
    if (r->app->shared.json) {
        pare_json j;
        pare_app_begin_json(r->app, &j, "pare.reproduce/1");
        pare_json_bool(&j, "same", is_same(r));
        pare_json_text(&j, "sha256", r->now.made.output_sha256);
        pare_json_text(&j, "expected_sha256", r->then.made.output_sha256);
        pare_json_open_array(&j, "differences");
        for (size_t i = 0; i < r->n_differences; i++)
            pare_json_text(&j, NULL, r->differences[i]);
        pare_json_close(&j);
        pare_app_json_warnings(r->app, &j);
        status = pare_app_print_json(r->app, &j);
    } else if (!r->app->shared.quiet) {
        print_text(r);
    }
    return status ? status : is_same(r) ? PARE_EXIT_DONE : PARE_EXIT_GATE;
}

/* --- the verb --------------------------------------------------------------------------------- */

static int run_again(reproduction *r)
{
    char path[4200];
    pare_ctx *const ctx = &r->app->ctx;
    pare_app_note(r->app, "running pare %s again", r->words[0]);
    const int status = pare_app_run_again(r->app, r->n_words, (char *const *)(uintptr_t)r->words);
    if (status != PARE_EXIT_DONE && status != PARE_EXIT_GATE) return status;
    snprintf(path, sizeof(path), "%s/report/report.json", r->scratch.path);
    pare_status st = pare_baseline_read(ctx, &r->now, path);
    if (!st) st = compare(r);
    return st ? pare_app_fail(r->app, pare_exit_for_output(st), NULL) : show(r);
}

static int run(pare_app *app, const pare_arguments *args, const void *options)
{
    reproduction r = { .app = app, .options = options, .path = args->operands[0] };
    pare_ctx *const ctx = &app->ctx;
    pare_arena_init(ctx, &r.arena, 0);
    pare_arena_init(ctx, &r.now.arena, 0);
    pare_status st = pare_baseline_read(ctx, &r.then, r.path);
    if (!st) st = pare_scratch_open(ctx, &r.scratch);
    if (!st) st = make_words(&r);
    const int status = st ? pare_app_fail(app, pare_exit_for_input(st), NULL) : run_again(&r);
    pare_scratch_close(&r.scratch);
    pare_baseline_free(&r.now);
    pare_baseline_free(&r.then);
    pare_arena_free(&r.arena);
    return status;
}

static const reproduce_options defaults;

static const char *const operands[] = { "REPORT.json" };

static const pare_option rows[] = {
    { .name = "data-root", .kind = PARE_OPT_STRING, .placeholder = "DIR",
      .offset = offsetof(reproduce_options, data_root),
      .help = "The folder beneath which the model, data and recipes lie (default: this one)" },
    { .name = "output", .short_name = 'o', .kind = PARE_OPT_STRING, .placeholder = "OUT",
      .offset = offsetof(reproduce_options, output),
      .help = "Keep the model that is made (default: it is only compared)" },
    { .name = "threads", .kind = PARE_OPT_INT, .placeholder = "N", .min = 1, .max = 1024,
      .offset = offsetof(reproduce_options, threads),
      .help = "Threads to work with; the bytes do not depend on it" },
};

static const pare_example examples[] = {
    { "pare reproduce out/report.json",
      "does again what the report tells of; exit status 1 unless the same bytes come out" },
    { "pare reproduce report.json --data-root /srv/models -o again.onnx",
      "model and data are looked for beneath that folder, and what is made is kept" },
};

const pare_cmd pare_cmd_reproduce = {
    .name = "reproduce",
    .description =
        "Makes the model that a report tells of once more, from the same model, data and options, "
        "and compares the bytes. On the same kernel level and version of pare they are the same, "
        "at any number of threads.\n"
        "Files are looked for by their names, beneath the data root. When the bytes differ the "
        "exit status is 1, and what is not as it was (model, samples, target, shapes, version, "
        "kernel level) is named.",
    .operands = operands, .n_operands = PARE_COUNT_OF(operands),
    .options = rows, .n_options = PARE_COUNT_OF(rows),
    .shared = PARE_SHARED_OUTPUT | PARE_SHARED_MODEL,
    .examples = examples, .n_examples = PARE_COUNT_OF(examples),
    .defaults = &defaults, .options_bytes = sizeof(defaults),
    .run = run,
};
