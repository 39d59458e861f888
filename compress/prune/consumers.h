/* Linear nodes that read channels which can go: what removal costs is what it does to their
 * outputs, and what is left of their weights can make up for it. */
#ifndef PARE_PRUNE_CONSUMERS_H
#define PARE_PRUNE_CONSUMERS_H

#include "op/linear.h"
#include "prune/axes.h"

typedef struct pare_consumer {
    pare_linear linear;       /* of one group */
    const pare_axis_info *axis; /* of its input, that it sums over */
} pare_consumer;

typedef struct pare_consumers {
    pare_consumer *items;     /* [n] in the order of execution */
    size_t n;
} pare_consumers;

/* All of the main graph whose rows the Gram service gives. EFORMAT when the graph has a cycle;
 * ENOMEM. The caller frees *out with pare_consumers_free. */
pare_status pare_consumers_find(pare_ctx *ctx, pare_consumers *out, const pare_model *model,
                                const pare_axes_found *axes);
void pare_consumers_free(pare_ctx *ctx, pare_consumers *consumers);

/* Whether classes of a group lie on the axis that the consumer sums over. */
bool pare_consumer_reads(const pare_consumer *consumer, const pare_axes_found *axes,
                         uint32_t group);

/* Columns of the consumer's rows that go with a class, ascending; cols has room for taps * in.
 * Returns how many. */
int64_t pare_consumer_columns(const pare_consumer *consumer, const pare_axes_found *axes,
                              uint32_t class_id, int64_t *cols);

#endif
