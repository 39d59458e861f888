#include "ir/text.h"

#include "ir/check.h"
#include "ir/graph.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A header and a graph around what a test is about. */
#define HEAD        "<\n  ir_version: 8,\n  opset_import: [\"\" : 13]\n>\n"
#define BODY(nodes) HEAD "g (float x) => (float y) {\n" nodes "}\n"

/* Texts in the form that the writer gives them. */
static const char *const canonical[] = {
    "<\n  ir_version: 0,\n  opset_import: []\n>\n\"\" () => () {\n}\n",
    HEAD "g (float[N,3] X, float Z) => (float[N,4] Y) <\n"
         "  float[3,4] W = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},\n"
         "  float[4] B = {0.5, -0.25, 1e-7, 3.4028235e38},\n"
         "  float[N,4] h\n"
         "> {\n"
         "  [first] h = MatMul (X, W)\n"
         "  Y = Add (h, B)\n"
         "}\n",
    "<\n  ir_version: 8,\n  opset_import: [\"\" : 13, \"com.microsoft\" : 1],\n"
    "  producer_name: \"p\\\"q\\\\\",\n  producer_version: \"\",\n  domain: \"d\",\n"
    "  model_version: -3,\n  doc_string: \"two\\x0alines\",\n"
    "  metadata_props: [\"a\": \"b\", \"\": \"\"]\n>\n"
    "g () => () {\n}\n",
    /* operators: domains, overloads, odd names, omitted places, none at all */
    BODY("  y, \"\" = com.microsoft.Gelu:f32 (x, \"\", x)\n"
         "  a = \"odd-domain.x\".\"odd op\":\"o l\" ()\n"
         "  = Print (x)\n"
         "  [\"\"] b = ai.onnx.Relu (x)\n"
         "  [\"a/b:0\", doc_string: \"d\", metadata_props: [\"k\": \"v\"]] c = Relu (x)\n"
         "  [doc_string: \"\"] d = Relu (x)\n"
         "  [metadata_props: [\"k\": \"v\"]] e = seq (x)\n"
         "  \"float\", \"nan\" = \"\" (\"seq\", \"\xc3\xa4\")\n"
         "  \"seq\", \"\xc3\xa4\" = Split (x)\n"),
    /* every kind of attribute */
    BODY(
        "  y = Op <i: int = -9223372036854775808, f: float = 0.1, s: string = \"\\x00\\x1b\\xff\", "
        "is: ints = [1, 2], fs: floats = [1, -0, inf, -inf, nan, -nan, nan(2143289345)], "
        "ss: strings = [\"a\", \"\"], t: tensor = float[2] {1, 2}, "
        "ts: tensors = [int64 {5}, bool[0] {}], tp: type_proto = float[N], "
        "tps: type_protos = [float[], seq(int64), optional(float[2,?])], "
        "st: sparse_tensor = sparse_tensor(float[9]) {float[2] {1, 2}, int64[2] {0, 5}}, "
        "sts: sparse_tensors = [sparse_tensor(undefined[2]) {absent, absent}], "
        "u: undefined = [], none: ints = [], nofloats: floats = [], \"odd name\": int = 1> (x)\n"),
    /* graphs in attributes, seeing outer values */
    BODY("  y = If (x) <\n"
         "    then_branch: graph = t () => (float a) <\n"
         "      float[1] k = {2}\n"
         "    > {\n"
         "      a = Add (x, k)\n"
         "    },\n"
         "    more: graphs = [\"\" () => () {\n"
         "    }, \"g 2\" <\n"
         "      doc_string: \"d\"\n"
         "    > (z) => (z) {\n"
         "      b = If (z) <\n"
         "        body: graph = deep () => () {\n"
         "          c = Add (b0, x)\n"
         "        }\n"
         "      >\n"
         "      b0 = Relu (z)\n"
         "    }]\n"
         "  >\n"),
    /* every element type */
    HEAD "g () => () <\n"
         "  float a1 = {1.5},\n  uint8[2] a2 = {0, 255},\n  int8[2] a3 = {-128, 127},\n"
         "  uint16[2] a4 = {0, 65535},\n  int16[2] a5 = {-32768, 32767},\n"
         "  int32[2] a6 = {-2147483648, 2147483647},\n"
         "  int64[2] a7 = {-9223372036854775808, 9223372036854775807},\n"
         "  string[3] a8 = {\"\", \"a\\x00b\", \"\\xff\"},\n  bool[2] a9 = {0, 1},\n"
         "  float16[2] a10 = {15360, 65535},\n"
         "  double[3] a11 = {0.1, 1e300, nan(9221120237041090561)},\n"
         "  uint32[2] a12 = {0, 4294967295},\n  uint64[2] a13 = {0, 18446744073709551615},\n"
         "  complex64[2] a14 = {1, -2, 0.5, nan},\n  complex128 a15 = {0.1, -inf},\n"
         "  bfloat16[1] a16 = {16256},\n  float8e4m3fn[1] a17 = {255},\n"
         "  float8e4m3fnuz[1] a18 = {1},\n  float8e5m2[1] a19 = {2},\n"
         "  float8e5m2fnuz[1] a20 = {3},\n  uint4[3] a21 = {0, 15, 7},\n"
         "  int4[5] a22 = {-8, 7, -1, 0, 1},\n  float4e2m1[3] a23 = {15, 0, 8},\n"
         "  float8e8m0[1] a24 = {127},\n  uint2[5] a25 = {0, 1, 2, 3, 3},\n"
         "  int2[7] a26 = {-2, -1, 0, 1, -2, 1, -1},\n  float[2,0,3] a27 = {}\n"
         "> {\n}\n",
    /* types */
    HEAD "g (float[\"a b\",?,0,7@\"CHANNEL\",?@\"X\"]@\"IMAGE\" a, float[] b, float c, untyped, "
         "notype d, notype@\"T\" e, undefined[3] f, seq(float[2]) h, optional(seq(string)) i, "
         "map(int64, seq(float)@\"P\") j, map(string) k, seq() l, opaque() m, "
         "sparse_tensor(float[3,N]) n, sparse_tensor(float[]) o, float[\"\"] p) => () {\n}\n",
    /* sparse initializers, initializers of inputs, value_info for nothing, annotations */
    HEAD
    "g <\n"
    "  doc_string: \"d\",\n"
    "  metadata_props: [\"k\": \"v\"],\n"
    "  quantization_annotation: [\"x\": [\"SCALE_TENSOR\": \"s\", \"\": \"gone\"], \"q\": []]\n"
    "> (float[1] x, float[2] w) => (float[1] x) <\n"
    "  float s = {1},\n"
    "  float[2] w = {1, 2},\n"
    "  sparse_tensor(float[3,4]) sp = {float[2] {1, 2}, int64[2,2] {0, 1, 2, 3}},\n"
    "  float[2] w,\n"
    "  nothing,\n"
    "  float[1] nothing2\n"
    "> {\n}\n",
    /* functions */
    HEAD "g (float x) => (float y) {\n  y = local.F (x)\n}\n"
         "<\n  domain: \"local\",\n  overload: \"o\",\n  opset_import: [\"\" : 18],\n"
         "  doc_string: \"d\",\n  metadata_props: [\"k\": \"v\"]\n>\n"
         "F <alpha, \"be ta\", gamma: float = 1, delta: ints = [1]> (a, b) => (c) <\n"
         "  float[N] c\n"
         "> {\n"
         "  c = Op <alpha: float = @alpha, all: ints = @\"be ta\"> (a, b)\n"
         "}\n"
         "<\n  opset_import: []\n>\n"
         "\"G 2\" () => () {\n}\n",
};

static void canonical_text_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(canonical) / sizeof(canonical[0]); i++) {
        test_ctx t;
        test_ctx_init(&t);
        pare_model *model = test_model_parse(&t.ctx, canonical[i]);
        test_model_equals(&t.ctx, model, canonical[i]);
        pare_model *clone = NULL;
        assert_int_equal(pare_model_clone(&t.ctx, &clone, model), PARE_OK);
        pare_model_free(&t.ctx, model);
        test_model_equals(&t.ctx, clone, canonical[i]);
        pare_model_free(&t.ctx, clone);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

/* What may be written otherwise, and the form that the writer gives it. */
static const struct {
    const char *loose, *canonical;
} loose[] = {
    { "g()=>(){}", "<\n  ir_version: 0,\n  opset_import: []\n>\ng () => () {\n}\n" },
    { "# a comment\n<ir_version:8,opset_import:[\"\":13],>g(float x,)=>(float y){#x\n"
      "y=Relu(x)# }\n}",
      BODY("  y = Relu (x)\n") },
    /* attributes without type, in front or behind */
    { HEAD "g (float x) => (float y) { y = Op <i = 1, f = 1.0, g = inf, s = \"t\", l = [1, 2], "
           "m = [0.5e0, 2.5], t = float[1] name = {1}, u = float[1] {1}, v: floats = [1, 2.5], "
           "w = [float[N], seq(float)], r = @q> (x) }",
      BODY("  y = Op <i: int = 1, f: float = 1, g: float = inf, s: string = \"t\", l: ints = [1, "
           "2], "
           "m: floats = [0.5, 2.5], t: tensor = float[1] {1}, u: tensor = float[1] {1}, "
           "v: floats = [1, 2.5], w: type_protos = [float[N], seq(float)], r: undefined = @q> "
           "(x)\n") },
    { HEAD "g (float x) => (float y) { y = Op (x) <a = 1> }", BODY("  y = Op <a: int = 1> (x)\n") },
    /* omitted inputs and trailing commas as ONNX reads them */
    { HEAD "g (float x) => (float y) { y = Op (,x,,x,) }", BODY("  y = Op (\"\", x, \"\", x)\n") },
    /* an initializer where its input is declared */
    { HEAD "g (float[2] x = {1, 2}) => (float[2] x) {}",
      HEAD "g (float[2] x) => (float[2] x) <\n  float[2] x = {1, 2}\n> {\n}\n" },
    /* typed inputs and outputs of functions */
    { HEAD "g () => () {} <domain: \"d\"> f (float a) => (float b) { b = Relu (a) }",
      HEAD "g () => () {\n}\n<\n  domain: \"d\",\n  opset_import: []\n>\nf (a) => (b) <\n"
           "  float a,\n  float b\n> {\n  b = Relu (a)\n}\n" },
};

static void loose_text_is_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(loose) / sizeof(loose[0]); i++) {
        test_ctx t;
        test_ctx_init(&t);
        pare_model *model = test_model_parse(&t.ctx, loose[i].loose);
        test_model_equals(&t.ctx, model, loose[i].canonical);
        pare_model_free(&t.ctx, model);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

static const struct {
    const char *text, *message; /* the message's beginning */
} refused[] = {
    { "", "1:1: expected a name, found the end of the text" },
    { "g", "1:2: expected '(', found the end of the text" },
    { "g (float x", "1:11: expected ')', found the end of the text" },
    { "g () -> () {}", "1:6: expected '=>', found '-'" },
    { "g () => () {\n  y = Relu (x)\n}",
      "2:13: expected the name of a value that is defined, found" },
    { "g () => (y) {}", "1:10: expected the name of a value that is defined, found 'y'" },
    { "g (x, x) => () {}", "1:7: input 'x': expected it once, found it twice" },
    { "g (x) => () { x = Relu (x) }", "1:15: node '' (Relu): output 'x': expected a value that" },
    { "g (x) => () { y = Relu (x) y = Relu (x) }", "1:28: node '' (Relu): output 'y': expected" },
    { "g () => () <float[1] w = {1}, float[1] w = {1}> {}", "1:40: expected one initializer of" },
    { "g () => () <float[N] w = {1}> {}", "1:13: expected a tensor type whose dims are numbers" },
    { "g () => () <float[] w = {1}> {}", "1:13: expected a tensor type with dims" },
    { "g () => () <w = {1}> {}", "1:13: expected a tensor type with dims" },
    { "g () => () <seq(float) w = {1}> {}", "1:13: expected a tensor type with element type" },
    { "g () => () <float[2] w = {1}> {}", "1:28: expected 2 numbers, of which 1 are there" },
    { "g () => () <float[2] w = {1, 2, 3}> {}", "1:33: expected '}' after as many numbers as" },
    { "g () => () <float[2,-1] w = {1}> {}", "1:21: expected a dimension: a number from 0 on" },
    { "g () => () <int8[1] w = {128}> {}", "1:26: expected an integer that fits into int8" },
    { "g () => () <int8[1] w = {-129}> {}", "1:26: expected an integer that fits into int8" },
    { "g () => () <uint2[1] w = {4}> {}", "1:27: expected an integer that fits into uint2" },
    { "g () => () <bool[1] w = {2}> {}", "1:26: expected an integer that fits into bool" },
    { "g () => () <uint64[1] w = {18446744073709551616}> {}", "1:28: expected an integer that" },
    { "g () => () <int64[1] w = {9223372036854775808}> {}", "1:27: expected an integer that" },
    { "g () => () <float[1] w = {1e99}> {}", "1:27: expected a number that fits into a float" },
    { "g () => () <float[1] w = {x}> {}", "1:27: expected a number that fits into a float" },
    { "g () => () <float[1] w = {nan(1)}> {}", "1:31: expected the bit pattern of a NaN" },
    { "g () => () <float[4294967296,4294967296] w = {}> {}",
      "1:13: expected dims whose product is" },
    { "g () => () <float[4294967296] w = {}> {}", "1:36: expected 4294967296 numbers, of which 0" },
    { "g () => () <float[20] w = {20 elements, hash 1}> {}", "1:28: expected the elements them" },
    { "g () => () <float[1] w = [\"location\": \"f\"]> {}",
      "1:26: expected the elements themselves" },
    { "g (floaty x) => () {}", "1:11: expected ')', found 'x'" },
    { "g (seq(seq) x) => () {}", "1:11: expected '(', found ')'" },
    { "g () => () { y = Op <a = []> () }", "1:27: expected a value (an empty list needs its type" },
    { "g () => () { y = Op <a: int = [1]> () }", "1:31: expected a single value, found '['" },
    { "g () => () { y = Op <a: ints = 1> () }", "1:32: expected '[', found '1'" },
    { "g () => () { y = Op <a: int = 1.5> () }",
      "1:31: expected a value of type int, found '1.5'" },
    { "g () => () { y = Op <a = [1, 1.5]> () }",
      "1:30: expected a value of type int, found '1.5'" },
    { "g () => () { y = Op <a = 1, b = 2, a = 3> () }", "1:36: expected one attribute of each" },
    { "g () => () { y = Op <a: thing = 1> () }", "1:25: expected the type of an attribute" },
    { "g () => () { y = Op <a = 99999999999999999999> () }",
      "1:26: expected an integer that fits" },
    { "g () => () { \"a\\x00b\" = Op () }", "1:14: expected a text without \\x00" },
    { "g () => () { \"a\\nb\" = Op () }", "1:14: expected \\\\, \\\" or \\xNN wherever" },
    { "g () => () { \"a\\x0\" = Op () }", "1:14: expected \\\\, \\\" or \\xNN wherever" },
    { "g () => () { \"a = Op () }", "1:14: expected a name, found a string without end" },
    { "g () => () { \"a\\", "1:14: expected a name, found a string without end" },
    { "g () => () { y = Op (3x) }", "1:22: expected a name, found '3x'" },
    { "g () => () { y = Op () & }", "1:24: expected a name, found '&'" },
    { "<nonsense: 1> g () => () {}",
      "1:2: expected a key that has a meaning here, found 'nonsense'" },
    { "<overload: \"x\"> g () => () {}", "1:2: expected a key that has a meaning here" },
    { "<opset_import: [\"\": 1, \"ai.onnx\": 2]> g () => () {}",
      "1:24: opset_import: expected domain" },
    { "g () => () {} f () => () {} f () => () {}", "1:29: function ':f': expected one definition" },
    { "g () => () {} f <a: graph = x () => () {}> () => () {}", "1:29: expected no graph in the" },
    { "g () => () {} f (x) => (x) { y = Op <b = h () => (q) {}> (x) }", "1:51: expected the name" },
};

static void bad_text_is_refused_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        test_ctx t;
        test_ctx_init(&t);
        pare_model *model = NULL;
        assert_int_equal(pare_text_parse(&t.ctx, &model, refused[i].text), PARE_EFORMAT);
        assert_null(model);
        const size_t n = strlen(refused[i].message);
        if (strncmp(t.ctx.message, refused[i].message, n) != 0)
            fail_msg("%s\n  gave: %s\n  want: %s", refused[i].text, t.ctx.message,
                     refused[i].message);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

/* Every text, cut anywhere, ends in a message. */
static void cut_text_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(canonical) / sizeof(canonical[0]); i++) {
        for (size_t n = strlen(canonical[i]); n-- > 0;) {
            test_ctx t;
            test_ctx_init(&t);
            char *cut = malloc(n + 1);
            assert_non_null(cut);
            memcpy(cut, canonical[i], n);
            cut[n] = '\0';
            pare_model *model = NULL;
            const pare_status st = pare_text_parse(&t.ctx, &model, cut);
            if (st) assert_int_equal(st, PARE_EFORMAT);
            pare_model_free(&t.ctx, model);
            assert_int_equal(test_ctx_live_bytes(&t), 0);
            free(cut);
        }
    }
}

static char *repeated(const char *front, const char *middle, size_t n)
{
    const size_t n_front = strlen(front);
    const size_t n_middle = strlen(middle);
    char *text = malloc(n_front + n * n_middle + 1);
    assert_non_null(text);
    memcpy(text, front, n_front);
    for (size_t i = 0; i < n; i++) memcpy(text + n_front + i * n_middle, middle, n_middle);
    text[n_front + n * n_middle] = '\0';
    return text;
}

static void depth_is_limited(void **state)
{
    (void)state;
    static const struct {
        const char *front, *middle, *expected;
    } bombs[] = {
        { "g () => () {", "= Op <a = g () => () {", "expected at most 32 graphs inside" },
        { "g () => () {", "= Op <a = [g () => () {", "expected at most 32 graphs" },
        { "g (", "seq(", "expected at most 32 types inside of each other" },
        { "g () => () { = Op <a = ", "map(int64, ", "expected at most 32 types" },
        { "g () => () { = Op <a = ", "[", "expected the value of an attribute" },
    };
    for (size_t i = 0; i < sizeof(bombs) / sizeof(bombs[0]); i++) {
        test_ctx t;
        test_ctx_init(&t);
        pare_model *model = NULL;
        char *text = repeated(bombs[i].front, bombs[i].middle, 100000);
        assert_int_equal(pare_text_parse(&t.ctx, &model, text), PARE_EFORMAT);
        assert_non_null(strstr(t.ctx.message, bombs[i].expected));
        assert_int_equal(test_ctx_live_bytes(&t), 0);
        free(text);
    }
}

static pare_status parse_and_write(pare_ctx *ctx, void *user)
{
    pare_model *model = NULL;
    pare_model *clone = NULL;
    pare_status st = pare_text_parse(ctx, &model, user);
    if (!st) st = pare_graph_check(ctx, model, NULL);
    if (!st) st = pare_model_clone(ctx, &clone, model);
    if (!st) st = pare_graph_check(ctx, clone, NULL);
    FILE *sink = fopen("/dev/null", "w");
    assert_non_null(sink);
    if (!st) st = pare_text_write(ctx, sink, clone);
    fclose(sink);
    pare_model_free(ctx, model);
    pare_model_free(ctx, clone);
    return st;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(canonical) / sizeof(canonical[0]); i++) {
        char *text = repeated(canonical[i], "", 0);
        assert_true(test_ctx_torture(parse_and_write, text) > 2);
        free(text);
    }
}

static void large_payloads_are_hashed(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    const float data[17] = { 1 };
    const int64_t dims[] = { 17 };
    pare_model *model = NULL;
    pare_tensor *tensor = NULL;
    pare_value_id value = PARE_NONE;
    assert_int_equal(pare_model_new(&t.ctx, &model, "g"), PARE_OK);
    assert_int_equal(pare_tensor_from(&t.ctx, &tensor, PARE_FLOAT, 1, dims, data), PARE_OK);
    assert_int_equal(pare_value_new(&t.ctx, &value, model->graph, "w"), PARE_OK);
    assert_int_equal(pare_value_set_tensor(&t.ctx, model, value, tensor), PARE_OK);
    pare_tensor_unref(tensor);
    char *text = test_model_text(&t.ctx, model);
    assert_non_null(strstr(text, "float[17] w = {17 elements, 68 bytes, hash "));
    free(text);
    pare_model_free(&t.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void full_disks_are_reported(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    pare_model *model = test_model_parse(&t.ctx, canonical[1]);
    FILE *full = fopen("/dev/full", "w");
    if (full) assert_int_equal(pare_text_write(&t.ctx, full, model), PARE_EIO);
    if (full) fclose(full);
    pare_model_free(&t.ctx, model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_text_comes_back),
        cmocka_unit_test(loose_text_is_understood),
        cmocka_unit_test(bad_text_is_refused_with_its_place),
        cmocka_unit_test(cut_text_is_refused),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(large_payloads_are_hashed),
        cmocka_unit_test(full_disks_are_reported),
    };
    return test_run(tests);
}
