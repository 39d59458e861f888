/* Every example of docs/data.md is read. */
#include "support/test.h"

#include "formats/dataset/desc.h"
#include "support/files.h"
#include "support/test_ctx.h"

#include <stdlib.h>
#include <string.h>

static const char config[] = "{\"do_resize\": true, \"size\": {\"shortest_edge\": 256}, "
                             "\"resample\": 2, \"do_rescale\": true, "
                             "\"rescale_factor\": 0.00392156862745098, \"do_normalize\": true, "
                             "\"image_mean\": [0.5, 0.5, 0.5], \"image_std\": [0.5, 0.5, 0.5]}";

static void every_example_is_read(void **state)
{
    (void)state;
    char path[TEST_PATH_BYTES], dir[TEST_PATH_BYTES], name[TEST_PATH_BYTES];
    uint8_t *const text = test_read_file(test_source_path(path, "docs/data.md"), NULL);
    size_t n_read = 0;
    test_temp_dir(dir);
    test_write_file(test_join(path, dir, "preprocessor_config.json"), config, sizeof(config) - 1);
    test_join(name, dir, "DATA.yaml");
    for (char *at = strstr((char *)text, "```yaml\n"); at; n_read++) {
        char *const begin = at + strlen("```yaml\n");
        char *const end = strstr(begin, "```");
        test_ctx t;
        pare_data_desc d;
        test_ctx_init(&t);
        assert_non_null(end);
        if (pare_data_describe_text(&t.ctx, &d, name, begin, (size_t)(end - begin)))
            fail_msg("%s\n%.*s", t.ctx.message, (int)(end - begin), begin);
        pare_data_desc_free(&d);
        assert_int_equal(test_ctx_live_bytes(&t), 0);
        at = strstr(end + 3, "```yaml\n");
    }
    assert_int_equal(n_read, 9);
    free(text);
    test_remove_tree(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_example_is_read),
    };
    return test_run(tests);
}
