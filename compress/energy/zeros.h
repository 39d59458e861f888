/* Zeros among weights, and which of a target's patterns they follow. Inside of energy only. */
#ifndef PARE_ENERGY_ZEROS_H
#define PARE_ENERGY_ZEROS_H

#include "base/contract/target.h"
#include "ir/tensor.h"

/* Weights as the rows that are summed over: element (r, c) of [rows, columns] is number
 * (r / inner * columns + c) * inner + r % inner of the tensor. */
typedef struct pare_weight_rows {
    uint64_t rows, columns, inner;
} pare_weight_rows;

typedef struct pare_zeros {
    uint64_t n, zeros;
    const pare_sparsity_credit *credit; /* the one that saves most energy; NULL: none applies */
    double skipped;                     /* share of the operations that it lets the target skip */
} pare_zeros;

/* Counts the elements that are zero (equal to their zero point: [1], or [axis size] along axis;
 * NULL: 0) and looks for the target's patterns in each of the n_views ways of reading the tensor.
 * Strings and floats narrower than 8 bits have no zeros. EFORMAT for payloads that cannot be
 * decoded; ENOMEM. One pass, and one more per pattern where there are enough zeros. */
pare_status pare_zeros_count(pare_ctx *ctx, pare_zeros *out, const pare_tensor *tensor,
                             const pare_tensor *zero_point, int64_t axis,
                             const pare_hardware *hardware, const pare_weight_rows *views,
                             size_t n_views);

/* The same for a tensor that holds its other elements only: those that it does not name are zero.
 * Indices out of range are left out. */
pare_status pare_zeros_count_sparse(pare_ctx *ctx, pare_zeros *out,
                                    const pare_sparse_tensor *sparse,
                                    const pare_hardware *hardware, const pare_weight_rows *views,
                                    size_t n_views);

/* Reads "2:4" (n of m), "block_1x4" (rows x columns), "unstructured". False: none of these. */
typedef struct pare_zero_pattern {
    enum { PARE_ZEROS_ANY, PARE_ZEROS_N_OF_M, PARE_ZEROS_BLOCK } kind;
    uint64_t a, b;
} pare_zero_pattern;
bool pare_zero_pattern_read(pare_zero_pattern *out, const char *text);

#endif
