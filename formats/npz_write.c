#include "formats/npz.h"

#include "formats/npy_header.h"
#include "formats/output.h"
#include "formats/spill.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { NAME_BYTES = 256, COPY_BYTES = 64 << 10 };

/* One array: its rows lie in the spill, later in fd. */
typedef struct column {
    char name[NAME_BYTES];     /* "logits.npy" */
    pare_spill *spill;
    int fd;                    /* -1: it still grows */
    pare_dtype dtype;
    uint32_t rank;             /* with the rows */
    int64_t dims[PARE_MAX_DIMS + 1];
    uint64_t n_bytes;          /* of all rows */
    char header[PARE_NPY_HEADER_TEXT];
    size_t header_bytes;
    uint32_t crc;
    uint64_t offset;           /* in the zip */
} column;

struct pare_npz {
    column **columns;          /* [n] */
    size_t n, cap;
};

pare_status pare_npz_new(pare_ctx *ctx, pare_npz **out)
{
    *out = pare_alloc_zero(ctx, sizeof(**out));
    return *out ? PARE_OK : pare_fail_memory(ctx, sizeof(**out));
}

void pare_npz_free(pare_ctx *ctx, pare_npz *npz)
{
    if (!npz) return;
    for (size_t i = 0; i < npz->n; i++) {
        pare_spill_close(ctx, npz->columns[i]->spill);
        if (npz->columns[i]->fd >= 0) close(npz->columns[i]->fd);
        pare_free(ctx, npz->columns[i]);
    }
    pare_free(ctx, npz->columns);
    pare_free(ctx, npz);
}

/* --- rows ------------------------------------------------------------------------------------- */

/* The file that an array stands in: names may be paths, which zip readers would refuse. */
static void file_name(char out[NAME_BYTES], const char *name)
{
    size_t n = (size_t)snprintf(out, NAME_BYTES - 4, "%s", *name ? name : "output");
    if (n >= NAME_BYTES - 4) n = NAME_BYTES - 5;
    for (size_t i = 0; i < n; i++)
        if (out[i] == '/' || out[i] == '\\' || (out[i] == '.' && (!i || out[i - 1] == '.')))
            out[i] = '_';
    memcpy(out + n, ".npy", 5);
}

static pare_status begin_column(pare_ctx *ctx, pare_npz *npz, column **out, const char *file,
                                pare_dtype dtype, uint32_t rank, const int64_t *dims)
{
    PARE_TRY(pare_grow(ctx, &npz->columns, &npz->cap, npz->n + 1, sizeof(column *)));
    column *c = pare_alloc_zero(ctx, sizeof(*c));
    if (!c) return pare_fail_memory(ctx, sizeof(*c));
    snprintf(c->name, sizeof(c->name), "%s", file);
    c->fd = -1;
    c->dtype = dtype;
    c->rank = rank + 1;
    if (rank) memcpy(c->dims + 1, dims, rank * sizeof(*dims));
    npz->columns[npz->n++] = c;
    *out = c;
    return pare_spill_open(ctx, &c->spill);
}

static pare_status add_row(pare_ctx *ctx, pare_npz *npz, const char *name, pare_dtype dtype,
                           uint32_t rank, const int64_t *dims, pare_bytes row)
{
    char file[NAME_BYTES];
    column *c = NULL;
    file_name(file, name);
    for (size_t i = 0; i < npz->n; i++)
        if (strcmp(npz->columns[i]->name, file) == 0) c = npz->columns[i];
    if (!c) PARE_TRY(begin_column(ctx, npz, &c, file, dtype, rank, dims));
    if (c->dtype != dtype || c->rank != rank + 1 ||
        (rank && memcmp(c->dims + 1, dims, rank * sizeof(*dims)) != 0))
        return pare_fail(ctx, PARE_EUNSUPPORTED,
                         "'%s' is not of one shape for all samples: it cannot become an array",
                         name);
    c->dims[0]++;
    c->n_bytes += row.n;
    return pare_spill_write(ctx, c->spill, row.data, row.n);
}

pare_status pare_npz_add(pare_ctx *ctx, pare_npz *npz, const char *name, const pare_tensor *row)
{
    const bool has_batch = row->rank && row->dims[0] == 1;
    if (row->dtype == PARE_STRING || pare_dtype_of(row->dtype)->bits < 8)
        return pare_fail(ctx, PARE_EUNSUPPORTED, "'%s' is of type %s, which arrays of rows lack",
                         name, pare_dtype_name(row->dtype));
    return add_row(ctx, npz, name, row->dtype, row->rank - has_batch, row->dims + has_batch,
                   row->payload);
}

pare_status pare_npz_add_int(pare_ctx *ctx, pare_npz *npz, const char *name, int64_t value)
{
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++) bytes[i] = (uint8_t)((uint64_t)value >> (8 * i));
    return add_row(ctx, npz, name, PARE_INT64, 0, NULL, (pare_bytes){ bytes, 8 });
}

/* --- zip -------------------------------------------------------------------------------------- */

/* Where the zip goes. */
typedef struct sink {
    pare_ctx *ctx;
    pare_output *output;       /* or */
    pare_spill *spill;
    uint64_t n_bytes;
} sink;

static pare_status put(sink *s, const void *data, size_t n)
{
    s->n_bytes += n;
    return s->output ? pare_output_write(s->ctx, s->output, data, n)
                     : pare_spill_write(s->ctx, s->spill, data, n);
}

/* CRC-32 of zip files (polynomial 0xedb88320), by half bytes. */
static uint32_t add_crc(uint32_t crc, const uint8_t *data, size_t n)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    crc = ~crc;
    for (size_t i = 0; i < n; i++) {
        crc ^= data[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

static pare_status read_block(pare_ctx *ctx, const column *c, uint64_t at, uint8_t *block,
                              size_t *n)
{
    const uint64_t rest = c->n_bytes - at;
    const size_t most = rest < COPY_BYTES ? (size_t)rest : COPY_BYTES;
    ssize_t got = 0;
    do got = pread(c->fd, block, most, (off_t)at);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return pare_fail(ctx, PARE_EIO, "cannot read a temporary file: %s",
                         got ? strerror(errno) : "it was cut short");
    *n = (size_t)got;
    return PARE_OK;
}

/* Ends the growth of an array: header and checksum. */
static pare_status close_column(pare_ctx *ctx, column *c, uint8_t *block)
{
    size_t n = 0;
    if (c->fd >= 0) return PARE_OK;
    pare_spill *const spill = c->spill;
    c->spill = NULL;
    PARE_TRY(pare_spill_finish(ctx, spill, &c->fd));
    c->header_bytes = pare_npy_header_write(c->header, pare_npy_descr(c->dtype), c->rank, c->dims);
    c->crc = add_crc(0, (const uint8_t *)c->header, c->header_bytes);
    for (uint64_t at = 0; at < c->n_bytes; at += n) {
        PARE_TRY(read_block(ctx, c, at, block, &n));
        c->crc = add_crc(c->crc, block, n);
    }
    return PARE_OK;
}

/* Bytes of a record, little-endian. */
typedef struct record {
    uint8_t bytes[128];
    size_t n;
} record;

static void add(record *r, int n_bytes, uint64_t value)
{
    for (int i = 0; i < n_bytes; i++) r->bytes[r->n++] = (uint8_t)(value >> (8 * i));
}

enum { ZIP64 = 45, DATE_1980 = 0x21, EXTRA = 1 };
#define IN_EXTRA UINT32_MAX /* the number stands in the extra field */

/* Sizes always stand in zip64's extra field, as NumPy itself writes them. */
static void add_common(record *r, const column *c, int n_extra)
{
    add(r, 2, ZIP64);
    add(r, 2, 0x800); /* the name is UTF-8 */
    add(r, 2, 0);     /* stored */
    add(r, 2, 0);
    add(r, 2, DATE_1980);
    add(r, 4, c->crc);
    add(r, 4, IN_EXTRA);
    add(r, 4, IN_EXTRA);
    add(r, 2, strlen(c->name));
    add(r, 2, 4 + 8 * (uint64_t)n_extra);
}

static pare_status put_column(sink *s, column *c, uint8_t *block)
{
    const uint64_t n_bytes = c->header_bytes + c->n_bytes;
    record r = { .n = 0 }, extra = { .n = 0 };
    size_t n = 0;
    c->offset = s->n_bytes;
    add(&r, 4, 0x04034b50);
    add_common(&r, c, 2);
    add(&extra, 2, EXTRA);
    add(&extra, 2, 16);
    add(&extra, 8, n_bytes);
    add(&extra, 8, n_bytes);
    PARE_TRY(put(s, r.bytes, r.n));
    PARE_TRY(put(s, c->name, strlen(c->name)));
    PARE_TRY(put(s, extra.bytes, extra.n));
    PARE_TRY(put(s, c->header, c->header_bytes));
    for (uint64_t at = 0; at < c->n_bytes; at += n) {
        PARE_TRY(read_block(s->ctx, c, at, block, &n));
        PARE_TRY(put(s, block, n));
    }
    return PARE_OK;
}

static pare_status put_entry(sink *s, const column *c)
{
    const uint64_t n_bytes = c->header_bytes + c->n_bytes;
    record r = { .n = 0 }, rest = { .n = 0 };
    add(&r, 4, 0x02014b50);
    add(&r, 2, ZIP64);
    add_common(&r, c, 3);
    add(&r, 2, 0); /* comment */
    add(&r, 2, 0); /* disk */
    add(&r, 2, 0);
    add(&r, 4, 0);
    add(&r, 4, IN_EXTRA);
    add(&rest, 2, EXTRA);
    add(&rest, 2, 24);
    add(&rest, 8, n_bytes);
    add(&rest, 8, n_bytes);
    add(&rest, 8, c->offset);
    PARE_TRY(put(s, r.bytes, r.n));
    PARE_TRY(put(s, c->name, strlen(c->name)));
    return put(s, rest.bytes, rest.n);
}

static pare_status put_end(sink *s, uint64_t n, uint64_t begun)
{
    record r = { .n = 0 };
    const uint64_t here = s->n_bytes;
    add(&r, 4, 0x06064b50);
    add(&r, 8, 44);
    add(&r, 2, ZIP64);
    add(&r, 2, ZIP64);
    add(&r, 4, 0);
    add(&r, 4, 0);
    add(&r, 8, n);
    add(&r, 8, n);
    add(&r, 8, here - begun);
    add(&r, 8, begun);
    add(&r, 4, 0x07064b50); /* where that stands */
    add(&r, 4, 0);
    add(&r, 8, here);
    add(&r, 4, 1);
    add(&r, 4, 0x06054b50);
    add(&r, 4, 0);
    add(&r, 2, n < 0xffff ? n : 0xffff);
    add(&r, 2, n < 0xffff ? n : 0xffff);
    add(&r, 4, IN_EXTRA);
    add(&r, 4, IN_EXTRA);
    add(&r, 2, 0);
    return put(s, r.bytes, r.n);
}

static pare_status put_all(sink *s, pare_npz *npz)
{
    uint8_t *block = pare_alloc(s->ctx, COPY_BYTES);
    pare_status st = block ? PARE_OK : pare_fail_memory(s->ctx, COPY_BYTES);
    for (size_t i = 0; !st && i < npz->n; i++) {
        st = close_column(s->ctx, npz->columns[i], block);
        if (!st) st = put_column(s, npz->columns[i], block);
    }
    const uint64_t begun = s->n_bytes;
    for (size_t i = 0; !st && i < npz->n; i++) st = put_entry(s, npz->columns[i]);
    if (!st) st = put_end(s, npz->n, begun);
    pare_free(s->ctx, block);
    return st;
}

pare_status pare_npz_write(pare_ctx *ctx, pare_npz *npz, const char *path)
{
    sink s = { .ctx = ctx };
    PARE_TRY(pare_output_open(ctx, &s.output, path));
    const pare_status st = put_all(&s, npz);
    if (!st) return pare_output_commit(ctx, s.output);
    pare_output_abort(ctx, s.output);
    return st;
}

pare_status pare_npz_spill(pare_ctx *ctx, pare_npz *npz, int *fd)
{
    sink s = { .ctx = ctx };
    *fd = -1;
    PARE_TRY(pare_spill_open(ctx, &s.spill));
    const pare_status st = put_all(&s, npz);
    if (st) {
        pare_spill_close(ctx, s.spill);
        return st;
    }
    PARE_TRY(pare_spill_finish(ctx, s.spill, fd));
    if (lseek(*fd, 0, SEEK_SET) == 0) return PARE_OK;
    close(*fd);
    *fd = -1;
    return pare_fail(ctx, PARE_EIO, "cannot read a temporary file: %s", strerror(errno));
}
