/* Nodes that are changed one after the other, shared out to few passes over the data: what is in
 * front of a node comes in an earlier wave as far as waves go. */
#ifndef PARE_STATS_WAVES_H
#define PARE_STATS_WAVES_H

#include "ir/model.h"

typedef struct pare_waves {
    uint32_t *wave;           /* [n] of each node */
    bool *leads;              /* [n] nothing of its wave is in front of it */
    uint32_t n_waves;
} pare_waves;

/* Shares nodes [n] of the main graph out to at most max_waves waves. EFORMAT when the graph has a
 * cycle; ENOMEM. The caller frees *out with pare_waves_free. */
pare_status pare_waves_make(pare_ctx *ctx, pare_waves *out, const pare_model *model,
                            const pare_node_id *nodes, size_t n, uint32_t max_waves);
void pare_waves_free(pare_ctx *ctx, pare_waves *waves);

#endif
