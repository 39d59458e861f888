#include "run/lower/lower.h"
#include "run/lower/product.h"

#include "op/norm.h"

#include <math.h>

enum { SCALE = 1, BIAS, MEAN, VARIANCE, N_INPUTS };

pare_status pare_batch_norm_factors(pare_planner *p, const pare_lowering *l,
                                    const pare_batch_norm_params *params, int64_t n,
                                    float *factor, float *shift, bool *found)
{
    pare_status st = PARE_OK;
    const float *in[N_INPUTS] = { NULL };
    void *owned[N_INPUTS] = { NULL };
    bool fits = !params->training && !params->per_element;
    for (uint32_t i = 1; i < l->node->n_outputs; i++)
        fits = fits && l->node->outputs[i] == PARE_NONE;
    for (uint32_t i = SCALE; !st && fits && i < N_INPUTS; i++) {
        const pare_tensor *t = pare_plan_constant(p, pare_lower_in(l, i));
        fits = t && t->dtype == PARE_FLOAT && t->n_elements == n;
        if (fits) st = pare_plan_floats(p, pare_lower_in(l, i), &in[i], &owned[i]);
    }
    for (int64_t c = 0; !st && fits && c < n; c++) {
        const double f =
            (double)in[SCALE][c] / sqrt((double)in[VARIANCE][c] + (double)params->epsilon);
        factor[c] = (float)f;
        shift[c] = (float)((double)in[BIAS][c] - (double)in[MEAN][c] * f);
    }
    for (uint32_t i = SCALE; i < N_INPUTS; i++) pare_free(p->ctx, owned[i]);
    *found = !st && fits;
    return st;
}
