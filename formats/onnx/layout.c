#include "formats/onnx/layout.h"

#include "base/checked.h"

/* The data file that the tensor was read from, if it stays in there; else NULL. */
static pare_onnx_kept_file *find_kept(const pare_onnx_layout *layout, const pare_tensor *tensor)
{
    uint32_t i = 0;
    const pare_external *e = tensor->external;
    if (!e || !pare_map_get(&layout->kept_index, 0, e->location, &i)) return NULL;
    /* A tensor that came over from another model may mean another file by the same name. */
    return layout->kept[i].bytes == e->file ? &layout->kept[i] : NULL;
}

static uint64_t hash_payload(const pare_tensor *tensor)
{
    const uint64_t mixed = (uint64_t)(uintptr_t)tensor->payload.data ^ (uint64_t)tensor->payload.n
                                                                           << 20;
    return (mixed + (uint64_t)tensor->encoding) * UINT64_C(0x9e3779b97f4a7c15) >> 20;
}

/* Tensors over the same bytes, e.g. clones or tied weights, are stored once. */
static bool same_payload(const pare_tensor *a, const pare_tensor *b)
{
    return a->payload.data == b->payload.data && a->payload.n == b->payload.n &&
           a->encoding == b->encoding && a->dtype == b->dtype;
}

static uint32_t *find_slot(const pare_onnx_layout *layout, const pare_tensor *tensor)
{
    size_t i = (size_t)hash_payload(tensor) & (layout->n_slots - 1);
    while (layout->index[i] != UINT32_MAX &&
           !same_payload(layout->places[layout->index[i]].tensor, tensor))
        i = (i + 1) & (layout->n_slots - 1);
    return &layout->index[i];
}

static pare_status grow_index(pare_ctx *ctx, pare_onnx_layout *layout)
{
    if (layout->n_places < layout->n_slots / 2) return PARE_OK;
    const size_t n = layout->n_slots ? 2 * layout->n_slots : 64;
    uint32_t *index = pare_alloc(ctx, n * sizeof(*index));
    if (!index) return pare_fail_memory(ctx, n * sizeof(*index));
    for (size_t i = 0; i < n; i++) index[i] = UINT32_MAX;
    pare_free(ctx, layout->index);
    layout->index = index;
    layout->n_slots = n;
    for (size_t i = 0; i < layout->n_places; i++)
        *find_slot(layout, layout->places[i].tensor) = (uint32_t)i;
    return PARE_OK;
}

static pare_status add_place(pare_ctx *ctx, pare_onnx_layout *layout, const pare_tensor *tensor)
{
    PARE_TRY(grow_index(ctx, layout));
    uint32_t *slot = find_slot(layout, tensor);
    if (*slot != UINT32_MAX) return PARE_OK;
    PARE_TRY(pare_grow(ctx, &layout->places, &layout->places_cap, layout->n_places + 1,
                       sizeof(*layout->places)));
    const uint64_t n_bytes = pare_tensor_size_bytes(tensor);
    uint64_t offset = 0;
    if (!pare_align_u64(layout->data_bytes, PARE_ONNX_DATA_ALIGN, &offset) ||
        !pare_add_u64(offset, n_bytes, &layout->data_bytes))
        return pare_fail(ctx, PARE_EUNSUPPORTED, "payloads: more than 2^64 bytes in all");
    *slot = (uint32_t)layout->n_places;
    layout->places[layout->n_places++] = (pare_onnx_slot){ tensor, offset, n_bytes };
    layout->moves = true;
    return PARE_OK;
}

static pare_status keep_file(pare_ctx *ctx, pare_onnx_layout *layout, const pare_external *external)
{
    if (pare_map_get(&layout->kept_index, 0, external->location, NULL)) return PARE_OK;
    PARE_TRY(pare_grow(ctx, &layout->kept, &layout->kept_cap, layout->n_kept + 1,
                       sizeof(*layout->kept)));
    PARE_TRY(
        pare_map_put(ctx, &layout->kept_index, 0, external->location, (uint32_t)layout->n_kept));
    layout->kept[layout->n_kept++] =
        (pare_onnx_kept_file){ .location = external->location, .bytes = external->file };
    return PARE_OK;
}

static bool goes_external(const pare_onnx_layout *layout, const pare_tensor *tensor,
                          pare_onnx_layout_level level)
{
    if (layout->storage == PARE_STORE_EMBED || layout->level == PARE_LAYOUT_AS_IS) return false;
    if (tensor->encoding == PARE_ENC_STRINGS) return false;
    /* What was external already can be so wherever it stands. */
    if (level > layout->level && !tensor->external) return false;
    /* Shapes, axes, scales of Resize and the like: ONNX's shape inference reads them, and gives
     * up on external ones. */
    if (tensor->rank <= 1 && tensor->n_elements <= PARE_ONNX_SHAPE_ELEMENTS) return false;
    const uint64_t n_bytes = pare_tensor_size_bytes(tensor);
    return n_bytes && n_bytes >= layout->min_bytes;
}

/* level: from which on an embedded payload in this place may become external. */
static pare_status lay_tensor(pare_ctx *ctx, pare_onnx_layout *layout, const pare_tensor *tensor,
                              pare_onnx_layout_level level)
{
    if (!tensor) return PARE_OK;
    if (layout->storage == PARE_STORE_KEEP && tensor->external)
        PARE_TRY(keep_file(ctx, layout, tensor->external));
    if (find_kept(layout, tensor)) return PARE_OK;
    if (goes_external(layout, tensor, level)) return add_place(ctx, layout, tensor);
    if (tensor->external) layout->moves = true;
    const uint64_t n_bytes =
        tensor->encoding == PARE_ENC_STRINGS ? pare_tensor_size_bytes(tensor) : tensor->payload.n;
    if (!pare_add_u64(layout->inline_bytes, n_bytes, &layout->inline_bytes))
        layout->inline_bytes = UINT64_MAX;
    return PARE_OK;
}

static pare_status lay_sparse(pare_ctx *ctx, pare_onnx_layout *layout,
                              const pare_sparse_tensor *sparse)
{
    if (!sparse) return PARE_OK;
    PARE_TRY(lay_tensor(ctx, layout, sparse->values, PARE_LAYOUT_ALL));
    return lay_tensor(ctx, layout, sparse->indices, PARE_LAYOUT_ALL);
}

static pare_status lay_graph(pare_ctx *ctx, pare_onnx_layout *layout, const pare_graph *graph);

static pare_status lay_attr(pare_ctx *ctx, pare_onnx_layout *layout, const pare_attr *attr)
{
    for (uint32_t i = 0; i < attr->n; i++) {
        switch (attr->type) {
        case PARE_ATTR_TENSOR:
        case PARE_ATTR_TENSORS:
            PARE_TRY(lay_tensor(ctx, layout, attr->tensors[i], PARE_LAYOUT_ALL));
            break;
        case PARE_ATTR_SPARSE_TENSOR:
        case PARE_ATTR_SPARSE_TENSORS:
            PARE_TRY(lay_sparse(ctx, layout, attr->sparse[i]));
            break;
        case PARE_ATTR_GRAPH:
        case PARE_ATTR_GRAPHS:
            PARE_TRY(lay_graph(ctx, layout, attr->graphs[i]));
            break;
        default:
            return PARE_OK;
        }
    }
    return PARE_OK;
}

/* Recursion: as deep as graphs are nested, PARE_MAX_GRAPH_DEPTH. */
static pare_status lay_graph(pare_ctx *ctx, pare_onnx_layout *layout, const pare_graph *graph)
{
    const pare_model *model = graph->model;
    for (size_t i = 0; i < graph->initializers.n; i++) {
        const pare_value *v = pare_value_at(model, graph->initializers.items[i]);
        PARE_TRY(lay_tensor(ctx, layout, v->tensor, PARE_LAYOUT_INITIALIZERS));
    }
    for (size_t i = 0; i < graph->sparse_initializers.n; i++)
        PARE_TRY(lay_sparse(ctx, layout,
                            pare_value_at(model, graph->sparse_initializers.items[i])->sparse));
    for (pare_node_id id = graph->first_node; id != PARE_NONE; id = pare_node_at(model, id)->next) {
        const pare_node *node = pare_node_at(model, id);
        for (uint32_t i = 0; i < node->n_attrs; i++)
            PARE_TRY(lay_attr(ctx, layout, node->attrs[i]));
    }
    return PARE_OK;
}

pare_status pare_onnx_layout_plan(pare_ctx *ctx, pare_onnx_layout *layout, const pare_model *model)
{
    *layout = (pare_onnx_layout){
        .storage = layout->storage,
        .level = layout->level,
        .min_bytes = layout->min_bytes,
    };
    PARE_TRY(lay_graph(ctx, layout, model->graph));
    for (size_t i = 0; i < model->n_functions; i++) {
        const pare_function *f = model->functions[i];
        PARE_TRY(lay_graph(ctx, layout, f->body));
        for (size_t k = 0; k < f->n_attr_defaults; k++)
            PARE_TRY(lay_attr(ctx, layout, f->attr_defaults[k]));
    }
    return PARE_OK;
}

void pare_onnx_layout_free(pare_ctx *ctx, pare_onnx_layout *layout)
{
    pare_free(ctx, layout->places);
    pare_free(ctx, layout->index);
    pare_free(ctx, layout->kept);
    pare_map_free(ctx, &layout->kept_index);
    layout->places = NULL;
    layout->index = NULL;
    layout->kept = NULL;
    layout->n_places = layout->n_slots = layout->n_kept = 0;
}

void pare_onnx_layout_rename(pare_onnx_layout *layout, size_t kept, const char *new_location)
{
    layout->kept[kept].new_location = new_location;
    layout->moves = true;
}

static pare_onnx_spot kept_spot(const pare_onnx_kept_file *kept, const pare_tensor *tensor)
{
    return (pare_onnx_spot){
        .location = kept->new_location ? kept->new_location : tensor->external->location,
        .offset = tensor->external->offset,
        .n_bytes = tensor->payload.n,
        .moved = kept->new_location != NULL,
    };
}

pare_onnx_spot pare_onnx_layout_spot(const pare_onnx_layout *layout, const pare_tensor *tensor)
{
    const pare_onnx_kept_file *kept = find_kept(layout, tensor);
    if (kept) return kept_spot(kept, tensor);
    const uint32_t place = layout->n_slots ? *find_slot(layout, tensor) : UINT32_MAX;
    if (place == UINT32_MAX) return (pare_onnx_spot){ .moved = tensor->external != NULL };
    return (pare_onnx_spot){
        .location = layout->data_location,
        .offset = layout->places[place].offset,
        .n_bytes = layout->places[place].n_bytes,
        .moved = true,
    };
}

static bool tensor_moves(const pare_onnx_layout *layout, const pare_tensor *tensor)
{
    return tensor && pare_onnx_layout_spot(layout, tensor).moved;
}

static bool sparse_moves(const pare_onnx_layout *layout, const pare_sparse_tensor *sparse)
{
    return sparse &&
           (tensor_moves(layout, sparse->values) || tensor_moves(layout, sparse->indices));
}

static bool graph_moves(const pare_onnx_layout *layout, const pare_graph *graph)
{
    const pare_model *model = graph->model;
    for (size_t i = 0; i < graph->initializers.n; i++)
        if (tensor_moves(layout, pare_value_at(model, graph->initializers.items[i])->tensor))
            return true;
    for (size_t i = 0; i < graph->sparse_initializers.n; i++)
        if (sparse_moves(layout, pare_value_at(model, graph->sparse_initializers.items[i])->sparse))
            return true;
    for (pare_node_id id = graph->first_node; id != PARE_NONE; id = pare_node_at(model, id)->next) {
        const pare_node *node = pare_node_at(model, id);
        for (uint32_t i = 0; i < node->n_attrs; i++)
            if (pare_onnx_layout_moves(layout, node->attrs[i])) return true;
    }
    return false;
}

bool pare_onnx_layout_moves(const pare_onnx_layout *layout, const pare_attr *attr)
{
    if (!layout->moves) return false;
    for (uint32_t i = 0; i < attr->n; i++) {
        switch (attr->type) {
        case PARE_ATTR_TENSOR:
        case PARE_ATTR_TENSORS:
            if (tensor_moves(layout, attr->tensors[i])) return true;
            break;
        case PARE_ATTR_SPARSE_TENSOR:
        case PARE_ATTR_SPARSE_TENSORS:
            if (sparse_moves(layout, attr->sparse[i])) return true;
            break;
        case PARE_ATTR_GRAPH:
        case PARE_ATTR_GRAPHS:
            if (graph_moves(layout, attr->graphs[i])) return true;
            break;
        default:
            return false;
        }
    }
    return false;
}
