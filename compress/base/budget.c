#include "base/budget.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

/* In front of each allocation; as large as the alignment that allocators promise. */
typedef struct header {
    size_t n_bytes; /* of the payload */
    size_t pad;
} header;
static_assert(sizeof(header) == 16, "payloads stay aligned to 16");

/* Takes n_bytes from what is left; false when that is too little. */
static bool take(pare_budget *b, uint64_t n_bytes)
{
    uint64_t live = atomic_load(&b->live_bytes);
    do {
        if (n_bytes > b->limit_bytes || live > b->limit_bytes - n_bytes) return false;
    } while (!atomic_compare_exchange_weak(&b->live_bytes, &live, live + n_bytes));
    uint64_t peak = atomic_load(&b->peak_bytes);
    while (live + n_bytes > peak &&
           !atomic_compare_exchange_weak(&b->peak_bytes, &peak, live + n_bytes)) {
    }
    return true;
}

static void *budget_resize(void *user, void *old, size_t n_bytes)
{
    pare_budget *b = user;
    header *before = old ? (header *)old - 1 : NULL;
    const size_t had = before ? before->n_bytes : 0;
    if (n_bytes > SIZE_MAX - sizeof(header) || (n_bytes > had && !take(b, n_bytes - had))) {
        b->refused_bytes = n_bytes;
        return NULL;
    }
    header *h = b->inner.resize(b->inner.user, before, sizeof(header) + n_bytes);
    if (!h) {
        if (n_bytes > had) atomic_fetch_sub(&b->live_bytes, n_bytes - had);
        return NULL;
    }
    if (n_bytes < had) atomic_fetch_sub(&b->live_bytes, had - n_bytes);
    h->n_bytes = n_bytes;
    return h + 1;
}

static void budget_release(void *user, void *p)
{
    pare_budget *b = user;
    if (!p) return;
    header *h = (header *)p - 1;
    atomic_fetch_sub(&b->live_bytes, h->n_bytes);
    b->inner.release(b->inner.user, h);
}

void pare_budget_init(pare_budget *budget, const pare_ctx *ctx, uint64_t limit_bytes)
{
    memset(budget, 0, sizeof(*budget));
    budget->inner = ctx->opts.allocator;
    budget->limit_bytes = limit_bytes;
    atomic_init(&budget->live_bytes, 0);
    atomic_init(&budget->peak_bytes, 0);
}

pare_allocator pare_budget_allocator(pare_budget *budget)
{
    return (pare_allocator){ .resize = budget_resize, .release = budget_release, .user = budget };
}

pare_status pare_budget_explain(pare_ctx *ctx, const pare_budget *budget, pare_status status)
{
    if (status != PARE_ENOMEM || !budget->refused_bytes) return status;
    return pare_fail_in(ctx, PARE_EBUDGET,
                        "%" PRIu64 " bytes are more than the memory budget of %" PRIu64
                        " MiB leaves; raise it with --max-memory: ",
                        budget->refused_bytes, budget->limit_bytes >> 20);
}
