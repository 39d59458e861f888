#include "energy/calibrate.h"

#include "energy/coefs.h"

#include <math.h>
#include <string.h>

/* What is told apart where the measurements allow it. */
enum {
    PART_MAC_FLOAT, PART_MAC_INT, PART_OPS, PART_NEAR, PART_FAR, PART_STATIC, N_ENERGY_PARTS,
    PART_CONV = 0, PART_POINTWISE, PART_DEPTHWISE, PART_PRODUCT, PART_OTHER, PART_MEMORY,
    PART_LAUNCH, N_TIME_PARTS,
    MAX_PARTS = 8, MAX_GROUPINGS = 5,
};

/* Which factor each part has. */
typedef struct grouping {
    uint8_t of_part[MAX_PARTS];
    size_t n;
    const char *names[PARE_MAX_FACTORS];
} grouping;

static const grouping energy_groupings[MAX_GROUPINGS] = {
    { { 0, 1, 2, 3, 4, 5 }, 6,
      { "MACs in floats", "MACs in integers", "other operations", "near stores", "far stores",
        "static power" } },
    { { 0, 0, 0, 1, 2, 3 }, 4, { "operations", "near stores", "far stores", "static power" } },
    { { 0, 0, 0, 1, 1, 2 }, 3, { "operations", "stores", "static power" } },
    { { 0, 0, 0, 0, 0, 1 }, 2, { "operations and stores", "static power" } },
    { { 0, 0, 0, 0, 0, 0 }, 1, { "everything" } },
};

static const grouping time_groupings[MAX_GROUPINGS] = {
    { { 0, 1, 2, 3, 4, 5, 6 }, 7,
      { "conv", "pointwise", "depthwise", "matrix products", "elementwise", "stores",
        "launches" } },
    { { 0, 1, 2, 1, 3, 3, 3 }, 4,
      { "conv", "pointwise and matrix products", "depthwise", "all else" } },
    { { 0, 0, 0, 0, 0, 1, 2 }, 3, { "operations", "stores", "launches" } },
    { { 0, 0, 0, 0, 0, 0, 1 }, 2, { "operations and stores", "launches" } },
    { { 0, 0, 0, 0, 0, 0, 0 }, 1, { "everything" } },
};

/* Joules or seconds of each part, as the target has them now. */
typedef struct fit_table {
    double *parts;           /* [n, MAX_PARTS] */
    double *measured;        /* [n] NaN: not */
    size_t n;
    const grouping *groupings;
    size_t n_parts;
} fit_table;

/* What became of each part, of joules or of seconds. */
typedef struct part_fit {
    double factor[MAX_PARTS]; /* NaN: nothing of its group was measured */
    double error[MAX_PARTS];
    uint8_t group[MAX_PARTS];
    size_t chosen;            /* grouping */
} part_fit;

typedef struct calib_job {
    pare_ctx *ctx;
    pare_target target;      /* with the hardware that is being fitted */
    const pare_measurement *rows;
    size_t n;
    const char *source;
    pare_calibration *out;
    bool seen[PARE_COEF_N_ENERGY]; /* numbers of energy that a measured run depends on */
    bool seen_work[PARE_N_WORK], seen_memory, seen_launch; /* likewise of time */
} calib_job;

/* --- what a run consists of ------------------------------------------------------------------- */

static int energy_part(const pare_target *target, int coef)
{
    if (coef < PARE_COEF_ALU_PJ) {
        const int type = coef - PARE_COEF_MAC_PJ;
        return type <= PARE_ARITH_FLOAT8 ? PART_MAC_FLOAT : PART_MAC_INT;
    }
    if (coef < PARE_COEF_BYTE_PJ) return PART_OPS;
    if (coef < PARE_COEF_LAUNCH_NJ) {
        const size_t store = (size_t)(coef - PARE_COEF_BYTE_PJ);
        return store + 1 < target->hardware.n_levels ? PART_NEAR : PART_FAR;
    }
    return PART_STATIC;
}

static int time_part(pare_work work)
{
    switch (work) {
    case PARE_WORK_CONV: return PART_CONV;
    case PARE_WORK_POINTWISE: return PART_POINTWISE;
    case PARE_WORK_DEPTHWISE: return PART_DEPTHWISE;
    case PARE_WORK_ELEMENTWISE:
    case PARE_WORK_MOVE: return PART_OTHER;
    default: return PART_PRODUCT;
    }
}

static void split_joules(double *parts, bool *seen, bool measured, const pare_estimate *e,
                         double seconds)
{
    for (int i = 0; i < PARE_COEF_N_ENERGY; i++) {
        const double amount = i == PARE_COEF_STATIC_W ? (isfinite(seconds) ? seconds : 0)
                                                      : e->amounts[i];
        parts[energy_part(e->target, i)] += amount * e->coefs->items[i].value;
        seen[i] |= measured && amount * e->coefs->items[i].value > 0;
    }
}

static void split_seconds(calib_job *job, double *parts, bool measured, const pare_estimate *e)
{
    const double launch_us = e->coefs->items[PARE_COEF_LAUNCH_S].value * 1e6;
    const double batch = e->opts.batch ? (double)e->opts.batch : 1;
    for (size_t i = 0; i < e->n_layers; i++) {
        const pare_estimate_layer *l = &e->layers[i];
        double launch = launch_us * l->times / batch;
        if (!(l->us > 0)) continue;
        if (l->bound == PARE_BOUND_LAUNCH || launch > l->us) launch = l->us;
        const int part = l->bound == PARE_BOUND_MEMORY ? PART_MEMORY : time_part(l->work);
        parts[PART_LAUNCH] += launch * 1e-6;
        parts[part] += (l->us - launch) * 1e-6;
        job->seen_launch |= measured && launch > 0;
        if (!measured || l->us <= launch) continue;
        if (part == PART_MEMORY) job->seen_memory = true;
        else job->seen_work[l->work] = true;
    }
}

/* Fills a row of both tables. */
static pare_status split_row(calib_job *job, size_t i, double *joules, double *seconds)
{
    const pare_measurement *row = &job->rows[i];
    const pare_estimate_opts opts = { .batch = row->batch, .steady_state = row->steady_state,
                                      .charge_static = true, .no_bands = true };
    pare_estimate *e = NULL;
    if (!row->model) {
        joules[PART_STATIC] = job->target.hardware.static_w.value;
        job->seen[PARE_COEF_STATIC_W] = true;
        return PARE_OK;
    }
    PARE_TRY(pare_estimate_make(job->ctx, &e, row->model, row->shapes, &job->target, &opts));
    const double time = isfinite(row->seconds) ? row->seconds : e->latency_us.value * 1e-6;
    split_joules(joules, job->seen, isfinite(row->joules), e, time);
    if (e->has_time) split_seconds(job, seconds, isfinite(row->seconds), e);
    pare_estimate_free(job->ctx, e);
    return PARE_OK;
}

/* --- factors ---------------------------------------------------------------------------------- */

/* Solves one grouping over the rows that were measured. *used [grouping.n]: factors that occur, in
 * the order of the fit's unknowns. ENOMEM; EFORMAT when it cannot be trusted. */
static pare_status solve_grouping(pare_ctx *ctx, pare_fit *fit, uint8_t *used, const fit_table *t,
                                  const grouping *g)
{
    const size_t n_words = t->n * (PARE_MAX_FACTORS + 1);
    double *room = pare_alloc_zero(ctx, n_words * sizeof(double));
    if (!room) return pare_fail_memory(ctx, n_words * sizeof(double));
    double *a = room, *b = room + t->n * PARE_MAX_FACTORS;
    bool occurs[PARE_MAX_FACTORS] = { false };
    uint8_t column[PARE_MAX_FACTORS] = { 0 };
    size_t m = 0, k = 0;
    for (size_t i = 0; i < t->n; i++)
        for (size_t p = 0; p < t->n_parts && isfinite(t->measured[i]); p++)
            occurs[g->of_part[p]] |= t->parts[i * MAX_PARTS + p] > 0;
    for (size_t f = 0; f < g->n; f++) {
        if (!occurs[f]) continue;
        column[f] = (uint8_t)k;
        used[k++] = (uint8_t)f;
    }
    for (size_t i = 0; i < t->n; i++) {
        if (!isfinite(t->measured[i])) continue;
        for (size_t p = 0; p < t->n_parts; p++)
            if (occurs[g->of_part[p]])
                a[m * k + column[g->of_part[p]]] += t->parts[i * MAX_PARTS + p];
        b[m++] = t->measured[i];
    }
    pare_status st = k ? pare_fit_solve(ctx, fit, m, k, a, b)
                       : pare_fail(ctx, PARE_EFORMAT, "the target has no number to fit");
    if (!st) st = pare_fit_check(ctx, fit);
    pare_free(ctx, room);
    return st;
}

static void keep_fit(pare_factors *out, const pare_fit *fit, const uint8_t *used,
                     const grouping *g, part_fit *parts)
{
    double values[PARE_MAX_FACTORS], errors[PARE_MAX_FACTORS];
    for (size_t f = 0; f < PARE_MAX_FACTORS; f++) values[f] = errors[f] = NAN;
    out->n = fit->n_unknowns;
    for (size_t k = 0; k < out->n; k++) {
        out->names[k] = g->names[used[k]];
        out->values[k] = values[used[k]] = fit->x[k];
        out->errors[k] = errors[used[k]] = fit->x_error[k];
    }
    out->error = fit->error;
    out->loo_error = fit->loo_error;
    out->condition = fit->condition;
    out->n_rows = fit->n_rows;
    for (size_t p = 0; p < MAX_PARTS; p++) {
        const double error = errors[g->of_part[p]];
        parts->factor[p] = values[g->of_part[p]];
        parts->error[p] = fmin(fmax(isfinite(error) ? error : 0, fit->loo_error), 1);
        parts->group[p] = g->of_part[p];
    }
}

/* Finds the factor of each part by the grouping that does best on what it has not seen; of those
 * from `first` to `last`. One that leaves something at nothing tells nothing of it, and is passed
 * over. Returns the failure of the last grouping when none will do. */
static pare_status find_factors(pare_ctx *ctx, pare_factors *out, const fit_table *t, size_t first,
                                size_t last, part_fit *parts)
{
    pare_status st = PARE_OK;
    bool found = false;
    *out = (pare_factors){ 0 };
    for (size_t g = first; g <= last; g++) {
        pare_fit fit = { 0 };
        uint8_t used[PARE_MAX_FACTORS] = { 0 };
        bool is_whole = true;
        st = solve_grouping(ctx, &fit, used, t, &t->groupings[g]);
        for (size_t k = 0; !st && k < fit.n_unknowns; k++) is_whole &= fit.x[k] > 0;
        if (!st && is_whole && (!found || fit.loo_error < out->loo_error)) {
            keep_fit(out, &fit, used, &t->groupings[g], parts);
            parts->chosen = g;
            found = true;
        }
        pare_fit_free(ctx, &fit);
        if (st && st != PARE_EFORMAT) return st;
    }
    return found ? PARE_OK : st;
}

static double mean_error(const fit_table *t)
{
    double sum = 0;
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        double said = 0;
        if (!isfinite(t->measured[i])) continue;
        for (size_t p = 0; p < t->n_parts; p++) said += t->parts[i * MAX_PARTS + p];
        sum += fabs(said / t->measured[i] - 1);
        n++;
    }
    return n ? sum / (double)n : NAN;
}

/* --- numbers ---------------------------------------------------------------------------------- */

/* Multiplies a number by the factor of its part. One that has a factor for itself is known as well
 * as that; of several that share one the fit knows the sum, and each stays half as uncertain as it
 * was; one that no measured run depends on goes along with its group, as uncertain as before. */
static void scale(const calib_job *job, pare_figure *figure, const part_fit *parts, size_t part,
                  double factor, bool seen, size_t n_sharing)
{
    if (!figure->kind || !isfinite(factor)) return;
    figure->value *= factor;
    if (seen) {
        const double left = n_sharing > 1 ? 0.5 * figure->spread : 0;
        figure->spread = fmax(fmax(parts->error[part], left), 0.02);
    }
    figure->kind = seen ? PARE_FIGURE_FITTED : PARE_FIGURE_DERIVED;
    figure->source = job->source;
    figure->note = NULL;
}

/* The figure of a coefficient of energy. */
static pare_figure *energy_figure(pare_hardware *h, int coef)
{
    if (coef < PARE_COEF_ALU_PJ) return &h->mac_pj[coef - PARE_COEF_MAC_PJ];
    if (coef < PARE_COEF_BYTE_PJ) return &h->alu_pj[coef - PARE_COEF_ALU_PJ];
    if (coef < PARE_COEF_LAUNCH_NJ) {
        const int store = coef - PARE_COEF_BYTE_PJ;
        return store == PARE_STORE_WEIGHTS ? &h->weights.pj_per_byte
                                           : &h->levels[store].pj_per_byte;
    }
    if (coef == PARE_COEF_LAUNCH_NJ) return &h->launch_nj;
    return coef == PARE_COEF_CALL_UJ ? &h->call_uj : &h->static_w;
}

static void scale_energy(calib_job *job, const part_fit *parts)
{
    size_t n_sharing[PARE_MAX_FACTORS] = { 0 };
    for (int i = 0; i < PARE_COEF_N_ENERGY; i++)
        n_sharing[parts->group[energy_part(&job->target, i)]] += job->seen[i];
    for (int i = 0; i < PARE_COEF_N_ENERGY; i++) {
        const size_t part = (size_t)energy_part(&job->target, i);
        scale(job, energy_figure(&job->target.hardware, i), parts, part, parts->factor[part],
              job->seen[i], n_sharing[parts->group[part]]);
    }
}

static void scale_peak(const calib_job *job, pare_figure *figure, double factor)
{
    if (!figure->kind) return;
    *figure = (pare_figure){ figure->value * factor, figure->spread, PARE_FIGURE_DERIVED,
                             job->source, NULL };
}

/* Nothing reaches more than its peak: where more was measured the peaks are higher. */
static void keep_shares(calib_job *job)
{
    pare_hardware *h = &job->target.hardware;
    double top = 1;
    for (int i = 0; i < PARE_N_WORK; i++) top = fmax(top, h->efficiency[i].value);
    for (int i = 0; i < PARE_N_WORK; i++) h->efficiency[i].value /= top;
    for (int i = 0; top > 1 && i < PARE_N_ARITHMETIC; i++) {
        scale_peak(job, &h->macs_per_s[i], top);
        scale_peak(job, &h->alu_per_s[i], top);
    }
    top = h->bandwidth_efficiency.value;
    if (!(top > 1)) return;
    h->bandwidth_efficiency.value = 1;
    for (size_t i = 0; i < h->n_levels; i++) scale_peak(job, &h->levels[i].bytes_per_s, top);
    scale_peak(job, &h->weights.bytes_per_s, top);
}

static void scale_time(calib_job *job, const part_fit *parts)
{
    pare_hardware *h = &job->target.hardware;
    size_t n_sharing[PARE_MAX_FACTORS] = { 0 };
    n_sharing[parts->group[PART_MEMORY]] += job->seen_memory;
    n_sharing[parts->group[PART_LAUNCH]] += job->seen_launch;
    for (int i = 0; i < PARE_N_WORK; i++)
        n_sharing[parts->group[time_part((pare_work)i)]] += job->seen_work[i];
    for (int i = 0; i < PARE_N_WORK; i++) {
        const size_t part = (size_t)time_part((pare_work)i);
        scale(job, &h->efficiency[i], parts, part, 1 / parts->factor[part], job->seen_work[i],
              n_sharing[parts->group[part]]);
    }
    scale(job, &h->bandwidth_efficiency, parts, PART_MEMORY, 1 / parts->factor[PART_MEMORY],
          job->seen_memory, n_sharing[parts->group[PART_MEMORY]]);
    scale(job, &h->launch_s, parts, PART_LAUNCH, parts->factor[PART_LAUNCH], job->seen_launch,
          n_sharing[parts->group[PART_LAUNCH]]);
    keep_shares(job);
}

/* --- the whole -------------------------------------------------------------------------------- */

static pare_status split_all(calib_job *job, fit_table *joules, fit_table *seconds)
{
    memset(joules->parts, 0, job->n * MAX_PARTS * sizeof(double));
    memset(seconds->parts, 0, job->n * MAX_PARTS * sizeof(double));
    for (size_t i = 0; i < job->n; i++) {
        PARE_TRY(pare_check_canceled(job->ctx));
        PARE_TRY(split_row(job, i, joules->parts + i * MAX_PARTS, seconds->parts + i * MAX_PARTS));
        joules->measured[i] = job->rows[i].joules;
        seconds->measured[i] = job->rows[i].model ? job->rows[i].seconds : NAN;
    }
    return PARE_OK;
}

static bool any(const fit_table *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (isfinite(t->measured[i])) return true;
    return false;
}

/* Twice, as what binds a layer may change with its time; the second time by the same grouping, so
 * that the factors of both are those of the whole. */
static pare_status fit_time(calib_job *job, fit_table *joules, fit_table *seconds)
{
    pare_factors *out = &job->out->time;
    pare_factors again;
    part_fit parts;
    const double before = mean_error(seconds);
    PARE_TRY(find_factors(job->ctx, out, seconds, 0, MAX_GROUPINGS - 1, &parts));
    scale_time(job, &parts);
    PARE_TRY(split_all(job, joules, seconds));
    const size_t chosen = parts.chosen;
    const pare_status st = find_factors(job->ctx, &again, seconds, chosen, chosen, &parts);
    if (st && st != PARE_EFORMAT) return st;
    if (!st && again.n == out->n) {
        for (size_t i = 0; i < out->n; i++) again.values[i] *= out->values[i];
        *out = again;
        scale_time(job, &parts);
        PARE_TRY(split_all(job, joules, seconds));
    }
    out->before = before;
    out->error = mean_error(seconds);
    return PARE_OK;
}

/* Times first, as static energy follows from them. */
static pare_status fit_both(calib_job *job, fit_table *joules, fit_table *seconds)
{
    pare_calibration *out = job->out;
    part_fit parts;
    PARE_TRY(split_all(job, joules, seconds));
    const double before = mean_error(joules);
    if (any(seconds) && !job->target.hardware.energy_only)
        PARE_TRY(fit_time(job, joules, seconds));
    if (!any(joules)) return PARE_OK;
    PARE_TRY(find_factors(job->ctx, &out->energy, joules, 0, MAX_GROUPINGS - 1, &parts));
    scale_energy(job, &parts);
    out->energy.before = before;
    return PARE_OK;
}

/* What the target leaves out, so that it can be found: as the estimate takes it, but static power,
 * which begins at 1 W. */
static void open_numbers(pare_hardware *h)
{
    const pare_figure one = { 1, 1, PARE_FIGURE_ESTIMATED, NULL, NULL };
    if (h->energy_only) return;
    if (!h->static_w.kind) h->static_w = one;
    if (!h->bandwidth_efficiency.kind) h->bandwidth_efficiency = one;
}

static pare_status check_rows(pare_ctx *ctx, const pare_measurement *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const bool has_joules = isfinite(rows[i].joules), has_seconds = isfinite(rows[i].seconds);
        if ((!has_joules && !has_seconds) || (has_joules && !(rows[i].joules > 0)) ||
            (has_seconds && !(rows[i].seconds > 0)))
            return pare_fail(ctx, PARE_EFORMAT, "%s: expected joules or seconds above zero",
                             rows[i].name);
    }
    return PARE_OK;
}

pare_status pare_calibrate(pare_ctx *ctx, pare_calibration *out, const pare_target *target,
                           const pare_measurement *rows, size_t n, const char *source)
{
    *out = (pare_calibration){ 0 };
    if (!target->has_hardware)
        return pare_fail(ctx, PARE_EUSAGE, "target '%s' has no hardware that could be fitted",
                         target->name);
    if (!n) return pare_fail(ctx, PARE_EFORMAT, "nothing was measured");
    PARE_TRY(check_rows(ctx, rows, n));
    calib_job job = { .ctx = ctx, .target = *target, .rows = rows, .n = n, .source = source,
                      .out = out };
    double *room = pare_alloc_zero(ctx, 2 * n * (MAX_PARTS + 1) * sizeof(double));
    if (!room) return pare_fail_memory(ctx, 2 * n * (MAX_PARTS + 1) * sizeof(double));
    open_numbers(&job.target.hardware);
    fit_table joules = { .parts = room, .measured = room + 2 * n * MAX_PARTS, .n = n,
                         .groupings = energy_groupings, .n_parts = N_ENERGY_PARTS };
    fit_table seconds = { .parts = room + n * MAX_PARTS, .measured = joules.measured + n, .n = n,
                          .groupings = time_groupings, .n_parts = N_TIME_PARTS };
    const pare_status st = fit_both(&job, &joules, &seconds);
    out->hardware = job.target.hardware;
    pare_free(ctx, room);
    return st;
}
