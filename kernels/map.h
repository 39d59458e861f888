/* Functions of one number over many numbers. */
#ifndef KERNELS_MAP_H
#define KERNELS_MAP_H

#include <stdint.h>

#define PARE_MAP(symbol, name) PARE_MAP_##symbol,
#define PARE_MAP_AB PARE_MAP
typedef enum pare_map1 {
#include "kernels/map_list.h"
    PARE_N_MAPS,
} pare_map1;
#undef PARE_MAP
#undef PARE_MAP_AB

/* y[i] = f(x[i]) for i < n, with the parameters a and b of f where it has them (activation.h). y
 * may be x. Levels give the bits of the reference, but of a NaN its sign and payload. */
typedef void pare_map_fn(int64_t n, const float *x, float a, float b, float *y);

#define PARE_MAP(symbol, name) pare_map_fn pare_map_##name##_ref;
#define PARE_MAP_AB PARE_MAP
#include "kernels/map_list.h"
#undef PARE_MAP
#undef PARE_MAP_AB

extern pare_map_fn *const pare_maps_ref[PARE_N_MAPS];

/* "abs". */
const char *pare_map_name(pare_map1 map);

#endif
