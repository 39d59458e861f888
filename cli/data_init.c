#include "cli/data_init.h"

#include "cli/data_guess.h"
#include "cli/model_file.h"
#include "formats/output.h"
#include "formats/report/doc.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A path as it is written into a yaml in another folder: relative to that folder. */
static void relative(char *out, size_t out_bytes, const char *path, const char *yaml)
{
    char from[PATH_MAX], to[PATH_MAX], dir[PATH_MAX];
    const char *const slash = yaml ? strrchr(yaml, '/') : NULL;
    snprintf(out, out_bytes, "%s", path);
    if (!yaml || path[0] == '/') return;
    snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - yaml) + 1 : 1, slash ? yaml : ".");
    if (!realpath(dir, from) || !realpath(path, to)) return;
    size_t shared = 0, n = 0;
    for (size_t i = 0; from[i] && from[i] == to[i]; i++)
        if (from[i] == '/') shared = i + 1;
    const size_t n_from = strlen(from);
    if (!strncmp(from, to, n_from) && to[n_from] == '/') shared = n_from + 1;
    out[0] = '\0';
    for (const char *p = from + (shared > n_from ? n_from : shared); *p && n + 4 < out_bytes;) {
        n += (size_t)snprintf(out + n, out_bytes - n, "../");
        p += strcspn(p, "/");
        p += *p == '/';
    }
    snprintf(out + n, out_bytes - n, "%s", to + shared);
}

/* Text in quotes where YAML would take it for something else. */
static void put_text(pare_doc *doc, const char *text)
{
    const bool plain = text[0] && text[strcspn(text, ":#{}[],&*!|>'\"%@`\\\n\t ")] == '\0' &&
                       text[0] != '-' && text[0] != '?';
    if (plain) pare_doc_put(doc, text);
    else {
        pare_doc_put(doc, "'");
        for (; *text; text++) {
            const char c[2] = { *text, '\0' };
            pare_doc_put(doc, *text == '\'' ? "''" : c);
        }
        pare_doc_put(doc, "'");
    }
}

/* What the description is made of. */
typedef struct init_job {
    pare_app *app;
    const pare_data_init_opts *opts;
    pare_model *model;
    pare_guess_model from_model;
    pare_guess_source source;
    pare_doc doc;
} init_job;

static void put_head(init_job *job)
{
    const pare_guess_source *const s = &job->source;
    const pare_guess_model *const m = &job->from_model;
    char type[256];
    pare_doc_format(&job->doc, "# %" PRIu64 " samples (%s)", s->n, s->format);
    if (s->width)
        pare_doc_format(&job->doc, ", %s%" PRIu32 " x %" PRIu32 " pixels",
                        s->same_size ? "" : "of several sizes, one of ", s->width, s->height);
    pare_doc_put(&job->doc, "\n");
    for (size_t i = 0; i < m->n_inputs && i < 8; i++) {
        pare_doc_put(&job->doc, "# The model takes '");
        pare_doc_plain(&job->doc, m->inputs[i]->name);
        pare_doc_format(&job->doc, "' %s\n",
                        m->inputs[i]->type
                            ? pare_type_text(type, sizeof(type), m->inputs[i]->type)
                            : "of a type that it does not say");
    }
}

static void put_steps(init_job *job, const char *indent)
{
    pare_preprocess steps;
    char why[PARE_GUESS_TEXT] = "", text[2048], config[PARE_GUESS_TEXT];
    bool sure = false;
    const bool images = !strcmp(job->source.format, "images");
    if (job->source.config[0] && images) {
        relative(config, sizeof(config), job->source.config, job->opts->output);
        pare_doc_format(&job->doc, "%s# Beside the model.\n%spreprocess: ", indent, indent);
        put_text(&job->doc, config);
        pare_doc_put(&job->doc, "\n");
        return;
    }
    if (!job->model) {
        if (images)
            pare_doc_format(&job->doc,
                            "%s# GUESS: without a model (--model) nothing tells sizes and "
                            "numbers.\n"
                            "%spreprocess: [{resize: {short: 256, filter: bilinear}}, {crop: 224}, "
                            "imagenet]\n",
                            indent, indent);
        return;
    }
    const bool bytes = images || !strcmp(job->source.format, "idx");
    if (!bytes || !job->from_model.is_image) return;
    pare_guess_steps(&steps, &sure, why, &job->from_model, &job->source);
    if (!pare_preprocess_text(&steps, text, sizeof(text))) return;
    pare_doc_format(&job->doc, "%s# %s", indent, sure ? "Known: " : "GUESS: ");
    pare_doc_plain(&job->doc, why);
    pare_doc_format(&job->doc, ".\n%s# `pare data check` compares it with other ways.\n", indent);
    pare_doc_format(&job->doc, "%spreprocess: %s\n", indent, text);
}

static void put_labels(init_job *job)
{
    const pare_guess_source *const s = &job->source;
    const int64_t n_classes = job->from_model.n_classes;
    char path[PATH_MAX];
    const bool is_file = s->labels[0] && strcmp(s->labels, "folders") != 0 &&
                         strcmp(s->format, "npz") != 0;
    if (!s->labels[0]) {
        pare_doc_put(&job->doc, "# No labels were found; without them changed answers are counted "
                                "(agreement).\n"
                                "# labels: labels.txt  # lines \"file class\"; or `folders`\n");
        return;
    }
    snprintf(path, sizeof(path), "%s", s->labels);
    if (is_file) relative(path, sizeof(path), s->labels, job->opts->output);
    pare_doc_format(&job->doc, "# Labels: %s.\n", s->labels_why);
    if (n_classes == 1001) {
        pare_doc_put(&job->doc, "# GUESS: of 1001 outputs the first is the background.\nlabels: "
                                "{source: ");
        put_text(&job->doc, path);
        pare_doc_put(&job->doc, ", offset: 1}\n");
    } else {
        pare_doc_put(&job->doc, "labels: ");
        put_text(&job->doc, path);
        pare_doc_put(&job->doc, "\n");
    }
}

static void put_source(init_job *job)
{
    const pare_guess_model *const m = &job->from_model;
    const char *const indent = m->n_inputs > 1 ? "    " : "";
    char path[PATH_MAX];
    relative(path, sizeof(path), job->opts->source, job->opts->output);
    if (m->n_inputs > 1) {
        pare_doc_put(&job->doc, "inputs:\n  ");
        put_text(&job->doc, m->inputs[0]->name);
        pare_doc_put(&job->doc, ":\n");
    }
    pare_doc_format(&job->doc, "%ssource: ", indent);
    put_text(&job->doc, path);
    pare_doc_format(&job->doc, "\n%sformat: %s\n", indent, job->source.format);
    put_steps(job, indent);
    for (size_t i = 1; i < m->n_inputs && i < 8; i++) {
        pare_doc_put(&job->doc, "  ");
        put_text(&job->doc, m->inputs[i]->name);
        pare_doc_put(&job->doc, ": zeros                # GUESS: {source: FILE} gives it data\n");
    }
}

static void put_rest(init_job *job)
{
    put_labels(job);
    pare_doc_format(&job->doc, "metrics: [%sagreement]\n", job->source.labels[0] ? "top1, " : "");
    pare_doc_put(&job->doc,
                 "\n# More that may stand here:\n"
                 "# split: {calibrate: 256, eval: rest}\n"
                 "# golden: {sample: cat.jpg, output: cat.npy}   # checked on every use\n");
}

static pare_status write_file(init_job *job)
{
    pare_ctx *const ctx = &job->app->ctx;
    pare_output *out = NULL;
    PARE_TRY(pare_output_open(ctx, &out, job->opts->output));
    const pare_status st = pare_output_write(ctx, out, pare_doc_text(&job->doc), job->doc.n);
    if (!st) return pare_output_commit(ctx, out);
    pare_output_abort(ctx, out);
    return st;
}

static int finish(init_job *job)
{
    pare_app *const app = job->app;
    pare_json json;
    pare_line line = { 0 };
    if (job->doc.status) return pare_app_fail(app, pare_exit_for_output(job->doc.status), NULL);
    const pare_status st = job->opts->output ? write_file(job) : PARE_OK;
    if (st) return pare_app_fail(app, pare_exit_for_output(st), NULL);
    if (app->shared.json) {
        pare_app_begin_json(app, &json, "pare.data-init/1");
        pare_json_text(&json, "description", pare_doc_text(&job->doc));
        pare_json_text(&json, "output", job->opts->output);
        pare_app_json_warnings(app, &json);
        return pare_app_print_json(app, &json);
    }
    if (!job->opts->output) {
        fputs(pare_doc_text(&job->doc), stdout);
        return PARE_EXIT_DONE;
    }
    pare_line_add(&line, "wrote %s", job->opts->output);
    if (!app->shared.quiet) pare_app_print(app, line.text);
    return PARE_EXIT_DONE;
}

int pare_data_init_run(pare_app *app, const pare_data_init_opts *opts)
{
    init_job job = { .app = app, .opts = opts, .doc = { .ctx = &app->ctx } };
    int status = opts->model ? pare_model_open(app, &job.model, opts->model) : PARE_EXIT_DONE;
    if (!status && job.model) pare_guess_from_model(&job.from_model, job.model);
    if (!status) {
        const pare_status st =
            pare_guess_from_source(&app->ctx, &job.source, opts->source, opts->model);
        if (st) status = pare_app_fail(app, pare_exit_for_input(st), NULL);
    }
    if (!status) {
        put_head(&job);
        put_source(&job);
        put_rest(&job);
        status = finish(&job);
    }
    pare_doc_free(&job.doc);
    pare_model_free(&app->ctx, job.model);
    return status;
}
