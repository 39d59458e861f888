#include "formats/onnx/import.h"
#include "formats/onnx/limits.h"
#include "formats/onnx/mapping.h"
#include "formats/onnx/onnx.h"
#include "formats/onnx/parse.h"
#include "ir/order.h"

#include <inttypes.h>
#include <unistd.h>

/* --- what holds for the whole model ----------------------------------------------------------- */

static pare_status check_ir_version(pare_importer *im, const Onnx__ModelProto *proto,
                                    const pare_onnx_open_opts *opts)
{
    if (!proto->has_ir_version || proto->ir_version < 1)
        return pare_fail(im->ctx, PARE_EFORMAT, "ir_version: expected 1 to %d, found %" PRId64,
                         PARE_ONNX_MAX_IR_VERSION, proto->ir_version);
    if (proto->ir_version > PARE_ONNX_MAX_IR_VERSION && !opts->allow_newer_ir)
        return pare_fail(im->ctx, PARE_EUNSUPPORTED,
                         "ir_version: expected %d at most, found %" PRId64
                         "; --allow-newer-ir reads it all "
                         "the same",
                         PARE_ONNX_MAX_IR_VERSION, proto->ir_version);
    return PARE_OK;
}

static pare_status import_header(pare_importer *im, const Onnx__ModelProto *proto)
{
    enum { IR_WITH_OPSETS = 3 };
    pare_model *model = im->model;
    model->source = proto;
    model->ir_version = proto->ir_version;
    model->producer_name = proto->producer_name;
    model->producer_version = proto->producer_version;
    model->domain = proto->domain;
    model->model_version = proto->model_version;
    model->doc = proto->doc_string;
    if (!proto->n_opset_import && proto->ir_version >= IR_WITH_OPSETS)
        return pare_fail(im->ctx, PARE_EFORMAT,
                         "opset_import: expected an entry at least, found none");
    PARE_TRY(pare_import_opsets(im, &model->opsets, proto->opset_import, proto->n_opset_import));
    return pare_import_props(im, &model->props, proto->metadata_props, proto->n_metadata_props);
}

/* Nodes may stand in any order, as long as there is one in which they can run. */
static pare_status check_order(pare_importer *im)
{
    for (size_t i = 0; i < im->model->n_graphs; i++) {
        const pare_graph *graph = im->model->graphs[i];
        pare_node_id *order = NULL;
        bool ordered = false;
        PARE_TRY(pare_graph_is_ordered(im->ctx, &ordered, graph));
        if (ordered) continue;
        PARE_TRY(pare_graph_order(im->ctx, &order, graph));
        pare_free(im->ctx, order);
    }
    return PARE_OK;
}

static pare_status import_model(pare_importer *im, const Onnx__ModelProto *proto,
                                const pare_onnx_open_opts *opts)
{
    PARE_TRY(check_ir_version(im, proto, opts));
    if (!proto->graph)
        return pare_fail(im->ctx, PARE_EFORMAT, "graph: expected a graph, found none");
    PARE_TRY(pare_model_new(im->ctx, &im->model, proto->graph->name));
    im->model->origin = pare_buf_ref(im->origin);
    PARE_TRY(import_header(im, proto));
    PARE_TRY(pare_import_graph(im, im->model->graph, proto->graph));
    for (size_t i = 0; i < proto->n_functions; i++)
        PARE_TRY(pare_import_function(im, proto->functions[i]));
    PARE_TRY(pare_import_check_calls(im));
    PARE_TRY(check_order(im));
    pare_model_clean(im->model);
    return PARE_OK;
}

/* --- opening ---------------------------------------------------------------------------------- */

/* Opens the model in store->bytes; path NULL: there is no folder for external data. */
static pare_status open_store(pare_ctx *ctx, pare_model **out, pare_onnx_store *store,
                              pare_buf *origin, const char *path, uint64_t may_read,
                              const pare_onnx_open_opts *opts)
{
    static const pare_onnx_open_opts defaults;
    if (!opts) opts = &defaults;
    pare_importer im = { .ctx = ctx, .store = store, .origin = origin };
    ProtobufCMessage *tree = NULL;
    pare_status st =
        pare_onnx_external_init(ctx, &im.external, store, path, opts->allow_linked_data, may_read);
    if (!st) st = pare_onnx_parse(ctx, store, &onnx__model_proto__descriptor, "a model", &tree);
    if (!st) st = import_model(&im, (const Onnx__ModelProto *)(const void *)tree, opts);
    pare_onnx_external_free(ctx, &im.external);
    if (st) pare_model_free(ctx, im.model);
    else *out = im.model;
    return st;
}

pare_status pare_onnx_open_bytes(pare_ctx *ctx, pare_model **out, pare_buf *bytes, const char *name,
                                 const pare_onnx_open_opts *opts)
{
    *out = NULL;
    pare_onnx_store *store = NULL;
    pare_buf *origin = NULL;
    pare_status st = pare_onnx_store_new(ctx, &store, &origin, bytes);
    if (!st) st = open_store(ctx, out, store, origin, NULL, 0, opts);
    pare_buf_unref(origin);
    return st ? pare_fail_in(ctx, st, "%s: ", name) : st;
}

/* What happens between opening the file and closing it. */
static pare_status open_file(pare_ctx *ctx, pare_model **out, int fd, const char *path,
                             const pare_onnx_open_opts *opts)
{
    uint64_t may_read = opts && opts->read_bytes ? opts->read_bytes : PARE_ONNX_READ_BYTES;
    pare_mapping m;
    pare_onnx_store *store = NULL;
    pare_buf *origin = NULL;
    PARE_TRY(pare_mapping_load(ctx, &m, fd, path, &may_read));
    pare_status st = pare_onnx_store_new(ctx, &store, &origin, m.bytes);
    if (!st)
        st = pare_onnx_store_add_file(ctx, store, pare_buf_ref(m.bytes), m.identity.st_dev,
                                      m.identity.st_ino);
    if (!st) st = open_store(ctx, out, store, origin, path, may_read, opts);
    if (st) st = pare_fail_in(ctx, st, "%s: ", path);
    if (!st) st = pare_mapping_check(ctx, &m, fd, path);
    if (st) {
        pare_model_free(ctx, *out);
        *out = NULL;
    }
    pare_buf_unref(origin);
    pare_buf_unref(m.bytes);
    return st;
}

pare_status pare_onnx_open(pare_ctx *ctx, pare_model **out, const char *path,
                           const pare_onnx_open_opts *opts)
{
    *out = NULL;
    int fd = -1;
    PARE_TRY(pare_mapping_open(ctx, &fd, path));
    const pare_status st = open_file(ctx, out, fd, path, opts);
    close(fd);
    return st;
}
