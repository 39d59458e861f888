/* Mixed precision over made-up layers whose noise and costs are known. */
#include "quant/mixed.h"

#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <math.h>
#include <string.h>
#include <time.h>

enum { GROUPS = 5, FORMS = 3 };

/* Float, 8 and 4 bits: noise of each group by itself; sums of it are what a model loses. */
static const double noises[GROUPS][FORMS] = {
    { 0, 1, 30 }, { 0, 2, 4 }, { 0, 40, 90 }, { 0, 1, 2 }, { 0, 3, NAN },
};
static const double sizes[FORMS] = { 32, 8, 4 };

typedef struct fake {
    uint32_t choice[64];      /* of the model built last, by its number */
    double joint;             /* drop that only shows when all is built */
    double pair;              /* likewise, where the first two groups have 8 bits */
    bool is_slow;
    int n_builds, n_full;
} fake;

static pare_status build(void *user, pare_ctx *ctx, pare_model **out, const uint32_t *choice,
                         bool rough)
{
    fake *f = user;
    f->n_builds++;
    f->n_full += !rough;
    if (f->is_slow) nanosleep(&(struct timespec){ .tv_nsec = 3000000 }, NULL);
    for (int g = 0; g < GROUPS; g++) f->choice[g] = choice[g];
    return pare_model_new(ctx, out, "fake");
}

static pare_status judge(void *user, pare_ctx *ctx, pare_judged *out, const pare_model *model,
                         bool rough)
{
    const fake *f = user;
    (void)ctx;
    (void)model;
    *out = (pare_judged){ .drop = rough ? NAN : 0 };
    for (int g = 0; g < GROUPS; g++) {
        out->noise += noises[g][f->choice[g]];
        out->costs[0] += sizes[f->choice[g]];
    }
    if (rough) return PARE_OK;
    out->drop = isnan(out->noise) ? 100 : out->noise / 10 + f->joint;
    if (f->choice[0] == 1 && f->choice[1] == 1) out->drop += f->pair;
    return PARE_OK;
}

typedef struct row {
    uint32_t asked;
    double max_drop, max_size, joint;
    uint32_t most_trials;
    pare_mixed_end end;
    uint32_t choice[GROUPS];
    double drop, size;
    bool measured;
    double pair;
} row;

static const row rows[] = {
    /* a drop of 1 point is noise 10: all but the third layer can shrink, the fifth to 8 bits, and
     * the first may not go to 4 */
    { 2, 1, INFINITY, 0, 40, PARE_MIXED_MET, { 1, 2, 0, 2, 1 }, 1.0, 56, true, 0 },
    { 2, 100, INFINITY, 0, 0, PARE_MIXED_MET, { 2, 2, 2, 2, 2 }, 100, 20, false, 0 },
    /* the least noise in 100 bytes: 32 stay for the third layer, and for the next worst */
    { 0, INFINITY, 100, 0, 0, PARE_MIXED_MET, { 1, 1, 0, 1, 0 }, 0.4, 88, true, 0 },
    /* what is asked for holds; the group that loses least gets fewer bits */
    { 1, INFINITY, 100, 0, 0, PARE_MIXED_MET, { 1, 1, 1, 1, 1 }, 4.7, 40, false, 0 },
    { 1, INFINITY, 36, 0, 0, PARE_MIXED_MET, { 1, 1, 1, 2, 1 }, 4.8, 36, true, 0 },
    /* both, also where the first two groups do not go together */
    { 1, 1, 64, 0, 40, PARE_MIXED_MET, { 1, 2, 0, 2, 1 }, 1.0, 56, true, 0 },
    { 0, 1, 72, 0, 6, PARE_MIXED_MET, { 1, 2, 0, 2, 1 }, 1.0, 56, true, 1 },
    /* what cannot be had */
    { 2, 0.01, 20, 0, 0, PARE_MIXED_TOO_COSTLY, { 0, 0, 0, 0, 0 }, 0, 160, true, 0 },
    { 2, 0.5, INFINITY, 1, 40, PARE_MIXED_TOO_LOSSY, { 0, 0, 0, 0, 0 }, 1, 160, true, 0 },
};

static pare_mixed_opts opts_of(const row *r, fake *f)
{
    return (pare_mixed_opts){ .n_groups = GROUPS, .n_forms = FORMS, .asked = r->asked,
                              .build = build, .judge = judge,
                              .user = f, .n_costs = 1, .limits = { r->max_size },
                              .max_drop = r->max_drop, .most_trials = r->most_trials };
}

static void finds_who_can_do_with_less(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        test_ctx t;
        test_ctx_init(&t);
        fake f = { .joint = rows[i].joint, .pair = rows[i].pair };
        pare_mixed got;
        const pare_mixed_opts opts = opts_of(&rows[i], &f);
        assert_int_equal(pare_mixed_find(&t.ctx, &got, &opts), PARE_OK);
        if (got.end != rows[i].end ||
            memcmp(got.choice, rows[i].choice, sizeof(rows[i].choice)) != 0)
            fail_msg("row %zu: end %d, forms %u %u %u %u %u, drop %g, size %g", i, (int)got.end,
                     got.choice[0], got.choice[1], got.choice[2], got.choice[3], got.choice[4],
                     got.judged.drop, got.judged.costs[0]);
        assert_true(fabs(got.judged.drop - rows[i].drop) < 1e-9 || isnan(rows[i].drop) ||
                    i == 1);
        assert_true(got.judged.costs[0] == rows[i].size);
        assert_non_null(got.model);
        assert_int_equal(got.reason[0] != 0, got.end != PARE_MIXED_MET);
        assert_int_equal(got.noise != NULL, rows[i].measured);
        assert_int_equal(got.n_trials, f.n_full);
        assert_int_equal(got.n_trials + got.n_measured, f.n_builds);
        pare_mixed_free(&t.ctx, &got);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
    }
}

/* The first layer may not have 4 bits, the second is to stay. */
static void asks_only_for_what_is_allowed(void **state)
{
    (void)state;
    static const bool allowed[GROUPS * FORMS] = { 1, 1, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0 };
    const row r = { 2, 1000, INFINITY, 0, 0, PARE_MIXED_MET, { 1, 0, 2, 2, 1 }, 0, 0, false, 0 };
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    fake f = { .joint = 0 };
    pare_mixed got;
    pare_mixed_opts opts = opts_of(&r, &f);
    opts.allowed = allowed;
    assert_int_equal(pare_mixed_find(&ctx, &got, &opts), PARE_OK);
    assert_memory_equal(got.choice, r.choice, sizeof(r.choice));
    pare_mixed_free(&ctx, &got);
    opts.n_groups = 0;
    assert_int_equal(pare_mixed_find(&ctx, &got, &opts), PARE_EUSAGE);
}

/* What was tried before time was up is what there is. */
static void takes_what_it_has_when_time_is_up(void **state)
{
    (void)state;
    pare_ctx ctx;
    pare_ctx_init(&ctx, NULL);
    fake f = { .is_slow = true };
    pare_mixed got;
    pare_mixed_opts opts = opts_of(&rows[0], &f);
    opts.max_ms = 1;
    assert_int_equal(pare_mixed_find(&ctx, &got, &opts), PARE_OK);
    assert_true(got.cut);
    assert_int_equal(got.n_trials, 1);
    assert_int_equal(got.end, PARE_MIXED_TOO_LOSSY);
    for (int g = 0; g < GROUPS; g++) assert_int_equal(got.choice[g], rows[0].asked);
    pare_mixed_free(&ctx, &got);
}

static pare_status work(pare_ctx *ctx, void *user)
{
    fake f = { .joint = 0 };
    pare_mixed got;
    (void)user;
    const pare_mixed_opts opts = opts_of(&rows[0], &f);
    const pare_status st = pare_mixed_find(ctx, &got, &opts);
    pare_mixed_free(ctx, &got);
    return st;
}

static void survives_memory_running_out(void **state)
{
    (void)state;
    assert_true(test_ctx_torture(work, NULL) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_who_can_do_with_less),
        cmocka_unit_test(asks_only_for_what_is_allowed),
        cmocka_unit_test(takes_what_it_has_when_time_is_up),
        cmocka_unit_test(survives_memory_running_out),
    };
    return test_run(tests);
}
