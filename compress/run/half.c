#include "run/planner.h"

#include <string.h>

/* float16 values for lowerings that know floats. */

enum { TASK = 1 << 15 };

bool pare_plan_is_half(const pare_planner *p, pare_value_id value)
{
    const pare_info *info = value >= p->model->n_values ? NULL : pare_shapes_of(p->shapes, value);
    return info && info->kind == PARE_TYPE_TENSOR && info->dtype == PARE_FLOAT16;
}

bool pare_plan_is_half_node(const pare_planner *p, const pare_node *node)
{
    for (uint32_t i = 0; i < node->n_inputs; i++)
        if (pare_plan_is_half(p, node->inputs[i].value)) return true;
    for (uint32_t i = 0; i < node->n_outputs; i++)
        if (pare_plan_is_half(p, node->outputs[i])) return true;
    return false;
}

/* What gives no numbers but those that it takes need not be rounded. What does not even look at
 * them keeps every bit, and a NaN that is widened comes back quiet: such operators take floats only
 * where there is nothing else. */
typedef enum half_kind { ROUNDS, EXACT, MOVES } half_kind;

static const struct {
    const char *name;
    half_kind kind;
} operators[] = {
    { "Abs", EXACT }, { "Add", ROUNDS }, { "AveragePool", ROUNDS },
    { "BatchNormalization", ROUNDS }, { "Ceil", EXACT }, { "Celu", ROUNDS }, { "Clip", ROUNDS },
    { "Concat", MOVES }, { "Conv", ROUNDS }, { "ConvTranspose", ROUNDS }, { "Cos", ROUNDS },
    { "Div", ROUNDS }, { "Elu", ROUNDS }, { "Erf", ROUNDS }, { "Exp", ROUNDS },
    { "Flatten", MOVES }, { "Floor", EXACT }, { "Gelu", ROUNDS }, { "Gemm", ROUNDS },
    { "GlobalAveragePool", ROUNDS }, { "GlobalMaxPool", EXACT }, { "HardSigmoid", ROUNDS },
    { "HardSwish", ROUNDS }, { "Identity", MOVES }, { "LeakyRelu", ROUNDS }, { "Log", ROUNDS },
    { "MatMul", ROUNDS }, { "Max", EXACT }, { "MaxPool", EXACT }, { "Min", EXACT },
    { "Mish", ROUNDS }, { "Mul", ROUNDS }, { "Neg", EXACT }, { "PRelu", ROUNDS },
    { "Pow", ROUNDS }, { "Reciprocal", ROUNDS }, { "Relu", EXACT }, { "Reshape", MOVES },
    { "Round", EXACT }, { "Selu", ROUNDS }, { "Sigmoid", ROUNDS }, { "Sign", EXACT },
    { "Sin", ROUNDS }, { "Slice", MOVES }, { "Softmax", ROUNDS }, { "Softplus", ROUNDS },
    { "Softsign", ROUNDS }, { "Split", MOVES }, { "Sqrt", ROUNDS }, { "Squeeze", MOVES },
    { "Sub", ROUNDS }, { "Swish", ROUNDS }, { "Tanh", ROUNDS }, { "Transpose", MOVES },
    { "Unsqueeze", MOVES }, { "Where", EXACT },
};

static int find_operator(const pare_node *node)
{
    if (!node->op_type || *pare_node_domain(node)) return -1;
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
        if (strcmp(operators[i].name, node->op_type) == 0) return (int)i;
    return -1;
}

bool pare_plan_can_widen(const pare_planner *p, const pare_node *node)
{
    const int found = find_operator(node);
    if (found < 0) return false;
    for (uint32_t i = 0; operators[found].kind == MOVES && i < node->n_inputs; i++) {
        const pare_value_id v = node->inputs[i].value;
        if (pare_plan_is_half(p, v) && (p->values[v].n_forms || !p->wide[v].n_forms)) return false;
    }
    return true;
}

bool pare_plan_rounds(const pare_planner *p, const pare_node *node)
{
    const int found = find_operator(node);
    return p->widens && found >= 0 && operators[found].kind == ROUNDS &&
           pare_plan_is_half(p, node->outputs[0]);
}

float pare_plan_rounded(float x)
{
    pare_narrow_ref.round_f16(1, &x, &x);
    return x;
}

/* --- steps ------------------------------------------------------------------------------------ */

typedef struct half_args {
    pare_laid from, to;       /* of the same n elements, side by side */
    int64_t n;
} half_args;

static int64_t rest_of(const half_args *a, uint32_t task)
{
    const int64_t rest = a->n - (int64_t)task * TASK;
    return rest < TASK ? rest : TASK;
}

static void run_widen(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)worker;
    const half_args *a = args;
    const int64_t at = (int64_t)task * TASK;
    frame->kernels->narrow->from_f16(rest_of(a, task),
                                     (const uint16_t *)pare_laid_address(frame, &a->from) + at,
                                     (float *)pare_laid_address(frame, &a->to) + at);
}

static void run_narrow(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)worker;
    const half_args *a = args;
    const int64_t at = (int64_t)task * TASK;
    frame->kernels->narrow->to_f16(rest_of(a, task),
                                   (const float *)pare_laid_address(frame, &a->from) + at,
                                   (uint16_t *)pare_laid_address(frame, &a->to) + at);
}

static void run_round(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    (void)worker;
    const half_args *a = args;
    float *x = (float *)pare_laid_address(frame, &a->to) + (int64_t)task * TASK;
    frame->kernels->narrow->round_f16(rest_of(a, task), x, x);
}

static pare_status add_step(pare_planner *p, const pare_laid *from, const pare_laid *to, int64_t n,
                            pare_step_fn *run, const char *kernel)
{
    if (n == 0) return PARE_OK;
    half_args *a = pare_plan_args(p, sizeof(*a));
    if (!a) return pare_arena_fail(p->ctx, &p->plan->arena);
    *a = (half_args){ *from, *to, n };
    const pare_step step = { .run = run, .args = a, .kernel = kernel,
                             .n_tasks = (uint32_t)((n + TASK - 1) / TASK) };
    const pare_laid *touches[] = { &a->from, &a->to };
    return pare_plan_step(p, &step, touches, 2);
}

/* --- values ----------------------------------------------------------------------------------- */

static pare_status widen_constant(pare_planner *p, pare_value_id value, const pare_tensor *half)
{
    pare_tensor *dense = NULL;
    pare_tensor *t = NULL;
    pare_status st = pare_tensor_densify(p->ctx, &dense, (pare_tensor *)half);
    if (!st) st = pare_tensor_new(p->ctx, &t, PARE_FLOAT, half->rank, half->dims);
    if (!st)
        p->plan->kernels->narrow->from_f16(half->n_elements,
                                           (const uint16_t *)(const void *)dense->payload.data,
                                           (float *)(void *)t->owner->data);
    p->widens = true;
    if (!st) st = pare_plan_set_constant(p, value, t);
    p->widens = false;
    pare_tensor_unref(dense);
    pare_tensor_unref(t);
    return st;
}

static void drop_widened(pare_planner *p, pare_value_id value)
{
    pare_plan *plan = p->plan;
    pare_planned *v = &p->wide[value];
    if (!v->constant || v->n_forms != 1) return;
    const pare_buffer *b = &plan->buffers[v->forms[0].buffer];
    if (b->kind != PARE_BUFFER_CONSTANT || b->first <= b->last || b->n_values != 1) return;
    for (size_t k = plan->n_constants; k-- > 0;) {
        if (plan->constants[k] != v->constant) continue;
        plan->cost.own_bytes -= pare_tensor_size_bytes(v->constant);
        pare_tensor_unref(plan->constants[k]);
        plan->constants[k] = plan->constants[--plan->n_constants];
        v->constant = NULL; /* who needs it later widens it again */
        v->n_forms = 0;
        return;
    }
}

void pare_plan_drop_widened(pare_planner *p, const pare_node *node)
{
    for (uint32_t i = 0; i < node->n_inputs; i++)
        if (pare_plan_is_half(p, node->inputs[i].value)) drop_widened(p, node->inputs[i].value);
}

static pare_status widen(pare_planner *p, pare_value_id value)
{
    pare_laid from, to;
    const pare_tensor *constant = pare_plan_constant(p, value);
    if (p->wide[value].n_forms) return PARE_OK;
    if (constant) return widen_constant(p, value, constant);
    if (!pare_plan_has(p, value)) return PARE_OK;
    PARE_TRY(pare_plan_need(p, value, PARE_FORM_PLAIN, &from));
    to = from;
    to.dtype = PARE_FLOAT;
    pare_laid_arrange(&to, PARE_FORM_PLAIN);
    p->widens = true;
    const pare_status st = pare_plan_out(p, value, &to);
    p->widens = false;
    return st ? st : add_step(p, &from, &to, pare_laid_n_elements(&to), run_widen, "widen f16");
}

pare_status pare_plan_widen_inputs(pare_planner *p, const pare_node *node)
{
    for (uint32_t i = 0; i < node->n_inputs; i++)
        if (pare_plan_is_half(p, node->inputs[i].value)) PARE_TRY(widen(p, node->inputs[i].value));
    return PARE_OK;
}

pare_status pare_plan_narrow(pare_planner *p, pare_value_id value)
{
    pare_laid from, to;
    if (!pare_plan_is_half(p, value) || p->values[value].n_forms || !p->wide[value].n_forms)
        return PARE_OK;
    p->widens = true;
    const pare_status st = pare_plan_need(p, value, PARE_FORM_PLAIN, &from);
    p->widens = false;
    if (st) return st;
    to = from;
    to.dtype = PARE_FLOAT16;
    pare_laid_arrange(&to, PARE_FORM_PLAIN);
    PARE_TRY(pare_plan_out(p, value, &to));
    return add_step(p, &from, &to, pare_laid_n_elements(&to), run_narrow, "narrow f16");
}

/* Memory that the node's steps wrote is rounded as a whole; padding does no harm. */
pare_status pare_plan_round_outputs(pare_planner *p, const pare_node *node, size_t first)
{
    const int found = find_operator(node);
    for (uint32_t i = 0; i < node->n_outputs; i++) {
        const pare_value_id value = node->outputs[i];
        if (!pare_plan_is_half(p, value) || !p->wide[value].n_forms) continue;
        pare_laid home = p->wide[value].forms[0];
        const pare_buffer *b = &p->plan->buffers[home.buffer];
        if (operators[found].kind != ROUNDS || b->kind != PARE_BUFFER_ARENA || b->first > b->last ||
            b->last < first)
            continue;
        home.offset = 0;
        PARE_TRY(add_step(p, &home, &home, (int64_t)(b->n_bytes / sizeof(float)), run_round,
                          "round f16"));
    }
    return PARE_OK;
}
