/* What was measured on real machines, beside what is estimated for the same networks there. The
 * rows that docs/energy.md prints and tests/energy/test_validation.c judges. */
#ifndef TESTS_SUPPORT_VALIDATED_H
#define TESTS_SUPPORT_VALIDATED_H

#include "support/estimated.h"

typedef enum validated_form {
    VALIDATED_FLOAT,
    VALIDATED_HALF, /* 16 bits: as support/quantized.h makes both */
    VALIDATED_INT8,
} validated_form;

/* What of an estimate is compared. */
typedef enum validated_part {
    VALIDATED_ALL,       /* energy, all of it */
    VALIDATED_CHIP_CONV, /* energy of convolutions, without that of the last level */
} validated_part;

typedef struct validated_row {
    const char *target, *net;
    int64_t batch;
    validated_form form;
    validated_part part;
    double measured_uj;
    bool was_fitted; /* the target's numbers were fitted to this row, among others */
    const char *source, *note;
} validated_row;

typedef struct validated_result {
    double uj, low, high;
    double ratio;   /* estimated over measured */
    bool is_inside; /* measured lies within the band */
} validated_result;

const validated_row *validated_rows(size_t *n);

/* Times of batch 1 in float32, which timm published for two processors. */
typedef struct validated_time {
    const char *target, *net;
    double measured_ms;
} validated_time;

const validated_time *validated_times(size_t *n);

/* Estimates a row on its built-in target; the test fails where that does. */
validated_result validated_estimate(test_ctx *t, const validated_row *row);

/* A network built, quantized or not, with its shapes; both for the caller to free. */
typedef struct validated_net {
    pare_model *model;
    pare_shapes *shapes;
    uint64_t batch;
} validated_net;

void validated_build(test_ctx *t, validated_net *out, const char *net, int64_t batch,
                     validated_form form);
void validated_free(test_ctx *t, validated_net *net);

/* Estimates it; zeros are ignored. */
pare_estimate *validated_run(test_ctx *t, const validated_net *net, const pare_target *target,
                             bool bands);

/* A built-in target for the caller to free; its numbers may be changed. */
pare_target *validated_target(test_ctx *t, const char *name);

/* Megabytes that all convolutions move to and from the last level in one run. */
double validated_conv_dram_mb(const pare_estimate *e);

#endif
