#include "op/nested.h"
#include "op/parts.h"
#include "op/wide.h"

#include <inttypes.h>

/* Scan. In version 8 everything has a batch axis in front, and each item of the batch is scanned by
 * itself, over as many steps as its length says; scan outputs are filled up with zeros. An input
 * that is scanned from the end starts at the last step of the item's length. */

typedef struct scan {
    const pare_scan_params *p;
    uint32_t n_in, n_out;     /* of the body */
    int64_t length;           /* steps of the scan inputs */
    int64_t batch;            /* version 8 */
    const pare_datum **in;    /* [n_in]: states, then slices */
    pare_datum *states;       /* [n_in] what `in` points to */
    pare_datum *outputs;      /* [p->body->outputs.n] */
    pare_pile *piles;         /* [n_out] scan outputs of one run; version 8: outputs by item */
    pare_pile *batches;       /* [n_out] */
} scan;

static pare_status make_room(pare_ctx *ctx, scan *s)
{
    const size_t n_outputs = s->p->body->outputs.n;
    s->in = pare_alloc_zero(ctx, (s->n_in + 1) * sizeof(*s->in));
    s->states = pare_alloc_zero(ctx, (s->n_in + 1) * sizeof(*s->states));
    s->outputs = pare_alloc_zero(ctx, (n_outputs + 1) * sizeof(*s->outputs));
    s->piles = pare_alloc_zero(ctx, (s->n_out + 1) * sizeof(*s->piles));
    s->batches = pare_alloc_zero(ctx, (s->n_out + 1) * sizeof(*s->batches));
    if (s->in && s->states && s->outputs && s->piles && s->batches) return PARE_OK;
    return pare_fail_memory(ctx, (n_outputs + 1) * sizeof(*s->outputs));
}

static void free_room(pare_ctx *ctx, scan *s)
{
    for (size_t i = 0; s->states && i < s->n_in; i++) pare_datum_drop(ctx, &s->states[i]);
    for (size_t i = 0; s->outputs && i < s->p->body->outputs.n; i++)
        pare_datum_drop(ctx, &s->outputs[i]);
    for (size_t i = 0; s->piles && i < s->n_out; i++) pare_pile_free(ctx, &s->piles[i]);
    for (size_t i = 0; s->batches && i < s->n_out; i++) pare_pile_free(ctx, &s->batches[i]);
    pare_free(ctx, s->in);
    pare_free(ctx, s->states);
    pare_free(ctx, s->outputs);
    pare_free(ctx, s->piles);
    pare_free(ctx, s->batches);
}

/* Axis of scan input k that is scanned, in the tensor that the node has. */
static pare_status scan_axis(pare_ctx *ctx, const pare_eval_io *io, const scan *s, uint32_t k,
                             const pare_tensor *t, uint32_t *axis)
{
    if (s->p->batched) {
        *axis = 1;
        if (t->rank >= 2) return PARE_OK;
        return pare_call_fail(ctx, io->call,
                              "scan input %" PRIu32 ": expected at least 2 axes, found %" PRIu32, k,
                              t->rank);
    }
    return pare_part_axis(ctx, io, "scan axis", k < s->p->input_axes.n ? s->p->input_axes.v[k] : 0,
                          t->rank, axis);
}

/* Checks a dim against that of the inputs before; -1: there was none. */
static pare_status agree(pare_ctx *ctx, const pare_eval_io *io, const char *what, int64_t dim,
                         int64_t *all)
{
    if (*all >= 0 && *all != dim)
        return pare_call_fail(ctx, io->call, "%s: expected %" PRId64 ", found %" PRId64, what, *all,
                              dim);
    *all = dim;
    return PARE_OK;
}

static pare_status measure(pare_ctx *ctx, const pare_eval_io *io, scan *s)
{
    s->length = -1;
    s->batch = -1;
    for (uint32_t i = 0; i < s->n_in; i++) {
        const bool scanned = i >= s->p->n_states;
        const pare_tensor *t = pare_eval_tensor(io, i + s->p->batched);
        uint32_t axis = 0;
        if (!t && !scanned && !s->p->batched) continue;
        if (!t)
            return pare_call_fail(ctx, io->call, "input %" PRIu32 ": expected a tensor",
                                  i + s->p->batched);
        if (s->p->batched && !t->rank)
            return pare_call_fail(ctx, io->call, "input %" PRIu32 ": expected a batch axis", i + 1);
        if (s->p->batched) PARE_TRY(agree(ctx, io, "batch", t->dims[0], &s->batch));
        if (!scanned) continue;
        PARE_TRY(scan_axis(ctx, io, s, i - s->p->n_states, t, &axis));
        PARE_TRY(agree(ctx, io, "length of the scanned axis", t->dims[axis], &s->length));
    }
    return PARE_OK;
}

/* Takes step t of `length` steps of every scan input (of an item of the batch). */
static pare_status slice_inputs(pare_ctx *ctx, pare_eval_io *io, scan *s, const pare_datum *items,
                                int64_t t, int64_t length)
{
    for (uint32_t k = 0; k < s->p->n_scan_inputs; k++) {
        const uint32_t i = s->p->n_states + k;
        const bool reversed = k < s->p->input_directions.n && s->p->input_directions.v[k];
        const pare_tensor *from = items ? items[i].tensor : pare_eval_tensor(io, i);
        uint32_t axis = 0;
        if (!items) PARE_TRY(scan_axis(ctx, io, s, k, from, &axis));
        pare_datum_drop(ctx, &s->states[i]);
        PARE_TRY(pare_part_of(ctx, io, &s->states[i], from, axis, reversed ? length - 1 - t : t, 1,
                              true));
        s->in[i] = &s->states[i];
    }
    return PARE_OK;
}

/* Runs over all steps, from states that are set; scan outputs gather in piles. */
static pare_status run_steps(pare_ctx *ctx, pare_eval_io *io, scan *s, const pare_datum *items,
                             int64_t length)
{
    const uint32_t n_states = s->p->n_states;
    for (uint32_t i = 0; i < n_states; i++)
        s->in[i] = s->states[i].kind == PARE_TYPE_NONE ? NULL : &s->states[i];
    for (int64_t t = 0; t < length; t++) {
        PARE_TRY(slice_inputs(ctx, io, s, items, t, length));
        PARE_TRY(pare_eval_subgraph(ctx, io, s->p->body, s->in, s->n_in, s->outputs));
        for (uint32_t i = 0; i < n_states; i++) {
            pare_datum_drop(ctx, &s->states[i]);
            s->states[i] = s->outputs[i];
            s->outputs[i] = (pare_datum){ .kind = PARE_TYPE_NONE };
            s->in[i] = s->states[i].kind == PARE_TYPE_NONE ? NULL : &s->states[i];
        }
        for (uint32_t i = n_states; i < s->n_out; i++)
            PARE_TRY(pare_pile_add(ctx, &s->piles[i], &s->outputs[i]));
        for (size_t i = 0; i < s->p->body->outputs.n; i++) pare_datum_drop(ctx, &s->outputs[i]);
    }
    return PARE_OK;
}

static pare_status run_plain(pare_ctx *ctx, pare_eval_io *io, scan *s)
{
    const pare_scan_params *p = s->p;
    for (uint32_t i = 0; i < p->n_states; i++)
        PARE_TRY(pare_datum_copy(ctx, &s->states[i], io->in[i]));
    PARE_TRY(run_steps(ctx, io, s, NULL, s->length));
    for (uint32_t i = 0; i < p->n_states; i++) {
        io->out[i] = s->states[i];
        s->states[i] = (pare_datum){ .kind = PARE_TYPE_NONE };
    }
    for (uint32_t k = 0; k < p->n_scan_outputs; k++) {
        const uint32_t i = p->n_states + k;
        const int64_t axis = k < p->output_axes.n ? p->output_axes.v[k] : 0;
        const bool reversed = k < p->output_directions.n && p->output_directions.v[k];
        PARE_TRY(pare_stack_out(ctx, io, i, &s->piles[i], p->body, i, axis, reversed));
    }
    return PARE_OK;
}

/* --- version 8 -------------------------------------------------------------------------------- */

static pare_status item_length(pare_ctx *ctx, const pare_eval_io *io, const scan *s, int64_t b,
                               int64_t *out)
{
    const pare_tensor *lengths = pare_eval_tensor(io, 0);
    *out = s->length;
    if (!lengths) return PARE_OK;
    if (lengths->dtype != PARE_INT64 || lengths->n_elements != s->batch)
        return pare_call_fail(ctx, io->call,
                              "sequence lengths: expected int64[%" PRId64
                              "], found %s with %" PRId64 " elements",
                              s->batch, pare_dtype_name(lengths->dtype), lengths->n_elements);
    *out = pare_wide_i64_at(PARE_INT64, pare_eval_data(lengths), b);
    if (*out >= 0 && *out <= s->length) return PARE_OK;
    return pare_call_fail(ctx, io->call,
                          "sequence lengths: expected 0 to %" PRId64 ", found %" PRId64, s->length,
                          *out);
}

/* Scans item b of the batch; its results gather in batches. */
static pare_status run_item(pare_ctx *ctx, pare_eval_io *io, scan *s, pare_datum *items, int64_t b)
{
    const pare_scan_params *p = s->p;
    int64_t length = 0;
    PARE_TRY(item_length(ctx, io, s, b, &length));
    for (uint32_t i = 0; i < s->n_in; i++) {
        pare_datum *to = i < p->n_states ? &s->states[i] : &items[i];
        pare_datum_drop(ctx, to);
        PARE_TRY(pare_part_of(ctx, io, to, pare_eval_tensor(io, i + 1), 0, b, 1, true));
    }
    PARE_TRY(run_steps(ctx, io, s, items, length));
    for (uint32_t i = 0; i < s->n_out; i++) {
        pare_datum result = { .kind = PARE_TYPE_NONE };
        pare_eval_io one = *io;
        one.out = &result;
        one.n_out = 1;
        if (i < p->n_states) {
            result = s->states[i];
            s->states[i] = (pare_datum){ .kind = PARE_TYPE_NONE };
        } else if (s->piles[i].n) {
            const pare_join join = { .new_axis = true, .padding = s->length - length };
            PARE_TRY(pare_join_out(ctx, &one, 0, "scan output", s->piles[i].items, s->piles[i].n,
                                   join));
        } else {
            pare_call_fail(ctx, io->call, "sequences of length 0 are not supported");
            return PARE_EUNSUPPORTED;
        }
        pare_pile_free(ctx, &s->piles[i]);
        PARE_TRY(pare_pile_add(ctx, &s->batches[i], &result));
    }
    return PARE_OK;
}

static pare_status run_batched(pare_ctx *ctx, pare_eval_io *io, scan *s)
{
    if (!s->batch) {
        pare_call_fail(ctx, io->call, "batches of size 0 are not supported");
        return PARE_EUNSUPPORTED;
    }
    pare_datum *items = pare_alloc_zero(ctx, s->n_in * sizeof(*items));
    pare_status st = items ? PARE_OK : pare_fail_memory(ctx, s->n_in * sizeof(*items));
    for (int64_t b = 0; !st && b < s->batch; b++) st = run_item(ctx, io, s, items, b);
    for (uint32_t i = 0; !st && i < s->n_out; i++)
        st = pare_stack_out(ctx, io, i, &s->batches[i], s->p->body, i, 0, false);
    pare_datums_free(ctx, items, s->n_in);
    return st;
}

pare_status pare_scan_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_scan_params *p = io->params;
    scan s = { .p = p, .n_in = p->n_states + p->n_scan_inputs, .n_out = io->n_out };
    PARE_TRY(pare_need_body(ctx, io->call, "body", p->body, s.n_in, s.n_out));
    PARE_TRY(measure(ctx, io, &s));
    pare_status st = make_room(ctx, &s);
    if (!st) st = p->batched ? run_batched(ctx, io, &s) : run_plain(ctx, io, &s);
    free_room(ctx, &s);
    return st;
}
