#include "base/nearest.h"
#include "energy/energy.h"
#include "op/op.h"

#include <string.h>

enum { MOST_PARTS = 64 }; /* places of a chain are counted in a byte */

/* What pare writes for batch norms of inference; see pare_fusion_own. */
static const pare_fusion_attr inference[] = { { "spatial", 1 }, { "training_mode", 0 } };

static const struct {
    const char *name;
    uint32_t bit;
} operands[] = {
    { "scalar", PARE_OPERAND_SCALAR }, { "channel", PARE_OPERAND_CHANNEL },
    { "last", PARE_OPERAND_LAST },     { "constant", PARE_OPERAND_CONSTANT },
    { "same", PARE_OPERAND_SAME },     { "any", PARE_OPERAND_ANY },
};

/* Operators whose inputs may be swapped. All others take the fused value as input 0. */
static const char *const commutative[] = { "Add", "Mul", "Max", "Min", "Sum", "Mean" };

static bool is_commutative(const char *op)
{
    for (size_t i = 0; i < sizeof(commutative) / sizeof(commutative[0]); i++)
        if (!strcmp(op, commutative[i])) return true;
    return false;
}

typedef struct maker {
    pare_ctx *ctx;
    pare_arena *arena;
    const pare_target *target;
    const pare_target_group *group;
} maker;

static pare_status fail(const maker *m, const char *what, const pare_nearest *near)
{
    return pare_fail(m->ctx, PARE_EFORMAT, "target '%s', group '%s': no %s is called '%s'%s%s%s",
                     m->target->name, m->group->name, what, near->word, near->name ? "; is '" : "",
                     near->name ? near->name : "", near->name ? "' meant?" : "");
}

/* "com.microsoft.Gelu" in two; operators of the default domain have no dot. */
static pare_status add_name(const maker *m, pare_op_names *out, pare_op_name *room,
                            const char *text)
{
    const char *dot = strrchr(text, '.');
    const char *domain = dot ? pare_arena_strn(m->arena, text, (size_t)(dot - text)) : "";
    if (!domain) return pare_arena_fail(m->ctx, m->arena);
    const pare_op_name name = { pare_domain_normal(domain), dot ? dot + 1 : text };
    if (!pare_op_find(name.domain, name.name)) {
        pare_nearest near = { .word = text };
        size_t n;
        const pare_op *const *ops = pare_op_all(&n);
        for (size_t i = 0; i < n; i++)
            if (!strcmp(ops[i]->domain, name.domain)) pare_nearest_try(&near, ops[i]->name);
        return fail(m, "operator", &near);
    }
    room[out->n++] = name;
    return PARE_OK;
}

/* The sets "unary" and "binary" are those of sched/fusion.h. */
static const pare_op_names *set_of(const char *text)
{
    if (!strcmp(text, "unary")) return &pare_ops_unary;
    return !strcmp(text, "binary") ? &pare_ops_binary : NULL;
}

static pare_status add_names(const maker *m, pare_op_names *out, const char *const *texts, size_t n)
{
    size_t n_names = 0;
    for (size_t i = 0; i < n; i++) n_names += set_of(texts[i]) ? set_of(texts[i])->n : 1;
    pare_op_name *room = pare_arena_array(m->arena, n_names, sizeof(*room));
    if (!room) return pare_arena_fail(m->ctx, m->arena);
    *out = (pare_op_names){ room, 0 };
    for (size_t i = 0; i < n; i++) {
        const pare_op_names *set = set_of(texts[i]);
        if (!set) {
            PARE_TRY(add_name(m, out, room, texts[i]));
            continue;
        }
        memcpy(room + out->n, set->items, set->n * sizeof(*room));
        out->n += set->n;
    }
    return PARE_OK;
}

static pare_status add_operand(const maker *m, pare_fusion_part *part, const char *text)
{
    pare_nearest near = { .word = text };
    for (size_t i = 0; i < sizeof(operands) / sizeof(operands[0]); i++) {
        if (strcmp(operands[i].name, text)) {
            pare_nearest_try(&near, operands[i].name);
            continue;
        }
        part->operands |= operands[i].bit;
        return PARE_OK;
    }
    return fail(m, "kind of operand", &near);
}

static pare_status make_part(const maker *m, pare_fusion_part *out, const pare_target_part *part)
{
    *out = (pare_fusion_part){ .first = true };
    PARE_TRY(add_names(m, &out->ops, part->ops, part->n_ops));
    for (size_t i = 0; i < out->ops.n; i++) {
        const char *name = out->ops.items[i].name;
        if (is_commutative(name)) out->first = false;
        if (strcmp(name, "BatchNormalization")) continue;
        out->attrs = inference;
        out->n_attrs = sizeof(inference) / sizeof(inference[0]);
    }
    for (size_t i = 0; i < part->n_operands; i++) PARE_TRY(add_operand(m, out, part->operands[i]));
    return PARE_OK;
}

static bool quantizes(const pare_target_part *part)
{
    for (size_t i = 0; i < part->n_ops; i++)
        if (!strcmp(part->ops[i], "QuantizeLinear")) return true;
    return false;
}

/* Operators that disappear into the range of the QuantizeLinear behind them: a place in front of
 * it, in every chain that ends in one. */
static pare_status make_absorbed(const maker *m, pare_fusion_part *out)
{
    const pare_target_quant *quant = &m->target->rules.quant;
    pare_op_name *names = pare_arena_array(m->arena, quant->n_ops, sizeof(*names));
    if (!names) return pare_arena_fail(m->ctx, m->arena);
    *out = (pare_fusion_part){ .operands = PARE_OPERAND_SCALAR | PARE_OPERAND_CONSTANT,
                               .first = true };
    out->ops.items = names;
    for (size_t i = 0; i < quant->n_ops; i++)
        if (quant->ops[i].role == PARE_QUANT_ABSORBED)
            PARE_TRY(add_name(m, &out->ops, names, quant->ops[i].op));
    return PARE_OK;
}

static pare_status make_rule(const maker *m, pare_fusion_rule *out)
{
    const pare_target_group *g = m->group;
    pare_fusion_part *parts = pare_arena_array(m->arena, 2 * g->n_parts, sizeof(*parts));
    size_t n = 0;
    if (!parts) return pare_arena_fail(m->ctx, m->arena);
    if (g->n_parts > MOST_PARTS)
        return pare_fail(m->ctx, PARE_EFORMAT,
                         "target '%s', group '%s': expected at most %d parts, found %zu",
                         m->target->name, g->name, MOST_PARTS, g->n_parts);
    for (size_t i = 0; i < g->n_parts; i++) {
        if (i && !g->cluster && quantizes(&g->parts[i])) PARE_TRY(make_absorbed(m, &parts[n++]));
        PARE_TRY(make_part(m, &parts[n++], &g->parts[i]));
    }
    *out = (pare_fusion_rule){ .name = g->name, .anchors = parts };
    if (g->cluster) {
        out->kind = PARE_FUSE_CLUSTER;
        out->n_anchors = n;
        for (size_t i = 0; i < n; i++)
            if (!parts[i].operands) parts[i].first = false;
        return PARE_OK;
    }
    out->kind = PARE_FUSE_CHAIN;
    out->n_anchors = n ? 1 : 0;
    out->parts = parts + out->n_anchors;
    out->n_parts = n - out->n_anchors;
    return add_names(m, &out->before, g->before, g->n_before);
}

/* --- where a target names no groups: what runtimes commonly fuse ------------------------------ */

#define WORDS(...)                        \
    (const char *const[]){ __VA_ARGS__ }, \
        sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)
#define PART(ops, operands) \
    {                       \
        ops, operands       \
    }
#define PARTS(array) (array), sizeof(array) / sizeof((array)[0])
#define DEQUANTIZE   WORDS("DequantizeLinear")

static const pare_target_part conv[] = {
    PART(WORDS("Conv", "ConvTranspose"), WORDS("any")),
    PART(WORDS("BatchNormalization"), WORDS("constant")),
    PART(WORDS("Add"), WORDS("same")),
    PART(WORDS("Relu", "Clip"), WORDS("scalar", "constant")),
    PART(WORDS("QuantizeLinear"), WORDS("constant")),
};
static const pare_target_part matmul[] = {
    PART(WORDS("Gemm", "MatMul"), WORDS("any")),
    PART(WORDS("Add"), WORDS("last")),
    PART(WORDS("BatchNormalization"), WORDS("constant")),
    PART(WORDS("Add"), WORDS("same")),
    PART(WORDS("Relu", "Clip"), WORDS("scalar", "constant")),
    PART(WORDS("QuantizeLinear"), WORDS("constant")),
};
static const pare_target_part quantized[] = {
    PART(WORDS("Add", "AveragePool", "Concat", "Flatten", "Gather", "GlobalAveragePool", "MaxPool",
               "Mul", "Pad", "ReduceMean", "Reshape", "Resize", "Sigmoid", "Slice", "Softmax",
               "Squeeze", "Sub", "Transpose", "Unsqueeze"),
         WORDS("any")),
    PART(WORDS("Relu", "Clip"), WORDS("scalar", "constant")),
    PART(WORDS("QuantizeLinear"), WORDS("constant")),
};
static const pare_target_part elementwise[] = {
    PART(WORDS("unary", "binary", "Cast", "Clip", "Where"), WORDS("any")),
};

static const pare_target_group common[] = {
    { "conv", false, PARTS(conv), DEQUANTIZE },
    { "matmul", false, PARTS(matmul), DEQUANTIZE },
    { "quantized", false, PARTS(quantized), DEQUANTIZE },
    { "elementwise", true, PARTS(elementwise), NULL, 0 },
};

pare_status pare_target_fusion(pare_ctx *ctx, pare_fusion_rules *out, pare_arena *arena,
                               const pare_target *target)
{
    const pare_target_group *groups = target->n_groups ? target->groups : common;
    const size_t n = target->n_groups ? target->n_groups : sizeof(common) / sizeof(common[0]);
    pare_fusion_rule *rules = pare_arena_array(arena, n, sizeof(*rules));
    if (!rules) return pare_arena_fail(ctx, arena);
    for (size_t i = 0; i < n; i++) {
        const maker m = { ctx, arena, target, &groups[i] };
        PARE_TRY(make_rule(&m, &rules[i]));
    }
    *out = (pare_fusion_rules){ rules, n };
    return PARE_OK;
}
