/* Training the network of testdata/shapes: four convolutions, a mean and a linear layer, by
 * gradient descent with momentum on squared errors. One thread, single precision, every sum in one
 * order; on x86-64 without fused multiply-adds, hence the same bits from every compiler. */
#include "formats/onnx/onnx.h"
#include "support/nets/layer.h"
#include "testdata/shapes.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N_CONVS = 4, TAPS = 9, WIDE = 16, BATCH = 16, N_STEPS = 2000, MOST = 64 };

/* Layouts are the pixel first, then the channel; weights are tap, input, output. */
typedef struct conv {
    int in, out, stride, side_in, side_out;
    float *w, *dw, *vw; /* [TAPS * in * out] */
    float b[MOST], db[MOST], vb[MOST];
    float *y, *dy;      /* [side_out * side_out * out], after Relu */
} conv;

typedef struct trained {
    conv convs[N_CONVS];
    float w[MOST * SHAPES_CLASSES], dw[MOST * SHAPES_CLASSES], vw[MOST * SHAPES_CLASSES];
    float b[SHAPES_CLASSES], db[SHAPES_CLASSES], vb[SHAPES_CLASSES];
    float image[SHAPES_PIXELS], mean[MOST], y[SHAPES_CLASSES];
} trained;

static void begin(trained *t)
{
    static const int channels[] = { 1, 16, 32, 64, 64 }, strides[] = { 1, 2, 2, 1 };
    pare_rng rng = pare_rng_named(1, "weights of shapes");
    int side = SHAPES_SIDE;
    for (int i = 0; i < N_CONVS; i++) {
        conv *const c = &t->convs[i];
        const int n = TAPS * channels[i] * channels[i + 1];
        *c = (conv){ channels[i], channels[i + 1], strides[i], side, side / strides[i],
                     .w = calloc((size_t)n, 4), .dw = calloc((size_t)n, 4),
                     .vw = calloc((size_t)n, 4) };
        side = c->side_out;
        c->y = calloc((size_t)(side * side * c->out), 4);
        c->dy = calloc((size_t)(side * side * c->out), 4);
        const double scale = sqrt(2.0 / (TAPS * c->in));
        for (int k = 0; k < n; k++) c->w[k] = (float)(scale * pare_rng_normal(&rng));
    }
    for (int k = 0; k < MOST * SHAPES_CLASSES; k++) t->w[k] = (float)(pare_rng_normal(&rng) / 8);
}

static void end(trained *t)
{
    for (int i = 0; i < N_CONVS; i++) {
        conv *const c = &t->convs[i];
        free(c->w), free(c->dw), free(c->vw), free(c->y), free(c->dy);
    }
}

/* y += a * x, for a whole number of groups of WIDE. */
static void axpy(int n, float a, const float *restrict x, float *restrict y)
{
    for (int i = 0; i < n; i += WIDE)
        for (int k = 0; k < WIDE; k++) y[i + k] += a * x[i + k];
}

/* The input pixel of a tap, or NULL for one beyond the edge. */
static const float *pixel_at(const conv *c, const float *x, int out, int tap)
{
    const int row = out / c->side_out * c->stride + tap / 3 - 1;
    const int column = out % c->side_out * c->stride + tap % 3 - 1;
    if (row < 0 || column < 0 || row >= c->side_in || column >= c->side_in) return NULL;
    return x + (row * c->side_in + column) * c->in;
}

static void conv_forward(conv *c, const float *x)
{
    for (int p = 0; p < c->side_out * c->side_out; p++) {
        float *const y = c->y + p * c->out;
        memcpy(y, c->b, (size_t)c->out * sizeof(*y));
        for (int tap = 0; tap < TAPS; tap++) {
            const float *const in = pixel_at(c, x, p, tap);
            const float *const w = c->w + tap * c->in * c->out;
            for (int k = 0; in && k < c->in; k++)
                if (in[k] != 0) axpy(c->out, in[k], w + k * c->out, y);
        }
        for (int k = 0; k < c->out; k++) y[k] = y[k] > 0 ? y[k] : 0;
    }
}

/* Sixteen sums and then one, always in this order. */
static float dot(int n, const float *x, const float *y)
{
    float sums[WIDE] = { 0 }, sum = 0;
    for (int i = 0; i < n; i += WIDE)
        for (int k = 0; k < WIDE; k++) sums[k] += x[i + k] * y[i + k];
    for (int k = 0; k < WIDE; k++) sum += sums[k];
    return sum;
}

/* Adds to dw and db; to dx where there is one. */
static void conv_backward(conv *c, const float *x, float *dx)
{
    for (int p = 0; p < c->side_out * c->side_out; p++) {
        float *const dy = c->dy + p * c->out;
        for (int k = 0; k < c->out; k++) dy[k] = c->y[p * c->out + k] > 0 ? dy[k] : 0;
        axpy(c->out, 1, dy, c->db);
        for (int tap = 0; tap < TAPS; tap++) {
            const float *const in = pixel_at(c, x, p, tap);
            const int at = tap * c->in * c->out;
            for (int k = 0; in && k < c->in; k++) {
                if (in[k] != 0) axpy(c->out, in[k], dy, c->dw + at + k * c->out);
                if (dx) dx[in - x + k] += dot(c->out, c->w + at + k * c->out, dy);
            }
        }
    }
}

static int forward(trained *t, const uint8_t *pixels)
{
    const float *x = t->image;
    int best = 0;
    for (int i = 0; i < SHAPES_PIXELS; i++) t->image[i] = (float)pixels[i] / 255;
    for (int i = 0; i < N_CONVS; x = t->convs[i++].y) conv_forward(&t->convs[i], x);
    const conv *const last = &t->convs[N_CONVS - 1];
    const int n = last->side_out * last->side_out;
    memset(t->mean, 0, sizeof(t->mean));
    for (int p = 0; p < n; p++) axpy(MOST, 1.0F / (float)n, last->y + p * MOST, t->mean);
    for (int k = 0; k < SHAPES_CLASSES; k++) {
        t->y[k] = t->b[k] + dot(MOST, t->mean, t->w + k * MOST);
        if (t->y[k] > t->y[best]) best = k;
    }
    return best;
}

static void backward(trained *t, int class)
{
    conv *const last = &t->convs[N_CONVS - 1];
    const int n = last->side_out * last->side_out;
    float dmean[MOST] = { 0 };
    for (int k = 0; k < SHAPES_CLASSES; k++) {
        const float d = (t->y[k] - (float)(k == class)) / BATCH;
        t->db[k] += d;
        axpy(MOST, d, t->mean, t->dw + k * MOST);
        axpy(MOST, d / (float)n, t->w + k * MOST, dmean);
    }
    for (int p = 0; p < n; p++) memcpy(last->dy + p * MOST, dmean, sizeof(dmean));
    for (int i = N_CONVS - 1; i >= 0; i--) {
        conv *const c = &t->convs[i];
        float *const dx = i ? t->convs[i - 1].dy : NULL;
        if (dx) memset(dx, 0, (size_t)(c->side_in * c->side_in * c->in) * sizeof(*dx));
        conv_backward(c, i ? t->convs[i - 1].y : t->image, dx);
    }
}

/* One step of descent; gradients start anew. */
static void descend(int n, float rate, float *w, float *dw, float *v)
{
    for (int i = 0; i < n; i++) {
        v[i] = 0.9F * v[i] - rate * (dw[i] + 1e-4F * w[i]);
        w[i] += v[i];
        dw[i] = 0;
    }
}

static void step(trained *t, float rate)
{
    for (int i = 0; i < N_CONVS; i++) {
        conv *const c = &t->convs[i];
        descend(TAPS * c->in * c->out, rate, c->w, c->dw, c->vw);
        descend(c->out, rate, c->b, c->db, c->vb);
    }
    descend(MOST * SHAPES_CLASSES, rate, t->w, t->dw, t->vw);
    descend(SHAPES_CLASSES, rate, t->b, t->db, t->vb);
}

static void train(trained *t)
{
    pare_rng rng = pare_rng_named(2, "shapes to learn from");
    uint8_t pixels[SHAPES_PIXELS];
    int n_right = 0;
    for (int i = 0; i < N_STEPS; i++) {
        for (int k = 0; k < BATCH; k++) {
            const int class = (int)(pare_rng_next(&rng) % SHAPES_CLASSES);
            shapes_draw(&rng, class, pixels);
            n_right += forward(t, pixels) == class;
            backward(t, class);
        }
        const float left = (float)(N_STEPS - i) / N_STEPS;
        step(t, 0.1F * left * (i < 50 ? (float)(i + 1) / 50 : 1));
        if (i % 200 != 199) continue;
        fprintf(stderr, "step %d: %.1f %% right\n", i + 1, 100.0 * n_right / (200 * BATCH));
        n_right = 0;
    }
}

/* --- as a model ------------------------------------------------------------------------------- */

static pare_value_id emit_conv(net *n, const conv *c, int number, pare_value_id x)
{
    char name[64];
    const int64_t dims[] = { c->out, c->in, 3, 3 }, bias_dims[] = { c->out };
    float *const w = calloc((size_t)(c->out * c->in * TAPS), sizeof(*w));
    for (int o = 0; o < c->out; o++)
        for (int k = 0; k < c->in; k++)
            for (int tap = 0; tap < TAPS; tap++)
                w[(o * c->in + k) * TAPS + tap] = c->w[(tap * c->in + k) * c->out + o];
    snprintf(name, sizeof(name), "conv%d.weight", number);
    const pare_value_id weight = pare_build_floats(&n->b, name, w, 4, dims);
    snprintf(name, sizeof(name), "conv%d.bias", number);
    const pare_value_id bias = pare_build_floats(&n->b, name, c->b, 1, bias_dims);
    free(w);
    pare_emit(&n->b, "Conv", x, weight, bias);
    pare_build_ints(&n->b, "kernel_shape", dims + 2, 2);
    pare_build_ints(&n->b, "pads", (const int64_t[]){ 1, 1, 1, 1 }, 4);
    pare_build_ints(&n->b, "strides", (const int64_t[]){ c->stride, c->stride }, 2);
    snprintf(name, sizeof(name), "conv%d", number);
    x = net_name(n, name);
    pare_emit(&n->b, "Relu", x);
    snprintf(name, sizeof(name), "relu%d", number);
    return net_name(n, name);
}

static pare_status save(pare_ctx *ctx, const trained *t, const char *path)
{
    static const int64_t in[] = { 1, 1, SHAPES_SIDE, SHAPES_SIDE }, out[] = { 1, SHAPES_CLASSES };
    static const int64_t dims[] = { SHAPES_CLASSES, MOST };
    const net_opts opts = { .weights = NET_WEIGHTS_SEEDED, .seed = 1, .batch = 1, .opset = 17 };
    pare_model *model = NULL;
    net n;
    net_begin(&n, ctx, "shapes", &opts);
    pare_value_id x = pare_build_input(&n.b, "image", net_type(&n, PARE_FLOAT, 4, in));
    for (int i = 0; i < N_CONVS; i++) x = emit_conv(&n, &t->convs[i], i + 1, x);
    pare_emit(&n.b, "GlobalAveragePool", x);
    pare_emit(&n.b, "Flatten", net_name(&n, "pool"));
    x = net_name(&n, "flatten");
    const pare_value_id weight = pare_build_floats(&n.b, "fc.weight", t->w, 2, dims);
    const pare_value_id bias = pare_build_floats(&n.b, "fc.bias", t->b, 1, dims);
    pare_emit(&n.b, "Gemm", x, weight, bias);
    pare_build_int(&n.b, "transB", 1);
    x = net_name(&n, "fc");
    pare_build_name(&n.b, x, "logits");
    pare_build_output(&n.b, x, net_type(&n, PARE_FLOAT, 2, out));
    pare_status st = net_end(&n, &model);
    if (!st) st = pare_onnx_save(ctx, model, path, NULL);
    pare_model_free(ctx, model);
    return st;
}

pare_status shapes_train(pare_ctx *ctx, const char *path)
{
    trained *const t = calloc(1, sizeof(*t));
    if (!t) return pare_fail_memory(ctx, sizeof(*t));
    begin(t);
    train(t);
    const pare_status st = save(ctx, t, path);
    end(t);
    free(t);
    return st;
}
