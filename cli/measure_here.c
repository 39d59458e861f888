#include "cli/measure_here.h"

#include "formats/powercap.h"

#include <math.h>
#include <stdlib.h>
#include <time.h>

typedef struct here_job {
    pare_app *app;
    pare_ctx *ctx;
    pare_here *out;
    pare_powercap *counters;
    pare_pool *pool;
    double share_seconds;    /* for each model */
} here_job;

/* Counters below another folder, for tests. */
static const char *counter_root(void)
{
    const char *root = getenv("PARE_POWERCAP");
    return root ? root : PARE_POWERCAP_ROOT;
}

/* Runs once, or waits for a moment where there is nothing to run. */
static pare_status pass(here_job *job, pare_runner *runner, const pare_eval_input *inputs, size_t n,
                        const pare_model *model)
{
    if (!runner) {
        const struct timespec moment = { .tv_nsec = 20000000 };
        nanosleep(&moment, NULL);
        return PARE_OK;
    }
    pare_datum *outputs = NULL;
    PARE_TRY(pare_runner_run(job->ctx, &outputs, runner, job->pool, inputs, n));
    for (size_t i = 0; i < model->graph->outputs.n; i++) pare_datum_drop(job->ctx, &outputs[i]);
    pare_free(job->ctx, outputs);
    return PARE_OK;
}

/* The counters are read at the ends, and between often enough that none wraps unseen. */
static pare_status measure(here_job *job, pare_measurement *row, pare_runner *runner,
                           const pare_eval_input *inputs, size_t n)
{
    double before = 0, after = 0, looked = 0, took = 0;
    uint64_t n_passes = 0;
    PARE_TRY(pass(job, runner, inputs, n, row->model)); /* packs weights, warms caches */
    PARE_TRY(pare_powercap_read(job->ctx, job->counters, &before));
    const double begun = pare_app_seconds();
    while (took < job->share_seconds) {
        PARE_TRY(pare_check_canceled(job->ctx));
        PARE_TRY(pass(job, runner, inputs, n, row->model));
        n_passes++;
        took = pare_app_seconds() - begun;
        if (took - looked < fmin(1, pare_powercap_period(job->counters))) continue;
        PARE_TRY(pare_powercap_read(job->ctx, job->counters, &after));
        looked = took;
    }
    PARE_TRY(pare_powercap_read(job->ctx, job->counters, &after));
    took = pare_app_seconds() - begun;
    if (!(after > before))
        return pare_fail(job->ctx, PARE_EUNSUPPORTED,
                         "energy cannot be measured: the counters below %s did not move in %.3g s",
                         counter_root(), took);
    const double per = runner ? (double)n_passes : took; /* idle: per second */
    row->joules = (after - before) / per;
    row->seconds = runner ? took / per : NAN;
    pare_app_note(job->app, "%s: %.4g J, %.4g s, %.4g W", row->name, row->joules,
                  runner ? row->seconds : 1.0, (after - before) / took);
    return PARE_OK;
}

static pare_status measure_micro(here_job *job, size_t i)
{
    pare_here *out = job->out;
    pare_measurement *row = &out->rows[out->n];
    pare_runner *runner = NULL;
    pare_eval_input *inputs = NULL;
    size_t n = 0;
    const pare_sample_opts opts = { .seed = i };
    PARE_TRY(pare_micro_build(job->ctx, &out->models[out->n], i));
    *row = (pare_measurement){ .name = pare_micro_name(i), .model = out->models[out->n],
                               .steady_state = true };
    out->n++;
    pare_status st = pare_infer(job->ctx, &row->shapes, row->model, NULL);
    if (!st) st = pare_runner_new(job->ctx, &runner, row->model, NULL);
    if (!st) st = pare_sample_inputs(job->ctx, &inputs, &n, row->model, &opts);
    if (!st) st = measure(job, row, runner, inputs, n);
    pare_sample_free(job->ctx, inputs, n);
    pare_runner_free(job->ctx, runner);
    return st;
}

static pare_status measure_all(here_job *job, double seconds)
{
    const size_t n = pare_micro_count();
    job->share_seconds = seconds / (double)(n + 1);
    PARE_TRY(pare_pool_new(job->ctx, &job->pool, 0));
    for (size_t i = 0; i < n; i++) {
        pare_report_progress(job->ctx, "measure", i, n + 1);
        PARE_TRY(measure_micro(job, i));
    }
    pare_report_progress(job->ctx, "measure", n, n + 1);
    pare_measurement *idle = &job->out->rows[job->out->n];
    *idle = (pare_measurement){ .name = "idle" };
    job->out->n++;
    return measure(job, idle, NULL, NULL, 0);
}

int pare_measure_here(pare_app *app, pare_here *out, double seconds)
{
    here_job job = { .app = app, .ctx = &app->ctx, .out = out };
    *out = (pare_here){ 0 };
    pare_status st = pare_powercap_open(&app->ctx, &job.counters, counter_root());
    if (!st) st = measure_all(&job, seconds);
    pare_pool_free(&app->ctx, job.pool);
    pare_powercap_free(&app->ctx, job.counters);
    if (!st) return PARE_EXIT_DONE;
    return pare_app_fail(app, pare_exit_for_output(st),
                         st == PARE_EUNSUPPORTED
                             ? "give measurements by a power meter: --fit MEASURED.csv"
                             : NULL);
}

void pare_here_free(pare_app *app, pare_here *here)
{
    for (size_t i = 0; i < here->n; i++) {
        pare_shapes_free(&app->ctx, here->rows[i].shapes);
        pare_model_free(&app->ctx, here->models[i]);
    }
    *here = (pare_here){ 0 };
}
