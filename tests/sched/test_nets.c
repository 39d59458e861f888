#include "op/infer.h"
#include "sched/schedule.h"
#include "support/groups.h"
#include "support/nets/nets.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <string.h>

/* Well-known networks: groups are sound, the arena is next to the least that liveness allows. */
static void arenas_are_tight(void **state)
{
    size_t n_rows;
    const net_row *rows = net_rows(&n_rows);
    (void)state;
    for (size_t i = 0; i < n_rows; i++) {
        test_ctx t;
        pare_model *model = NULL;
        pare_shapes *shapes = NULL;
        test_ctx_init(&t);
        assert_int_equal(net_build(&t.ctx, &model, rows[i].name, NULL, NULL), PARE_OK);
        assert_int_equal(pare_infer(&t.ctx, &shapes, model, NULL), PARE_OK);
        for (int fused = 0; fused < 2; fused++) {
            pare_groups *groups = NULL;
            pare_liveness *live = NULL;
            const pare_live_opts opts = { .align = 64, .no_in_place = !fused, .no_views = !fused };
            assert_int_equal(pare_fusion_find(&t.ctx, &groups, model->graph, shapes,
                                              fused ? NULL : &pare_fusion_none, NULL, 0),
                             PARE_OK);
            groups_check(groups, NULL);
            assert_int_equal(pare_liveness_find(&t.ctx, &live, groups, shapes, &opts), PARE_OK);
            assert_int_equal(live->n_unknown, 0);
            pare_schedule *schedule = NULL;
            pare_arena_plan *plan = groups_lay_out(&t.ctx, live, 64);
            assert_int_equal(pare_schedule_find(&t.ctx, &schedule, groups, shapes, &opts), PARE_OK);
            groups_check(groups, schedule->order);
            assert_int_equal(schedule->given_peak_bytes, live->peak_bytes);
            assert_true(schedule->peak_bytes <= live->peak_bytes);
            assert_int_equal(plan->bound_bytes, live->peak_bytes);
            uint64_t sum = 0;
            for (uint32_t k = 0; k < live->n_buffers; k++) sum += live->buffers[k].bytes;
            print_message("%-20s %s %4u nodes in %4u groups, all buffers %8.2f MB, peak %7.3f MB, "
                          "ordered %7.3f MB, arena / peak %.4f\n",
                          rows[i].name, fused ? "fused" : "plain", model->graph->n_nodes, groups->n,
                          (double)sum / 1e6, (double)live->peak_bytes / 1e6,
                          (double)schedule->peak_bytes / 1e6,
                          (double)plan->total_bytes / (double)live->peak_bytes);
            assert_true(plan->total_bytes * 100 <= plan->bound_bytes * 102);
            pare_arena_plan_free(&t.ctx, plan);
            pare_schedule_free(&t.ctx, schedule);
            pare_liveness_free(&t.ctx, live);
            pare_groups_free(&t.ctx, groups);
        }
        pare_shapes_free(&t.ctx, shapes);
        pare_model_free(&t.ctx, model);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(arenas_are_tight) };
    return test_run(tests);
}
