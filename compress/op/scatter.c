#include "op/content.h"

#include "op/costs.h"
#include "op/linker.h"
#include "op/move.h"

#include <inttypes.h>

/* The data, with some elements replaced by updates: ScatterElements (called Scatter until version
 * 11) along an axis, ScatterND at places that indices lead to, TensorScatter into a cache. Version
 * 16 adds reduction, 18 its max and min. */

static pare_status reduction_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    static const char *const words[] = { "none", "add", "mul", "max", "min", NULL };
    pare_scatter_params *p = params;
    if (call->version < 16) return PARE_OK;
    return pare_get_word(ctx, call, "reduction", words, PARE_SCATTER_NONE, &p->reduction);
}

static pare_status elements_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_scatter_params *p = params;
    PARE_TRY(pare_get_int(ctx, call, "axis", 0, &p->axis));
    return reduction_resolve(ctx, params, call);
}

/* A copy of the data's content that updates are written into. */
typedef struct board {
    const pare_info *data, *indices, *updates;
    pare_num cells[PARE_MAX_CONTENT];
    int64_t dims[PARE_MAX_DIMS];
} board;

static bool open_board(const pare_infer_io *io, board *b)
{
    const pare_scatter_params *p = io->params;
    int64_t dims[PARE_MAX_DIMS];
    *b = (board){ .data = pare_in(io, 0), .indices = pare_in(io, 1), .updates = pare_in(io, 2) };
    if (p->reduction != PARE_SCATTER_NONE || !pare_known_dims(b->data, b->dims) ||
        !b->data->content || !pare_known_dims(b->indices, dims) || !b->indices->content ||
        !pare_known_dims(b->updates, dims) || !b->updates->content)
        return false;
    for (uint32_t i = 0; i < b->indices->n_content; i++)
        if (b->indices->content[i].kind != PARE_NUM_INT) return false;
    for (uint32_t i = 0; i < b->data->n_content; i++) b->cells[i] = b->data->content[i];
    return true;
}

/* An index brought to [0, dim): false when it lies outside. */
static bool from_front(int64_t *index, int64_t dim)
{
    if (*index < 0) *index += dim;
    return *index >= 0 && *index < dim;
}

static pare_status index_fail(pare_ctx *ctx, const pare_infer_io *io, int64_t dim, int64_t found)
{
    return pare_call_fail(ctx, io->call,
                          "indices: expected %" PRId64 " to %" PRId64 ", found %" PRId64, -dim,
                          dim - 1, found);
}

static pare_status write_elements(pare_ctx *ctx, const pare_infer_io *io, board *b, uint32_t axis)
{
    const uint32_t rank = b->data->rank;
    for (uint32_t i = 0; i < b->indices->n_content; i++) {
        int64_t cell = 0;
        int64_t left = i;
        int64_t at[PARE_MAX_DIMS];
        for (uint32_t k = rank; k-- > 0; left /= b->indices->dims[k].i)
            at[k] = left % b->indices->dims[k].i;
        at[axis] = b->indices->content[i].i;
        for (uint32_t k = 0; k < rank; k++) {
            if (!from_front(&at[k], b->dims[k]))
                return index_fail(ctx, io, b->dims[k], b->indices->content[i].i);
            cell = cell * b->dims[k] + at[k];
        }
        b->cells[cell] = pare_info_at(b->updates, i);
    }
    return PARE_OK;
}

static pare_status write_slices(pare_ctx *ctx, const pare_infer_io *io, board *b)
{
    const int64_t depth = b->indices->dims[b->indices->rank - 1].i;
    int64_t slice = 1;
    for (uint32_t k = (uint32_t)depth; k < b->data->rank; k++) slice *= b->dims[k];
    for (int64_t i = 0; i < b->indices->n_content / depth; i++) {
        int64_t cell = 0;
        for (uint32_t k = 0; k < depth; k++) {
            const int64_t found = b->indices->content[i * depth + k].i;
            int64_t index = found;
            if (!from_front(&index, b->dims[k])) return index_fail(ctx, io, b->dims[k], found);
            cell = cell * b->dims[k] + index;
        }
        for (int64_t k = 0; k < slice; k++)
            b->cells[cell * slice + k] = pare_info_at(b->updates, (uint32_t)(i * slice + k));
    }
    return PARE_OK;
}

static pare_status scatter_elements_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_scatter_params *p = io->params;
    const pare_info *data = pare_in(io, 0);
    uint32_t axis = 0;
    board b;
    PARE_TRY(pare_infer_same(ctx, io));
    if (!pare_info_has_rank(data)) return PARE_OK;
    PARE_TRY(pare_axis(ctx, io, "attribute 'axis'", p->axis, data->rank, &axis));
    PARE_TRY(pare_need_rank(ctx, io, 1, data->rank, data->rank));
    PARE_TRY(pare_need_rank(ctx, io, 2, data->rank, data->rank));
    if (!open_board(io, &b)) return PARE_OK;
    PARE_TRY(write_elements(ctx, io, &b, axis));
    pare_info_set_content(io->shapes, &io->out[0], b.cells, data->n_content);
    return PARE_OK;
}

static pare_status scatter_nd_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_info *data = pare_in(io, 0);
    const pare_info *indices = pare_in(io, 1);
    board b;
    PARE_TRY(pare_infer_same(ctx, io));
    PARE_TRY(pare_need_rank(ctx, io, 0, 1, PARE_MAX_DIMS));
    PARE_TRY(pare_need_rank(ctx, io, 1, 1, PARE_MAX_DIMS));
    if (!pare_info_has_rank(data) || !pare_info_has_rank(indices)) return PARE_OK;
    const pare_num depth = indices->dims[indices->rank - 1];
    if (depth.kind != PARE_NUM_INT) return PARE_OK;
    if (depth.i > data->rank)
        return pare_call_fail(ctx, io->call,
                              "indices: expected a last dim of at most %" PRIu32
                              ", found %" PRId64,
                              data->rank, depth.i);
    const uint32_t rank = indices->rank - 1 + data->rank - (uint32_t)depth.i;
    PARE_TRY(pare_need_rank(ctx, io, 2, rank, rank));
    if (!depth.i || !open_board(io, &b)) return PARE_OK;
    PARE_TRY(write_slices(ctx, io, &b));
    pare_info_set_content(io->shapes, &io->out[0], b.cells, data->n_content);
    return PARE_OK;
}

static pare_status tensor_scatter_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    static const char *const words[] = { "linear", "circular", NULL };
    pare_tensor_scatter_params *p = params;
    int mode = 0;
    PARE_TRY(pare_get_word(ctx, call, "mode", words, 0, &mode));
    p->circular = mode == 1;
    return pare_get_int(ctx, call, "axis", -2, &p->axis);
}

static pare_status tensor_scatter_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_tensor_scatter_params *p = io->params;
    const pare_info *cache = pare_in(io, 0);
    uint32_t axis = 0;
    PARE_TRY(pare_infer_same(ctx, io));
    if (!pare_info_has_rank(cache)) return PARE_OK;
    PARE_TRY(pare_axis(ctx, io, "attribute 'axis'", p->axis, cache->rank, &axis));
    return pare_need_rank(ctx, io, 1, cache->rank, cache->rank);
}

const pare_op pare_op_scatter = {
    .domain = "",
    .name = "Scatter",
    .since = 9,
    .until = 11,
    .n_in = { 3, 3 },
    .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_scatter_params),
    .resolve = elements_resolve,
    .infer = scatter_elements_infer,
    .eval = pare_scatter_elements_eval,
    .cost = pare_scatter_cost,
    .links = pare_scatter_elements_links,
};

const pare_op pare_op_scatter_elements = {
    .domain = "",
    .name = "ScatterElements",
    .since = 11,
    .n_in = { 3, 3 },
    .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_scatter_params),
    .resolve = elements_resolve,
    .infer = scatter_elements_infer,
    .eval = pare_scatter_elements_eval,
    .cost = pare_scatter_cost,
    .links = pare_scatter_elements_links,
};

const pare_op pare_op_scatter_nd = {
    .domain = "", .name = "ScatterND", .since = 11,
    .n_in = { 3, 3 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_scatter_params),
    .resolve = reduction_resolve, .infer = scatter_nd_infer, .eval = pare_scatter_nd_eval,
    .cost = pare_scatter_cost,
    .links = pare_scatter_nd_links,
};

const pare_op pare_op_tensor_scatter = {
    .domain = "",
    .name = "TensorScatter",
    .since = 24,
    .n_in = { 2, 3 },
    .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_tensor_scatter_params),
    .resolve = tensor_scatter_resolve,
    .infer = tensor_scatter_infer,
    .eval = pare_tensor_scatter_eval,
    .cost = pare_move_cost,
    .links = PARE_TODO(links),
};
