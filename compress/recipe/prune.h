/* The options of the step `prune`. */
#ifndef PARE_RECIPE_PRUNE_H
#define PARE_RECIPE_PRUNE_H

#include "prune/prune.h"
#include "recipe/step.h"

/* Tells of what was pruned in *outcome, which was begun. ENOMEM, EBUDGET. */
pare_status pare_prune_tell(pare_ctx *ctx, pare_step_outcome *outcome,
                            const pare_prune_outcome *pruned);

/* Names of the values of the enums in prune/settings.h, ended by NULL. */
extern const char *const pare_prune_what_names[];
extern const char *const pare_prune_criterion_names[];
extern const char *const pare_prune_repair_names[];

#define PARE_PRUNE_AT(place, field) ((place) + offsetof(pare_prune_settings, field))

/* Rows for a table of options; place: offset of the settings in its struct. */
#define PARE_PRUNE_ROWS(place)                                                                    \
    { .name = "what", .kind = PARE_OPT_CHOICE, .placeholder = "WHAT",                             \
      .choices = pare_prune_what_names, .offset = PARE_PRUNE_AT(place, what),                     \
      .help = "What is taken out: channels (default), heads, blocks that a residual goes around, "\
              "or rank: products become two thinner ones" },                                      \
    { .name = "pattern", .kind = PARE_OPT_STRING, .placeholder = "PATTERN",                       \
      .offset = PARE_PRUNE_AT(place, pattern),                                                    \
      .help = "Make single weights zero instead: unstructured, N:M such as 2:4, or blocks such "  \
              "as 4x1" },                                                                         \
    { .name = "sparsity", .kind = PARE_OPT_STRING, .placeholder = "SHARE",                        \
      .offset = PARE_PRUNE_AT(place, sparsity),                                                   \
      .help = "Share of the weights that becomes zero (default 50%, or as N:M says)" },           \
    { .name = "criterion", .kind = PARE_OPT_CHOICE, .placeholder = "NAME",                        \
      .choices = pare_prune_criterion_names, .offset = PARE_PRUNE_AT(place, criterion),           \
      .help = "What tells what matters: auto, l1, l2, bn-scale, fpgm, activation, second-order; " \
              "of single weights magnitude, wanda, sparsegpt" },                                  \
    { .name = "repair", .kind = PARE_OPT_CHOICE, .placeholder = "NAME",                           \
      .choices = pare_prune_repair_names, .offset = PARE_PRUNE_AT(place, repair),                 \
      .help = "What is done about the loss, without training: auto, none, stats, least-squares" },\
    { .name = "round-to", .kind = PARE_OPT_STRING, .placeholder = "N",                            \
      .offset = PARE_PRUNE_AT(place, round_to),                                                   \
      .help = "Widths become multiples of N; auto, as the target counts channels (default)" },    \
    { .name = "include", .kind = PARE_OPT_LIST, .placeholder = "PATTERN",                         \
      .offset = PARE_PRUNE_AT(place, include),                                                    \
      .help = "Prune only such nodes: a name with * and ?, op:Conv, layer:first, layer:last; may "\
              "be given many times" },                                                            \
    { .name = "exclude", .kind = PARE_OPT_LIST, .placeholder = "PATTERN",                         \
      .offset = PARE_PRUNE_AT(place, exclude),                                                    \
      .help = "Nodes that stay as they are, likewise" },                                          \
    { .name = "floor", .key = "floors", .kind = PARE_OPT_LIST, .placeholder = "PATTERN=SHARE",    \
      .offset = PARE_PRUNE_AT(place, floors),                                                     \
      .help = "What stays of the widths of such nodes at least, 25% or 16 (default 10%); may be " \
              "given many times, the last that matches counts" },                                 \
    { .name = "sparse-storage", .kind = PARE_OPT_FLAG,                                            \
      .offset = PARE_PRUNE_AT(place, sparse_storage),                                             \
      .help = "Store weights that are mostly zero without their zeros, as sparse initializers" }

#endif
