/* From the IR to the messages of an ONNX file. */
#ifndef FORMATS_ONNX_EXPORT_H
#define FORMATS_ONNX_EXPORT_H

#include "formats/onnx/layout.h"
#include "onnx.pb-c.h"

/* The model as a message. What has a source and did not change is the source's own message; all
 * else is a copy of its source with every field that the IR knows replaced, or new. It lives in
 * `arena`, the source and the model, and is valid as long as all three. ir_version is raised
 * where something new needs it. EUNSUPPORTED for nodes of domain `pare` and for functions with
 * initializers; EBUDGET, ENOMEM. */
pare_status pare_onnx_export(pare_ctx *ctx, Onnx__ModelProto **out, pare_arena *arena,
                             const pare_model *model, const pare_onnx_layout *layout);

#endif
