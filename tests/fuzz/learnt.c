#include "fuzz/learnt.h"

#include "fuzz/recipes.h"
#include "op/op.h"

#include <stdio.h>
#include <string.h>

enum { MAX_OPS = 400 };

static learnt_op ops[MAX_OPS];
static uint32_t n_ops;

static learnt_attr *find_attr(learnt_op *l, const char *name)
{
    for (uint32_t i = 0; i < l->n_attrs; i++)
        if (strcmp(l->attrs[i].name, name) == 0) return &l->attrs[i];
    return NULL;
}

/* One resolve with a value for each attribute that is known and one of a wrong type for every other
 * word: the failure tells of one more. */
static pare_status try_resolve(pare_ctx *ctx, learnt_op *l, int64_t version, bool needed_only)
{
    static const int64_t one = 1;
    static const float half = 0.5f;
    static pare_attr attrs[N_WORDS];
    static const pare_attr *refs[N_WORDS];
    static pare_bytes texts[N_WORDS];
    _Alignas(16) uint8_t params[PARE_MAX_PARAMS_BYTES];
    pare_value_id outputs[4] = { PARE_NONE, PARE_NONE, PARE_NONE, PARE_NONE };
    pare_use inputs[4] = { { .value = PARE_NONE } };
    uint32_t n_attrs = 0;
    for (uint32_t i = 0; i < N_WORDS; i++) {
        const learnt_attr *known = find_attr(l, words[i]);
        if (needed_only && !(known && known->is_needed)) continue;
        pare_attr *a = &attrs[n_attrs];
        refs[n_attrs++] = a;
        *a = (pare_attr){ .name = words[i], .type = PARE_ATTR_SPARSE_TENSORS };
        if (!known) continue;
        *a = (pare_attr){ .name = words[i], .type = known->type, .n = 1 };
        texts[i] = (pare_bytes){ (const uint8_t *)known->choices, strcspn(known->choices, ",") };
        switch (known->is_refused ? PARE_ATTR_UNDEFINED : known->type) {
        case PARE_ATTR_FLOAT:
        case PARE_ATTR_FLOATS: a->floats = &half; break;
        case PARE_ATTR_INT:
        case PARE_ATTR_INTS: a->ints = &one; break;
        case PARE_ATTR_STRING:
        case PARE_ATTR_STRINGS: a->strings = &texts[i]; break;
        default: *a = (pare_attr){ .name = words[i], .ref_name = "none" };
        }
    }
    const pare_node node = { .op_type = l->op->name, .n_attrs = n_attrs, .attrs = refs,
                             .n_inputs = 4, .inputs = inputs, .n_outputs = 4, .outputs = outputs };
    const pare_call call = { .node = &node, .op = l->op, .version = version };
    return pare_call_resolve(ctx, &call, params);
}

static void learn(pare_ctx *ctx, learnt_op *l, int64_t version)
{
    for (int i = 0; i < 3 * LEARNT_MAX_ATTRS; i++) {
        if (try_resolve(ctx, l, version, false) != PARE_EFORMAT) return;
        char name[64];
        char rest[256];
        const char *at = strstr(ctx->message, "attribute '");
        if (!at || sscanf(at, "attribute '%63[^']': expected %255[^\n]", name, rest) != 2) return;
        learnt_attr *attr = find_attr(l, name);
        for (uint32_t k = 0; !attr && k < N_WORDS && l->n_attrs < LEARNT_MAX_ATTRS; k++)
            if (strcmp(words[k], name) == 0) {
                attr = &l->attrs[l->n_attrs++];
                *attr = (learnt_attr){ .name = words[k], .type = PARE_ATTR_INT };
            }
        if (!attr) return;
        bool is_new = false;
        for (int type = 1; type < PARE_N_ATTR_TYPES; type++) {
            char want[64];
            snprintf(want, sizeof(want), "type %s,", pare_attr_type_name((pare_attr_type)type));
            if (strncmp(rest, want, strlen(want)) != 0) continue;
            attr->type = (pare_attr_type)type;
            is_new = true;
        }
        char *end = strstr(rest, ", found");
        if (strncmp(rest, "one of ", 7) == 0 && end && !*attr->choices) {
            *end = '\0';
            memcpy(attr->choices, rest + 7, strlen(rest + 7) + 1);
            is_new = true;
        }
        if (!is_new && attr->is_refused) return;
        if (!is_new) attr->is_refused = true;
    }
}

/* Which attributes are missed where there is none. */
static void learn_needs(pare_ctx *ctx, learnt_op *l, int64_t version)
{
    while (try_resolve(ctx, l, version, true) == PARE_EFORMAT) {
        char name[64];
        const char *at = strstr(ctx->message, "attribute '");
        if (!at || sscanf(at, "attribute '%63[^']'", name) != 1) return;
        learnt_attr *attr = find_attr(l, name);
        if (!attr || attr->is_needed) return;
        attr->is_needed = true;
    }
}

static void learn_all(void)
{
    static const int64_t versions[] = { 1, 7, 8, 9, 11, 13, 18, PARE_NEWEST_OPSET };
    size_t n = 0;
    pare_ctx ctx;
    const pare_op *const *all = pare_op_all(&n);
    pare_ctx_init(&ctx, NULL);
    for (size_t i = 0; i < n && n_ops < MAX_OPS; i++) {
        if (all[i]->eval == PARE_TODO(eval)) continue;
        learnt_op *l = &ops[n_ops++];
        l->op = all[i];
        for (size_t k = 0; k < N_RECIPES; k++)
            l->n_recipes += strcmp(recipes[k].op, l->op->name) == 0;
        for (size_t k = 0; k < sizeof(versions) / sizeof(versions[0]); k++) {
            if (versions[k] < l->op->since) continue;
            for (uint32_t a = 0; a < l->n_attrs; a++) l->attrs[a].is_refused = false;
            if (l->op->resolve == PARE_NA(resolve)) continue;
            learn(&ctx, l, versions[k]);
            learn_needs(&ctx, l, versions[k]);
        }
    }
}

const learnt_op *learnt_ops(uint32_t *n)
{
    if (!n_ops) learn_all();
    *n = n_ops;
    return ops;
}
