#include "support/eval.h"
#include "support/test.h"

/* Queries of 0 weigh all keys alike, so that values are simply averaged. */

static void attention(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 23,
          "float[1,1,1,2] q = {0, 0}, float[1,1,2,2] k = {1, 2, 3, 4}, float[1,1,2,1] v = {1, 3}",
          "y = Attention(q, k, v)", "float[1,1,1,1] {2}" },
        /* e^(ln 3) : 1 */
        { 23,
          "float[1,1,1,1] q = {1.0986123}, float[1,1,2,1] k = {1, 0}, float[1,1,2,1] v = {0, 4}",
          "y = Attention<scale = 1.0>(q, k, v)", "float[1,1,1,1] {1}" },
        { 23, "float[1,1,2,1] q = {0, 0}, float[1,1,2,1] k = {1, 2}, float[1,1,2,1] v = {2, 4}",
          "y = Attention<is_causal = 1>(q, k, v)", "float[1,1,2,1] {2, 3}" },
        { 23,
          "double[1,1,2,1] q = {0, 0}, double[1,1,2,1] k = {1, 2}, double[1,1,2,1] v = {2, 4}, "
          "bool[2,2] m = {0, 1, 0, 0}",
          "y = Attention(q, k, v, m)", "double[1,1,2,1] {4, 0}" },
        { 23,
          "float16[1,1,1,1] q = {0}, float16[1,1,2,1] k = {0, 0}, float16[1,1,2,1] v = "
          "{15360, 16384}, float16[1,2] m = {0, 64512}",
          "y = Attention(q, k, v, m)", "float16[1,1,1,1] {1}" },
        /* a mask of fewer keys hides the others */
        { 23,
          "float[1,1,1,1] q = {0}, float[1,1,3,1] k = {1, 2, 3}, float[1,1,3,1] v = {2, 4, 9}, "
          "float[1,2] m = {0, 0}",
          "y = Attention(q, k, v, m)", "float[1,1,1,1] {3}" },
        /* two query heads share one head of keys; 3-D */
        { 23, "float[1,1,2] q = {0, 0}, float[1,2,1] k = {1, 2}, float[1,2,2] v = {1, 2, 3, 4}",
          "y = Attention<q_num_heads = 2, kv_num_heads = 1>(q, k, v)",
          "float[1,1,4] {2, 3, 2, 3}" },
        { 23,
          "float[1,1,2,1] q = {0, 0}, float[1,1,2,1] k = {1, 2}, float[1,1,2,1] v = {2, 4}, "
          "float[1,1,1,1] pk = {5}, float[1,1,1,1] pv = {9}",
          "y, y2, y3 = Attention<is_causal = 1>(q, k, v, \"\", pk, pv)",
          "float[1,1,2,1] {5.5, 5}; float[1,1,3,1] {5, 1, 2}; float[1,1,3,1] {9, 2, 4}" },
        { 24,
          "float[2,1,1,1] q = {0, 0}, float[2,1,3,1] k = {1, 2, 3, 1, 2, 3}, "
          "float[2,1,3,1] v = {2, 4, 9, 2, 4, 9}, int64[2] n = {2, 1}",
          "y = Attention(q, k, v, \"\", \"\", \"\", n)", "float[2,1,1,1] {3, 2}" },
        { 24,
          "float[1,1,2,1] q = {0, 0}, float[1,1,3,1] k = {1, 2, 3}, "
          "float[1,1,3,1] v = {2, 4, 9}, int64[1] n = {2}",
          "y = Attention<is_causal = 1>(q, k, v, \"\", \"\", \"\", n)", "float[1,1,2,1] {2, 3}" },
        { 25,
          "float[1,1,3,1] q = {0, 0, 0}, float[1,1,3,1] k = {1, 2, 3}, "
          "float[1,1,3,1] v = {2, 4, 9}",
          "y = Attention<left_window_size = 1, right_window_size = 0>(q, k, v)",
          "float[1,1,3,1] {2, 3, 6.5}" },
    };
    TEST_EVAL(rows);
}

static void attention_shows_its_scores(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 23,
          "float[1,1,1,1] q = {2}, float[1,1,2,1] k = {3, 0}, float[1,1,2,1] v = {5, 5}, "
          "float[1,2] m = {1, 2}",
          "y, y2, y3, y4 = Attention<scale = 1.0, softcap = 3.0>(q, k, v, m)",
          "float[1,1,1,1] {5}; float[1,1,2,1] {3, 0}; float[1,1,2,1] {5, 5}; "
          "float[1,1,1,2] {6, 0}" },
        { 23,
          "float[1,1,1,1] q = {2}, float[1,1,2,1] k = {3, 0}, float[1,1,2,1] v = {5, 5}, "
          "float[1,2] m = {1, 2}",
          "y, y2, y3, y4 = Attention<scale = 1.0, softcap = 3.0, qk_matmul_output_mode = 1>"
          "(q, k, v, m)",
          "float[1,1,1,1] {5}; float[1,1,2,1] {3, 0}; float[1,1,2,1] {5, 5}; "
          "float[1,1,1,2] {2.892083, 0}" },
        { 23,
          "float[1,1,1,1] q = {2}, float[1,1,2,1] k = {3, 0}, float[1,1,2,1] v = {5, 5}, "
          "float[1,2] m = {1, 2}",
          "y, y2, y3, y4 = Attention<scale = 1.0, softcap = 3.0, qk_matmul_output_mode = 2>"
          "(q, k, v, m)",
          "float[1,1,1,1] {5}; float[1,1,2,1] {3, 0}; float[1,1,2,1] {5, 5}; "
          "float[1,1,1,2] {3.892083, 2}" },
        { 23,
          "float[1,1,1,1] q = {0}, float[1,1,3,1] k = {1, 1, 1}, float[1,1,3,1] v = {3, 3, 3}",
          "y, y2, y3, y4 = Attention<softmax_precision = 10, qk_matmul_output_mode = 3>(q, k, v)",
          "float[1,1,1,1] {2.999268}; float[1,1,3,1] {1, 1, 1}; float[1,1,3,1] {3, 3, 3}; "
          "float[1,1,1,3] {0.333252, 0.333252, 0.333252}" },
        { 23,
          "float[1,1,1,1] q = {0}, float[1,1,2,1] k = {1, 1}, float[1,1,2,1] v = {3, 5}",
          "y = Attention<softmax_precision = 11>(q, k, v)", "float[1,1,1,1] {4}" },
    };
    TEST_EVAL(rows);
}

static void attention_refuses_what_does_not_fit(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 23, "float[1,3,1,2] q = {0, 0, 0, 0, 0, 0}, float[1,2,1,2] k = {1, 2, 3, 4}",
          "y = Attention(q, k, k)", "error: expected a multiple of 2 of the key, found 3" },
        { 23, "float[1,1,1,2] q = {0, 0}, float[1,1,1,1] k = {1}", "y = Attention(q, k, k)",
          "error: head sizes of query and key" },
        { 23, "float[1,1,2,1] k = {1, 2}, float[1,1,1,1] v = {1}", "y = Attention(k, k, v)",
          "error: steps of key and value" },
        { 23, "float[1,1,2,1] k = {1, 2}, float[3,2] m = {0, 0, 0, 0, 0, 0}",
          "y = Attention(k, k, k, m)", "error: expected a mask for [1,1,2,2]" },
        { 23, "float[1,1,2,1] k = {1, 2}", "y = Attention(k, k, k, \"\", k)",
          "error: expected both or none" },
        { 23, "float[1,2,3] k = {1, 2, 3, 4, 5, 6}",
          "y = Attention<q_num_heads = 2, kv_num_heads = 2>(k, k, k)",
          "error: expected a number of heads that divides 3, found 2" },
        { 24, "float[1,1,2,1] k = {1, 2}, int64[1] n = {3}",
          "y = Attention(k, k, k, \"\", \"\", \"\", n)",
          "error: expected lengths up to 2, found 3" },
        { 23, "float[0,1,2,1] k = {}", "y = Attention(k, k, k)", "float[0,1,2,1] {}" },
    };
    TEST_EVAL(rows);
}

static void projected_attention(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 17, "float[1,2,1] x = {1, 2}, float[1,3] w = {0, 0, 1}, float[3] b = {0, 0, 1}",
          "y = com.microsoft.Attention<num_heads = 1>(x, w, b)", "float[1,2,1] {2.5, 2.5}" },
        { 17, "float[1,2,1] x = {1, 2}, float[1,4] w = {0, 0, 1, 10}",
          "y = com.microsoft.Attention<num_heads = 1, qkv_hidden_sizes = [1, 1, 2]>(x, w)",
          "float[1,2,2] {1.5, 15, 1.5, 15}" },
        { 17, "float[1,2,1] x = {1, 2}, float[1,3] w = {0, 0, 1}, float[3] b = {0, 0, 0}",
          "y = com.microsoft.Attention<num_heads = 1, unidirectional = 1>(x, w, b)",
          "float[1,2,1] {1, 1.5}" },
        /* masks: lengths; ends and starts; by key; by query and key */
        { 17,
          "float[1,2,1] x = {1, 2}, float[1,3] w = {0, 0, 1}, int32[1] m = {1}",
          "y = com.microsoft.Attention<num_heads = 1>(x, w, \"\", m)", "float[1,2,1] {1, 1}" },
        { 17,
          "float[1,2,1] x = {1, 2}, float[1,3] w = {0, 0, 1}, int32[2] m = {2, 1}",
          "y = com.microsoft.Attention<num_heads = 1>(x, w, \"\", m)", "float[1,2,1] {2, 2}" },
        { 17,
          "float[1,2,1] x = {1, 2}, float[1,3] w = {0, 0, 1}, int32[1,2] m = {0, 1}",
          "y = com.microsoft.Attention<num_heads = 1>(x, w, \"\", m)", "float[1,2,1] {2, 2}" },
        { 17,
          "float[1,2,1] x = {1, 2}, float[1,3] w = {0, 0, 1}, int32[1,2,2] m = {0, 1, 1, 0}",
          "y = com.microsoft.Attention<num_heads = 1>(x, w, \"\", m)", "float[1,2,1] {2, 1}" },
        { 17,
          "float[1,1,1] x = {1}, float[1,3] w = {0, 0, 1}, int32[1,1,2,2] m = {0, 0, 0, 1}, "
          "float[2,1,1,1,1] p = {0, 7}",
          "y, y2 = com.microsoft.Attention<num_heads = 1>(x, w, \"\", m, p)",
          "float[1,1,1] {1}; float[2,1,1,2,1] {0, 0, 7, 1}" },
        { 17,
          "float[1,2,1] x = {1, 2}, float[1,3] w = {0, 0, 1}, float[1,1,2,2] a = "
          "{0, -inf, 0, 0}",
          "y = com.microsoft.Attention<num_heads = 1>(x, w, \"\", \"\", \"\", a)",
          "float[1,2,1] {1, 1.5}" },
        { 17, "float[1,2,1] x = {1, 2}, float[1,3] w = {0, 0, 1}, int32[3] m = {1, 1, 1}",
          "y = com.microsoft.Attention<num_heads = 1>(x, w, \"\", m)",
          "error: expected a mask for 1 batches of 2 queries and 2 keys" },
        { 17, "float[1,2,1] x = {1, 2}, float[1,4] w = {0, 0, 1, 1}",
          "y = com.microsoft.Attention<num_heads = 1>(x, w)", "error: expected three matrices" },
        { 17, "float[1,2,1] x = {1, 2}, float[1,3] w = {0, 0, 1}",
          "y = com.microsoft.Attention<num_heads = 1, do_rotary = 1>(x, w)",
          "error: attribute 'do_rotary': not supported" },
        { 17,
          "uint8[1,2,1] x = {11, 12}, int8[1,3] w = {1, 1, 3}, float[3] b = {0, 0, 1}, "
          "float s = {0.5}, float[3] t = {1, 1, 2}, uint8 z = {10}, int8[3] u = {1, 1, 1}",
          "y = com.microsoft.QAttention<num_heads = 1>(x, w, b, s, t, \"\", z, u)",
          "float[1,2,1] {4, 4}" },
        { 17,
          "uint8[1,1,1] x = {1}, int8[1,3] w = {1, 1, 3}, float[3] b = {0, 0, 1}, "
          "float s = {0.5}, float z = {1e30}",
          "y = com.microsoft.QAttention<num_heads = 1>(x, w, b, s, s, \"\", z)",
          "error: inputs 6 and 7: expected 8-bit zero points" },
    };
    TEST_EVAL(rows);
}

static void multi_head_attention(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 17, "float[1,2,1] q = {0, 0}, float[1,2,1] v = {2, 4}, int32[1] m = {1}",
          "y = com.microsoft.MultiHeadAttention<num_heads = 1>(q, q, v, \"\", m)",
          "float[1,2,1] {2, 2}" },
        { 17, "float[1,2,1] q = {0, 0}, float[1,2,1] v = {2, 4}",
          "y = com.microsoft.MultiHeadAttention<num_heads = 1, unidirectional = 1>(q, q, v)",
          "float[1,2,1] {2, 3}" },
        { 17, "float[1,2,1] q = {0, 0}, float[1,3,1] k = {0, 0, 0}, float[1,3,1] v = {2, 4, 9}",
          "y = com.microsoft.MultiHeadAttention<num_heads = 1>(q, k, v)", "float[1,2,1] {5, 5}" },
        { 17, "float[1,1,1] q = {0}, float[1,1,1] v = {2}, float[3] b = {1, 2, 3}",
          "y, y2, y3, y4 = com.microsoft.MultiHeadAttention<num_heads = 1>(q, q, v, b)",
          "float[1,1,1] {5}; float[1,1,1,1] {2}; float[1,1,1,1] {5}; float[1,1,1,1] {2}" },
        { 17, "float[1,1,1] q = {0}, float[1,1,1] v = {2}, float[1,1,1,1] p = {4}",
          "y, y2, y3 = com.microsoft.MultiHeadAttention<num_heads = 1>"
          "(q, q, v, \"\", \"\", \"\", p, p)",
          "float[1,1,1] {3}; float[1,1,2,1] {4, 0}; float[1,1,2,1] {4, 2}" },
        { 17, "float[1,2,1,3,1] q = {0, 0, 2, 0, 0, 4}, float[3] b = {0, 0, 1}",
          "y = com.microsoft.MultiHeadAttention<num_heads = 1>(q, \"\", \"\", b)",
          "float[1,2,1] {4, 4}" },
        { 17, "float[1,1,1] q = {0}, float[1,2,1,2,1] k = {0, 2, 0, 4}",
          "y = com.microsoft.MultiHeadAttention<num_heads = 1>(q, k)", "float[1,1,1] {3}" },
        { 17, "float[1,1,1] q = {0}, float[1,1,2,1] k = {2, 4}, float[3] b = {0, 1, 1}",
          "y = com.microsoft.MultiHeadAttention<num_heads = 1>(q, k, k, b)", "float[1,1,1] {3}" },
        { 17, "float[1,1,3] q = {0, 0, 0}",
          "y = com.microsoft.MultiHeadAttention<num_heads = 2>(q, q, q)",
          "error: expected 2 heads" },
    };
    TEST_EVAL(rows);
}

static void grouped_queries(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        /* a prompt of two steps; two heads of queries to one of keys */
        { 17,
          "float[1,2,2] q = {0, 0, 0, 0}, float[1,2,1] v = {2, 4}, int32[1] n = {1}, int32 t = {2}",
          "y, y2, y3 = com.microsoft.GroupQueryAttention<num_heads = 2, kv_num_heads = 1>"
          "(q, v, v, \"\", \"\", n, t)",
          "float[1,2,2] {2, 2, 3, 3}; float[1,1,2,1] {2, 4}; float[1,1,2,1] {2, 4}" },
        /* batches of different length */
        { 17,
          "float[2,1,1] q = {0, 0}, float[2,1,1] v = {2, 4}, float[2,1,3,1] p = "
          "{6, 7, 8, 8, 9, 5}, int32[2] n = {2, 1}, int32 t = {3}",
          "y, y2, y3 = com.microsoft.GroupQueryAttention<num_heads = 1, kv_num_heads = 1>"
          "(q, v, v, p, p, n, t)",
          "float[2,1,1] {5, 6}; float[2,1,3,1] {6, 7, 2, 8, 4, 0}; "
          "float[2,1,3,1] {6, 7, 2, 8, 4, 0}" },
        /* all three side by side; the window counts the query's own position */
        { 17, "float[1,3,3] q = {0, 0, 2, 0, 0, 4, 0, 0, 9}, int32[1] n = {2}, int32 t = {3}",
          "y = com.microsoft.GroupQueryAttention<num_heads = 1, kv_num_heads = 1, "
          "local_window_size = 2>(q, \"\", \"\", \"\", \"\", n, t)",
          "float[1,3,1] {2, 3, 6.5}" },
        /* one more score of 0 */
        { 17, "float[1,1,3] q = {0, 0, 2}, int32[1] n = {0}, int32 t = {1}",
          "y = com.microsoft.GroupQueryAttention<num_heads = 1, kv_num_heads = 1, "
          "smooth_softmax = 1>(q, \"\", \"\", \"\", \"\", n, t)",
          "float[1,1,1] {1}" },
        { 17,
          "float[1,1,3] q = {0, 0, 2}, int32[1] n = {0}, int32 t = {1}, float[1] s = {1.0986123}",
          "y = com.microsoft.GroupQueryAttention<num_heads = 1, kv_num_heads = 1>"
          "(q, \"\", \"\", \"\", \"\", n, t, \"\", \"\", \"\", \"\", s)",
          "float[1,1,1] {0.5}" },
        /* turned by a right angle at position 1 */
        { 17,
          "float[1,2,2] q = {1, 2, 1, 2}, int32[1] n = {1}, int32 t = {2}, "
          "float[2,1] c = {1, 0}, float[2,1] s = {0, 1}",
          "y, y2, y3, y4 = com.microsoft.GroupQueryAttention<num_heads = 1, kv_num_heads = 1, "
          "do_rotary = 1, scale = 1.0, qk_output = 1>(q, q, q, \"\", \"\", n, t, c, s)",
          "float[1,2,2] {1, 2, 1, 2}; float[1,1,2,2] {1, 2, -2, 1}; float[1,1,2,2] {1, 2, 1, 2}; "
          "float[1,1,2,2] {5, 0, 0, 5}" },
        { 17, "float[1,1,3] q = {0, 0, 2}, int32[1] n = {4}, int32 t = {1}",
          "y = com.microsoft.GroupQueryAttention<num_heads = 1, kv_num_heads = 1>"
          "(q, \"\", \"\", \"\", \"\", n, t)",
          "error: seqlens_k: expected numbers in [-1, 1), found 4" },
        { 17, "float[1,2,3] q = {0, 0, 2, 0, 0, 2}, int32[1] n = {0}, int32 t = {1}",
          "y = com.microsoft.GroupQueryAttention<num_heads = 1, kv_num_heads = 1>"
          "(q, \"\", \"\", \"\", \"\", n, t)",
          "error: total_sequence_length: expected at least 2, found 1" },
        { 17, "float[1,1,3] q = {0, 0, 2}, int32[1] n = {0}, int32 t = {1}",
          "y = com.microsoft.GroupQueryAttention<num_heads = 1, kv_num_heads = 1, "
          "k_quant_type = \"PER_TENSOR\">(q, \"\", \"\", \"\", \"\", n, t)",
          "error: quantized and sliding caches: not supported" },
    };
    TEST_EVAL(rows);
}

static void rotary_embedding(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 23,
          "float[1,1,2,2] x = {1, 2, 3, 4}, float[2,1] c = {1, 0}, float[2,1] s = {0, 1}, "
          "int64[1,2] p = {1, 0}",
          "y = RotaryEmbedding(x, c, s, p)", "float[1,1,2,2] {-2, 1, 3, 4}" },
        { 23,
          "float[1,1,5] x = {1, 2, 3, 4, 5}, float[1,1,2] c = {0, 1}, float[1,1,2] s = {1, 0}",
          "y = RotaryEmbedding<num_heads = 1, rotary_embedding_dim = 4>(x, c, s)",
          "float[1,1,5] {-3, 2, 1, 4, 5}" },
        { 23,
          "float[1,1,5] x = {1, 2, 3, 4, 5}, float[1,1,2] c = {0, 1}, float[1,1,2] s = {1, 0}",
          "y = RotaryEmbedding<num_heads = 1, rotary_embedding_dim = 4, interleaved = 1>(x, c, s)",
          "float[1,1,5] {-2, 1, 3, 4, 5}" },
        { 17,
          "float[1,2,2] x = {1, 2, 3, 4}, int64[1] p = {0}, float[2,1] c = {1, 0}, "
          "float[2,1] s = {0, 1}",
          "y = com.microsoft.RotaryEmbedding(x, p, c, s)", "float[1,2,2] {1, 2, -4, 3}" },
        { 17,
          "float[1,2,2] x = {1, 2, 3, 4}, int64[1] p = {1}, float[2,1] c = {1, 0}, "
          "float[2,1] s = {0, 1}",
          "y = com.microsoft.RotaryEmbedding(x, p, c, s)",
          "error: positions: expected numbers in [0, 2), found 2" },
        { 23, "float[1,1,4] x = {1, 2, 3, 4}, float[1,1,1] c = {0}",
          "y = RotaryEmbedding<num_heads = 1>(x, c, c)",
          "error: caches: expected 2 numbers per row, found 1" },
    };
    TEST_EVAL(rows);
}

static void attention_with_a_state(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 27, "float[1,2,1] q = {1, 1}, float[1,2,1] k = {1, 2}, float[1,2,1] v = {3, 4}",
          "y, y2 = LinearAttention<q_num_heads = 1, kv_num_heads = 1, update_rule = \"linear\">"
          "(q, k, v)",
          "float[1,2,1] {3, 11}; float[1,1,1,1] {11}" },
        { 27,
          "float[1,1,2] q = {1, 2}, float[1,1,1] k = {1}, float[1,1,1] v = {3}, "
          "float[1,1,1,1] p = {4}, float[1,1,1] d = {-0.6931472}",
          "y, y2 = LinearAttention<q_num_heads = 2, kv_num_heads = 1, update_rule = \"gated\", "
          "scale = 2.0>(q, k, v, p, d)",
          "float[1,1,2] {10, 20}; float[1,1,1,1] {5}" },
        { 27,
          "float[1,1,1] q = {1}, float[1,1,1] k = {2}, float[1,1,1] v = {3}, "
          "float[1,1,1,1] p = {4}, float[1,1,1] b = {0.5}",
          "y = LinearAttention<q_num_heads = 1, kv_num_heads = 1, update_rule = \"delta\">"
          "(q, k, v, p, \"\", b)",
          "float[1,1,1] {-1}" },
        { 27, "float[1,1,1] q = {1}",
          "y = LinearAttention<q_num_heads = 1, kv_num_heads = 1, update_rule = \"gated\">"
          "(q, q, q)",
          "error: input 4: expected one with this rule" },
        { 27, "float[1,1,3] x = {1, 2, 3}, float[1,1,2] w = {1, 10}, float[1] b = {100}",
          "y, y2 = CausalConvWithState(x, w, b)",
          "float[1,1,3] {110, 121, 132}; float[1,1,1] {3}" },
        { 27, "float[1,1,1] x = {0}, float[1,1,3] w = {1, 10, 100}, float[1,1,2] p = {4, 5}",
          "y, y2 = CausalConvWithState<activation = \"silu\">(x, w, \"\", p)",
          "float[1,1,1] {54}; float[1,1,2] {5, 0}" },
        { 27, "float[1,1,1] x = {0}, float[1,1,3] w = {1, 10, 100}, float[1,1,1] p = {4}",
          "y = CausalConvWithState(x, w, \"\", p)", "error: input 3: expected [1,1,2]" },
    };
    TEST_EVAL(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attention),
        cmocka_unit_test(attention_shows_its_scores),
        cmocka_unit_test(attention_refuses_what_does_not_fit),
        cmocka_unit_test(projected_attention),
        cmocka_unit_test(multi_head_attention),
        cmocka_unit_test(grouped_queries),
        cmocka_unit_test(rotary_embedding),
        cmocka_unit_test(attention_with_a_state),
    };
    return test_run(tests);
}
