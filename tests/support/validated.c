#include "support/validated.h"

#include "formats/target.h"
#include "support/quantized.h"
#include "support/test.h"

#include <string.h>

#define TINY     "MLPerf Tiny v1.2, X-CUBE-AI 9"
#define SYNTIANT "MLPerf Tiny v1.2, Syntiant"
#define EYERISS  "Chen et al., JSSC 2017"

#define INT8         1, VALIDATED_INT8, VALIDATED_ALL
#define FLOAT(batch) (batch), VALIDATED_FLOAT, VALIDATED_ALL

static const validated_row rows[] = {
    { "nucleo-h7a3zi-q", "tiny-resnet8", INT8, 5090.3, true, TINY, NULL },
    { "nucleo-h7a3zi-q", "tiny-dscnn", INT8, 1375.6, true, TINY, NULL },
    { "nucleo-h7a3zi-q", "tiny-vww", INT8, 2965.5, true, TINY, NULL },
    { "nucleo-h7a3zi-q", "tiny-autoencoder", INT8, 165.7, true, TINY, NULL },
    { "nucleo-l4r5zi", "tiny-resnet8", INT8, 6919.4, true, TINY, NULL },
    { "nucleo-l4r5zi", "tiny-dscnn", INT8, 1820.5, true, TINY, NULL },
    { "nucleo-l4r5zi", "tiny-vww", INT8, 3894.6, true, TINY, NULL },
    { "nucleo-l4r5zi", "tiny-autoencoder", INT8, 203.4, true, TINY, NULL },
    { "nucleo-u575zi-q", "tiny-resnet8", INT8, 2579.0, true, TINY, NULL },
    { "nucleo-u575zi-q", "tiny-dscnn", INT8, 656.2, true, TINY, NULL },
    { "nucleo-u575zi-q", "tiny-vww", INT8, 1354.7, true, TINY, NULL },
    { "nucleo-u575zi-q", "tiny-autoencoder", INT8, 81.9, true, TINY, NULL },
    { "syntiant-9120", "tiny-resnet8", INT8, 101.8, true, SYNTIANT, NULL },
    { "syntiant-9120", "tiny-dscnn", INT8, 31.5, true, SYNTIANT, NULL },
    { "syntiant-9120", "tiny-vww", INT8, 71.7, true, SYNTIANT, NULL },
    { "eyeriss", "alexnet-caffe", 4, VALIDATED_HALF, VALIDATED_CHIP_CONV, 8000, true, EYERISS,
      "chip, convolutions only" },
    { "eyeriss", "vgg16", 3, VALIDATED_HALF, VALIDATED_CHIP_CONV, 337000, false, EYERISS,
      "chip, convolutions only" },
    { "rtx-3090", "vit-b16", FLOAT(64), 0.94e6, true, "AIPowerMeter", NULL },
    { "rtx-3090", "resnet50", FLOAT(128), 0.27e6, true, "AIPowerMeter", "which ResNet: not said" },
    { "h100-sxm", "resnet18", FLOAT(1), 9.4e6, false, "AI Energy Score",
      "a pipeline around the network; batch not said" },
    { "a100", "vit-b16", FLOAT(1), 25e6, false, "Luccioni et al., FAccT 2024",
      "mean of several models and pipelines" },
};

static const validated_time times[] = {
    { "i9-10940x", "resnet50", 14.87 },       { "i9-10940x", "resnet18", 7.91 },
    { "i9-10940x", "mobilenet-v2", 5.30 },    { "i9-10940x", "efficientnet-b0", 9.95 },
    { "i9-10940x", "vgg16", 117.9 },          { "i9-10940x", "vit-b16", 30.9 },
    { "i9-10940x", "densenet121", 24.1 },     { "i7-12700h", "resnet50", 32.8 },
    { "i7-12700h", "resnet18", 16.0 },        { "i7-12700h", "mobilenet-v2", 6.59 },
    { "i7-12700h", "efficientnet-b0", 10.7 }, { "i7-12700h", "vgg16", 196.9 },
    { "i7-12700h", "vit-b16", 120 },          { "i7-12700h", "densenet121", 34.8 },
};

const validated_row *validated_rows(size_t *n)
{
    *n = sizeof(rows) / sizeof(rows[0]);
    return rows;
}

const validated_time *validated_times(size_t *n)
{
    *n = sizeof(times) / sizeof(times[0]);
    return times;
}

void validated_build(test_ctx *t, validated_net *out, const char *net, int64_t batch,
                     validated_form form)
{
    const net_opts opts = { .batch = batch };
    *out = (validated_net){ .batch = (uint64_t)batch };
    if (net_build(&t->ctx, &out->model, net, &opts, NULL)) fail_msg("%s", t->ctx.message);
    if (form == VALIDATED_INT8 && test_quantize(&t->ctx, out->model, true))
        fail_msg("%s", t->ctx.message);
    if (form == VALIDATED_HALF && test_halve(&t->ctx, out->model)) fail_msg("%s", t->ctx.message);
    if (pare_infer(&t->ctx, &out->shapes, out->model, NULL)) fail_msg("%s", t->ctx.message);
}

void validated_free(test_ctx *t, validated_net *net)
{
    pare_shapes_free(&t->ctx, net->shapes);
    pare_model_free(&t->ctx, net->model);
}

pare_estimate *validated_run(test_ctx *t, const validated_net *net, const pare_target *target,
                             bool bands)
{
    const pare_estimate_opts opts = { .batch = net->batch,
                                      .ignore_zeros = true,
                                      .no_bands = !bands };
    pare_estimate *e = NULL;
    if (pare_estimate_make(&t->ctx, &e, net->model, net->shapes, target, &opts))
        fail_msg("%s", t->ctx.message);
    return e;
}

pare_target *validated_target(test_ctx *t, const char *name)
{
    pare_target *target = NULL;
    if (pare_target_find(&t->ctx, &target, name)) fail_msg("%s", t->ctx.message);
    return target;
}

double validated_conv_dram_mb(const pare_estimate *e)
{
    const size_t last = e->target->hardware.n_levels - 1;
    double bytes = 0;
    for (size_t i = 0; i < e->n_layers; i++)
        if (!strcmp(e->layers[i].op, "Conv")) bytes += e->layers[i].bytes[last];
    return bytes * (double)(e->opts.batch ? e->opts.batch : 1) * 1e-6;
}

/* Energy of the convolutions, by layers, without what the last level takes. */
static double chip_conv_uj(const pare_estimate *e)
{
    const pare_hardware *hw = &e->target->hardware;
    const size_t last = hw->n_levels - 1;
    double uj = 0;
    for (size_t i = 0; i < e->n_layers; i++)
        if (!strcmp(e->layers[i].op, "Conv"))
            uj += e->layers[i].uj -
                  e->layers[i].bytes[last] * hw->levels[last].pj_per_byte.value * 1e-6;
    return uj;
}

validated_result validated_estimate(test_ctx *t, const validated_row *row)
{
    validated_net net;
    validated_result r;
    pare_target *target = validated_target(t, row->target);
    validated_build(t, &net, row->net, row->batch, row->form);
    pare_estimate *e = validated_run(t, &net, target, true);
    r = (validated_result){ .uj = e->energy_uj.value,
                            .low = e->energy_uj.low,
                            .high = e->energy_uj.high };
    if (row->part == VALIDATED_CHIP_CONV) { /* as far off as the whole */
        const double share = chip_conv_uj(e) / r.uj;
        r = (validated_result){ .uj = r.uj * share, .low = r.low * share, .high = r.high * share };
    }
    r.ratio = r.uj / row->measured_uj;
    r.is_inside = row->measured_uj >= r.low && row->measured_uj <= r.high;
    pare_estimate_free(&t->ctx, e);
    validated_free(t, &net);
    pare_target_free(&t->ctx, target);
    return r;
}
