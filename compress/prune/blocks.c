#include "prune/blocks.h"

pare_status pare_prune_blocks(pare_ctx *ctx, pare_model *model, const pare_block_opts *opts,
                              pare_block_report *report)
{
    (void)model;
    (void)opts;
    *report = (pare_block_report){ 0 };
    return pare_fail(ctx, PARE_EUNSUPPORTED, "no residual block can go");
}

void pare_block_report_free(pare_ctx *ctx, pare_block_report *report)
{
    for (size_t i = 0; i < report->n_blocks; i++) pare_free(ctx, report->blocks[i].name);
    pare_free(ctx, report->blocks);
    *report = (pare_block_report){ 0 };
}
