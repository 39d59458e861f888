/* Well-known networks, built as ONNX models by code: exact architectures to count, prune and
 * run, with weights made from a seed. One table, nets_list.h, names them all with the counts
 * that they must have. */
#ifndef TESTS_SUPPORT_NETS_NETS_H
#define TESTS_SUPPORT_NETS_NETS_H

#include "ir/model.h"

typedef enum net_weights {
    NET_WEIGHTS_NONE,   /* all zero, views of one mapping that takes no memory: for counting */
    NET_WEIGHTS_SEEDED, /* pseudo-random, scaled so that activations stay in range */
} net_weights;

enum { NET_SYMBOLIC = -1 };

typedef struct net_opts {
    net_weights weights;
    uint64_t seed;   /* of SEEDED; the weights of a tensor depend on this and its name alone */
    int64_t batch;   /* 0: 1; NET_SYMBOLIC: the dimension "batch" */
    int64_t seq;     /* tokens, for text models; 0: the row's own; NET_SYMBOLIC: "seq" */
    int64_t opset;   /* 0: 17. LayerNormalization is one node from 17 on, Gelu from 20 on */
} net_opts;

struct net; /* under construction, support/nets/layer.h */

/* One network of nets_list.h. */
typedef struct net_row {
    const char *name;
    void (*build)(struct net *n);
    int variant;     /* what the family's file makes of it */
    int64_t seq;     /* tokens that `macs` is for; 0: not a text model */
    uint64_t params; /* float initializers of rank 1 and more, without running statistics */
    uint64_t macs;   /* of convolutions, matrix products and attention, at batch 1 */
    int64_t out[3];  /* shape of the first output at batch 1, behind the batch; 0: no such axis */
    const char *source; /* of the two counts */
} net_row;

/* All networks, n of them, in the order of nets_list.h. */
const net_row *net_rows(size_t *n);

/* The row with this name, or NULL. */
const net_row *net_find(const char *name);

/* Builds a network. opts may be NULL: zero weights. *macs, unless macs is NULL, is what the layers
 * counted as they were built (a symbolic sequence counts as the row's). The caller frees *out with
 * pare_model_free. EUSAGE for a name that is not in the list; ENOMEM; EBUDGET. */
pare_status net_build(pare_ctx *ctx, pare_model **out, const char *name, const net_opts *opts,
                      uint64_t *macs);

/* Parameters of any model by the rule of net_row.params. */
uint64_t net_count_params(const pare_model *model);

#endif
