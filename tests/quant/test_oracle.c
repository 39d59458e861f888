/* What a quantized graph runs as on a target, with the reasons for what does not. */
#include "quant/oracle.h"

#include "formats/target.h"
#include "ir/text.h"
#include "op/infer.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ONE                                                                                     \
    "g (float[1,2,4,4] x) => (float[] y) <float s = {0.1}, uint8 z = {0}, float t = {0.2}, "     \
    "int8 v = {0}, int8[2,2,1,1] w = {1, 2, 3, 4}, int32[2] b = {1, 2}, float p = {0.01}, "      \
    "float q = {0.5}, float[2,2,1,1] f = {1, 2, 3, 4}> { a = QuantizeLinear(x, s, z)\n "        \
    "d = DequantizeLinear(a, s, z)\n e = DequantizeLinear(w, s, v)\n "
#define END " n = QuantizeLinear(m, s, z)\n y = DequantizeLinear(n, s, z) }"

/* The node that makes m, or the first of that operator, what it becomes, and a part of why. */
typedef struct oracle_case {
    const char *target, *graph, *op, *becomes, *reason;
} oracle_case;

static const oracle_case cases[] = {
    { "ort-x64", ONE "m = Conv(d, e)\n" END, "Conv", "QLinearConv", NULL },
    { "ort-x64", ONE "c = DequantizeLinear(b, p)\n m = Conv(d, e, c)\n" END, "Conv", "QLinearConv",
      NULL },
    { "ort-x64", ONE "c = DequantizeLinear(b, q)\n m = Conv(d, e, c)\n" END, "Conv", "Conv",
      "bias scale is not x_scale * w_scale: 0.5 instead of 0.01" },
    { "ort-x64", ONE "m = Conv(d, f)\n" END, "Conv", "QLinearConv", NULL },
    { "portable", ONE "m = Conv(d, f)\n" END, "Conv", "Conv", "no DQ makes it" },
    { "ort-x64", ONE "y = Conv(d, e) }", "Conv", "Conv", "is an output of the model in float" },
    { "ort-x64", ONE "k = Conv(d, e)\n m = Relu(k)\n" END, "Relu", "Relu", "repeats" },
    { "ort-x64", ONE "m = HardSwish(d)\n" END, "HardSwish", "HardSwish",
      "no kernel for HardSwish" },
    { "ort-x64", ONE "m = Transpose<perm = [0, 1, 3, 2]>(d)\n" END, "Transpose", "Transpose",
      NULL },
    { "ort-x64", ONE "m = Transpose<perm = [0, 1, 3, 2]>(d)\n n = QuantizeLinear(m, t, z)\n "
                     "y = DequantizeLinear(n, t, z) }", "Transpose", "Transpose",
      "scale differs between input and output: 0.1 and 0.2" },
    { "ort-x64", ONE "m = MaxPool<kernel_shape = [1, 1]>(d)\n n = QuantizeLinear(m, s)\n "
                     "y = DequantizeLinear(n, s) }", "MaxPool", "MaxPool", "zero point missing" },
    { "ort-x64", ONE "m = Add(d, d)\n r = Sqrt(m)\n o = QuantizeLinear(r, s, z)\n "
                     "h = DequantizeLinear(o, s, z)\n k = Add(h, m)\n"
                     " n = QuantizeLinear(m, s, z)\n y = DequantizeLinear(n, s, z) }",
      "Add", "Add", "output m goes to 3 consumers" },
    { "ort-x64", ONE "m = Sub(d, d)\n" END, "Sub", "Sub", "no kernel for Sub" },
    { "mcu-int8", ONE "m = Sub(d, d)\n" END, "Sub", "Sub", NULL },
};

static pare_oracle *ask(pare_ctx *ctx, const char *graph, const char *target_name)
{
    char text[2048];
    snprintf(text, sizeof(text), "<ir_version: 9, opset_import: [\"\" : 17]>\n%s", graph);
    pare_model *m = test_model_parse(ctx, text);
    pare_shapes *shapes = NULL;
    pare_target *target = NULL;
    pare_oracle *o = NULL;
    assert_int_equal(pare_infer(ctx, &shapes, m, NULL), PARE_OK);
    assert_int_equal(pare_target_find(ctx, &target, target_name), PARE_OK);
    if (pare_oracle_run(ctx, &o, m, shapes, &target->rules)) fail_msg("%s", ctx->message);
    pare_target_free(ctx, target);
    pare_shapes_free(ctx, shapes);
    pare_model_free(ctx, m);
    return o;
}

static void says_what_runs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        test_ctx t;
        test_ctx_init(&t);
        const oracle_case *c = &cases[i];
        pare_oracle *o = ask(&t.ctx, c->graph, c->target);
        const pare_oracle_row *row = NULL;
        for (size_t k = 0; k < o->n_rows && !row; k++)
            if (!strcmp(o->rows[k].op, c->op)) row = &o->rows[k];
        assert_non_null(row);
        const char *reason = row->reason ? row->reason : "";
        if (strcmp(row->becomes, c->becomes) != 0 || (c->reason && !strstr(reason, c->reason)) ||
            (!c->reason && *reason))
            fail_msg("case %zu, %s: %s %s, '%s'", i, c->op, pare_runs_name(row->runs),
                     row->becomes, reason);
        pare_oracle_free(&t.ctx, o);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

static void sums_up(void **state)
{
    (void)state;
    test_ctx t;
    const char *text = NULL;
    test_ctx_init(&t);
    pare_oracle *o = ask(&t.ctx, ONE "m = Conv(d, e)\n" END, "ort-x64");
    assert_true(o->is_quantized);
    assert_int_equal(o->macs, 64);
    assert_int_equal(o->integer_macs, 64);
    assert_int_equal(o->n_integer_products, 1);
    assert_int_equal(o->n_runs[PARE_RUNS_PAIR], 2);
    assert_int_equal(pare_oracle_text(&t.ctx, &text, o), PARE_OK);
    assert_non_null(strstr(text, "100.0 % of the MACs, 1 of 1 products"));
    pare_oracle_free(&t.ctx, o);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static pare_status work(pare_ctx *ctx, void *user)
{
    const pare_target *target = user;
    pare_model *m = NULL;
    pare_shapes *shapes = NULL;
    pare_oracle *o = NULL;
    static const char graph[] =
        "<ir_version: 9, opset_import: [\"\" : 17]>\n" ONE
        "c = DequantizeLinear(b, p)\n k = Conv(d, e, c)\n l = Relu(k)\n "
        "m = Transpose<perm = [0, 1, 3, 2]>(l)\n" END;
    pare_status st = pare_text_parse(ctx, &m, graph);
    if (!st) st = pare_infer(ctx, &shapes, m, NULL);
    if (!st) st = pare_oracle_run(ctx, &o, m, shapes, &target->rules);
    pare_oracle_free(ctx, o);
    pare_shapes_free(ctx, shapes);
    pare_model_free(ctx, m);
    return st;
}

static void survives_short_memory(void **state)
{
    (void)state;
    test_ctx t;
    pare_target *target = NULL;
    test_ctx_init(&t);
    assert_int_equal(pare_target_find(&t.ctx, &target, "ort-x64"), PARE_OK);
    test_ctx_torture(work, target);
    pare_target_free(&t.ctx, target);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_runs),
        cmocka_unit_test(sums_up),
        cmocka_unit_test(survives_short_memory),
    };
    return test_run(tests);
}
