/* What lowerings on codes of 8 bits share. */
#ifndef PARE_RUN_LOWER_BYTES_H
#define PARE_RUN_LOWER_BYTES_H

#include "run/planner.h"

/* As kernels want it. Scales here are one for all, of 8 bits. */
pare_byte_scale pare_byte_scale_of(const pare_codes *codes);

/* What codes 0..255 (as bytes) become: floats, and codes of floats. */
void pare_bytes_to_floats(const pare_codes *codes, float *y);
void pare_floats_to_bytes(const pare_codes *codes, const float *x, uint8_t *y);

/* Whether the group's last node is a QuantizeLinear to 8 bits, one scale for all, and those. */
pare_status pare_lower_end(pare_planner *p, const pare_lowering *l, pare_codes *codes,
                           bool *found);

/* Codes that a QLinear operator reads as input 0, with their scale and zero point behind them, and
 * those that it makes, whose scale and zero point follow. */
pare_status pare_lower_qlinear_ends(pare_planner *p, const pare_lowering *l, pare_codes *from,
                                    pare_codes *to, bool *found);

/* A step that looks codes up in a table [256], which is copied, to make those of `to`. */
pare_status pare_lower_byte_map(pare_planner *p, const pare_codes *from, pare_value_id to,
                                pare_dtype dtype, const uint8_t *table);

/* The same between two places of the same dims. */
pare_status pare_lower_byte_copy(pare_planner *p, const pare_laid *from, const pare_laid *to,
                                 const uint8_t *table);

#endif
