#include "op/sample.h"

#include "op/wide.h"

#include <inttypes.h>

static void fill_normal(pare_dtype dtype, uint8_t *data, int64_t n, pare_rng *rng)
{
    double block[PARE_WIDE_BLOCK];
    for (int64_t at = 0; at < n; at += PARE_WIDE_BLOCK) {
        const int64_t m = n - at < PARE_WIDE_BLOCK ? n - at : PARE_WIDE_BLOCK;
        for (int64_t i = 0; i < m; i++) block[i] = pare_rng_normal(rng);
        pare_wide_store_as(PARE_WIDE_F64, PARE_STORE_DEFAULT, dtype, data, at, m, block);
    }
}

/* bits: how many of each random number are kept; the store wraps them to the type. */
static void fill_bits(pare_dtype dtype, uint8_t *data, int64_t n, unsigned bits, pare_rng *rng)
{
    int64_t block[PARE_WIDE_BLOCK];
    for (int64_t at = 0; at < n; at += PARE_WIDE_BLOCK) {
        const int64_t m = n - at < PARE_WIDE_BLOCK ? n - at : PARE_WIDE_BLOCK;
        for (int64_t i = 0; i < m; i++) block[i] = (int64_t)(pare_rng_next(rng) >> (64 - bits));
        pare_wide_store_as(PARE_WIDE_I64, PARE_STORE_DEFAULT, dtype, data, at, m, block);
    }
}

static pare_status sample_strings(pare_ctx *ctx, pare_tensor **out, uint32_t rank,
                                  const int64_t *dims, int64_t n, pare_rng *rng)
{
    static const char letters[] = "abcdefghij";
    pare_buf *buf = NULL;
    if ((uint64_t)n > SIZE_MAX / sizeof(pare_bytes)) return pare_fail_memory(ctx, SIZE_MAX);
    PARE_TRY(pare_buf_new(ctx, &buf, (uint64_t)n * sizeof(pare_bytes)));
    pare_bytes *strings = (void *)buf->data;
    for (int64_t i = 0; i < n; i++)
        strings[i] = (pare_bytes){ (const uint8_t *)letters + pare_rng_next(rng) % 10, 1 };
    const pare_status st = pare_tensor_wrap_strings(ctx, out, rank, dims, strings, buf);
    pare_buf_unref(buf);
    return st;
}

pare_status pare_sample_tensor(pare_ctx *ctx, pare_tensor **out, pare_dtype dtype, uint32_t rank,
                               const int64_t *dims, pare_rng *rng)
{
    int64_t n = 0;
    uint8_t *data = NULL;
    const pare_dtype_info *info = pare_dtype_of(dtype);
    *out = NULL;
    PARE_TRY(pare_tensor_count(ctx, &n, rank, dims));
    if (dtype == PARE_STRING) return sample_strings(ctx, out, rank, dims, n, rng);
    PARE_TRY(pare_tensor_new(ctx, out, dtype, rank, dims));
    const pare_status st = pare_tensor_own(ctx, out, &data);
    if (st) {
        pare_tensor_unref(*out);
        *out = NULL;
        return st;
    }
    if (dtype == PARE_COMPLEX64) fill_normal(PARE_FLOAT, data, 2 * n, rng);
    else if (dtype == PARE_COMPLEX128) fill_normal(PARE_DOUBLE, data, 2 * n, rng);
    else if (info->class == PARE_CLASS_FLOAT) fill_normal(dtype, data, n, rng);
    else fill_bits(dtype, data, n, info->bits <= 16 && dtype != PARE_BOOL ? info->bits : 1, rng);
    return PARE_OK;
}

/* --- shapes ----------------------------------------------------------------------------------- */

typedef struct sampler {
    pare_ctx *ctx;
    const pare_model *model;
    const pare_sample_opts *opts;
    pare_eval_input *inputs;
    size_t n;
} sampler;

static const pare_input_shape *told_shape(const sampler *s, const char *name)
{
    const pare_infer_opts *o = s->opts->shapes;
    for (size_t i = 0; o && i < o->n_inputs; i++)
        if (pare_str_eq(o->inputs[i].name, name)) return &o->inputs[i];
    return NULL;
}

static bool is_given(const sampler *s, const char *name)
{
    for (size_t i = 0; i < s->opts->n_given; i++)
        if (pare_str_eq(s->opts->given[i].name, name)) return true;
    return false;
}

/* The size that a declared type gives a symbol when the value has these dims. */
static bool find_symbol(const pare_type *type, uint32_t rank, const int64_t *dims,
                        const char *symbol, int64_t *out)
{
    if (!type || type->kind != PARE_TYPE_TENSOR || !type->has_shape || type->rank != rank)
        return false;
    for (uint32_t i = 0; i < rank; i++) {
        const pare_dim *d = &type->dims[i];
        if (d->kind != PARE_DIM_PARAM || !pare_str_eq(d->param, symbol)) continue;
        *out = dims[i];
        return true;
    }
    return false;
}

static const pare_type *type_of_input(const sampler *s, const char *name)
{
    const pare_value_id id = pare_graph_find(s->model->graph, name);
    return id == PARE_NONE ? NULL : s->model->values[id].type;
}

/* What a symbol stands for, by --dim, by a given input, by --shape; false: nothing says. */
static bool told_symbol(const sampler *s, const char *symbol, int64_t *out)
{
    const pare_infer_opts *o = s->opts->shapes;
    for (const pare_binding *b = o ? o->dims : NULL; b && b->name; b++)
        if (pare_str_eq(b->name, symbol)) {
            *out = b->value;
            return true;
        }
    for (size_t i = 0; i < s->opts->n_given; i++) {
        const pare_eval_input *in = &s->opts->given[i];
        if (in->datum.kind == PARE_TYPE_TENSOR &&
            find_symbol(type_of_input(s, in->name), in->datum.tensor->rank, in->datum.tensor->dims,
                        symbol, out)) return true;
    }
    for (size_t i = 0; o && i < o->n_inputs; i++)
        if (find_symbol(type_of_input(s, o->inputs[i].name), o->inputs[i].rank, o->inputs[i].dims,
                        symbol, out)) return true;
    return false;
}

/* Whether an earlier input that is sampled has this symbol, and so was warned about. */
static bool is_told_before(const sampler *s, const char *name, uint32_t at, const char *symbol)
{
    const pare_decls *inputs = &s->model->graph->inputs;
    for (size_t i = 0; i < inputs->n; i++) {
        const pare_value *v = &s->model->values[inputs->items[i].value];
        const bool here = pare_str_eq(v->name, name);
        const pare_type *t = v->type;
        if (!here && (v->tensor || v->sparse || is_given(s, v->name))) continue;
        for (uint32_t d = 0; t && t->has_shape && d < (here ? at : t->rank); d++)
            if (t->dims[d].kind == PARE_DIM_PARAM && pare_str_eq(t->dims[d].param, symbol))
                return true;
        if (here) return false;
    }
    return false;
}

static int64_t size_of(const sampler *s, const char *name, const pare_type *type, uint32_t i)
{
    const pare_dim *d = &type->dims[i];
    int64_t size = 1;
    const bool has_symbol = d->kind == PARE_DIM_PARAM && *d->param;
    if (d->kind == PARE_DIM_VALUE) return d->value;
    if (has_symbol && told_symbol(s, d->param, &size)) return size;
    if (s->opts->quiet) return 1;
    if (!has_symbol)
        pare_warn(s->ctx, "input '%s': dimension %" PRIu32
                  " is not known and taken as 1; --shape gives it", name, i);
    else if (!is_told_before(s, name, i, d->param))
        pare_warn(s->ctx, "dimension '%s' (input '%s') is taken as 1; --dim %s=N gives it",
                  d->param, name, d->param);
    return 1;
}

/* --- values ----------------------------------------------------------------------------------- */

static pare_status sample_value(sampler *s, pare_datum *out, const char *name,
                                const pare_type *type, pare_rng *rng)
{
    const pare_input_shape *told = told_shape(s, name);
    int64_t dims[PARE_MAX_DIMS];
    if (type && type->kind == PARE_TYPE_SEQUENCE) {
        out->items = pare_alloc_zero(s->ctx, sizeof(*out->items));
        if (!out->items) return pare_fail_memory(s->ctx, sizeof(*out->items));
        out->kind = PARE_TYPE_SEQUENCE;
        out->n_items = 1;
        return sample_value(s, &out->items[0], name, type->elem, rng);
    }
    if (!type || type->kind != PARE_TYPE_TENSOR || !type->dtype)
        return pare_fail(s->ctx, type && type->kind != PARE_TYPE_TENSOR ? PARE_EUNSUPPORTED
                                                                        : PARE_EUSAGE,
                         "input '%s': expected a tensor type to make random data for; "
                         "give data with --input", name);
    if (!told && !type->has_shape)
        return pare_fail(s->ctx, PARE_EUSAGE,
                         "input '%s': the model does not say how many dimensions it has; "
                         "--shape %s=DIMS gives them", name, name);
    const uint32_t rank = told ? told->rank : type->rank;
    for (uint32_t i = 0; i < rank; i++) dims[i] = told ? told->dims[i] : size_of(s, name, type, i);
    PARE_TRY(pare_sample_tensor(s->ctx, &out->tensor, type->dtype, rank, dims, rng));
    out->kind = PARE_TYPE_TENSOR;
    return PARE_OK;
}

static pare_status sample_all(sampler *s)
{
    const pare_decls *inputs = &s->model->graph->inputs;
    for (size_t i = 0; i < inputs->n; i++) {
        const pare_value *v = &s->model->values[inputs->items[i].value];
        const bool is_optional = v->type && v->type->kind == PARE_TYPE_OPTIONAL;
        if (v->tensor || v->sparse || is_optional || is_given(s, v->name)) continue;
        pare_eval_input *in = &s->inputs[s->n++];
        in->name = v->name;
        pare_rng rng = pare_rng_named(s->opts->seed, v->name);
        PARE_TRY(sample_value(s, &in->datum, v->name, v->type, &rng));
    }
    return PARE_OK;
}

void pare_sample_free(pare_ctx *ctx, pare_eval_input *inputs, size_t n)
{
    for (size_t i = 0; i < n; i++) pare_datum_drop(ctx, &inputs[i].datum);
    pare_free(ctx, inputs);
}

pare_status pare_sample_inputs(pare_ctx *ctx, pare_eval_input **out, size_t *n,
                               const pare_model *model, const pare_sample_opts *opts)
{
    sampler s = { .ctx = ctx, .model = model, .opts = opts };
    const size_t n_bytes = (model->graph->inputs.n + 1) * sizeof(*s.inputs);
    *out = NULL;
    *n = 0;
    s.inputs = pare_alloc_zero(ctx, n_bytes);
    if (!s.inputs) return pare_fail_memory(ctx, n_bytes);
    const pare_status st = sample_all(&s);
    if (st) {
        pare_sample_free(ctx, s.inputs, s.n);
        return st;
    }
    *out = s.inputs;
    *n = s.n;
    return PARE_OK;
}
