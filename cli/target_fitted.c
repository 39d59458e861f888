/* The file of a fitted target: what it is like, and the numbers that became others. */
#include "cli/target_fit.h"

#include "base/bytes.h"
#include "cli/target_rows.h"
#include "formats/output.h"

#include "version.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct fit_text {
    pare_ctx *ctx;
    pare_output *to;         /* NULL: standard output */
    pare_status status;      /* the first failure */
    const pare_fitted *fitted;
    const pare_target *target; /* base with the fitted hardware */
    pare_target_row rows[PARE_MAX_TARGET_ROWS];
    size_t n_rows;
} fit_text;

static void put(fit_text *text, pare_line *line)
{
    pare_line_add(line, "\n");
    if (!text->to) fwrite(line->text, 1, line->n, stdout); /* failures show when it is closed */
    else if (!text->status)
        text->status = pare_output_write(text->ctx, text->to, line->text, line->n);
    pare_line_clear(line);
}

/* Text in double quotes. */
static void add_quoted(pare_line *line, const char *text)
{
    pare_line_add(line, "\"");
    for (; *text; text++) pare_line_add(line, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
    pare_line_add(line, "\"");
}

/* --- how well it fits, as comments ------------------------------------------------------------ */

static void put_factors(fit_text *text, const char *what, const pare_factors *f)
{
    pare_line line = { 0 };
    if (!f->n) return;
    pare_line_add(&line,
                  "# %s: %zu measurements; off by %.3g %% before, %.3g %% now, %.3g %% where a "
                  "measurement", what, f->n_rows, 100 * f->before, 100 * f->error,
                  100 * f->loo_error);
    put(text, &line);
    pare_line_add(&line, "# is left out and foretold; condition number %.3g. Factors:",
                  f->condition);
    put(text, &line);
    for (size_t i = 0; i < f->n; i++) {
        pare_line_add(&line, "#   %-30s x%.4g", f->names[i], f->values[i]);
        if (isfinite(f->errors[i])) pare_line_add(&line, " within %.2g %%", 100 * f->errors[i]);
        put(text, &line);
    }
}

static void put_head(fit_text *text)
{
    const pare_fitted *f = text->fitted;
    const pare_factors *energy = &f->fit->energy;
    pare_line line = { 0 };
    pare_line_add(&line, "# Fitted by pare %s to %s.", PARE_VERSION, f->from);
    put(text, &line);
    put_factors(text, "Energy", energy);
    put_factors(text, "Time", &f->fit->time);
    pare_line_add(&line, "pare: 1");
    put(text, &line);
    pare_line_add(&line, "target: ");
    add_quoted(&line, f->base->name);
    line.text[--line.n] = '\0';
    pare_line_add(&line, "-fitted\"");
    put(text, &line);
    pare_line_add(&line, "version: %lld", (long long)f->base->version);
    put(text, &line);
    pare_line_add(&line, "title: ");
    add_quoted(&line, f->base->title);
    line.text[--line.n] = '\0';
    pare_line_add(&line, ", fitted\"");
    put(text, &line);
    pare_line_add(&line, "like: ");
    add_quoted(&line, f->like);
    put(text, &line);
    const double error = energy->n ? energy->loo_error : NAN;
    if (isfinite(error)) {
        pare_line_add(&line, "fit-error: %.4g%%", 100 * fmin(fmax(error, 1e-4), 1));
        put(text, &line);
    }
}

/* --- numbers ---------------------------------------------------------------------------------- */

static void add_figure(pare_line *line, const pare_target_row *row)
{
    const pare_figure *f = row->figure;
    pare_line value = { 0 };
    pare_line_add(&value, "%.5g%s%s ~%.4g %s", row->value, *row->unit ? " " : "", row->unit,
                  exp(f->spread), pare_figure_kind_name(f->kind));
    if (f->source) pare_line_add(&value, " %s", f->source);
    if (f->note) pare_line_add(&value, "; %.400s", f->note);
    if (f->note) add_quoted(line, value.text);
    else pare_line_add(line, "%s", value.text);
}

static bool is_fitted(const fit_text *text, const pare_target_row *row)
{
    return row->figure->source && pare_str_eq(row->figure->source, text->fitted->key);
}

/* "mac:" with a line for each of its types that was fitted; or "static: ..." */
static void put_group(fit_text *text, const char *group)
{
    const size_t n = strlen(group);
    bool begun = false;
    for (size_t i = 0; i < text->n_rows; i++) {
        const pare_target_row *row = &text->rows[i];
        pare_line line = { 0 };
        if (strncmp(row->name, group, n) != 0 || (row->name[n] && row->name[n] != '.')) continue;
        if (!is_fitted(text, row)) continue;
        if (row->name[n] && !begun) {
            pare_line_add(&line, "  %s:", group);
            put(text, &line);
        }
        begun = true;
        if (row->name[n]) pare_line_add(&line, "    %s: ", row->name + n + 1);
        else pare_line_add(&line, "  %s: ", group);
        add_figure(&line, row);
        put(text, &line);
    }
}

static void put_member(fit_text *text, const char *indent, const char *key,
                       const pare_figure *figure)
{
    pare_line line = { 0 };
    for (size_t i = 0; i < text->n_rows; i++) {
        if (text->rows[i].figure != figure) continue;
        pare_line_add(&line, "%s%s: ", indent, key);
        add_figure(&line, &text->rows[i]);
        put(text, &line);
    }
}

static void put_level(fit_text *text, const pare_memory_level *level, const char *first,
                      const char *indent)
{
    pare_line line = { 0 };
    pare_line_add(&line, "%sname: ", first);
    add_quoted(&line, level->name);
    put(text, &line);
    put_member(text, indent, "capacity", &level->capacity_bytes);
    pare_line_add(&line, "%susable: %.6g%%", indent, 100 * level->usable);
    put(text, &line);
    put_member(text, indent, "energy", &level->pj_per_byte);
    put_member(text, indent, "bandwidth", &level->bytes_per_s);
}

static void put_hardware(fit_text *text)
{
    const pare_hardware *h = &text->target->hardware;
    static const char *const groups[] = {
        "mac", "op", "peak", "op-peak", "efficiency", "bandwidth-efficiency", "launch-time",
        "launch-energy", "call-energy", "static",
    };
    pare_line line = { 0 };
    pare_line_add(&line, "hardware:");
    put(text, &line);
    for (size_t i = 0; i < PARE_COUNT_OF(groups); i++) put_group(text, groups[i]);
    pare_line_add(&line, "  levels:");
    put(text, &line);
    for (size_t i = 0; i < h->n_levels; i++)
        put_level(text, &h->levels[i], "    - ", "      ");
    if (!h->weights.name) return;
    pare_line_add(&line, "  weights-in:");
    put(text, &line);
    put_level(text, &h->weights, "    ", "    ");
}

static void put_all(fit_text *text)
{
    pare_line line = { 0 };
    put_head(text);
    put_hardware(text);
    pare_line_add(&line, "sources:");
    put(text, &line);
    pare_line_add(&line, "  %s:", text->fitted->key);
    put(text, &line);
    pare_line_add(&line, "    text: ");
    add_quoted(&line, text->fitted->from);
    put(text, &line);
}

pare_status pare_fitted_write(pare_ctx *ctx, const pare_fitted *fitted, const char *output)
{
    pare_target target = *fitted->base;
    fit_text *text = pare_alloc_zero(ctx, sizeof(*text));
    if (!text) return pare_fail_memory(ctx, sizeof(*text));
    target.hardware = fitted->fit->hardware;
    text->ctx = ctx;
    text->fitted = fitted;
    text->target = &target;
    text->n_rows = pare_target_rows(text->rows, &target);
    if (output) text->status = pare_output_open(ctx, &text->to, output);
    if (!text->status) put_all(text);
    pare_status st = text->status;
    if (text->to && !st) st = pare_output_commit(ctx, text->to);
    else if (text->to) pare_output_abort(ctx, text->to);
    pare_free(ctx, text);
    return st;
}
