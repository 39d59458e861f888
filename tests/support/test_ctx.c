#include "support/test_ctx.h"

#include "support/test.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In front of each block, so that sizes are known on release; keeps the alignment of 16. */
typedef struct header {
    uint64_t magic;
    uint64_t n_bytes;
} header;
static_assert(sizeof(header) == 16, "blocks stay aligned");

#define LIVE_MAGIC UINT64_C(0x6c69766520626c6b)
#define DEAD_MAGIC UINT64_C(0x6465616420626c6b)

static header *header_of(void *p)
{
    header *h = (header *)p - 1;
    assert(h->magic == LIVE_MAGIC);
    return h;
}

static void count_release(void *user, void *p)
{
    test_ctx *t = user;
    if (!p) return;
    header *h = header_of(p);
    t->live_bytes -= h->n_bytes;
    t->n_live--;
    h->magic = DEAD_MAGIC;
    free(h);
}

/* Always moves, so that whoever keeps a pointer across a resize is found out. */
static void *count_resize(void *user, void *old, size_t n_bytes)
{
    test_ctx *t = user;
    if (t->until_failure == 0 && !t->failed) {
        t->failed = true;
        return NULL;
    }
    if (t->until_failure > 0) t->until_failure--;
    if (n_bytes > SIZE_MAX - sizeof(header)) return NULL;
    header *h = malloc(sizeof(*h) + n_bytes);
    if (!h) return NULL;
    *h = (header){ LIVE_MAGIC, n_bytes };
    memset(h + 1, 0xa5, n_bytes); /* nobody may count on zeroes */
    t->live_bytes += n_bytes;
    t->n_live++;
    t->n_allocs++;
    if (t->live_bytes > t->peak_bytes) t->peak_bytes = t->live_bytes;
    if (old) {
        const uint64_t n_old = header_of(old)->n_bytes;
        memcpy(h + 1, old, n_old < n_bytes ? (size_t)n_old : n_bytes);
        count_release(t, old);
    }
    return h + 1;
}

static void keep_warning(void *user, const char *message)
{
    test_ctx *t = user;
    t->n_warnings++;
    snprintf(t->warning, sizeof(t->warning), "%s", message);
}

void test_ctx_init(test_ctx *t)
{
    *t = (test_ctx){ .until_failure = -1 };
    pare_ctx_init(&t->ctx, &(pare_ctx_opts){
        .allocator = { .resize = count_resize, .release = count_release, .user = t },
        .warn = keep_warning,
        .user = t,
    });
}

void test_ctx_fail_at(test_ctx *t, int64_t nth)
{
    t->until_failure = nth;
    t->failed = false;
}

uint64_t test_ctx_live_bytes(const test_ctx *t)
{
    return t->live_bytes;
}

uint64_t test_ctx_peak_bytes(const test_ctx *t)
{
    return t->peak_bytes;
}

uint64_t test_ctx_n_allocs(const test_ctx *t)
{
    return t->n_allocs;
}

int64_t test_ctx_torture(pare_status (*work)(pare_ctx *ctx, void *user), void *user)
{
    for (int64_t nth = 0;; nth++) {
        test_ctx t;
        test_ctx_init(&t);
        test_ctx_fail_at(&t, nth);
        const pare_status st = work(&t.ctx, user);
        if (t.live_bytes)
            fail_msg("allocation %lld failing: %llu bytes in %llu blocks leaked", (long long)nth,
                     (unsigned long long)t.live_bytes, (unsigned long long)t.n_live);
        if (!t.failed) {
            if (st) fail_msg("nothing failed, yet: %s: %s", pare_status_name(st), t.ctx.message);
            return nth;
        }
        if (st != PARE_ENOMEM || !t.ctx.message[0])
            fail_msg("allocation %lld failing: status '%s', message '%s'", (long long)nth,
                     pare_status_name(st), t.ctx.message);
    }
}
