/* The models of testdata/models that are made by code. */
#ifndef TESTDATA_MAKERS_H
#define TESTDATA_MAKERS_H

#include "base/ctx.h"

/* Each writes one model, and what belongs to it, to path. */
#define MODEL(name) pare_status make_##name(pare_ctx *ctx, const char *path);
#include "testdata/models_list.h"
#undef MODEL

#endif
