#include "stats/metrics.h"

#include "op/wide.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Outputs as rows of classes: which axis the classes are, and the elements as doubles. */

static void shape_text(char *out, size_t out_bytes, const pare_tensor *t)
{
    size_t n = (size_t)snprintf(out, out_bytes, "%s[", pare_dtype_name(t->dtype));
    for (uint32_t i = 0; i < t->rank && n < out_bytes; i++)
        n += (size_t)snprintf(out + n, out_bytes - n, "%s%" PRId64, i ? "," : "", t->dims[i]);
    if (n < out_bytes) snprintf(out + n, out_bytes - n, "]");
}

/* Whether the axes of t but one are, apart from those of size 1, the axes of labels. */
static bool is_class_axis(const pare_tensor *t, uint32_t axis, const pare_tensor *labels)
{
    uint32_t k = 0;
    for (uint32_t i = 0; i < t->rank; i++) {
        if (i == axis || t->dims[i] == 1) continue;
        while (k < labels->rank && labels->dims[k] == 1) k++;
        if (k == labels->rank || labels->dims[k++] != t->dims[i]) return false;
    }
    while (k < labels->rank && labels->dims[k] == 1) k++;
    return k == labels->rank;
}

/* The axis of classes; t->rank where there is none. */
static uint32_t class_axis(const pare_tensor *t, const pare_truth *truth, const pare_tensor *labels)
{
    uint32_t axis = t->rank;
    if (truth->labels && labels) {
        while (axis-- > 0)
            if (t->dims[axis] > 1 && is_class_axis(t, axis, labels)) return axis;
        return t->rank;
    }
    if (!truth->labels && t->rank >= 4) return 1;
    while (axis-- > 0)
        if (t->dims[axis] != 1) break;
    if (axis == UINT32_MAX) return t->rank;
    if (truth->labels && t->dims[axis] != t->n_elements) return t->rank; /* more than one row */
    return axis;
}

static pare_status fail_rows(pare_ctx *ctx, const char *name, const pare_tensor *t,
                             const pare_truth *truth)
{
    char shape[256];
    shape_text(shape, sizeof(shape), t);
    return pare_fail(
        ctx, PARE_EFORMAT,
        "output '%s' is %s for a sample, expected %" PRId64
        " row%s of two or more classes, one per label; name the output that classifies "
        "as `output:` in the data's description",
        name, shape, truth->n, truth->n == 1 ? "" : "s");
}

static bool holds_classes(const pare_tensor *t, const pare_truth *truth)
{
    const bool is_integer = t->dtype == PARE_INT64 || t->dtype == PARE_INT32 ||
                            t->dtype == PARE_UINT64 || t->dtype == PARE_UINT32;
    return is_integer && (!truth->labels || t->n_elements == truth->n);
}

static pare_status find_rows(pare_ctx *ctx, pare_answer *out, const char *name,
                             const pare_tensor *t, const pare_truth *truth,
                             const pare_tensor *labels)
{
    *out = (pare_answer){ .n = t->n_elements, .outer = 1, .classes = 1, .inner = 1 };
    if (holds_classes(t, truth)) {
        out->is_class = true;
        out->outer = t->n_elements;
        return PARE_OK;
    }
    const uint32_t axis = class_axis(t, truth, labels);
    if (axis == t->rank && truth->labels) return fail_rows(ctx, name, t, truth);
    for (uint32_t i = 0; i < t->rank; i++) {
        if (i < axis) out->outer *= t->dims[i];
        else if (i == axis) out->classes = t->dims[i];
        else out->inner *= t->dims[i];
    }
    if (truth->labels && (out->outer * out->inner != truth->n || out->classes < 2))
        return fail_rows(ctx, name, t, truth);
    return PARE_OK;
}

pare_status pare_answer_load(pare_ctx *ctx, pare_answer *out, const char *name,
                             const pare_tensor *tensor, const pare_truth *truth,
                             const pare_tensor *labels, double **room, size_t *cap)
{
    if (pare_wide_of(tensor->dtype) == PARE_WIDE_NONE)
        return pare_fail(ctx, PARE_EUNSUPPORTED,
                         "output '%s' is of type %s, which cannot be scored; name another one as "
                         "`output:` in the data's description",
                         name, pare_dtype_name(tensor->dtype));
    if (!tensor->n_elements)
        return pare_fail(ctx, PARE_EFORMAT, "output '%s' has no elements for a sample", name);
    PARE_TRY(find_rows(ctx, out, name, tensor, truth, labels));
    PARE_TRY(pare_grow(ctx, room, cap, (size_t)tensor->n_elements, sizeof(**room)));
    pare_wide_load_as(PARE_WIDE_F64, tensor->dtype, tensor->payload.data, 0, 1, tensor->n_elements,
                      *room);
    for (int64_t i = 0; i < tensor->n_elements; i++) out->has_nan |= isnan((*room)[i]);
    out->x = *room;
    return PARE_OK;
}
