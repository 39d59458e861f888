#include "run/planner.h"

#include "op/function_call.h"

#include <stdlib.h>
#include <string.h>

/* --- lowering --------------------------------------------------------------------------------- */

static const pare_node *node_of(const pare_planner *p, const pare_group *group, uint32_t i)
{
    return &p->model->nodes[group->nodes[i]];
}

/* Lowers what its family can take of a group; *n_taken stays 0 when that is nothing. */
static pare_status lower_by_family(pare_planner *p, const pare_group *group, uint32_t *n_taken)
{
    _Alignas(16) uint8_t params[PARE_MAX_PARAMS_BYTES];
    pare_lowering l;
    bool done = false;
    PARE_TRY(pare_lower_open(p, group, 0, params, &l));
    p->group = group;
    pare_lower_fn *integers = p->widens ? NULL : pare_lower_integers_of(l.node);
    if (integers) PARE_TRY(integers(p, &l, &done));
    if (!done) {
        for (uint32_t i = 0; i < group->n_nodes; i++)
            PARE_TRY(pare_plan_restore(p, node_of(p, group, i)));
        l.n_taken = 1;
        PARE_TRY(pare_lower_of(l.call.op)(p, &l, &done));
    }
    *n_taken = done ? l.n_taken : 0;
    return PARE_OK;
}

static pare_status lower_graph(pare_planner *p, const pare_graph *graph);

static pare_status lower_branch(pare_planner *p, const pare_node *node, const pare_graph *branch)
{
    PARE_TRY(lower_graph(p, branch));
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        const pare_value_id to = node->outputs[i];
        const pare_value_id from = branch->outputs.items[i].value;
        PARE_TRY(pare_plan_narrow(p, from));
        if (to == PARE_NONE || !pare_plan_has(p, from)) continue;
        PARE_TRY(pare_plan_alias(p, to, pare_plan_home(p, from)));
        p->values[to].constant = (pare_tensor *)pare_plan_constant(p, from);
    }
    return PARE_OK;
}

static void count_uses_off(pare_planner *p, const pare_group *group, uint32_t n_nodes)
{
    for (uint32_t i = 0; i < n_nodes; i++) {
        const pare_node *node = &p->model->nodes[group->nodes[i]];
        for (uint32_t k = 0; k < node->n_inputs; k++) {
            const pare_value_id v = node->inputs[k].value;
            if (v != PARE_NONE && p->values[v].n_pending) p->values[v].n_pending--;
        }
    }
}

/* The same of nodes with float16 values. */
static pare_status lower_half(pare_planner *p, const pare_group *group, uint32_t *n_taken)
{
    bool can_widen = true;
    for (uint32_t i = 0; i < group->n_nodes; i++)
        can_widen = can_widen && pare_plan_can_widen(p, node_of(p, group, i));
    if (!can_widen && group->n_nodes > 1) return PARE_OK;
    for (uint32_t i = 0; i < group->n_nodes; i++) {
        const pare_node *node = node_of(p, group, i);
        if (can_widen) PARE_TRY(pare_plan_widen_inputs(p, node));
        for (uint32_t k = 0; !can_widen && k < node->n_inputs; k++)
            PARE_TRY(pare_plan_narrow(p, node->inputs[k].value));
    }
    if (!can_widen) return lower_by_family(p, group, n_taken);
    const size_t first = p->plan->n_steps;
    p->widens = true;
    p->has_rounded = false;
    pare_status st = lower_by_family(p, group, n_taken);
    if (!st && *n_taken && !p->has_rounded)
        st = pare_plan_round_outputs(p, node_of(p, group, *n_taken - 1), first);
    p->widens = false;
    for (uint32_t i = 0; !st && i < group->n_nodes; i++)
        pare_plan_drop_widened(p, node_of(p, group, i));
    return st;
}

static pare_status lower_node(pare_planner *p, pare_node_id id)
{
    const pare_node *node = &p->model->nodes[id];
    const pare_group alone = { .anchor = id, .nodes = &id, .n_nodes = 1 };
    uint32_t n_taken = 0;
    p->node = id;
    for (uint32_t i = 0; i < node->n_outputs; i++)
        if (node->outputs[i] != PARE_NONE && pare_plan_is_known(p, node->outputs[i]))
            PARE_TRY(pare_plan_use_known(p, node->outputs[i]));
    if (!p->is_needed[id]) return PARE_OK;
    const pare_graph *branch = pare_plan_branch(p, node);
    if (branch) return lower_branch(p, node, branch);
    bool is_deferred = false;
    PARE_TRY(pare_plan_defers(p, id, &is_deferred));
    if (is_deferred) return PARE_OK;
    if (!pare_lower_integers_of(node) || pare_plan_is_constant_behind(p, node))
        PARE_TRY(pare_plan_restore(p, node));
    if (pare_plan_can_fold(p, node)) return pare_plan_fold(p, id);
    if (!p->opts->islands_only && !pare_called_function(p->model, node)) {
        if (pare_plan_is_half_node(p, node)) PARE_TRY(lower_half(p, &alone, &n_taken));
        else PARE_TRY(lower_by_family(p, &alone, &n_taken));
    }
    if (!n_taken) {
        PARE_TRY(pare_plan_restore(p, node));
        PARE_TRY(pare_plan_island(p, id));
    }
    count_uses_off(p, &alone, 1);
    return PARE_OK;
}

pare_status pare_plan_lower_deferred(pare_planner *p, pare_node_id id)
{
    const pare_group *group = p->group;
    const pare_node_id node = p->node;
    p->is_restoring = true;
    const pare_status st = lower_node(p, id);
    p->is_restoring = false;
    p->group = group;
    p->node = node;
    return st;
}

/* Whether all of a group has to run. */
static bool is_whole(const pare_planner *p, const pare_group *group)
{
    for (uint32_t i = 0; i < group->n_nodes; i++)
        if (!p->is_needed[group->nodes[i]] || pare_plan_can_fold(p, node_of(p, group, i)))
            return false;
    return true;
}

static pare_status lower_group(pare_planner *p, const pare_group *group)
{
    uint32_t n_taken = 0;
    if (group->n_nodes > 1 && !p->opts->islands_only && is_whole(p, group)) {
        p->node = group->anchor;
        const bool is_half = pare_plan_is_half_node(p, node_of(p, group, 0));
        PARE_TRY(is_half ? lower_half(p, group, &n_taken) : lower_by_family(p, group, &n_taken));
        count_uses_off(p, group, n_taken);
    }
    for (uint32_t i = n_taken; i < group->n_nodes; i++) PARE_TRY(lower_node(p, group->nodes[i]));
    return PARE_OK;
}

static pare_status lower_graph(pare_planner *p, const pare_graph *graph)
{
    pare_groups *groups = NULL;
    PARE_TRY(pare_plan_use_initializers(p, graph));
    PARE_TRY(pare_plan_watch_graph(p, graph));
    PARE_TRY(pare_fusion_find(p->ctx, &groups, graph, p->shapes, NULL, p->opts->kept,
                              p->opts->n_kept));
    pare_status st = PARE_OK;
    for (uint32_t i = 0; !st && i < groups->n; i++) {
        st = lower_group(p, &groups->items[i]);
        if (!st) st = pare_plan_watch_group(p, &groups->items[i]);
        if (!st) st = pare_check_canceled(p->ctx);
    }
    pare_groups_free(p->ctx, groups);
    return st;
}

/* --- inputs and results ----------------------------------------------------------------------- */

static pare_status use_inputs(pare_planner *p)
{
    const pare_decls *inputs = &p->model->graph->inputs;
    for (size_t i = 0; i < inputs->n; i++) {
        const pare_value_id id = inputs->items[i].value;
        pare_laid laid;
        bool is_given = false;
        for (size_t k = 0; k < p->opts->n_inputs; k++)
            if (strcmp(p->opts->inputs[k].name, p->model->values[id].name) == 0) is_given = true;
        if (!is_given) continue;
        p->values[id].in_evaluator = true;
        if (pare_plan_is_known(p, id)) PARE_TRY(pare_plan_use_known(p, id));
        if (p->values[id].n_forms || !pare_plan_shape(p, id, &laid)) continue;
        pare_laid_arrange(&laid, PARE_FORM_PLAIN);
        PARE_TRY(pare_plan_outside(p, id, PARE_BUFFER_INPUT, (uint32_t)i, &laid));
    }
    return PARE_OK;
}

/* Whether the buffer that a value was made in can be the output itself. */
static bool can_become_output(const pare_planner *p, const pare_laid *home)
{
    const pare_buffer *b = &p->plan->buffers[home->buffer];
    return b->kind == PARE_BUFFER_ARENA && home->offset == 0 &&
           pare_laid_has_form(home, PARE_FORM_PLAIN) &&
           b->n_bytes == (uint64_t)pare_laid_n_elements(home) * pare_laid_width(home);
}

static pare_status give_results(pare_planner *p)
{
    const pare_decls *outputs = &p->model->graph->outputs;
    pare_plan *plan = p->plan;
    plan->results = pare_plan_args(p, (outputs->n + 1) * sizeof(*plan->results));
    if (!plan->results) return pare_arena_fail(p->ctx, &plan->arena);
    for (size_t i = 0; i < outputs->n; i++) {
        pare_plan_result *r = &plan->results[i];
        *r = (pare_plan_result){ .value = outputs->items[i].value, .buffer = PARE_NO_BUFFER };
        PARE_TRY(pare_plan_narrow(p, r->value));
        if (!pare_plan_has(p, r->value)) continue; /* strings, sequences, unknown shapes */
        const pare_laid home = *pare_plan_home(p, r->value);
        if (plan->buffers[home.buffer].kind == PARE_BUFFER_ISLAND &&
            p->values[r->value].in_evaluator)
            continue;
        r->laid = home;
        if (can_become_output(p, &home)) {
            plan->buffers[home.buffer].kind = PARE_BUFFER_OUTPUT;
            plan->buffers[home.buffer].index = (uint32_t)i;
        } else {
            r->laid.offset = 0;
            pare_laid_arrange(&r->laid, PARE_FORM_PLAIN);
            p->node = p->model->values[r->value].producer;
            PARE_TRY(pare_plan_outside(p, PARE_NONE, PARE_BUFFER_OUTPUT, (uint32_t)i, &r->laid));
            PARE_TRY(pare_plan_copy(p, &home, &r->laid));
        }
        r->buffer = r->laid.buffer;
    }
    return PARE_OK;
}

/* --- the whole -------------------------------------------------------------------------------- */

/* Copies: the caller's tensors need not stay. */
static pare_status keep_inputs(pare_planner *p)
{
    pare_plan *plan = p->plan;
    const pare_plan_opts *opts = p->opts;
    plan->inputs = pare_plan_args(p, (opts->n_inputs + 1) * sizeof(*plan->inputs));
    if (!plan->inputs) return pare_arena_fail(p->ctx, &plan->arena);
    for (size_t i = 0; i < opts->n_inputs; i++) {
        const pare_tensor *t = opts->inputs[i].tensor;
        pare_expected *in = &plan->inputs[plan->n_inputs++];
        in->name = pare_arena_str(&plan->arena, opts->inputs[i].name);
        in->dtype = t->dtype;
        in->rank = t->rank;
        in->dims = pare_arena_copy(&plan->arena, t->dims, t->rank * sizeof(*t->dims));
        if (!in->name || !in->dims) return pare_arena_fail(p->ctx, &plan->arena);
        if (!opts->inputs[i].is_fixed) continue;
        in->n_bytes = t->payload.n;
        in->content = pare_arena_copy(&plan->arena, t->payload.data, t->payload.n);
        if (!in->content) return pare_arena_fail(p->ctx, &plan->arena);
    }
    return PARE_OK;
}

static pare_status infer_shapes(pare_planner *p)
{
    const size_t n = p->opts->n_inputs;
    pare_input_shape *shapes = pare_alloc_zero(p->ctx, (n + 1) * sizeof(*shapes));
    pare_input_value *values = pare_alloc_zero(p->ctx, (n + 1) * sizeof(*values));
    pare_infer_opts opts = { .inputs = shapes, .values = values, .is_variable = p->is_variable };
    pare_status st = shapes && values ? PARE_OK : pare_fail_memory(p->ctx, n * sizeof(*shapes));
    for (size_t i = 0; !st && i < n; i++) {
        const pare_plan_input *in = &p->opts->inputs[i];
        if (in->is_fixed)
            values[opts.n_values++] = (pare_input_value){ in->name, in->tensor };
        else
            shapes[opts.n_inputs++] =
                (pare_input_shape){ in->name, in->tensor->rank, in->tensor->dims };
    }
    if (!st) st = pare_infer(p->ctx, &p->shapes, p->model, &opts);
    pare_free(p->ctx, shapes);
    pare_free(p->ctx, values);
    return st;
}

static pare_status mark_variables(pare_planner *p)
{
    const size_t n_values = p->model->n_values;
    if (!p->opts->n_variable) return PARE_OK;
    p->is_variable = pare_alloc_zero(p->ctx, n_values + 1);
    if (!p->is_variable) return pare_fail_memory(p->ctx, n_values + 1);
    p->plan->depends = pare_plan_args(p, n_values + 1);
    if (!p->plan->depends) return pare_arena_fail(p->ctx, &p->plan->arena);
    for (size_t i = 0; i < p->opts->n_variable; i++) p->is_variable[p->opts->variable[i]] = 1;
    return PARE_OK;
}

/* About what is packed: floats but vectors, and tables that are read where they stand. */
static uint64_t bytes_to_pack(const pare_model *model)
{
    uint64_t n_bytes = 0;
    for (size_t i = 0; i < model->n_values; i++) {
        const pare_value *v = &model->values[i];
        if (!v->tensor || v->tensor->dtype != PARE_FLOAT || v->tensor->rank < 2 || !v->first_use ||
            v->first_use->user == PARE_NONE ||
            strcmp(model->nodes[v->first_use->user].op_type, "Gather") == 0)
            continue;
        n_bytes += pare_tensor_size_bytes(v->tensor);
    }
    return n_bytes;
}

static pare_status start(pare_planner *p)
{
    const size_t n_values = p->model->n_values;
    p->values = pare_alloc_zero(p->ctx, 2 * (n_values + 1) * sizeof(*p->values));
    p->coded = pare_alloc_zero(p->ctx, (n_values + 1) * sizeof(*p->coded));
    p->is_needed = pare_alloc_zero(p->ctx, p->model->n_nodes + 1);
    p->is_kept = pare_alloc_zero(p->ctx, n_values + 1);
    p->wide = pare_alloc_zero(p->ctx, (n_values + 1) * sizeof(*p->wide));
    p->last_read = pare_alloc_zero(p->ctx, (n_values + 1) * sizeof(*p->last_read));
    if (!p->values || !p->coded || !p->wide || !p->is_needed || !p->is_kept || !p->last_read)
        return pare_fail_memory(p->ctx, n_values * sizeof(*p->values));
    for (size_t i = 0; i < n_values; i++) {
        const pare_value *v = &p->model->values[i];
        p->values[pare_plan_codes_value(p, (pare_value_id)i)].n_pending = UINT32_MAX;
        p->values[i].n_pending = v->n_uses;
        for (const pare_use *u = v->first_use; u; u = u->next)
            if (u->user == PARE_NONE || u->graph != v->graph) p->values[i].n_pending = UINT32_MAX;
    }
    PARE_TRY(pare_packs_new(p->ctx, &p->plan->own_packs));
    p->packs = p->opts->packs ? p->opts->packs : p->plan->own_packs;
    pare_packs_expect(p->packs, bytes_to_pack(p->model));
    PARE_TRY(mark_variables(p));
    return infer_shapes(p);
}

static void plan_cost(pare_planner *p)
{
    pare_plan *plan = p->plan;
    plan->cost.own_bytes += plan->arena.used_bytes + pare_packs_bytes(plan->own_packs);
    for (size_t i = 0; i < p->model->graph->outputs.n; i++) {
        const pare_plan_result *r = &plan->results[i];
        if (r->buffer != PARE_NO_BUFFER && r->updates == PARE_NONE)
            plan->cost.output_bytes +=
                (uint64_t)pare_laid_n_elements(&r->laid) * pare_laid_width(&r->laid);
    }
}

static pare_status build(pare_planner *p)
{
    PARE_TRY(start(p));
    for (size_t i = 0; i < p->opts->n_kept; i++) {
        p->values[p->opts->kept[i]].n_pending = UINT32_MAX;
        p->is_kept[p->opts->kept[i]] = 1;
    }
    PARE_TRY(keep_inputs(p));
    PARE_TRY(use_inputs(p));
    PARE_TRY(pare_plan_mark(p));
    PARE_TRY(lower_graph(p, p->model->graph));
    PARE_TRY(give_results(p));
    pare_plan_update_in_place(p);
    PARE_TRY(pare_plan_find_drops(p));
    PARE_TRY(pare_plan_settle(p));
    plan_cost(p);
    PARE_TRY(pare_packs_fill(p->ctx, p->plan->own_packs, p->plan->kernels, p->opts->pool));
    if (p->opts->packs_later) return PARE_OK;
    return pare_packs_fill(p->ctx, p->packs, p->plan->kernels, p->opts->pool);
}

pare_status pare_plan_kernels(pare_ctx *ctx, const pare_kernels **out)
{
    const char *name = getenv("PARE_ISA");
    *out = name && *name ? pare_kernels_named(name) : pare_kernels_of(pare_isa_best());
    if (*out) return PARE_OK;
    return pare_fail(ctx, PARE_EUSAGE,
                     "PARE_ISA: expected a level that this processor has, up to '%s', found '%s'",
                     pare_isa_name(pare_isa_best()), name);
}

pare_status pare_plan_new(pare_ctx *ctx, pare_plan **out, const pare_model *model,
                          const pare_plan_opts *opts)
{
    *out = NULL;
    pare_plan *plan = pare_alloc_zero(ctx, sizeof(*plan));
    if (!plan) return pare_fail_memory(ctx, sizeof(*plan));
    atomic_init(&plan->refs, 1);
    plan->model = model;
    plan->kernels = opts->kernels;
    pare_arena_init(ctx, &plan->arena, 0);
    pare_planner p = { .ctx = ctx, .model = model, .opts = opts, .plan = plan };
    pare_status st = plan->kernels ? PARE_OK : pare_plan_kernels(ctx, &plan->kernels);
    if (!st) st = build(&p);
    pare_shapes_free(ctx, p.shapes);
    pare_free(ctx, p.values);
    pare_free(ctx, p.wide);
    pare_free(ctx, p.coded);
    pare_free(ctx, p.is_needed);
    pare_free(ctx, p.is_kept);
    pare_free(ctx, p.is_variable);
    pare_free(ctx, p.last_read);
    if (st) pare_plan_unref(ctx, plan);
    else *out = plan;
    return st;
}

pare_plan *pare_plan_ref(pare_plan *plan)
{
    atomic_fetch_add(&plan->refs, 1);
    return plan;
}

void pare_plan_unref(pare_ctx *ctx, pare_plan *plan)
{
    if (!plan || atomic_fetch_sub(&plan->refs, 1) > 1) return;
    for (size_t i = 0; i < plan->n_constants; i++) pare_tensor_unref(plan->constants[i]);
    pare_packs_free(ctx, plan->own_packs);
    pare_arena_free(&plan->arena);
    pare_free(ctx, plan);
}

pare_plan_cost pare_plan_cost_of(const pare_plan *plan)
{
    return plan->cost;
}

pare_plan_step_info pare_plan_step_at(const pare_plan *plan, size_t i)
{
    return (pare_plan_step_info){ plan->steps[i].node, plan->steps[i].kernel };
}
