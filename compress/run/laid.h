/* How a value lies in memory: strides per ONNX axis, so that transposed, sliced and broadcast
 * values are views, and a layout is chosen per value. */
#ifndef PARE_RUN_LAID_H
#define PARE_RUN_LAID_H

#include "ir/dtype.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PARE_LAID_AXES = 8 };
#define PARE_NO_BUFFER UINT32_MAX

/* Element (i0, i1, ...) stands at element offset + i0 * strides[0] + ... of the buffer. */
typedef struct pare_laid {
    uint32_t buffer;          /* of a plan; PARE_NO_BUFFER: nowhere yet */
    pare_dtype dtype;         /* of whole bytes */
    uint32_t rank;
    int64_t offset;
    int64_t dims[PARE_LAID_AXES],
        strides[PARE_LAID_AXES]; /* strides of axes of size 1 mean nothing */
} pare_laid;

/* What a consumer asks for. */
typedef enum pare_form {
    PARE_FORM_ANY,
    PARE_FORM_PLAIN,          /* row-major without gaps: ONNX's own */
    PARE_FORM_CHANNELS_LAST,  /* [batch, spatial..., channels], all pixels equally far apart */
    PARE_FORM_ROWS,           /* elements of the last axis side by side */
} pare_form;

/* Bytes per element. */
size_t pare_laid_width(const pare_laid *laid);
int64_t pare_laid_n_elements(const pare_laid *laid);

/* Elements of a buffer that holds an arranged value and nothing else, padding of its last pixel
 * included; 0 without elements. */
int64_t pare_laid_span(const pare_laid *laid);

/* Sets the strides of the form (not ANY), dims being set already. There are no gaps but between
 * pixels of CHANNELS_LAST, which from 8 channels on are a multiple of 8 elements apart and never a
 * multiple of 2 KiB: they would compete for a few sets of the cache. */
void pare_laid_arrange(pare_laid *laid, pare_form form);

/* Whether a value lies in this form. */
bool pare_laid_has_form(const pare_laid *laid, pare_form form);

/* Elements from one pixel to the next, of a value in CHANNELS_LAST. */
int64_t pare_laid_pixel_stride(const pare_laid *laid);

/* Whether both have the same dims and, where they matter, strides. */
bool pare_laid_alike(const pare_laid *a, const pare_laid *b);

#endif
