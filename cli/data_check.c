#include "cli/data_check.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *pare_finding_name(pare_finding_kind kind)
{
    static const char *const names[] = { "pipeline", "label-offset", "label-range", "labels",
                                         "constant", "not-finite" };
    return names[kind];
}

/* --- findings --------------------------------------------------------------------------------- */

/* There is room for one of each kind, and none comes twice. */
static pare_finding *add_finding(pare_data_check *check, pare_finding_kind kind)
{
    assert(check->n_findings < PARE_MAX_FINDINGS);
    pare_finding *const f = &check->findings[check->n_findings++];
    f->kind = kind;
    return f;
}

static double percent(uint64_t part, uint64_t of)
{
    return of ? 100.0 * (double)part / (double)of : 0;
}

static double accuracy(const pare_data_check *check, const pare_pipeline_score *s)
{
    (void)check;
    return percent(s->n_right[check->offset + 1], s->n);
}

static void add_change(char *out, size_t out_bytes, uint32_t changes)
{
    static const struct {
        uint32_t bit;
        const char *word;
    } words[] = { { PARE_CHANGE_COLOR, "the order of colours" },
                  { PARE_CHANGE_NUMBERS, "the numbers (scale, mean, std)" },
                  { PARE_CHANGE_PLACE, "resizing or cropping" } };
    out[0] = '\0';
    for (size_t i = 0; i < 3; i++) {
        const size_t n = strlen(out);
        if (changes & words[i].bit)
            snprintf(out + n, out_bytes - n, "%s%s", n ? " and " : "", words[i].word);
    }
}

static void find_pipeline(pare_data_check *check, const pare_pipelines *found,
                          const pare_candidate *best, uint32_t changes,
                          const pare_pipeline_score *before)
{
    const pare_pipeline_score *const after = &found->scores[found->best];
    pare_finding *const f = add_finding(check, PARE_FINDING_PIPELINE);
    char what[128], text[2048];
    add_change(what, sizeof(what), changes);
    if (found->by_labels)
        snprintf(f->text, sizeof(f->text),
                 "%s: %.1f %% of %" PRIu64 " samples are answered rightly, and would be %.1f %% "
                 "as '%s' (p = %.2g)",
                 what, accuracy(check, before), before->n, accuracy(check, after), best->name,
                 found->p_value);
    else
        snprintf(f->text, sizeof(f->text),
                 "%s: twins alike x classes is %.2f on %" PRIu64 " samples, and would be %.2f as "
                 "'%s' (p = %.2g)",
                 what, before->score, before->n, after->score, best->name, found->p_value);
    if (pare_preprocess_text(&best->steps, text, sizeof(text)))
        snprintf(f->suggestion, sizeof(f->suggestion), "preprocess: %s", text);
}

static void find_in_labels(pare_data_check *check, const pare_pipelines *found,
                           const pare_dataset *data, int64_t offset_now)
{
    uint64_t n_beyond = 0;
    for (uint64_t i = 0; data->has_labels && i < data->n; i++)
        n_beyond += data->label(data->self, i) >= found->n_classes;
    if (found->is_offset) {
        pare_finding *const f = add_finding(check, PARE_FINDING_OFFSET);
        const uint64_t *const n = found->scores[found->best].n_right;
        snprintf(f->text, sizeof(f->text),
                 "labels: %.1f %% of answers are the label %s 1, %.1f %% the label itself "
                 "(p = %.2g)",
                 percent(n[found->offset + 1], found->n_labelled), found->offset > 0 ? "+" : "-",
                 percent(n[1], found->n_labelled), found->offset_p);
        snprintf(f->suggestion, sizeof(f->suggestion), "labels: {..., offset: %" PRId64 "}",
                 offset_now + found->offset);
    } else if (n_beyond) {
        pare_finding *const f = add_finding(check, PARE_FINDING_RANGE);
        snprintf(f->text, sizeof(f->text),
                 "labels: %" PRIu64 " of %" PRIu64 " are no class of the model, which has 0 to "
                 "%" PRId64,
                 n_beyond, data->n, found->n_classes - 1);
    }
    if (found->n_labelled >= 20 && !found->labels_fit) {
        pare_finding *const f = add_finding(check, PARE_FINDING_LABELS);
        snprintf(f->text, sizeof(f->text),
                 "labels: whichever way the network is fed, no more answers are the label than "
                 "guessing gives (%.1f %% as it is): they may be of another model, or in another "
                 "order",
                 percent(found->scores[0].n_right[1], found->n_labelled));
    }
}

static void find_in_look(pare_data_check *check)
{
    const pare_look *const look = &check->look;
    if (look->n_constant) {
        pare_finding *const f = add_finding(check, PARE_FINDING_CONSTANT);
        snprintf(f->text, sizeof(f->text),
                 "samples: %" PRIu64 " of %" PRIu64 " that were looked at have no content: all "
                 "elements are equal",
                 look->n_constant, look->n);
    }
    if (look->n_not_finite) {
        pare_finding *const f = add_finding(check, PARE_FINDING_NOT_FINITE);
        snprintf(f->text, sizeof(f->text), "samples: %" PRIu64 " elements are no finite numbers",
                 look->n_not_finite);
    }
}

/* --- pipelines -------------------------------------------------------------------------------- */

/* One comparison: candidates, and the data sets that they make. */
typedef struct round_of {
    pare_candidate *candidates; /* [n] */
    pare_dataset *owned[PARE_MAX_CANDIDATES];
    pare_pipeline list[PARE_MAX_CANDIDATES];
    size_t n;
} round_of;

static pare_status load_first(pare_ctx *ctx, const pare_dataset *data, size_t input,
                              uint64_t sample, pare_tensor **out)
{
    pare_tensor **const tensors = pare_alloc_zero(ctx, data->n_inputs * sizeof(*tensors));
    *out = NULL;
    if (!tensors) return pare_fail_memory(ctx, data->n_inputs * sizeof(*tensors));
    const pare_status st = data->load(data->self, ctx, sample, tensors);
    if (!st) *out = pare_tensor_ref(tensors[input]);
    for (size_t i = 0; !st && i < data->n_inputs; i++) pare_tensor_unref(tensors[i]);
    pare_free(ctx, tensors);
    return st;
}

/* Whether two pipelines make the same of some samples. */
static pare_status are_same(pare_ctx *ctx, bool *out, const pare_dataset *a, const pare_dataset *b,
                            size_t input)
{
    enum { N_LOOKED_AT = 3 };
    *out = true;
    for (uint64_t k = 0; *out && k < N_LOOKED_AT && k < a->n; k++) {
        pare_tensor *x = NULL, *y = NULL;
        const uint64_t sample = k * a->n / N_LOOKED_AT;
        pare_status st = load_first(ctx, a, input, sample, &x);
        if (!st) st = load_first(ctx, b, input, sample, &y);
        if (!st && x && y)
            *out = x->payload.n == y->payload.n &&
                   !memcmp(x->payload.data, y->payload.data, x->payload.n);
        pare_tensor_unref(x);
        pare_tensor_unref(y);
        PARE_TRY(st);
    }
    return PARE_OK;
}

/* Leaves out what the model does not take, and what makes no difference. */
static pare_status settle(pare_ctx *ctx, round_of *r, size_t at, size_t input, bool *keep)
{
    pare_tensor *t = NULL;
    const pare_status st = load_first(ctx, r->owned[at], input, 0, &t);
    pare_tensor_unref(t);
    *keep = !st;
    if (st == PARE_ENOMEM || st == PARE_ECANCELED || st == PARE_EIO) return st;
    for (size_t i = 0; *keep && i < r->n; i++) {
        bool same = false;
        PARE_TRY(are_same(ctx, &same, r->list[i].data, r->owned[at], input));
        *keep = !same;
    }
    return PARE_OK;
}

/* What goes from one round to the next. */
typedef struct search {
    const pare_model *model;
    const pare_dataset *data;
    const pare_data_check_opts *opts;
    pare_candidate_opts candidate;
    pare_candidate best;        /* the steps that are best so far */
    uint32_t changes;           /* of them, from those in use */
    pare_pipelines found;       /* of the last round that found something, or of the first */
    pare_pipeline_score before; /* of what is in use */
} search;

static pare_status prepare(pare_ctx *ctx, round_of *r, const pare_dataset *data, size_t input,
                           const search *s)
{
    const size_t n = pare_candidates_make(r->candidates, &s->best.steps, &s->candidate);
    for (size_t i = 0; i < n; i++) {
        pare_candidate *const c = &r->candidates[i];
        bool keep = true;
        if (i && (c->changes & s->changes)) continue; /* that is settled */
        PARE_TRY(pare_data_variant(ctx, &r->owned[r->n], data, input, &c->steps));
        if (i) PARE_TRY(settle(ctx, r, r->n, input, &keep));
        if (!keep) {
            pare_data_close(ctx, r->owned[r->n]);
            r->owned[r->n] = NULL;
            continue;
        }
        r->candidates[r->n] = *c;
        r->list[r->n].data = r->owned[r->n];
        r->list[r->n].name = r->candidates[r->n].name;
        r->n++;
    }
    return PARE_OK;
}

static void close_round(pare_ctx *ctx, round_of *r)
{
    for (size_t i = 0; i < PARE_MAX_CANDIDATES; i++) pare_data_close(ctx, r->owned[i]);
    pare_free(ctx, r->candidates);
    *r = (round_of){ 0 };
}

static pare_status remember(pare_ctx *ctx, pare_data_check *check, const round_of *r,
                            const pare_pipelines *found, int number)
{
    PARE_TRY(pare_grow(ctx, &check->tried, &check->tried_cap, check->n_tried + r->n,
                       sizeof(*check->tried)));
    for (size_t i = number ? 1 : 0; i < r->n; i++) {
        pare_tried *const t = &check->tried[check->n_tried++];
        *t = (pare_tried){ .changes = r->candidates[i].changes, .round = number,
                           .score = found->scores[i],
                           .is_complete = found->scores[i].n == found->n_samples };
        memcpy(t->name, r->candidates[i].name, sizeof(t->name));
    }
    return PARE_OK;
}

static pare_status run_round(pare_ctx *ctx, pare_data_check *check, search *s, int number,
                             bool *again)
{
    const pare_pipelines_opts opts = { .pool = s->opts->pool, .input = s->opts->input,
                                       .output = s->opts->output, .seed = s->opts->seed };
    round_of r = { 0 };
    pare_pipelines found = { 0 };
    *again = false;
    r.candidates = pare_alloc(ctx, PARE_MAX_CANDIDATES * sizeof(*r.candidates));
    pare_status st = r.candidates ? PARE_OK : pare_fail_memory(ctx, sizeof(*r.candidates));
    if (!st) st = prepare(ctx, &r, s->data, s->opts->input, s);
    const bool some = !number || r.n > 1;
    if (!st && some) st = pare_pipelines_compare(ctx, &found, s->model, r.list, r.n, &opts);
    if (!st && some) st = remember(ctx, check, &r, &found, number);
    if (!st && (!number || found.is_better)) {
        if (!number) s->before = found.scores[0];
        if (found.is_better) {
            s->best = r.candidates[found.best];
            s->changes |= s->best.changes;
        }
        *again = found.is_better;
        pare_pipelines_free(ctx, &s->found);
        s->found = found;
        found = (pare_pipelines){ 0 };
    }
    pare_pipelines_free(ctx, &found);
    close_round(ctx, &r);
    return st;
}

static pare_status compare(pare_ctx *ctx, pare_data_check *check, search *s)
{
    bool again = true;
    pare_status st = PARE_OK;
    for (int number = 0; !st && again && number < PARE_MAX_ROUNDS; number++) {
        st = run_round(ctx, check, s, number, &again);
        if (!st && !number) {
            check->is_compared = true;
            check->n_classes = s->found.n_classes;
            check->n_samples = s->found.n_samples;
            check->n_labelled = s->found.n_labelled;
            check->by_labels = s->found.by_labels;
            check->offset = s->found.is_offset ? s->found.offset : 0;
            find_in_labels(check, &s->found, s->data,
                           pare_data_facts_of(s->data, s->opts->input).label_offset);
        }
    }
    if (!st && s->changes) find_pipeline(check, &s->found, &s->best, s->changes, &s->before);
    return st;
}

/* Pixels; or arrays of which somebody thought that they need steps. */
static bool is_image_source(const pare_data_facts *facts)
{
    static const char *const formats[] = { "images", "idx", "cifar10", "cifar100" };
    for (size_t i = 0; facts->format && i < sizeof(formats) / sizeof(formats[0]); i++)
        if (!strcmp(facts->format, formats[i])) return true;
    return facts->format && facts->steps;
}

size_t pare_data_check_input(const pare_dataset *data)
{
    for (size_t i = 0; i < data->n_inputs; i++) {
        const pare_data_facts facts = pare_data_facts_of(data, i);
        if (facts.format && !strcmp(facts.format, "images")) return i;
    }
    for (size_t i = 0; i < data->n_inputs; i++) {
        const pare_data_facts facts = pare_data_facts_of(data, i);
        if (is_image_source(&facts)) return i;
    }
    return 0;
}

/* Only the labels: there is one way of feeding. */
static pare_status check_labels(pare_ctx *ctx, pare_data_check *check, search *s)
{
    const pare_pipelines_opts opts = { .pool = s->opts->pool, .input = s->opts->input,
                                       .output = s->opts->output, .seed = s->opts->seed };
    const pare_pipeline one = { .name = "in use", .data = s->data };
    PARE_TRY(pare_pipelines_compare(ctx, &s->found, s->model, &one, 1, &opts));
    check->is_compared = true;
    check->n_classes = s->found.n_classes;
    check->n_samples = s->found.n_samples;
    check->n_labelled = s->found.n_labelled;
    check->by_labels = s->found.by_labels;
    check->offset = s->found.is_offset ? s->found.offset : 0;
    find_in_labels(check, &s->found, s->data,
                   pare_data_facts_of(s->data, s->opts->input).label_offset);
    return PARE_OK;
}

pare_status pare_data_check_run(pare_ctx *ctx, pare_data_check *out, const pare_model *model,
                                const pare_dataset *data, const pare_data_check_opts *opts)
{
    const pare_data_facts facts = pare_data_facts_of(data, opts->input);
    search s = { .model = model, .data = data, .opts = opts };
    *out = (pare_data_check){ 0 };
    if (facts.steps) s.best.steps = *facts.steps;
    if (facts.steps && !pare_preprocess_text(facts.steps, out->steps, sizeof(out->steps)))
        out->steps[0] = '\0';
    PARE_TRY(pare_look_at(ctx, &out->look, data, opts->input));
    find_in_look(out);
    s.candidate = (pare_candidate_opts){ .channels = out->look.n_channels,
                                         .width = out->look.width, .height = out->look.height,
                                         .is_files = facts.format &&
                                                     !strcmp(facts.format, "images") };
    const bool varies = out->look.is_image && is_image_source(&facts);
    pare_status st = varies ? compare(ctx, out, &s) : check_labels(ctx, out, &s);
    pare_pipelines_free(ctx, &s.found);
    if (st == PARE_EUNSUPPORTED) {
        snprintf(out->why_not, sizeof(out->why_not), "%s", ctx->message);
        st = PARE_OK;
    }
    return st;
}

void pare_data_check_free(pare_ctx *ctx, pare_data_check *check)
{
    pare_free(ctx, check->tried);
    check->tried = NULL;
    check->n_tried = check->tried_cap = 0;
}
