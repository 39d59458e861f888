#include "run/lower/program.h"

#include <string.h>

enum {
    BLOCK = 1024,             /* elements that an instruction takes at a time, at most */
    TASK = 1 << 15,           /* elements of a task */
    SLOT_BYTES = BLOCK * 4,
};

/* --- running ---------------------------------------------------------------------------------- */

/* Where the block under way lies. */
typedef struct cursor {
    const uint8_t *at[PARE_PROGRAM_OPERANDS];
    int64_t step[PARE_PROGRAM_OPERANDS]; /* in elements */
    uint8_t *out;
    uint8_t *temps;           /* [n_temps] of SLOT_BYTES, then [n_operands] to gather in */
    const uint8_t *filled[PARE_PROGRAM_OPERANDS]; /* what repeats in there now; NULL: nothing */
} cursor;

typedef struct view {
    const void *at;
    int64_t step;             /* 0 or 1 */
} view;

/* A block of what an operand repeats. */
static view look_repeated(const pare_program *program, cursor *c, uint8_t index)
{
    const size_t width = pare_laid_width(&program->operands[index]);
    const int64_t step = program->period_step[index] * (int64_t)width;
    uint8_t *to = c->temps + (program->n_temps + index) * SLOT_BYTES;
    if (c->filled[index] == c->at[index]) return (view){ to, 1 };
    c->filled[index] = c->at[index];
    const size_t n_bytes = (size_t)program->block * width;
    size_t n = (size_t)program->period * width;
    memset(to, 0, n);
    for (int64_t i = 0; i < program->period_n; i++)
        memcpy(to + (size_t)i * width, c->at[index] + i * step, width);
    for (; n < n_bytes; n *= 2) memcpy(to + n, to, n < n_bytes - n ? n : n_bytes - n);
    return (view){ to, 1 };
}

/* An operand's elements side by side, or one for all; or a temporary. */
static view look(const pare_program *program, cursor *c, pare_source s, int64_t n)
{
    if (!s.is_operand) return (view){ c->temps + program->ops[s.index].temp * SLOT_BYTES, 1 };
    if (program->repeats[s.index]) return look_repeated(program, c, s.index);
    const int64_t step = c->step[s.index];
    if (step == 0 || step == 1 || n == 1) return (view){ c->at[s.index], step == 0 ? 0 : 1 };
    const size_t width = pare_laid_width(&program->operands[s.index]);
    uint8_t *to = c->temps + (program->n_temps + s.index) * SLOT_BYTES;
    const uint8_t *from = c->at[s.index];
    for (int64_t i = 0; i < n; i++, from += step * (int64_t)width)
        memcpy(to + i * (int64_t)width, from, width);
    return (view){ to, 1 };
}

/* The same where a function knows no step 0. */
static const float *look_wide(const pare_program *program, cursor *c, pare_source s, int64_t n)
{
    const view v = look(program, c, s, n);
    if (v.step == 1) return v.at;
    float *to = (float *)(void *)(c->temps + (program->n_temps + s.index) * SLOT_BYTES);
    for (int64_t i = 0; i < n; i++) to[i] = *(const float *)v.at;
    return to;
}

/* Between codes and floats. */
static void run_codes(const pare_program *program, const pare_kernels *k, cursor *c,
                      const pare_program_op *op, int64_t n, void *out)
{
    const int32_t zero = (int32_t)op->b;
    if (op->kind == PARE_PROGRAM_QUANTIZE) {
        const float *x = look_wide(program, c, op->sources[0], n);
        if (op->function) k->narrow->quantize_s8(n, x, &op->a, &zero, 0, out);
        else k->narrow->quantize_u8(n, x, &op->a, &zero, 0, out);
        return;
    }
    const view x = look(program, c, op->sources[0], n);
    const int64_t n_read = x.step ? n : 1;
    if (op->function) k->narrow->dequantize_s8(n_read, x.at, &op->a, &zero, 0, out);
    else k->narrow->dequantize_u8(n_read, x.at, &op->a, &zero, 0, out);
    for (int64_t i = n_read; i < n; i++) ((float *)out)[i] = *(const float *)out;
}

static void run_op(const pare_program *program, const pare_kernels *k, cursor *c,
                   const pare_program_op *op, int64_t n, void *out)
{
    view x[3];
    if (op->kind == PARE_PROGRAM_MAP) {
        k->map[op->function](n, look_wide(program, c, op->sources[0], n), op->a, op->b, out);
        return;
    }
    if (op->kind == PARE_PROGRAM_ROUND) {
        k->narrow->round_f16(n, look_wide(program, c, op->sources[0], n), out);
        return;
    }
    if (op->kind == PARE_PROGRAM_QUANTIZE || op->kind == PARE_PROGRAM_DEQUANTIZE) {
        run_codes(program, k, c, op, n, out);
        return;
    }
    const bool is_affine = op->kind == PARE_PROGRAM_AFFINE;
    for (int i = is_affine; i < op->n_sources; i++) x[i] = look(program, c, op->sources[i], n);
    switch (op->kind) {
    case PARE_PROGRAM_MAP2:
        k->map2[op->function](n, x[0].at, x[0].step, x[1].at, x[1].step, out);
        break;
    case PARE_PROGRAM_CODES:
        (op->function == PARE_MAP2_ADD ? k->bytes->add : k->bytes->mul)(
            n, op->pair, x[0].at, x[0].step, x[1].at, x[1].step, out);
        break;
    case PARE_PROGRAM_COMPARE:
        k->compare[op->function](n, x[0].at, x[0].step, x[1].at, x[1].step, out);
        break;
    case PARE_PROGRAM_SELECT:
        k->select(n, x[0].at, x[0].step, x[1].at, x[1].step, x[2].at, x[2].step, out);
        break;
    default:
        k->affine(n, look_wide(program, c, op->sources[0], n), x[1].at, x[2].at, x[1].step, out);
        break;
    }
}

/* `n` elements from the cursor on. */
static void run_block(const pare_program *program, const pare_kernels *k, cursor *c, int64_t n)
{
    for (uint32_t i = 0; i < program->n_ops; i++) {
        const pare_program_op *op = &program->ops[i];
        const bool is_last = i + 1 == program->n_ops;
        run_op(program, k, c, op, n, is_last ? c->out : c->temps + op->temp * SLOT_BYTES);
    }
}

/* Elements [from, from + n) of run `run`. */
static void run_part(const pare_program *program, const pare_frame *frame, cursor *c, int64_t run,
                     int64_t from, int64_t n)
{
    const uint32_t inner = program->rank - 1;
    int64_t index[PARE_LAID_AXES];
    int64_t at = from * program->out_strides[inner];
    for (uint32_t d = inner; d-- > 0;) {
        index[d] = run % program->dims[d];
        run /= program->dims[d];
        at += index[d] * program->out_strides[d];
    }
    c->out = (uint8_t *)pare_laid_address(frame, &program->out) +
             at * (int64_t)pare_laid_width(&program->out);
    for (uint32_t i = 0; i < program->n_operands; i++) {
        const int64_t *strides = program->strides[i];
        at = from * strides[inner];
        for (uint32_t d = 0; d < inner; d++) at += index[d] * strides[d];
        const pare_laid *x = &program->operands[i];
        c->at[i] = (const uint8_t *)pare_laid_address(frame, x) + at * (int64_t)pare_laid_width(x);
        c->step[i] = strides[inner];
    }
    run_block(program, frame->kernels, c, n);
}

static int64_t blocks_per_run(const pare_program *program)
{
    return (program->run_length + program->block - 1) / program->block;
}

static void run_program(const void *args, const pare_frame *frame, uint32_t task, uint32_t worker)
{
    const pare_program *program = args;
    cursor c = { .temps = pare_frame_scratch(frame, worker) };
    const int64_t per_run = blocks_per_run(program);
    const int64_t n_blocks = program->n_runs * per_run;
    const int64_t first = (int64_t)task * program->per_task;
    for (int64_t i = first; i < first + program->per_task && i < n_blocks; i++) {
        const int64_t from = i % per_run * program->block;
        const int64_t rest = program->run_length - from;
        run_part(program, frame, &c, i / per_run, from,
                 rest < program->block ? rest : program->block);
    }
}

/* --- planning --------------------------------------------------------------------------------- */

static void swap_axes(pare_program *program, uint32_t a, uint32_t b)
{
    int64_t *const rows[] = { program->dims, program->out_strides };
    for (size_t i = 0; i < 2; i++) {
        const int64_t x = rows[i][a];
        rows[i][a] = rows[i][b];
        rows[i][b] = x;
    }
    for (uint32_t i = 0; i < program->n_operands; i++) {
        const int64_t x = program->strides[i][a];
        program->strides[i][a] = program->strides[i][b];
        program->strides[i][b] = x;
    }
}

static void move_axis(pare_program *program, uint32_t to, uint32_t from)
{
    program->dims[to] = program->dims[from];
    program->out_strides[to] = program->out_strides[from];
    for (uint32_t i = 0; i < program->n_operands; i++)
        program->strides[i][to] = program->strides[i][from];
}

/* Axes of the output by falling strides, those of size 1 left out. */
static void order_axes(pare_program *program)
{
    program->rank = 0;
    for (uint32_t d = 0; d < program->out.rank; d++) {
        if (program->out.dims[d] == 1) continue;
        const uint32_t n = program->rank++;
        program->dims[n] = program->out.dims[d];
        program->out_strides[n] = program->out.strides[d];
        for (uint32_t i = 0; i < program->n_operands; i++)
            program->strides[i][n] = program->operands[i].strides[d];
        for (uint32_t k = n; k > 0 && program->out_strides[k] > program->out_strides[k - 1]; k--)
            swap_axes(program, k, k - 1);
    }
}

/* Whether axis `outer` goes on where axis `inner` ends, for everybody. */
static bool continues(const pare_program *program, uint32_t outer, uint32_t inner)
{
    const int64_t n = program->dims[inner];
    if (program->out_strides[outer] != program->out_strides[inner] * n) return false;
    for (uint32_t i = 0; i < program->n_operands; i++)
        if (program->strides[i][outer] != program->strides[i][inner] * n) return false;
    return true;
}

static void merge_axes(pare_program *program)
{
    uint32_t n = 0;
    for (uint32_t d = 1; d < program->rank; d++) {
        const int64_t outer = program->dims[n];
        const bool joins = continues(program, n, d);
        if (!joins) n++;
        move_axis(program, n, d);
        if (joins) program->dims[n] *= outer;
    }
    if (program->rank) program->rank = n + 1;
}

/* Whether the padding behind the last pixel can be read or written, too. */
static bool has_padding(const pare_planner *p, const pare_laid *laid)
{
    return p->plan->buffers[laid->buffer].kind == PARE_BUFFER_ARENA && laid->offset == 0;
}

/* How an operand goes on over pixels of n numbers that are `pixel` apart. */
static bool is_pixels(const int64_t *strides, uint32_t inner, int64_t pixel)
{
    return strides[inner] == 1 && strides[inner - 1] == pixel;
}

static bool is_one_for_all(const int64_t *strides, uint32_t inner)
{
    return strides[inner] == 0 && strides[inner - 1] == 0;
}

/* Numbers of which each pixel takes the same (one for each channel) are repeated in a block, so
 * that short pixels, with what pads them, are passed as one run. */
static void repeat_channels(const pare_planner *p, pare_program *program)
{
    const uint32_t inner = program->rank - 1;
    bool any = false;
    if (program->rank < 2 || program->out_strides[inner] != 1) return;
    const int64_t n = program->dims[inner];
    const int64_t pixel = program->out_strides[inner - 1];
    if (pixel < n || pixel > 2 * n || pixel > BLOCK / 2) return;
    if (pixel > n && !has_padding(p, &program->out)) return;
    for (uint32_t i = 0; i < program->n_operands; i++) {
        const int64_t *strides = program->strides[i];
        const bool repeats = strides[inner] != 0 && strides[inner - 1] == 0;
        if (!repeats && !is_one_for_all(strides, inner) && !is_pixels(strides, inner, pixel))
            return;
        if (is_pixels(strides, inner, pixel) && pixel > n && !has_padding(p, &program->operands[i]))
            return;
        any = any || repeats;
    }
    if (!any) return;
    for (uint32_t i = 0; i < program->n_operands; i++) {
        int64_t *strides = program->strides[i];
        program->repeats[i] = strides[inner] != 0 && strides[inner - 1] == 0;
        program->period_step[i] = strides[inner];
        strides[inner - 1] = is_pixels(strides, inner, pixel);
    }
    program->period = pixel;
    program->period_n = n;
    program->block = BLOCK / pixel * pixel;
    program->dims[inner - 1] *= pixel;
    program->out_strides[inner - 1] = 1;
    program->rank--;
    merge_axes(program);
}

/* Pixels with a few numbers of padding between them are passed as if these belonged to them, when
 * everybody has the same: one run instead of many. */
static void swallow_padding(const pare_planner *p, pare_program *program)
{
    const uint32_t inner = program->rank - 1;
    if (program->rank < 2 || program->out_strides[inner] != 1) return;
    const int64_t pixel = program->out_strides[inner - 1];
    if (pixel <= program->dims[inner] || pixel > 2 * program->dims[inner]) return;
    if (!has_padding(p, &program->out)) return;
    for (uint32_t i = 0; i < program->n_operands; i++) {
        const int64_t *strides = program->strides[i];
        const bool is_full = strides[inner] == 1 && strides[inner - 1] == pixel;
        const bool is_one = strides[inner] == 0 && strides[inner - 1] == 0;
        if (!is_one && !(is_full && has_padding(p, &program->operands[i]))) return;
    }
    program->dims[inner] = pixel;
    merge_axes(program);
}

/* A copy in the plan's arena, as large as it has to be; NULL: no memory. */
static pare_program *keep(pare_planner *p, const pare_program *from)
{
    pare_program *program = pare_plan_args(p, sizeof(*program));
    if (!program) return NULL;
    const size_t n = from->n_operands;
    *program = *from;
    program->strides = pare_plan_args(p, n * sizeof(*program->strides) + 1);
    program->operands =
        pare_arena_copy(&p->plan->arena, from->operands, n * sizeof(*from->operands));
    program->ops = pare_arena_copy(&p->plan->arena, from->ops, from->n_ops * sizeof(*from->ops));
    return program->strides && program->operands && program->ops ? program : NULL;
}

pare_status pare_program_step(pare_planner *p, const pare_program *from)
{
    if (pare_laid_n_elements(&from->out) == 0) return PARE_OK;
    pare_program *program = keep(p, from);
    if (!program) return pare_arena_fail(p->ctx, &p->plan->arena);
    order_axes(program);
    if (program->rank == 0) {
        program->rank = 1;
        program->dims[0] = 1;
        program->out_strides[0] = 1;
        for (uint32_t i = 0; i < program->n_operands; i++) program->strides[i][0] = 1;
    }
    merge_axes(program);
    program->block = BLOCK;
    repeat_channels(p, program);
    swallow_padding(p, program);
    program->run_length = program->dims[program->rank - 1];
    program->n_runs = 1;
    for (uint32_t d = 0; d + 1 < program->rank; d++) program->n_runs *= program->dims[d];
    const int64_t block =
        program->run_length < program->block ? program->run_length : program->block;
    program->per_task = (TASK + block - 1) / block;
    const int64_t n_blocks = program->n_runs * blocks_per_run(program);
    const pare_step step = {
        .run = run_program, .args = program,
        .kernel = program->ops[0].kind == PARE_PROGRAM_CODES ? "elementwise u8"
                                                             : "elementwise f32",
        .n_tasks = (uint32_t)((n_blocks + program->per_task - 1) / program->per_task),
        .scratch_bytes = (size_t)(program->n_temps + program->n_operands) * SLOT_BYTES,
    };
    const pare_laid *touches[PARE_PROGRAM_OPERANDS + 1] = { &program->out };
    for (uint32_t i = 0; i < program->n_operands; i++) touches[i + 1] = &program->operands[i];
    return pare_plan_step(p, &step, touches, program->n_operands + 1);
}

pare_status pare_program_table(pare_planner *p, const pare_program *program, uint32_t which,
                               uint8_t *table)
{
    const size_t n_bytes = (size_t)(program->n_temps + program->n_operands) * SLOT_BYTES;
    uint8_t codes[256];
    cursor c = { .temps = pare_alloc(p->ctx, n_bytes), .out = table };
    if (!c.temps) return pare_fail_memory(p->ctx, n_bytes);
    for (int i = 0; i < 256; i++) codes[i] = (uint8_t)i;
    for (uint32_t i = 0; i < program->n_operands; i++) {
        const pare_laid *x = &program->operands[i];
        const uint8_t *constant = p->plan->buffers[x->buffer].address;
        c.at[i] = i == which ? codes : constant + x->offset * (int64_t)pare_laid_width(x);
        c.step[i] = i == which;
    }
    run_block(program, pare_kernels_of(PARE_ISA_SCALAR), &c, 256);
    pare_free(p->ctx, c.temps);
    return PARE_OK;
}

bool pare_program_is_in_place(const pare_step *step, uint32_t buffer)
{
    const pare_program *program = step->args;
    if (step->run != run_program) return false;
    for (uint32_t i = 0; i < program->n_operands; i++) {
        const pare_laid *x = &program->operands[i];
        if (x->buffer != buffer) continue;
        if (x->offset != program->out.offset ||
            pare_laid_width(x) != pare_laid_width(&program->out) ||
            memcmp(program->strides[i], program->out_strides,
                   program->rank * sizeof(program->out_strides[0])) != 0)
            return false;
    }
    return true;
}
