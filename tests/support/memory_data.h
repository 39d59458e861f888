/* A data set of float32 samples that a formula makes, for what reads samples in the library. */
#ifndef TESTS_SUPPORT_MEMORY_DATA_H
#define TESTS_SUPPORT_MEMORY_DATA_H

#include "base/contract/dataset.h"

typedef struct test_memory_data {
    pare_dataset data;        /* of the only input; refers to this struct, which must not move */
    uint32_t rank;
    const int64_t *dims;      /* [rank] of a sample, the batch included; borrowed */
    float (*at)(uint64_t sample, int64_t element);
} test_memory_data;

/* n samples, element i of sample s being at(s, i). */
void test_memory_data_init(test_memory_data *m, uint64_t n, uint32_t rank, const int64_t *dims,
                           float (*at)(uint64_t sample, int64_t element));

#endif
