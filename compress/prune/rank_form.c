#include "prune/rank_form.h"

#include "ir/build.h"
#include "op/conv.h"

#include <stdio.h>
#include <string.h>

enum { MOST_AXES = 8 };

const char *pare_rank_kind_name(pare_rank_kind kind)
{
    static const char *const names[] = { "matrix", "input", "spatial" };
    return (int)kind < PARE_N_RANK_KINDS ? names[kind] : NULL;
}

/* --- what there is ---------------------------------------------------------------------------- */

/* Sizes of a value; false when one is not known. */
static bool sizes_of(const pare_shapes *shapes, pare_value_id v, int64_t *dims, uint32_t *rank)
{
    const pare_info *info = pare_shapes_of(shapes, v);
    if (!info->has_rank || info->rank < 2 || info->rank > MOST_AXES) return false;
    *rank = info->rank;
    for (uint32_t i = 0; i < info->rank; i++) {
        if (info->dims[i].kind != PARE_NUM_INT || info->dims[i].i <= 0) return false;
        dims[i] = info->dims[i].i;
    }
    return true;
}

/* Positions at which a value [N, C, ...] or [..., C] has channels. */
static double positions(const int64_t *dims, uint32_t rank, uint32_t channels)
{
    double n = 1;
    for (uint32_t i = 0; i < rank; i++) n *= i == channels ? 1 : (double)dims[i];
    return n;
}

size_t pare_rank_forms(pare_rank_form *forms, const pare_model *model, const pare_shapes *shapes,
                       const pare_linear *l)
{
    const pare_node *node = &model->nodes[l->node];
    const int64_t *kernel = model->values[l->weight].tensor->dims + 2;
    int64_t x[MOST_AXES], y[MOST_AXES];
    uint32_t rank = 0, rank_y = 0;
    size_t n = 0;
    if (l->group != 1 || l->kind == PARE_LINEAR_CONV_TRANSPOSE || l->input_axis == 0 ||
        !sizes_of(shapes, node->inputs[0].value, x, &rank) ||
        !sizes_of(shapes, node->outputs[0], y, &rank_y) || rank != rank_y)
        return 0;
    const bool conv = l->kind == PARE_LINEAR_CONV;
    const uint32_t channels = conv ? 1 : rank - 1;
    const double out = (double)l->out, in = (double)l->in, taps = (double)l->taps;
    const double at_y = positions(y, rank, channels), at_x = positions(x, rank, channels);
    const double whole = out * in * taps * at_y;
    forms[n++] = (pare_rank_form){ PARE_RANK_MATRIX, 1, l->in * l->taps, in * taps * at_y,
                                   out * at_y, whole };
    if (!conv || l->taps == 1) return n;
    forms[n++] = (pare_rank_form){ PARE_RANK_INPUT, l->taps, l->in, in * at_x, out * taps * at_y,
                                   whole };
    if (rank < 4 || kernel[0] == 1 || kernel[0] == l->taps) return n;
    const double along = (double)kernel[0];
    forms[n++] = (pare_rank_form){ PARE_RANK_SPATIAL, l->taps / kernel[0], l->in * kernel[0],
                                   in * along * at_x * (double)y[2] / (double)x[2],
                                   out * taps / along * at_y, whole };
    return n;
}

int64_t pare_rank_column(const pare_rank_form *form, const pare_linear *l, int64_t q, int64_t u)
{
    if (form->kind == PARE_RANK_MATRIX) return u;
    if (form->kind == PARE_RANK_INPUT) return q * l->in + u;
    return (u / l->in * form->parts + q) * l->in + u % l->in; /* taps: first axis outside */
}

int64_t pare_rank_most(const pare_rank_form *form, const pare_linear *l)
{
    const double per = form->first + form->second;
    const int64_t full = form->width < l->out * form->parts ? form->width : l->out * form->parts;
    int64_t most = (int64_t)(form->whole / per);
    if ((double)most * per >= form->whole) most--;
    return most < full ? most : full - 1;
}

/* --- weights ---------------------------------------------------------------------------------- */

static float *floats_of(const pare_tensor *t)
{
    return (float *)(uintptr_t)t->payload.data;
}

/* The first node's: [rank, in, kernel...] of a Conv, [in, rank] of a product. */
static pare_status make_first(pare_ctx *ctx, pare_tensor **out, const pare_model *m,
                              const pare_linear *l, const pare_rank_form *form, int64_t rank,
                              const float *from)
{
    const pare_tensor *w = m->values[l->weight].tensor;
    int64_t dims[MOST_AXES] = { l->in, rank };
    const bool conv = l->kind == PARE_LINEAR_CONV;
    for (uint32_t i = 0; conv && i < w->rank; i++)
        dims[i] = i == 0 ? rank
                  : i == 1 || form->kind == PARE_RANK_MATRIX ||
                          (i == 2 && form->kind == PARE_RANK_SPATIAL)
                      ? w->dims[i]
                      : 1;
    PARE_TRY(pare_tensor_new(ctx, out, PARE_FLOAT, conv ? w->rank : 2, dims));
    if (!from) return PARE_OK;
    float *const to = floats_of(*out);
    const int64_t taps = form->width / l->in;
    for (int64_t r = 0; r < rank; r++)
        for (int64_t u = 0; u < form->width; u++) {
            const int64_t t = u / l->in, i = u % l->in;
            to[conv ? (r * l->in + i) * taps + t : i * rank + r] = from[r * form->width + u];
        }
    return PARE_OK;
}

/* The second node's, laid out as the node's own were: rank in place of its inputs. */
static pare_status make_second(pare_ctx *ctx, pare_tensor **out, const pare_model *m,
                               const pare_linear *l, const pare_rank_form *form, int64_t rank,
                               const float *from)
{
    const pare_tensor *w = m->values[l->weight].tensor;
    const bool conv = l->kind == PARE_LINEAR_CONV;
    int64_t dims[MOST_AXES] = { 0 };
    for (uint32_t i = 0; i < w->rank; i++) dims[i] = w->dims[i];
    dims[conv ? 1 : 1 - l->weight_axis] = rank;
    for (uint32_t i = 2; i < w->rank; i++)
        if (form->kind == PARE_RANK_MATRIX || (i == 2 && form->kind == PARE_RANK_SPATIAL))
            dims[i] = 1;
    PARE_TRY(pare_tensor_new(ctx, out, PARE_FLOAT, w->rank, dims));
    if (!from) return PARE_OK;
    float *const to = floats_of(*out);
    for (int64_t o = 0; o < l->out; o++)
        for (int64_t q = 0; q < form->parts; q++)
            for (int64_t r = 0; r < rank; r++) {
                const int64_t at = conv ? (o * rank + r) * form->parts + q
                                   : l->weight_axis == 0 ? o * rank + r
                                                         : r * l->out + o;
                to[at] = from[(o * form->parts + q) * rank + r];
            }
    return PARE_OK;
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* An attribute with a number for each spatial axis (pads: two): those of the axes that a node works
 * along, `otherwise` for the others. */
static void set_axes(pare_builder *b, pare_model *m, pare_node_id node, const char *name,
                     pare_ints list, uint32_t n_axes, const bool *along, int64_t otherwise)
{
    int64_t v[2 * MOST_AXES];
    if (b->status || !list.n || list.n > 2 * MOST_AXES) return;
    for (uint32_t i = 0; i < list.n; i++) v[i] = along[i % n_axes] ? list.v[i] : otherwise;
    const pare_attr *a = pare_attr_ints(m, name, v, list.n);
    b->status = a ? pare_node_set_attr(b->ctx, m, node, a)
                  : pare_arena_fail(b->ctx, &m->arena);
}

/* The part of a convolution's window that lies along some of its axes. */
static void set_window(pare_builder *b, pare_model *m, pare_node_id node, const pare_window *w,
                       uint32_t n_axes, const pare_tensor *weight, const bool *along)
{
    static const char *const modes[] = { NULL, "SAME_UPPER", "SAME_LOWER", "VALID" };
    pare_ints kernel = { .v = weight->dims + 2, .n = n_axes };
    bool all[MOST_AXES], none = true;
    memset(all, 1, sizeof(all));
    for (uint32_t i = 0; i < n_axes; i++) none &= !along[i];
    set_axes(b, m, node, "kernel_shape", kernel, n_axes, all, 1);
    set_axes(b, m, node, "strides", w->strides, n_axes, along, 1);
    set_axes(b, m, node, "dilations", w->dilations, n_axes, along, 1);
    set_axes(b, m, node, "pads", w->pads, n_axes, along, 0);
    const char *const mode = none ? NULL : modes[w->auto_pad];
    pare_node_remove_attr(m, node, "auto_pad");
    if (b->status || !mode) return;
    const pare_attr *a = pare_attr_string(m, "auto_pad", mode);
    b->status = a ? pare_node_set_attr(b->ctx, m, node, a) : pare_arena_fail(b->ctx, &m->arena);
}

static void set_windows(pare_builder *b, pare_model *m, const pare_linear *l,
                        const pare_rank_form *form, const pare_window *w, pare_node_id first,
                        const pare_tensor *first_weight, const pare_tensor *second_weight)
{
    const uint32_t n_axes = first_weight->rank - 2;
    bool along[MOST_AXES] = { false };
    for (uint32_t i = 0; i < n_axes; i++)
        along[i] = form->kind == PARE_RANK_MATRIX || (i == 0 && form->kind == PARE_RANK_SPATIAL);
    set_window(b, m, first, w, n_axes, first_weight, along);
    for (uint32_t i = 0; i < n_axes; i++) along[i] = !along[i];
    set_window(b, m, l->node, w, n_axes, second_weight, along);
}

/* Declared sizes of the weights, if there are any, are no longer true. */
static pare_status declare(pare_ctx *ctx, pare_model *m, pare_value_id v, const pare_tensor *t)
{
    const pare_type *old = m->values[v].type;
    if (!old || old->kind != PARE_TYPE_TENSOR || !old->has_shape || old->rank != t->rank)
        return PARE_OK;
    pare_dim *dims = pare_arena_copy(&m->arena, old->dims, old->rank * sizeof(*dims));
    pare_type *type = pare_arena_copy(&m->arena, old, sizeof(*type));
    if (!dims || !type) return pare_arena_fail(ctx, &m->arena);
    for (uint32_t k = 0; k < old->rank; k++)
        dims[k] = (pare_dim){ .kind = PARE_DIM_VALUE, .value = t->dims[k] };
    type->dims = dims;
    type->source = NULL;
    pare_value_set_type(m, v, type);
    return PARE_OK;
}

/* What a node's name becomes for the one in front of it: "conv1_rank". */
static void name_first(char *out, size_t n, const char *name)
{
    snprintf(out, n, "%.200s_rank", name);
}

/* A node in front of `node` that reads what that does, and w. */
static pare_status add_first(pare_ctx *ctx, pare_model *m, pare_node_id node, const char *op,
                             pare_value_id w, pare_node_id *out)
{
    char name[256];
    pare_value_id y = PARE_NONE;
    pare_graph *const graph = m->nodes[node].graph;
    const pare_node_spec spec = { .op_type = op, .n_inputs = 2, .n_outputs = 1, .before = node };
    name_first(name, sizeof(name), m->values[m->nodes[node].outputs[0]].name);
    PARE_TRY(pare_value_derive(ctx, &y, graph, name));
    PARE_TRY(pare_node_new(ctx, out, graph, &spec));
    PARE_TRY(pare_node_set_output(ctx, m, *out, 0, y));
    PARE_TRY(pare_node_set_input(ctx, m, *out, 0, m->nodes[node].inputs[0].value));
    PARE_TRY(pare_node_set_input(ctx, m, *out, 1, w));
    if (!m->nodes[node].name) return PARE_OK;
    name_first(name, sizeof(name), m->nodes[node].name);
    return pare_node_derive_name(ctx, m, *out, name);
}

static pare_status write_nodes(pare_ctx *ctx, pare_model *m, const pare_linear *l,
                               const pare_rank_form *form, pare_tensor *first,
                               pare_tensor *second)
{
    pare_call call;
    _Alignas(16) char params[PARE_MAX_PARAMS_BYTES];
    char name[256];
    pare_builder b;
    pare_node_id made = PARE_NONE;
    const bool conv = l->kind == PARE_LINEAR_CONV;
    const pare_node *node = &m->nodes[l->node];
    PARE_TRY(pare_call_init(ctx, &call, m, l->node));
    PARE_TRY(pare_call_resolve(ctx, &call, params));
    pare_builder_init(&b, ctx, node->graph);
    name_first(name, sizeof(name), m->values[l->weight].name);
    const pare_value_id w = pare_build_const(&b, name, pare_tensor_ref(first));
    if (b.status) return b.status;
    PARE_TRY(add_first(ctx, m, l->node, conv ? "Conv" : "MatMul", w, &made));
    if (conv) {
        const pare_conv_params *p = (const pare_conv_params *)(const void *)params;
        set_windows(&b, m, l, form, &p->window, made, first, second);
        if (b.status) return b.status;
    }
    PARE_TRY(pare_node_set_input(ctx, m, l->node, 0, m->nodes[made].outputs[0]));
    PARE_TRY(pare_value_set_tensor(ctx, m, l->weight, second));
    return declare(ctx, m, l->weight, second);
}

pare_status pare_rank_write(pare_ctx *ctx, pare_model *model, const pare_linear *l,
                            const pare_rank_form *form, int64_t rank, const float *first,
                            const float *second)
{
    pare_tensor *a = NULL, *b = NULL;
    pare_status st = make_first(ctx, &a, model, l, form, rank, first);
    if (!st) st = make_second(ctx, &b, model, l, form, rank, second);
    if (!st) st = write_nodes(ctx, model, l, form, a, b);
    pare_tensor_unref(a);
    pare_tensor_unref(b);
    return st;
}
