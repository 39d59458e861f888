/* What a user asks of quantization: the options of the step, as flags of the verb and keys of a
 * recipe say them. Plain values; 0 everywhere is the default. */
#ifndef PARE_QUANT_SETTINGS_H
#define PARE_QUANT_SETTINGS_H

#include "base/contract/recipe.h"

typedef enum pare_quantize_weights_kind {
    PARE_QUANTIZE_WEIGHTS_AUTO, /* of 8 bits */
    PARE_QUANTIZE_INT8,
    PARE_QUANTIZE_INT4,
    PARE_QUANTIZE_INT2,
    PARE_QUANTIZE_FLOAT16,
    PARE_QUANTIZE_BFLOAT16,
} pare_quantize_weights_kind;

typedef enum pare_quantize_activations_kind {
    PARE_QUANTIZE_ACTIVATIONS_AUTO, /* none with weights other than of 8 bits; dynamic for
                                       transformers; integers of 8 bits for others */
    PARE_QUANTIZE_ACTIVATIONS_UINT8,
    PARE_QUANTIZE_ACTIVATIONS_INT8,
    PARE_QUANTIZE_ACTIVATIONS_UINT16,
    PARE_QUANTIZE_ACTIVATIONS_INT16,
    PARE_QUANTIZE_ACTIVATIONS_DYNAMIC, /* ranges of each input while the model runs */
    PARE_QUANTIZE_ACTIVATIONS_NONE,
} pare_quantize_activations_kind;

/* Both in one word, as the literature writes them. */
typedef enum pare_quantize_scheme {
    PARE_QUANTIZE_SCHEME_AUTO,
    PARE_QUANTIZE_W8A8,
    PARE_QUANTIZE_W8A8_DYNAMIC,
    PARE_QUANTIZE_W8A16,      /* activations stay as they are, in 16 bits or 32 */
    PARE_QUANTIZE_W4A16,
    PARE_QUANTIZE_W16A16,
} pare_quantize_scheme;

/* How weights find their codes. */
typedef enum pare_quantize_algorithm {
    PARE_QUANTIZE_ALGORITHM_AUTO, /* rounding for 8 bits, the best there are data for below */
    PARE_QUANTIZE_RTN,
    PARE_QUANTIZE_SCALE_FIT,
    PARE_QUANTIZE_GPTQ,
    PARE_QUANTIZE_AWQ,
    PARE_QUANTIZE_HQQ,
} pare_quantize_algorithm;

/* How ranges of activations are chosen. */
typedef enum pare_quantize_calibration {
    PARE_QUANTIZE_CALIBRATION_AUTO,
    PARE_QUANTIZE_CALIBRATION_MINMAX,
    PARE_QUANTIZE_CALIBRATION_PERCENTILE,
    PARE_QUANTIZE_CALIBRATION_ENTROPY,
    PARE_QUANTIZE_CALIBRATION_MSE,
} pare_quantize_calibration;

typedef enum pare_quantize_format {
    PARE_QUANTIZE_FORMAT_AUTO, /* what the target prefers */
    PARE_QUANTIZE_QDQ,
    PARE_QUANTIZE_QOPERATOR,
} pare_quantize_format;

/* Corrections, as bits of pare_quantize_settings.correct. */
enum {
    PARE_CORRECT_AUTO = 1,     /* those that help as a rule: equalize where channels differ, bias */
    PARE_CORRECT_EQUALIZE = 2, /* between layers, without data */
    PARE_CORRECT_SMOOTH = 4,   /* SmoothQuant: between activations and weights */
    PARE_CORRECT_BIAS = 8,     /* of what outputs lost on average */
    PARE_CORRECT_NONE = 16,
};

typedef struct pare_quantize_settings {
    int weights, activations, scheme; /* the enums above */
    int algorithm, calibration, format;
    uint32_t correct;         /* bits as above; 0: PARE_CORRECT_AUTO */
    int64_t block_size;       /* weights that share a scale; 0: as the form has it */
    double percentile;        /* of PARE_QUANTIZE_CALIBRATION_PERCENTILE; 0: 99.99 */
    bool per_tensor;          /* one scale for all weights of a node, whatever the target prefers */
    pare_option_list exclude; /* patterns of nodes that stay as they are (ir/pattern.h) */
    pare_option_list overrides; /* "match=keep": pattern, and what the weights of its nodes become:
                                   float, int8, int4; the last that matches counts */
} pare_quantize_settings;

#endif
