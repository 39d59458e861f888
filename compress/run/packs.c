#include "run/packs.h"

#include "base/map.h"
#include "kernels/narrow.h"

#include <string.h>
#include <sys/mman.h>

enum { ALIGNMENT = 64, LARGE_PAGE = 2 << 20 };

typedef struct pack {
    pare_pack_key key;
    pare_tensor *tensor;      /* one reference, so that its address is not used again */
    void *block, *data;       /* data is block, aligned */
    size_t n_bytes;
    bool is_filled;
} pack;

/* Few thousand entries, each looked up once per plan: a hash table with linear probing. */
struct pare_packs {
    pack *items;
    size_t n, cap;
    size_t n_empty;           /* not filled in yet */
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

void pare_packs_free(pare_ctx *ctx, pare_packs *packs)
{
    if (!packs) return;
    for (size_t i = 0; i < packs->n; i++) {
        pare_tensor_unref(packs->items[i].tensor);
        pare_free(ctx, packs->items[i].block);
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

/* Asks for large pages where whole ones fit: weights are read front to back. */
static void use_large_pages(const pack *p, size_t n_bytes)
{
    const uintptr_t start = ((uintptr_t)p->data + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE;
    const uintptr_t end = ((uintptr_t)p->data + n_bytes) / LARGE_PAGE * LARGE_PAGE;
    if (end > start)
        madvise((uint8_t *)p->data + (start - (uintptr_t)p->data), end - start, MADV_HUGEPAGE);
}

static void fill_slots(pare_packs *packs)
{
    for (size_t i = 0; i < packs->n; i++)
        *slot_for(packs, &packs->items[i].key) = (uint32_t)(i + 1);
}

static void widen(const pare_tensor *t, float *to)
{
    for (int64_t i = 0; i < t->n_elements; i++) {
        uint16_t half = 0;
        memcpy(&half, t->payload.data + (size_t)i * sizeof(half), sizeof(half));
        pare_narrow_ref.from_f16(1, &half, &to[i]);
    }
}

pare_status pare_pack_floats(pare_ctx *ctx, const pare_tensor *t, const float **out, void **owned)
{
    const size_t n_bytes = (size_t)t->n_elements * sizeof(float);
    *owned = NULL;
    *out = (const float *)(const void *)t->payload.data;
    if (t->dtype == PARE_FLOAT && (uintptr_t)t->payload.data % sizeof(float) == 0) return PARE_OK;
    *owned = pare_alloc(ctx, n_bytes + 1);
    if (!*owned) return pare_fail_memory(ctx, n_bytes);
    *out = *owned;
    if (t->dtype == PARE_FLOAT16) widen(t, *owned);
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

static pare_status make_pack(pare_ctx *ctx, pack *p, const pare_pack_key *key, size_t n_bytes)
{
    *p = (pack){ .key = *key, .n_bytes = n_bytes, .is_filled = !key->fill,
                 .block = pare_alloc(ctx, n_bytes + ALIGNMENT) };
    if (!p->block) return pare_fail_memory(ctx, n_bytes);
    const uintptr_t at = ((uintptr_t)p->block + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    p->data = (uint8_t *)p->block + (at - (uintptr_t)p->block);
    use_large_pages(p, n_bytes); /* before anything touches them */
    memset(p->data, 0, n_bytes);
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
    PARE_TRY(make_pack(ctx, p, key, n_bytes));
    packs->n++;
    packs->n_empty += !p->is_filled;
    packs->n_packed += p->is_filled;
    packs->n_bytes += n_bytes;
    *slot = (uint32_t)packs->n;
    *out = p->data;
    *is_new = true;
    return PARE_OK;
}

pare_status pare_packs_fill(pare_ctx *ctx, pare_packs *packs)
{
    for (size_t i = 0; packs->n_empty && i < packs->n; i++) {
        pack *p = &packs->items[i];
        const float *from = NULL;
        void *owned = NULL;
        if (p->is_filled) continue;
        PARE_TRY(pare_pack_floats(ctx, p->key.tensor, &from, &owned));
        p->key.fill(p->key.params, from, p->data);
        pare_free(ctx, owned);
        p->is_filled = true;
        packs->n_empty--;
        packs->n_packed++;
    }
    return PARE_OK;
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
            pare_free(ctx, p.block);
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
