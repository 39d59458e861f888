#include "op/list.h"

#include <inttypes.h>
#include <math.h>

pare_status pare_list_get(pare_ctx *ctx, const pare_infer_io *io, pare_ints attr, uint32_t i,
                          pare_list *out)
{
    *out = (pare_list){ .given = true };
    if (attr.found) {
        out->has_length = true;
        out->n = attr.n;
        out->ints = attr.v;
        return PARE_OK;
    }
    out->input = pare_in(io, i);
    out->given = out->input != NULL;
    if (!pare_info_has_rank(out->input)) return PARE_OK;
    if (out->input->rank > 1) return pare_need_rank(ctx, io, i, 0, 1);
    const pare_num n = out->input->rank ? out->input->dims[0] : pare_num_int(1);
    out->has_length = n.kind == PARE_NUM_INT && n.i <= PARE_MAX_RANK_ASKED;
    if (out->has_length) out->n = (uint32_t)n.i;
    return PARE_OK;
}

pare_num pare_list_at(const pare_list *list, uint32_t i)
{
    if (i >= list->n) return pare_num_unknown();
    if (list->ints) return pare_num_int(list->ints[i]);
    const pare_num n = pare_info_at(list->input, i);
    if (n.kind != PARE_NUM_REAL) return n;
    const bool is_whole = n.r == trunc(n.r) && fabs(n.r) <= INT32_MAX;
    return is_whole ? pare_num_int((int64_t)n.r) : pare_num_unknown();
}

bool pare_list_known(const pare_list *list)
{
    if (!list->has_length) return false;
    for (uint32_t i = 0; i < list->n; i++)
        if (pare_list_at(list, i).kind != PARE_NUM_INT) return false;
    return true;
}

pare_status pare_list_axes(pare_ctx *ctx, const pare_infer_io *io, const char *what,
                           const pare_list *list, uint32_t rank, uint32_t *out, bool *known)
{
    bool seen[PARE_MAX_DIMS] = { false };
    *known = list->has_length;
    if (list->n > rank)
        return pare_call_fail(ctx, io->call,
                              "%s: expected at most %" PRIu32 " axes, found %" PRIu32, what, rank,
                              list->n);
    for (uint32_t i = 0; i < list->n; i++) {
        const pare_num axis = pare_list_at(list, i);
        if (axis.kind != PARE_NUM_INT) {
            *known = false;
            continue;
        }
        PARE_TRY(pare_axis(ctx, io, what, axis.i, rank, &out[i]));
        if (seen[out[i]])
            return pare_call_fail(ctx, io->call,
                                  "%s: expected each axis once, found %" PRIu32 " twice", what,
                                  out[i]);
        seen[out[i]] = true;
    }
    return PARE_OK;
}
