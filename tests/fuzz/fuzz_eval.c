/* Small graphs of operators from the table, made from the bytes: results or a refusal, never more;
 * and where there are results, a plan gives the same. Everything stands in the model's text, which
 * FUZZ_PRINT=1 in the environment prints; bytes that begin as such a text are taken for one, so
 * that findings outlive changes here. Attributes are those that the operator's resolve reads, of
 * the type it wants, mostly; recipes.h says which inputs go together. */
#include "fuzz/fuzz.h"

#include "fuzz/judge.h"
#include "fuzz/learnt.h"
#include "fuzz/recipes.h"
#include "ir/text.h"
#include "op/attrs.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES = 1 << 16, MAX_VALUES = 256, MAX_DEPTH = 2, MAX_ELEMENTS = 600 };

static const learnt_op *ops;
static uint32_t n_ops;

/* --- text ------------------------------------------------------------------------------------- */

typedef struct buffer {
    char text[TEXT_BYTES];
    size_t used;
} buffer;

typedef struct maker {
    const uint8_t *data;
    size_t n_bytes;
    buffer nodes, constants, inputs;
    buffer *to;               /* one of these */
    bool is_tame;             /* no infinities and the like */
    bool is_drawing;          /* from a generator, not the bytes */
    uint32_t drawn;
    int64_t sizes[26];        /* what letters of a recipe stand for; 0: not drawn yet */
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
    if (m->is_drawing) {
        m->drawn = m->drawn * 1664525 + 1013904223;
        return (m->drawn >> 16) % n;
    }
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
    const int n = vsnprintf(m->to->text + m->to->used, TEXT_BYTES - m->to->used, fmt, args);
    va_end(args);
    m->to->used += (size_t)n;
    if (m->to->used >= TEXT_BYTES) m->to->used = TEXT_BYTES - 1;
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
    const uint32_t kind = below(m, m->is_tame ? 25 : 64);
    if (kind >= 57) put(m, "%s", odd[kind - 57]);
    else put(m, "%g", ((double)(kind % 25) - 8) / 4);
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

/* The first from the bytes, others from a generator. */
static void put_elements(maker *m, pare_dtype dtype, int64_t n)
{
    put(m, " {");
    if (n > 8) m->drawn = below(m, 65536);
    for (int64_t i = 0; i < n; i++) {
        m->is_drawing = i >= 8;
        if (i) put(m, ", ");
        put_element(m, dtype);
    }
    m->is_drawing = false;
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
    if (strcmp(op->name, "FlexAttention") == 0) n_in = n_out = 1;
    if (below(m, 32) == 31) n_in++;
    put(m, "b%u (", m->n_names++);
    for (uint32_t i = 0; i < n_in; i++) put(m, "%sv%u", i ? ", " : "", new_value(m));
    /* The nodes first, as the outputs are chosen among their values. */
    const size_t head = m->to->used;
    put(m, "{ ");
    if (is_loop) {
        const uint32_t given = n_in > 1 ? m->values[m->n_values - n_in + 1] : value_before(m, 0);
        condition = new_value(m);
        put(m, "v%u = And (v%u, v%u) ", condition, given, given);
    }
    for (uint32_t i = 1 + below(m, 3); i > 0; i--) put_node(m, depth + 1);
    put(m, "}");
    char *nodes = strdup(m->to->text + head);
    m->to->used = head;
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

/* --- recipes ---------------------------------------------------------------------------------- */

static int64_t size_of(maker *m, char letter)
{
    int64_t *size = &m->sizes[letter - 'A'];
    if (!*size) {
        const uint32_t kind = below(m, 64);
        *size = kind == 63 ? 9 : kind == 62 ? 17 : 1 + (int64_t)("\0\1\2\3\1\2"[kind % 6]);
    }
    return *size;
}

/* A sum of products: "2HD+P". */
static int64_t eval_size(maker *m, const char **at)
{
    int64_t sum = 0;
    int64_t product = 1;
    for (;; ++*at) {
        if (isdigit((unsigned char)**at)) {
            char *end = NULL;
            product *= strtoll(*at, &end, 10);
            *at = end - 1;
        } else if (isupper((unsigned char)**at)) {
            product *= size_of(m, **at);
        } else {
            sum += product;
            product = 1;
            if (**at != '+') return sum;
        }
    }
}

/* One that is drawn anew at times. */
static int64_t mostly(maker *m, int64_t size)
{
    return below(m, 128) == 127 ? (int64_t)below(m, 6) : size;
}

static pare_dtype recipe_dtype(maker *m, const char **at)
{
    char name[16];
    size_t n = 0;
    while (islower((unsigned char)**at) || isdigit((unsigned char)**at) || **at == 'T')
        if (n < sizeof(name) - 1) name[n++] = *(*at)++;
    name[n] = '\0';
    if (below(m, 128) == 127) return any_dtype(m);
    for (int d = 1; d < PARE_N_DTYPES; d++)
        if (strcmp(pare_dtype_name((pare_dtype)d), name) == 0) return (pare_dtype)d;
    return m->usual_type;
}

static void put_listed(maker *m, const char **at, int64_t n, bool is_real)
{
    int64_t i = 0;
    put(m, " {");
    while (**at && **at != ' ') {
        const int64_t value = mostly(m, eval_size(m, at));
        if (i++ < n) put(m, "%s%lld%s", i > 1 ? ", " : "", (long long)value, is_real ? ".0" : "");
        if (**at == ',') ++*at;
    }
    for (; i < n; i++) put(m, "%s1", i ? ", " : "");
    put(m, "}");
}

static void put_indices(maker *m, const char **at, int64_t n)
{
    ++*at;
    const int64_t end = eval_size(m, at);
    put(m, " {");
    for (int64_t i = 0; i < n; i++)
        put(m, "%s%lld", i ? ", " : "",
            below(m, 256) == 255 ? -1LL : (long long)below(m, (uint32_t)end));
    put(m, "}");
}

/* A constant, or an input of the graph with a default, of which the number is returned. */
static uint32_t put_ingredient(maker *m, const char **at)
{
    char type[128];
    size_t used = 0;
    int64_t n = 1;
    buffer *to = m->to;
    const uint32_t number = m->n_names++;
    const pare_dtype dtype = recipe_dtype(m, at);
    const pare_dtype_class class = pare_dtype_of(dtype)->class;
    used += (size_t)snprintf(type, sizeof(type), "%s", pare_dtype_name(dtype));
    while (**at == '[' || **at == ',') {
        const char separator = *(*at)++;
        int64_t dim = mostly(m, eval_size(m, at));
        if (n * dim > MAX_ELEMENTS) dim = 1;
        n *= dim;
        used += (size_t)snprintf(type + used, sizeof(type) - used, "%c%lld", separator,
                                 (long long)dim);
        if (**at == ']') {
            snprintf(type + used, sizeof(type) - used, "]");
            ++*at;
        }
    }
    if (below(m, 2)) {
        m->to = &m->inputs;
        put(m, "%s%s v%u", m->inputs.used ? ", " : "", type, number);
    }
    m->to = &m->constants;
    put(m, "%s%s v%u =", m->constants.used ? ", " : "", type, number);
    const bool is_real = dtype == PARE_FLOAT || dtype == PARE_DOUBLE;
    const bool is_number = is_real || class == PARE_CLASS_INT || class == PARE_CLASS_UINT;
    if (**at == '=' && is_number && ++*at) put_listed(m, at, n, is_real);
    else if (**at == '<' && is_number) put_indices(m, at, n);
    else put_elements(m, dtype, n);
    m->to = to;
    while (**at && **at != ' ') ++*at;
    return number;
}

static void put_sized_attrs(maker *m, const char *text)
{
    while (*text) {
        if (*text != '$') {
            put(m, "%c", *text++);
            continue;
        }
        const bool is_nested = text[1] == '(';
        text += 1 + is_nested;
        put(m, "%lld", (long long)mostly(m, eval_size(m, &text)));
        text += is_nested;
    }
}

static const recipe *choose_recipe(maker *m, const learnt_op *l)
{
    if (!l->n_recipes || below(m, 8) == 7) return NULL;
    uint32_t k = below(m, l->n_recipes);
    for (size_t i = 0; i < N_RECIPES; i++)
        if (strcmp(recipes[i].op, l->op->name) == 0 && k-- == 0) return &recipes[i];
    return NULL;
}

/* Its inputs, of which trailing ones and any optional one may be missing. */
static void put_ingredients(maker *m, const learnt_op *l, const recipe *r)
{
    const char *at = r->inputs;
    const uint32_t end = below(m, 2) ? UINT32_MAX : l->op->n_in.min + below(m, 8);
    memset(m->sizes, 0, sizeof(m->sizes));
    for (uint32_t i = 0; *at && i < end; i++) {
        const uint32_t kind = below(m, 32);
        if (i) put(m, ", ");
        if (*at == '-' || (kind == 31 && i >= l->op->n_in.min)) put(m, "\"\"");
        else if (kind >= (i ? 30u : 20u)) put_value(m);
        else put(m, "v%u", put_ingredient(m, &at));
        while (*at && *at != ' ') at++;
        while (*at == ' ') at++;
    }
}

static void put_attrs(maker *m, const learnt_op *l, const recipe *r, uint32_t n_in, uint32_t n_out,
                      int depth)
{
    const uint32_t share = below(m, 4); /* of the attributes that are given */
    const char *separator = "";
    if (r && *r->attrs) {
        put_sized_attrs(m, r->attrs);
        separator = ", ";
    }
    for (uint32_t i = 0; i < l->n_attrs; i++) {
        const learnt_attr *a = &l->attrs[i];
        const bool is_wild = r && !*a->choices;
        const bool is_usual = a->is_needed && (a->type == PARE_ATTR_GRAPH || share < 3);
        if (!is_usual && below(m, is_wild ? 16 : 4) >= share) continue;
        if (a->type == PARE_ATTR_SPARSE_TENSOR || a->type == PARE_ATTR_TYPE_PROTO) continue;
        if (r && strstr(r->attrs, a->name)) continue;
        put(m, "%s", separator);
        put_attr(m, l, a, n_in, n_out, depth);
        separator = ", ";
    }
}

static void put_node(maker *m, int depth)
{
    const learnt_op *l = &ops[below(m, n_ops > 256 ? n_ops : 257) % n_ops];
    while (depth >= MAX_DEPTH && is_graph_owner(l)) l = &ops[(uint32_t)(l - ops + 1) % n_ops];
    const pare_op *op = l->op;
    const recipe *r = choose_recipe(m, l);
    const uint32_t most_in = op->n_in.max == PARE_MANY ? op->n_in.min + 3 : op->n_in.max;
    const uint32_t most_out = op->n_out.max == PARE_MANY ? op->n_out.min + 2 : op->n_out.max;
    const uint32_t n_in = op->n_in.min + below(m, most_in - op->n_in.min + 1);
    uint32_t n_out = op->n_out.min + below(m, most_out - op->n_out.min + 1);
    if (!n_out) n_out = most_out ? 1 : 0;
    const size_t start = m->to->used;
    char *inputs = NULL;
    if (r) {
        put_ingredients(m, l, r);
        inputs = strdup(m->to->text + start);
    }
    m->to->used = start;
    put(m, " %s%s%s <", op->domain, *op->domain ? "." : "", op->name);
    put_attrs(m, l, r, n_in, n_out, depth);
    put(m, "> (%s", inputs ? inputs : "");
    free(inputs);
    for (uint32_t i = 0; !r && i < n_in; i++) {
        if (i) put(m, ", ");
        if (below(m, i < op->n_in.min ? 64 : 4) == 3) put(m, "\"\"");
        else put_value(m);
    }
    put(m, ")\n");
    char *before = strdup(m->to->text + start);
    m->to->used = start;
    for (uint32_t i = 0; i < n_out; i++) put(m, "%sv%u", i ? ", " : "", new_value(m));
    put(m, " =%s", before);
    free(before);
}

static void put_constants(maker *m)
{
    const uint32_t n = 3 + below(m, 6);
    m->to = &m->constants;
    for (uint32_t i = 0; i < n; i++) {
        const pare_dtype dtype = i == 0 ? m->usual_type : any_dtype(m);
        if (i) put(m, ", ");
        const size_t start = m->to->used;
        const int64_t n_elements = put_type(m, dtype);
        const size_t end = m->to->used;
        put(m, " v%u =", new_value(m));
        put_elements(m, dtype, n_elements);
        if (below(m, 2)) continue;
        m->to = &m->inputs;
        put(m, "%s%.*s v%u", m->inputs.used ? ", " : "", (int)(end - start),
            m->constants.text + start, m->n_names - 1);
        m->to = &m->constants;
    }
}

/* Where to go back to. */
typedef struct maker_state {
    size_t nodes, constants, inputs;
    uint32_t n_values;
} maker_state;

static maker_state state_of(const maker *m)
{
    return (maker_state){ m->nodes.used, m->constants.used, m->inputs.used, m->n_values };
}

static void restore(maker *m, maker_state state)
{
    m->nodes.text[m->nodes.used = state.nodes] = '\0';
    m->constants.text[m->constants.used = state.constants] = '\0';
    m->inputs.text[m->inputs.used = state.inputs] = '\0';
    m->n_values = state.n_values;
}

/* The model as it stands, to text [4 * TEXT_BYTES]; its outputs are of values[first], ... */
static void put_whole(maker *m, uint32_t first, bool keeps_all, char *text)
{
    char outputs[16 * MAX_VALUES];
    size_t used = 0;
    for (uint32_t i = first; i < m->n_values; i++)
        if (keeps_all || i + 1 == m->n_values || below(m, 4) == 3)
            used += (size_t)snprintf(outputs + used, sizeof(outputs) - used, "%sv%u",
                                     used ? ", " : "", m->values[i]);
    outputs[used] = '\0';
    snprintf(text, 4 * TEXT_BYTES,
             "<ir_version: 13, opset_import: [\"\" : %d, \"com.microsoft\" : 1, "
             "\"ai.onnx.preview\" : 1]>\n"
             "g (%s) => (%s) <%s> {\n%s}\n",
             (int)m->opset, m->inputs.text, outputs, m->constants.text, m->nodes.text);
}

/* Nodes that fail are mostly taken back, so that others get somewhere. */
static void make_model(maker *m, char *text)
{
    static const int64_t versions[] = { 13, 18, 27, 23, 24, 21, 27, 11 };
    static const pare_dtype types[] = { PARE_FLOAT, PARE_FLOAT, PARE_FLOAT, PARE_INT64,
                                        PARE_DOUBLE, PARE_FLOAT, PARE_FLOAT16, PARE_BFLOAT16 };
    const uint32_t head = below(m, 256);
    m->is_tame = below(m, 4) != 3;
    m->opset = below(m, 8) == 7 ? 1 + (int64_t)below(m, 27) : versions[head % 8];
    m->usual_type = types[head / 8 % 8];
    m->usual_rank = 1 + (int)(head / 64);
    for (int i = 0; i < 4; i++) m->usual[i] = (int64_t)("\1\2\3\4\2\2\0\5"[below(m, 8)]);
    put_constants(m);
    const uint32_t n_nodes = 1 + below(m, 5);
    const uint32_t first = m->n_values;
    for (uint32_t i = 0; i < n_nodes; i++) {
        const maker_state before = state_of(m);
        m->to = &m->nodes;
        put_node(m, 0);
        if (i + 1 == n_nodes || below(m, 8) == 7) continue;
        put_whole(m, first, true, text);
        if (fuzz_judge(text)) restore(m, before);
    }
    put_whole(m, first, below(m, 2), text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    static const char head[] = "<ir_version";
    static maker m;
    static char text[4 * TEXT_BYTES];
    if (!n_ops) ops = learnt_ops(&n_ops);
    if (n_bytes >= sizeof(head) && memcmp(data, head, sizeof(head) - 1) == 0) {
        snprintf(text, sizeof(text), "%.*s", (int)n_bytes, (const char *)data);
    } else {
        m = (maker){ .data = data, .n_bytes = n_bytes };
        make_model(&m, text);
    }
    fuzz_judge(text);
    return 0;
}
