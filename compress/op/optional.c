#include "op/eval.h"
#include "op/sequence.h"
#include "op/shape.h"

/* Values that may be absent. From version 18 on, what reads them takes plain values, too. */

static pare_status optional_resolve(pare_ctx *ctx, void *params, const pare_call *call)
{
    pare_optional_params *p = params;
    const pare_attr *attr = pare_call_attr(call, "type");
    if (!attr) return PARE_OK;
    if (attr->type != PARE_ATTR_TYPE_PROTO)
        return pare_call_fail(ctx, call, "attribute 'type': expected type type_proto, found %s",
                              pare_attr_type_name(attr->type));
    p->type = attr->types[0];
    return PARE_OK;
}

static pare_status optional_infer(pare_ctx *ctx, pare_infer_io *io)
{
    const pare_optional_params *p = io->params;
    const pare_info *x = pare_in(io, 0);
    if (!x && !p->type)
        return pare_call_fail(ctx, io->call,
                              "expected an input or the attribute 'type', found neither");
    io->out[0] = pare_info_optional(io->shapes, x ? *x : pare_info_from_type(io->shapes, p->type));
    return PARE_OK;
}

static pare_status get_element_infer(pare_ctx *ctx, pare_infer_io *io)
{
    (void)ctx;
    const pare_info *x = pare_in(io, 0);
    if (!x) return PARE_OK;
    if (x->kind != PARE_TYPE_OPTIONAL) io->out[0] = *x;
    else if (x->elem) io->out[0] = *x->elem;
    return PARE_OK;
}

static pare_status has_element_infer(pare_ctx *ctx, pare_infer_io *io)
{
    (void)ctx;
    const pare_info *x = pare_in(io, 0);
    pare_num has = pare_num_unknown();
    if (!x) has = pare_num_int(0);
    else if (x->kind == PARE_TYPE_TENSOR || x->kind == PARE_TYPE_SEQUENCE) has = pare_num_int(1);
    io->out[0] = pare_info_scalar(io->shapes, PARE_BOOL, has);
    return PARE_OK;
}

/* --- evaluation ------------------------------------------------------------------------------- */

static const pare_datum *input(const pare_eval_io *io)
{
    return io->n_in ? io->in[0] : NULL;
}

static pare_status optional_eval(pare_ctx *ctx, pare_eval_io *io)
{
    pare_datum *out = &io->out[0];
    *out = (pare_datum){ .kind = PARE_TYPE_OPTIONAL };
    if (!input(io)) return PARE_OK;
    out->items = pare_alloc_zero(ctx, sizeof(*out->items));
    if (!out->items) return pare_fail_memory(ctx, sizeof(*out->items));
    PARE_TRY(pare_datum_copy(ctx, &out->items[0], input(io)));
    out->n_items = 1;
    return PARE_OK;
}

static pare_status get_element_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_datum *x = input(io);
    if (x && x->kind == PARE_TYPE_OPTIONAL) x = x->n_items ? &x->items[0] : NULL;
    if (!x) return pare_call_fail(ctx, io->call, "input 0: expected a value, found none");
    return pare_eval_out_copy(ctx, io, 0, x);
}

static pare_status has_element_eval(pare_ctx *ctx, pare_eval_io *io)
{
    const pare_datum *x = input(io);
    void *data = NULL;
    PARE_TRY(pare_eval_out_as(ctx, io, 0, PARE_BOOL, 0, NULL, &data));
    *(uint8_t *)data = x && (x->kind != PARE_TYPE_OPTIONAL || x->n_items);
    return PARE_OK;
}

const pare_op pare_op_optional = {
    .domain = "", .name = "Optional", .since = 15,
    .n_in = { 0, 1 }, .n_out = { 1, 1 },
    .params_bytes = sizeof(pare_optional_params),
    .resolve = optional_resolve, .infer = optional_infer, .eval = optional_eval,
    .cost = PARE_NA(cost),
    .links = PARE_NA(links),
};

const pare_op pare_op_optional_get_element = {
    .domain = "", .name = "OptionalGetElement", .since = 15,
    .n_in = { 1, 1 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = get_element_infer, .eval = get_element_eval,
    .cost = PARE_NA(cost),
    .links = PARE_NA(links),
};

const pare_op pare_op_optional_has_element = {
    .domain = "", .name = "OptionalHasElement", .since = 15,
    .n_in = { 0, 1 }, .n_out = { 1, 1 },
    .resolve = PARE_NA(resolve), .infer = has_element_infer, .eval = has_element_eval,
    .cost = PARE_NA(cost),
    .links = PARE_NA(links),
};
