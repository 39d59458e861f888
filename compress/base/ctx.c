#include "base/ctx.h"

#include "base/checked.h"
#include "base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static void *libc_resize(void *user, void *old, size_t n_bytes)
{
    (void)user;
    return realloc(old, n_bytes);
}

static void libc_release(void *user, void *p)
{
    (void)user;
    free(p);
}

void pare_ctx_init(pare_ctx *ctx, const pare_ctx_opts *opts)
{
    *ctx = (pare_ctx){ 0 };
    if (opts) ctx->opts = *opts;
    if (!ctx->opts.allocator.resize)
        ctx->opts.allocator = (pare_allocator){ .resize = libc_resize, .release = libc_release };
    if (!ctx->opts.max_memory_bytes) ctx->opts.max_memory_bytes = PARE_DEFAULT_MEMORY_BYTES;
    /* Without entropy the seed stays zero: lookups still work, only less guarded. */
    if (getrandom(ctx->hash_seed, sizeof(ctx->hash_seed), GRND_NONBLOCK) < 0)
        memset(ctx->hash_seed, 0, sizeof(ctx->hash_seed));
}

void pare_escape(char *out, size_t out_bytes, const char *text)
{
    static const char ellipsis[] = "...";
    size_t used = 0;
    size_t cut = 0; /* where the ellipsis would still fit */
    for (const char *p = text; *p;) {
        const size_t n = pare_utf8_printable(p);
        const size_t need = n ? n : 4;
        if (used + need >= out_bytes) {
            snprintf(out + cut, out_bytes - cut, "%s", ellipsis);
            return;
        }
        if (n) memcpy(out + used, p, n);
        else snprintf(out + used, out_bytes - used, "\\x%02x", (unsigned char)*p);
        used += need;
        p += n ? n : 1;
        if (used + sizeof(ellipsis) <= out_bytes) cut = used;
    }
    out[used] = '\0';
}

static void set_message(pare_ctx *ctx, const char *fmt, va_list args)
{
    char text[2 * PARE_MESSAGE_BYTES]; /* so that pare_escape sees, and marks, what it cuts */
    vsnprintf(text, sizeof(text), fmt, args);
    pare_escape(ctx->message, sizeof(ctx->message), text);
}

pare_status pare_fail(pare_ctx *ctx, pare_status status, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    set_message(ctx, fmt, args);
    va_end(args);
    return status;
}

pare_status pare_fail_in(pare_ctx *ctx, pare_status status, const char *fmt, ...)
{
    char text[3 * PARE_MESSAGE_BYTES];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, 2 * PARE_MESSAGE_BYTES, fmt, args);
    va_end(args);
    if (n < 0) n = 0;
    if (n >= 2 * PARE_MESSAGE_BYTES) n = 2 * PARE_MESSAGE_BYTES - 1;
    snprintf(text + n, sizeof(text) - (size_t)n, "%s", ctx->message);
    pare_escape(ctx->message, sizeof(ctx->message), text);
    return status;
}

void pare_warn(pare_ctx *ctx, const char *fmt, ...)
{
    if (!ctx->opts.warn) return;
    char text[2 * PARE_MESSAGE_BYTES];
    char line[PARE_MESSAGE_BYTES];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    pare_escape(line, sizeof(line), text);
    ctx->opts.warn(ctx->opts.user, line);
}

void pare_report_progress(pare_ctx *ctx, const char *phase, uint64_t done, uint64_t total)
{
    pare_report_count(ctx, phase, NULL, done, total);
}

void pare_report_count(pare_ctx *ctx, const char *phase, const char *unit, uint64_t done,
                       uint64_t total)
{
    if (!ctx->opts.progress) return;
    ctx->opts.progress(ctx->opts.user, &(pare_progress){ phase, done, total, unit });
}

pare_status pare_check_canceled(pare_ctx *ctx)
{
    if (!ctx->opts.cancel || !*ctx->opts.cancel) return PARE_OK;
    return pare_fail(ctx, PARE_ECANCELED, "canceled");
}

pare_status pare_fail_memory(pare_ctx *ctx, size_t n_bytes)
{
    return pare_fail(ctx, PARE_ENOMEM, "out of memory: %zu more bytes were needed", n_bytes);
}

void *pare_alloc(pare_ctx *ctx, size_t n_bytes)
{
    const pare_allocator *a = &ctx->opts.allocator;
    return n_bytes ? a->resize(a->user, NULL, n_bytes) : NULL;
}

void *pare_alloc_zero(pare_ctx *ctx, size_t n_bytes)
{
    void *p = pare_alloc(ctx, n_bytes);
    if (p) memset(p, 0, n_bytes);
    return p;
}

void pare_free(pare_ctx *ctx, void *p)
{
    const pare_allocator *a = &ctx->opts.allocator;
    a->release(a->user, p);
}

pare_status pare_grow(pare_ctx *ctx, void *items, size_t *cap, size_t want, size_t item_bytes)
{
    if (want <= *cap) return PARE_OK;
    size_t n = *cap < 8 ? 8 : *cap + *cap / 2;
    if (n < want) n = want;
    size_t n_bytes = 0;
    if (!pare_mul_size(n, item_bytes, &n_bytes)) return pare_fail_memory(ctx, SIZE_MAX);
    void *old = NULL;
    memcpy(&old, items, sizeof(old)); /* items is the address of a typed pointer */
    const pare_allocator *a = &ctx->opts.allocator;
    void *grown = a->resize(a->user, old, n_bytes);
    if (!grown) return pare_fail_memory(ctx, n_bytes);
    memcpy(items, &grown, sizeof(grown));
    *cap = n;
    return PARE_OK;
}
