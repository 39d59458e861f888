#include "run/lower/lines.h"
#include "run/lower/lower.h"

#include "op/elementwise.h"

#include <string.h>

/* Element-by-element operators on integers, bools and what else there is, by what eval does to
 * blocks of a wide type: lists of indices, masks. */

enum { MAX_IN = 3 };

struct block_args;

/* n elements, at most a block: of input i from at[i] on, to y. */
typedef void block_fn(const struct block_args *a, const void *const *at, int64_t n, void *y);

typedef struct block_args {
    block_fn *run;
    const pare_unary_row *unary;
    const pare_pair_row *pair;
    const pare_compare_row *compare;
    uint32_t n_in;
    pare_laid in[MAX_IN], y;  /* in: with the axes of y */
    int64_t steps[MAX_IN];    /* along a line; y: 1 */
    pare_lines lines;
} block_args;

/* --- blocks ----------------------------------------------------------------------------------- */

static void load(const block_args *a, const void *const *at, uint32_t i, int64_t n,
                 pare_wide_block *out)
{
    pare_wide_load(a->in[i].dtype, at[i], 0, a->steps[i], n, out);
}

static void run_unary(const block_args *a, const void *const *at, int64_t n, void *y)
{
    pare_wide_block x;
    load(a, at, 0, n, &x);
    pare_unary_apply(a->unary, pare_wide_of(a->in[0].dtype), n, &x);
    pare_wide_store(a->y.dtype, y, 0, n, &x);
}

static void run_pair(const block_args *a, const void *const *at, int64_t n, void *y)
{
    pare_wide_block x[2];
    load(a, at, 0, n, &x[0]);
    load(a, at, 1, n, &x[1]);
    pare_pair_apply(a->pair, pare_wide_of(a->in[0].dtype), n, &x[0], &x[1]);
    pare_wide_store(a->y.dtype, y, 0, n, &x[0]);
}

static void run_compare(const block_args *a, const void *const *at, int64_t n, void *y)
{
    pare_wide_block x[2];
    load(a, at, 0, n, &x[0]);
    load(a, at, 1, n, &x[1]);
    pare_compare_apply(a->compare, pare_wide_of(a->in[0].dtype), n, &x[0], &x[1], y);
}

/* Equal of integers, by their bits. */
static inline void compare_bits(const block_args *a, const void *const *at, int64_t n, uint8_t *y,
                                const size_t width)
{
    const uint8_t *p = at[0];
    const uint8_t *q = at[1];
    const int64_t p_step = a->steps[0] * (int64_t)width;
    const int64_t q_step = a->steps[1] * (int64_t)width;
    for (int64_t i = 0; i < n; i++, p += p_step, q += q_step) y[i] = memcmp(p, q, width) == 0;
}

static void run_equal(const block_args *a, const void *const *at, int64_t n, void *y)
{
    switch (pare_laid_width(&a->in[0])) {
    case 1: compare_bits(a, at, n, y, 1); break;
    case 2: compare_bits(a, at, n, y, 2); break;
    case 4: compare_bits(a, at, n, y, 4); break;
    default: compare_bits(a, at, n, y, 8); break;
    }
}

static void run_where(const block_args *a, const void *const *at, int64_t n, void *y)
{
    const size_t width = pare_laid_width(&a->y);
    const uint8_t *which = at[0];
    for (int64_t i = 0; i < n; i++) {
        const int k = which[i * a->steps[0]] ? 1 : 2;
        memcpy((uint8_t *)y + (size_t)i * width,
               (const uint8_t *)at[k] + i * a->steps[k] * (int64_t)width, width);
    }
}

static void run_line(const block_args *a, const pare_frame *frame, const int64_t *starts)
{
    const int64_t y_width = (int64_t)pare_laid_width(&a->y);
    uint8_t *y = (uint8_t *)pare_laid_address(frame, &a->y) + starts[0] * y_width;
    for (int64_t from = 0; from < a->lines.n; from += PARE_WIDE_BLOCK) {
        const int64_t rest = a->lines.n - from;
        const void *at[MAX_IN];
        for (uint32_t i = 0; i < a->n_in; i++)
            at[i] = (const uint8_t *)pare_laid_address(frame, &a->in[i]) +
                    (starts[i + 1] + from * a->steps[i]) * (int64_t)pare_laid_width(&a->in[i]);
        a->run(a, at, rest < PARE_WIDE_BLOCK ? rest : PARE_WIDE_BLOCK, y + from * y_width);
    }
}

static void run_blocks(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)worker;
    const block_args *a = args;
    const int64_t end = pare_lines_end(&a->lines, task);
    for (int64_t i = task * a->lines.per_task; i < end; i++) {
        int64_t starts[PARE_LINES_OPERANDS];
        pare_lines_start(&a->lines, i, starts);
        run_line(a, frame, starts);
    }
}

/* --- which operator --------------------------------------------------------------------------- */

static bool set_pair(const pare_lowering *l, block_args *a, pare_wide wide)
{
    static const char *const names[] = { "Add", "And", "BitwiseAnd", "BitwiseOr", "BitwiseXor",
                                         "Div", "Mod", "Mul", "Or", "Sub", "Xor" };
    const pare_binary_params *params = l->params;
    const char *name = l->call.op->name;
    size_t i = 0;
    while (i < sizeof(names) / sizeof(names[0]) && strcmp(names[i], name) != 0) i++;
    a->compare = pare_compare_row_of(name);
    if (i == sizeof(names) / sizeof(names[0]) && !a->compare) return false;
    if (l->call.op->params_bytes == sizeof(*params) && (params->legacy || params->fmod))
        return false;
    if (a->in[0].dtype != a->in[1].dtype) return false;
    const bool is_whole = wide == PARE_WIDE_I64 || wide == PARE_WIDE_U64;
    a->run = a->compare ? run_compare : run_pair;
    if (strcmp(name, "Equal") == 0 && is_whole && a->in[0].dtype != PARE_BOOL) a->run = run_equal;
    if (a->compare) return a->y.dtype == PARE_BOOL;
    a->pair = pare_pair_row_of(name);
    return a->y.dtype == a->in[0].dtype && pare_pair_apply(a->pair, wide, 0, NULL, NULL);
}

/* Chooses the function by name and types. False: it is none of these. */
static bool choose(const pare_lowering *l, block_args *a)
{
    const char *name = l->call.op->name;
    const pare_wide wide = pare_wide_of(a->in[0].dtype);
    if (*l->call.op->domain || !wide || !pare_wide_of(a->y.dtype)) return false;
    if (strcmp(name, "Where") == 0) {
        a->run = run_where;
        return a->n_in == 3 && a->in[0].dtype == PARE_BOOL && a->in[1].dtype == a->y.dtype &&
               a->in[2].dtype == a->y.dtype;
    }
    if (a->n_in == 2) return set_pair(l, a, wide);
    a->unary = pare_unary_row_of(name);
    a->run = run_unary;
    return a->n_in == 1 && a->unary && a->y.dtype == a->in[0].dtype &&
           pare_unary_apply(a->unary, wide, 0, NULL);
}

/* --- planning --------------------------------------------------------------------------------- */

static bool fits(const pare_planner *p, const pare_lowering *l, block_args *a)
{
    a->n_in = l->node->n_inputs;
    if (a->n_in < 1 || a->n_in > MAX_IN || pare_lower_out(l, 0) == PARE_NONE ||
        !pare_plan_shape(p, pare_lower_out(l, 0), &a->y))
        return false;
    for (uint32_t i = 0; i < a->n_in; i++) {
        if (!pare_plan_has(p, pare_lower_in(l, i))) return false;
        a->in[i] = *pare_plan_home(p, pare_lower_in(l, i));
    }
    if (!choose(l, a)) return false;
    for (uint32_t i = 0; i < a->n_in; i++) {
        pare_laid view;
        if (!pare_lines_spread(&a->in[i], &a->y, &view)) return false;
    }
    return true;
}

pare_status pare_lower_blocks(pare_planner *p, pare_lowering *l, bool *done)
{
    bool marks[PARE_MAX_DIMS] = { false };
    const pare_laid *operands[MAX_IN + 1];
    int64_t steps[MAX_IN + 1] = { 0 };
    block_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    if (!fits(p, l, a)) return PARE_OK;
    *done = true;
    for (uint32_t i = 0; i < a->n_in; i++) {
        pare_laid x;
        PARE_TRY(pare_plan_need(p, pare_lower_in(l, i), PARE_FORM_ANY, &x));
        pare_lines_spread(&x, &a->y, &a->in[i]);
        operands[i + 1] = &a->in[i];
    }
    pare_laid_arrange(&a->y, PARE_FORM_PLAIN);
    PARE_TRY(pare_plan_out(p, pare_lower_out(l, 0), &a->y));
    if (pare_laid_n_elements(&a->y) == 0) return PARE_OK;
    operands[0] = &a->y;
    pare_lines_mark(operands, a->n_in + 1, marks, steps);
    memcpy(a->steps, steps + 1, sizeof(a->steps));
    pare_lines_init(&a->lines, marks, operands, a->n_in + 1);
    const pare_step step = { .run = run_blocks, .args = a, .kernel = "elementwise",
                             .n_tasks = pare_lines_tasks(&a->lines) };
    return pare_plan_step(p, &step, operands, a->n_in + 1);
}
