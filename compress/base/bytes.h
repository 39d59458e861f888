#ifndef PARE_BASE_BYTES_H
#define PARE_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A borrowed run of bytes; may hold NUL, need not be text. data may be NULL only when n is 0. */
typedef struct pare_bytes {
    const uint8_t *data;
    size_t n;
} pare_bytes;

static inline bool pare_str_eq(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

/* Text that may be absent, as "" when it is. */
static inline const char *pare_str_or_empty(const char *text)
{
    return text ? text : "";
}

#endif
