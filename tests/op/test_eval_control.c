#include "support/eval.h"
#include "support/test.h"

static void branches(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 11, "bool c = {1}, float[2] x = {1, 2}",
          "y = If (c) <then_branch = a () => (t) { t = Add (x, x) },"
          " else_branch = b () => (e) { e = Neg (x) }>", "float[2] {2, 4}" },
        { 1, "bool[1] c = {0}, float[2] x = {1, 2}",
          "y = If (c) <then_branch = a () => (t) { t = Abs (x) },"
          " else_branch = b () => (e) { e = Neg (x) }>", "float[2] {-1, -2}" },
        { 13, "bool[2] c = {0, 1}, float[2] x = {1, 2}",
          "y = If (c) <then_branch = a () => (t) { t = Abs (x) },"
          " else_branch = b () => (e) { e = Neg (x) }>",
          "error: expected one integer, found another number of elements" },
        { 16, "bool c = {1}, int64 n = {1}, float[2] x = {1, 2}, float[1] z = {5}",
          "s = If (c) <then_branch = a () => (t) { t = SequenceConstruct (x, z) },"
          " else_branch = b () => (e) { e = SequenceEmpty () }>\n y = SequenceAt (s, n)",
          "float[1] {5}" },
    };
    TEST_EVAL(rows);
}

#define DOUBLES "<body = b (int64 i, bool k, float[] s) => (bool k2, s2, s3) { k2 = And (k, k)" \
                " s2 = Add (s, s) s3 = Neg (s) }>"
#define UNTIL "<body = b (int64 i, bool k, int64 s) => (bool k2, int64 s2) { s2 = Add (s, i)" \
              " k2 = Less (s2, limit) }>"

static void loops(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 11, "int64 m = {3}, bool c = {1}, float[1] x = {1}", "y, y2 = Loop (m, c, x) " DOUBLES,
          "float[1] {8}; float[3,1] {-1, -2, -4}" },
        { 1, "int64[1] m = {2}, float[1] x = {1}", "y, y2 = Loop (m, \"\", x) " DOUBLES,
          "float[1] {4}; float[2,1] {-1, -2}" },
        { 13, "int64 limit = {10}, bool c = {1}, int64 x = {0}", "y = Loop (\"\", c, x) " UNTIL,
          "int64 {10}" },
        { 13, "int64 limit = {10}, int64 x = {0}", "y = Loop (\"\", \"\", x) " UNTIL,
          "int64 {10}" },
        { 13, "int64 limit = {10}, int64 m = {3}, int64 x = {0}", "y = Loop (m, \"\", x) " UNTIL,
          "int64 {3}" },
        { 13, "int64 limit = {10}, bool c = {0}, int64 x = {7}", "y = Loop (\"\", c, x) " UNTIL,
          "int64 {7}" },
        { 13, "int64 m = {-5}, float[1] x = {7}",
          "z, y = Loop (m, \"\", x) <body = b (int64 i, bool k, float[1] s) => (bool k2, float[1] "
          "s2,"
          " float16[N,3] s3) { k2 = And (k, k) s2 = Neg (s) s3 = Cast <to = 10> (s) }>",
          "float16[0,0,3] {}" },
        { 13, "int64 m = {0}",
          "y = Loop (m, \"\") <body = b (int64 i, bool k) => (bool k2, s) { k2 = And (k, k)"
          " s = Neg (i) }>",
          "error: expected a type declared in the body, which never runs" },
        { 13, "int64 m = {3}",
          "y = Loop (m, \"\") <body = b (int64[1] i, bool[1] k) => (bool k2, int4[1] s)"
          " { k2 = And (k, k) s = Cast <to = 22> (i) }>",
          "int4[3,1] {0, 1, 2}" },
        { 13, "int64 m = {2}, string t = {\"ab\"}",
          "y = Loop (m, \"\") <body = b (int64 i, bool k) => (bool k2, u) { k2 = And (k, k)"
          " u = Where (k, t, t) }>",
          "string[2] {'ab', 'ab'}" },
        /* the body captures what stands outside, at any depth */
        { 13, "int64 m = {2}, int64 o = {10}, int64 x = {0}",
          "y = Loop (m, \"\", x) <body = b (int64 i, bool k, int64 s) => (k2, t) {"
          " k2 = And (k, k)"
          " t = Loop (m, \"\", s) <body = b2 (int64 i2, bool k3, int64 s3) => (k4, t2) {"
          " k4 = And (k3, k) u = Add (i, o) t2 = Add (s3, u) }> }>",
          "int64 {42}" },
        { 13, "int64 m = {3}, float[1] x = {7}, float[3] z = {1, 2, 3}",
          "y, y2 = Loop (m, \"\", x) <body = b (int64 i, bool k, float[] s) => (bool k2, s2, s3)"
          " { k2 = And (k, k) s2 = Add (s, z) s3 = Neg (s) }>",
          "error: scan output: expected tensors of one type and shape, found others at part 1" },
        { 13, "int64 m = {9223372036854775807}, int64 x = {0}",
          "y = Loop (m, \"\", x) <body = b (int64 i, bool k, int64 s) => (k, i) { }>",
          "error: expected at most 1000000 iterations in all, found more" },
        { 13, "bool c = {1}, int64[2] x = {0, 0}",
          "y = Loop (\"\", c, x) <body = b (int64 i, bool k, int64[2] s) => (s, s) { }>",
          "error: condition of the body: expected one bool, found int64" },
    };
    TEST_EVAL(rows);
}

#define SUMS "body = b (s, x) => (t, u) { t = Add (s, x) u = Neg (t) }"

static void scans(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 9, "float s = {0}, float[3] x = {1, 2, 3}", "y, y2 = Scan <num_scan_inputs = 1, " SUMS
          "> (s, x)", "float {6}; float[3] {-1, -3, -6}" },
        { 11, "float s = {0}, float[3] x = {1, 2, 3}",
          "y, y2 = Scan <num_scan_inputs = 1, scan_input_directions = [1],"
          " scan_output_directions = [1], " SUMS "> (s, x)", "float {6}; float[3] {-6, -5, -3}" },
        { 11, "float[2] s = {0, 0}, float[2,3] x = {1, 2, 3, 4, 5, 6}",
          "y, y2 = Scan <num_scan_inputs = 1, scan_input_axes = [-1], scan_output_axes = [1], " SUMS
          "> (s, x)", "float[2] {6, 15}; float[2,3] {-1, -3, -6, -4, -9, -15}" },
        { 11, "float s = {0}, float[2] x = {1, 2}, float[3] z = {1, 2, 3}",
          "y = Scan <num_scan_inputs = 2, body = b (s, x, z) => (t) { t = Add (x, z) }> (s, x, z)",
          "error: length of the scanned axis: expected 2, found 3" },
        { 11, "float[0] x = {}, float s = {4}",
          "y, y2 = Scan <num_scan_inputs = 1, body = b (float s, float x) => (float t, int8[2] u)"
          " { t = Add (s, x) u = Cast <to = 3> (x) }> (s, x)", "float {4}; int8[0,2] {}" },
        { 8, "int64[2] n = {1, 3}, float[2] s = {0, 10}, float[2,3] x = {1, 2, 3, 4, 5, 6}",
          "y, y2 = Scan <num_scan_inputs = 1, " SUMS "> (n, s, x)",
          "float[2] {1, 25}; float[2,3] {-1, 0, 0, -14, -19, -25}" },
        { 8, "float[2] s = {0, 10}, float[2,3] x = {1, 2, 3, 4, 5, 6}",
          "y, y2 = Scan <num_scan_inputs = 1, directions = [1], " SUMS "> (\"\", s, x)",
          "float[2] {6, 25}; float[2,3] {-3, -5, -6, -16, -21, -25}" },
        { 8, "int64[2] n = {1, 4}, float[2] s = {0, 10}, float[2,3] x = {1, 2, 3, 4, 5, 6}",
          "y, y2 = Scan <num_scan_inputs = 1, " SUMS "> (n, s, x)",
          "error: sequence lengths: expected 0 to 3, found 4" },
        { 11, "float s = {0}, float x = {1}", "y, y2 = Scan <num_scan_inputs = 1, " SUMS "> (s, x)",
          "error: scan axis" },
        { 11, "float s = {0}, float[3] x = {1, 2, 3}", "y = Scan <num_scan_inputs = 3, " SUMS
          "> (s, x)", "error: attribute 'num_scan_inputs': expected 1 to 2, found 3" },
    };
    TEST_EVAL(rows);
}

static void sequences(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 11, "float[1] a = {1}, float[2] b = {2, 3}, int64 p = {-1}",
          "s = SequenceConstruct (a, b)\n t = SequenceInsert (s, b)\n u = SequenceErase (t, p)\n"
          " y = SequenceAt (u, p)\n y2 = SequenceLength (t)",
          "float[2] {2, 3}; int64 {3}" },
        { 11, "float[1] a = {1}, float[2] b = {2, 3}, int64 p = {-1}, int64 l = {1}",
          "s = SequenceConstruct (a, a)\n t = SequenceInsert (s, b, p)\n y = SequenceAt (t, l)",
          "float[2] {2, 3}" },
        { 11, "float[1] a = {1}, int64 p = {2}",
          "s = SequenceConstruct (a, a)\n"
          " y = SequenceAt (s, p)",
          "error: position: expected -2 to 1, found 2" },
        { 11, "float[1] a = {1}, int64 p = {-9223372036854775808}",
          "s = SequenceConstruct (a, a)\n t = SequenceInsert (s, a, p)\n y = SequenceLength (t)",
          "error: position: expected -2 to 2, found -9223372036854775808" },
        { 11, "float[1] a = {1}",
          "s = SequenceEmpty ()\n t = SequenceErase (s)\n"
          " y = SequenceLength (t)",
          "error: expected a sequence with elements" },
        { 11, "float[1] a = {1}, int8 b = {1}",
          "s = SequenceConstruct (a, b)\n"
          " y = SequenceLength (s)",
          "error: expected an element of type float, found int8" },
        { 11, "float[1] a = {1}", "y = SequenceLength (a)",
          "error: input 0: expected a sequence, found something else" },
        { 11, "float[5] a = {1, 2, 3, 4, 5}, int64 n = {2}, int64 p = {-1}",
          "s = SplitToSequence (a, n)\n y = SequenceAt (s, p)\n y2 = ConcatFromSequence <axis = 0> "
          "(s)",
          "float[1] {5}; float[5] {1, 2, 3, 4, 5}" },
        { 11, "int64[2,3] a = {1, 2, 3, 4, 5, 6}, int64[2] n = {2, 1}, int64 p = {0}",
          "s = SplitToSequence <axis = -1> (a, n)\n y = SequenceAt (s, p)",
          "int64[2,2] {1, 2, 4, 5}" },
        { 11, "int64[2,3] a = {1, 2, 3, 4, 5, 6}, int64 p = {0}",
          "s = SplitToSequence <axis = 1, keepdims = 0> (a)\n y = SequenceAt (s, p)\n"
          " y2 = ConcatFromSequence <axis = -1, new_axis = 1> (s)",
          "int64[2] {1, 4}; int64[2,3] {1, 2, 3, 4, 5, 6}" },
        { 11, "string[2,2] a = {\"a\", \"b\", \"c\", \"d\"}, int64 p = {1}",
          "s = SplitToSequence <axis = 1> (a)\n y = SequenceAt (s, p)\n"
          " y2 = ConcatFromSequence <axis = 0> (s)",
          "string[2,1] {'b', 'd'}; string[4,1] {'a', 'c', 'b', 'd'}" },
        { 11, "int64[3] a = {1, 2, 3}, int64[2] n = {2, 2}",
          "s = SplitToSequence (a, n)\n y = SequenceLength (s)", "error: split: expected sizes" },
        { 11, "int64[3] a = {1, 2, 3}, int64[2] n = {1, 1}",
          "s = SplitToSequence (a, n)\n y = SequenceLength (s)", "error: split: expected sizes" },
        { 11, "int64[3] a = {1, 2, 3}, int64 n = {0}",
          "s = SplitToSequence (a, n)\n y = SequenceLength (s)", "error: split: expected sizes" },
        { 17, "int64[3] a = {1, 2, 3}, int64 o = {10}",
          "s = SplitToSequence (a)\n t = SequenceMap (s, s, o) <body = b (x, z, w) => (v)"
          " { u = Add (x, z) v = Mul (u, w) }>\n y = ConcatFromSequence <axis = 0> (t)",
          "int64[3] {20, 40, 60}" },
        { 17, "int64[3] a = {1, 2, 3}",
          "s = SplitToSequence (a)\n t = SequenceErase (s)\n"
          " u = SequenceMap (s, t) <body = b (x, z) => (v) { v = Add (x, z) }>\n"
          " y = SequenceLength (u)",
          "error: input 1: expected a sequence of 3, found 2" },
    };
    TEST_EVAL(rows);
}

static void optionals(void **state)
{
    (void)state;
    static const test_eval_row rows[] = {
        { 15, "float[1] a = {1}", "o = Optional (a)\n y = OptionalHasElement (o)\n"
          " y2 = OptionalGetElement (o)", "bool {1}; float[1] {1}" },
        { 18, "float[1] a = {1}", "y = OptionalHasElement (a)\n y2 = OptionalHasElement ()\n"
          " y3 = OptionalGetElement (a)", "bool {1}; bool {0}; float[1] {1}" },
    };
    TEST_EVAL(rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(branches), cmocka_unit_test(loops), cmocka_unit_test(scans),
        cmocka_unit_test(sequences), cmocka_unit_test(optionals),
    };
    return test_run(tests);
}
