/* The ways of one linear node as two: y = second (first x), with a width between them that is the
 * rank. Inside of prune only. */
#ifndef PARE_PRUNE_RANK_FORM_H
#define PARE_PRUNE_RANK_FORM_H

#include "op/infer.h"
#include "op/linear.h"

typedef enum pare_rank_kind {
    PARE_RANK_MATRIX,         /* the node as it is onto the rank, then products alone (1x1) */
    PARE_RANK_INPUT,          /* products alone (1x1) onto the rank, then the window */
    PARE_RANK_SPATIAL,        /* the window along its first axis, then along the others */
    PARE_N_RANK_KINDS,
} pare_rank_kind;

/* "matrix", "input", "spatial"; NULL beyond. */
const char *pare_rank_kind_name(pare_rank_kind kind);

/* Columns of the node's rows fall into `parts` of `width`; the first node maps each part onto the
 * rank by the same [rank, width], the second [out, parts * rank] sums over parts. */
typedef struct pare_rank_form {
    pare_rank_kind kind;
    int64_t parts, width;
    double first, second;     /* multiplications for each unit of the rank; 0: not known */
    double whole;             /* of the node as it is */
} pare_rank_form;

/* Lists the forms of a node in forms [PARE_N_RANK_KINDS], returns how many: none for what cannot be
 * split (groups, ConvTranspose) or whose sizes are not known. */
size_t pare_rank_forms(pare_rank_form *forms, const pare_model *model, const pare_shapes *shapes,
                       const pare_linear *linear);

/* Column of a node's row that is number u of part q. */
int64_t pare_rank_column(const pare_rank_form *form, const pare_linear *linear, int64_t q,
                         int64_t u);

/* The largest rank at which multiplications are saved; 0: none. */
int64_t pare_rank_most(const pare_rank_form *form, const pare_linear *linear);

/* Makes two nodes of one: the first is new, in front of the old one, which keeps its name, its
 * output and its bias. first [rank, width] and second [out, parts * rank], parts outside; NULL:
 * weights are zeros (for what only asks for costs). ENOMEM, EBUDGET. */
pare_status pare_rank_write(pare_ctx *ctx, pare_model *model, const pare_linear *linear,
                            const pare_rank_form *form, int64_t rank, const float *first,
                            const float *second);

#endif
