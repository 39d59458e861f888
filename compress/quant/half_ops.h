/* What operators make of the type of their floats. Inside of quant only. */
#ifndef PARE_QUANT_HALF_OPS_H
#define PARE_QUANT_HALF_OPS_H

#include "ir/model.h"

typedef enum pare_half_rule {
    PARE_HALF_NEVER,          /* float32 is fixed somewhere, or nothing is known */
    PARE_HALF_SAME,           /* all floats that it reads and makes have one type, 16 bits too */
    PARE_HALF_CHEAP,          /* likewise; hardly computes, so either type will do */
    PARE_HALF_MAKES,          /* an attribute says what it makes; it reads anything */
    PARE_HALF_BLIND,          /* reads anything, makes no floats */
} pare_half_rule;

/* The rule of a node. *fixed: bits of inputs that do not change their type with the others. */
pare_half_rule pare_half_rule_of(const pare_model *model, pare_node_id node, uint32_t *fixed);

/* Whether what an operator makes of a tiny number is large: Sqrt, Div, ... */
bool pare_half_magnifies(const pare_node *node);

#endif
