#include "cli/target_fit.h"

#include "base/bytes.h"
#include "cli/measure_here.h"
#include "cli/measured.h"
#include "cli/model_file.h"
#include "cli/unset_dims.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct fit_job {
    pare_app *app;
    const pare_fit_request *request;
    pare_arena arena;
    pare_target *target;
    pare_measurement *rows;  /* [n] in the arena */
    pare_model **models;     /* [n] owned */
    size_t n;
    pare_here here;          /* measured on this machine */
    char from[256];
} fit_job;

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* --- measured elsewhere ----------------------------------------------------------------------- */

static int open_row(fit_job *job, const pare_measured_row *from)
{
    pare_ctx *const ctx = &job->app->ctx;
    pare_measurement *row = &job->rows[job->n];
    const pare_infer_opts given = { 0 };
    pare_dims_set *dims = pare_arena_zero(&job->arena, sizeof(*dims));
    if (!dims) {
        (void)pare_arena_fail(ctx, &job->arena);
        return pare_app_fail(job->app, PARE_EXIT_RESOURCES, NULL);
    }
    int status = pare_model_open(job->app, &job->models[job->n], from->model);
    if (status) return status;
    *row = (pare_measurement){ .name = from->model, .model = job->models[job->n],
                               .joules = from->joules, .seconds = from->seconds };
    pare_status st = pare_dims_complete(ctx, &job->arena, dims, row->model, &given, from->batch,
                                        true, base_name(from->model));
    if (!st) st = pare_infer(ctx, &row->shapes, row->model, &dims->opts);
    if (st) {
        pare_model_free(ctx, job->models[job->n]);
        return pare_app_fail(job->app, pare_exit_for_input(st), NULL);
    }
    row->batch = dims->n_inferences > 1 ? dims->n_inferences : (uint64_t)from->batch;
    job->n++;
    return PARE_EXIT_DONE;
}

static int read_measured(fit_job *job)
{
    pare_ctx *const ctx = &job->app->ctx;
    pare_measured table;
    pare_status st = pare_measured_read(ctx, &table, &job->arena, job->request->measured);
    if (st) return pare_app_fail(job->app, pare_exit_for_input(st), NULL);
    job->rows = pare_arena_array(&job->arena, table.n, sizeof(*job->rows));
    job->models = pare_arena_array(&job->arena, table.n, sizeof(*job->models));
    if (!job->rows || !job->models) {
        st = pare_arena_fail(ctx, &job->arena);
        return pare_app_fail(job->app, pare_exit_for_output(st), NULL);
    }
    snprintf(job->from, sizeof(job->from), "%zu models of %.200s", table.n,
             base_name(job->request->measured));
    int status = PARE_EXIT_DONE;
    for (size_t i = 0; !status && i < table.n; i++) status = open_row(job, &table.rows[i]);
    return status;
}

static int measure_here(fit_job *job)
{
    const int status = pare_measure_here(job->app, &job->here, job->request->seconds);
    snprintf(job->from, sizeof(job->from),
             "%zu small models and idling, run by pare for %.0f s, packages by RAPL",
             job->here.n ? job->here.n - 1 : 0, job->request->seconds);
    return status;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* A name that no source of the target has. */
static void pick_key(char out[32], const pare_target *target)
{
    for (int i = 1;; i++) {
        bool taken = false;
        snprintf(out, 32, i > 1 ? "measured%d" : "measured", i);
        for (size_t k = 0; k < target->n_sources; k++)
            taken |= pare_str_eq(target->sources[k].key, out);
        if (!taken) return;
    }
}

static void tell(fit_job *job, const char *what, const pare_factors *f)
{
    if (!f->n || job->app->shared.quiet) return;
    pare_app_note(job->app, "%s: %zu factors from %zu measurements, condition number %.3g", what,
                  f->n, f->n_rows, f->condition);
    fprintf(stderr, "pare: %s: off by %.3g %% before, %.3g %% now, %.3g %% for what is left out\n",
            what, 100 * f->before, 100 * f->error, 100 * f->loo_error);
}

static int fit(fit_job *job)
{
    pare_ctx *const ctx = &job->app->ctx;
    pare_calibration calibration;
    char key[32];
    pick_key(key, job->target);
    const bool is_here = job->here.n > 0;
    pare_status st = pare_calibrate(ctx, &calibration, job->target,
                                    is_here ? job->here.rows : job->rows,
                                    is_here ? job->here.n : job->n, key);
    if (st)
        return pare_app_fail(job->app, pare_exit_for_input(st),
                             st == PARE_EFORMAT ? "measure more models, and more different ones"
                                                : NULL);
    const pare_fitted fitted = { .base = job->target, .like = job->request->target,
                                 .fit = &calibration, .key = key, .from = job->from };
    st = pare_fitted_write(ctx, &fitted, job->request->output);
    if (st) return pare_app_fail(job->app, pare_exit_for_output(st), NULL);
    tell(job, "energy", &calibration.energy);
    tell(job, "time", &calibration.time);
    return PARE_EXIT_DONE;
}

int pare_target_fit(pare_app *app, const pare_fit_request *request)
{
    fit_job job = { .app = app, .request = request };
    pare_arena_init(&app->ctx, &job.arena, 0);
    const pare_status st = pare_target_find(&app->ctx, &job.target, request->target);
    int status = st ? pare_app_fail(app, pare_exit_for_input(st), NULL) : PARE_EXIT_DONE;
    if (!status) status = request->measured ? read_measured(&job) : measure_here(&job);
    if (!status) status = fit(&job);
    for (size_t i = 0; i < job.n; i++) {
        pare_shapes_free(&app->ctx, job.rows[i].shapes);
        pare_model_free(&app->ctx, job.models[i]);
    }
    pare_here_free(app, &job.here);
    pare_target_free(&app->ctx, job.target);
    pare_arena_free(&job.arena);
    return status;
}
