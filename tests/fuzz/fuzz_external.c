/* Any text as entries of external_data, resolved in a folder that has a file, a folder, a link out
 * of it, a second name of a file and a FIFO: what comes back lies within the one honest file. Lines
 * are key, value, key, value, ...; the first byte says whether links are allowed and how much is
 * wanted. */
#include "formats/onnx/external.h"
#include "fuzz/fuzz.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DATA_BYTES = 8192, MAX_ENTRIES = 16 };

static void put_file(const char *path)
{
    static const char zeros[DATA_BYTES];
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, zeros, sizeof(zeros)) != (ssize_t)sizeof(zeros)) abort();
    close(fd);
}

/* The folder, made once: /tmp/pare-fuzz-XXXXXX/model with an honest file w.bin. */
static const char *model_path(void)
{
    static char path[64];
    char at[128];
    if (*path) return path;
    char dir[] = "/tmp/pare-fuzz-XXXXXX";
    if (!mkdtemp(dir)) abort();
    snprintf(at, sizeof(at), "%s/outside", dir);
    put_file(at);
    snprintf(at, sizeof(at), "%s/model", dir);
    if (mkdir(at, 0700) || chdir(at) || mkdir("sub", 0700)) abort();
    put_file("w.bin");
    put_file("sub/w");
    put_file("twice");
    if (link("twice", "again") || symlink("../outside", "link") || symlink("w.bin", "near") ||
        mkfifo("fifo", 0600))
        abort();
    snprintf(path, sizeof(path), "%s/model/m.onnx", dir);
    return path;
}

static size_t read_entries(char *text, Onnx__StringStringEntryProto *entries,
                           Onnx__StringStringEntryProto **list)
{
    size_t n = 0;
    char *rest = text;
    while (n < MAX_ENTRIES && rest) {
        entries[n] = (Onnx__StringStringEntryProto)ONNX__STRING_STRING_ENTRY_PROTO__INIT;
        entries[n].key = strsep(&rest, "\n");
        entries[n].value = strsep(&rest, "\n");
        list[n] = &entries[n];
        n++;
    }
    return n;
}

static void resolve(pare_ctx *ctx, const Onnx__TensorProto *tensor, bool allow_linked,
                    uint64_t n_bytes)
{
    pare_onnx_store *store = NULL;
    pare_buf *origin = NULL;
    pare_buf *empty = NULL;
    pare_onnx_external x;
    pare_onnx_place place;
    pare_bytes found = { 0 };
    pare_buf *file = NULL;
    if (pare_buf_wrap(ctx, &empty, "", 0, NULL, NULL)) return;
    if (!pare_onnx_store_new(ctx, &store, &origin, empty)) {
        pare_status st =
            pare_onnx_external_init(ctx, &x, store, model_path(), allow_linked, 1 << 20);
        if (!st) st = pare_onnx_external_place(ctx, &x, &place, tensor);
        if (!st) st = pare_onnx_external_bytes(ctx, &x, &found, &file, &place, n_bytes);
        assert(st == PARE_OK || (st == PARE_EFORMAT && ctx->message[0]));
        if (!st && n_bytes) {
            assert(found.n == n_bytes && found.data >= file->data);
            assert(found.data + found.n <= file->data + file->n_bytes);
            assert(file->n_bytes == DATA_BYTES);
        }
        pare_onnx_external_free(ctx, &x);
        pare_buf_unref(origin);
    }
    pare_buf_unref(empty);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n_bytes)
{
    Onnx__StringStringEntryProto entries[MAX_ENTRIES];
    Onnx__StringStringEntryProto *list[MAX_ENTRIES];
    if (!n_bytes) return 0;
    pare_ctx ctx;
    char *text = strndup((const char *)data + 1, n_bytes - 1);
    if (!text) return 0;
    pare_ctx_init(&ctx, NULL);
    Onnx__TensorProto tensor = ONNX__TENSOR_PROTO__INIT;
    tensor.n_external_data = read_entries(text, entries, list);
    tensor.external_data = list;
    resolve(&ctx, &tensor, data[0] & 1, (uint64_t)(data[0] >> 1) * 64);
    free(text);
    return 0;
}
