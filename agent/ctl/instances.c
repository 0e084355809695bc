/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads the records of sealift-unitd, one a unit and one a socket: an instance that waits for a connection
 * has no unit. One that cannot be read is being replaced, or was by another version; it names nobody then.
 */

#include "ctl/instances.h"

#include <dirent.h>

#include "facts/record.h"
#include "ground/io.h"
#include "ground/paths.h"

static json_t *bundle_find(json_t *bundles, const char *name)
{
        json_t *b;
        size_t i;

        json_array_foreach(bundles, i, b)
        {
                if (str_eq(json_string_value(json_object_get(b, "name")), name))
                        return b;
        }
        return NULL;
}

/* Where name stands, or would, in the order of names. */
static size_t array_place(const json_t *names, const char *name, bool *ret_there)
{
        size_t i = 0;
        int order = 1;

        while (i < json_array_size(names) &&
               (order = strcmp(json_string_value(json_array_get(names, i)), name)) < 0)
                i++;
        *ret_there = order == 0;
        return i;
}

static int add_record(json_t *bundles, const struct record *record)
{
        json_t *b = *record->instance ? bundle_find(bundles, record->bundle) : NULL, *names;
        bool there = false;
        size_t i;

        if (!b)
                return 0;
        names = json_object_get(b, "instances");
        i = array_place(names, record->instance, &there);
        return there || json_array_insert_new(names, i, json_string(record->instance)) == 0 ? 0 : -ENOMEM;
}

static int add_file(json_t *bundles, int dirfd, const char *name)
{
        _cleanup_free_ char *text = NULL;
        struct record record;
        struct fault ignored;
        size_t len;

        if (io_read_file_at(dirfd, name, RECORD_BYTES_MAX, &text, &len, &ignored) < 0 ||
            record_parse(text, len, name, &record, &ignored) < 0)
                return 0;
        return add_record(bundles, &record);
}

static int is_record(const struct dirent *e)
{
        return str_has_prefix(e->d_name, "sealift-");
}

static int add_folder(json_t *bundles, const char *path)
{
        _cleanup_close_ int dirfd = -EBADF;
        struct dirent **names = NULL;
        int n = 0, r = 0;

        dirfd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dirfd >= 0)
                n = scandirat(dirfd, ".", &names, is_record, alphasort);
        for (int i = 0; i < n; i++) {
                if (r >= 0)
                        r = add_file(bundles, dirfd, names[i]->d_name);
                free(names[i]);
        }
        free(names);
        return r;
}

int instances_add(json_t *bundles, struct fault *f)
{
        int r = 0;
        json_t *b;
        size_t i;

        json_array_foreach(bundles, i, b)
        {
                if (json_object_set_new(b, "instances", json_array()) < 0)
                        r = -ENOMEM;
        }
        if (r >= 0)
                r = add_folder(bundles, UNITS_RECORDS_PATH);
        if (r >= 0)
                r = add_folder(bundles, UNITS_WAKES_PATH);
        return r < 0 ? fault_set_errno(f, r, "cannot list instances") : 0;
}
