#include "op/op.h"

#include "op/attrs.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#define PARE_OP(domain, name, symbol) extern const pare_op pare_op_##symbol;
#include "op/op_list.h"
#undef PARE_OP

static const pare_op *const ops[] = {
#define PARE_OP(domain, name, symbol) &pare_op_##symbol,
#include "op/op_list.h"
#undef PARE_OP
};

enum { N_OPS = sizeof(ops) / sizeof(ops[0]) };

void pare_facet_na(void)
{
}

void pare_facet_todo(void)
{
}

const pare_op *const *pare_op_all(size_t *n)
{
    *n = N_OPS;
    return ops;
}

static int compare(const char *domain, const char *name, const pare_op *op)
{
    const int by_domain = strcmp(domain, op->domain);
    return by_domain ? by_domain : strcmp(name, op->name);
}

const pare_op *pare_op_find(const char *domain, const char *name)
{
    size_t low = 0;
    size_t high = N_OPS;
    while (low < high) {
        const size_t mid = low + (high - low) / 2;
        const int order = compare(domain, name, ops[mid]);
        if (!order) return ops[mid];
        if (order < 0) high = mid;
        else low = mid + 1;
    }
    return NULL;
}

static pare_status check_count(pare_ctx *ctx, const pare_call *call, const char *what,
                               pare_range range, uint32_t found)
{
    if (found >= range.min && found <= range.max) return PARE_OK;
    if (range.max == PARE_MANY)
        return pare_call_fail(ctx, call, "expected at least %" PRIu32 " %s, found %" PRIu32,
                              range.min, what, found);
    return pare_call_fail(ctx, call, "expected %" PRIu32 " to %" PRIu32 " %s, found %" PRIu32,
                          range.min, range.max, what, found);
}

/* The version that a graph imports of a domain. Files older than opset_import mean version 1, and
 * com.microsoft, whose only version is 1, is often used without import. */
static int64_t imported_version(const pare_graph *graph, const char *domain)
{
    const int64_t version = pare_opset_version(pare_graph_opsets(graph), domain);
    return version ? version : 1;
}

pare_status pare_call_init(pare_ctx *ctx, pare_call *call, const pare_model *model,
                           pare_node_id node)
{
    const pare_node *n = &model->nodes[node];
    const char *domain = pare_node_domain(n);
    const char *name = pare_str_or_empty(n->op_type);
    *call = (pare_call){ .node = n, .op = pare_op_find(domain, name),
                         .version = imported_version(n->graph, domain) };
    if (!call->op) {
        pare_call_fail(ctx, call, "no operator '%s%s%s' is known", domain, *domain ? "." : "",
                       name);
        return PARE_EUNSUPPORTED;
    }
    if (call->version < call->op->since || (call->op->until && call->version >= call->op->until)) {
        pare_call_fail(ctx, call, "operator '%s' does not exist in opset %" PRId64, name,
                       call->version);
        return PARE_EUNSUPPORTED;
    }
    PARE_TRY(check_count(ctx, call, "inputs", call->op->n_in, n->n_inputs));
    return check_count(ctx, call, "outputs", call->op->n_out, n->n_outputs);
}

pare_status pare_call_resolve(pare_ctx *ctx, const pare_call *call, void *params)
{
    const pare_op *op = call->op;
    assert(op->params_bytes <= PARE_MAX_PARAMS_BYTES);
    memset(params, 0, op->params_bytes);
    if (op->resolve == PARE_NA(resolve) || op->resolve == PARE_TODO(resolve)) return PARE_OK;
    return op->resolve(ctx, params, call);
}

bool pare_node_is_random(const pare_node *node)
{
    static const char *const names[] = {
        "Bernoulli",        "Dropout",       "Multinomial",      "RandomNormal",
        "RandomNormalLike", "RandomUniform", "RandomUniformLike",
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (pare_str_eq(pare_str_or_empty(node->op_type), names[i])) return true;
    return false;
}
