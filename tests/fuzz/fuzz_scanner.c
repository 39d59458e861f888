/* The scanner against protobuf-c: what it accepts, of whatever message, protobuf-c must be able to
 * parse from the skeleton. The first byte says which message the rest is. */
#include "base/arena.h"
#include "formats/onnx/unpack.h"
#include "fuzz/fuzz.h"
#include "onnx.pb-c.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    static const ProtobufCMessageDescriptor *const roots[] = {
        &onnx__model_proto__descriptor,    &onnx__graph_proto__descriptor,
        &onnx__node_proto__descriptor,     &onnx__attribute_proto__descriptor,
        &onnx__tensor_proto__descriptor,   &onnx__type_proto__descriptor,
        &onnx__function_proto__descriptor, &onnx__sequence_proto__descriptor,
    };
    if (!n_bytes) return 0;
    pare_ctx ctx;
    pare_arena arena;
    ProtobufCMessage *tree = NULL;
    pare_onnx_scan *scan = malloc(sizeof(*scan));
    if (!scan) return 0;
    pare_ctx_init(&ctx, &(pare_ctx_opts){ .max_memory_bytes = 16 << 20 });
    pare_arena_init(&ctx, &arena, 0);
    const ProtobufCMessageDescriptor *root = roots[data[0] % (sizeof(roots) / sizeof(roots[0]))];
    if (!pare_onnx_scan_message(&ctx, scan, root, data + 1, n_bytes - 1)) {
        const pare_status st = pare_onnx_unpack(&ctx, &tree, &arena, scan, data + 1);
        assert(st == PARE_OK || st == PARE_EBUDGET);
        assert(st || tree->descriptor == root);
    }
    pare_onnx_scan_free(&ctx, scan);
    pare_arena_free(&arena);
    free(scan);
    return 0;
}
