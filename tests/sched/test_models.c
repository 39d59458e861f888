#include "formats/onnx/onnx.h"
#include "op/infer.h"
#include "sched/schedule.h"
#include "support/files.h"
#include "support/groups.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <ftw.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_MODELS = 200, MAX_SYMBOLS = 32 };

static char *paths[MAX_MODELS];
static size_t n_paths;

static int note_model(const char *path, const struct stat *st, int type, struct FTW *place)
{
    const size_t n = strlen(path);
    (void)st;
    (void)place;
    if (type == FTW_F && n > 5 && !strcmp(path + n - 5, ".onnx") && n_paths < MAX_MODELS)
        paths[n_paths++] = strdup(path);
    return 0;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Every symbol of the inputs is 1. */
static void bind_symbols(const pare_model *model, pare_binding *bindings)
{
    size_t n = 0;
    for (size_t i = 0; i < model->graph->inputs.n; i++) {
        const pare_type *type = model->graph->inputs.items[i].type;
        for (uint32_t k = 0; type && k < type->rank && n < MAX_SYMBOLS; k++)
            if (type->dims[k].kind == PARE_DIM_PARAM)
                bindings[n++] = (pare_binding){ type->dims[k].param, 1 };
    }
    bindings[n] = (pare_binding){ NULL, 0 };
}

static void check_model(const char *path)
{
    test_ctx t;
    pare_model *model = NULL;
    pare_shapes *shapes = NULL;
    pare_groups *groups = NULL;
    pare_liveness *live = NULL, *plain = NULL;
    pare_schedule *schedule = NULL;
    pare_binding bindings[MAX_SYMBOLS + 1];
    test_ctx_init(&t);
    if (pare_onnx_open(&t.ctx, &model, path, NULL)) fail_msg("%s", t.ctx.message);
    bind_symbols(model, bindings);
    const pare_infer_opts infer = { .dims = bindings };
    if (pare_infer(&t.ctx, &shapes, model, &infer)) fail_msg("%s", t.ctx.message);
    if (pare_fusion_find(&t.ctx, &groups, model->graph, shapes, NULL, NULL, 0))
        fail_msg("%s", t.ctx.message);
    groups_check(groups, NULL);
    pare_live_opts opts = { .align = 64, .no_views = true, .no_in_place = true };
    assert_int_equal(pare_liveness_find(&t.ctx, &plain, groups, shapes, &opts), PARE_OK);
    opts = (pare_live_opts){ .align = 64 };
    assert_int_equal(pare_schedule_find(&t.ctx, &schedule, groups, shapes, &opts), PARE_OK);
    groups_check(groups, schedule->order);
    opts.order = schedule->order;
    assert_int_equal(pare_liveness_find(&t.ctx, &live, groups, shapes, &opts), PARE_OK);
    pare_arena_plan *plan = groups_lay_out(&t.ctx, live, 64);
    const char *name = strrchr(path, '/') + 1;
    print_message("%-30s %4u nodes in %4u groups, %3u unknown, peak %8.1f kB, shared %8.1f, "
                  "ordered %8.1f, arena / peak %.4f\n",
                  name, model->graph->n_nodes, groups->n, live->n_unknown,
                  (double)plain->peak_bytes / 1e3, (double)schedule->given_peak_bytes / 1e3,
                  (double)live->peak_bytes / 1e3,
                  plan->bound_bytes ? (double)plan->total_bytes / (double)plan->bound_bytes : 1);
    assert_int_equal(plan->bound_bytes, live->peak_bytes);
    assert_true(plan->total_bytes * 100 <= plan->bound_bytes * 102);
    pare_arena_plan_free(&t.ctx, plan);
    pare_liveness_free(&t.ctx, plain);
    pare_liveness_free(&t.ctx, live);
    pare_schedule_free(&t.ctx, schedule);
    pare_groups_free(&t.ctx, groups);
    pare_shapes_free(&t.ctx, shapes);
    pare_model_free(&t.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void real_models_are_tight(void **state)
{
    char folder[TEST_PATH_BYTES];
    (void)state;
    if (!test_shared_path(folder, "data/models")) test_skip("no shared/data/models");
    nftw(folder, note_model, 16, FTW_PHYS);
    assert_true(n_paths > 0);
    qsort(paths, n_paths, sizeof(*paths), by_text);
    for (size_t i = 0; i < n_paths; i++) {
        check_model(paths[i]);
        free(paths[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(real_models_are_tight) };
    return test_run(tests);
}
