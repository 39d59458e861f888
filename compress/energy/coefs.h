/* The numbers of a target as coefficients: which value each has, what it falls back to, and the
 * draws that stand for how far it may be off. Inside of energy only. */
#ifndef PARE_ENERGY_COEFS_H
#define PARE_ENERGY_COEFS_H

#include "energy/energy.h"

/* By what a coefficient is multiplied with. Those of energy (E = sum of amounts x values) first. */
enum {
    PARE_COEF_MAC_PJ = 0,                                       /* [PARE_N_ARITHMETIC] */
    PARE_COEF_ALU_PJ = PARE_COEF_MAC_PJ + PARE_N_ARITHMETIC,    /* [PARE_N_ARITHMETIC] */
    PARE_COEF_BYTE_PJ = PARE_COEF_ALU_PJ + PARE_N_ARITHMETIC,   /* [PARE_N_STORES] */
    PARE_COEF_LAUNCH_NJ = PARE_COEF_BYTE_PJ + PARE_N_STORES,
    PARE_COEF_CALL_UJ,
    PARE_COEF_STATIC_W,                                         /* times seconds */
    PARE_COEF_N_ENERGY,
    PARE_COEF_MAC_RATE = PARE_COEF_N_ENERGY,                    /* [PARE_N_ARITHMETIC] */
    PARE_COEF_ALU_RATE = PARE_COEF_MAC_RATE + PARE_N_ARITHMETIC, /* [PARE_N_ARITHMETIC] */
    PARE_COEF_EFFICIENCY = PARE_COEF_ALU_RATE + PARE_N_ARITHMETIC, /* [PARE_N_WORK] */
    PARE_COEF_BYTE_RATE = PARE_COEF_EFFICIENCY + PARE_N_WORK,   /* [PARE_N_STORES] */
    PARE_COEF_BANDWIDTH = PARE_COEF_BYTE_RATE + PARE_N_STORES,
    PARE_COEF_LAUNCH_S,
    PARE_COEF_TRAFFIC,        /* 1; how far the model of traffic is off */
    PARE_COEF_MODEL,          /* 1; what a fit leaves unexplained */
    PARE_N_COEFS
};

typedef struct pare_coef {
    pare_figure figure; /* kind NONE: the target does not have it */
    double value;       /* in SI units: J, J per byte, W, s, operations or bytes per s, 1; where the
                           target has none: what stands in for it, 0 if nothing does */
} pare_coef;

typedef struct pare_coefs {
    const pare_target *target;
    pare_coef items[PARE_N_COEFS];
    uint8_t mac_type[PARE_N_ARITHMETIC]; /* that products of a type are done in;
                                            PARE_N_ARITHMETIC: the target cannot say */
    uint8_t alu_type[PARE_N_ARITHMETIC];
    bool has_rates;                   /* time can be told */
    double (*draws)[PARE_ESTIMATE_DRAWS]; /* [PARE_N_COEFS] values; NULL: none */
} pare_coefs;

/* Reads a target; draws from the seed, the target's name and the coefficient's, so that they do not
 * depend on the model. In the arena. ENOMEM. */
pare_status pare_coefs_make(pare_ctx *ctx, pare_coefs **out, pare_arena *arena,
                            const pare_target *target, uint64_t seed, bool with_draws);

/* Name of a coefficient as in files of targets: "mac_pj.int8", "levels.DRAM.pj_per_byte". Written
 * to out, which it returns. */
const char *pare_coef_name(char *out, size_t out_bytes, const pare_target *target, int coef);

const char *pare_coef_type_name(pare_arithmetic type);
uint32_t pare_coef_type_bits(pare_arithmetic type);

/* The arithmetic that a type of tensors calls for; PARE_N_ARITHMETIC for strings and undefined. */
pare_arithmetic pare_coef_type_of(pare_dtype dtype);

#endif
