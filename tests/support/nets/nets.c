#include "support/nets/nets.h"

#include "ir/check.h"
#include "support/nets/layer.h"

#include <math.h>
#include <string.h>
#include <sys/mman.h>

#define NET(name, family, ...) void net_build_##family(net *n);
#include "support/nets/nets_list.h"
#undef NET

static const net_row rows[] = {
#define NET(name, family, variant, seq, params, macs, source, ...) \
    { name, net_build_##family, variant, seq, params, macs, { __VA_ARGS__ }, source },
#include "support/nets/nets_list.h"
#undef NET
};

/* Largest parameter of all networks: the first Gemm of VGG16, 411 MB. */
#define ZEROS_BYTES (UINT64_C(512) << 20)

const net_row *net_rows(size_t *n)
{
    *n = sizeof(rows) / sizeof(rows[0]);
    return rows;
}

const net_row *net_find(const char *name)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (!strcmp(rows[i].name, name)) return &rows[i];
    }
    return NULL;
}

/* --- weights ---------------------------------------------------------------------------------- */

/* The finaliser of splitmix64 (Steele, Lea, Flood 2014): a bijection that scatters. */
static uint64_t scatter(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* FNV-1a */
static uint64_t hash_of(const char *name)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * UINT64_C(0x100000001b3);
    return hash;
}

void net_fill(float *out, size_t n_floats, uint64_t seed, const char *name, net_init init,
              int64_t fan_in)
{
    const uint64_t start = scatter(seed) ^ hash_of(name);
    const float bell = 37837.2266f; /* deviation of the sum below: 65536 / sqrt(3) */
    const float scale = init == NET_INIT_WEIGHT ? sqrtf(2.0f / (float)fan_in) / bell : 0.02f / bell;
    for (size_t i = 0; i < n_floats; i++) {
        const uint64_t bits = scatter(start + (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15));
        const uint32_t sum = (uint32_t)((bits & 0xffff) + (bits >> 16 & 0xffff) +
                                        (bits >> 32 & 0xffff) + (bits >> 48));
        const float even = (float)(int32_t)(bits >> 40) * (0.4f / 16777216.0f) - 0.2f;
        switch (init) {
        case NET_INIT_WEIGHT:
        case NET_INIT_EMBED: out[i] = (float)((int32_t)sum - 131070) * scale; break;
        case NET_INIT_SCALE: out[i] = 1.0f + even; break;
        case NET_INIT_SHIFT: out[i] = even; break;
        }
    }
}

static void unmap_zeros(void *owner)
{
    munmap(owner, ZEROS_BYTES);
}

/* Pages that are only read stay the kernel's one page of zeros. */
static pare_status map_zeros(net *n, pare_ctx *ctx)
{
    void *zeros =
        mmap(NULL, ZEROS_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (zeros == MAP_FAILED) return pare_fail_memory(ctx, ZEROS_BYTES);
    const pare_status st = pare_buf_wrap(ctx, &n->zeros, zeros, ZEROS_BYTES, unmap_zeros, zeros);
    if (st) munmap(zeros, ZEROS_BYTES);
    return st;
}

/* --- building --------------------------------------------------------------------------------- */

void net_begin(net *n, pare_ctx *ctx, const char *graph_name, const net_opts *opts)
{
    *n = (net){ .b = { .ctx = ctx } };
    if (opts) n->opts = *opts;
    if (!n->opts.batch) n->opts.batch = 1;
    if (!n->opts.opset) n->opts.opset = 17;
    pare_status st = pare_model_new(ctx, &n->model, graph_name);
    if (!st) {
        pare_builder_init(&n->b, ctx, n->model->graph);
        n->model->ir_version = n->opts.opset >= 21 ? 10 : n->opts.opset >= 19 ? 9 : 8;
        n->model->producer_name = "pare testdata";
        st = pare_opsets_add(ctx, n->model, &n->model->opsets, "", n->opts.opset, NULL);
    }
    if (!st && n->opts.weights == NET_WEIGHTS_NONE) st = map_zeros(n, ctx);
    n->b.status = st;
}

pare_status net_end(net *n, pare_model **out)
{
    pare_status st = n->b.status;
    if (!st) st = pare_graph_check(n->b.ctx, n->model, "building");
    if (st) pare_model_free(n->b.ctx, n->model);
    else *out = n->model;
    pare_buf_unref(n->zeros);
    return st;
}

pare_status net_build(pare_ctx *ctx, pare_model **out, const char *name, const net_opts *opts,
                      uint64_t *macs)
{
    net n;
    const net_row *row = net_find(name);
    if (!row) return pare_fail(ctx, PARE_EUSAGE, "no network is called '%s'", name);
    net_begin(&n, ctx, name, opts);
    n.row = row;
    if (!n.opts.seq) n.opts.seq = row->seq;
    if (!n.b.status) row->build(&n);
    if (macs) *macs = n.macs;
    return net_end(&n, out);
}

const pare_type *net_type(net *n, pare_dtype dtype, uint32_t rank, const int64_t *dims)
{
    if (n->b.status) return NULL;
    pare_dim *copy = pare_arena_array(&n->model->arena, rank, sizeof(*copy));
    pare_type *type = pare_arena_zero(&n->model->arena, sizeof(*type));
    if (!copy || !type) {
        n->b.status = pare_arena_fail(n->b.ctx, &n->model->arena);
        return NULL;
    }
    for (uint32_t i = 0; i < rank; i++) {
        copy[i].kind = dims[i] == NET_SYMBOLIC ? PARE_DIM_PARAM : PARE_DIM_VALUE;
        if (dims[i] == NET_SYMBOLIC) copy[i].param = i == 0 ? "batch" : "seq";
        else copy[i].value = dims[i];
    }
    *type = (pare_type){ PARE_TYPE_TENSOR, dtype, true, rank, copy, NULL, NULL, NULL };
    return type;
}

/* --- counting --------------------------------------------------------------------------------- */

/* Whether a value is mean or variance of a BatchNormalization. */
static bool is_running_statistic(const pare_model *model, const pare_value *value)
{
    for (const pare_use *use = value->first_use; use; use = use->next) {
        if (use->user == PARE_NONE || use->slot < 3) continue;
        if (!strcmp(pare_node_at(model, use->user)->op_type, "BatchNormalization")) return true;
    }
    return false;
}

uint64_t net_count_params(const pare_model *model)
{
    uint64_t n_params = 0;
    for (size_t i = 0; i < model->n_values; i++) {
        const pare_value *value = pare_value_at(model, (pare_value_id)i);
        if (!value->graph || !value->tensor || !value->tensor->rank) continue;
        if (pare_dtype_of(value->tensor->dtype)->class != PARE_CLASS_FLOAT) continue;
        if (!is_running_statistic(model, value)) n_params += (uint64_t)value->tensor->n_elements;
    }
    return n_params;
}
