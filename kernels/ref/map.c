#include "kernels/map.h"

#include "kernels/activation.h"
#include "kernels/math.h"

static void each(pare_fn_f32 *fn, int64_t n, const float *x, float *y)
{
    for (int64_t i = 0; i < n; i++) y[i] = fn(x[i]);
}

static void each_ab(pare_activation_f32 *fn, int64_t n, const float *x, float a, float b, float *y)
{
    for (int64_t i = 0; i < n; i++) y[i] = fn(a, b, x[i]);
}

#define PARE_MAP(symbol, name)                                                        \
    void pare_map_##name##_ref(int64_t n, const float *x, float a, float b, float *y) \
    {                                                                                 \
        (void)a, (void)b, each(pare_##name##_f32_ref, n, x, y);                       \
    }
#define PARE_MAP_AB(symbol, name)                                                     \
    void pare_map_##name##_ref(int64_t n, const float *x, float a, float b, float *y) \
    {                                                                                 \
        each_ab(pare_##name##_f32_ref, n, x, a, b, y);                                \
    }
#include "kernels/map_list.h"
#undef PARE_MAP
#undef PARE_MAP_AB

#define PARE_MAP(symbol, name) pare_map_##name##_ref,
#define PARE_MAP_AB            PARE_MAP
pare_map_fn *const pare_maps_ref[PARE_N_MAPS] = {
#include "kernels/map_list.h"
};
#undef PARE_MAP
#undef PARE_MAP_AB

#define PARE_MAP(symbol, name) #name,
#define PARE_MAP_AB            PARE_MAP
static const char *const names[PARE_N_MAPS] = {
#include "kernels/map_list.h"
};

const char *pare_map_name(pare_map1 map)
{
    return names[map];
}
