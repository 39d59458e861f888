#include "kernels/loss.h"

int64_t pare_nll_f32_ref(int64_t n, int64_t classes, int64_t d, const float *scores,
                         const int64_t *labels, const float *weight, const int64_t *ignored,
                         float *loss, float *counted)
{
    for (int64_t at = 0; at < n * d; at++) {
        const int64_t c = labels[at];
        loss[at] = counted[at] = 0;
        if (ignored && c == *ignored) continue;
        if (c < 0 || c >= classes) return at;
        counted[at] = weight ? weight[c] : 1;
        loss[at] = -scores[(at / d * classes + c) * d + at % d] * counted[at];
    }
    return -1;
}

int64_t pare_nll_f64_ref(int64_t n, int64_t classes, int64_t d, const double *scores,
                         const int64_t *labels, const double *weight, const int64_t *ignored,
                         double *loss, double *counted)
{
    for (int64_t at = 0; at < n * d; at++) {
        const int64_t c = labels[at];
        loss[at] = counted[at] = 0;
        if (ignored && c == *ignored) continue;
        if (c < 0 || c >= classes) return at;
        counted[at] = weight ? weight[c] : 1;
        loss[at] = -scores[(at / d * classes + c) * d + at % d] * counted[at];
    }
    return -1;
}
