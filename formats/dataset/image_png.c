#include "formats/dataset/image_codec.h"

#include "formats/output.h"

#include <png.h>
#include <setjmp.h>
#include <string.h>

/* All that lives across the jump out of libpng. */
typedef struct png_job {
    png_structp png;
    png_infop info;
    pare_ctx *ctx;
    pare_status status;
    bool no_memory; /* also where libpng went on without */
    pare_image *out;
    const uint8_t *bytes;
    size_t n, at;
    const pare_image *image; /* to be written */
    pare_output *file;
} png_job;

static _Noreturn void on_error(png_structp png, png_const_charp text)
{
    png_job *const job = png_get_error_ptr(png);
    if (!job->status)
        job->status = pare_fail(job->ctx, job->no_memory ? PARE_ENOMEM : PARE_EFORMAT, "PNG: %s",
                                text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text)
{
    png_job *const job = png_get_error_ptr(png);
    (void)text;
    if (job->out) job->out->n_warnings++;
}

static png_voidp take(png_structp png, png_alloc_size_t n_bytes)
{
    png_job *const job = png_get_mem_ptr(png);
    void *const p = pare_alloc(job->ctx, n_bytes);
    if (!p) job->no_memory = true;
    return p;
}

static void give(png_structp png, png_voidp p)
{
    png_job *const job = png_get_mem_ptr(png);
    pare_free(job->ctx, p);
}

static void read_bytes(png_structp png, png_bytep to, size_t n)
{
    png_job *const job = png_get_io_ptr(png);
    if (n > job->n - job->at) png_error(png, "the file ends before the image does");
    memcpy(to, job->bytes + job->at, n);
    job->at += n;
}

/* Chunks that only describe are skipped: less to read, less to be attacked through. */
static void skip_descriptions(png_structp png)
{
    static const png_byte skipped[] = "iCCP\0sRGB\0gAMA\0cHRM\0zTXt\0iTXt\0tEXt\0sPLT\0hIST\0bKGD\0"
                                      "pHYs\0sBIT\0oFFs\0pCAL\0sCAL\0tIME\0eXIf";
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, 0);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, skipped,
                                (int)(sizeof(skipped) / 5));
}

static pare_status read_header(png_job *job)
{
    png_structp const png = job->png;
    png_set_user_limits(png, PARE_IMAGE_MAX_SIDE, PARE_IMAGE_MAX_SIDE);
    png_set_chunk_malloc_max(png, 1 << 20);
    skip_descriptions(png);
    png_set_read_fn(png, job, read_bytes);
    png_read_info(png, job->info);
    const png_byte color = png_get_color_type(png, job->info);
    png_set_strip_16(png);
    png_set_strip_alpha(png);
    if (color == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
    else if (!(color & PNG_COLOR_MASK_COLOR)) png_set_expand_gray_1_2_4_to_8(png);
    const uint32_t n_warnings = job->out->n_warnings;
    PARE_TRY(pare_image_new(job->ctx, job->out, png_get_image_width(png, job->info),
                            png_get_image_height(png, job->info),
                            color & PNG_COLOR_MASK_COLOR ? 3 : 1));
    job->out->n_warnings = n_warnings;
    return PARE_OK;
}

/* Everything that may jump. */
static pare_status read_image(png_job *job)
{
    png_structp const png = job->png;
    if (setjmp(png_jmpbuf(png))) return job->status;
    PARE_TRY(read_header(job));
    const int n_passes = png_set_interlace_handling(png);
    png_read_update_info(png, job->info);
    const size_t row_bytes = (size_t)job->out->width * job->out->channels;
    if (png_get_rowbytes(png, job->info) != row_bytes)
        return pare_fail(job->ctx, PARE_EUNSUPPORTED, "PNG: an unknown form of pixels");
    for (int pass = 0; pass < n_passes; pass++) {
        PARE_TRY(pare_check_canceled(job->ctx));
        for (uint32_t y = 0; y < job->out->height; y++)
            png_read_row(png, job->out->pixels + y * row_bytes, NULL);
    }
    return PARE_OK;
}

pare_status pare_image_decode_png(pare_ctx *ctx, pare_image *out, const uint8_t *bytes, size_t n)
{
    png_job job = { .ctx = ctx, .out = out, .bytes = bytes, .n = n };
    pare_status st = PARE_ENOMEM;
    job.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &job, on_error, on_warning, &job,
                                       take, give);
    if (job.png) job.info = png_create_info_struct(job.png);
    if (job.info) st = read_image(&job);
    if (job.no_memory) st = pare_fail(ctx, PARE_ENOMEM, "PNG: not enough memory");
    if (job.png) png_destroy_read_struct(&job.png, &job.info, NULL);
    return st;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void write_bytes(png_structp png, png_bytep from, size_t n)
{
    png_job *const job = png_get_io_ptr(png);
    job->status = pare_output_write(job->ctx, job->file, from, n);
    if (job->status) png_error(png, "writing failed");
}

static void flush_nothing(png_structp png)
{
    (void)png;
}

/* Everything that may jump. */
static pare_status write_image(png_job *job)
{
    png_structp const png = job->png;
    const pare_image *const image = job->image;
    if (setjmp(png_jmpbuf(png))) return job->status;
    png_set_write_fn(png, job, write_bytes, flush_nothing);
    png_set_IHDR(png, job->info, image->width, image->height, 8,
                 image->channels == 1 ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_RGB,
                 PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, job->info);
    for (uint32_t y = 0; y < image->height; y++)
        png_write_row(png, image->pixels + (size_t)y * image->width * image->channels);
    png_write_end(png, job->info);
    return PARE_OK;
}

pare_status pare_image_write_png(pare_ctx *ctx, const char *path, const pare_image *image)
{
    png_job job = { .ctx = ctx, .image = image };
    PARE_TRY(pare_output_open(ctx, &job.file, path));
    pare_status st = PARE_ENOMEM;
    job.png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &job, on_error, on_warning, &job,
                                        take, give);
    if (job.png) job.info = png_create_info_struct(job.png);
    if (job.info) st = write_image(&job);
    if (job.no_memory) st = pare_fail(ctx, PARE_ENOMEM, "PNG: not enough memory");
    if (job.png) png_destroy_write_struct(&job.png, &job.info);
    if (!st) return pare_output_commit(ctx, job.file);
    pare_output_abort(ctx, job.file);
    return st;
}
