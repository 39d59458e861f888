#include "op/sequence.h"

#include "op/costs.h"
#include "op/list.h"
#include "op/nested.h"

#include <inttypes.h>

/* Sequences. What is known of one is what holds for each of its elements. */

/* A value as element of a sequence, where others than this one may stand. */
static pare_info as_element(const pare_info *x)
{
    if (!x) return pare_info_unknown();
    pare_info info = *x;
    info.content = NULL;
    info.n_content = 0;
    info.constant = NULL;
    return info;
}

/* Element of a sequence, unknown where that is not known. */
static pare_info element_of(const pare_info *sequence)
{
    const bool known = sequence && sequence->kind == PARE_TYPE_SEQUENCE && sequence->elem;
    return known ? *sequence->elem : pare_info_unknown();
}

static pare_status construct_infer(pare_ctx *ctx, pare_infer_io *io)
{
    (void)ctx;
    pare_info element = as_element(pare_in(io, 0));
    for (uint32_t i = 1; i < io->n_in; i++) {
        const pare_info other = as_element(io->in[i]);
        element = pare_info_join(io->shapes, &element, &other);
    }
    io->out[0] = pare_info_sequence(io->shapes, element);
    return PARE_OK;
}

static pare_status empty_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_sequence_empty_params *p = params;
    return pare_get_dtype(ctx, call, "dtype", PARE_FLOAT, &p->dtype);
}

static pare_status empty_infer(pare_ctx *ctx, pare_infer_io *io)
{
    (void)ctx;
    const pare_sequence_empty_params *p = io->params;
    io->out[0] = pare_info_sequence(io->shapes, pare_info_unranked(p->dtype));
    io->out[0].is_empty = true;
    return PARE_OK;
}

static pare_status insert_infer(pare_ctx *ctx, pare_infer_io *io)
{
    (void)ctx;
    const pare_info *x = pare_in(io, 0);
    const pare_info one = pare_info_sequence(io->shapes, as_element(pare_in(io, 1)));
    if (x && x->kind == PARE_TYPE_SEQUENCE) io->out[0] = pare_info_join(io->shapes, x, &one);
    return PARE_OK;
}

static pare_status erase_infer(pare_ctx *ctx, pare_infer_io *io)
{
    (void)ctx;
    const pare_info *x = pare_in(io, 0);
    if (x && x->kind == PARE_TYPE_SEQUENCE) io->out[0] = *x;
    return PARE_OK;
}

static pare_status at_infer(pare_ctx *ctx, pare_infer_io *io)
{
    (void)ctx;
    io->out[0] = element_of(pare_in(io, 0));
    return PARE_OK;
}

static pare_status length_infer(pare_ctx *ctx, pare_infer_io *io)
{
    (void)ctx;
    io->out[0] = pare_info_tensor(io->shapes, PARE_INT64, 0, NULL);
    return PARE_OK;
}

static pare_status map_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_body_params *p = params;
    return pare_get_graph(ctx, call, "body", &p->body);
}

/* The body runs on the elements of all inputs that are sequences, and on the others as they are. */
static pare_status map_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_body_params *p = io->params;
    const pare_info *outputs = NULL;
    PARE_TRY(pare_need_body(ctx, io->call, "body", p->body, io->n_in, io->n_out));
    pare_info *inputs = pare_arena_array(&io->shapes->arena, io->n_in, sizeof(*inputs));
    if (!inputs) return pare_arena_fail(ctx, &io->shapes->arena);
    for (uint32_t i = 0; i < io->n_in; i++) {
        const pare_info *in = io->in[i];
        const bool is_tensor = i > 0 && in && in->kind != PARE_TYPE_SEQUENCE;
        inputs[i] = is_tensor ? *in : element_of(in);
    }
    PARE_TRY(pare_infer_subgraph(ctx, io, p->body, inputs, io->n_in, &outputs));
    for (uint32_t i = 0; i < io->n_out; i++)
        io->out[i] = pare_info_sequence(io->shapes, as_element(&outputs[i]));
    return PARE_OK;
}

const pare_op pare_op_sequence_construct = {
    .domain = "", .name = "SequenceConstruct", .since = 11,
    .n_in = { 1, PARE_MANY }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = construct_infer, .eval = pare_sequence_construct_eval,
    .cost = PARE_NA(cost),
    .links = PARE_NA(links),
};

const pare_op pare_op_sequence_empty = {
    .domain = "", .name = "SequenceEmpty", .since = 11,
    .n_in = { 0, 0 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_sequence_empty_params),
    .resolve = empty_resolve, .infer = empty_infer, .eval = pare_sequence_empty_eval,
    .cost = PARE_NA(cost),
    .links = PARE_NA(links),
};

const pare_op pare_op_sequence_insert = {
    .domain = "", .name = "SequenceInsert", .since = 11,
    .n_in = { 2, 3 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = insert_infer, .eval = pare_sequence_insert_eval,
    .cost = PARE_NA(cost),
    .links = PARE_NA(links),
};

const pare_op pare_op_sequence_erase = {
    .domain = "", .name = "SequenceErase", .since = 11,
    .n_in = { 1, 2 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = erase_infer, .eval = pare_sequence_erase_eval,
    .cost = PARE_NA(cost),
    .links = PARE_NA(links),
};

const pare_op pare_op_sequence_at = {
    .domain = "", .name = "SequenceAt", .since = 11,
    .n_in = { 2, 2 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = at_infer, .eval = pare_sequence_at_eval,
    .cost = PARE_NA(cost),
    .links = PARE_NA(links),
};

const pare_op pare_op_sequence_length = {
    .domain = "", .name = "SequenceLength", .since = 11,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = length_infer, .eval = pare_sequence_length_eval,
    .cost = PARE_NA(cost),
    .links = PARE_NA(links),
};

const pare_op pare_op_sequence_map = {
    .domain = "", .name = "SequenceMap", .since = 17,
    .n_in = { 1, PARE_MANY }, .n_out = { 1, PARE_MANY },
    .params_bytes = sizeof(pare_body_params),
    .resolve = map_resolve, .infer = map_infer, .eval = pare_sequence_map_eval,
    .cost = pare_sequence_map_cost,
    .links = PARE_NA(links),
};
