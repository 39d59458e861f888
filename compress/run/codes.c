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
static bool find_scales(const pare_planner *p, const pare_node *node, pare_codes *out)
{
    const pare_value_id zero = node->n_inputs > 2 ? node->inputs[2].value : PARE_NONE;
    const pare_tensor *scale = pare_plan_constant(p, node->inputs[1].value);
    const pare_tensor *z = pare_plan_constant(p, zero);
    if (!scale || scale->dtype != PARE_FLOAT || scale->encoding != PARE_ENC_DENSE) return false;
    if (zero != PARE_NONE && (!z || z->n_elements != scale->n_elements || !is_code(z->dtype) ||
                              z->encoding != PARE_ENC_DENSE))
        return false;
    out->scale = scale;
    out->zero = z;
    return true;
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

pare_status pare_plan_codes(pare_planner *p, pare_value_id value, pare_codes *out, bool *found)
{
    pare_laid x, y;
    *found = false;
    if (value == PARE_NONE || p->opts->float_groups) return PARE_OK;
    const pare_node_id id = p->model->values[value].producer;
    if (id == PARE_NONE || !is_dequantizer(&p->model->nodes[id])) return PARE_OK;
    const pare_node *node = &p->model->nodes[id];
    if (node->n_inputs < 2 || node->n_outputs != 1) return PARE_OK;
    *out = (pare_codes){ .value = node->inputs[0].value };
    if (!pare_plan_has(p, out->value) || !pare_plan_shape(p, out->value, &x) ||
        !pare_plan_shape(p, value, &y))
        return PARE_OK;
    if (!is_code(x.dtype) || y.dtype != PARE_FLOAT || pare_plan_is_variable(p, out->value) ||
        !find_scales(p, node, out))
        return PARE_OK;
    return find_axis(p, id, &x, out, found);
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
    return pare_plan_codes(p, value, &codes, defers);
}

pare_status pare_plan_restore(pare_planner *p, const pare_node *node)
{
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const pare_value_id value = node->inputs[i].value;
        bool is_deferred = false;
        if (value == PARE_NONE || pare_plan_has(p, value)) continue;
        const pare_node_id id = p->model->values[value].producer;
        if (id == PARE_NONE) continue;
        PARE_TRY(pare_plan_defers(p, id, &is_deferred));
        if (is_deferred) PARE_TRY(pare_plan_lower_deferred(p, id));
    }
    return PARE_OK;
}
