/* A target as JSON. */
#include "cli/target_text.h"

#include "cli/target_rows.h"

#include <math.h>

static void add_words(pare_json *j, const char *key, const char *const *words, size_t n)
{
    pare_json_open_array(j, key);
    for (size_t i = 0; i < n; i++) pare_json_text(j, NULL, words[i]);
    pare_json_close(j);
}

static void add_forms(pare_json *j, const char *key, const pare_quant_form *forms, size_t n)
{
    static const char *const pers[] = { "tensor", "channel", "block" };
    pare_json_open_array(j, key);
    for (size_t i = 0; i < n; i++) {
        pare_json_open_object(j, NULL);
        pare_json_text(j, "type", forms[i].type);
        pare_json_bool(j, "zero_point", forms[i].zero_point);
        pare_json_text(j, "per", pers[forms[i].per]);
        if (forms[i].per == PARE_PER_BLOCK) {
            pare_json_int(j, "min_block", forms[i].min_block);
            pare_json_int(j, "max_block", forms[i].max_block);
        }
        pare_json_close(j);
    }
    pare_json_close(j);
}

static void add_quant(pare_json *j, const pare_target_quant *q)
{
    static const char *const roles[] = { "computes", "moves", "absorbed" };
    pare_json_open_object(j, "quantize");
    add_words(j, "formats", q->formats, q->n_formats);
    add_forms(j, "weights", q->weights, q->n_weights);
    add_forms(j, "activations", q->activations, q->n_activations);
    pare_json_text(j, "arithmetic", q->saturation == PARE_EXACT ? "exact" : "saturates16");
    pare_json_bool(j, "full_integer", q->full_integer);
    pare_json_bool(j, "power_of_two", q->power_of_two);
    pare_json_bool(j, "same_sign", q->same_sign);
    pare_json_bool(j, "single_consumer", q->single_consumer);
    if (q->qdq_opset) pare_json_int(j, "opset", q->qdq_opset);
    pare_json_open_array(j, "operators");
    for (size_t i = 0; i < q->n_ops; i++) {
        pare_json_open_object(j, NULL);
        pare_json_text(j, "op", q->ops[i].op);
        pare_json_text(j, "role", roles[q->ops[i].role]);
        pare_json_text(j, "becomes", q->ops[i].becomes);
        pare_json_bool(j, "dynamic", q->ops[i].dynamic);
        pare_json_bool(j, "weight_only", q->ops[i].weight_only);
        pare_json_close(j);
    }
    pare_json_close(j);
    add_words(j, "better_float", q->ignored, q->n_ignored);
    pare_json_close(j);
}

static void add_groups(pare_json *j, const pare_target *t)
{
    pare_json_open_array(j, "fuse");
    for (size_t i = 0; i < t->n_groups; i++) {
        const pare_target_group *g = &t->groups[i];
        pare_json_open_object(j, NULL);
        pare_json_text(j, "name", g->name);
        pare_json_text(j, "form", g->cluster ? "cluster" : "chain");
        add_words(j, "before", g->before, g->n_before);
        pare_json_open_array(j, "parts");
        for (size_t p = 0; p < g->n_parts; p++) {
            pare_json_open_object(j, NULL);
            add_words(j, "ops", g->parts[p].ops, g->parts[p].n_ops);
            add_words(j, "operands", g->parts[p].operands, g->parts[p].n_operands);
            pare_json_close(j);
        }
        pare_json_close(j);
        pare_json_close(j);
    }
    pare_json_close(j);
}

static void add_figures(pare_json *j, const pare_target *t)
{
    pare_target_row rows[PARE_MAX_TARGET_ROWS];
    const size_t n = pare_target_rows(rows, t);
    pare_json_open_array(j, "numbers");
    for (size_t i = 0; i < n; i++) {
        pare_json_open_object(j, NULL);
        pare_json_text(j, "name", rows[i].name);
        pare_json_real(j, "value", rows[i].value);
        pare_json_text(j, "unit", rows[i].unit);
        pare_json_real(j, "factor", exp(rows[i].figure->spread));
        pare_json_text(j, "kind", pare_figure_kind_name(rows[i].figure->kind));
        pare_json_text(j, "source", rows[i].figure->source);
        pare_json_text(j, "note", rows[i].figure->note);
        pare_json_close(j);
    }
    pare_json_close(j);
}

void pare_target_json(pare_json *j, const pare_target *t)
{
    const pare_target_rules *r = &t->rules;
    pare_json_text(j, "name", t->name);
    pare_json_text(j, "title", t->title);
    pare_json_text(j, "about", t->about);
    pare_json_int(j, "version", t->version);
    pare_json_text(j, "like", t->like);
    pare_json_open_object(j, "rules");
    pare_json_text(j, "runtime", r->runtime);
    pare_json_int(j, "min_opset", r->min_opset);
    pare_json_int(j, "max_opset", r->max_opset);
    add_words(j, "domains", r->domains, r->n_domains);
    add_words(j, "types", r->types, r->n_types);
    pare_json_int(j, "round_channels", r->round_channels);
    if (r->has_quant) add_quant(j, &r->quant);
    add_groups(j, t);
    pare_json_close(j);
    if (t->has_hardware) {
        pare_json_text(j, "boundary", t->hardware.boundary);
        pare_json_real(j, "pue", t->hardware.pue);
        pare_json_bool(j, "energy_only", t->hardware.energy_only);
    }
    if (isfinite(t->fit_error)) pare_json_real(j, "fit_error", t->fit_error);
    add_figures(j, t);
    pare_json_open_array(j, "sources");
    for (size_t i = 0; i < t->n_sources; i++) {
        pare_json_open_object(j, NULL);
        pare_json_text(j, "key", t->sources[i].key);
        pare_json_text(j, "text", t->sources[i].text);
        pare_json_text(j, "url", t->sources[i].url);
        pare_json_text(j, "bibtex", t->sources[i].bibtex);
        pare_json_close(j);
    }
    pare_json_close(j);
}
