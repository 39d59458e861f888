#include "recipe/cache.h"

#include "base/bytes.h"

void pare_step_cache_init(pare_ctx *ctx, pare_step_cache *cache)
{
    *cache = (pare_step_cache){ 0 };
    pare_arena_init(ctx, &cache->arena, 0);
}

void pare_step_cache_free(pare_ctx *ctx, pare_step_cache *cache)
{
    for (size_t i = 0; i < cache->n; i++) {
        pare_model_free(ctx, cache->items[i].model);
        pare_step_outcome_free(&cache->items[i].outcome);
    }
    pare_arena_free(&cache->arena);
    *cache = (pare_step_cache){ 0 };
}

const pare_cached_step *pare_step_cache_find(pare_step_cache *cache, const char *key)
{
    for (size_t i = 0; cache && i < cache->n; i++) {
        if (!pare_str_eq(cache->items[i].key, key)) continue;
        cache->n_hits++;
        return &cache->items[i];
    }
    return NULL;
}

static const char *copy_text(pare_arena *arena, const char *text, bool *failed)
{
    const char *const copy = text ? pare_arena_str(arena, text) : NULL;
    if (text && !copy) *failed = true;
    return copy;
}

pare_status pare_step_outcome_copy(pare_ctx *ctx, pare_step_outcome *to,
                                   const pare_step_outcome *from)
{
    pare_arena *const arena = &to->arena;
    bool failed = false;
    const char **const lines = pare_arena_array(arena, from->n_lines + 1, sizeof(*lines));
    pare_step_skipped *const skipped =
        pare_arena_array(arena, from->n_skipped + 1, sizeof(*skipped));
    if (!lines || !skipped) return pare_arena_fail(ctx, arena);
    for (size_t i = 0; i < from->n_lines; i++)
        lines[i] = copy_text(arena, from->lines[i], &failed);
    for (size_t i = 0; i < from->n_skipped; i++)
        skipped[i] = (pare_step_skipped){ copy_text(arena, from->skipped[i].node, &failed),
                                          copy_text(arena, from->skipped[i].reason, &failed) };
    to->chosen = copy_text(arena, from->chosen, &failed);
    to->missed = copy_text(arena, from->missed, &failed);
    if (failed) return pare_arena_fail(ctx, arena);
    to->lines = lines;
    to->n_lines = to->lines_cap = from->n_lines;
    to->skipped = skipped;
    to->n_skipped = to->skipped_cap = from->n_skipped;
    return PARE_OK;
}

pare_status pare_step_cache_keep(pare_ctx *ctx, pare_step_cache *cache, const char *key,
                                 const pare_model *model, const pare_step_outcome *outcome,
                                 double drop, double agreement)
{
    if (!pare_arena_grow(&cache->arena, &cache->items, &cache->cap, cache->n + 1,
                         sizeof(cache->items[0])))
        return pare_arena_fail(ctx, &cache->arena);
    pare_cached_step new = { .key = pare_arena_str(&cache->arena, key), .drop = drop,
                             .agreement = agreement };
    if (!new.key) return pare_arena_fail(ctx, &cache->arena);
    PARE_TRY(pare_model_clone(ctx, &new.model, model));
    pare_step_outcome_begin(ctx, &new.outcome);
    const pare_status st = pare_step_outcome_copy(ctx, &new.outcome, outcome);
    if (st) {
        pare_model_free(ctx, new.model);
        pare_step_outcome_free(&new.outcome);
        return st;
    }
    cache->items[cache->n++] = new;
    return PARE_OK;
}
