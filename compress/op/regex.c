#include "op/regex.h"

#include "op/letters.h"
#include "op/regex_parse.h"

/* Steps of a matcher that is in many states at once. */
typedef enum step_kind { STEP_DONE, STEP_SET, STEP_PLACE, STEP_FORK } step_kind;

typedef struct regex_step {
    step_kind kind;
    regex_place place;
    regex_set set;
    uint32_t next, other;     /* other: of a fork */
} regex_step;

/* States without duplicates. */
typedef struct states {
    uint32_t *items;          /* [n] */
    uint32_t *place;          /* [n_steps] of a state in items, if it is there */
    uint32_t n;
} states;

struct pare_regex {
    regex_tree tree;
    regex_step *steps;
    size_t n_steps, steps_cap;
    uint32_t start;
    uint32_t n_visits;        /* while it is made: nodes that were looked at */
    states now, then;
    uint32_t *stack;          /* [2 * n_steps + 1] */
};

/* --- making ----------------------------------------------------------------------------------- */

static pare_status add_step(pare_ctx *ctx, pare_regex *r, regex_step step, uint32_t *out)
{
    if (r->n_steps >= PARE_REGEX_STEPS) {
        r->tree.why = "an expression of this size is not supported";
        return pare_fail(ctx, PARE_EUNSUPPORTED, "%s", r->tree.why);
    }
    PARE_TRY(pare_grow(ctx, &r->steps, &r->steps_cap, r->n_steps + 1, sizeof(*r->steps)));
    r->steps[r->n_steps] = step;
    *out = (uint32_t)r->n_steps++;
    return PARE_OK;
}

static pare_status make(pare_ctx *ctx, pare_regex *r, uint32_t id, uint32_t next, uint32_t *start);

/* A loop that is entered at its fork, or (at_least_once) at its body. */
static pare_status make_loop(pare_ctx *ctx, pare_regex *r, uint32_t body, uint32_t next,
                             bool at_least_once, uint32_t *start)
{
    uint32_t fork = 0;
    uint32_t first = 0;
    PARE_TRY(add_step(ctx, r, (regex_step){ .kind = STEP_FORK, .other = next }, &fork));
    PARE_TRY(make(ctx, r, body, fork, &first));
    r->steps[fork].next = first;
    *start = at_least_once ? first : fork;
    return PARE_OK;
}

static pare_status make_repeat(pare_ctx *ctx, pare_regex *r, const regex_node *node, uint32_t next,
                               uint32_t *start)
{
    const uint32_t body = node->last;
    const bool is_loop = node->max == REGEX_NO_LIMIT;
    uint32_t needed = node->min;
    const uint32_t optional = is_loop ? 0 : node->max - node->min;
    *start = next;
    if (is_loop) {
        PARE_TRY(make_loop(ctx, r, body, next, needed > 0, start));
        if (needed) needed--;
    }
    for (uint32_t i = 0; i < optional; i++) {
        regex_step fork = { .kind = STEP_FORK, .other = next };
        PARE_TRY(make(ctx, r, body, *start, &fork.next));
        PARE_TRY(add_step(ctx, r, fork, start));
    }
    for (uint32_t i = 0; i < needed; i++) PARE_TRY(make(ctx, r, body, *start, start));
    return PARE_OK;
}

static pare_status make_any(pare_ctx *ctx, pare_regex *r, uint32_t last, uint32_t next,
                            uint32_t *start)
{
    PARE_TRY(make(ctx, r, last, next, start));
    for (uint32_t part = r->tree.nodes[last].before; part; part = r->tree.nodes[part].before) {
        regex_step fork = { .kind = STEP_FORK, .other = *start };
        PARE_TRY(make(ctx, r, part, next, &fork.next));
        PARE_TRY(add_step(ctx, r, fork, start));
    }
    return PARE_OK;
}

/* Makes the steps of a node, which go on at `next`. Recursion is as deep as groups are. */
static pare_status make(pare_ctx *ctx, pare_regex *r, uint32_t id, uint32_t next, uint32_t *start)
{
    const regex_node node = r->tree.nodes[id];
    *start = next;
    if (++r->n_visits > 8 * PARE_REGEX_STEPS) {
        r->tree.why = "an expression of this size is not supported";
        return pare_fail(ctx, PARE_EUNSUPPORTED, "%s", r->tree.why);
    }
    switch (node.kind) {
    case REGEX_SET:
        return add_step(ctx, r, (regex_step){ .kind = STEP_SET, .set = node.set, .next = next },
                        start);
    case REGEX_PLACE:
        return add_step(ctx, r,
                        (regex_step){ .kind = STEP_PLACE, .place = node.place, .next = next },
                        start);
    case REGEX_ALL:
        for (uint32_t part = node.last; part; part = r->tree.nodes[part].before)
            PARE_TRY(make(ctx, r, part, *start, start));
        return PARE_OK;
    case REGEX_ANY: return make_any(ctx, r, node.last, next, start);
    case REGEX_REPEAT: return make_repeat(ctx, r, &node, next, start);
    default: return PARE_OK;
    }
}

static pare_status make_room(pare_ctx *ctx, pare_regex *r)
{
    const size_t n_bytes = r->n_steps * sizeof(uint32_t);
    r->now.items = pare_alloc_zero(ctx, n_bytes);
    r->now.place = pare_alloc_zero(ctx, n_bytes);
    r->then.items = pare_alloc_zero(ctx, n_bytes);
    r->then.place = pare_alloc_zero(ctx, n_bytes);
    r->stack = pare_alloc_zero(ctx, 2 * n_bytes + sizeof(uint32_t));
    const bool done = r->now.items && r->now.place && r->then.items && r->then.place && r->stack;
    return done ? PARE_OK : pare_fail_memory(ctx, n_bytes);
}

pare_status pare_regex_new(pare_ctx *ctx, pare_regex **out, pare_bytes pattern, const char **why)
{
    uint32_t root = 0;
    uint32_t end = 0;
    pare_regex *r = pare_alloc_zero(ctx, sizeof(*r));
    *out = r;
    *why = NULL;
    if (!r) return pare_fail_memory(ctx, sizeof(*r));
    pare_status st = pare_regex_parse(ctx, &r->tree, pattern, &root);
    if (!st) st = add_step(ctx, r, (regex_step){ .kind = STEP_DONE }, &end);
    if (!st) st = make(ctx, r, root, end, &r->start);
    if (!st) st = make_room(ctx, r);
    *why = st == PARE_OK ? NULL : r->tree.why;
    return st;
}

void pare_regex_free(pare_ctx *ctx, pare_regex *regex)
{
    if (!regex) return;
    pare_free(ctx, regex->tree.nodes);
    pare_free(ctx, regex->tree.ranges);
    pare_free(ctx, regex->steps);
    pare_free(ctx, regex->now.items);
    pare_free(ctx, regex->now.place);
    pare_free(ctx, regex->then.items);
    pare_free(ctx, regex->then.place);
    pare_free(ctx, regex->stack);
    pare_free(ctx, regex);
}

/* --- matching --------------------------------------------------------------------------------- */

enum {
    NO_LETTER = PARE_LAST_LETTER + 1
}; /* the ends of the string, and bytes that are no letter */

static bool in_ranges(const pare_regex *r, regex_set set, uint32_t c)
{
    for (uint32_t i = 0; i < set.n; i++) {
        const regex_range range = r->tree.ranges[set.first + i];
        if (c >= range.low && c <= range.high) return true;
    }
    return false;
}

static bool in_set(const pare_regex *r, regex_set set, uint32_t c)
{
    if (c > PARE_LAST_LETTER) return false;
    bool in = in_ranges(r, set, c);
    if (!in && set.any_case)
        in = in_ranges(r, set, pare_letter_in_case(c, true)) ||
             in_ranges(r, set, pare_letter_in_case(c, false));
    return in != set.negated;
}

/* A place between two characters; at_start, at_end: of the string. */
typedef struct gap {
    uint32_t before, after;
    bool at_start, at_end;
} gap;

static bool holds(regex_place place, gap g)
{
    const bool edge = pare_regex_is_word(g.before) != pare_regex_is_word(g.after);
    switch (place) {
    case REGEX_TEXT_START: return g.at_start;
    case REGEX_TEXT_END: return g.at_end;
    case REGEX_LINE_START: return g.at_start || g.before == '\n';
    case REGEX_LINE_END: return g.at_end || g.after == '\n';
    case REGEX_WORD_EDGE: return edge;
    default: return !edge;
    }
}

static bool is_in(const states *s, uint32_t state)
{
    const uint32_t place = s->place[state];
    return place < s->n && s->items[place] == state;
}

/* Adds a state and those that it leads to without a character. */
static void enter(pare_regex *r, states *s, uint32_t state, gap g)
{
    size_t n = 0;
    r->stack[n++] = state;
    while (n) {
        const uint32_t id = r->stack[--n];
        const regex_step *step = &r->steps[id];
        if (is_in(s, id)) continue;
        s->place[id] = s->n;
        s->items[s->n++] = id;
        if (step->kind == STEP_FORK) {
            r->stack[n++] = step->other;
            r->stack[n++] = step->next;
        } else if (step->kind == STEP_PLACE && holds(step->place, g)) {
            r->stack[n++] = step->next;
        }
    }
}

bool pare_regex_matches(pare_regex *r, pare_bytes string)
{
    uint32_t before = NO_LETTER;
    r->now.n = 0;
    for (size_t at = 0;;) {
        uint32_t after = NO_LETTER;
        uint32_t c = 0;
        const size_t n = at < string.n ? pare_letter_read(string.data + at, string.n - at, &c) : 0;
        if (n) after = c;
        const gap here = { before, after, at == 0, at == string.n };
        if (at == 0) enter(r, &r->now, r->start, here);
        if (at == string.n) return is_in(&r->now, 0);
        if (!r->now.n) return false;
        const size_t next = at + (n ? n : 1);
        c = 0;
        const size_t n_next =
            next < string.n ? pare_letter_read(string.data + next, string.n - next, &c) : 0;
        const gap there = { after, n_next ? c : NO_LETTER, false, next == string.n };
        r->then.n = 0;
        for (uint32_t i = 0; i < r->now.n; i++) {
            const regex_step *step = &r->steps[r->now.items[i]];
            if (step->kind == STEP_SET && in_set(r, step->set, after))
                enter(r, &r->then, step->next, there);
        }
        const states swapped = r->now;
        r->now = r->then;
        r->then = swapped;
        before = after;
        at = next;
    }
}
