/* Zeros that are not stored. */
#ifndef PARE_PRUNE_SPARSE_STORE_H
#define PARE_PRUNE_SPARSE_STORE_H

#include "ir/model.h"

/* What weights take, in bytes. */
typedef struct pare_sparse_stored {
    uint64_t n_sparse;        /* initializers that became SparseTensors */
    uint64_t n_dense;         /* that have zeros, but are smaller as they are */
    uint64_t before, after;   /* all of both */
    uint64_t packed;          /* what they would take as one bit for each weight and those values
                                 that are not zero: no file of ONNX's has that */
} pare_sparse_stored;

/* Makes SparseTensors (COO: the values that are not zero, and the place of each, 8 bytes) of those
 * initializers of the main graph that are smaller so: for float32 from two thirds zeros on. Only
 * weights of Conv, ConvTranspose, Gemm and MatMul; ONNX Runtime makes them dense when it loads the
 * file. only_count: changes nothing, counts what it would. ENOMEM, EBUDGET. */
pare_status pare_prune_store_sparse(pare_ctx *ctx, pare_model *model, bool only_count,
                                    pare_sparse_stored *out);

#endif
