/* Linking uses into the lists of their values. Inside of ir only. */
#ifndef PARE_IR_USES_H
#define PARE_IR_USES_H

#include "ir/model.h"

/* Appends a use, whose value is set, to that value's list; nothing for PARE_NONE. */
void pare_use_link(pare_model *model, pare_use *use);

/* Takes a use out of its value's list and sets its value to PARE_NONE. */
void pare_use_unlink(pare_model *model, pare_use *use);

#endif
