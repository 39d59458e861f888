/* The context: allocator, error slot, limits and listeners of one thread of work.
 *
 * Every call that can fail takes the context first. There is no global state: two contexts never
 * affect each other. A context is used by one thread at a time. */
#ifndef PARE_BASE_CTX_H
#define PARE_BASE_CTX_H

#include "base/status.h"

#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

/* Where memory comes from. `resize` is realloc, malloc when old is NULL, and may return NULL;
 * `release` accepts NULL. Results are aligned for any scalar type (16 bytes). */
typedef struct pare_allocator {
    void *(*resize)(void *user, void *old, size_t n_bytes);
    void (*release)(void *user, void *p);
    void *user;
} pare_allocator;

/* One step of long work, as told to a listener. total 0 means unknown. */
typedef struct pare_progress {
    const char *phase; /* e.g. "write"; borrowed for the call */
    uint64_t done, total;
    const char *unit; /* what is counted, e.g. "samples", likewise; NULL: bytes */
} pare_progress;

typedef struct pare_ctx_opts {
    pare_allocator allocator;  /* zero: the C library's */
    uint64_t max_memory_bytes; /* limit of each model's arena; 0: PARE_DEFAULT_MEMORY_BYTES */
    void (*warn)(void *user, const char *message); /* NULL: warnings are dropped */
    void (*progress)(void *user, const pare_progress *step); /* NULL: nobody listens */
    void *user; /* handed to both listeners */
    const volatile sig_atomic_t *cancel; /* long work ends with ECANCELED once this is not 0, e.g.
                                            set by a signal handler; NULL: never */
} pare_ctx_opts;

enum { PARE_MESSAGE_BYTES = 1024 };
#define PARE_DEFAULT_MEMORY_BYTES (UINT64_C(192) << 20)

typedef struct pare_ctx {
    pare_ctx_opts opts;
    uint64_t hash_seed[2]; /* random per context, so that names cannot be chosen to collide */
    char message[PARE_MESSAGE_BYTES]; /* the last failure in words: one line, printable */
} pare_ctx;

/* Prepares a context in memory that the caller owns. opts may be NULL for all defaults. */
void pare_ctx_init(pare_ctx *ctx, const pare_ctx_opts *opts);

/* Sets the message (printf format, no newline) and returns status, for `return pare_fail(...)`.
 * Control characters and bytes that are not UTF-8 arrive escaped, so that names from a hostile
 * file cannot break the line or drive a terminal. */
pare_status pare_fail(pare_ctx *ctx, pare_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts text in front of the message of a failure that is on its way up, e.g. the file's name.
 * Returns status. */
pare_status pare_fail_in(pare_ctx *ctx, pare_status status, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Reports something the user should know that does not stop the work. One line, escaped
 * likewise. */
void pare_warn(pare_ctx *ctx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Tells the listener, if there is one, how many bytes of a phase are done; or how many of
 * something else. */
void pare_report_progress(pare_ctx *ctx, const char *phase, uint64_t done, uint64_t total);
void pare_report_count(pare_ctx *ctx, const char *phase, const char *unit, uint64_t done,
                       uint64_t total);

/* ECANCELED once the caller asked to stop, else OK. Long work asks this between its steps. */
pare_status pare_check_canceled(pare_ctx *ctx);

/* Copies text into out (out_bytes > 0) with control characters and invalid UTF-8 as \xNN; cut, with
 * an ellipsis, where it does not fit. Always terminated. */
void pare_escape(char *out, size_t out_bytes, const char *text);

/* ENOMEM with a message that names how much was wanted. */
pare_status pare_fail_memory(pare_ctx *ctx, size_t n_bytes);

/* Memory of the context's allocator; NULL when there is none left or n_bytes is 0. */
void *pare_alloc(pare_ctx *ctx, size_t n_bytes);
void *pare_alloc_zero(pare_ctx *ctx, size_t n_bytes);
void pare_free(pare_ctx *ctx, void *p);

/* Makes room for at least `want` items of item_bytes in *items, which the caller owns and frees
 * with pare_free. *cap counts items and grows by half at least. Content is kept. Fails with ENOMEM,
 * leaving the old array as it was. */
pare_status pare_grow(pare_ctx *ctx, void *items, size_t *cap, size_t want, size_t item_bytes);

/* Passes a failure up. Only for functions that own nothing at that point. */
#define PARE_TRY(call)                          \
    do {                                        \
        const pare_status try_status_ = (call); \
        if (try_status_) return try_status_;    \
    } while (0)

#endif
