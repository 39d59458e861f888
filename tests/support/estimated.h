/* Models built, inferred and estimated in one call, and a made-up target to do it on. */
#ifndef TESTS_SUPPORT_ESTIMATED_H
#define TESTS_SUPPORT_ESTIMATED_H

#include "energy/energy.h"
#include "support/nets/nets.h"
#include "support/test_ctx.h"

/* A figure with a spread of 0.3. */
pare_figure test_figure(double value);

/* A chip with one buffer of this many bytes in front of DRAM: float32 2 pJ and 1 GMAC/s, int8 0.5
 * pJ and 4 GMAC/s; buffer 1 pJ/B, 10 GB/s; DRAM 100 pJ/B, 1 GB/s; 0.1 W; no groups of its own. */
pare_target test_chip(double buffer_bytes);

/* Estimates a model with its dimensions as they are; the test fails where that does. The caller
 * frees the result. */
pare_estimate *test_estimate(test_ctx *t, const pare_model *model, const pare_target *target,
                             const pare_estimate_opts *opts);

/* The same for a network of nets_list.h; zeros are ignored, its weights being all zero. */
pare_estimate *test_estimate_net(test_ctx *t, const char *net, int64_t batch,
                                 const pare_target *target, const pare_estimate_opts *opts);

#endif
