#include "run/lower/bytes.h"
#include "run/lower/lines.h"
#include "run/lower/lower.h"
#include "run/lower/program.h"

#include "op/elementwise.h"
#include "op/ms_qlinear.h"
#include "op/norm.h"
#include "op/wide.h"

#include <math.h>
#include <string.h>

/* Element-by-element operators on float as instructions of a program. */

/* A program that grows by nodes. */
typedef struct author {
    pare_planner *p;
    pare_program *program;
    const pare_laid *shape;   /* of the output: dims */
    pare_value_id *values;    /* [PARE_PROGRAM_OPERANDS] that operands stand for */
    pare_value_id *results;   /* [PARE_PROGRAM_OPS] that instructions stand for; PARE_NONE: none */
    bool on_codes;            /* operands are codes where they can be */
    uint32_t n_codes;         /* operands that are */
    bool fits;                /* false: too much for one program, or not float */
    pare_status status;       /* sticky: what else went wrong */
} author;

static bool takes(const pare_planner *p, pare_value_id value, pare_dtype dtype)
{
    pare_laid laid;
    return value != PARE_NONE && pare_plan_shape(p, value, &laid) && laid.dtype == dtype;
}

static void emit(author *a, pare_program_kind kind, int function, uint8_t n,
                 const pare_source *sources, pare_value_id result)
{
    pare_program *g = a->program;
    if (g->n_ops == PARE_PROGRAM_OPS) {
        a->fits = false;
        return;
    }
    pare_program_op *op = &g->ops[g->n_ops];
    *op = (pare_program_op){ .kind = kind, .function = (uint8_t)function, .n_sources = n };
    for (uint8_t i = 0; i < n; i++) op->sources[i] = sources[i];
    a->results[g->n_ops++] = result;
}

/* The last instruction, between codes and floats. */
static void set_codes(author *a, const pare_codes *codes)
{
    if (!a->fits) return;
    pare_program_op *op = &a->program->ops[a->program->n_ops - 1];
    op->function = codes->dtype == PARE_INT8;
    op->a = pare_codes_scale(codes, 0);
    op->b = (float)pare_codes_zero(codes, 0);
}

/* Codes as an operand, and an instruction that makes floats of them, which the value is then. */
static pare_source take_codes(author *a, const pare_codes *codes, pare_value_id value)
{
    pare_program *g = a->program;
    const pare_source x = { true, (uint8_t)g->n_operands };
    if (g->n_operands == PARE_PROGRAM_OPERANDS) {
        a->fits = false;
        return x;
    }
    a->values[g->n_operands++] = codes->value;
    a->n_codes += !pare_plan_constant_shape(a->p, codes->value);
    emit(a, PARE_PROGRAM_DEQUANTIZE, 0, 1, &x, value);
    set_codes(a, codes);
    return (pare_source){ false, (uint8_t)(g->n_ops - 1) };
}

/* Reads a value as codes, if it is there as such: then an instruction makes floats of them. What is
 * constant, or has more than one scale, is made floats before. */
static pare_status read_codes(author *a, pare_value_id value, bool *is_read)
{
    pare_program *g = a->program;
    pare_planner *p = a->p;
    pare_codes codes;
    *is_read = false;
    for (uint32_t i = 0; i < g->n_ops; i++)
        if (a->results[i] == value) return PARE_OK;
    if (value == PARE_NONE || !a->on_codes) return PARE_OK;
    PARE_TRY(pare_plan_exact_codes(p, value, &codes, is_read));
    if (!*is_read) return PARE_OK;
    *is_read = codes.axis < 0 && codes.dtype != PARE_INT32 &&
               !pare_plan_constant_shape(p, codes.value) && g->n_operands < PARE_PROGRAM_OPERANDS;
    if (!*is_read) return pare_plan_restore_value(p, value);
    take_codes(a, &codes, value);
    return PARE_OK;
}

/* What a value is for the next instruction: a result, an operand there is already, or a new one. */
static pare_source source_of(author *a, pare_value_id value)
{
    pare_program *g = a->program;
    for (uint32_t i = 0; i < g->n_ops; i++)
        if (a->results[i] == value) return (pare_source){ false, (uint8_t)i };
    for (uint32_t i = 0; i < g->n_operands; i++)
        if (a->values[i] == value) return (pare_source){ true, (uint8_t)i };
    if (g->n_operands == PARE_PROGRAM_OPERANDS || !pare_plan_has(a->p, value)) {
        a->fits = false;
        return (pare_source){ true, 0 };
    }
    a->values[g->n_operands] = value;
    return (pare_source){ true, (uint8_t)g->n_operands++ };
}

/* Floats that are no value: one per channel (axis 1). */
static pare_source channel_source(author *a, const float *numbers)
{
    pare_program *g = a->program;
    if (g->n_operands == PARE_PROGRAM_OPERANDS) {
        a->fits = false;
        return (pare_source){ true, 0 };
    }
    pare_laid *laid = &g->operands[g->n_operands];
    *laid = (pare_laid){ .dtype = PARE_FLOAT, .rank = a->shape->rank };
    laid->strides[1] = 1;
    if (!a->status) a->status = pare_plan_numbers(a->p, numbers, &laid->buffer);
    a->values[g->n_operands] = PARE_NONE;
    return (pare_source){ true, (uint8_t)g->n_operands++ };
}

/* --- operators -------------------------------------------------------------------------------- */

typedef void write_fn(author *a, const pare_lowering *l, int function);

static void write_map(author *a, const pare_lowering *l, int function)
{
    const pare_unary_params *params = l->params;
    const pare_source x = source_of(a, pare_lower_in(l, 0));
    emit(a, PARE_PROGRAM_MAP, function, 1, &x, pare_lower_out(l, 0));
    if (!a->fits || !l->call.op->params_bytes) return;
    pare_program_op *op = &a->program->ops[a->program->n_ops - 1];
    op->a = params->alpha;
    op->b = params->beta;
    if (function == PARE_MAP_GELU && params->tanh_approximation)
        op->function = PARE_MAP_GELU_TANH;
}

/* The bound at input i, or the fallback. */
static float bound_of(author *a, const pare_lowering *l, uint32_t i, float attr, float fallback)
{
    const pare_clip_params *params = l->params;
    if (params->has_attrs) return attr;
    if (pare_lower_in(l, i) == PARE_NONE) return fallback;
    const pare_tensor *t = pare_plan_constant(a->p, pare_lower_in(l, i));
    if (!t || t->n_elements != 1) {
        a->fits = false;
        return 0;
    }
    return (float)pare_wide_f64_at(t->dtype, t->payload.data, 0);
}

static void write_clip(author *a, const pare_lowering *l, int function)
{
    const pare_clip_params *params = l->params;
    const pare_source x = source_of(a, pare_lower_in(l, 0));
    const float low = bound_of(a, l, 1, params->min, -INFINITY);
    const float high = bound_of(a, l, 2, params->max, INFINITY);
    emit(a, PARE_PROGRAM_MAP, function, 1, &x, pare_lower_out(l, 0));
    if (!a->fits) return;
    a->program->ops[a->program->n_ops - 1].a = low;
    a->program->ops[a->program->n_ops - 1].b = high;
}

static void write_pair(author *a, const pare_lowering *l, int function)
{
    const pare_source x[] = { source_of(a, pare_lower_in(l, 0)),
                              source_of(a, pare_lower_in(l, 1)) };
    emit(a, PARE_PROGRAM_MAP2, function, 2, x, pare_lower_out(l, 0));
}

static void write_mod(author *a, const pare_lowering *l, int function)
{
    const pare_binary_params *params = l->params;
    write_pair(a, l, params->fmod ? PARE_MAP2_FMOD : function);
}

/* From the left, as eval does. */
static void write_many(author *a, const pare_lowering *l, int function)
{
    pare_source x[2] = { source_of(a, pare_lower_in(l, 0)), { true, 0 } };
    if (l->node->n_inputs < 2) a->fits = false;
    for (uint32_t i = 1; a->fits && i < l->node->n_inputs; i++) {
        const bool is_last = i + 1 == l->node->n_inputs;
        x[1] = source_of(a, pare_lower_in(l, i));
        emit(a, PARE_PROGRAM_MAP2, function, 2, x, is_last ? pare_lower_out(l, 0) : PARE_NONE);
        x[0] = (pare_source){ false, (uint8_t)(a->program->n_ops - 1) };
    }
}

enum { SWAPPED = 16 };

static void write_compare(author *a, const pare_lowering *l, int function)
{
    const bool swaps = function & SWAPPED;
    const pare_source x[] = { source_of(a, pare_lower_in(l, swaps)),
                              source_of(a, pare_lower_in(l, !swaps)) };
    if (!takes(a->p, pare_lower_in(l, 0), PARE_FLOAT)) a->fits = false;
    emit(a, PARE_PROGRAM_COMPARE, function & ~SWAPPED, 2, x, pare_lower_out(l, 0));
}

static void write_where(author *a, const pare_lowering *l, int function)
{
    const pare_source x[] = { source_of(a, pare_lower_in(l, 0)), source_of(a, pare_lower_in(l, 1)),
                              source_of(a, pare_lower_in(l, 2)) };
    emit(a, PARE_PROGRAM_SELECT, function, 3, x, pare_lower_out(l, 0));
}

/* factor = scale / sqrt(variance + epsilon), shift = bias - mean * factor, as eval has them. */
static void write_batch_norm(author *a, const pare_lowering *l, int function)
{
    const pare_batch_norm_params *params = l->params;
    const int64_t n = a->shape->rank > 1 ? a->shape->dims[1] : 0;
    float *factor = pare_plan_args(a->p, 2 * (size_t)n * sizeof(*factor) + 1);
    float *shift = factor ? factor + n : NULL;
    if (!factor) a->status = pare_arena_fail(a->p->ctx, &a->p->plan->arena);
    if (a->fits && factor && !a->status)
        a->status = pare_batch_norm_factors(a->p, l, params, n, factor, shift, &a->fits);
    if (!a->fits || a->status) return;
    const pare_source x[] = { source_of(a, pare_lower_in(l, 0)), channel_source(a, factor),
                              channel_source(a, shift) };
    emit(a, PARE_PROGRAM_AFFINE, function, 3, x, pare_lower_out(l, 0));
}

/* To codes of 8 bits, with one scale for all. */
static void write_quantize(author *a, const pare_lowering *l, int function)
{
    const pare_source x = source_of(a, pare_lower_in(l, 0));
    pare_codes codes;
    bool found = false;
    if (!a->status) a->status = pare_plan_codes_made(a->p, l, &codes, &found);
    if (!found) a->fits = false;
    emit(a, PARE_PROGRAM_QUANTIZE, function, 1, &x, pare_lower_out(l, 0));
    if (a->fits) set_codes(a, &codes);
}

/* --- QLinear operators ------------------------------------------------------------------------ */

/* Input i as floats, whose scale and zero point the next two inputs hold. */
static pare_source given_source(author *a, const pare_lowering *l, uint32_t i)
{
    pare_codes codes;
    bool found = false;
    if (pare_plan_codes_given(a->p, pare_lower_in(l, i), 0, pare_lower_in(l, i + 1),
                              pare_lower_in(l, i + 2), &codes, &found) || !found) {
        a->fits = false;
        return (pare_source){ true, 0 };
    }
    return take_codes(a, &codes, PARE_NONE);
}

/* Makes codes of the last result, by the scale and the zero point at inputs i and i + 1. */
static void give_codes(author *a, const pare_lowering *l, uint32_t i)
{
    const pare_source x = { false, (uint8_t)(a->program->n_ops - 1) };
    pare_codes codes;
    pare_laid y;
    bool found = false;
    if (!a->fits || !pare_plan_shape(a->p, pare_lower_out(l, 0), &y) ||
        pare_plan_codes_given(a->p, PARE_NONE, y.dtype, pare_lower_in(l, i),
                              pare_lower_in(l, i + 1), &codes, &found))
        a->fits = false;
    a->fits = a->fits && found;
    emit(a, PARE_PROGRAM_QUANTIZE, 0, 1, &x, pare_lower_out(l, 0));
    if (a->fits) set_codes(a, &codes);
}

static void write_qlinear_pair(author *a, const pare_lowering *l, int function)
{
    const pare_source x[] = { given_source(a, l, 0), given_source(a, l, 3) };
    emit(a, PARE_PROGRAM_MAP2, function, 2, x, PARE_NONE);
    give_codes(a, l, 6);
}

static void write_qlinear_map(author *a, const pare_lowering *l, int function)
{
    const pare_qlinear_params *params = l->params;
    const pare_source x = given_source(a, l, 0);
    emit(a, PARE_PROGRAM_MAP, function, 1, &x, PARE_NONE);
    if (a->fits) a->program->ops[a->program->n_ops - 1].a = params->alpha;
    give_codes(a, l, 3);
}

static void write_qlinear_where(author *a, const pare_lowering *l, int function)
{
    if (!takes(a->p, pare_lower_in(l, 0), PARE_BOOL)) a->fits = false;
    const pare_source x[] = { source_of(a, pare_lower_in(l, 0)), given_source(a, l, 1),
                              given_source(a, l, 4) };
    emit(a, PARE_PROGRAM_SELECT, function, 3, x, PARE_NONE);
    give_codes(a, l, 7);
}

static const struct {
    const char *domain, *name;
    write_fn *write;
    int function;
} rows[] = {
    { "", "Abs", write_map, PARE_MAP_ABS },
    { "", "Acos", write_map, PARE_MAP_ACOS },
    { "", "Acosh", write_map, PARE_MAP_ACOSH },
    { "", "Add", write_pair, PARE_MAP2_ADD },
    { "", "Asin", write_map, PARE_MAP_ASIN },
    { "", "Asinh", write_map, PARE_MAP_ASINH },
    { "", "Atan", write_map, PARE_MAP_ATAN },
    { "", "Atanh", write_map, PARE_MAP_ATANH },
    { "", "BatchNormalization", write_batch_norm, 0 },
    { "", "Ceil", write_map, PARE_MAP_CEIL },
    { "", "Celu", write_map, PARE_MAP_CELU },
    { "", "Clip", write_clip, PARE_MAP_CLIP },
    { "", "Cos", write_map, PARE_MAP_COS },
    { "", "Cosh", write_map, PARE_MAP_COSH },
    { "", "Div", write_pair, PARE_MAP2_DIV },
    { "", "Elu", write_map, PARE_MAP_ELU },
    { "", "Equal", write_compare, PARE_COMPARE_EQUAL },
    { "", "Erf", write_map, PARE_MAP_ERF },
    { "", "Exp", write_map, PARE_MAP_EXP },
    { "", "Floor", write_map, PARE_MAP_FLOOR },
    { "", "Gelu", write_map, PARE_MAP_GELU },
    { "", "Greater", write_compare, PARE_COMPARE_LESS | SWAPPED },
    { "", "GreaterOrEqual", write_compare, PARE_COMPARE_LESS_EQUAL | SWAPPED },
    { "", "HardSigmoid", write_map, PARE_MAP_HARD_SIGMOID },
    { "", "HardSwish", write_map, PARE_MAP_HARD_SWISH },
    { "", "LeakyRelu", write_map, PARE_MAP_LEAKY_RELU },
    { "", "Less", write_compare, PARE_COMPARE_LESS },
    { "", "LessOrEqual", write_compare, PARE_COMPARE_LESS_EQUAL },
    { "", "Log", write_map, PARE_MAP_LOG },
    { "", "Max", write_many, PARE_MAP2_MAX },
    { "", "Min", write_many, PARE_MAP2_MIN },
    { "", "Mish", write_map, PARE_MAP_MISH },
    { "", "Mod", write_mod, PARE_MAP2_MOD },
    { "", "Mul", write_pair, PARE_MAP2_MUL },
    { "", "Neg", write_map, PARE_MAP_NEG },
    { "", "PRelu", write_pair, PARE_MAP2_PRELU },
    { "", "Pow", write_pair, PARE_MAP2_POW },
    { "", "QuantizeLinear", write_quantize, 0 },
    { "", "Reciprocal", write_map, PARE_MAP_RECIPROCAL },
    { "", "Relu", write_map, PARE_MAP_RELU },
    { "", "Round", write_map, PARE_MAP_ROUND },
    { "", "Selu", write_map, PARE_MAP_SELU },
    { "", "Shrink", write_map, PARE_MAP_SHRINK },
    { "", "Sigmoid", write_map, PARE_MAP_SIGMOID },
    { "", "Sign", write_map, PARE_MAP_SIGN },
    { "", "Sin", write_map, PARE_MAP_SIN },
    { "", "Sinh", write_map, PARE_MAP_SINH },
    { "", "Softplus", write_map, PARE_MAP_SOFTPLUS },
    { "", "Softsign", write_map, PARE_MAP_SOFTSIGN },
    { "", "Sqrt", write_map, PARE_MAP_SQRT },
    { "", "Sub", write_pair, PARE_MAP2_SUB },
    { "", "Sum", write_many, PARE_MAP2_ADD },
    { "", "Swish", write_map, PARE_MAP_SWISH },
    { "", "Tan", write_map, PARE_MAP_TAN },
    { "", "Tanh", write_map, PARE_MAP_TANH },
    { "", "ThresholdedRelu", write_map, PARE_MAP_THRESHOLDED_RELU },
    { "", "Where", write_where, 0 },
    { "com.microsoft", "Gelu", write_map, PARE_MAP_GELU },
    { "com.microsoft", "QLinearAdd", write_qlinear_pair, PARE_MAP2_ADD },
    { "com.microsoft", "QLinearLeakyRelu", write_qlinear_map, PARE_MAP_LEAKY_RELU },
    { "com.microsoft", "QLinearMul", write_qlinear_pair, PARE_MAP2_MUL },
    { "com.microsoft", "QLinearSigmoid", write_qlinear_map, PARE_MAP_SIGMOID },
    { "com.microsoft", "QLinearWhere", write_qlinear_where, 0 },
    { "com.microsoft", "QuantizeLinear", write_quantize, 0 },
    { "com.microsoft", "QuickGelu", write_map, PARE_MAP_SWISH },
};

enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

static size_t row_of(const char *domain, const char *name)
{
    size_t i = 0;
    while (i < N_ROWS && (strcmp(rows[i].domain, domain) != 0 || strcmp(rows[i].name, name) != 0))
        i++;
    return i;
}

bool pare_elementwise_has(const char *domain, const char *name)
{
    return row_of(domain, name) < N_ROWS;
}

/* --- operands --------------------------------------------------------------------------------- */

static bool same_dims(const pare_laid *a, const pare_laid *b)
{
    return a->rank == b->rank && memcmp(a->dims, b->dims, a->rank * sizeof(a->dims[0])) == 0;
}

/* Lays the output out as the first operand of its shape that is not constant. */
static int find_primary(author *a, pare_laid *out)
{
    for (uint32_t i = 0; i < a->program->n_operands; i++) {
        if (a->values[i] == PARE_NONE || pare_plan_constant_shape(a->p, a->values[i])) continue;
        const pare_laid *home = pare_plan_home(a->p, a->values[i]);
        if (!same_dims(home, out)) continue;
        if (!pare_laid_has_form(home, PARE_FORM_PLAIN) &&
            !pare_laid_has_form(home, PARE_FORM_CHANNELS_LAST))
            continue;
        memcpy(out->strides, home->strides, sizeof(out->strides));
        return (int)i;
    }
    pare_laid_arrange(out, PARE_FORM_PLAIN);
    return -1;
}

/* Finds every operand, copied into the layout of the output where it is as large as that. */
static pare_status bind_operands(author *a, const pare_laid *out)
{
    pare_program *g = a->program;
    for (uint32_t i = 0; i < g->n_operands; i++) {
        pare_laid x;
        if (a->values[i] == PARE_NONE) {
            memcpy(g->operands[i].dims, out->dims, sizeof(out->dims));
            continue;
        }
        const bool is_full = same_dims(pare_plan_home(a->p, a->values[i]), out);
        if (is_full && !pare_plan_constant_shape(a->p, a->values[i]))
            PARE_TRY(pare_plan_need_like(a->p, a->values[i], out, &x));
        else PARE_TRY(pare_plan_need(a->p, a->values[i], PARE_FORM_ANY, &x));
        pare_lines_spread(&x, out, &g->operands[i]);
    }
    return PARE_OK;
}

/* Whether everything that the program reads fits the shape of its output. */
static bool operands_fit(const author *a)
{
    for (uint32_t i = 0; i < a->program->n_operands; i++) {
        pare_laid view;
        if (a->values[i] == PARE_NONE) continue;
        if (!pare_lines_spread(pare_plan_home(a->p, a->values[i]), a->shape, &view)) return false;
    }
    return true;
}

/* --- nodes ------------------------------------------------------------------------------------ */

/* Rounds what the last instruction gave, so that the value is that. */
static void round_result(author *a, pare_value_id value)
{
    const uint32_t last = a->program->n_ops - 1;
    const pare_source x = { false, (uint8_t)last };
    a->results[last] = PARE_NONE;
    emit(a, PARE_PROGRAM_ROUND, 0, 1, &x, value);
}

/* Whether types are those that a row's function takes and gives. */
static bool types_fit(const author *a, const pare_lowering *l, write_fn *write)
{
    const bool quantizes = write == write_quantize; /* looks at its output by itself */
    if (write == write_qlinear_pair || write == write_qlinear_map || write == write_qlinear_where)
        return true;
    const uint32_t first = write == write_where ? 1 : 0;
    const uint32_t end = quantizes ? 1 : l->node->n_inputs;
    const pare_dtype gives = write == write_compare ? PARE_BOOL : PARE_FLOAT;
    if (!quantizes && !takes(a->p, pare_lower_out(l, 0), gives)) return false;
    for (uint32_t k = first; k < end; k++)
        if (pare_lower_in(l, k) != PARE_NONE && !takes(a->p, pare_lower_in(l, k), PARE_FLOAT))
            return false;
    return true;
}

/* Adds a node's instructions; a->fits tells whether that could be. */
static pare_status write_node(author *a, const pare_lowering *l)
{
    const pare_binary_params *params = l->params;
    const pare_op *op = l->call.op;
    bool is_read = false;
    const size_t i = row_of(op->domain, op->name);
    if (i == N_ROWS) {
        a->fits = false;
        return PARE_OK;
    }
    const bool is_legacy = rows[i].write == write_pair && op->params_bytes == sizeof(*params) &&
                           params->legacy && params->has_axis;
    a->fits = a->fits && !is_legacy && types_fit(a, l, rows[i].write);
    for (uint32_t k = 0; a->fits && k < l->node->n_inputs; k++)
        PARE_TRY(read_codes(a, pare_lower_in(l, k), &is_read));
    if (a->fits) rows[i].write(a, l, rows[i].function);
    if (a->fits && pare_plan_rounds(a->p, l->node)) round_result(a, pare_lower_out(l, 0));
    return PARE_OK;
}

static bool is_cluster(const pare_group *group)
{
    return group->n_nodes > 1 && group->rule && group->rule->kind == PARE_FUSE_CLUSTER;
}

/* All nodes of a cluster, or the one node: of a chain the first. */
static pare_status write_all(author *a, pare_lowering *l)
{
    PARE_TRY(write_node(a, l));
    for (uint32_t i = 1; is_cluster(l->group) && a->fits && i < l->group->n_nodes; i++) {
        _Alignas(16) uint8_t params[PARE_MAX_PARAMS_BYTES];
        pare_lowering next;
        PARE_TRY(pare_lower_open(a->p, l->group, i, params, &next));
        PARE_TRY(write_node(a, &next));
        l->n_taken++;
    }
    return PARE_OK;
}

/* Gives each result a place among the temporaries until it was read for the last time. The last
 * instruction writes the output. */
static void place_temps(pare_program *g)
{
    uint8_t last[PARE_PROGRAM_OPS] = { 0 };
    uint32_t until[PARE_PROGRAM_OPS] = { 0 }; /* by temporary: instruction that reads it last */
    for (uint32_t i = 0; i < g->n_ops; i++)
        for (int k = 0; k < g->ops[i].n_sources; k++)
            if (!g->ops[i].sources[k].is_operand) last[g->ops[i].sources[k].index] = (uint8_t)i;
    g->n_temps = 0;
    for (uint32_t i = 0; i + 1 < g->n_ops; i++) {
        uint32_t t = 0;
        while (t < g->n_temps && until[t] > i) t++;
        if (t == g->n_temps) g->n_temps++;
        g->ops[i].temp = (uint8_t)t;
        until[t] = last[i];
    }
}

/* --- codes to codes --------------------------------------------------------------------------- */

/* The operand that is codes, when all others are constants of one element and codes come out. */
static bool is_map(const author *a, uint32_t *which)
{
    const pare_program *g = a->program;
    if (a->n_codes != 1 || g->ops[g->n_ops - 1].kind != PARE_PROGRAM_QUANTIZE) return false;
    for (uint32_t i = 0; i < g->n_operands; i++) {
        pare_laid x;
        const pare_value_id v = a->values[i];
        if (v == PARE_NONE || !pare_plan_shape(a->p, v, &x)) return false;
        const pare_tensor *t = pare_plan_constant(a->p, v);
        if (t && (t->n_elements != 1 || x.rank > a->shape->rank)) return false;
        if (t) continue;
        if (x.dtype == PARE_FLOAT || x.dtype == PARE_BOOL || !same_dims(&x, a->shape)) return false;
        *which = i;
    }
    return true;
}

/* A table instead of the program. */
static pare_status lower_map(author *a, pare_value_id result, uint32_t which)
{
    pare_program *g = a->program;
    const pare_codes from = { .value = a->values[which], .axis = -1 };
    uint8_t table[256];
    for (uint32_t i = 0; i < g->n_operands; i++)
        PARE_TRY(pare_plan_need(a->p, a->values[i], PARE_FORM_ANY, &g->operands[i]));
    PARE_TRY(pare_program_table(a->p, g, which, table));
    return pare_lower_byte_map(a->p, &from, result, a->shape->dtype, table);
}

static pare_byte_scale scale_of(const pare_program_op *op)
{
    const int32_t zero = (int32_t)op->b;
    return (pare_byte_scale){ .scale = op->a, .zero = op->function ? zero + 128 : zero,
                              .flip = op->function ? 0x80 : 0 };
}

/* The sum or product of two numbers, from codes to codes, as one instruction. */
static pare_status join_pair(author *a)
{
    pare_program *g = a->program;
    const pare_program_op *const ops = g->ops;
    if (g->n_ops < 3 || g->ops[g->n_ops - 1].kind != PARE_PROGRAM_QUANTIZE) return PARE_OK;
    const pare_program_op *pair = &ops[g->n_ops - 2];
    if (pair->kind != PARE_PROGRAM_MAP2 || g->n_ops > 4 ||
        (pair->function != PARE_MAP2_ADD && pair->function != PARE_MAP2_MUL) ||
        pair->sources[0].is_operand || pair->sources[1].is_operand)
        return PARE_OK;
    const pare_program_op *x = &ops[pair->sources[0].index];
    const pare_program_op *other = &ops[pair->sources[1].index];
    if (x->kind != PARE_PROGRAM_DEQUANTIZE || other->kind != PARE_PROGRAM_DEQUANTIZE)
        return PARE_OK;
    pare_byte_pair *how = pare_plan_args(a->p, sizeof(*how));
    if (!how) return pare_arena_fail(a->p->ctx, &a->p->plan->arena);
    *how = (pare_byte_pair){ scale_of(x), scale_of(other), scale_of(&ops[g->n_ops - 1]) };
    const pare_program_op joined = { .kind = PARE_PROGRAM_CODES, .function = pair->function,
                                     .n_sources = 2, .pair = how,
                                     .sources = { x->sources[0], other->sources[0] } };
    g->ops[0] = joined;
    g->n_ops = 1;
    return PARE_OK;
}

/* --- the whole -------------------------------------------------------------------------------- */

static pare_status give(author *a, pare_lowering *l, pare_laid *out)
{
    pare_planner *p = a->p;
    pare_program *program = a->program;
    const int primary = find_primary(a, out);
    PARE_TRY(bind_operands(a, out));
    const pare_value_id result = pare_lower_result(p, l);
    if (primary >= 0 && program->operands[primary].dtype == out->dtype &&
        pare_plan_dies(p, a->values[primary]) && !pare_plan_is_update(p, result)) {
        out->buffer = program->operands[primary].buffer;
        PARE_TRY(pare_plan_alias(p, result, out));
    } else {
        PARE_TRY(pare_plan_out(p, result, out));
    }
    program->out = *out;
    return pare_program_step(p, program);
}

static pare_status lower(pare_planner *p, pare_lowering *l, bool on_codes, bool *done)
{
    pare_value_id values[PARE_PROGRAM_OPERANDS];
    pare_value_id results[PARE_PROGRAM_OPS];
    uint32_t which = 0;
    pare_laid out;
    const pare_value_id shape_of =
        is_cluster(l->group) ? p->model->nodes[l->group->nodes[l->group->n_nodes - 1]].outputs[0]
                             : pare_lower_out(l, 0);
    if (pare_lower_out(l, 0) == PARE_NONE || !pare_plan_shape(p, shape_of, &out)) return PARE_OK;
    pare_laid operands[PARE_PROGRAM_OPERANDS];
    pare_program_op ops[PARE_PROGRAM_OPS];
    pare_program program = { .operands = operands, .ops = ops };
    author a = { .p = p, .program = &program, .shape = &out, .values = values, .results = results,
                 .on_codes = on_codes, .fits = true };
    PARE_TRY(write_all(&a, l));
    if (a.status) return a.status;
    if (!a.fits || !operands_fit(&a) || (on_codes && !a.n_codes)) return PARE_OK;
    *done = true;
    p->has_rounded = true;
    place_temps(&program);
    if (is_map(&a, &which)) return lower_map(&a, pare_lower_result(p, l), which);
    PARE_TRY(join_pair(&a));
    return give(&a, l, &out);
}

pare_status pare_lower_elementwise(pare_planner *p, pare_lowering *l, bool *done)
{
    return lower(p, l, false, done);
}

/* Whether a node of the group takes something that is there as codes. */
static pare_status takes_codes(pare_planner *p, const pare_group *group, bool *found)
{
    pare_codes codes;
    *found = false;
    for (uint32_t i = 0; i < group->n_nodes; i++) {
        const pare_node *node = &p->model->nodes[group->nodes[i]];
        for (uint32_t k = 0; k < node->n_inputs && !*found; k++)
            PARE_TRY(pare_plan_exact_codes(p, node->inputs[k].value, &codes, found));
    }
    return PARE_OK;
}

pare_status pare_lower_elementwise_codes(pare_planner *p, pare_lowering *l, bool *done)
{
    bool found = false;
    PARE_TRY(takes_codes(p, l->group, &found));
    return found ? lower(p, l, true, done) : PARE_OK;
}
