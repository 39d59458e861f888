#include "cli/eval_show.h"

#include "cli/number.h"

#include <inttypes.h>

enum { NAME_COLUMN = 18, VALUE_COLUMN = 36, LAYER_COLUMN = 44, N_LAYERS = 16 };

/* --- values ----------------------------------------------------------------------------------- */

static void add_value(pare_line *line, const pare_score_info *info, double value)
{
    if (isinf(value)) pare_line_add(line, "exact");
    else if (pare_str_eq(info->unit, "%")) pare_line_add(line, "%.2f %%", 100 * value);
    else if (pare_str_eq(info->unit, "dB")) pare_line_add(line, "%.2f dB", value);
    else pare_line_add(line, "%.5g%s%s", value, *info->unit ? " " : "", info->unit);
}

static void add_interval(pare_line *line, const pare_score_info *info, const pare_score_value *v)
{
    if (isnan(v->low) || isnan(v->high) || isinf(v->low)) return;
    const double scale = pare_str_eq(info->unit, "%") ? 100 : 1;
    const bool is_fine = !*info->unit || pare_str_eq(info->unit, "nats");
    if (is_fine) pare_line_add(line, "%.5g to %.5g", v->low, v->high);
    else pare_line_add(line, "%.2f to %.2f", scale * v->low, scale * v->high);
}

static void print_builtin(pare_app *app, const pare_eval_shown *s, const pare_eval_metric *m)
{
    const pare_score_info *info = &pare_score_infos[m->id];
    const pare_score_value *v = &s->result->model.values[m->id];
    const pare_score_value *r = &s->result->reference.values[m->id];
    pare_line line = { 0 };
    pare_line_add(&line, "%s", m->name);
    pare_line_pad(&line, NAME_COLUMN);
    if (v->n) add_value(&line, info, v->value);
    else pare_line_add(&line, "not known");
    pare_line_pad(&line, VALUE_COLUMN);
    add_interval(&line, info, v);
    if (r->n && !info->needs_reference) {
        pare_line_pad(&line, VALUE_COLUMN + 22);
        add_value(&line, info, r->value);
    }
    pare_app_print(app, line.text);
}

static void print_program(pare_app *app, const pare_eval_metric *m)
{
    pare_line line = { 0 };
    pare_line_add(&line, "%s", m->name);
    pare_line_pad(&line, NAME_COLUMN);
    if (m->is_known) pare_line_add(&line, "%.6g", m->value);
    else pare_line_add(&line, "not run");
    pare_line_pad(&line, VALUE_COLUMN + 22);
    if (!isnan(m->reference)) pare_line_add(&line, "%.6g", m->reference);
    while (line.n && line.text[line.n - 1] == ' ') line.text[--line.n] = '\0';
    pare_app_print(app, line.text);
}

static void print_metrics(pare_app *app, const pare_eval_shown *s)
{
    pare_line head = { 0 };
    pare_line_add(&head, "metric");
    pare_line_pad(&head, NAME_COLUMN);
    pare_line_add(&head, "value");
    pare_line_pad(&head, VALUE_COLUMN);
    pare_line_add(&head, "95 %% interval");
    pare_line_pad(&head, VALUE_COLUMN + 22);
    if (s->result->has_reference) pare_line_add(&head, "reference");
    while (head.text[head.n - 1] == ' ') head.text[--head.n] = '\0';
    pare_app_print(app, head.text);
    for (size_t i = 0; i < s->metrics->n; i++) {
        const pare_eval_metric *m = &s->metrics->items[i];
        if (m->program) print_program(app, m);
        else print_builtin(app, s, m);
    }
}

/* --- what was counted ------------------------------------------------------------------------- */

static void print_counts(pare_app *app, const pare_eval_shown *s)
{
    const pare_evaluation *r = s->result;
    const uint64_t n_rows = (uint64_t)r->model.values[PARE_SCORE_TOP1].samples;
    pare_line line = { 0 };
    if (!n_rows) return;
    pare_line_add(&line, "right: ");
    pare_line_add_count(&line, r->model.hits);
    pare_line_add(&line, " of ");
    pare_line_add_count(&line, n_rows);
    if (r->has_reference && !r->is_expected) {
        pare_line_add(&line, ", reference ");
        pare_line_add_count(&line, r->reference.hits);
    }
    if (r->model.ties) {
        pare_line_add(&line, "; ");
        pare_line_add_count(&line, r->model.ties);
        pare_line_add(&line, " with a tie for the largest, where the first counts");
    }
    pare_app_print(app, line.text);
}

static void add_percent_points(pare_line *line, double points)
{
    /* -0.00 is no number that anybody wants to see. */
    pare_line_add(line, "%.2f", fabs(points) < 0.005 ? 0 : points);
}

static void print_drop(pare_app *app, const pare_eval_shown *s)
{
    const pare_evaluation *r = s->result;
    pare_line line = { 0 };
    if (!r->has_reference || isnan(s->drop.drop)) return;
    if (r->bounded_by_agreement) {
        pare_line_add(&line, "changed answers: ");
        pare_line_add_count(&line, r->n_changed);
        pare_line_add(&line, " of ");
        pare_line_add_count(&line, r->n_answers);
        pare_line_add(&line, "; drop at most ");
        add_percent_points(&line, s->drop.drop);
        pare_line_add(&line, " points here, ");
        add_percent_points(&line, s->drop.upper95);
        pare_line_add(&line, " in general (95 %%): bounded by agreement");
    } else {
        pare_line_add(&line, "pairs: ");
        pare_line_add_count(&line, r->pairs.broken);
        pare_line_add(&line, " broken, ");
        pare_line_add_count(&line, r->pairs.repaired);
        pare_line_add(&line, " repaired: drop ");
        add_percent_points(&line, s->drop.drop);
        pare_line_add(&line, " points, at most ");
        add_percent_points(&line, s->drop.upper95);
        pare_line_add(&line, " (95 %%); p %.2g", s->drop.p_value);
    }
    pare_app_print(app, line.text);
}

static void print_limit(pare_app *app, const pare_eval_shown *s)
{
    const double limit = pare_eval_limit(s);
    pare_line line = { 0 };
    if (!s->result->has_reference || isnan(s->drop.drop)) return;
    pare_line_add(&line, "a drop of at most %g points ", limit);
    switch (pare_drop_judge(&s->drop, limit)) {
    case PARE_DROP_HOLDS: pare_line_add(&line, "is certain enough (95 %%)"); break;
    case PARE_DROP_EXCEEDS: pare_line_add(&line, "is exceeded with certainty (95 %%)"); break;
    case PARE_DROP_OPEN:
        pare_line_add(&line, "cannot be told from so few samples");
        if (!s->n_needed) break;
        if (s->n_needed == UINT64_MAX) {
            pare_line_add(&line, ", nor from more like these");
            break;
        }
        pare_line_add(&line, "; some ");
        pare_line_add_count(&line, s->n_needed);
        pare_line_add(&line, " like these would do");
    }
    pare_app_print(app, line.text);
}

/* --- lists ------------------------------------------------------------------------------------ */

static void add_class(pare_line *line, size_t column, int64_t class)
{
    pare_line_pad(line, column);
    if (class < 0) pare_line_add(line, "-");
    else pare_line_add(line, "%" PRId64, class);
}

/* Noise per signal as decibels, or a loss. */
static void add_badness(pare_line *line, const pare_eval_shown *s, double badness)
{
    if (isinf(badness)) pare_line_add(line, "NaN");
    else if (s->result->has_reference) pare_line_add(line, "%.1f dB", -10 * log10(badness));
    else pare_line_add(line, "%.3g", badness);
}

/* Names of samples, indented; as wide as the widest. */
static size_t name_columns(const pare_eval_shown *s)
{
    char name[256];
    size_t most = 14;
    for (size_t i = 0; i < s->result->n_worst; i++) {
        s->dataset->name(s->dataset->self, s->result->worst[i].sample, name, sizeof(name));
        const size_t n = pare_text_columns(name) + 2;
        if (n > most) most = n;
    }
    return most + 2;
}

static void print_worst(pare_app *app, const pare_eval_shown *s)
{
    enum { WIDTH = 8 };
    const pare_evaluation *r = s->result;
    const size_t first = name_columns(s);
    const size_t last = first + (r->has_reference ? 3 : 2) * WIDTH;
    char name[256];
    pare_line head = { 0 };
    if (!r->n_worst) return;
    pare_line_add(&head, "worst samples");
    pare_line_pad(&head, first);
    pare_line_add(&head, "label   answer  %s", r->has_reference ? "before  SQNR" : "loss");
    pare_app_print(app, "");
    pare_app_print(app, head.text);
    for (size_t i = 0; i < r->n_worst; i++) {
        const pare_worst *w = &r->worst[i];
        pare_line line = { 0 };
        pare_line_add(&line, "  %s", s->dataset->name(s->dataset->self, w->sample, name,
                                                      sizeof(name)));
        add_class(&line, first, w->label);
        add_class(&line, first + WIDTH, w->best);
        if (r->has_reference) add_class(&line, first + 2 * WIDTH, w->reference);
        pare_line_pad(&line, last);
        add_badness(&line, s, w->badness);
        pare_app_print(app, line.text);
    }
}

static int compare_rows(const pare_layer_noise_row *a, const pare_layer_noise_row *b)
{
    const double x = pare_layer_noise_db(a), y = pare_layer_noise_db(b);
    if (isnan(x) || isnan(y)) return isnan(x) - isnan(y);
    return (x > y) - (x < y);
}

/* The row that is noisiest of those that come behind row `after` in that order; NULL: none. */
static const pare_layer_noise_row *next_noisiest(const pare_layer_noise *l,
                                                 const pare_layer_noise_row *after)
{
    const pare_layer_noise_row *found = NULL;
    for (size_t i = 0; i < l->n_rows; i++) {
        const pare_layer_noise_row *row = &l->rows[i];
        const int past = after ? compare_rows(row, after) : 1;
        if (past < 0 || (past == 0 && row <= after)) continue;
        if (!found || compare_rows(row, found) < 0) found = row;
    }
    return found;
}

static void print_layer(pare_app *app, const pare_layer_noise_row *row)
{
    const double db = pare_layer_noise_db(row);
    pare_line line = { 0 };
    pare_line_add(&line, "  %s", row->name);
    if (pare_text_columns(line.text) >= LAYER_COLUMN) pare_line_add(&line, " ");
    pare_line_pad(&line, LAYER_COLUMN);
    pare_line_add(&line, "%s", row->op ? row->op : "-");
    pare_line_pad(&line, LAYER_COLUMN + 22);
    if (isnan(db)) pare_line_add(&line, "all zero");
    else if (isinf(db)) pare_line_add(&line, "exact");
    else pare_line_add(&line, "%.1f dB", db);
    pare_app_print(app, line.text);
}

static void print_layers(pare_app *app, const pare_eval_shown *s)
{
    const pare_layer_noise *l = s->layers;
    const pare_layer_noise_row *row = NULL;
    pare_line head = { 0 };
    if (!l) return;
    pare_line_add(&head, "values by SQNR over %" PRIu64 " samples, noisiest first", l->n_samples);
    if (l->n_unmatched)
        pare_line_add(&head, " (%zu have no counterpart in the reference)", l->n_unmatched);
    pare_app_print(app, "");
    pare_app_print(app, head.text);
    const size_t most = app->shared.verbose ? l->n_rows : N_LAYERS;
    for (size_t i = 0; i < most && (row = next_noisiest(l, row)); i++) print_layer(app, row);
    if (l->n_rows <= most) return;
    pare_line rest = { 0 };
    pare_line_add(&rest, "  and %zu more; --verbose lists all", l->n_rows - most);
    pare_app_print(app, rest.text);
}

void pare_eval_print(pare_app *app, const pare_eval_shown *s)
{
    const pare_evaluation *r = s->result;
    pare_line line = { 0 };
    pare_line_add(&line, "%s on %s: ", s->model ? s->model : "predictions", s->data);
    pare_line_add_count(&line, r->n);
    pare_line_add(&line, " sample%s", r->n == 1 ? "" : "s");
    if (s->reference) pare_line_add(&line, ", against %s", s->reference);
    else if (r->is_expected) pare_line_add(&line, ", against what the data expect");
    pare_app_print(app, line.text);
    if (r->has_golden) {
        pare_line golden = { 0 };
        pare_line_add(&golden, "golden sample %s: within %.2g of its largest element",
                      s->dataset->golden_sample, r->golden_error);
        pare_app_print(app, golden.text);
    }
    pare_app_print(app, "");
    print_metrics(app, s);
    pare_app_print(app, "");
    print_counts(app, s);
    print_drop(app, s);
    print_limit(app, s);
    print_worst(app, s);
    print_layers(app, s);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void json_value(pare_json *json, const pare_score_value *v)
{
    pare_json_real(json, "value", v->n ? v->value : NAN);
    pare_json_real(json, "low", v->low);
    pare_json_real(json, "high", v->high);
}

static void json_metrics(pare_json *json, const pare_eval_shown *s)
{
    pare_json_open_array(json, "metrics");
    for (size_t i = 0; i < s->metrics->n; i++) {
        const pare_eval_metric *m = &s->metrics->items[i];
        pare_json_open_object(json, NULL);
        pare_json_text(json, "metric", m->name);
        if (m->program) {
            pare_json_bool(json, "higher_is_better", m->program->higher_is_better);
            pare_json_real(json, "value", m->is_known ? m->value : NAN);
            pare_json_real(json, "reference", m->reference);
        } else {
            const pare_score_value *r = &s->result->reference.values[m->id];
            const bool has_reference = r->n && !pare_score_infos[m->id].needs_reference;
            pare_json_bool(json, "higher_is_better", pare_score_infos[m->id].higher_is_better);
            json_value(json, &s->result->model.values[m->id]);
            pare_json_uint(json, "samples", s->result->model.values[m->id].n);
            pare_json_real(json, "reference", has_reference ? r->value : NAN);
        }
        pare_json_close(json);
    }
    pare_json_close(json);
}

static void json_nan(pare_json *json, const char *key, const pare_eval_shown *s,
                     const pare_evaluated_side *side)
{
    char name[256];
    pare_json_open_object(json, key);
    pare_json_uint(json, "samples", side->n_nan);
    pare_json_open_array(json, "first");
    for (uint64_t i = 0; i < side->n_nan && i < PARE_N_NAMED; i++)
        pare_json_text(json, NULL, s->dataset->name(s->dataset->self, side->nan[i], name,
                                                    sizeof(name)));
    pare_json_close(json);
    pare_json_close(json);
}

static void json_change(pare_json *json, const pare_eval_shown *s)
{
    static const char *const verdicts[] = { [PARE_DROP_HOLDS] = "holds",
                                            [PARE_DROP_EXCEEDS] = "exceeded",
                                            [PARE_DROP_OPEN] = "open" };
    const pare_evaluation *r = s->result;
    if (!r->has_reference) return;
    pare_json_open_object(json, "accuracy_change");
    pare_json_uint(json, "broken", r->pairs.broken);
    pare_json_uint(json, "repaired", r->pairs.repaired);
    pare_json_uint(json, "pairs", r->pairs.n);
    pare_json_real(json, "drop", s->drop.drop);
    pare_json_real(json, "drop_lower95", s->drop.lower95);
    pare_json_real(json, "drop_upper95", s->drop.upper95);
    pare_json_real(json, "p_value", s->drop.p_value);
    pare_json_real(json, "agreement", r->model.values[PARE_SCORE_AGREEMENT].value);
    pare_json_bool(json, "bounded_by_agreement", r->bounded_by_agreement);
    pare_json_real(json, "limit", pare_eval_limit(s));
    pare_json_text(json, "verdict", verdicts[pare_drop_judge(&s->drop, pare_eval_limit(s))]);
    if (s->n_needed == UINT64_MAX) pare_json_null(json, "samples_needed");
    else pare_json_uint(json, "samples_needed", s->n_needed ? s->n_needed : r->n);
    if (r->loss_change.n) {
        pare_json_open_object(json, "loss");
        json_value(json, &r->loss_change);
        pare_json_close(json);
    }
    pare_json_close(json);
}

static void json_class(pare_json *json, const char *key, int64_t class)
{
    if (class < 0) pare_json_null(json, key);
    else pare_json_int(json, key, class);
}

static void json_worst(pare_json *json, const pare_eval_shown *s)
{
    char name[256];
    pare_json_open_array(json, "worst");
    for (size_t i = 0; i < s->result->n_worst; i++) {
        const pare_worst *w = &s->result->worst[i];
        pare_json_open_object(json, NULL);
        pare_json_text(json, "sample", s->dataset->name(s->dataset->self, w->sample, name,
                                                        sizeof(name)));
        json_class(json, "label", w->label);
        json_class(json, "answer", w->best);
        if (s->result->has_reference) json_class(json, "reference", w->reference);
        if (s->result->has_reference) pare_json_real(json, "sqnr_db", -10 * log10(w->badness));
        else pare_json_real(json, "loss", w->badness);
        pare_json_close(json);
    }
    pare_json_close(json);
}

static void json_layers(pare_json *json, const pare_layer_noise *l)
{
    if (!l) return;
    pare_json_open_array(json, "layers");
    for (size_t i = 0; i < l->n_rows; i++) {
        pare_json_open_object(json, NULL);
        pare_json_text(json, "name", l->rows[i].name);
        pare_json_text(json, "op", l->rows[i].op);
        pare_json_real(json, "sqnr_db", pare_layer_noise_db(&l->rows[i]));
        pare_json_uint(json, "samples", l->rows[i].n);
        pare_json_close(json);
    }
    pare_json_close(json);
}

void pare_eval_json(pare_json *json, const pare_eval_shown *s)
{
    const pare_evaluation *r = s->result;
    char hash[32];
    pare_line line = { 0 };
    pare_line_add(&line, "%016" PRIx64, s->dataset->content_hash);
    snprintf(hash, sizeof(hash), "%.31s", line.text);
    pare_json_open_object(json, "data");
    pare_json_text(json, "name", s->data);
    pare_json_text(json, "hash", hash);
    pare_json_uint(json, "samples", r->n);
    pare_json_uint(json, "skipped", r->n_skipped);
    pare_json_uint(json, "unlabelled", r->n_unlabelled);
    pare_json_close(json);
    json_metrics(json, s);
    pare_json_uint(json, "rows", (uint64_t)r->model.values[PARE_SCORE_TOP1].samples);
    pare_json_uint(json, "right", r->model.hits);
    pare_json_uint(json, "ties", r->model.ties);
    if (r->has_reference && !r->is_expected)
        pare_json_uint(json, "reference_right", r->reference.hits);
    json_nan(json, "nan", s, &r->model);
    if (r->has_reference) json_nan(json, "reference_nan", s, &r->reference);
    json_change(json, s);
    json_worst(json, s);
    json_layers(json, s->layers);
    if (r->has_golden) pare_json_real(json, "golden_error", r->golden_error);
    pare_json_real(json, "seconds", s->seconds);
}
