/* What placement puts into integers, the oracle finds as integer kernels again. */
#include "quant/insert.h"
#include "quant/oracle.h"

#include "formats/target.h"
#include "op/infer.h"
#include "pass/pass.h"
#include "support/models.h"
#include "support/nets/nets.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <string.h>

enum { most_params = 4000000 }; /* of nets that are built with numbers */

static const char *const targets[] = { "ort-x64", "ort-x64-vnni", "ort-arm64", "portable",
                                       "mcu-int8" };

/* Folds, places and inserts grids that mean nothing but reach no further than ReLU6 does. */
static pare_placement *quantize(pare_ctx *ctx, pare_model *m, const pare_target_rules *rules)
{
    static const char *const passes[] = { "fold-constants", "fold-affine", "dead-code" };
    pare_pass_stats stats = { 0 };
    pare_shapes *shapes = NULL;
    pare_placement *p = NULL;
    pare_insert_counts counts;
    for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++)
        assert_int_equal(pare_pass_run(ctx, m, pare_pass_find(passes[i]), NULL, &stats), PARE_OK);
    assert_int_equal(pare_infer(ctx, &shapes, m, NULL), PARE_OK);
    assert_int_equal(pare_place(ctx, &p, m, shapes, rules, NULL), PARE_OK);
    pare_shapes_free(ctx, shapes);
    pare_grid *grids = pare_alloc(ctx, (p->n_values + 1) * sizeof(*grids));
    const bool is_signed = !strcmp(rules->quant.activations[0].type, "int8");
    assert_non_null(grids);
    for (size_t v = 0; v < p->n_values; v++)
        grids[v] = (pare_grid){ .scale = 6.0f / 255, .zero = is_signed ? -128 : 0 };
    const pare_insertion in = { .placement = p, .grids = grids,
                                .activation = is_signed ? PARE_INT8 : PARE_UINT8,
                                .weight = { -127, 127, true, 0, 0, false }, .per_channel = true };
    assert_int_equal(pare_insert_quantization(ctx, m, &in, &counts), PARE_OK);
    pare_free(ctx, grids);
    return p;
}

static void check_net(pare_ctx *ctx, const net_row *net, const pare_target *target)
{
    const net_opts opts = { .weights = NET_WEIGHTS_SEEDED, .seed = 5 };
    pare_model *m = NULL;
    pare_shapes *shapes = NULL;
    pare_oracle *o = NULL;
    assert_int_equal(net_build(ctx, &m, net->name, &opts, NULL), PARE_OK);
    pare_placement *p = quantize(ctx, m, &target->rules);
    assert_int_equal(pare_infer(ctx, &shapes, m, NULL), PARE_OK);
    assert_int_equal(pare_oracle_run(ctx, &o, m, shapes, &target->rules), PARE_OK);
    for (size_t i = 0; i < o->n_rows; i++) {
        const pare_oracle_row *row = &o->rows[i];
        if (row->node >= p->n_nodes || p->roles[row->node] == PARE_PLACE_FLOAT) continue;
        if (row->runs == PARE_RUNS_FLOAT || row->runs == PARE_RUNS_PAIR)
            fail_msg("%s on %s: %s '%s' stays %s: %s", net->name, target->name, row->op, row->name,
                     pare_runs_name(row->runs), row->reason ? row->reason : "");
    }
    pare_oracle_free(ctx, o);
    pare_shapes_free(ctx, shapes);
    pare_placement_free(ctx, p);
    pare_model_free(ctx, m);
}

static void placement_fuses(void **state)
{
    (void)state;
    for (size_t t = 0; t < sizeof(targets) / sizeof(targets[0]); t++) {
        test_ctx c;
        pare_target *target = NULL;
        test_ctx_init(&c);
        assert_int_equal(pare_target_find(&c.ctx, &target, targets[t]), PARE_OK);
        size_t n = 0;
        const net_row *nets = net_rows(&n);
        for (size_t i = 0; i < n; i++)
            if (nets[i].params < most_params) check_net(&c.ctx, &nets[i], target);
        pare_target_free(&c.ctx, target);
        assert_int_equal(test_ctx_live_bytes(&c), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(placement_fuses) };
    return test_run(tests);
}
