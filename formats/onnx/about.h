/* What of ONNX this build knows. */
#ifndef FORMATS_ONNX_ABOUT_H
#define FORMATS_ONNX_ABOUT_H

enum {
    PARE_ONNX_OPSET = 27, /* newest released version of the default operator set (ONNX 1.22.0) */
};

/* Version of the protobuf-c library that is running, e.g. "1.4.1". Static. */
const char *pare_onnx_protobuf_version(void);

#endif
