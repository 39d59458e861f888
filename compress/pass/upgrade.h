/* Rewriting a model for a newer opset of the default domain. */
#ifndef PARE_PASS_UPGRADE_H
#define PARE_PASS_UPGRADE_H

#include "ir/model.h"

enum { PARE_UPGRADE_OLDEST = 7, PARE_UPGRADE_NEWEST = 21 };

/* Makes the model import `opset` (PARE_UPGRADE_NEWEST at the most) where it imports an older one:
 * nodes whose form has changed since get the new one, so that the model computes the same;
 * ir_version is raised to what that opset takes, and initializers that were inputs only because
 * files of IR version 3 want that are no longer. A newer import stays. Bodies of functions have
 * imports of their own and stay. EUNSUPPORTED, naming node and opset, for opsets before
 * PARE_UPGRADE_OLDEST and for nodes that have no new form; ENOMEM, EBUDGET. The model is then half
 * changed: work on a clone. */
pare_status pare_upgrade_opset(pare_ctx *ctx, pare_model *model, int64_t opset);

#endif
