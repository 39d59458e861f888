/* The half of a target that says what its runtime takes, and what it does as one. */
#include "formats/target_parse.h"

#include <string.h>

#define FAIL(job, node, ...) pare_yaml_fail((job)->ctx, (job)->yaml, node, __VA_ARGS__)

pare_status pare_target_check_list(target_job *job, const pare_yaml_node *node, size_t max)
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
    if (then) PARE_TRY(pare_target_check_list(job, then, MAX_PARTS));
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
    PARE_TRY(pare_target_check_list(job, list, MAX_GROUPS));
    PARE_TRY(pare_target_new_array(job, &groups, list->n_items, sizeof(*groups)));
    for (size_t i = 0; i < list->n_items; i++)
        PARE_TRY(read_group(job, &list->items[i], &groups[i]));
    job->target->groups = groups;
    job->target->n_groups = list->n_items;
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
    PARE_TRY(pare_target_read_quant(job, node));
    PARE_TRY(read_groups(job, node));
    job->target->runtime = r->runtime;
    return PARE_OK;
}
