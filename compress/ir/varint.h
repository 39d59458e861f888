/* Base-128 varints (protobuf encoding), as typed tensor payloads hold them. */
#ifndef PARE_IR_VARINT_H
#define PARE_IR_VARINT_H

#include <stddef.h>
#include <stdint.h>

/* Reads one varint of at most 10 bytes from [p, end) into *value and returns the place behind it,
 * or NULL when it is cut off, longer, or exceeds 64 bits. */
static inline const uint8_t *pare_varint_read(const uint8_t *p, const uint8_t *end, uint64_t *value)
{
    uint64_t v = 0;
    for (unsigned shift = 0; p < end && shift < 64; shift += 7) {
        const uint8_t byte = *p++;
        if (shift == 63 && byte > 1) return NULL;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *value = v;
            return p;
        }
    }
    return NULL;
}

#endif
