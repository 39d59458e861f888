#include "energy/estimator.h"

#include <math.h>

/* Tiles are whole numbers: what real schedules move beyond the bound (docs/energy.md). */
#define KAPPA 1.1

static double n_elements(const pare_estimator *est, pare_value_id value)
{
    const pare_info *info = pare_shapes_of(est->shapes, value);
    double n = 1;
    if (!pare_info_has_rank(info)) return 0;
    for (uint32_t i = 0; i < info->rank; i++) {
        if (info->dims[i].kind != PARE_NUM_INT) return 0;
        n *= (double)info->dims[i].i;
    }
    return n;
}

/* Bytes that a constant is stored in, all of it. */
static double stored_bytes(const pare_estimator *est, pare_value_id value, uint32_t bits)
{
    const pare_value *v = &est->model->values[value];
    if (v->tensor) return (double)pare_tensor_size_bytes(v->tensor);
    if (v->sparse && v->sparse->values && v->sparse->indices)
        return (double)pare_tensor_size_bytes(v->sparse->values) +
               (double)pare_tensor_size_bytes(v->sparse->indices);
    return n_elements(est, value) * bits / 8;
}

static pare_operand operand(const pare_frame *f, pare_value_id value, double elements)
{
    const pare_estimator *est = f->est;
    const pare_dtype dtype = pare_shapes_of(est->shapes, value)->dtype;
    pare_operand o = { .value = value, .is_const = est->values[value].is_const };
    const double all = n_elements(est, value);
    o.bits = o.is_const ? pare_dtype_of(dtype)->bits : est->bits[dtype];
    o.elements = elements < 0 ? all : elements;
    o.bytes = o.elements * o.bits / 8;
    if (o.is_const && all > 0) o.bytes = stored_bytes(est, value, o.bits) * o.elements / all;
    o.home = est->hw->n_levels ? (uint32_t)est->hw->n_levels - 1 : 0;
    return o;
}

/* The nearest level in which a value stays from one step to another: at no step between them more
 * lives than the level holds. */
static uint32_t resident_level(const pare_frame *f, uint32_t from, uint32_t to, uint32_t last)
{
    for (uint32_t l = 0; l < last; l++) {
        if (!f->over[l]) return l;
        if (from <= to && f->over[l][to + 1] == f->over[l][from]) return l;
    }
    return last;
}

pare_operand pare_operand_read(const pare_frame *f, uint32_t group, pare_value_id value,
                               double elements)
{
    pare_operand o = operand(f, value, elements);
    const pare_estimator *est = f->est;
    const pare_value_id root = est->values[value].root;
    if (o.is_const) {
        o.home = est->resident_weights;
        return o;
    }
    if (est->values[root].made != PARE_NONE && est->model->values[root].graph == f->graph) {
        o.home = resident_level(f, est->values[root].made, group, o.home);
        return o;
    }
    if (!f->depth) return o; /* what the caller gives comes from afar */
    uint32_t l = 0;
    while (l < o.home && o.bytes > est->usable[l]) l++;
    o.home = l;
    return o;
}

pare_operand pare_operand_write(const pare_frame *f, uint32_t group, pare_value_id value,
                                double elements)
{
    pare_operand o = operand(f, value, elements);
    const uint32_t last = f->est->values[value].last;
    for (const pare_use *u = f->est->model->values[value].first_use; u && !f->depth; u = u->next)
        if (u->user == PARE_NONE) return o; /* outputs of the model go all the way */
    o.home = resident_level(f, group, last < group ? group : last, o.home);
    return o;
}

void pare_traffic_add(const pare_estimator *est, pare_traffic *t, const pare_operand *o)
{
    const uint32_t n = (uint32_t)est->hw->n_levels;
    const bool apart = o->is_const && est->hw->weights.name;
    if (apart) t->bytes[PARE_STORE_WEIGHTS] += o->bytes;
    for (uint32_t l = 0; !apart && l < n && l <= o->home; l++) t->bytes[l] += o->bytes;
    if (o->is_const && (apart || o->home + 1 == n)) t->far_weight_bytes += o->bytes;
}

/* The store nearer than level l, in bytes; 0: unknown or unbounded. */
static double nearer_bytes(const pare_estimator *est, uint32_t l)
{
    const double bytes = l ? est->usable[l - 1] : est->hw->near_bytes;
    return isfinite(bytes) ? bytes : 0;
}

void pare_traffic_add_again(const pare_estimator *est, pare_traffic *t, const pare_operand *o,
                            double times)
{
    const uint32_t n = (uint32_t)est->hw->n_levels;
    const bool apart = o->is_const && est->hw->weights.name;
    const double bytes = o->bytes * times;
    if (apart) t->bytes[PARE_STORE_WEIGHTS] += bytes;
    for (uint32_t l = 0; !apart && l < n && l <= o->home; l++) {
        const double nearer = l ? est->usable[l - 1] : est->hw->near_bytes;
        if (o->bytes <= nearer) return;
        t->bytes[l] += bytes;
    }
    if (o->is_const && (apart || o->home + 1 == n)) t->far_weight_bytes += bytes;
}

/* A product of MACs over a store of S elements moves at least 2 MACs / sqrt(S) elements (Hong and
 * Kung 1981; Kwasniewski et al. 2019), where a convolution uses each input for R window taps at
 * once: 2 MACs / sqrt(R S). What that is above reading every operand once is split evenly among
 * weights, inputs and sums. An operand that the nearer store holds makes one pass enough. */
void pare_traffic_add_product(const pare_estimator *est, pare_traffic *t, const pare_cost *cost,
                              const pare_operand *w, const pare_operand *i, const pare_operand *o)
{
    const uint32_t n = (uint32_t)est->hw->n_levels;
    const double compulsory = w->elements + i->elements + o->elements;
    const bool apart = w->is_const && est->hw->weights.name;
    uint32_t widest = w->bits > i->bits ? w->bits : i->bits;
    if (o->bits > widest) widest = o->bits;
    if (cost->work == PARE_WORK_DEPTHWISE || !widest) return;
    double each = 0; /* elements more of each operand: what comes from afar passes all levels */
    for (uint32_t l = n; l-- > 0;) {
        const double store = nearer_bytes(est, l) * 8 / widest;
        const double window = cost->window > 1 ? cost->window : 1;
        const bool is_held = i->home < l || o->home < l || (!apart && w->home < l);
        if (store >= 1 && !is_held) {
            const double bound = KAPPA * 2 * (double)cost->macs / sqrt(window * store);
            each = fmax(each, (bound - compulsory) / 3);
        }
        t->bytes[l] += each / 8 * (i->bits + o->bits);
        if (!apart) t->bytes[l] += each / 8 * w->bits;
        if (!apart && w->is_const && l + 1 == n) t->far_weight_bytes += each / 8 * w->bits;
    }
    if (!apart) return;
    t->bytes[PARE_STORE_WEIGHTS] += each / 8 * w->bits;
    t->far_weight_bytes += each / 8 * w->bits;
}
