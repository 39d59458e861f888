#include "energy/price.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { N_DRAWS = PARE_ESTIMATE_DRAWS };

/* Values of all coefficients, once. */
typedef struct rates {
    double at[PARE_N_COEFS];
} rates;

static rates nominal(const pare_coefs *c)
{
    rates r;
    for (int i = 0; i < PARE_N_COEFS; i++) r.at[i] = c->items[i].value;
    return r;
}

/* n / rate; what the target has no rate for takes no time. */
static double over(double n, double rate)
{
    return rate > 0 ? n / rate : 0;
}

static double mac_seconds(const rates *r, const pare_estimate_layer *l, const pare_layer_work *w)
{
    if (l->mac_type >= PARE_N_ARITHMETIC) return 0;
    return over(w->time_macs,
                r->at[PARE_COEF_MAC_RATE + l->mac_type] * r->at[PARE_COEF_EFFICIENCY + l->work]);
}

static double op_seconds(const rates *r, const pare_estimate_layer *l, const pare_layer_work *w)
{
    if (l->op_type >= PARE_N_ARITHMETIC) return 0;
    return over(w->ops, r->at[PARE_COEF_ALU_RATE + l->op_type] *
                            r->at[PARE_COEF_EFFICIENCY + PARE_WORK_ELEMENTWISE]);
}

static double store_seconds(const rates *r, const pare_estimate_layer *l, int store)
{
    return over(l->bytes[store] * r->at[PARE_COEF_TRAFFIC],
                r->at[PARE_COEF_BYTE_RATE + store] * r->at[PARE_COEF_BANDWIDTH]);
}

/* Roofline: whatever takes longest, and then the launch. */
static double layer_seconds(const rates *r, const pare_estimate_layer *l, const pare_layer_work *w)
{
    double longest = mac_seconds(r, l, w) + op_seconds(r, l, w);
    for (int s = 0; s < PARE_N_STORES; s++) longest = fmax(longest, store_seconds(r, l, s));
    return longest + w->launches * r->at[PARE_COEF_LAUNCH_S];
}

static void layer_joules(const rates *r, const pare_estimate_layer *l, const pare_layer_work *w,
                         double seconds, double *terms)
{
    double compute = 0, memory = 0;
    if (l->mac_type < PARE_N_ARITHMETIC)
        compute += w->energy_macs * r->at[PARE_COEF_MAC_PJ + l->mac_type];
    if (l->op_type < PARE_N_ARITHMETIC) compute += w->ops * r->at[PARE_COEF_ALU_PJ + l->op_type];
    for (int s = 0; s < PARE_N_STORES; s++) memory += l->bytes[s] * r->at[PARE_COEF_BYTE_PJ + s];
    terms[PARE_TERM_COMPUTE] = compute;
    terms[PARE_TERM_MEMORY] = memory * r->at[PARE_COEF_TRAFFIC];
    terms[PARE_TERM_STATIC] = seconds * r->at[PARE_COEF_STATIC_W];
    terms[PARE_TERM_OVERHEAD] = w->launches * r->at[PARE_COEF_LAUNCH_NJ];
}

static bool charges_static(const pare_estimate *e)
{
    return e->has_time && (!e->target->hardware.marginal || e->opts.charge_static);
}

static void set_bound(const rates *r, pare_estimate_layer *l, const pare_layer_work *w)
{
    const double compute = mac_seconds(r, l, w) + op_seconds(r, l, w);
    const double launch = w->launches * r->at[PARE_COEF_LAUNCH_S];
    double longest = 0;
    uint32_t store = 0;
    for (uint32_t s = 0; s < PARE_N_STORES; s++) {
        const double seconds = store_seconds(r, l, (int)s);
        if (seconds <= longest) continue;
        longest = seconds;
        store = s;
    }
    l->bound_store = store;
    if (l->bytes[store] > 0)
        l->intensity = ((double)l->macs * 2 + (double)l->other_ops) / l->bytes[store];
    if (compute <= 0 && longest <= 0 && launch <= 0) l->bound = PARE_BOUND_NONE;
    else if (launch > compute && launch > longest) l->bound = PARE_BOUND_LAUNCH;
    else l->bound = longest > compute ? PARE_BOUND_MEMORY : PARE_BOUND_COMPUTE;
}

void pare_price_layer(const pare_estimate *e, pare_estimate_layer *l, const pare_layer_work *w)
{
    const rates r = nominal(e->coefs);
    const double seconds = e->has_time ? layer_seconds(&r, l, w) : 0;
    layer_joules(&r, l, w, seconds, l->terms_uj);
    if (!charges_static(e)) l->terms_uj[PARE_TERM_STATIC] = 0;
    l->uj = 0;
    for (int t = 0; t < PARE_N_TERMS; t++) {
        l->terms_uj[t] *= 1e6;
        l->uj += l->terms_uj[t];
    }
    if (!e->has_energy) l->uj = NAN;
    l->us = e->has_time ? seconds * 1e6 : NAN;
    l->intensity = NAN;
    if (e->has_time) set_bound(&r, l, w);
}

/* --- the whole -------------------------------------------------------------------------------- */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Value at a share of the way through sorted draws. */
static double quantile(const double *sorted, double share)
{
    const double at = share * (N_DRAWS - 1);
    const int low = (int)at;
    const int high = low + 1 < N_DRAWS ? low + 1 : low;
    return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

static pare_band band_of(double value, const double *draws, double *p50)
{
    double sorted[N_DRAWS];
    memcpy(sorted, draws, sizeof(sorted));
    qsort(sorted, N_DRAWS, sizeof(*sorted), ascending);
    if (p50) *p50 = quantile(sorted, 0.5);
    return (pare_band){ value, quantile(sorted, 0.1), quantile(sorted, 0.9) };
}

static void add_amounts(const pare_coefs *c, double *a, double *peak_seconds,
                        const pare_estimate_layer *l, const pare_layer_work *w)
{
    if (l->mac_type < PARE_N_ARITHMETIC) {
        a[PARE_COEF_MAC_PJ + l->mac_type] += w->energy_macs;
        peak_seconds[l->work] +=
            over(w->time_macs, c->items[PARE_COEF_MAC_RATE + l->mac_type].value);
    }
    if (l->op_type < PARE_N_ARITHMETIC) a[PARE_COEF_ALU_PJ + l->op_type] += w->ops;
    for (int s = 0; s < PARE_N_STORES; s++) a[PARE_COEF_BYTE_PJ + s] += l->bytes[s];
    a[PARE_COEF_LAUNCH_NJ] += w->launches;
}

/* Seconds of the layers, added up draw by draw. Written for the inner loops to be vectors: this is
 * where an estimate of a large model spends its time. */
static void add_seconds(const pare_coefs *c, const double (*per_byte)[N_DRAWS], double *total,
                        const pare_estimate_layer *l, const pare_layer_work *w)
{
    double longest[N_DRAWS] = { 0 };
    const double *launch = c->draws[PARE_COEF_LAUNCH_S];
    if (l->mac_type < PARE_N_ARITHMETIC && w->time_macs > 0) {
        const double *rate = c->draws[PARE_COEF_MAC_RATE + l->mac_type];
        const double *share = c->draws[PARE_COEF_EFFICIENCY + l->work];
        for (int d = 0; d < N_DRAWS; d++) longest[d] = over(w->time_macs, rate[d] * share[d]);
    }
    if (l->op_type < PARE_N_ARITHMETIC && w->ops > 0) {
        const double *rate = c->draws[PARE_COEF_ALU_RATE + l->op_type];
        const double *share = c->draws[PARE_COEF_EFFICIENCY + PARE_WORK_ELEMENTWISE];
        for (int d = 0; d < N_DRAWS; d++) longest[d] += over(w->ops, rate[d] * share[d]);
    }
    for (int s = 0; s < PARE_N_STORES; s++) {
        const double bytes = l->bytes[s];
        if (bytes <= 0) continue;
        for (int d = 0; d < N_DRAWS; d++) {
            const double seconds = bytes * per_byte[s][d];
            longest[d] = seconds > longest[d] ? seconds : longest[d];
        }
    }
    for (int d = 0; d < N_DRAWS; d++) total[d] += longest[d] + w->launches * launch[d];
}

static void draw_seconds(const pare_estimate *e, const pare_layer_work *works, double *total)
{
    const pare_coefs *c = e->coefs;
    double per_byte[PARE_N_STORES][N_DRAWS];
    for (int s = 0; s < PARE_N_STORES; s++)
        for (int d = 0; d < N_DRAWS; d++)
            per_byte[s][d] =
                over(c->draws[PARE_COEF_TRAFFIC][d],
                     c->draws[PARE_COEF_BYTE_RATE + s][d] * c->draws[PARE_COEF_BANDWIDTH][d]);
    memset(total, 0, N_DRAWS * sizeof(*total));
    for (size_t i = 0; i < e->n_layers; i++)
        add_seconds(c, (const double(*)[N_DRAWS])per_byte, total, &e->layers[i], &works[i]);
}

/* Energy is linear in its coefficients: of each draw, amounts times values. */
static void draw_joules(const pare_estimate *e, const double *amounts, const double *seconds,
                        double *joules)
{
    const pare_coefs *c = e->coefs;
    for (int d = 0; d < N_DRAWS; d++) {
        double sum = 0;
        for (int i = 0; i < PARE_COEF_N_ENERGY; i++) {
            const bool moves = i >= PARE_COEF_BYTE_PJ && i < PARE_COEF_BYTE_PJ + PARE_N_STORES;
            const double n =
                i == PARE_COEF_STATIC_W ? (charges_static(e) ? seconds[d] : 0) : amounts[i];
            sum += n * c->draws[i][d] * (moves ? c->draws[PARE_COEF_TRAFFIC][d] : 1);
        }
        joules[d] = sum * c->draws[PARE_COEF_MODEL][d];
    }
}

static pare_status make_bands(pare_ctx *ctx, pare_estimate *e, const pare_layer_work *works,
                              const double *amounts)
{
    double *seconds = pare_arena_array(&e->arena, N_DRAWS, sizeof(*seconds));
    double *joules = pare_arena_array(&e->arena, N_DRAWS, sizeof(*joules));
    if (!seconds || !joules) return pare_arena_fail(ctx, &e->arena);
    if (e->has_time) draw_seconds(e, works, seconds);
    draw_joules(e, amounts, seconds, joules);
    for (int d = 0; d < N_DRAWS; d++) {
        seconds[d] *= 1e6;
        joules[d] *= 1e6;
    }
    if (e->has_energy) e->energy_uj = band_of(e->energy_uj.value, joules, &e->energy_p50_uj);
    if (e->has_time) e->latency_us = band_of(e->latency_us.value, seconds, &e->latency_p50_us);
    if (e->has_energy) e->energy_draws = joules;
    if (e->has_time) e->latency_draws = seconds;
    return PARE_OK;
}

static void add_count(uint64_t *sum, uint64_t n)
{
    if (__builtin_add_overflow(*sum, n, sum)) *sum = UINT64_MAX;
}

static void sum_layers(pare_estimate *e, const pare_layer_work *works, double *amounts)
{
    double seconds = 0, weights = 0;
    for (size_t i = 0; i < e->n_layers; i++) {
        const pare_estimate_layer *l = &e->layers[i];
        add_count(&e->macs, l->macs);
        add_count(&e->other_ops, l->other_ops);
        if (l->mac_type < PARE_N_ARITHMETIC) e->macs_by_type[l->mac_type] += (double)l->macs;
        if (l->op_type < PARE_N_ARITHMETIC) e->ops_by_type[l->op_type] += (double)l->other_ops;
        for (int s = 0; s < PARE_N_STORES; s++) e->bytes[s] += l->bytes[s];
        for (int t = 0; t < PARE_N_TERMS; t++) e->terms_uj[t] += l->terms_uj[t];
        add_amounts(e->coefs, amounts, e->peak_seconds, l, &works[i]);
        if (e->has_time) seconds += l->us * 1e-6;
        weights += works[i].far_weight_bytes;
    }
    const size_t n_levels = e->target->hardware.n_levels;
    const double far = e->bytes[PARE_STORE_WEIGHTS] + (n_levels ? e->bytes[n_levels - 1] : 0);
    e->dram_bytes = pare_count_of(far);
    e->weight_traffic_bytes = pare_count_of(fmin(weights, far));
    e->activation_traffic_bytes = e->dram_bytes - e->weight_traffic_bytes;
    amounts[PARE_COEF_CALL_UJ] = 1;
    amounts[PARE_COEF_STATIC_W] = charges_static(e) ? seconds : 0;
    e->terms_uj[PARE_TERM_OVERHEAD] += e->coefs->items[PARE_COEF_CALL_UJ].value * 1e6;
    e->flops = e->other_ops;
    add_count(&e->flops, e->macs);
    add_count(&e->flops, e->macs);
    e->latency_us.value = e->has_time ? seconds * 1e6 : NAN;
}

pare_status pare_price_total(pare_ctx *ctx, pare_estimate *e, const pare_layer_work *works)
{
    double *amounts = pare_arena_array(&e->arena, PARE_N_COEFS, sizeof(*amounts));
    if (!amounts) return pare_arena_fail(ctx, &e->arena);
    e->energy_uj = e->latency_us = (pare_band){ NAN, NAN, NAN };
    e->energy_p50_uj = e->latency_p50_us = NAN;
    e->amounts = amounts;
    sum_layers(e, works, amounts);
    if (e->has_energy) {
        e->energy_uj.value = 0;
        for (int t = 0; t < PARE_N_TERMS; t++) e->energy_uj.value += e->terms_uj[t];
    }
    return e->opts.no_bands ? PARE_OK : make_bands(ctx, e, works, amounts);
}

/* --- comparing -------------------------------------------------------------------------------- */

static pare_band ratio_of(double a, double b, const double *draws_a, const double *draws_b)
{
    double ratios[N_DRAWS];
    pare_band out = { a > 0 ? b / a : NAN, NAN, NAN };
    if (!draws_a || !draws_b) return out;
    for (int d = 0; d < N_DRAWS; d++) ratios[d] = draws_a[d] > 0 ? draws_b[d] / draws_a[d] : 1;
    return band_of(out.value, ratios, NULL);
}

static int order_of(const pare_band *ratio)
{
    if (ratio->high < 1 && ratio->value < 1 - PARE_ESTIMATE_LEAST_DIFFERENCE) return -1;
    return ratio->low > 1 && ratio->value > 1 + PARE_ESTIMATE_LEAST_DIFFERENCE;
}

pare_estimate_ratio pare_estimate_compare(const pare_estimate *a, const pare_estimate *b)
{
    const bool alike = a->opts.seed == b->opts.seed;
    pare_estimate_ratio r = {
        .energy = ratio_of(a->energy_uj.value, b->energy_uj.value, alike ? a->energy_draws : NULL,
                           b->energy_draws),
        .latency = ratio_of(a->latency_us.value, b->latency_us.value,
                            alike ? a->latency_draws : NULL, b->latency_draws),
    };
    r.energy_order = order_of(&r.energy);
    r.latency_order = order_of(&r.latency);
    return r;
}

pare_band pare_estimate_layer_band(const pare_estimate *e, size_t layer)
{
    const pare_estimate_layer *l = &e->layers[layer];
    const pare_layer_work *w = &e->works[layer];
    double joules[N_DRAWS];
    if (!e->energy_draws) return (pare_band){ l->uj, NAN, NAN };
    for (int d = 0; d < N_DRAWS; d++) {
        rates r;
        double terms[PARE_N_TERMS];
        for (int i = 0; i < PARE_N_COEFS; i++) r.at[i] = e->coefs->draws[i][d];
        layer_joules(&r, l, w, e->has_time ? layer_seconds(&r, l, w) : 0, terms);
        if (!charges_static(e)) terms[PARE_TERM_STATIC] = 0;
        joules[d] = 0;
        for (int t = 0; t < PARE_N_TERMS; t++) joules[d] += terms[t];
        joules[d] *= 1e6 * r.at[PARE_COEF_MODEL];
    }
    return band_of(l->uj, joules, NULL);
}
