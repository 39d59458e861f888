#include "base/pages.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21 /* Linux 5.4 */
#endif

void pare_pages_release(const void *data, size_t n_bytes)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)data;
    const uintptr_t start = (at + page - 1) / page * page, end = (at + n_bytes) / page * page;
    const int kept = errno;
    if (start < end) (void)madvise((void *)start, end - start, MADV_PAGEOUT);
    errno = kept;
}
