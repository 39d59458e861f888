#include "op/rnn.h"

#include <inttypes.h>
#include <strings.h>

/* Activations of recurrent layers by their names. */

typedef struct activation {
    const char *name;
    pare_activation_f32 *f32;
    pare_activation_f64 *f64;
    float a, b;               /* where they are not given */
    bool takes_a, takes_b;
} activation;

static const activation activations[] = {
    { "Affine", pare_affine_f32_ref, pare_affine_f64_ref, 1, 0, true, true },
    { "Elu", pare_elu_f32_ref, pare_elu_f64_ref, 1, 0, true, false },
    { "HardSigmoid", pare_hard_sigmoid_f32_ref, pare_hard_sigmoid_f64_ref, 0.2f, 0.5f, true, true },
    { "LeakyRelu", pare_leaky_relu_f32_ref, pare_leaky_relu_f64_ref, 0.01f, 0, true, false },
    { "Relu", pare_thresholded_relu_f32_ref, pare_thresholded_relu_f64_ref, 0, 0, false, false },
    { "ScaledTanh", pare_scaled_tanh_f32_ref, pare_scaled_tanh_f64_ref, 1, 1, true, true },
    { "Sigmoid", pare_gate_sigmoid_f32_ref, pare_gate_sigmoid_f64_ref, 0, 0, false, false },
    { "Softplus", pare_gate_softplus_f32_ref, pare_gate_softplus_f64_ref, 0, 0, false, false },
    { "Softsign", pare_softsign_f32_ref, pare_softsign_f64_ref, 0, 0, false, false },
    { "Tanh", pare_scaled_tanh_f32_ref, pare_scaled_tanh_f64_ref, 1, 1, false, false },
    { "ThresholdedRelu", pare_thresholded_relu_f32_ref, pare_thresholded_relu_f64_ref, 1, 0, true,
      false },
};

static const pare_rnn_cell cells[] = {
    { "RNN", 1, 1, { "Tanh" } },
    { "LSTM", 4, 3, { "Sigmoid", "Tanh", "Tanh" } },
    { "GRU", 3, 2, { "Sigmoid", "Tanh" } },
};

const pare_rnn_cell *pare_rnn_cell_of(const char *name)
{
    const pare_rnn_cell *cell = cells;
    while (!pare_str_eq(cell->name, name)) cell++;
    return cell;
}

static const activation *find_activation(const char *name, size_t n)
{
    for (size_t i = 0; i < sizeof(activations) / sizeof(activations[0]); i++)
        if (strlen(activations[i].name) == n && !strncasecmp(activations[i].name, name, n))
            return &activations[i];
    return NULL;
}

pare_status pare_rnn_find_gates(pare_ctx *ctx, const pare_call *call, const pare_rnn_params *p,
                                const pare_rnn_cell *cell, int64_t n_directions,
                                pare_rnn_gates *out)
{
    const uint32_t n = cell->n_gates * (uint32_t)n_directions;
    uint32_t at_a = 0;
    uint32_t at_b = 0;
    if (p->activations && p->activations->n < n)
        return pare_call_fail(ctx, call,
                              "attribute 'activations': expected %" PRIu32 " names, found %" PRIu32,
                              n, p->activations->n);
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t k = i % cell->n_gates;
        const char *usual = cell->gates[k];
        pare_bytes name = { (const uint8_t *)usual, strlen(usual) };
        if (p->activations) name = p->activations->strings[i];
        const activation *found = find_activation((const char *)name.data, name.n);
        if (!found)
            return pare_call_fail(ctx, call,
                                  "attribute 'activations': expected names such as Tanh, found "
                                  "'%.*s'",
                                  (int)(name.n < 80 ? name.n : 80), (const char *)name.data);
        const bool has_a = found->takes_a && at_a < p->activation_alpha.n;
        const bool has_b = found->takes_b && at_b < p->activation_beta.n;
        const float a = has_a ? p->activation_alpha.v[at_a++] : found->a;
        const float b = has_b ? p->activation_beta.v[at_b++] : found->b;
        out->f32[i / cell->n_gates][k] = (pare_gate_f32){ found->f32, a, b };
        out->f64[i / cell->n_gates][k] = (pare_gate_f64){ found->f64, (double)a, (double)b };
    }
    return PARE_OK;
}
