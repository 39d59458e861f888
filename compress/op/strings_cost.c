#include "op/coster.h"
#include "op/strings.h"

/* Every gram that begins at a place, of every length and skip, is looked up among those counted. */
pare_status pare_tf_idf_cost(pare_ctx *ctx, pare_cost *cost, pare_cost_io *io)
{
    (void)ctx;
    const pare_tf_idf_params *p = io->params;
    const uint64_t n = pare_cost_elements(io, pare_cost_in(io, 0));
    const int64_t shortest = p->min_gram > 1 ? p->min_gram : 1;
    const uint64_t lengths =
        p->max_gram >= shortest ? (uint64_t)(p->max_gram - shortest) + 1 : 1;
    const uint64_t skips = p->max_skip > 0 ? (uint64_t)p->max_skip + 1 : 1;
    const uint64_t known = pare_cost_log2(p->indexes.n);
    pare_cost_ops(cost, io, n, pare_cost_mul4(io, lengths, skips, known, 1), PARE_INT32);
    return PARE_OK;
}
