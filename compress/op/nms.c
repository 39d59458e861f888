#include "op/nms.h"

#include "op/costs.h"
#include "op/shape.h"

/* Boxes [N, B, 4] and scores [N, classes, B] to the selected (batch, class, box), of which there
 * may be any number. */

static pare_status nms_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_nms_params *p = params;
    return pare_get_flag(ctx, call, "center_point_box", false, &p->center_point);
}

static pare_status nms_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_info *boxes = pare_in(io, 0);
    const pare_info *scores = pare_in(io, 1);
    pare_num four = pare_num_int(4);
    pare_num same = pare_num_unknown();
    const pare_num dims[2] = { pare_num_unknown(), pare_num_int(3) };
    PARE_TRY(pare_need_rank(ctx, io, 0, 3, 3));
    PARE_TRY(pare_need_rank(ctx, io, 1, 3, 3));
    if (pare_info_has_rank(boxes))
        PARE_TRY(pare_same_dim(ctx, io, "numbers of a box", four, boxes->dims[2], &four));
    if (pare_info_has_rank(boxes) && pare_info_has_rank(scores)) {
        PARE_TRY(pare_same_dim(ctx, io, "batch", boxes->dims[0], scores->dims[0], &same));
        PARE_TRY(pare_same_dim(ctx, io, "boxes", boxes->dims[1], scores->dims[2], &same));
    }
    io->out[0] = pare_info_tensor(io->shapes, PARE_INT64, 2, dims);
    return PARE_OK;
}

const pare_op pare_op_non_max_suppression = {
    .domain = "", .name = "NonMaxSuppression", .since = 10,
    .n_in = { 2, 5 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_nms_params),
    .resolve = nms_resolve, .infer = nms_infer, .eval = pare_nms_eval,
    .cost = pare_nms_cost,
    .links = PARE_NA(links),
};
