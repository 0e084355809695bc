/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads the records of sealift-unitd, one a unit and one a socket: an instance that waits for a connection
 * has no unit. One that cannot be read is being replaced, or was by another version; it names nobody then.
 */

#include "doors/instances.h"

#include <dirent.h>

#include "facts/record.h"
#include "ground/io.h"
#include "ground/paths.h"

struct instances {
        struct instance *items; /* owned */
        size_t n;
};

static int instance_compare(const void *a, const void *b)
{
        const struct instance *x = a, *y = b;
        int r = strcmp(x->bundle, y->bundle);

        return r != 0 ? r : strcmp(x->name, y->name);
}

static int add_record(struct instances *all, const struct record *record)
{
        struct instance new = {}, *items;

        if (!*record->instance)
                return 0;
        (void)snprintf(new.bundle, sizeof(new.bundle), "%s", record->bundle);
        (void)snprintf(new.name, sizeof(new.name), "%s", record->instance);
        for (size_t i = 0; i < all->n; i++)
                if (instance_compare(all->items + i, &new) == 0)
                        return 0;
        items = reallocarray(all->items, all->n + 1, sizeof(*items));
        if (!items)
                return -ENOMEM;
        all->items = items;
        items[all->n++] = new;
        return 0;
}

static int add_file(struct instances *all, int dirfd, const char *name)
{
        _cleanup_free_ char *text = NULL;
        struct record record;
        struct fault ignored;
        size_t len;

        if (io_read_file_at(dirfd, name, RECORD_BYTES_MAX, &text, &len, &ignored) < 0 ||
            record_parse(text, len, name, &record, &ignored) < 0)
                return 0;
        return add_record(all, &record);
}

static int is_record(const struct dirent *e)
{
        return str_has_prefix(e->d_name, "sealift-");
}

static int add_folder(struct instances *all, const char *path)
{
        _cleanup_close_ int dirfd = -EBADF;
        struct dirent **names = NULL;
        int n = 0, r = 0;

        dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dirfd >= 0)
                n = scandirat(dirfd, ".", &names, is_record, NULL);
        for (int i = 0; i < n; i++) {
                if (r >= 0)
                        r = add_file(all, dirfd, names[i]->d_name);
                free(names[i]);
        }
        free(names);
        return r;
}

int instances_read(struct instance **ret, size_t *ret_n, struct fault *f)
{
        struct instances all = {};
        int r;

        r = add_folder(&all, UNITS_RECORDS_PATH);
        if (r >= 0)
                r = add_folder(&all, UNITS_WAKES_PATH);
        if (r < 0) {
                free(all.items);
                return fault_set_errno(f, r, "cannot list instances");
        }
        if (all.n > 0)
                qsort(all.items, all.n, sizeof(*all.items), instance_compare);
        *ret = all.items;
        *ret_n = all.n;
        return 0;
}
