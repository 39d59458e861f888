#include "sched/schedule.h"

#include "ir/graph.h"
#include "op/infer.h"
#include "support/graphs.h"
#include "support/groups.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <stdio.h>
#include <string.h>

#define HEAD "<ir_version: 8, opset_import: [\"\" : 17]>\n"

typedef struct bench {
    test_ctx t;
    pare_model *model;
    pare_shapes *shapes;
    pare_groups *groups;
} bench;

static void open_bench(bench *b, const char *text)
{
    memset(b, 0, sizeof(*b));
    test_ctx_init(&b->t);
    b->model = test_model_parse(&b->t.ctx, text);
    assert_int_equal(pare_infer(&b->t.ctx, &b->shapes, b->model, NULL), PARE_OK);
    assert_int_equal(pare_fusion_find(&b->t.ctx, &b->groups, b->model->graph, b->shapes, NULL, NULL,
                                      0),
                     PARE_OK);
}

static void close_bench(bench *b)
{
    pare_groups_free(&b->t.ctx, b->groups);
    pare_shapes_free(&b->t.ctx, b->shapes);
    pare_model_free(&b->t.ctx, b->model);
    assert_int_equal(test_ctx_live_bytes(&b->t), 0);
}

static pare_schedule *find(bench *b, const pare_live_opts *opts)
{
    pare_schedule *schedule = NULL;
    if (pare_schedule_find(&b->t.ctx, &schedule, b->groups, b->shapes, opts))
        fail_msg("%s", b->t.ctx.message);
    groups_check(b->groups, schedule->order);
    return schedule;
}

/* Four large values are made, then each is reduced: one after the other needs a fourth. */
static const char wide[] =
    HEAD "g (float[1,1,4,4] x) => (y) {\n"
         "  a = Resize (x, , sc)\n  b = Resize (x, , sc)\n  c = Resize (x, , sc)\n"
         "  d = Resize (x, , sc)\n"
         "  e = GlobalAveragePool (a)\n  f = GlobalAveragePool (b)\n  h = GlobalAveragePool (c)\n"
         "  i = GlobalAveragePool (d)\n  y = Concat <axis = 1> (e, f, h, i)\n"
         "  sc = Constant <value_floats = [1.0, 1.0, 8.0, 8.0]> ()\n}\n";

static void large_values_come_one_by_one(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, wide);
    pare_schedule *s = find(&b, NULL);
    assert_int_equal(s->given_peak_bytes, 64 + 4 * 4096);
    assert_int_equal(s->peak_bytes, 64 + 4096 + 4 * 3);
    pare_schedule_free(&b.t.ctx, s);
    pare_schedule_free(&b.t.ctx, NULL);
    close_bench(&b);
}

/* What needs nothing of the kind stays as it stands. */
static void a_chain_stays(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, HEAD "g (float[1,4,10,10] x, float[4] z) => (y, u) {\n"
                        "  a = MaxPool <kernel_shape = [2, 2]> (x)\n  b = Softmax (a)\n"
                        "  c = Softmax (z)\n  y = GlobalAveragePool (b)\n  u = Softmax (c)\n}\n");
    pare_schedule *s = find(&b, NULL);
    assert_int_equal(s->peak_bytes, s->given_peak_bytes);
    for (uint32_t i = 0; i < s->n; i++) assert_int_equal(s->order[i], i);
    pare_schedule_free(&b.t.ctx, s);
    close_bench(&b);

    open_bench(&b, HEAD "g () => () {\n}\n");
    s = find(&b, NULL);
    assert_int_equal(s->n, 0);
    pare_schedule_free(&b.t.ctx, s);
    close_bench(&b);
}

/* --- random graphs ---------------------------------------------------------------------------- */

static uint32_t state_of_random;

static uint32_t draw(uint32_t below)
{
    state_of_random = state_of_random * 1664525u + 1013904223u;
    return (state_of_random >> 8) % below;
}

/* Operators that change sizes, that fuse, that are views, that nobody knows, that own graphs. */
static void write_graph(char *text, size_t n_bytes, uint32_t n)
{
    size_t at = (size_t)snprintf(text, n_bytes,
                                 HEAD "g (float[1,2,8,8] v0, bool c) => (v%u, v%u) "
                                      "<float[2,2,1,1] w = {1, 2, 3, 4}, float one = {1}, "
                                      "float[4] sc = {1, 1, 2, 2}> {\n", n, n / 2 + 1);
    for (uint32_t i = 1; i <= n; i++) {
        const uint32_t span = i < 6 ? i : 6;
        const uint32_t a = i - 1 - draw(span), b = i - 1 - draw(span);
        static const char *const forms[] = {
            "v%u = Conv (v%u, w)\n", "v%u = Relu (v%u)\n", "v%u = Sigmoid (v%u)\n",
            "v%u = Add (v%u, v%u)\n", "v%u = Mul (v%u, v%u)\n", "v%u = Add (v%u, one)\n",
            "v%u = MaxPool <kernel_shape = [2, 2], strides = [2, 2], ceil_mode = 1> (v%u)\n",
            "v%u = Resize (v%u, , sc)\n", "v%u = Identity (v%u)\n", "v%u = Unknown (v%u, v%u)\n",
            "v%u = GlobalAveragePool (v%u)\n",
            ("v%u = If (c) <then_branch: graph = t () => (q) { q = Neg (v%u) }, "
             "else_branch: graph = e () => (v%u) {}>\n"),
        };
        const uint32_t form = draw(12);
        /* no inference failure matters: unknown sizes count as none */
        at += (size_t)snprintf(text + at, n_bytes - at, forms[form], i, a, b);
    }
    snprintf(text + at, n_bytes - at, "}\n");
}

/* Least peak of all sequences of at most 10 groups. */
static uint64_t least_peak(bench *b, uint32_t *order, uint32_t n_done, uint32_t done,
                           uint64_t least)
{
    const pare_groups *gs = b->groups;
    if (n_done == gs->n) {
        pare_liveness *live = NULL;
        const pare_live_opts opts = { .order = order };
        assert_int_equal(pare_liveness_find(&b->t.ctx, &live, gs, b->shapes, &opts), PARE_OK);
        if (live->peak_bytes < least) least = live->peak_bytes;
        pare_liveness_free(&b->t.ctx, live);
        return least;
    }
    for (uint32_t g = 0; g < gs->n; g++) {
        bool is_ready = !(done >> g & 1);
        for (uint32_t i = 0; is_ready && i < gs->items[g].n_inputs; i++) {
            const pare_value *v = pare_value_at(b->model, gs->items[g].inputs[i]);
            is_ready = v->producer == PARE_NONE || (done >> gs->of_node[v->producer] & 1);
        }
        if (!is_ready) continue;
        order[n_done] = g;
        least = least_peak(b, order, n_done + 1, done | 1u << g, least);
    }
    return least;
}

static void random_sequences_are_near_the_best(void **state)
{
    (void)state;
    static char text[16384];
    unsigned n_best = 0, n_all = 0;
    double sum = 0, given = 0, worst = 0;
    for (uint32_t seed = 1; seed <= 60; seed++) {
        bench b;
        uint32_t order[10];
        state_of_random = seed;
        write_graph(text, sizeof(text), 9);
        open_bench(&b, text);
        assert_true(b.groups->n <= 10);
        pare_schedule *s = find(&b, NULL);
        const uint64_t least = least_peak(&b, order, 0, 0, UINT64_MAX);
        assert_true(least <= s->peak_bytes && s->peak_bytes <= s->given_peak_bytes);
        const double ratio = (double)s->peak_bytes / (double)least;
        n_all++;
        n_best += s->peak_bytes == least;
        sum += ratio;
        given += (double)s->given_peak_bytes / (double)least;
        if (ratio > worst) worst = ratio;
        pare_schedule_free(&b.t.ctx, s);
        close_bench(&b);
    }
    print_message("%u of %u sequences are the best there is; mean %.4f, worst %.4f of it; as given "
                  "%.4f\n", n_best, n_all, sum / n_all, worst, given / n_all);
    assert_true(sum / n_all < 1.02);
}

static void random_graphs_hold(void **state)
{
    (void)state;
    static char text[1 << 16];
    double sum = 0;
    for (uint32_t seed = 1; seed <= 150; seed++) {
        bench b;
        state_of_random = seed * 77;
        write_graph(text, sizeof(text), 5 + draw(200));
        open_bench(&b, text);
        groups_check(b.groups, NULL);
        const pare_live_opts variants[] = {
            { .align = 64 },
            { .inputs = PARE_LIVE_ELSEWHERE, .outputs = PARE_LIVE_ELSEWHERE },
            { .inputs = PARE_LIVE_HELD, .outputs = PARE_LIVE_HELD, .no_views = true },
        };
        for (size_t i = 0; i < sizeof(variants) / sizeof(variants[0]); i++) {
            pare_liveness *live = NULL;
            pare_schedule *s = find(&b, &variants[i]);
            pare_live_opts opts = variants[i];
            opts.order = s->order;
            assert_int_equal(pare_liveness_find(&b.t.ctx, &live, b.groups, b.shapes, &opts),
                             PARE_OK);
            assert_int_equal(live->peak_bytes, s->peak_bytes);
            pare_arena_plan *plan = groups_lay_out(&b.t.ctx, live, variants[i].align);
            assert_int_equal(plan->bound_bytes, live->peak_bytes);
            if (plan->bound_bytes)
                sum += (double)plan->total_bytes / (double)plan->bound_bytes / 450;
            else
                sum += 1. / 450;
            pare_arena_plan_free(&b.t.ctx, plan);
            pare_liveness_free(&b.t.ctx, live);
            pare_schedule_free(&b.t.ctx, s);
        }
        close_bench(&b);
    }
    print_message("arenas of random graphs: mean %.4f of the bound\n", sum);
    assert_true(sum < 1.02);
}

/* Values with very many uses, nodes with very many inputs, graphs far inside of each other: nothing
 * takes time that grows with the square. */
static void large_and_odd_graphs_go_through(void **state)
{
    (void)state;
    enum { N = 50000 };
    for (int kind = 0; kind < 4; kind++) {
        bench b = { 0 };
        test_ctx_init(&b.t);
        pare_ctx *ctx = &b.t.ctx;
        if (kind == 0) assert_int_equal(graph_chain(ctx, &b.model, N), PARE_OK);
        else if (kind == 1) assert_int_equal(graph_deep(ctx, &b.model, 32), PARE_OK);
        else assert_int_equal(graph_wide(ctx, &b.model, N), PARE_OK);
        for (pare_node_id id = 0; kind == 3 && id < b.model->n_nodes; id++)
            if (pare_node_at(b.model, id)->n_inputs > 1)
                assert_int_equal(pare_node_set_op(ctx, b.model, id, "Odd", NULL), PARE_OK);
        assert_int_equal(pare_infer(ctx, &b.shapes, b.model, NULL), PARE_OK);
        for (size_t scope = 0; scope < b.model->n_graphs; scope++) {
            pare_schedule *schedule = NULL;
            const pare_graph *graph = b.model->graphs[scope];
            assert_int_equal(pare_fusion_find(ctx, &b.groups, graph, b.shapes, NULL, NULL, 0),
                             PARE_OK);
            assert_int_equal(pare_schedule_find(ctx, &schedule, b.groups, b.shapes, NULL), PARE_OK);
            assert_int_equal(schedule->n, b.groups->n);
            pare_schedule_free(ctx, schedule);
            pare_groups_free(ctx, b.groups);
        }
        b.groups = NULL;
        close_bench(&b);
    }
}

static pare_status find_and_free(pare_ctx *ctx, void *user)
{
    const bench *b = user;
    pare_schedule *schedule = NULL;
    const pare_status st = pare_schedule_find(ctx, &schedule, b->groups, b->shapes, NULL);
    pare_schedule_free(ctx, schedule);
    return st;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    bench b;
    open_bench(&b, wide);
    assert_true(test_ctx_torture(find_and_free, &b) >= 20);
    close_bench(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_values_come_one_by_one),
        cmocka_unit_test(a_chain_stays),
        cmocka_unit_test(random_sequences_are_near_the_best),
        cmocka_unit_test(random_graphs_hold),
        cmocka_unit_test(large_and_odd_graphs_go_through),
        cmocka_unit_test(every_allocation_may_fail),
    };
    return test_run(tests);
}
