#include "formats/powercap.h"

#include "base/bytes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_DOMAINS = 64, PATH_BYTES = 1024, MOST_WATTS = 400 };

typedef struct power_domain {
    char path[PATH_BYTES];   /* of its folder */
    char name[64];           /* "package-0", "package-0-die-1" */
    bool is_mmio;
    bool is_mirror;          /* shows what another one shows */
    uint64_t range_uj;
    uint64_t first_uj, last_uj, sum_uj;
} power_domain;

struct pare_powercap {
    power_domain items[MAX_DOMAINS]; /* [n] by name */
    size_t n;
    bool knows_mirrors;
};

/* Reads a short file; cuts the end of its line off. Returns 0 or errno. */
static int read_text(const char *folder, const char *name, char *out, size_t out_bytes)
{
    char path[PATH_BYTES + 64];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return errno;
    const ssize_t n = read(fd, out, out_bytes - 1);
    const int error = n < 0 ? errno : 0;
    close(fd);
    if (error) return error;
    out[n] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
    return 0;
}

/* EINVAL when the file has no number. */
static int read_number(const char *folder, const char *name, uint64_t *out)
{
    char text[64];
    char *end = NULL;
    const int error = read_text(folder, name, text, sizeof(text));
    if (error) return error;
    errno = 0;
    *out = strtoull(text, &end, 10);
    return errno || end == text || *end || text[0] == '-' ? EINVAL : 0;
}

/* Adds a folder if it is of a package that is not there yet; MSR wins over MMIO. */
static void consider(pare_powercap *p, const char *root, const char *entry)
{
    power_domain d = { .is_mmio = strstr(entry, "mmio") != NULL };
    if (snprintf(d.path, sizeof(d.path), "%s/%s", root, entry) >= (int)sizeof(d.path)) return;
    if (read_text(d.path, "name", d.name, sizeof(d.name))) return;
    if (strncmp(d.name, "package", 7) != 0) return;
    for (size_t i = 0; i < p->n; i++) {
        if (!pare_str_eq(p->items[i].name, d.name)) continue;
        if (p->items[i].is_mmio && !d.is_mmio) p->items[i] = d;
        return;
    }
    if (p->n < MAX_DOMAINS) p->items[p->n++] = d;
}

static int by_name(const void *a, const void *b)
{
    const power_domain *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* Finds packages. Returns how many entries the folder has, -1 when it cannot be read. */
static int scan(pare_powercap *p, const char *root)
{
    DIR *folder = opendir(root);
    int n_entries = 0;
    if (!folder) return -1;
    for (const struct dirent *e = readdir(folder); e; e = readdir(folder)) {
        if (e->d_name[0] == '.') continue;
        consider(p, root, e->d_name);
        n_entries++;
    }
    closedir(folder);
    qsort(p->items, p->n, sizeof(p->items[0]), by_name);
    return n_entries;
}

static pare_status fail_read(pare_ctx *ctx, const power_domain *d, int error, const char *file)
{
    if (error == EACCES || error == EPERM)
        return pare_fail(ctx, PARE_EUNSUPPORTED,
                         "energy cannot be measured: only root may read %s/%s; allow it with "
                         "'sudo chmod a+r %s/energy_uj', for good with a udev rule: "
                         "SUBSYSTEM==\"powercap\", ACTION==\"add\", RUN+=\"/bin/chmod a+r "
                         "/sys%%p/energy_uj\"", d->path, file, d->path);
    return pare_fail(ctx, PARE_EUNSUPPORTED, "energy cannot be measured: %s/%s: %s", d->path, file,
                     error == EINVAL ? "expected a number" : strerror(error));
}

static pare_status start(pare_ctx *ctx, pare_powercap *p)
{
    for (size_t i = 0; i < p->n; i++) {
        power_domain *d = &p->items[i];
        int error = read_number(d->path, "max_energy_range_uj", &d->range_uj);
        if (error || !d->range_uj)
            return fail_read(ctx, d, error ? error : EINVAL, "max_energy_range_uj");
        error = read_number(d->path, "energy_uj", &d->first_uj);
        if (error) return fail_read(ctx, d, error, "energy_uj");
        d->last_uj = d->first_uj;
    }
    return PARE_OK;
}

pare_status pare_powercap_open(pare_ctx *ctx, pare_powercap **out, const char *root)
{
    pare_status st = PARE_OK;
    *out = NULL;
    pare_powercap *p = pare_alloc_zero(ctx, sizeof(*p));
    if (!p) return pare_fail_memory(ctx, sizeof(*p));
    const int n_entries = scan(p, root);
    if (n_entries < 0)
        st = pare_fail(ctx, PARE_EUNSUPPORTED,
                       "energy cannot be measured: %s cannot be read (%s); virtual machines and "
                       "containers mostly have no energy counters", root, strerror(errno));
    else if (!p->n)
        st = pare_fail(ctx, PARE_EUNSUPPORTED,
                       "energy cannot be measured: none of %d entries of %s is a processor's "
                       "package", n_entries, root);
    else st = start(ctx, p);
    if (st) pare_powercap_free(ctx, p);
    else *out = p;
    return st;
}

void pare_powercap_free(pare_ctx *ctx, pare_powercap *powercap)
{
    pare_free(ctx, powercap);
}

/* Dies of one package that began with the same count and have counted the same since. */
static void find_mirrors(pare_powercap *p)
{
    for (size_t i = 1; i < p->n; i++) {
        power_domain *d = &p->items[i];
        const char *die = strstr(d->name, "-die-");
        for (size_t k = 0; die && k < i; k++) {
            const power_domain *o = &p->items[k];
            const size_t n = (size_t)(die - d->name);
            if (strncmp(o->name, d->name, n) != 0 || (o->name[n] && o->name[n] != '-')) continue;
            const double begun = fabs((double)d->first_uj - (double)o->first_uj);
            const double counted = fabs((double)d->sum_uj - (double)o->sum_uj);
            d->is_mirror |= begun <= 1e-3 * (double)(o->first_uj + 1) &&
                            counted <= 0.02 * (double)o->sum_uj;
        }
    }
    p->knows_mirrors = true;
}

pare_status pare_powercap_read(pare_ctx *ctx, pare_powercap *p, double *joules)
{
    double sum = 0;
    bool moved = p->n > 0;
    for (size_t i = 0; i < p->n; i++) {
        power_domain *d = &p->items[i];
        uint64_t now = 0;
        const int error = read_number(d->path, "energy_uj", &now);
        if (error) return fail_read(ctx, d, error, "energy_uj");
        d->sum_uj += now >= d->last_uj ? now - d->last_uj : now + (d->range_uj - d->last_uj);
        d->last_uj = now;
        moved &= d->sum_uj > 0;
    }
    if (moved && !p->knows_mirrors) find_mirrors(p);
    for (size_t i = 0; i < p->n; i++)
        if (!p->items[i].is_mirror) sum += (double)p->items[i].sum_uj * 1e-6;
    *joules = sum;
    return PARE_OK;
}

double pare_powercap_period(const pare_powercap *p)
{
    double least = INFINITY;
    for (size_t i = 0; i < p->n; i++)
        least = fmin(least, (double)p->items[i].range_uj * 1e-6 / MOST_WATTS / 4);
    return least;
}

size_t pare_powercap_n(const pare_powercap *p)
{
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) n += !p->items[i].is_mirror;
    return n;
}
