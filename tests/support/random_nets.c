#include "support/random_nets.h"

#include "base/rng.h"
#include "ir/graph.h"
#include "support/models.h"
#include "support/test.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_BYTES = 1 << 16 };

/* A model as text: constants are inputs at first, named by what is to fill them. */
typedef struct maker {
    pare_rng rng;
    char inputs[TEXT_BYTES], nodes[TEXT_BYTES];
    size_t n_inputs, n_nodes;
    int n;                    /* names so far */
    bool is_quantized;
} maker;

/* A feature map [2, c, size, size]. */
typedef struct map {
    int v, c, size;
} map;

static void append(char *text, size_t *at, const char *fmt, va_list args)
{
    const int n = vsnprintf(text + *at, TEXT_BYTES - *at, fmt, args);
    *at += (size_t)n;
    assert_true(*at < TEXT_BYTES);
}

static void __attribute__((format(printf, 2, 3))) emit(maker *m, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    append(m->nodes, &m->n_nodes, fmt, args);
    va_end(args);
}

static void __attribute__((format(printf, 2, 3))) declare(maker *m, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    append(m->inputs, &m->n_inputs, fmt, args);
    va_end(args);
}

static int below(maker *m, int n)
{
    return (int)(pare_rng_next(&m->rng) % (uint64_t)n);
}

/* Multiples of 4, so that what follows may cut them. */
static int width(maker *m)
{
    return 4 * (1 + below(m, 3));
}

/* --- pieces ----------------------------------------------------------------------------------- */

/* Through a quantizer, where the network is quantized. */
static int quantize(maker *m, int x)
{
    if (!m->is_quantized) return x;
    const int q = m->n++, y = m->n++;
    declare(m, ", float sa%d, uint8 za%d", q, q);
    emit(m, "  v%d = QuantizeLinear(v%d, sa%d, za%d)\n", q, x, q, q);
    emit(m, "  v%d = DequantizeLinear(v%d, sa%d, za%d)\n", y, q, q, q);
    return y;
}

/* A weight [rows, ...]; dims is what follows the rows. Scales lie along an axis. */
static int weight(maker *m, int n, const char *dims, int axis)
{
    const int w = m->n++;
    if (!m->is_quantized) {
        declare(m, ", float[%s] w%d", dims, w);
        emit(m, "  v%d = Identity(w%d)\n", w, w);
        return w;
    }
    declare(m, ", uint8[%s] q%d, float[%d] s%d, uint8[%d] z%d", dims, w, n, w, n, w);
    emit(m, "  v%d = DequantizeLinear<axis = %d>(q%d, s%d, z%d)\n", w, axis, w, w, w);
    return w;
}

static int bias(maker *m, int n)
{
    const int b = m->n++;
    declare(m, ", float[%d] w%d", n, b);
    return b;
}

static map conv(maker *m, map x, int c, int k, int stride, int group)
{
    char dims[64];
    const int in = quantize(m, x.v);
    snprintf(dims, sizeof(dims), "%d,%d,%d,%d", c, x.c / group, k, k);
    const int w = weight(m, c, dims, 0), b = bias(m, c);
    const map y = { m->n++, c, (x.size + stride - 1) / stride };
    const int pad = k / 2;
    emit(m, "  v%d = Conv<pads = [%d, %d, %d, %d], strides = [%d, %d], group = %d>"
         "(v%d, v%d, w%d)\n", y.v, pad, pad, pad, pad, stride, stride, group, in, w, b);
    return y;
}

static map unary(maker *m, map x, const char *op)
{
    const map y = { m->n++, x.c, x.size };
    emit(m, "  v%d = %s(v%d)\n", y.v, op, x.v);
    return y;
}

static map activate(maker *m, map x)
{
    static const char *const ops[] = { "Relu", "LeakyRelu", "HardSwish", "Tanh", "Sigmoid", "Elu" };
    return unary(m, x, ops[below(m, 6)]);
}

static map binary(maker *m, map a, map b, const char *op)
{
    const map y = { m->n++, a.c, a.size };
    emit(m, "  v%d = %s(v%d, v%d)\n", y.v, op, a.v, b.v);
    return y;
}

static map batch_norm(maker *m, map x)
{
    const map y = { m->n++, x.c, x.size };
    declare(m, ", float[%d] w%da, float[%d] w%db, float[%d] w%dc, float[%d] s%dd", x.c, y.v, x.c,
            y.v, x.c, y.v, x.c, y.v);
    emit(m, "  v%d = BatchNormalization(v%d, w%da, w%db, w%dc, s%dd)\n", y.v, x.v, y.v, y.v, y.v,
         y.v);
    return y;
}

/* Channels side by side. */
static map join(maker *m, map a, map b)
{
    const map y = { m->n++, a.c + b.c, a.size };
    emit(m, "  v%d = Concat<axis = 1>(v%d, v%d)\n", y.v, a.v, b.v);
    return y;
}

static void halve(maker *m, map x, map *a, map *b)
{
    *a = (map){ m->n++, x.c / 2, x.size };
    *b = (map){ m->n++, x.c / 2, x.size };
    emit(m, "  v%d, v%d = Split<axis = 1, num_outputs = 2>(v%d)\n", a->v, b->v, x.v);
}

/* --- tokens: [2, size * size, c] -------------------------------------------------------------- */

static int to_tokens(maker *m, map x)
{
    const int flat = m->n++, y = m->n++;
    emit(m, "  v%d = Reshape(v%d, Constant%d)\n", flat, x.v, flat);
    declare(m, ", int64[3] Constant%d_2_%d_%d", flat, x.c, x.size * x.size);
    emit(m, "  v%d = Transpose<perm = [0, 2, 1]>(v%d)\n", y, flat);
    return y;
}

static map from_tokens(maker *m, int tokens, int c, int size)
{
    const int turned = m->n++;
    const map y = { m->n++, c, size };
    emit(m, "  v%d = Transpose<perm = [0, 2, 1]>(v%d)\n", turned, tokens);
    emit(m, "  v%d = Reshape(v%d, Constant%d)\n", y.v, turned, y.v);
    declare(m, ", int64[4] Constant%d_2_%d_%d_%d", y.v, c, size, size);
    return y;
}

static int project(maker *m, int tokens, int in, int out)
{
    char dims[64];
    const int x = quantize(m, tokens);
    snprintf(dims, sizeof(dims), "%d,%d", in, out);
    const int w = weight(m, out, dims, 1), product = m->n++, b = bias(m, out), y = m->n++;
    emit(m, "  v%d = MatMul(v%d, v%d)\n  v%d = Add(v%d, w%d)\n", product, x, w, y, product, b);
    return y;
}

static int to_heads(maker *m, int tokens, int n_tokens, int heads, int size, const char *perm)
{
    const int apart = m->n++, y = m->n++;
    emit(m, "  v%d = Reshape(v%d, Constant%d)\n", apart, tokens, apart);
    declare(m, ", int64[4] Constant%d_2_%d_%d_%d", apart, n_tokens, heads, size);
    emit(m, "  v%d = Transpose<perm = [%s]>(v%d)\n", y, perm, apart);
    return y;
}

static int attend(maker *m, int q, int k, int v, int n_tokens, int heads, int size)
{
    const int a = to_heads(m, q, n_tokens, heads, size, "0, 2, 1, 3");
    const int b = to_heads(m, k, n_tokens, heads, size, "0, 2, 3, 1");
    const int c = to_heads(m, v, n_tokens, heads, size, "0, 2, 1, 3");
    const int scores = m->n++, parts = m->n++, mixed = m->n++, turned = m->n++, y = m->n++;
    emit(m, "  v%d = MatMul(v%d, v%d)\n  v%d = Softmax<axis = -1>(v%d)\n", scores, a, b, parts,
         scores);
    emit(m, "  v%d = MatMul(v%d, v%d)\n  v%d = Transpose<perm = [0, 2, 1, 3]>(v%d)\n", mixed, parts,
         c, turned, mixed);
    emit(m, "  v%d = Reshape(v%d, Constant%d)\n", y, turned, y);
    declare(m, ", int64[3] Constant%d_2_%d_%d", y, n_tokens, heads * size);
    return y;
}

/* --- blocks ----------------------------------------------------------------------------------- */

static map plain(maker *m, map x)
{
    const map y = conv(m, x, width(m), below(m, 2) ? 3 : 1, 1, 1);
    return activate(m, below(m, 2) ? batch_norm(m, y) : y);
}

static map residual(maker *m, map x)
{
    const map inner = activate(m, conv(m, x, width(m), 3, 1, 1));
    return unary(m, binary(m, conv(m, inner, x.c, 3, 1, 1), x, "Add"), "Relu");
}

static map concat(maker *m, map x)
{
    const map a = activate(m, conv(m, x, width(m), 1, 1, 1)), b = conv(m, x, width(m), 3, 1, 1);
    return below(m, 2) ? join(m, join(m, a, b), x) : join(m, a, b);
}

static map swap(maker *m, map x)
{
    map a, b;
    halve(m, x, &a, &b);
    return join(m, b, activate(m, conv(m, a, a.c, 3, 1, 1)));
}

/* A grouped convolution, its channels shuffled, another. */
static map shuffle(maker *m, map x)
{
    const int group = 2, c = width(m);
    const map first = conv(m, x, c, 1, 1, group);
    const int apart = m->n++, turned = m->n++;
    const map y = { m->n++, c, x.size };
    emit(m, "  v%d = Reshape(v%d, Constant%d)\n", apart, first.v, apart);
    declare(m, ", int64[5] Constant%d_2_%d_%d_%d_%d", apart, group, c / group, x.size, x.size);
    emit(m, "  v%d = Transpose<perm = [0, 2, 1, 3, 4]>(v%d)\n", turned, apart);
    emit(m, "  v%d = Reshape(v%d, Constant%d)\n", y.v, turned, y.v);
    declare(m, ", int64[4] Constant%d_2_%d_%d_%d", y.v, c, x.size, x.size);
    return conv(m, y, width(m), 3, 1, group);
}

static map mobile(maker *m, map x)
{
    const map wide = activate(m, conv(m, x, 2 * x.c, 1, 1, 1));
    const map deep = activate(m, conv(m, wide, wide.c * (1 + below(m, 2)), 3, 1, wide.c));
    return conv(m, deep, width(m), 1, 1, 1);
}

static map transposed(maker *m, map x)
{
    char dims[64];
    const int c = width(m), group = below(m, 2) ? 2 : 1, in = quantize(m, x.v);
    snprintf(dims, sizeof(dims), "%d,%d,2,2", x.c, c / group);
    const int w = weight(m, group == 1 ? c : x.c, dims, group == 1 ? 1 : 0), b = bias(m, c);
    const map y = { m->n++, c, 2 * x.size };
    emit(m, "  v%d = ConvTranspose<strides = [2, 2], group = %d>(v%d, v%d, w%d)\n", y.v, group, in,
         w, b);
    return y;
}

static map excite(maker *m, map x)
{
    const map y = conv(m, x, width(m), 3, 1, 1);
    map pooled = { m->n++, y.c, 1 };
    emit(m, "  v%d = GlobalAveragePool(v%d)\n", pooled.v, y.v);
    const map inner = unary(m, conv(m, pooled, 4, 1, 1, 1), "Relu");
    return binary(m, y, unary(m, conv(m, inner, y.c, 1, 1, 1), "HardSigmoid"), "Mul");
}

static map self_attend(maker *m, map x)
{
    const int n = x.size * x.size, heads = 1 + below(m, 3), size = 4, hidden = heads * size;
    const int tokens = to_tokens(m, x);
    int q = project(m, tokens, x.c, hidden), k = project(m, tokens, x.c, hidden);
    const int v = project(m, tokens, x.c, hidden);
    if (!below(m, 3)) { /* not zero without weights: places of heads are lossy */
        emit(m, "  v%d = Sigmoid(v%d)\n  v%d = Sigmoid(v%d)\n", m->n, q, m->n + 1, k);
        q = m->n++;
        k = m->n++;
    }
    const int y = project(m, attend(m, q, k, v, n, heads, size), hidden, x.c);
    return binary(m, from_tokens(m, y, x.c, x.size), x, "Add");
}

/* One product gives all three. */
static map fused_attend(maker *m, map x)
{
    const int n = x.size * x.size, heads = 2 + below(m, 2), size = 4, hidden = heads * size;
    const int all = project(m, to_tokens(m, x), x.c, 3 * hidden), q = m->n++, k = m->n++,
              v = m->n++;
    emit(m, "  v%d, v%d, v%d = Split<axis = 2, num_outputs = 3>(v%d)\n", q, k, v, all);
    const int y = project(m, attend(m, q, k, v, n, heads, size), hidden, x.c);
    return from_tokens(m, y, x.c, x.size);
}

/* One operator does it: of ONNX, with keys that queries share, or of ONNX Runtime. */
static map attention(maker *m, map x)
{
    const bool is_shared = below(m, 2);
    const int heads = 4, kv = is_shared ? 2 : heads, size = 4, tokens = to_tokens(m, x);
    const int q = project(m, tokens, x.c, heads * size), k = project(m, tokens, x.c, kv * size);
    const int v = project(m, tokens, x.c, kv * size), y = m->n++;
    if (is_shared)
        emit(m, "  v%d = Attention<q_num_heads = %d, kv_num_heads = %d>(v%d, v%d, v%d)\n", y, heads,
             kv, q, k, v);
    else
        emit(m, "  v%d = com.microsoft.MultiHeadAttention<num_heads = %d>(v%d, v%d, v%d)\n", y,
             heads, q, k, v);
    return from_tokens(m, project(m, y, heads * size, x.c), x.c, x.size);
}

static map gate(maker *m, map x)
{
    map a, b;
    halve(m, conv(m, x, 2 * width(m), 1, 1, 1), &a, &b);
    return binary(m, a, unary(m, b, "Sigmoid"), "Mul");
}

static map pool(maker *m, map x)
{
    static const char *const ops[] = { "MaxPool", "AveragePool" };
    const map from = activate(m, conv(m, x, width(m), 1, 1, 1));
    if (x.size < 4) return from;
    const map y = { m->n++, from.c, x.size / 2 };
    emit(m, "  v%d = %s<kernel_shape = [2, 2], strides = [2, 2]>(v%d)\n", y.v, ops[below(m, 2)],
         from.v);
    return y;
}

static map unshuffle(maker *m, map x)
{
    static const char *const modes[] = { "DCR", "CRD" };
    const map from = conv(m, x, 4 * width(m), 1, 1, 1);
    const map y = { m->n++, from.c / 4, 2 * x.size };
    emit(m, "  v%d = DepthToSpace<blocksize = 2, mode = \"%s\">(v%d)\n", y.v, modes[below(m, 2)],
         from.v);
    return y;
}

/* Some channels go on alone, the others as zeros. */
static map slice(maker *m, map x)
{
    const map from = conv(m, x, 8, 3, 1, 1);
    const int part = m->n++;
    const map y = { m->n++, 8, x.size };
    emit(m, "  v%d = Slice(v%d, Constant%da, Constant%db, Constant%dc)\n", part, from.v, part, part,
         part);
    declare(m, ", int64[1] Constant%da_2, int64[1] Constant%db_6, int64[1] Constant%dc_1", part,
            part, part);
    emit(m, "  v%d = Pad(v%d, Constant%d)\n", y.v, part, y.v);
    declare(m, ", int64[8] Constant%d_0_1_0_0_0_3_0_0", y.v);
    return binary(m, y, from, "Add");
}

static map recur(maker *m, map x)
{
    static const char *const ops[] = { "LSTM", "GRU", "RNN" };
    static const int gates[] = { 4, 3, 1 };
    const int kind = below(m, 3), h = width(m), n = gates[kind] * h, y = m->n++, flat = m->n++;
    const int tokens = to_tokens(m, x), turned = m->n++, back = m->n++;
    emit(m, "  v%d = Transpose<perm = [1, 0, 2]>(v%d)\n", turned, tokens);
    declare(m, ", float[1,%d,%d] w%da, float[1,%d,%d] w%db, float[1,%d] w%dc", n, x.c, y, n, h, y,
            2 * n, y);
    emit(m, "  v%d = %s<hidden_size = %d>(v%d, w%da, w%db, w%dc)\n", y, ops[kind], h, turned, y, y,
         y);
    emit(m, "  v%d = Squeeze(v%d, Constant%d)\n", flat, y, flat);
    declare(m, ", int64[1] Constant%d_1", flat);
    emit(m, "  v%d = Transpose<perm = [1, 0, 2]>(v%d)\n", back, flat);
    return from_tokens(m, back, h, x.size);
}

static map slope(maker *m, map x)
{
    const map from = conv(m, x, width(m), 3, 1, 1);
    const map y = { m->n++, from.c, x.size };
    declare(m, ", float[%d,1,1] w%d", from.c, y.v);
    emit(m, "  v%d = PRelu(v%d, w%d)\n", y.v, from.v, y.v);
    return y;
}

static map einsum(maker *m, map x)
{
    const map y = { m->n++, width(m), x.size };
    declare(m, ", float[%d,%d] w%d", y.c, x.c, y.v);
    emit(m, "  v%d = Einsum<equation = \"nchw,dc->ndhw\">(v%d, w%d)\n", y.v, x.v, y.v);
    return activate(m, y);
}

static const struct { const char *name; map (*make)(maker *m, map x); } kinds[] = {
    { "plain", plain },           { "residual", residual }, { "concat", concat },
    { "swap", swap },             { "shuffle", shuffle },   { "mobile", mobile },
    { "transposed", transposed }, { "excite", excite },     { "self_attend", self_attend },
    { "fused_attend", fused_attend }, { "attention", attention }, { "gate", gate },
    { "pool", pool },             { "unshuffle", unshuffle }, { "slice", slice },
    { "recur", recur },           { "slope", slope },       { "einsum", einsum },
};

static_assert(sizeof(kinds) / sizeof(kinds[0]) == TEST_RANDOM_KINDS, "all are counted");

const char *test_random_kind(int kind)
{
    return kinds[kind].name;
}

/* --- constants -------------------------------------------------------------------------------- */

static double uniform(pare_rng *rng)
{
    return (double)(pare_rng_next(rng) >> 11) * 0x1p-53;
}

/* Numbers behind the underscores of a name: "Constant7_2_16". */
static void fill_ints(const char *name, int64_t *out, int64_t n)
{
    const char *at = strchr(name, '_');
    for (int64_t i = 0; i < n; i++, at = strchr(at + 1, '_')) out[i] = strtoll(at + 1, NULL, 10);
}

static void fill(pare_rng *rng, const char *name, const pare_tensor *t, uint8_t *data)
{
    float *x = (float *)(void *)data;
    for (int64_t i = 0; i < t->n_elements; i++) {
        const double u = uniform(rng);
        const double least = name[1] == 'a' ? 0.02 : 0.003;
        if (t->dtype == PARE_UINT8) data[i] = (uint8_t)(name[0] == 'z' ? 120 + 16 * u : 255 * u);
        else if (name[0] == 's') x[i] = (float)(least + least * u);
        else if (t->dtype == PARE_FLOAT) x[i] = (float)(u - 0.5);
    }
    if (name[0] == 's' && t->rank == 1 && strchr(name, 'd')) /* variances */
        for (int64_t i = 0; i < t->n_elements; i++) x[i] = 0.5f + 100 * x[i];
    if (t->dtype == PARE_INT64 && strchr(name, '_'))
        fill_ints(name, (int64_t *)(void *)data, t->n_elements);
    int64_t numbers[16] = { 0 };
    if (t->dtype != PARE_INT32) return;
    assert_true(t->n_elements <= 16);
    if (strchr(name, '_')) fill_ints(name, numbers, t->n_elements);
    for (int64_t i = 0; i < t->n_elements; i++) ((int32_t *)(void *)data)[i] = (int32_t)numbers[i];
}

void test_random_bind(pare_ctx *ctx, pare_model *model, uint64_t seed)
{
    pare_rng rng = { .state = seed };
    for (size_t i = 0; i < model->graph->inputs.n; i++) {
        const pare_value_id v = model->graph->inputs.items[i].value;
        const pare_type *type = model->values[v].type;
        int64_t dims[8];
        pare_tensor *t = NULL;
        uint8_t *data = NULL;
        if (strcmp(model->values[v].name, "x") == 0) continue;
        for (uint32_t k = 0; k < type->rank; k++) dims[k] = type->dims[k].value;
        assert_int_equal(pare_tensor_new(ctx, &t, type->dtype, type->rank, dims), PARE_OK);
        assert_int_equal(pare_tensor_own(ctx, &t, &data), PARE_OK);
        fill(&rng, model->values[v].name, t, data);
        assert_int_equal(pare_value_set_tensor(ctx, model, v, t), PARE_OK);
        pare_tensor_unref(t);
    }
    pare_graph_drop_default_inputs(model->graph);
}

/* --- whole networks --------------------------------------------------------------------------- */

/* Names of shapes say what these are, once where they are made and once where they are used. */
static void rename_uses(char *text, const maker *m)
{
    for (const char *at = strstr(m->inputs, "Constant"); at; at = strstr(at + 1, "Constant")) {
        char full[64], stem[64];
        size_t n = strcspn(at, ",");
        snprintf(full, sizeof(full), "%.*s", (int)n, at);
        snprintf(stem, sizeof(stem), "%.*s", (int)strcspn(full, "_"), full);
        for (char *use = strstr(text, stem); use; use = strstr(use + 1, stem)) {
            const char after = use[strlen(stem)];
            const size_t grow = strlen(full) - strlen(stem);
            if (after != ')' && after != ',') continue;
            memmove(use + strlen(full), use + strlen(stem), strlen(use + strlen(stem)) + 1);
            memcpy(use, full, strlen(full));
            use += grow;
        }
    }
}

static map end(maker *m, map x)
{
    const map pooled = { m->n++, x.c, 1 };
    emit(m, "  v%d = GlobalAveragePool(v%d)\n", pooled.v, x.v);
    const map y = conv(m, pooled, 5, 1, 1, 1);
    emit(m, "  y = Flatten(v%d)\n", y.v);
    return y;
}

pare_model *test_random_net(pare_ctx *ctx, const test_random_opts *opts, uint32_t *seen)
{
    maker *m = calloc(1, sizeof(*m));
    char *text = malloc(3 * TEXT_BYTES);
    assert_non_null(m);
    assert_non_null(text);
    m->rng.state = opts->seed;
    m->is_quantized = opts->is_quantized;
    *seen = 0;
    map x = { m->n++, 3, 8 };
    emit(m, "  v%d = Identity(x)\n", x.v);
    x = conv(m, x, 8, 3, 2, 1);
    for (int i = 0; i < opts->n_blocks; i++) {
        const int kind = below(m, TEST_RANDOM_KINDS);
        if (x.c > 32 || x.size > 8) x = pool(m, x);
        *seen |= 1u << kind;
        x = kinds[kind].make(m, x);
    }
    end(m, x);
    snprintf(text, 3 * TEXT_BYTES,
             "<ir_version: 10, opset_import: [\"\" : 23, \"com.microsoft\" : 1]>\n"
             "g (float[2,3,8,8] x%s) => (float[2,5] y) {\n%s}\n", m->inputs, m->nodes);
    rename_uses(text, m);
    pare_model *model = test_model_parse(ctx, text);
    test_random_bind(ctx, model, opts->seed + 1);
    free(text);
    free(m);
    return model;
}

pare_tensor *test_random_input(pare_ctx *ctx, uint64_t seed)
{
    static const int64_t dims[] = { 2, 3, 8, 8 };
    pare_rng rng = { .state = seed };
    float data[2 * 3 * 8 * 8];
    pare_tensor *t = NULL;
    for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++)
        data[i] = (float)(2 * uniform(&rng) - 1);
    assert_int_equal(pare_tensor_from(ctx, &t, PARE_FLOAT, 4, dims, data), PARE_OK);
    return t;
}
