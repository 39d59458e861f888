#include "cli/compress_job.h"

#include <string.h>

const pare_recipe *pare_compress_recipe(const pare_compress_job *job)
{
    return job->choice ? &job->chosen : &job->asked;
}

/* --- which recipe ----------------------------------------------------------------------------- */

static int find_preset(pare_app *app, const pare_preset **out, const char *name)
{
    pare_line message = { 0 }, hint = { 0 };
    pare_nearest nearest = { .word = name };
    size_t n = 0;
    const pare_preset *const all = pare_preset_all(&n);
    *out = pare_preset_find(name);
    if (*out) return PARE_EXIT_DONE;
    pare_line_add(&message, "there is no preset '%.200s'; 'pare recipes' lists them", name);
    for (size_t i = 0; i < n; i++) pare_nearest_try(&nearest, all[i].name);
    if (nearest.name) pare_line_add(&hint, "did you mean '%s'?", nearest.name);
    return pare_app_error(app, PARE_EXIT_USAGE, message.text, hint.text);
}

static int open_recipe(pare_compress_job *job, pare_app *app)
{
    const pare_compress_options *const o = job->options;
    const pare_preset *preset = NULL;
    pare_status st = PARE_OK;
    if (o->recipe && o->preset)
        return pare_app_error(app, PARE_EXIT_USAGE, "--recipe and --preset say the same thing: "
                                                    "give one of them", NULL);
    if (o->recipe) {
        st = pare_recipe_read(&app->ctx, &job->asked, o->recipe);
    } else {
        const int status = find_preset(app, &preset, o->preset ? o->preset : "auto");
        if (status) return status;
        st = pare_recipe_of_preset(&app->ctx, &job->asked, preset);
    }
    return st ? pare_app_fail(app, pare_exit_for_input(st), NULL) : PARE_EXIT_DONE;
}

/* --- --set ------------------------------------------------------------------------------------ */

/* plain: only what is no step's. */
static int set_one(pare_app *app, pare_recipe *recipe, const char *text, bool plain)
{
    static const char limits[] = "limits.";
    pare_option_problem problem = { 0 };
    pare_line message = { 0 };
    const char *const equals = strchr(text, '=');
    char key[128];
    if (!equals || equals == text || (size_t)(equals - text) >= sizeof(key)) {
        pare_line_add(&message, "option '--set': expected KEY=VALUE, found '%.200s'", text);
        return pare_app_error(app, PARE_EXIT_USAGE, message.text, NULL);
    }
    memcpy(key, text, (size_t)(equals - text));
    key[equals - text] = '\0';
    const size_t n = strncmp(key, limits, sizeof(limits) - 1) ? 0 : sizeof(limits) - 1;
    bool known = false;
    const pare_status st =
        plain ? pare_recipe_set_plain(&app->ctx, recipe, &known, key + n, equals + 1, &problem)
              : pare_recipe_set(&app->ctx, recipe, key, equals + 1, &problem);
    if (!st) return PARE_EXIT_DONE;
    if (st != PARE_EUSAGE) return pare_app_fail(app, pare_exit_for_input(st), NULL);
    pare_line_add(&message, "option '--set %.200s': %s", text, problem.message);
    return pare_app_error(app, PARE_EXIT_USAGE, message.text, problem.hint);
}

static int set_all(pare_compress_job *job, pare_app *app, pare_recipe *recipe, bool plain)
{
    int status = PARE_EXIT_DONE;
    for (size_t i = 0; !status && i < job->options->set.n; i++)
        status = set_one(app, recipe, job->options->set.items[i], plain);
    return status;
}

/* --- what the command line leaves open -------------------------------------------------------- */

static void merge_data(pare_compress_job *job)
{
    const pare_recipe *const r = &job->asked;
    pare_rewrite_options *const m = &job->merged;
    const char *const judge = r->evaluation.from;
    if (!m->data) {
        m->data = r->calibration.from;
        if (!m->samples && r->calibration.take > 0) m->samples = r->calibration.take;
        if (!m->seed && r->calibration.seed > 0) m->seed = r->calibration.seed;
    }
    if (!m->eval_data && judge && (!m->data || strcmp(judge, m->data) != 0)) m->eval_data = judge;
}

static void merge(pare_compress_job *job)
{
    const pare_recipe *const r = &job->asked;
    pare_rewrite_options *const m = &job->merged;
    merge_data(job);
    if (!m->targets) m->targets = r->targets;
    for (int k = 0; k < PARE_N_LIMITS; k++)
        if (!m->limits.texts[k]) m->limits.texts[k] = r->limits[k];
    if (m->shapes.dims.n || !r->dims) return;
    job->recipe_dims = r->dims;
    m->shapes.dims = (pare_option_list){ .items = &job->recipe_dims, .n = 1, .cap = 1 };
    m->shapes.dims_may_miss = true;
}

int pare_compress_read_recipe(pare_compress_job *job, pare_app *app)
{
    job->merged = job->options->rewrite;
    int status = open_recipe(job, app);
    /* The steps of what a recipe that chooses stands for are not known yet. */
    if (!status) status = set_all(job, app, &job->asked, job->asked.n_choices > 0);
    if (!status) merge(job);
    return status;
}

/* --- choosing --------------------------------------------------------------------------------- */

static bool is_quantized(const pare_model *m)
{
    static const char *const ops[] = { "DequantizeLinear", "QLinearConv", "QLinearMatMul",
                                       "MatMulInteger", "ConvInteger", "MatMulNBits" };
    for (pare_node_id id = 0; id < m->n_nodes; id++)
        for (size_t i = 0; m->nodes[id].graph && i < PARE_COUNT_OF(ops); i++)
            if (pare_str_eq(pare_str_or_empty(m->nodes[id].op_type), ops[i])) return true;
    return false;
}

static bool applies(const pare_compress_job *job, int when)
{
    const pare_rewrite *const w = &job->rewrite;
    switch ((pare_recipe_when)when) {
    case PARE_WHEN_TRANSFORMER: return pare_is_transformer(w->model);
    case PARE_WHEN_DATA: return w->data != NULL;
    case PARE_WHEN_QUANTIZED: return is_quantized(w->model);
    default: return true;
    }
}

int pare_compress_choose(pare_compress_job *job)
{
    pare_app *const app = job->rewrite.app;
    if (!job->asked.n_choices) return PARE_EXIT_DONE;
    for (size_t i = 0; i < job->asked.n_choices && !job->choice; i++)
        if (applies(job, job->asked.choices[i].when)) job->choice = &job->asked.choices[i];
    if (!job->choice)
        return pare_app_error(app, PARE_EXIT_INPUT, "the recipe has no preset for this model and "
                                                    "these data",
                              "end its list with {when: always, preset: NAME}");
    const pare_status st = pare_recipe_of_preset(&app->ctx, &job->chosen,
                                                 pare_preset_find(job->choice->preset));
    if (st) return pare_app_fail(app, pare_exit_for_input(st), NULL);
    if (job->chosen.n_choices)
        return pare_app_error(app, PARE_EXIT_INPUT, "a recipe may not choose a preset that chooses",
                              NULL);
    return set_all(job, app, &job->chosen, false);
}
