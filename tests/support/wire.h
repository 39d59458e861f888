/* Protobuf messages written byte by byte, so that tests can write wrong ones. */
#ifndef TESTS_SUPPORT_WIRE_H
#define TESTS_SUPPORT_WIRE_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that grow; start with { 0 }, end with wire_free. */
typedef struct wire {
    uint8_t *data;
    size_t n, cap;
} wire;

void wire_free(wire *w);

/* Bytes as they are, a bare varint, a bare tag. */
void wire_raw(wire *w, const void *data, size_t n);
void wire_value(wire *w, uint64_t v);
void wire_tag(wire *w, uint32_t field, unsigned wire_type);

/* Fields. */
void wire_int(wire *w, uint32_t field, int64_t v);
void wire_float(wire *w, uint32_t field, float v);
void wire_bytes(wire *w, uint32_t field, const void *data, size_t n);
void wire_text(wire *w, uint32_t field, const char *text);

/* A nested message or a packed run: what is written between begin and end is its contents. begin
 * returns the mark that end wants. */
size_t wire_begin(wire *w, uint32_t field);
void wire_end(wire *w, size_t mark);

#endif
