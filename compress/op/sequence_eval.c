#include "op/nested.h"
#include "op/parts.h"
#include "op/sequence.h"
#include "op/wide.h"

#include <inttypes.h>

/* Sequences: elements are shared, never copied. */

/* EFORMAT when a tensor does not have the element type of the sequence's first tensor. */
static pare_status check_element(pare_ctx *ctx, const pare_eval_io *io, const pare_datum *first,
                                 const pare_datum *element)
{
    if (!element) return pare_call_fail(ctx, io->call, "expected an element, found none");
    if (!first || first->kind != element->kind) {
        if (!first) return PARE_OK;
        return pare_call_fail(ctx, io->call, "expected elements of one kind, found another one");
    }
    if (first->kind != PARE_TYPE_TENSOR || first->tensor->dtype == element->tensor->dtype)
        return PARE_OK;
    return pare_call_fail(ctx, io->call, "expected an element of type %s, found %s",
                          pare_dtype_name(first->tensor->dtype),
                          pare_dtype_name(element->tensor->dtype));
}

pare_status pare_sequence_construct_eval(pare_ctx *ctx, pare_eval_io *io)
{
    pare_datum *out = &io->out[0];
    out->kind = PARE_TYPE_SEQUENCE;
    out->items = pare_alloc_zero(ctx, io->n_in * sizeof(*out->items));
    if (!out->items) return pare_fail_memory(ctx, io->n_in * sizeof(*out->items));
    for (; out->n_items < io->n_in; out->n_items++) {
        PARE_TRY(check_element(ctx, io, io->in[0], io->in[out->n_items]));
        PARE_TRY(pare_datum_copy(ctx, &out->items[out->n_items], io->in[out->n_items]));
    }
    return PARE_OK;
}

pare_status pare_sequence_empty_eval(pare_ctx *ctx, pare_eval_io *io)
{
    (void)ctx;
    io->out[0].kind = PARE_TYPE_SEQUENCE;
    return PARE_OK;
}

/* The place that input i names, up to high (negative: from the end of n elements); `fallback`
 * where it is omitted. */
static pare_status get_place(pare_ctx *ctx, const pare_eval_io *io, uint32_t i, size_t n,
                             int64_t high, size_t fallback, size_t *out)
{
    const int64_t low = -(int64_t)n;
    int64_t at = 0;
    *out = fallback;
    if (i >= io->n_in || !io->in[i]) return PARE_OK;
    PARE_TRY(pare_eval_integer(ctx, io, i, &at));
    if (at < low || at > high)
        return pare_call_fail(ctx, io->call,
                              "position: expected %" PRId64 " to %" PRId64 ", found %" PRId64, low,
                              high, at);
    *out = (size_t)(at < 0 ? at - low : at);
    return PARE_OK;
}

pare_status pare_sequence_insert_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_datum *from = NULL;
    pare_datum *out = &io->out[0];
    size_t at = 0;
    PARE_TRY(pare_eval_sequence(ctx, io, 0, &from));
    PARE_TRY(check_element(ctx, io, from->n_items ? from->items : NULL, io->in[1]));
    PARE_TRY(get_place(ctx, io, 2, from->n_items, (int64_t)from->n_items, from->n_items, &at));
    const size_t n_bytes = (from->n_items + 1) * sizeof(*out->items);
    out->items = pare_alloc_zero(ctx, n_bytes);
    if (!out->items) return pare_fail_memory(ctx, n_bytes);
    out->kind = PARE_TYPE_SEQUENCE;
    out->n_items = from->n_items + 1; /* all NONE so far */
    for (size_t i = 0; i < out->n_items; i++)
        PARE_TRY(pare_datum_copy(ctx, &out->items[i],
                                 i == at ? io->in[1] : &from->items[i - (i > at)]));
    return PARE_OK;
}

pare_status pare_sequence_erase_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_datum *from = NULL;
    pare_datum *out = &io->out[0];
    size_t at = 0;
    PARE_TRY(pare_eval_sequence(ctx, io, 0, &from));
    if (!from->n_items)
        return pare_call_fail(ctx, io->call, "expected a sequence with elements, found none");
    PARE_TRY(get_place(ctx, io, 1, from->n_items, (int64_t)from->n_items - 1, from->n_items - 1,
                       &at));
    out->kind = PARE_TYPE_SEQUENCE;
    if (from->n_items == 1) return PARE_OK;
    const size_t n_bytes = (from->n_items - 1) * sizeof(*out->items);
    out->items = pare_alloc_zero(ctx, n_bytes);
    if (!out->items) return pare_fail_memory(ctx, n_bytes);
    out->n_items = from->n_items - 1;
    for (size_t i = 0; i < out->n_items; i++)
        PARE_TRY(pare_datum_copy(ctx, &out->items[i], &from->items[i + (i >= at)]));
    return PARE_OK;
}

pare_status pare_sequence_at_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_datum *from = NULL;
    size_t at = 0;
    PARE_TRY(pare_eval_sequence(ctx, io, 0, &from));
    if (!io->in[1]) return pare_call_fail(ctx, io->call, "position: expected a value, found none");
    PARE_TRY(get_place(ctx, io, 1, from->n_items, (int64_t)from->n_items - 1, 0, &at));
    return pare_eval_out_copy(ctx, io, 0, &from->items[at]);
}

pare_status pare_sequence_length_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_datum *from = NULL;
    void *data = NULL;
    PARE_TRY(pare_eval_sequence(ctx, io, 0, &from));
    PARE_TRY(pare_eval_out_as(ctx, io, 0, PARE_INT64, 0, NULL, &data));
    *(int64_t *)data = (int64_t)from->n_items;
    return PARE_OK;
}

/* --- SequenceMap ------------------------------------------------------------------------------ */

typedef struct map {
    const pare_graph *body;
    size_t length;
    const pare_datum **in;    /* [io->n_in] */
    pare_datum *outputs;      /* [body->outputs.n] */
    pare_pile *piles;         /* [io->n_out] */
} map;

static pare_status run_map(pare_ctx *ctx, pare_eval_io *io, map *m)
{
    for (size_t k = 0; k < m->length; k++) {
        for (uint32_t i = 0; i < io->n_in; i++) {
            const pare_datum *in = io->in[i];
            m->in[i] = in && in->kind == PARE_TYPE_SEQUENCE ? &in->items[k] : in;
        }
        PARE_TRY(pare_eval_subgraph(ctx, io, m->body, m->in, io->n_in, m->outputs));
        for (uint32_t i = 0; i < io->n_out; i++)
            PARE_TRY(pare_pile_add(ctx, &m->piles[i], &m->outputs[i]));
        for (size_t i = 0; i < m->body->outputs.n; i++) pare_datum_drop(ctx, &m->outputs[i]);
    }
    for (uint32_t i = 0; i < io->n_out; i++) pare_pile_out_sequence(io, i, &m->piles[i]);
    return PARE_OK;
}

static pare_status check_lengths(pare_ctx *ctx, const pare_eval_io *io, map *m)
{
    const pare_datum *first = NULL;
    PARE_TRY(pare_eval_sequence(ctx, io, 0, &first));
    m->length = first->n_items;
    for (uint32_t i = 1; i < io->n_in; i++)
        if (io->in[i] && io->in[i]->kind == PARE_TYPE_SEQUENCE && io->in[i]->n_items != m->length)
            return pare_call_fail(ctx, io->call,
                                  "input %" PRIu32 ": expected a sequence of %zu, found %zu", i,
                                  m->length, io->in[i]->n_items);
    return PARE_OK;
}

pare_status pare_sequence_map_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_body_params *p = io->params;
    map m = { .body = p->body };
    PARE_TRY(pare_need_body(ctx, io->call, "body", p->body, io->n_in, io->n_out));
    PARE_TRY(check_lengths(ctx, io, &m));
    const size_t n_outputs = p->body->outputs.n;
    m.in = pare_alloc_zero(ctx, io->n_in * sizeof(*m.in));
    m.outputs = pare_alloc_zero(ctx, n_outputs * sizeof(*m.outputs));
    m.piles = pare_alloc_zero(ctx, io->n_out * sizeof(*m.piles));
    const bool has_room = m.in && m.outputs && m.piles;
    pare_status st =
        has_room ? PARE_OK : pare_fail_memory(ctx, n_outputs * sizeof(*m.outputs));
    if (!st) st = run_map(ctx, io, &m);
    for (size_t i = 0; m.outputs && i < n_outputs; i++) pare_datum_drop(ctx, &m.outputs[i]);
    for (uint32_t i = 0; m.piles && i < io->n_out; i++) pare_pile_free(ctx, &m.piles[i]);
    pare_free(ctx, m.in);
    pare_free(ctx, m.outputs);
    pare_free(ctx, m.piles);
    return st;
}

/* --- splitting, joining ----------------------------------------------------------------------- */

/* Size of part k of an axis with n steps, of which `at` are taken. */
static pare_status size_of_part(pare_ctx *ctx, const pare_eval_io *io, int64_t k, int64_t rest,
                                int64_t *size)
{
    const pare_tensor *sizes = pare_eval_tensor(io, 1);
    *size = 1;
    if (!sizes) return PARE_OK;
    if (!sizes->rank || k < sizes->n_elements)
        *size = pare_wide_i64_at(sizes->dtype, pare_eval_data(sizes), sizes->rank ? k : 0);
    else *size = -1;
    if (!sizes->rank && *size > rest) *size = rest;
    if (*size >= 0 && *size <= rest && (sizes->rank || *size)) return PARE_OK;
    return pare_call_fail(ctx, io->call,
                          "split: expected sizes that make up the axis, found %" PRId64
                          " at part %" PRId64 " with %" PRId64 " left",
                          *size, k, rest);
}

static pare_status check_sizes(pare_ctx *ctx, const pare_eval_io *io)
{
    const pare_tensor *sizes = pare_eval_tensor(io, 1);
    if (!sizes) return PARE_OK;
    if (sizes->rank <= 1 && pare_wide_of(sizes->dtype) == PARE_WIDE_I64) return PARE_OK;
    return pare_call_fail(ctx, io->call, "split: expected integers with at most 1 axis, found %s",
                          pare_dtype_name(sizes->dtype));
}

pare_status pare_split_to_sequence_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_split_to_sequence_params *p = io->params;
    const pare_tensor *x = pare_eval_tensor(io, 0);
    const pare_tensor *sizes = pare_eval_tensor(io, 1);
    pare_pile parts = { 0 };
    uint32_t axis = 0;
    if (!x) return pare_call_fail(ctx, io->call, "input 0: expected a tensor");
    PARE_TRY(pare_part_axis(ctx, io, "attribute 'axis'", p->axis, x->rank, &axis));
    PARE_TRY(check_sizes(ctx, io));
    int64_t rest = x->dims[axis];
    pare_status st = PARE_OK;
    for (int64_t k = 0; !st && (rest || (sizes && sizes->rank && k < sizes->n_elements)); k++) {
        int64_t size = 0;
        pare_datum part = { .kind = PARE_TYPE_NONE };
        st = size_of_part(ctx, io, k, rest, &size);
        if (!st)
            st = pare_part_of(ctx, io, &part, x, axis, x->dims[axis] - rest, size,
                              !sizes && !p->keep_dims);
        if (!st) st = pare_pile_add(ctx, &parts, &part);
        rest -= size;
    }
    if (!st) pare_pile_out_sequence(io, 0, &parts);
    pare_pile_free(ctx, &parts);
    return st;
}

pare_status pare_concat_from_sequence_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_concat_from_sequence_params *p = io->params;
    const pare_datum *from = NULL;
    PARE_TRY(pare_eval_sequence(ctx, io, 0, &from));
    if (!from->n_items)
        return pare_call_fail(ctx, io->call, "expected a sequence with elements, found none");
    const pare_join join = { .axis = p->axis, .new_axis = p->new_axis };
    return pare_join_out(ctx, io, 0, "sequence", from->items, from->n_items, join);
}
