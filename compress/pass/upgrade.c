#include "pass/upgrade.h"

#include "base/bytes.h"
#include "ir/build.h"
#include "op/infer.h"
#include "op/wide.h"

#include <inttypes.h>
#include <string.h>

typedef struct upgrader {
    pare_ctx *ctx;
    pare_model *model;
    pare_shapes *shapes; /* of the model as it was */
    int64_t from, to;
} upgrader;

/* --- attributes that become inputs ------------------------------------------------------------ */

static const pare_attr *attr_of(const upgrader *u, pare_node_id id, const char *name,
                                pare_attr_type type)
{
    const pare_node *n = &u->model->nodes[id];
    for (uint32_t i = 0; i < n->n_attrs; i++)
        if (pare_str_eq(n->attrs[i]->name, name) && n->attrs[i]->type == type &&
            !n->attrs[i]->ref_name)
            return n->attrs[i];
    return NULL;
}

/* attr NULL: memory was short when it was made. */
static pare_status set_attr(upgrader *u, pare_node_id id, const pare_attr *attr)
{
    if (!attr) return pare_arena_fail(u->ctx, &u->model->arena);
    return pare_node_set_attr(u->ctx, u->model, id, attr);
}

/* An initializer as input `slot`; takes over the tensor. */
static pare_status put_input(upgrader *u, pare_node_id id, uint32_t slot, const char *hint,
                             pare_tensor *tensor)
{
    pare_builder b;
    pare_builder_init(&b, u->ctx, u->model->nodes[id].graph);
    const pare_value_id v = pare_build_const(&b, hint, tensor);
    if (b.status) return b.status;
    if (u->model->nodes[id].n_inputs <= slot)
        PARE_TRY(pare_node_resize_inputs(u->ctx, u->model, id, slot + 1));
    return pare_node_set_input(u->ctx, u->model, id, slot, v);
}

static pare_status put_ints(upgrader *u, pare_node_id id, uint32_t slot, const char *hint,
                            const int64_t *v, int64_t n)
{
    pare_tensor *t = NULL;
    PARE_TRY(pare_tensor_from(u->ctx, &t, PARE_INT64, 1, &n, v));
    return put_input(u, id, slot, hint, t);
}

static pare_status ints_to_input(upgrader *u, pare_node_id id, const char *name, uint32_t slot)
{
    const pare_attr *a = attr_of(u, id, name, PARE_ATTR_INTS);
    if (!a) return PARE_OK;
    PARE_TRY(put_ints(u, id, slot, name, a->ints, a->n));
    pare_node_remove_attr(u->model, id, name);
    return PARE_OK;
}

static pare_dtype float_type(const upgrader *u, pare_node_id id)
{
    const pare_node *n = &u->model->nodes[id];
    const pare_value_id x = n->n_inputs ? n->inputs[0].value : PARE_NONE;
    const pare_dtype dtype =
        x < u->shapes->n_infos ? u->shapes->infos[x].dtype : PARE_DTYPE_UNDEFINED;
    return dtype == PARE_DTYPE_UNDEFINED ? PARE_FLOAT : dtype;
}

/* A scalar of the type of input 0. */
static pare_status float_to_input(upgrader *u, pare_node_id id, const char *name, uint32_t slot)
{
    const pare_attr *a = attr_of(u, id, name, PARE_ATTR_FLOAT);
    if (!a) return PARE_OK;
    pare_tensor *t = NULL;
    uint8_t *data = NULL;
    PARE_TRY(pare_tensor_new(u->ctx, &t, float_type(u, id), 0, NULL));
    pare_status st = pare_tensor_own(u->ctx, &t, &data);
    if (!st) pare_wide_store_as(PARE_WIDE_F32, PARE_STORE_DEFAULT, t->dtype, data, 0, 1, a->floats);
    if (st) {
        pare_tensor_unref(t);
        return st;
    }
    PARE_TRY(put_input(u, id, slot, name, t));
    pare_node_remove_attr(u->model, id, name);
    return PARE_OK;
}

static pare_status axes_to_input(upgrader *u, pare_node_id id)
{
    return ints_to_input(u, id, "axes", 1);
}

static pare_status split_to_input(upgrader *u, pare_node_id id)
{
    return ints_to_input(u, id, "split", 1);
}

static pare_status slice_to_inputs(upgrader *u, pare_node_id id)
{
    PARE_TRY(ints_to_input(u, id, "starts", 1));
    PARE_TRY(ints_to_input(u, id, "ends", 2));
    return ints_to_input(u, id, "axes", 3);
}

static pare_status clip_to_inputs(upgrader *u, pare_node_id id)
{
    PARE_TRY(float_to_input(u, id, "min", 1));
    return float_to_input(u, id, "max", 2);
}

static pare_status pad_to_inputs(upgrader *u, pare_node_id id)
{
    PARE_TRY(ints_to_input(u, id, "pads", 1));
    return float_to_input(u, id, "value", 2);
}

static pare_status dropout_to_input(upgrader *u, pare_node_id id)
{
    const pare_attr *a = attr_of(u, id, "ratio", PARE_ATTR_FLOAT);
    pare_tensor *t = NULL;
    if (!a) return PARE_OK;
    PARE_TRY(pare_tensor_from(u->ctx, &t, PARE_FLOAT, 0, NULL, a->floats));
    PARE_TRY(put_input(u, id, 1, "ratio", t));
    pare_node_remove_attr(u->model, id, "ratio");
    return PARE_OK;
}

static pare_status top_k_to_input(upgrader *u, pare_node_id id)
{
    const pare_attr *a = attr_of(u, id, "k", PARE_ATTR_INT);
    if (!a) return PARE_OK;
    PARE_TRY(put_ints(u, id, 1, "k", a->ints, 1));
    pare_node_remove_attr(u->model, id, "k");
    return PARE_OK;
}

/* --- what changed its meaning ----------------------------------------------------------------- */

static pare_status refuse(upgrader *u, pare_node_id id)
{
    const pare_node *n = &u->model->nodes[id];
    return pare_fail(u->ctx, PARE_EUNSUPPORTED,
                     "node '%s': %s of opset %" PRId64 " has no form in opset %" PRId64,
                     pare_str_or_empty(n->name), n->op_type, u->from, u->to);
}

/* spatial 0 went; 1 was the default. */
static pare_status batch_norm_9(upgrader *u, pare_node_id id)
{
    const pare_attr *a = attr_of(u, id, "spatial", PARE_ATTR_INT);
    if (a && !a->ints[0]) return refuse(u, id);
    if (a) pare_node_remove_attr(u->model, id, "spatial");
    return PARE_OK;
}

/* Further outputs meant training, and were others. */
static pare_status batch_norm_14(upgrader *u, pare_node_id id)
{
    const pare_node *n = &u->model->nodes[id];
    for (uint32_t i = 1; i < n->n_outputs; i++)
        if (n->outputs[i] != PARE_NONE) return refuse(u, id);
    return PARE_OK;
}

static pare_status split_18(upgrader *u, pare_node_id id)
{
    const pare_node *n = &u->model->nodes[id];
    if (n->n_inputs > 1 && n->inputs[1].value != PARE_NONE) return PARE_OK;
    return set_attr(u, id, pare_attr_int(u->model, "num_outputs", n->n_outputs));
}

static pare_status upsample_9(upgrader *u, pare_node_id id)
{
    const pare_attr *a = attr_of(u, id, "scales", PARE_ATTR_FLOATS);
    pare_tensor *t = NULL;
    if (!a) return PARE_OK;
    const int64_t n = a->n;
    PARE_TRY(pare_tensor_from(u->ctx, &t, PARE_FLOAT, 1, &n, a->floats));
    PARE_TRY(put_input(u, id, 1, "scales", t));
    pare_node_remove_attr(u->model, id, "scales");
    return PARE_OK;
}

static pare_status upsample_10(upgrader *u, pare_node_id id)
{
    return pare_node_set_op(u->ctx, u->model, id, "Resize", u->model->nodes[id].domain);
}

/* x, scales become x, roi, scales; places were those of output / scale, rounded down. */
static pare_status resize_11(upgrader *u, pare_node_id id)
{
    const pare_value_id scales = u->model->nodes[id].inputs[1].value;
    const int64_t none = 0;
    pare_tensor *t = NULL;
    PARE_TRY(pare_tensor_new(u->ctx, &t, PARE_FLOAT, 1, &none));
    PARE_TRY(put_input(u, id, 1, "roi", t));
    PARE_TRY(pare_node_resize_inputs(u->ctx, u->model, id, 3));
    PARE_TRY(pare_node_set_input(u->ctx, u->model, id, 2, scales));
    PARE_TRY(set_attr(u, id,
                      pare_attr_string(u->model, "coordinate_transformation_mode", "asymmetric")));
    return set_attr(u, id, pare_attr_string(u->model, "nearest_mode", "floor"));
}

static pare_status scatter_11(upgrader *u, pare_node_id id)
{
    return pare_node_set_op(u->ctx, u->model, id, "ScatterElements", u->model->nodes[id].domain);
}

/* Axes from `axis` on (1 where it is not said) were one: now flattened for it, and unflattened. */
static pare_status softmax_13(upgrader *u, pare_node_id id)
{
    pare_model *m = u->model;
    const pare_attr *a = attr_of(u, id, "axis", PARE_ATTR_INT);
    const pare_value_id x = m->nodes[id].inputs[0].value, y = m->nodes[id].outputs[0];
    const pare_info *info = x < u->shapes->n_infos ? &u->shapes->infos[x] : NULL;
    const int64_t axis = a ? a->ints[0] : 1;
    const bool is_last =
        pare_info_has_rank(info) && (axis == -1 || (info->rank && axis == (int64_t)info->rank - 1));
    PARE_TRY(set_attr(u, id, pare_attr_int(m, "axis", -1)));
    if (is_last) return PARE_OK;
    pare_builder b;
    pare_builder_init(&b, u->ctx, m->nodes[id].graph);
    b.before = id;
    const pare_value_id shape = pare_emit(&b, "Shape", x);
    const pare_value_id flat = pare_emit(&b, "Flatten", x);
    pare_build_int(&b, "axis", axis);
    if (b.status) return b.status;
    PARE_TRY(pare_node_set_input(u->ctx, m, id, 0, flat));
    pare_value_id inner;
    PARE_TRY(pare_value_derive(u->ctx, &inner, m->nodes[id].graph, m->values[y].name));
    pare_value_detach(m, y);
    PARE_TRY(pare_node_set_output(u->ctx, m, id, 0, inner));
    b.before = m->nodes[id].next;
    const pare_value_id made = pare_emit(&b, "Reshape", inner, shape);
    if (b.status) return b.status;
    const pare_node_id last = b.last;
    pare_value_detach(m, made);
    PARE_TRY(pare_value_remove(u->ctx, m, made));
    return pare_node_set_output(u->ctx, m, last, 0, y);
}

static pare_status roi_align_16(upgrader *u, pare_node_id id)
{
    return set_attr(
        u, id, pare_attr_string(u->model, "coordinate_transformation_mode", "output_half_pixel"));
}

static pare_status grid_sample_20(upgrader *u, pare_node_id id)
{
    static const char *const renamed[][2] = { { "bilinear", "linear" }, { "bicubic", "cubic" } };
    const pare_attr *a = attr_of(u, id, "mode", PARE_ATTR_STRING);
    for (size_t i = 0; a && i < 2; i++)
        if (a->strings[0].n == strlen(renamed[i][0]) &&
            !memcmp(a->strings[0].data, renamed[i][0], a->strings[0].n))
            return set_attr(u, id, pare_attr_string(u->model, "mode", renamed[i][1]));
    return PARE_OK;
}

static pare_status dft_20(upgrader *u, pare_node_id id)
{
    const pare_attr *a = attr_of(u, id, "axis", PARE_ATTR_INT);
    const int64_t axis = a ? a->ints[0] : 1;
    pare_tensor *t = NULL;
    PARE_TRY(pare_tensor_from(u->ctx, &t, PARE_INT64, 0, NULL, &axis));
    PARE_TRY(put_input(u, id, 2, "axis", t));
    pare_node_remove_attr(u->model, id, "axis");
    return PARE_OK;
}

/* --- the table -------------------------------------------------------------------------------- */

/* What has to be done to a node of this operator so that it means the same from opset `since` on.
 * Rows of one operator by `since`; what is not here only gained types and attributes. */
static const struct {
    const char *op;
    int64_t since;
    pare_status (*rewrite)(upgrader *u, pare_node_id id);
} steps[] = {
    { "Scan", 9, refuse },
    { "BatchNormalization", 9, batch_norm_9 },
    { "BatchNormalization", 14, batch_norm_14 },
    { "Upsample", 9, upsample_9 },
    { "Upsample", 10, upsample_10 },
    { "Resize", 11, resize_11 }, /* behind Upsample, which becomes one */
    { "Slice", 10, slice_to_inputs },
    { "TopK", 10, top_k_to_input },
    { "Clip", 11, clip_to_inputs },
    { "Pad", 11, pad_to_inputs },
    { "Scatter", 11, scatter_11 },
    { "Dropout", 12, dropout_to_input },
    { "Squeeze", 13, axes_to_input },
    { "Unsqueeze", 13, axes_to_input },
    { "ReduceSum", 13, axes_to_input },
    { "Split", 13, split_to_input },
    { "Split", 18, split_18 },
    { "Softmax", 13, softmax_13 },
    { "LogSoftmax", 13, softmax_13 },
    { "Hardmax", 13, softmax_13 },
    { "RoiAlign", 16, roi_align_16 },
    { "ReduceL1", 18, axes_to_input },
    { "ReduceL2", 18, axes_to_input },
    { "ReduceLogSum", 18, axes_to_input },
    { "ReduceLogSumExp", 18, axes_to_input },
    { "ReduceMax", 18, axes_to_input },
    { "ReduceMean", 18, axes_to_input },
    { "ReduceMin", 18, axes_to_input },
    { "ReduceProd", 18, axes_to_input },
    { "ReduceSumSquare", 18, axes_to_input },
    { "DFT", 20, dft_20 },
    { "GridSample", 20, grid_sample_20 },
    { "GroupNormalization", 21, refuse },
};

static pare_status upgrade_node(upgrader *u, pare_node_id id)
{
    if (*pare_node_domain(&u->model->nodes[id])) return PARE_OK;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (u->from < steps[i].since && steps[i].since <= u->to &&
            pare_str_eq(u->model->nodes[id].op_type, steps[i].op))
            PARE_TRY(steps[i].rewrite(u, id));
    return PARE_OK;
}

static pare_status upgrade_nodes(upgrader *u)
{
    const size_t n_nodes = u->model->n_nodes; /* new ones are in the new form */
    for (pare_node_id id = 0; id < n_nodes; id++) {
        const pare_graph *graph = u->model->nodes[id].graph;
        if (graph && pare_graph_root(graph) == u->model->graph) PARE_TRY(upgrade_node(u, id));
    }
    return PARE_OK;
}

/* The IR version that came with each opset from 7 on. */
static int64_t ir_of(int64_t opset)
{
    static const int64_t versions[] = { 3, 3, 4, 5, 6, 7, 7, 7, 8, 8, 8, 8, 9, 9, 10 };
    return versions[opset - PARE_UPGRADE_OLDEST];
}

pare_status pare_upgrade_opset(pare_ctx *ctx, pare_model *model, int64_t opset)
{
    upgrader u = { .ctx = ctx, .model = model, .to = opset };
    u.from = pare_opset_version(&model->opsets, "");
    if (u.from >= opset) return PARE_OK;
    if (u.from < PARE_UPGRADE_OLDEST || opset > PARE_UPGRADE_NEWEST)
        return pare_fail(ctx, PARE_EUNSUPPORTED,
                         "the model imports opset %" PRId64 ", which cannot be made %" PRId64
                         ": %d to %d can",
                         u.from, opset, PARE_UPGRADE_OLDEST, PARE_UPGRADE_NEWEST);
    PARE_TRY(pare_infer(ctx, &u.shapes, model, NULL));
    const pare_status st = upgrade_nodes(&u);
    pare_shapes_free(ctx, u.shapes);
    if (st) return st;
    pare_opsets_change(&model->opsets, "", opset);
    if (model->ir_version < 4) pare_graph_drop_default_inputs(model->graph);
    if (model->ir_version < ir_of(opset)) model->ir_version = ir_of(opset);
    return PARE_OK;
}
