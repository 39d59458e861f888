/* What a network will see: ranges of its input by channel, and pictures of samples. */
#ifndef CLI_DATA_LOOK_H
#define CLI_DATA_LOOK_H

#include "cli/app.h"

#include "base/contract/dataset.h"

enum { PARE_LOOK_MAX_CHANNELS = 16 };

typedef struct pare_look_channel {
    double min, max, mean, deviation;
} pare_look_channel;

typedef struct pare_look {
    uint64_t n;                /* samples that were looked at */
    pare_dtype dtype;
    uint32_t rank;
    int64_t dims[PARE_MAX_DIMS]; /* of the first sample */
    uint32_t n_channels;       /* that channels are told of; 1 for what is no image: all elements */
    pare_look_channel channels[PARE_LOOK_MAX_CHANNELS];
    uint64_t n_constant;       /* samples of which all elements are equal */
    uint64_t n_not_finite;     /* elements */
    bool is_image;
    uint32_t width, height;
    bool nhwc;
} pare_look;

/* Looks at some samples of an input, spread over the set. As loading samples. */
pare_status pare_look_at(pare_ctx *ctx, pare_look *out, const pare_dataset *data, size_t input);

/* Writes a sheet of up to 64 samples as PNG: channels as they are fed (the first as red), from the
 * smallest value that was seen (black) to the largest. Images only. */
pare_status pare_look_sheet(pare_ctx *ctx, const char *path, const pare_look *look,
                            const pare_dataset *data, size_t input);

#endif
