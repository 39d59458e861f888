#include "run/lower/split.h"

#include <math.h>

void pare_split_choose(pare_split *s, const pare_split_limits *limits, int64_t panel_bytes,
                       double work)
{
    const int64_t cached = limits->cached_bytes / panel_bytes;
    const int64_t at_once = cached < 1 ? 1 : cached > s->n_panels ? s->n_panels : cached;
    s->panel_blocks = pare_split_up(s->n_panels, at_once);
    const double per_task = fmin(fmax(work / limits->n_wanted, limits->min_task),
                                 limits->max_task);
    const double per_block = work / (double)s->n_outer / (double)s->panel_blocks;
    s->row_blocks = (int64_t)fmin(fmax(per_block / per_task, 1), (double)s->n_tiles);
}

pare_split_block pare_split_at(const pare_split *s, int64_t task)
{
    const int64_t rows = task % s->row_blocks;
    const int64_t panels = task / s->row_blocks % s->panel_blocks;
    return (pare_split_block){
        .outer = task / s->row_blocks / s->panel_blocks,
        .first_tile = pare_split_start(s->n_tiles, s->row_blocks, rows),
        .end_tile = pare_split_start(s->n_tiles, s->row_blocks, rows + 1),
        .first_panel = pare_split_start(s->n_panels, s->panel_blocks, panels),
        .end_panel = pare_split_start(s->n_panels, s->panel_blocks, panels + 1),
        .is_last = rows + 1 == s->row_blocks,
    };
}
