#include "recipe/prune.h"

const char *const pare_prune_what_names[] = {
    "auto", "channels", "heads", "blocks", "rank", NULL,
};

const char *const pare_prune_criterion_names[] = {
    "auto",         "l1",        "l2",    "bn-scale",  "fpgm", "activation",
    "second-order", "magnitude", "wanda", "sparsegpt", NULL,
};

const char *const pare_prune_repair_names[] = { "auto", "none", "stats", "least-squares", NULL };

#define LIMIT(figure, option, text)                                                              \
    { .name = option, .kind = PARE_OPT_STRING, .placeholder = "LIMIT",                           \
      .offset = offsetof(pare_prune_settings, limits) + sizeof(const char *) * PARE_PRUNE_##figure,\
      .help = text " that may remain" }

static const pare_option rows[] = {
    PARE_PRUNE_ROWS(0),
    LIMIT(ENERGY, "max-energy", "Energy per inference"),
    LIMIT(LATENCY, "max-latency", "Time per inference"),
    LIMIT(MACS, "max-macs", "Multiply-accumulates"),
    LIMIT(PARAMS, "max-params", "Parameters"),
    LIMIT(SIZE, "max-size", "Bytes of the model's files"),
    LIMIT(FLASH, "max-flash", "Storage on the target"),
    LIMIT(RAM, "max-ram", "Peak memory of activations"),
};

const pare_step pare_step_prune = {
    .name = "prune",
    .summary = "Channels, heads, blocks or single weights taken out, and the rest repaired",
    .options = rows,
    .n_options = sizeof(rows) / sizeof(rows[0]),
    .settings_bytes = sizeof(pare_prune_settings),
};
