/* Where two models part: noise of every value that both have by name, against the reference's. */
#ifndef PARE_STATS_LAYER_NOISE_H
#define PARE_STATS_LAYER_NOISE_H

#include "ir/model.h"

typedef struct pare_layer_noise_row {
    const char *name;          /* of the value, in the model's arena */
    const char *op;            /* that makes it in the model; NULL: none, or unknown */
    double noise, signal;      /* sum (x - y)^2 and sum y^2 over all samples looked at */
    uint64_t n;                /* samples that have it in both */
} pare_layer_noise_row;

typedef struct pare_layer_noise {
    pare_layer_noise_row *rows; /* [n_rows] in the order of the model's nodes */
    size_t n_rows;
    uint64_t n_samples;
    size_t n_unmatched;        /* values that the reference does not have, but for those that
                                  QuantizeLinear and DequantizeLinear make */
} pare_layer_noise;

/* pare_evaluate fills it (opts->layers): values of the main graphs that are made by nodes, have the
 * same name and shape in both models, and hold numbers, compared in the order of samples. Memory
 * per thread: all compared values of one sample. The caller frees it. */
void pare_layer_noise_free(pare_ctx *ctx, pare_layer_noise *noise);

/* 10 log10(signal / noise); infinite without noise, NaN without signal. */
double pare_layer_noise_db(const pare_layer_noise_row *row);

#endif
