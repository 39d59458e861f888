/* Small graphs of operators from the table, made from the bytes: results or a refusal, never more.
 * Everything stands in the model's text, which FUZZ_PRINT=1 in the environment prints. Attributes
 * are those that the operator's resolve reads, of the type it wants, mostly. */
#include "fuzz/fuzz.h"

#include "base/budget.h"
#include "ir/text.h"
#include "op/attrs.h"
#include "op/eval.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES = 1 << 16, MAX_VALUES = 256, MAX_OPS = 400, MAX_ATTRS = 40, MAX_DEPTH = 2,
       BUDGET_BYTES = 8 << 20, MAX_ITERATIONS = 50 };

/* --- what operators read ---------------------------------------------------------------------- */

typedef struct learnt_attr {
    const char *name;
    pare_attr_type type;
    char choices[256];        /* "A, B": what text may be; "": any */
    bool is_refused;          /* while learning: so is what it is set to */
} learnt_attr;

typedef struct learnt_op {
    const pare_op *op;
    learnt_attr attrs[MAX_ATTRS];
    uint32_t n_attrs;
} learnt_op;

static learnt_op ops[MAX_OPS];
static uint32_t n_ops;

/* All names of attributes, in whichever operators. */
static const char *const words[] = {
    "K", "N", "accuracy_level", "activation", "activation_alpha", "activation_beta",
    "activation_gamma", "activation_params", "activation_type", "activations", "align_corners",
    "allowzero", "alpha", "antialias", "approximate", "auto_pad", "axes", "axis", "batch_axis",
    "batch_dims", "beta", "bias", "bits", "block_size", "blocksize", "body", "broadcast",
    "case_change_action", "ceil_mode", "center_point_box", "channels_last", "chunk_size", "clip",
    "coordinate_transformation_mode", "count_include_pad", "cubic_coeff_a", "delimiter",
    "detect_negative", "detect_positive", "dilations", "direction", "directions", "do_rotary",
    "dtype", "else_branch", "end", "ends", "epsilon", "equation", "exclude_outside", "exclusive",
    "expert_weight_bits", "extrapolation_value", "fmod", "gamma", "gather_axis", "group",
    "height_scale", "hidden_size", "high", "ignore_index", "input_forget", "interleaved", "inverse",
    "is_case_sensitive", "is_causal", "is_packed_batching", "is_test", "k", "k_block_size",
    "keep_aspect_ratio_policy", "keepdims", "kernel_shape", "kv_num_heads", "lambd", "largest",
    "layout", "left_window_size", "linear_before_reset", "local_window_size", "low",
    "mask_filter_value", "max", "max_gram_length", "max_skip_count", "maxsplit", "mean", "min",
    "min_gram_length", "mode", "momentum", "nearest_mode", "new_axis", "ngram_counts",
    "ngram_indexes", "noop_with_empty_axes", "normalize_routing_weights", "num_groups",
    "num_heads", "num_outputs", "num_scan_inputs", "offset_group", "onesided", "output_datatype",
    "output_dtype", "output_height", "output_padding", "output_shape", "output_width", "p",
    "padding_mode", "pads", "pattern", "periodic", "perm", "pixel_format", "pool_int64s",
    "pool_strings", "pooled_shape", "precision", "q_num_heads", "qk_matmul_output_mode",
    "qkv_hidden_sizes", "quantize_axis", "ratio", "reduction", "reverse", "right_window_size",
    "rotary_embedding_dim", "rotary_interleaved", "round_mode", "sample_size", "sampling_ratio",
    "saturate", "scale", "scales", "scan_input_axes", "scan_input_directions", "scan_output_axes",
    "scan_output_directions", "seed", "select_last_index", "shape", "size", "smooth_softmax",
    "softcap", "softmax_precision", "sorted", "spatial", "spatial_scale", "split", "start",
    "starts", "stash_type", "stopwords", "storage_order", "strides", "then_branch", "time_axis",
    "to", "training_mode", "transA", "transB", "transBatchA", "transBatchB", "unidirectional",
    "update_rule", "upper", "use_sparse_mixer", "value", "value_float", "value_floats",
    "value_int", "value_ints", "value_string", "value_strings", "weights", "width_scale",
};
enum { N_WORDS = sizeof(words) / sizeof(words[0]) };

static learnt_attr *find_attr(learnt_op *l, const char *name)
{
    for (uint32_t i = 0; i < l->n_attrs; i++)
        if (strcmp(l->attrs[i].name, name) == 0) return &l->attrs[i];
    return NULL;
}

/* One resolve with a value for each attribute that is known and one of a wrong type for every other
 * word: the failure tells of one more. */
static pare_status try_resolve(pare_ctx *ctx, learnt_op *l, int64_t version)
{
    static const int64_t one = 1;
    static const float half = 0.5f;
    static pare_attr attrs[N_WORDS];
    static const pare_attr *refs[N_WORDS];
    static pare_bytes texts[N_WORDS];
    _Alignas(16) uint8_t params[PARE_MAX_PARAMS_BYTES];
    pare_value_id outputs[4] = { PARE_NONE, PARE_NONE, PARE_NONE, PARE_NONE };
    pare_use inputs[4] = { { .value = PARE_NONE } };
    for (uint32_t i = 0; i < N_WORDS; i++) {
        const learnt_attr *known = find_attr(l, words[i]);
        pare_attr *a = &attrs[i];
        refs[i] = a;
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
    const pare_node node = { .op_type = l->op->name, .n_attrs = N_WORDS, .attrs = refs,
                             .n_inputs = 4, .inputs = inputs, .n_outputs = 4, .outputs = outputs };
    const pare_call call = { .node = &node, .op = l->op, .version = version };
    return pare_call_resolve(ctx, &call, params);
}

static void learn(pare_ctx *ctx, learnt_op *l, int64_t version)
{
    for (int i = 0; i < 3 * MAX_ATTRS && try_resolve(ctx, l, version) == PARE_EFORMAT; i++) {
        char name[64];
        char rest[256];
        const char *at = strstr(ctx->message, "attribute '");
        if (!at || sscanf(at, "attribute '%63[^']': expected %255[^\n]", name, rest) != 2) return;
        learnt_attr *attr = find_attr(l, name);
        for (uint32_t k = 0; !attr && k < N_WORDS && l->n_attrs < MAX_ATTRS; k++)
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
        for (size_t k = 0; k < sizeof(versions) / sizeof(versions[0]); k++) {
            if (versions[k] < l->op->since) continue;
            for (uint32_t a = 0; a < l->n_attrs; a++) l->attrs[a].is_refused = false;
            if (l->op->resolve != PARE_NA(resolve)) learn(&ctx, l, versions[k]);
        }
    }
}

/* --- text ------------------------------------------------------------------------------------- */

typedef struct maker {
    const uint8_t *data;
    size_t n_bytes;
    char text[TEXT_BYTES];
    size_t used;
    int64_t usual[4];         /* dims that most tensors are made of */
    int usual_rank;
    pare_dtype usual_type;
    uint32_t values[MAX_VALUES]; /* numbers of those that can be used here: v0, ... */
    uint32_t n_values;
    uint32_t n_names;         /* names that were ever given */
    int64_t opset;
} maker;

static uint32_t below(maker *m, uint32_t n)
{
    if (!m->n_bytes) return 0;
    uint32_t x = *m->data++;
    m->n_bytes--;
    if (n > 256 && m->n_bytes) {
        x = x << 8 | *m->data++;
        m->n_bytes--;
    }
    return x % n;
}

__attribute__((format(printf, 2, 3))) static void put(maker *m, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    const int n = vsnprintf(m->text + m->used, TEXT_BYTES - m->used, fmt, args);
    va_end(args);
    m->used += (size_t)n;
    if (m->used >= TEXT_BYTES) m->used = TEXT_BYTES - 1;
}

static void put_int(maker *m)
{
    static const char *const odd[] = { "-9223372036854775808", "9223372036854775807", "2147483647",
                                       "-2147483648", "4294967296", "64", "-64", "1000000" };
    const uint32_t kind = below(m, 32);
    if (kind == 31) put(m, "%s", odd[below(m, 8)]);
    else if (kind < 24) put(m, "%d", (int)(kind % 8) - 2);
    else put(m, "%d", (int)m->usual[kind % 4]);
}

static void put_real(maker *m)
{
    static const char *const odd[] = { "nan", "inf", "-inf", "1e30", "-1e30", "1e-40", "-0.0" };
    const uint32_t kind = below(m, 32);
    if (kind >= 25) put(m, "%s", odd[kind - 25]);
    else put(m, "%g", ((double)kind - 8) / 4);
}

static void put_text(maker *m)
{
    static const char *const texts[] = {
        "", "a", "ab", "a b", "ij,jk->ik", "ii->i", "...i->i", "bij, bjk -> bik", "Relu", "Tanh",
        "Affine", "(a|b)*c", "[^a]+", "a{2,3}?", "\\\\w+", "AB", "1.5", "nan", "\xc3\xa9",
    };
    put(m, "\"%s\"", texts[below(m, sizeof(texts) / sizeof(texts[0]))]);
}

static pare_dtype any_dtype(maker *m)
{
    static const pare_dtype usual[] = { PARE_FLOAT, PARE_INT64, PARE_UINT8, PARE_INT8, PARE_INT32,
                                        PARE_BOOL, PARE_FLOAT16, PARE_DOUBLE };
    const uint32_t kind = below(m, 64);
    if (kind < 24) return m->usual_type;
    return kind < 48 ? usual[kind % 8] : (pare_dtype)(1 + below(m, 26));
}

static void put_element(maker *m, pare_dtype dtype)
{
    const pare_dtype_info *info = pare_dtype_of(dtype);
    if (info->class == PARE_CLASS_STRING) put_text(m);
    else if (info->class == PARE_CLASS_BOOL) put(m, "%u", below(m, 2));
    else if (info->class == PARE_CLASS_COMPLEX) put(m, "1.5, -2");
    else if (dtype == PARE_FLOAT || dtype == PARE_DOUBLE) put_real(m);
    else if (dtype == PARE_FLOAT16 || dtype == PARE_BFLOAT16) put(m, "%u", below(m, 65536));
    else if (dtype == PARE_INT64 || dtype == PARE_INT32) {
        const uint32_t kind = below(m, 24);
        put(m, "%d", kind < 20 ? (int)(kind % 8) - 1 : (int)m->usual[kind % 4]);
    } else if (info->class == PARE_CLASS_INT) {
        const int half = 1 << (info->bits < 8 ? info->bits - 1 : 7);
        put(m, "%d", (int)below(m, 2 * (uint32_t)half) - half);
    } else {
        put(m, "%u", below(m, info->bits < 8 ? 1u << info->bits : 256));
    }
}

/* "float[2,3]" and the number of elements. */
static int64_t put_type(maker *m, pare_dtype dtype)
{
    const uint32_t form = below(m, 8);
    int rank = m->usual_rank;
    int64_t n = 1;
    if (form == 0) rank = 0;
    else if (form <= 2) rank = 1;
    else if (form == 3) rank = (int)below(m, 6);
    put(m, "%s", pare_dtype_name(dtype));
    for (int i = 0; i < rank; i++) {
        int64_t dim = m->usual[i % 4];
        if (form == 1) dim = rank + (int64_t)below(m, 4);
        else if (form >= 6) dim = m->usual[below(m, 4)];
        if (n * dim > 300) dim = 1;
        n *= dim;
        put(m, "%c%d", i ? ',' : '[', (int)dim);
    }
    if (rank) put(m, "]");
    return n;
}

static void put_elements(maker *m, pare_dtype dtype, int64_t n)
{
    put(m, " {");
    const size_t start = m->used;
    put_element(m, dtype);
    const size_t mid = m->used;
    if (!n) m->used = start;
    for (int64_t i = 1; i < n; i++) {
        put(m, ", ");
        if (i < 40) put_element(m, dtype);
        else put(m, "%.*s", (int)(mid - start), m->text + start);
    }
    put(m, "}");
}

/* A new value that can be used from here on. */
static uint32_t new_value(maker *m)
{
    if (m->n_values < MAX_VALUES) m->values[m->n_values++] = m->n_names;
    return m->n_names++;
}

/* The value that was defined so many before the last. */
static uint32_t value_before(const maker *m, uint32_t back)
{
    return m->values[m->n_values - 1 - back % m->n_values];
}

static void put_value(maker *m)
{
    const uint32_t back = below(m, 256);
    if (!m->n_values) put(m, "\"\"");
    else put(m, "v%u", value_before(m, back >= 160 ? back % 3 : back));
}

static void put_node(maker *m, int depth);

/* A graph in an attribute: its inputs are values of it alone. */
static void put_graph(maker *m, const pare_op *op, uint32_t n_in, uint32_t n_out, int depth)
{
    const bool is_loop = strcmp(op->name, "Loop") == 0;
    const uint32_t outer = m->n_values;
    uint32_t condition = 0;
    if (strcmp(op->name, "If") == 0) n_in = 0;
    if (below(m, 32) == 31) n_in++;
    put(m, "b%u (", m->n_names++);
    for (uint32_t i = 0; i < n_in; i++) put(m, "%sv%u", i ? ", " : "", new_value(m));
    /* The nodes first, as the outputs are chosen among their values. */
    const size_t head = m->used;
    put(m, "{ ");
    if (is_loop) {
        const uint32_t given = n_in > 1 ? m->values[m->n_values - n_in + 1] : value_before(m, 0);
        condition = new_value(m);
        put(m, "v%u = And (v%u, v%u) ", condition, given, given);
    }
    for (uint32_t i = 1 + below(m, 3); i > 0; i--) put_node(m, depth + 1);
    put(m, "}");
    char *nodes = strdup(m->text + head);
    m->used = head;
    put(m, ") => (");
    for (uint32_t i = 0; i < n_out + is_loop; i++)
        put(m, "%sv%u", i ? ", " : "",
            i == 0 && is_loop ? condition : value_before(m, i + below(m, 4)));
    put(m, ") %s", nodes);
    free(nodes);
    m->n_values = outer;
}

static void put_choice(maker *m, const char *choices)
{
    if (!*choices || below(m, 32) == 31) {
        put_text(m);
        return;
    }
    uint32_t n = 1;
    for (const char *c = choices; *c; c++) n += *c == ',';
    const char *at = choices;
    for (uint32_t k = below(m, n); k > 0; k--) at = strchr(at, ',') + 2;
    put(m, "\"%.*s\"", (int)strcspn(at, ","), at);
}

static void put_attr(maker *m, const learnt_op *l, const learnt_attr *a, uint32_t n_in,
                     uint32_t n_out, int depth)
{
    static const uint32_t usual_lengths[] = { 2, 4, 1, 3, 2, 0, 5, 8 };
    const bool is_list = a->type == PARE_ATTR_INTS || a->type == PARE_ATTR_FLOATS ||
                         a->type == PARE_ATTR_STRINGS;
    put(m, "%s: %s = ", a->name, pare_attr_type_name(a->type));
    uint32_t n = is_list ? usual_lengths[below(m, 8)] : 1;
    if (is_list && below(m, 2)) n = (uint32_t)(m->usual_rank > 2 ? m->usual_rank - 2 : 1);
    if (is_list) put(m, "[");
    for (uint32_t i = 0; i < n; i++) {
        if (i) put(m, ", ");
        switch (a->type) {
        case PARE_ATTR_FLOAT:
        case PARE_ATTR_FLOATS: put_real(m); break;
        case PARE_ATTR_STRING:
        case PARE_ATTR_STRINGS: put_choice(m, a->choices); break;
        case PARE_ATTR_GRAPH: put_graph(m, l->op, n_in, n_out, depth); break;
        case PARE_ATTR_TENSOR: {
            const pare_dtype dtype = any_dtype(m);
            put_elements(m, dtype, put_type(m, dtype));
            break;
        }
        default: put_int(m);
        }
    }
    if (is_list) put(m, "]");
}

static bool is_graph_owner(const learnt_op *l)
{
    for (uint32_t i = 0; i < l->n_attrs; i++)
        if (l->attrs[i].type == PARE_ATTR_GRAPH) return true;
    return false;
}

static void put_node(maker *m, int depth)
{
    const learnt_op *l = &ops[below(m, n_ops > 256 ? n_ops : 257) % n_ops];
    while (depth >= MAX_DEPTH && is_graph_owner(l)) l = &ops[(uint32_t)(l - ops + 1) % n_ops];
    const pare_op *op = l->op;
    const uint32_t most_in = op->n_in.max == PARE_MANY ? op->n_in.min + 3 : op->n_in.max;
    const uint32_t most_out = op->n_out.max == PARE_MANY ? op->n_out.min + 2 : op->n_out.max;
    const uint32_t n_in = op->n_in.min + below(m, most_in - op->n_in.min + 1);
    uint32_t n_out = op->n_out.min + below(m, most_out - op->n_out.min + 1);
    if (!n_out) n_out = most_out ? 1 : 0;
    const uint32_t share = below(m, 4); /* of the attributes that are given */
    char *before = NULL;
    const size_t start = m->used;
    put(m, " %s%s%s <", op->domain, *op->domain ? "." : "", op->name);
    const char *separator = "";
    for (uint32_t i = 0; i < l->n_attrs; i++) {
        const learnt_attr *a = &l->attrs[i];
        if (a->type != PARE_ATTR_GRAPH && below(m, 4) >= share) continue;
        if (a->type == PARE_ATTR_SPARSE_TENSOR || a->type == PARE_ATTR_TYPE_PROTO) continue;
        put(m, "%s", separator);
        put_attr(m, l, a, n_in, n_out, depth);
        separator = ", ";
    }
    put(m, "> (");
    for (uint32_t i = 0; i < n_in; i++) {
        if (i) put(m, ", ");
        if (below(m, i < op->n_in.min ? 64 : 4) == 3) put(m, "\"\"");
        else put_value(m);
    }
    put(m, ")\n");
    before = strdup(m->text + start);
    m->used = start;
    for (uint32_t i = 0; i < n_out; i++) put(m, "%sv%u", i ? ", " : "", new_value(m));
    put(m, " =%s", before);
    free(before);
}

static void put_model(maker *m)
{
    static const int64_t versions[] = { 13, 18, 27, 11, 24, 21, 9, 1 };
    static const pare_dtype types[] = { PARE_FLOAT, PARE_FLOAT, PARE_FLOAT, PARE_INT64,
                                        PARE_DOUBLE, PARE_UINT8, PARE_FLOAT16, PARE_BFLOAT16 };
    static char nodes[TEXT_BYTES];
    const uint32_t head = below(m, 256);
    m->opset = below(m, 4) == 3 ? 1 + (int64_t)below(m, 27) : versions[head % 8];
    m->usual_type = types[head / 8 % 8];
    m->usual_rank = 1 + (int)(head / 64);
    for (int i = 0; i < 4; i++) m->usual[i] = (int64_t)("\1\2\3\4\2\2\0\5"[below(m, 8)]);
    const uint32_t n_constants = 3 + below(m, 6);
    char *constants = NULL;
    for (uint32_t i = 0; i < n_constants; i++) {
        const pare_dtype dtype = i == 0 ? m->usual_type : any_dtype(m);
        if (i) put(m, ", ");
        const int64_t n = put_type(m, dtype);
        put(m, " v%u =", new_value(m));
        put_elements(m, dtype, n);
    }
    constants = strdup(m->text);
    m->used = 0;
    const uint32_t n_nodes = 1 + below(m, 5);
    const uint32_t first = m->n_values;
    for (uint32_t i = 0; i < n_nodes; i++) put_node(m, 0);
    snprintf(nodes, sizeof(nodes), "%s", m->text);
    m->used = 0;
    put(m, "<ir_version: 13, opset_import: [\"\" : %d, \"com.microsoft\" : 1]>\ng () => (",
        (int)m->opset);
    for (uint32_t i = first; i < m->n_values; i++)
        put(m, "%sv%u", i > first ? ", " : "", m->values[i]);
    put(m, ") <%s> {\n%s}\n", constants, nodes);
    free(constants);
}

/* --- running ---------------------------------------------------------------------------------- */

static void evaluate(pare_ctx *ctx, const char *text, bool verbose)
{
    pare_model *model = NULL;
    pare_datum *out = NULL;
    const pare_eval_opts opts = { .seed = 1, .max_iterations = MAX_ITERATIONS };
    if (verbose) fprintf(stderr, "%s", text);
    pare_status st = pare_text_parse(ctx, &model, text);
    if (!st) {
        st = pare_eval_model(ctx, &out, model, NULL, 0, &opts);
        assert(st == PARE_OK || st == PARE_EFORMAT || st == PARE_EUNSUPPORTED ||
               st == PARE_EBUDGET || st == PARE_ENOMEM);
        assert(!st || ctx->message[0]);
        for (size_t i = 0; !st && i < model->graph->outputs.n; i++) pare_datum_drop(ctx, &out[i]);
        pare_free(ctx, out);
    }
    if (verbose) fprintf(stderr, "%s: %s\n", pare_status_name(st), st ? ctx->message : "");
    pare_model_free(ctx, model);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    static maker m;
    pare_ctx plain;
    pare_ctx ctx;
    pare_budget budget;
    if (!n_ops) learn_all();
    m = (maker){ .data = data, .n_bytes = n_bytes };
    put_model(&m);
    pare_ctx_init(&plain, NULL);
    pare_budget_init(&budget, &plain, BUDGET_BYTES);
    pare_ctx_init(&ctx, &(pare_ctx_opts){ .allocator = pare_budget_allocator(&budget) });
    evaluate(&ctx, m.text, getenv("FUZZ_PRINT") != NULL);
    assert(budget.live_bytes == 0);
    return 0;
}
