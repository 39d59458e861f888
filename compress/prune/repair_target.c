#include "prune/repair_target.h"

#include "base/bytes.h"

#include <math.h>
#include <string.h>

/* The node that alone reads a value, if it is of this type. */
static const pare_node *only_reader(const pare_model *m, pare_value_id v, const char *type)
{
    const pare_use *use = m->values[v].first_use;
    if (m->values[v].n_uses != 1 || use->user == PARE_NONE) return NULL;
    const pare_node *n = &m->nodes[use->user];
    return !*pare_node_domain(n) && pare_str_eq(n->op_type, type) && n->graph == m->graph ? n
                                                                                          : NULL;
}

/* A vector of floats along the last axis that only one node reads. */
static bool is_own_vector(const pare_model *m, pare_value_id v, int64_t n)
{
    const pare_tensor *t = v == PARE_NONE ? NULL : m->values[v].tensor;
    return t && t->dtype == PARE_FLOAT && t->n_elements == n && t->rank &&
           t->dims[t->rank - 1] == n && m->values[v].n_uses == 1;
}

static bool has_own_bias(const pare_model *m, const pare_linear *l)
{
    const pare_tensor *t = l->bias == PARE_NONE ? NULL : m->values[l->bias].tensor;
    return t && t->dtype == PARE_FLOAT && t->n_elements == l->out && l->bias_factor == 1 &&
           m->values[l->bias].n_uses == 1;
}

static bool have_same_shape(const pare_axes_found *axes, pare_value_id a, pare_value_id b)
{
    const uint32_t first = axes->first_axis[a], other = axes->first_axis[b];
    const uint32_t rank = axes->first_axis[a + 1] - first;
    if (axes->first_axis[b + 1] - other != rank) return false;
    for (uint32_t k = 0; k < rank; k++)
        if (axes->axes[first + k].extent != axes->axes[other + k].extent) return false;
    return true;
}

/* Bounds of a Clip by initializers or attributes. */
static bool clip_of(const pare_model *m, const pare_node *clip, pare_gram_ramp *ramp)
{
    *ramp = (pare_gram_ramp){ -INFINITY, INFINITY };
    for (uint32_t i = 1; i < clip->n_inputs; i++) {
        const pare_value_id v = clip->inputs[i].value;
        const pare_tensor *t = v == PARE_NONE ? NULL : m->values[v].tensor;
        if (v == PARE_NONE) continue;
        if (!t || t->dtype != PARE_FLOAT || t->n_elements != 1 || t->encoding != PARE_ENC_DENSE)
            return false;
        memcpy(i == 1 ? &ramp->low : &ramp->high, t->payload.data, sizeof(float));
    }
    for (size_t i = 0; i < clip->n_attrs; i++) {
        const pare_attr *a = clip->attrs[i];
        if (a->type != PARE_ATTR_FLOAT || a->n != 1) return false;
        if (pare_str_eq(a->name, "min")) ramp->low = a->floats[0];
        if (pare_str_eq(a->name, "max")) ramp->high = a->floats[0];
    }
    return ramp->low < ramp->high;
}

static void find_ramp(const pare_model *m, pare_repair_target *t)
{
    const pare_node *relu = only_reader(m, t->plus, "Relu");
    const pare_node *clip = only_reader(m, t->plus, "Clip");
    t->ramp = (pare_gram_ramp){ 0, INFINITY };
    t->has_ramp = relu || (clip && clip_of(m, clip, &t->ramp));
}

pare_repair_target pare_repair_target_of(const pare_model *m, const pare_axes_found *axes,
                                         const pare_linear *l)
{
    pare_repair_target t = { .plus = m->nodes[l->node].outputs[0], .minus = PARE_NONE,
                             .bias = PARE_NONE };
    if (has_own_bias(m, l)) t.bias = l->bias;
    const pare_node *add = only_reader(m, t.plus, "Add");
    for (uint32_t i = 0; add && l->bias == PARE_NONE && i < 2; i++) {
        const pare_value_id other = add->inputs[i].value;
        if (l->output_axis != -1 || !is_own_vector(m, other, l->out)) continue;
        t.bias = other;
        t.plus = add->outputs[0];
        add = only_reader(m, t.plus, "Add");
        break;
    }
    t.own = t.plus;
    if (add && add->n_inputs == 2) {
        const pare_value_id other =
            add->inputs[add->inputs[0].value == t.plus].value;
        if (other != t.plus && other != PARE_NONE && !m->values[other].tensor &&
            have_same_shape(axes, t.plus, other)) {
            t.plus = add->outputs[0];
            t.minus = other;
        }
    }
    find_ramp(m, &t);
    return t;
}
