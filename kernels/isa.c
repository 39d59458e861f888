#include "kernels/isa.h"

#include <stdbool.h>
#include <string.h>
#if defined(__x86_64__)
#include <cpuid.h>
#endif

static const char *const names[PARE_N_ISAS] = { "scalar", "avx2", "avx512" };

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

#if defined(__x86_64__)
/* Not every compiler's __builtin_cpu_supports knows this one. */
static bool has_f16c(void)
{
    unsigned a = 0, b = 0, c = 0, d = 0;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_F16C);
}
#endif

pare_dots pare_dots_best(pare_isa isa)
{
#if defined(__x86_64__)
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (isa == PARE_ISA_AVX512 && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (c & 1u << 11))
        return PARE_DOTS_AVX512_VNNI;
    if (isa == PARE_ISA_AVX2 && __get_cpuid_count(7, 1, &a, &b, &c, &d) && (a & 1u << 4))
        return PARE_DOTS_AVX_VNNI;
#else
    (void)isa;
#endif
    return PARE_DOTS_NONE;
}

pare_isa pare_isa_best(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !has_f16c())
        return PARE_ISA_SCALAR;
    const bool is_512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
    return is_512 ? PARE_ISA_AVX512 : PARE_ISA_AVX2;
#else
    return PARE_ISA_SCALAR;
#endif
}
