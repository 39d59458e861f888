/* Bad payloads, each refused with a message that says where and what. */
#include "support/onnx_wire.h"
#include "support/test.h"

static const int64_t none[] = { -1 };
static const int64_t two[] = { 2, -1 };

/* --- payloads --------------------------------------------------------------------------------- */

/* A model with one initializer "w" of a type and dims and one payload field. */
static void put_weight(wire *w, int type, const int64_t *dims, uint32_t field, const void *data,
                       size_t n)
{
    const size_t graph = onnx_wire_begin_graph(w);
    const size_t tensor = onnx_wire_begin_tensor(w, GRAPH_INITIALIZER, "w", type, dims);
    if (field) wire_bytes(w, field, data, n);
    wire_end(w, tensor);
    onnx_wire_end_graph(w, graph);
}

static void payloads_have_the_right_length(void **state)
{
    (void)state;
    static const uint8_t data[64];
    static const int64_t zero[] = { 0, 5, -1 };
    static const int64_t three[] = { 3, -1 };
    static const struct {
        int type;
        const int64_t *dims;
        uint32_t field;
        size_t n;
        const char *what; /* NULL: accepted */
    } cases[] = {
        { PARE_FLOAT, two, TENSOR_RAW, 8, NULL },
        { PARE_FLOAT, two, TENSOR_RAW, 4, "raw_data: payload: expected 8 bytes" },
        { PARE_FLOAT, two, TENSOR_RAW, 12, "found 12" },
        { PARE_FLOAT, two, TENSOR_RAW, 7, "found 7" },
        { PARE_FLOAT, zero, TENSOR_RAW, 0, NULL },
        { PARE_FLOAT, zero, 0, 0, NULL },
        { PARE_FLOAT, zero, TENSOR_RAW, 4, "expected 0 bytes (0 elements of float), found 4" },
        { PARE_FLOAT, two, 0, 0, "expected a payload of 2 elements of float, found none" },
        { PARE_FLOAT, none, TENSOR_RAW, 4, NULL },
        { PARE_STRING, two, TENSOR_RAW, 8,
          "expected string_data for elements of string, found raw_data" },
        { PARE_STRING, two, TENSOR_STRINGS, 3, "string_data: expected 2 strings, found 1" },
        { PARE_INT4, three, TENSOR_RAW, 2, NULL },
        { PARE_INT4, three, TENSOR_RAW, 1, "expected 2 bytes (3 elements of int4), found 1" },
        { PARE_INT2, three, TENSOR_RAW, 2, "expected 1 bytes (3 elements of int2), found 2" },
        { PARE_FLOAT, two, TENSOR_FLOATS, 8, NULL },
        { PARE_FLOAT, two, TENSOR_FLOATS, 12, "float_data: payload: expected 2 entries" },
        { PARE_FLOAT, two, TENSOR_FLOATS, 6, "found" },
        { PARE_FLOAT, two, TENSOR_INT32S, 2,
          "expected a payload field for elements of float, found int32_data" },
        { PARE_COMPLEX64, two, TENSOR_FLOATS, 16, NULL },
        { PARE_DOUBLE, two, TENSOR_DOUBLES, 8, "double_data: payload: expected 2 entries" },
        { PARE_INT64, two, TENSOR_INT64S, 2, NULL },
        { PARE_INT64, two, TENSOR_INT64S, 3, "int64_data: payload: expected 2 entries" },
        { PARE_UINT64, two, TENSOR_UINT64S, 1, "uint64_data: payload: expected 2 entries" },
        { PARE_INT4, three, TENSOR_INT32S, 2, NULL },
        { PARE_INT4, three, TENSOR_INT32S, 1, "expected 2 entries for 3 elements of int4" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wire w = { 0 };
        put_weight(&w, cases[i].type, cases[i].dims, cases[i].field, data, cases[i].n);
        if (cases[i].what) onnx_wire_refuse(&w, "initializer 0 'w': ", cases[i].what);
        else onnx_wire_accept(&w);
    }
}

static void dims_are_judged(void **state)
{
    (void)state;
    static const int64_t huge[] = { INT64_C(1) << 62, 4, -1 };
    wire w = { 0 };
    put_weight(&w, PARE_FLOAT, huge, TENSOR_RAW, "1234", 4);
    onnx_wire_refuse(&w, "initializer 0 'w': ", "dims: expected a product below 2^63");

    static const int64_t wide[] = { INT64_C(1) << 61, -1 }; /* fits, its bytes do not */
    put_weight(&w, PARE_DOUBLE, wide, TENSOR_RAW, "1234", 4);
    onnx_wire_refuse(&w, "initializer 0 'w': ", "payload: expected a size below 2^63");

    size_t graph = onnx_wire_begin_graph(&w);
    size_t tensor = wire_begin(&w, GRAPH_INITIALIZER);
    wire_int(&w, TENSOR_DIMS, -1);
    wire_int(&w, TENSOR_TYPE, PARE_FLOAT);
    wire_text(&w, TENSOR_NAME, "w");
    wire_end(&w, tensor);
    onnx_wire_end_graph(&w, graph);
    onnx_wire_refuse(&w, "initializer 0 'w': ", "dims[0]: expected 0 or more, found -1");

    graph = onnx_wire_begin_graph(&w);
    tensor = wire_begin(&w, GRAPH_INITIALIZER);
    for (int i = 0; i < 1000000; i++) wire_int(&w, TENSOR_DIMS, 1);
    wire_end(&w, tensor);
    onnx_wire_end_graph(&w, graph);
    onnx_wire_refuse(&w, "graph.initializer[0].dims", "expected 64 entries at most");
}

static void one_payload_field_only(void **state)
{
    (void)state;
    wire w = { 0 };
    const size_t graph = onnx_wire_begin_graph(&w);
    const size_t tensor = onnx_wire_begin_tensor(&w, GRAPH_INITIALIZER, "w", PARE_FLOAT, two);
    wire_bytes(&w, TENSOR_FLOATS, "12345678", 8);
    wire_bytes(&w, TENSOR_RAW, "12345678", 8);
    wire_end(&w, tensor);
    onnx_wire_end_graph(&w, graph);
    onnx_wire_refuse(
        &w, "initializer 0 'w': ", "expected one payload field, found raw_data and float_data");
}

static void element_types_are_known(void **state)
{
    (void)state;
    static const struct {
        int64_t type;
        const char *what;
    } cases[] = {
        { 0, "data_type: expected a type from 1 to 26, found 0" },
        { 27, "data_type: expected a type from 1 to 26, found 27" },
        { -1, "data_type: expected a type from 1 to 26, found -1" },
        { INT64_C(1) << 31, "data_type: expected a number of 32 bits, found 2147483648" },
        { (INT64_C(1) << 32) + 1, "expected a number of 32 bits, found 4294967297" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wire w = { 0 };
        const size_t graph = onnx_wire_begin_graph(&w);
        const size_t tensor = wire_begin(&w, GRAPH_INITIALIZER);
        wire_int(&w, TENSOR_TYPE, cases[i].type);
        wire_text(&w, TENSOR_NAME, "w");
        wire_end(&w, tensor);
        onnx_wire_end_graph(&w, graph);
        onnx_wire_refuse(&w, "initializer", cases[i].what);
    }
    wire w = { 0 };
    const size_t graph = onnx_wire_begin_graph(&w);
    const size_t input = wire_begin(&w, GRAPH_INPUT);
    wire_text(&w, 1, "x");
    const size_t type = wire_begin(&w, 2);
    const size_t tensor = wire_begin(&w, 1);
    wire_int(&w, 1, 99);
    wire_end(&w, tensor);
    wire_end(&w, type);
    wire_end(&w, input);
    onnx_wire_end_graph(&w, graph);
    onnx_wire_refuse(&w,
                     "input 0 'x': ", "type: elem_type: expected a type from 1 to 26, found 99");
}

static void int32_data_is_in_range(void **state)
{
    (void)state;
    static const struct {
        int type;
        int64_t value;
        const char *what;
    } cases[] = {
        { PARE_UINT8, 255, NULL },
        { PARE_UINT8, 256,
          "int32_data: payload: entry 0: expected a value of type uint8, found 256" },
        { PARE_UINT8, -1, "entry 0: expected a value of type uint8, found -1" },
        { PARE_INT8, -129, "entry 0: expected a value of type int8, found -129" },
        { PARE_BOOL, 2, "entry 0: expected a value of type bool, found 2" },
        { PARE_FLOAT16, 65535, NULL },
        { PARE_FLOAT16, 65536, "entry 0: expected a value of type float16, found 65536" },
        { PARE_INT32, INT64_C(1) << 33, "expected a value of type int32" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wire w = { 0 };
        const size_t graph = onnx_wire_begin_graph(&w);
        const size_t tensor =
            onnx_wire_begin_tensor(&w, GRAPH_INITIALIZER, "w", cases[i].type, none);
        wire_int(&w, TENSOR_INT32S, cases[i].value);
        wire_end(&w, tensor);
        onnx_wire_end_graph(&w, graph);
        if (cases[i].what) onnx_wire_refuse(&w, "initializer 0 'w': ", cases[i].what);
        else onnx_wire_accept(&w);
    }
}

static void segments_are_refused(void **state)
{
    (void)state;
    wire w = { 0 };
    const size_t graph = onnx_wire_begin_graph(&w);
    const size_t tensor = onnx_wire_begin_tensor(&w, GRAPH_INITIALIZER, "w", PARE_FLOAT, none);
    wire_end(&w, wire_begin(&w, TENSOR_SEGMENT));
    wire_end(&w, tensor);
    onnx_wire_end_graph(&w, graph);
    onnx_wire_refuse(
        &w, "initializer 0 'w': ", "segment: expected a whole tensor, found a part of one");
}

static void wire_i64s(wire *w, const int64_t *v, size_t n)
{
    wire_bytes(w, TENSOR_RAW, v, n * sizeof(*v));
}

/* A sparse initializer of dims [2, 3] with n indices in rows of `columns` (1: linear, as [n]). */
static void put_sparse(wire *w, const int64_t *indices, int64_t n, int64_t columns, int index_type)
{
    const int64_t n_dims[] = { n, -1 };
    const int64_t index_dims[] = { n, columns == 1 ? -1 : columns, -1 };
    static const float values[8];
    const size_t graph = onnx_wire_begin_graph(w);
    const size_t sparse = wire_begin(w, GRAPH_SPARSE);
    size_t tensor = onnx_wire_begin_tensor(w, SPARSE_VALUES, "s", PARE_FLOAT, n_dims);
    wire_bytes(w, TENSOR_RAW, values, (size_t)n * 4);
    wire_end(w, tensor);
    tensor = onnx_wire_begin_tensor(w, SPARSE_INDICES, NULL, index_type, index_dims);
    wire_i64s(w, indices, (size_t)(n * columns));
    wire_end(w, tensor);
    wire_int(w, SPARSE_DIMS, 2);
    wire_int(w, SPARSE_DIMS, 3);
    wire_end(w, sparse);
    onnx_wire_end_graph(w, graph);
}

static void sparse_indices_ascend_in_range(void **state)
{
    (void)state;
    static const struct {
        int64_t indices[6];
        int64_t n, columns;
        int type;
        const char *what;
    } cases[] = {
        { { 0, 2, 5 }, 3, 1, PARE_INT64, NULL },
        { { 0, 2, 6 }, 3, 1, PARE_INT64, "indices: entry 2: expected 0 to 5, found 6" },
        { { -1, 2, 5 }, 3, 1, PARE_INT64, "indices: entry 0: expected 0 to 5, found -1" },
        { { 3, 2, 5 },
          3,
          1,
          PARE_INT64,
          "indices: entry 1: expected ascending indices, found a smaller" },
        { { 2, 2, 5 },
          3,
          1,
          PARE_INT64,
          "indices: entry 1: expected ascending indices, found the same" },
        { { 0, 2, 1, 0, 1, 1 }, 3, 2, PARE_INT64, NULL },
        { { 0, 2, 1, 0, 1, 3 }, 3, 2, PARE_INT64, "indices: entry 2: expected 0 to 2, found 3" },
        { { 0, 2, 0, 1, 1, 1 }, 3, 2, PARE_INT64, "indices: entry 1: expected ascending" },
        { { 0, 1 }, 2, 3, PARE_INT64, "indices: expected the dims [2] or [2, 2], found others" },
        { { 0, 1 }, 2, 1, PARE_UINT64, "indices: expected int64, found uint64" },
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wire w = { 0 };
        put_sparse(&w, cases[i].indices, cases[i].n, cases[i].columns, cases[i].type);
        if (cases[i].what) onnx_wire_refuse(&w, "sparse_initializer 0 's': ", cases[i].what);
        else onnx_wire_accept(&w);
    }
    wire w = { 0 };
    const size_t graph = onnx_wire_begin_graph(&w);
    const size_t sparse = wire_begin(&w, GRAPH_SPARSE);
    const size_t values = onnx_wire_begin_tensor(&w, SPARSE_VALUES, "s", PARE_FLOAT, two + 1);
    wire_bytes(&w, TENSOR_RAW, "1234", 4);
    wire_end(&w, values);
    wire_end(&w, sparse);
    onnx_wire_end_graph(&w, graph);
    onnx_wire_refuse(&w, "sparse_initializer 0 's': ", "values: expected 1 dimension, found 0");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payloads_have_the_right_length), cmocka_unit_test(dims_are_judged),
        cmocka_unit_test(one_payload_field_only),         cmocka_unit_test(element_types_are_known),
        cmocka_unit_test(int32_data_is_in_range),         cmocka_unit_test(segments_are_refused),
        cmocka_unit_test(sparse_indices_ascend_in_range),
    };
    return test_run(tests);
}
