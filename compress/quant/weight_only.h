/* Weights in few bits, activations in floats: smaller files, and faster where reading weights
 * decides. What holds 16 bits or more per number (float, float16, bfloat16, double) is taken. */
#ifndef PARE_QUANT_WEIGHT_ONLY_H
#define PARE_QUANT_WEIGHT_ONLY_H

#include "base/contract/target.h"

#include "quant/weights.h"

/* How weights of few bits are written. */
typedef enum pare_weight_storage {
    PARE_STORED_FLOAT,      /* as they were */
    PARE_STORED_NBITS,      /* com.microsoft.MatMulNBits, GatherBlockQuantized */
    PARE_STORED_DEQUANTIZE, /* DequantizeLinear in front of the node; of tables, behind Gather */
} pare_weight_storage;

typedef enum pare_zero_points {
    PARE_ZERO_AUTO,         /* what the target's rules have first for the bits that are asked for */
    PARE_ZERO_FIXED,        /* symmetric */
    PARE_ZERO_FREE,         /* asymmetric */
} pare_zero_points;

typedef struct pare_weight_only_opts {
    const pare_target_rules *rules;
    pare_pool *pool;
    int bits;                    /* 8, 4 or 2 */
    int64_t block;               /* weights that share a scale; 0: as the form likes it, 32 at 4
                                    bits and less, 128 at 8 in MatMulNBits, else one per output */
    pare_weight_storage storage; /* FLOAT: as the target's rules allow, MatMulNBits before
                                    DequantizeLinear */
    pare_zero_points zeros;
    bool any_end;                /* the first and last products, too, get fewer than 8 bits */
    bool products_only;          /* Conv, tables of Gather and others keep their floats: they gain
                                    no speed */
    bool round;                  /* pare_row_round instead of pare_row_fit */
    int64_t accuracy_level;      /* of MatMulNBits; -1: 4, activations in 8 bits in blocks */
    uint64_t min_weights;        /* tensors with fewer stay; 0: those that would not shrink */
    uint64_t stream_from;        /* tensors of so many weights go through memory in pieces where
                                    they can; 0: 2^24 */
    const char *spill_dir;       /* where temporary files may hold what is made of those; NULL:
                                    memory does */

    /* Bits for the weights of a node: 8, 4, 2, 0 for floats, -1 for what is said above. NULL: -1.
     * Where nodes share weights, the most that one of them asks for. */
    int (*bits_of)(void *user, pare_node_id node);

    /* Finds codes instead of pare_weights_quantize, with the same contract. NULL: that. */
    pare_status (*solve)(pare_ctx *ctx, pare_weight_codes **out, const pare_model *model,
                         const pare_linear *linear, pare_pool *pool, const pare_weight_opts *opts,
                         void *user);
    void *user;                  /* for both */
} pare_weight_only_opts;

/* What became of one tensor of weights. Texts are the model's, and live as long as it does. */
typedef struct pare_weight_only_item {
    const char *weight;          /* name of the tensor */
    const char *node, *op;       /* of the first node that reads it; node may be NULL */
    uint32_t n_readers;
    pare_weight_storage stored;
    int bits;
    int64_t block;               /* 0: a scale per output */
    bool zero_points;            /* that are not the middle of the codes, or 0 */
    bool size_only;              /* smaller, but no faster: the runtime computes with floats */
    uint64_t bytes_before, bytes_after;
    double error;                /* mean square of the difference, as a share of the weights' */
    const char *reason;          /* why it stayed as it was, or got more bits than said; NULL */
} pare_weight_only_item;

typedef struct pare_weight_only_report {
    pare_weight_only_item *items; /* [n_items] in the order of the model's tensors; those of rank 2
                                     and more only */
    size_t n_items, cap;
    uint64_t n_quantized, n_kept;
    uint64_t bytes_before, bytes_after; /* of all items */
} pare_weight_only_report;

/* Quantizes the weights of a model, in all of its graphs. Constant nodes that hold weights become
 * initializers; initializers that are inputs as well become constants, with a warning. Opsets are
 * raised only for DequantizeLinear: to 13, to 19 for scales that are no float32, to 21 for blocks
 * and 4 bits. Tied weights stay one tensor. EUNSUPPORTED when the target's rules have no form of so
 * few bits, or the opset cannot be raised; EFORMAT, naming the tensor, for weights that are no
 * numbers; ENOMEM, EBUDGET: the model is then half changed, work on a clone. *report may be NULL;
 * the caller frees it, also after a failure. */
pare_status pare_quantize_weights(pare_ctx *ctx, pare_model *model,
                                  const pare_weight_only_opts *opts,
                                  pare_weight_only_report *report);
void pare_weight_only_report_free(pare_ctx *ctx, pare_weight_only_report *report);

#endif
