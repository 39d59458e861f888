/* The driver: what stays of steps that do well, do nothing, fail, lose too much, or come too late;
 * and which of several ways is taken. */
#include "recipe/driver.h"

#include "ir/graph.h"
#include "support/estimated.h"
#include "support/memory_data.h"
#include "support/models.h"
#include "support/test.h"

#include <math.h>
#include <string.h>

/* y = x w, with two tables that nothing reads: what "halve" takes out one by one. */
static const char two_tables[] =
    "<ir_version: 8, opset_import: [\"\" : 15]>\n"
    "g (float[1,4] x) => (float[1,4] y) <float[4,4] w = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, "
    "0, 1}, float[4] a = {1, 2, 3, 4}, float[4] b = {1, 2, 3, 4}> {\n  y = MatMul (x, w) }";

typedef struct settings {
    int64_t how;              /* what the step does */
} settings;

enum { NOTHING, REMOVE, SPOIL, REFUSE, MISUSE, STARVE };

static pare_status remove_one(pare_ctx *ctx, pare_model *m)
{
    for (pare_value_id v = 0; v < m->n_values; v++) {
        if (!m->values[v].graph || !m->values[v].tensor || m->values[v].n_uses) continue;
        return pare_value_remove(ctx, m, v);
    }
    return PARE_OK;
}

/* Other answers: the product's weights are zeroed. */
static pare_status spoil(pare_ctx *ctx, pare_model *m)
{
    static const int64_t dims[] = { 4, 4 };
    for (pare_value_id v = 0; v < m->n_values; v++) {
        if (!m->values[v].tensor || !m->values[v].n_uses) continue;
        pare_tensor *zeros = NULL;
        PARE_TRY(pare_tensor_new(ctx, &zeros, PARE_FLOAT, 2, dims));
        const pare_status st = pare_value_set_tensor(ctx, m, v, zeros);
        pare_tensor_unref(zeros);
        return st;
    }
    return PARE_OK;
}

static pare_status run_fake(pare_ctx *ctx, pare_model *model, const void *s,
                            const pare_step_env *env, pare_step_outcome *outcome)
{
    (void)env;
    PARE_TRY(pare_step_say(ctx, outcome, "did something"));
    switch (((const settings *)s)->how) {
    case REMOVE: return remove_one(ctx, model);
    case SPOIL: PARE_TRY(remove_one(ctx, model)); return spoil(ctx, model);
    case REFUSE: return pare_fail(ctx, PARE_EUNSUPPORTED, "not this model");
    case MISUSE: return pare_fail(ctx, PARE_EUSAGE, "not with these settings");
    case STARVE: return pare_fail_memory(ctx, 1);
    default: return PARE_OK;
    }
}

static const pare_option fake_rows[] = {
    { .name = "how", .kind = PARE_OPT_INT, .placeholder = "N", .offset = offsetof(settings, how),
      .help = "what it does" },
};

static const pare_step fake = { .name = "fake", .summary = "A step", .options = fake_rows,
                                .n_options = 1, .settings_bytes = sizeof(settings),
                                .run = run_fake };

typedef struct fixture {
    test_ctx t;
    pare_target target;
    pare_model *model;
    pare_recipe recipe;
    test_memory_data data;
    pare_pool *pool;
    pare_limit limits[PARE_N_LIMITS];
    pare_driver_env env;
    pare_recipe_result result;
} fixture;

static float sample(uint64_t s, int64_t i)
{
    return i == (int64_t)(s % 4) ? 2.0f : 0.5f;
}

static void begin(fixture *f)
{
    static const int64_t dims[] = { 1, 4 };
    *f = (fixture){ 0 };
    test_ctx_init(&f->t);
    f->target = test_chip(1 << 20);
    f->model = test_model_parse(&f->t.ctx, two_tables);
    pare_recipe_init(&f->t.ctx, &f->recipe);
    test_memory_data_init(&f->data, 8, 2, dims, sample);
    assert_int_equal(pare_pool_new(&f->t.ctx, &f->pool, 1), PARE_OK);
    f->env = (pare_driver_env){
        .step = { .target = &f->target, .judge = &f->data.data, .pool = f->pool },
        .limits = f->limits, .judged = PARE_SCORE_TOP1,
    };
}

static void add(fixture *f, pare_recipe_steps *list, int how, int on_miss)
{
    pare_recipe_step *step = NULL;
    assert_int_equal(pare_recipe_add_step(&f->t.ctx, &f->recipe, list, &step, &fake), PARE_OK);
    ((settings *)step->settings)->how = how;
    step->on_miss = on_miss;
}

static pare_status run(fixture *f)
{
    return pare_recipe_run(&f->t.ctx, &f->result, f->model, &f->recipe, &f->env);
}

static void end(fixture *f)
{
    pare_recipe_result_free(&f->t.ctx, &f->result);
    pare_recipe_free(&f->t.ctx, &f->recipe);
    pare_pool_free(&f->t.ctx, f->pool);
    pare_model_free(&f->t.ctx, f->model);
    assert_int_equal(test_ctx_live_bytes(&f->t), 0);
}

static void a_step_that_gives_less_stays(void **state)
{
    (void)state;
    fixture f;
    begin(&f);
    add(&f, &f.recipe.steps, REMOVE, 0);
    add(&f, &f.recipe.steps, NOTHING, 0);
    add(&f, &f.recipe.steps, REMOVE, 0);
    assert_int_equal(run(&f), PARE_OK);
    assert_int_equal(f.result.n_steps, 3);
    assert_int_equal(f.result.n_kept, 2);
    assert_true(f.result.steps[0].kept && !f.result.steps[1].kept && f.result.steps[2].kept);
    assert_string_equal(f.result.steps[1].reason, "nothing becomes less: 80 bytes, were 80");
    assert_int_equal(f.result.input.file_bytes, 96);
    assert_int_equal(f.result.steps[0].before.file_bytes, 96);
    assert_int_equal(f.result.steps[0].after.file_bytes, 80);
    assert_int_equal(f.result.steps[2].before.file_bytes, 80);
    assert_int_equal(f.result.output.file_bytes, 64);
    assert_true(f.result.has_figures && f.result.output.energy_mj.value > 0);
    assert_string_equal(f.result.steps[0].outcome.lines[0], "did something");
    assert_true(isnan(f.result.drop));
    end(&f);
}

static void a_step_that_fails_is_rolled_back(void **state)
{
    (void)state;
    fixture f;
    begin(&f);
    add(&f, &f.recipe.steps, REFUSE, 0);
    add(&f, &f.recipe.steps, REMOVE, 0);
    assert_int_equal(run(&f), PARE_OK);
    assert_int_equal(f.result.n_kept, 1);
    assert_int_equal(f.result.failed, PARE_EUNSUPPORTED);
    assert_string_equal(f.result.failure, "not this model");
    assert_string_equal(f.result.steps[0].reason, "not this model");
    end(&f);

    static const struct { int how; pare_status want; } fatal[] = { { MISUSE, PARE_EUSAGE },
                                                                   { STARVE, PARE_ENOMEM } };
    for (size_t i = 0; i < 2; i++) {
        begin(&f);
        add(&f, &f.recipe.steps, fatal[i].how, 0);
        assert_int_equal(run(&f), fatal[i].want);
        end(&f);
    }
}

static void too_much_lost_is_rolled_back_or_kept(void **state)
{
    (void)state;
    static const struct { int before, on_miss; bool kept; } rows[] = {
        { REMOVE, PARE_ON_MISS_AUTO, false },     /* there is something of use */
        { NOTHING, PARE_ON_MISS_AUTO, true },     /* there is not: the gate shall tell */
        { REMOVE, PARE_ON_MISS_KEEP_BEST, true },
        { NOTHING, PARE_ON_MISS_ROLL_BACK, false },
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        fixture f;
        begin(&f);
        f.limits[PARE_LIMIT_DROP] = (pare_limit){ .given = true, .value = 10 };
        add(&f, &f.recipe.steps, rows[i].before, 0);
        add(&f, &f.recipe.steps, SPOIL, rows[i].on_miss);
        assert_int_equal(run(&f), PARE_OK);
        assert_int_equal(f.result.steps[1].kept, rows[i].kept);
        assert_string_equal(f.result.steps[1].reason, "75.00 points are lost, and 10.00 may be");
        assert_float_equal(f.result.steps[1].agreement, 0.25f, 0);
        assert_float_equal(f.result.steps[1].drop, 75.0f, 0);
        end(&f);
    }
}

static void the_best_way_stays(void **state)
{
    (void)state;
    fixture f;
    begin(&f);
    f.limits[PARE_LIMIT_AGREEMENT] = (pare_limit){ .given = true, .value = 0.9 };
    static const int ways[][2] = { { REMOVE, NOTHING }, { REMOVE, SPOIL }, { REMOVE, REMOVE },
                                   { MISUSE, NOTHING } };
    for (size_t w = 0; w < 4; w++) {
        pare_recipe_steps *way = NULL;
        assert_int_equal(pare_recipe_add_way(&f.t.ctx, &f.recipe, &way), PARE_OK);
        for (size_t i = 0; i < 2; i++)
            add(&f, way, ways[w][i], w == 1 ? PARE_ON_MISS_KEEP_BEST : PARE_ON_MISS_AUTO);
    }
    assert_int_equal(run(&f), PARE_OK);
    assert_int_equal(f.result.way, 3);
    assert_int_equal(f.result.output.file_bytes, 64);
    assert_float_equal(f.result.agreement, 1.0f, 0);
    for (size_t i = 0; i < f.result.n_steps; i++)
        assert_int_equal(f.result.steps[i].kept, f.result.steps[i].way == 3);
    assert_string_equal(f.result.steps[0].reason, "another way is better");
    end(&f);
}

static void time_that_is_up_is_told(void **state)
{
    (void)state;
    fixture f;
    begin(&f);
    f.env.step.max_ms = 1;
    add(&f, &f.recipe.steps, REMOVE, 0);
    assert_int_equal(run(&f), PARE_OK);
    assert_true(f.result.cut && !f.result.n_kept);
    assert_string_equal(f.result.steps[0].reason, "not begun: the time is used up");
    assert_int_equal(f.result.output.file_bytes, 96);
    end(&f);
}

static pare_status note(void *user, pare_ctx *ctx, pare_model *model, const char *what)
{
    (void)user;
    return pare_props_set(ctx, model, &model->props, "done", what);
}

/* All of it, with nothing of the fixture's own but the model. */
static pare_status starved(pare_ctx *ctx, void *user)
{
    const fixture *const f = user;
    pare_recipe recipe;
    pare_recipe_step *step = NULL;
    pare_recipe_steps *way = NULL;
    pare_recipe_result result = { 0 };
    pare_option_problem problem;
    const pare_driver_env env = { .step = { .target = &f->target }, .limits = f->limits,
                                  .note = note };
    pare_recipe_init(ctx, &recipe);
    pare_status st = pare_recipe_add_step(ctx, &recipe, &recipe.steps, &step, &pare_step_fold);
    for (size_t w = 0; !st && w < 2; w++) {
        st = pare_recipe_add_way(ctx, &recipe, &way);
        if (!st) st = pare_recipe_add_step(ctx, &recipe, way, &step, &fake);
    }
    if (!st) st = pare_recipe_set(ctx, &recipe, "fake.how", "1", &problem);
    if (!st) st = pare_recipe_set(ctx, &recipe, "max-size", "50%", &problem);
    if (!st) st = pare_recipe_run(ctx, &result, f->model, &recipe, &env);
    pare_recipe_result_free(ctx, &result);
    pare_recipe_free(ctx, &recipe);
    return st;
}

static void want_of_memory_is_told(void **state)
{
    (void)state;
    fixture f;
    begin(&f);
    test_ctx_torture(starved, &f);
    end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_that_gives_less_stays),
        cmocka_unit_test(a_step_that_fails_is_rolled_back),
        cmocka_unit_test(too_much_lost_is_rolled_back_or_kept),
        cmocka_unit_test(the_best_way_stays),
        cmocka_unit_test(time_that_is_up_is_told),
        cmocka_unit_test(want_of_memory_is_told),
    };
    return test_run(tests);
}
