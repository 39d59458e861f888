/* Inference with the nth allocation failing: ENOMEM in words, and nothing leaks. */
#include "op/infer.h"
#include "ir/text.h"
#include "support/test.h"
#include "support/test_ctx.h"

static const char straight[] =
    "<ir_version: 8, opset_import: [\"\" : 17]>\n"
    "g (float[N,T,8] x) => (y) <int64[1] tail = {-1}, float[8,4] w = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9,"
    " 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31}> {\n"
    "  s = Shape (x)\n"
    "  i = Constant <value_ints = [0]> ()\n"
    "  n = Gather (s, i)\n"
    "  h = MatMul (x, w)\n"
    "  r = Concat <axis = 0> (n, tail)\n"
    "  f = Reshape (h, r)\n"
    "  y = Softmax (f)\n"
    "}\n";

static const char unordered_and_wrong[] =
    "<ir_version: 8, opset_import: [\"\" : 17, \"my\" : 1]>\n"
    "g (float[N,3] x) => (y, z) {\n"
    "  y = Relu (b)\n"
    "  b = Add (a, x)\n"
    "  a = my.Unknown (x)\n"
    "  z = Transpose <perm = [7]> (x)\n"
    "}\n";

static const char functions[] =
    "<ir_version: 9, opset_import: [\"\" : 17, \"local\" : 1]>\n"
    "g (float[N,4] x) => (y) {\n"
    "  h = local.twice <by = 2> (x)\n"
    "  y = local.twice (h)\n"
    "}\n"
    "<domain: \"local\", opset_import: [\"\" : 17]>\n"
    "twice <by: int = 1> (a) => (c) {\n"
    "  b = Concat <axis: int = @by> (a, a)\n"
    "  c = Concat <axis = 0> (a, a)\n"
    "}\n";

static const char nested[] =
    "<ir_version: 8, opset_import: [\"\" : 17]>\n"
    "g (bool c, float[N,4] x, int64 n) => (y, v) {\n"
    "  y = If (c) <then_branch = a () => (t) { t = Relu (x) },\n"
    "              else_branch = b () => (e) { e = Exp (x) }>\n"
    "  w, v = Loop (n, c, x) <body = l (int64 i, bool k, s) => (k2, s2, out) {\n"
    "      k2 = Identity (k) s2 = Add (s, x) out = Identity (s) }>\n"
    "}\n";

static const pare_binding seven[] = { { "N", 7 }, { NULL, 0 } };
static const int64_t dims[] = { 2, 3, 8 };
static const pare_input_shape shape = { "x", 3, dims };

typedef struct job {
    const char *text;
    const pare_infer_opts *opts;
} job;

static pare_status infer(pare_ctx *ctx, void *user)
{
    const job *j = user;
    pare_model *model = NULL;
    pare_shapes *shapes = NULL;
    pare_status st = pare_text_parse(ctx, &model, j->text);
    if (!st) st = pare_infer(ctx, &shapes, model, j->opts);
    pare_shapes_free(ctx, shapes);
    pare_model_free(ctx, model);
    return st;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    const pare_infer_opts bound = { .dims = seven };
    const pare_infer_opts shaped = { .inputs = &shape, .n_inputs = 1 };
    job jobs[] = { { straight, NULL }, { straight, &bound }, { straight, &shaped },
                   { unordered_and_wrong, NULL }, { functions, &bound }, { nested, NULL } };
    for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++)
        assert_true(test_ctx_torture(infer, &jobs[i]) > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(every_allocation_may_fail) };
    return test_run(tests);
}
