#include "formats/onnx/import.h"
#include "ir/varint.h"

#include <inttypes.h>
#include <string.h>

/* Reads int64 elements in whichever form they stand, without decoding them all into memory. */
typedef struct index_reader {
    const uint8_t *p, *end;
    bool varints;
} index_reader;

/* The payload was checked: it holds as many numbers as are asked for. */
static int64_t next_index(index_reader *r)
{
    uint64_t v = 0;
    if (r->varints) {
        r->p = pare_varint_read(r->p, r->end, &v);
    } else {
        memcpy(&v, r->p, sizeof(v));
        r->p += sizeof(v);
    }
    return (int64_t)v;
}

/* Indices [nnz] count elements of the whole tensor, [nnz, rank] hold a coordinate each: every
 * row in range and behind the one before it. */
static pare_status check_rows(pare_importer *im, const pare_tensor *indices, uint32_t columns,
                              const int64_t *ends, int64_t nnz)
{
    int64_t rows[2][PARE_MAX_DIMS]; /* this one and the one before */
    index_reader r = { indices->payload.data, NULL, indices->encoding == PARE_ENC_INT64_DATA };
    if (nnz) r.end = r.p + indices->payload.n;
    for (int64_t i = 0; i < nnz; i++) {
        int64_t *row = rows[i % 2];
        const int64_t *before = rows[(i + 1) % 2];
        int order = i ? 0 : 1;
        for (uint32_t k = 0; k < columns; k++) {
            row[k] = next_index(&r);
            if (row[k] < 0 || row[k] >= ends[k])
                return pare_fail(im->ctx, PARE_EFORMAT,
                                 "indices: entry %" PRId64 ": expected 0 to %" PRId64
                                 ", found %" PRId64,
                                 i, ends[k] - 1, row[k]);
            if (!order) order = (row[k] > before[k]) - (row[k] < before[k]);
        }
        if (order <= 0)
            return pare_fail(im->ctx, PARE_EFORMAT,
                             "indices: entry %" PRId64 ": expected ascending "
                             "indices, found %s",
                             i, order ? "a smaller one" : "the same twice");
    }
    return PARE_OK;
}

static pare_status check_indices(pare_importer *im, const pare_sparse_tensor *sparse)
{
    const pare_tensor *indices = sparse->indices;
    const int64_t nnz = sparse->values ? sparse->values->n_elements : 0;
    int64_t n_dense = 0;
    PARE_TRY(pare_tensor_count(im->ctx, &n_dense, sparse->rank, sparse->dims));
    if (sparse->values && sparse->values->rank != 1)
        return pare_fail(im->ctx, PARE_EFORMAT, "values: expected 1 dimension, found %" PRIu32,
                         sparse->values->rank);
    if (!indices && !nnz) return PARE_OK;
    if (!indices)
        return pare_fail(im->ctx, PARE_EFORMAT,
                         "expected indices of %" PRId64 " values, found none", nnz);
    if (indices->dtype != PARE_INT64)
        return pare_fail(im->ctx, PARE_EFORMAT, "indices: expected int64, found %s",
                         pare_dtype_name(indices->dtype));
    if (indices->rank < 1 || indices->rank > 2 || indices->dims[0] != nnz ||
        (indices->rank == 2 && indices->dims[1] != sparse->rank))
        return pare_fail(im->ctx, PARE_EFORMAT,
                         "indices: expected the dims [%" PRId64 "] or [%" PRId64 ", %" PRIu32
                         "], found others",
                         nnz, nnz, sparse->rank);
    if (indices->rank == 1) return check_rows(im, indices, 1, &n_dense, nnz);
    return check_rows(im, indices, sparse->rank, sparse->dims, nnz);
}

static pare_status import_part(pare_importer *im, pare_tensor **out, const char *field,
                               const Onnx__TensorProto *proto)
{
    if (!proto) return PARE_OK;
    const pare_status st = pare_import_tensor(im, out, proto);
    return st ? pare_fail_in(im->ctx, st, "%s: ", field) : st;
}

pare_status pare_import_sparse(pare_importer *im, pare_sparse_tensor **out,
                               const Onnx__SparseTensorProto *proto)
{
    *out = NULL;
    pare_sparse_tensor *sparse = pare_arena_zero(&im->model->arena, sizeof(*sparse));
    if (!sparse) return pare_arena_fail(im->ctx, &im->model->arena);
    sparse->rank = (uint32_t)proto->n_dims;
    sparse->dims = proto->dims;
    sparse->source = proto;
    pare_status st = import_part(im, &sparse->values, "values", proto->values);
    if (!st) st = import_part(im, &sparse->indices, "indices", proto->indices);
    if (!st) st = check_indices(im, sparse);
    if (st) pare_import_drop_sparse(sparse);
    else *out = sparse;
    return st;
}

void pare_import_drop_sparse(pare_sparse_tensor *sparse)
{
    if (!sparse) return;
    pare_tensor_unref(sparse->values);
    pare_tensor_unref(sparse->indices);
    sparse->values = sparse->indices = NULL;
}
