#include "stats/survey.h"

#include "stats/feed.h"
#include "stats/replicas.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Sums over samples depend on their order in the last bits. So samples go to lanes by their number;
 * each lane adds up its own in order, and lanes are added up in theirs, however many threads there
 * are. Counts need no order: every worker has histograms of its own. */
enum { LANES = 16, PER_TURN = 4 };

typedef struct lane {
    pare_channel_moments **channels; /* [n items] of [n_channels]; NULL until a value was seen */
    int64_t *n_channels;      /* [n items], one block with the next two */
    uint64_t *n_per_channel;  /* [n items] */
    uint64_t *n_seen;         /* [n items] */
    uint64_t failed;          /* sample; UINT64_MAX: none */
    uint64_t n_skipped;
    pare_status status;
    char message[PARE_MESSAGE_BYTES];
} lane;

typedef struct worker {
    pare_ctx ctx;
    pare_histogram *histograms; /* [n items] */
    pare_tensor **tensors;    /* [data->n_inputs] of the sample under way */
    pare_eval_input *inputs;  /* [data->n_inputs] */
    float *scratch;           /* a value as it is in ONNX's order */
    size_t scratch_cap;
    lane *lane;               /* that it works on now */
    struct surveyor *of;
} worker;

typedef struct surveyor {
    pare_ctx *ctx;
    const pare_model *model;
    const pare_survey_opts *opts;
    const pare_kernels *kernels;
    const pare_dataset *data;
    uint32_t *item_of;        /* by value handle: index of its item */
    pare_feed feed;
    pare_replicas *replicas;
    pare_value_id *kept;      /* [n items] that the replicas watch for */
    void **users;             /* [n_workers] */
    worker *workers;          /* [n_workers] */
    uint32_t n_workers;
    lane lanes[LANES];
    uint64_t turn, end;       /* samples of this turn start at; of all end before */
} surveyor;

/* --- one value -------------------------------------------------------------------------------- */

/* Where element (o, c, i) of a value lies: o * outer_step + c * channel_step + i * inner_step. */
typedef struct channels_view {
    const float *data;
    int64_t outer, channels, inner;
    int64_t outer_step, channel_step, inner_step;
} channels_view;

/* Joins axes [from, to) into one, where their elements are evenly spaced. */
static bool join_axes(const pare_observed *v, uint32_t from, uint32_t to, int64_t *n, int64_t *step)
{
    *n = 1;
    *step = 0;
    for (uint32_t a = to; a-- > from;) {
        if (v->dims[a] == 1) continue;
        if (*n > 1 && v->strides[a] != *n * *step) return false;
        if (*n == 1) *step = v->strides[a];
        *n *= v->dims[a];
    }
    return true;
}

/* The value in ONNX's order, in scratch memory. */
static pare_status straighten(worker *w, const pare_observed *v, int64_t n)
{
    int64_t at[PARE_MAX_DIMS] = { 0 };
    PARE_TRY(pare_grow(&w->ctx, &w->scratch, &w->scratch_cap, (size_t)n, sizeof(float)));
    const float *from = v->data;
    for (int64_t i = 0; i < n; i++) {
        int64_t place = 0;
        for (uint32_t a = 0; a < v->rank; a++) place += at[a] * v->strides[a];
        w->scratch[i] = from[place];
        for (uint32_t a = v->rank; a-- > 0;) {
            if (++at[a] < v->dims[a]) break;
            at[a] = 0;
        }
    }
    return PARE_OK;
}

static pare_status view_of(worker *w, const pare_observed *v, int32_t wanted, channels_view *out)
{
    int64_t n = 1;
    for (uint32_t a = 0; a < v->rank; a++) n *= v->dims[a];
    const bool has_axis = wanted != PARE_NO_AXIS && v->rank > 0;
    const uint32_t axis = !has_axis ? 0 : wanted < 0 ? v->rank - 1 : (uint32_t)wanted;
    *out = (channels_view){ .data = v->data, .channels = 1, .outer = 1, .inner = n,
                            .inner_step = 1 };
    if (v->data && has_axis && axis < v->rank) {
        out->channels = v->dims[axis];
        out->channel_step = v->strides[axis];
        if (join_axes(v, 0, axis, &out->outer, &out->outer_step) &&
            join_axes(v, axis + 1, v->rank, &out->inner, &out->inner_step))
            return PARE_OK;
    } else if (v->data && join_axes(v, 0, v->rank, &out->inner, &out->inner_step) &&
               (out->inner_step == 1 || out->inner == 1)) {
        return PARE_OK;
    }
    if (v->data) PARE_TRY(straighten(w, v, n));
    out->data = v->data ? w->scratch : (const float *)(const void *)v->datum->tensor->payload.data;
    out->outer = out->inner = out->channels = out->inner_step = out->outer_step = 1;
    for (uint32_t a = 0; a < v->rank; a++) {
        if (!has_axis || a > axis) out->inner *= v->dims[a];
        else if (a < axis) out->outer *= v->dims[a];
        else out->channels = v->dims[a];
    }
    out->channel_step = out->inner;
    out->outer_step = out->inner * out->channels;
    return PARE_OK;
}

static void count(const surveyor *s, pare_histogram *h, const channels_view *v)
{
    const int64_t per_outer = v->channels * v->inner;
    if (v->inner_step == 1 && (v->channel_step == v->inner || v->channels == 1)) {
        pare_histogram_add_rows(h, s->kernels, v->outer, per_outer, v->data, v->outer_step);
        return;
    }
    for (int64_t o = 0; o < v->outer; o++) {
        const float *x = v->data + o * v->outer_step;
        if (v->channel_step == 1)
            pare_histogram_add_rows(h, s->kernels, v->inner, v->channels, x, v->inner_step);
        else
            for (int64_t c = 0; c < v->channels; c++)
                for (int64_t i = 0; i < v->inner; i++)
                    pare_histogram_add(h, s->kernels, 1,
                                       x + c * v->channel_step + i * v->inner_step);
    }
}

static void add_moments(pare_channel_moments *m, float sum, float squares, float min, float max)
{
    m->sum += (double)sum;
    m->squares += (double)squares;
    m->min = fminf(m->min, min);
    m->max = fmaxf(m->max, max);
}

/* Channels side by side: columns. Room for four numbers of each. */
static pare_status add_columns(worker *w, const channels_view *v, const float *x,
                               pare_channel_moments *m)
{
    const pare_kernels *k = w->of->kernels;
    const size_t n = (size_t)v->channels;
    float *sums = pare_alloc_zero(&w->ctx, 5 * n * sizeof(*sums));
    if (!sums) return pare_fail_memory(&w->ctx, 5 * n * sizeof(*sums));
    float *squares = sums + n, *mins = squares + n, *maxs = mins + n, *zeros = maxs + n;
    k->column_sum(v->inner, v->channels, x, v->inner_step, sums);
    k->column_squares(v->inner, v->channels, x, v->inner_step, zeros, squares);
    k->column_min(v->inner, v->channels, x, v->inner_step, mins);
    k->column_max(v->inner, v->channels, x, v->inner_step, maxs);
    for (size_t c = 0; c < n; c++) add_moments(&m[c], sums[c], squares[c], mins[c], maxs[c]);
    pare_free(&w->ctx, sums);
    return PARE_OK;
}

static pare_status add_channels(worker *w, const channels_view *v, pare_channel_moments *m)
{
    const pare_row_kernels *rows = w->of->kernels->row;
    for (int64_t o = 0; o < v->outer; o++) {
        const float *x = v->data + o * v->outer_step;
        if (v->inner_step != 1 || v->inner == 1) {
            PARE_TRY(add_columns(w, v, x, m));
            continue;
        }
        for (int64_t c = 0; c < v->channels; c++, x += v->channel_step)
            add_moments(&m[c], rows->sum(v->inner, x), rows->sum_squares(v->inner, x, 0),
                        rows->min(v->inner, x), rows->max(v->inner, x));
    }
    return PARE_OK;
}

static pare_status make_room(worker *w, const pare_observed *seen, size_t item, int64_t n)
{
    lane *l = w->lane;
    if (!l->channels[item]) {
        l->channels[item] = pare_alloc_zero(&w->ctx, (size_t)n * sizeof(**l->channels));
        if (!l->channels[item]) return pare_fail_memory(&w->ctx, (size_t)n * sizeof(**l->channels));
        for (int64_t c = 0; c < n; c++) {
            l->channels[item][c].min = INFINITY;
            l->channels[item][c].max = -INFINITY;
        }
        l->n_channels[item] = n;
    }
    if (l->n_channels[item] == n) return PARE_OK;
    return pare_fail(&w->ctx, PARE_EFORMAT,
                     "value '%s' has %" PRId64 " channels, and had %" PRId64 " in another sample",
                     seen->name, n, l->n_channels[item]);
}

static pare_status observe(void *user, pare_ctx *ctx, const pare_observed *seen)
{
    worker *w = user;
    const surveyor *s = w->of;
    (void)ctx;
    const uint32_t i = seen->value < s->model->n_values ? s->item_of[seen->value] : PARE_NONE;
    if (i == PARE_NONE) return PARE_OK;
    const pare_survey_item *item = &s->opts->items[i];
    channels_view v;
    if (seen->dtype != PARE_FLOAT)
        return pare_fail(&w->ctx, PARE_EUSAGE, "value '%s' is no float32", seen->name);
    PARE_TRY(view_of(w, seen, item->axis, &v));
    if (v.outer * v.channels * v.inner == 0) return PARE_OK;
    count(s, &w->histograms[i], &v);
    w->lane->n_seen[i]++;
    if (item->axis == PARE_NO_AXIS) return PARE_OK;
    PARE_TRY(make_room(w, seen, i, v.channels));
    w->lane->n_per_channel[i] += (uint64_t)(v.outer * v.inner);
    return add_channels(w, &v, w->lane->channels[i]);
}

/* --- samples ---------------------------------------------------------------------------------- */

static pare_status run_sample(surveyor *s, worker *w, uint32_t index, uint64_t sample)
{
    pare_datum *outputs = NULL;
    bool skipped = false;
    PARE_TRY(pare_check_canceled(&w->ctx));
    pare_status st = pare_feed_read(&w->ctx, s->data, sample, w->tensors, &skipped);
    w->lane->n_skipped += skipped;
    if (!st && !skipped) {
        st = pare_feed_check(&w->ctx, s->data, w->tensors);
        if (!st) st = pare_feed_inputs(&w->ctx, &s->feed, w->tensors, w->inputs);
        if (!st)
            st = pare_replicas_run(&w->ctx, &outputs, s->replicas, index, w->inputs,
                                   s->data->n_inputs);
        pare_replicas_drop(&w->ctx, s->replicas, outputs);
        pare_feed_drop(&w->ctx, &s->feed, w->inputs);
        st = pare_feed_name(&w->ctx, s->data, sample, st);
    }
    for (size_t i = 0; i < s->data->n_inputs; i++) {
        pare_tensor_unref(w->tensors[i]);
        w->tensors[i] = NULL;
    }
    return st;
}

static void run_lane(void *user, uint32_t task, uint32_t index)
{
    surveyor *s = user;
    worker *w = &s->workers[index];
    lane *l = w->lane = &s->lanes[task];
    for (uint64_t i = 0, sample = s->turn + task; i < PER_TURN && sample < s->end && !l->status;
         i++, sample += LANES) {
        l->status = run_sample(s, w, index, sample);
        if (!l->status) continue;
        l->failed = sample;
        memcpy(l->message, w->ctx.message, sizeof(l->message));
    }
}

static pare_status run_turns(surveyor *s, pare_pool *pool)
{
    const uint64_t first = s->turn;
    const char *phase = s->opts->phase ? s->opts->phase : "calibrate";
    while (s->turn < s->end) {
        const lane *failed = NULL;
        pare_pool_run(pool, LANES, run_lane, s);
        for (size_t i = 0; i < LANES; i++)
            if (s->lanes[i].status && (!failed || s->lanes[i].failed < failed->failed))
                failed = &s->lanes[i];
        if (failed) return pare_fail(s->ctx, failed->status, "%s", failed->message);
        s->turn += LANES * PER_TURN;
        pare_report_progress(s->ctx, phase, (s->turn < s->end ? s->turn : s->end) - first,
                             s->end - first);
    }
    return PARE_OK;
}

/* --- start and end ---------------------------------------------------------------------------- */

static pare_status start_lane(surveyor *s, lane *l)
{
    const size_t n = s->opts->n_items + 1;
    l->failed = UINT64_MAX;
    l->channels = pare_alloc_zero(s->ctx, n * sizeof(*l->channels));
    l->n_channels = pare_alloc_zero(s->ctx, 3 * n * sizeof(*l->n_channels));
    if (!l->channels || !l->n_channels) return pare_fail_memory(s->ctx, 3 * n * sizeof(int64_t));
    l->n_per_channel = (uint64_t *)l->n_channels + n;
    l->n_seen = l->n_per_channel + n;
    return PARE_OK;
}

static pare_status start_worker(surveyor *s, worker *w)
{
    const size_t n = s->opts->n_items + 1, n_inputs = s->data->n_inputs + 1;
    pare_ctx_opts opts = s->ctx->opts;
    opts.progress = NULL;
    opts.warn = NULL; /* the caller's listeners are for the caller's thread */
    pare_ctx_init(&w->ctx, &opts);
    w->of = s;
    w->histograms = pare_alloc_zero(s->ctx, n * sizeof(*w->histograms));
    w->inputs = pare_alloc_zero(s->ctx, n_inputs * sizeof(*w->inputs));
    w->tensors = pare_alloc_zero(s->ctx, n_inputs * sizeof(*w->tensors));
    return w->histograms && w->inputs && w->tensors
               ? PARE_OK
               : pare_fail_memory(s->ctx, n * sizeof(*w->histograms));
}

static pare_status start_replicas(surveyor *s)
{
    const size_t n = s->opts->n_items;
    s->kept = pare_alloc(s->ctx, (n + 1) * sizeof(*s->kept));
    s->users = pare_alloc(s->ctx, s->n_workers * sizeof(*s->users));
    if (!s->kept || !s->users) return pare_fail_memory(s->ctx, n * sizeof(*s->kept));
    for (size_t i = 0; i < n; i++) s->kept[i] = s->opts->items[i].value;
    for (uint32_t w = 0; w < s->n_workers; w++) s->users[w] = &s->workers[w];
    const pare_replicas_opts opts = { .n_workers = s->n_workers, .kernels = s->kernels,
                                      .kept = s->kept, .n_kept = n, .observe = observe,
                                      .users = s->users };
    return pare_replicas_new(s->ctx, &s->replicas, s->model, &opts);
}

static pare_status start(surveyor *s)
{
    const size_t n_values = s->model->n_values;
    s->workers = pare_alloc_zero(s->ctx, s->n_workers * sizeof(*s->workers));
    s->item_of = pare_alloc(s->ctx, (n_values + 1) * sizeof(*s->item_of));
    if (!s->workers || !s->item_of) return pare_fail_memory(s->ctx, n_values * sizeof(uint32_t));
    for (size_t v = 0; v < n_values; v++) s->item_of[v] = PARE_NONE;
    for (size_t i = 0; i < s->opts->n_items; i++) {
        const pare_value_id v = s->opts->items[i].value;
        if (v >= n_values || s->item_of[v] != PARE_NONE)
            return pare_fail(s->ctx, PARE_EUSAGE, "a value to survey is not there, or twice");
        s->item_of[v] = (uint32_t)i;
    }
    PARE_TRY(pare_plan_kernels(s->ctx, &s->kernels));
    for (size_t i = 0; i < LANES; i++) PARE_TRY(start_lane(s, &s->lanes[i]));
    for (uint32_t w = 0; w < s->n_workers; w++) PARE_TRY(start_worker(s, &s->workers[w]));
    PARE_TRY(pare_feed_begin(s->ctx, &s->feed, s->data, s->model));
    return start_replicas(s);
}

static void end(surveyor *s)
{
    pare_replicas_free(s->ctx, s->replicas);
    pare_feed_end(s->ctx, &s->feed);
    for (uint32_t w = 0; s->workers && w < s->n_workers; w++) {
        pare_free(s->ctx, s->workers[w].histograms);
        pare_free(s->ctx, s->workers[w].inputs);
        pare_free(s->ctx, s->workers[w].tensors);
        pare_free(s->ctx, s->workers[w].scratch);
    }
    for (size_t i = 0; i < LANES; i++) {
        for (size_t k = 0; s->lanes[i].channels && k < s->opts->n_items; k++)
            pare_free(s->ctx, s->lanes[i].channels[k]);
        pare_free(s->ctx, s->lanes[i].channels);
        pare_free(s->ctx, s->lanes[i].n_channels);
    }
    pare_free(s->ctx, s->workers);
    pare_free(s->ctx, s->item_of);
    pare_free(s->ctx, s->kept);
    pare_free(s->ctx, s->users);
}

/* Adds what lanes have of a value. The first lane that has any gives its memory. */
static pare_status gather(surveyor *s, size_t item, pare_survey_value *out)
{
    out->item = s->opts->items[item];
    pare_histogram_init(&out->histogram);
    for (uint32_t w = 0; w < s->n_workers; w++)
        pare_histogram_merge(&out->histogram, &s->workers[w].histograms[item]);
    for (size_t i = 0; i < LANES; i++) {
        lane *l = &s->lanes[i];
        out->n_seen += l->n_seen[item];
        out->n_per_channel += l->n_per_channel[item];
        if (!l->channels[item]) continue;
        if (!out->channels) {
            out->channels = l->channels[item];
            out->n_channels = l->n_channels[item];
            l->channels[item] = NULL;
            continue;
        }
        if (l->n_channels[item] != out->n_channels)
            return pare_fail(s->ctx, PARE_EFORMAT,
                             "value '%s' has %" PRId64 " channels, and had %" PRId64
                             " in another sample", s->model->values[out->item.value].name,
                             l->n_channels[item], out->n_channels);
        for (int64_t c = 0; c < out->n_channels; c++) {
            const pare_channel_moments *from = &l->channels[item][c];
            pare_channel_moments *to = &out->channels[c];
            to->sum += from->sum;
            to->squares += from->squares;
            to->min = fminf(to->min, from->min);
            to->max = fmaxf(to->max, from->max);
        }
    }
    return PARE_OK;
}

static pare_status finish(surveyor *s, pare_survey *out)
{
    const size_t n = s->opts->n_items;
    out->values = pare_alloc_zero(s->ctx, (n + 1) * sizeof(*out->values));
    if (!out->values) return pare_fail_memory(s->ctx, n * sizeof(*out->values));
    out->n = n;
    out->n_samples = s->end - s->opts->first;
    for (size_t i = 0; i < LANES; i++) out->n_samples -= s->lanes[i].n_skipped;
    for (size_t i = 0; i < n; i++) PARE_TRY(gather(s, i, &out->values[i]));
    return PARE_OK;
}

pare_status pare_survey_run(pare_ctx *ctx, pare_survey **out, const pare_model *model,
                            const pare_dataset *data, pare_pool *pool,
                            const pare_survey_opts *opts)
{
    *out = NULL;
    const uint64_t left = data->n > opts->first ? data->n - opts->first : 0;
    const uint64_t n = opts->n_samples && opts->n_samples < left ? opts->n_samples : left;
    if (!n) return pare_fail(ctx, PARE_EFORMAT, "there are no samples to calibrate with");
    surveyor s = { .ctx = ctx, .model = model, .opts = opts, .data = data,
                   .n_workers = pare_pool_size(pool), .turn = opts->first,
                   .end = opts->first + n };
    pare_survey *survey = pare_alloc_zero(ctx, sizeof(*survey));
    pare_status st = survey ? start(&s) : pare_fail_memory(ctx, sizeof(*survey));
    if (!st) st = run_turns(&s, pool);
    if (!st) st = finish(&s, survey);
    end(&s);
    if (st) pare_survey_free(ctx, survey);
    else *out = survey;
    return st;
}

void pare_survey_free(pare_ctx *ctx, pare_survey *survey)
{
    if (!survey) return;
    for (size_t i = 0; i < survey->n; i++) pare_free(ctx, survey->values[i].channels);
    pare_free(ctx, survey->values);
    pare_free(ctx, survey);
}
