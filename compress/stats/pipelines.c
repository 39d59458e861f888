#include "stats/pipelines.h"

#include "stats/pipelines_work.h"

#include "base/contract/dataset.h"
#include "op/wide.h"
#include "run/samples.h"
#include "stats/evaluate.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* Pipelines that go on after screening, beside the one in use: a few of those that are not far
 * behind the best, of which the screening's samples cannot tell. */
enum { N_SCREEN = 64, N_ENOUGH = 256, N_KEPT = 3 };
#define SCREEN_MARGIN 0.2

/* --- twins ------------------------------------------------------------------------------------ */

/* Where the columns of an image stand, and how many elements a pixel has beside each other. */
typedef struct twin_form {
    int64_t n_rows, n_columns, n_together;
    bool shift;
} twin_form;

static bool form_of(const pare_tensor *t, twin_form *f)
{
    const int64_t *const d = t->dims;
    const bool last = t->rank == 4 && d[1] != 1 && d[1] != 3 && (d[3] == 1 || d[3] == 3);
    if (t->rank < 2 || t->rank > 4 || pare_dtype_of(t->dtype)->bits % 8) return false;
    const uint32_t axis = last ? 2 : t->rank - 1;
    *f = (twin_form){ .n_columns = d[axis], .n_together = last ? d[3] : 1 };
    f->n_rows = 1;
    for (uint32_t i = 0; i < axis; i++) f->n_rows *= d[i];
    const int64_t n_channels = t->rank < 4 ? 1 : last ? d[3] : d[1];
    f->shift = n_channels == 1;
    return f->n_columns >= 8 && axis > 0 && d[axis - 1] >= 8;
}

pare_status pare_image_twin(pare_ctx *ctx, pare_tensor **out, const pare_tensor *image)
{
    twin_form f;
    uint8_t *to = NULL;
    *out = NULL;
    if (!form_of(image, &f)) return PARE_OK;
    const size_t pixel = pare_dtype_of(image->dtype)->bits / 8u * (size_t)f.n_together;
    PARE_TRY(pare_tensor_new(ctx, out, image->dtype, image->rank, image->dims));
    const pare_status st = pare_tensor_own(ctx, out, &to);
    const uint8_t *from = image->payload.data;
    const int64_t by = (f.n_columns + 13) / 14;
    for (int64_t r = 0; !st && r < f.n_rows; r++, from += pixel * (size_t)f.n_columns) {
        for (int64_t c = 0; c < f.n_columns; c++, to += pixel) {
            const int64_t source = !f.shift ? f.n_columns - 1 - c : c < by ? 0 : c - by;
            memcpy(to, from + (size_t)source * pixel, pixel);
        }
    }
    if (st) pare_tensor_unref(*out);
    if (st) *out = NULL;
    return st;
}

/* --- running ---------------------------------------------------------------------------------- */

/* The inputs of one run, from load to drop. */
typedef struct slot {
    pare_eval_input *inputs;
    size_t n;
} slot;

typedef struct comparing {
    pare_ctx *ctx;
    const pare_pipelines_opts *opts;
    const pare_pipeline *list;
    pare_pipelines *out;
    pare_judging judging;
    const char **names;      /* [n_inputs] of the model's inputs, in the order of data */
    size_t n_inputs;
    size_t output;
    pare_plan *plan;
    uint64_t n_samples;      /* all that there are */
    uint64_t *order;         /* [n_samples] of the data set */
    int64_t *labels;
    double *row;             /* [2, n_classes]: the answers to a sample and its twin */
    size_t *active;          /* [n_active] pipelines that run */
    size_t n_active;
    uint64_t first;          /* sample that the runs begin with */
    slot *slots;             /* of all runs of a stage */
    void *memory;
} comparing;

/* What a run of a stage is: sample by sample, pipeline by pipeline, the twin last. */
typedef struct which_run {
    uint64_t sample; /* place in order */
    size_t pipeline;
    int twin;
} which_run;

static which_run run_at(const comparing *c, uint64_t i)
{
    const uint64_t per_sample = 2 * c->n_active;
    return (which_run){ c->first + i / per_sample, c->active[i % per_sample / 2], (int)(i % 2) };
}

static pare_status load_sample(const comparing *c, pare_ctx *ctx, const pare_dataset *data,
                               uint64_t sample, slot *s)
{
    pare_tensor **const tensors = pare_alloc_zero(ctx, c->n_inputs * sizeof(*tensors));
    s->inputs = pare_alloc_zero(ctx, c->n_inputs * sizeof(*s->inputs));
    pare_status st = PARE_OK;
    if (!tensors || !s->inputs) st = pare_fail_memory(ctx, c->n_inputs * sizeof(*s->inputs));
    if (!st) st = data->load(data->self, ctx, sample, tensors);
    if (!st) s->n = c->n_inputs;
    for (size_t i = 0; !st && i < c->n_inputs; i++) {
        if (!tensors[i])
            st = pare_fail(ctx, PARE_EFORMAT, "sample %" PRIu64 " cannot be read", sample);
        s->inputs[i].name = c->names[i];
        s->inputs[i].datum.kind = PARE_TYPE_TENSOR;
        s->inputs[i].datum.tensor = tensors[i];
    }
    pare_free(ctx, tensors);
    return st;
}

static void drop_slot(pare_ctx *ctx, slot *s)
{
    for (size_t i = 0; i < s->n; i++) pare_tensor_unref(s->inputs[i].datum.tensor);
    pare_free(ctx, s->inputs);
    *s = (slot){ 0 };
}

static pare_status load_run(void *user, pare_ctx *ctx, uint64_t i, const pare_eval_input **inputs,
                            size_t *n)
{
    const comparing *const c = user;
    const which_run run = run_at(c, i);
    const pare_dataset *const data = c->list[run.pipeline].data;
    slot *const s = &c->slots[i];
    const uint64_t sample = c->order[run.sample];
    char name[256];
    pare_status st = load_sample(c, ctx, data, sample, s);
    if (!st && run.twin && c->judging.has_twins) {
        pare_tensor **const image = &s->inputs[c->opts->input].datum.tensor;
        pare_tensor *twin = NULL;
        st = pare_image_twin(ctx, &twin, *image);
        if (twin) pare_tensor_unref(*image);
        if (twin) *image = twin;
    }
    if (!st && !pare_plan_suits(c->plan, s->inputs, s->n))
        st = pare_fail(ctx, PARE_EFORMAT,
                       "'%s' comes out in another shape than the first sample: bring all to one "
                       "size, as by crop, or resize: {exact: [H, W]}",
                       data->name(data->self, sample, name, sizeof(name)));
    *inputs = s->inputs;
    *n = s->n;
    return st;
}

static void drop_run(void *user, pare_ctx *ctx, uint64_t i)
{
    const comparing *const c = user;
    drop_slot(ctx, &c->slots[i]);
}

/* Reads an answer into row; the class is its largest element. */
static pare_status class_of(pare_ctx *ctx, int32_t *out, double *row, const pare_datum *datum,
                            int64_t n_classes)
{
    const pare_tensor *const t = datum->kind == PARE_TYPE_TENSOR ? datum->tensor : NULL;
    if (!t || t->n_elements != n_classes || pare_wide_of(t->dtype) == PARE_WIDE_NONE)
        return pare_fail(ctx, PARE_EUNSUPPORTED, "the output is no row of %" PRId64 " classes",
                         n_classes);
    int64_t best = 0;
    double most = -INFINITY;
    for (int64_t i = 0; i < n_classes; i++) {
        row[i] = pare_wide_f64_at(t->dtype, t->payload.data, i);
        if (row[i] > most) best = i;
        if (row[i] > most) most = row[i];
    }
    *out = (int32_t)best;
    return PARE_OK;
}

/* 1 / rank of a class in an answer; equals share their places. */
static double inverse_rank(const double *row, int64_t n_classes, int32_t class)
{
    int64_t n_larger = 0, n_equal = 0;
    for (int64_t i = 0; i < n_classes; i++) {
        n_larger += row[i] > row[class];
        n_equal += row[i] == row[class];
    }
    return 1 / (1 + (double)n_larger + (double)(n_equal ? n_equal - 1 : n_classes) / 2);
}

static pare_status take_run(void *user, pare_ctx *ctx, uint64_t i, const pare_datum *outputs)
{
    const comparing *const c = user;
    const which_run run = run_at(c, i);
    pare_answers *const a = &c->judging.answers[run.pipeline];
    const int64_t n_classes = c->out->n_classes;
    double *const row = c->row + run.twin * n_classes;
    int32_t *const class = &a->of[run.twin][run.sample];
    a->n = run.sample + 1;
    pare_report_progress(ctx, "check", run.sample + 1, c->n_samples);
    PARE_TRY(class_of(ctx, class, row, &outputs[c->output], n_classes));
    if (run.twin)
        a->alike[run.sample] = (float)((inverse_rank(row, n_classes, a->of[0][run.sample]) +
                                        inverse_rank(c->row, n_classes, *class)) /
                                       2);
    return PARE_OK;
}

/* Runs the active pipelines on samples [first, end). */
static pare_status run_stage(comparing *c, uint64_t first, uint64_t end)
{
    const uint64_t n_runs = (end - first) * 2 * c->n_active;
    if (!n_runs) return PARE_OK;
    c->first = first;
    c->slots = pare_alloc_zero(c->ctx, n_runs * sizeof(*c->slots));
    if (!c->slots) return pare_fail_memory(c->ctx, n_runs * sizeof(*c->slots));
    const pare_sample_job job = { .n_samples = n_runs, .load = load_run, .drop = drop_run,
                                  .take = take_run, .user = c };
    const pare_status st = pare_samples_run(c->ctx, c->plan, c->opts->pool, &job);
    for (uint64_t i = 0; i < n_runs; i++) drop_slot(c->ctx, &c->slots[i]);
    pare_free(c->ctx, c->slots);
    c->slots = NULL;
    return st;
}

static void rate(comparing *c)
{
    for (size_t p = 0; p < c->out->n; p++) {
        pare_pipeline_score *const s = &c->out->scores[p];
        const pare_answers *const a = &c->judging.answers[p];
        pare_pipeline_rate(s, a, c->judging.counts, c->out->n_classes);
        if (!c->judging.has_twins) s->agreement = s->score = NAN;
        memset(s->n_right, 0, sizeof(s->n_right));
        for (uint64_t i = 0; i < a->n; i++)
            for (int64_t o = 0; c->labels[i] >= 0 && o < PARE_N_OFFSETS; o++)
                s->n_right[o] += a->of[0][i] == c->labels[i] + o - 1;
    }
}

/* What screening goes by: whichever makes a pipeline look better. */
static double promise(const comparing *c, size_t p, bool by_labels)
{
    const pare_pipeline_score *const s = &c->out->scores[p];
    uint64_t most = 0;
    for (int o = 0; o < PARE_N_OFFSETS; o++)
        if (s->n_right[o] > most) most = s->n_right[o];
    if (s->n < c->judging.n_samples) return -1; /* it is out already */
    return by_labels ? (double)most / (double)s->n : s->score;
}

/* Keeps the first pipeline and the most promising ones, by labels and by score. */
static void screen(comparing *c)
{
    const size_t n = c->out->n;
    bool *const keep = (bool *)c->judging.counts; /* n_classes words: enough is made sure */
    memset(keep, 0, n * sizeof(*keep));
    keep[0] = true;
    for (int by_labels = 0; by_labels < 2; by_labels++) {
        double top = 0;
        for (size_t p = 0; p < n; p++) top = fmax(top, promise(c, p, by_labels));
        for (int k = 0; k < N_KEPT; k++) {
            size_t best = 0;
            for (size_t p = 1; p < n; p++)
                if (!keep[p] &&
                    (!best || promise(c, p, by_labels) > promise(c, best, by_labels)))
                    best = p;
            if (promise(c, best, by_labels) >= top - SCREEN_MARGIN) keep[best] = true;
        }
        if (c->out->n_labelled == 0) break;
    }
    c->n_active = 0;
    for (size_t p = 0; p < n; p++)
        if (keep[p]) c->active[c->n_active++] = p;
}

/* --- setting up ------------------------------------------------------------------------------- */

static pare_status find_inputs(comparing *c, const pare_model *model)
{
    const pare_dataset *const data = c->list[0].data;
    const pare_graph *const g = model->graph;
    for (size_t i = 0; i < data->n_inputs; i++) c->names[i] = data->inputs[i];
    if (data->n_inputs != 1 || data->inputs[0][0]) return PARE_OK;
    c->names[0] = NULL;
    for (uint32_t i = 0; i < g->inputs.n && !c->names[0]; i++) {
        const pare_value *const v = pare_value_at(model, g->inputs.items[i].value);
        if (!v->tensor && !v->sparse) c->names[0] = v->name;
    }
    if (c->names[0]) return PARE_OK;
    return pare_fail(c->ctx, PARE_EFORMAT, "the model has no input");
}

/* A plan for the shapes of the first sample, and how many classes come out. */
static pare_status make_plan(comparing *c, const pare_model *model)
{
    pare_plan_input inputs[8];
    slot s = { 0 };
    pare_tensor *twin = NULL;
    if (c->n_inputs > 8)
        return pare_fail(c->ctx, PARE_EUNSUPPORTED, "expected at most 8 inputs, found %zu",
                         c->n_inputs);
    pare_status st = load_sample(c, c->ctx, c->list[0].data, c->order[0], &s);
    for (size_t i = 0; !st && i < s.n; i++)
        inputs[i] = (pare_plan_input){ .name = s.inputs[i].name,
                                       .tensor = s.inputs[i].datum.tensor };
    if (!st) st = pare_image_twin(c->ctx, &twin, s.inputs[c->opts->input].datum.tensor);
    c->judging.has_twins = twin != NULL;
    pare_tensor_unref(twin);
    const pare_plan_opts opts = { .inputs = inputs, .n_inputs = s.n };
    if (!st) st = pare_plan_new(c->ctx, &c->plan, model, &opts);
    drop_slot(c->ctx, &s);
    return st;
}

static pare_status count_classes(void *user, pare_ctx *ctx, uint64_t i, const pare_datum *outputs)
{
    const comparing *const c = user;
    const pare_datum *const d = &outputs[c->output];
    const pare_tensor *const t = d->kind == PARE_TYPE_TENSOR ? d->tensor : NULL;
    int64_t widest = 0;
    (void)i;
    for (uint32_t k = 0; t && k < t->rank; k++)
        if (t->dims[k] > widest) widest = t->dims[k];
    if (!t || widest < 2 || widest != t->n_elements || widest > INT32_MAX)
        return pare_fail(ctx, PARE_EUNSUPPORTED,
                         "the output is no row of classes: pipelines can be compared for "
                         "classifiers only");
    c->out->n_classes = widest;
    return PARE_OK;
}

/* Runs one sample to see what comes out. */
static pare_status peek(comparing *c)
{
    slot one = { 0 };
    const pare_sample_job job = { .n_samples = 1, .load = load_run, .drop = drop_run,
                                  .take = count_classes, .user = c };
    c->slots = &one;
    const pare_status st = pare_samples_run(c->ctx, c->plan, NULL, &job);
    drop_slot(c->ctx, &one);
    c->slots = NULL;
    return st;
}

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
    while (b) {
        const uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* All samples, in an order of which every beginning is spread over the whole: sets are often sorted
 * by class. */
static void choose_order(comparing *c)
{
    const pare_dataset *const data = c->list[0].data;
    const uint64_t n = c->n_samples;
    uint64_t step = (uint64_t)((double)n * 0.6180339887498949);
    while (step > 1 && common_divisor(step, n) != 1) step--;
    if (!step) step = 1;
    for (uint64_t i = 0, at = 0; i < n; i++, at = (at + step) % n) {
        c->order[i] = c->opts->samples ? c->opts->samples[at] : at;
        c->labels[i] = data->has_labels ? data->label(data->self, c->order[i]) : PARE_NO_LABEL;
    }
}

static pare_status make_room(comparing *c)
{
    const uint64_t n = c->n_samples;
    const size_t n_bytes = 2 * n * sizeof(uint64_t) +
                           c->out->n * (sizeof(*c->active) + sizeof(*c->judging.answers)) +
                           c->n_inputs * sizeof(*c->names) +
                           c->out->n * n * (2 * sizeof(int32_t) + sizeof(float));
    c->memory = pare_alloc_zero(c->ctx, n_bytes);
    if (!c->memory) return pare_fail_memory(c->ctx, n_bytes);
    c->order = c->memory;
    c->labels = (int64_t *)(c->order + n);
    c->active = (size_t *)(c->labels + n);
    c->judging.answers = (pare_answers *)(c->active + c->out->n);
    c->names = (const char **)(c->judging.answers + c->out->n);
    int32_t *classes = (int32_t *)(c->names + c->n_inputs);
    for (size_t p = 0; p < c->out->n; p++)
        for (int k = 0; k < 2; k++, classes += n) c->judging.answers[p].of[k] = classes;
    for (size_t p = 0; p < c->out->n; p++)
        c->judging.answers[p].alike = (float *)classes + p * n;
    c->judging.labels = c->labels;
    for (size_t p = 0; p < c->out->n; p++) c->active[c->n_active++] = p;
    return PARE_OK;
}

static pare_status set_up(comparing *c, const pare_model *model)
{
    c->out->scores = pare_alloc_zero(c->ctx, c->out->n * sizeof(*c->out->scores));
    if (!c->out->scores) return pare_fail_memory(c->ctx, c->out->n * sizeof(*c->out->scores));
    PARE_TRY(make_room(c));
    choose_order(c);
    PARE_TRY(find_inputs(c, model));
    PARE_TRY(pare_output_find(c->ctx, &c->output, model, c->opts->output));
    PARE_TRY(make_plan(c, model));
    PARE_TRY(peek(c));
    const size_t n_words = (size_t)c->out->n_classes + c->out->n;
    const size_t row_bytes = 2 * (size_t)c->out->n_classes * sizeof(double);
    c->row = pare_alloc_zero(c->ctx, row_bytes + n_words * sizeof(uint32_t));
    if (!c->row) return pare_fail_memory(c->ctx, row_bytes + n_words * sizeof(uint32_t));
    c->judging.counts = (uint32_t *)(c->row + 2 * c->out->n_classes);
    return PARE_OK;
}

/* Looks at more and more samples until it is clear which pipeline is best. */
static pare_status look(comparing *c)
{
    uint64_t begin = 0, end = N_SCREEN < c->n_samples ? N_SCREEN : c->n_samples;
    c->judging.n_looks = 1;
    for (uint64_t n = 2 * N_SCREEN; n < c->n_samples; n *= 2) c->judging.n_looks++;
    for (;;) {
        PARE_TRY(run_stage(c, begin, end));
        c->judging.n_samples = c->out->n_samples = end;
        c->out->n_labelled = 0;
        for (uint64_t i = 0; i < end; i++) c->out->n_labelled += c->labels[i] >= 0;
        rate(c);
        const bool is_last = end == c->n_samples;
        if (is_last || end > N_SCREEN) PARE_TRY(pare_pipelines_judge(c->ctx, c->out, &c->judging));
        if (is_last || c->out->is_better || (end >= N_ENOUGH && !c->out->best)) return PARE_OK;
        screen(c);
        begin = end;
        end = 2 * end < c->n_samples ? 2 * end : c->n_samples;
    }
}

pare_status pare_pipelines_compare(pare_ctx *ctx, pare_pipelines *out, const pare_model *model,
                                   const pare_pipeline *list, size_t n,
                                   const pare_pipelines_opts *opts)
{
    comparing c = { .ctx = ctx, .opts = opts, .list = list, .out = out };
    const uint64_t n_data = list[0].data->n;
    c.n_inputs = list[0].data->n_inputs;
    c.judging.seed = opts->seed;
    c.n_samples = opts->n_samples && opts->n_samples < n_data ? opts->n_samples : n_data;
    *out = (pare_pipelines){ .n = n };
    pare_status st = set_up(&c, model);
    if (!st) st = look(&c);
    pare_plan_unref(ctx, c.plan);
    pare_free(ctx, c.row);
    pare_free(ctx, c.memory);
    if (st) pare_pipelines_free(ctx, out);
    return st;
}

void pare_pipelines_free(pare_ctx *ctx, pare_pipelines *pipelines)
{
    pare_free(ctx, pipelines->scores);
    *pipelines = (pare_pipelines){ 0 };
}
