#include "cli/fusion.h"

#include "cli/line.h"
#include "cli/unset_dims.h"

#include <math.h>
#include <string.h>

enum { MAX_NAME = 36, MAX_KERNEL = 28 };

static pare_status ask(pare_app *app, pare_fusions *out, const pare_model *model, const char *path,
                       const pare_infer_opts *given)
{
    pare_ctx *const ctx = &app->ctx;
    pare_arena arena;
    pare_status st = PARE_OK;
    pare_arena_init(ctx, &arena, 0);
    for (size_t t = 0; !st && t < out->targets->n; t++) {
        const pare_target *const target = out->targets->items[t];
        pare_shapes *shapes = NULL;
        pare_dims_set dims;
        if (!target->rules.has_quant) continue;
        st = pare_dims_complete(ctx, &arena, &dims, model, given, target->batch, false, path);
        if (!st) st = pare_infer(ctx, &shapes, model, &dims.opts);
        if (!st) st = pare_oracle_run(ctx, &out->items[t], model, shapes, &target->rules);
        pare_shapes_free(ctx, shapes);
    }
    pare_arena_free(&arena);
    return st;
}

int pare_fusions_make(pare_app *app, pare_fusions *out, const pare_model *model, const char *path,
                      const pare_targets *targets, const pare_shape_options *options)
{
    pare_shapes_given given;
    *out = (pare_fusions){ .targets = targets };
    int status = pare_shapes_read(app, &given, options);
    const pare_status st = status ? PARE_OK : ask(app, out, model, path, &given.opts);
    if (st) status = pare_app_fail(app, pare_exit_for_input(st), NULL);
    pare_shapes_given_free(app, &given);
    return status;
}

void pare_fusions_free(pare_app *app, pare_fusions *fusions)
{
    for (size_t t = 0; t < PARE_MAX_TARGETS; t++) pare_oracle_free(&app->ctx, fusions->items[t]);
}

/* --- text ------------------------------------------------------------------------------------- */

/* Rows that tell nothing: what is part of another, shapes, constants, plain floats. */
static bool is_shown(const pare_oracle_row *row)
{
    switch (row->runs) {
    case PARE_RUNS_INTEGER:
    case PARE_RUNS_MOVE:
    case PARE_RUNS_WEIGHT_ONLY:
    case PARE_RUNS_PAIR:
        return true;
    default:
        return row->reason && row->runs == PARE_RUNS_FLOAT;
    }
}

static const char *bare(const char *kernel)
{
    static const char domain[] = "com.microsoft.";
    return strncmp(kernel, domain, sizeof(domain) - 1) ? kernel : kernel + sizeof(domain) - 1;
}

static void print_row(pare_app *app, const pare_oracle_row *row)
{
    pare_line line = { 0 };
    pare_line_add(&line, "  %-*.*s %-18.18s %-11s %-*s", MAX_NAME, MAX_NAME,
                  *row->name ? row->name : "-", bare(row->op), pare_runs_name(row->runs),
                  row->reason ? MAX_KERNEL : 0,
                  row->runs == PARE_RUNS_FLOAT ? "" : bare(row->becomes));
    if (row->reason) pare_line_add(&line, "  %s", row->reason);
    pare_app_print(app, line.text);
}

static void print_oracle(pare_app *app, const pare_target *target, pare_oracle *o)
{
    pare_line line = { 0 };
    const char *text = NULL;
    pare_app_print(app, "");
    pare_line_add(&line, "In integers on %s", target->name);
    pare_app_print(app, line.text);
    pare_line_clear(&line);
    pare_line_add(&line, "  %-*s %-18s %-11s %-*s  %s", MAX_NAME, "node", "op", "runs", MAX_KERNEL,
                  "as", "why");
    pare_app_print(app, line.text);
    for (size_t i = 0; i < o->n_rows; i++)
        if (is_shown(&o->rows[i])) print_row(app, &o->rows[i]);
    if (pare_oracle_text(&app->ctx, &text, o)) return;
    pare_app_print(app, "");
    for (const char *end; (end = strchr(text, '\n')); text = end + 1) {
        pare_line_clear(&line);
        pare_line_add(&line, "%.*s", (int)(end - text), text);
        pare_app_print(app, line.text);
    }
}

void pare_fusions_print(pare_app *app, const pare_fusions *fusions)
{
    for (size_t t = 0; t < PARE_MAX_TARGETS; t++)
        if (fusions->items[t] && fusions->items[t]->is_quantized)
            print_oracle(app, fusions->targets->items[t], fusions->items[t]);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void add_rows(pare_json *j, const pare_oracle *o)
{
    pare_json_open_array(j, "nodes");
    for (size_t i = 0; i < o->n_rows; i++) {
        const pare_oracle_row *const row = &o->rows[i];
        pare_json_open_object(j, NULL);
        pare_json_text(j, "name", row->name);
        pare_json_text(j, "op", row->op);
        pare_json_text(j, "runs", pare_runs_name(row->runs));
        pare_json_text(j, "becomes", row->becomes);
        if (row->reason) pare_json_text(j, "reason", row->reason);
        pare_json_int(j, "macs", (int64_t)row->macs);
        pare_json_close(j);
    }
    pare_json_close(j);
}

static void add_oracle(pare_json *j, const pare_target *target, const pare_oracle *o)
{
    pare_json_open_object(j, NULL);
    pare_json_text(j, "target", target->name);
    pare_json_bool(j, "is_quantized", o->is_quantized);
    pare_json_int(j, "macs", (int64_t)o->macs);
    pare_json_int(j, "integer_macs", (int64_t)o->integer_macs);
    pare_json_int(j, "products", (int64_t)o->n_products);
    pare_json_int(j, "integer_products", (int64_t)o->n_integer_products);
    pare_json_int(j, "executed_pairs", (int64_t)o->n_runs[PARE_RUNS_PAIR]);
    pare_json_int(j, "added_pairs", (int64_t)o->n_added);
    if (o->time_ns > 0 || o->float_time_ns > 0) {
        pare_json_real(j, "time_ns", o->time_ns);
        pare_json_real(j, "float_time_ns", o->float_time_ns);
    }
    if (!isnan(o->time_ratio)) pare_json_real(j, "time_ratio", o->time_ratio);
    add_rows(j, o);
    pare_json_open_array(j, "warnings");
    for (size_t i = 0; i < o->n_warnings; i++) pare_json_text(j, NULL, o->warnings[i]);
    pare_json_close(j);
    pare_json_close(j);
}

void pare_fusions_json(pare_json *j, const pare_fusions *fusions)
{
    pare_json_open_array(j, "fusion");
    for (size_t t = 0; t < PARE_MAX_TARGETS; t++)
        if (fusions->items[t]) add_oracle(j, fusions->targets->items[t], fusions->items[t]);
    pare_json_close(j);
}
