/* Reading the parts of a target's file: what target.c, target_figure.c, target_hardware.c,
 * target_rules.c and target_quant.c share. */
#ifndef FORMATS_TARGET_PARSE_H
#define FORMATS_TARGET_PARSE_H

#include "base/arena.h"
#include "formats/target.h"
#include "formats/yaml.h"

typedef struct target_job {
    pare_ctx *ctx;
    pare_arena *arena;    /* of the target */
    pare_target *target;  /* what is filled; of a file that is like another one, already full */
    const pare_yaml *yaml;
    const pare_yaml *shared; /* the sources that every target may name */
    pare_source *sources; /* in the arena */
    size_t n_sources, cap_sources;
} target_job;

/* What a figure is of: the units that it may be given in, and its range. */
typedef enum target_unit {
    TARGET_MAC_ENERGY,  /* pJ, of a MAC; FLOP counts half */
    TARGET_OP_ENERGY,   /* pJ */
    TARGET_BYTE_ENERGY, /* pJ per byte; always with /B or /bit */
    TARGET_MAC_RATE,    /* MACs per second; FLOP and OP count half */
    TARGET_OP_RATE,     /* operations per second */
    TARGET_BYTE_RATE,   /* bytes per second */
    TARGET_BYTES,
    TARGET_POWER,       /* W */
    TARGET_TIME,        /* s */
    TARGET_LAUNCH,      /* nJ */
    TARGET_CALL,        /* uJ */
    TARGET_SHARE,       /* above 0, at most 1; also in % */
    TARGET_N_UNITS
} target_unit;

#define TARGET_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* `1.69 pJ ~1.5 published jouppi2021; why`, a map of the same, or `none`, which takes an inherited
 * figure away. */
pare_status pare_target_read_figure(target_job *job, const pare_yaml_node *node, target_unit unit,
                                    pare_figure *out);

/* The member of map as a figure; absent: *out stays as it is. */
pare_status pare_target_get_figure(target_job *job, const pare_yaml_node *map, const char *key,
                                   target_unit unit, pare_figure *out);

/* A plain number with a unit, without where it comes from. */
pare_status pare_target_get_amount(target_job *job, const pare_yaml_node *map, const char *key,
                                   target_unit unit, double *out);

/* Text that outlives the file. */
pare_status pare_target_get_text(target_job *job, const pare_yaml_node *map, const char *key,
                                 const char **out);

/* A word, or a list of words. */
pare_status pare_target_get_words(target_job *job, const pare_yaml_node *map, const char *key,
                                  const char *const **out, size_t *n);
pare_status pare_target_read_words(target_job *job, const pare_yaml_node *node,
                                   const char *const **out, size_t *n);

pare_status pare_target_get_bool(target_job *job, const pare_yaml_node *map, const char *key,
                                 bool *out);
pare_status pare_target_get_int(target_job *job, const pare_yaml_node *map, const char *key,
                                int64_t min, int64_t max, int64_t *out);

/* EFORMAT unless the node is a list of at most that many. */
pare_status pare_target_check_list(target_job *job, const pare_yaml_node *node, size_t max);

/* n zeroed items in the arena. */
pare_status pare_target_new_array(target_job *job, void *out, size_t n, size_t item_bytes);

/* The halves of a file. */
pare_status pare_target_read_hardware(target_job *job, const pare_yaml_node *node);
pare_status pare_target_read_rules(target_job *job, const pare_yaml_node *node);

/* The member `quantize` of the rules, where there is one. */
pare_status pare_target_read_quant(target_job *job, const pare_yaml_node *rules);

/* Adds the sources that a file brings. */
pare_status pare_target_read_sources(target_job *job, const pare_yaml_node *node);

/* The source of that name made known to the target, and its name in the arena. */
pare_status pare_target_use_source(target_job *job, const pare_yaml_node *node, const char *key,
                                   const char **out);

#endif
