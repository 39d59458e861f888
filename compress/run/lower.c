#include "run/planner.h"

#include "run/lower/lower.h"

#include <stddef.h>
#include <string.h>

/* Which family lowers an operator. Sorted by domain, then name, like the operator table. */
static const struct {
    const char *domain, *name;
    pare_lower_fn *lower;
} rows[] = {
    { "", "AveragePool", pare_lower_average_pool },
    { "", "Conv", pare_lower_conv },
    { "", "Flatten", pare_lower_view },
    { "", "Gemm", pare_lower_gemm },
    { "", "GlobalAveragePool", pare_lower_global_average_pool },
    { "", "GlobalMaxPool", pare_lower_global_max_pool },
    { "", "Identity", pare_lower_view },
    { "", "MatMul", pare_lower_matmul },
    { "", "MaxPool", pare_lower_max_pool },
    { "", "Reshape", pare_lower_view },
    { "", "Slice", pare_lower_slice },
    { "", "Split", pare_lower_split },
    { "", "Squeeze", pare_lower_view },
    { "", "Transpose", pare_lower_transpose },
    { "", "Unsqueeze", pare_lower_view },
};

pare_lower_fn *pare_lower_of(const pare_op *op)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].domain, op->domain) == 0 && strcmp(rows[i].name, op->name) == 0)
            return rows[i].lower;
    return pare_lower_elementwise; /* it has a table of its own */
}
