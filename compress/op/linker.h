/* What links of operators are written with. Inside of op only.
 *
 * Makers are sticky: links->status remembers that memory was short. Axes that an operand does not
 * have, whose size is not known or is 1 are passed over. */
#ifndef PARE_OP_LINKER_H
#define PARE_OP_LINKER_H

#include "op/links.h"
#include "op/shape.h"

/* --- facets that many operators share, by the file that has them ------------------------------ */

/* elementwise_links.c: all inputs are broadcast to the outputs; those behind the first are
 * parameters of one element or of the shape of the channels */
pare_links_fn pare_elementwise_links, pare_binary_links, pare_prelu_links, pare_quantize_links;

/* product_links.c */
pare_links_fn pare_conv_links, pare_conv_transpose_links, pare_gemm_links, pare_matmul_links;

/* norm_links.c: channels are axis 1; the last axes */
pare_links_fn pare_batch_norm_links, pare_instance_norm_links, pare_group_norm_links;
pare_links_fn pare_layer_norm_links, pare_lrn_links;

/* window_links.c: spatial axes are fixed, batch and channels pass */
pare_links_fn pare_pool_links, pare_resize_links;

/* reduce_links.c */
pare_links_fn pare_reduce_links, pare_arg_links, pare_softmax_links;

/* move_links.c */
pare_links_fn pare_reshape_links, pare_transpose_links, pare_concat_links, pare_split_links;
pare_links_fn pare_slice_links, pare_gather_links, pare_expand_links, pare_tile_links;
pare_links_fn pare_pad_links, pare_depth_to_space_links, pare_space_to_depth_links;
pare_links_fn pare_shape_links, pare_fill_links;

/* --- makers ----------------------------------------------------------------------------------- */

/* Input or output i as far as its rank is known; else NULL. */
const pare_info *pare_link_in(const pare_links *l, uint32_t i);
const pare_info *pare_link_out(const pare_links *l, uint32_t i);

static inline pare_axis_ref pare_in_axis(uint32_t operand, uint32_t axis)
{
    return (pare_axis_ref){ false, operand, axis };
}

static inline pare_axis_ref pare_out_axis(uint32_t operand, uint32_t axis)
{
    return (pare_axis_ref){ true, operand, axis };
}

/* Positions on an axis; 0: unknown, or there is no such axis. */
int64_t pare_link_extent(const pare_links *l, pare_axis_ref axis);

void pare_link_tie(pare_links *l, pare_axis_ref a, pare_axis_ref b);

/* All `count` positions of part with those of whole from `start` on. */
void pare_link_stack(pare_links *l, pare_axis_ref part, pare_axis_ref whole, int64_t start,
                     int64_t count);

void pare_link_inner(pare_links *l, pare_axis_ref a, pare_axis_ref b);
void pare_link_outer(pare_links *l, pare_axis_ref a, int64_t a_block, pare_axis_ref b,
                     int64_t b_block);
void pare_link_regroup(pare_links *l, uint32_t in, uint32_t out);
void pare_link_free(pare_links *l, pare_axis_ref a);
void pare_link_freeze(pare_links *l, pare_axis_ref a, const char *why);
void pare_link_lossy(pare_links *l, pare_axis_ref a, const char *why);

/* Every axis of an input with that of an output: of the same rank, but for those marked (NULL:
 * none). */
void pare_link_alike(pare_links *l, uint32_t in, uint32_t out, const bool *without);

/* The same, the input being broadcast: its axis 0 is axis `offset` of the output. */
void pare_link_spread(pare_links *l, uint32_t in, uint32_t out, uint32_t offset);

/* --- numbers that follow ---------------------------------------------------------------------- */

/* Element `element` of a constant input is how many blocks of an axis there are. */
void pare_follow_count(pare_links *l, uint32_t input, uint32_t element, pare_axis_ref of,
                       int64_t block);

/* The same of an attribute: an integer, or element `element` of a list. */
void pare_follow_count_attr(pare_links *l, const char *attribute, uint32_t element,
                            pare_axis_ref of, int64_t block);

/* A place on an axis, or positions at its end: element `element` of an attribute, or of an input
 * where attribute is NULL. */
void pare_follow_place(pare_links *l, pare_follow_kind kind, const char *attribute, uint32_t input,
                       uint32_t element, pare_axis_ref of);

/* The io that shape helpers of infers take; without outputs. */
pare_infer_io pare_link_infer_io(const pare_links *l);

#endif
