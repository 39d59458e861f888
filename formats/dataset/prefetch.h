/* Loading ahead: threads of its own decode the samples that come next while earlier ones are being
 * computed with. What a sample is does not depend on it. */
#ifndef FORMATS_DATASET_PREFETCH_H
#define FORMATS_DATASET_PREFETCH_H

#include "base/contract/dataset.h"

/* Makes *out a data set of the samples of `from` (which must outlive it, unchanged) that n_threads
 * threads load ahead, `depth` samples at most; 0: one thread, and four samples for each. Asking for
 * samples in about their order finds them loaded; a pass over all of them may be followed by
 * another; what is asked for out of order is loaded by who asks. Each asker's memory and each
 * thread's comes from the allocator of ctx, which must be for any thread. ENOMEM; a system that
 * refuses threads gives fewer. */
pare_status pare_prefetch_open(pare_ctx *ctx, pare_dataset **out, const pare_dataset *from,
                               uint32_t n_threads, uint32_t depth);

/* Ends the threads and drops what nobody asked for. Accepts NULL. */
void pare_prefetch_close(pare_ctx *ctx, pare_dataset *data);

#endif
