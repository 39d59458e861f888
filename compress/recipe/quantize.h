/* The options of the step `quantize`. */
#ifndef PARE_RECIPE_QUANTIZE_H
#define PARE_RECIPE_QUANTIZE_H

#include "quant/within.h"
#include "recipe/step.h"

/* Names of the values of the enums in quant/settings.h, ended by NULL. */
extern const char *const pare_quantize_weights_names[];
extern const char *const pare_quantize_activations_names[];
extern const char *const pare_quantize_scheme_names[];
extern const char *const pare_quantize_algorithm_names[];
extern const char *const pare_quantize_calibration_names[];
extern const char *const pare_quantize_format_names[];
extern const char *const pare_quantize_correct_names[]; /* of bits, from the lowest on */

/* Tells an outcome that was begun what became of the model: options, lines, what was left. ENOMEM,
 * EBUDGET. */
pare_status pare_quantize_tell(pare_ctx *ctx, pare_step_outcome *outcome,
                               const pare_quantize_report *report,
                               const pare_within_report *within);

#define PARE_QUANTIZE_AT(place, field) ((place) + offsetof(pare_quantize_settings, field))

/* Rows for a table of options; place: offset of the settings in its struct. */
#define PARE_QUANTIZE_ROWS(place)                                                                 \
    { .name = "weights", .kind = PARE_OPT_CHOICE, .placeholder = "TYPE",                          \
      .choices = pare_quantize_weights_names, .offset = PARE_QUANTIZE_AT(place, weights),         \
      .help = "What weights become: int8, int4, int2, float16, bfloat16 (default int8)" },        \
    { .name = "activations", .kind = PARE_OPT_CHOICE, .placeholder = "TYPE",                      \
      .choices = pare_quantize_activations_names,                                                 \
      .offset = PARE_QUANTIZE_AT(place, activations),                                             \
      .help = "What activations become: uint8, int8, uint16, int16 with ranges from data; "       \
              "dynamic, ranges found while the model runs; none, they stay floats; auto, as "     \
              "suits model and target (default)" },                                               \
    { .name = "scheme", .kind = PARE_OPT_CHOICE, .placeholder = "NAME",                           \
      .choices = pare_quantize_scheme_names, .offset = PARE_QUANTIZE_AT(place, scheme),           \
      .help = "Both in one word: w8a8, w8a8-dynamic, w8a16, w4a16, w16a16" },                     \
    { .name = "algorithm", .kind = PARE_OPT_CHOICE, .placeholder = "NAME",                        \
      .choices = pare_quantize_algorithm_names, .offset = PARE_QUANTIZE_AT(place, algorithm),     \
      .help = "How weights find their integers: auto, rtn (nearest), scale-fit, gptq, awq, hqq" },\
    { .name = "block-size", .kind = PARE_OPT_INT, .placeholder = "N", .min = 0, .max = 1 << 20,   \
      .offset = PARE_QUANTIZE_AT(place, block_size),                                              \
      .help = "Weights that share a scale, a power of two (default 0: as the form likes it)" },   \
    { .name = "calibration", .kind = PARE_OPT_CHOICE, .placeholder = "NAME",                      \
      .choices = pare_quantize_calibration_names,                                                 \
      .offset = PARE_QUANTIZE_AT(place, calibration),                                             \
      .help = "How ranges of activations are chosen: auto, minmax, percentile, entropy, mse" },   \
    { .name = "percentile", .kind = PARE_OPT_NUMBER, .placeholder = "P", .min = 50, .max = 100,   \
      .offset = PARE_QUANTIZE_AT(place, percentile),                                              \
      .help = "Share of the numbers that such a range holds, in percent (default 99.99)" },       \
    { .name = "format", .kind = PARE_OPT_CHOICE, .placeholder = "NAME",                           \
      .choices = pare_quantize_format_names, .offset = PARE_QUANTIZE_AT(place, format),           \
      .help = "How integers are written: qdq (QuantizeLinear and DequantizeLinear around nodes) " \
              "or qoperator (QLinearConv and its like); auto, as the target prefers" },           \
    { .name = "per-tensor", .kind = PARE_OPT_FLAG, .offset = PARE_QUANTIZE_AT(place, per_tensor), \
      .help = "One scale for all weights of a node, whatever the target prefers" },               \
    { .name = "correct", .kind = PARE_OPT_SET, .placeholder = "LIST",                             \
      .choices = pare_quantize_correct_names, .offset = PARE_QUANTIZE_AT(place, correct),         \
      .help = "What is done about the loss: equalize, smooth, bias, with commas between; auto or "\
              "none" },                                                                           \
    { .name = "exclude", .kind = PARE_OPT_LIST, .placeholder = "PATTERN",                         \
      .offset = PARE_QUANTIZE_AT(place, exclude),                                                 \
      .help = "Nodes that stay as they are: a name with * and ?, op:Softmax, layer:first, "       \
              "layer:last; may be given many times" },                                            \
    { .name = "override", .key = "overrides", .kind = PARE_OPT_LIST,                              \
      .placeholder = "PATTERN=TYPE", .offset = PARE_QUANTIZE_AT(place, overrides),                \
      .help = "What such nodes become instead: float, int16, int8; int8-weights, int4, int2 of "   \
              "weights alone; may be given many times, the last that matches counts" }

#endif
