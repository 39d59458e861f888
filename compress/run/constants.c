#include "run/planner.h"

#include "op/function_call.h"
#include "op/wide.h"

#include <string.h>

/* Values that are known before running. */

/* Results of folding that are larger than this, and than what they are made of, are computed when
 * running. */
enum { MAX_FOLDED_BYTES = 1 << 20 };


/* Makes a value whose content infer followed a constant. */
pare_status pare_plan_use_known(pare_planner *p, pare_value_id value)
{
    const pare_info *info = pare_shapes_of(p->shapes, value);
    int64_t dims[PARE_MAX_DIMS];
    pare_tensor *tensor = NULL;
    for (uint32_t i = 0; i < info->rank; i++) dims[i] = info->dims[i].i;
    PARE_TRY(pare_tensor_new(p->ctx, &tensor, info->dtype, info->rank, dims));
    for (uint32_t i = 0; i < info->n_content; i++) {
        const int64_t x = info->content[i].i;
        pare_wide_store_as(PARE_WIDE_I64, PARE_STORE_DEFAULT, info->dtype, tensor->owner->data, i,
                           1, &x);
    }
    const pare_status st = pare_plan_set_constant(p, value, tensor);
    pare_tensor_unref(tensor);
    return st;
}

pare_status pare_plan_use_initializers(pare_planner *p, const pare_graph *graph)
{
    for (size_t i = 0; i < graph->initializers.n; i++) {
        const pare_value_id id = graph->initializers.items[i];
        const pare_value *v = &p->model->values[id];
        pare_tensor *dense = NULL;
        if (!v->tensor || (!v->n_uses && !p->is_kept[id]) || p->values[id].n_forms ||
            p->values[id].in_evaluator)
            continue;
        if (v->tensor->encoding == PARE_ENC_DENSE) { /* packing reads it wherever it stands */
            PARE_TRY(pare_plan_set_constant(p, id, v->tensor));
            continue;
        }
        PARE_TRY(pare_tensor_densify(p->ctx, &dense, v->tensor));
        const pare_status st = pare_plan_set_constant(p, id, dense);
        pare_tensor_unref(dense);
        if (st) return st;
    }
    for (size_t i = 0; i < graph->sparse_initializers.n; i++) {
        const pare_value_id id = graph->sparse_initializers.items[i];
        const pare_value *v = &p->model->values[id];
        pare_tensor *dense = NULL;
        if (!v->sparse || !v->n_uses) continue;
        PARE_TRY(pare_evaluator_sparse(p->ctx, &dense, v->sparse));
        const pare_status st = pare_plan_set_constant(p, id, dense);
        pare_tensor_unref(dense);
        if (st) return st;
    }
    return PARE_OK;
}

static bool holds_graph(const pare_node *node)
{
    for (uint32_t i = 0; i < node->n_attrs; i++)
        if (node->attrs[i]->type == PARE_ATTR_GRAPH) return true;
    return false;
}

/* Whether a node gives the same small results on every run, because all it takes is constant. */
bool pare_plan_can_fold(const pare_planner *p, const pare_node *node)
{
    uint64_t n_bytes = 0;
    if (holds_graph(node) || pare_node_is_random(node) || pare_called_function(p->model, node))
        return false;
    for (uint32_t i = 0; i < node->n_inputs; i++) {
        const pare_value_id v = node->inputs[i].value;
        const pare_tensor *t = pare_plan_constant_shape(p, v);
        if (v != PARE_NONE && !t) return false;
        if (t) n_bytes += pare_tensor_size_bytes(t);
    }
    if (n_bytes < MAX_FOLDED_BYTES) n_bytes = MAX_FOLDED_BYTES;
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        pare_laid laid;
        if (node->outputs[i] == PARE_NONE) continue;
        if (!pare_plan_shape(p, node->outputs[i], &laid)) return false;
        if ((uint64_t)pare_laid_n_elements(&laid) * pare_laid_width(&laid) > n_bytes) return false;
    }
    return true;
}

pare_status pare_plan_fold(pare_planner *p, pare_node_id id)
{
    const pare_node *node = &p->model->nodes[id];
    const size_t n = node->n_inputs + node->n_outputs;
    pare_datum *room = pare_alloc_zero(p->ctx, (n + 1) * sizeof(*room));
    const pare_datum **in = pare_alloc_zero(p->ctx, (node->n_inputs + 1) * sizeof(*in));
    pare_status st = room && in ? PARE_OK : pare_fail_memory(p->ctx, n * sizeof(*room));
    pare_datum *out = room + node->n_inputs;
    for (uint32_t i = 0; !st && i < node->n_inputs; i++) {
        st = pare_plan_align(p, node->inputs[i].value);
        pare_tensor *t = (pare_tensor *)pare_plan_constant(p, node->inputs[i].value);
        room[i] = (pare_datum){ .kind = t ? PARE_TYPE_TENSOR : PARE_TYPE_NONE, .tensor = t };
        in[i] = t ? &room[i] : NULL;
    }
    if (!st) st = pare_eval_node(p->ctx, p->model, id, in, out);
    for (uint32_t i = 0; !st && i < node->n_outputs; i++)
        if (node->outputs[i] != PARE_NONE && out[i].kind == PARE_TYPE_TENSOR)
            st = pare_plan_set_constant(p, node->outputs[i], out[i].tensor);
    for (uint32_t i = 0; room && in && i < node->n_outputs; i++) pare_datum_drop(p->ctx, &out[i]);
    pare_free(p->ctx, in);
    pare_free(p->ctx, room);
    return st;
}
