/* What is known about values before running: type, shape, and the content of small tensors. */
#ifndef PARE_OP_INFO_H
#define PARE_OP_INFO_H

#include "ir/model.h"
#include "ir/num.h"

/* Contents are followed for tensors of up to this many elements. */
enum {
    PARE_MAX_CONTENT = 64,
    PARE_MAX_RANK_ASKED =
        4 * PARE_MAX_DIMS, /* what an infer may ask for; above PARE_MAX_DIMS it gets
                                                an unranked tensor */
};

typedef struct pare_info {
    pare_type_kind kind;      /* PARE_TYPE_NONE: nothing is known */
    pare_dtype dtype;         /* elements (map: keys); UNDEFINED: unknown */
    bool has_rank;
    uint32_t rank;
    const pare_num *dims;     /* [rank]; INT, EXPR or UNKNOWN */
    const pare_num *content; /* elements in row-major order; NULL: not followed. Needs known dims */
    uint32_t n_content;       /* elements of content */
    const pare_tensor *constant; /* whole value when it is a constant; borrowed; else NULL */
    const struct pare_info *elem; /* sequence, optional: elements; map: values */
    bool is_empty;            /* sequence: it certainly has no elements */
} pare_info;

/* The result of inference, and the memory that infos point into. */
typedef struct pare_shapes {
    pare_arena arena;
    pare_exprs *exprs;
    pare_info *infos;         /* by value handle; [n_infos] */
    size_t n_infos;
    struct pare_shape_issue *issues; /* what could not be inferred, or was contradictory, and why */
    size_t n_issues, issues_cap;
    const pare_binding *bindings; /* values that stand for symbols of declared types; may be NULL */
    pare_num *spare; /* [PARE_MAX_RANK_ASKED] dims that nobody reads: when memory is short */
    bool short_of_memory;     /* sticky: a maker below failed and returned unknown */
    const struct pare_attr_binding *call_bindings; /* [n_call_bindings] what attribute names mean in
                                                      the call that pare_infer_called was for */
    size_t n_call_bindings;
} pare_shapes;

/* Room for n_infos infos, all unknown. On failure *out may still have to be freed. ENOMEM, EBUDGET.
 * */
pare_status pare_shapes_new(pare_ctx *ctx, pare_shapes **out, size_t n_infos);
void pare_shapes_free(pare_ctx *ctx, pare_shapes *shapes); /* accepts NULL */

/* --- making infos (memory failures are sticky in shapes->short_of_memory) --------------------- */

pare_info pare_info_unknown(void);

/* A tensor whose rank is not known. */
pare_info pare_info_unranked(pare_dtype dtype);

/* A tensor with these dims (copied); content empty. */
pare_info pare_info_tensor(pare_shapes *shapes, pare_dtype dtype, uint32_t rank,
                           const pare_num *dims);

/* The same with every dim still unknown, to be filled in through *dims, which is never NULL. rank
 * is at most PARE_MAX_RANK_ASKED. */
pare_info pare_info_ranked(pare_shapes *shapes, pare_dtype dtype, uint32_t rank, pare_num **dims);

/* A 1-D tensor of n elements, or a scalar, whose content is known. */
pare_info pare_info_vector(pare_shapes *shapes, pare_dtype dtype, const pare_num *content,
                           uint32_t n);
pare_info pare_info_scalar(pare_shapes *shapes, pare_dtype dtype, pare_num content);

pare_info pare_info_sequence(pare_shapes *shapes, pare_info elem);
pare_info pare_info_optional(pare_shapes *shapes, pare_info elem);

/* Attaches content (copied) to a tensor whose number of elements is n; dropped when n is above the
 * limit or differs from the dims. */
void pare_info_set_content(pare_shapes *shapes, pare_info *info, const pare_num *content,
                           uint32_t n);

/* What a declared type says; params become symbols. */
pare_info pare_info_from_type(pare_shapes *shapes, const pare_type *type);

/* What a constant says; content is read when it is small and numeric. `ctx` for decoding
 * payloads. */
pare_info pare_info_from_tensor(pare_ctx *ctx, pare_shapes *shapes, const pare_tensor *tensor);

/* The same type and dims for other values: without content and constant. */
pare_info pare_info_alike(const pare_info *info);

/* --- asking ----------------------------------------------------------------------------------- */

static inline bool pare_info_is_tensor(const pare_info *info)
{
    return info && info->kind == PARE_TYPE_TENSOR;
}

static inline bool pare_info_has_rank(const pare_info *info)
{
    return pare_info_is_tensor(info) && info->has_rank;
}

/* Number of elements as a number: INT, EXPR or UNKNOWN. */
pare_num pare_info_n_elements(pare_shapes *shapes, const pare_info *info);

/* Element i of the content, or unknown when it is not followed or i is past the end. */
pare_num pare_info_at(const pare_info *info, uint32_t i);

/* Whether every element of the content is an integer; if so they are copied to out [n_content]. */
bool pare_info_ints(const pare_info *info, int64_t *out);

/* Combines what two sources say of the same value: unknown parts of `info` are filled in from
 * `other`. Where they contradict, info wins and false is returned. */
bool pare_info_merge(pare_shapes *shapes, pare_info *info, const pare_info *other);

/* What holds whichever of the two a value is: equal parts stay, others become unknown (If,
 * Loop). The elements of an empty sequence are of any shape. */
pare_info pare_info_join(pare_shapes *shapes, const pare_info *a, const pare_info *b);

/* Writes e.g. "float[N,3,224,224]" into out, cut to out_bytes; returns out. */
const char *pare_info_text(char *out, size_t out_bytes, const pare_shapes *shapes,
                           const pare_info *info);

#endif
