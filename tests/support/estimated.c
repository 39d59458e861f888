#include "support/estimated.h"

#include "support/test.h"

#include <math.h>

pare_figure test_figure(double value)
{
    return (pare_figure){ value, 0.3, PARE_FIGURE_PUBLISHED, NULL, NULL };
}

pare_target test_chip(double buffer_bytes)
{
    pare_target t = { .name = "chip", .has_hardware = true, .fit_error = NAN };
    pare_hardware *hw = &t.hardware;
    for (size_t i = 0; i < PARE_N_ARITHMETIC; i++) hw->fallback[i] = (uint8_t)i;
    hw->mac_pj[PARE_ARITH_FLOAT32] = test_figure(2);
    hw->mac_pj[PARE_ARITH_INT8] = test_figure(0.5);
    hw->macs_per_s[PARE_ARITH_FLOAT32] = test_figure(1e9);
    hw->macs_per_s[PARE_ARITH_INT8] = test_figure(4e9);
    for (size_t i = 0; i < PARE_N_WORK; i++) hw->efficiency[i] = test_figure(1);
    hw->levels[0] = (pare_memory_level){ .name = "buffer",
                                         .capacity_bytes = test_figure(buffer_bytes),
                                         .usable = 1,
                                         .pj_per_byte = test_figure(1),
                                         .bytes_per_s = test_figure(1e10) };
    hw->levels[1] = (pare_memory_level){ .name = "DRAM",
                                         .usable = 0.5,
                                         .pj_per_byte = test_figure(100),
                                         .bytes_per_s = test_figure(1e9) };
    hw->n_levels = 2;
    hw->static_w = test_figure(0.1);
    return t;
}

pare_estimate *test_estimate(test_ctx *t, const pare_model *model, const pare_target *target,
                             const pare_estimate_opts *opts)
{
    pare_shapes *shapes = NULL;
    pare_estimate *e = NULL;
    if (pare_infer(&t->ctx, &shapes, model, NULL)) fail_msg("%s", t->ctx.message);
    const pare_status st = pare_estimate_make(&t->ctx, &e, model, shapes, target, opts);
    if (st) fail_msg("%s", t->ctx.message);
    pare_shapes_free(&t->ctx, shapes);
    return e;
}

pare_estimate *test_estimate_net(test_ctx *t, const char *net, int64_t batch,
                                 const pare_target *target, const pare_estimate_opts *opts)
{
    pare_model *model = NULL;
    const net_opts built = { .batch = batch };
    pare_estimate_opts own = opts ? *opts : (pare_estimate_opts){ 0 };
    own.batch = (uint64_t)batch;
    own.ignore_zeros = true;
    if (net_build(&t->ctx, &model, net, &built, NULL)) fail_msg("%s", t->ctx.message);
    pare_estimate *e = test_estimate(t, model, target, &own);
    pare_model_free(&t->ctx, model);
    return e;
}
