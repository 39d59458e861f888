/* What operators say of their axes that the backend test data do not have: single calls, probed
 * with elements that are tagged. Of each group of axes some positions are to go; then
 *   - the call whose inputs are zero there gives what the call without these positions gives, and
 *   - other numbers there, in one input at a time, change nothing of what stays.
 * The groups that have to be found are listed by the numbers of classes in them. */
#include "ir/graph.h"
#include "op/eval.h"
#include "op/infer.h"
#include "prune/heads.h"
#include "prune/mask.h"
#include "prune/shrink.h"
#include "support/models.h"
#include "support/pruned.h"
#include "support/random_nets.h"
#include "support/test.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct probe {
    const char *inputs, *outputs, *call;
    const char *groups;       /* classes of each that is not lossy, ascending */
    int n_heads;              /* of the group of heads; 0: there is none */
} probe;

static const probe probes[] = {
    /* attention: batches, heads, sizes of keys, sizes of values */
    { "float[2,5,12] wq, float[2,6,12] wk, float[2,6,15] wv", "float[2,5,15] y",
      "y = com.microsoft.MultiHeadAttention<num_heads = 3>(wq, wk, wv)", "2 3 4 5", 3 },
    { "float[2,5,12] wq, float[2,6,12] wk, float[2,6,12] wv, float[36] wb", "float[2,5,12] y",
      "y = com.microsoft.MultiHeadAttention<num_heads = 3>(wq, wk, wv, wb)", "2 3 4", 3 },
    { "float[2,1,12] wq, float[2,1,12] wk, float[2,1,12] wv, float[2,3,7,4] wp, "
      "float[2,3,7,4] wr, float[1,3,1,8] wa",
      "float[2,1,12] y, float[2,3,8,4] p, float[2,3,8,4] r",
      "y, p, r = com.microsoft.MultiHeadAttention<num_heads = 3, unidirectional = 1>"
      "(wq, wk, wv, , , wa, wp, wr)", "2 3 4 4", 3 },
    { "float[2,5,6] wx, float[6,36] rw, float[36] rb", "float[2,5,12] y",
      "y = com.microsoft.Attention<num_heads = 3>(wx, rw, rb)", "2 3 4 6", 3 },
    { "float[2,5,6] wx, float[6,36] rw, float[36] rb, float[2,2,3,4,4] rp",
      "float[2,5,12] y, float[2,2,3,9,4] p",
      "y, p = com.microsoft.Attention<num_heads = 3, unidirectional = 1>(wx, rw, rb, , rp)",
      "2 3 4 6", 3 },
    { "uint8[2,5,6] qx, uint8[6,36] rw, float[36] rb, float sax, float[36] sw, uint8 zx, "
      "uint8[36] zw", "float[2,5,12] y",
      "y = com.microsoft.QAttention<num_heads = 3>(qx, rw, rb, sax, sw, , zx, zw)", "2 3 4 6", 3 },
    { "float[2,1,16] wq, float[2,1,8] wk, float[2,1,8] wv, float[2,2,5,4] wp, float[2,2,5,4] wr, "
      "int32[2] l_5_4, int32[1] t_6", "float[2,1,16] y, float[2,2,6,4] p, float[2,2,6,4] r",
      "y, p, r = com.microsoft.GroupQueryAttention<num_heads = 4, kv_num_heads = 2>"
      "(wq, wk, wv, wp, wr, l_5_4, t_6)", "2 2 2 4", 2 },
    { "float[2,6,16] wq, float[2,6,8] wk, float[2,6,8] wv, int32[2] l_5_5, int32[1] t_6, "
      "float[8,2] wc, float[8,2] ws", "float[2,6,16] y, float[2,2,6,4] p, float[2,2,6,4] r",
      "y, p, r = com.microsoft.GroupQueryAttention<num_heads = 4, kv_num_heads = 2, do_rotary = 1>"
      "(wq, wk, wv, , , l_5_5, t_6, wc, ws)", "2 2 2 2", 2 },
    { "float[2,5,12] wx, int64[1] Constant_0, float[8,2] wc, float[8,2] ws", "float[2,5,12] y",
      "y = com.microsoft.RotaryEmbedding<num_heads = 3>(wx, Constant_0, wc, ws)", "2 2 3", 3 },
    { "float[2,4,5,4] wq, float[2,2,6,4] wk, float[2,2,6,3] wv", "float[2,4,5,3] y",
      "y = Attention(wq, wk, wv)", "2 2 2 3 4", 0 },
    { "float[2,5,16] wq, float[2,6,8] wk, float[2,6,6] wv, float[2,4,5,6] wm", "float[2,5,12] y",
      "y = Attention<q_num_heads = 4, kv_num_heads = 2>(wq, wk, wv, wm)", "2 2 2 3 4", 2 },
    { "float[2,5,8] wx, float[2,5,8] ws, float[8] wg, float[8] wb", "float[2,5,8] y",
      "y = com.microsoft.SkipLayerNormalization(wx, ws, wg, wb)", "2 5", 0 },
    /* products of integers */
    { "uint8[2,4,5,5] qx, float sax, uint8 zx, uint8[6,4,3,3] qw, float[6] sw, uint8[6] zw, "
      "float say, uint8 zy, int32[6] b_9_8_7_6_5_4", "uint8[2,6,3,3] y",
      "y = QLinearConv(qx, sax, zx, qw, sw, zw, say, zy, b_9_8_7_6_5_4)", "2 4 6", 0 },
    { "uint8[2,4,5,5] qx, float sax, uint8 zx, uint8[6,2,3,3] qw, float[6] sw, uint8[6] zw, "
      "float say, uint8 zy", "uint8[2,6,3,3] y",
      "y = QLinearConv<group = 2>(qx, sax, zx, qw, sw, zw, say, zy)", "2 2 2 3", 0 },
    { "uint8[2,4,5,5] qx, uint8[6,4,3,3] qw, uint8 zx, uint8[6] zw", "int32[2,6,3,3] y",
      "y = ConvInteger(qx, qw, zx, zw)", "2 4 6", 0 },
    { "uint8[2,5,4] qa, uint8[4,6] qb, uint8 za, uint8[6] zb", "int32[2,5,6] y",
      "y = MatMulInteger(qa, qb, za, zb)", "2 4 5 6", 0 },
    { "uint8[5,4] qa, float saa, uint8 za, uint8[4,6] qb, float[6] sb, uint8[6] zb, float say, "
      "uint8 zy", "uint8[5,6] y", "y = QLinearMatMul(qa, saa, za, qb, sb, zb, say, zy)", "4 5 6",
      0 },
    { "float[5,4] ra, uint8[4,6] qb, float[6] sb, uint8[6] zb, float[6] wc", "float[5,6] y",
      "y = com.microsoft.DynamicQuantizeMatMul(ra, qb, sb, zb, wc)", "4 5 6", 0 },
    { "uint8[5,4] qa, uint8[4,6] qb, float saa, float[6] sb, uint8 za, uint8[6] zb, float[6] wc",
      "float[5,6] y", "y = com.microsoft.MatMulIntegerToFloat(qa, qb, saa, sb, za, zb, wc)",
      "4 5 6", 0 },
    { "uint8[5,4] qa, float saa, uint8 za, uint8[6,4] qb, float[6] sb, uint8[6] zb", "float[5,6] y",
      "y = com.microsoft.QGemm<transB = 1>(qa, saa, za, qb, sb, zb)", "4 5 6", 0 },
    { "float[5,64] wa, uint8[6,2,16] qb, float[12] sb, float[6] wc", "float[5,6] y",
      "y = com.microsoft.MatMulNBits<K = 64, N = 6, bits = 4, block_size = 32>(wa, qb, sb, , , wc)",
      "2 5 6", 0 },
    { "float[5,64] wa, uint8[6,2,16] qb, float[6,2] sb, uint8[6,1] zb", "float[5,6] y",
      "y = com.microsoft.MatMulNBits<K = 64, N = 6, bits = 4, block_size = 32>(wa, qb, sb, zb)",
      "5 6", 0 },
    { "uint8[7,32] qt, int64[3] Constant_1_4_6, float[7,2] st", "float[3,64] y",
      "y = com.microsoft.GatherBlockQuantized<block_size = 32>(qt, Constant_1_4_6, st)", "2 3", 0 },
    /* element by element, on integers */
    { "uint8[2,3,4] qa, float saa, uint8 za, uint8[3,1] qb, float sab, uint8 zb, float say, "
      "uint8 zy", "uint8[2,3,4] y",
      "y = com.microsoft.QLinearAdd(qa, saa, za, qb, sab, zb, say, zy)", "2 3 4", 0 },
    { "uint8[2,3,4] qa, float saa, uint8 za, uint8[2,1,4] qb, float sab, uint8 zb, float say, "
      "uint8 zy", "uint8[2,3,4] y",
      "y = com.microsoft.QLinearMul(qa, saa, za, qb, sab, zb, say, zy)", "2 3 4", 0 },
    { "uint8[2,3] qa, float saa, uint8 za, float say, uint8 zy", "uint8[2,3] y",
      "y = com.microsoft.QLinearSigmoid(qa, saa, za, say, zy)", "2 3", 0 },
    { "uint8[2,3] qa, float saa, uint8 za, float say, uint8 zy", "uint8[2,3] y",
      "y = com.microsoft.QLinearSoftmax<axis = 1>(qa, saa, za, say, zy)", "2", 0 },
    { "float say, uint8 zy, uint8[2,3] qa, float saa, uint8 za, uint8[2,4] qb, float sab, uint8 zb",
      "uint8[2,7] y",
      "y = com.microsoft.QLinearConcat<axis = 1>(say, zy, qa, saa, za, qb, sab, zb)", "2 7", 0 },
    { "uint8[2,4,5,5] qx, float sax, uint8 zx, float say, uint8 zy", "uint8[2,4,1,1] y",
      "y = com.microsoft.QLinearGlobalAveragePool(qx, sax, zx, say, zy)", "2 4", 0 },
    { "uint8[2,4,6,6] qx, float sax, uint8 zx, float say, uint8 zy", "uint8[2,4,3,3] y",
      "y = com.microsoft.QLinearAveragePool<kernel_shape = [2, 2], strides = [2, 2]>"
      "(qx, sax, zx, say, zy)", "2 4", 0 },
    /* fused */
    { "float[2,4,5,5] wx, float[6,4,3,3] ww, float[6] wb, float[2,6,3,3] wz", "float[2,6,3,3] y",
      "y = com.microsoft.FusedConv<activation = \"Relu\">(wx, ww, wb, wz)", "2 4 6", 0 },
    { "float[5,4] wa, float[4,6] wb, float[6] wc", "float[5,6] y",
      "y = com.microsoft.FusedGemm<activation = \"Relu\">(wa, wb, wc)", "4 5 6", 0 },
    { "float[2,4,5] wa, float[2,4,6] wb", "float[2,5,6] y",
      "y = com.microsoft.FusedMatMul<transA = 1, alpha = 0.5>(wa, wb)", "2 4 5 6", 0 },
    { "float[2,6] wa, float[6] wb", "float[2,6] y", "y = com.microsoft.BiasGelu(wa, wb)", "2 6",
      0 },
    { "float[2,6] wa, float[6] wb", "float[2,6] y", "y = com.microsoft.FastGelu(wa, wb)", "2 6",
      0 },
    /* recurrent: batches, units, inputs */
    { "float[4,2,3] wx, float[1,20,3] ww, float[1,20,5] rr, float[1,40] wb, float[1,2,5] wh, "
      "float[1,2,5] wc, float[1,15] wp", "float[4,1,2,5] y, float[1,2,5] h, float[1,2,5] c",
      "y, h, c = LSTM<hidden_size = 5>(wx, ww, rr, wb, , wh, wc, wp)", "2 3 5", 0 },
    { "float[4,2,3] wx, float[2,15,3] ww, float[2,15,5] rr, float[2,30] wb",
      "float[4,2,2,5] y, float[2,2,5] h",
      "y, h = GRU<hidden_size = 5, direction = \"bidirectional\">(wx, ww, rr, wb)", "2 3 5", 0 },
    { "float[2,4,3] wx, float[1,5,3] ww, float[1,5,5] rr", "float[2,4,1,5] y",
      "y = RNN<hidden_size = 5, layout = 1>(wx, ww, rr)", "2 3 5", 0 },
    /* sums by letters */
    { "float[2,3,4] wa, float[4,5] wb", "float[2,3,5] y",
      "y = Einsum<equation = \"bij,jk\">(wa, wb)", "2 3 4 5", 0 },
    { "float[2,3,4,5] wa, float[2,6,4,5] wb", "float[2,4,3,6] y",
      "y = Einsum<equation = \"bihd,bjhd->bhij\">(wa, wb)", "2 3 4 5 6", 0 },
    { "float[2,3,4] wa, float[1,3,4] wb", "float[2,4,3] y",
      "y = Einsum<equation = \"...ij,...ij->...ji\">(wa, wb)", "2 3 4", 0 },
    { "float[3,4] ra", "float[3] y", "y = Einsum<equation = \"ij->i\">(ra)", "3 4", 0 },
    /* by number */
    { "float[7,4] wt, int64[3] Constant_1_4_6", "float[3,4] y", "y = Gather(wt, Constant_1_4_6)",
      "3 4", 0 },
    { "float[3,4,5] wx, int64[2] Constant_1_2", "float[4,5] y", "y = GatherND(wx, Constant_1_2)",
      NULL, 0 },
};

/* Failures so far, each of which is printed. */
typedef struct tally {
    size_t n_off;
} tally;

static void __attribute__((format(printf, 2, 3))) tell(tally *t, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vprintf(fmt, args);
    va_end(args);
    printf("\n");
    t->n_off++;
}

/* --- one call --------------------------------------------------------------------------------- */

static double number(const pare_tensor *t, int64_t i)
{
    const void *at = t->payload.data;
    if (t->dtype == PARE_FLOAT) return (double)((const float *)at)[i];
    if (t->dtype == PARE_INT32) return ((const int32_t *)at)[i];
    return ((const uint8_t *)at)[i];
}

/* What stays of `whole`, in order, against all of `other`, or what stays of that. */
static bool agree(const pare_axes_found *a, pare_value_id v, const pare_tensor *whole,
                  const pare_tensor *other, bool is_small, const bool *gone)
{
    double range = 1e-3;
    int64_t n = 0;
    for (int64_t i = 0; i < whole->n_elements; i++)
        range = fmax(range, fabs(number(whole, i)));
    for (int64_t i = 0; i < whole->n_elements; i++) {
        if (!pare_prune_keeps(a, v, whole->rank, whole->dims, gone, i)) continue;
        const int64_t at = is_small ? n++ : i;
        if (at >= other->n_elements) return false;
        if (!(fabs(number(whole, i) - number(other, at)) <= 1e-5 * range)) return false;
    }
    return !is_small || n == other->n_elements;
}

static bool all_agree(const pare_model *m, const pare_axes_found *a, const pare_datum *whole,
                      const pare_datum *other, bool is_small, const bool *gone)
{
    for (size_t i = 0; i < m->graph->outputs.n; i++)
        if (!agree(a, m->graph->outputs.items[i].value, whole[i].tensor, other[i].tensor, is_small,
                   gone))
            return false;
    return true;
}

/* Other numbers at what goes of one input. False: nothing of it does. */
static bool tag(pare_ctx *ctx, pare_model *m, const pare_axes_found *a, pare_value_id v,
                const bool *gone)
{
    pare_tensor *t = pare_tensor_ref(m->values[v].tensor);
    uint8_t *data = NULL;
    const bool is_tagged = (t->dtype == PARE_FLOAT || t->dtype == PARE_UINT8) &&
                           pare_axes_shrink(a, v, gone);
    if (is_tagged) {
        assert_int_equal(pare_tensor_own(ctx, &t, &data), PARE_OK);
        for (int64_t i = 0; i < t->n_elements; i++) {
            if (pare_prune_keeps(a, v, t->rank, t->dims, gone, i)) continue;
            if (t->dtype == PARE_FLOAT) ((float *)(void *)data)[i] = 0.25f * (float)(i % 7 + 1);
            else data[i] = (uint8_t)(100 + i % 50);
        }
        assert_int_equal(pare_value_set_tensor(ctx, m, v, t), PARE_OK);
    }
    pare_tensor_unref(t);
    return is_tagged;
}

/* Inputs that say what other inputs mean (scales, zero points) are not tagged, nor are those (r...)
 * that meet themselves (columns of queries and keys, weights of what comes back) or are added up as
 * they are. */
static bool is_operand(const char *name)
{
    return name[0] == 'w' || name[0] == 'q';
}

static void check_tags(pare_ctx *ctx, const probe *p, const pare_model *masked,
                       const pare_axes_found *a, const bool *gone, const pare_datum *whole,
                       tally *t)
{
    const pare_node *n = &masked->nodes[masked->graph->first_node];
    for (uint32_t i = 0; i < n->n_inputs; i++) {
        const pare_value_id v = n->inputs[i].value;
        pare_model *tagged = NULL;
        pare_datum *got = NULL;
        if (v == PARE_NONE || !is_operand(masked->values[v].name)) continue;
        assert_int_equal(pare_model_clone(ctx, &tagged, masked), PARE_OK);
        if (tag(ctx, tagged, a, v, gone)) {
            assert_int_equal(pare_eval_model(ctx, &got, tagged, NULL, 0, NULL), PARE_OK);
            if (!all_agree(masked, a, whole, got, false, gone))
                tell(t, "%s: what goes of %s changes what stays", p->call, masked->values[v].name);
            pare_datums_free(ctx, got, masked->graph->outputs.n);
        }
        pare_model_free(ctx, tagged);
    }
}

static void check_group(pare_ctx *ctx, const probe *p, const pare_model *model,
                        const pare_axes_found *a, uint32_t group, bool *gone, tally *t)
{
    pare_rng rng = { .state = group };
    pare_model *masked = NULL, *small = NULL;
    pare_datum *whole = NULL, *rest = NULL;
    if (!test_prune_choose(a, group, &rng, gone)) return;
    assert_int_equal(pare_model_clone(ctx, &masked, model), PARE_OK);
    assert_int_equal(pare_model_clone(ctx, &small, model), PARE_OK);
    assert_int_equal(pare_prune_mask(ctx, masked, a, gone), PARE_OK);
    pare_status st = pare_shrink(ctx, small, a, gone);
    if (!st) st = pare_eval_model(ctx, &whole, masked, NULL, 0, NULL);
    if (!st) st = pare_eval_model(ctx, &rest, small, NULL, 0, NULL);
    if (st) tell(t, "%s, group %u: %s", p->call, group, ctx->message);
    else if (!all_agree(model, a, whole, rest, true, gone))
        tell(t, "%s, group %u of %u: another result", p->call, group, a->groups[group].n_classes);
    else check_tags(ctx, p, masked, a, gone, whole, t);
    pare_datums_free(ctx, whole, model->graph->outputs.n);
    pare_datums_free(ctx, rest, model->graph->outputs.n);
    pare_model_free(ctx, masked);
    pare_model_free(ctx, small);
}

static int by_size(const void *a, const void *b)
{
    return (int)*(const uint32_t *)a - (int)*(const uint32_t *)b;
}

/* Sizes of groups as the probe lists them. */
static void list_groups(const pare_axes_found *a, char *out, size_t n_bytes)
{
    uint32_t sizes[64];
    size_t n = 0, at = 0;
    for (size_t g = 0; g < a->n_groups && n < 64; g++)
        if (a->groups[g].n_classes && !a->groups[g].is_lossy) sizes[n++] = a->groups[g].n_classes;
    qsort(sizes, n, sizeof(*sizes), by_size);
    out[0] = '\0';
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(out + at, n_bytes - at, "%s%u", i ? " " : "", sizes[i]);
}

static void check_heads(const probe *p, const pare_model *model, const pare_axes_found *a, tally *t)
{
    bool *is_heads = calloc(a->n_groups + 1, sizeof(*is_heads));
    uint32_t n = 0;
    pare_heads_find(model, a, is_heads);
    for (size_t g = 0; g < a->n_groups; g++)
        if (is_heads[g] && a->groups[g].n_classes > n) n = a->groups[g].n_classes;
    if (p->n_heads >= 0 && n != (uint32_t)p->n_heads) tell(t, "%s: found %u heads", p->call, n);
    free(is_heads);
}

static void check_probe(const probe *p, tally *t)
{
    pare_ctx ctx;
    pare_shapes *shapes = NULL;
    pare_axes_found *a = NULL;
    const pare_axes_opts opts = { .edges_free = true };
    char text[2048], groups[256];
    pare_ctx_init(&ctx, NULL);
    snprintf(text, sizeof(text),
             "<ir_version: 10, opset_import: [\"\" : 23, \"com.microsoft\" : 1]>\n"
             "g (%s) => (%s) {\n  %s\n}\n", p->inputs, p->outputs, p->call);
    pare_model *model = test_model_parse(&ctx, text);
    test_random_bind(&ctx, model, 1);
    assert_int_equal(pare_infer(&ctx, &shapes, model, NULL), PARE_OK);
    assert_int_equal(pare_axes_find(&ctx, &a, model, shapes, &opts), PARE_OK);
    assert_int_equal(pare_axes_settle(&ctx, a, model), PARE_OK);
    bool *gone = calloc(a->n_classes + 1, sizeof(*gone));
    list_groups(a, groups, sizeof(groups));
    if (p->groups && strcmp(groups, p->groups) != 0)
        tell(t, "%s: expected groups of %s, found %s", p->call, p->groups, groups);
    check_heads(p, model, a, t);
    for (uint32_t g = 0; g < a->n_groups; g++)
        if (!a->groups[g].is_lossy) check_group(&ctx, p, model, a, g, gone, t);
    free(gone);
    pare_axes_free(&ctx, a);
    pare_shapes_free(&ctx, shapes);
    pare_model_free(&ctx, model);
}

static void calls_need_nothing_of_what_goes(void **state)
{
    (void)state;
    tally t = { 0 };
    const size_t n = sizeof(probes) / sizeof(probes[0]);
    for (size_t i = 0; i < n; i++) check_probe(&probes[i], &t);
    printf("%zu calls\n", n);
    assert_int_equal(t.n_off, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(calls_need_nothing_of_what_goes) };
    return test_run(tests);
}
