#include "run/packs.h"

#include "base/map.h"

#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT = 64, SMALL_PAGE = 4096, LARGE_PAGE = 2 << 20 };
enum { LEAST_BLOCK = 1 << 14, MOST_ROOM = 64 << 20 }; /* bytes */

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

/* Forms lie one behind the other in few blocks, so that large pages hold most of them. */
typedef struct block {
    void *memory;
    uint8_t *data;            /* memory, aligned */
    size_t n_bytes, n_used, n_ready; /* so far with memory behind it */
    size_t n_live;            /* forms in it */
} block;

typedef struct pack {
    pare_pack_key key;
    pare_tensor *tensor;      /* one reference, so that its address is not used again */
    block *block;
    void *data;
    size_t n_bytes;
    bool is_filled;
} pack;

/* Few thousand entries, each looked up once per plan: a hash table with linear probing. */
struct pare_packs {
    pack *items;
    size_t n, cap;
    size_t n_empty;           /* not filled in yet */
    block *last;              /* that has room, if any has */
    uint64_t n_expected;      /* bytes, as long as nothing is there */
    uint32_t *slots;          /* 1 + index of an item; 0: free */
    size_t n_slots;           /* a power of two */
    uint64_t seed[2];         /* of hashes: callers may have other contexts each time */
    uint64_t n_bytes, n_packed;
};

pare_status pare_packs_new(pare_ctx *ctx, pare_packs **out)
{
    *out = pare_alloc_zero(ctx, sizeof(**out));
    if (!*out) return pare_fail_memory(ctx, sizeof(**out));
    memcpy((*out)->seed, ctx->hash_seed, sizeof((*out)->seed));
    return PARE_OK;
}

/* Of a form less in a block. */
static void let_go(pare_ctx *ctx, pare_packs *packs, block *b)
{
    if (--b->n_live) return;
    if (packs->last == b) packs->last = NULL;
    pare_free(ctx, b->memory);
    pare_free(ctx, b);
}

void pare_packs_free(pare_ctx *ctx, pare_packs *packs)
{
    if (!packs) return;
    for (size_t i = 0; i < packs->n; i++) {
        pare_tensor_unref(packs->items[i].tensor);
        let_go(ctx, packs, packs->items[i].block);
    }
    pare_free(ctx, packs->items);
    pare_free(ctx, packs->slots);
    pare_free(ctx, packs);
}

static uint64_t hash_of(const pare_packs *packs, const pare_pack_key *key)
{
    const uint64_t seed[2] = { packs->seed[0] ^ (uintptr_t)key->tensor->payload.data,
                               packs->seed[1] ^ pare_siphash13(packs->seed, key->form,
                                                               strlen(key->form)) };
    return pare_siphash13(seed, key->params, sizeof(key->params));
}

static bool is_same(const pare_pack_key *a, const pare_pack_key *b)
{
    return a->tensor->payload.data == b->tensor->payload.data &&
           a->tensor->payload.n == b->tensor->payload.n && strcmp(a->form, b->form) == 0 &&
           memcmp(a->params, b->params, sizeof(a->params)) == 0;
}

static uint32_t *slot_for(const pare_packs *packs, const pare_pack_key *key)
{
    size_t i = hash_of(packs, key) & (packs->n_slots - 1);
    while (packs->slots[i] && !is_same(&packs->items[packs->slots[i] - 1].key, key))
        i = (i + 1) & (packs->n_slots - 1);
    return &packs->slots[i];
}

/* Whole pages of this size among what is in use and was not got ready yet. */
static void advise(const block *b, uintptr_t page_bytes, int advice)
{
    const uintptr_t from = (uintptr_t)b->data;
    const uintptr_t start = (from + b->n_ready + page_bytes - 1) / page_bytes * page_bytes;
    const uintptr_t end = (from + b->n_used) / page_bytes * page_bytes;
    if (end > start) madvise(b->data + (start - from), end - start, advice);
}

/* Takes large pages where whole ones are in use, and all pages at once, which is faster than one by
 * one when they are touched. A system that knows no such wish does not mind. */
static void get_memory(block *b)
{
    advise(b, LARGE_PAGE, MADV_HUGEPAGE);
    advise(b, SMALL_PAGE, MADV_POPULATE_WRITE);
    b->n_ready = b->n_used;
}

static void fill_slots(pare_packs *packs)
{
    for (size_t i = 0; i < packs->n; i++)
        *slot_for(packs, &packs->items[i].key) = (uint32_t)(i + 1);
}

static void widen(const pare_kernels *kernels, const pare_tensor *t, float *to)
{
    enum { AT_ONCE = 512 };
    uint16_t halves[AT_ONCE]; /* at an address that suits them */
    for (int64_t i = 0; i < t->n_elements; i += AT_ONCE) {
        const int64_t n = t->n_elements - i < AT_ONCE ? t->n_elements - i : AT_ONCE;
        memcpy(halves, t->payload.data + (size_t)i * sizeof(*halves), (size_t)n * sizeof(*halves));
        kernels->narrow->from_f16(n, halves, to + i);
    }
}

pare_status pare_pack_floats(pare_ctx *ctx, const pare_kernels *kernels, const pare_tensor *t,
                             const float **out, void **owned)
{
    const size_t n_bytes = (size_t)t->n_elements * sizeof(float);
    *owned = NULL;
    *out = (const float *)(const void *)t->payload.data;
    if (t->dtype == PARE_FLOAT && (uintptr_t)t->payload.data % sizeof(float) == 0) return PARE_OK;
    *owned = pare_alloc(ctx, n_bytes + 1);
    if (!*owned) return pare_fail_memory(ctx, n_bytes);
    *out = *owned;
    if (t->dtype == PARE_FLOAT16) widen(kernels, t, *owned);
    else memcpy(*owned, t->payload.data, n_bytes);
    return PARE_OK;
}

static pare_status make_room(pare_ctx *ctx, pare_packs *packs)
{
    PARE_TRY(pare_grow(ctx, &packs->items, &packs->cap, packs->n + 1, sizeof(*packs->items)));
    if (packs->n * 2 < packs->n_slots) return PARE_OK;
    const size_t n_slots = packs->n_slots ? packs->n_slots * 2 : 64;
    uint32_t *slots = pare_alloc_zero(ctx, n_slots * sizeof(*slots));
    if (!slots) return pare_fail_memory(ctx, n_slots * sizeof(*slots));
    pare_free(ctx, packs->slots);
    packs->slots = slots;
    packs->n_slots = n_slots;
    fill_slots(packs);
    return PARE_OK;
}

/* A block of n_bytes at least: of more, the more there are already. */
static pare_status add_block(pare_ctx *ctx, pare_packs *packs, size_t n_bytes)
{
    const uint64_t quarter = packs->n_bytes / 4 < MOST_ROOM ? packs->n_bytes / 4 : MOST_ROOM;
    const uint64_t wanted = packs->n ? quarter : packs->n_expected;
    size_t room = wanted < LEAST_BLOCK ? LEAST_BLOCK : (size_t)wanted / ALIGNMENT * ALIGNMENT;
    if (room < n_bytes) room = n_bytes;
    block *b = pare_alloc_zero(ctx, sizeof(*b));
    if (!b) return pare_fail_memory(ctx, sizeof(*b));
    b->memory = pare_alloc(ctx, room + ALIGNMENT);
    if (!b->memory) {
        pare_free(ctx, b);
        return pare_fail_memory(ctx, room);
    }
    b->data = (uint8_t *)b->memory + (-(uintptr_t)b->memory & (ALIGNMENT - 1));
    b->n_bytes = room;
    packs->last = b;
    return PARE_OK;
}

void pare_packs_expect(pare_packs *packs, uint64_t n_bytes)
{
    packs->n_expected = n_bytes;
}

static pare_status make_pack(pare_ctx *ctx, pare_packs *packs, pack *p, const pare_pack_key *key,
                             size_t n_bytes)
{
    const size_t size = (n_bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    block *b = packs->last;
    if (!b || size > b->n_bytes - b->n_used) PARE_TRY(add_block(ctx, packs, size));
    b = packs->last;
    *p = (pack){ .key = *key, .n_bytes = n_bytes, .is_filled = !key->fill, .block = b,
                 .data = b->data + b->n_used };
    b->n_used += size;
    b->n_live++;
    if (p->is_filled) {
        memset(p->data, 0, n_bytes);
    }
    p->tensor = pare_tensor_ref((pare_tensor *)key->tensor);
    return PARE_OK;
}

pare_status pare_packs_get(pare_ctx *ctx, pare_packs *packs, const pare_pack_key *key,
                           size_t n_bytes, void **out, bool *is_new)
{
    *is_new = false;
    PARE_TRY(make_room(ctx, packs));
    uint32_t *slot = slot_for(packs, key);
    if (*slot) {
        *out = packs->items[*slot - 1].data;
        return PARE_OK;
    }
    pack *p = &packs->items[packs->n];
    PARE_TRY(make_pack(ctx, packs, p, key, n_bytes));
    packs->n++;
    packs->n_empty += !p->is_filled;
    packs->n_packed += p->is_filled;
    packs->n_bytes += n_bytes;
    *slot = (uint32_t)packs->n;
    *out = p->data;
    *is_new = true;
    return PARE_OK;
}

static void set_filled(pare_packs *packs, pack *p)
{
    p->is_filled = true;
    packs->n_empty--;
    packs->n_packed++;
}

/* What is to be filled in from floats where they stand. */
typedef struct filling {
    const pare_kernels *kernels;
    pack **packs;
} filling;

static void fill_one(void *user, uint32_t task, uint32_t worker)
{
    const filling *f = user;
    const pack *p = f->packs[task];
    (void)worker;
    p->key.fill(f->kernels, p->key.params, p->key.tensor->payload.data, p->data);
}

/* Halves are floats for a while. */
static pare_status fill_widened(pare_ctx *ctx, const pare_kernels *kernels, const pack *p)
{
    const float *from = NULL;
    void *owned = NULL;
    PARE_TRY(pare_pack_floats(ctx, kernels, p->key.tensor, &from, &owned));
    p->key.fill(kernels, p->key.params, from, p->data);
    pare_free(ctx, owned);
    return PARE_OK;
}

pare_status pare_packs_fill(pare_ctx *ctx, pare_packs *packs, const pare_kernels *kernels,
                            pare_pool *pool)
{
    if (!packs->n_empty) return PARE_OK;
    filling f = { kernels, pare_alloc(ctx, packs->n_empty * sizeof(*f.packs)) };
    pare_status st = f.packs ? PARE_OK : pare_fail_memory(ctx, packs->n_empty * sizeof(*f.packs));
    uint32_t n = 0;
    for (size_t i = 0; !st && i < packs->n; i++) {
        pack *p = &packs->items[i];
        if (p->is_filled) continue;
        get_memory(p->block);
        if (p->key.tensor->dtype == PARE_FLOAT) {
            f.packs[n++] = p;
            continue;
        }
        st = fill_widened(ctx, kernels, p);
        if (!st) set_filled(packs, p);
    }
    if (!st) pare_pool_run(pool, n, fill_one, &f);
    for (uint32_t i = 0; !st && i < n; i++) set_filled(packs, f.packs[i]);
    pare_free(ctx, f.packs);
    return st;
}

/* other NULL: nothing stands in for the tensor. */
static void replace(pare_ctx *ctx, pare_packs *packs, const pare_tensor *tensor,
                    pare_tensor *other)
{
    const uint8_t *payload = tensor->payload.data; /* the last reference may be a pack's */
    size_t n = 0;
    for (size_t i = 0; i < packs->n; i++) {
        pack p = packs->items[i];
        const bool is_made_of_it = p.key.tensor->payload.data == payload;
        if (is_made_of_it) pare_tensor_unref(p.tensor);
        if (is_made_of_it && (!other || !p.key.fill)) {
            packs->n_bytes -= p.n_bytes;
            packs->n_empty -= !p.is_filled;
            let_go(ctx, packs, p.block);
            continue;
        }
        if (is_made_of_it) {
            p.tensor = pare_tensor_ref(other);
            p.key.tensor = other;
            packs->n_empty += p.is_filled; /* filled in anew before the next run */
            p.is_filled = false;
        }
        packs->items[n++] = p;
    }
    packs->n = n;
    if (packs->n_slots) memset(packs->slots, 0, packs->n_slots * sizeof(*packs->slots));
    fill_slots(packs);
}

void pare_packs_forget(pare_ctx *ctx, pare_packs *packs, const pare_tensor *tensor)
{
    replace(ctx, packs, tensor, NULL);
}

void pare_packs_replace(pare_ctx *ctx, pare_packs *packs, const pare_tensor *tensor,
                        pare_tensor *other)
{
    replace(ctx, packs, tensor, other);
}

uint64_t pare_packs_bytes(const pare_packs *packs)
{
    return packs->n_bytes;
}

uint64_t pare_packs_count(const pare_packs *packs)
{
    return packs->n_packed;
}
