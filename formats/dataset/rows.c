#include "formats/dataset/rows.h"

#include "base/checked.h"
#include "formats/npy.h"
#include "formats/npy_header.h"

#include <inttypes.h>
#include <string.h>

enum {
    CIFAR_BYTES = 3 * 32 * 32,
    IDX_HEAD_BYTES = 4,
    BLOCK_BYTES = 1 << 20,        /* that are read at once for hashing */
    MAX_LOADED_BYTES = 256 << 20, /* of an array whose rows cannot be read one by one */
};

/* Sets sizes from dtype and dims, and checks that the file has all the rows. */
static pare_status settle(pare_ctx *ctx, pare_rows *r)
{
    int64_t n_elements = 0;
    uint64_t want = 0;
    const uint64_t found = r->files->items[r->file].n_bytes - r->data_at;
    const pare_status st = pare_tensor_count(ctx, &n_elements, r->rank, r->dims);
    if (st) return pare_files_fail_in(ctx, r->files, r->file, st);
    if (!pare_dtype_size_bytes(r->dtype, n_elements, &r->row_bytes) ||
        !pare_mul_u64(r->row_bytes, r->n, &want) || want != found)
        return pare_files_fail(ctx, r->files, r->file, PARE_EFORMAT, "expected %" PRIu64
                               " rows of %" PRIu64 " bytes as the header says, found %" PRIu64
                               " bytes", r->n, r->row_bytes, found);
    if (r->n && !r->row_bytes)
        return pare_files_fail(ctx, r->files, r->file, PARE_EFORMAT,
                               "expected rows with something in them, found a dimension of 0");
    r->stride_bytes = r->row_bytes;
    return PARE_OK;
}

/* Takes the array's first dimension as the count of rows. */
static void set_dims(pare_rows *r, uint32_t rank, const int64_t *dims)
{
    r->n = (uint64_t)dims[0];
    r->rank = rank - 1;
    memcpy(r->dims, dims + 1, r->rank * sizeof(*dims));
}

static pare_status load_whole(pare_ctx *ctx, pare_rows *r, pare_dtype as)
{
    pare_buf *bytes = NULL;
    PARE_TRY(pare_files_load(ctx, &bytes, r->files, r->file, MAX_LOADED_BYTES));
    pare_status st = pare_npy_parse(ctx, &r->loaded, bytes, as);
    pare_buf_unref(bytes);
    if (st) return pare_files_fail_in(ctx, r->files, r->file, st);
    set_dims(r, r->loaded->rank, r->loaded->dims);
    uint64_t row_elements = 1;
    for (uint32_t d = 0; d < r->rank; d++) row_elements *= (uint64_t)r->dims[d];
    const uint32_t bits = pare_dtype_of(r->dtype)->bits;
    if (r->n && !row_elements)
        st = pare_files_fail(ctx, r->files, r->file, PARE_EFORMAT,
                             "expected rows with something in them, found a dimension of 0");
    if (row_elements * bits % 8)
        st = pare_files_fail(ctx, r->files, r->file, PARE_EUNSUPPORTED,
                             "rows of %" PRIu64 " elements of %s do not end at a byte",
                             row_elements, pare_dtype_name(r->dtype));
    r->row_bytes = r->stride_bytes = row_elements * bits / 8;
    return st;
}

static pare_status open_npy(pare_ctx *ctx, pare_rows *r, pare_dtype as, uint8_t *head, size_t n)
{
    pare_npy_header h;
    PARE_TRY(pare_files_read(ctx, r->files, r->file, 0, head, n));
    const pare_status st = pare_npy_header_read(ctx, &h, head, n);
    if (st) return pare_files_fail_in(ctx, r->files, r->file, st);
    r->dtype = pare_npy_header_dtype(&h, as);
    r->data_at = h.data_at;
    if (r->dtype == PARE_STRING || !r->dtype)
        return pare_files_fail(ctx, r->files, r->file, PARE_EUNSUPPORTED,
                               "expected numbers, found %s", r->dtype ? "strings" : "another type");
    if (!h.rank || h.rank > PARE_MAX_DIMS)
        return pare_files_fail(ctx, r->files, r->file, PARE_EFORMAT,
                               "expected an array whose first dimension counts samples, found a "
                               "single number");
    if ((h.fortran_order && h.rank > 1) || pare_dtype_of(r->dtype)->bits < 8)
        return load_whole(ctx, r, as);
    set_dims(r, h.rank, h.dims);
    return settle(ctx, r);
}

pare_status pare_rows_open_npy(pare_ctx *ctx, pare_rows *out, pare_files *files, size_t file,
                               pare_dtype as)
{
    const uint64_t n_file = files->items[file].n_bytes;
    const size_t most = PARE_NPY_MAX_HEADER_BYTES + 12;
    const size_t n = n_file < most ? (size_t)n_file : most;
    *out = (pare_rows){ .files = files, .file = file };
    PARE_TRY(pare_files_keep_open(ctx, files, file));
    uint8_t *head = pare_alloc(ctx, n + 1);
    if (!head) return pare_fail_memory(ctx, n + 1);
    const pare_status st = open_npy(ctx, out, as, head, n);
    pare_free(ctx, head);
    if (st) pare_rows_close(out);
    return st;
}

pare_status pare_rows_open_idx(pare_ctx *ctx, pare_rows *out, pare_files *files, size_t file)
{
    static const struct {
        uint8_t code;
        pare_dtype dtype;
    } types[] = {
        { 0x08, PARE_UINT8 }, { 0x09, PARE_INT8 },  { 0x0b, PARE_INT16 },
        { 0x0c, PARE_INT32 }, { 0x0d, PARE_FLOAT }, { 0x0e, PARE_DOUBLE },
    };
    uint8_t head[IDX_HEAD_BYTES], sizes[4 * PARE_MAX_DIMS];
    int64_t dims[PARE_MAX_DIMS];
    *out = (pare_rows){ .files = files, .file = file };
    PARE_TRY(pare_files_keep_open(ctx, files, file));
    PARE_TRY(pare_files_read(ctx, files, file, 0, head, sizeof(head)));
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (types[i].code == head[2]) out->dtype = types[i].dtype;
    const uint32_t rank = head[3];
    if (head[0] || head[1] || !out->dtype || !rank || rank > PARE_MAX_DIMS)
        return pare_files_fail(ctx, files, file, PARE_EFORMAT,
                               "expected an IDX file, which begins with 0, 0, a type and a rank, "
                               "found %d, %d, %d, %d", head[0], head[1], head[2], head[3]);
    PARE_TRY(pare_files_read(ctx, files, file, sizeof(head), sizes, 4 * (size_t)rank));
    for (uint32_t d = 0; d < rank; d++) {
        const uint8_t *s = sizes + 4 * (size_t)d;
        dims[d] = (int64_t)s[0] << 24 | (int64_t)s[1] << 16 | (int64_t)s[2] << 8 | s[3];
    }
    set_dims(out, rank, dims);
    out->data_at = sizeof(head) + 4 * (uint64_t)rank;
    out->swap_bytes = pare_dtype_of(out->dtype)->bits / 8;
    return settle(ctx, out);
}

pare_status pare_rows_open_cifar(pare_ctx *ctx, pare_rows *out, pare_files *files, size_t file,
                                 uint32_t label_bytes)
{
    const uint64_t stride = label_bytes + CIFAR_BYTES;
    const uint64_t n_file = files->items[file].n_bytes;
    *out = (pare_rows){ .files = files, .file = file, .dtype = PARE_UINT8, .rank = 3,
                        .dims = { 3, 32, 32 }, .data_at = label_bytes, .stride_bytes = stride,
                        .row_bytes = CIFAR_BYTES, .n = n_file / stride };
    if (!n_file || n_file % stride)
        return pare_files_fail(ctx, files, file, PARE_EFORMAT,
                               "expected records of %" PRIu64 " bytes, found a file of %" PRIu64,
                               stride, n_file);
    return pare_files_keep_open(ctx, files, file);
}

void pare_rows_close(pare_rows *rows)
{
    pare_tensor_unref(rows->loaded);
    rows->loaded = NULL;
}

/* --- reading ---------------------------------------------------------------------------------- */

static void swap(uint8_t *p, uint64_t n_bytes, uint32_t size)
{
    for (uint8_t *const end = p + n_bytes; p < end; p += size)
        for (uint32_t i = 0; i < size / 2; i++) {
            const uint8_t byte = p[i];
            p[i] = p[size - 1 - i];
            p[size - 1 - i] = byte;
        }
}

pare_status pare_rows_read(pare_ctx *ctx, const pare_rows *rows, uint64_t first, uint64_t n,
                           void *to)
{
    const uint64_t row_bytes = rows->row_bytes;
    uint8_t *p = to;
    if (rows->loaded) {
        if (n && row_bytes)
            memcpy(to, rows->loaded->payload.data + first * row_bytes, n * row_bytes);
    } else if (rows->stride_bytes == row_bytes) {
        PARE_TRY(pare_files_read(ctx, rows->files, rows->file, rows->data_at + first * row_bytes,
                                 to, n * row_bytes));
    } else {
        for (uint64_t i = first; i < first + n; i++, p += row_bytes)
            PARE_TRY(pare_files_read(ctx, rows->files, rows->file,
                                     rows->data_at + i * rows->stride_bytes, p, row_bytes));
    }
    if (rows->swap_bytes > 1) swap(to, n * row_bytes, rows->swap_bytes);
    return PARE_OK;
}

pare_status pare_rows_tensor(pare_ctx *ctx, pare_tensor **out, const pare_rows *rows, uint64_t row)
{
    int64_t dims[PARE_MAX_DIMS] = { 1 };
    pare_tensor *t = NULL;
    uint8_t *data = NULL;
    *out = NULL;
    memcpy(dims + 1, rows->dims, rows->rank * sizeof(*dims));
    PARE_TRY(pare_tensor_new(ctx, &t, rows->dtype, rows->rank + 1, dims));
    pare_status st = pare_tensor_own(ctx, &t, &data);
    if (!st) st = pare_rows_read(ctx, rows, row, 1, data);
    for (int64_t i = 0; !st && rows->dtype == PARE_BOOL && i < t->n_elements; i++)
        if (data[i] > 1)
            st = pare_files_fail(ctx, rows->files, rows->file, PARE_EFORMAT, "row %" PRIu64
                                 ": expected 0 or 1 for a boolean, found %d", row, data[i]);
    if (st) pare_tensor_unref(t);
    else *out = t;
    return st;
}

pare_status pare_rows_hash(pare_ctx *ctx, const pare_rows *rows, pare_hash128 *out)
{
    const uint64_t fit = rows->row_bytes ? BLOCK_BYTES / rows->row_bytes : BLOCK_BYTES;
    const uint64_t per_block = fit ? fit : 1;
    if (!rows->n) return PARE_OK; /* then a row's size is no more than what a header says */
    uint8_t *block = pare_alloc(ctx, (size_t)(per_block * rows->row_bytes) + 1);
    pare_status st = block ? PARE_OK : pare_fail_memory(ctx, (size_t)(per_block * rows->row_bytes));
    for (uint64_t first = 0; !st && first < rows->n; first += per_block) {
        const uint64_t left = rows->n - first;
        const uint64_t n = left < per_block ? left : per_block;
        st = pare_rows_read(ctx, rows, first, n, block);
        for (uint64_t i = 0; !st && i < n; i++)
            out[first + i] = pare_hash128_of(block + i * rows->row_bytes, (size_t)rows->row_bytes);
        if (!st) st = pare_check_canceled(ctx);
    }
    pare_free(ctx, block);
    return st;
}
