#include "op/content.h"

bool pare_known_dims(const pare_info *info, int64_t *out)
{
    if (!pare_info_has_rank(info)) return false;
    for (uint32_t i = 0; i < info->rank; i++) {
        if (info->dims[i].kind != PARE_NUM_INT) return false;
        out[i] = info->dims[i].i;
    }
    return true;
}

/* Contents have known dims and at most PARE_MAX_CONTENT elements, so nothing here overflows, but
 * next to a dim of 0 the others may be large. */
pare_num pare_content_at(const pare_info *info, const int64_t *at)
{
    if (!pare_info_has_rank(info) || !info->n_content) return pare_num_unknown();
    int64_t i = 0;
    for (uint32_t k = 0; k < info->rank; k++) i = i * info->dims[k].i + at[k];
    return i >= 0 && i < info->n_content ? info->content[i] : pare_num_unknown();
}

pare_num pare_content_spread(const pare_info *info, const int64_t *at, uint32_t rank)
{
    int64_t own[PARE_MAX_DIMS];
    if (!pare_info_has_rank(info) || !info->content || info->rank > rank)
        return pare_num_unknown();
    const uint32_t missing = rank - info->rank;
    for (uint32_t k = 0; k < info->rank; k++)
        own[k] = pare_num_is(info->dims[k], 1) ? 0 : at[missing + k];
    return pare_content_at(info, own);
}

/* Moves on to the next coordinates in row-major order. */
static void advance(int64_t *at, const int64_t *dims, uint32_t rank)
{
    for (uint32_t k = rank; k-- > 0;) {
        if (++at[k] < dims[k]) return;
        at[k] = 0;
    }
}

void pare_content_fill(pare_shapes *shapes, pare_info *out, pare_place_fn *element,
                       const void *user)
{
    pare_num content[PARE_MAX_CONTENT];
    int64_t dims[PARE_MAX_DIMS];
    int64_t at[PARE_MAX_DIMS] = { 0 };
    if (!pare_known_dims(out, dims)) return;
    const pare_num n = pare_info_n_elements(shapes, out);
    if (n.kind != PARE_NUM_INT || n.i > PARE_MAX_CONTENT) return;
    bool any = n.i == 0;
    for (int64_t i = 0; i < n.i; i++) {
        content[i] = element(user, at);
        any = any || content[i].kind != PARE_NUM_UNKNOWN;
        advance(at, dims, out->rank);
    }
    if (any) pare_info_set_content(shapes, out, content, (uint32_t)n.i);
}

void pare_content_keep(pare_shapes *shapes, pare_info *out, const pare_info *from)
{
    if (!pare_info_is_tensor(from) || !from->content ||
        !pare_num_is(pare_info_n_elements(shapes, out), from->n_content))
        return;
    out->content = from->content;
    out->n_content = from->n_content;
}
