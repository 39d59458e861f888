#include "stats/layer_noise.h"

#include "op/wide.h"
#include "stats/evaluating.h"

#include <math.h>
#include <string.h>

/* A value of the model and the one of the same name of the reference, of the sample under way. The
 * reference runs first; its values are copied, and compared when the model's come by. */
typedef struct seen_value {
    pare_tensor *tensor;       /* of the reference, in ONNX's layout; NULL: not seen */
    pare_noise sums;
} seen_value;

/* What the observers of a worker work with. */
typedef struct watcher {
    const pare_noise_watch *watch;
    seen_value *values;        /* [n_rows] */
} watcher;

struct pare_noise_watch {
    pare_layer_noise *out;
    pare_value_id *kept[PARE_N_SIDES]; /* [n_rows] */
    uint32_t *row_of[PARE_N_SIDES];    /* by handle; UINT32_MAX: none */
    watcher *watchers;         /* [n_workers] */
    void **users;              /* [n_workers] the same */
    uint32_t n_workers;
};

/* --- comparing -------------------------------------------------------------------------------- */

/* Copies a value as it lies into row-major floats. */
static pare_status copy_value(pare_ctx *ctx, pare_tensor **out, const pare_observed *seen)
{
    uint8_t *to = NULL;
    if (!seen->data) {
        if (!seen->datum || seen->datum->kind != PARE_TYPE_TENSOR) return PARE_OK;
        *out = pare_tensor_ref(seen->datum->tensor);
        return PARE_OK;
    }
    PARE_TRY(pare_tensor_new(ctx, out, PARE_FLOAT, seen->rank, seen->dims));
    PARE_TRY(pare_tensor_own(ctx, out, &to));
    float *y = (float *)(void *)to;
    const uint32_t last = seen->rank ? seen->rank - 1 : 0;
    const int64_t n_last = seen->rank ? seen->dims[last] : 1;
    const int64_t step = seen->rank && n_last > 1 ? seen->strides[last] : 1;
    const int64_t n_rows = n_last ? (*out)->n_elements / n_last : 0;
    for (int64_t r = 0; r < n_rows; r++) {
        int64_t at = 0, rest = r;
        for (uint32_t d = last; d-- > 0;) {
            if (seen->dims[d] > 1) at += rest % seen->dims[d] * seen->strides[d];
            rest /= seen->dims[d];
        }
        pare_wide_load_as(PARE_WIDE_F32, seen->dtype, seen->data, at, step, n_last,
                          y + r * n_last);
    }
    return PARE_OK;
}

static bool same_shape(const pare_tensor *a, const pare_tensor *b)
{
    return a->rank == b->rank &&
           (!a->rank || memcmp(a->dims, b->dims, a->rank * sizeof(*a->dims)) == 0);
}

static void compare(seen_value *v, const pare_tensor *x)
{
    pare_wide_block a, b;
    const pare_tensor *y = v->tensor;
    double noise = 0, signal = 0;
    if (!same_shape(x, y) || !pare_wide_of(x->dtype) || !pare_wide_of(y->dtype)) return;
    for (int64_t i = 0; i < y->n_elements; i += PARE_WIDE_BLOCK) {
        const int64_t rest = y->n_elements - i;
        const int64_t n = rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK;
        pare_wide_load_as(PARE_WIDE_F64, x->dtype, x->payload.data, i, 1, n, a.f64);
        pare_wide_load_as(PARE_WIDE_F64, y->dtype, y->payload.data, i, 1, n, b.f64);
        for (int64_t k = 0; k < n; k++) {
            noise += (a.f64[k] - b.f64[k]) * (a.f64[k] - b.f64[k]);
            signal += b.f64[k] * b.f64[k];
        }
    }
    if (isfinite(noise) && isfinite(signal)) v->sums = (pare_noise){ noise, signal, true };
}

static pare_status see_reference(void *user, pare_ctx *ctx, const pare_observed *seen)
{
    const watcher *w = user;
    const uint32_t row = w->watch->row_of[PARE_SIDE_REFERENCE][seen->value];
    if (row == UINT32_MAX || w->values[row].tensor) return PARE_OK;
    return copy_value(ctx, &w->values[row].tensor, seen);
}

static pare_status see_model(void *user, pare_ctx *ctx, const pare_observed *seen)
{
    const watcher *w = user;
    const uint32_t row = w->watch->row_of[PARE_SIDE_MODEL][seen->value];
    pare_tensor *tensor = NULL;
    if (row == UINT32_MAX || !w->values[row].tensor || w->values[row].sums.is_known)
        return PARE_OK;
    const pare_status st = copy_value(ctx, &tensor, seen);
    if (!st && tensor) compare(&w->values[row], tensor);
    pare_tensor_unref(tensor);
    return st;
}

/* --- matching --------------------------------------------------------------------------------- */

static const char *const quantizers[] = { "QuantizeLinear", "DequantizeLinear",
                                          "DynamicQuantizeLinear" };

static bool is_quantizer(const pare_node *n)
{
    for (size_t i = 0; n->op_type && i < sizeof(quantizers) / sizeof(quantizers[0]); i++)
        if (strcmp(n->op_type, quantizers[i]) == 0) return true;
    return false;
}

static bool makes_name(const pare_model *model, const char *name, pare_value_id *out)
{
    const pare_value_id id = pare_graph_find(model->graph, name);
    if (id == PARE_NONE || model->values[id].tensor || model->values[id].is_input) return false;
    *out = id;
    return true;
}

/* Adds a pair of values of the same name. */
static pare_status add_row(pare_ctx *ctx, pare_noise_watch *w, size_t cap[3],
                           const pare_layer_noise_row *row, pare_value_id own, pare_value_id there)
{
    const size_t at = w->out->n_rows;
    PARE_TRY(pare_grow(ctx, &w->out->rows, &cap[0], at + 1, sizeof(*w->out->rows)));
    for (int i = 0; i < PARE_N_SIDES; i++)
        PARE_TRY(pare_grow(ctx, &w->kept[i], &cap[1 + i], at + 1, sizeof(*w->kept[i])));
    w->out->rows[at] = *row;
    w->kept[PARE_SIDE_MODEL][at] = own;
    w->kept[PARE_SIDE_REFERENCE][at] = there;
    w->out->n_rows++;
    return PARE_OK;
}

static pare_status match(pare_ctx *ctx, pare_noise_watch *w, const pare_model *model,
                         const pare_model *reference)
{
    size_t cap[1 + PARE_N_SIDES] = { 0 };
    for (pare_node_id id = model->graph->first_node; id != PARE_NONE; id = model->nodes[id].next) {
        const pare_node *n = &model->nodes[id];
        for (uint32_t i = 0; i < n->n_outputs; i++) {
            pare_value_id there = PARE_NONE;
            if (n->outputs[i] == PARE_NONE) continue;
            const pare_layer_noise_row row = { .name = model->values[n->outputs[i]].name,
                                               .op = n->op_type };
            if (makes_name(reference, row.name, &there))
                PARE_TRY(add_row(ctx, w, cap, &row, n->outputs[i], there));
            else w->out->n_unmatched += !is_quantizer(n);
        }
    }
    return PARE_OK;
}

/* Rows by the handles of one side's values. */
static pare_status index_rows(pare_ctx *ctx, pare_noise_watch *w, int side, const pare_model *model)
{
    const size_t n_bytes = (model->n_values + 1) * sizeof(uint32_t);
    w->row_of[side] = pare_alloc(ctx, n_bytes);
    if (!w->row_of[side]) return pare_fail_memory(ctx, n_bytes);
    memset(w->row_of[side], 0xff, n_bytes);
    for (size_t i = 0; i < w->out->n_rows; i++) w->row_of[side][w->kept[side][i]] = (uint32_t)i;
    return PARE_OK;
}

static pare_status make_watchers(pare_ctx *ctx, pare_noise_watch *w)
{
    const size_t n_bytes = (w->out->n_rows + 1) * sizeof(seen_value);
    w->watchers = pare_alloc_zero(ctx, w->n_workers * sizeof(*w->watchers));
    w->users = pare_alloc_zero(ctx, w->n_workers * sizeof(*w->users));
    if (!w->watchers || !w->users)
        return pare_fail_memory(ctx, w->n_workers * sizeof(*w->watchers));
    for (uint32_t i = 0; i < w->n_workers; i++) {
        w->watchers[i] = (watcher){ w, pare_alloc_zero(ctx, n_bytes) };
        if (!w->watchers[i].values) return pare_fail_memory(ctx, n_bytes);
        w->users[i] = &w->watchers[i];
    }
    return PARE_OK;
}

pare_status pare_noise_watch_new(pare_ctx *ctx, pare_noise_watch **out, pare_layer_noise *noise,
                                 uint32_t n_workers, const pare_model *model,
                                 const pare_model *reference)
{
    pare_noise_watch *w = pare_alloc_zero(ctx, sizeof(*w));
    *noise = (pare_layer_noise){ 0 };
    *out = w;
    if (!w) return pare_fail_memory(ctx, sizeof(*w));
    w->out = noise;
    w->n_workers = n_workers;
    PARE_TRY(match(ctx, w, model, reference));
    PARE_TRY(index_rows(ctx, w, PARE_SIDE_MODEL, model));
    PARE_TRY(index_rows(ctx, w, PARE_SIDE_REFERENCE, reference));
    return make_watchers(ctx, w);
}

void pare_noise_watch_free(pare_ctx *ctx, pare_noise_watch *w)
{
    if (!w) return;
    for (uint32_t i = 0; w->watchers && i < w->n_workers; i++) {
        for (size_t k = 0; w->watchers[i].values && k < w->out->n_rows; k++)
            pare_tensor_unref(w->watchers[i].values[k].tensor);
        pare_free(ctx, w->watchers[i].values);
    }
    for (int i = 0; i < PARE_N_SIDES; i++) {
        pare_free(ctx, w->kept[i]);
        pare_free(ctx, w->row_of[i]);
    }
    pare_free(ctx, w->watchers);
    pare_free(ctx, w->users);
    pare_free(ctx, w);
}

void pare_noise_watch_opts(const pare_noise_watch *w, int side, pare_replicas_opts *opts)
{
    opts->kept = w->kept[side];
    opts->n_kept = w->out->n_rows;
    opts->observe = side == PARE_SIDE_MODEL ? see_model : see_reference;
    opts->users = w->users;
}

size_t pare_noise_watch_rows(const pare_noise_watch *w)
{
    return w ? w->out->n_rows : 0;
}

void pare_noise_watch_take(pare_noise_watch *w, uint32_t worker, pare_noise *sums)
{
    for (size_t i = 0; w && i < w->out->n_rows; i++) {
        seen_value *v = &w->watchers[worker].values[i];
        if (sums) sums[i] = v->sums;
        pare_tensor_unref(v->tensor);
        *v = (seen_value){ 0 };
    }
}

void pare_noise_watch_add(pare_noise_watch *w, const pare_noise *sums)
{
    if (!w) return;
    w->out->n_samples++;
    for (size_t i = 0; i < w->out->n_rows; i++) {
        pare_layer_noise_row *row = &w->out->rows[i];
        if (!sums[i].is_known) continue;
        row->n++;
        row->noise += sums[i].noise;
        row->signal += sums[i].signal;
    }
}

/* --- results ---------------------------------------------------------------------------------- */

void pare_layer_noise_free(pare_ctx *ctx, pare_layer_noise *noise)
{
    pare_free(ctx, noise->rows);
    *noise = (pare_layer_noise){ 0 };
}

double pare_layer_noise_db(const pare_layer_noise_row *row)
{
    if (!row->n || !(row->signal > 0)) return NAN;
    return row->noise > 0 ? 10 * log10(row->signal / row->noise) : INFINITY;
}
