#include "run/planner.h"

#include <string.h>

pare_planned *pare_plan_of(const pare_planner *p, pare_value_id value)
{
    if (p->reads_codes && value <= p->model->n_values && p->coded[value].scale)
        return &p->values[p->coded[value].value];
    return p->widens && pare_plan_is_half(p, value) ? &p->wide[value] : &p->values[value];
}

bool pare_plan_shape(const pare_planner *p, pare_value_id value, pare_laid *out)
{
    const bool is_codes = value > p->model->n_values;
    const pare_value_id of = is_codes ? value - (pare_value_id)p->model->n_values - 1 : value;
    const pare_info *info = pare_shapes_of(p->shapes, of);
    if (!pare_info_has_rank(info) || info->rank > PARE_LAID_AXES) return false;
    const uint32_t bits = pare_dtype_of(info->dtype)->bits;
    if (bits < 8 || bits > 64) return false;
    *out = (pare_laid){ .buffer = PARE_NO_BUFFER, .dtype = info->dtype, .rank = info->rank };
    if (p->widens && pare_plan_is_half(p, value)) out->dtype = PARE_FLOAT;
    if (is_codes || (p->reads_codes && p->coded[value].scale)) out->dtype = p->coded[of].dtype;
    int64_t n_bytes = (int64_t)pare_laid_width(out);
    for (uint32_t i = 0; i < info->rank; i++) {
        if (info->dims[i].kind != PARE_NUM_INT || info->dims[i].i < 0) return false;
        out->dims[i] = info->dims[i].i;
        /* twice the size may be needed where rows are padded */
        if (__builtin_mul_overflow(n_bytes, out->dims[i] ? out->dims[i] : 1, &n_bytes) ||
            n_bytes > INT64_MAX / 32)
            return false;
    }
    return true;
}

bool pare_plan_has(const pare_planner *p, pare_value_id value)
{
    return value != PARE_NONE && pare_plan_of(p, value)->n_forms > 0;
}

bool pare_plan_is_used(const pare_planner *p, pare_value_id value)
{
    return value != PARE_NONE && (p->model->values[value].n_uses || p->values[value].n_pending);
}

const pare_laid *pare_plan_home(const pare_planner *p, pare_value_id value)
{
    return &pare_plan_of(p, value)->forms[0];
}

const pare_tensor *pare_plan_constant_shape(const pare_planner *p, pare_value_id value)
{
    return value == PARE_NONE ? NULL : pare_plan_of(p, value)->constant;
}

bool pare_plan_is_variable(const pare_planner *p, pare_value_id value)
{
    return p->is_variable && value < p->model->n_values && p->is_variable[value];
}

const pare_tensor *pare_plan_constant(const pare_planner *p, pare_value_id value)
{
    if (value != PARE_NONE && pare_plan_is_variable(p, value)) p->plan->depends[value] = 1;
    return pare_plan_constant_shape(p, value);
}

bool pare_plan_is_vector(const pare_planner *p, pare_value_id value, int64_t n)
{
    const pare_tensor *t = pare_plan_constant_shape(p, value);
    return t && t->dtype == PARE_FLOAT && t->n_elements == n;
}

bool pare_plan_depends(const pare_plan *plan, pare_value_id value)
{
    return plan->depends && plan->depends[value];
}

pare_status pare_plan_pack(pare_planner *p, pare_value_id value, pare_pack_key *key, size_t n_bytes,
                           void **out, bool *is_new)
{
    /* halves are widened while packing, and need not stay as floats for that */
    const bool is_wide = p->widens && pare_plan_is_half(p, value);
    const pare_tensor *initializer = p->model->values[value].tensor;
    if (is_wide && !(key->fill && initializer && initializer->encoding == PARE_ENC_DENSE))
        initializer = NULL;
    key->tensor = initializer ? initializer
                  : key->fill ? pare_plan_constant_shape(p, value) : pare_plan_constant(p, value);
    if (!key->fill) pare_plan_constant(p, value); /* what the caller makes of it stays */
    PARE_TRY(pare_packs_get(p->ctx, initializer ? p->packs : p->plan->own_packs, key, n_bytes, out,
                            is_new));
    if (*is_new) p->plan->cost.packed_bytes += n_bytes;
    return PARE_OK;
}

/* --- places ----------------------------------------------------------------------------------- */

static pare_status add_buffer(pare_planner *p, const pare_buffer *buffer, uint32_t *out)
{
    pare_plan *plan = p->plan;
    if (!pare_arena_grow(&plan->arena, &plan->buffers, &plan->buffers_cap, plan->n_buffers + 1,
                         sizeof(*plan->buffers)))
        return pare_arena_fail(p->ctx, &plan->arena);
    *out = (uint32_t)plan->n_buffers++;
    plan->buffers[*out] = *buffer;
    plan->buffers[*out].first = UINT32_MAX;
    plan->buffers[*out].last = 0;
    return PARE_OK;
}

static pare_status add_form(pare_planner *p, pare_value_id value, const pare_laid *laid)
{
    pare_planned *v = pare_plan_of(p, value);
    pare_laid *forms = pare_arena_array(&p->plan->arena, v->n_forms + 1, sizeof(*forms));
    if (!forms) return pare_arena_fail(p->ctx, &p->plan->arena);
    if (v->n_forms) memcpy(forms, v->forms, v->n_forms * sizeof(*forms));
    forms[v->n_forms] = *laid;
    v->forms = forms;
    v->n_forms++;
    p->plan->buffers[laid->buffer].n_values++;
    return PARE_OK;
}

pare_status pare_plan_temporary(pare_planner *p, pare_laid *laid)
{
    const pare_buffer buffer = {
        .kind = PARE_BUFFER_ARENA,
        .n_bytes = (uint64_t)pare_laid_span(laid) * pare_laid_width(laid),
    };
    laid->offset = 0;
    return add_buffer(p, &buffer, &laid->buffer);
}

pare_status pare_plan_out(pare_planner *p, pare_value_id value, pare_laid *out)
{
    PARE_TRY(pare_plan_temporary(p, out));
    return add_form(p, value, out);
}

pare_status pare_plan_alias(pare_planner *p, pare_value_id value, const pare_laid *laid)
{
    return add_form(p, value, laid);
}

pare_status pare_plan_part(pare_planner *p, pare_value_id value, const pare_laid *laid)
{
    pare_laid part;
    pare_plan_shape(p, value, &part);
    part.buffer = laid->buffer;
    part.offset = laid->offset;
    memcpy(part.strides, laid->strides, sizeof(part.strides));
    return add_form(p, value, &part);
}

pare_infer_io pare_plan_infer_io(const pare_planner *p, const pare_lowering *l,
                                 const pare_info **in)
{
    const uint32_t n = l->node->n_inputs < PARE_LOWER_MAX_IN ? l->node->n_inputs
                                                             : PARE_LOWER_MAX_IN;
    for (uint32_t i = 0; i < n; i++)
        in[i] = pare_lower_in(l, i) == PARE_NONE ? NULL
                                                 : pare_shapes_of(p->shapes, pare_lower_in(l, i));
    return (pare_infer_io){ .call = &l->call, .params = l->params, .shapes = p->shapes,
                            .n_in = n, .in = in };
}

pare_status pare_plan_outside(pare_planner *p, pare_value_id value, pare_buffer_kind kind,
                              uint32_t index, pare_laid *laid)
{
    const pare_buffer buffer = { .kind = kind, .index = index };
    PARE_TRY(add_buffer(p, &buffer, &laid->buffer));
    return value == PARE_NONE ? PARE_OK : add_form(p, value, laid);
}

/* Takes a reference that lives as long as the plan. */
static pare_status keep_constant(pare_planner *p, pare_tensor *tensor)
{
    pare_plan *plan = p->plan;
    if (!pare_arena_grow(&plan->arena, &plan->constants, &plan->constants_cap,
                         plan->n_constants + 1, sizeof(pare_tensor *)))
        return pare_arena_fail(p->ctx, &plan->arena);
    plan->constants[plan->n_constants++] = pare_tensor_ref(tensor);
    return PARE_OK;
}

pare_status pare_plan_set_constant(pare_planner *p, pare_value_id value, pare_tensor *tensor)
{
    pare_planned *v = pare_plan_of(p, value);
    pare_laid laid;
    uint32_t id = 0;
    const bool is_own = p->model->values[value].tensor != tensor;
    const bool is_variable = pare_plan_is_variable(p, value) && !is_own;
    if (!is_variable) PARE_TRY(keep_constant(p, tensor));
    if (is_own) p->plan->cost.own_bytes += pare_tensor_size_bytes(tensor);
    v->constant = tensor;
    laid = (pare_laid){ .dtype = tensor->dtype, .rank = tensor->rank };
    const uint32_t bits = pare_dtype_of(tensor->dtype)->bits;
    if (tensor->rank > PARE_LAID_AXES || bits < 8 || bits > 64) return PARE_OK;
    for (uint32_t i = 0; i < tensor->rank; i++) laid.dims[i] = tensor->dims[i];
    pare_laid_arrange(&laid, PARE_FORM_PLAIN);
    const pare_buffer buffer = {
        .kind = is_variable ? PARE_BUFFER_VARIABLE : PARE_BUFFER_CONSTANT,
        .index = value, .address = tensor->payload.data,
    };
    PARE_TRY(add_buffer(p, &buffer, &id));
    laid.buffer = id;
    return add_form(p, value, &laid);
}

pare_status pare_plan_align(pare_planner *p, pare_value_id value)
{
    pare_planned *v = value == PARE_NONE ? NULL : pare_plan_of(p, value);
    pare_tensor *aligned = NULL;
    if (!v || !v->constant || v->constant->encoding != PARE_ENC_DENSE) return PARE_OK;
    PARE_TRY(pare_tensor_densify(p->ctx, &aligned, v->constant));
    const bool is_copy = aligned != v->constant;
    const pare_status st = is_copy ? keep_constant(p, aligned) : PARE_OK;
    if (is_copy) p->plan->cost.own_bytes += pare_tensor_size_bytes(aligned);
    if (!st) v->constant = aligned;
    pare_buffer *b = v->n_forms ? &p->plan->buffers[v->forms[0].buffer] : NULL;
    if (!st && is_copy && b && b->kind == PARE_BUFFER_VARIABLE) {
        b->kind = PARE_BUFFER_CONSTANT;
        p->plan->depends[value] = 1;
    }
    if (!st && b && b->kind == PARE_BUFFER_CONSTANT) b->address = aligned->payload.data;
    pare_tensor_unref(aligned);
    return st;
}

/* --- forms ------------------------------------------------------------------------------------ */

static pare_status copy_form(pare_planner *p, pare_value_id value, pare_laid *to)
{
    PARE_TRY(pare_plan_temporary(p, to));
    PARE_TRY(pare_plan_copy(p, pare_plan_home(p, value), to));
    return add_form(p, value, to);
}

pare_status pare_plan_need(pare_planner *p, pare_value_id value, pare_form form, pare_laid *out)
{
    const pare_planned *v = pare_plan_of(p, value);
    for (uint32_t i = 0; i < v->n_forms; i++) {
        *out = v->forms[i];
        if (pare_laid_has_form(out, form)) return PARE_OK;
    }
    *out = v->forms[0];
    pare_laid_arrange(out, form);
    return copy_form(p, value, out);
}

pare_laid pare_plan_prefer(const pare_planner *p, pare_value_id value, pare_form form)
{
    const pare_planned *v = pare_plan_of(p, value);
    for (uint32_t i = 0; i < v->n_forms; i++)
        if (pare_laid_has_form(&v->forms[i], form)) return v->forms[i];
    return v->forms[0];
}

pare_status pare_plan_need_like(pare_planner *p, pare_value_id value, const pare_laid *like,
                                pare_laid *out)
{
    const pare_planned *v = pare_plan_of(p, value);
    for (uint32_t i = 0; i < v->n_forms; i++) {
        *out = v->forms[i];
        if (pare_laid_alike(out, like)) return PARE_OK;
    }
    *out = v->forms[0];
    memcpy(out->strides, like->strides, sizeof(out->strides));
    return copy_form(p, value, out);
}

/* How often nodes of the group use a value. */
static uint32_t count_uses(const pare_planner *p, pare_value_id value)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < p->group->n_nodes; i++) {
        const pare_node *node = &p->model->nodes[p->group->nodes[i]];
        for (uint32_t k = 0; k < node->n_inputs; k++) n += node->inputs[k].value == value;
    }
    return n;
}

bool pare_plan_dies(const pare_planner *p, pare_value_id value)
{
    const pare_planned *v = pare_plan_of(p, value);
    const pare_buffer *b = &p->plan->buffers[v->forms[0].buffer];
    if (v != &p->values[value] && v != &p->wide[value]) return false; /* others may read codes */
    return p->values[value].n_pending == count_uses(p, value) && b->kind == PARE_BUFFER_ARENA &&
           b->n_values == 1;
}

pare_status pare_lower_open(pare_planner *p, const pare_group *group, uint32_t i, void *params,
                            pare_lowering *out)
{
    const pare_node_id id = group->nodes[i];
    *out = (pare_lowering){ .id = id, .node = &p->model->nodes[id], .params = params,
                            .group = group, .n_taken = 1 };
    PARE_TRY(pare_call_init(p->ctx, &out->call, p->model, id));
    return pare_call_resolve(p->ctx, &out->call, params);
}

pare_value_id pare_lower_result(const pare_planner *p, const pare_lowering *l)
{
    if (l->n_taken == 1) return pare_lower_out(l, 0);
    return p->model->nodes[l->group->nodes[l->n_taken - 1]].outputs[0];
}

/* --- steps ------------------------------------------------------------------------------------ */

void *pare_plan_args(pare_planner *p, size_t n_bytes)
{
    return pare_arena_zero(&p->plan->arena, n_bytes);
}

pare_status pare_plan_step(pare_planner *p, const pare_step *step, const pare_laid *const *touches,
                           size_t n)
{
    pare_plan *plan = p->plan;
    if (!pare_arena_grow(&plan->arena, &plan->steps, &plan->steps_cap, plan->n_steps + 1,
                         sizeof(*plan->steps)))
        return pare_arena_fail(p->ctx, &plan->arena);
    const uint32_t at = (uint32_t)plan->n_steps++;
    plan->steps[at] = *step;
    plan->steps[at].node = p->node;
    if (step->scratch_bytes > plan->cost.scratch_bytes)
        plan->cost.scratch_bytes = step->scratch_bytes;
    for (size_t i = 0; i < n; i++) {
        if (!touches[i] || touches[i]->buffer == PARE_NO_BUFFER) continue;
        pare_buffer *b = &plan->buffers[touches[i]->buffer];
        if (at < b->first) b->first = at;
        if (at > b->last) b->last = at;
    }
    return PARE_OK;
}

pare_status pare_plan_numbers(pare_planner *p, const void *numbers, uint32_t *buffer)
{
    const pare_buffer b = { .kind = PARE_BUFFER_CONSTANT, .address = numbers };
    return add_buffer(p, &b, buffer);
}
