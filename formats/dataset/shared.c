#include "formats/dataset/shared.h"

#include "base/nearest.h"
#include "formats/dataset/fit.h"

#include <inttypes.h>
#include <string.h>

/* --- the model's inputs ----------------------------------------------------------------------- */

static pare_status copy_wants(pare_ctx *ctx, pare_shared *s, const pare_data_opts *opts)
{
    pare_arena *arena = &s->desc.arena;
    s->wants = pare_arena_array(arena, opts->n_inputs, sizeof(*s->wants));
    if (!s->wants) return pare_arena_fail(ctx, arena);
    for (size_t i = 0; i < opts->n_inputs; i++) {
        pare_data_input *w = &s->wants[i];
        *w = opts->inputs[i];
        w->name = pare_arena_str(arena, w->name);
        w->dims = pare_arena_copy(arena, w->dims, w->rank * sizeof(*w->dims));
        if (!w->name || !w->dims) return pare_arena_fail(ctx, arena);
    }
    s->n_wants = opts->n_inputs;
    return PARE_OK;
}

/* A path that stands for several inputs at once: arrays or test vectors that go by the model. */
static pare_status spread_only_input(pare_ctx *ctx, pare_shared *s)
{
    pare_input_desc *inputs = pare_arena_array(&s->desc.arena, s->n_wants, sizeof(*inputs));
    if (!inputs) return pare_arena_fail(ctx, &s->desc.arena);
    for (size_t i = 0; i < s->n_wants; i++) {
        inputs[i] = s->desc.inputs[0];
        inputs[i].name = s->wants[i].name;
    }
    s->desc.inputs = inputs;
    s->desc.n_inputs = s->n_wants;
    return PARE_OK;
}

/* Whether a source has more than one array in it, so that it may feed several inputs. */
static bool may_spread(const pare_files *files)
{
    for (size_t i = 0; i < files->n; i++)
        if (!pare_path_ends(files->items[i].path, "npy") &&
            !pare_path_ends(files->items[i].path, "pb")) return false;
    return files->kind != PARE_FILES_SINGLE;
}

static pare_status match_input(pare_ctx *ctx, pare_shared *s, pare_data_feed *feed)
{
    pare_nearest nearest = { .word = feed->desc->name };
    if (!s->n_wants) return PARE_OK;
    if (!feed->desc->name[0] && s->n_wants == 1) {
        feed->want = &s->wants[0];
        return PARE_OK;
    }
    for (size_t i = 0; i < s->n_wants; i++) {
        if (pare_str_eq(s->wants[i].name, feed->desc->name)) {
            feed->want = &s->wants[i];
            return PARE_OK;
        }
        pare_nearest_try(&nearest, s->wants[i].name);
    }
    if (!feed->desc->name[0])
        return pare_fail(ctx, PARE_EFORMAT, "%sthe model has %zu inputs, '%s' the first: name each "
                         "below 'inputs'", feed->desc->at, s->n_wants, s->wants[0].name);
    return pare_fail(ctx, PARE_EFORMAT, "%sthe model has no input '%s'%s%s%s", feed->desc->at,
                     feed->desc->name, nearest.name ? "; did you mean '" : "",
                     pare_str_or_empty(nearest.name), nearest.name ? "'?" : "");
}

static pare_status check_all_fed(pare_ctx *ctx, const pare_shared *s)
{
    for (size_t i = 0; i < s->n_wants; i++) {
        bool fed = false;
        for (size_t k = 0; k < s->n_feeds; k++) fed |= s->feeds[k].want == &s->wants[i];
        if (!fed)
            return pare_fail(ctx, PARE_EFORMAT, "%sthe model's input '%s' has no data: add it "
                             "below 'inputs', e.g. \"%s: zeros\"", s->desc.inputs[0].at,
                             s->wants[i].name, s->wants[i].name);
    }
    return PARE_OK;
}

/* --- sources ---------------------------------------------------------------------------------- */

pare_status pare_shared_files(pare_ctx *ctx, pare_shared *s, const char *path, pare_files **out)
{
    for (size_t i = 0; i < s->n_opened; i++)
        if (pare_str_eq(s->opened[i].path, path)) {
            *out = s->opened[i].files;
            return PARE_OK;
        }
    const pare_archive_limits limits = { .max_bytes = s->max_bytes };
    PARE_TRY(pare_grow(ctx, &s->opened, &s->cap_opened, s->n_opened + 1, sizeof(*s->opened)));
    PARE_TRY(pare_files_open(ctx, out, path, &limits));
    s->opened[s->n_opened++] = (pare_opened){ path, *out };
    return PARE_OK;
}

/* In an archive of arrays with no word about labels, an array of such a name. */
static const char *usual_labels(const pare_files *files)
{
    static const char *const names[] = { "labels", "label", "y" };
    for (size_t k = 0; files->kind == PARE_FILES_ARCHIVE && k < 3; k++)
        for (size_t i = 0; i < files->n; i++) {
            const char *const path = files->items[i].path;
            const size_t n = strlen(names[k]);
            if (strncmp(path, names[k], n) == 0 && pare_str_eq(path + n, ".npy")) return names[k];
        }
    return NULL;
}

/* MNIST's files of labels lie beside those of images. */
static pare_status guess_idx_labels(pare_ctx *ctx, pare_shared *s, const char *path)
{
    static const char images[] = "images-idx3-ubyte", labels[] = "labels-idx1-ubyte";
    const char *const at = strstr(path, images);
    pare_files *files = NULL;
    if (!at) return PARE_OK;
    char *guess = pare_arena_str(&s->desc.arena, path);
    if (!guess) return pare_arena_fail(ctx, &s->desc.arena);
    memcpy(guess + (at - path), labels, sizeof(labels) - 1);
    const pare_status st = pare_files_open(ctx, &files, guess, NULL);
    pare_files_close(ctx, files);
    if (st == PARE_ENOMEM) return st;
    if (!st) s->desc.labels.text = s->desc.labels.path = guess;
    return PARE_OK;
}

static pare_status open_source(pare_ctx *ctx, pare_shared *s, size_t i)
{
    pare_data_feed *feed = &s->feeds[i];
    pare_source *source = &feed->source;
    int64_t dims[PARE_MAX_DIMS + 1];
    uint32_t rank = 0;
    *source = (pare_source){ .desc = feed->desc, .want = feed->want, .index = i,
                             .labels_key = s->desc.labels.text,
                             .want_name = feed->want ? feed->want->name : feed->desc->name };
    if (feed->want) source->index = (size_t)(feed->want - s->wants);
    const pare_status st = pare_shared_files(ctx, s, feed->desc->path, &source->files);
    if (st) return feed->desc->at[0] ? pare_fail_in(ctx, st, "%s", feed->desc->at) : st;
    if (!source->labels_key && s->desc.is_direct) {
        source->labels_key = usual_labels(source->files);
        if (source->labels_key) s->desc.labels.text = s->desc.labels.path = source->labels_key;
        else PARE_TRY(guess_idx_labels(ctx, s, feed->desc->path));
    }
    PARE_TRY(pare_source_open(ctx, source));
    feed->has_batch = !source->is_whole;
    if (feed->has_batch && source->has_dims && feed->want)
        (void)pare_fit_dims(feed->want, source->rank, source->dims, &rank, dims, &feed->has_batch);
    if (feed->has_batch && !source->has_dims && feed->want && feed->want->has_shape)
        feed->has_batch = feed->want->rank != 3 || !source->is_fed;
    return PARE_OK;
}

static pare_status open_feeds(pare_ctx *ctx, pare_shared *s)
{
    pare_files *files = NULL;
    if (s->desc.n_inputs == 1 && !s->desc.inputs[0].name[0] && s->n_wants > 1) {
        PARE_TRY(pare_shared_files(ctx, s, s->desc.inputs[0].path, &files));
        if (may_spread(files)) PARE_TRY(spread_only_input(ctx, s));
    }
    const size_t n = s->desc.n_inputs;
    s->feeds = pare_arena_array(&s->desc.arena, n, sizeof(*s->feeds));
    s->names = pare_arena_array(&s->desc.arena, n, sizeof(*s->names));
    s->has_batch = pare_arena_array(&s->desc.arena, n, sizeof(*s->has_batch));
    if (!s->feeds || !s->names || !s->has_batch) return pare_arena_fail(ctx, &s->desc.arena);
    for (; s->n_feeds < n; s->n_feeds++) {
        const size_t i = s->n_feeds;
        pare_data_feed *feed = &s->feeds[i];
        feed->desc = &s->desc.inputs[i];
        PARE_TRY(match_input(ctx, s, feed));
        if (feed->desc->fill == PARE_FILL_SOURCE) PARE_TRY(open_source(ctx, s, i));
        else PARE_TRY(pare_data_feed_fill(ctx, feed));
        s->names[i] = feed->want ? feed->want->name : feed->desc->name;
        s->has_batch[i] = feed->has_batch;
        if (feed->source.kind && !s->first) s->first = &feed->source;
    }
    return check_all_fed(ctx, s);
}

/* --- content ---------------------------------------------------------------------------------- */

static pare_status check_counts(pare_ctx *ctx, const pare_shared *s)
{
    for (size_t i = 0; i < s->n_feeds; i++) {
        const pare_source *source = &s->feeds[i].source;
        if (source->kind && source->n != s->first->n)
            return pare_fail(ctx, PARE_EFORMAT, "%sexpected %" PRIu64 " samples as %s has, found "
                             "%" PRIu64 " in %s", source->desc->at, s->first->n,
                             s->first->files->shown, source->n, source->files->shown);
    }
    if (!s->first->n)
        return pare_fail(ctx, PARE_EFORMAT, "%s%s: there are no samples in it", s->first->desc->at,
                         s->first->files->shown);
    if (s->first->n > UINT32_MAX)
        return pare_fail(ctx, PARE_EUNSUPPORTED, "%s: expected fewer than 2^32 samples",
                         s->first->files->shown);
    return PARE_OK;
}

/* One hash of all inputs that are made from sources. */
static pare_status hash_samples(pare_ctx *ctx, pare_shared *s)
{
    const size_t n = (size_t)s->first->n, n_bytes = n * sizeof(*s->hashes);
    pare_hash128 *more = NULL;
    pare_status st = PARE_OK;
    s->hashes = pare_alloc(ctx, n_bytes);
    if (!s->hashes) return pare_fail_memory(ctx, n_bytes);
    PARE_TRY(s->first->kind->hash(ctx, s->first, s->hashes));
    for (size_t i = 0; !st && i < s->n_feeds; i++) {
        const pare_source *source = &s->feeds[i].source;
        if (!source->kind || source == s->first) continue;
        if (!more) more = pare_alloc(ctx, n_bytes);
        st = more ? source->kind->hash(ctx, source, more) : pare_fail_memory(ctx, n_bytes);
        for (size_t k = 0; !st && k < n; k++) {
            const pare_hash128 both[] = { s->hashes[k], more[k] };
            s->hashes[k] = pare_hash128_of(both, sizeof(both));
        }
    }
    pare_free(ctx, more);
    return st;
}

static void tell_duplicates(pare_ctx *ctx, const pare_shared *s)
{
    const pare_distinct *d = &s->distinct;
    if (!d->n_duplicates) return;
    pare_warn(ctx, "%s: %" PRIu64 " of %" PRIu64 " samples are equal to another one and were left "
              "out", s->first->files->shown, d->n_duplicates, s->first->n);
    if (d->n_conflicts)
        pare_warn(ctx, "%s: %" PRIu64 " of them have another label than the one that stayed",
                  s->first->files->shown, d->n_conflicts);
}

pare_status pare_shared_open(pare_ctx *ctx, pare_shared *s, const char *path,
                             const pare_data_opts *opts)
{
    s->max_bytes = opts->max_bytes;
    PARE_TRY(pare_data_describe(ctx, &s->desc, path));
    if (opts->n_inputs) PARE_TRY(copy_wants(ctx, s, opts));
    PARE_TRY(open_feeds(ctx, s));
    PARE_TRY(check_counts(ctx, s));
    PARE_TRY(pare_labels_read(ctx, &s->labels, &s->desc.labels, s->first, opts->n_classes));
    PARE_TRY(hash_samples(ctx, s));
    PARE_TRY(pare_distinct_find(ctx, &s->distinct, s->hashes, s->labels.classes,
                                (size_t)s->first->n));
    tell_duplicates(ctx, s);
    return pare_distinct_split(ctx, &s->distinct, &s->desc, s->hashes, s->labels.classes,
                               s->first->n);
}

void pare_shared_close(pare_ctx *ctx, pare_shared *s)
{
    pare_distinct_free(ctx, &s->distinct);
    pare_free(ctx, s->hashes);
    pare_labels_free(ctx, &s->labels);
    for (size_t i = 0; s->feeds && i < s->desc.n_inputs; i++) {
        pare_source_close(ctx, &s->feeds[i].source);
        pare_tensor_unref(s->feeds[i].constant);
    }
    for (size_t i = 0; i < s->n_opened; i++) pare_files_close(ctx, s->opened[i].files);
    pare_free(ctx, s->opened);
    pare_data_desc_free(&s->desc);
}
