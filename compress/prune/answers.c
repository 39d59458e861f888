#include "prune/answers.h"

#include "stats/evaluate.h"
#include "stats/feed.h"
#include "stats/replicas.h"

#include <math.h>
#include <string.h>

typedef struct sample {
    pare_tensor **tensors;    /* [data->n_inputs]; NULL: skipped */
    pare_answer answer;
    double *room;
    size_t cap;
} sample;

typedef struct worker {
    pare_ctx ctx;
    double *room;
    size_t cap;
} worker;

struct pare_answers {
    const pare_dataset *data;
    pare_pool *pool;
    pare_feed feed;
    size_t output;
    bool is_classes;
    sample *samples;          /* [n] */
    uint64_t n;
    worker *workers;          /* [n_workers] */
    uint32_t n_workers;
};

/* One run over all samples. */
typedef struct turn {
    const pare_answers *answers;
    const pare_answers_opts *opts; /* of the first run, which keeps what it finds; else NULL */
    pare_replicas *replicas;
    pare_score *scores;       /* [n] */
    pare_status *statuses;    /* [n] */
} turn;

/* --- one sample ------------------------------------------------------------------------------- */

static void score(const pare_answers *a, const pare_answer *now, const pare_answer *was,
                  pare_score *out)
{
    static const pare_truth none = { 0 };
    const uint32_t wanted = a->is_classes ? PARE_SCORE_BIT(PARE_SCORE_KL)
                                          : PARE_SCORE_BIT(PARE_SCORE_SQNR);
    *out = (pare_score){ 0 };
    if (now->n == was->n) pare_score_answer(out, wanted, now, was, &none);
}

static pare_status take_answer(const turn *t, pare_ctx *ctx, uint64_t i, uint32_t index,
                               const pare_tensor *output)
{
    static const pare_truth none = { 0 };
    const pare_answers *a = t->answers;
    sample *s = &a->samples[i];
    if (t->opts) {
        PARE_TRY(pare_answer_load(ctx, &s->answer, "", output, &none, NULL, &s->room, &s->cap));
        s->answer.is_probability = pare_answer_sums_to_one(&s->answer, 1e-3);
        return PARE_OK;
    }
    pare_answer now;
    worker *w = &a->workers[index];
    PARE_TRY(pare_answer_load(ctx, &now, "", output, &none, NULL, &w->room, &w->cap));
    now.is_probability = s->answer.is_probability;
    score(a, &now, &s->answer, &t->scores[i]);
    return PARE_OK;
}

static pare_status read_sample(const turn *t, pare_ctx *ctx, uint64_t i)
{
    const pare_answers *a = t->answers;
    bool skipped = false;
    sample *s = &a->samples[i];
    const uint64_t at =
        t->opts->first + (uint64_t)((double)i * (double)t->opts->n_all / (double)a->n);
    s->tensors = pare_alloc_zero(ctx, (a->data->n_inputs + 1) * sizeof(*s->tensors));
    if (!s->tensors) return pare_fail_memory(ctx, a->data->n_inputs * sizeof(*s->tensors));
    pare_status st = pare_feed_read(ctx, a->data, at, s->tensors, &skipped);
    if (!st && !skipped) st = pare_feed_check(ctx, a->data, s->tensors);
    return pare_feed_name(ctx, a->data, at, st);
}

static pare_status run_sample(const turn *t, pare_ctx *ctx, uint64_t i, uint32_t index)
{
    const pare_answers *a = t->answers;
    const sample *s = &a->samples[i];
    pare_datum *outputs = NULL;
    PARE_TRY(pare_check_canceled(ctx));
    if (t->opts) PARE_TRY(read_sample(t, ctx, i));
    if (!s->tensors || !s->tensors[0]) return PARE_OK;
    pare_eval_input *inputs = pare_alloc_zero(ctx, (a->data->n_inputs + 1) * sizeof(*inputs));
    if (!inputs) return pare_fail_memory(ctx, a->data->n_inputs * sizeof(*inputs));
    pare_status st = pare_feed_inputs(ctx, &a->feed, s->tensors, inputs);
    if (!st) st = pare_replicas_run(ctx, &outputs, t->replicas, index, inputs, a->data->n_inputs);
    if (!st && outputs[a->output].kind == PARE_TYPE_TENSOR)
        st = take_answer(t, ctx, i, index, outputs[a->output].tensor);
    pare_replicas_drop(ctx, t->replicas, outputs);
    pare_feed_drop(ctx, &a->feed, inputs);
    pare_free(ctx, inputs);
    return st;
}

static void run_task(void *user, uint32_t task, uint32_t index)
{
    const turn *t = user;
    t->statuses[task] = run_sample(t, &t->answers->workers[index].ctx, task, index);
}

/* --- all samples ------------------------------------------------------------------------------ */

static pare_status fail_first(pare_ctx *ctx, const turn *t)
{
    const pare_answers *a = t->answers;
    for (uint64_t i = 0; i < a->n; i++) {
        if (!t->statuses[i]) continue;
        const char *message = "running a sample failed";
        for (uint32_t w = 0; w < a->n_workers; w++)
            if (a->workers[w].ctx.message[0]) message = a->workers[w].ctx.message;
        return pare_fail(ctx, t->statuses[i], "%s", message);
    }
    return PARE_OK;
}

/* opts: of the first run; else NULL. */
static pare_status run(pare_ctx *ctx, turn *t, const pare_model *model)
{
    const pare_answers *a = t->answers;
    const pare_replicas_opts how = { .n_workers = a->n_workers };
    t->scores = pare_alloc_zero(ctx, ((size_t)a->n + 1) * sizeof(*t->scores));
    t->statuses = pare_alloc_zero(ctx, ((size_t)a->n + 1) * sizeof(*t->statuses));
    pare_status st = PARE_OK;
    if (!t->scores || !t->statuses) st = pare_fail_memory(ctx, (size_t)a->n * sizeof(*t->scores));
    if (!st) st = pare_replicas_new(ctx, &t->replicas, model, &how);
    if (!st) {
        pare_pool_run(a->pool, (uint32_t)a->n, run_task, t);
        st = fail_first(ctx, t);
    }
    pare_replicas_free(ctx, t->replicas);
    pare_free(ctx, t->statuses);
    return st;
}

static pare_status start_workers(pare_ctx *ctx, pare_answers *a)
{
    const size_t n_bytes = (a->n_workers + 1) * sizeof(*a->workers);
    a->workers = pare_alloc_zero(ctx, n_bytes);
    if (!a->workers) return pare_fail_memory(ctx, n_bytes);
    for (uint32_t i = 0; i < a->n_workers; i++) {
        pare_ctx_opts opts = ctx->opts;
        opts.progress = NULL;
        opts.warn = NULL; /* the caller's listeners are for the caller's thread */
        pare_ctx_init(&a->workers[i].ctx, &opts);
    }
    return PARE_OK;
}

static pare_status start(pare_ctx *ctx, pare_answers *a, const pare_model *model,
                         const pare_answers_opts *opts)
{
    turn t = { .answers = a, .opts = opts };
    PARE_TRY(start_workers(ctx, a));
    PARE_TRY(pare_feed_begin(ctx, &a->feed, opts->data, model));
    if (opts->data->output && pare_output_find(ctx, &a->output, model, opts->data->output))
        a->output = 0;
    a->samples = pare_alloc_zero(ctx, ((size_t)a->n + 1) * sizeof(*a->samples));
    if (!a->samples) return pare_fail_memory(ctx, (size_t)a->n * sizeof(*a->samples));
    const pare_status st = run(ctx, &t, model);
    pare_free(ctx, t.scores);
    a->is_classes = true;
    for (uint64_t i = 0; i < a->n; i++) {
        const sample *s = &a->samples[i];
        const pare_tensor *in = s->tensors ? s->tensors[0] : NULL;
        if (!in || !s->room) continue;
        /* Images of images, and what is as large as the input, are no classes. */
        if (s->answer.classes < 2 || s->answer.inner > 1 || s->answer.n == in->n_elements)
            a->is_classes = false;
    }
    return st;
}

pare_status pare_answers_new(pare_ctx *ctx, pare_answers **out, const pare_model *model,
                             const pare_answers_opts *opts)
{
    pare_answers *a = *out = pare_alloc_zero(ctx, sizeof(*a));
    if (!a) return pare_fail_memory(ctx, sizeof(*a));
    *a = (pare_answers){ .data = opts->data, .pool = opts->pool, .n = opts->n,
                         .n_workers = pare_pool_size(opts->pool) };
    const pare_status st = start(ctx, a, model, opts);
    if (!st) return PARE_OK;
    pare_answers_free(ctx, a);
    *out = NULL;
    return st;
}

void pare_answers_free(pare_ctx *ctx, pare_answers *answers)
{
    if (!answers) return;
    for (uint64_t i = 0; answers->samples && i < answers->n; i++) {
        const sample *s = &answers->samples[i];
        for (size_t k = 0; s->tensors && k < answers->data->n_inputs; k++)
            pare_tensor_unref(s->tensors[k]);
        pare_free(ctx, s->tensors);
        pare_free(ctx, s->room);
    }
    for (uint32_t w = 0; answers->workers && w < answers->n_workers; w++)
        pare_free(ctx, answers->workers[w].room);
    pare_free(ctx, answers->workers);
    pare_free(ctx, answers->samples);
    pare_feed_end(ctx, &answers->feed);
    pare_free(ctx, answers);
}

pare_status pare_answers_distance(pare_ctx *ctx, const pare_answers *answers,
                                  const pare_model *model, double *distance)
{
    turn t = { .answers = answers };
    const pare_score_id id = answers->is_classes ? PARE_SCORE_KL : PARE_SCORE_SQNR;
    double sum = 0, weight = 0;
    const pare_status st = run(ctx, &t, model);
    for (uint64_t i = 0; !st && i < answers->n; i++) {
        sum += t.scores[i].sum[id];
        weight += t.scores[i].weight[id];
    }
    *distance = weight > 0 ? sum / weight : 0;
    pare_free(ctx, t.scores);
    return st;
}
