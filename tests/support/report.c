#include "support/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const names[TEST_REPORT_MODELS] = {
    "resnet50.onnx", "resnet50-int8.onnx", "resnet50-fp16.onnx",
    "resnet50-pruned-int8.onnx", "resnet50-int8-again.onnx", "resnet50-int4-weights.onnx",
};
static const double shares[TEST_REPORT_MODELS] = { 1, 0.31, 0.62, 0.24, 0.315, 0.78 };
static const double sizes[TEST_REPORT_MODELS] = { 1, 0.26, 0.5, 0.17, 0.26, 0.14 };

static pare_band around(double value, double factor)
{
    return (pare_band){ value, value / factor, value * factor };
}

static void fill_figures(pare_report_figures *f, double share, double size)
{
    *f = (pare_report_figures){
        .priced = true, .params = 25557032, .file_bytes = (uint64_t)(102.6e6 * size),
        .macs = UINT64_C(4089184256), .other_ops = 14000000, .flops = UINT64_C(8192368512),
        .weight_traffic_bytes = (uint64_t)(102e6 * size),
        .activation_traffic_bytes = (uint64_t)(30e6 * size),
        .dram_traffic_bytes = (uint64_t)(132e6 * size), .energy_mj = around(412 * share, 2.1),
        .energy_terms_mj = { 250 * share, 92 * share, 60 * share, 10 * share },
        .latency_ms = around(21.5 * sqrt(share), 1.7), .ram_peak_bytes = (uint64_t)(9.6e6 * size),
        .flash_bytes = (uint64_t)(102.2e6 * size), .sparsity = 0.001,
    };
}

static void fill_layers(test_report *t, size_t m, size_t n)
{
    static const char *const ops[] = { "Conv", "Conv", "Add", "MatMul" };
    for (size_t i = 0; i < n; i++) {
        const double share = shares[m] * (1 + (double)((i * 7) % 11)) / (double)n;
        char *const name = t->names + 64 * i;
        snprintf(name, 64, "/layer%zu/conv%zu", i / 3, i % 3);
        t->layers[m][i] = (pare_report_layer){
            .name = name, .op = ops[i % 4], .macs = i % 4 == 2 ? 0 : 118013952,
            .traffic_bytes = 2000000 + 10000 * i, .energy_uj = 68000 * share,
            .latency_us = 6000 * share, .intensity = 4 + (double)((i * 13) % 60),
            .bound = i % 3 ? "compute" : "memory", .weight_type = m ? "int8" : "float32",
            .activation_type = m ? "uint8" : "float32", .sparsity = 0.001,
            .sqnr_db = m == 1 ? 12 + (double)((i * 5) % 37) : NAN,
            .ram_bytes = 3000000 + 100000 * ((i * 17) % 50), .peak_ops_per_s = m ? 9e11 : 3e11,
            .bytes_per_s = 2e10, .modelled = i != 2,
        };
        t->ram_steps[m][i] = (uint64_t)((double)t->layers[m][i].ram_bytes * sizes[m]);
    }
}

static void fill_model(test_report *t, size_t m, size_t n_layers)
{
    static const pare_report_holder peak[] = {
        { "/layer1/conv2_output_0", 3211264 }, { "/layer1/relu_output_0", 3211264 },
        { "/layer0/conv0_output_0", 802816 },
    };
    static const char *const unmodelled[] = { "com.example.Fancy (/head/fancy)" };
    t->layers[m] = calloc(n_layers + 1, sizeof(*t->layers[m]));
    t->ram_steps[m] = calloc(n_layers + 1, sizeof(*t->ram_steps[m]));
    for (size_t k = 0; k < TEST_REPORT_TARGETS; k++) {
        const double share = k ? 0.5 + 0.5 * shares[m] : shares[m];
        fill_figures(&t->figures[m][k], share, sizes[m]);
        t->ratios[m][k] = (pare_report_ratio){
            .energy = { share, 0.9 * share, 1.13 * share },
            .latency = { sqrt(share), 0.8 * sqrt(share), 1.2 * sqrt(share) },
            .energy_ordered = true, .latency_ordered = true,
        };
    }
    fill_layers(t, m, n_layers);
    t->models[m] = (pare_report_model){
        .name = names[m],
        .sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        .figures = t->figures[m],
        .ratios = m ? t->ratios[m] : NULL,
        .layers = t->layers[m],
        .n_layers = n_layers,
        .ram_steps = t->ram_steps[m],
        .n_ram_steps = n_layers,
        .peak = peak,
        .n_peak = 3,
        .unmodelled = unmodelled,
        .n_unmodelled = 1,
    };
}

void test_report_make(test_report *t, size_t n_models, size_t n_layers)
{
    static const char *const warnings[] = { "input 'data': dimension 'N' is taken as 1" };
    *t = (test_report){ .targets = { { "ort-x64", 1, "estimated", "package" },
                                     { "cortex-m7", 2, "fitted", "chip" } } };
    t->names = calloc(n_layers + 1, 64);
    for (size_t m = 0; m < n_models; m++) fill_model(t, m, n_layers);
    t->gates[0] = (pare_report_gate){ "max-energy", names[n_models - 1], "45 %", "31.0 %", true,
                                      true, NULL, NULL };
    t->gates[1] = (pare_report_gate){ "max-size", names[n_models - 1], "20.0 MB", "26.7 MB", false,
                                      true, "is 6.70 MB more than may remain",
                                      "pare quantize --weights int4" };
    t->tie = (pare_report_tie){ 1, n_models - 1, 0, "energy", { 1.01, 0.98, 1.05 } };
    t->report = (pare_report){
        .verb = "compare", .tool_version = "0.1.0", .kernel_level = "avx2",
        .targets = t->targets, .n_targets = TEST_REPORT_TARGETS,
        .models = t->models, .n_models = n_models,
        .ties = n_models > 2 ? &t->tie : NULL, .n_ties = n_models > 2,
        .gates = n_models == 2 ? t->gates : NULL, .n_gates = n_models == 2 ? 2 : 0,
        .use = { .sentence = n_models == 2 ? "At 10 million inferences a month: 0.793 kWh less, "
                                             "302 g CO2e less." : NULL,
                 .kwh = 0.353, .gco2e = 134, .cost = 0.09, .currency = "EUR" },
        .shapes = "data=1x3x224x224", .warnings = warnings, .n_warnings = 1,
    };
}

void test_report_free(test_report *t)
{
    for (size_t m = 0; m < TEST_REPORT_MODELS; m++) {
        free(t->layers[m]);
        free(t->ram_steps[m]);
    }
    free(t->names);
}
