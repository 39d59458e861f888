#include "quant/weight_only.h"

#include "ir/build.h"
#include "pass/upgrade.h"
#include "quant/readers.h"
#include "quant/writer.h"

#include <string.h>

enum {
    CHANNEL_OPSET = 13,       /* DequantizeLinear with a scale per channel */
    HALF_OPSET = 19,          /* with scales that are no float32 */
    BLOCK_OPSET = 21,         /* with blocks, and 4 bits */
    LITTLE_OPSET = 25,        /* and 2 bits */
    LEAST_BLOCK = 16, MOST_BLOCK = 256, /* that ONNX Runtime takes */
    STREAM_FROM = 1 << 24,    /* weights */
    NODE_BYTES = 256,         /* that nodes, names and dims of a quantized tensor take, about */
};

/* What is to become of a tensor. */
typedef struct decision {
    pare_weight_storage stored;
    int bits;
    int64_t block;
    bool free_zeros;          /* zero points of their own */
    pare_dtype dtype;         /* of codes behind DequantizeLinear */
    bool size_only, taps_apart;
    const char *reason;
    const pare_linear *linear; /* of the reader whose view of the weights is taken */
    size_t lead;              /* number of that reader */
} decision;

typedef struct quantizer {
    pare_ctx *ctx;
    pare_model *model;
    const pare_weight_only_opts *opts;
    pare_weight_only_report *report;
    bool nbits;               /* the target has MatMulNBits */
    bool *is_end;             /* by node handle; those made later are none */
    size_t n_ends;
    pare_weight_readers readers; /* of the tensor at hand */
    int64_t opset;            /* that what was decided needs */
} quantizer;

/* --- what the target takes -------------------------------------------------------------------- */

static bool lists(const char *const *items, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (pare_str_eq(items[i], name)) return true;
    return false;
}

static bool has_nbits(const pare_target_rules *r)
{
    if (!r->has_quant || (r->n_domains && !lists(r->domains, r->n_domains, "com.microsoft")))
        return false;
    if (r->n_operators && !lists(r->operators, r->n_operators, "com.microsoft.MatMulNBits"))
        return false;
    for (size_t i = 0; i < r->quant.n_ops; i++)
        if (r->quant.ops[i].weight_only && pare_str_eq(r->quant.ops[i].op, "MatMul")) return true;
    return false;
}

/* The first form of so many bits, of blocks or not, with the zero points that are asked for. */
static const pare_quant_form *find_form(const quantizer *q, int bits, bool blocks, bool *is_signed)
{
    const pare_target_quant *t = &q->opts->rules->quant;
    for (size_t i = 0; q->opts->rules->has_quant && i < t->n_weights; i++) {
        const pare_quant_form *f = &t->weights[i];
        const pare_dtype_info *type = pare_dtype_of(pare_dtype_by_name(f->type));
        if (type->bits != bits || (type->class != PARE_CLASS_INT && type->class != PARE_CLASS_UINT))
            continue;
        *is_signed = type->class == PARE_CLASS_INT;
        if (blocks != (f->per == PARE_PER_BLOCK) || (q->opts->zeros == PARE_ZERO_FREE &&
            !f->zero_point) || (!f->zero_point && !*is_signed)) continue;
        return f;
    }
    return NULL;
}

static int64_t clamp(int64_t x, int64_t low, int64_t high)
{
    return x < low ? low : x > high ? high : x;
}

/* --- one tensor ------------------------------------------------------------------------------- */

static bool is_float_type(pare_dtype t)
{
    return t == PARE_FLOAT || t == PARE_FLOAT16 || t == PARE_BFLOAT16;
}

static int bits_for(const quantizer *q, const pare_weight_reader *r, const char **reason)
{
    int bits = -1;
    if (r->node != PARE_NONE && q->opts->bits_of) bits = q->opts->bits_of(q->opts->user, r->node);
    if (bits >= 0) return bits ? bits : 32;
    bits = q->opts->bits;
    if (bits < 8 && !q->opts->any_end && r->node < q->n_ends && q->is_end[r->node]) {
        *reason = "first or last product: 8 bits";
        return 8;
    }
    const bool is_table =
        r->node != PARE_NONE && pare_str_eq(q->model->nodes[r->node].op_type, "Gather");
    if (bits < 8 && !q->opts->any_end && is_table) {
        *reason = "table of embeddings, where a transformer begins: 8 bits";
        return 8;
    }
    return bits;
}

static bool same_view(const pare_linear *a, const pare_linear *b)
{
    return a->weight_axis == b->weight_axis && a->out == b->out && a->in == b->in &&
           a->taps == b->taps && a->group == b->group;
}

/* What the readers have in common. */
typedef struct survey {
    bool products, tables, others; /* there are such */
    bool windows;             /* Conv or ConvTranspose among the products */
    bool one_view;            /* products and tables see the same rows */
    bool all_nbits;           /* products can be MatMulNBits */
    bool grouped_transpose;
    bool given_out;           /* an output of a graph */
} survey;

static survey look(const pare_weight_readers *readers, decision *d)
{
    survey s = { .one_view = true, .all_nbits = true };
    d->linear = NULL;
    for (size_t i = 0; i < readers->n; i++) {
        const pare_weight_reader *r = &readers->items[i];
        const pare_linear *l = &r->linear;
        s.others |= r->kind == PARE_READER_OTHER;
        s.given_out |= r->node == PARE_NONE;
        s.tables |= r->kind == PARE_READER_TABLE;
        if (r->kind == PARE_READER_OTHER) continue;
        if (r->kind == PARE_READER_PRODUCT) {
            s.products = true;
            s.all_nbits &= pare_can_be_nbits(l);
            s.windows |= l->kind == PARE_LINEAR_CONV || l->kind == PARE_LINEAR_CONV_TRANSPOSE;
            s.grouped_transpose |= l->kind == PARE_LINEAR_CONV_TRANSPOSE && l->group > 1;
        }
        if (d->linear && !same_view(d->linear, l)) s.one_view = false;
        if (!d->linear || (r->kind == PARE_READER_PRODUCT &&
                           readers->items[d->lead].kind == PARE_READER_TABLE)) {
            d->linear = l;
            d->lead = i;
        }
    }
    return s;
}

/* Bits that a row takes in blocks of this size, padded to whole ones. */
static int64_t padded_bits(const decision *d, int64_t block)
{
    const int64_t blocks = (d->linear->in + block - 1) / block;
    return blocks * (block * d->bits + 32);
}

/* Form of MatMulNBits and GatherBlockQuantized, if the readers allow it. */
static bool choose_nbits(const quantizer *q, const survey *s, decision *d)
{
    const pare_weight_only_opts *o = q->opts;
    bool is_signed = true;
    if (!q->nbits || o->storage == PARE_STORED_DEQUANTIZE || s->others || !s->one_view ||
        s->windows || !s->all_nbits)
        return false;
    /* Tables of 8 bits need no such operator, but for going through memory in pieces. */
    const bool is_large = (uint64_t)(d->linear->in * d->linear->out) >= STREAM_FROM;
    if (s->tables && !s->products && d->bits == 8 && o->storage != PARE_STORED_NBITS && !is_large)
        return false;
    const pare_quant_form *form = find_form(q, d->bits, true, &is_signed);
    if (!form && d->bits < 8) return false;
    d->block = o->block ? o->block : d->bits == 8 ? 128 : 32;
    d->block = clamp(d->block, form ? form->min_block : LEAST_BLOCK,
                     form ? form->max_block : MOST_BLOCK);
    const int64_t in = d->linear->in;
    for (int64_t b = d->block / 2; !o->block && b >= LEAST_BLOCK; b /= 2)
        if (padded_bits(d, b) < padded_bits(d, d->block)) d->block = b;
    if (s->tables && in * d->bits % 8) return false;
    if (s->tables && s->products)
        while (d->block >= LEAST_BLOCK && in % d->block) d->block /= 2;
    if (d->block < LEAST_BLOCK) return false;
    d->free_zeros = d->bits < 8 ? form->zero_point : o->zeros == PARE_ZERO_FREE;
    if (o->zeros == PARE_ZERO_FIXED) d->free_zeros = false;
    d->stored = PARE_STORED_NBITS;
    return true;
}

static pare_dtype code_type(int bits, bool is_signed)
{
    return bits == 8 ? (is_signed ? PARE_INT8 : PARE_UINT8)
                     : bits == 4 ? (is_signed ? PARE_INT4 : PARE_UINT4)
                                 : (is_signed ? PARE_INT2 : PARE_UINT2);
}

/* Form of DequantizeLinear. */
static bool choose_dequantize(const quantizer *q, const survey *s, decision *d)
{
    const pare_weight_only_opts *o = q->opts;
    const pare_linear *l = d->linear;
    bool is_signed = true;
    const int64_t wanted = o->block ? o->block : d->bits == 8 ? 0 : 32;
    const bool blocks = wanted && l->in >= LEAST_BLOCK;
    const pare_quant_form *form = find_form(q, d->bits, wanted != 0, &is_signed);
    if (!form && wanted) form = find_form(q, d->bits, false, &is_signed);
    if (!form) return false;
    d->block = 0;
    if (blocks && form->per == PARE_PER_BLOCK)
        d->block = clamp(wanted, form->min_block, form->max_block);
    d->free_zeros = form->zero_point && o->zeros != PARE_ZERO_FIXED && d->bits < 8;
    d->taps_apart = d->block && l->taps > 1;
    d->dtype = code_type(d->bits, is_signed);
    d->stored = PARE_STORED_DEQUANTIZE;
    d->size_only = s->products || !s->one_view || s->others;
    if (d->block || !s->grouped_transpose) return true;
    d->reason = "transposed convolution in groups: no scale per output can be written";
    return false;
}

static uint64_t estimate_bytes(const decision *d)
{
    const uint64_t n = (uint64_t)(d->linear->out * d->linear->in * d->linear->taps);
    const uint64_t per_row = d->block ? (uint64_t)((d->linear->in + d->block - 1) / d->block) *
                                            (uint64_t)(d->taps_apart ? d->linear->taps : 1)
                                      : 1;
    return n * (uint64_t)d->bits / 8 + (uint64_t)d->linear->out * per_row * 4 + NODE_BYTES;
}

static int64_t opset_for(const decision *d, pare_dtype type)
{
    if (d->stored != PARE_STORED_DEQUANTIZE) return 0;
    if (d->bits == 2) return LITTLE_OPSET;
    if (d->block || d->bits < 8) return BLOCK_OPSET;
    return type == PARE_FLOAT ? CHANNEL_OPSET : HALF_OPSET;
}

/* Why a tensor is none of those that can be quantized, or NULL. */
static const char *refuse(const quantizer *q, const pare_value *v, const survey *s)
{
    if (!is_float_type(v->tensor->dtype)) return "no floats of 32 or 16 bits";
    if (s->given_out) return "an output of the graph";
    if (!s->products && !s->tables) return "read by operators that take floats only";
    if ((s->windows || !s->products) && q->opts->products_only) return "no product of matrices";
    if (q->opts->min_weights && (uint64_t)v->tensor->n_elements < q->opts->min_weights)
        return "few weights";
    return NULL;
}

static pare_status decide(quantizer *q, pare_value_id weight, decision *d)
{
    const pare_value *v = &q->model->values[weight];
    *d = (decision){ .stored = PARE_STORED_FLOAT, .bits = 0 };
    PARE_TRY(pare_find_readers(q->ctx, &q->readers, q->model, weight));
    const survey s = look(&q->readers, d);
    if ((d->reason = refuse(q, v, &s)) != NULL) return PARE_OK;
    const char *raised = NULL;
    for (size_t i = 0; i < q->readers.n; i++) {
        const char *reason = NULL;
        const int bits = bits_for(q, &q->readers.items[i], &reason);
        if (q->readers.items[i].kind == PARE_READER_OTHER || bits <= d->bits) continue;
        d->bits = bits;
        raised = reason;
    }
    if (d->bits > 8) {
        d->reason = "excluded";
        return PARE_OK;
    }
    if (!choose_nbits(q, &s, d) && !choose_dequantize(q, &s, d)) {
        if (d->reason) return PARE_OK;
        return pare_fail(q->ctx, PARE_EUNSUPPORTED,
                         "the target's rules have no weights of %d bits in this form", d->bits);
    }
    if (estimate_bytes(d) >= pare_tensor_size_bytes(v->tensor)) {
        d->stored = PARE_STORED_FLOAT;
        d->reason = "would not shrink";
        return PARE_OK;
    }
    d->reason = raised;
    const int64_t opset = opset_for(d, v->tensor->dtype);
    if (opset > q->opset) q->opset = opset;
    return PARE_OK;
}

/* --- codes ------------------------------------------------------------------------------------ */

static pare_weight_opts weight_opts(const quantizer *q, const decision *d)
{
    const int32_t half = 1 << (d->bits - 1);
    const bool is_microsoft = d->stored == PARE_STORED_NBITS;
    return (pare_weight_opts){
        .form = { .low = -half, .high = half - 1, .symmetric = !d->free_zeros, .block = d->block },
        .fit = !q->opts->round,
        .signed_scale = is_microsoft,
        .taps_apart = d->taps_apart,
    };
}

static pare_status find_codes(quantizer *q, const decision *d, pare_weight_codes **out)
{
    const pare_weight_only_opts *o = q->opts;
    const pare_weight_opts opts = weight_opts(q, d);
    if (o->solve && q->readers.items[d->lead].kind == PARE_READER_PRODUCT)
        return o->solve(q->ctx, out, q->model, d->linear, o->pool, &opts, o->user);
    return pare_weights_quantize(q->ctx, out, q->model, d->linear, o->pool, &opts);
}

/* --- writing ---------------------------------------------------------------------------------- */

static pare_status drop_transpose(quantizer *q, pare_node_id transpose)
{
    if (transpose == PARE_NONE || !q->model->nodes[transpose].graph ||
        q->model->values[q->model->nodes[transpose].outputs[0]].n_uses)
        return PARE_OK;
    return pare_node_remove(q->ctx, q->model, transpose);
}

static uint64_t bytes_of(const pare_model *m, pare_value_id v)
{
    return v == PARE_NONE ? 0 : pare_tensor_size_bytes(m->values[v].tensor);
}

static pare_nbits_shape shape_of(const quantizer *q)
{
    bool products = false, tables = false;
    for (size_t i = 0; i < q->readers.n; i++) {
        products |= q->readers.items[i].kind == PARE_READER_PRODUCT;
        tables |= q->readers.items[i].kind == PARE_READER_TABLE;
    }
    return !tables ? PARE_NBITS_PRODUCT : products ? PARE_NBITS_BOTH : PARE_NBITS_TABLE;
}

static pare_status use_nbits(quantizer *q, const pare_nbits_weight *written, uint64_t *n_bytes)
{
    pare_value_id reshaped = PARE_NONE;
    const int64_t level = q->opts->accuracy_level < 0 ? 4 : q->opts->accuracy_level;
    *n_bytes = bytes_of(q->model, written->codes) + bytes_of(q->model, written->scale) +
               bytes_of(q->model, written->zero);
    for (size_t i = 0; i < q->readers.n; i++) {
        const pare_weight_reader *r = &q->readers.items[i];
        if (r->kind == PARE_READER_TABLE)
            PARE_TRY(pare_use_nbits_table(q->ctx, q->model, r->node, written, &reshaped));
        else PARE_TRY(pare_use_nbits(q->ctx, q->model, &r->linear, written, level));
        PARE_TRY(drop_transpose(q, r->transpose));
    }
    return PARE_OK;
}

static bool is_streamed(const quantizer *q, pare_value_id weight, const decision *d)
{
    const uint64_t least = q->opts->stream_from ? q->opts->stream_from : STREAM_FROM;
    const pare_weight_opts opts = weight_opts(q, d);
    return d->stored == PARE_STORED_NBITS && (d->bits == 4 || d->bits == 8) &&
           (!q->opts->solve || q->readers.items[d->lead].kind != PARE_READER_PRODUCT) &&
           (uint64_t)q->model->values[weight].tensor->n_elements >= least &&
           pare_can_stream_nbits(q->model, d->linear, &opts);
}

static pare_status stream_nbits(quantizer *q, const decision *d, pare_weight_only_item *item)
{
    pare_nbits_weight written;
    const pare_weight_opts opts = weight_opts(q, d);
    PARE_TRY(pare_stream_nbits(q->ctx, q->model, d->linear, q->opts->pool, &opts, d->bits,
                               shape_of(q), q->opts->spill_dir, &written, &item->error));
    return use_nbits(q, &written, &item->bytes_after);
}

static pare_status write_nbits(quantizer *q, pare_value_id weight, const decision *d,
                               const pare_weight_codes *codes, uint64_t *n_bytes)
{
    pare_nbits_weight written;
    PARE_TRY(pare_make_nbits(q->ctx, q->model, weight, codes, d->bits, shape_of(q),
                             q->model->values[weight].tensor->dtype, &written));
    return use_nbits(q, &written, n_bytes);
}

/* The DequantizeLinear of a reader: behind a Gather of codes with a scale per row, else in front of
 * the node, or of the Transpose that it reads. */
static pare_status write_reader(quantizer *q, pare_value_id weight, const decision *d,
                                const pare_quantized_weight *written, const pare_weight_reader *r)
{
    pare_model *m = q->model;
    if (r->kind == PARE_READER_TABLE && !d->block && d->bits == 8 && !d->free_zeros &&
        d->linear->weight_axis == 0)
        return pare_use_table(q->ctx, m, r->node, written);
    const pare_node_id node = r->transpose == PARE_NONE ? r->node : r->transpose;
    for (uint32_t slot = 0; slot < m->nodes[node].n_inputs; slot++)
        if (m->nodes[node].inputs[slot].value == weight)
            PARE_TRY(pare_use_dequantized(q->ctx, m, d->linear, d->block, written, node, slot));
    return PARE_OK;
}


static pare_status write_dequantize(quantizer *q, pare_value_id weight, const decision *d,
                                    const pare_weight_codes *codes, uint64_t *n_bytes)
{
    pare_quantized_weight written;
    PARE_TRY(pare_make_dequantized(q->ctx, q->model, d->linear, codes, d->dtype, &written));
    *n_bytes = bytes_of(q->model, written.codes) + bytes_of(q->model, written.scale) +
               bytes_of(q->model, written.zero);
    for (size_t i = 0; i < q->readers.n; i++)
        PARE_TRY(write_reader(q, weight, d, &written, &q->readers.items[i]));
    if (!q->model->values[written.zero].n_uses) { /* tables have none */
        *n_bytes -= bytes_of(q->model, written.zero);
        PARE_TRY(pare_value_remove(q->ctx, q->model, written.zero));
    }
    const pare_value *v = &q->model->values[weight];
    if (!v->graph || v->n_uses || v->is_input) return PARE_OK;
    return pare_value_remove(q->ctx, q->model, weight);
}

/* --- report ----------------------------------------------------------------------------------- */

static pare_status note(quantizer *q, const pare_weight_only_item *item)
{
    pare_weight_only_report *r = q->report;
    if (!r) return PARE_OK;
    PARE_TRY(pare_grow(q->ctx, &r->items, &r->cap, r->n_items + 1, sizeof(*r->items)));
    r->items[r->n_items++] = *item;
    r->bytes_before += item->bytes_before;
    r->bytes_after += item->bytes_after;
    if (item->stored == PARE_STORED_FLOAT) r->n_kept++;
    else r->n_quantized++;
    return PARE_OK;
}

static pare_weight_only_item describe(const quantizer *q, pare_value_id weight, const decision *d)
{
    const pare_value *v = &q->model->values[weight];
    const pare_weight_readers *readers = &q->readers;
    const pare_node_id node = readers->n ? readers->items[d->lead].node : PARE_NONE;
    const pare_node *n = node == PARE_NONE ? NULL : &q->model->nodes[node];
    return (pare_weight_only_item){
        .weight = v->name, .node = n ? n->name : NULL, .op = n ? n->op_type : NULL,
        .n_readers = (uint32_t)readers->n, .stored = d->stored, .bits = d->bits,
        .block = d->block, .zero_points = d->free_zeros, .size_only = d->size_only,
        .bytes_before = pare_tensor_size_bytes(v->tensor),
        .bytes_after = pare_tensor_size_bytes(v->tensor), .reason = d->reason,
    };
}

static pare_status quantize_tensor(quantizer *q, pare_value_id weight)
{
    decision d;
    pare_weight_codes *codes = NULL;
    PARE_TRY(decide(q, weight, &d));
    pare_weight_only_item item = describe(q, weight, &d);
    if (d.stored == PARE_STORED_FLOAT) {
        item.bits = 0;
        return note(q, &item);
    }
    if (q->model->values[weight].is_input) {
        pare_warn(q->ctx, "weights '%s' are an input, too: they become constant", item.weight);
        pare_graph_drop_default_input(q->model->values[weight].graph, weight);
    }
    if (is_streamed(q, weight, &d)) {
        PARE_TRY(stream_nbits(q, &d, &item));
        return note(q, &item);
    }
    pare_status st = find_codes(q, &d, &codes);
    if (!st) pare_weights_round_scales(codes, q->model->values[weight].tensor->dtype);
    if (!st) st = pare_weights_error(q->ctx, &item.error, q->model, d.linear, codes);
    if (!st && d.stored == PARE_STORED_NBITS)
        st = write_nbits(q, weight, &d, codes, &item.bytes_after);
    else if (!st) st = write_dequantize(q, weight, &d, codes, &item.bytes_after);
    pare_weight_codes_free(q->ctx, codes);
    return st ? st : note(q, &item);
}

/* --- the model -------------------------------------------------------------------------------- */

static bool is_candidate(const pare_model *m, pare_value_id v)
{
    const pare_value *value = &m->values[v];
    return value->graph && value->tensor && value->tensor->rank >= 2 &&
           value->tensor->n_elements > 0 &&
           (is_float_type(value->tensor->dtype) || value->tensor->dtype == PARE_DOUBLE) &&
           !pare_graph_root(value->graph)->function;
}

static pare_status prepare(quantizer *q)
{
    pare_model *m = q->model;
    if (m->ir_version < 4) { /* where every initializer is an input, too */
        pare_graph_drop_default_inputs(m->graph);
        m->ir_version = 4;
    }
    PARE_TRY(pare_write_hoist(q->ctx, m));
    pare_free(q->ctx, q->is_end);
    q->n_ends = m->n_nodes;
    q->is_end = pare_alloc_zero(q->ctx, q->n_ends + 1);
    if (!q->is_end) return pare_fail_memory(q->ctx, q->n_ends + 1);
    return pare_find_ends(q->ctx, q->is_end, m);
}

/* The opset first: making it changes nodes. */
static pare_status raise_opset(quantizer *q)
{
    const int64_t most = q->opts->rules->max_opset;
    decision d;
    for (pare_value_id v = 0; v < q->model->n_values; v++)
        if (is_candidate(q->model, v)) PARE_TRY(decide(q, v, &d));
    if (!q->opset || pare_opset_version(&q->model->opsets, "") >= q->opset) return PARE_OK;
    if (most && q->opset > most)
        return pare_fail(q->ctx, PARE_EUNSUPPORTED,
                         "weights of %d bits need opset %d, the target takes %d", q->opts->bits,
                         (int)q->opset, (int)most);
    PARE_TRY(pare_upgrade_opset(q->ctx, q->model, q->opset));
    if (pare_opset_version(&q->model->opsets, "") >= q->opset) return prepare(q);
    return pare_fail(q->ctx, PARE_EUNSUPPORTED,
                     "weights of %d bits need opset %d, and the model cannot be taken beyond %d",
                     q->opts->bits, (int)q->opset, PARE_UPGRADE_NEWEST);
}

pare_status pare_quantize_weights(pare_ctx *ctx, pare_model *model,
                                  const pare_weight_only_opts *opts,
                                  pare_weight_only_report *report)
{
    quantizer q = { .ctx = ctx, .model = model, .opts = opts, .report = report };
    if (report) *report = (pare_weight_only_report){ 0 };
    q.nbits = has_nbits(opts->rules);
    pare_status st = prepare(&q);
    if (!st) st = raise_opset(&q);
    const size_t n = model->n_values;
    for (pare_value_id v = 0; !st && v < n; v++) {
        if (is_candidate(model, v)) st = quantize_tensor(&q, v);
        pare_report_count(ctx, "quantize", "tensors", v + 1, n);
        if (!st) st = pare_check_canceled(ctx);
    }
    pare_free(ctx, q.is_end);
    pare_free(ctx, q.readers.items);
    return st;
}

void pare_weight_only_report_free(pare_ctx *ctx, pare_weight_only_report *report)
{
    pare_free(ctx, report->items);
    *report = (pare_weight_only_report){ 0 };
}
