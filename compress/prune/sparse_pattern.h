/* Which weights may be zero together. Rows of weights are those of op/linear.h: inputs next to each
 * other, taps outside. */
#ifndef PARE_PRUNE_SPARSE_PATTERN_H
#define PARE_PRUNE_SPARSE_PATTERN_H

#include "op/linear.h"

typedef struct pare_sparse_pattern {
    enum { PARE_PATTERN_ANY, PARE_PATTERN_N_OF_M, PARE_PATTERN_BLOCK } kind;
    int64_t n, m;             /* at most n of m inputs at a tap are not zero; blocks of n outputs
                                 and m inputs at a tap */
} pare_sparse_pattern;

enum { PARE_PATTERN_MOST = 64 }; /* n and m of blocks; m of n:m */

/* Reads "unstructured", "2:4", "1x4". EUSAGE, in words. */
pare_status pare_sparse_pattern_read(pare_ctx *ctx, pare_sparse_pattern *out, const char *text);

/* Writes it as it is read to out, which it returns. */
const char *pare_sparse_pattern_show(char *out, size_t out_bytes,
                                     const pare_sparse_pattern *pattern);

/* A node's rows, cut into units that go as one: `size` inputs (fewer in the last of a tap) of
 * `height` outputs (fewer in the last). Cells are the m inputs of n:m. */
typedef struct pare_sparse_cut {
    int64_t taps, in, rows;   /* rows: of one group of the node */
    int64_t size, height;
    int64_t per_tap, n_units; /* units of a tap, of a row */
    int64_t n_bands;          /* of `height` rows */
    int64_t cell, may_stay;   /* n:m: inputs of a cell, units of one that stay at most; 0: none */
    int64_t n_cells;          /* of a row */
} pare_sparse_cut;

pare_sparse_cut pare_sparse_cut_of(const pare_sparse_pattern *pattern, const pare_linear *linear);

/* First column of a unit, and its columns. */
static inline int64_t pare_unit_first(const pare_sparse_cut *c, int64_t unit)
{
    return unit / c->per_tap * c->in + unit % c->per_tap * c->size;
}
static inline int64_t pare_unit_size(const pare_sparse_cut *c, int64_t unit)
{
    const int64_t at = unit % c->per_tap * c->size;
    return c->in - at < c->size ? c->in - at : c->size;
}

/* Rows of a band. */
static inline int64_t pare_band_rows(const pare_sparse_cut *c, int64_t band)
{
    const int64_t at = band * c->height;
    return c->rows - at < c->height ? c->rows - at : c->height;
}

/* Cell of a unit (of size 1), and how many units of a cell have to go. */
static inline int64_t pare_unit_cell(const pare_sparse_cut *c, int64_t unit)
{
    const int64_t per_tap = (c->in + c->cell - 1) / c->cell;
    return unit / c->per_tap * per_tap + unit % c->per_tap / c->cell;
}
static inline int64_t pare_cell_goes(const pare_sparse_cut *c, int64_t cell)
{
    const int64_t per_tap = (c->in + c->cell - 1) / c->cell;
    const int64_t left = c->in - cell % per_tap * c->cell;
    const int64_t size = left < c->cell ? left : c->cell;
    return size > c->may_stay ? size - c->may_stay : 0;
}

#endif
