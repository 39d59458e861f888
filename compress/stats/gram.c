#include "stats/gram.h"

#include "base/checked.h"
#include "ir/cut.h"
#include "pass/pass.h"
#include "stats/feed.h"
#include "stats/gram_work.h"
#include "stats/replicas.h"
#include "stats/walk.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PROBES = 4, ALIGNMENT = 64, MODEL = 0, REFERENCE = 1 };

static const uint64_t default_memory = UINT64_C(1) << 30;

/* What is to be done with a value of the model or the reference. */
typedef struct role {
    int side;                 /* MODEL or REFERENCE */
    pare_value_id value;
    bool is_target;
    size_t index;             /* of a key, or a target */
    pare_gram_part part;      /* of a target */
} role;

typedef struct worker {
    pare_ctx ctx;
    struct collector *of;
    int side, slot;           /* that run now */
    uint64_t taken, sample;   /* number in the run, and in the data set */
    pare_tensor **tensors;    /* [data->n_inputs] of the sample under way */
    pare_eval_input *inputs;  /* [data->n_inputs] */
} worker;

typedef struct slot {
    pare_status status;
    char message[PARE_MESSAGE_BYTES];
} slot;

typedef struct collector {
    pare_ctx *ctx;
    const pare_model *model;
    const pare_gram_opts *opts;
    const pare_kernels *kernels;
    pare_gram_key *keys;      /* [n_keys] */
    size_t n_keys;
    pare_gram_target *targets; /* [n_items]: of every item */
    role *roles;              /* [n_roles] of the pass */
    size_t n_roles;
    bool probing;             /* rows are counted, not gathered */
    pare_feed feed;
    pare_walk *walks[2];      /* of the sides; NULL: they start from the data */
    pare_replicas *sides[2];
    pare_value_id *kept[2];   /* [n_roles] of each side */
    void **users;             /* [n_workers] */
    worker *workers;          /* [n_workers] */
    uint32_t n_workers;
    uint64_t turn, end;       /* this turn starts at, all end before: counted as they are taken */
    uint64_t n_choice;        /* samples that `end` are taken from */
    slot slots[PARE_GRAM_TURN];
    void *block;              /* scratch of all workers */
    float **scratch;          /* [n_workers] */
} collector;

/* --- keys ------------------------------------------------------------------------------------- */

bool pare_gram_suits(const pare_linear *l, const pare_model *model)
{
    if (model->nodes[l->node].graph != model->graph ||
        model->values[l->weight].tensor->dtype != PARE_FLOAT)
        return false;
    if (l->kind == PARE_LINEAR_CONV) return l->rank >= 3;
    return l->kind != PARE_LINEAR_CONV_TRANSPOSE && l->input_axis == -1;
}

static bool same_ints(pare_ints a, pare_ints b)
{
    return a.n == b.n && (!a.n || !memcmp(a.v, b.v, a.n * sizeof(*a.v)));
}

static bool same_key(const pare_gram_key *a, const pare_gram_key *b)
{
    const bool conv = a->linear->kind == PARE_LINEAR_CONV;
    if (a->first != b->first || a->end != b->end || a->value != b->value || a->n != b->n ||
        a->groups != b->groups ||
        conv != (b->linear->kind == PARE_LINEAR_CONV))
        return false;
    const pare_window *v = &a->conv.window, *w = &b->conv.window;
    return !conv ||
           (a->linear->rank == b->linear->rank &&
            !memcmp(a->kernel, b->kernel, sizeof(a->kernel)) && v->auto_pad == w->auto_pad &&
            same_ints(v->strides, w->strides) && same_ints(v->dilations, w->dilations) &&
            same_ints(v->pads, w->pads));
}

/* EBUDGET for sizes beyond all memory. */
static pare_status make_key(collector *c, const pare_gram_item *item, pare_gram_key *key)
{
    const pare_linear *l = &item->linear;
    const pare_node *node = &c->model->nodes[l->node];
    *key = (pare_gram_key){ .value = node->inputs[0].value, .linear = l, .n = l->taps * l->in,
                            .groups = l->group, .first = item->first, .end = c->end };
    uint64_t elements = 0;
    if (item->n_samples && item->n_samples < c->end - key->first)
        key->end = key->first + item->n_samples;
    if (!pare_mul_u64((uint64_t)key->n, (uint64_t)key->n, &elements) ||
        !pare_mul_u64(elements, 8 * (uint64_t)key->groups, &elements) ||
        elements > INT64_MAX / 4)
        return pare_fail(c->ctx, PARE_EBUDGET, "%s '%s': too many inputs for second moments",
                         node->op_type, node->name ? node->name : "");
    if (l->kind != PARE_LINEAR_CONV) return PARE_OK;
    const pare_tensor *w = c->model->values[l->weight].tensor;
    for (uint32_t d = 2; d < w->rank; d++) key->kernel[d - 2] = w->dims[d];
    pare_call call;
    _Alignas(16) char params[PARE_MAX_PARAMS_BYTES];
    PARE_TRY(pare_call_init(c->ctx, &call, c->model, l->node));
    PARE_TRY(pare_call_resolve(c->ctx, &call, params));
    memcpy(&key->conv, params, sizeof(key->conv));
    return PARE_OK;
}

static pare_status make_keys(collector *c)
{
    const size_t n = c->opts->n_items;
    c->keys = pare_alloc_zero(c->ctx, (n + 1) * sizeof(*c->keys));
    c->targets = pare_alloc_zero(c->ctx, (n + 1) * sizeof(*c->targets));
    if (!c->keys || !c->targets) return pare_fail_memory(c->ctx, n * sizeof(*c->keys));
    for (size_t i = 0; i < n; i++) {
        const pare_gram_item *item = &c->opts->items[i];
        if (!pare_gram_suits(&item->linear, c->model) || item->first >= c->end)
            return pare_fail(c->ctx, PARE_EUSAGE, "moments of a node that has none");
        pare_gram_key *key = &c->keys[c->n_keys];
        PARE_TRY(make_key(c, item, key));
        size_t k = 0;
        while (!same_key(&c->keys[k], key)) k++;
        if (k == c->n_keys) c->n_keys++;
        c->targets[i] = (pare_gram_target){ .key = k, .plus = item->plus, .minus = item->minus,
                                            .out = item->linear.out };
        c->targets[i].has_ramp = item->ramp && item->plus != PARE_NONE;
        if (item->ramp) c->targets[i].ramp = *item->ramp;
    }
    return PARE_OK;
}

/* --- one sample ------------------------------------------------------------------------------- */

static pare_status play(worker *w, const role *r, const pare_observed *seen)
{
    collector *c = w->of;
    pare_gram_target *t = r->is_target ? &c->targets[r->index] : NULL;
    pare_gram_key *key = &c->keys[t ? t->key : r->index];
    if (!c->probing && (w->taken < key->first || w->taken >= key->end)) return PARE_OK;
    if (t) return pare_gram_gather_target(&w->ctx, t, key, w->sample, w->slot, r->part, seen);
    if (!c->probing) return pare_gram_gather(&w->ctx, key, w->sample, w->slot, seen);
    int64_t total = 0;
    PARE_TRY(pare_gram_count(&w->ctx, key, seen, &total));
    key->used[w->slot] = total;
    return PARE_OK;
}

static pare_status observe(void *user, pare_ctx *ctx, const pare_observed *seen)
{
    worker *w = user;
    const collector *c = w->of;
    (void)ctx;
    for (size_t i = 0; i < c->n_roles; i++)
        if (c->roles[i].value == seen->value && c->roles[i].side == w->side)
            PARE_TRY(play(w, &c->roles[i], seen));
    return PARE_OK;
}

static pare_status run_sides(collector *c, worker *w, uint32_t index)
{
    const pare_dataset *data = c->opts->data;
    pare_status st = pare_feed_inputs(&w->ctx, &c->feed, w->tensors, w->inputs);
    for (int side = REFERENCE; side >= MODEL && !st; side--) {
        pare_datum *outputs = NULL;
        if (!c->sides[side]) continue;
        w->side = side;
        st = pare_replicas_run(&w->ctx, &outputs, c->sides[side], index, w->inputs,
                               data->n_inputs);
        pare_replicas_drop(&w->ctx, c->sides[side], outputs);
    }
    pare_feed_drop(&w->ctx, &c->feed, w->inputs);
    return st;
}

/* A sample through the pieces at hand. */
static pare_status walk_sample(collector *c, worker *w, uint32_t index)
{
    pare_status st = pare_check_canceled(&w->ctx);
    for (int side = REFERENCE; side >= MODEL && !st; side--) {
        pare_eval_input *inputs = NULL;
        pare_datum *outputs = NULL;
        size_t n = 0;
        if (!c->sides[side]) continue;
        w->side = side;
        st = pare_walk_inputs(&w->ctx, c->walks[side], w->taken, &inputs, &n);
        if (!st && !inputs) return PARE_OK; /* the data set skips it */
        if (!st) st = pare_replicas_run(&w->ctx, &outputs, c->sides[side], index, inputs, n);
        if (!st) st = pare_walk_keep(&w->ctx, c->walks[side], w->taken, outputs);
        pare_replicas_drop(&w->ctx, c->sides[side], outputs);
        pare_walk_drop(&w->ctx, inputs, n);
    }
    return st;
}

static pare_status run_sample(collector *c, worker *w, uint32_t index)
{
    const pare_dataset *data = c->opts->data;
    bool skipped = false;
    if (c->walks[MODEL]) return walk_sample(c, w, index);
    PARE_TRY(pare_check_canceled(&w->ctx));
    pare_status st = pare_feed_read(&w->ctx, data, w->sample, w->tensors, &skipped);
    if (!st && !skipped) {
        st = pare_feed_check(&w->ctx, data, w->tensors);
        if (!st) st = run_sides(c, w, index);
        st = pare_feed_name(&w->ctx, data, w->sample, st);
    }
    for (size_t i = 0; i < data->n_inputs; i++) {
        pare_tensor_unref(w->tensors[i]);
        w->tensors[i] = NULL;
    }
    return st;
}

/* Number of a sample in the data set. taken: how many are taken before it. */
static uint64_t sample_of(const collector *c, uint64_t taken)
{
    if (c->end == c->n_choice) return c->opts->first + taken;
    return c->opts->first + (uint64_t)((double)taken * (double)c->n_choice / (double)c->end);
}

static void run_slot(void *user, uint32_t task, uint32_t index)
{
    collector *c = user;
    worker *w = &c->workers[index];
    slot *s = &c->slots[task];
    const uint64_t taken = c->probing ? c->end * task / PROBES : c->turn + task;
    if (taken >= c->end) return;
    w->slot = (int)task;
    w->taken = taken;
    w->sample = sample_of(c, taken);
    s->status = run_sample(c, w, index);
    if (s->status) memcpy(s->message, w->ctx.message, sizeof(s->message));
}

static pare_status run_turn(collector *c, pare_pool *pool)
{
    memset(c->slots, 0, sizeof(c->slots));
    pare_pool_run(pool, c->probing ? PROBES : PARE_GRAM_TURN, run_slot, c);
    for (int i = 0; i < PARE_GRAM_TURN; i++)
        if (c->slots[i].status)
            return pare_fail(c->ctx, c->slots[i].status, "%s", c->slots[i].message);
    return PARE_OK;
}

/* --- a pass over the data --------------------------------------------------------------------- */

static pare_status add_role(collector *c, role r)
{
    if (r.value == PARE_NONE) return PARE_OK;
    if (r.value >= c->model->n_values)
        return pare_fail(c->ctx, PARE_EUSAGE, "a value to take moments of is not there");
    if (!c->opts->reference) r.side = MODEL;
    c->roles[c->n_roles++] = r;
    return PARE_OK;
}

/* What is done in pass number `pass`; when probing, all rows are looked at. */
static pare_status make_roles(collector *c, size_t pass)
{
    c->n_roles = 0;
    for (size_t k = 0; k < c->n_keys; k++)
        if (c->probing || c->keys[k].pass == pass)
            PARE_TRY(add_role(c, (role){ MODEL, c->keys[k].value, false, k, PARE_GRAM_PLUS }));
    for (size_t i = 0; i < c->opts->n_items && !c->probing; i++) {
        const pare_gram_target *t = &c->targets[i];
        if (c->keys[t->key].pass != pass || t->plus == PARE_NONE) continue;
        PARE_TRY(add_role(c, (role){ REFERENCE, t->plus, true, i, PARE_GRAM_PLUS }));
        PARE_TRY(add_role(c, (role){ MODEL, t->minus, true, i, PARE_GRAM_MINUS }));
        if (t->has_ramp) PARE_TRY(add_role(c, (role){ MODEL, t->plus, true, i, PARE_GRAM_NOW }));
    }
    return PARE_OK;
}

/* The part of a model that gives these values. */
static pare_status new_part(collector *c, int side, pare_model **out, const pare_model *model,
                            const pare_value_id *values, size_t n)
{
    pare_pass_stats stats = { 0 };
    if (c->walks[side]) return pare_walk_part(c->ctx, c->walks[side], out, values, n);
    PARE_TRY(pare_model_clone(c->ctx, out, model));
    pare_status st = pare_model_cut(c->ctx, *out, values, n);
    if (!st) st = pare_pass_run(c->ctx, *out, pare_pass_find("dead-code"), NULL, &stats);
    if (st) pare_model_free(c->ctx, *out);
    return st;
}

static pare_status start_side(collector *c, int side, const pare_model *model)
{
    pare_model *part = NULL;
    pare_replicas_opts opts = { .n_workers = c->n_workers, .kernels = c->kernels,
                                .kept = c->kept[side], .observe = observe, .users = c->users };
    for (size_t i = 0; i < c->n_roles; i++) {
        bool known = c->roles[i].side != side;
        for (size_t k = 0; k < opts.n_kept && !known; k++)
            known = c->kept[side][k] == c->roles[i].value;
        if (!known) c->kept[side][opts.n_kept++] = c->roles[i].value;
    }
    if (!opts.n_kept && !c->walks[side]) return PARE_OK;
    PARE_TRY(new_part(c, side, &part, model, opts.kept, opts.n_kept));
    const pare_status st = pare_replicas_new(c->ctx, &c->sides[side], part, &opts);
    pare_model_free(c->ctx, part);
    return st;
}

static void stop_sides(collector *c)
{
    for (int side = 0; side < 2; side++) {
        pare_replicas_free(c->ctx, c->sides[side]);
        c->sides[side] = NULL;
    }
}

static pare_status start_sides(collector *c)
{
    PARE_TRY(start_side(c, MODEL, c->model));
    if (c->opts->reference) PARE_TRY(start_side(c, REFERENCE, c->opts->reference));
    return PARE_OK;
}

/* How many rows of each sample are taken. */
static pare_status probe(collector *c, pare_pool *pool)
{
    c->probing = true;
    pare_status st = make_roles(c, 0);
    if (!st) st = start_sides(c);
    if (!st) st = run_turn(c, pool);
    stop_sides(c);
    c->probing = false;
    for (size_t k = 0; k < c->n_keys; k++) {
        pare_gram_key *key = &c->keys[k];
        uint64_t rows = c->opts->max_rows;
        if (!rows) rows = key->n > 4096 ? 8 * (uint64_t)key->n : 32768;
        int64_t most = 1;
        for (int s = 0; s < PROBES; s++) {
            most = key->used[s] > most ? key->used[s] : most;
            key->used[s] = 0;
        }
        const uint64_t n = key->end - key->first;
        key->cap = (int64_t)((rows + n - 1) / n);
        if (key->cap > most) key->cap = most;
    }
    return st;
}

static uint64_t bytes_of(const collector *c, size_t key)
{
    const pare_gram_key *k = &c->keys[key];
    const uint64_t rows = (uint64_t)(k->groups * k->n), n = (uint64_t)k->n;
    const uint64_t pitch = PARE_GRAM_TURN * (uint64_t)k->cap;
    uint64_t bytes = rows * (pitch * sizeof(float) + (n + 1) * sizeof(double));
    for (size_t i = 0; i < c->opts->n_items; i++) {
        const pare_gram_target *t = &c->targets[i];
        if (t->key == key && t->plus != PARE_NONE)
            bytes += (uint64_t)t->out * (pitch * sizeof(float) + (n + 2) * sizeof(double));
    }
    return bytes;
}

/* Shares keys out to passes in their order. */
static pare_status plan_passes(collector *c, size_t *n_passes)
{
    const uint64_t limit = c->opts->max_memory_bytes ? c->opts->max_memory_bytes : default_memory;
    uint64_t used = 0;
    *n_passes = c->n_keys > 0;
    for (size_t k = 0; k < c->n_keys; k++) {
        const uint64_t bytes = bytes_of(c, k);
        const pare_node *node = &c->model->nodes[c->keys[k].linear->node];
        if (bytes > limit)
            return pare_fail(c->ctx, PARE_EBUDGET,
                             "%s '%s': second moments of its %" PRId64 " inputs need %.1f MiB, "
                             "more than the %.1f MiB of the memory budget; raise it with "
                             "--max-memory", node->op_type, node->name ? node->name : "",
                             c->keys[k].n, (double)bytes / 1048576, (double)limit / 1048576);
        if (used + bytes > limit) {
            used = 0;
            ++*n_passes;
        }
        used += bytes;
        c->keys[k].pass = *n_passes - 1;
    }
    return PARE_OK;
}

static pare_status take(collector *c, void *out, uint64_t n, size_t size)
{
    void *p = pare_alloc_zero(c->ctx, (size_t)n * size);
    memcpy(out, &p, sizeof(p));
    return p ? PARE_OK : pare_fail_memory(c->ctx, (size_t)n * size);
}

static pare_status start_pass(collector *c, size_t pass)
{
    int64_t cap = 1;
    for (size_t k = 0; k < c->n_keys; k++) {
        pare_gram_key *key = &c->keys[k];
        const uint64_t rows = (uint64_t)(key->groups * key->n);
        if (key->pass != pass) continue;
        if (key->cap > cap) cap = key->cap;
        PARE_TRY(take(c, &key->x, rows * PARE_GRAM_TURN * (uint64_t)key->cap, sizeof(float)));
        PARE_TRY(take(c, &key->moments, rows * (uint64_t)key->n, sizeof(double)));
        PARE_TRY(take(c, &key->sums, rows, sizeof(double)));
    }
    for (size_t i = 0; i < c->opts->n_items; i++) {
        pare_gram_target *t = &c->targets[i];
        const pare_gram_key *key = &c->keys[t->key];
        const uint64_t out = (uint64_t)t->out;
        if (key->pass != pass || t->plus == PARE_NONE) continue;
        PARE_TRY(take(c, &t->t, out * PARE_GRAM_TURN * (uint64_t)key->cap, sizeof(float)));
        if (t->has_ramp)
            PARE_TRY(take(c, &t->whole, out * PARE_GRAM_TURN * (uint64_t)key->cap, sizeof(float)));
        PARE_TRY(take(c, &t->products, out * (uint64_t)key->n, sizeof(double)));
        PARE_TRY(take(c, &t->sums, out, sizeof(double)));
        PARE_TRY(take(c, &t->squares, out, sizeof(double)));
    }
    const uint64_t each = (uint64_t)pare_gram_scratch(c->kernels, cap) * sizeof(float) + ALIGNMENT;
    PARE_TRY(take(c, &c->block, c->n_workers + 1, (size_t)each));
    uintptr_t at = ((uintptr_t)c->block + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    for (uint32_t w = 0; w < c->n_workers; w++, at += each / ALIGNMENT * ALIGNMENT)
        c->scratch[w] = (float *)at;
    PARE_TRY(make_roles(c, pass));
    return start_sides(c);
}

/* Frees what passes left. */
static void end_pass(collector *c)
{
    stop_sides(c);
    for (size_t k = 0; c->keys && k < c->n_keys; k++) {
        pare_gram_key *key = &c->keys[k];
        pare_free(c->ctx, key->x);
        pare_free(c->ctx, key->moments);
        pare_free(c->ctx, key->sums);
        key->x = NULL;
        key->moments = key->sums = NULL;
    }
    for (size_t i = 0; c->targets && i < c->opts->n_items; i++) {
        pare_gram_target *t = &c->targets[i];
        pare_free(c->ctx, t->t);
        pare_free(c->ctx, t->whole);
        pare_free(c->ctx, t->products);
        pare_free(c->ctx, t->sums);
        pare_free(c->ctx, t->squares);
        t->t = t->whole = NULL;
        t->products = t->sums = t->squares = NULL;
    }
    pare_free(c->ctx, c->block);
    c->block = NULL;
}

static void add_turn(collector *c, size_t pass, pare_pool *pool, pare_gram_target **of_key)
{
    for (size_t k = 0; k < c->n_keys; k++) {
        pare_gram_sum sum = { .kernels = c->kernels, .key = &c->keys[k], .targets = of_key,
                              .scratch = c->scratch };
        if (c->keys[k].pass != pass) continue;
        for (size_t i = 0; i < c->opts->n_items; i++)
            if (c->targets[i].key == k && c->targets[i].products)
                of_key[sum.n_targets++] = &c->targets[i];
        pare_gram_add(&sum, pool);
    }
}

static void mirror(const pare_gram_key *key)
{
    for (int64_t g = 0; g < key->groups; g++) {
        double *m = key->moments + g * key->n * key->n;
        for (int64_t i = 0; i < key->n; i++)
            for (int64_t j = i + 1; j < key->n; j++) m[i * key->n + j] = m[j * key->n + i];
    }
}

static pare_status hand_out(collector *c, size_t pass)
{
    pare_status st = PARE_OK;
    for (size_t k = 0; k < c->n_keys; k++) {
        pare_free(c->ctx, c->keys[k].x);
        c->keys[k].x = NULL;
        if (c->keys[k].pass == pass) mirror(&c->keys[k]);
    }
    for (size_t i = 0; i < c->opts->n_items && !st; i++) {
        const pare_gram_target *t = &c->targets[i];
        const pare_gram_key *k = &c->keys[t->key];
        if (k->pass != pass) continue;
        const pare_gram gram = {
            .groups = k->groups, .n = k->n, .out = t->out, .n_rows = k->n_rows, .n_bad = k->n_bad,
            .moments = k->moments, .sums = k->sums, .products = t->products,
            .target_sums = t->sums, .target_squares = t->squares,
        };
        st = c->opts->use(c->opts->user, c->ctx, i, &gram);
    }
    return st;
}

static pare_status run_pass(collector *c, size_t pass, size_t n_passes, pare_pool *pool,
                            pare_gram_target **of_key)
{
    const uint64_t n = c->end;
    const char *phase = c->opts->phase ? c->opts->phase : "collect";
    pare_status st = start_pass(c, pass);
    while (!st && c->turn < c->end) {
        st = run_turn(c, pool);
        if (st) break;
        add_turn(c, pass, pool, of_key);
        c->turn += PARE_GRAM_TURN;
        pare_report_progress(c->ctx, phase, pass * n + (c->turn < n ? c->turn : n), n_passes * n);
    }
    c->turn = 0;
    stop_sides(c);
    if (!st) st = hand_out(c, pass);
    end_pass(c);
    return st;
}

/* --- start and end ---------------------------------------------------------------------------- */

static pare_status start_worker(collector *c, worker *w)
{
    const size_t n_inputs = c->opts->data->n_inputs + 1;
    pare_ctx_opts opts = c->ctx->opts;
    opts.progress = NULL;
    opts.warn = NULL; /* the caller's listeners are for the caller's thread */
    pare_ctx_init(&w->ctx, &opts);
    w->of = c;
    PARE_TRY(take(c, &w->inputs, n_inputs, sizeof(*w->inputs)));
    return take(c, &w->tensors, n_inputs, sizeof(*w->tensors));
}

static pare_status count_samples(collector *c)
{
    const uint64_t n = c->opts->data->n;
    if (c->opts->walk) {
        c->n_choice = c->end = pare_walk_samples(c->opts->walk);
        return PARE_OK;
    }
    if (c->opts->first >= n)
        return pare_fail(c->ctx, PARE_EFORMAT, "no samples to take moments from");
    c->n_choice = n - c->opts->first;
    if (c->opts->n_samples && c->opts->n_samples < c->n_choice) c->n_choice = c->opts->n_samples;
    c->end = c->n_choice;
    if (c->opts->max_samples && c->opts->max_samples < c->end) c->end = c->opts->max_samples;
    return PARE_OK;
}

static pare_status start(collector *c)
{
    const size_t n_roles = 4 * c->opts->n_items + 1;
    c->walks[MODEL] = c->opts->walk;
    c->walks[REFERENCE] = c->opts->reference_walk;
    PARE_TRY(count_samples(c));
    PARE_TRY(pare_plan_kernels(c->ctx, &c->kernels));
    PARE_TRY(make_keys(c));
    PARE_TRY(take(c, &c->roles, n_roles, sizeof(*c->roles)));
    for (int side = 0; side < 2; side++)
        PARE_TRY(take(c, &c->kept[side], n_roles, sizeof(pare_value_id)));
    PARE_TRY(take(c, &c->users, c->n_workers, sizeof(*c->users)));
    PARE_TRY(take(c, &c->scratch, c->n_workers, sizeof(*c->scratch)));
    PARE_TRY(take(c, &c->workers, c->n_workers, sizeof(*c->workers)));
    for (uint32_t w = 0; w < c->n_workers; w++) {
        PARE_TRY(start_worker(c, &c->workers[w]));
        c->users[w] = &c->workers[w];
    }
    return pare_feed_begin(c->ctx, &c->feed, c->opts->data, c->model);
}

static void end(collector *c)
{
    end_pass(c);
    pare_feed_end(c->ctx, &c->feed);
    for (uint32_t w = 0; c->workers && w < c->n_workers; w++) {
        pare_free(c->ctx, c->workers[w].inputs);
        pare_free(c->ctx, c->workers[w].tensors);
    }
    pare_free(c->ctx, c->workers);
    pare_free(c->ctx, c->scratch);
    pare_free(c->ctx, c->users);
    for (int side = 0; side < 2; side++) pare_free(c->ctx, c->kept[side]);
    pare_free(c->ctx, c->roles);
    pare_free(c->ctx, c->targets);
    pare_free(c->ctx, c->keys);
}

pare_status pare_gram_run(pare_ctx *ctx, const pare_model *model, pare_pool *pool,
                          const pare_gram_opts *opts)
{
    collector c = { .ctx = ctx, .model = model, .opts = opts, .n_workers = pare_pool_size(pool) };
    size_t n_passes = 0;
    pare_gram_target **of_key = NULL;
    pare_status st = start(&c);
    if (!st) st = take(&c, &of_key, opts->n_items + 1, sizeof(*of_key));
    if (!st) st = probe(&c, pool);
    if (!st) st = plan_passes(&c, &n_passes);
    for (size_t pass = 0; pass < n_passes && !st; pass++)
        st = run_pass(&c, pass, n_passes, pool, of_key);
    pare_free(ctx, of_key);
    end(&c);
    return st;
}
