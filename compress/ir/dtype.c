#include "ir/dtype.h"

#include "base/bytes.h"
#include "base/checked.h"

static const pare_dtype_info infos[PARE_N_DTYPES] = {
    [PARE_DTYPE_UNDEFINED] = { "undefined", 0, PARE_CLASS_NONE, 1 },
#define PARE_DTYPE_ROW(symbol, value, name, bits, class, ir) \
    [value] = { name, bits, PARE_CLASS_##class, ir },
    PARE_DTYPES(PARE_DTYPE_ROW)
#undef PARE_DTYPE_ROW
};

bool pare_dtype_is_valid(int64_t value)
{
    return value > PARE_DTYPE_UNDEFINED && value < PARE_N_DTYPES;
}

const pare_dtype_info *pare_dtype_of(pare_dtype dtype)
{
    return &infos[pare_dtype_is_valid(dtype) ? dtype : PARE_DTYPE_UNDEFINED];
}

const char *pare_dtype_name(pare_dtype dtype)
{
    return pare_dtype_of(dtype)->name;
}

pare_dtype pare_dtype_by_name(const char *name)
{
    for (int i = 1; i < PARE_N_DTYPES; i++)
        if (pare_str_eq(infos[i].name, name)) return (pare_dtype)i;
    return PARE_DTYPE_UNDEFINED;
}

bool pare_dtype_size_bytes(pare_dtype dtype, int64_t n, uint64_t *out)
{
    const uint64_t bits = pare_dtype_of(dtype)->bits;
    if (!bits || n < 0 || !pare_mul_u64((uint64_t)n, bits, out) || !pare_add_u64(*out, 7, out))
        return false;
    *out /= 8;
    return true;
}
