#include "recipe/quantize.h"

const char *const pare_quantize_weights_names[] = {
    "auto", "int8", "int4", "int2", "float16", "bfloat16", NULL,
};

const char *const pare_quantize_activations_names[] = {
    "auto", "uint8", "int8", "uint16", "int16", "dynamic", "none", NULL,
};

const char *const pare_quantize_scheme_names[] = {
    "auto", "w8a8", "w8a8-dynamic", "w8a16", "w4a16", "w16a16", NULL,
};

const char *const pare_quantize_algorithm_names[] = {
    "auto", "rtn", "scale-fit", "gptq", "awq", "hqq", NULL,
};

const char *const pare_quantize_calibration_names[] = {
    "auto", "minmax", "percentile", "entropy", "mse", NULL,
};

const char *const pare_quantize_format_names[] = { "auto", "qdq", "qoperator", NULL };

const char *const pare_quantize_correct_names[] = {
    "auto", "equalize", "smooth", "bias", "none", NULL,
};

static const pare_option rows[] = { PARE_QUANTIZE_ROWS(0) };

const pare_step pare_step_quantize = {
    .name = "quantize",
    .summary = "Weights and activations in integers of 8 bits or fewer",
    .options = rows,
    .n_options = sizeof(rows) / sizeof(rows[0]),
    .settings_bytes = sizeof(pare_quantize_settings),
};
