/* Placement by a target's rules, and the Q/DQ form of it. */
#include "quant/insert.h"

#include "formats/target.h"
#include "op/eval.h"
#include "op/infer.h"
#include "op/sample.h"
#include "pass/pass.h"
#include "support/models.h"
#include "support/nets/nets.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- placement -------------------------------------------------------------------------------- */

/* Nodes by their first letter of role, in the order of the graph; then the quantized values, each
 * with the one whose grid it has. */
static void describe(const pare_model *m, const pare_placement *p, char *out, size_t n)
{
    size_t at = 0;
    for (pare_node_id id = m->graph->first_node; id != PARE_NONE; id = m->nodes[id].next)
        at += (size_t)snprintf(out + at, n - at, "%c", "fpcma"[p->roles[id]]);
    for (pare_value_id v = 0; v < p->n_values; v++)
        if (p->quantized[v])
            at += (size_t)snprintf(out + at, n - at, p->grid[v] == v ? " %s" : " %s=%s",
                                   m->values[v].name, m->values[p->grid[v]].name);
}

typedef struct place_row {
    const char *graph, *want;
} place_row;

#define W "<float[2,2,1,1] w = {1, 2, 3, 4}, float[2] b = {1, 2}> "
#define IN_OUT "g (float[1,2,4,4] x) => (float[] y) "

static const place_row place_rows[] = {
    { IN_OUT W "{ a = Conv(x, w, b)\n y = Relu(a) }", "pa x y" },
    /* a residual; its sum serves the product behind it */
    { IN_OUT W "{ a = Conv(x, w)\n b2 = Relu(a)\n c = Conv(b2, w)\n d = Add(c, b2)\n e = Relu(d)\n"
               " y = Conv(e, w) }", "papcap x b2 c e y" },
    /* nothing reads the sum as integers: it stays a float */
    { IN_OUT W "{ a = Conv(x, w)\n c = Conv(a, w)\n d = Add(c, a)\n y = Sigmoid(d) }",
      "ppff x a c" },
    /* moves and pools, which share the grid */
    { IN_OUT W "{ a = Conv(x, w)\n c = MaxPool<kernel_shape = [2, 2]>(a)\n"
               " d = Transpose<perm = [0, 1, 3, 2]>(c)\n y = Conv(d, w) }",
      "pmmp x a c=a d=a y" },
    { IN_OUT W "{ a = Conv(x, w)\n c = Conv(x, w)\n d = Concat<axis = 0>(a, c)\n y = Conv(d, w) }",
      "ppcp x a c=a d=a y" },
    /* an activation that the target has no kernel for */
    { IN_OUT W "{ a = Conv(x, w)\n c = HardSwish(a)\n y = Conv(c, w) }", "pfp x a c y" },
    /* read twice: nothing is absorbed */
    { IN_OUT W "{ a = Conv(x, w)\n c = Relu(a)\n d = Add(a, c)\n y = Conv(d, w) }",
      "pfcp x a c d y" },
    /* a product by weights that the caller gives stays */
    { "g (float[1,2,4,4] x, float[2,2,1,1] v) => (float[] y) { y = Conv(x, v) }", "f" },
    { "g (float[3,2] x) => (float[] y) <float[2,2] w = {1, 2, 3, 4}> "
      "{ a = MatMul(x, w)\n c = Gelu(a)\n y = MatMul(c, w) }", "pfp x c" },
};

static void places_what_fuses(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(place_rows) / sizeof(place_rows[0]); i++) {
        test_ctx t;
        test_ctx_init(&t);
        char text[1024], got[256];
        snprintf(text, sizeof(text), "<ir_version: 9, opset_import: [\"\" : 20]>\n%s",
                 place_rows[i].graph);
        pare_model *model = test_model_parse(&t.ctx, text);
        pare_shapes *shapes = NULL;
        pare_target *target = NULL;
        pare_placement *placement = NULL;
        assert_int_equal(pare_infer(&t.ctx, &shapes, model, NULL), PARE_OK);
        assert_int_equal(pare_target_find(&t.ctx, &target, "ort-x64"), PARE_OK);
        assert_int_equal(
            pare_place(&t.ctx, &placement, model, shapes, &target->rules, NULL), PARE_OK);
        describe(model, placement, got, sizeof(got));
        if (strcmp(got, place_rows[i].want))
            fail_msg("%s\ngave '%s' instead of '%s'", place_rows[i].graph, got,
                     place_rows[i].want);
        pare_placement_free(&t.ctx, placement);
        pare_target_free(&t.ctx, target);
        pare_shapes_free(&t.ctx, shapes);
        pare_model_free(&t.ctx, model);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

/* --- insertion -------------------------------------------------------------------------------- */

enum { MAX_VALUES = 2048 };

static const pare_grid_form u8 = { 0, 255, false };
static float lows[MAX_VALUES], highs[MAX_VALUES];

/* Notes the range of every value. */
static pare_status watch(void *user, pare_ctx *ctx, pare_value_id value, const pare_datum *datum)
{
    (void)user;
    (void)ctx;
    const pare_tensor *t = datum->tensor;
    if (datum->kind != PARE_TYPE_TENSOR || t->dtype != PARE_FLOAT) return PARE_OK;
    assert_true(value < MAX_VALUES);
    const float *x = (const float *)(const void *)t->payload.data;
    for (int64_t i = 0; i < t->n_elements; i++) {
        lows[value] = fminf(lows[value], x[i]);
        highs[value] = fmaxf(highs[value], x[i]);
    }
    return PARE_OK;
}

static double signal_to_noise(const pare_datum *want, const pare_datum *got)
{
    const float *a = (const float *)(const void *)want->tensor->payload.data;
    const float *b = (const float *)(const void *)got->tensor->payload.data;
    double signal = 0, noise = 0;
    for (int64_t i = 0; i < want->tensor->n_elements; i++) {
        signal += (double)a[i] * (double)a[i];
        noise += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    }
    return 10 * log10(signal / noise);
}

/* Grids from the ranges; those that are shared cover all who share them. */
static void make_grids(const pare_placement *p, pare_grid *grids)
{
    for (size_t v = 0; v < p->n_values; v++)
        if (p->quantized[v]) {
            lows[p->grid[v]] = fminf(lows[p->grid[v]], lows[v]);
            highs[p->grid[v]] = fmaxf(highs[p->grid[v]], highs[v]);
        }
    for (size_t v = 0; v < p->n_values; v++)
        grids[v] = pare_grid_of(&u8, (double)lows[v], (double)highs[v]);
}

static uint64_t count_ops(const pare_model *m, const char *op)
{
    uint64_t n = 0;
    for (pare_node_id id = m->graph->first_node; id != PARE_NONE; id = m->nodes[id].next)
        n += !strcmp(m->nodes[id].op_type, op);
    return n;
}

static void networks_survive(void **state)
{
    (void)state;
    static const struct { const char *name; bool pairs, per_channel; double least_db; } cases[] = {
        { "resnet20", false, true, 28 }, { "resnet20", true, true, 27 },
        { "tiny-dscnn", true, true, 25 }, { "tiny-resnet8", true, false, 25 },
        { "tiny-autoencoder", true, true, 25 },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test_ctx t;
        test_ctx_init(&t);
        const net_opts opts = { .weights = NET_WEIGHTS_SEEDED, .seed = 5 };
        const pare_sample_opts sample = { .seed = 1 };
        const pare_eval_opts observe = { .observe = watch };
        static pare_grid grids[MAX_VALUES];
        pare_model *model = NULL;
        pare_shapes *shapes = NULL;
        pare_target *target = NULL;
        pare_placement *placement = NULL;
        pare_eval_input *in = NULL;
        pare_datum *want = NULL, *got = NULL;
        size_t n_in = 0;
        pare_pass_stats stats = { 0 };
        assert_int_equal(net_build(&t.ctx, &model, cases[i].name, &opts, NULL), PARE_OK);
        assert_int_equal(
            pare_pass_run(&t.ctx, model, pare_pass_find("fold-affine"), NULL, &stats), PARE_OK);
        assert_int_equal(pare_infer(&t.ctx, &shapes, model, NULL), PARE_OK);
        assert_int_equal(pare_target_find(&t.ctx, &target, "ort-x64"), PARE_OK);
        assert_int_equal(pare_sample_inputs(&t.ctx, &in, &n_in, model, &sample), PARE_OK);
        for (int v = 0; v < MAX_VALUES; v++) lows[v] = highs[v] = 0;
        for (size_t k = 0; k < n_in; k++) {
            const pare_decl *d = &model->graph->inputs.items[0];
            assert_int_equal(watch(NULL, &t.ctx, d->value, &in[k].datum), PARE_OK);
        }
        assert_int_equal(pare_eval_model(&t.ctx, &want, model, in, n_in, &observe), PARE_OK);
        assert_int_equal(
            pare_place(&t.ctx, &placement, model, shapes, &target->rules, NULL), PARE_OK);
        assert_int_equal(placement->n_float_products, 0);
        make_grids(placement, grids);
        pare_insertion insertion = {
            .placement = placement, .grids = grids, .activation = PARE_UINT8,
            .weight = { -127, 127, true, 0, 0, cases[i].pairs },
            .per_channel = cases[i].per_channel,
        };
        pare_insert_counts counts;
        assert_int_equal(pare_insert_quantization(&t.ctx, model, &insertion, &counts), PARE_OK);
        assert_int_equal(counts.n_weights, placement->n_products);
        assert_true(cases[i].pairs ? counts.safe_error > counts.plain_error
                                   : counts.safe_error == 0);
        assert_true(!cases[i].pairs == (counts.plain_error == 0));
        assert_int_equal(count_ops(model, "QuantizeLinear"), counts.n_quantize);
        if (pare_eval_model(&t.ctx, &got, model, in, n_in, NULL)) fail_msg("%s", t.ctx.message);
        const double db = signal_to_noise(want, got);
        if (!(db > cases[i].least_db)) fail_msg("%s: %g dB", cases[i].name, db);
        pare_datum_drop(&t.ctx, want);
        pare_datum_drop(&t.ctx, got);
        pare_free(&t.ctx, want);
        pare_free(&t.ctx, got);
        pare_sample_free(&t.ctx, in, n_in);
        pare_placement_free(&t.ctx, placement);
        pare_target_free(&t.ctx, target);
        pare_shapes_free(&t.ctx, shapes);
        pare_model_free(&t.ctx, model);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_what_fuses),
        cmocka_unit_test(networks_survive),
    };
    return test_run(tests);
}
