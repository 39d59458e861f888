/* Splitting matrix products into tasks, by their sizes alone: each takes some tiles of rows and
 * some panels of columns, of one outer index. */
#ifndef PARE_RUN_LOWER_SPLIT_H
#define PARE_RUN_LOWER_SPLIT_H

#include <stdbool.h>
#include <stdint.h>

/* What one task works on. */
typedef struct pare_split_block {
    int64_t outer, first_tile, end_tile, first_panel, end_panel;
    bool is_last; /* of those that take these panels */
} pare_split_block;

typedef struct pare_split {
    int64_t n_outer, n_tiles, n_panels;
    int64_t row_blocks, panel_blocks; /* tasks of an outer index: one of each */
} pare_split;

/* Work that a task had better have at least and at most, in the unit of the caller; tasks that
 * there had better be; bytes of panels that stay in a cache. */
typedef struct pare_split_limits {
    double min_task, max_task;
    int n_wanted;
    int64_t cached_bytes;
} pare_split_limits;

/* n things in parts of d: how many there are. */
static inline int64_t pare_split_up(int64_t n, int64_t d)
{
    return (n + d - 1) / d;
}

/* Where part i starts when n things are spread evenly over n_parts. */
static inline int64_t pare_split_start(int64_t n, int64_t n_parts, int64_t i)
{
    return n * i / n_parts;
}

/* Chooses the blocks. panel_bytes: of a panel of weights; work: of all outer indices together. */
void pare_split_choose(pare_split *s, const pare_split_limits *limits, int64_t panel_bytes,
                       double work);

/* How many tasks that makes, and what one of them takes. */
static inline uint32_t pare_split_tasks(const pare_split *s)
{
    return (uint32_t)(s->n_outer * s->row_blocks * s->panel_blocks);
}

pare_split_block pare_split_at(const pare_split *s, int64_t task);

#endif
