#include "sched/liveness.h"

#include "op/infer.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <string.h>

#define HEAD "<ir_version: 8, opset_import: [\"\" : 17]>\n"

/* A model, its shapes and groups. */
typedef struct bench {
    test_ctx t;
    pare_model *model;
    pare_shapes *shapes;
    pare_groups *groups;
    pare_liveness *live;
} bench;

static void open_bench(bench *b, const char *text, const pare_fusion_rules *rules)
{
    memset(b, 0, sizeof(*b));
    test_ctx_init(&b->t);
    b->model = test_model_parse(&b->t.ctx, text);
    assert_int_equal(pare_infer(&b->t.ctx, &b->shapes, b->model, NULL), PARE_OK);
    assert_int_equal(pare_fusion_find(&b->t.ctx, &b->groups, b->model->graph, b->shapes, rules,
                                      NULL, 0),
                     PARE_OK);
}

static void find(bench *b, const pare_live_opts *opts)
{
    pare_liveness_free(&b->t.ctx, b->live);
    if (pare_liveness_find(&b->t.ctx, &b->live, b->groups, b->shapes, opts))
        fail_msg("%s", b->t.ctx.message);
}

static void close_bench(bench *b)
{
    pare_liveness_free(&b->t.ctx, b->live);
    pare_groups_free(&b->t.ctx, b->groups);
    pare_shapes_free(&b->t.ctx, b->shapes);
    pare_model_free(&b->t.ctx, b->model);
    assert_int_equal(test_ctx_live_bytes(&b->t), 0);
}

static const pare_live_value *value(const bench *b, const char *name)
{
    const uint32_t at = b->live->of_value[pare_graph_find(b->model->graph, name)];
    return at == PARE_NONE ? NULL : &b->live->values[at];
}

static void check_span(const bench *b, const char *name, uint32_t first, uint32_t last)
{
    const pare_live_value *v = value(b, name);
    assert_non_null(v);
    if (v->first != first || v->last != last)
        fail_msg("%s: expected [%u, %u], found [%u, %u]", name, first, last, v->first, v->last);
}

/* Pools, which nothing fuses and nothing does in place: 1600, 1600, 400, 16 bytes. */
static const char chain[] =
    HEAD "g (float[1,4,10,10] x) => (y) {\n"
         "  a = MaxPool <kernel_shape = [3, 3], pads = [1, 1, 1, 1]> (x)\n"
         "  b = MaxPool <kernel_shape = [2, 2], strides = [2, 2]> (a)\n"
         "  y = GlobalAveragePool (b)\n}\n";

static void spans_and_sums(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, chain, NULL);
    find(&b, NULL);
    check_span(&b, "x", 0, 0);
    check_span(&b, "a", 0, 1);
    check_span(&b, "b", 1, 2);
    check_span(&b, "y", 2, 2);
    assert_int_equal(b.live->n_buffers, 4);
    static const uint64_t sums[] = { 3200, 2000, 416 };
    assert_memory_equal(b.live->step_bytes, sums, sizeof(sums));
    assert_int_equal(b.live->peak_bytes, 3200);
    assert_int_equal(b.live->peak_step, 0);
    uint32_t at_peak[4];
    assert_int_equal(pare_liveness_at(b.live, 1, at_peak), 2);
    assert_int_equal(b.live->buffers[at_peak[0]].bytes, 1600);
    assert_int_equal(b.live->buffers[at_peak[1]].bytes, 400);

    /* borders, scratch, alignment, kept values */
    const uint64_t scratch[] = { 0, 5000, 0 };
    find(&b, &(pare_live_opts){ .inputs = PARE_LIVE_ELSEWHERE, .outputs = PARE_LIVE_HELD,
                                .align = 64, .scratch_bytes = scratch });
    static const uint64_t other[] = { 1664, 1600 + 448 + 64 + 5000, 448 + 64 };
    assert_memory_equal(b.live->step_bytes, other, sizeof(other));
    assert_int_equal(value(&b, "x")->buffer, PARE_NONE);
    const pare_value_id kept = pare_graph_find(b.model->graph, "a");
    find(&b, &(pare_live_opts){ .inputs = PARE_LIVE_HELD, .outputs = PARE_LIVE_ELSEWHERE,
                                .kept = &kept, .n_kept = 1 });
    static const uint64_t held[] = { 3200, 3600, 3600 };
    assert_memory_equal(b.live->step_bytes, held, sizeof(held));
    check_span(&b, "a", 0, 2);

    /* a target's types */
    uint32_t bits[PARE_N_DTYPES] = { 0 };
    bits[PARE_FLOAT] = 4;
    find(&b, &(pare_live_opts){ .bits = bits });
    assert_int_equal(b.live->peak_bytes, 400);
    close_bench(&b);
}

static void views_share(void **state)
{
    (void)state;
    bench b;
    open_bench(&b,
               HEAD "g (float[1,4,10,10] x) => (y, z) <int64[2] s = {1, 400}, int64[1] ax = {0}, "
                    "float[4] w = {1, 2, 3, 4}> {\n"
                    "  a = MaxPool <kernel_shape = [1, 1]> (x)\n"
                    "  b = Reshape (a, s)\n  c = Unsqueeze (b, ax)\n"
                    "  d = Transpose <perm = [1, 0, 2]> (c)\n  e = Squeeze (d, ax)\n"
                    "  f = Transpose <perm = [1, 0]> (e)\n"
                    "  h = Reshape (w, q)\n  q = Constant <value_ints = [2, 2]> ()\n"
                    "  y = MatMul (f, e)\n  z = Identity (h)\n}\n",
               &pare_fusion_none);
    find(&b, NULL);
    const uint32_t buffer = value(&b, "a")->buffer;
    for (const char *name = "bcdef"; *name; name++)
        assert_int_equal(value(&b, (const char[]){ *name, 0 })->buffer, buffer);
    /* what is a view of a constant takes nothing, but an output is something of its own */
    assert_int_equal(value(&b, "h")->buffer, PARE_NONE);
    assert_int_equal(value(&b, "q")->buffer, PARE_NONE);
    assert_true(value(&b, "z")->buffer != PARE_NONE);
    assert_int_equal(b.live->n_buffers, 4);
    assert_int_equal(b.live->buffers[buffer].last, value(&b, "e")->last);
    find(&b, &(pare_live_opts){ .no_views = true });
    assert_int_equal(b.live->n_buffers, 10);
    close_bench(&b);

    open_bench(&b,
               HEAD "g (float[2,3] x) => (y, z) {\n  a = Transpose (x)\n  y = Exp (a)\n"
                    "  z = Identity (x)\n}\n",
               &pare_fusion_none);
    find(&b, &(pare_live_opts){ .inputs = PARE_LIVE_ELSEWHERE });
    assert_true(value(&b, "a")->buffer != PARE_NONE);
    assert_int_equal(value(&b, "y")->buffer, value(&b, "a")->buffer); /* in place */
    assert_true(value(&b, "z")->buffer != PARE_NONE);
    close_bench(&b);
}

static bool never(void *user, pare_node_id node, pare_value_id input, pare_value_id output)
{
    (void)node;
    (void)input;
    (void)output;
    ++*(int *)user;
    return false;
}

static void what_dies_is_overwritten(void **state)
{
    (void)state;
    bench b;
    open_bench(&b,
               HEAD "g (float[1,1,4,4] x) => (y) <float[1,1,1,1] w = {1}> {\n"
                    "  a = MaxPool <kernel_shape = [1, 1]> (x)\n"
                    "  b = Conv (a, w)\n  c = Add (b, a)\n"       /* residual dies: but is read */
                    "  d = Conv (c, w)\n  e = Add (x, d)\n"       /* residual x dies: in place */
                    "  f = GlobalAveragePool (e)\n  y = Mul (e, f)\n}\n",
               NULL);
    assert_int_equal(b.groups->n, 5);
    find(&b, NULL);
    assert_true(value(&b, "c")->buffer != value(&b, "a")->buffer);
    assert_int_equal(value(&b, "e")->buffer, value(&b, "x")->buffer);
    assert_int_equal(value(&b, "y")->buffer, value(&b, "e")->buffer);
    assert_null(value(&b, "b")); /* inside of a group */
    int asked = 0;
    find(&b, &(pare_live_opts){ .may_share = never, .user = &asked });
    assert_int_equal(asked, 2);
    assert_int_equal(b.live->n_buffers, b.live->n_values);
    find(&b, &(pare_live_opts){ .no_in_place = true });
    assert_int_equal(b.live->n_buffers, b.live->n_values);
    find(&b, &(pare_live_opts){ .inputs = PARE_LIVE_HELD });
    assert_true(value(&b, "e")->buffer != value(&b, "x")->buffer);
    close_bench(&b);

    /* not while a view of it is read later, or at the same step under other dimensions */
    open_bench(&b,
               HEAD "g (float[4,4] x) => (y, z, k) {\n"
                    "  a = Softmax (x)\n  v = Flatten (a)\n  b = Exp (a)\n  c = Neg (v)\n"
                    "  y = MatMul (b, c)\n"
                    "  d = Softmax (x)\n  t = Identity (d)\n  z = Add (d, t)\n"
                    "  e = Softmax (x)\n  k = Mul (e, e)\n}\n",
               &pare_fusion_none);
    find(&b, NULL);
    assert_true(value(&b, "b")->buffer != value(&b, "a")->buffer);
    assert_int_equal(value(&b, "c")->buffer, value(&b, "a")->buffer);
    assert_true(value(&b, "z")->buffer != value(&b, "d")->buffer);
    assert_int_equal(value(&b, "k")->buffer, value(&b, "e")->buffer);
    close_bench(&b);
}

static void unknown_sizes_are_counted(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, HEAD "g (float[N,4] x) => (y) {\n  a = Softmax (x)\n  y = ReduceSum (a)\n}\n",
               NULL);
    find(&b, NULL);
    assert_int_equal(b.live->n_unknown, 2);
    assert_false(value(&b, "a")->is_known);
    assert_true(value(&b, "y")->is_known);
    assert_int_equal(b.live->peak_bytes, 4);
    close_bench(&b);
}

static void sequences_are_checked(void **state)
{
    (void)state;
    bench b;
    open_bench(&b,
               HEAD "g (float[8] x) => (y) {\n  a = Softmax (x)\n  b = Softmax (x)\n"
                    "  y = Concat <axis = 0> (a, b)\n}\n",
               NULL);
    find(&b, &(pare_live_opts){ .order = (const uint32_t[]){ 1, 0, 2 } });
    check_span(&b, "b", 0, 2);
    check_span(&b, "a", 1, 2);
    static const struct {
        uint32_t order[3];
        const char *message;
    } bad[] = {
        { { 0, 2, 1 }, "order of groups: step 1: expected input 'b' to be made before, found it "
                       "later" },
        { { 0, 1, 1 }, "order of groups: step 2: expected one of 3 groups that was not there "
                       "before, found 1" },
        { { 0, 1, 3 }, "order of groups: step 2: expected one of 3 groups that was not there "
                       "before, found 3" },
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        pare_liveness *live = NULL;
        const pare_live_opts opts = { .order = bad[i].order };
        assert_int_equal(pare_liveness_find(&b.t.ctx, &live, b.groups, b.shapes, &opts),
                         PARE_EUSAGE);
        assert_string_equal(b.t.ctx.message, bad[i].message);
        assert_null(live);
    }
    close_bench(&b);
}

static pare_status find_and_free(pare_ctx *ctx, void *user)
{
    const bench *b = user;
    pare_liveness *live = NULL;
    const pare_status st = pare_liveness_find(ctx, &live, b->groups, b->shapes, NULL);
    pare_liveness_free(ctx, live);
    return st;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, chain, NULL);
    assert_true(test_ctx_torture(find_and_free, &b) >= 4);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_and_sums),
        cmocka_unit_test(views_share),
        cmocka_unit_test(what_dies_is_overwritten),
        cmocka_unit_test(unknown_sizes_are_counted),
        cmocka_unit_test(sequences_are_checked),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return test_run(tests);
}
