/* What `pare eval` keeps of every sample: for files, and for programs that score. */
#ifndef CLI_EVAL_COLLECT_H
#define CLI_EVAL_COLLECT_H

#include "cli/data_file.h"
#include "cli/eval_metrics.h"

#include "formats/npz.h"

/* NULL: nobody wants it. */
typedef struct pare_eval_collect {
    const pare_dataset *data;
    const char *output;        /* what the output is called in the file of predictions */
    pare_npz *predictions;     /* outputs, labels, rows */
    pare_npz *inputs;          /* inputs, rows */
    pare_npz *for_model, *for_reference; /* output, labels, rows: what programs read */
} pare_eval_collect;

/* As pare_evaluate_opts.seen has it; user is a pare_eval_collect. */
pare_status pare_eval_collect_sample(void *user, pare_ctx *ctx, const pare_evaluated *sample);

/* Runs the programs among the metrics on what was collected and fills in their figures. folder: of
 * the data's description; max_ms 0: the default. */
pare_status pare_eval_collect_score(pare_ctx *ctx, pare_eval_collect *collect,
                                    pare_eval_metrics *metrics, const char *folder,
                                    uint64_t max_ms);

void pare_eval_collect_free(pare_ctx *ctx, pare_eval_collect *collect);

#endif
