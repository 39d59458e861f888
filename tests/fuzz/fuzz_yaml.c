/* YAML: what parses is a tree whose members know their parents, whose lines never lead past the
 * text, and that has no key twice; every value can be asked for as anything. */
#include "fuzz/fuzz.h"

#include "formats/yaml.h"

#include <stdlib.h>
#include <string.h>

static void visit(pare_ctx *ctx, const pare_yaml *yaml, const pare_yaml_node *node, size_t n_lines)
{
    static const char *const words[] = { "auto", "int8" };
    const char *text = NULL;
    int64_t whole;
    double real;
    bool truth;
    size_t choice;
    if (node->line < 1 || node->line > n_lines) abort();
    (void)pare_yaml_int(ctx, yaml, node, -5, 5, &whole);
    (void)pare_yaml_real(ctx, yaml, node, &real);
    (void)pare_yaml_bool(ctx, yaml, node, &truth);
    (void)pare_yaml_text(ctx, yaml, node, &text);
    (void)pare_yaml_choice(ctx, yaml, node, words, 2, &choice);
    (void)pare_yaml_check_keys(ctx, yaml, node, words, 2);
    for (size_t i = 0; i < node->n_items; i++) {
        const pare_yaml_node *item = &node->items[i];
        if (item->parent != node) abort();
        if ((node->kind == PARE_YAML_MAP) != (item->key != NULL)) abort();
        if (item->key && i < 100 && pare_yaml_get(node, item->key) != item) abort();
        visit(ctx, yaml, item, n_lines);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    pare_ctx ctx;
    pare_yaml *yaml = NULL;
    size_t n_lines = 2; /* the end of the text may count as one more */
    pare_ctx_init(&ctx, NULL);
    for (size_t i = 0; i < n_bytes; i++)
        n_lines += data[i] == '\n' || data[i] == '\r' || data[i] >= 0x80;
    if (pare_yaml_parse(&ctx, &yaml, "x", (const char *)data, n_bytes)) {
        if (yaml || !ctx.message[0]) abort();
    } else visit(&ctx, yaml, pare_yaml_root(yaml), n_lines);
    pare_yaml_free(&ctx, yaml);
    return 0;
}
