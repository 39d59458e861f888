/* Payloads in other files: what may be opened, and what a stranger's model may not reach. */
#include "formats/onnx/limits.h"
#include "formats/onnx/mapping.h"
#include "formats/onnx/onnx.h"
#include "formats/onnx/origin.h"
#include "support/files.h"
#include "support/onnx_wire.h"
#include "support/test.h"
#include "support/test_ctx.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int64_t four[] = { 4, -1 };

/* A folder "m" with model.onnx inside of a temporary one, and files around it. */
typedef struct place {
    char root[TEST_PATH_BYTES], folder[TEST_PATH_BYTES], model[TEST_PATH_BYTES];
} place;

static void make_place(place *p)
{
    char path[TEST_PATH_BYTES];
    uint8_t data[64];
    for (size_t i = 0; i < sizeof(data); i++) data[i] = (uint8_t)i;
    test_temp_dir(p->root);
    test_join(p->folder, p->root, "m");
    test_join(p->model, p->folder, "model.onnx");
    assert_int_equal(mkdir(p->folder, 0700), 0);
    assert_int_equal(mkdir(test_join(path, p->folder, "sub"), 0700), 0);
    test_write_file(test_join(path, p->folder, "data"), data, sizeof(data));
    test_write_file(test_join(path, p->folder, "sub/data"), data, sizeof(data));
    test_write_file(test_join(path, p->root, "secret"), data, sizeof(data));
}

static void put_entries(wire *w, const char *const *entries)
{
    for (; entries[0]; entries += 2) onnx_wire_entry(w, TENSOR_EXTERNAL, entries[0], entries[1]);
    wire_int(w, TENSOR_LOCATION, 1);
}

/* Writes a model with a weight of four floats in external data. */
static void write_model(const place *p, const char *const *entries)
{
    wire w = { 0 };
    wire_int(&w, MODEL_IR_VERSION, 8);
    const size_t graph = wire_begin(&w, MODEL_GRAPH);
    const size_t tensor = onnx_wire_begin_tensor(&w, GRAPH_INITIALIZER, "w", PARE_FLOAT, four);
    put_entries(&w, entries);
    wire_end(&w, tensor);
    wire_end(&w, graph);
    onnx_wire_opset(&w, MODEL_OPSET, "", 17);
    test_write_file(p->model, w.data, w.n);
    wire_free(&w);
}

static pare_status open_model(test_ctx *t, pare_model **model, const char *path, bool linked)
{
    const pare_onnx_open_opts opts = { .allow_linked_data = linked };
    test_ctx_init(t);
    return pare_onnx_open(&t->ctx, model, path, &opts);
}

static void refuse_model(const place *p, bool linked, const char *what)
{
    test_ctx t;
    pare_model *model = NULL;
    const pare_status st = open_model(&t, &model, p->model, linked);
    if (st != PARE_EFORMAT || !strstr(t.ctx.message, what) ||
        !strstr(t.ctx.message, "model.onnx: initializer 0 'w': "))
        fail_msg("expected '%s', found %s: %s", what, pare_status_name(st), t.ctx.message);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
    assert_in_range(test_ctx_peak_bytes(&t), 0, 1 << 20);
}

/* The weight's bytes begin with this one. */
static void accept_model(const place *p, bool linked, uint8_t first)
{
    test_ctx t;
    pare_model *model = NULL;
    if (open_model(&t, &model, p->model, linked)) fail_msg("%s", t.ctx.message);
    const pare_tensor *w = pare_value_at(model, pare_graph_find(model->graph, "w"))->tensor;
    assert_int_equal(w->payload.n, 16);
    assert_int_equal(w->payload.data[0], first);
    assert_non_null(w->external);
    const pare_onnx_origin *origin = pare_onnx_origin_of(model);
    assert_int_equal(origin->n_files, 2);
    assert_ptr_equal(origin->files[1].bytes, w->external->file);
    pare_model_free(&t.ctx, model);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
}

#define ENTRIES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void data_is_found(void **state)
{
    (void)state;
    place p;
    make_place(&p);
    write_model(&p, ENTRIES("location", "data"));
    accept_model(&p, false, 0);
    write_model(&p, ENTRIES("location", "data", "offset", "8", "length", "16"));
    accept_model(&p, false, 8);
    accept_model(&p, true, 8);
    write_model(&p, ENTRIES("location", "./sub//data", "offset", "48"));
    accept_model(&p, false, 48);
    write_model(&p, ENTRIES("location", "data", "basepath", "/etc", "checksum", "0123"));
    accept_model(&p, false, 0);
    test_remove_tree(p.root);
}

static void unknown_keys_are_warned_of(void **state)
{
    (void)state;
    place p;
    test_ctx t;
    pare_model *model = NULL;
    make_place(&p);
    write_model(&p, ENTRIES("location", "data", "__class__", "x"));
    assert_int_equal(open_model(&t, &model, p.model, false), PARE_OK);
    assert_int_equal(t.n_warnings, 1);
    assert_non_null(strstr(t.warning, "unknown key '__class__'"));
    pare_model_free(&t.ctx, model);
    test_remove_tree(p.root);
}

static void locations_stay_beneath_the_folder(void **state)
{
    (void)state;
    static const struct {
        const char *location, *what;
    } cases[] = {
        { "../secret", "found '../secret' (goes up)" },
        { "sub/../../secret", "(goes up)" },
        { "sub/..", "(goes up)" },
        { "..", "(goes up)" },
        { "/etc/passwd", "(absolute)" },
        { "", "found '' (empty)" },
        { ".", "expected a regular file" },
        { "sub", "expected a regular file" },
        { "a\nb", "(a control character)" },
        { "none", "external data 'none': No such file" },
        { "data/x", "Not a directory" },
        { "*/_ORT_MEM_ADDR_/*", "(an address in somebody's memory)" },
        { "*/_ORT_MEM_ADDR_/*/1234", "(an address in somebody's memory)" },
        { "ORT_MEM_ADDR", "(an address in somebody's memory)" },
    };
    place p;
    make_place(&p);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_model(&p, ENTRIES("location", cases[i].location));
        refuse_model(&p, false, cases[i].what);
        refuse_model(&p, true, cases[i].what);
    }
    char *longest = malloc(5000);
    memset(longest, 'x', 4999);
    longest[4999] = '\0';
    write_model(&p, ENTRIES("location", longest));
    refuse_model(&p, false, "(longer than a path may be)");
    longest[4000] = '\0'; /* a component that no file system has */
    write_model(&p, ENTRIES("location", longest));
    refuse_model(&p, false, "File name too long");
    free(longest);
    test_remove_tree(p.root);
}

static void links_are_not_followed(void **state)
{
    (void)state;
    char path[TEST_PATH_BYTES];
    char other[TEST_PATH_BYTES];
    place p;
    make_place(&p);
    assert_int_equal(symlink("data", test_join(path, p.folder, "inside")), 0);
    assert_int_equal(symlink("../secret", test_join(path, p.folder, "outside")), 0);
    assert_int_equal(symlink("sub", test_join(path, p.folder, "dir")), 0);
    assert_int_equal(symlink("..", test_join(path, p.folder, "up")), 0);
    assert_int_equal(symlink("/proc/self/fd", test_join(path, p.folder, "fds")), 0);
    test_join(other, p.folder, "hard");
    assert_int_equal(link(test_join(path, p.root, "secret"), other), 0);

    write_model(&p, ENTRIES("location", "inside"));
    refuse_model(&p, false,
                 "external data 'inside': expected a file, found a link; links are followed with "
                 "--allow-linked");
    accept_model(&p, true, 0);
    write_model(&p, ENTRIES("location", "dir/data"));
    refuse_model(&p, false, "external data 'dir/data': expected a file, found a link");
    accept_model(&p, true, 0);
    write_model(&p, ENTRIES("location", "outside"));
    refuse_model(&p, false, "a link");
    refuse_model(&p, true, "external data 'outside': expected a file in the folder");
    write_model(&p, ENTRIES("location", "up/secret"));
    refuse_model(&p, false, "a link");
    refuse_model(&p, true, "expected a file in the folder, found one outside");
    write_model(&p, ENTRIES("location", "fds/0"));
    refuse_model(&p, false, "a link");
    refuse_model(&p, true, "external data 'fds/0': ");
    write_model(&p, ENTRIES("location", "hard"));
    refuse_model(&p, false, "expected a file with one name, found 2 hard links");
    accept_model(&p, true, 0); /* it stands in the folder, under one of its names */
    test_remove_tree(p.root);
}

/* As download caches have it: links in one folder lead to files of another, side by side. */
static void caches_of_links_can_be_allowed(void **state)
{
    (void)state;
    char path[TEST_PATH_BYTES];
    char target[TEST_PATH_BYTES];
    char linked[TEST_PATH_BYTES];
    place p;
    make_place(&p);
    write_model(&p, ENTRIES("location", "data", "length", "16"));
    assert_int_equal(mkdir(test_join(path, p.root, "snapshot"), 0700), 0);
    test_join(linked, path, "model.onnx");
    assert_int_equal(symlink("../m/model.onnx", linked), 0);
    assert_int_equal(symlink("../m/data", test_join(target, path, "data")), 0);
    test_ctx t;
    pare_model *model = NULL;
    assert_int_equal(open_model(&t, &model, linked, false), PARE_EFORMAT);
    assert_non_null(strstr(t.ctx.message, "external data 'data': expected a file, found a link"));
    if (open_model(&t, &model, linked, true)) fail_msg("%s", t.ctx.message);
    pare_model_free(&t.ctx, model);
    test_remove_tree(p.root);
}

static void only_regular_files_are_read(void **state)
{
    (void)state;
    char path[TEST_PATH_BYTES];
    place p;
    make_place(&p);
    assert_int_equal(mkfifo(test_join(path, p.folder, "fifo"), 0600), 0);
    write_model(&p, ENTRIES("location", "fifo"));
    refuse_model(&p, false,
                 "external data 'fifo': expected a regular file"); /* and does not wait */
    test_ctx t;
    pare_model *model = NULL;
    assert_int_equal(open_model(&t, &model, path, false), PARE_EFORMAT);
    assert_non_null(strstr(t.ctx.message, "expected a regular file"));
    assert_int_equal(open_model(&t, &model, p.folder, false), PARE_EFORMAT);
    assert_int_equal(open_model(&t, &model, "/dev/null", false), PARE_EFORMAT);
    assert_int_equal(open_model(&t, &model, "/nowhere/model.onnx", false), PARE_EFORMAT);
    assert_string_equal(t.ctx.message, "/nowhere/model.onnx: No such file or directory");
    test_remove_tree(p.root);
}

static void numbers_are_plain_and_fit(void **state)
{
    (void)state;
    static const struct {
        const char *offset, *length, *what;
    } cases[] = {
        { "-1", "16", "external_data: offset: expected a decimal number of bytes, found '-1'" },
        { "+1", "16", "found '+1'" },
        { " 1", "16", "found ' 1'" },
        { "0x8", "16", "found '0x8'" },
        { "1e3", "16", "found '1e3'" },
        { "", "16", "found ''" },
        { "99999999999999999999", "16", "expected a decimal number" },
        { "9999999999999999999", "16", "expected a decimal number" },
        { "9223372036854775807", "16",
          "from offset 9223372036854775807 on, found a file of 64 bytes" },
        { "65", "16", "expected 16 bytes from offset 65 on, found a file of 64 bytes" },
        { "49", "16", "expected 16 bytes from offset 49 on" },
        { "0", "15", "length: expected 16 bytes, found 15" },
        { "0", "17", "length: expected 16 bytes, found 17" },
        { "0", "-16", "length: expected a decimal number" },
    };
    place p;
    make_place(&p);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        write_model(
            &p, ENTRIES("location", "data", "offset", cases[i].offset, "length", cases[i].length));
        refuse_model(&p, false, cases[i].what);
    }
    char digits[401];
    memset(digits, '1', 400);
    digits[400] = '\0';
    write_model(&p, ENTRIES("location", "data", "offset", digits));
    refuse_model(&p, false, "offset: expected a decimal number of bytes");
    write_model(&p, ENTRIES("location", "data", "offset", "50"));
    refuse_model(&p, false, "expected 16 bytes from offset 50 on");
    write_model(&p, ENTRIES("location", "data", "location", "data"));
    refuse_model(&p, false, "external_data: expected key 'location' once, found it twice");
    write_model(&p, ENTRIES("offset", "0"));
    refuse_model(&p, false, "external_data: expected a location, found none");
    test_remove_tree(p.root);
}

/* Sparse tensors, in initializers and attributes, go the same checked way. */
static void sparse_data_is_checked_too(void **state)
{
    (void)state;
    place p;
    make_place(&p);
    for (int in_attr = 0; in_attr < 2; in_attr++) {
        wire w = { 0 };
        size_t node = 0;
        size_t attr = 0;
        wire_int(&w, MODEL_IR_VERSION, 8);
        const size_t graph = wire_begin(&w, MODEL_GRAPH);
        if (in_attr) {
            node = onnx_wire_begin_node(&w, GRAPH_NODE, "Constant", "", "y");
            attr = onnx_wire_begin_attr(&w, NODE_ATTR, "sparse_value", PARE_ATTR_SPARSE_TENSOR);
        }
        const size_t sparse = wire_begin(&w, in_attr ? ATTR_SPARSE : GRAPH_SPARSE);
        const size_t tensor = onnx_wire_begin_tensor(&w, SPARSE_VALUES, "w", PARE_FLOAT, four);
        put_entries(&w, ENTRIES("location", "../secret"));
        wire_end(&w, tensor);
        wire_end(&w, sparse);
        if (in_attr) {
            wire_end(&w, attr);
            wire_end(&w, node);
        }
        wire_end(&w, graph);
        onnx_wire_opset(&w, MODEL_OPSET, "", 17);
        test_write_file(p.model, w.data, w.n);
        wire_free(&w);
        test_ctx t;
        pare_model *model = NULL;
        assert_int_equal(open_model(&t, &model, p.model, false), PARE_EFORMAT);
        const char *where = in_attr ? "node 'n' (Constant): attribute 'sparse_value': values: "
                                    : "sparse_initializer 0 'w': values: ";
        if (!strstr(t.ctx.message, where) || !strstr(t.ctx.message, "(goes up)"))
            fail_msg("%s", t.ctx.message);
    }
    test_remove_tree(p.root);
}

static void models_in_memory_have_no_folder(void **state)
{
    (void)state;
    test_ctx t;
    pare_model *model = NULL;
    wire w = { 0 };
    wire_int(&w, MODEL_IR_VERSION, 8);
    const size_t graph = wire_begin(&w, MODEL_GRAPH);
    const size_t tensor = onnx_wire_begin_tensor(&w, GRAPH_INITIALIZER, "w", PARE_FLOAT, four);
    put_entries(&w, ENTRIES("location", "data"));
    wire_end(&w, tensor);
    wire_end(&w, graph);
    onnx_wire_opset(&w, MODEL_OPSET, "", 17);
    test_ctx_init(&t);
    assert_int_equal(onnx_wire_open(&t.ctx, &model, &w), PARE_EFORMAT);
    assert_non_null(strstr(t.ctx.message, "it was not opened from a folder"));
    wire_free(&w);
}

/* A hundred tensors in one file under many spellings: it is loaded once. */
static void a_file_is_loaded_once(void **state)
{
    (void)state;
    place p;
    make_place(&p);
    wire w = { 0 };
    wire_int(&w, MODEL_IR_VERSION, 8);
    const size_t graph = wire_begin(&w, MODEL_GRAPH);
    for (int i = 0; i < 100; i++) {
        char name[16];
        char location[256] = "";
        snprintf(name, sizeof(name), "w%d", i);
        for (int k = 0; k < i; k++) memcpy(location + 2 * k, "./", 3);
        memcpy(location + 2 * i, "data", 5);
        const size_t tensor = onnx_wire_begin_tensor(&w, GRAPH_INITIALIZER, name, PARE_FLOAT, four);
        put_entries(&w, ENTRIES("location", location));
        wire_end(&w, tensor);
    }
    wire_end(&w, graph);
    onnx_wire_opset(&w, MODEL_OPSET, "", 17);
    test_write_file(p.model, w.data, w.n);
    test_ctx t;
    pare_model *model = NULL;
    if (open_model(&t, &model, p.model, false)) fail_msg("%s", t.ctx.message);
    assert_int_equal(pare_onnx_origin_of(model)->n_files, 2);
    pare_model_free(&t.ctx, model);
    wire_free(&w);
    test_remove_tree(p.root);
}

/* What was read stays as it was, whatever happens to the file: no SIGBUS, no other numbers. */
static void files_may_be_cut_behind_us(void **state)
{
    (void)state;
    char path[TEST_PATH_BYTES];
    place p;
    test_ctx t;
    pare_model *model = NULL;
    make_place(&p);
    write_model(&p, ENTRIES("location", "data"));
    if (open_model(&t, &model, p.model, false)) fail_msg("%s", t.ctx.message);
    assert_int_equal(truncate(test_join(path, p.folder, "data"), 0), 0);
    assert_int_equal(truncate(p.model, 0), 0);
    const pare_tensor *w = pare_value_at(model, pare_graph_find(model->graph, "w"))->tensor;
    assert_int_equal(w->payload.data[15], 15);
    pare_model_free(&t.ctx, model);
    test_remove_tree(p.root);
}

static void changes_while_loading_are_noticed(void **state)
{
    (void)state;
    char path[TEST_PATH_BYTES];
    place p;
    test_ctx t;
    pare_mapping m;
    int fd = -1;
    uint64_t may_read = 0; /* so that it is mapped */
    make_place(&p);
    test_ctx_init(&t);
    test_join(path, p.folder, "data");
    assert_int_equal(pare_mapping_open(&t.ctx, &fd, path), PARE_OK);
    assert_int_equal(pare_mapping_load(&t.ctx, &m, fd, path, &may_read), PARE_OK);
    assert_int_equal(m.bytes->n_bytes, 64);
    assert_int_equal(m.bytes->data[63], 63);
    assert_int_equal(pare_mapping_check(&t.ctx, &m, fd, path), PARE_OK);
    assert_int_equal(truncate(path, 10), 0);
    assert_int_equal(pare_mapping_check(&t.ctx, &m, fd, path), PARE_EIO);
    assert_non_null(strstr(t.ctx.message, "changed while it was read"));
    close(fd);
    pare_buf_unref(m.bytes);
    assert_int_equal(test_ctx_live_bytes(&t), 0);
    test_remove_tree(p.root);
}

static pare_status open_path(pare_ctx *ctx, void *user)
{
    pare_model *model = NULL;
    const pare_status st = pare_onnx_open(ctx, &model, user, NULL);
    pare_model_free(ctx, model);
    return st;
}

static void any_allocation_may_fail(void **state)
{
    (void)state;
    place p;
    make_place(&p);
    write_model(&p, ENTRIES("location", "data"));
    test_ctx_torture(open_path, p.model);
    test_remove_tree(p.root);
}

/* From here on the kernel does not know openat2, as older ones do not. False when that cannot
 * be. */
static bool forget_openat2(void)
{
    struct sock_filter steps[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = { sizeof(steps) / sizeof(steps[0]), steps };
    return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
           !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(data_is_found),
        cmocka_unit_test(unknown_keys_are_warned_of),
        cmocka_unit_test(locations_stay_beneath_the_folder),
        cmocka_unit_test(links_are_not_followed),
        cmocka_unit_test(caches_of_links_can_be_allowed),
        cmocka_unit_test(only_regular_files_are_read),
        cmocka_unit_test(numbers_are_plain_and_fit),
        cmocka_unit_test(sparse_data_is_checked_too),
        cmocka_unit_test(models_in_memory_have_no_folder),
        cmocka_unit_test(a_file_is_loaded_once),
        cmocka_unit_test(files_may_be_cut_behind_us),
        cmocka_unit_test(changes_while_loading_are_noticed),
        cmocka_unit_test(any_allocation_may_fail),
    };
    const int with_openat2 = test_run(tests);
    return with_openat2 || !forget_openat2() ? with_openat2 : test_run(tests);
}
