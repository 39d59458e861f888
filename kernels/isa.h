/* Levels of instruction sets that kernels are written for. Every level gives the same bits. */
#ifndef KERNELS_ISA_H
#define KERNELS_ISA_H

typedef enum pare_isa {
    PARE_ISA_SCALAR,          /* plain C: the references */
    PARE_ISA_AVX2,            /* with FMA and F16C */
    PARE_ISA_AVX512,          /* F, DQ, BW and VL */
    PARE_N_ISAS,
} pare_isa;

/* "scalar", "avx2", "avx512". */
const char *pare_isa_name(pare_isa isa);

/* The level with this name; PARE_N_ISAS: none has it. */
pare_isa pare_isa_of(const char *name);

/* The highest level that this processor (and its operating system) runs. */
pare_isa pare_isa_best(void);

/* Dot products of bytes, which processors have or have not beside a level. */
typedef enum pare_dots {
    PARE_DOTS_NONE,
    PARE_DOTS_AVX_VNNI,       /* of 256 bits, at AVX2 */
    PARE_DOTS_AVX512_VNNI,    /* of 512 bits, at AVX512 */
} pare_dots;

/* Those that this processor has at a level, which it runs. */
pare_dots pare_dots_best(pare_isa isa);

#endif
