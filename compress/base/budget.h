/* An allocator with a limit on what is alive at once, around another allocator: for work whose
 * memory depends on untrusted input. Its memory is accounted exactly, whichever context frees it.
 * */
#ifndef PARE_BASE_BUDGET_H
#define PARE_BASE_BUDGET_H

#include "base/ctx.h"

#include <stdatomic.h>

typedef struct pare_budget {
    pare_allocator inner;
    uint64_t limit_bytes;
    atomic_uint_least64_t live_bytes, peak_bytes;
    uint64_t refused_bytes;   /* size of the last request that the limit refused; 0: none yet */
} pare_budget;

/* Prepares a budget around the allocator of ctx. It must outlive everything allocated through it.
 * */
void pare_budget_init(pare_budget *budget, const pare_ctx *ctx, uint64_t limit_bytes);

/* The allocator to put into the options of a context. */
pare_allocator pare_budget_allocator(pare_budget *budget);

/* Turns an ENOMEM that came from the limit into EBUDGET with a message that names both numbers and
 * the option that raises it; every other status is returned as it is. */
pare_status pare_budget_explain(pare_ctx *ctx, const pare_budget *budget, pare_status status);

#endif
