#include "recipe/driver.h"

#include "energy/figures.h"
#include "ir/check.h"
#include "stats/evaluate.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A model, and what is known of it. */
typedef struct state {
    pare_model *model;
    pare_report_figures figures;
    bool has_figures;
    double drop, agreement;   /* NaN: not judged */
    size_t n_kept;
    const char *key;          /* of the cache: all that was done; NULL: the model as it came in */
} state;

typedef struct job {
    pare_ctx *ctx;
    pare_recipe_result *result;
    const pare_model *input;
    const pare_recipe *recipe;
    const pare_driver_env *env;
    double begun;
} job;

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* --- looking at a model ----------------------------------------------------------------------- */

static uint64_t weight_bytes(const pare_model *m)
{
    uint64_t sum = 0;
    for (size_t v = 0; v < m->n_values; v++)
        if (m->values[v].graph && m->values[v].tensor)
            sum += pare_tensor_size_bytes(m->values[v].tensor);
    return sum;
}

/* Figures on the target. A model that cannot be estimated has none, which is no failure. */
static pare_status look(job *j, state *s)
{
    const pare_step_env *const env = &j->env->step;
    const pare_estimate_opts opts = { .batch = env->batch };
    pare_ctx quiet = *j->ctx; /* warnings of estimates are given once, of what comes out */
    quiet.opts.warn = NULL;
    pare_shapes *shapes = NULL;
    pare_estimate *estimate = NULL;
    uint64_t bytes = weight_bytes(s->model);
    if (j->env->size) PARE_TRY(j->env->size(j->env->user, j->ctx, s->model, &bytes));
    pare_status st = pare_infer(&quiet, &shapes, s->model, env->shapes);
    if (!st) st = pare_estimate_make(&quiet, &estimate, s->model, shapes, env->target, &opts);
    s->has_figures = !st;
    s->figures = (pare_report_figures){ .file_bytes = bytes, .energy_mj = { NAN, NAN, NAN },
                                        .latency_ms = { NAN, NAN, NAN } };
    if (!st) pare_estimate_figures(&s->figures, estimate, bytes);
    pare_estimate_free(&quiet, estimate);
    pare_shapes_free(&quiet, shapes);
    if (st != PARE_ENOMEM && st != PARE_ECANCELED) return PARE_OK;
    return pare_fail(j->ctx, st, "%s", quiet.message);
}

static const pare_limit *limit_of(const job *j, pare_limit_kind kind)
{
    static const pare_limit none = { 0 };
    return j->env->limits ? &j->env->limits[kind] : &none;
}

static bool is_judged(const job *j)
{
    return (limit_of(j, PARE_LIMIT_DROP)->given || limit_of(j, PARE_LIMIT_AGREEMENT)->given) &&
           (j->env->step.judge || j->env->step.data);
}

/* The drop that the step measured is that of the whole, when nothing else has changed answers. */
static bool is_measured(const job *j, const state *before, const pare_driver_step *record)
{
    return isfinite(record->outcome.drop) && !before->n_kept && j->env->step.judge &&
           j->env->judged != PARE_SCORE_TOP5 && !limit_of(j, PARE_LIMIT_AGREEMENT)->given;
}

static pare_status judge(job *j, state *s)
{
    const pare_step_env *const env = &j->env->step;
    const pare_evaluate_opts opts = {
        .data = env->judge ? env->judge : env->data, .reference = j->input,
        .metrics = j->env->metrics | PARE_SCORE_BIT(PARE_SCORE_AGREEMENT),
        .judged = j->env->judged, .pool = env->pool, .max_memory_bytes = env->max_memory_bytes,
    };
    pare_evaluation e;
    s->drop = s->agreement = NAN;
    if (!is_judged(j)) return PARE_OK;
    PARE_TRY(pare_evaluate(j->ctx, &e, s->model, &opts));
    s->drop = e.drop.drop;
    if (e.n_answers) s->agreement = 1 - (double)e.n_changed / (double)e.n_answers;
    return PARE_OK;
}

/* --- limits ----------------------------------------------------------------------------------- */

double pare_limit_figure(pare_limit_kind kind, const pare_report_figures *f)
{
    switch (kind) {
    case PARE_LIMIT_ENERGY: return f->energy_mj.value;
    case PARE_LIMIT_LATENCY: return f->latency_ms.value;
    case PARE_LIMIT_MACS: return (double)f->macs;
    case PARE_LIMIT_PARAMS: return (double)f->params;
    case PARE_LIMIT_SIZE: return (double)f->file_bytes;
    case PARE_LIMIT_FLASH: return (double)f->flash_bytes;
    case PARE_LIMIT_RAM: return (double)f->ram_peak_bytes;
    default: return NAN;
    }
}

/* The most that may remain of a figure; INFINITY: any. */
static double allowed(const job *j, pare_limit_kind kind)
{
    const pare_limit *const limit = limit_of(j, kind);
    if (!limit->given) return INFINITY;
    return limit->relative ? limit->value * pare_limit_figure(kind, &j->result->input)
                           : limit->value;
}

/* Why a limit on accuracy does not hold, in words; false: all do, as far as they can be judged. */
static bool misses_accuracy(const job *j, const state *s, char *why, size_t why_bytes)
{
    const pare_limit *const drop = limit_of(j, PARE_LIMIT_DROP);
    const pare_limit *const share = limit_of(j, PARE_LIMIT_AGREEMENT);
    if (drop->given && s->drop > drop->value + 1e-9) {
        snprintf(why, why_bytes, "%.2f points are lost, and %.2f may be", s->drop, drop->value);
        return true;
    }
    if (share->given && s->agreement < share->value - 1e-12) {
        snprintf(why, why_bytes, "%.2f %% of the answers stay, and %.2f %% must",
                 100 * s->agreement, 100 * share->value);
        return true;
    }
    return false;
}

static size_t count_misses(const job *j, const state *s)
{
    char unused[128];
    size_t n = misses_accuracy(j, s, unused, sizeof(unused));
    for (int k = PARE_LIMIT_ENERGY; k < PARE_N_LIMITS; k++)
        n += pare_limit_figure((pare_limit_kind)k, &s->figures) >
             allowed(j, (pare_limit_kind)k) * (1 + 1e-9);
    return n;
}

/* Whether a step that promises less has given less of anything. */
static bool is_less(const state *before, const state *after)
{
    const pare_report_figures *const a = &before->figures, *const b = &after->figures;
    const bool is_cheaper = b->energy_mj.value < a->energy_mj.value * (1 - 1e-9) ||
                            b->latency_ms.value < a->latency_ms.value * (1 - 1e-9);
    if (b->file_bytes > a->file_bytes) return is_cheaper;
    return is_cheaper || b->file_bytes < a->file_bytes || b->macs < a->macs ||
           b->flash_bytes < a->flash_bytes || b->ram_peak_bytes < a->ram_peak_bytes ||
           b->sparsity > a->sparsity;
}

/* --- one step --------------------------------------------------------------------------------- */

static size_t count_to_come(const pare_recipe_steps *list, size_t from)
{
    size_t n = 0;
    for (size_t i = from; i < list->n; i++) n += !list->items[i].step->is_neutral;
    return n;
}

/* What a step has to work with. What is left of a limit on the drop is shared among the steps to
 * come; a figure that a later step lowers as well is no goal of an earlier one. */
static pare_step_env env_of(const job *j, const state *s, size_t n_to_come, double left_ms)
{
    pare_step_env env = j->env->step;
    const pare_limit *const drop = limit_of(j, PARE_LIMIT_DROP);
    const pare_limit *const share = limit_of(j, PARE_LIMIT_AGREEMENT);
    const double lost = s->drop > 0 ? s->drop : 0;
    env.file_bytes = s->figures.file_bytes;
    env.max_ms = isfinite(left_ms) ? (uint64_t)left_ms : 0;
    env.max_drop = drop->given ? fmax(0, drop->value - lost) / (double)(n_to_come ? n_to_come : 1)
                               : INFINITY;
    env.min_agreement = share->given ? share->value : 0;
    for (int k = PARE_LIMIT_ENERGY; k < PARE_N_LIMITS; k++) {
        const pare_limit_kind kind = (pare_limit_kind)k;
        const double now = pare_limit_figure(kind, &s->figures), most = allowed(j, kind);
        const bool is_pruning = kind == PARE_LIMIT_MACS || kind == PARE_LIMIT_PARAMS;
        env.goals[k] = isfinite(most) && now > 0 && (is_pruning || n_to_come <= 1) ? most / now : 0;
    }
    return env;
}

static const char *keep_text(job *j, const char *text, pare_status *st)
{
    const char *const kept = pare_arena_str(&j->result->arena, text);
    if (!kept && !*st) *st = pare_arena_fail(j->ctx, &j->result->arena);
    return kept;
}

static pare_status add_record(job *j, pare_driver_step **out, const pare_recipe_step *from,
                              size_t way)
{
    pare_recipe_result *const r = j->result;
    if (!pare_arena_grow(&r->arena, &r->steps, &r->cap, r->n_steps + 1, sizeof(r->steps[0])))
        return pare_arena_fail(j->ctx, &r->arena);
    *out = &r->steps[r->n_steps++];
    **out = (pare_driver_step){ .from = from, .way = way, .drop = NAN, .agreement = NAN };
    pare_step_outcome_begin(j->ctx, &(*out)->outcome);
    return PARE_OK;
}

/* Failures that are the model's, for which a step is rolled back. */
static bool is_refusal(pare_status st, size_t way)
{
    return st == PARE_EUNSUPPORTED || st == PARE_EFORMAT || (way && st == PARE_EUSAGE);
}

/* Runs the step on the clone. */
static pare_status apply(job *j, pare_driver_step *record, pare_model *model,
                         const pare_step_env *env)
{
    char what[9 << 10]; /* chosen options are up to 8 KB */
    const pare_recipe_step *const from = record->from;
    PARE_TRY(from->step->run(j->ctx, model, from->settings, env, &record->outcome));
    PARE_TRY(pare_graph_check(j->ctx, model, from->step->name));
    const char *const chosen = record->outcome.chosen;
    snprintf(what, sizeof(what), "%s%s%s", from->step->name, chosen && *chosen ? " " : "",
             chosen ? chosen : "");
    return j->env->note ? j->env->note(j->env->user, j->ctx, model, what) : PARE_OK;
}

enum { KEY_BYTES = 4096 };

static const char no_key[] = ""; /* of a model that came about in a way that keys do not tell */

static bool add_key(char key[KEY_BYTES], size_t *n, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
static bool add_key(char key[KEY_BYTES], size_t *n, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const int more = vsnprintf(key + *n, KEY_BYTES - *n, fmt, args);
    va_end(args);
    *n += more < 0 ? KEY_BYTES : (size_t)more;
    return *n < KEY_BYTES - 1;
}

/* All that decides what the step makes; false: too much to be told, or chance is part of it. */
static bool write_key(const job *j, char key[KEY_BYTES], const state *s,
                      const pare_recipe_step *step, const pare_step_env *env)
{
    char shown[KEY_BYTES / 2];
    size_t n = 0;
    if (!j->env->cache || env->max_ms || s->key == no_key) return false;
    pare_step_show(shown, sizeof(shown), step->step, step->settings);
    bool fits = strlen(shown) < sizeof(shown) - 1 &&
                add_key(key, &n, "%s|%s %s|%" PRIu64 " %.17g %.17g %s %s %s", s->key ? s->key : "",
                        step->step->name, shown, env->seed, env->max_drop, env->min_agreement,
                        env->target->name, env->data ? env->data->sha256 : "",
                        env->judge ? env->judge->sha256 : "");
    for (int k = 0; fits && k < PARE_N_LIMITS; k++)
        fits = add_key(key, &n, " %.17g", env->goals[k]);
    return fits;
}

/* Runs the step, or takes what it left before. */
static pare_status apply_or_find(job *j, pare_driver_step *record, state *after,
                                 const pare_cached_step *known, const pare_step_env *env)
{
    if (!known) return apply(j, record, after->model, env);
    pare_model_free(j->ctx, after->model);
    after->model = NULL;
    PARE_TRY(pare_model_clone(j->ctx, &after->model, known->model));
    return pare_step_outcome_copy(j->ctx, &record->outcome, &known->outcome);
}

/* Keeps what the step left for recipes that begin alike, where more is to come in this one. */
static pare_status remember(job *j, const pare_driver_step *record, const char *key, state *after,
                            bool is_known, bool is_last)
{
    pare_status st = PARE_OK;
    if (!is_known && !is_last)
        st = pare_step_cache_keep(j->ctx, j->env->cache, key, after->model, &record->outcome,
                                  after->drop, after->agreement);
    after->key = keep_text(j, key, &st);
    return st;
}

/* Looks at what the step left, and says whether it stays. */
static pare_status decide(job *j, pare_driver_step *record, const state *before, state *after,
                          const pare_cached_step *known)
{
    char why[256] = "";
    pare_status st = look(j, after);
    if (!st && record->from->step->is_neutral) {
        after->drop = before->drop;
        after->agreement = before->agreement;
        record->kept = true;
    } else if (!st) {
        if (known) {
            after->drop = known->drop;
            after->agreement = known->agreement;
        } else if (is_measured(j, before, record)) {
            after->drop = record->outcome.drop;
        } else {
            st = judge(j, after);
        }
        after->n_kept++;
        record->kept = true;
    }
    record->after = after->figures;
    record->has_figures = before->has_figures && after->has_figures;
    record->drop = after->drop;
    record->agreement = after->agreement;
    if (st || record->from->step->is_neutral) return st;
    if (!is_less(before, after)) {
        record->kept = false;
        snprintf(why, sizeof(why), "nothing becomes less: %" PRIu64 " bytes, were %" PRIu64,
                 after->figures.file_bytes, before->figures.file_bytes);
    } else if (misses_accuracy(j, after, why, sizeof(why))) {
        const int on_miss = record->from->on_miss;
        record->kept = on_miss != PARE_ON_MISS_ROLL_BACK &&
                       (on_miss == PARE_ON_MISS_KEEP_BEST || !before->n_kept);
    }
    if (*why) record->reason = keep_text(j, why, &st);
    return st;
}

static pare_status fail_step(job *j, pare_driver_step *record, pare_status failed)
{
    pare_status st = PARE_OK;
    record->reason = keep_text(j, j->ctx->message, &st);
    if (j->result->failed) return st;
    j->result->failed = failed;
    j->result->failure = record->reason;
    return st;
}

static double left_ms(const job *j, const pare_recipe_step *step)
{
    const double all = j->env->step.max_ms ? (double)j->env->step.max_ms -
                                                 1000 * (seconds() - j->begun)
                                           : INFINITY;
    return step->max_ms && (double)step->max_ms < all ? (double)step->max_ms : all;
}

static pare_status skip_late(job *j, pare_driver_step *record)
{
    pare_status st = PARE_OK;
    j->result->cut = true;
    record->reason = keep_text(j, "not begun: the time is used up", &st);
    return st;
}

static pare_status run_step(job *j, state *s, const pare_recipe_steps *list, size_t i, size_t way)
{
    pare_driver_step *record = NULL;
    char key[KEY_BYTES];
    PARE_TRY(pare_check_canceled(j->ctx));
    PARE_TRY(add_record(j, &record, &list->items[i], way));
    const double ms = left_ms(j, &list->items[i]), begun = seconds();
    const pare_step_env env = env_of(j, s, count_to_come(list, i), ms);
    state after = *s;
    record->before = record->after = s->figures;
    if (!(ms > 1)) {
        PARE_TRY(skip_late(j, record));
        if (j->env->tell) j->env->tell(j->env->user, record);
        return PARE_OK;
    }
    const bool has_key = write_key(j, key, s, &list->items[i], &env);
    const pare_cached_step *const known =
        has_key ? pare_step_cache_find(j->env->cache, key) : NULL;
    PARE_TRY(pare_model_clone(j->ctx, &after.model, s->model));
    pare_status st = apply_or_find(j, record, &after, known, &env);
    record->seconds = seconds() - begun;
    j->result->cut |= record->outcome.cut;
    if (st && is_refusal(st, way)) st = fail_step(j, record, st);
    else if (!st) st = decide(j, record, s, &after, known);
    if (!has_key) after.key = no_key;
    else if (!st && record->kept)
        st = remember(j, record, key, &after, known != NULL,
                      i + 1 == list->n && (way || !j->recipe->n_ways));
    pare_model_free(j->ctx, record->kept && !st ? s->model : after.model);
    if (record->kept && !st) *s = after;
    if (!st && j->env->tell) j->env->tell(j->env->user, record);
    return st;
}

static pare_status run_list(job *j, state *s, const pare_recipe_steps *list, size_t way)
{
    for (size_t i = 0; i < list->n; i++) PARE_TRY(run_step(j, s, list, i, way));
    return PARE_OK;
}

/* --- ways ------------------------------------------------------------------------------------- */

/* Whether a is the better of two: fewer limits missed, something done at all, less of what the
 * recipe minimizes. */
static bool is_better(const job *j, const state *a, const state *b)
{
    const pare_limit_kind kind = j->recipe->minimize >= PARE_LIMIT_ENERGY
                                     ? (pare_limit_kind)j->recipe->minimize
                                     : PARE_LIMIT_SIZE;
    const size_t misses_a = count_misses(j, a), misses_b = count_misses(j, b);
    if (misses_a != misses_b) return misses_a < misses_b;
    if (!a->n_kept != !b->n_kept) return a->n_kept;
    return pare_limit_figure(kind, &a->figures) < pare_limit_figure(kind, &b->figures);
}

static pare_status run_ways(job *j, state *s)
{
    state best = { 0 };
    pare_status st = PARE_OK;
    for (size_t w = 0; !st && w < j->recipe->n_ways; w++) {
        state now = *s;
        st = pare_model_clone(j->ctx, &now.model, s->model);
        if (st) break;
        st = run_list(j, &now, &j->recipe->ways[w], w + 1);
        if (!st && (!best.model || is_better(j, &now, &best))) {
            const state old = best;
            best = now;
            now = old;
            j->result->way = w + 1;
        }
        pare_model_free(j->ctx, now.model);
    }
    if (st) {
        pare_model_free(j->ctx, best.model);
        return st;
    }
    pare_model_free(j->ctx, s->model);
    *s = best;
    return PARE_OK;
}

/* What belongs to ways that were not taken is no part of the model. */
static pare_status drop_losers(job *j)
{
    pare_status st = PARE_OK;
    for (size_t i = 0; i < j->result->n_steps; i++) {
        pare_driver_step *const step = &j->result->steps[i];
        if (!step->way || step->way == j->result->way || !step->kept) continue;
        step->kept = false;
        step->reason = keep_text(j, "another way is better", &st);
    }
    return st;
}

/* ---------------------------------------------------------------------------------------------- */

pare_status pare_recipe_run(pare_ctx *ctx, pare_recipe_result *result, const pare_model *model,
                            const pare_recipe *recipe, const pare_driver_env *env)
{
    job j = { .ctx = ctx, .result = result, .input = model, .recipe = recipe, .env = env,
              .begun = seconds() };
    state s = { .drop = NAN, .agreement = NAN };
    *result = (pare_recipe_result){ .drop = NAN, .agreement = NAN };
    pare_arena_init(ctx, &result->arena, 0);
    PARE_TRY(pare_model_clone(ctx, &s.model, model));
    pare_status st = look(&j, &s);
    result->input = s.figures;
    if (!st) st = run_list(&j, &s, &recipe->steps, 0);
    if (!st && recipe->n_ways) st = run_ways(&j, &s);
    if (!st) st = drop_losers(&j);
    if (st) {
        pare_model_free(ctx, s.model);
        return st;
    }
    result->model = s.model;
    result->output = s.figures;
    result->has_figures = s.has_figures;
    result->n_kept = s.n_kept;
    result->drop = s.drop;
    result->agreement = s.agreement;
    return PARE_OK;
}

void pare_recipe_result_free(pare_ctx *ctx, pare_recipe_result *result)
{
    for (size_t i = 0; i < result->n_steps; i++) pare_step_outcome_free(&result->steps[i].outcome);
    pare_model_free(ctx, result->model);
    pare_arena_free(&result->arena);
    *result = (pare_recipe_result){ 0 };
}
