#include "quant/oracle_job.h"

#include "base/bytes.h"
#include "ir/order.h"
#include "op/op.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { REASON_BYTES = 400 };

/* --- asking ----------------------------------------------------------------------------------- */

bool pare_oracle_is(const pare_node *n, const char *name)
{
    const char *domain = pare_node_domain(n), *op = pare_str_or_empty(n->op_type);
    const size_t length = strlen(domain);
    if (!length) return pare_str_eq(op, name);
    return !strncmp(name, domain, length) && name[length] == '.' &&
           pare_str_eq(op, name + length + 1);
}

bool pare_oracle_is_any(const pare_node *n, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (pare_oracle_is(n, names[i])) return true;
    return false;
}

bool pare_oracle_is_q(const pare_node *n)
{
    return pare_oracle_is(n, "QuantizeLinear") || pare_oracle_is(n, "com.microsoft.QuantizeLinear");
}

bool pare_oracle_is_dq(const pare_node *n)
{
    return pare_oracle_is(n, "DequantizeLinear") ||
           pare_oracle_is(n, "com.microsoft.DequantizeLinear");
}

static void count_readers(const oracle_job *job, pare_value_id value, oracle_readers *out)
{
    for (const pare_use *use = job->model->values[value].first_use; use; use = use->next) {
        if (use->user == PARE_NONE) {
            out->goes_out |= use->graph == job->model->graph;
            continue;
        }
        if (use->graph != job->model->graph) {
            out->n_nested++;
            continue;
        }
        out->n++;
        out->n_q += pare_oracle_is_q(&job->model->nodes[use->user]) && use->slot == 0;
        if (out->first == PARE_NONE) out->first = use->user;
    }
}

oracle_readers pare_oracle_readers_of(const oracle_job *job, pare_value_id value)
{
    oracle_readers r = { .first = PARE_NONE };
    if (value != PARE_NONE) count_readers(job, value, &r);
    return r;
}

oracle_readers pare_oracle_readers_of_node(const oracle_job *job, const pare_node *n)
{
    oracle_readers r = { .first = PARE_NONE };
    for (uint32_t i = 0; i < n->n_outputs; i++)
        if (n->outputs[i] != PARE_NONE) count_readers(job, n->outputs[i], &r);
    return r;
}

pare_node_id pare_oracle_maker(const oracle_job *job, pare_value_id value)
{
    return value == PARE_NONE ? PARE_NONE : job->model->values[value].producer;
}

const pare_tensor *pare_oracle_tensor(const oracle_job *job, pare_value_id value)
{
    if (value == PARE_NONE || !job->constant[value]) return NULL;
    if (job->model->values[value].tensor) return job->model->values[value].tensor;
    return value < job->known->n_infos ? job->known->infos[value].constant : NULL;
}

static bool number_at(const uint8_t *data, pare_dtype dtype, int64_t i, double *out)
{
    float f;
    int16_t s;
    int32_t w;
    int64_t l;
    switch (dtype) {
    case PARE_FLOAT:
        memcpy(&f, data + 4 * i, 4);
        *out = (double)f;
        return true;
    case PARE_INT32:
        memcpy(&w, data + 4 * i, 4);
        *out = w;
        return true;
    case PARE_INT64:
        memcpy(&l, data + 8 * i, 8);
        *out = (double)l;
        return true;
    case PARE_INT16:
        memcpy(&s, data + 2 * i, 2);
        *out = s;
        return true;
    case PARE_UINT16:
        memcpy(&s, data + 2 * i, 2);
        *out = (uint16_t)s;
        return true;
    case PARE_INT8:
        *out = (int8_t)data[i];
        return true;
    case PARE_UINT8:
        *out = data[i];
        return true;
    case PARE_UINT4:
        *out = data[i / 2] >> i % 2 * 4 & 15;
        return true;
    case PARE_INT4:
        *out = ((data[i / 2] >> i % 2 * 4 & 15) ^ 8) - 8;
        return true;
    default:
        return false;
    }
}

bool pare_oracle_number(const oracle_job *job, pare_value_id value, int64_t i, double *out)
{
    const pare_tensor *t = pare_oracle_tensor(job, value);
    pare_buf *buf = NULL;
    const uint8_t *data;
    if (!t || i >= t->n_elements || t->dtype == PARE_STRING) return false;
    const pare_status st = pare_tensor_dense(job->ctx, &buf, &data, t);
    if (st == PARE_ENOMEM || st == PARE_EBUDGET) *job->failure = st;
    if (st) return false;
    const bool ok = number_at(data, t->dtype, i, out);
    pare_buf_unref(buf);
    return ok;
}

static bool is_single(const oracle_job *job, pare_value_id value)
{
    const pare_tensor *t = pare_oracle_tensor(job, value);
    return t && (t->rank == 0 || (t->rank == 1 && t->n_elements == 1));
}

static pare_dtype codes_of(const oracle_job *job, const pare_node *n)
{
    return (pare_dtype)job->dtypes[pare_oracle_is_q(n) ? n->outputs[0] : n->inputs[0].value];
}

oracle_grid pare_oracle_grid_of(const oracle_job *job, const pare_node *n)
{
    oracle_grid g = { 0 };
    double v = 0;
    const pare_value_id zero = pare_oracle_in(n, 2);
    g.is_scalar = is_single(job, pare_oracle_in(n, 1)) &&
                  pare_oracle_number(job, pare_oracle_in(n, 1), 0, &v);
    g.scale = (float)v;
    g.has_zero = zero != PARE_NONE;
    g.zero_is_scalar = g.has_zero && is_single(job, zero) && pare_oracle_number(job, zero, 0, &v);
    g.zero = g.zero_is_scalar ? (int32_t)v : 0;
    if (g.zero_is_scalar && codes_of(job, n) == PARE_UINT8 &&
        pare_oracle_tensor(job, zero)->dtype == PARE_INT8)
        g.zero += 128; /* made unsigned */
    return g;
}

bool pare_oracle_same_grid(const oracle_job *job, const pare_node *a, const pare_node *b)
{
    const oracle_grid x = pare_oracle_grid_of(job, a), y = pare_oracle_grid_of(job, b);
    return x.is_scalar && y.is_scalar && x.zero_is_scalar && y.zero_is_scalar &&
           x.scale == y.scale && x.zero == y.zero && codes_of(job, a) == codes_of(job, b);
}

bool pare_oracle_codes(pare_dtype dtype, int32_t *min, int32_t *max)
{
    switch (dtype) {
    case PARE_UINT8:
        *min = 0;
        *max = UINT8_MAX;
        return true;
    case PARE_INT8:
        *min = INT8_MIN;
        *max = INT8_MAX;
        return true;
    case PARE_UINT16:
        *min = 0;
        *max = UINT16_MAX;
        return true;
    case PARE_INT16:
        *min = INT16_MIN;
        *max = INT16_MAX;
        return true;
    default:
        return false;
    }
}

int64_t pare_oracle_attr_int(const pare_node *n, const char *name, int64_t otherwise)
{
    const pare_attr *a = pare_node_attr(n, name);
    return a && a->type == PARE_ATTR_INT && a->n ? a->ints[0] : otherwise;
}

float pare_oracle_attr_float(const pare_node *n, const char *name, float otherwise)
{
    const pare_attr *a = pare_node_attr(n, name);
    return a && a->type == PARE_ATTR_FLOAT && a->n ? a->floats[0] : otherwise;
}

const char *pare_oracle_value_name(const oracle_job *job, pare_value_id value)
{
    return value == PARE_NONE ? "" : job->model->values[value].name;
}

const pare_info *pare_oracle_shape(const oracle_job *job, pare_value_id value)
{
    const pare_value_id like = value == PARE_NONE ? PARE_NONE : job->like[value];
    return like < job->known->n_infos && pare_info_has_rank(&job->known->infos[like])
               ? &job->known->infos[like]
               : NULL;
}

/* --- changing --------------------------------------------------------------------------------- */

const char *pare_oracle_say(oracle_job *job, const char *format, ...)
{
    char text[REASON_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    const char *kept = pare_arena_str(job->arena, text);
    if (!kept) *job->failure = pare_arena_fail(job->ctx, job->arena);
    return kept;
}

pare_status pare_oracle_bypass(oracle_job *job, pare_node_id node, const char *why)
{
    pare_node *n = pare_oracle_node(job, node);
    const pare_value_id from = n->inputs[0].value;
    job->marks[node] = (oracle_mark){ PARE_RUNS_GONE, NULL, why };
    job->changed = true;
    PARE_TRY(pare_value_replace_uses(job->ctx, job->model, n->outputs[0], from));
    return pare_node_remove(job->ctx, job->model, node);
}

pare_status pare_oracle_add(oracle_job *job, pare_value_id *out, const char *op,
                            const pare_node *like, pare_value_id from, pare_node_id before,
                            pare_dtype dtype)
{
    const pare_node_spec spec = { .op_type = op,
                                  .domain = like->domain,
                                  .n_inputs = like->n_inputs,
                                  .n_outputs = 1,
                                  .before = before };
    const pare_value_id scale = pare_oracle_in(like, 1), zero = pare_oracle_in(like, 2);
    pare_node_id node;
    PARE_TRY(pare_value_derive(job->ctx, out, job->model->graph, "oracle"));
    PARE_TRY(pare_node_new(job->ctx, &node, job->model->graph, &spec));
    PARE_TRY(pare_node_set_input(job->ctx, job->model, node, 0, from));
    PARE_TRY(pare_node_set_input(job->ctx, job->model, node, 1, scale));
    if (spec.n_inputs > 2) PARE_TRY(pare_node_set_input(job->ctx, job->model, node, 2, zero));
    PARE_TRY(pare_node_set_output(job->ctx, job->model, node, 0, *out));
    PARE_TRY(pare_oracle_reserve(job));
    job->dtypes[*out] = (uint8_t)dtype;
    job->like[*out] = job->like[from];
    job->changed = true;
    return PARE_OK;
}

pare_status pare_oracle_reserve(oracle_job *job)
{
    const size_t n_values = job->model->n_values, n_nodes = job->model->n_nodes;
    if (n_values > job->cap_values) {
        const size_t cap = n_values + n_values / 2 + 64;
        uint8_t *dtypes = pare_alloc_zero(job->ctx, cap);
        bool *constant = pare_alloc_zero(job->ctx, cap);
        pare_value_id *like = pare_alloc(job->ctx, cap * sizeof(*like));
        for (size_t v = 0; like && v < cap; v++)
            like[v] = v < job->cap_values && job->like ? job->like[v] : (pare_value_id)v;
        if (dtypes && job->dtypes) memcpy(dtypes, job->dtypes, job->cap_values);
        if (constant && job->constant) memcpy(constant, job->constant, job->cap_values);
        pare_free(job->ctx, job->dtypes);
        pare_free(job->ctx, job->constant);
        pare_free(job->ctx, job->like);
        job->like = like;
        job->dtypes = dtypes;
        job->constant = constant;
        job->cap_values = cap;
        if (!dtypes || !constant || !like) return pare_fail_memory(job->ctx, cap);
    }
    if (n_nodes > job->cap_nodes) {
        const size_t cap = n_nodes + n_nodes / 2 + 64;
        oracle_mark *marks = pare_alloc_zero(job->ctx, cap * sizeof(*marks));
        if (marks && job->marks) memcpy(marks, job->marks, job->cap_nodes * sizeof(*marks));
        pare_free(job->ctx, job->marks);
        job->marks = marks;
        job->cap_nodes = cap;
        if (!marks) return pare_fail_memory(job->ctx, cap * sizeof(*marks));
    }
    return PARE_OK;
}

/* --- beginning -------------------------------------------------------------------------------- */

/* What is computed on loading: all that follows from constants, but for DQ. */
static bool is_folded(const oracle_job *job, const pare_node *n)
{
    if (pare_oracle_is_dq(n)) return false;
    for (uint32_t i = 0; i < n->n_attrs; i++)
        if (n->attrs[i]->type == PARE_ATTR_GRAPH || n->attrs[i]->type == PARE_ATTR_GRAPHS)
            return false;
    for (uint32_t i = 0; i < n->n_inputs; i++)
        if (n->inputs[i].value != PARE_NONE && !job->constant[n->inputs[i].value]) return false;
    return n->n_inputs || pare_oracle_is(n, "Constant");
}

static void find_constants(oracle_job *job, const pare_node_id *order, uint32_t n)
{
    const bool inputs_are = job->model->ir_version < 4; /* initializers among the inputs */
    for (size_t v = 0; v < job->model->n_values; v++) {
        const pare_value *value = &job->model->values[v];
        job->constant[v] = value->tensor && (!value->is_input || inputs_are);
    }
    for (uint32_t i = 0; i < n; i++) {
        const pare_node *node = pare_oracle_node(job, order[i]);
        if (!is_folded(job, node) || pare_node_is_random(node)) continue;
        job->marks[order[i]].runs = PARE_RUNS_CONSTANT;
        for (uint32_t k = 0; k < node->n_outputs; k++)
            if (node->outputs[k] != PARE_NONE) job->constant[node->outputs[k]] = true;
    }
}

pare_status pare_oracle_begin(oracle_job *job)
{
    pare_node_id *order = NULL;
    PARE_TRY(pare_oracle_reserve(job));
    for (size_t v = 0; v < job->known->n_infos && v < job->cap_values; v++)
        if (pare_info_is_tensor(&job->known->infos[v]))
            job->dtypes[v] = (uint8_t)job->known->infos[v].dtype;
    PARE_TRY(pare_graph_order(job->ctx, &order, job->model->graph));
    find_constants(job, order, job->model->graph->n_nodes);
    pare_free(job->ctx, order);
    return PARE_OK;
}

void pare_oracle_end(oracle_job *job)
{
    pare_free(job->ctx, job->dtypes);
    pare_free(job->ctx, job->constant);
    pare_free(job->ctx, job->like);
    pare_free(job->ctx, job->marks);
    pare_shapes_free(job->ctx, job->known);
    pare_model_free(job->ctx, job->model);
}
