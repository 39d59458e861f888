/* The costs of operators (op/cost.h): the facets that rows of the table name, by the file that has
 * them. Inside of op only. */
#ifndef PARE_OP_COSTS_H
#define PARE_OP_COSTS_H

#include "op/op.h"

/* elementwise_cost.c */
pare_cost_fn pare_unary_cost, pare_activation_cost, pare_binary_cost, pare_variadic_cost;
pare_cost_fn pare_where_cost, pare_cast_cost, pare_dropout_cost;

/* move_cost.c: copies of everything, of as much as comes out; constants; writes into a copy */
pare_cost_fn pare_move_cost, pare_pick_cost, pare_fill_cost, pare_scatter_cost;
pare_cost_fn pare_gather_block_quantized_cost, pare_col2im_cost;

/* select_cost.c: sizes that depend on data */
pare_cost_fn pare_non_zero_cost, pare_compress_cost, pare_unique_cost, pare_top_k_cost;
pare_cost_fn pare_nms_cost, pare_one_hot_cost;

/* conv_cost.c */
pare_cost_fn pare_conv_cost, pare_qlinear_conv_cost, pare_conv_integer_cost, pare_deform_conv_cost;
pare_cost_fn pare_conv_transpose_cost, pare_causal_conv_cost;

/* matmul_cost.c, einsum_cost.c, ms_moe_cost.c */
pare_cost_fn pare_gemm_cost, pare_qgemm_cost, pare_matmul_cost, pare_matmul_integer_cost;
pare_cost_fn pare_qlinear_matmul_cost, pare_dynamic_quantize_matmul_cost;
pare_cost_fn pare_matmul_integer_to_float_cost, pare_matmul_nbits_cost;
pare_cost_fn pare_einsum_cost, pare_moe_cost;

/* attention_cost.c, ms_attention_cost.c, rnn_cost.c */
pare_cost_fn pare_attention_cost, pare_flex_attention_cost, pare_linear_attention_cost;
pare_cost_fn pare_rotary_cost, pare_ms_attention_cost, pare_ms_qattention_cost;
pare_cost_fn pare_multi_head_cost, pare_group_query_cost, pare_embed_layer_norm_cost;
pare_cost_fn pare_rnn_cost;

/* norm_cost.c, reduce_cost.c, pool_cost.c, resize_cost.c */
pare_cost_fn pare_batch_norm_cost, pare_channel_norm_cost, pare_layer_norm_cost, pare_lrn_cost;
pare_cost_fn pare_lp_norm_cost, pare_mean_variance_norm_cost;
pare_cost_fn pare_reduce_cost, pare_softmax_cost, pare_loss_cost, pare_scan_axis_cost;
pare_cost_fn pare_pool_cost, pare_global_pool_cost;
pare_cost_fn pare_resize_cost, pare_grid_sample_cost, pare_affine_grid_cost, pare_roi_cost;

/* quantize_cost.c */
pare_cost_fn pare_quantize_cost, pare_dequantize_cost, pare_dynamic_quantize_cost;
pare_cost_fn pare_qlinear_cost;

/* signal_cost.c, strings_cost.c, nested_cost.c */
pare_cost_fn pare_dft_cost, pare_stft_cost, pare_window_function_cost, pare_random_cost;
pare_cost_fn pare_det_cost, pare_tf_idf_cost;
pare_cost_fn pare_if_cost, pare_loop_cost, pare_scan_cost, pare_sequence_map_cost;

#endif
