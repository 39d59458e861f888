#include "run/lower/cell.h"
#include "run/lower/lower.h"
#include "run/lower/product.h"

#include <math.h>
#include <string.h>

/* RNN, LSTM and GRU: X W^T for all steps as one product, then one step whose tasks take some items
 * of the batch through all time steps. Weights are constant; sequences all have full length. */

enum { X, W, R, B, LENS, INITIAL_H, INITIAL_C, P, N_INPUTS };

typedef struct rnn_args {
    pare_product product;     /* xw [directions, rows of X, xw_row] */
    int64_t x_row;
    pare_rnn_job job;
} rnn_args;

static void point_rows(const pare_product *product, const pare_frame *frame, int64_t outer,
                       int64_t first, int n, const float **x, float *room)
{
    (void)outer;
    (void)room;
    const rnn_args *a = (const rnn_args *)product;
    const float *base = pare_laid_address(frame, &product->x);
    for (int r = 0; r < n; r++) x[r] = base + (first + r) * a->x_row;
}

static void run_recurrence(const void *args, const pare_frame *frame, uint32_t task,
                           uint32_t worker)
{
    const rnn_args *a = args;
    pare_rnn_run(&a->job, frame, task, pare_frame_scratch(frame, worker));
}

/* --- planning --------------------------------------------------------------------------------- */

/* Whether input i, if there is one, has these dims and is float. */
static bool has_dims(const pare_planner *p, const pare_lowering *l, uint32_t i, uint32_t rank,
                     int64_t a, int64_t b, int64_t c)
{
    const int64_t want[] = { a, b, c };
    const pare_value_id value = pare_lower_in(l, i);
    if (value == PARE_NONE) return true;
    if (!pare_plan_has(p, value)) return false;
    const pare_laid *laid = pare_plan_home(p, value);
    return laid->dtype == PARE_FLOAT && laid->rank == rank &&
           memcmp(laid->dims, want, rank * sizeof(want[0])) == 0;
}

/* Reads the sizes. False: something is not as it has to be here. */
static bool measure(const pare_planner *p, const pare_lowering *l, pare_rnn_job *j)
{
    const pare_rnn_params *params = l->params;
    pare_laid x, r;
    if (pare_lower_in(l, LENS) != PARE_NONE || !pare_plan_has(p, pare_lower_in(l, X)) ||
        !pare_plan_constant_shape(p, pare_lower_in(l, W)) ||
        !pare_plan_constant_shape(p, pare_lower_in(l, R)) ||
        !pare_plan_shape(p, pare_lower_in(l, X), &x) ||
        !pare_plan_shape(p, pare_lower_in(l, R), &r) || x.dtype != PARE_FLOAT || x.rank != 3 ||
        r.rank != 3)
        return false;
    if (pare_lower_in(l, B) != PARE_NONE && !pare_plan_constant_shape(p, pare_lower_in(l, B)))
        return false;
    const bool first = params->batch_first;
    j->cell = pare_rnn_cell_of(l->call.op->name);
    j->directions = params->direction == PARE_RNN_BIDIRECTIONAL ? 2 : 1;
    j->steps = x.dims[first];
    j->batch = x.dims[!first];
    j->hidden = r.dims[2];
    const int64_t rows = j->cell->n_sums * j->hidden;
    const int64_t a = first ? j->batch : j->directions;
    const int64_t b = first ? j->directions : j->batch;
    if (j->steps * j->batch * j->hidden == 0 ||
        (params->hidden_size && params->hidden_size != j->hidden))
        return false;
    return has_dims(p, l, W, 3, j->directions, rows, x.dims[2]) &&
           has_dims(p, l, R, 3, j->directions, rows, j->hidden) &&
           has_dims(p, l, B, 2, j->directions, 2 * rows, 0) &&
           has_dims(p, l, INITIAL_H, 3, a, b, j->hidden) &&
           has_dims(p, l, INITIAL_C, 3, a, b, j->hidden) &&
           has_dims(p, l, P, 2, j->directions, 3 * j->hidden, 0);
}

enum { PANEL, DIRECTIONS, TOTAL, FIRST, COLUMNS, DEPTH }; /* params of "gates" */

static void fill_gates(const pare_kernels *kernels, const int64_t *params, const void *w,
                       float *to)
{
    const int64_t n = params[COLUMNS];
    const int64_t depth = params[DEPTH];
    const int64_t size = (n + params[PANEL] - 1) / params[PANEL] * params[PANEL] * depth;
    for (int64_t d = 0; d < params[DIRECTIONS]; d++) {
        const int64_t first = (d * params[TOTAL] + params[FIRST]) * depth;
        pare_pack_panels(&kernels->gemm, n, depth, pare_float_address(w, first), 1, depth,
                         to + d * size);
    }
}

/* Packs columns [first, first + n) of each direction of W or R [directions, total, depth]. */
static pare_status pack(pare_planner *p, pare_value_id value, int64_t directions, int64_t total,
                        int64_t first, int64_t n, int64_t depth, const float **out)
{
    const int panel = p->plan->kernels->gemm.panel;
    const int64_t size = pare_product_panels(p, n) * depth * panel;
    pare_pack_key key = { .form = "gates", .fill = fill_gates,
                          .params = { [PANEL] = panel, [DIRECTIONS] = directions, [TOTAL] = total,
                                      [FIRST] = first, [COLUMNS] = n, [DEPTH] = depth } };
    void *room = NULL;
    bool is_new = false;
    PARE_TRY(pare_plan_pack(p, value, &key, (size_t)(directions * size) * sizeof(float), &room,
                            &is_new));
    *out = room;
    return PARE_OK;
}

/* Where chains start: Wb + Rb; of GRU's hidden gate Wb alone where Rb is added elsewhere. */
static pare_status set_biases(pare_planner *p, const pare_lowering *l, rnn_args *a)
{
    pare_rnn_job *j = &a->job;
    const int64_t n = a->product.n_cols;
    const float *b = NULL;
    void *owned = NULL;
    float *sum = pare_plan_args(p, (size_t)(j->directions * n) * sizeof(*sum));
    float *second = pare_plan_args(p, (size_t)(j->directions * j->hidden + PARE_PANEL_MAX) *
                                          sizeof(*second));
    if (!sum || !second) return pare_arena_fail(p->ctx, &p->plan->arena);
    if (pare_lower_in(l, B) != PARE_NONE) {
        PARE_TRY(pare_plan_floats(p, pare_lower_in(l, B), &b, &owned));
        for (int64_t d = 0; d < j->directions; d++) {
            const float *w = b + d * 2 * n;
            for (int64_t i = 0; i < n; i++)
                sum[d * n + i] = w[i] + (i < 2 * j->hidden || !j->reset_after ? w[n + i] : 0);
            if (j->reset_after)
                memcpy(second + d * j->hidden, w + n + 2 * j->hidden,
                       (size_t)j->hidden * sizeof(*second));
        }
        pare_free(p->ctx, owned);
    }
    j->second_bias = second;
    a->product.epilogue.bias = pare_product_vectors(p, &a->product, sum);
    return a->product.epilogue.bias ? PARE_OK : pare_arena_fail(p->ctx, &p->plan->arena);
}

/* The product over all time steps, into a temporary. */
static pare_status multiply(pare_planner *p, const pare_lowering *l, rnn_args *a)
{
    pare_rnn_job *j = &a->job;
    const int panel = p->plan->kernels->gemm.panel;
    pare_laid x;
    PARE_TRY(pare_plan_need(p, pare_lower_in(l, X), PARE_FORM_PLAIN, &x));
    const int64_t n = j->cell->n_sums * j->hidden;
    a->x_row = x.dims[2];
    a->product = (pare_product){
        .rows = point_rows, .n_outer = j->directions, .n_rows = j->steps * j->batch, .n_cols = n,
        .n_taps = 1, .depth = x.dims[2], .n_weights = j->directions, .n_vectors = j->directions,
        .x = x, .epilogue = PARE_EPILOGUE_NONE,
    };
    PARE_TRY(pack(p, pare_lower_in(l, W), j->directions, n, 0, n, x.dims[2], &a->product.w));
    PARE_TRY(set_biases(p, l, a));
    /* tiles read whole panels of it, from the start of a gate on */
    j->xw_row = (n + panel - 1) / panel * panel + panel;
    j->xw = (pare_laid){ .dtype = PARE_FLOAT, .rank = 3,
                         .dims = { j->directions, a->product.n_rows, j->xw_row } };
    pare_laid_arrange(&j->xw, PARE_FORM_PLAIN);
    PARE_TRY(pare_plan_temporary(p, &j->xw));
    a->product.y = j->xw;
    a->product.y_row = j->xw_row;
    a->product.y_outer = a->product.n_rows * j->xw_row;
    return pare_product_step(p, &a->product, NULL, "gates f32");
}

/* R, in two parts where the second gets to see other states. */
static pare_status set_weights(pare_planner *p, const pare_lowering *l, pare_rnn_job *j)
{
    const bool is_gru = j->cell->n_sums == 3;
    const pare_value_id r = pare_lower_in(l, R);
    const int64_t n = j->cell->n_sums * j->hidden;
    j->n_first = is_gru ? 2 * j->hidden : n;
    PARE_TRY(pack(p, r, j->directions, n, 0, j->n_first, j->hidden, &j->r));
    if (!is_gru) return PARE_OK;
    return pack(p, r, j->directions, n, j->n_first, j->hidden, j->hidden, &j->r_second);
}

static pare_status make_output(pare_planner *p, const pare_lowering *l, uint32_t i, bool *has,
                               pare_laid *out)
{
    *has = pare_lower_out(l, i) != PARE_NONE;
    if (!*has) return PARE_OK;
    pare_plan_shape(p, pare_lower_out(l, i), out);
    pare_laid_arrange(out, PARE_FORM_PLAIN);
    return pare_plan_out(p, pare_lower_out(l, i), out);
}

static pare_status need_plain(pare_planner *p, const pare_lowering *l, uint32_t i, bool *has,
                              pare_laid *out)
{
    *has = pare_lower_in(l, i) != PARE_NONE;
    return *has ? pare_plan_need(p, pare_lower_in(l, i), PARE_FORM_PLAIN, out) : PARE_OK;
}

static pare_status lower_all(pare_planner *p, pare_lowering *l, rnn_args *a)
{
    pare_rnn_job *j = &a->job;
    const pare_laid *touches[7];
    uint32_t n = 0;
    PARE_TRY(multiply(p, l, a));
    PARE_TRY(set_weights(p, l, j));
    PARE_TRY(need_plain(p, l, INITIAL_H, &j->has_initial_h, &j->initial_h));
    PARE_TRY(need_plain(p, l, INITIAL_C, &j->has_initial_c, &j->initial_c));
    PARE_TRY(need_plain(p, l, P, &j->has_peepholes, &j->peepholes));
    PARE_TRY(make_output(p, l, 0, &j->has_y, &j->y));
    PARE_TRY(make_output(p, l, 1, &j->has_h, &j->h));
    PARE_TRY(make_output(p, l, 2, &j->has_c, &j->c));
    pare_rnn_split(j, p->plan->kernels);
    touches[n++] = &j->xw;
    if (j->has_initial_h) touches[n++] = &j->initial_h;
    if (j->has_initial_c) touches[n++] = &j->initial_c;
    if (j->has_peepholes) touches[n++] = &j->peepholes;
    if (j->has_y) touches[n++] = &j->y;
    if (j->has_h) touches[n++] = &j->h;
    if (j->has_c) touches[n++] = &j->c;
    const pare_step step = { .run = run_recurrence, .args = a, .kernel = "recurrence f32",
                             .n_tasks = j->n_tasks, .scratch_bytes = j->scratch_bytes };
    return pare_plan_step(p, &step, touches, n);
}

pare_status pare_lower_rnn(pare_planner *p, pare_lowering *l, bool *done)
{
    const pare_rnn_params *params = l->params;
    pare_rnn_gates gates;
    pare_laid laid;
    rnn_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    if (!measure(p, l, &a->job)) return PARE_OK;
    for (uint32_t i = 0; i < l->node->n_outputs; i++)
        if (pare_lower_out(l, i) != PARE_NONE && !pare_plan_shape(p, pare_lower_out(l, i), &laid))
            return PARE_OK;
    PARE_TRY(pare_rnn_find_gates(p->ctx, &l->call, params, a->job.cell, a->job.directions, &gates));
    memcpy(a->job.gates, gates.f32, sizeof(a->job.gates));
    a->job.clip = params->has_clip ? params->clip : INFINITY;
    a->job.batch_first = params->batch_first;
    a->job.reverse = params->direction == PARE_RNN_REVERSE;
    a->job.coupled = params->input_forget;
    a->job.reset_after = a->job.cell->n_sums == 3 && params->linear_before_reset;
    *done = true;
    return lower_all(p, l, a);
}
