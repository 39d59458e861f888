/* The engine: what it takes, what it keeps of functions, what it says about contradictions. */
#include "op/infer.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <string.h>

typedef struct inferred {
    test_ctx t;
    pare_model *model;
    pare_shapes *shapes;
    char text[512];
} inferred;

static void begin(inferred *in, const char *text, const pare_infer_opts *opts)
{
    memset(in, 0, sizeof(*in));
    test_ctx_init(&in->t);
    in->model = test_model_parse(&in->t.ctx, text);
    const pare_status st = pare_infer(&in->t.ctx, &in->shapes, in->model, opts);
    if (st) fail_msg("%s: %s", pare_status_name(st), in->t.ctx.message);
}

static void end(inferred *in)
{
    pare_shapes_free(&in->t.ctx, in->shapes);
    pare_model_free(&in->t.ctx, in->model);
    assert_int_equal(test_ctx_live_bytes(&in->t), 0);
}

/* What is known of the first value with that name in any graph. */
static const char *info_of(inferred *in, const char *name)
{
    for (pare_value_id id = 0; id < in->model->n_values; id++)
        if (strcmp(in->model->values[id].name, name) == 0)
            return pare_info_text(in->text, sizeof(in->text), in->shapes,
                                  pare_shapes_of(in->shapes, id));
    fail_msg("no value '%s'", name);
    return NULL;
}

static const char functions[] =
    "<ir_version: 9, opset_import: [\"\" : 17, \"my\" : 1]>\n"
    "g (float[N,4] x, float[N,8] z) => (y, w) {\n"
    "  y = my.twice (x)\n"
    "  w = my.twice (z)\n"
    "}\n"
    "<domain: \"my\", opset_import: [\"\" : 17]>\n"
    "twice (a) => (b) { h = Neg (a) b = Concat <axis = 0> (h, a) }\n"
    "<domain: \"my\", opset_import: [\"\" : 17]>\n"
    "unused (c) => (d) { d = Neg (c) }\n";

static void bodies_keep_what_holds_in_every_call(void **state)
{
    (void)state;
    inferred in;
    begin(&in, functions, NULL);
    assert_string_equal(info_of(&in, "y"), "float[2*N,4]");
    assert_string_equal(info_of(&in, "w"), "float[2*N,8]");
    assert_string_equal(info_of(&in, "h"), "float[N,?]");
    assert_string_equal(info_of(&in, "a"), "float[N,?]");
    assert_string_equal(info_of(&in, "d"), "?");
    end(&in);
}

static const char declared[] =
    "<ir_version: 8, opset_import: [\"\" : 17]>\n"
    "g (float[N,4] x) => (float[7,4] y) <float[N,5] h, int64[N,4] k> {\n"
    "  h = Neg (x)\n"
    "  k = Neg (x)\n"
    "  y = Abs (h)\n"
    "}\n";

static void declared_types_fill_in_and_are_compared(void **state)
{
    (void)state;
    inferred in;
    begin(&in, declared, NULL);
    assert_int_equal(in.shapes->n_issues, 2);
    assert_true(in.shapes->issues[0].is_contradiction);
    assert_string_equal(in.shapes->issues[0].text, "value 'h': expected float[N,4] from its "
                                                   "inputs, found float[N,5] declared");
    assert_string_equal(info_of(&in, "y"), "float[7,4]");
    end(&in);
    begin(&in, declared, &(pare_infer_opts){ .ignore_declared = true });
    assert_int_equal(in.shapes->n_issues, 0);
    assert_string_equal(info_of(&in, "y"), "float[N,4]");
    end(&in);
}

/* Types of values nest by one with each node; walking them must not need stack by the number of
 * nodes. */
static void types_do_not_nest_without_end(void **state)
{
    (void)state;
    enum { N_NODES = 20000, LINE = 40 };
    inferred in;
    char *text = test_malloc((N_NODES + 4) * LINE);
    size_t n = (size_t)snprintf(text, 4 * LINE, "<ir_version: 8, opset_import: [\"\" : 17]>\n"
                                                "g (bool c, float[2] v0) => (y) {\n");
    for (int i = 0; i < N_NODES; i++)
        n += (size_t)snprintf(text + n, LINE, "v%d = SequenceConstruct (v%d)\n", i + 1, i);
    snprintf(text + n, 4 * LINE, "y = SequenceInsert (v%d, v%d)\n}\n", N_NODES, N_NODES - 1);
    begin(&in, text, NULL);
    assert_non_null(strstr(info_of(&in, "v3"), "seq(seq(seq(float[2])))"));
    assert_non_null(strstr(info_of(&in, "v20000"), "seq("));
    end(&in);
    test_free(text);
}

static const pare_binding two[] = { { "N", 2 }, { NULL, 0 } };
static const int64_t dims[] = { 2, 4 };
static const int64_t other[] = { 3, 4 };

static void given_shapes_bind_symbols(void **state)
{
    (void)state;
    static const pare_input_shape shapes[] = { { "x", 2, dims } };
    inferred in;
    begin(&in, functions, &(pare_infer_opts){ .inputs = shapes, .n_inputs = 1 });
    assert_string_equal(info_of(&in, "w"), "float[4,8]");
    end(&in);
    begin(&in, functions, &(pare_infer_opts){ .dims = two });
    assert_string_equal(info_of(&in, "y"), "float[4,4]");
    end(&in);
}

static void given_shapes_must_fit(void **state)
{
    (void)state;
    static const pare_input_shape unknown[] = { { "y", 2, dims } };
    static const pare_input_shape rank[] = { { "x", 1, dims } };
    static const pare_input_shape size[] = { { "z", 2, dims } };
    static const pare_input_shape twice[] = { { "x", 2, dims }, { "x", 2, other } };
    const pare_infer_opts wrong[] = {
        { .inputs = unknown, .n_inputs = 1 }, { .inputs = rank, .n_inputs = 1 },
        { .inputs = size, .n_inputs = 1 },    { .inputs = twice, .n_inputs = 2 },
        { .inputs = &twice[1], .n_inputs = 1, .dims = two },
    };
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        test_ctx t;
        pare_shapes *shapes = NULL;
        test_ctx_init(&t);
        pare_model *model = test_model_parse(&t.ctx, functions);
        assert_int_equal(pare_infer(&t.ctx, &shapes, model, &wrong[i]), PARE_EUSAGE);
        assert_null(shapes);
        pare_model_free(&t.ctx, model);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_keep_what_holds_in_every_call),
        cmocka_unit_test(declared_types_fill_in_and_are_compared),
        cmocka_unit_test(types_do_not_nest_without_end),
        cmocka_unit_test(given_shapes_bind_symbols),
        cmocka_unit_test(given_shapes_must_fit),
    };
    return test_run(tests);
}
