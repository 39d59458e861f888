#include "energy/coefs.h"

#include "base/rng.h"

#include <math.h>
#include <stdio.h>

/* What stands in where a target is silent. Efficiencies are what dense kernels commonly reach
 * (docs/energy.md); their spread is wide. */
static const double default_efficiency[PARE_N_WORK] = {
    [PARE_WORK_CONV] = 0.5,      [PARE_WORK_POINTWISE] = 0.4,   [PARE_WORK_DEPTHWISE] = 0.1,
    [PARE_WORK_GEMM] = 0.5,      [PARE_WORK_GEMV] = 0.4,        [PARE_WORK_ATTENTION] = 0.3,
    [PARE_WORK_RECURRENT] = 0.3, [PARE_WORK_ELEMENTWISE] = 0.3, [PARE_WORK_MOVE] = 0.5,
};
#define EFFICIENCY_SPREAD 0.69 /* ln 2 */
#define TRAFFIC_SPREAD    0.15 /* of the model against Eyeriss: 0.89 to 1.02 of measured */

static const struct {
    const char *name;
    uint32_t bits;
} arithmetic[] = {
#define ROW(symbol, name, bits) { name, bits },
    PARE_ARITHMETIC(ROW)
#undef ROW
};

static const char *const work_names[] = {
#define ROW(symbol, name) name,
    PARE_WORK(ROW)
#undef ROW
};

const char *pare_coef_type_name(pare_arithmetic type)
{
    return arithmetic[type].name;
}

uint32_t pare_coef_type_bits(pare_arithmetic type)
{
    return arithmetic[type].bits;
}

pare_arithmetic pare_coef_type_of(pare_dtype dtype)
{
    const uint32_t bits = pare_dtype_of(dtype)->bits;
    switch (pare_dtype_of(dtype)->class) {
    case PARE_CLASS_FLOAT:
        if (dtype == PARE_BFLOAT16) return PARE_ARITH_BFLOAT16;
        if (bits == 64) return PARE_ARITH_FLOAT64;
        if (bits == 32) return PARE_ARITH_FLOAT32;
        return bits == 16 ? PARE_ARITH_FLOAT16 : PARE_ARITH_FLOAT8;
    case PARE_CLASS_COMPLEX:
        return bits == 128 ? PARE_ARITH_FLOAT64 : PARE_ARITH_FLOAT32;
    case PARE_CLASS_BOOL:
        return PARE_ARITH_INT8;
    case PARE_CLASS_INT:
    case PARE_CLASS_UINT:
        if (bits >= 32) return PARE_ARITH_INT32;
        if (bits == 16) return PARE_ARITH_INT16;
        return bits == 8 ? PARE_ARITH_INT8 : PARE_ARITH_INT4;
    case PARE_CLASS_NONE:
    case PARE_CLASS_STRING:
        break;
    }
    return PARE_N_ARITHMETIC;
}

static const char *store_name(const pare_hardware *hw, size_t store)
{
    if (store == PARE_STORE_WEIGHTS) return hw->weights.name ? hw->weights.name : "weights";
    return store < hw->n_levels && hw->levels[store].name ? hw->levels[store].name : "level";
}

const char *pare_coef_name(char *out, size_t out_bytes, const pare_target *target, int coef)
{
    static const struct {
        int first, n;
        const char *name;
    } ranges[] = {
        { PARE_COEF_MAC_PJ, PARE_N_ARITHMETIC, "mac_pj" },
        { PARE_COEF_ALU_PJ, PARE_N_ARITHMETIC, "alu_pj" },
        { PARE_COEF_BYTE_PJ, PARE_N_STORES, "pj_per_byte" },
        { PARE_COEF_LAUNCH_NJ, 1, "launch_nj" },
        { PARE_COEF_CALL_UJ, 1, "call_uj" },
        { PARE_COEF_STATIC_W, 1, "static_w" },
        { PARE_COEF_MAC_RATE, PARE_N_ARITHMETIC, "macs_per_s" },
        { PARE_COEF_ALU_RATE, PARE_N_ARITHMETIC, "alu_per_s" },
        { PARE_COEF_EFFICIENCY, PARE_N_WORK, "efficiency" },
        { PARE_COEF_BYTE_RATE, PARE_N_STORES, "bytes_per_s" },
        { PARE_COEF_BANDWIDTH, 1, "bandwidth_efficiency" },
        { PARE_COEF_LAUNCH_S, 1, "launch_s" },
        { PARE_COEF_TRAFFIC, 1, "traffic" },
        { PARE_COEF_MODEL, 1, "model" },
    };
    size_t r = 0;
    while (coef >= ranges[r].first + ranges[r].n) r++;
    const int i = coef - ranges[r].first;
    if (ranges[r].n == 1) snprintf(out, out_bytes, "%s", ranges[r].name);
    else if (ranges[r].n == PARE_N_STORES)
        snprintf(out, out_bytes, "levels.%s.%s", store_name(&target->hardware, (size_t)i),
                 ranges[r].name);
    else
        snprintf(out, out_bytes, "%s.%s", ranges[r].name,
                 ranges[r].first == PARE_COEF_EFFICIENCY ? work_names[i] : arithmetic[i].name);
    return out;
}

static void set(pare_coefs *c, int coef, const pare_figure *figure, double unit)
{
    c->items[coef] = (pare_coef){ *figure, figure->kind ? figure->value * unit : 0 };
}

/* A coefficient of the target in place of one that it does not have. */
static void stand_in(pare_coefs *c, int coef, int by)
{
    if (!c->items[coef].figure.kind) c->items[coef].value = c->items[by].value;
}

static bool has(const pare_coefs *c, int coef)
{
    return c->items[coef].figure.kind != PARE_FIGURE_NONE;
}

/* Follows the target's fallbacks from a type to one that it has figures for. */
static uint8_t follow(const pare_coefs *c, int energy, int rate, size_t type)
{
    for (int i = 0; i <= PARE_N_ARITHMETIC && type < PARE_N_ARITHMETIC; i++) {
        if (has(c, energy + (int)type) || has(c, rate + (int)type)) return (uint8_t)type;
        type = c->target->hardware.fallback[type];
    }
    return PARE_N_ARITHMETIC;
}

/* Where nothing is said of a type: the next wider one of its kind, then float32. */
static uint8_t widen(const pare_coefs *c, int energy, int rate, size_t type)
{
    static const uint8_t wider[] = {
        [PARE_ARITH_FLOAT64] = PARE_ARITH_FLOAT32, [PARE_ARITH_FLOAT32] = PARE_N_ARITHMETIC,
        [PARE_ARITH_FLOAT16] = PARE_ARITH_FLOAT32, [PARE_ARITH_BFLOAT16] = PARE_ARITH_FLOAT32,
        [PARE_ARITH_FLOAT8] = PARE_ARITH_FLOAT16,  [PARE_ARITH_INT32] = PARE_ARITH_FLOAT32,
        [PARE_ARITH_INT16] = PARE_ARITH_INT32,     [PARE_ARITH_INT8] = PARE_ARITH_INT16,
        [PARE_ARITH_INT4] = PARE_ARITH_INT8,
    };
    while (type < PARE_N_ARITHMETIC && !has(c, energy + (int)type) && !has(c, rate + (int)type))
        type = wider[type];
    return (uint8_t)type;
}

static uint8_t choose_type(const pare_coefs *c, int energy, int rate, size_t type)
{
    const uint8_t asked = follow(c, energy, rate, type);
    return asked < PARE_N_ARITHMETIC ? asked : widen(c, energy, rate, type);
}

static void choose_types(pare_coefs *c)
{
    for (int t = 0; t < PARE_N_ARITHMETIC; t++) {
        const uint8_t alu = choose_type(c, PARE_COEF_ALU_PJ, PARE_COEF_ALU_RATE, (size_t)t);
        c->mac_type[t] = choose_type(c, PARE_COEF_MAC_PJ, PARE_COEF_MAC_RATE, (size_t)t);
        c->alu_type[t] = alu < PARE_N_ARITHMETIC ? alu : c->mac_type[t];
    }
    for (int t = 0; t < PARE_N_ARITHMETIC; t++) {
        stand_in(c, PARE_COEF_ALU_PJ + t, PARE_COEF_MAC_PJ + t);
        stand_in(c, PARE_COEF_ALU_RATE + t, PARE_COEF_MAC_RATE + t);
        c->has_rates |= c->items[PARE_COEF_MAC_RATE + t].value > 0;
    }
}

static void read_target(pare_coefs *c)
{
    const pare_hardware *hw = &c->target->hardware;
    for (int t = 0; t < PARE_N_ARITHMETIC; t++) {
        set(c, PARE_COEF_MAC_PJ + t, &hw->mac_pj[t], 1e-12);
        set(c, PARE_COEF_ALU_PJ + t, &hw->alu_pj[t], 1e-12);
        set(c, PARE_COEF_MAC_RATE + t, &hw->macs_per_s[t], 1);
        set(c, PARE_COEF_ALU_RATE + t, &hw->alu_per_s[t], 1);
    }
    for (int s = 0; s < PARE_N_STORES; s++) {
        const bool weights = s == PARE_STORE_WEIGHTS;
        if (weights ? !hw->weights.name : (size_t)s >= hw->n_levels) continue;
        const pare_memory_level *level = weights ? &hw->weights : &hw->levels[s];
        set(c, PARE_COEF_BYTE_PJ + s, &level->pj_per_byte, 1e-12);
        set(c, PARE_COEF_BYTE_RATE + s, &level->bytes_per_s, 1);
    }
    set(c, PARE_COEF_LAUNCH_NJ, &hw->launch_nj, 1e-9);
    set(c, PARE_COEF_CALL_UJ, &hw->call_uj, 1e-6);
    set(c, PARE_COEF_STATIC_W, &hw->static_w, 1);
    set(c, PARE_COEF_LAUNCH_S, &hw->launch_s, 1);
    set(c, PARE_COEF_BANDWIDTH, &hw->bandwidth_efficiency, 1);
    if (!has(c, PARE_COEF_BANDWIDTH)) c->items[PARE_COEF_BANDWIDTH].value = 1;
    for (int w = 0; w < PARE_N_WORK; w++) {
        set(c, PARE_COEF_EFFICIENCY + w, &hw->efficiency[w], 1);
        if (has(c, PARE_COEF_EFFICIENCY + w)) continue;
        c->items[PARE_COEF_EFFICIENCY + w] =
            (pare_coef){ { .spread = EFFICIENCY_SPREAD }, default_efficiency[w] };
    }
    const double fit_error = c->target->fit_error;
    c->items[PARE_COEF_TRAFFIC] = (pare_coef){ { .spread = TRAFFIC_SPREAD }, 1 };
    c->items[PARE_COEF_MODEL] = (pare_coef){ { .spread = fit_error > 0 ? fit_error : 0 }, 1 };
}

/* What one family of numbers has in common: its name, and which part of the variance. Energies of
 * operations in several types come from one process and one way of issuing them, and are wrong
 * together; so are rates, which come from one clock. */
typedef struct family {
    const char *name;
    double common;
} family;

static family family_of(int coef)
{
    if (coef < PARE_COEF_BYTE_PJ) return (family){ "arithmetic", 0.8 };
    if (coef < PARE_COEF_LAUNCH_NJ) return (family){ "stores", 0.5 };
    if (coef < PARE_COEF_MAC_RATE) return (family){ "power", 0 };
    if (coef < PARE_COEF_EFFICIENCY) return (family){ "rates", 0.8 };
    if (coef < PARE_COEF_BYTE_RATE) return (family){ "efficiencies", 0.5 };
    return (family){ "bandwidths", coef < PARE_COEF_BANDWIDTH ? 0.5 : 0 };
}

static pare_rng stream_of(const pare_coefs *c, uint64_t seed, const char *name)
{
    char stream[320];
    snprintf(stream, sizeof(stream), "%s/%s", c->target->name ? c->target->name : "", name);
    return pare_rng_named(seed, stream);
}

/* Shares stay shares: what is drawn above 1 is 1. */
static void draw(pare_coefs *c, uint64_t seed, int coef)
{
    char name[160];
    const pare_coef *item = &c->items[coef];
    const family f = family_of(coef);
    const bool is_share =
        coef == PARE_COEF_BANDWIDTH || (coef >= PARE_COEF_EFFICIENCY && coef < PARE_COEF_BYTE_RATE);
    pare_coef_name(name, sizeof(name), c->target, coef);
    pare_rng own = stream_of(c, seed, name), common = stream_of(c, seed, f.name);
    for (int d = 0; d < PARE_ESTIMATE_DRAWS; d++) {
        const double z =
            sqrt(f.common) * pare_rng_normal(&common) + sqrt(1 - f.common) * pare_rng_normal(&own);
        const double value = item->value * exp(item->figure.spread * z);
        c->draws[coef][d] = is_share && value > 1 ? 1 : value;
    }
}

pare_status pare_coefs_make(pare_ctx *ctx, pare_coefs **out, pare_arena *arena,
                            const pare_target *target, uint64_t seed, bool with_draws)
{
    pare_coefs *c = pare_arena_zero(arena, sizeof(*c));
    if (!c) return pare_arena_fail(ctx, arena);
    c->target = target;
    read_target(c);
    choose_types(c);
    if (with_draws) {
        c->draws = pare_arena_array(arena, PARE_N_COEFS, sizeof(*c->draws));
        if (!c->draws) return pare_arena_fail(ctx, arena);
        for (int i = 0; i < PARE_N_COEFS; i++) draw(c, seed, i);
    }
    *out = c;
    return PARE_OK;
}
