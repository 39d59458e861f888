#include "prune/meter.h"

#include "energy/energy.h"
#include "ir/tensor.h"

#include <math.h>

static const char *const names[PARE_N_PRUNE_FIGURES] = {
    [PARE_PRUNE_ENERGY] = "energy",
    [PARE_PRUNE_LATENCY] = "time",
    [PARE_PRUNE_MACS] = "multiply-accumulates",
    [PARE_PRUNE_PARAMS] = "parameters",
    [PARE_PRUNE_SIZE] = "size",
    [PARE_PRUNE_FLASH] = "storage on the target",
    [PARE_PRUNE_RAM] = "peak memory",
};

const char *pare_prune_figure_name(pare_prune_figure figure)
{
    return names[figure];
}

static double constant_bytes(const pare_model *model)
{
    double sum = 0;
    for (size_t v = 0; v < model->n_values; v++)
        if (model->values[v].graph && model->values[v].tensor)
            sum += (double)pare_tensor_size_bytes(model->values[v].tensor);
    return sum;
}

void pare_prune_meter_set(pare_prune_meter *meter, const pare_target *target,
                          const pare_infer_opts *shapes, uint64_t batch, const pare_model *model,
                          uint64_t file_bytes)
{
    *meter = (pare_prune_meter){ .target = target, .shapes = shapes, .batch = batch };
    if (file_bytes) meter->other_bytes = fmax(0, (double)file_bytes - constant_bytes(model));
}

pare_status pare_prune_measure(pare_ctx *ctx, pare_prune_figures *out,
                               const pare_prune_meter *meter, const pare_model *model)
{
    /* Zeros are looked for where they pay. */
    const pare_estimate_opts opts = { .batch = meter->batch, .no_bands = true,
                                      .ignore_zeros = !meter->target->hardware.n_credits };
    pare_shapes *shapes = NULL;
    pare_estimate *e = NULL;
    PARE_TRY(pare_infer(ctx, &shapes, model, meter->shapes));
    const pare_status st = pare_estimate_make(ctx, &e, model, shapes, meter->target, &opts);
    if (!st)
        *out = (pare_prune_figures){ {
            [PARE_PRUNE_ENERGY] = e->has_energy ? e->energy_uj.value * 1e-3 : NAN,
            [PARE_PRUNE_LATENCY] = e->has_time ? e->latency_us.value * 1e-3 : NAN,
            [PARE_PRUNE_MACS] = (double)e->macs,
            [PARE_PRUNE_PARAMS] = (double)e->params,
            [PARE_PRUNE_SIZE] = meter->other_bytes + constant_bytes(model),
            [PARE_PRUNE_FLASH] = (double)e->flash_bytes,
            [PARE_PRUNE_RAM] = (double)e->ram_peak_bytes,
        } };
    pare_estimate_free(ctx, e);
    pare_shapes_free(ctx, shapes);
    return st;
}
