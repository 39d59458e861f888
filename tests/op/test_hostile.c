/* Every operator's resolve, infer and cost on inputs and attributes made by chance: any kind, type,
 * rank, dims and content, attributes of right and wrong types with extreme values. Nothing may
 * crash, read or write beyond its blocks (each is an allocation of its own, so that
 * AddressSanitizer sees it), and what is inferred must keep the rules of pare_info. The seed is
 * printed; another one can be given as argument. */
#include "op/attrs.h"
#include "op/coster.h"
#include "op/inferer.h"
#include "support/conformance.h"
#include "support/files.h"
#include "support/models.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { N_TRIALS = 3000, MAX_WORDS = 600, MAX_ATTRS = 40, MAX_LIST = 80, MAX_COUNT = 12,
       MAX_SECONDS = 3 };

static uint64_t seed = 1;
static uint64_t state_;

static char *words[MAX_WORDS]; /* what stands in quotes in compress/op: names and keywords */
static uint32_t n_words;

/* Nested graphs to hand to If, Loop and Scan, with 0 to 3 inputs. */
static const char graphs_text[] =
    "<ir_version: 11, opset_import: [\"\" : 21]>\n"
    "g (bool c, float[N,2] x, int64 n) => (y) {\n"
    "  y = If (c) <then_branch = a () => (float[2] t) { t = Identity (x) },\n"
    "              else_branch = b () => (e) { s = Shape (x) e = Cast <to = 1> (s) }>\n"
    "  z, v = Loop (n, c, x) <body = l (int64 i, bool k, float[] s) =>\n"
    "      (bool k2, s2, out) { k2 = Identity (k) s2 = Add (s, s) out = Shape (s) }>\n"
    "  w = Scan <num_scan_inputs = 1, body = m (p) => (q) { q = Neg (p) }> (x)\n"
    "}\n";

typedef struct learnt_attr {
    char name[64];
    pare_attr_type type;
    char choices[256];        /* "A, B": what the text may be; "": any */
    bool left_out;            /* while learning: its value is refused */
} learnt_attr;

typedef struct world {
    test_ctx t;
    pare_model *model;
    pare_shapes *shapes;
    const pare_graph *graphs[8];
    uint32_t n_graphs;
    const pare_op *op;
    uint32_t trial;
    learnt_attr learnt[MAX_ATTRS]; /* attributes that the operator reads */
    uint32_t n_learnt;
    uint32_t n_costed;
    uint32_t usual_rank, usual_share; /* in this trial: of inputs and lists; of attributes, in 8 */
} world;

/* --- chance (splitmix64) ---------------------------------------------------------------------- */

static uint64_t any_bits(void)
{
    uint64_t z = state_ += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint32_t below(uint32_t n)
{
    return (uint32_t)(any_bits() % n);
}

static int64_t any_int(void)
{
    static const int64_t odd[] = { INT64_MIN, INT64_MIN + 1, INT64_MAX, INT64_MAX - 1, INT32_MIN,
                                   INT32_MAX, INT64_C(1) << 62, -(INT64_C(1) << 62), 64, 65, -64 };
    switch (below(8)) {
    case 0: return odd[below(sizeof(odd) / sizeof(odd[0]))];
    case 1: return (int64_t)any_bits();
    case 2: return (int64_t)below(100) - 50;
    default: return (int64_t)below(6) - 2;
    }
}

static double any_real(void)
{
    static const double odd[] = { 0, -0.0, 1e30, -1e30, 1e300, INFINITY, -INFINITY, NAN, 1e-30 };
    if (below(4) == 0) return odd[below(sizeof(odd) / sizeof(odd[0]))];
    return ((double)below(2000) - 500) / 250;
}

static pare_num any_expr(world *w)
{
    static const char *const names[] = { "N", "T", "batch" };
    pare_exprs *e = w->shapes->exprs;
    const pare_num a = pare_num_symbol(e, names[below(3)]);
    if (below(2)) return a;
    const pare_num b = below(2) ? pare_num_symbol(e, names[below(3)]) : pare_num_int(any_int());
    return below(2) ? pare_num_add(e, a, b) : pare_num_mul(e, a, b);
}

/* --- infos ------------------------------------------------------------------------------------ */

static pare_num any_dim(world *w)
{
    static const int64_t large[] = { INT64_MAX, INT64_C(1) << 62, INT64_C(1) << 32, INT32_MAX, 65 };
    switch (below(8)) {
    case 0: return pare_num_unknown();
    case 1: return any_expr(w);
    case 2: return pare_num_int(large[below(5)]);
    default: return pare_num_int(below(5));
    }
}

static pare_num any_number(world *w)
{
    switch (below(8)) {
    case 0: return pare_num_unknown();
    case 1: return any_expr(w);
    case 2: return pare_num_real(any_real());
    default: return pare_num_int(any_int());
    }
}

static uint32_t any_rank(const world *w)
{
    if (below(3)) return w->usual_rank;
    if (below(6)) return below(6);
    return below(2) ? PARE_MAX_DIMS - below(2) : below(PARE_MAX_DIMS);
}

static pare_dtype any_dtype(void)
{
    static const pare_dtype usual[] = { PARE_FLOAT, PARE_INT64, PARE_UINT8, PARE_BOOL, PARE_INT32 };
    return below(3) ? usual[below(5)] : (pare_dtype)below(27);
}

static void give_content(world *w, pare_info *info)
{
    pare_num content[PARE_MAX_CONTENT];
    const pare_num n = pare_info_n_elements(w->shapes, info);
    if (n.kind != PARE_NUM_INT || n.i > PARE_MAX_CONTENT) return;
    for (int64_t i = 0; i < n.i; i++) content[i] = any_number(w);
    pare_info_set_content(w->shapes, info, content, (uint32_t)n.i);
}

static pare_info any_tensor(world *w)
{
    pare_num dims[PARE_MAX_DIMS];
    const uint32_t rank = below(3) ? any_rank(w) : 1;
    const uint32_t same = below(3);
    const pare_num dim = any_dim(w);
    if (!below(8)) return pare_info_unranked(any_dtype());
    for (uint32_t i = 0; i < rank; i++) dims[i] = same ? any_dim(w) : dim;
    pare_info info = pare_info_tensor(w->shapes, any_dtype(), rank, dims);
    if (below(2)) give_content(w, &info);
    return info;
}

static pare_info any_info(world *w)
{
    if (below(10)) return any_tensor(w);
    switch (below(6)) {
    case 0: return pare_info_unknown();
    case 1: return (pare_info){ .kind = PARE_TYPE_OPAQUE };
    case 2: return pare_info_optional(w->shapes, any_info(w));
    case 3: return (pare_info){ .kind = below(2) ? PARE_TYPE_SEQUENCE : PARE_TYPE_OPTIONAL };
    case 4: {
        pare_info info = any_tensor(w);
        info.kind = PARE_TYPE_SPARSE_TENSOR;
        info.content = NULL;
        info.n_content = 0;
        return info;
    }
    default: return pare_info_sequence(w->shapes, any_info(w));
    }
}

static bool num_is_dim(pare_num n)
{
    return n.kind == PARE_NUM_UNKNOWN || n.kind == PARE_NUM_EXPR ||
           (n.kind == PARE_NUM_INT && n.i >= 0);
}

static void check_info(world *w, const pare_info *info)
{
    const char *wrong = NULL;
    if (info->kind > PARE_TYPE_OPAQUE) wrong = "kind";
    if (info->dtype && !pare_dtype_is_valid(info->dtype)) wrong = "type";
    if (info->has_rank && info->rank > PARE_MAX_DIMS) wrong = "rank";
    for (uint32_t i = 0; !wrong && info->has_rank && i < info->rank; i++)
        if (!num_is_dim(info->dims[i])) wrong = "dims";
    if (info->content && (!pare_num_is(pare_info_n_elements(w->shapes, info), info->n_content) ||
                          info->n_content > PARE_MAX_CONTENT))
        wrong = "content";
    if (!info->content && info->n_content) wrong = "length of no content";
    for (uint32_t i = 0; !wrong && i < info->n_content; i++)
        if (info->content[i].kind > PARE_NUM_EXPR) wrong = "content";
    if (wrong) {
        char text[512];
        fail_msg("seed %llu, %s.%s, trial %u: wrong %s: %s", (unsigned long long)seed,
                 w->op->domain, w->op->name, w->trial, wrong,
                 pare_info_text(text, sizeof(text), w->shapes, info));
    }
    if (info->elem) check_info(w, info->elem);
}

/* --- attributes ------------------------------------------------------------------------------- */

typedef struct any_values {
    float floats[MAX_LIST];
    int64_t ints[MAX_LIST];
    pare_bytes strings[MAX_LIST];
    pare_tensor *tensors[1];
    pare_graph *graphs[1];
    const pare_type *types[1];
    char text[MAX_LIST];
} any_values;

static pare_bytes any_text(any_values *v)
{
    static const char letters[] = "abcij,->. .";
    if (below(2) && n_words) {
        const char *word = words[below(n_words)];
        return (pare_bytes){ (const uint8_t *)word, strlen(word) };
    }
    const uint32_t n = below(MAX_LIST);
    for (uint32_t i = 0; i < n; i++) v->text[i] = letters[below(sizeof(letters) - 1)];
    return (pare_bytes){ (const uint8_t *)v->text, n };
}

static uint32_t any_length(const world *w)
{
    if (below(4)) return w->usual_rank;
    return below(10) ? below(9) : below(MAX_LIST);
}

static pare_tensor *any_payload(world *w)
{
    const int64_t dims[2] = { below(4), below(3) };
    static const pare_dtype dtypes[] = { PARE_INT64, PARE_FLOAT, PARE_INT32, PARE_BOOL };
    const pare_dtype dtype = dtypes[below(4)];
    pare_tensor *tensor = NULL;
    uint8_t *data = NULL;
    assert_int_equal(pare_tensor_new(&w->t.ctx, &tensor, dtype, below(3), dims), PARE_OK);
    assert_int_equal(pare_tensor_own(&w->t.ctx, &tensor, &data), PARE_OK);
    for (uint64_t i = 0; i < pare_tensor_size_bytes(tensor); i++) data[i] = (uint8_t)any_bits();
    return tensor;
}

static void fill_attr(world *w, pare_attr *attr, any_values *v)
{
    static const int64_t small[] = { -1, 0, 0, 1, 1, 1, 2, 2, 3, 4, 16, 32 };
    attr->n = 1;
    if (attr->type == PARE_ATTR_FLOATS || attr->type == PARE_ATTR_INTS ||
        attr->type == PARE_ATTR_STRINGS)
        attr->n = any_length(w);
    const bool extreme = below(4) == 0;
    for (uint32_t i = 0; i < attr->n; i++) {
        v->floats[i] = (float)any_real();
        v->ints[i] = extreme ? any_int() : small[below(sizeof(small) / sizeof(small[0]))];
        v->strings[i] = any_text(v);
    }
    switch (attr->type) {
    case PARE_ATTR_FLOAT:
    case PARE_ATTR_FLOATS: attr->floats = v->floats; break;
    case PARE_ATTR_INT:
    case PARE_ATTR_INTS: attr->ints = v->ints; break;
    case PARE_ATTR_STRING:
    case PARE_ATTR_STRINGS: attr->strings = v->strings; break;
    case PARE_ATTR_TENSOR:
        v->tensors[0] = any_payload(w);
        attr->tensors = v->tensors;
        break;
    case PARE_ATTR_GRAPH:
        v->graphs[0] = (pare_graph *)w->graphs[below(w->n_graphs)];
        attr->graphs = v->graphs;
        break;
    default:
        attr->type = PARE_ATTR_TYPE_PROTO;
        v->types[0] = w->model->graph->inputs.items[below(3)].type;
        attr->types = v->types;
    }
}

static void drop_attr(any_values *v)
{
    pare_tensor_unref(v->tensors[0]);
}

static pare_attr_type any_attr_type(void)
{
    static const pare_attr_type types[] = { PARE_ATTR_INT, PARE_ATTR_INT, PARE_ATTR_INTS,
        PARE_ATTR_INTS, PARE_ATTR_FLOAT, PARE_ATTR_FLOATS, PARE_ATTR_STRING, PARE_ATTR_STRINGS,
        PARE_ATTR_TENSOR, PARE_ATTR_GRAPH, PARE_ATTR_TYPE_PROTO };
    return types[below(sizeof(types) / sizeof(types[0]))];
}

static int64_t any_version(const pare_op *op)
{
    const int64_t end = op->until ? op->until : *op->domain ? op->since + 1 : PARE_NEWEST_OPSET + 2;
    return op->since + (int64_t)below((uint32_t)(end - op->since));
}

/* What a text attribute may be: one of the listed words, mostly. */
static pare_bytes any_choice(const char *choices, any_values *v)
{
    if (!*choices || !below(12)) return any_text(v);
    for (;;) {
        const char *at = choices + below((uint32_t)strlen(choices));
        while (at > choices && at[-1] != ' ') at--;
        const size_t n = strcspn(at, ", ");
        if (n) return (pare_bytes){ (const uint8_t *)at, n };
    }
}

/* One resolve with an acceptable value for each attribute that is known, and one of a wrong type
 * for every other word. */
static pare_status resolve_learnt(world *w, int64_t version)
{
    static const int64_t one = 1;
    static const float half = 0.5f;
    _Alignas(16) uint8_t params[PARE_MAX_PARAMS_BYTES];
    pare_attr attrs[MAX_WORDS + MAX_ATTRS];
    const pare_attr *refs[MAX_WORDS + MAX_ATTRS];
    any_values v = { .graphs = { (pare_graph *)w->graphs[0] } };
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->n_learnt; i++) {
        pare_attr *a = &attrs[n++];
        if (w->learnt[i].left_out) {
            *a = (pare_attr){ .name = w->learnt[i].name, .ref_name = "none" };
            continue;
        }
        *a = (pare_attr){ .name = w->learnt[i].name, .type = w->learnt[i].type, .n = 1 };
        v.strings[0] = (pare_bytes){ (const uint8_t *)w->learnt[i].choices,
                                     strcspn(w->learnt[i].choices, ",") };
        if (a->type == PARE_ATTR_FLOAT || a->type == PARE_ATTR_FLOATS) a->floats = &half;
        else if (a->type == PARE_ATTR_STRING) a->strings = v.strings;
        else if (a->type == PARE_ATTR_GRAPH) a->graphs = v.graphs;
        else if (a->type == PARE_ATTR_INT || a->type == PARE_ATTR_INTS) a->ints = &one;
        else *a = (pare_attr){ .name = a->name, .ref_name = "none" };
    }
    for (uint32_t i = 0; i < n_words; i++)
        attrs[n++] = (pare_attr){ .name = words[i], .type = PARE_ATTR_SPARSE_TENSORS };
    for (uint32_t i = 0; i < n; i++) refs[i] = &attrs[i];
    const pare_node node = { .op_type = w->op->name, .graph = w->model->graph, .n_attrs = n,
                             .attrs = refs };
    const pare_call call = { .node = &node, .op = w->op, .version = version };
    return pare_call_resolve(&w->t.ctx, &call, params);
}

static learnt_attr *find_learnt(world *w, const char *name)
{
    for (uint32_t i = 0; i < w->n_learnt; i++)
        if (strcmp(w->learnt[i].name, name) == 0) return &w->learnt[i];
    if (w->n_learnt == MAX_ATTRS) return NULL;
    learnt_attr *attr = &w->learnt[w->n_learnt++];
    *attr = (learnt_attr){ .type = PARE_ATTR_INT };
    snprintf(attr->name, sizeof(attr->name), "%s", name);
    return attr;
}

/* Finds out which attributes an operator reads, of which type, by the failures when they are of
 * another. */
static void learn_attrs(world *w, int64_t version)
{
    for (int i = 0; i < 2 * MAX_ATTRS && resolve_learnt(w, version) == PARE_EFORMAT; i++) {
        char name[64];
        char rest[256];
        const char *at = strstr(w->t.ctx.message, "attribute '");
        if (!at || sscanf(at, "attribute '%63[^']': expected %255[^\n]", name, rest) != 2) return;
        learnt_attr *attr = find_learnt(w, name);
        if (!attr) return;
        bool is_new = false;
        for (int type = 1; type < PARE_N_ATTR_TYPES; type++) {
            char want[64];
            snprintf(want, sizeof(want), "type %s,", pare_attr_type_name((pare_attr_type)type));
            if (strncmp(rest, want, strlen(want))) continue;
            attr->type = (pare_attr_type)type;
            is_new = true;
        }
        if (strncmp(rest, "one of ", 7) == 0 && strstr(rest, ", found") && !*attr->choices) {
            *strstr(rest, ", found") = '\0';
            memcpy(attr->choices, rest + 7, strlen(rest + 7) + 1);
            is_new = true;
        }
        if (!is_new && attr->left_out) return;
        if (!is_new) attr->left_out = true;
    }
}

/* Whether resolve has nothing against an attribute. */
static bool is_accepted(world *w, const pare_attr *attr, int64_t version)
{
    _Alignas(16) uint8_t params[PARE_MAX_PARAMS_BYTES];
    const pare_attr *attrs[1] = { attr };
    const pare_node node = { .op_type = w->op->name, .graph = w->model->graph, .n_attrs = 1,
                             .attrs = attrs };
    const pare_call call = { .node = &node, .op = w->op, .version = version };
    w->t.ctx.message[0] = '\0';
    return !pare_call_resolve(&w->t.ctx, &call, params) ||
           !strstr(w->t.ctx.message, attr->name);
}

/* An attribute that is acceptable, mostly. */
static void pick_attr(world *w, const learnt_attr *learnt, int64_t version, pare_attr *attr,
                      any_values *v)
{
    for (uint32_t tries = below(12) ? 20 : 1; tries > 0; tries--) {
        *attr = (pare_attr){ .name = learnt->name,
                             .type = tries > 1 ? learnt->type : any_attr_type() };
        *v = (any_values){ .tensors = { NULL } };
        fill_attr(w, attr, v);
        if (attr->type == PARE_ATTR_STRING) v->strings[0] = any_choice(learnt->choices, v);
        if (tries == 1 || is_accepted(w, attr, version)) return;
        drop_attr(v);
    }
}

/* --- one trial -------------------------------------------------------------------------------- */

/* One call with blocks that are exactly as large as they must be. */
typedef struct trial {
    pare_node node;
    pare_attr attrs[MAX_ATTRS];
    const pare_attr *refs[MAX_ATTRS];
    any_values *values[MAX_ATTRS];
    pare_info infos[MAX_COUNT];
    const pare_info **in;
    pare_info *out;
    void *params;
} trial;

static void *block(size_t n_items, size_t item_bytes)
{
    void *p = calloc(n_items ? n_items : 1, item_bytes ? item_bytes : 1);
    assert_non_null(p);
    return p;
}

static uint32_t any_count(pare_range range)
{
    const uint32_t most = range.max == PARE_MANY || range.max > MAX_COUNT ? MAX_COUNT : range.max;
    return range.min + below(most - range.min + 1);
}

static void set_up(world *w, trial *t, int64_t version)
{
    *t = (trial){ .node = { .op_type = w->op->name, .domain = w->op->domain,
                            .graph = w->model->graph } };
    w->usual_rank = below(6);
    w->usual_share = below(3) ? 8 : below(9);
    t->node.n_inputs = any_count(w->op->n_in);
    t->node.n_outputs = any_count(w->op->n_out);
    t->node.inputs = block(t->node.n_inputs, sizeof(*t->node.inputs));
    t->node.outputs = block(t->node.n_outputs, sizeof(*t->node.outputs));
    t->in = block(t->node.n_inputs, sizeof(*t->in));
    t->out = block(t->node.n_outputs, sizeof(*t->out));
    t->params = block(1, w->op->params_bytes);
    for (uint32_t i = 0; i < t->node.n_inputs; i++) {
        t->node.inputs[i].value = PARE_NONE;
        t->infos[i] = any_info(w);
        if (below(8)) t->in[i] = &t->infos[i];
    }
    for (uint32_t i = 0; i < t->node.n_outputs; i++) t->node.outputs[i] = PARE_NONE;
    for (uint32_t i = 0; i < w->n_learnt; i++) {
        if (below(8) >= w->usual_share) continue;
        const uint32_t k = t->node.n_attrs++;
        t->values[k] = block(1, sizeof(any_values));
        pick_attr(w, &w->learnt[i], version, &t->attrs[k], t->values[k]);
        t->refs[k] = &t->attrs[k];
    }
    t->node.attrs = t->refs;
}

static void tear_down(trial *t)
{
    for (uint32_t i = 0; i < t->node.n_attrs; i++) {
        drop_attr(t->values[i]);
        free(t->values[i]);
    }
    free(t->node.inputs);
    free(t->node.outputs);
    free(t->in);
    free(t->out);
    free(t->params);
}

/* What is inferred is costed; what is not known of it is said and does not count. */
static bool run_cost(world *w, trial *t, const pare_call *call)
{
    pare_cost cost;
    const pare_info **out = block(t->node.n_outputs, sizeof(*out));
    for (uint32_t i = 0; i < t->node.n_outputs; i++)
        if (below(8)) out[i] = &t->out[i];
    pare_cost_io io = { .call = call, .params = t->params, .shapes = w->shapes,
                        .n_in = t->node.n_inputs, .n_out = t->node.n_outputs, .in = t->in,
                        .out = out };
    const pare_status st = pare_cost_run(&w->t.ctx, &cost, &io);
    if (st && st != PARE_EFORMAT && st != PARE_EUNSUPPORTED)
        fail_msg("seed %llu, %s, trial %u: status %s", (unsigned long long)seed, w->op->name,
                 w->trial, pare_status_name(st));
    if (!st && (cost.work >= PARE_N_WORK || !(cost.window >= 1)))
        fail_msg("seed %llu, %s, trial %u: work %d, window %g", (unsigned long long)seed,
                 w->op->name, w->trial, (int)cost.work, cost.window);
    free(out);
    return !st;
}

/* Returns whether it got as far as inferring something. */
static bool run_trial(world *w)
{
    trial t;
    const pare_infer_opts opts = { .ignore_declared = below(2) };
    pare_inferer inferer = { .ctx = &w->t.ctx, .model = w->model, .opts = &opts,
                             .shapes = w->shapes };
    const int64_t version = any_version(w->op);
    set_up(w, &t, version);
    const pare_call call = { .node = &t.node, .op = w->op, .version = version };
    pare_status st = pare_call_resolve(&w->t.ctx, &call, t.params);
    if (!st) {
        pare_infer_io io = { .call = &call, .params = t.params, .shapes = w->shapes,
                             .inferer = &inferer, .n_in = t.node.n_inputs,
                             .n_out = t.node.n_outputs, .in = t.in, .out = t.out };
        st = pare_infer_call(&w->t.ctx, &io);
        if (!st)
            for (uint32_t i = 0; i < t.node.n_outputs; i++) check_info(w, &t.out[i]);
        if (!st) w->n_costed += run_cost(w, &t, &call);
    }
    if (st && st != PARE_EFORMAT && st != PARE_EUNSUPPORTED && st != PARE_EBUDGET)
        fail_msg("seed %llu, %s, trial %u: status %s", (unsigned long long)seed, w->op->name,
                 w->trial, pare_status_name(st));
    tear_down(&t);
    return !st;
}

static void begin(world *w)
{
    test_ctx_init(&w->t);
    w->model = test_model_parse(&w->t.ctx, graphs_text);
    assert_int_equal(pare_infer(&w->t.ctx, &w->shapes, w->model, NULL), PARE_OK);
    w->n_graphs = 0;
    for (size_t i = 1; i < w->model->n_graphs; i++) w->graphs[w->n_graphs++] = w->model->graphs[i];
}

static void end(world *w)
{
    assert_false(w->shapes->short_of_memory);
    pare_shapes_free(&w->t.ctx, w->shapes);
    pare_model_free(&w->t.ctx, w->model);
    assert_int_equal(test_ctx_live_bytes(&w->t), 0);
}

static void no_operator_breaks(void **state)
{
    (void)state;
    size_t n_ops = 0;
    const pare_op *const *ops = pare_op_all(&n_ops);
    size_t n_costed = 0; /* operators of which a call is */
    for (size_t i = 0; i < n_ops; i++) {
        world w = { .op = ops[i] };
        uint32_t n_inferred = 0;
        begin(&w);
        for (int64_t v = w.op->since; v <= PARE_NEWEST_OPSET; v++) learn_attrs(&w, v);
        for (w.trial = 0; w.trial < (n_inferred ? N_TRIALS : 20 * N_TRIALS); w.trial++) {
            state_ = seed * UINT64_C(1000003) + i * UINT64_C(7919) + w.trial;
            const clock_t begun = clock();
            n_inferred += run_trial(&w);
            if (clock() - begun > MAX_SECONDS * CLOCKS_PER_SEC)
                fail_msg("seed %llu, %s, trial %u hung", (unsigned long long)seed, w.op->name,
                         w.trial);
        }
        end(&w);
        n_costed += w.n_costed > 0;
        if (!n_inferred)
            fail_msg("%s.%s: none of %u calls by chance is inferred: make them better",
                     ops[i]->domain, ops[i]->name, w.trial);
    }
    if (n_costed < n_ops * 3 / 4) fail_msg("of %zu operators %zu are costed", n_ops, n_costed);
}

/* Collects what stands in quotes in a source file. */
static void add_words(const char *path)
{
    char *text = (char *)test_read_file(path, NULL);
    for (char *at = strchr(text, '"'); at; at = strchr(at, '"')) {
        const size_t n = strcspn(++at, "\"\n");
        size_t n_word = 0;
        while (n_word < n && (isalnum((unsigned char)at[n_word]) || at[n_word] == '_')) n_word++;
        bool is_new = n > 0 && n == n_word && n_words < MAX_WORDS;
        for (uint32_t i = 0; is_new && i < n_words; i++)
            is_new = strncmp(words[i], at, n) || words[i][n];
        if (is_new) words[n_words++] = strndup(at, n);
        at += n + (at[n] != 0);
    }
    free(text);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(no_operator_breaks) };
    char dir[TEST_PATH_BYTES];
    if (argc > 1) seed = strtoull(argv[1], NULL, 10);
    printf("seed %llu\n", (unsigned long long)seed);
    test_paths sources = test_find_files(test_source_path(dir, "compress/op"), ".c");
    for (size_t i = 0; i < sources.n; i++) add_words(sources.items[i]);
    test_paths_free(&sources);
    const int status = test_run(tests);
    for (uint32_t i = 0; i < n_words; i++) free(words[i]);
    return status;
}
