#include "cli/eval_metrics.h"

#include "base/nearest.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct chooser {
    pare_app *app;
    pare_eval_metrics *out;
    const pare_dataset *data;
    bool has_labels, has_reference;
} chooser;

static int fail_unknown(const chooser *c, const char *name)
{
    pare_line message = { 0 }, hint = { 0 };
    pare_nearest nearest = { .word = name };
    pare_line_add(&message, "unknown metric '%s'", name);
    for (int i = 0; i < PARE_N_SCORES; i++) pare_nearest_try(&nearest, pare_score_infos[i].name);
    for (size_t i = 0; i < c->data->n_metrics; i++)
        pare_nearest_try(&nearest, c->data->metrics[i].name);
    if (nearest.name) pare_line_add(&hint, "did you mean '%s'?", nearest.name);
    else
        pare_line_add(&hint, "built in: top1, top5, token-accuracy, agreement, kl, perplexity, "
                             "mse, sqnr, cosine; others need a command in the data's description");
    return pare_app_error(c->app, PARE_EXIT_USAGE, message.text, hint.text);
}

/* What a built-in metric needs and does not have; NULL: nothing. */
static const char *missing(const chooser *c, pare_score_id id)
{
    if (pare_score_infos[id].needs_labels && !c->has_labels) return "labels";
    if (pare_score_infos[id].needs_reference && !c->has_reference) return "a reference";
    return NULL;
}

static int fail_missing(const chooser *c, const char *name, const char *what)
{
    pare_line message = { 0 };
    pare_line_add(&message, "metric '%s' needs %s", name, what);
    return pare_app_error(c->app, PARE_EXIT_USAGE, message.text,
                          *what == 'l' ? "say where they are as `labels:` in the data's description"
                                       : "name the model to compare with as --reference");
}

static const pare_data_metric *find_program(const pare_dataset *data, const char *name)
{
    for (size_t i = 0; i < data->n_metrics; i++)
        if (data->metrics[i].command && pare_str_eq(data->metrics[i].name, name))
            return &data->metrics[i];
    return NULL;
}

static bool has_metric(const pare_eval_metrics *m, const char *name)
{
    for (size_t i = 0; i < m->n; i++)
        if (pare_str_eq(m->items[i].name, name)) return true;
    return false;
}

/* Adds a metric; is_told: the user named it on the command line. */
static int add(const chooser *c, const char *name, bool is_told)
{
    pare_eval_metrics *m = c->out;
    pare_eval_metric item = { .name = name, .id = pare_score_find(name),
                              .program = find_program(c->data, name), .value = NAN,
                              .reference = NAN };
    if (item.program) item.id = PARE_N_SCORES;
    if (item.id == PARE_N_SCORES && !item.program) return fail_unknown(c, name);
    const char *const lacks = item.program ? NULL : missing(c, item.id);
    if (lacks && is_told) return fail_missing(c, name, lacks);
    if (lacks) pare_app_note(c->app, "metric '%s' is left out: it needs %s", name, lacks);
    if (lacks || has_metric(m, name)) return PARE_EXIT_DONE;
    if (m->n == PARE_MAX_METRICS)
        return pare_app_error(c->app, PARE_EXIT_USAGE, "more than 32 metrics are asked for", NULL);
    m->items[m->n++] = item;
    if (item.program) m->n_programs++;
    else m->bits |= PARE_SCORE_BIT(item.id);
    return PARE_EXIT_DONE;
}

static int add_words(const chooser *c, const char *asked)
{
    char *at = c->out->words;
    int status = PARE_EXIT_DONE;
    if (strlen(asked) >= sizeof(c->out->words))
        return pare_app_error(c->app, PARE_EXIT_USAGE, "--metrics is too long", NULL);
    snprintf(at, sizeof(c->out->words), "%s", asked);
    while (!status && at) {
        char *const end = strchr(at, ',');
        if (end) *end = '\0';
        while (*at == ' ') at++;
        status = add(c, at, true);
        at = end ? end + 1 : NULL;
    }
    return status;
}

static int add_defaults(const chooser *c)
{
    static const char *const names[] = { "top1", "token-accuracy", "perplexity" };
    const bool is_tokens = c->data->labels != NULL;
    int status = PARE_EXIT_DONE;
    for (size_t i = 0; !status && c->has_labels && i < PARE_COUNT_OF(names); i++)
        if ((i > 0) == is_tokens) status = add(c, names[i], false);
    return status;
}

int pare_eval_metrics_choose(pare_app *app, pare_eval_metrics *out, const char *asked,
                             const pare_dataset *data, bool has_reference)
{
    const chooser c = { app, out, data, data->has_labels, has_reference || data->expected };
    int status = PARE_EXIT_DONE;
    *out = (pare_eval_metrics){ 0 };
    if (asked) status = add_words(&c, asked);
    for (size_t i = 0; !status && !asked && i < data->n_metrics; i++)
        status = add(&c, data->metrics[i].name, false);
    if (!status && !out->n) status = add_defaults(&c);
    if (!status && c.has_reference) status = add(&c, "agreement", false);
    if (!status && c.has_reference) status = add(&c, "sqnr", false);
    if (status || out->n) return status;
    return pare_app_error(app, PARE_EXIT_INPUT,
                          "nothing to score: the data have no labels, and there is no reference",
                          "say where labels are as `labels:` in the data's description, or name "
                          "the model to compare with as --reference");
}

pare_score_id pare_eval_metrics_judged(const pare_eval_metrics *m)
{
    return m->items[0].id;
}
