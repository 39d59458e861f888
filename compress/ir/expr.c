#include "ir/expr.h"

#include "base/bytes.h"
#include "base/checked.h"

#include <string.h>

enum { FIRST_SLOTS = 64 };

static const pare_range any_range = { INT64_MIN, INT64_MAX };

/* Room for one more. */
static bool grow_atoms(pare_exprs *exprs)
{
    return pare_arena_grow(exprs->arena, &exprs->atoms, &exprs->cap_atoms, exprs->n_atoms + 1,
                           sizeof(exprs->atoms[0]));
}

static bool grow_polys(pare_exprs *exprs)
{
    return pare_arena_grow(exprs->arena, &exprs->polys, &exprs->cap_polys, exprs->n_polys + 1,
                           sizeof(exprs->polys[0]));
}

pare_exprs *pare_exprs_new(pare_ctx *ctx, pare_arena *arena)
{
    pare_exprs *exprs = pare_arena_zero(arena, sizeof(*exprs));
    if (!exprs) return NULL;
    exprs->arena = arena;
    exprs->allocator = ctx->opts.allocator;
    memcpy(exprs->seed, ctx->hash_seed, sizeof(exprs->seed));
    exprs->n_atoms = exprs->n_polys = 1;
    return grow_atoms(exprs) && grow_polys(exprs) ? exprs : NULL;
}

void pare_exprs_free(pare_ctx *ctx, pare_exprs *exprs)
{
    (void)ctx;
    if (!exprs) return;
    const pare_allocator *a = &exprs->allocator;
    a->release(a->user, exprs->atom_index.slots);
    a->release(a->user, exprs->poly_index.slots);
    exprs->atom_index = exprs->poly_index = (pare_expr_index){ 0 };
    exprs->failed = true; /* its expressions can still be printed, but none be made */
}

bool pare_exprs_failed(const pare_exprs *exprs)
{
    return exprs->failed;
}

/* ---- the indices ---- */

typedef bool same_fn(const pare_exprs *exprs, uint32_t id, const void *key);

/* Slot of the first id with this hash that `same` accepts, or the free slot behind them. */
static pare_expr_slot *find_slot(const pare_exprs *exprs, const pare_expr_index *index,
                                 uint32_t hash, same_fn *same, const void *key)
{
    const size_t mask = index->n_slots - 1;
    for (size_t i = hash & mask;; i = (i + 1) & mask) {
        pare_expr_slot *slot = &index->slots[i];
        if (!slot->id || (slot->hash == hash && same(exprs, slot->id, key))) return slot;
    }
}

/* Makes room for one more entry. */
static bool grow_index(pare_exprs *exprs, pare_expr_index *index)
{
    if (index->n_used * 2 < index->n_slots) return true;
    const size_t n_slots = index->n_slots ? index->n_slots * 2 : FIRST_SLOTS;
    const pare_allocator *a = &exprs->allocator;
    pare_expr_slot *slots = a->resize(a->user, NULL, n_slots * sizeof(*slots));
    if (!slots) return false;
    memset(slots, 0, n_slots * sizeof(*slots));
    for (size_t i = 0; i < index->n_slots; i++) {
        if (!index->slots[i].id) continue;
        size_t to = index->slots[i].hash & (n_slots - 1);
        while (slots[to].id) to = (to + 1) & (n_slots - 1);
        slots[to] = index->slots[i];
    }
    a->release(a->user, index->slots);
    index->slots = slots;
    index->n_slots = n_slots;
    return true;
}

/* ---- order ---- */

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t x = (a ^ b * 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 29) * 0x94d049bb133111ebu;
    return x ^ x >> 32;
}

static uint64_t fingerprint_of(const pare_exprs *exprs, pare_num a)
{
    return a.kind == PARE_NUM_EXPR ? exprs->polys[a.expr].fingerprint : mix(1, (uint64_t)a.i);
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

int pare_atom_compare(const pare_exprs *exprs, uint32_t a, uint32_t b)
{
    if (a == b) return 0;
    const pare_atom *x = &exprs->atoms[a], *y = &exprs->atoms[b];
    if (!x->name != !y->name) return x->name ? -1 : 1;
    if (x->key[0] != y->key[0]) return compare_u64(x->key[0], y->key[0]);
    if (x->key[1] != y->key[1]) return compare_u64(x->key[1], y->key[1]);
    if (x->kind != y->kind) return x->kind < y->kind ? -1 : 1;
    if (x->fingerprint != y->fingerprint) return compare_u64(x->fingerprint, y->fingerprint);
    return a < b ? -1 : 1;
}

int pare_expr_compare(const pare_exprs *exprs, pare_num a, pare_num b)
{
    if (a.kind != b.kind) return a.kind == PARE_NUM_EXPR ? -1 : 1;
    if (a.kind != PARE_NUM_EXPR) return a.i < b.i ? -1 : a.i > b.i;
    if (a.expr == b.expr) return 0;
    const pare_poly *p = &exprs->polys[a.expr], *q = &exprs->polys[b.expr];
    for (uint32_t i = 0; i < p->n_terms && i < q->n_terms; i++) {
        const pare_term *s = &p->terms[i], *t = &q->terms[i];
        for (uint32_t k = 0; k < PARE_MAX_DEGREE; k++) {
            if (s->atom[k] == t->atom[k]) continue;
            if (!s->atom[k] || !t->atom[k]) return s->atom[k] ? -1 : 1;
            return pare_atom_compare(exprs, s->atom[k], t->atom[k]);
        }
        if (s->coef != t->coef) return s->coef < t->coef ? -1 : 1;
    }
    return p->n_terms < q->n_terms ? -1 : 1;
}

/* ---- bounds ---- */

/* Sums and products of bounds, where no bound stays no bound and what does not fit becomes none:
 * low is rounded down, high up. */
static int64_t add_low(int64_t a, int64_t b)
{
    int64_t sum = 0;
    if (a == INT64_MIN || b == INT64_MIN) return INT64_MIN;
    if (pare_add_i64(a, b, &sum)) return sum == INT64_MAX ? INT64_MAX - 1 : sum;
    return a < 0 ? INT64_MIN : INT64_MAX - 1;
}

static int64_t add_high(int64_t a, int64_t b)
{
    int64_t sum = 0;
    if (a == INT64_MAX || b == INT64_MAX) return INT64_MAX;
    if (pare_add_i64(a, b, &sum)) return sum == INT64_MIN ? INT64_MIN + 1 : sum;
    return a < 0 ? INT64_MIN + 1 : INT64_MAX;
}

/* Product of two ends of ranges, without bound where it does not fit. */
static int64_t mul_end(int64_t a, int64_t b)
{
    if (a == 0 || b == 0) return 0;
    const bool negative = (a < 0) != (b < 0);
    int64_t product = 0;
    const bool unbound = a == INT64_MIN || a == INT64_MAX || b == INT64_MIN || b == INT64_MAX;
    if (unbound || !pare_mul_i64(a, b, &product)) return negative ? INT64_MIN : INT64_MAX;
    return product;
}

static pare_range mul_range(pare_range a, pare_range b)
{
    const int64_t ends[4] = { mul_end(a.low, b.low), mul_end(a.low, b.high), mul_end(a.high, b.low),
                              mul_end(a.high, b.high) };
    pare_range out = { ends[0], ends[0] };
    for (uint32_t i = 1; i < 4; i++) {
        if (ends[i] < out.low) out.low = ends[i];
        if (ends[i] > out.high) out.high = ends[i];
    }
    /* An end that did not fit lies beyond the largest number: still a bound on the other side. */
    if (out.low == INT64_MAX) out.low = INT64_MAX - 1;
    if (out.high == INT64_MIN) out.high = INT64_MIN + 1;
    return out;
}

pare_range pare_poly_range(const pare_exprs *exprs, const pare_term *terms, uint32_t n)
{
    pare_range sum = { 0, 0 };
    for (uint32_t i = 0; i < n; i++) {
        pare_range r = { 1, 1 };
        for (uint32_t k = 0; k < PARE_MAX_DEGREE && terms[i].atom[k]; k++)
            r = mul_range(r, exprs->atoms[terms[i].atom[k]].range);
        r = mul_range(r, (pare_range){ terms[i].coef, terms[i].coef });
        sum = (pare_range){ add_low(sum.low, r.low), add_high(sum.high, r.high) };
    }
    return sum;
}

pare_range pare_num_range(const pare_exprs *exprs, pare_num a)
{
    if (a.kind == PARE_NUM_EXPR) return exprs->polys[a.expr].range;
    return a.kind == PARE_NUM_INT ? (pare_range){ a.i, a.i } : any_range;
}

/* One end divided by a divisor >= 1; `none` is what it is where there is none. */
static int64_t divide_end(int64_t end, int64_t by, int64_t none)
{
    if (end != none) pare_floordiv_i64(end, by, &end);
    return end;
}

static pare_range compound_range(pare_atom_kind kind, pare_range a, pare_range b)
{
    if (kind == PARE_ATOM_MIN || kind == PARE_ATOM_MAX) {
        const bool min = kind == PARE_ATOM_MIN;
        return (pare_range){ (a.low < b.low) == min ? a.low : b.low,
                             (a.high < b.high) == min ? a.high : b.high };
    }
    if (b.low < 0 || b.high < 1) return any_range;
    /* A divisor of 0 has no result to bound, so this one is positive. */
    const int64_t small = b.low > 0 ? b.low : 1;
    if (kind == PARE_ATOM_MOD) {
        const int64_t below = b.high == INT64_MAX ? INT64_MAX : b.high - 1;
        return (pare_range){ 0, a.low >= 0 && a.high < below ? a.high : below };
    }
    return (pare_range){ divide_end(a.low, a.low < 0 ? small : b.high, INT64_MIN),
                         divide_end(a.high, a.high < 0 ? b.high : small, INT64_MAX) };
}

/* ---- atoms ---- */

typedef struct atom_key {
    pare_atom_kind kind;
    const char *name;
    pare_num a, b;
} atom_key;

static bool same_atom(const pare_exprs *exprs, uint32_t id, const void *key)
{
    const atom_key *want = key;
    const pare_atom *atom = &exprs->atoms[id];
    if (atom->kind != want->kind) return false;
    if (want->name) return pare_str_eq(atom->name, want->name);
    return pare_num_equal(atom->a, want->a) && pare_num_equal(atom->b, want->b);
}

static uint32_t hash_atom(const pare_exprs *exprs, const atom_key *key)
{
    if (key->name) return (uint32_t)pare_siphash13(exprs->seed, key->name, strlen(key->name));
    uint64_t words[5] = { key->kind, key->a.kind, 0, key->b.kind, 0 };
    words[2] = key->a.kind == PARE_NUM_EXPR ? key->a.expr : (uint64_t)key->a.i;
    words[4] = key->b.kind == PARE_NUM_EXPR ? key->b.expr : (uint64_t)key->b.i;
    return (uint32_t)pare_siphash13(exprs->seed, words, sizeof(words));
}

/* What orders a symbol: the first bytes of its name as numbers, then a hash of it all. */
static void set_symbol_order(pare_atom *atom)
{
    static const uint64_t no_key[2] = { 0, 0 };
    const size_t n = strlen(atom->name);
    for (size_t i = 0; i < 16; i++)
        atom->key[i / 8] = atom->key[i / 8] << 8 | (i < n ? (uint8_t)atom->name[i] : 0);
    atom->fingerprint = pare_siphash13(no_key, atom->name, n);
}

static void set_compound_order(const pare_exprs *exprs, pare_atom *atom)
{
    const pare_num leading = atom->a.kind == PARE_NUM_EXPR ? atom->a : atom->b;
    const uint32_t first = exprs->polys[leading.expr].terms[0].atom[0];
    memcpy(atom->key, exprs->atoms[first].key, sizeof(atom->key));
    atom->fingerprint = mix(atom->kind, fingerprint_of(exprs, atom->a));
    atom->fingerprint = mix(atom->fingerprint, fingerprint_of(exprs, atom->b));
}

static uint32_t depth_of(const pare_exprs *exprs, pare_num a)
{
    return a.kind == PARE_NUM_EXPR ? exprs->polys[a.expr].depth : 0;
}

/* Adds the atom behind the last one; 0 when memory is short. */
static uint32_t add_atom(pare_exprs *exprs, const atom_key *key)
{
    if (!grow_atoms(exprs)) return 0;
    pare_atom *atom = &exprs->atoms[exprs->n_atoms];
    *atom = (pare_atom){ .kind = key->kind, .a = key->a, .b = key->b };
    if (key->name) {
        atom->name = pare_arena_str(exprs->arena, key->name);
        if (!atom->name) return 0;
        atom->range = (pare_range){ 0, INT64_MAX };
        set_symbol_order(atom);
    } else {
        const uint32_t a = depth_of(exprs, key->a), b = depth_of(exprs, key->b);
        atom->depth = 1 + (a > b ? a : b);
        atom->range = compound_range(key->kind, pare_num_range(exprs, key->a),
                                     pare_num_range(exprs, key->b));
        set_compound_order(exprs, atom);
    }
    return (uint32_t)exprs->n_atoms;
}

/* The expression that is this atom. */
static pare_num atom_num(pare_exprs *exprs, const atom_key *key)
{
    if (exprs->failed) return pare_num_unknown();
    if (!grow_index(exprs, &exprs->atom_index)) {
        exprs->failed = true;
        return pare_num_unknown();
    }
    const uint32_t hash = hash_atom(exprs, key);
    pare_expr_slot *slot = find_slot(exprs, &exprs->atom_index, hash, same_atom, key);
    if (!slot->id) {
        if (exprs->n_terms >= PARE_MAX_TABLE_TERMS) return pare_num_unknown();
        const uint32_t id = add_atom(exprs, key);
        exprs->failed = !id;
        if (!id) return pare_num_unknown();
        *slot = (pare_expr_slot){ hash, id };
        exprs->atom_index.n_used++;
        exprs->n_atoms++;
    }
    const pare_term term = { .coef = 1, .atom = { slot->id } };
    return pare_exprs_intern(exprs, &term, 1);
}

pare_num pare_num_symbol(pare_exprs *exprs, const char *name)
{
    if (!name[0]) return pare_num_unknown();
    return atom_num(exprs, &(atom_key){ .kind = PARE_ATOM_SYMBOL, .name = name });
}

pare_num pare_exprs_compound(pare_exprs *exprs, pare_atom_kind kind, pare_num a, pare_num b)
{
    assert(a.kind == PARE_NUM_EXPR || b.kind == PARE_NUM_EXPR);
    if (depth_of(exprs, a) >= PARE_MAX_EXPR_DEPTH || depth_of(exprs, b) >= PARE_MAX_EXPR_DEPTH)
        return pare_num_unknown();
    return atom_num(exprs, &(atom_key){ .kind = kind, .a = a, .b = b });
}

const pare_atom *pare_exprs_sole_atom(const pare_exprs *exprs, pare_num a)
{
    if (a.kind != PARE_NUM_EXPR) return NULL;
    const pare_poly *p = &exprs->polys[a.expr];
    const bool sole = p->n_terms == 1 && p->terms[0].coef == 1 && !p->terms[0].atom[1];
    return sole ? &exprs->atoms[p->terms[0].atom[0]] : NULL;
}

/* ---- polynomials ---- */

static bool same_poly(const pare_exprs *exprs, uint32_t id, const void *key)
{
    const pare_poly_view *want = key;
    const pare_poly *p = &exprs->polys[id];
    if (p->n_terms != want->n) return false;
    return memcmp(p->terms, want->terms, want->n * sizeof(want->terms[0])) == 0;
}

/* Adds the polynomial behind the last one; 0 when memory is short. */
static uint32_t add_poly(pare_exprs *exprs, pare_poly_view v)
{
    if (!grow_polys(exprs)) return 0;
    pare_poly *p = &exprs->polys[exprs->n_polys];
    *p = (pare_poly){ .n_terms = v.n, .range = pare_poly_range(exprs, v.terms, v.n) };
    p->terms = pare_arena_copy(exprs->arena, v.terms, v.n * sizeof(v.terms[0]));
    if (!p->terms) return 0;
    for (uint32_t i = 0; i < v.n; i++) {
        uint64_t product = 0;
        for (uint32_t k = 0; k < PARE_MAX_DEGREE && v.terms[i].atom[k]; k++) {
            const pare_atom *atom = &exprs->atoms[v.terms[i].atom[k]];
            product = mix(product, atom->fingerprint);
            if (atom->depth > p->depth) p->depth = atom->depth;
        }
        p->fingerprint = mix(p->fingerprint, mix(product, (uint64_t)v.terms[i].coef));
    }
    return (uint32_t)exprs->n_polys;
}

pare_num pare_exprs_intern(pare_exprs *exprs, const pare_term *terms, uint32_t n)
{
    if (n == 0) return pare_num_int(0);
    if (n == 1 && !terms[0].atom[0]) return pare_num_int(terms[0].coef);
    if (n > PARE_MAX_TERMS || exprs->failed) return pare_num_unknown();
    if (!grow_index(exprs, &exprs->poly_index)) {
        exprs->failed = true;
        return pare_num_unknown();
    }
    const pare_poly_view v = { terms, n };
    const uint32_t hash = (uint32_t)pare_siphash13(exprs->seed, terms, n * sizeof(terms[0]));
    pare_expr_slot *slot = find_slot(exprs, &exprs->poly_index, hash, same_poly, &v);
    if (!slot->id) {
        if (exprs->n_terms + n > PARE_MAX_TABLE_TERMS) return pare_num_unknown();
        const uint32_t id = add_poly(exprs, v);
        exprs->failed = !id;
        if (!id) return pare_num_unknown();
        *slot = (pare_expr_slot){ hash, id };
        exprs->poly_index.n_used++;
        exprs->n_polys++;
        exprs->n_terms += n;
    }
    return (pare_num){ .kind = PARE_NUM_EXPR, .expr = slot->id };
}

pare_poly_view pare_poly_of(const pare_exprs *exprs, pare_num a, pare_term *own)
{
    if (a.kind == PARE_NUM_EXPR) {
        const pare_poly *p = &exprs->polys[a.expr];
        return (pare_poly_view){ p->terms, p->n_terms };
    }
    assert(a.kind == PARE_NUM_INT);
    *own = (pare_term){ .coef = a.i };
    return (pare_poly_view){ own, a.i != 0 };
}
