/* From rows of sources to the tensors that a model takes. */
#include "formats/dataset/fit.h"
#include "formats/dataset/shared.h"
#include "formats/npy.h"

#include <inttypes.h>
#include <string.h>

static pare_status preprocess(pare_ctx *ctx, const pare_data_feed *feed, pare_tensor **t)
{
    pare_tensor *made = NULL;
    const pare_dtype dtype = feed->want && feed->want->dtype ? feed->want->dtype : PARE_FLOAT;
    PARE_TRY(pare_preprocess_array(ctx, &made, feed->desc->preprocess, *t, dtype));
    pare_tensor_unref(*t);
    *t = made;
    return PARE_OK;
}

static pare_status fit(pare_ctx *ctx, const pare_data_feed *feed, const pare_source *source,
                       pare_tensor **t)
{
    if (feed->desc->preprocess && !source->is_fed) PARE_TRY(preprocess(ctx, feed, t));
    if (!source->is_fed)
        PARE_TRY(pare_fit_type(ctx, t, feed->want ? feed->want->dtype : PARE_DTYPE_UNDEFINED));
    if (!feed->want || source->is_whole) return PARE_OK;
    return pare_fit_shape(ctx, t, feed->want);
}

pare_status pare_data_feed_read(pare_ctx *ctx, const pare_data_feed *feed,
                                const pare_source *source, uint64_t row, pare_tensor **out)
{
    char name[PARE_MESSAGE_BYTES];
    pare_tensor *t = NULL;
    *out = NULL;
    PARE_TRY(source->kind->read(ctx, source, row,
                                feed->want ? feed->want->dtype : PARE_DTYPE_UNDEFINED, &t));
    const pare_status st = fit(ctx, feed, source, &t);
    if (!st) *out = t;
    else {
        pare_tensor_unref(t);
        pare_fail_in(ctx, st, "%s: ", pare_source_name(source, row, name, sizeof(name)));
    }
    return st;
}

/* --- constants -------------------------------------------------------------------------------- */

/* A number as one element of the type that the input has. */
static pare_status make_element(pare_ctx *ctx, pare_tensor **out, double value, pare_dtype dtype)
{
    static const int64_t one = 1;
    *out = NULL;
    PARE_TRY(pare_tensor_from(ctx, out, PARE_DOUBLE, 1, &one, &value));
    const pare_status st = pare_fit_type(ctx, out, dtype);
    if (st) {
        pare_tensor_unref(*out);
        *out = NULL;
    }
    return st;
}

/* Repeats one element in the input's shape, in which the first dim counts samples when it is
 * open. */
static pare_status fill(pare_ctx *ctx, pare_data_feed *feed, const pare_tensor *element)
{
    const pare_data_input *want = feed->want;
    int64_t dims[PARE_MAX_DIMS];
    uint8_t *data = NULL;
    for (uint32_t d = 0; d < want->rank; d++) {
        dims[d] = want->dims[d] < 0 && d == 0 ? 1 : want->dims[d];
        if (dims[d] < 0)
            return pare_fail(ctx, PARE_EFORMAT, "%sinput '%s': its dim %" PRIu32 " is open; give "
                             "{constant: FILE.npy}, or its size by --dim", feed->desc->at,
                             want->name, d);
    }
    feed->has_batch = want->rank && want->dims[0] < 0;
    PARE_TRY(pare_tensor_new(ctx, &feed->constant, element->dtype, want->rank, dims));
    PARE_TRY(pare_tensor_own(ctx, &feed->constant, &data));
    const size_t n = element->payload.n;
    for (int64_t i = 0; i < feed->constant->n_elements; i++)
        memcpy(data + (size_t)i * n, element->payload.data, n);
    return PARE_OK;
}

static pare_status fill_value(pare_ctx *ctx, pare_data_feed *feed)
{
    pare_tensor *element = NULL;
    if (!feed->want || !feed->want->has_shape)
        return pare_fail(ctx, PARE_EFORMAT, "%sinput '%s': its shape is not known without a model; "
                         "give {constant: FILE.npy}", feed->desc->at, feed->desc->name);
    if (pare_dtype_of(feed->want->dtype)->bits % 8)
        return pare_fail(ctx, PARE_EUNSUPPORTED, "%sinput '%s': a number cannot fill a tensor of "
                         "%s", feed->desc->at, feed->desc->name,
                         pare_dtype_name(feed->want->dtype));
    pare_status st = make_element(ctx, &element, feed->desc->value, feed->want->dtype);
    if (st) return pare_fail_in(ctx, st, "%sinput '%s': ", feed->desc->at, feed->desc->name);
    st = fill(ctx, feed, element);
    pare_tensor_unref(element);
    return st;
}

static pare_status fill_file(pare_ctx *ctx, pare_data_feed *feed)
{
    const pare_data_input *want = feed->want;
    const pare_dtype as = want ? want->dtype : PARE_DTYPE_UNDEFINED;
    pare_status st = pare_npy_read(ctx, &feed->constant, feed->desc->path, as);
    if (st) return pare_fail_in(ctx, st, "%s", feed->desc->at);
    st = pare_fit_type(ctx, &feed->constant, as);
    bool fits = !want || !want->has_shape || want->rank == feed->constant->rank;
    for (uint32_t d = 0; !st && want && want->has_shape && fits && d < want->rank; d++)
        fits = want->dims[d] < 0 || want->dims[d] == feed->constant->dims[d];
    if (!st && !fits) {
        char wanted[200], found[200];
        st = pare_fail(ctx, PARE_EFORMAT, "input '%s' takes %s, found %s", want->name,
                       pare_dims_text(wanted, sizeof(wanted), want->rank, want->dims),
                       pare_dims_text(found, sizeof(found), feed->constant->rank,
                                      feed->constant->dims));
    }
    return st ? pare_fail_in(ctx, st, "%s%s: ", feed->desc->at, feed->desc->path) : st;
}

pare_status pare_data_feed_fill(pare_ctx *ctx, pare_data_feed *feed)
{
    return feed->desc->fill == PARE_FILL_VALUE ? fill_value(ctx, feed) : fill_file(ctx, feed);
}

/* --- the golden sample ------------------------------------------------------------------------ */

/* A file that is one sample of what a feed reads. */
static pare_status read_golden(pare_ctx *ctx, pare_shared *s, const pare_data_feed *feed,
                               pare_tensor **out)
{
    pare_source one = { .desc = feed->desc, .want = feed->want, .want_name = feed->source.want_name,
                        .index = feed->source.index };
    PARE_TRY(pare_shared_files(ctx, s, s->desc.golden_sample, &one.files));
    PARE_TRY(pare_source_open(ctx, &one));
    pare_status st = PARE_OK;
    if (one.n != 1)
        st = pare_fail(ctx, PARE_EFORMAT, "%s: expected one sample as golden, found %" PRIu64,
                       s->desc.golden_sample, one.n);
    if (!st) st = pare_data_feed_read(ctx, feed, &one, 0, out);
    pare_source_close(ctx, &one);
    return st;
}

pare_status pare_shared_golden(pare_ctx *ctx, pare_shared *s, pare_tensor **out,
                               pare_tensor **output)
{
    pare_status st = pare_npy_read(ctx, output, s->desc.golden_output, PARE_DTYPE_UNDEFINED);
    for (size_t i = 0; i < s->n_feeds; i++) out[i] = NULL;
    for (size_t i = 0; !st && i < s->n_feeds; i++) {
        const pare_data_feed *feed = &s->feeds[i];
        if (feed->constant) out[i] = pare_tensor_ref(feed->constant);
        else st = read_golden(ctx, s, feed, &out[i]);
    }
    if (!st) return PARE_OK;
    for (size_t i = 0; i < s->n_feeds; i++) pare_tensor_unref(out[i]);
    pare_tensor_unref(*output);
    *output = NULL;
    return st;
}
