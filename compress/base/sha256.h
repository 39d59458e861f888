#ifndef PARE_BASE_SHA256_H
#define PARE_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

/* SHA-256 (FIPS 180-4) of bytes that come in pieces. */
typedef struct pare_sha256 {
    uint32_t state[8];
    uint64_t n_bytes;
    uint8_t block[64]; /* what is not yet in state */
} pare_sha256;

void pare_sha256_begin(pare_sha256 *sha);
void pare_sha256_add(pare_sha256 *sha, const void *data, size_t n_bytes);

/* The digest as 64 hexadecimal digits and a NUL. sha is used up. */
void pare_sha256_end(pare_sha256 *sha, char hex[65]);

#endif
