/* A limit as it is written: an amount with a unit, or a percentage of what the input model has. One
 * vocabulary for flags of verbs and keys of recipes. */
#ifndef PARE_RECIPE_LIMIT_H
#define PARE_RECIPE_LIMIT_H

#include <stdbool.h>

typedef enum pare_limit_kind {
    PARE_LIMIT_DROP,
    PARE_LIMIT_AGREEMENT,
    PARE_LIMIT_ENERGY,
    PARE_LIMIT_LATENCY,
    PARE_LIMIT_MACS,
    PARE_LIMIT_PARAMS,
    PARE_LIMIT_SIZE,
    PARE_LIMIT_FLASH,
    PARE_LIMIT_RAM,
    PARE_N_LIMITS
} pare_limit_kind;

typedef struct pare_limit {
    bool given;
    bool relative;    /* value is a share of the input model's figure */
    double value;     /* mJ, ms, count, bytes; points; share */
    const char *text; /* as it was written */
} pare_limit;

/* "max-energy" and so on. */
const char *pare_limit_name(pare_limit_kind kind);

/* Reads one limit: "45%", "5 mJ", "2G". Returns false, leaving *out alone, for anything else. */
bool pare_limit_read(pare_limit *out, pare_limit_kind kind, const char *text);

/* How a value of that kind may look, for messages: "a percentage or an energy, such as 45% or
 * 5mJ". */
const char *pare_limit_form(pare_limit_kind kind);

/* The limit with this name, "max-energy"; PARE_N_LIMITS: there is none. */
pare_limit_kind pare_limit_find(const char *name);

#endif
