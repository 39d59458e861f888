/* Quantizing one row of weights: those that one output is summed from, in the order in which they
 * are. Rows are independent of each other, so that many may be worked on at once. */
#ifndef PARE_QUANT_ROW_H
#define PARE_QUANT_ROW_H

#include <stdbool.h>
#include <stdint.h>

/* Integers that a weight becomes, and what shares a scale. */
typedef struct pare_weight_form {
    int32_t low, high;        /* codes: -127 .. 127, -8 .. 7, 0 .. 15 */
    bool symmetric;           /* the zero point is fixed: `zero` */
    int32_t zero;             /* of symmetric ones: 0, or 8 for codes 0 .. 15 */
    int64_t block;            /* weights that share a scale; 0: the row */
    bool pair_safe;           /* signed codes of 8 bits for processors that add two products with
                                 bytes of 0 .. 255 in 16 bits: of each two neighbours in the row
                                 (the first of them at an even place) those of one sign sum up to
                                 at most 128 */
} pare_weight_form;

/* A row in integers; the caller's memory. Weight i is about (codes[i] - zeros[b]) * scales[b], b
 * being the number of its block. */
typedef struct pare_row_codes {
    int8_t *codes;            /* [n]; codes above 127 do not occur */
    float *scales;            /* [pare_row_blocks] finite and not 0 */
    int32_t *zeros;           /* [pare_row_blocks] */
} pare_row_codes;

/* Blocks in a row of n weights. */
int64_t pare_row_blocks(const pare_weight_form *form, int64_t n);

/* Rounds to the nearest code, the scale taken from the largest weights. A symmetric grid with one
 * code more on one side gives that to the side of the largest magnitude, by the sign of the scale,
 * if signed_scale. Blocks of zeros get scale 1. Weights are finite. */
void pare_row_round(const pare_weight_form *form, bool signed_scale, int64_t n, const float *row,
                    const pare_row_codes *out);

/* Least sum of importance[i] * (row[i] - what it becomes)^2: scales near that of pare_row_round are
 * tried, each followed by the best scale (and zero point) for its codes in closed form (after
 * llama.cpp's make_qkx3_quants). importance NULL: all equal. Not for pair_safe forms. */
void pare_row_fit(const pare_weight_form *form, bool signed_scale, int64_t n, const float *row,
                  const float *importance, const pare_row_codes *out);

/* Rounds to a scale that is given, with zero points form->zero. */
void pare_row_round_to(const pare_weight_form *form, float scale, int64_t n, const float *row,
                       const pare_row_codes *out);

/* The scale that pare_row_round gives a row without blocks, of a symmetric form. */
float pare_row_scale(const pare_weight_form *form, bool signed_scale, int64_t n, const float *row);

/* What the row becomes. */
void pare_row_restore(const pare_weight_form *form, int64_t n, const pare_row_codes *codes,
                      float *row);

#endif
