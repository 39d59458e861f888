/* What a target's runtime does in integers. */
#include "formats/target_parse.h"

#include <string.h>

#define FAIL(job, node, ...) pare_yaml_fail((job)->ctx, (job)->yaml, node, __VA_ARGS__)

/* --- what is done in integers ----------------------------------------------------------------- */

enum { MAX_FORMS = 32, MAX_QUANT_OPS = 512, MAX_GROUPS = 64 };

static const char *const storage_types[] = {
    "int8",  "uint8",   "int16",    "uint16",       "int4",       "uint4",      "int2",
    "uint2", "float16", "bfloat16", "float8e4m3fn", "float8e5m2", "float4e2m1",
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
    *form = (pare_quant_form){ .type = storage_types[type],
                               .zero_point = point == 1,
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
    PARE_TRY(pare_target_check_list(job, list, MAX_FORMS));
    PARE_TRY(pare_target_new_array(job, &forms, list->n_items, sizeof(*forms)));
    for (size_t i = 0; i < list->n_items; i++) PARE_TRY(read_form(job, &list->items[i], &forms[i]));
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

/* Names of what runtimes do with Q and DQ on loading, as bits. */
static pare_status read_rewrites(target_job *job, const pare_yaml_node *map, uint32_t *out)
{
    static const char *const names[] = {
#define REWRITE_NAME(symbol, name) name,
        PARE_QDQ_REWRITES(REWRITE_NAME)
#undef REWRITE_NAME
    };
    const pare_yaml_node *list = pare_yaml_get(map, "rewrites");
    if (!list) return PARE_OK;
    PARE_TRY(pare_target_check_list(job, list, PARE_N_QDQ_REWRITES));
    *out = 0;
    for (size_t i = 0; i < list->n_items; i++) {
        size_t at = 0;
        PARE_TRY(pare_yaml_choice(job->ctx, job->yaml, &list->items[i], names, TARGET_COUNT(names),
                                  &at));
        *out |= 1U << at;
    }
    return PARE_OK;
}

/* Counts of bits, one or a list, as a set: bit n for n bits. */
static pare_status read_bits(target_job *job, const pare_yaml_node *map, const char *key,
                             uint32_t *out)
{
    const pare_yaml_node *node = pare_yaml_get(map, key);
    if (!node) return PARE_OK;
    const bool is_list = node->kind == PARE_YAML_LIST;
    if (!is_list && node->kind != PARE_YAML_SCALAR)
        return FAIL(job, node, "'%s': expected a number of bits, or a list of them", key);
    for (size_t i = 0; i < (is_list ? node->n_items : 1); i++) {
        int64_t bits = 0;
        PARE_TRY(
            pare_yaml_int(job->ctx, job->yaml, is_list ? &node->items[i] : node, 1, 16, &bits));
        *out |= 1U << bits;
    }
    return PARE_OK;
}

static pare_status choose(target_job *job, const pare_yaml_node *map, const char *key,
                          const char *const *words, size_t n, size_t *out)
{
    const pare_yaml_node *node = pare_yaml_get(map, key);
    return node ? pare_yaml_choice(job->ctx, job->yaml, node, words, n, out) : PARE_OK;
}

/* `reads: all`, `reads: weights` or how many of the inputs come from DQ. */
static pare_status read_reads(target_job *job, const pare_yaml_node *map, pare_quant_group *group)
{
    const pare_yaml_node *node = pare_yaml_get(map, "reads");
    const char *word = NULL;
    int64_t n = 0;
    if (!node) return PARE_OK;
    PARE_TRY(pare_yaml_text(job->ctx, job->yaml, node, &word));
    group->weights_only = !strcmp(word, "weights");
    if (group->weights_only || !strcmp(word, "all")) return PARE_OK;
    PARE_TRY(pare_yaml_int(job->ctx, job->yaml, node, 1, 8, &n));
    group->reads = (uint32_t)n;
    return PARE_OK;
}

static pare_status read_quant_group(target_job *job, const pare_yaml_node *node,
                                    pare_quant_group *group)
{
    static const char *const keys[] = {
        "ops",    "becomes", "otherwise",   "reads",     "writes",   "alike",
        "signed", "bits",    "weight-bits", "same-grid", "positive", "zero-points",
        "bias",   "absorbs", "mode",        "since",
    };
    static const char *const writes[] = { "quantized", "optional", "float", "any" };
    static const char *const alike[] = { "none", "output", "all" };
    static const char *const signs[] = { "any", "with-weights", "never" };
    static const char *const biases[] = { "any", "int32", "scaled" };
    size_t write = 0, like = 0, sign = 0, bias = 0;
    PARE_TRY(pare_yaml_check_keys(job->ctx, job->yaml, node, keys, TARGET_COUNT(keys)));
    if (!pare_yaml_get(node, "ops")) return FAIL(job, node, "a group: expected its 'ops'");
    PARE_TRY(pare_target_get_words(job, node, "ops", &group->ops, &group->n_ops));
    PARE_TRY(pare_target_get_text(job, node, "becomes", &group->becomes));
    PARE_TRY(pare_target_get_text(job, node, "otherwise", &group->otherwise));
    PARE_TRY(pare_target_get_text(job, node, "mode", &group->mode));
    PARE_TRY(read_reads(job, node, group));
    PARE_TRY(choose(job, node, "writes", writes, TARGET_COUNT(writes), &write));
    PARE_TRY(choose(job, node, "alike", alike, TARGET_COUNT(alike), &like));
    PARE_TRY(choose(job, node, "signed", signs, TARGET_COUNT(signs), &sign));
    PARE_TRY(choose(job, node, "bias", biases, TARGET_COUNT(biases), &bias));
    group->bias = (pare_quant_bias)bias;
    group->writes = (pare_quant_writes)write;
    group->alike = (pare_quant_alike)like;
    group->sign = (pare_quant_sign)sign;
    PARE_TRY(read_bits(job, node, "bits", &group->bits));
    PARE_TRY(read_bits(job, node, "weight-bits", &group->weight_bits));
    PARE_TRY(pare_target_get_bool(job, node, "same-grid", &group->same_grid));
    PARE_TRY(pare_target_get_bool(job, node, "positive", &group->positive));
    PARE_TRY(pare_target_get_bool(job, node, "zero-points", &group->zero_points));
    PARE_TRY(pare_target_get_bool(job, node, "absorbs", &group->absorbs));
    return pare_target_get_int(job, node, "since", 1, 1000, &group->since);
}

static pare_status read_quant_groups(target_job *job, const pare_yaml_node *map,
                                     pare_target_quant *quant)
{
    const pare_yaml_node *list = pare_yaml_get(map, "groups");
    pare_quant_group *groups = NULL;
    if (!list) return PARE_OK;
    PARE_TRY(pare_target_check_list(job, list, MAX_GROUPS));
    PARE_TRY(pare_target_new_array(job, &groups, list->n_items, sizeof(*groups)));
    for (size_t i = 0; i < list->n_items; i++)
        PARE_TRY(read_quant_group(job, &list->items[i], &groups[i]));
    quant->groups = groups;
    quant->n_groups = list->n_items;
    return PARE_OK;
}

static pare_status read_time(target_job *job, const pare_yaml_node *node, double *out)
{
    PARE_TRY(pare_yaml_real(job->ctx, job->yaml, node, out));
    return *out >= 0 ? PARE_OK : FAIL(job, node, "a time: expected 0 or more, found %g", *out);
}

/* Nanoseconds per 1000 by class of work; what is not there stays as it is. */
static pare_status read_work_times(target_job *job, const pare_yaml_node *map, const char *key,
                                   double out[PARE_N_WORK])
{
    static const char *const names[] = {
#define WORK_NAME(symbol, name) name,
        PARE_WORK(WORK_NAME)
#undef WORK_NAME
    };
    const pare_yaml_node *node = pare_yaml_get(map, key);
    if (!node) return PARE_OK;
    PARE_TRY(pare_yaml_check_keys(job->ctx, job->yaml, node, names, TARGET_COUNT(names)));
    for (size_t i = 0; i < TARGET_COUNT(names); i++)
        if (pare_yaml_get(node, names[i]))
            PARE_TRY(read_time(job, pare_yaml_get(node, names[i]), &out[i]));
    return PARE_OK;
}

/* What Q, DQ and nodes cost, in nanoseconds (of 1000 elements, of a node). */
static pare_status read_times(target_job *job, const pare_yaml_node *map, pare_quant_time *time)
{
    static const char *const keys[] = { "float", "integer",      "quantize",    "dequantize",
                                        "node",  "integer-node", "conv-integer" };
    double *const out[] = { &time->quantize_ns, &time->dequantize_ns, &time->node_ns,
                            &time->integer_node_ns, &time->conv_integer_ns };
    const pare_yaml_node *node = pare_yaml_get(map, "time");
    const char *word = NULL;
    if (!node) return PARE_OK;
    if (node->kind == PARE_YAML_SCALAR) {
        PARE_TRY(pare_yaml_text(job->ctx, job->yaml, node, &word));
        if (strcmp(word, "none") != 0) return FAIL(job, node, "'time': expected a map, or none");
        time->known = false;
        return PARE_OK;
    }
    PARE_TRY(pare_yaml_check_keys(job->ctx, job->yaml, node, keys, TARGET_COUNT(keys)));
    PARE_TRY(read_work_times(job, node, "float", time->float_ns));
    PARE_TRY(read_work_times(job, node, "integer", time->integer_ns));
    for (size_t i = 0; i < TARGET_COUNT(out); i++)
        if (pare_yaml_get(node, keys[2 + i]))
            PARE_TRY(read_time(job, pare_yaml_get(node, keys[2 + i]), out[i]));
    time->known = true;
    return PARE_OK;
}

pare_status pare_target_read_quant(target_job *job, const pare_yaml_node *rules)
{
    static const char *const keys[] = {
        "formats",    "weights",      "activations",     "same-sign",    "computes",
        "moves",      "absorbs",      "dynamic",         "weight-only",  "better-float",
        "arithmetic", "power-of-two", "single-consumer", "full-integer", "opset",
        "rewrites",   "propagates",   "groups",          "time",
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
    PARE_TRY(read_rewrites(job, node, &q->rewrites));
    PARE_TRY(pare_target_get_words(job, node, "propagates", &q->propagates, &q->n_propagates));
    PARE_TRY(read_quant_groups(job, node, q));
    PARE_TRY(read_times(job, node, &q->time));
    const pare_yaml_node *a = pare_yaml_get(node, "arithmetic");
    if (a)
        PARE_TRY(pare_yaml_choice(job->ctx, job->yaml, a, arithmetics, TARGET_COUNT(arithmetics),
                                  &arithmetic));
    q->saturation = (pare_saturation)arithmetic;
    job->target->rules.has_quant = true;
    return PARE_OK;
}
