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

/* einsum_links.c, rnn_links.c */
pare_links_fn pare_einsum_links, pare_rnn_links;

/* integer_links.c: products and others on integers, and with weights in blocks; first: all inputs
 * but the first are one number each */
pare_links_fn pare_conv_integer_links, pare_qlinear_conv_links, pare_matmul_integer_links;
pare_links_fn pare_qlinear_matmul_links, pare_dynamic_quantize_matmul_links;
pare_links_fn pare_matmul_integer_to_float_links, pare_qgemm_links, pare_matmul_nbits_links;
pare_links_fn pare_qlinear_binary_links, pare_qlinear_where_links, pare_first_links;
pare_links_fn pare_qlinear_softmax_links, pare_qlinear_concat_links;

/* attention_links.c */
pare_links_fn pare_attention_links, pare_rotary_links, pare_ms_rotary_links;
pare_links_fn pare_ms_attention_links, pare_ms_qattention_links, pare_ms_multi_head_links;
pare_links_fn pare_ms_group_query_links;

/* index_links.c */
pare_links_fn pare_gather_elements_links, pare_gather_nd_links, pare_scatter_elements_links;
pare_links_fn pare_scatter_nd_links, pare_block_gather_links, pare_embed_layer_norm_links;
pare_links_fn pare_one_hot_links, pare_top_k_links, pare_cumulative_links, pare_trilu_links;
pare_links_fn pare_reverse_sequence_links, pare_sampling_links, pare_causal_conv_links;

/* norm_links.c: channels are axis 1; the last axes */
pare_links_fn pare_batch_norm_links, pare_instance_norm_links, pare_group_norm_links;
pare_links_fn pare_layer_norm_links, pare_lrn_links, pare_mean_variance_links, pare_lp_norm_links;

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

/* Places within blocks of this size on both axes; inner: of b's size. */
void pare_link_within(pare_links *l, pare_axis_ref a, pare_axis_ref b, int64_t block);
void pare_link_inner(pare_links *l, pare_axis_ref a, pare_axis_ref b);
void pare_link_outer(pare_links *l, pare_axis_ref a, int64_t a_block, pare_axis_ref b,
                     int64_t b_block);
void pare_link_regroup(pare_links *l, uint32_t in, uint32_t out);
void pare_link_free(pare_links *l, pare_axis_ref a);
void pare_link_freeze(pare_links *l, pare_axis_ref a, const char *why);
void pare_link_lossy(pare_links *l, pare_axis_ref a, const char *why);

/* Products of a and b (or a alone, b being a) are summed over the axis: lossy, unless one of them
 * is zero wherever its parameters are. */
void pare_link_sum(pare_links *l, pare_axis_ref a, pare_axis_ref b);

/* Filters lie by the channels `rows` of all groups, [rows, places of a group, taps...]. A group
 * goes as a whole, with its inputs and outputs; else the same places of all groups do. */
typedef struct pare_filters {
    int64_t group;
    uint32_t weight, bias;    /* inputs; PARE_NONE: there is no bias */
} pare_filters;
void pare_link_filters(pare_links *l, const pare_filters *f, pare_axis_ref rows,
                       pare_axis_ref places);

/* Inputs of a product: of two matrices and what is added, as Gemm's params say; as MatMul's. */
void pare_link_gemm(pare_links *l, uint32_t a, uint32_t b, uint32_t c);
void pare_link_matmul(pare_links *l, uint32_t a, uint32_t b, bool trans_a, bool trans_b);

/* Inputs first, first + step, ... stand behind each other on an axis of output 0. */
void pare_link_joined(pare_links *l, int64_t axis, uint32_t first, uint32_t step);

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

/* A float attribute that stands for 1 / sqrt(block) where it is left out or 0. */
void pare_follow_root(pare_links *l, const char *attribute, pare_axis_ref of, int64_t block);

/* A place on an axis, or positions at its end: element `element` of an attribute, or of an input
 * where attribute is NULL. */
void pare_follow_place(pare_links *l, pare_follow_kind kind, const char *attribute, uint32_t input,
                       uint32_t element, pare_axis_ref of);

/* The io that shape helpers of infers take; without outputs. */
pare_infer_io pare_link_infer_io(const pare_links *l);

#endif
