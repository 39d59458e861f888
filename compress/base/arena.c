#include "base/arena.h"

#include "base/checked.h"

#include <assert.h>
#include <string.h>
#include <sys/mman.h>

enum {
    ALIGN_BYTES = 16,
    FIRST_CHUNK_BYTES = 16 << 10,
    MAX_CHUNK_BYTES = 16 << 20,
    HUGE_PAGE_BYTES = 2 << 20,
#ifdef PARE_ARENA_DEBUG
    ITEM_ALIGN = 1, /* the allocator aligns each item's chunk; no padding hides an overrun */
#else
    ITEM_ALIGN = ALIGN_BYTES,
#endif
};

struct pare_arena_chunk {
    pare_arena_chunk *older;
    size_t n_bytes; /* of payload */
    size_t used;
    size_t pad;
};
static_assert(sizeof(pare_arena_chunk) % ALIGN_BYTES == 0, "payload follows the header, aligned");

void pare_arena_init(pare_ctx *ctx, pare_arena *arena, uint64_t limit_bytes)
{
    *arena = (pare_arena){
        .allocator = ctx->opts.allocator,
        .limit_bytes = limit_bytes ? limit_bytes : ctx->opts.max_memory_bytes,
    };
}

void pare_arena_free(pare_arena *arena)
{
    const pare_allocator a = arena->allocator;
    for (pare_arena_chunk *c = arena->chunks; c;) {
        pare_arena_chunk *older = c->older;
        a.release(a.user, c);
        c = older;
    }
    *arena = (pare_arena){ 0 };
}

/* A payload size for a new chunk that holds n_bytes: geometric, so that small models stay small. */
static size_t chunk_payload(const pare_arena *arena, size_t n_bytes)
{
#ifdef PARE_ARENA_DEBUG
    (void)arena;
    return n_bytes;
#else
    size_t want = arena->chunks ? arena->chunks->n_bytes * 2 : FIRST_CHUNK_BYTES;
    if (want > MAX_CHUNK_BYTES) want = MAX_CHUNK_BYTES;
    return n_bytes > want ? n_bytes : want;
#endif
}

/* Asks for huge pages where a chunk is large: first touches of small ones are a good part of the
 * time that a large model takes to open. Advice only; whoever cannot follow it does nothing. */
static void advise_huge(void *chunk, size_t n_bytes)
{
    const uintptr_t begin = ((uintptr_t)chunk + HUGE_PAGE_BYTES - 1) & -(uintptr_t)HUGE_PAGE_BYTES;
    const uintptr_t end = ((uintptr_t)chunk + n_bytes) & -(uintptr_t)HUGE_PAGE_BYTES;
    if (begin < end) (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE);
}

static pare_arena_chunk *add_chunk(pare_arena *arena, size_t n_bytes)
{
    size_t payload = chunk_payload(arena, n_bytes);
    uint64_t left = arena->limit_bytes - arena->used_bytes;
    if (left < sizeof(pare_arena_chunk) + ALIGN_BYTES) left = 0;
    else left = (left - sizeof(pare_arena_chunk)) & ~(uint64_t)(ALIGN_BYTES - 1);
    arena->over_limit = n_bytes > left;
    if (arena->over_limit) return NULL;
    if (payload > left) payload = (size_t)left;
    const pare_allocator *a = &arena->allocator;
    pare_arena_chunk *c = a->resize(a->user, NULL, sizeof(*c) + payload);
    if (!c) return NULL;
    advise_huge(c, sizeof(*c) + payload);
    *c = (pare_arena_chunk){ .n_bytes = payload };
    arena->used_bytes += sizeof(*c) + payload;
    return c;
}

/* Links a chunk in. One made for a single big item goes behind the newest, whose rest stays in
 * use. */
static void link_chunk(pare_arena *arena, pare_arena_chunk *c, size_t n_bytes)
{
    pare_arena_chunk *newest = arena->chunks;
    if (newest && n_bytes == c->n_bytes && newest->n_bytes - newest->used > 0) {
        c->older = newest->older;
        newest->older = c;
    } else {
        c->older = newest;
        arena->chunks = c;
    }
}

void *pare_arena_alloc(pare_arena *arena, size_t n_bytes)
{
    uint64_t rounded = 0;
    if (!pare_align_u64(n_bytes ? n_bytes : 1, ITEM_ALIGN, &rounded) || rounded > SIZE_MAX / 2) {
        arena->over_limit = true;
        return NULL;
    }
    const size_t n = (size_t)rounded;
    pare_arena_chunk *c = arena->chunks;
    if (!c || c->n_bytes - c->used < n) {
        c = add_chunk(arena, n);
        if (!c) return NULL;
        link_chunk(arena, c, n);
    }
    uint8_t *p = (uint8_t *)(c + 1) + c->used;
    c->used += n;
    return p;
}

void *pare_arena_zero(pare_arena *arena, size_t n_bytes)
{
    void *p = pare_arena_alloc(arena, n_bytes);
    if (p) memset(p, 0, n_bytes);
    return p;
}

void *pare_arena_array(pare_arena *arena, size_t n_items, size_t item_bytes)
{
    size_t n_bytes = 0;
    if (!pare_mul_size(n_items, item_bytes, &n_bytes)) {
        arena->over_limit = true;
        return NULL;
    }
    return pare_arena_zero(arena, n_bytes);
}

void *pare_arena_copy(pare_arena *arena, const void *data, size_t n_bytes)
{
    void *p = pare_arena_alloc(arena, n_bytes);
    if (p && n_bytes) memcpy(p, data, n_bytes);
    return p;
}

char *pare_arena_strn(pare_arena *arena, const char *text, size_t n)
{
    char *p = pare_arena_alloc(arena, n + 1);
    if (!p) return NULL;
    if (n) memcpy(p, text, n);
    p[n] = '\0';
    return p;
}

char *pare_arena_str(pare_arena *arena, const char *text)
{
    return text ? pare_arena_strn(arena, text, strlen(text)) : NULL;
}

bool pare_arena_grow(pare_arena *arena, void *items, size_t *cap, size_t want, size_t item_bytes)
{
    if (want <= *cap) return true;
    size_t n = *cap < 4 ? 4 : *cap * 2;
    if (n < want) n = want;
    void *old = NULL;
    memcpy(&old, items, sizeof(old)); /* items is the address of a typed pointer */
    void *grown = pare_arena_array(arena, n, item_bytes);
    if (!grown) return false;
    if (*cap) memcpy(grown, old, *cap * item_bytes);
    memcpy(items, &grown, sizeof(grown));
    *cap = n;
    return true;
}

pare_status pare_arena_fail(pare_ctx *ctx, const pare_arena *arena)
{
    if (!arena->over_limit)
        return pare_fail(ctx, PARE_ENOMEM, "out of memory after %llu bytes of model structure",
                         (unsigned long long)arena->used_bytes);
    const bool in_mib = arena->limit_bytes >> 20 != 0;
    return pare_fail(ctx, PARE_EBUDGET,
                     "the model's structure needs more than the memory budget of %llu %s; "
                     "raise it with --max-memory",
                     (unsigned long long)(in_mib ? arena->limit_bytes >> 20 : arena->limit_bytes),
                     in_mib ? "MiB" : "bytes");
}
