/* Lists of numbers that one version of an operator has as attribute and another as input. */
#ifndef PARE_OP_LIST_H
#define PARE_OP_LIST_H

#include "op/shape.h"

/* As far as a list is known before running. */
typedef struct pare_list {
    bool given;             /* false: there is neither attribute nor input */
    bool has_length;        /* false: n is not known, nor any element; so for inputs longer than
                               PARE_MAX_RANK_ASKED, so that loops over n are short */
    uint32_t n;
    const int64_t *ints;    /* elements of an attribute; else NULL */
    const pare_info *input; /* else NULL */
} pare_list;

/* The attribute where it was found, else input i. EFORMAT when that input has more than one
 * axis. */
pare_status pare_list_get(pare_ctx *ctx, const pare_infer_io *io, pare_ints attr, uint32_t i,
                          pare_list *out);

/* Element i: INT (also of reals that are whole) or EXPR; else, and past the end, unknown. */
pare_num pare_list_at(const pare_list *list, uint32_t i);

/* Whether length and elements are all known integers. */
bool pare_list_known(const pare_list *list);

/* A list of axes in [-rank, rank) made non-negative, into out [PARE_MAX_DIMS]. *known is false when
 * an element or the length is not known. EFORMAT, naming `what`, for axes out of range or given
 * twice. */
pare_status pare_list_axes(pare_ctx *ctx, const pare_infer_io *io, const char *what,
                           const pare_list *list, uint32_t rank, uint32_t *out, bool *known);

#endif
