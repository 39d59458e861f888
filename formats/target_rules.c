/* The half of a target that says what its runtime takes, and what it does as one. */
#include "formats/target_parse.h"

#include <string.h>

#define FAIL(job, node, ...) pare_yaml_fail((job)->ctx, (job)->yaml, node, __VA_ARGS__)

/* Members of a list, which must be maps. */
static pare_status check_list(target_job *job, const pare_yaml_node *node, size_t max)
{
    if (node->kind != PARE_YAML_LIST || node->n_items > max)
        return FAIL(job, node, "'%s': expected a list of at most %zu maps", node->key, max);
    return PARE_OK;
}

/* --- what runs as one ------------------------------------------------------------------------- */

enum { MAX_GROUPS = 64, MAX_PARTS = 16 };

static pare_status read_part(target_job *job, const pare_yaml_node *node, pare_target_part *part)
{
    static const char *const keys[] = { "ops", "operands" };
    if (node->kind == PARE_YAML_SCALAR)
        return pare_target_read_words(job, node, &part->ops, &part->n_ops);
    PARE_TRY(pare_yaml_check_keys(job->ctx, job->yaml, node, keys, TARGET_COUNT(keys)));
    if (!pare_yaml_get(node, "ops")) return FAIL(job, node, "a place in a chain: expected 'ops'");
    PARE_TRY(pare_target_get_words(job, node, "ops", &part->ops, &part->n_ops));
    return pare_target_get_words(job, node, "operands", &part->operands, &part->n_operands);
}

static pare_status read_group(target_job *job, const pare_yaml_node *node, pare_target_group *group)
{
    static const char *const keys[] = { "name", "chain", "then", "before", "cluster", "operands" };
    PARE_TRY(pare_yaml_check_keys(job->ctx, job->yaml, node, keys, TARGET_COUNT(keys)));
    const pare_yaml_node *chain = pare_yaml_get(node, "chain");
    const pare_yaml_node *cluster = pare_yaml_get(node, "cluster");
    const pare_yaml_node *then = pare_yaml_get(node, "then");
    pare_target_part *parts = NULL;
    if (!pare_yaml_get(node, "name")) return FAIL(job, node, "a group: expected its 'name'");
    PARE_TRY(pare_target_get_text(job, node, "name", &group->name));
    if (!chain == !cluster)
        return FAIL(job, node, "group '%s': expected either 'chain' or 'cluster'", group->name);
    if (cluster && (then || pare_yaml_get(node, "before")))
        return FAIL(job, node, "group '%s': 'then' and 'before' belong to a chain", group->name);
    if (then) PARE_TRY(check_list(job, then, MAX_PARTS));
    group->cluster = cluster != NULL;
    group->n_parts = 1 + (then ? then->n_items : 0);
    PARE_TRY(pare_target_new_array(job, &parts, group->n_parts, sizeof(*parts)));
    pare_target_part *anchor = &parts[0];
    PARE_TRY(pare_target_read_words(job, chain ? chain : cluster, &anchor->ops, &anchor->n_ops));
    PARE_TRY(pare_target_get_words(job, node, "operands", &anchor->operands, &anchor->n_operands));
    for (size_t i = 1; i < group->n_parts; i++)
        PARE_TRY(read_part(job, &then->items[i - 1], &parts[i]));
    group->parts = parts;
    return pare_target_get_words(job, node, "before", &group->before, &group->n_before);
}

static pare_status read_groups(target_job *job, const pare_yaml_node *rules)
{
    const pare_yaml_node *list = pare_yaml_get(rules, "fuse");
    pare_target_group *groups = NULL;
    if (!list) return PARE_OK;
    PARE_TRY(check_list(job, list, MAX_GROUPS));
    PARE_TRY(pare_target_new_array(job, &groups, list->n_items, sizeof(*groups)));
    for (size_t i = 0; i < list->n_items; i++)
        PARE_TRY(read_group(job, &list->items[i], &groups[i]));
    job->target->groups = groups;
    job->target->n_groups = list->n_items;
    return PARE_OK;
}

/* --- what is done in integers ----------------------------------------------------------------- */

enum { MAX_FORMS = 32, MAX_QUANT_OPS = 512 };

static const char *const storage_types[] = {
    "int8", "uint8", "int16", "uint16", "int4", "uint4", "int2", "uint2", "float16", "bfloat16",
    "float8e4m3fn", "float8e5m2", "float4e2m1",
};

static pare_status read_form(target_job *job, const pare_yaml_node *node, pare_quant_form *form)
{
    static const char *const keys[] = { "type", "zero-point", "per", "blocks" };
    static const char *const pers[] = { "tensor", "channel", "block" };
    static const char *const points[] = { "none", "any" };
    size_t type = 0, per = 0, point = 1;
    PARE_TRY(pare_yaml_check_keys(job->ctx, job->yaml, node, keys, TARGET_COUNT(keys)));
    const pare_yaml_node *type_node = pare_yaml_get(node, "type");
    const pare_yaml_node *per_node = pare_yaml_get(node, "per");
    const pare_yaml_node *point_node = pare_yaml_get(node, "zero-point");
    const pare_yaml_node *blocks = pare_yaml_get(node, "blocks");
    if (!type_node) return FAIL(job, node, "a form of integers: expected its 'type'");
    PARE_TRY(pare_yaml_choice(job->ctx, job->yaml, type_node, storage_types,
                              TARGET_COUNT(storage_types), &type));
    if (per_node)
        PARE_TRY(pare_yaml_choice(job->ctx, job->yaml, per_node, pers, TARGET_COUNT(pers), &per));
    if (point_node)
        PARE_TRY(pare_yaml_choice(job->ctx, job->yaml, point_node, points, TARGET_COUNT(points),
                                  &point));
    *form = (pare_quant_form){ .type = storage_types[type], .zero_point = point == 1,
                               .per = (pare_granularity)per };
    if (form->per != PARE_PER_BLOCK) return PARE_OK;
    if (!blocks || blocks->kind != PARE_YAML_LIST || blocks->n_items != 2)
        return FAIL(job, node, "'blocks': expected [SMALLEST, LARGEST], found none");
    PARE_TRY(pare_yaml_int(job->ctx, job->yaml, &blocks->items[0], 1, 1 << 20, &form->min_block));
    return pare_yaml_int(job->ctx, job->yaml, &blocks->items[1], form->min_block, 1 << 20,
                         &form->max_block);
}

static pare_status read_forms(target_job *job, const pare_yaml_node *map, const char *key,
                              const pare_quant_form **out, size_t *n)
{
    const pare_yaml_node *list = pare_yaml_get(map, key);
    pare_quant_form *forms = NULL;
    if (!list) return PARE_OK;
    PARE_TRY(check_list(job, list, MAX_FORMS));
    PARE_TRY(pare_target_new_array(job, &forms, list->n_items, sizeof(*forms)));
    for (size_t i = 0; i < list->n_items; i++)
        PARE_TRY(read_form(job, &list->items[i], &forms[i]));
    *out = forms;
    *n = list->n_items;
    return PARE_OK;
}

/* "Conv: QLinearConv" or a bare "Conv" of a list. */
static pare_status add_op(target_job *job, const pare_yaml_node *node, pare_quant_role role,
                          pare_quant_op *ops, size_t *n)
{
    const char *name = node->key;
    const char *becomes = NULL;
    if (node->key) PARE_TRY(pare_yaml_text(job->ctx, job->yaml, node, &becomes));
    else PARE_TRY(pare_yaml_text(job->ctx, job->yaml, node, &name));
    for (size_t i = 0; i < *n; i++)
        if (!strcmp(ops[i].op, name))
            return FAIL(job, node, "operator '%s' has two roles among integers", name);
    pare_quant_op *op = &ops[*n];
    op->op = pare_arena_str(job->arena, name);
    op->becomes = pare_arena_str(job->arena, becomes);
    op->role = role;
    if (!op->op || (becomes && !op->becomes)) return pare_arena_fail(job->ctx, job->arena);
    ++*n;
    return PARE_OK;
}

/* Sets a mark on operators that are in the list already, or adds them with no other role. */
static pare_status mark_ops(target_job *job, const pare_yaml_node *list, bool weight_only,
                            pare_quant_op *ops, size_t *n)
{
    for (size_t i = 0; i < list->n_items; i++) {
        const char *name = NULL;
        size_t k = 0;
        PARE_TRY(pare_yaml_text(job->ctx, job->yaml, &list->items[i], &name));
        while (k < *n && strcmp(ops[k].op, name)) k++;
        if (k == *n) PARE_TRY(add_op(job, &list->items[i], PARE_QUANT_COMPUTES, ops, n));
        if (weight_only) ops[k].weight_only = true;
        else ops[k].dynamic = true;
    }
    return PARE_OK;
}

static pare_status read_quant_ops(target_job *job, const pare_yaml_node *node,
                                  pare_target_quant *quant)
{
    static const char *const keys[] = { "computes", "moves", "absorbs", "dynamic", "weight-only" };
    const pare_yaml_node *lists[TARGET_COUNT(keys)];
    pare_quant_op *ops = NULL;
    size_t n = 0, cap = 0;
    for (size_t i = 0; i < TARGET_COUNT(keys); i++) {
        lists[i] = pare_yaml_get(node, keys[i]);
        if (!lists[i]) continue;
        if (lists[i]->kind == PARE_YAML_SCALAR || lists[i]->n_items > MAX_QUANT_OPS)
            return FAIL(job, lists[i], "'%s': expected a list of operators", keys[i]);
        cap += lists[i]->n_items;
    }
    if (!cap) return PARE_OK;
    PARE_TRY(pare_target_new_array(job, &ops, cap, sizeof(*ops)));
    for (size_t role = 0; role < 3; role++)
        for (size_t i = 0; lists[role] && i < lists[role]->n_items; i++)
            PARE_TRY(add_op(job, &lists[role]->items[i], (pare_quant_role)role, ops, &n));
    if (lists[3]) PARE_TRY(mark_ops(job, lists[3], false, ops, &n));
    if (lists[4]) PARE_TRY(mark_ops(job, lists[4], true, ops, &n));
    quant->ops = ops;
    quant->n_ops = n;
    return PARE_OK;
}

static pare_status read_quant(target_job *job, const pare_yaml_node *rules)
{
    static const char *const keys[] = {
        "formats", "weights", "activations", "same-sign", "computes", "moves", "absorbs", "dynamic",
        "weight-only", "better-float", "arithmetic", "power-of-two", "single-consumer",
        "full-integer", "opset",
    };
    static const char *const arithmetics[] = { "exact", "saturates16" };
    const pare_yaml_node *node = pare_yaml_get(rules, "quantize");
    pare_target_quant *q = &job->target->rules.quant;
    size_t arithmetic = q->saturation;
    if (!node) return PARE_OK;
    PARE_TRY(pare_yaml_check_keys(job->ctx, job->yaml, node, keys, TARGET_COUNT(keys)));
    PARE_TRY(pare_target_get_words(job, node, "formats", &q->formats, &q->n_formats));
    PARE_TRY(read_forms(job, node, "weights", &q->weights, &q->n_weights));
    PARE_TRY(read_forms(job, node, "activations", &q->activations, &q->n_activations));
    PARE_TRY(read_quant_ops(job, node, q));
    PARE_TRY(pare_target_get_words(job, node, "better-float", &q->ignored, &q->n_ignored));
    PARE_TRY(pare_target_get_bool(job, node, "same-sign", &q->same_sign));
    PARE_TRY(pare_target_get_bool(job, node, "power-of-two", &q->power_of_two));
    PARE_TRY(pare_target_get_bool(job, node, "single-consumer", &q->single_consumer));
    PARE_TRY(pare_target_get_bool(job, node, "full-integer", &q->full_integer));
    PARE_TRY(pare_target_get_int(job, node, "opset", 10, 1000, &q->qdq_opset));
    const pare_yaml_node *a = pare_yaml_get(node, "arithmetic");
    if (a) PARE_TRY(pare_yaml_choice(job->ctx, job->yaml, a, arithmetics,
                                     TARGET_COUNT(arithmetics), &arithmetic));
    q->saturation = (pare_saturation)arithmetic;
    job->target->rules.has_quant = true;
    return PARE_OK;
}

/* --- the half --------------------------------------------------------------------------------- */

static pare_status read_opset(target_job *job, const pare_yaml_node *rules)
{
    pare_target_rules *r = &job->target->rules;
    const pare_yaml_node *node = pare_yaml_get(rules, "opset");
    if (!node) return PARE_OK;
    if (node->kind != PARE_YAML_LIST || node->n_items != 2)
        return FAIL(job, node, "'opset': expected [OLDEST, NEWEST]");
    PARE_TRY(pare_yaml_int(job->ctx, job->yaml, &node->items[0], 1, 1000, &r->min_opset));
    return pare_yaml_int(job->ctx, job->yaml, &node->items[1], r->min_opset, 1000, &r->max_opset);
}

pare_status pare_target_read_rules(target_job *job, const pare_yaml_node *node)
{
    static const char *const keys[] = { "runtime", "opset", "domains", "operators", "types",
                                        "round-channels", "quantize", "fuse" };
    pare_target_rules *r = &job->target->rules;
    PARE_TRY(pare_yaml_check_keys(job->ctx, job->yaml, node, keys, TARGET_COUNT(keys)));
    PARE_TRY(pare_target_get_text(job, node, "runtime", &r->runtime));
    PARE_TRY(read_opset(job, node));
    PARE_TRY(pare_target_get_words(job, node, "domains", &r->domains, &r->n_domains));
    PARE_TRY(pare_target_get_words(job, node, "operators", &r->operators, &r->n_operators));
    PARE_TRY(pare_target_get_words(job, node, "types", &r->types, &r->n_types));
    PARE_TRY(pare_target_get_int(job, node, "round-channels", 1, 1024, &r->round_channels));
    PARE_TRY(read_quant(job, node));
    PARE_TRY(read_groups(job, node));
    job->target->runtime = r->runtime;
    return PARE_OK;
}
