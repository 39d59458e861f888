#include "ir/uses.h"

void pare_use_link(pare_model *model, pare_use *use)
{
    use->prev = use->next = NULL;
    if (use->value == PARE_NONE) return;
    pare_value *v = &model->values[use->value];
    use->prev = v->last_use;
    if (v->last_use) v->last_use->next = use;
    else v->first_use = use;
    v->last_use = use;
    v->n_uses++;
}

void pare_use_unlink(pare_model *model, pare_use *use)
{
    if (use->value == PARE_NONE) return;
    pare_value *v = &model->values[use->value];
    if (use->prev) use->prev->next = use->next;
    else v->first_use = use->next;
    if (use->next) use->next->prev = use->prev;
    else v->last_use = use->prev;
    v->n_uses--;
    use->prev = use->next = NULL;
    use->value = PARE_NONE;
}
