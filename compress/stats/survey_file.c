#include "stats/survey_file.h"

#include "base/map.h"
#include "ir/tensor.h"

#include <string.h>

static const char magic[8] = "parestat";

/* Keys of the hashes: any will do, as long as they stay. */
static const uint64_t keys[2] = { UINT64_C(0x7061726573746174), UINT64_C(0x7375727665792031) };

/* --- what it is of ---------------------------------------------------------------------------- */

static void mix(uint64_t *hash, const void *data, size_t n)
{
    const uint64_t key[2] = { keys[0] ^ *hash, keys[1] };
    *hash = pare_siphash13(key, data, n);
}

static void mix_text(uint64_t *hash, const char *text)
{
    mix(hash, text ? text : "", text ? strlen(text) : 0);
}

static pare_status mix_tensor(pare_ctx *ctx, uint64_t *hash, pare_tensor *t)
{
    pare_tensor *dense = NULL;
    mix(hash, t->dims, t->rank * sizeof(t->dims[0]));
    if (t->dtype == PARE_STRING) return PARE_OK;
    PARE_TRY(pare_tensor_densify(ctx, &dense, t));
    mix(hash, dense->payload.data, (size_t)pare_tensor_size_bytes(dense));
    pare_tensor_unref(dense);
    return PARE_OK;
}

static void mix_attr(uint64_t *hash, const pare_attr *a)
{
    mix_text(hash, a->name);
    if (a->type == PARE_ATTR_INT || a->type == PARE_ATTR_INTS)
        mix(hash, a->ints, a->n * sizeof(a->ints[0]));
    if (a->type == PARE_ATTR_FLOAT || a->type == PARE_ATTR_FLOATS)
        mix(hash, a->floats, a->n * sizeof(a->floats[0]));
}

pare_status pare_survey_model_hash(pare_ctx *ctx, uint64_t *out, const pare_model *model)
{
    *out = 0;
    for (pare_node_id id = model->graph->first_node; id != PARE_NONE; id = model->nodes[id].next) {
        const pare_node *n = &model->nodes[id];
        mix_text(out, n->op_type);
        for (uint32_t i = 0; i < n->n_inputs; i++) {
            const pare_value_id v = n->inputs[i].value;
            mix_text(out, v == PARE_NONE ? "" : model->values[v].name);
            if (v != PARE_NONE && model->values[v].tensor)
                PARE_TRY(mix_tensor(ctx, out, model->values[v].tensor));
        }
        for (uint32_t i = 0; i < n->n_outputs; i++)
            mix_text(out, n->outputs[i] == PARE_NONE ? "" : model->values[n->outputs[i]].name);
        for (uint32_t i = 0; i < n->n_attrs; i++) mix_attr(out, n->attrs[i]);
    }
    return PARE_OK;
}

pare_status pare_survey_data_hash(pare_ctx *ctx, uint64_t *out, const pare_dataset *data)
{
    const size_t n_bytes = (data->n_inputs + 1) * sizeof(pare_tensor *);
    pare_tensor **tensors = pare_alloc_zero(ctx, n_bytes);
    if (!tensors) return pare_fail_memory(ctx, n_bytes);
    *out = data->content_hash;
    mix(out, &data->n, sizeof(data->n));
    pare_status st = data->n ? data->load(data->self, ctx, 0, tensors) : PARE_OK;
    for (size_t i = 0; i < data->n_inputs; i++) {
        if (!st && tensors[i]) st = mix_tensor(ctx, out, tensors[i]);
        pare_tensor_unref(tensors[i]);
    }
    pare_free(ctx, tensors);
    *out |= !*out; /* 0 means none */
    return st;
}

/* --- writing ---------------------------------------------------------------------------------- */

typedef struct writer {
    uint8_t *data;            /* NULL: counts only */
    size_t n;
} writer;

static void put(writer *w, const void *data, size_t n)
{
    if (w->data) memcpy(w->data + w->n, data, n);
    w->n += n;
}

static void put_u64(writer *w, uint64_t x)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)(x >> 8 * i);
    put(w, bytes, 8);
}

static void put_float(writer *w, float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof(bits));
    put_u64(w, bits);
}

static void put_value(writer *w, const pare_model *model, const pare_survey_value *v)
{
    const pare_histogram *h = &v->histogram;
    const char *const name = model->values[v->item.value].name;
    const uint32_t used = pare_histogram_used(h);
    put_u64(w, strlen(name));
    put(w, name, strlen(name));
    put_u64(w, v->n_seen);
    put_u64(w, h->n);
    put_u64(w, h->n_bad);
    put_u64(w, h->n_zero);
    put_float(w, h->min);
    put_float(w, h->max);
    put_u64(w, (uint64_t)(int64_t)h->exponent);
    put_u64(w, (uint64_t)(int64_t)h->first);
    put_u64(w, used);
    for (uint32_t b = 0; b < used; b++) put_u64(w, h->counts[b]);
}

static void put_all(writer *w, const pare_model *model, const pare_survey *const *surveys,
                    size_t n_surveys, const pare_survey_origin *origin)
{
    put(w, magic, sizeof(magic));
    put_u64(w, PARE_SURVEY_FILE_VERSION);
    put_u64(w, origin->model);
    put_u64(w, origin->data);
    put_u64(w, n_surveys);
    for (size_t s = 0; s < n_surveys; s++) {
        put_u64(w, surveys[s]->n_samples);
        put_u64(w, surveys[s]->n);
        for (size_t i = 0; i < surveys[s]->n; i++) put_value(w, model, &surveys[s]->values[i]);
    }
}

pare_status pare_survey_encode(pare_ctx *ctx, pare_buf **out, const pare_model *model,
                               const pare_survey *const *surveys, size_t n_surveys,
                               const pare_survey_origin *origin)
{
    writer w = { 0 };
    put_all(&w, model, surveys, n_surveys, origin);
    PARE_TRY(pare_buf_new(ctx, out, w.n + 8));
    w = (writer){ (*out)->data, 0 };
    put_all(&w, model, surveys, n_surveys, origin);
    put_u64(&w, pare_siphash13(keys, (*out)->data, w.n));
    return PARE_OK;
}

/* --- reading ---------------------------------------------------------------------------------- */

typedef struct reader {
    pare_ctx *ctx;
    const pare_model *model;
    const uint8_t *data;
    size_t n, at;
} reader;

static pare_status get(reader *r, const uint8_t **out, uint64_t n)
{
    if (n > r->n - r->at)
        return pare_fail(r->ctx, PARE_EFORMAT, "the statistics are damaged: they end at byte %zu",
                         r->n);
    *out = r->data + r->at;
    r->at += (size_t)n;
    return PARE_OK;
}

static pare_status get_u64(reader *r, uint64_t *out)
{
    const uint8_t *p = NULL;
    PARE_TRY(get(r, &p, 8));
    *out = 0;
    for (int i = 0; i < 8; i++) *out |= (uint64_t)p[i] << 8 * i;
    return PARE_OK;
}

static pare_status get_float(reader *r, float *out)
{
    uint64_t x = 0;
    PARE_TRY(get_u64(r, &x));
    const uint32_t bits = (uint32_t)x;
    memcpy(out, &bits, sizeof(bits));
    return PARE_OK;
}

static pare_status get_int(reader *r, int32_t *out)
{
    uint64_t x = 0;
    PARE_TRY(get_u64(r, &x));
    *out = (int32_t)(uint32_t)x;
    return PARE_OK;
}

static pare_status get_name(reader *r, pare_value_id *out)
{
    char name[1024];
    uint64_t n = 0;
    const uint8_t *text = NULL;
    PARE_TRY(get_u64(r, &n));
    PARE_TRY(get(r, &text, n));
    *out = PARE_NONE;
    if (n < sizeof(name)) {
        memcpy(name, text, (size_t)n);
        name[n] = '\0';
        *out = pare_graph_find(r->model->graph, name);
    }
    if (*out != PARE_NONE) return PARE_OK;
    return pare_fail(r->ctx, PARE_EFORMAT, "the statistics are of a value '%.*s', which the model "
                                           "does not have", (int)(n < 200 ? n : 200), text);
}

static pare_status get_value(reader *r, pare_survey_value *v)
{
    pare_histogram *h = &v->histogram;
    uint64_t used = 0, sum = 0;
    pare_histogram_init(h);
    v->item.axis = PARE_NO_AXIS;
    PARE_TRY(get_name(r, &v->item.value));
    PARE_TRY(get_u64(r, &v->n_seen));
    PARE_TRY(get_u64(r, &h->n));
    PARE_TRY(get_u64(r, &h->n_bad));
    PARE_TRY(get_u64(r, &h->n_zero));
    PARE_TRY(get_float(r, &h->min));
    PARE_TRY(get_float(r, &h->max));
    PARE_TRY(get_int(r, &h->exponent));
    PARE_TRY(get_int(r, &h->first));
    PARE_TRY(get_u64(r, &used));
    for (uint64_t b = 0; b < used && b < PARE_HISTOGRAM_BINS; b++) {
        PARE_TRY(get_u64(r, &h->counts[b]));
        if (h->counts[b] > h->n - sum) break;
        sum += h->counts[b];
    }
    if (sum != h->n || !pare_histogram_is_sound(h, used))
        return pare_fail(r->ctx, PARE_EFORMAT, "the statistics of '%s' contradict themselves",
                         r->model->values[v->item.value].name);
    return PARE_OK;
}

/* Each value takes 80 bytes at least: no count makes more memory than the file has. */
static pare_status get_survey(reader *r, pare_survey **out)
{
    uint64_t n_samples = 0, n = 0;
    PARE_TRY(get_u64(r, &n_samples));
    PARE_TRY(get_u64(r, &n));
    if (n > (r->n - r->at) / 80)
        return pare_fail(r->ctx, PARE_EFORMAT, "the statistics are damaged: they tell of %llu "
                                               "values and are too short for them",
                         (unsigned long long)n);
    pare_survey *s = *out = pare_alloc_zero(r->ctx, sizeof(*s));
    if (!s) return pare_fail_memory(r->ctx, sizeof(*s));
    s->n_samples = n_samples;
    s->values = pare_alloc_zero(r->ctx, ((size_t)n + 1) * sizeof(*s->values));
    if (!s->values) return pare_fail_memory(r->ctx, (size_t)n * sizeof(*s->values));
    s->n = (size_t)n;
    for (size_t i = 0; i < s->n; i++) PARE_TRY(get_value(r, &s->values[i]));
    return PARE_OK;
}

static pare_status check_origin(reader *r, const pare_survey_origin *want)
{
    uint64_t version = 0, model = 0, data = 0;
    PARE_TRY(get_u64(r, &version));
    if (version != PARE_SURVEY_FILE_VERSION)
        return pare_fail(r->ctx, PARE_EFORMAT,
                         "the statistics are of version %llu, expected %d: calibrate anew",
                         (unsigned long long)version, PARE_SURVEY_FILE_VERSION);
    PARE_TRY(get_u64(r, &model));
    PARE_TRY(get_u64(r, &data));
    if (model != want->model)
        return pare_fail(r->ctx, PARE_EFORMAT,
                         "the statistics are of another model, or of this one with other "
                         "corrections: remove the file, or name another");
    if (want->data && data != want->data)
        return pare_fail(r->ctx, PARE_EFORMAT,
                         "the statistics are of other data, or of other samples of them: remove "
                         "the file, or name another");
    return PARE_OK;
}

static pare_status decode(reader *r, pare_survey **out, size_t max_surveys,
                          const pare_survey_origin *origin)
{
    const uint8_t *head = NULL;
    uint64_t n = 0, sum = 0;
    if (r->n < 8 + sizeof(magic) || memcmp(r->data, magic, sizeof(magic)) != 0)
        return pare_fail(r->ctx, PARE_EFORMAT, "no statistics: expected a file that --stats wrote");
    reader tail = *r;
    tail.at = r->n -= 8;
    tail.n = r->n + 8;
    PARE_TRY(get_u64(&tail, &sum));
    if (sum != pare_siphash13(keys, r->data, r->n))
        return pare_fail(r->ctx, PARE_EFORMAT, "the statistics are damaged: their check sum is "
                                               "another");
    PARE_TRY(get(r, &head, sizeof(magic)));
    PARE_TRY(check_origin(r, origin));
    PARE_TRY(get_u64(r, &n));
    if (!n || n > max_surveys)
        return pare_fail(r->ctx, PARE_EFORMAT, "the statistics have %llu parts, expected 1 to %zu",
                         (unsigned long long)n, max_surveys);
    for (size_t i = 0; i < n; i++) PARE_TRY(get_survey(r, &out[i]));
    return PARE_OK;
}

pare_status pare_survey_decode(pare_ctx *ctx, pare_survey **out, size_t max_surveys,
                               const void *bytes, size_t n_bytes, const pare_model *model,
                               const pare_survey_origin *origin)
{
    reader r = { ctx, model, bytes, n_bytes, 0 };
    for (size_t i = 0; i < max_surveys; i++) out[i] = NULL;
    const pare_status st = decode(&r, out, max_surveys, origin);
    for (size_t i = 0; st && i < max_surveys; i++) {
        pare_survey_free(ctx, out[i]);
        out[i] = NULL;
    }
    return st;
}
