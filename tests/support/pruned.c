#include "support/pruned.h"

#include "ir/graph.h"
#include "support/test.h"

#include <string.h>

/* --- choosing --------------------------------------------------------------------------------- */

static bool leaves_all(const pare_axes_found *a, uint32_t group, const bool *gone)
{
    for (size_t k = 0; k < a->n_factors; k++) {
        const pare_factor *f = &a->factors[k];
        if (f->group != group) continue;
        bool any = false;
        for (int64_t i = 0; i < f->size; i++) any |= !gone[a->class_of[f->first + (uint32_t)i]];
        if (!any) return false;
    }
    return true;
}

size_t test_prune_choose(const pare_axes_found *a, uint32_t group, pare_rng *rng, bool *gone)
{
    const size_t wanted = 1 + a->groups[group].n_classes / 3;
    size_t n = 0;
    memset(gone, 0, a->n_classes * sizeof(*gone));
    for (int round = 0; round < 2; round++)
        for (size_t c = 0; c < a->n_classes && n < (round ? 1 : wanted); c++) {
            if (a->classes[c].group != group || (!round && pare_rng_next(rng) % 3 != 0)) continue;
            gone[c] = true;
            if (leaves_all(a, group, gone)) n++;
            else gone[c] = false;
        }
    return n;
}

/* --- masking ---------------------------------------------------------------------------------- */

/* Whether zeros there mean that nothing comes through: not of what divides, and not of scales. */
static bool may_be_zero(const pare_model *m, pare_value_id v)
{
    for (const pare_use *use = m->values[v].first_use; use; use = use->next) {
        if (use->user == PARE_NONE) return false;
        const char *op = m->nodes[use->user].op_type;
        if (strcmp(op, "Div") == 0 || strcmp(op, "Pow") == 0 || strcmp(op, "QuantizeLinear") == 0 ||
            (strcmp(op, "BatchNormalization") == 0 && use->slot == 4) ||
            (strcmp(op, "DequantizeLinear") == 0 && use->slot > 0))
            return false;
    }
    return true;
}

bool test_prune_keeps(const pare_axes_found *a, pare_value_id v, const pare_tensor *t,
                    const bool *gone, int64_t element)
{
    for (uint32_t k = t->rank; k-- > 0; element /= t->dims[k]) {
        const pare_axis_info *axis = pare_axes_of(a, v, k);
        if (axis && !pare_axis_keeps(a, axis, gone, element % t->dims[k])) return false;
    }
    return true;
}

void test_prune_mask(pare_ctx *ctx, pare_model *m, const pare_axes_found *a, const bool *gone)
{
    for (pare_value_id v = 0; v < a->n_values; v++) {
        pare_tensor *t = m->values[v].tensor;
        if (!t || m->values[v].graph != m->graph || !may_be_zero(m, v)) continue;
        const int bits = pare_dtype_of(t->dtype)->bits;
        const bool is_index = t->dtype == PARE_INT64 || t->dtype == PARE_INT32;
        bool touched = false;
        for (uint32_t k = 0; k < t->rank; k++) {
            const pare_axis_info *axis = pare_axes_of(a, v, k);
            touched |= axis && pare_axis_left(a, axis, gone) != axis->extent;
        }
        if (!touched || is_index || bits < 8) continue;
        uint8_t *data = NULL;
        pare_tensor *own = pare_tensor_ref(t);
        assert_int_equal(pare_tensor_own(ctx, &own, &data), PARE_OK);
        for (int64_t i = 0; i < own->n_elements; i++)
            if (!test_prune_keeps(a, v, own, gone, i))
                memset(data + (size_t)i * (size_t)bits / 8, 0, (size_t)bits / 8);
        assert_int_equal(pare_value_set_tensor(ctx, m, v, own), PARE_OK);
    }
}
