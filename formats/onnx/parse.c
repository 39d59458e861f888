#include "formats/onnx/parse.h"

#include "formats/onnx/unpack.h"

pare_status pare_onnx_parse(pare_ctx *ctx, pare_onnx_store *store,
                            const ProtobufCMessageDescriptor *root, const char *what,
                            ProtobufCMessage **tree)
{
    const pare_buf *bytes = store->bytes;
    if (!bytes->n_bytes)
        return pare_fail(ctx, PARE_EFORMAT, "expected %s, found an empty file", what);
    pare_onnx_scan *scan = pare_alloc(ctx, sizeof(*scan)); /* its rules are too much for a stack */
    if (!scan) return pare_fail_memory(ctx, sizeof(*scan));
    pare_status st = pare_onnx_scan_message(ctx, scan, root, bytes->data, bytes->n_bytes);
    if (!st) st = pare_onnx_unpack(ctx, tree, &store->arena, scan, bytes->data);
    if (!st) {
        store->side = scan->side;
        scan->side = NULL;
    }
    /* the skeleton is gone from here on */
    pare_onnx_scan_free(ctx, scan);
    pare_free(ctx, scan);
    return st;
}
