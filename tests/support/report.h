/* Made-up reports. */
#ifndef TESTS_SUPPORT_REPORT_H
#define TESTS_SUPPORT_REPORT_H

#include "base/contract/report.h"

enum { TEST_REPORT_MODELS = 6, TEST_REPORT_TARGETS = 2 };

typedef struct test_report {
    pare_report report;
    pare_report_target targets[TEST_REPORT_TARGETS];
    pare_report_model models[TEST_REPORT_MODELS];
    pare_report_figures figures[TEST_REPORT_MODELS][TEST_REPORT_TARGETS];
    pare_report_ratio ratios[TEST_REPORT_MODELS][TEST_REPORT_TARGETS];
    pare_report_layer *layers[TEST_REPORT_MODELS];
    uint64_t *ram_steps[TEST_REPORT_MODELS];
    char *names; /* of layers, 64 bytes each */
    pare_report_gate gates[3];
    pare_report_tie tie;
} test_report;

/* A report on n_models (1 to TEST_REPORT_MODELS) of n_layers each: an fp32 network, an int8 one of
 * it with a third of the energy, then others. It refers to itself and must not move. */
void test_report_make(test_report *t, size_t n_models, size_t n_layers);
void test_report_free(test_report *t);

#endif
