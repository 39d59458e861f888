/* Threads that share out small tasks.
 *
 * One 64-bit ticket {region, next task} is all that threads compete for. The caller works too, and
 * waits for tasks to be done, never for a thread that has not started: a thread that the system
 * keeps from running costs nothing but the task it holds. Idle threads spin for some microseconds
 * and then sleep on a futex. Which thread runs a task is not fixed; results must not depend on it.
 * */
#ifndef PARE_BASE_POOL_H
#define PARE_BASE_POOL_H

#include "base/ctx.h"

typedef struct pare_pool pare_pool;

/* Runs one task. `worker` is below pare_pool_size, and no two tasks with the same worker run at the
 * same time: scratch memory may be kept per worker. */
typedef void pare_task_fn(void *user, uint32_t task, uint32_t worker);

/* Threads that pare_pool_new takes for 0: the processors that this process may run on. */
uint32_t pare_pool_default_size(void);

/* Starts n_threads - 1 threads beside the caller's (0: pare_pool_default_size). ENOMEM when there
 * is no memory; a system that refuses a thread gives a smaller pool. */
pare_status pare_pool_new(pare_ctx *ctx, pare_pool **out, uint32_t n_threads);
void pare_pool_free(pare_ctx *ctx, pare_pool *pool); /* accepts NULL */

/* Threads that work, the caller's included. 1 for NULL. */
uint32_t pare_pool_size(const pare_pool *pool);

/* Runs tasks 0 .. n_tasks - 1 and returns when all are done. pool NULL: in the caller, in order.
 * Called by one thread at a time, and not from inside of a task. */
void pare_pool_run(pare_pool *pool, uint32_t n_tasks, pare_task_fn *run, void *user);

#endif
