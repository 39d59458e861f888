#include "run/laid.h"

/* Pixel strides: whole vectors of so many elements, and no multiple of so many bytes. */
enum { PIXEL_STEP = 8, BAD_STRIDE = 2048, PIXEL_SHIFT = 64 };

size_t pare_laid_width(const pare_laid *laid)
{
    return pare_dtype_of(laid->dtype)->bits / 8u;
}

int64_t pare_laid_n_elements(const pare_laid *laid)
{
    int64_t n = 1;
    for (uint32_t i = 0; i < laid->rank; i++) n *= laid->dims[i];
    return n;
}

int64_t pare_laid_span(const pare_laid *laid)
{
    int64_t span = 1;
    for (uint32_t i = 0; i < laid->rank; i++) {
        if (laid->dims[i] == 0) return 0;
        const int64_t size = laid->dims[i] * laid->strides[i];
        if (size > span) span = size;
    }
    return span;
}

static void arrange_row_major(pare_laid *laid, uint32_t first_axis, int64_t step)
{
    for (uint32_t i = laid->rank; i-- > first_axis;) {
        laid->strides[i] = step;
        step *= laid->dims[i];
    }
}

/* Batch is axis 0, channels are axis 1. */
static void arrange_channels_last(pare_laid *laid)
{
    const int64_t channels = laid->dims[1];
    int64_t pixel = channels < PIXEL_STEP ? channels
                                          : (channels + PIXEL_STEP - 1) / PIXEL_STEP * PIXEL_STEP;
    const int64_t width = (int64_t)pare_laid_width(laid);
    if (pixel && pixel * width % BAD_STRIDE == 0) pixel += PIXEL_SHIFT / width;
    arrange_row_major(laid, 2, pixel);
    laid->strides[0] = pixel;
    for (uint32_t i = 2; i < laid->rank; i++) laid->strides[0] *= laid->dims[i];
    laid->strides[1] = 1;
}

void pare_laid_arrange(pare_laid *laid, pare_form form)
{
    if (form == PARE_FORM_CHANNELS_LAST && laid->rank >= 3) arrange_channels_last(laid);
    else arrange_row_major(laid, 0, 1);
}

static bool is_row_major(const pare_laid *laid)
{
    int64_t step = 1;
    for (uint32_t i = laid->rank; i-- > 0;) {
        if (laid->dims[i] != 1 && laid->strides[i] != step) return false;
        step *= laid->dims[i];
    }
    return true;
}

int64_t pare_laid_pixel_stride(const pare_laid *laid)
{
    for (uint32_t i = laid->rank; i-- > 2;)
        if (laid->dims[i] != 1) return laid->strides[i];
    return laid->dims[0] != 1 ? laid->strides[0] : laid->dims[1];
}

static bool is_channels_last(const pare_laid *laid)
{
    if (laid->rank < 3 || (laid->dims[1] != 1 && laid->strides[1] != 1)) return false;
    int64_t step = pare_laid_pixel_stride(laid);
    if (step < laid->dims[1]) return false;
    for (uint32_t i = laid->rank; i-- > 2;) {
        if (laid->dims[i] != 1 && laid->strides[i] != step) return false;
        step *= laid->dims[i];
    }
    return laid->dims[0] == 1 || laid->strides[0] == step;
}

bool pare_laid_has_form(const pare_laid *laid, pare_form form)
{
    const uint32_t last = laid->rank - 1;
    if (pare_laid_n_elements(laid) == 0) return true;
    switch (form) {
    case PARE_FORM_PLAIN: return is_row_major(laid);
    case PARE_FORM_CHANNELS_LAST: return is_channels_last(laid);
    case PARE_FORM_ROWS:
        return laid->rank == 0 || laid->dims[last] == 1 || laid->strides[last] == 1;
    default: return true;
    }
}

bool pare_laid_alike(const pare_laid *a, const pare_laid *b)
{
    if (a->rank != b->rank) return false;
    for (uint32_t i = 0; i < a->rank; i++)
        if (a->dims[i] != b->dims[i] || (a->dims[i] != 1 && a->strides[i] != b->strides[i]))
            return false;
    return true;
}
