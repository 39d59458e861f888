/* Codes without any data that allow few large errors rather than many small ones. */
#ifndef PARE_QUANT_HQQ_H
#define PARE_QUANT_HQQ_H

#include "quant/weights.h"

/* Moves zero points, from those of rounding on, towards a small sum of |error|^0.7 (half-quadratic
 * quantization, Badri and Shaji, 2023). Zero points are integers here, of which the best is often
 * the one that was there; grids that are symmetric, and weights that are no float32, stay as they
 * are. ENOMEM. */
pare_status pare_weights_hqq(pare_ctx *ctx, pare_weight_codes *codes, const pare_model *model,
                             const pare_linear *linear, pare_pool *pool);

#endif
