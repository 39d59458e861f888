#include "op/nested.h"

#include "op/inferer.h"

#include <inttypes.h>

/* How often a body is inferred before what still changes is given up; bodies inside of bodies
 * multiply, so deep ones get one run. */
enum { MAX_ROUNDS = 4, MAX_ROUNDS_DEPTH = 4 };

pare_status pare_get_graph(pare_ctx *ctx, const pare_call *call, const char *name,
                           const pare_graph **out)
{
    const pare_attr *attr = pare_call_attr(call, name);
    *out = NULL;
    PARE_TRY(pare_need_attr(ctx, call, name));
    if (attr->type != PARE_ATTR_GRAPH)
        return pare_call_fail(ctx, call, "attribute '%s': expected type graph, found %s", name,
                              pare_attr_type_name(attr->type));
    *out = attr->graphs[0];
    return PARE_OK;
}

pare_status pare_need_body(pare_ctx *ctx, const pare_call *call, const char *what,
                           const pare_graph *graph, uint32_t n_in, uint32_t n_out)
{
    const pare_model *model = graph->model;
    bool fits = graph->inputs.n >= n_in;
    for (size_t i = n_in; fits && i < graph->inputs.n; i++) /* as files before IR version 4 do */
        fits = model->values[graph->inputs.items[i].value].tensor != NULL;
    if (!fits)
        return pare_call_fail(ctx, call,
                              "graph '%s': expected %" PRIu32 " inputs, found %zu", what, n_in,
                              graph->inputs.n);
    if (graph->outputs.n >= n_out) return PARE_OK;
    return pare_call_fail(ctx, call,
                          "graph '%s': expected at least %" PRIu32 " outputs, found %zu", what,
                          n_out, graph->outputs.n);
}

/* Whether two numbers say the same: nothing, or the same number. */
static bool same_nums(pare_num a, pare_num b)
{
    return a.kind == PARE_NUM_UNKNOWN ? b.kind == PARE_NUM_UNKNOWN : pare_num_equal(a, b);
}

static bool same_tensors(const pare_info *a, const pare_info *b)
{
    if (a->dtype != b->dtype || a->has_rank != b->has_rank || a->n_content != b->n_content)
        return false;
    if (a->has_rank && a->rank != b->rank) return false;
    for (uint32_t i = 0; a->has_rank && i < a->rank; i++)
        if (!same_nums(a->dims[i], b->dims[i])) return false;
    if (!a->content != !b->content) return false;
    for (uint32_t i = 0; i < a->n_content; i++)
        if (!same_nums(a->content[i], b->content[i])) return false;
    return true;
}

static bool same_infos(const pare_info *a, const pare_info *b)
{
    for (; a && b; a = a->elem, b = b->elem)
        if (a->kind != b->kind || a->is_empty != b->is_empty || !same_tensors(a, b)) return false;
    return a == b;
}

/* What is left of a value that keeps changing: first its element type, then nothing. */
static pare_info widest(const pare_info *info, bool keep_type)
{
    if (info->kind == PARE_TYPE_TENSOR && keep_type) return pare_info_unranked(info->dtype);
    return pare_info_unknown();
}

pare_status pare_infer_repeated(pare_ctx *ctx, pare_infer_io *io, const pare_graph *body,
                                pare_info *inputs, uint32_t n_in, uint32_t first,
                                uint32_t n_carried, uint32_t first_out,
                                const pare_info **outputs)
{
    const uint32_t rounds = body->depth <= MAX_ROUNDS_DEPTH ? MAX_ROUNDS : 1;
    const size_t n_issues = io->shapes->n_issues;
    const uint64_t n_failures = io->inferer->n_failures;
    for (uint32_t i = 0; i < n_carried; i++) inputs[first + i].constant = NULL;
    for (uint32_t round = 1;; round++) {
        bool stable = true;
        io->shapes->n_issues = n_issues; /* the last round says what holds */
        io->inferer->n_failures = n_failures;
        for (uint32_t i = 0; round >= rounds && i < n_carried; i++)
            inputs[first + i] = widest(&inputs[first + i], round == rounds && rounds > 1);
        PARE_TRY(pare_infer_subgraph(ctx, io, body, inputs, n_in, outputs));
        for (uint32_t i = 0; i < n_carried; i++) {
            pare_info *in = &inputs[first + i];
            const pare_info joined = pare_info_join(io->shapes, in, &(*outputs)[first_out + i]);
            stable = stable && same_infos(in, &joined);
            *in = joined;
        }
        if (stable) return PARE_OK; /* at the latest where nothing is left to be taken away */
    }
}
