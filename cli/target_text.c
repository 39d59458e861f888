#include "cli/target_text.h"

#include "cli/target_rows.h"
#include "base/bytes.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* --- pieces ----------------------------------------------------------------------------------- */

static void print(pare_app *app, pare_line *line)
{
    while (line->n && line->text[line->n - 1] == ' ') line->text[--line->n] = '\0';
    pare_app_print(app, line->text);
    pare_line_clear(line);
}

static void print_heading(pare_app *app, const char *text)
{
    pare_app_print(app, "");
    pare_app_print(app, text);
}

/* Prose in lines of at most 96 columns. */
static void print_prose(pare_app *app, const char *text, const char *indent)
{
    pare_line line = { 0 };
    while (*text) {
        const size_t n = strcspn(text, " \n");
        if (line.n && line.n + n + 1 > 96) print(app, &line);
        if (n) pare_line_add(&line, "%s%.*s", line.n ? " " : indent, (int)n, text);
        text += n + (text[n] != '\0');
    }
    if (line.n) print(app, &line);
}

/* "name  word, word": a line of the rules, wrapped under itself. */
static void print_words(pare_app *app, const char *name, const char *const *words, size_t n)
{
    pare_line line = { 0 };
    if (!n) return;
    pare_line_add(&line, "  %-16s", name);
    for (size_t i = 0; i < n; i++) {
        if (line.n + strlen(words[i]) + 2 > 96 && line.n > 18) {
            print(app, &line);
            pare_line_add(&line, "  %-16s", "");
        }
        pare_line_add(&line, "%s%s", words[i], i + 1 < n ? ", " : "");
    }
    print(app, &line);
}

static void print_line(pare_app *app, const char *name, const char *text)
{
    print_words(app, name, &text, 1);
}

/* --- rules ------------------------------------------------------------------------------------ */

static void print_forms(pare_app *app, const char *name, const pare_quant_form *forms, size_t n)
{
    static const char *const pers[] = { "per tensor", "per channel", "per block" };
    for (size_t i = 0; i < n; i++) {
        pare_line line = { 0 };
        const pare_quant_form *f = &forms[i];
        pare_line_add(&line, "%s %s", f->type, pers[f->per]);
        if (f->per == PARE_PER_BLOCK)
            pare_line_add(&line, " of %lld to %lld", (long long)f->min_block,
                          (long long)f->max_block);
        pare_line_add(&line, ", %s", f->zero_point ? "any zero point" : "zero point 0");
        print_line(app, i ? "" : name, line.text);
    }
}

/* The operators with a role, those with a mark. */
static void print_roles(pare_app *app, const pare_target_quant *q)
{
    static const char *const names[] = { "in integers", "passed on", "absorbed", "dynamic",
                                         "weights only" };
    for (size_t row = 0; row < PARE_COUNT_OF(names); row++) {
        const char *ops[64];
        size_t n = 0;
        for (size_t i = 0; i < q->n_ops && n < PARE_COUNT_OF(ops); i++) {
            const bool is_in = row == 3   ? q->ops[i].dynamic
                               : row == 4 ? q->ops[i].weight_only
                                          : q->ops[i].role == (pare_quant_role)row;
            if (is_in) ops[n++] = q->ops[i].op;
        }
        print_words(app, names[row], ops, n);
    }
}

static void print_groups(pare_app *app, const pare_target *t)
{
    for (size_t i = 0; i < t->n_groups; i++) {
        const pare_target_group *g = &t->groups[i];
        pare_line line = { 0 };
        for (size_t k = 0; k < g->n_before; k++) pare_line_add(&line, "[%s] ", g->before[k]);
        for (size_t p = 0; p < g->n_parts; p++) {
            pare_line_add(&line, "%s", p ? " [" : "");
            for (size_t k = 0; k < g->parts[p].n_ops; k++)
                pare_line_add(&line, "%s%s", k ? g->cluster ? ", " : "|" : "", g->parts[p].ops[k]);
            pare_line_add(&line, "%s", p ? "]" : "");
        }
        if (g->cluster) pare_line_add(&line, " in any order");
        const char *words[64];
        size_t n = 0;
        for (char *at = line.text; *at && n < PARE_COUNT_OF(words);) { /* wrapped at its blanks */
            words[n++] = at;
            at += strcspn(at, " ");
            if (*at) *at++ = '\0';
        }
        for (size_t w = 0; w < n;) {
            pare_line wrapped = { 0 };
            pare_line_add(&wrapped, "  %-16s", w || i ? "" : "runs as one");
            do pare_line_add(&wrapped, "%s ", words[w++]);
            while (w < n && wrapped.n + strlen(words[w]) < 96);
            print(app, &wrapped);
        }
    }
}

static void print_rules(pare_app *app, const pare_target *t)
{
    const pare_target_rules *r = &t->rules;
    pare_line line = { 0 };
    print_heading(app, "Rules");
    pare_line_add(&line, "%s", r->runtime ? r->runtime : "none in particular");
    if (r->max_opset)
        pare_line_add(&line, ", opset %lld to %lld", (long long)r->min_opset,
                      (long long)r->max_opset);
    print_line(app, "runtime", line.text);
    print_words(app, "domains", r->domains, r->n_domains);
    print_words(app, "operators", r->operators, r->n_operators);
    print_words(app, "floats", r->types, r->n_types);
    pare_line_clear(&line);
    pare_line_add(&line, "multiples of %lld", (long long)r->round_channels);
    print_line(app, "channels", line.text);
    if (r->has_quant) {
        const pare_target_quant *q = &r->quant;
        print_words(app, "formats", q->formats, q->n_formats);
        print_forms(app, "weights", q->weights, q->n_weights);
        print_forms(app, "activations", q->activations, q->n_activations);
        print_line(app, "sums", q->saturation == PARE_EXACT
                                    ? "exact"
                                    : "pairs of products saturate at 16 bits");
        if (q->full_integer) print_line(app, "floats run", "not at all");
        print_roles(app, q);
        print_words(app, "better float", q->ignored, q->n_ignored);
    }
    print_groups(app, t);
}

/* --- numbers ---------------------------------------------------------------------------------- */

static void print_figures(pare_app *app, const pare_target *t)
{
    pare_target_row rows[PARE_MAX_TARGET_ROWS];
    const size_t n = pare_target_rows(rows, t);
    pare_line line = { 0 };
    size_t width = 8, source_width = 6;
    for (size_t i = 0; i < n; i++) {
        const size_t name = strlen(rows[i].name);
        const size_t source = rows[i].figure->source ? strlen(rows[i].figure->source) : 1;
        if (name > width) width = name;
        if (source > source_width) source_width = source;
    }
    pare_line_add(&line, "  %-*s %9s %-7s %-7s %-10s %-*s %s", (int)width, "number", "value", "",
                  "within", "kind", (int)source_width, "source", "note");
    pare_app_print(app, "");
    print(app, &line);
    for (size_t i = 0; i < n; i++) {
        const pare_figure *f = rows[i].figure;
        char factor[16];
        snprintf(factor, sizeof(factor), "x%.3g", exp(f->spread));
        pare_line_add(&line, "  %-*s %9.4g %-7s %-7s %-10s %-*s %s", (int)width, rows[i].name,
                      rows[i].value, rows[i].unit, factor, pare_figure_kind_name(f->kind),
                      (int)source_width, f->source ? f->source : "-", f->note ? f->note : "");
        print(app, &line);
    }
}

static void print_hardware(pare_app *app, const pare_target *t)
{
    const pare_hardware *h = &t->hardware;
    pare_line line = { 0 };
    print_heading(app, "Hardware");
    pare_line_add(&line, "%s", h->boundary);
    print_line(app, "joules of", line.text);
    pare_line_clear(&line);
    pare_line_add(&line, "%.3g", h->pue);
    print_line(app, "PUE", line.text);
    for (int i = 0; i < PARE_N_ARITHMETIC; i++) {
        if (h->fallback[i] == i) continue;
        pare_line_clear(&line);
        pare_line_add(&line, "%s is done in %s", pare_arithmetic_name((pare_arithmetic)i),
                      pare_arithmetic_name((pare_arithmetic)h->fallback[i]));
        print_line(app, "", line.text);
    }
    for (size_t i = 0; i < h->n_credits; i++) {
        const pare_sparsity_credit *c = &h->credits[i];
        pare_line_clear(&line);
        pare_line_add(&line, "%s from %g %%: a zero takes %g %% of time, %g %% of energy",
                      c->pattern, 100 * c->min_sparsity, 100 * c->mac_time, 100 * c->mac_energy);
        print_line(app, i ? "" : "zeros", line.text);
    }
    if (!h->n_credits) print_line(app, "zeros", "nothing is saved");
    if (h->energy_only) print_line(app, "time", "nothing is known");
    if (h->marginal) print_line(app, "static", "not charged unless asked for");
    if (isfinite(t->fit_error)) {
        pare_line_clear(&line);
        pare_line_add(&line, "off by %.3g %% for models that were left out", 100 * t->fit_error);
        print_line(app, "fit", line.text);
    }
}

static bool is_used(const pare_target_row *rows, size_t n, const char *key)
{
    for (size_t i = 0; i < n; i++)
        if (rows[i].figure->source && pare_str_eq(rows[i].figure->source, key)) return true;
    return false;
}

static void print_sources(pare_app *app, const pare_target *t)
{
    pare_target_row rows[PARE_MAX_TARGET_ROWS];
    const size_t n = pare_target_rows(rows, t);
    bool any = false;
    for (size_t i = 0; i < t->n_sources; i++) {
        const pare_source *s = &t->sources[i];
        pare_line line = { 0 };
        if (!is_used(rows, n, s->key)) continue;
        if (!any) print_heading(app, "Sources");
        any = true;
        pare_line_add(&line, "  %s", s->key);
        print(app, &line);
        print_prose(app, s->text, "    ");
        if (s->url) {
            pare_line_add(&line, "    %s", s->url);
            print(app, &line);
        }
    }
}

void pare_target_print(pare_app *app, const pare_target *t)
{
    pare_line line = { 0 };
    pare_line_add(&line, "%s: %s", t->name, t->title);
    print(app, &line);
    pare_line_add(&line, "version %lld", (long long)t->version);
    if (t->like) pare_line_add(&line, ", like %s", t->like);
    print(app, &line);
    if (t->about) {
        pare_app_print(app, "");
        print_prose(app, t->about, "");
    }
    print_rules(app, t);
    if (t->has_hardware) print_hardware(app, t);
    print_figures(app, t);
    print_sources(app, t);
}

void pare_target_print_bibtex(pare_app *app, const pare_target *t)
{
    pare_target_row rows[PARE_MAX_TARGET_ROWS];
    const size_t n = pare_target_rows(rows, t);
    for (size_t i = 0; i < t->n_sources; i++) {
        const pare_source *s = &t->sources[i];
        if (!is_used(rows, n, s->key)) continue;
        if (!s->bibtex) {
            pare_line line = { 0 };
            pare_line_add(&line, "@misc{%s,", s->key);
            print(app, &line);
            pare_line_add(&line, "  title        = {%.800s}%s", s->text, s->url ? "," : "");
            print(app, &line);
            if (s->url) pare_line_add(&line, "  howpublished = {\\url{%.800s}}", s->url);
            if (s->url) pare_app_print(app, line.text);
            pare_app_print(app, "}");
            continue;
        }
        for (const char *at = s->bibtex; *at;) {
            pare_line line = { 0 };
            const size_t length = strcspn(at, "\n");
            pare_line_add(&line, "%.*s", (int)(length < 900 ? length : 900), at);
            print(app, &line);
            at += length + (at[length] != '\0');
        }
    }
}
