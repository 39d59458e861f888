/* Lines of a value: its elements along some axes, row-major in those, one line for each position
 * along the other axes. What reductions, Softmax and normalizations work on. */
#ifndef PARE_RUN_LOWER_LINES_H
#define PARE_RUN_LOWER_LINES_H

#include "run/planner.h"

enum { PARE_LINES_OPERANDS = 6 };

/* The walk over lines of some operands at once; the outer axes are those of the first operand by
 * falling strides, the innermost one first here, joined where everybody passes them in one. */
typedef struct pare_lines {
    int64_t n, n_lines;       /* elements of a line, lines */
    uint32_t n_operands, n_axes;
    int64_t dims[PARE_LAID_AXES], steps[PARE_LINES_OPERANDS][PARE_LAID_AXES];
    int64_t per_task;         /* lines */
} pare_lines;

/* Lines along the axes that are marked [rank]. operands[0] has the dims; the others have its rank
 * and, on axes that are not marked, strides that say where its positions are for them (0:
 * broadcast). */
void pare_lines_init(pare_lines *lines, const bool *marks, const pare_laid *const *operands,
                     uint32_t n_operands);

/* Where line `at` starts in each operand, in elements from its first: starts [n_operands]. */
void pare_lines_start(const pare_lines *lines, int64_t at, int64_t *starts);

/* Tasks that some lines are split into, by their sizes alone; sets per_task. */
uint32_t pare_lines_tasks(pare_lines *lines);

/* End of the lines of a task, which start at task * per_task. */
int64_t pare_lines_end(const pare_lines *lines, uint32_t task);

/* Marks axes along which every operand goes on in one step, by rising strides of the first, and
 * sets these [n_operands]: a line is elements in an even distance for everybody, and about as long
 * as a task. Elements of a line may come in another order than that of its axes. */
void pare_lines_mark(const pare_laid *const *operands, uint32_t n_operands, bool *marks,
                     int64_t *steps);

/* The step from each element of a line to the next, when it is the same everywhere; else 0. */
int64_t pare_lines_step(const pare_laid *x, const bool *marks);

/* The value with the elements of a line side by side, where it lies now or after a copy. */
pare_status pare_lines_need(pare_planner *p, pare_value_id value, const bool *marks,
                            pare_laid *out);

/* Sets the strides of y, whose dims are those of x, so that its lines are side by side: like x
 * where that leaves no gaps. */
void pare_lines_arrange(const pare_laid *x, const bool *marks, pare_laid *y);

/* What lies at `from` as seen by the axes of x, aligned at the end, with strides of 0 where it is
 * broadcast. False: it does not fit. */
bool pare_lines_spread(const pare_laid *from, const pare_laid *x, pare_laid *view);

#endif
