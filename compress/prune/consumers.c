#include "prune/consumers.h"

#include "ir/order.h"
#include "stats/gram.h"

pare_status pare_consumers_find(pare_ctx *ctx, pare_consumers *out, const pare_model *model,
                                const pare_axes_found *axes)
{
    const uint32_t n = model->graph->n_nodes;
    pare_node_id *order = NULL;
    *out = (pare_consumers){ 0 };
    PARE_TRY(pare_graph_order(ctx, &order, model->graph));
    out->items = pare_alloc(ctx, (n + 1) * sizeof(*out->items));
    pare_status st = out->items ? PARE_OK : pare_fail_memory(ctx, n * sizeof(*out->items));
    for (uint32_t i = 0; !st && i < n; i++) {
        pare_consumer c;
        if (!pare_linear_of(ctx, &c.linear, model, order[i]) || c.linear.group != 1 ||
            !pare_gram_suits(&c.linear, model))
            continue;
        const pare_value_id x = model->nodes[order[i]].inputs[0].value;
        const uint32_t rank = axes->first_axis[x + 1] - axes->first_axis[x];
        c.axis = pare_axes_of(axes, x,
                              c.linear.input_axis < 0 ? rank - 1 : (uint32_t)c.linear.input_axis);
        if (c.axis && c.axis->extent == c.linear.in) out->items[out->n++] = c;
    }
    pare_free(ctx, order);
    return st;
}

void pare_consumers_free(pare_ctx *ctx, pare_consumers *consumers)
{
    pare_free(ctx, consumers->items);
    *consumers = (pare_consumers){ 0 };
}

bool pare_consumer_reads(const pare_consumer *consumer, const pare_axes_found *axes,
                         uint32_t group)
{
    for (uint32_t i = 0; i < consumer->axis->n_factors; i++)
        if (axes->factors[consumer->axis->first_factor + i].group == group) return true;
    return false;
}

static bool has_class(const pare_consumer *c, const pare_axes_found *axes, int64_t p,
                      uint32_t class_id)
{
    for (uint32_t i = 0; i < c->axis->n_factors; i++) {
        const pare_factor *f = &axes->factors[c->axis->first_factor + i];
        if (axes->class_of[f->first + (uint32_t)(p / f->stride % f->size)] == class_id) return true;
    }
    return false;
}

int64_t pare_consumer_columns(const pare_consumer *consumer, const pare_axes_found *axes,
                              uint32_t class_id, int64_t *cols)
{
    const pare_linear *l = &consumer->linear;
    int64_t n = 0;
    for (int64_t p = 0; p < l->in; p++)
        if (has_class(consumer, axes, p, class_id)) cols[n++] = p;
    for (int64_t t = 1; t < l->taps; t++)
        for (int64_t i = 0; i < n; i++) cols[t * n + i] = t * l->in + cols[i];
    return n * l->taps;
}
