#include "support/infer.h"
#include "support/test.h"

static void if_joins_its_branches(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 11, "bool c, float[N,3] x, float[M,3] z", "",
          "y = If(c) <then_branch = t () => (a) { a = Identity(x) }, "
          "else_branch = e () => (b) { b = Identity(z) }>", "float[?,3]" },
        { 11, "bool c, float[N,3] x, float[M] z", "",
          "y = If(c) <then_branch = t () => (a) { a = Identity(x) }, "
          "else_branch = e () => (b) { b = Identity(z) }>", "float[...]" },
        { 13, "float[N,3] x, float[M] z", "bool c = {0}",
          "y = If(c) <then_branch = t () => (a) { a = Identity(x) }, "
          "else_branch = e () => (b) { b = Identity(z) }>", "float[M]" },
        /* the branch that never runs may contradict itself */
        { 13, "float[2,3] x", "int64 i = {0}, int64 two = {2}, int64[1] a = {0}",
          "s = Shape(x)\nn = Gather(s, i)\nc = Equal(n, two)\n"
          "y = If(c) <then_branch = t () => (p) { p = Identity(x) }, "
          "else_branch = e () => (q) { q = Squeeze(x, a) }>", "float[2,3]" },
        /* nor does one that contradicts its inputs, whatever the condition */
        { 13, "bool c, float[2,3] x", "int64[1] a = {0}",
          "y = If(c) <then_branch = t () => (p) { p = Identity(x) }, "
          "else_branch = e () => (q) { q = Squeeze(x, a) }>", "issue: found 2" },
        { 13, "bool c, float[2,3] x", "int64[1] a = {0}",
          "y = If(c) <then_branch = t () => (p) { p = Squeeze(x, a) }, "
          "else_branch = e () => (q) { q = Squeeze(x, a) }>", "error: a branch that can run" },
        { 13, "bool c, float[N,3] x", "",
          "y, y2 = If(c) <then_branch = t () => (a) { a = Identity(x) }, "
          "else_branch = e () => (b) { b = Identity(x) }>", "error: at least 2 outputs" },
        { 13, "bool c, float[N,3] x", "", "y = If(c) <then_branch = t () => (a) { a = Neg(x) }>",
          "error: attribute 'else_branch'" },
        { 13, "bool c, float[N,3] x", "", "y = If(c) <then_branch = 1, else_branch = 2>",
          "error: expected type graph, found int" },
    };
    TEST_INFER(rows);
}

#define COUNT "body = b (int64 i, bool c, float[?,3] h) => (k, h2, o) " \
              "{ k = Identity(c) h2 = Neg(h) o = Identity(h) }"

static void loop_counts_its_runs(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 11, "float[N,3] x", "int64 m = {5}", "y, y2 = Loop(m, \"\", x) <" COUNT ">",
          "float[N,3]; float[5,N,3]" },
        { 13, "float[N,3] x, int64 m", "", "y, y2 = Loop(m, \"\", x) <" COUNT ">",
          "float[N,3]; float[?,N,3]" },
        { 13, "float[N,3] x, bool t", "int64 m = {5}", "y, y2 = Loop(m, t, x) <" COUNT ">",
          "float[N,3]; float[?,N,3]" },
        { 13, "float[N,3] x", "int64 m = {5}, bool t = {0}", "y, y2 = Loop(m, t, x) <" COUNT ">",
          "float[N,3]; float[0,N,3]" },
        { 13, "float[N,3] x", "int64 m = {9223372036854775807}",
          "y, y2 = Loop(m, \"\", x) <" COUNT ">",
          "float[N,3]; float[9223372036854775807,N,3]" },
        { 13, "float[N,3] x, float[T] z", "", "m = Size(z)\ny, y2 = Loop(m, \"\", x) <" COUNT ">",
          "float[N,3]; float[T,N,3]" },
    };
    TEST_INFER(rows);
}

static void loop_widens_what_changes(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        /* a dim that grows, a counter, a rank that grows */
        { 13, "float[N,3] x", "int64 m = {5}",
          "y = Loop(m, \"\", x) <body = b (i, c, h) => (c, h2) { h2 = Concat<axis = 0>(h, x) }>",
          "float[?,3]" },
        { 13, "", "int64 m = {5}, int64 n = {0}, int64 one = {1}",
          "y = Loop(m, \"\", n) <body = b (i, c, h) => (c, h2) { h2 = Add(h, one) }>",
          "int64 = {?}" },
        { 13, "float[N] x", "int64 m = {5}, int64[1] a = {0}",
          "y = Loop(m, \"\", x) <body = b (i, c, h) => (c, h2) { h2 = Unsqueeze(h, a) }>",
          "float[...]" },
        { 13, "float[N] x", "int64 m = {5}",
          "y = Loop(m, \"\", x) <body = b (i, c, h) => (c, h2) { h2 = Cast<to = 11>(h) }>",
          "double[N]" },
        /* what an empty sequence is filled with is what it holds */
        { 13, "float[N,3] x, int64 m", "",
          "s = SequenceEmpty()\nq = Loop(m, \"\", s) <body = b (i, c, h) => (c, h2) "
          "{ h2 = SequenceInsert(h, x) }>\ny = ConcatFromSequence<axis = 0, new_axis = 1>(q)",
          "float[?,N,3]" },
        /* content that stays is kept; one run is exactly what the body gives */
        { 13, "", "int64 m = {5}, int64[2] n = {7, 8}",
          "y = Loop(m, \"\", n) <body = b (i, c, h) => (c, h2) { h2 = Identity(h) }>",
          "int64[2] = {7, 8}" },
        { 13, "float[N] x", "int64 m = {1}, int64[1] a = {0}",
          "y = Loop(m, \"\", x) <body = b (i, c, h) => (c, h2) { h2 = Unsqueeze(h, a) }>",
          "float[...]" },
        { 13, "", "int64 m = {5}",
          "y = Loop(m, \"\") <body = b (i, c) => (c, o) { o = Identity(i) }>",
          "int64[5]" },
        /* a body that declares one element for the number of the run gets that */
        { 13, "", "int64 m = {5}",
          "y = Loop(m, \"\") <body = b (int64[1] i, bool c) => (c, o) { o = Identity(i) }>",
          "int64[5,1]" },
        { 13, "float[N] x, int64 m", "", "y = Loop(m, \"\", x) <body = b (i, c) => (c, i) { }>",
          "error: graph 'body': expected 3 inputs, found 2" },
        { 13, "float[N] x, int64 m", "", "y = Loop(m, \"\", x) <body = b (i, c, h) => (c) { }>",
          "error: graph 'body': expected at least 2 outputs" },
    };
    TEST_INFER(rows);
}

static void scan_in_every_version(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 8, "float[B,4] s, float[B,T,4] x", "",
          "y, y2 = Scan(\"\", s, x) <num_scan_inputs = 1, "
          "body = b (h, e) => (h2, o) { h2 = Add(h, e) o = Identity(h2) }>",
          "float[B,4]; float[B,T,4]" },
        { 9, "float[4] s, float[T,4] x", "",
          "y, y2 = Scan(s, x) <num_scan_inputs = 1, "
          "body = b (h, e) => (h2, o) { h2 = Add(h, e) o = Identity(h2) }>",
          "float[4]; float[T,4]" },
        { 11, "float[4] s, float[4,T] x", "",
          "y, y2 = Scan(s, x) <num_scan_inputs = 1, scan_input_axes = [-1], "
          "scan_output_axes = [-1], body = b (h, e) => (h2, o) "
          "{ h2 = Add(h, e) o = Identity(h2) }>",
          "float[4]; float[4,T]" },
        { 11, "float[4] s, float[T,4] x", "",
          "y = Scan(s, x) <num_scan_inputs = 3, body = b (h, e) => (h2) { h2 = Add(h, e) }>",
          "error: expected 1 to 2, found 3" },
        { 11, "float[2,4] p, float[3,4] q", "",
          "y = Scan(p, q) <num_scan_inputs = 2, body = b (d, e) => (o) { o = Add(d, e) }>",
          "error: scan axis: expected two equal dims, found 2 and 3" },
        { 11, "float[2,4] p", "",
          "y = Scan(p) <num_scan_inputs = 1, scan_input_axes = [0, 1], "
          "body = b (d) => (o) { o = Neg(d) }>", "error: input axes: expected 1 values, found 2" },
        { 11, "float[2,4] p", "",
          "y = Scan(p) <num_scan_inputs = 1, scan_output_axes = [2], "
          "body = b (d) => (o) { o = Neg(d) }>", "error: scan output axis" },
    };
    TEST_INFER(rows);
}

static void sequences_know_their_elements(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 11, "float[N,3] a, float[M,3] b", "", "y = SequenceConstruct(a, b)", "seq(float[?,3])" },
        { 11, "", "", "y = SequenceEmpty()", "seq(float[...])" },
        { 11, "", "", "y = SequenceEmpty<dtype = 7>()", "seq(int64[...])" },
        { 11, "seq(float[N,3]) s, float[2,3] x", "", "y = SequenceInsert(s, x)",
          "seq(float[?,3])" },
        { 11, "float[2,3] x", "", "s = SequenceEmpty()\ny = SequenceInsert(s, x)",
          "seq(float[2,3])" },
        { 11, "seq(float[N,3]) s", "", "y = SequenceErase(s)", "seq(float[N,3])" },
        { 11, "seq(float[N,3]) s, int64 i", "", "y = SequenceAt(s, i)", "float[N,3]" },
        { 11, "seq(float[N,3]) s", "", "y = SequenceLength(s)", "int64" },
        { 11, "float[6,3] x", "int64 n = {2}", "y = SplitToSequence(x, n)", "seq(float[2,3])" },
        { 11, "float[5,3] x", "int64 n = {2}", "y = SplitToSequence(x, n)", "seq(float[?,3])" },
        { 11, "float[5,3] x", "int64[2] n = {2, 3}", "y = SplitToSequence(x, n)",
          "seq(float[?,3])" },
        { 11, "float[6,3] x", "", "y = SplitToSequence(x)", "seq(float[1,3])" },
        { 11, "float[6,3] x", "", "y = SplitToSequence<axis = 1, keepdims = 0>(x)",
          "seq(float[6])" },
        { 11, "float[6,3] x", "int64 n = {0}", "y = SplitToSequence(x, n)",
          "error: sizes above 0" },
        { 11, "seq(float[N,3]) s", "", "y = ConcatFromSequence<axis = 0>(s)", "float[?,3]" },
        { 11, "seq(float[N,3]) s", "", "y = ConcatFromSequence<axis = -1, new_axis = 1>(s)",
          "float[N,3,?]" },
        { 17, "seq(float[N,3]) s, float[3] z", "",
          "y = SequenceMap(s, z) <body = b (e, w) => (o) { o = Add(e, w) }>", "seq(float[N,3])" },
    };
    TEST_INFER(rows);
}

static void optionals_hold_values(void **state)
{
    (void)state;
    static const test_infer_row rows[] = {
        { 15, "float[N] x", "", "y = Optional(x)", "optional(float[N])" },
        { 15, "", "", "y = Optional<type = seq(float[N])>()", "optional(seq(float[N]))" },
        { 15, "", "", "y = Optional()", "error: found neither" },
        { 15, "optional(float[N]) x", "", "y = OptionalGetElement(x)", "float[N]" },
        { 18, "float[N] x", "", "y = OptionalGetElement(x)", "float[N]" },
        { 15, "optional(float[N]) x", "", "y = OptionalHasElement(x)", "bool = {?}" },
        { 18, "float[N] x", "", "y = OptionalHasElement(x)", "bool = {1}" },
        { 18, "", "", "y = OptionalHasElement()", "bool = {0}" },
    };
    TEST_INFER(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(if_joins_its_branches),    cmocka_unit_test(loop_counts_its_runs),
        cmocka_unit_test(loop_widens_what_changes), cmocka_unit_test(scan_in_every_version),
        cmocka_unit_test(sequences_know_their_elements),
        cmocka_unit_test(optionals_hold_values),
    };
    return test_run(tests);
}
