/* Options of steps, as plain data: what one is called, what it takes, where it goes. Flags of
 * verbs, keys of recipes, presets and entries of reports all come from the same rows. */
#ifndef PARE_BASE_CONTRACT_RECIPE_H
#define PARE_BASE_CONTRACT_RECIPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Any number of texts, borrowed; the array is the owner's. */
typedef struct pare_option_list {
    const char **items;
    size_t n, cap;
} pare_option_list;

/* Field of PARE_OPT_SIZE, _COUNT, _DURATION that tells "not given"; to be set as the default. */
#define PARE_NOT_GIVEN UINT64_MAX

/* What an option takes, and the type of the field that it fills. */
typedef enum pare_option_kind {
    PARE_OPT_FLAG,     /* nothing                                    bool                        */
    PARE_OPT_STRING,   /* any text                                   const char *                */
    PARE_OPT_INT,      /* -3, 17                                     int64_t                     */
    PARE_OPT_SIZE,     /* 4096, 64KiB, 1.5GB                         uint64_t, bytes             */
    PARE_OPT_COUNT,    /* 1000, 10k, 2.5M                            uint64_t                    */
    PARE_OPT_DURATION, /* 90, 90s, 10m, 1.5h, 250ms                  uint64_t, milliseconds      */
    PARE_OPT_LIST,     /* any text, may be given many times          pare_option_list            */
    PARE_OPT_CHOICE,   /* one of `choices`                           int, index into `choices`   */
    PARE_OPT_NUMBER,   /* 99.99                                      double                      */
    PARE_OPT_SET,      /* some of `choices`, with commas between     uint32_t, bit i: choice i   */
} pare_option_kind;

typedef struct pare_option {
    const char *name;           /* long name without dashes */
    char short_name;            /* of a flag; 0: none */
    pare_option_kind kind;
    bool required;
    const char *placeholder;    /* of the value in the help, e.g. "SIZE"; NULL: a flag */
    const char *implied;        /* the value when none is given, which only `--name=VALUE` then
                                 * does; NULL: a value must follow */
    const char *const *choices; /* PARE_OPT_CHOICE, PARE_OPT_SET: ends with NULL */
    int64_t min, max;           /* PARE_OPT_INT, PARE_OPT_NUMBER: the range; both 0: any */
    uint32_t group;             /* shared options: a bit for pare_syntax.shared */
    size_t offset;              /* of the field in the struct of options */
    const char *key;            /* of recipes, where it differs from the name; else NULL */
    const char *help;           /* one sentence without a full stop */
} pare_option;

#endif
