#include "op/strings.h"

#include "op/costs.h"
#include "op/shape.h"

#include <inttypes.h>

/* Operators on strings, and ImageDecoder. */

static pare_status get_strings(pare_ctx *ctx, const pare_call *call, const char *name,
                               const pare_attr **out)
{
    *out = pare_call_attr(call, name);
    if (!*out || (*out)->type == PARE_ATTR_STRINGS) return PARE_OK;
    return pare_call_fail(ctx, call, "attribute '%s': expected type strings, found %s", name,
                          pare_attr_type_name((*out)->type));
}

static pare_status concat_infer(pare_ctx *ctx, pare_infer_io *io)
{
    return pare_broadcast(ctx, io, PARE_STRING, io->in, io->n_in, &io->out[0]);
}

static pare_status normalizer_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    static const char *const words[] = { "NONE", "LOWER", "UPPER", NULL };
    pare_string_normalizer_params *p = params;
    PARE_TRY(pare_get_word(ctx, call, "case_change_action", words, PARE_CASE_NONE,
                           &p->case_change));
    PARE_TRY(pare_get_flag(ctx, call, "is_case_sensitive", false, &p->is_case_sensitive));
    PARE_TRY(pare_get_text(ctx, call, "locale", &p->locale));
    return get_strings(ctx, call, "stopwords", &p->stopwords);
}

/* [C] or [1, C], without the stop words; without any, all stay (but none becomes one). */
static pare_status normalizer_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_string_normalizer_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    pare_num *dims = NULL;
    io->out[0] = pare_info_unranked(PARE_STRING);
    PARE_TRY(pare_need_rank(ctx, io, 0, 1, 2));
    if (!pare_info_has_rank(x)) return PARE_OK;
    pare_num n = x->dims[x->rank - 1];
    if (p->stopwords || !pare_num_at_least(io->shapes->exprs, n, 1)) n = pare_num_unknown();
    io->out[0] = pare_info_ranked(io->shapes, PARE_STRING, x->rank, &dims);
    if (x->rank == 2) dims[0] = x->dims[0];
    dims[x->rank - 1] = n;
    return PARE_OK;
}

static pare_status split_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_string_split_params *p = params;
    p->has_max = pare_call_attr(call, "maxsplit") != NULL;
    PARE_TRY(pare_get_int(ctx, call, "maxsplit", 0, &p->max_split));
    return pare_get_text(ctx, call, "delimiter", &p->delimiter);
}

/* Parts along a new last axis, and how many there are of each string. */
static pare_status split_infer(pare_ctx *ctx, pare_infer_io *io)
{
    (void)ctx;
    const pare_info *x = pare_in(io, 0);
    pare_num *dims = NULL;
    pare_info parts = pare_info_unranked(PARE_STRING);
    pare_info counts = pare_info_unranked(PARE_INT64);
    if (pare_info_has_rank(x)) {
        parts = pare_info_ranked(io->shapes, PARE_STRING, x->rank + 1, &dims);
        for (uint32_t k = 0; k < x->rank; k++) dims[k] = x->dims[k];
        counts = pare_info_tensor(io->shapes, PARE_INT64, x->rank, x->dims);
    }
    io->out[0] = parts;
    if (io->n_out > 1) io->out[1] = counts;
    return PARE_OK;
}

static pare_status regex_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_regex_params *p = params;
    PARE_TRY(pare_need_attr(ctx, call, "pattern"));
    return pare_get_text(ctx, call, "pattern", &p->pattern);
}

static pare_status regex_infer(pare_ctx *ctx, pare_infer_io *io)
{
    io->out[0] = pare_info_unranked(PARE_BOOL);
    if (!pare_info_is_tensor(pare_in(io, 0))) return PARE_OK;
    PARE_TRY(pare_infer_same(ctx, io));
    io->out[0].dtype = PARE_BOOL;
    return PARE_OK;
}

static pare_status tf_idf_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    static const char *const words[] = { "TF", "IDF", "TFIDF", NULL };
    pare_tf_idf_params *p = params;
    PARE_TRY(pare_get_word(ctx, call, "mode", words, PARE_TF, &p->mode));
    PARE_TRY(pare_get_int(ctx, call, "min_gram_length", 1, &p->min_gram));
    PARE_TRY(pare_get_int(ctx, call, "max_gram_length", 1, &p->max_gram));
    PARE_TRY(pare_get_int(ctx, call, "max_skip_count", 0, &p->max_skip));
    PARE_TRY(pare_get_ints(ctx, call, "ngram_counts", &p->counts));
    PARE_TRY(pare_need_attr(ctx, call, "ngram_indexes"));
    PARE_TRY(pare_get_ints(ctx, call, "ngram_indexes", &p->indexes));
    PARE_TRY(pare_get_ints(ctx, call, "pool_int64s", &p->pool_ints));
    PARE_TRY(pare_get_floats(ctx, call, "weights", &p->weights));
    return get_strings(ctx, call, "pool_strings", &p->pool_strings);
}

/* [C] or [N, C] to one count per place that an n-gram has. */
static pare_status tf_idf_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_tf_idf_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    int64_t last = -1;
    pare_num dims[2] = { pare_num_unknown(), pare_num_unknown() };
    io->out[0] = pare_info_unranked(PARE_FLOAT);
    PARE_TRY(pare_need_rank(ctx, io, 0, 1, 2));
    for (uint32_t i = 0; i < p->indexes.n; i++)
        if (p->indexes.v[i] > last) last = p->indexes.v[i];
    if (last < 0 || last == INT64_MAX)
        return pare_call_fail(ctx, io->call,
                              "attribute 'ngram_indexes': expected places from 0 on, found "
                              "%" PRId64,
                              last);
    if (!pare_info_has_rank(x)) return PARE_OK;
    dims[x->rank - 1] = pare_num_int(last + 1);
    if (x->rank == 2) dims[0] = x->dims[0];
    io->out[0] = pare_info_tensor(io->shapes, PARE_FLOAT, x->rank, dims);
    return PARE_OK;
}

static pare_status image_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    static const char *const words[] = { "RGB", "BGR", "Grayscale", NULL };
    pare_image_decoder_params *p = params;
    int format = 0;
    PARE_TRY(pare_get_word(ctx, call, "pixel_format", words, 0, &format));
    p->bgr = format == 1;
    p->grayscale = format == 2;
    return PARE_OK;
}

static pare_status image_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_image_decoder_params *p = io->params;
    const pare_num dims[3] = { pare_num_unknown(), pare_num_unknown(),
                               pare_num_int(p->grayscale ? 1 : 3) };
    PARE_TRY(pare_need_rank(ctx, io, 0, 1, 1));
    io->out[0] = pare_info_tensor(io->shapes, PARE_UINT8, 3, dims);
    return PARE_OK;
}

const pare_op pare_op_string_concat = {
    .domain = "", .name = "StringConcat", .since = 20,
    .n_in = { 2, 2 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = concat_infer, .eval = pare_string_concat_eval,
    .cost = PARE_TODO(cost),
    .links = PARE_NA(links),
};

const pare_op pare_op_string_normalizer = {
    .domain = "", .name = "StringNormalizer", .since = 10,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_string_normalizer_params),
    .resolve = normalizer_resolve, .infer = normalizer_infer, .eval = pare_string_normalizer_eval,
    .cost = PARE_TODO(cost),
    .links = PARE_NA(links),
};

const pare_op pare_op_string_split = {
    .domain = "", .name = "StringSplit", .since = 20,
    .n_in = { 1, 1 }, .n_out = { 1, 2 },
    .params_bytes = sizeof(pare_string_split_params),
    .resolve = split_resolve, .infer = split_infer, .eval = pare_string_split_eval,
    .cost = PARE_TODO(cost),
    .links = PARE_NA(links),
};

const pare_op pare_op_regex_full_match = {
    .domain = "", .name = "RegexFullMatch", .since = 20,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_regex_params),
    .resolve = regex_resolve, .infer = regex_infer, .eval = pare_regex_full_match_eval,
    .cost = PARE_TODO(cost),
    .links = PARE_NA(links),
};

const pare_op pare_op_tf_idf_vectorizer = {
    .domain = "", .name = "TfIdfVectorizer", .since = 9,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_tf_idf_params),
    .resolve = tf_idf_resolve, .infer = tf_idf_infer, .eval = pare_tf_idf_eval,
    .cost = pare_tf_idf_cost,
    .links = PARE_NA(links),
};

const pare_op pare_op_image_decoder = {
    .domain = "", .name = "ImageDecoder", .since = 20,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_image_decoder_params),
    .resolve = image_resolve, .infer = image_infer, .eval = PARE_TODO(eval),
    .cost = PARE_TODO(cost),
    .links = PARE_NA(links),
};
