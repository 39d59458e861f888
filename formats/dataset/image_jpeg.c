#include "formats/dataset/image_codec.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jerror.h>
#include <jpeglib.h>

/* A few bytes of a progressive file order work on the whole image; usual files have 10 scans. */
enum { MAX_SCANS = 128, ROWS_AT_ONCE = 16, EXIF_HEAD_BYTES = 6 };

/* All that lives across the jump out of libjpeg. */
typedef struct jpeg_job {
    struct jpeg_decompress_struct jpeg;
    struct jpeg_error_mgr errors;
    struct jpeg_progress_mgr progress;
    jmp_buf escape;
    pare_ctx *ctx;
    pare_status status;
    pare_image *out;
    uint8_t *inks; /* a row of CMYK */
} jpeg_job;

static pare_status status_of(int code)
{
    switch (code) {
    case JERR_OUT_OF_MEMORY:
        return PARE_ENOMEM;
    case JERR_NO_BACKING_STORE:
        return PARE_EBUDGET;
    case JERR_BAD_PRECISION:
    case JERR_SOF_UNSUPPORTED:
    case JERR_ARITH_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_CONVERSION_NOTIMPL:
        return PARE_EUNSUPPORTED;
    default:
        return PARE_EFORMAT;
    }
}

static _Noreturn void on_error(j_common_ptr jpeg)
{
    jpeg_job *const job = jpeg->client_data;
    char text[JMSG_LENGTH_MAX];
    job->errors.format_message(jpeg, text);
    job->status = pare_fail(job->ctx, status_of(job->errors.msg_code), "JPEG: %s", text);
    longjmp(job->escape, 1);
}

static _Noreturn void stop(jpeg_job *job, pare_status status)
{
    job->status = status;
    longjmp(job->escape, 1);
}

static void on_message(j_common_ptr jpeg, int level)
{
    jpeg_job *const job = jpeg->client_data;
    if (level >= 0) return; /* a trace */
    if (job->errors.msg_code == JWRN_JPEG_EOF)
        stop(job, pare_fail(job->ctx, PARE_EFORMAT, "JPEG: the file ends before the image does"));
    job->out->n_warnings++;
}

static void on_progress(j_common_ptr jpeg)
{
    jpeg_job *const job = jpeg->client_data;
    if (job->jpeg.input_scan_number > MAX_SCANS)
        stop(job, pare_fail(job->ctx, PARE_EBUDGET, "JPEG: more than %d scans over one image",
                            MAX_SCANS));
    const pare_status st = pare_check_canceled(job->ctx);
    if (st) stop(job, st);
}

static void print_nothing(j_common_ptr jpeg)
{
    (void)jpeg;
}

static uint32_t orientation_of(const jpeg_job *job)
{
    for (jpeg_saved_marker_ptr m = job->jpeg.marker_list; m; m = m->next) {
        if (m->marker == JPEG_APP0 + 1 && m->data_length > EXIF_HEAD_BYTES &&
            !memcmp(m->data, "Exif\0\0", EXIF_HEAD_BYTES))
            return pare_exif_orientation(m->data + EXIF_HEAD_BYTES,
                                         m->data_length - EXIF_HEAD_BYTES);
    }
    return 1;
}

static uint32_t scaled(uint32_t a, uint32_t b)
{
    const uint32_t t = a * b + 128;
    return ((t >> 8) + t) >> 8;
}

/* Adobe writes inks inverted: 255 is no ink. Rounds as Pillow does. */
static void inks_to_rgb(uint8_t *rgb, const uint8_t *inks, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++, rgb += 3, inks += 4) {
        const uint32_t light = inks[3];
        for (int c = 0; c < 3; c++) rgb[c] = (uint8_t)(light - scaled(255u - inks[c], light));
    }
}

static void read_inks(jpeg_job *job)
{
    struct jpeg_decompress_struct *const jpeg = &job->jpeg;
    const size_t row_bytes = (size_t)job->out->width * 3;
    job->inks = pare_alloc(job->ctx, (size_t)job->out->width * 4);
    if (!job->inks) stop(job, pare_fail_memory(job->ctx, (size_t)job->out->width * 4));
    while (jpeg->output_scanline < jpeg->output_height) {
        uint8_t *const to = job->out->pixels + jpeg->output_scanline * row_bytes;
        if (jpeg_read_scanlines(jpeg, &job->inks, 1) == 1)
            inks_to_rgb(to, job->inks, job->out->width);
    }
}

static void read_rows(jpeg_job *job)
{
    struct jpeg_decompress_struct *const jpeg = &job->jpeg;
    const size_t row_bytes = (size_t)job->out->width * job->out->channels;
    while (jpeg->output_scanline < jpeg->output_height) {
        JSAMPROW rows[ROWS_AT_ONCE];
        const JDIMENSION first = jpeg->output_scanline, left = jpeg->output_height - first;
        const JDIMENSION n = left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE;
        for (JDIMENSION i = 0; i < n; i++) rows[i] = job->out->pixels + (first + i) * row_bytes;
        (void)jpeg_read_scanlines(jpeg, rows, n);
    }
}

static pare_status read_header(jpeg_job *job)
{
    struct jpeg_decompress_struct *const jpeg = &job->jpeg;
    jpeg_save_markers(jpeg, JPEG_APP0 + 1, 0xffff);
    (void)jpeg_read_header(jpeg, TRUE);
    if (jpeg->num_components == 1) jpeg->out_color_space = JCS_GRAYSCALE;
    else if (jpeg->num_components == 3) jpeg->out_color_space = JCS_RGB;
    else if (jpeg->num_components == 4) jpeg->out_color_space = JCS_CMYK;
    else
        return pare_fail(job->ctx, PARE_EUNSUPPORTED, "JPEG: expected 1, 3 or 4 channels, found %d",
                         jpeg->num_components);
    jpeg->dct_method = JDCT_ISLOW;
    const uint32_t n_warnings = job->out->n_warnings, orientation = orientation_of(job);
    PARE_TRY(pare_image_new(job->ctx, job->out, jpeg->image_width, jpeg->image_height,
                            jpeg->num_components == 1 ? 1 : 3));
    job->out->n_warnings = n_warnings;
    job->out->orientation = orientation;
    return PARE_OK;
}

/* Everything that may jump. */
static pare_status read_image(jpeg_job *job, const uint8_t *bytes, size_t n)
{
    struct jpeg_decompress_struct *const jpeg = &job->jpeg;
    if (setjmp(job->escape)) return job->status;
    jpeg_create_decompress(jpeg);
    jpeg->mem->max_memory_to_use = (long)pare_image_limit_bytes(job->ctx);
    jpeg->progress = &job->progress;
    jpeg_mem_src(jpeg, bytes, n);
    PARE_TRY(read_header(job));
    (void)jpeg_start_decompress(jpeg);
    if (jpeg->out_color_space == JCS_CMYK) read_inks(job);
    else read_rows(job);
    return PARE_OK;
}

pare_status pare_image_decode_jpeg(pare_ctx *ctx, pare_image *out, const uint8_t *bytes, size_t n)
{
    jpeg_job job = { .ctx = ctx, .out = out };
    job.jpeg.err = jpeg_std_error(&job.errors);
    job.errors.error_exit = on_error;
    job.errors.emit_message = on_message;
    job.errors.output_message = print_nothing;
    job.progress.progress_monitor = on_progress;
    job.jpeg.client_data = &job;
    const pare_status st = read_image(&job, bytes, n);
    jpeg_destroy_decompress(&job.jpeg); /* harmless where create failed: there is no mem then */
    pare_free(ctx, job.inks);
    return st;
}
