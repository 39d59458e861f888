/* Attention with a state instead of all keys: one step at a time. */
#ifndef KERNELS_LINEAR_ATTENTION_H
#define KERNELS_LINEAR_ATTENTION_H

#include <stdint.h>

/* Takes one key [d_k] and value [d_v] into the state [d_k, d_v].
 *   decay     [d_k] what each row of the state is first multiplied by; NULL: 1
 *   rate      NULL: state += key (x) value; else state += key (x) (rate * (value - state^T key))
 *   spare     [d_v]
 * state^T key is a chain of fused multiply-adds in ascending d_k from 0; each update is one. */
void pare_linear_attention_step_f32_ref(int64_t d_k, int64_t d_v, const float *key,
                                        const float *value, const float *decay, const float *rate,
                                        float *state, float *spare);

/* y[j] = scale * sum over i of query[i] * state[i,j], such a chain. */
void pare_linear_attention_read_f32_ref(int64_t d_k, int64_t d_v, const float *query,
                                        const float *state, float scale, float *y);

#endif
