#include "stats/evaluating.h"

#include "op/wide.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>
#include <time.h>

/* How many samples are looked at to tell probabilities from logits, and how far from 1 their sums
 * may be: quantized Softmax is some per cent off. */
enum { N_PEEK = 4 };
#define PEEK_TOLERANCE 0.05

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* --- outputs ---------------------------------------------------------------------------------- */

/* The output of a network, for the caller to unref. */
static pare_status run_network(pare_evaluating *e, pare_eval_worker *w, uint32_t worker,
                               const pare_eval_side *side, pare_tensor **out)
{
    pare_ctx *const ctx = &w->ctx;
    const size_t n = e->data->n_inputs;
    pare_datum *outputs = NULL;
    pare_status st = pare_feed_inputs(ctx, &side->feed, w->tensors, w->inputs);
    if (st) return st;
    st = pare_replicas_run(ctx, &outputs, side->replicas, worker, w->inputs, n);
    if (!st && outputs[side->output].kind != PARE_TYPE_TENSOR)
        st = pare_fail(ctx, PARE_EUNSUPPORTED, "output '%s' is no tensor: it cannot be scored",
                       side->output_name);
    if (!st) *out = pare_tensor_ref(outputs[side->output].tensor);
    pare_replicas_drop(ctx, side->replicas, outputs);
    pare_feed_drop(ctx, &side->feed, w->inputs);
    return st;
}

/* The place of a number in an ascending list [n]; n when it is not there. */
static uint64_t find_row(const int64_t *rows, uint64_t n, uint64_t wanted)
{
    uint64_t low = 0, high = n;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        if (rows[middle] < (int64_t)wanted) low = middle + 1;
        else high = middle;
    }
    return low < n && rows[low] == (int64_t)wanted ? low : n;
}

/* A row of predictions as the output of one sample. */
static pare_status take_prediction(const pare_evaluating *e, pare_ctx *ctx, uint64_t sample,
                                   pare_tensor **out)
{
    const pare_tensor *all = e->opts->predictions;
    int64_t dims[PARE_MAX_DIMS];
    const uint64_t source = e->data->row ? e->data->row(e->data->self, sample) : sample;
    const uint64_t n = all->rank ? (uint64_t)all->dims[0] : 0;
    const uint64_t row = e->opts->prediction_rows ? find_row(e->opts->prediction_rows, n, source)
                                                  : source;
    if (row >= n)
        return pare_fail(ctx, PARE_EFORMAT,
                         "the predictions have no row for it: expected one for each row of the "
                         "data, this being number %" PRIu64 ", found %" PRIu64, source, n);
    memcpy(dims, all->dims, all->rank * sizeof(*dims));
    dims[0] = 1;
    const size_t row_bytes = all->payload.n / (size_t)all->dims[0];
    return pare_tensor_from(ctx, out, all->dtype, all->rank, dims,
                            all->payload.data + row * row_bytes);
}

static pare_status find_output(pare_evaluating *e, uint32_t worker, uint64_t sample, int which,
                               pare_tensor **out)
{
    pare_eval_worker *w = &e->workers[worker];
    const pare_eval_side *side = &e->sides[which];
    const pare_dataset *data = e->data;
    if (side->replicas) return run_network(e, w, worker, side, out);
    if (which == PARE_SIDE_MODEL) return take_prediction(e, &w->ctx, sample, out);
    PARE_TRY(data->expected(data->self, &w->ctx, sample, e->sides[PARE_SIDE_MODEL].output, out));
    if (*out) return PARE_OK;
    return pare_fail(&w->ctx, PARE_EFORMAT, "the data expect no output '%s'",
                     e->sides[PARE_SIDE_MODEL].output_name);
}

/* --- labels ----------------------------------------------------------------------------------- */

/* What is right for a sample; *tensor, where labels are one, is the caller's to unref. */
static pare_status find_truth(const pare_dataset *data, pare_eval_worker *w, uint64_t sample,
                              pare_truth *out, pare_tensor **tensor)
{
    *out = (pare_truth){ 0 };
    if (!data->has_labels) return PARE_OK;
    if (data->labels) PARE_TRY(data->labels(data->self, &w->ctx, sample, tensor));
    const int64_t n = *tensor ? (*tensor)->n_elements : 1;
    PARE_TRY(pare_grow(&w->ctx, &w->labels, &w->labels_cap, (size_t)n + 1, sizeof(*w->labels)));
    if (!*tensor) w->labels[0] = data->label(data->self, sample);
    else if (pare_wide_of((*tensor)->dtype) == PARE_WIDE_NONE)
        return pare_fail(&w->ctx, PARE_EFORMAT, "its labels are of type %s, expected integers",
                         pare_dtype_name((*tensor)->dtype));
    else pare_wide_load_as(PARE_WIDE_I64, (*tensor)->dtype, (*tensor)->payload.data, 0, 1, n,
                           w->labels);
    if (!*tensor && w->labels[0] < 0) return PARE_OK; /* not labelled */
    *out = (pare_truth){ w->labels, n };
    return PARE_OK;
}

static pare_status check_labels(pare_ctx *ctx, const pare_answer *answer, const pare_truth *truth,
                                const char *output)
{
    for (int64_t i = 0; !answer->is_class && i < truth->n; i++)
        if (truth->labels[i] >= answer->classes)
            return pare_fail(ctx, PARE_EFORMAT,
                             "its label is %" PRId64 ", but output '%s' has %" PRId64
                             " classes, 0 to %" PRId64 "; labels that are counted otherwise need "
                             "`offset:` in the data's description (`pare data check` finds it)",
                             truth->labels[i], output, answer->classes, answer->classes - 1);
    return PARE_OK;
}

/* --- the whole -------------------------------------------------------------------------------- */

static bool are_alike(const pare_answer *a, const pare_answer *b)
{
    return a->n == b->n && a->outer == b->outer && a->classes == b->classes &&
           a->inner == b->inner && a->is_class == b->is_class;
}

/* Answers of both sides, and what is right. */
typedef struct answers {
    pare_answer of[PARE_N_SIDES];
    pare_tensor *outputs[PARE_N_SIDES];
    pare_tensor *label_tensor;
    pare_truth truth;
} answers;

static void drop_answers(answers *a)
{
    for (int i = 0; i < PARE_N_SIDES; i++) pare_tensor_unref(a->outputs[i]);
    pare_tensor_unref(a->label_tensor);
}

static pare_status find_answers(pare_evaluating *e, uint32_t worker, uint64_t sample, answers *a)
{
    pare_eval_worker *w = &e->workers[worker];
    PARE_TRY(find_truth(e->data, w, sample, &a->truth, &a->label_tensor));
    const double begun = now();
    /* The reference first: watched values are compared when the model makes them. */
    for (int i = PARE_N_SIDES; i-- > 0;)
        if (e->sides[i].is_present) PARE_TRY(find_output(e, worker, sample, i, &a->outputs[i]));
    w->run_s += now() - begun;
    for (int i = 0; i < PARE_N_SIDES; i++) {
        const pare_eval_side *side = &e->sides[i];
        if (!side->is_present) continue;
        PARE_TRY(pare_answer_load(&w->ctx, &a->of[i], side->output_name, a->outputs[i], &a->truth,
                                  a->label_tensor, &w->room[i], &w->room_cap[i]));
        PARE_TRY(check_labels(&w->ctx, &a->of[i], &a->truth, side->output_name));
        a->of[i].is_probability = side->is_probability;
    }
    if (e->sides[PARE_SIDE_REFERENCE].is_present &&
        !are_alike(&a->of[PARE_SIDE_MODEL], &a->of[PARE_SIDE_REFERENCE]))
        return pare_fail(&w->ctx, PARE_EFORMAT,
                         "output '%s' has %" PRId64 " elements in %" PRId64
                         " classes, that of the reference %" PRId64 " in %" PRId64
                         ": the two cannot be compared",
                         e->sides[PARE_SIDE_MODEL].output_name, a->of[0].n, a->of[0].classes,
                         a->of[1].n, a->of[1].classes);
    return PARE_OK;
}

static void score(const pare_evaluating *e, const answers *a, pare_eval_place *place)
{
    const pare_answer *reference =
        e->sides[PARE_SIDE_REFERENCE].is_present ? &a->of[PARE_SIDE_REFERENCE] : NULL;
    place->has_label = a->truth.labels != NULL;
    place->label = place->has_label ? a->truth.labels[0] : -1;
    pare_score_answer(&place->scores[PARE_SIDE_MODEL], e->wanted, &a->of[PARE_SIDE_MODEL],
                      reference, &a->truth);
    if (!reference) return;
    pare_score_answer(&place->scores[PARE_SIDE_REFERENCE], e->wanted, reference, NULL, &a->truth);
    pare_compare_answers(&place->compared, e->opts->judged == PARE_SCORE_TOP5 ? 5 : 1,
                         &a->of[PARE_SIDE_MODEL], reference, &a->truth);
}

/* Loads the tensors of a sample into the worker; *skipped: the data set leaves it out. Messages of
 * data sets name the sample themselves. */
static pare_status load_sample(pare_evaluating *e, pare_eval_worker *w, uint64_t sample,
                               bool *skipped)
{
    const double begun = now();
    *skipped = false;
    if (!e->sides[PARE_SIDE_MODEL].replicas && !e->sides[PARE_SIDE_REFERENCE].replicas)
        return PARE_OK; /* nothing to run */
    const pare_status st = pare_feed_read(&w->ctx, e->data, sample, w->tensors, skipped);
    w->load_s += now() - begun;
    return st;
}

static void unload_sample(const pare_evaluating *e, pare_eval_worker *w)
{
    for (size_t i = 0; i < e->data->n_inputs; i++) {
        pare_tensor_unref(w->tensors[i]);
        w->tensors[i] = NULL;
    }
}

static void keep(const pare_evaluating *e, const pare_eval_worker *w, const answers *a,
                 pare_eval_place *place)
{
    if (!e->opts->seen) return;
    for (int i = 0; i < PARE_N_SIDES; i++) place->outputs[i] = pare_tensor_ref(a->outputs[i]);
    for (size_t i = 0; place->tensors && i < e->data->n_inputs; i++)
        place->tensors[i] = pare_tensor_ref(w->tensors[i]);
}

/* Answers of a sample that load_sample has read. */
static pare_status answer(pare_evaluating *e, uint32_t worker, uint64_t sample, answers *a)
{
    pare_eval_worker *w = &e->workers[worker];
    pare_status st = pare_feed_check(&w->ctx, e->data, w->tensors);
    if (!st) st = find_answers(e, worker, sample, a);
    return pare_feed_name(&w->ctx, e->data, sample, st);
}

pare_status pare_evaluate_sample(pare_evaluating *e, uint32_t worker, uint64_t sample,
                                 pare_eval_place *place)
{
    pare_eval_worker *w = &e->workers[worker];
    answers a = { 0 };
    pare_status st = pare_check_canceled(&w->ctx);
    if (!st) st = load_sample(e, w, sample, &place->is_skipped);
    if (!st && !place->is_skipped) {
        st = answer(e, worker, sample, &a);
        const double begun = now();
        if (!st) score(e, &a, place);
        w->score_s += now() - begun;
        if (!st) keep(e, w, &a, place);
        pare_noise_watch_take(e->watch, worker, st ? NULL : place->noise);
    }
    drop_answers(&a);
    unload_sample(e, w);
    return st;
}

pare_status pare_evaluate_peek(pare_evaluating *e)
{
    pare_eval_worker *w = &e->workers[0];
    bool is_probability[PARE_N_SIDES] = { true, true }, is_likely = true, any = false;
    pare_status st = PARE_OK;
    for (uint64_t s = 0; !st && s < e->data->n && s < N_PEEK; s++) {
        answers a = { 0 };
        bool skipped = false;
        st = load_sample(e, w, s, &skipped);
        if (!st && !skipped) st = answer(e, 0, s, &a);
        for (int i = 0; !st && !skipped && i < PARE_N_SIDES; i++)
            if (e->sides[i].is_present)
                is_probability[i] &= pare_answer_sums_to_one(&a.of[i], PEEK_TOLERANCE);
        if (!st && !skipped) is_likely &= pare_answer_sums_to_one(&a.of[0], INFINITY);
        any |= !st && !skipped;
        pare_noise_watch_take(e->watch, 0, NULL);
        drop_answers(&a);
        unload_sample(e, w);
    }
    for (int i = 0; i < PARE_N_SIDES; i++)
        e->sides[i].is_probability = any && e->sides[i].is_present && is_probability[i];
    /* What stands in for probabilities is none the less for summing to 0.9. */
    e->sides[PARE_SIDE_MODEL].is_probability |=
        e->sides[PARE_SIDE_REFERENCE].is_probability && is_likely;
    return st ? pare_fail(e->ctx, st, "%s", w->ctx.message) : st;
}

/* --- the golden sample ------------------------------------------------------------------------ */

#define GOLDEN_TOLERANCE 1e-3

static pare_status compare_golden(pare_evaluating *e, const pare_tensor *got,
                                  const pare_tensor *want)
{
    double most = 0, error = 0;
    bool fits = got->n_elements == want->n_elements && pare_wide_of(got->dtype) &&
                pare_wide_of(want->dtype);
    for (int64_t i = 0; fits && i < got->n_elements; i++) {
        const double w = pare_wide_f64_at(want->dtype, want->payload.data, i);
        const double d = fabs(pare_wide_f64_at(got->dtype, got->payload.data, i) - w);
        most = fmax(most, fabs(w));
        if (d > error || isnan(d)) error = isnan(d) ? INFINITY : d;
    }
    e->out->has_golden = true;
    e->out->golden_error = error > 0 ? error / most : 0;
    if (fits && e->out->golden_error <= GOLDEN_TOLERANCE) return PARE_OK;
    if (!fits)
        return pare_fail(e->ctx, PARE_EFORMAT,
                         "golden sample '%s': output '%s' has %" PRId64
                         " elements, the golden one %" PRId64,
                         e->data->golden_sample, e->sides[PARE_SIDE_MODEL].output_name,
                         got->n_elements, want->n_elements);
    return pare_fail(e->ctx, PARE_EFORMAT,
                     "golden sample '%s': output '%s' is up to %.3g of its largest element away "
                     "from the golden one, expected at most %g: the preprocessing is not the one "
                     "that made it; `pare data check` compares the usual ones",
                     e->data->golden_sample, e->sides[PARE_SIDE_MODEL].output_name,
                     e->out->golden_error, GOLDEN_TOLERANCE);
}

pare_status pare_evaluate_golden(pare_evaluating *e)
{
    /* What the user's pipeline gave is what the model before any compression gives. */
    const bool has_reference = e->sides[PARE_SIDE_REFERENCE].replicas != NULL;
    const pare_eval_side *side = &e->sides[has_reference ? PARE_SIDE_REFERENCE : PARE_SIDE_MODEL];
    pare_eval_worker *w = &e->workers[0];
    pare_tensor *want = NULL, *dense = NULL, *got = NULL;
    if (!e->data->golden || !e->data->golden_sample || !side->replicas) return PARE_OK;
    pare_status st = e->data->golden(e->data->self, &w->ctx, w->tensors, &want);
    if (!st) st = run_network(e, w, 0, side, &got);
    if (!st) st = pare_tensor_densify(&w->ctx, &dense, want);
    if (st) st = pare_fail(e->ctx, st, "golden sample '%s': %s", e->data->golden_sample,
                           w->ctx.message);
    else st = compare_golden(e, got, dense);
    pare_tensor_unref(want);
    pare_tensor_unref(dense);
    pare_tensor_unref(got);
    pare_noise_watch_take(e->watch, 0, NULL);
    unload_sample(e, w);
    return st;
}
