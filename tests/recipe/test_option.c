/* Options as text, and the tables of steps. */
#include "recipe/prune.h"
#include "recipe/quantize.h"

#include "support/test.h"
#include "support/test_ctx.h"

#include <string.h>

/* --- every step ------------------------------------------------------------------------------- */

static void steps_have_sound_tables(void **state)
{
    (void)state;
    size_t n = 0;
    const pare_step *const *all = pare_step_all(&n);
    for (size_t i = 0; i < n; i++) {
        assert_true(!i || strcmp(all[i - 1]->name, all[i]->name) < 0);
        assert_true(all[i]->settings_bytes <= 512);
        for (size_t k = 0; k < all[i]->n_options; k++) {
            const pare_option *row = &all[i]->options[k];
            const bool has_choices = row->kind == PARE_OPT_CHOICE || row->kind == PARE_OPT_SET;
            assert_true(row->offset < all[i]->settings_bytes);
            assert_true(row->help && !row->required && !row->implied);
            assert_true(has_choices == (row->choices != NULL));
            for (size_t j = 0; j < k; j++)
                assert_string_not_equal(row->name, all[i]->options[j].name);
        }
    }
    assert_ptr_equal(pare_step_find("quantize"), &pare_step_quantize);
    assert_null(pare_step_find("quantise"));
}

/* --- values there and back -------------------------------------------------------------------- */

typedef struct set_row {
    const char *key, *text, *want;    /* want: how the settings show; NULL: refused */
    const char *message, *hint;
} set_row;

static const set_row set_rows[] = {
    { "weights", "int4", "weights=int4", NULL, NULL },
    { "weights", "auto", "", NULL, NULL },
    { "weights", "int5", NULL,
      "expected one of auto, int8, int4, int2, float16, bfloat16, found 'int5'",
      "did you mean 'int8'?" },
    { "block-size", "64", "block-size=64", NULL, NULL },
    { "block-size", "64k", NULL, "expected an integer from 0 to 1048576, found '64k'", "" },
    { "percentile", "99.999", "percentile=99.999", NULL, NULL },
    { "percentile", "nan", NULL, "expected a number from 50 to 100, found 'nan'", "" },
    { "percentile", "101", NULL, "expected a number from 50 to 100, found '101'", "" },
    { "per-tensor", "true", "per-tensor=true", NULL, NULL },
    { "per-tensor", "false", "", NULL, NULL },
    { "per-tensor", "yes", NULL, "expected true or false, found 'yes'", "" },
    { "correct", "bias, equalize", "correct=equalize,bias", NULL, NULL },
    { "correct", "bias,equalise", NULL,
      "expected some of auto, equalize, smooth, bias, none, found 'equalise'",
      "did you mean 'equalize'?" },
    { "correct", "bias,", NULL, "expected some of auto, equalize, smooth, bias, none, found ''",
      "" },
    { "exclude", "/fc/*", "exclude=/fc/*", NULL, NULL },
    { "exclude", "", NULL, "expected PATTERN, found nothing", "" },
    { "overrides", "op:Softmax=float", "overrides=op:Softmax=float", NULL, NULL },
    { "override", "x=float", NULL, "unknown option 'override' of step 'quantize'",
      "did you mean 'overrides'?" },
};

static void options_go_there_and_back(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    for (size_t i = 0; i < sizeof(set_rows) / sizeof(set_rows[0]); i++) {
        const set_row *row = &set_rows[i];
        pare_quantize_settings s = { 0 };
        pare_option_problem problem;
        char shown[256];
        const pare_status st = pare_step_set(&t.ctx, &pare_step_quantize, &s, row->key, row->text,
                                             &problem);
        assert_int_equal(st, row->want ? PARE_OK : PARE_EUSAGE);
        pare_step_show(shown, sizeof(shown), &pare_step_quantize, &s);
        assert_string_equal(shown, row->want ? row->want : "");
        if (st) assert_string_equal(problem.message, row->message);
        if (st) assert_string_equal(problem.hint, row->hint);
        pare_option_drop(&t.ctx, pare_step_quantize.options, pare_step_quantize.n_options, &s);
    }
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static const set_row prune_rows[] = {
    { "what", "heads", "what=heads", NULL, NULL },
    { "what", "channel", NULL,
      "expected one of auto, channels, heads, blocks, rank, found 'channel'",
      "did you mean 'channels'?" },
    { "criterion", "second-order", "criterion=second-order", NULL, NULL },
    { "repair", "least-squares", "repair=least-squares", NULL, NULL },
    { "repair", "least-square", NULL,
      "expected one of auto, none, stats, least-squares, found 'least-square'",
      "did you mean 'least-squares'?" },
    { "pattern", "2:4", "pattern=2:4", NULL, NULL },
    { "sparsity", "60%", "sparsity=60%", NULL, NULL },
    { "round-to", "auto", "round-to=auto", NULL, NULL },
    { "floors", "/fc/*=25%", "floors=/fc/*=25%", NULL, NULL },
    { "sparse-storage", "true", "sparse-storage=true", NULL, NULL },
    { "max-macs", "75%", "max-macs=75%", NULL, NULL },
    { "max-mac", "75%", NULL, "unknown option 'max-mac' of step 'prune'",
      "did you mean 'max-macs'?" },
};

static void options_of_pruning_go_there_and_back(void **state)
{
    (void)state;
    test_ctx t;
    test_ctx_init(&t);
    for (size_t i = 0; i < sizeof(prune_rows) / sizeof(prune_rows[0]); i++) {
        const set_row *row = &prune_rows[i];
        pare_prune_settings s = { 0 };
        pare_option_problem problem;
        char shown[256];
        const pare_status st = pare_step_set(&t.ctx, &pare_step_prune, &s, row->key, row->text,
                                             &problem);
        assert_int_equal(st, row->want ? PARE_OK : PARE_EUSAGE);
        pare_step_show(shown, sizeof(shown), &pare_step_prune, &s);
        assert_string_equal(shown, row->want ? row->want : "");
        if (st) assert_string_equal(problem.message, row->message);
        if (st) assert_string_equal(problem.hint, row->hint);
        pare_option_drop(&t.ctx, pare_step_prune.options, pare_step_prune.n_options, &s);
    }
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

static void text_is_cut_where_it_does_not_fit(void **state)
{
    (void)state;
    const pare_quantize_settings s = { .weights = PARE_QUANTIZE_INT4, .block_size = 64 };
    char shown[12];
    assert_string_equal(pare_step_show(shown, sizeof(shown), &pare_step_quantize, &s),
                        "weights=int");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_have_sound_tables),
        cmocka_unit_test(options_go_there_and_back),
        cmocka_unit_test(options_of_pruning_go_there_and_back),
        cmocka_unit_test(text_is_cut_where_it_does_not_fit),
    };
    return test_run(tests);
}
