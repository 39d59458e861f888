/* Bad names, attributes, functions and versions, each refused with a message that says where and
 * what; and odd ones that others read. */
#include "support/onnx_wire.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdio.h>

enum { MIB = 1 << 20 };

static const int64_t none[] = { -1 };
static const int64_t two[] = { 2, -1 };

/* --- names and graphs ------------------------------------------------------------------------- */

static void names_are_defined_once(void **state)
{
    (void)state;
    wire w = { 0 };
    size_t graph = onnx_wire_begin_graph(&w);
    onnx_wire_value(&w, GRAPH_INPUT, "x", 1);
    onnx_wire_node(&w, GRAPH_NODE, "Relu", "x", "y");
    onnx_wire_node(&w, GRAPH_NODE, "Neg", "x", "y");
    onnx_wire_end_graph(&w, graph);
    onnx_wire_refuse(&w, "node 'n' (Neg): output 'y': ", "found one that another node produces");

    graph = onnx_wire_begin_graph(&w);
    onnx_wire_value(&w, GRAPH_INPUT, "x", 1);
    onnx_wire_node(&w, GRAPH_NODE, "Relu", "x", "x");
    onnx_wire_end_graph(&w, graph);
    onnx_wire_refuse(&w, "node 'n' (Relu): output 'x': ", "found an input of the graph");

    graph = onnx_wire_begin_graph(&w);
    size_t tensor = onnx_wire_begin_tensor(&w, GRAPH_INITIALIZER, "w", PARE_FLOAT, none);
    wire_bytes(&w, TENSOR_RAW, "1234", 4);
    wire_end(&w, tensor);
    onnx_wire_node(&w, GRAPH_NODE, "Relu", "w", "w");
    onnx_wire_end_graph(&w, graph);
    onnx_wire_refuse(&w, "node 'n' (Relu): output 'w': ", "found an initializer");

    graph = onnx_wire_begin_graph(&w);
    onnx_wire_value(&w, GRAPH_INPUT, "x", 1);
    onnx_wire_value(&w, GRAPH_INPUT, "x", 1);
    onnx_wire_end_graph(&w, graph);
    onnx_wire_refuse(&w, "input 1 'x': ", "expected one definition in graph 'main', found two");

    graph = onnx_wire_begin_graph(&w);
    for (int i = 0; i < 2; i++) {
        tensor = onnx_wire_begin_tensor(&w, GRAPH_INITIALIZER, "w", PARE_FLOAT, none);
        wire_bytes(&w, TENSOR_RAW, "1234", 4);
        wire_end(&w, tensor);
    }
    onnx_wire_end_graph(&w, graph);
    onnx_wire_refuse(&w, "initializer 1 'w': ", "expected one initializer of this name, found two");
}

static void uses_are_defined(void **state)
{
    (void)state;
    wire w = { 0 };
    size_t graph = onnx_wire_begin_graph(&w);
    onnx_wire_value(&w, GRAPH_INPUT, "x", 1);
    onnx_wire_node(&w, GRAPH_NODE, "Add", "x nowhere", "y");
    onnx_wire_end_graph(&w, graph);
    onnx_wire_refuse(&w, "node 'n' (Add): input 1: ", "found 'nowhere', which nothing defines");

    graph = onnx_wire_begin_graph(&w);
    onnx_wire_value(&w, GRAPH_OUTPUT, "y", 1);
    onnx_wire_end_graph(&w, graph);
    onnx_wire_refuse(
        &w, "output 0 'y': ", "expected a value that is produced, found none of this name");

    graph = onnx_wire_begin_graph(&w);
    onnx_wire_node(&w, GRAPH_NODE, "Relu", "b", "a");
    onnx_wire_node(&w, GRAPH_NODE, "Relu", "a", "b");
    onnx_wire_end_graph(&w, graph);
    onnx_wire_refuse(&w, "graph 'main': node 'n' (Relu): ", "found a cycle");

    graph = onnx_wire_begin_graph(&w);
    onnx_wire_node(&w, GRAPH_NODE, "Relu", "a", "a");
    onnx_wire_end_graph(&w, graph);
    onnx_wire_refuse(&w, "node 'n' (Relu): input 'a': ", "found a cycle");
}

/* A node whose branch uses what the node itself produces. */
static void cycles_through_nested_graphs_are_found(void **state)
{
    (void)state;
    wire w = { 0 };
    const size_t graph = onnx_wire_begin_graph(&w);
    onnx_wire_value(&w, GRAPH_INPUT, "c", 0);
    const size_t node = onnx_wire_begin_node(&w, GRAPH_NODE, "If", "c", "y");
    const size_t attr = onnx_wire_begin_attr(&w, NODE_ATTR, "then_branch", PARE_ATTR_GRAPH);
    const size_t inner = wire_begin(&w, ATTR_G);
    onnx_wire_node(&w, GRAPH_NODE, "Relu", "y", "z");
    onnx_wire_value(&w, GRAPH_OUTPUT, "z", 1);
    wire_end(&w, inner);
    wire_end(&w, attr);
    wire_end(&w, node);
    onnx_wire_end_graph(&w, graph);
    onnx_wire_refuse(&w, "node 'n' (If)", "found a cycle");
}

/* What tools in the wild write and read: nodes in any order, names that hide outer ones, value_info
 * for names that are gone, old files without opset_import and types of attributes. */
static void what_others_read_is_read(void **state)
{
    (void)state;
    wire w = { 0 };
    size_t graph = onnx_wire_begin_graph(&w);
    onnx_wire_node(&w, GRAPH_NODE, "Relu", "b", "c");
    onnx_wire_node(&w, GRAPH_NODE, "Relu", "a", "b");
    onnx_wire_value(&w, GRAPH_INPUT, "a", 1);
    onnx_wire_value(&w, GRAPH_VALUE_INFO, "gone", 1);
    onnx_wire_value(&w, GRAPH_OUTPUT, "c", 1);
    onnx_wire_end_graph(&w, graph);
    onnx_wire_accept(&w);

    graph = onnx_wire_begin_graph(&w); /* the inner x hides the outer one */
    onnx_wire_value(&w, GRAPH_INPUT, "x", 1);
    const size_t node = onnx_wire_begin_node(&w, GRAPH_NODE, "If", "x", "y");
    size_t attr = onnx_wire_begin_attr(&w, NODE_ATTR, "then_branch", PARE_ATTR_GRAPH);
    const size_t inner = wire_begin(&w, ATTR_G);
    onnx_wire_node(&w, GRAPH_NODE, "Constant", "", "x");
    onnx_wire_node(&w, GRAPH_NODE, "Relu", "x", "z");
    onnx_wire_value(&w, GRAPH_OUTPUT, "z", 1);
    wire_end(&w, inner);
    wire_end(&w, attr);
    wire_end(&w, node);
    onnx_wire_end_graph(&w, graph);
    onnx_wire_accept(&w);

    wire_int(&w, MODEL_IR_VERSION, 1);
    graph = wire_begin(&w, MODEL_GRAPH);
    const size_t old = onnx_wire_begin_node(&w, GRAPH_NODE, "Dropout", "_", "y");
    attr = onnx_wire_begin_attr(&w, NODE_ATTR, "is_test", 0);
    wire_int(&w, ATTR_I, 1);
    wire_end(&w, attr);
    wire_end(&w, old);
    wire_end(&w, graph);
    onnx_wire_accept(&w);
}

static void entries_have_names(void **state)
{
    (void)state;
    static const struct {
        uint32_t field;
        const char *where;
    } cases[] = {
        { GRAPH_INPUT, "input 0 ''" },
        { GRAPH_OUTPUT, "output 0 ''" },
        { GRAPH_INITIALIZER, "initializer 0 ''" },
        { GRAPH_SPARSE, "sparse_initializer 0 ''" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wire w = { 0 };
        const size_t graph = onnx_wire_begin_graph(&w);
        wire_end(&w, wire_begin(&w, cases[i].field));
        onnx_wire_end_graph(&w, graph);
        onnx_wire_refuse(&w, cases[i].where, "name: expected a name, found none");
    }
    wire w = { 0 };
    const size_t graph = onnx_wire_begin_graph(&w);
    wire_end(&w, wire_begin(&w, GRAPH_NODE));
    onnx_wire_end_graph(&w, graph);
    onnx_wire_refuse(&w, "node 0 ()", "op_type: expected an operator, found none");
}

static void hostile_names_do_not_reach_the_terminal(void **state)
{
    (void)state;
    wire w = { 0 };
    size_t graph = onnx_wire_begin_graph(&w);
    onnx_wire_node(&w, GRAPH_NODE, "Relu", "\x1b[2Jx", "y");
    onnx_wire_end_graph(&w, graph);
    onnx_wire_refuse(&w, "found '\\x1b[2Jx'", "which nothing defines");

    graph = onnx_wire_begin_graph(&w);
    wire_bytes(&w, GRAPH_NAME, "a\0b", 3);
    onnx_wire_end_graph(&w, graph);
    onnx_wire_refuse(&w, "graph.name", "expected text without NUL");
}

/* --- the whole model -------------------------------------------------------------------------- */

static void put_model(wire *w, int64_t ir_version, const char *domain, int64_t opset)
{
    if (ir_version) wire_int(w, MODEL_IR_VERSION, ir_version);
    const size_t graph = wire_begin(w, MODEL_GRAPH);
    onnx_wire_value(w, GRAPH_INPUT, "x", 1);
    onnx_wire_node(w, GRAPH_NODE, "Relu", "x", "y");
    wire_end(w, graph);
    if (opset) onnx_wire_opset(w, MODEL_OPSET, domain, opset);
}

static void versions_are_judged(void **state)
{
    (void)state;
    wire w = { 0 };
    onnx_wire_refuse(&w, "expected a model", "found an empty file");
    wire_int(&w, MODEL_IR_VERSION, 8);
    onnx_wire_refuse(&w, "graph: ", "expected a graph, found none");
    put_model(&w, 0, "", 17);
    onnx_wire_refuse(&w, "ir_version: ", "expected 1 to 14, found 0");
    put_model(&w, -3, "", 17);
    onnx_wire_refuse(&w, "ir_version: ", "expected 1 to 14, found -3");
    put_model(&w, 15, "", 17);
    onnx_wire_refuse_within(&w, PARE_EUNSUPPORTED, "found 15", "--allow-newer-ir", MIB);
    put_model(&w, 14, "", 17);
    onnx_wire_accept(&w);
    put_model(&w, 3, NULL, 0);
    onnx_wire_refuse(&w, "opset_import: ", "expected an entry at least, found none");
    put_model(&w, 2, NULL, 0);
    onnx_wire_accept(&w);
    put_model(&w, 8, "", -1);
    onnx_wire_refuse(&w,
                     "opset_import: domain '': ", "version: expected 1 to 2147483647, found -1");
    put_model(&w, 8, "", INT64_C(1) << 40);
    onnx_wire_refuse(&w, "opset_import: domain '': ", "found 1099511627776");
    put_model(&w, 8, "ai.onnx.ml", 3);
    onnx_wire_refuse(&w, "node 'n' (Relu)",
                     "expected an opset_import of the default domain, found none");
    put_model(&w, 8, "ai.onnx", 17);
    onnx_wire_accept(&w);
    put_model(&w, 8, "ai.onnx", 17);
    onnx_wire_opset(&w, MODEL_OPSET, "", 17); /* a real exporter writes it twice */
    onnx_wire_accept(&w);
    put_model(&w, 8, "ai.onnx", 17);
    onnx_wire_opset(&w, MODEL_OPSET, NULL, 13);
    onnx_wire_refuse(&w, "opset_import: ", "expected domain '' in one version, found 17 and 13");
    put_model(&w, 8, "", 17);
    for (int i = 0; i < 100; i++) onnx_wire_opset(&w, MODEL_OPSET, "", 17);
    onnx_wire_refuse(&w, "opset_import", "expected 100 entries at most");
}

static void newer_versions_can_be_allowed(void **state)
{
    (void)state;
    wire w = { 0 };
    test_ctx t;
    pare_model *model = NULL;
    pare_buf *bytes = NULL;
    const pare_onnx_open_opts opts = { .allow_newer_ir = true };
    put_model(&w, 15, "", 17);
    test_ctx_init(&t);
    assert_int_equal(pare_buf_wrap(&t.ctx, &bytes, w.data, w.n, NULL, NULL), PARE_OK);
    assert_int_equal(pare_onnx_open_bytes(&t.ctx, &model, bytes, "new.onnx", &opts), PARE_OK);
    assert_int_equal(model->ir_version, 15);
    pare_buf_unref(bytes);
    pare_model_free(&t.ctx, model);
    wire_free(&w);
}

/* --- attributes ------------------------------------------------------------------------------- */

/* A node with one attribute "a" of a declared type; fill writes its value fields. */
static void put_attr(wire *w, int type, void (*fill)(wire *w))
{
    const size_t graph = onnx_wire_begin_graph(w);
    const size_t node = onnx_wire_begin_node(w, GRAPH_NODE, "Relu", "_", "y");
    const size_t attr = onnx_wire_begin_attr(w, NODE_ATTR, "a", type);
    if (fill) fill(w);
    wire_end(w, attr);
    wire_end(w, node);
    onnx_wire_end_graph(w, graph);
}

static void fill_int(wire *w)
{
    wire_int(w, ATTR_I, 5);
}

static void fill_int_and_float(wire *w)
{
    wire_int(w, ATTR_I, 5);
    wire_float(w, ATTR_F, 1);
}

static void fill_ref(wire *w)
{
    wire_text(w, ATTR_REF, "alpha");
}

static void fill_graph(wire *w)
{
    const size_t graph = wire_begin(w, ATTR_G);
    onnx_wire_node(w, GRAPH_NODE, "Constant", "", "z");
    wire_end(w, graph);
}

static void fill_bad_tensor(wire *w)
{
    const size_t tensor = onnx_wire_begin_tensor(w, ATTR_T, NULL, PARE_FLOAT, two);
    wire_end(w, tensor);
}

static void attributes_match_their_type(void **state)
{
    (void)state;
    static const struct {
        int type;
        void (*fill)(wire *w);
        const char *what; /* NULL: accepted */
    } cases[] = {
        { PARE_ATTR_INT, fill_int, NULL },
        { PARE_ATTR_UNDEFINED, fill_int, NULL },
        { PARE_ATTR_INT, NULL, NULL },  /* zero, as proto3 writers leave it out */
        { PARE_ATTR_INTS, NULL, NULL }, /* an empty list */
        { PARE_ATTR_FLOAT, fill_int, "expected a value of type float, found i" },
        { PARE_ATTR_INTS, fill_int, "expected a value of type ints, found i" },
        { PARE_ATTR_TENSOR, NULL, "expected a value of type tensor, found none" },
        { PARE_ATTR_UNDEFINED, NULL, "found none" },
        { PARE_ATTR_INT, fill_int_and_float, "expected one value, found both f and i" },
        { 15, fill_int, "type: expected 1 to 14, found 15" },
        { -1, fill_int, "type: expected 1 to 14, found -1" },
        { PARE_ATTR_FLOAT, fill_ref,
          "ref_attr_name: expected none outside of a function, found 'alpha'" },
        { PARE_ATTR_GRAPH, fill_graph, NULL }, /* odd on Relu, but no contradiction */
        { PARE_ATTR_TENSOR, fill_bad_tensor,
          "expected a payload of 2 elements of float, found none" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wire w = { 0 };
        put_attr(&w, cases[i].type, cases[i].fill);
        if (cases[i].what) onnx_wire_refuse(&w, "node 'n' (Relu): attribute 'a': ", cases[i].what);
        else onnx_wire_accept(&w);
    }
}

static void attributes_have_different_names(void **state)
{
    (void)state;
    static const int counts[] = { 2, 17, 4096 }; /* pair by pair, and through a map */
    for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
        wire w = { 0 };
        const size_t graph = onnx_wire_begin_graph(&w);
        const size_t node = onnx_wire_begin_node(&w, GRAPH_NODE, "Relu", "_", "y");
        for (int i = 0; i < counts[c]; i++) {
            char name[16];
            snprintf(name, sizeof(name), "a%d", i == counts[c] - 1 ? 0 : i);
            const size_t attr = onnx_wire_begin_attr(&w, NODE_ATTR, name, PARE_ATTR_INT);
            fill_int(&w);
            wire_end(&w, attr);
        }
        wire_end(&w, node);
        onnx_wire_end_graph(&w, graph);
        onnx_wire_refuse_within(&w, PARE_EFORMAT,
                                "attribute 'a0': ", "expected it once, found it twice", 8 * MIB);
    }
    wire w = { 0 };
    const size_t graph = onnx_wire_begin_graph(&w);
    const size_t node = onnx_wire_begin_node(&w, GRAPH_NODE, "Relu", "_", "y");
    wire_end(&w, onnx_wire_begin_attr(&w, NODE_ATTR, NULL, PARE_ATTR_INT));
    wire_end(&w, node);
    onnx_wire_end_graph(&w, graph);
    onnx_wire_refuse(&w, "attribute 0: ", "expected a name, found none");
}

/* --- functions -------------------------------------------------------------------------------- */

/* Begins function f NAME(x) -> y of domain "local"; its nodes follow. */
static size_t begin_function(wire *w, const char *name)
{
    const size_t function = wire_begin(w, MODEL_FUNCTION);
    wire_text(w, FUNCTION_NAME, name);
    wire_text(w, FUNCTION_DOMAIN, "local");
    wire_text(w, FUNCTION_INPUT, "x");
    wire_text(w, FUNCTION_OUTPUT, "y");
    onnx_wire_opset(w, FUNCTION_OPSET, "", 17);
    onnx_wire_opset(w, FUNCTION_OPSET, "local", 1);
    return function;
}

static void put_call(wire *w, uint32_t field, const char *callee, const char *in, const char *out)
{
    const size_t node = onnx_wire_begin_node(w, field, callee, in, out);
    wire_text(w, NODE_DOMAIN, "local");
    wire_end(w, node);
}

static void begin_functions(wire *w)
{
    const size_t graph = onnx_wire_begin_graph(w);
    onnx_wire_value(w, GRAPH_INPUT, "x", 1);
    put_call(w, GRAPH_NODE, "f0", "x", "y");
    onnx_wire_end_graph(w, graph);
    onnx_wire_opset(w, MODEL_OPSET, "local", 1);
}

static void functions_do_not_recurse(void **state)
{
    (void)state;
    wire w = { 0 };
    begin_functions(&w);
    size_t f = begin_function(&w, "f0");
    put_call(&w, FUNCTION_NODE, "f0", "x", "y");
    wire_end(&w, f);
    onnx_wire_refuse(&w, "function 'local:f0': ", "expected no recursion");

    begin_functions(&w);
    for (int i = 0; i < 2; i++) { /* f0 calls f1 calls f0 */
        f = begin_function(&w, i ? "f1" : "f0");
        put_call(&w, FUNCTION_NODE, i ? "f0" : "f1", "x", "y");
        wire_end(&w, f);
    }
    onnx_wire_refuse(&w, "function 'local:f0': ", "a call that leads back to it");

    begin_functions(&w); /* in the branch of an If */
    f = begin_function(&w, "f0");
    const size_t node = onnx_wire_begin_node(&w, FUNCTION_NODE, "If", "x", "y");
    const size_t attr = onnx_wire_begin_attr(&w, NODE_ATTR, "then_branch", PARE_ATTR_GRAPH);
    const size_t graph = wire_begin(&w, ATTR_G);
    put_call(&w, GRAPH_NODE, "f0", "x", "z");
    wire_end(&w, graph);
    wire_end(&w, attr);
    wire_end(&w, node);
    wire_end(&w, f);
    onnx_wire_refuse(&w, "function 'local:f0': ", "expected no recursion");
}

/* Each function calls the next one `calls` times. */
static void put_chain(wire *w, int n, int calls)
{
    begin_functions(w);
    for (int i = 0; i < n; i++) {
        char name[16];
        char next[16];
        snprintf(name, sizeof(name), "f%d", i);
        snprintf(next, sizeof(next), "f%d", i + 1);
        const size_t f = begin_function(w, name);
        for (int k = 0; k < calls; k++) {
            const char *out = k ? "z" : "y";
            if (i + 1 < n) put_call(w, FUNCTION_NODE, next, "x", out);
            else onnx_wire_node(w, FUNCTION_NODE, "Relu", "x", out);
        }
        wire_end(w, f);
    }
}

static void expansion_is_counted_not_done(void **state)
{
    (void)state;
    wire w = { 0 };
    put_chain(&w, 20, 2);
    onnx_wire_accept(&w); /* 2^20 nodes */
    put_chain(&w, 40, 2);
    onnx_wire_refuse_within(&w, PARE_EBUDGET, "function 'f",
                            "expected 5000000 nodes at most when all calls are inlined", MIB);
    put_chain(&w, 100, 1);
    onnx_wire_accept(&w);
    put_chain(&w, 150, 1);
    onnx_wire_refuse(&w, "function 'f", "expected calls nested 100 deep at most");
}

static void functions_are_well_formed(void **state)
{
    (void)state;
    wire w = { 0 };
    begin_functions(&w);
    for (int i = 0; i < 2; i++) {
        const size_t f = begin_function(&w, "f0");
        onnx_wire_node(&w, FUNCTION_NODE, "Relu", "x", "y");
        wire_end(&w, f);
    }
    onnx_wire_refuse(&w, "function 'local:f0': ", "expected one definition, found two");

    begin_functions(&w);
    size_t f = begin_function(&w, "f0");
    wire_end(&w, f);
    onnx_wire_refuse(&w, "function 'local:f0': output 0 'y': ", "found none of this name");

    begin_functions(&w); /* no names of the main graph inside */
    f = begin_function(&w, "f0");
    put_call(&w, FUNCTION_NODE, "g", "x y", "z");
    wire_end(&w, f);
    onnx_wire_refuse(
        &w, "function 'local:f0': node 'n' (g): input 1: ", "found 'y', which nothing defines");

    begin_functions(&w); /* here, an attribute may stand for one of the function's */
    f = begin_function(&w, "f0");
    const size_t node = onnx_wire_begin_node(&w, FUNCTION_NODE, "LeakyRelu", "x", "y");
    const size_t attr = onnx_wire_begin_attr(&w, NODE_ATTR, "alpha", PARE_ATTR_FLOAT);
    fill_ref(&w);
    wire_end(&w, attr);
    wire_end(&w, node);
    wire_end(&w, f);
    onnx_wire_accept(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_defined_once),
        cmocka_unit_test(uses_are_defined),
        cmocka_unit_test(cycles_through_nested_graphs_are_found),
        cmocka_unit_test(what_others_read_is_read),
        cmocka_unit_test(entries_have_names),
        cmocka_unit_test(hostile_names_do_not_reach_the_terminal),
        cmocka_unit_test(versions_are_judged),
        cmocka_unit_test(newer_versions_can_be_allowed),
        cmocka_unit_test(attributes_match_their_type),
        cmocka_unit_test(attributes_have_different_names),
        cmocka_unit_test(functions_do_not_recurse),
        cmocka_unit_test(expansion_is_counted_not_done),
        cmocka_unit_test(functions_are_well_formed),
    };
    return test_run(tests);
}
