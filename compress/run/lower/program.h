/* Programs of element-by-element functions: several operators in one pass over memory, what stands
 * between them in a block that fits the first-level cache. */
#ifndef PARE_RUN_LOWER_PROGRAM_H
#define PARE_RUN_LOWER_PROGRAM_H

#include "run/planner.h"

enum { PARE_PROGRAM_OPERANDS = 24, PARE_PROGRAM_OPS = 64 };

/* Where an instruction reads: an operand, or what instruction `op` before it gave. */
typedef struct pare_source {
    bool is_operand;
    uint8_t index;
} pare_source;

typedef enum pare_program_kind {
    PARE_PROGRAM_MAP,         /* function: pare_map */
    PARE_PROGRAM_MAP2,        /* pare_map2 */
    PARE_PROGRAM_COMPARE,     /* pare_compare; gives bytes */
    PARE_PROGRAM_SELECT,      /* bytes, float, float */
    PARE_PROGRAM_AFFINE,      /* x, scale, shift */
    PARE_PROGRAM_ROUND,       /* to float16, as a float again */
    PARE_PROGRAM_DEQUANTIZE,  /* codes, of int8 if function is 1: a the scale, b the zero point */
    PARE_PROGRAM_QUANTIZE,    /* the reverse */
    PARE_PROGRAM_CODES,       /* function PARE_MAP2_ADD or _MUL of codes, to codes: `pair` */
} pare_program_kind;

typedef struct pare_program_op {
    pare_program_kind kind;
    uint8_t function, n_sources, temp; /* temp: where the result goes, if it is not the last */
    pare_source sources[3];
    float a, b;
    const pare_byte_pair *pair;
} pare_program_op;

typedef struct pare_program {
    uint32_t n_operands, n_ops, n_temps;
    pare_laid *operands;      /* [n_operands] strides for the axes of the output; 0: broadcast */
    pare_laid out;
    pare_program_op *ops;     /* [n_ops] */
    /* the walk: axes of the output, the largest stride outside, merged */
    uint32_t rank;
    int64_t dims[PARE_LAID_AXES], out_strides[PARE_LAID_AXES];
    int64_t (*strides)[PARE_LAID_AXES]; /* [n_operands] */
    /* operands that repeat their first `period_n` numbers, of every `period` */
    bool repeats[PARE_PROGRAM_OPERANDS];
    int64_t period, period_n, period_step[PARE_PROGRAM_OPERANDS];
    int64_t block;            /* elements that an instruction takes at a time */
    int64_t n_runs, run_length, per_task; /* per_task: blocks, or runs where they are short */
} pare_program;

/* Finds the walk of a program whose operands, output and ops are set, and adds its step. It is
 * copied into the plan. */
pare_status pare_program_step(pare_planner *p, const pare_program *program);

/* What a program whose ops and temporaries are set makes of the 256 codes that operand `which` may
 * be; all others are constants of one element. ENOMEM. */
pare_status pare_program_table(pare_planner *p, const pare_program *program, uint32_t which,
                               uint8_t *table);

/* Whether a step is a program that reads a buffer only at the very elements that it then writes:
 * its output may be that buffer. */
bool pare_program_is_in_place(const pare_step *step, uint32_t buffer);

#endif
