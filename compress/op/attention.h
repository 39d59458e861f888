/* Parameters of attention in its forms, standard and com.microsoft. Which fields mean something is
 * the operator's. */
#ifndef PARE_OP_ATTENTION_H
#define PARE_OP_ATTENTION_H

#include "op/eval.h"
#include "op/shape.h"

typedef struct pare_attention_params {
    int64_t q_heads, kv_heads; /* 0: not given (4-D inputs say) */
    bool has_scale;
    float scale;              /* has_scale false: 1 / sqrt(head size) */
    float softcap;            /* 0: none */
    bool causal;
    int64_t left_window, right_window; /* -1: unbounded */
    int64_t qk_output_mode;   /* Attention 23: what the fourth output holds; GroupQueryAttention:
                                 0 nothing, 1 the scores before softmax, 2 after */
    pare_dtype softmax_type;  /* UNDEFINED: of the inputs */
    pare_ints qkv_hidden_sizes; /* com.microsoft.Attention; absent: all equal */
    float mask_filter_value;
    bool do_rotary, rotary_interleaved, smooth_softmax;
    int64_t rotary_dim;       /* 0: the whole head */
    bool cache_options; /* GroupQueryAttention: the cache is quantized or slides */
    const pare_graph *score_mod, *prob_mod; /* FlexAttention; NULL: none */
} pare_attention_params;

typedef struct pare_rotary_params {
    int64_t n_heads;          /* 0: the input is 4-D */
    int64_t rotary_dim;       /* 0: the whole head */
    bool interleaved;
    float scale;              /* com.microsoft */
    bool packed_batching;
} pare_rotary_params;

typedef struct pare_linear_attention_params {
    int64_t q_heads, kv_heads, chunk_size;
    float scale;              /* 0: 1 / sqrt(key size) */
    int rule;                 /* 0 linear, 1 gated, 2 delta, 3 gated_delta */
} pare_linear_attention_params;

/* Size of one axis of input i where its rank is known, else unknown. */
static inline pare_num pare_axis_of(const pare_infer_io *io, uint32_t i, uint32_t rank,
                                    uint32_t axis)
{
    const pare_info *in = pare_in(io, i);
    return pare_info_has_rank(in) && in->rank == rank ? in->dims[axis] : pare_num_unknown();
}

pare_eval_fn pare_attention_eval, pare_flex_attention_eval, pare_linear_attention_eval;
pare_eval_fn pare_rotary_eval, pare_ms_rotary_eval;

#endif
