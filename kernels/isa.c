#include "kernels/isa.h"

#include <string.h>

static const char *const names[PARE_N_ISAS] = { "scalar", "avx2" };

const char *pare_isa_name(pare_isa isa)
{
    return names[isa];
}

pare_isa pare_isa_of(const char *name)
{
    int isa = 0;
    while (isa < PARE_N_ISAS && strcmp(names[isa], name) != 0) isa++;
    return (pare_isa)isa;
}

pare_isa pare_isa_best(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return PARE_ISA_AVX2;
#endif
    return PARE_ISA_SCALAR;
}
