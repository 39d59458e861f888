/* The one public header of libpare: contexts, models in memory, running and scoring them. Files are
 * read and written by formats/ (formats/onnx/onnx.h), which build on this. */
#ifndef PARE_H
#define PARE_H

#include "base/arena.h"
#include "base/budget.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/ctx.h"
#include "base/pool.h"
#include "base/status.h"
#include "base/utf8.h"
#include "energy/energy.h"
#include "energy/use.h"
#include "ir/attr.h"
#include "ir/build.h"
#include "ir/check.h"
#include "ir/datum.h"
#include "ir/dtype.h"
#include "ir/graph.h"
#include "ir/model.h"
#include "ir/order.h"
#include "ir/summary.h"
#include "ir/tensor.h"
#include "ir/text.h"
#include "ir/type.h"
#include "op/digest.h"
#include "op/eval.h"
#include "op/infer.h"
#include "op/layers.h"
#include "op/op.h"
#include "op/sample.h"
#include "pass/pass.h"
#include "run/runner.h"
#include "stats/evaluate.h"
#include "stats/pipelines.h"

#endif
