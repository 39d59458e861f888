#include "cli/ci.h"

#include "formats/output.h"
#include "formats/report/metric.h"
#include "formats/report/verdict.h"
#include "formats/report/writer.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *const pare_ci_choices[] = { "auto", "github", "gitlab", "none", NULL };

static bool is_set(const char *variable)
{
    const char *const value = getenv(variable);
    return value && pare_str_eq(value, "true");
}

pare_ci_choice pare_ci_system(const pare_app *app)
{
    if (app->shared.ci != PARE_CI_AUTO) return (pare_ci_choice)app->shared.ci;
    if (is_set("GITHUB_ACTIONS")) return PARE_CI_GITHUB;
    return is_set("GITLAB_CI") ? PARE_CI_GITLAB : PARE_CI_NONE;
}

/* --- GitHub ----------------------------------------------------------------------------------- */

/* Text of a workflow command; of a property, what ends it is escaped, too. */
static void add_escaped(pare_line *out, const char *text, bool is_property)
{
    for (; *text; text++) {
        const bool ends = is_property && (*text == ':' || *text == ',');
        if (*text == '%' || *text == '\r' || *text == '\n' || ends)
            pare_line_add(out, "%%%02X", (unsigned)(unsigned char)*text);
        else pare_line_add(out, "%c", *text);
    }
}

void pare_ci_command(pare_line *out, const char *kind, const char *title, const char *text)
{
    pare_line_add(out, "::%s title=", kind);
    add_escaped(out, title, true);
    pare_line_add(out, "::");
    add_escaped(out, text, false);
}

/* An annotation per gate that fails; GitHub shows ten of them. */
static void annotate(const pare_report *report)
{
    for (size_t i = 0; i < report->n_gates; i++) {
        const pare_report_gate *const gate = &report->gates[i];
        char plain[PARE_LINE_BYTES];
        pare_line text = { 0 }, command = { 0 };
        if (gate->passed) continue;
        pare_line_add(&text, "%.200s: %s; %s", pare_str_or_empty(gate->model),
                      pare_str_or_empty(gate->reason), pare_str_or_empty(gate->remedy));
        pare_escape(plain, sizeof(plain), text.text);
        pare_ci_command(&command, "error", gate->name, plain);
        fprintf(stderr, "%s\n", command.text);
    }
}

/* Appends to the file that a variable of the environment names. */
static void append_to(pare_app *app, const char *variable, const pare_doc *doc)
{
    const char *const path = getenv(variable);
    if (!path || !*path) return;
    const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
    size_t done = 0;
    ssize_t n = fd < 0 ? -1 : 0;
    while (n >= 0 && done < doc->n) {
        n = write(fd, doc->text + done, doc->n - done);
        if (n > 0) done += (size_t)n;
        else if (n < 0 && errno == EINTR) n = 0;
        else break;
    }
    if (done < doc->n || fd < 0)
        pare_warn(&app->ctx, "cannot write to $%s: %s", variable, strerror(errno));
    if (fd >= 0) close(fd);
}

static void put_number(pare_doc *doc, const char *name, double value)
{
    if (isfinite(value)) pare_doc_format(doc, "%s=%.6g\n", name, value);
}

/* The outputs of the step: figures of the last model, and its ratios to the first. */
static void put_outputs(pare_doc *doc, const pare_app *app, const pare_report *report)
{
    const pare_report_model *const last = &report->models[report->n_models - 1];
    char name[64];
    for (size_t i = 0; i < PARE_N_METRICS; i++) {
        const pare_metric *const metric = &pare_metrics[i];
        char key[48];
        snprintf(key, sizeof(key), "%s", metric->field);
        for (char *p = key; *p; p++)
            if (*p == '-') *p = '_';
        put_number(doc, key, metric->value(&last->figures[0]).value);
        if (report->n_models < 2 || metric->higher_is_better) continue;
        snprintf(name, sizeof(name), "%s_ratio", metric->key);
        for (char *p = name; *p; p++)
            if (*p == '-') *p = '_';
        put_number(doc, name, pare_metric_ratio(metric, &report->models[0], last, 0).value);
    }
    pare_doc_format(doc, "passed=%s\n", pare_report_failed_gates(report) ? "false" : "true");
    pare_doc_put(doc, "verdict=");
    (void)pare_verdict(doc, report);
    pare_doc_put(doc, "\n");
    if (!app->shared.report_dir) return;
    pare_doc_put(doc, "report=");
    pare_doc_plain(doc, app->shared.report_dir);
    pare_doc_put(doc, "\n");
}

static pare_status tell_github(pare_app *app, const pare_report *report)
{
    pare_doc summary = { .ctx = &app->ctx }, outputs = { .ctx = &app->ctx };
    pare_report_writer_md.write(&summary, report);
    put_outputs(&outputs, app, report);
    const pare_status st = summary.status ? summary.status : outputs.status;
    if (!st) {
        annotate(report);
        append_to(app, "GITHUB_STEP_SUMMARY", &summary);
        append_to(app, "GITHUB_OUTPUT", &outputs);
    }
    pare_doc_free(&summary);
    pare_doc_free(&outputs);
    return st;
}

/* --- GitLab ----------------------------------------------------------------------------------- */

/* A value of OpenMetrics; names of files are plain text by then, but may have quotes. */
static void put_label(pare_doc *doc, const char *name, const char *value)
{
    pare_doc plain = { .ctx = doc->ctx };
    pare_doc_plain(&plain, value);
    pare_doc_format(doc, "%s=\"", name);
    for (const char *p = pare_doc_text(&plain); *p; p++) {
        if (*p == '"' || *p == '\\') pare_doc_put(doc, "\\");
        pare_doc_bytes(doc, p, 1);
    }
    pare_doc_put(doc, "\"");
    if (plain.status && !doc->status) doc->status = plain.status;
    pare_doc_free(&plain);
}

static void put_metrics(pare_doc *doc, const pare_report *report)
{
    for (size_t i = 0; i < PARE_N_METRICS; i++) {
        const pare_metric *const metric = &pare_metrics[i];
        for (size_t m = 0; m < report->n_models; m++) {
            const double value = metric->value(&report->models[m].figures[0]).value;
            if (!isfinite(value)) continue;
            pare_doc_format(doc, "pare_%s{", metric->field);
            put_label(doc, "model", report->models[m].name);
            pare_doc_put(doc, ",");
            put_label(doc, "target", report->targets[0].name);
            pare_doc_format(doc, "} %.6g\n", value);
        }
    }
    pare_doc_put(doc, "# EOF\n");
}

static pare_status tell_gitlab(pare_app *app, const pare_report *report)
{
    char path[4200];
    pare_output *out = NULL;
    if (!app->shared.report_dir) return PARE_OK; /* there is no folder for it */
    pare_doc doc = { .ctx = &app->ctx };
    put_metrics(&doc, report);
    snprintf(path, sizeof(path), "%s/metrics.txt", app->shared.report_dir);
    pare_status st = doc.status;
    if (!st) st = pare_output_open(&app->ctx, &out, path);
    if (!st) st = pare_output_write(&app->ctx, out, doc.text, doc.n);
    if (st) pare_output_abort(&app->ctx, out);
    else st = pare_output_commit(&app->ctx, out);
    pare_doc_free(&doc);
    return st;
}

pare_status pare_ci_tell(pare_app *app, const pare_report *report)
{
    switch (pare_ci_system(app)) {
    case PARE_CI_GITHUB: return tell_github(app, report);
    case PARE_CI_GITLAB: return tell_gitlab(app, report);
    default: return PARE_OK;
    }
}
