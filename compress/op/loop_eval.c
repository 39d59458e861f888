#include "op/nested.h"
#include "op/parts.h"

#include <inttypes.h>

/* Loop. An omitted trip count stands for no limit, an omitted condition for one that holds; from
 * the first run on, the condition is what the body gives, in every case. */

typedef struct loop {
    const pare_graph *body;
    uint32_t n_carried, n_scanned;
    const pare_datum **in;    /* [2 + n_carried] of the body */
    pare_datum *states;       /* [2 + n_carried] what `in` points to: run, condition, carried */
    pare_datum *outputs;      /* [body->outputs.n] */
    pare_pile *piles;         /* [n_scanned] */
} loop;

static pare_status make_room(pare_ctx *ctx, loop *l)
{
    const size_t n_in = 2 + (size_t)l->n_carried;
    l->in = pare_alloc_zero(ctx, n_in * sizeof(*l->in));
    l->states = pare_alloc_zero(ctx, n_in * sizeof(*l->states));
    l->outputs = pare_alloc_zero(ctx, l->body->outputs.n * sizeof(*l->outputs));
    l->piles = pare_alloc_zero(ctx, (l->n_scanned + 1) * sizeof(*l->piles));
    if (l->in && l->states && l->outputs && l->piles) return PARE_OK;
    return pare_fail_memory(ctx, l->body->outputs.n * sizeof(*l->outputs));
}

static void free_room(pare_ctx *ctx, loop *l)
{
    for (size_t i = 0; l->states && i < 2 + (size_t)l->n_carried; i++)
        pare_datum_drop(ctx, &l->states[i]);
    for (size_t i = 0; l->outputs && i < l->body->outputs.n; i++)
        pare_datum_drop(ctx, &l->outputs[i]);
    for (size_t i = 0; l->piles && i < l->n_scanned; i++) pare_pile_free(ctx, &l->piles[i]);
    pare_free(ctx, l->in);
    pare_free(ctx, l->states);
    pare_free(ctx, l->outputs);
    pare_free(ctx, l->piles);
}

/* An int64 or bool for the body: a scalar, or one element where the body declares it so. */
static pare_status set_scalar(pare_ctx *ctx, loop *l, uint32_t i, pare_dtype dtype, int64_t value)
{
    const pare_type *type = l->body->model->values[l->body->inputs.items[i].value].type;
    const int64_t one = 1;
    const uint8_t truth = value != 0;
    const uint32_t rank = type && type->kind == PARE_TYPE_TENSOR && type->has_shape && type->rank;
    pare_datum_drop(ctx, &l->states[i]);
    PARE_TRY(pare_tensor_from(ctx, &l->states[i].tensor, dtype, rank, &one,
                              dtype == PARE_BOOL ? (const void *)&truth : &value));
    l->states[i].kind = PARE_TYPE_TENSOR;
    l->in[i] = &l->states[i];
    return PARE_OK;
}

static pare_status read_condition(pare_ctx *ctx, const pare_eval_io *io, const pare_datum *datum,
                                  bool *out)
{
    const pare_tensor *t = datum->kind == PARE_TYPE_TENSOR ? datum->tensor : NULL;
    if (!t || t->dtype != PARE_BOOL || t->n_elements != 1)
        return pare_call_fail(ctx, io->call,
                              "condition of the body: expected one bool, found %s",
                              t ? pare_dtype_name(t->dtype) : "no tensor");
    *out = *(const uint8_t *)pare_eval_data(t) != 0;
    return PARE_OK;
}

static pare_status run_once(pare_ctx *ctx, pare_eval_io *io, loop *l, int64_t run, bool *goes_on)
{
    PARE_TRY(set_scalar(ctx, l, 0, PARE_INT64, run));
    PARE_TRY(set_scalar(ctx, l, 1, PARE_BOOL, 1));
    PARE_TRY(pare_eval_subgraph(ctx, io, l->body, l->in, 2 + l->n_carried, l->outputs));
    PARE_TRY(read_condition(ctx, io, &l->outputs[0], goes_on));
    for (uint32_t i = 0; i < l->n_carried; i++) {
        pare_datum *state = &l->states[2 + i];
        pare_datum_drop(ctx, state);
        *state = l->outputs[1 + i];
        l->outputs[1 + i] = (pare_datum){ .kind = PARE_TYPE_NONE };
        l->in[2 + i] = state->kind == PARE_TYPE_NONE ? NULL : state;
    }
    for (uint32_t i = 0; i < l->n_scanned; i++)
        PARE_TRY(pare_pile_add(ctx, &l->piles[i], &l->outputs[1 + l->n_carried + i]));
    for (size_t i = 0; i < l->body->outputs.n; i++) pare_datum_drop(ctx, &l->outputs[i]);
    return PARE_OK;
}

static pare_status run_loop(pare_ctx *ctx, pare_eval_io *io, loop *l)
{
    int64_t max_runs = INT64_MAX;
    int64_t starts = 1;
    if (io->in[0]) PARE_TRY(pare_eval_integer(ctx, io, 0, &max_runs));
    if (io->in[1]) PARE_TRY(pare_eval_integer(ctx, io, 1, &starts));
    for (uint32_t i = 0; i < l->n_carried; i++) {
        const pare_datum *from = io->in[2 + i];
        PARE_TRY(pare_datum_copy(ctx, &l->states[2 + i], from));
        l->in[2 + i] = from ? &l->states[2 + i] : NULL;
    }
    bool goes_on = starts != 0;
    for (int64_t run = 0; goes_on && run < max_runs; run++)
        PARE_TRY(run_once(ctx, io, l, run, &goes_on));
    for (uint32_t i = 0; i < l->n_carried; i++) {
        io->out[i] = l->states[2 + i];
        l->states[2 + i] = (pare_datum){ .kind = PARE_TYPE_NONE };
    }
    for (uint32_t i = 0; i < l->n_scanned; i++)
        PARE_TRY(pare_stack_out(ctx, io, l->n_carried + i, &l->piles[i], l->body,
                                1 + l->n_carried + i, 0, false));
    return PARE_OK;
}

pare_status pare_loop_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_body_params *p = io->params;
    loop l = { .body = p->body, .n_carried = io->n_in - 2 };
    if (io->n_out < l.n_carried)
        return pare_call_fail(ctx, io->call,
                              "expected at least %" PRIu32 " outputs, found %" PRIu32, l.n_carried,
                              io->n_out);
    l.n_scanned = io->n_out - l.n_carried;
    PARE_TRY(pare_need_body(ctx, io->call, "body", p->body, 2 + l.n_carried, 1 + io->n_out));
    pare_status st = make_room(ctx, &l);
    if (!st) st = run_loop(ctx, io, &l);
    free_room(ctx, &l);
    return st;
}

/* --- scan outputs of bodies ------------------------------------------------------------------- */

pare_status pare_stack_out(pare_ctx *ctx, pare_eval_io *io, uint32_t i, const pare_pile *runs,
                           const pare_graph *body, uint32_t from, int64_t axis, bool reversed)
{
    const pare_decl *decl = &body->outputs.items[from];
    const pare_type *type = decl->type ? decl->type : body->model->values[decl->value].type;
    int64_t dims[PARE_MAX_DIMS] = { 0 };
    uint32_t rank = 1;
    uint32_t at = 0;
    void *data = NULL;
    if (!pare_eval_wants(io, i)) return PARE_OK;
    if (runs->n) {
        const pare_join join = { .axis = axis, .new_axis = true, .reversed = reversed };
        return pare_join_out(ctx, io, i, "scan output", runs->items, runs->n, join);
    }
    if (!type || type->kind != PARE_TYPE_TENSOR || !type->dtype) {
        pare_call_fail(ctx, io->call,
                       "output %" PRIu32 ": expected a type declared in the body, which never runs",
                       i);
        return PARE_EUNSUPPORTED;
    }
    if (type->has_shape && type->rank < PARE_MAX_DIMS) {
        rank = type->rank + 1;
        PARE_TRY(pare_part_axis(ctx, io, "scan output axis", axis, rank, &at));
        for (uint32_t d = 0; d < type->rank; d++)
            if (type->dims[d].kind == PARE_DIM_VALUE)
                dims[d < at ? d : d + 1] = type->dims[d].value;
    }
    if (type->dtype != PARE_STRING)
        return pare_eval_out_as(ctx, io, i, type->dtype, rank, dims, &data);
    pare_bytes *strings = NULL;
    return pare_eval_out_strings(ctx, io, i, rank, dims, &strings, NULL);
}
