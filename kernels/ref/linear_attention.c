#include "kernels/linear_attention.h"

#include <math.h>
#include <stddef.h>

/* sum over i of x[i] * state[i,j] */
static float column(int64_t d_k, int64_t d_v, const float *x, const float *state, int64_t j)
{
    float sum = 0;
    for (int64_t i = 0; i < d_k; i++) sum = fmaf(x[i], state[i * d_v + j], sum);
    return sum;
}

void pare_linear_attention_step_f32_ref(int64_t d_k, int64_t d_v, const float *key,
                                        const float *value, const float *decay, const float *rate,
                                        float *state, float *spare)
{
    for (int64_t i = 0; decay && i < d_k; i++)
        for (int64_t j = 0; j < d_v; j++) state[i * d_v + j] *= decay[i];
    for (int64_t j = 0; j < d_v; j++)
        spare[j] = rate ? *rate * (value[j] - column(d_k, d_v, key, state, j)) : value[j];
    for (int64_t i = 0; i < d_k; i++)
        for (int64_t j = 0; j < d_v; j++)
            state[i * d_v + j] = fmaf(key[i], spare[j], state[i * d_v + j]);
}

void pare_linear_attention_read_f32_ref(int64_t d_k, int64_t d_v, const float *query,
                                        const float *state, float scale, float *y)
{
    for (int64_t j = 0; j < d_v; j++) y[j] = scale * column(d_k, d_v, query, state, j);
}
