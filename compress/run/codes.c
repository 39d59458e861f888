#include "run/planner.h"

#include "op/quantize.h"

#include <string.h>

/* Values that DequantizeLinear gives. Nodes that compute in integers read the codes behind them; so
 * DequantizeLinear is put off, and runs only when something else asks for its floats. */

static bool is_dequantizer(const pare_node *node)
{
    const char *domain = pare_node_domain(node);
    return node->op_type && strcmp(node->op_type, "DequantizeLinear") == 0 &&
           (!*domain || strcmp(domain, "com.microsoft") == 0);
}

static bool is_code(pare_dtype dtype)
{
    return dtype == PARE_UINT8 || dtype == PARE_INT8 || dtype == PARE_INT32;
}

/* One scale, or one for each entry of an axis; zero points likewise, of the type of the codes. */
static bool find_scales(const pare_planner *p, pare_value_id scale, pare_value_id zero,
                        pare_codes *out)
{
    const pare_tensor *s = pare_plan_constant(p, scale);
    const pare_tensor *z = pare_plan_constant(p, zero);
    if (!s || s->dtype != PARE_FLOAT || s->encoding != PARE_ENC_DENSE) return false;
    if (zero != PARE_NONE && (!z || z->n_elements != s->n_elements || !is_code(z->dtype) ||
                              z->encoding != PARE_ENC_DENSE))
        return false;
    out->scale = s;
    out->zero = z;
    return true;
}

static bool find_inputs(const pare_planner *p, const pare_node *node, pare_codes *out)
{
    const pare_value_id zero = node->n_inputs > 2 ? node->inputs[2].value : PARE_NONE;
    return find_scales(p, node->inputs[1].value, zero, out);
}

/* Which axis of x the scales are of. */
static pare_status find_axis(pare_planner *p, pare_node_id id, const pare_laid *x, pare_codes *out,
                             bool *found)
{
    _Alignas(16) uint8_t room[PARE_MAX_PARAMS_BYTES];
    const pare_quantize_params *params = (const void *)room;
    pare_call call;
    *found = false;
    out->axis = -1;
    PARE_TRY(pare_call_init(p->ctx, &call, p->model, id));
    PARE_TRY(pare_call_resolve(p->ctx, &call, room));
    if (params->block_size) return PARE_OK;
    *found = out->scale->n_elements == 1;
    if (*found) return PARE_OK;
    out->axis = params->axis < 0 ? params->axis + x->rank : params->axis;
    if (x->rank == 1) out->axis = 0;
    *found = out->axis >= 0 && out->axis < x->rank &&
             x->dims[out->axis] == out->scale->n_elements;
    return PARE_OK;
}

/* Those behind a value that a DequantizeLinear gives. */
static pare_status find_codes(pare_planner *p, pare_value_id value, pare_codes *out, bool *found)
{
    pare_laid x, y;
    const pare_node_id id = p->model->values[value].producer;
    if (id == PARE_NONE || !is_dequantizer(&p->model->nodes[id])) return PARE_OK;
    const pare_node *node = &p->model->nodes[id];
    if (node->n_inputs < 2 || node->n_outputs != 1) return PARE_OK;
    *out = (pare_codes){ .value = node->inputs[0].value };
    if (!pare_plan_has(p, out->value) || !pare_plan_shape(p, out->value, &x) ||
        !pare_plan_shape(p, value, &y))
        return PARE_OK;
    out->dtype = x.dtype;
    if (!is_code(x.dtype) || y.dtype != PARE_FLOAT || pare_plan_is_variable(p, out->value) ||
        !find_inputs(p, node, out))
        return PARE_OK;
    return find_axis(p, id, &x, out, found);
}

pare_status pare_plan_exact_codes(pare_planner *p, pare_value_id value, pare_codes *out,
                                  bool *found)
{
    *found = false;
    if (value >= p->model->n_values) return PARE_OK;
    if (!p->coded[value].scale) {
        PARE_TRY(find_codes(p, value, out, found));
        if (*found) p->coded[value] = *out;
    }
    *found = p->coded[value].scale != NULL;
    *out = p->coded[value];
    return PARE_OK;
}

pare_status pare_plan_codes(pare_planner *p, pare_value_id value, pare_codes *out, bool *found)
{
    *found = false;
    return p->opts->float_groups ? PARE_OK : pare_plan_exact_codes(p, value, out, found);
}

pare_status pare_plan_codes_made(pare_planner *p, const pare_lowering *l, pare_codes *out,
                                 bool *found)
{
    const pare_quantize_params *params = l->params;
    pare_laid y;
    *found = false;
    if (!pare_plan_shape(p, pare_lower_out(l, 0), &y) || params->block_size ||
        (params->precision && params->precision != PARE_FLOAT))
        return PARE_OK;
    return pare_plan_codes_given(p, PARE_NONE, y.dtype, pare_lower_in(l, 1), pare_lower_in(l, 2),
                                 out, found);
}

pare_status pare_plan_codes_given(pare_planner *p, pare_value_id value, pare_dtype dtype,
                                  pare_value_id scale, pare_value_id zero, pare_codes *out,
                                  bool *found)
{
    *out = (pare_codes){ .value = value, .dtype = dtype, .axis = -1 };
    *found = false;
    if (value != PARE_NONE) {
        if (!pare_plan_has(p, value)) return PARE_OK;
        out->dtype = pare_plan_home(p, value)->dtype;
    }
    *found = (out->dtype == PARE_UINT8 || out->dtype == PARE_INT8) &&
             find_scales(p, scale, zero, out) && out->scale->n_elements == 1 &&
             (!out->zero || out->zero->dtype == out->dtype);
    return PARE_OK;
}

bool pare_codes_same(const pare_codes *a, const pare_codes *b)
{
    const float x = pare_codes_scale(a, 0);
    const float y = pare_codes_scale(b, 0);
    return a->dtype == b->dtype && a->axis < 0 && b->axis < 0 && memcmp(&x, &y, sizeof(x)) == 0 &&
           pare_codes_zero(a, 0) == pare_codes_zero(b, 0);
}

float pare_codes_scale(const pare_codes *codes, int64_t i)
{
    float scale;
    const size_t at = codes->scale->n_elements > 1 ? (size_t)i : 0;
    memcpy(&scale, codes->scale->payload.data + at * sizeof(scale), sizeof(scale));
    return scale;
}

int32_t pare_codes_zero(const pare_codes *codes, int64_t i)
{
    int32_t zero = 0;
    if (!codes->zero) return 0;
    const size_t at = codes->zero->n_elements > 1 ? (size_t)i : 0;
    const uint8_t *data = codes->zero->payload.data;
    if (codes->zero->dtype == PARE_UINT8) return data[at];
    if (codes->zero->dtype == PARE_INT8) return (int8_t)data[at];
    memcpy(&zero, data + at * sizeof(zero), sizeof(zero));
    return zero;
}

/* --- putting off and restoring ---------------------------------------------------------------- */

/* Whether something that takes the value may compute on its codes. */
static bool has_integer_user(const pare_planner *p, const pare_value *v)
{
    for (const pare_use *u = v->first_use; u; u = u->next) {
        if (u->user == PARE_NONE || u->graph != v->graph) continue;
        if (pare_lower_integers_of(&p->model->nodes[u->user])) return true;
    }
    return false;
}

pare_status pare_plan_defers(pare_planner *p, pare_node_id id, bool *defers)
{
    const pare_node *node = &p->model->nodes[id];
    pare_codes codes;
    *defers = false;
    if (p->opts->islands_only || !is_dequantizer(node) || node->n_outputs != 1 ||
        node->outputs[0] == PARE_NONE || p->is_restoring)
        return PARE_OK;
    const pare_value_id value = node->outputs[0];
    if (p->values[value].n_pending == UINT32_MAX || !has_integer_user(p, &p->model->values[value]))
        return PARE_OK;
    return pare_plan_exact_codes(p, value, &codes, defers);
}

pare_status pare_plan_restore_value(pare_planner *p, pare_value_id value)
{
    bool is_deferred = false;
    if (value == PARE_NONE || pare_plan_has(p, value)) return PARE_OK;
    if (p->coded[value].scale && p->coded[value].value == pare_plan_codes_value(p, value))
        return pare_plan_codes_to_floats(p, value, &p->coded[value]);
    const pare_node_id id = p->model->values[value].producer;
    if (id == PARE_NONE) return PARE_OK;
    PARE_TRY(pare_plan_defers(p, id, &is_deferred));
    return is_deferred ? pare_plan_lower_deferred(p, id) : PARE_OK;
}

pare_status pare_plan_restore(pare_planner *p, const pare_node *node)
{
    for (uint32_t i = 0; i < node->n_inputs; i++)
        PARE_TRY(pare_plan_restore_value(p, node->inputs[i].value));
    return PARE_OK;
}

bool pare_plan_is_constant_behind(const pare_planner *p, const pare_node *node)
{
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const pare_value_id v = node->inputs[i].value;
        if (v == PARE_NONE || p->values[v].constant) continue;
        if (!p->coded[v].scale || !p->values[p->coded[v].value].constant) return false;
    }
    return true;
}

/* --- handing codes on ------------------------------------------------------------------------- */

pare_status pare_lower_on_codes(pare_planner *p, pare_lowering *l, const pare_codes *codes,
                                pare_lower_fn *lower, bool *done)
{
    for (uint32_t i = 0; i < l->node->n_outputs; i++) {
        const pare_value_id to = pare_lower_out(l, i);
        if (to == PARE_NONE) continue;
        p->coded[to] = *codes;
        p->coded[to].value = pare_plan_codes_value(p, to);
    }
    p->reads_codes = true;
    pare_status st = lower(p, l, done);
    p->reads_codes = false;
    for (uint32_t i = 0; i < l->node->n_outputs && !st; i++) {
        const pare_value_id to = pare_lower_out(l, i);
        if (to == PARE_NONE) continue;
        if (!*done) p->coded[to].scale = NULL;
        else if (p->values[to].n_pending == UINT32_MAX) st = pare_plan_restore_value(p, to);
    }
    return st;
}

pare_status pare_lower_moved_codes(pare_planner *p, pare_lowering *l, bool *done)
{
    const bool joins = strcmp(l->call.op->name, "Concat") == 0;
    pare_codes codes, other;
    bool found = false;
    PARE_TRY(pare_plan_exact_codes(p, pare_lower_in(l, 0), &codes, &found));
    if (!found || codes.axis >= 0 || codes.dtype == PARE_INT32) return PARE_OK;
    for (uint32_t i = 1; joins && i < l->node->n_inputs; i++) {
        PARE_TRY(pare_plan_exact_codes(p, pare_lower_in(l, i), &other, &found));
        if (!found || !pare_codes_same(&codes, &other)) return PARE_OK;
    }
    return pare_lower_on_codes(p, l, &codes, pare_lower_of(l->call.op), done);
}
