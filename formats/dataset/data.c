#include "formats/dataset/data.h"

#include "formats/dataset/shared.h"

#include "base/sha256.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One choice of the samples of an opened set. */
typedef struct chosen {
    pare_dataset data;
    pare_shared *shared;
    uint32_t *rows; /* [data.n] of the source, ascending */
    pare_data_feed *other; /* instead of feed other_at, of a variant; NULL */
    size_t other_at;
    pare_input_desc other_desc;
    pare_preprocess other_steps;
} chosen;

/* --- what a data set gives -------------------------------------------------------------------- */

static void drop(pare_tensor **tensors, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        pare_tensor_unref(tensors[i]);
        tensors[i] = NULL;
    }
}

static pare_status data_load(void *self, pare_ctx *ctx, uint64_t sample, pare_tensor **out)
{
    const chosen *c = self;
    const pare_shared *s = c->shared;
    pare_status st = PARE_OK;
    for (size_t i = 0; i < s->n_feeds; i++) out[i] = NULL;
    for (size_t i = 0; !st && i < s->n_feeds; i++) {
        const pare_data_feed *feed = c->other && c->other_at == i ? c->other : &s->feeds[i];
        if (feed->constant) out[i] = pare_tensor_ref(feed->constant);
        else st = pare_data_feed_read(ctx, feed, &feed->source, c->rows[sample], &out[i]);
    }
    if (!st) return PARE_OK;
    drop(out, s->n_feeds);
    const bool is_unreadable = st == PARE_EFORMAT || st == PARE_EUNSUPPORTED;
    return is_unreadable && s->desc.skip_unreadable ? PARE_OK : st;
}

static int64_t data_label(void *self, uint64_t sample)
{
    const chosen *c = self;
    const int64_t *const classes = c->shared->labels.classes;
    return classes ? classes[c->rows[sample]] : PARE_NO_LABEL;
}

static pare_status data_labels(void *self, pare_ctx *ctx, uint64_t sample, pare_tensor **out)
{
    const chosen *c = self;
    return pare_rows_tensor(ctx, out, &c->shared->labels.rows, c->rows[sample]);
}

static pare_status data_expected(void *self, pare_ctx *ctx, uint64_t sample, size_t output,
                                 pare_tensor **out)
{
    const chosen *c = self;
    const pare_source *first = c->shared->first;
    return first->kind->expected(ctx, first, c->rows[sample], output, out);
}

static pare_status data_golden(void *self, pare_ctx *ctx, pare_tensor **out, pare_tensor **output)
{
    const chosen *c = self;
    return pare_shared_golden(ctx, c->shared, out, output);
}

static const char *data_name(void *self, uint64_t sample, char *out, size_t out_bytes)
{
    const chosen *c = self;
    const pare_source *const first = c->shared->first;
    const char *const slash = strrchr(first->files->shown, '/');
    const size_t n = slash ? (size_t)(slash - first->files->shown) + 1 : 0;
    char whole[PARE_MESSAGE_BYTES]; /* reports tell nothing about where the source lies */
    pare_source_name(first, c->rows[sample], whole, sizeof(whole));
    snprintf(out, out_bytes, "%s", strlen(whole) > n ? whole + n : whole);
    return out;
}

static uint64_t data_row(void *self, uint64_t sample)
{
    const chosen *c = self;
    return c->rows[sample];
}

/* --- choosing --------------------------------------------------------------------------------- */

bool pare_data_has_split(const pare_dataset *data, pare_data_split split)
{
    const chosen *c = data->self;
    for (size_t i = 0; i < c->shared->desc.n_splits; i++)
        if (c->shared->desc.splits[i].split == split) return true;
    return false;
}

static int by_row(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

/* The rows of a split; those of none when it is not there. */
static size_t take_split(const chosen *c, pare_data_split split, uint32_t *rows)
{
    const pare_distinct *d = &c->shared->distinct;
    const bool all = split == PARE_DATA_ALL || !c->shared->desc.n_splits;
    const pare_data_split of = pare_data_has_split(&c->data, split) ? split : PARE_DATA_ALL;
    size_t n = 0;
    for (size_t i = 0; i < d->n; i++)
        if (all || d->splits[i] == of) rows[n++] = d->rows[i];
    return n;
}

static pare_status fail_empty(pare_ctx *ctx, const chosen *c, const pare_data_choice *choice,
                              size_t n)
{
    const char *const shown = c->shared->first->files->shown;
    const char *const split = pare_data_split_name(choice->split);
    if (!n)
        return pare_fail(ctx, PARE_EFORMAT, "%s: 'split' shares out all samples and has no '%s'; "
                         "add it", shown, split);
    return pare_fail(ctx, PARE_EFORMAT, "%s: no sample is left for '%s': there are %zu, of which "
                     "%" PRIu64 " are used otherwise", shown, split, n, choice->skip);
}

static pare_status choose_rows(pare_ctx *ctx, chosen *c, const pare_data_choice *choice)
{
    const pare_shared *s = c->shared;
    c->rows = pare_alloc(ctx, (s->distinct.n + 1) * sizeof(*c->rows));
    if (!c->rows) return pare_fail_memory(ctx, s->distinct.n * sizeof(*c->rows));
    const size_t n = take_split(c, choice->split, c->rows);
    if (choice->skip >= n) return fail_empty(ctx, c, choice, n);
    const uint64_t left = n - choice->skip;
    c->data.n = choice->take && choice->take < left ? choice->take : left;
    if (c->data.n == n) return PARE_OK;
    PARE_TRY(pare_spread(ctx, c->rows, n, choice->seed, s->hashes, s->labels.classes));
    memmove(c->rows, c->rows + choice->skip, (size_t)c->data.n * sizeof(*c->rows));
    qsort(c->rows, (size_t)c->data.n, sizeof(*c->rows), by_row);
    return PARE_OK;
}

static pare_status hash_choice(pare_ctx *ctx, chosen *c)
{
    const pare_shared *s = c->shared;
    pare_hasher *hasher = NULL;
    PARE_TRY(pare_hasher_new(ctx, &hasher));
    for (uint64_t i = 0; i < c->data.n; i++) {
        const int64_t class = s->labels.classes ? s->labels.classes[c->rows[i]] : PARE_NO_LABEL;
        pare_hasher_add(hasher, &s->hashes[c->rows[i]], sizeof(*s->hashes));
        pare_hasher_add(hasher, &class, sizeof(class));
    }
    c->data.content_hash = pare_hasher_64(hasher);
    pare_hasher_free(ctx, hasher);
    return PARE_OK;
}

/* The samples, and what else decides what a model is fed and what it is held against. */
static void digest_choice(chosen *c)
{
    const pare_shared *s = c->shared;
    char steps[2048];
    pare_sha256 sha;
    pare_sha256_begin(&sha);
    for (uint64_t i = 0; i < c->data.n; i++) {
        const int64_t class = s->labels.classes ? s->labels.classes[c->rows[i]] : PARE_NO_LABEL;
        pare_sha256_add(&sha, &s->hashes[c->rows[i]], sizeof(*s->hashes));
        pare_sha256_add(&sha, &class, sizeof(class));
    }
    for (size_t i = 0; i < s->n_feeds; i++) {
        const pare_preprocess *const list = s->feeds[i].desc->preprocess;
        if (!list || !pare_preprocess_text(list, steps, sizeof(steps))) continue;
        pare_sha256_add(&sha, steps, strlen(steps));
    }
    pare_sha256_end(&sha, c->data.sha256);
}

static void describe(chosen *c)
{
    const pare_shared *s = c->shared;
    pare_dataset *d = &c->data;
    d->self = c;
    d->n_inputs = s->n_feeds;
    d->inputs = s->names;
    d->has_batch = s->has_batch;
    d->has_labels = s->labels.classes || s->labels.has_rows;
    d->metric = s->desc.n_metrics ? s->desc.metrics[0].name : NULL;
    d->metrics = s->desc.metrics;
    d->n_metrics = s->desc.n_metrics;
    d->output = s->desc.output;
    d->counts = (pare_dataset_counts){ s->first->n, s->distinct.n_duplicates,
                                       s->distinct.n_conflicts };
    d->golden_sample = s->desc.golden_sample;
    d->load = data_load;
    d->label = data_label;
    d->labels = s->labels.has_rows ? data_labels : NULL;
    d->expected = s->first->kind->expected ? data_expected : NULL;
    d->golden = s->desc.golden_sample ? data_golden : NULL;
    d->name = data_name;
    d->row = data_row;
}

/* Takes one reference of the caller's to shared, also on failure. */
static pare_status choose(pare_ctx *ctx, pare_dataset **out, pare_shared *shared,
                          const pare_data_choice *choice)
{
    chosen *c = pare_alloc_zero(ctx, sizeof(*c));
    *out = NULL;
    if (!c) {
        if (atomic_fetch_sub(&shared->refs, 1) == 1) {
            pare_shared_close(ctx, shared);
            pare_free(ctx, shared);
        }
        return pare_fail_memory(ctx, sizeof(*c));
    }
    c->shared = shared;
    describe(c);
    pare_status st = choose_rows(ctx, c, choice);
    if (!st) st = hash_choice(ctx, c);
    if (!st) digest_choice(c);
    if (st) pare_data_close(ctx, &c->data);
    else *out = &c->data;
    return st;
}

pare_status pare_data_choose(pare_ctx *ctx, pare_dataset **out, const pare_dataset *from,
                             const pare_data_choice *choice)
{
    const chosen *c = from->self;
    atomic_fetch_add(&c->shared->refs, 1);
    return choose(ctx, out, c->shared, choice);
}

/* Makes c the same choice with other steps. */
static pare_status vary(pare_ctx *ctx, chosen *c, const chosen *from, size_t input,
                        const pare_preprocess *steps)
{
    const pare_data_feed *const feed = &from->shared->feeds[input];
    c->rows = pare_alloc(ctx, (size_t)(from->data.n + 1) * sizeof(*c->rows));
    c->other = pare_alloc_zero(ctx, sizeof(*c->other));
    if (!c->rows || !c->other)
        return pare_fail_memory(ctx, (size_t)(from->data.n + 1) * sizeof(*c->rows));
    memcpy(c->rows, from->rows, (size_t)from->data.n * sizeof(*c->rows));
    c->data.n = from->data.n;
    c->data.content_hash = from->data.content_hash;
    memcpy(c->data.sha256, from->data.sha256, sizeof(c->data.sha256));
    c->other_at = input;
    c->other_steps = *steps;
    c->other_desc = *feed->desc;
    c->other_desc.preprocess = &c->other_steps;
    *c->other = *feed;
    c->other->desc = c->other->source.desc = &c->other_desc;
    return PARE_OK;
}

pare_status pare_data_variant(pare_ctx *ctx, pare_dataset **out, const pare_dataset *from,
                              size_t input, const pare_preprocess *steps)
{
    const chosen *const base = from->self;
    *out = NULL;
    if (input >= base->shared->n_feeds || !base->shared->feeds[input].source.kind)
        return pare_fail(ctx, PARE_EUSAGE, "input %zu is not made from a source", input);
    chosen *const c = pare_alloc_zero(ctx, sizeof(*c));
    if (!c) return pare_fail_memory(ctx, sizeof(*c));
    atomic_fetch_add(&base->shared->refs, 1);
    c->shared = base->shared;
    describe(c);
    const pare_status st = vary(ctx, c, base, input, steps);
    if (st) pare_data_close(ctx, &c->data);
    else *out = &c->data;
    return st;
}

pare_data_facts pare_data_facts_of(const pare_dataset *data, size_t input)
{
    const chosen *const c = data->self;
    const pare_data_feed *const feed = c->other && c->other_at == input ? c->other
                                                                       : &c->shared->feeds[input];
    return (pare_data_facts){ .format = feed->source.kind ? feed->source.format : NULL,
                              .steps = feed->desc->preprocess,
                              .label_offset = c->shared->desc.labels.offset };
}

/* --- opening and closing ---------------------------------------------------------------------- */

pare_status pare_data_open(pare_ctx *ctx, pare_dataset **out, const char *path,
                           const pare_data_opts *opts)
{
    static const pare_data_opts defaults;
    pare_shared *shared = pare_alloc_zero(ctx, sizeof(*shared));
    *out = NULL;
    if (!opts) opts = &defaults;
    if (!shared) return pare_fail_memory(ctx, sizeof(*shared));
    atomic_init(&shared->refs, 1);
    const pare_status st = pare_shared_open(ctx, shared, path, opts);
    if (!st) return choose(ctx, out, shared, &opts->choice);
    pare_shared_close(ctx, shared);
    pare_free(ctx, shared);
    return st;
}

void pare_data_close(pare_ctx *ctx, pare_dataset *data)
{
    if (!data) return;
    chosen *c = data->self;
    pare_free(ctx, c->rows);
    pare_free(ctx, c->other);
    if (atomic_fetch_sub(&c->shared->refs, 1) == 1) {
        pare_shared_close(ctx, c->shared);
        pare_free(ctx, c->shared);
    }
    pare_free(ctx, c);
}
