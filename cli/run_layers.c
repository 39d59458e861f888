#include "cli/run_layers.h"

#include <stdio.h>
#include <stdlib.h>

/* Enough for a median, and no longer than need be. */
enum { MIN_ROUNDS = 5, MAX_ROUNDS = 99, NAME_COLUMNS = 40, OP_COLUMNS = 22, KERNEL_COLUMNS = 20 };
static const double enough_seconds = 1;

static int compare(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void drop(pare_ctx *ctx, const pare_runner *runner, pare_datum *outputs)
{
    const size_t n = pare_runner_model(runner)->graph->outputs.n;
    pare_datums_free(ctx, outputs, n);
}

/* rounds [MAX_ROUNDS]: of one step each after the other. */
static pare_status take_rounds(pare_ctx *ctx, pare_step_times *t, double *rounds,
                               pare_runner *runner, pare_pool *pool,
                               const pare_eval_input *inputs, size_t n_inputs)
{
    const double begun = pare_app_seconds();
    while (t->n_rounds < MAX_ROUNDS &&
           (t->n_rounds < MIN_ROUNDS || pare_app_seconds() - begun < enough_seconds)) {
        pare_datum *outputs = NULL;
        const double *seconds = NULL;
        PARE_TRY(pare_runner_run(ctx, &outputs, runner, pool, inputs, n_inputs));
        drop(ctx, runner, outputs);
        pare_runner_steps(runner, &seconds);
        for (size_t i = 0; i < t->n_steps; i++)
            rounds[i * MAX_ROUNDS + t->n_rounds] = 1e3 * seconds[i];
        t->n_rounds++;
    }
    for (size_t i = 0; i < t->n_steps; i++) {
        qsort(rounds + i * MAX_ROUNDS, t->n_rounds, sizeof(*rounds), compare);
        t->ms[i] = rounds[i * MAX_ROUNDS + t->n_rounds / 2];
    }
    return PARE_OK;
}

pare_status pare_step_times_take(pare_ctx *ctx, pare_step_times *out, pare_runner *runner,
                                 pare_pool *pool, const pare_eval_input *inputs, size_t n_inputs)
{
    const double *seconds = NULL;
    *out = (pare_step_times){ .n_steps = pare_runner_steps(runner, &seconds) };
    const size_t n_bytes = (out->n_steps + 1) * MAX_ROUNDS * sizeof(double);
    double *rounds = pare_alloc(ctx, n_bytes);
    out->ms = pare_alloc_zero(ctx, (out->n_steps + 1) * sizeof(*out->ms));
    pare_status st = rounds && out->ms ? PARE_OK : pare_fail_memory(ctx, n_bytes);
    pare_runner_measure(runner);
    if (!st) st = take_rounds(ctx, out, rounds, runner, pool, inputs, n_inputs);
    pare_free(ctx, rounds);
    return st;
}

void pare_step_times_free(pare_ctx *ctx, pare_step_times *times)
{
    pare_free(ctx, times->ms);
    *times = (pare_step_times){ 0 };
}

static double sum_of(const pare_step_times *t)
{
    double sum = 0;
    for (size_t i = 0; i < t->n_steps; i++) sum += t->ms[i];
    return sum > 0 ? sum : 1;
}

/* A node's name, else that of what it makes; n NULL: none. */
static const char *name_of(const pare_model *model, const pare_node *n)
{
    if (!n) return "";
    if (n->name && *n->name) return n->name;
    for (uint32_t i = 0; i < n->n_outputs; i++)
        if (n->outputs[i] != PARE_NONE) return model->values[n->outputs[i]].name;
    return "";
}

static void print_row(pare_app *app, const char *name, const char *op, const char *kernel,
                      double ms, double share)
{
    pare_line line = { 0 };
    const size_t n = pare_text_columns(name);
    if (n <= NAME_COLUMNS) pare_line_add(&line, "%s", name);
    else pare_line_add(&line, "%.12s..%s", name, name + strlen(name) - (NAME_COLUMNS - 14));
    pare_line_pad(&line, NAME_COLUMNS);
    pare_line_add(&line, "  %s", op);
    pare_line_pad(&line, NAME_COLUMNS + 2 + OP_COLUMNS);
    pare_line_add(&line, "  %s", kernel);
    pare_line_pad(&line, NAME_COLUMNS + OP_COLUMNS + KERNEL_COLUMNS + 4);
    pare_line_add(&line, "  %10.3f  %5.1f%%", ms, 100 * share);
    pare_app_print(app, line.text);
}

void pare_step_times_print(pare_app *app, const pare_step_times *t, const pare_runner *runner)
{
    const pare_model *model = pare_runner_model(runner);
    const double sum = sum_of(t);
    pare_line head = { 0 }, all = { 0 };
    pare_line_add(&head, "layer");
    pare_line_pad(&head, NAME_COLUMNS);
    pare_line_add(&head, "  operator");
    pare_line_pad(&head, NAME_COLUMNS + 2 + OP_COLUMNS);
    pare_line_add(&head, "  kernel");
    pare_line_pad(&head, NAME_COLUMNS + OP_COLUMNS + KERNEL_COLUMNS + 4);
    pare_line_add(&head, "  %10s  %6s", "ms", "share");
    pare_app_print(app, head.text);
    for (size_t i = 0; i < t->n_steps; i++) {
        const pare_plan_step_info step = pare_runner_step_at(runner, i);
        const pare_node *n = step.node == PARE_NONE ? NULL : &model->nodes[step.node];
        print_row(app, name_of(model, n), n ? pare_str_or_empty(n->op_type) : "", step.kernel,
                  t->ms[i], t->ms[i] / sum);
    }
    pare_line_add(&all, "all %zu, medians of %u runs", t->n_steps, t->n_rounds);
    print_row(app, all.text, "", "", sum, 1);
}

void pare_step_times_json(pare_json *json, const pare_step_times *t, const pare_runner *runner)
{
    const pare_model *model = pare_runner_model(runner);
    const double sum = sum_of(t);
    pare_json_uint(json, "rounds", t->n_rounds);
    pare_json_open_array(json, "layers");
    for (size_t i = 0; i < t->n_steps; i++) {
        const pare_plan_step_info step = pare_runner_step_at(runner, i);
        const pare_node *n = step.node == PARE_NONE ? NULL : &model->nodes[step.node];
        pare_json_open_object(json, NULL);
        pare_json_text(json, "name", name_of(model, n));
        pare_json_text(json, "op", n ? pare_str_or_empty(n->op_type) : "");
        pare_json_text(json, "domain", n ? pare_node_domain(n) : "");
        pare_json_text(json, "kernel", step.kernel);
        pare_json_real(json, "ms", t->ms[i]);
        pare_json_real(json, "share", t->ms[i] / sum);
        pare_json_close(json);
    }
    pare_json_close(json);
}
