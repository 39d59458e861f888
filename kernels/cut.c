#include "kernels/cut.h"

#if defined(__x86_64__)
#include "kernels/x86/avx2.h"
#include "kernels/x86/avx512.h"
#endif

pare_cut_fn *pare_cut_of(pare_isa isa)
{
#if defined(__x86_64__)
    if (isa == PARE_ISA_AVX2) return pare_cut_avx2;
    if (isa == PARE_ISA_AVX512) return pare_cut_avx512;
#endif
    (void)isa;
    return pare_cut_ref;
}
