#include "formats/onnx/about.h"

#include <protobuf-c/protobuf-c.h>

const char *pare_onnx_protobuf_version(void)
{
    return protobuf_c_version();
}
