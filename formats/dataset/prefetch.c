#include "formats/dataset/prefetch.h"

#include "ir/tensor.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>

enum { PER_THREAD = 4, MAX_THREADS = 64, MAX_DEPTH = 4096 };

typedef enum slot_state {
    SLOT_FREE,    /* its sample has not been begun */
    SLOT_LOADING,
    SLOT_LOADED,
    SLOT_TAKEN,
} slot_state;

/* The sample i stands in slot i % depth while base <= i < base + depth. */
typedef struct slot {
    slot_state state;
    pare_status status;
    pare_tensor **tensors; /* [n_inputs] */
    char message[PARE_MESSAGE_BYTES];
} slot;

typedef struct prefetch {
    pare_dataset data;       /* what is handed out */
    const pare_dataset *from;
    pthread_mutex_t lock;
    pthread_cond_t moved;    /* base, or a slot has changed */
    uint64_t base;           /* all samples before it were taken */
    uint64_t next;           /* the first that may not have been begun */
    uint32_t depth;
    slot *slots;             /* [depth] */
    pare_tensor **tensors;   /* [depth * n_inputs] of all slots */
    bool is_idle;            /* between two passes */
    bool is_over;
    uint32_t n_threads;
    struct loader {
        struct prefetch *p;
        pthread_t thread;
        pare_ctx ctx;
    } *loaders;              /* [n_threads] */
} prefetch;

static slot *slot_of(const prefetch *p, uint64_t i)
{
    return &p->slots[i % p->depth];
}

/* --- loading ahead ---------------------------------------------------------------------------- */

/* Waits for a sample to begin; false when it is over. Called with the lock. */
static bool find_work(prefetch *p, uint64_t *i)
{
    for (; !p->is_over; pthread_cond_wait(&p->moved, &p->lock)) {
        if (p->next < p->base) p->next = p->base;
        while (!p->is_idle && p->next < p->data.n && p->next < p->base + p->depth) {
            *i = p->next++;
            if (slot_of(p, *i)->state == SLOT_FREE) return true;
        }
    }
    return false;
}

static void *load_ahead(void *user)
{
    struct loader *l = user;
    prefetch *p = l->p;
    uint64_t i = 0;
    pthread_mutex_lock(&p->lock);
    while (find_work(p, &i)) {
        slot *s = slot_of(p, i);
        s->state = SLOT_LOADING;
        pthread_mutex_unlock(&p->lock);
        s->status = p->from->load(p->from->self, &l->ctx, i, s->tensors);
        if (s->status) memcpy(s->message, l->ctx.message, sizeof(s->message));
        pthread_mutex_lock(&p->lock);
        s->state = SLOT_LOADED;
        pthread_cond_broadcast(&p->moved);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

/* --- asking ----------------------------------------------------------------------------------- */

/* Counts a sample as taken and moves on past all that were. Called with the lock. */
static void take(prefetch *p, uint64_t i)
{
    slot_of(p, i)->state = SLOT_TAKEN;
    while (p->base < p->data.n && slot_of(p, p->base)->state == SLOT_TAKEN)
        slot_of(p, p->base++)->state = SLOT_FREE;
    if (p->base == p->data.n) { /* another pass may follow, and begins with who asks */
        p->base = p->next = 0;
        p->is_idle = true;
    }
    pthread_cond_broadcast(&p->moved);
}

/* Whether this sample is in its slot for the asker to take. With the lock; a sample that nobody has
 * begun is the asker's own to load. */
static bool claim(prefetch *p, uint64_t i)
{
    for (;; pthread_cond_wait(&p->moved, &p->lock)) {
        if (i < p->base || i >= p->base + p->depth) return false;
        const slot_state state = slot_of(p, i)->state;
        if (state == SLOT_LOADED) return true;
        if (state == SLOT_TAKEN) return false;
        if (state == SLOT_FREE) {
            p->is_idle = false;
            take(p, i);
            return false;
        }
    }
}

static pare_status prefetch_load(void *self, pare_ctx *ctx, uint64_t sample, pare_tensor **out)
{
    prefetch *p = self;
    pare_status st = PARE_OK;
    pthread_mutex_lock(&p->lock);
    const bool is_there = claim(p, sample);
    if (is_there) {
        slot *s = slot_of(p, sample);
        st = s->status;
        for (size_t k = 0; k < p->data.n_inputs; k++) {
            out[k] = st ? NULL : s->tensors[k];
            s->tensors[k] = NULL;
        }
        if (st) (void)pare_fail(ctx, st, "%s", s->message);
        take(p, sample);
    }
    pthread_mutex_unlock(&p->lock);
    return is_there ? st : p->from->load(p->from->self, ctx, sample, out);
}

/* --- the rest goes to the set behind ---------------------------------------------------------- */

static int64_t prefetch_label(void *self, uint64_t sample)
{
    const prefetch *p = self;
    return p->from->label(p->from->self, sample);
}

static pare_status prefetch_labels(void *self, pare_ctx *ctx, uint64_t sample, pare_tensor **out)
{
    const prefetch *p = self;
    return p->from->labels(p->from->self, ctx, sample, out);
}

static pare_status prefetch_expected(void *self, pare_ctx *ctx, uint64_t sample, size_t output,
                                     pare_tensor **out)
{
    const prefetch *p = self;
    return p->from->expected(p->from->self, ctx, sample, output, out);
}

static pare_status prefetch_golden(void *self, pare_ctx *ctx, pare_tensor **out,
                                   pare_tensor **output)
{
    const prefetch *p = self;
    return p->from->golden(p->from->self, ctx, out, output);
}

static const char *prefetch_name(void *self, uint64_t sample, char *out, size_t out_bytes)
{
    const prefetch *p = self;
    return p->from->name(p->from->self, sample, out, out_bytes);
}

static uint64_t prefetch_row(void *self, uint64_t sample)
{
    const prefetch *p = self;
    return p->from->row(p->from->self, sample);
}

static void put_in_front(prefetch *p)
{
    pare_dataset *d = &p->data;
    *d = *p->from;
    d->self = p;
    d->load = prefetch_load;
    d->label = prefetch_label;
    d->labels = p->from->labels ? prefetch_labels : NULL;
    d->expected = p->from->expected ? prefetch_expected : NULL;
    d->golden = p->from->golden ? prefetch_golden : NULL;
    d->name = prefetch_name;
    d->row = prefetch_row;
}

/* --- opening and closing ---------------------------------------------------------------------- */

/* Signals are for the program's own threads. */
static void start_threads(pare_ctx *ctx, prefetch *p, uint32_t n)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (; p->n_threads < n; p->n_threads++) {
        struct loader *l = &p->loaders[p->n_threads];
        const pare_ctx_opts opts = { .allocator = ctx->opts.allocator, .cancel = ctx->opts.cancel,
                                     .max_memory_bytes = ctx->opts.max_memory_bytes };
        l->p = p;
        pare_ctx_init(&l->ctx, &opts);
        if (pthread_create(&l->thread, NULL, load_ahead, l)) break;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

pare_status pare_prefetch_open(pare_ctx *ctx, pare_dataset **out, const pare_dataset *from,
                               uint32_t n_threads, uint32_t depth)
{
    prefetch *p = pare_alloc_zero(ctx, sizeof(*p));
    *out = NULL;
    if (!p) return pare_fail_memory(ctx, sizeof(*p));
    if (!n_threads) n_threads = 1;
    if (n_threads > MAX_THREADS) n_threads = MAX_THREADS;
    if (!depth) depth = PER_THREAD * n_threads;
    if (depth > MAX_DEPTH) depth = MAX_DEPTH;
    p->from = from;
    p->depth = depth;
    put_in_front(p);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->moved, NULL);
    p->slots = pare_alloc_zero(ctx, depth * sizeof(*p->slots));
    p->tensors = pare_alloc_zero(ctx, depth * from->n_inputs * sizeof(pare_tensor *));
    p->loaders = pare_alloc_zero(ctx, n_threads * sizeof(*p->loaders));
    if (!p->slots || !p->tensors || !p->loaders) {
        pare_prefetch_close(ctx, &p->data);
        return pare_fail_memory(ctx, depth * sizeof(*p->slots));
    }
    for (uint32_t i = 0; i < depth; i++) p->slots[i].tensors = p->tensors + i * from->n_inputs;
    start_threads(ctx, p, n_threads);
    *out = &p->data;
    return PARE_OK;
}

void pare_prefetch_close(pare_ctx *ctx, pare_dataset *data)
{
    if (!data) return;
    prefetch *p = data->self;
    pthread_mutex_lock(&p->lock);
    p->is_over = true;
    pthread_cond_broadcast(&p->moved);
    pthread_mutex_unlock(&p->lock);
    for (uint32_t i = 0; i < p->n_threads; i++) pthread_join(p->loaders[i].thread, NULL);
    for (size_t i = 0; p->tensors && i < p->depth * data->n_inputs; i++)
        pare_tensor_unref(p->tensors[i]);
    pthread_cond_destroy(&p->moved);
    pthread_mutex_destroy(&p->lock);
    pare_free(ctx, p->loaders);
    pare_free(ctx, p->tensors);
    pare_free(ctx, p->slots);
    pare_free(ctx, p);
}
