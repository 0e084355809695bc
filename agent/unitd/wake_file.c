/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The unit file of a socket or a timer, as systemd has it. Its input is a name and a text of facts/dropin.h;
 * it writes below UNITS_DROPINS_PATH alone. */

#include "unitd/wake_file.h"

#include <sys/stat.h>

#include "ground/io.h"
#include "unitd/wakes.h"

/* 1: the file is there with these very bytes; 0: it is there with others; -ENOENT: it is not there. Any
 * other error says nothing about it, and a socket that is stopped for nothing may not come back. */
static int file_compare(struct units *l, const char *held, const struct buffer *b, struct fault *f)
{
        _cleanup_free_ char *old = NULL;
        size_t len;
        int r;

        r = io_read_file_at(l->dropins_fd, held, WAKES_BYTES_MAX, &old, &len, f);
        if (r == -EFBIG)
                return 0;
        return r < 0 ? r : len == b->len && memcmp(old, b->data, len) == 0;
}

/* The bytes are right, and yet systemd may have others loaded: it could not reload when they were replaced,
 * or we were killed before we asked it to, or another unit has kept those of an earlier file. */
static int file_load(struct units *l, const char *held, struct fault *f)
{
        bool stale;
        int r;

        r = manager_is_stale(l->bus, held, &stale, f);
        if (r < 0 || !stale)
                return r;
        return manager_reload(l->bus, f);
}

/* One that changed is stopped first: what systemd has loaded is read anew at a reload only. */
int wake_file_install(struct units *l, const char *held, const struct buffer *b, struct fault *f)
{
        struct fault why = {};
        bool old;
        int r;

        r = file_compare(l, held, b, &why);
        if (r > 0)
                return file_load(l, held, f);
        if (r < 0 && r != -ENOENT)
                return fault_set(f, r, "%s/%s", UNITS_DROPINS_PATH, why.text);
        old = r == 0;
        r = old ? manager_run(MANAGER_JOB_STOP, held, f) : 0;
        if (r >= 0)
                r = io_replace_file_at(l->dropins_fd, held, b->data, b->len, 0644, f);
        if (r >= 0 && futimens(l->dropins_fd, NULL) < 0)
                r = fault_set_errno(f, -errno, "%s", UNITS_DROPINS_PATH);
        if (r < 0)
                return r;
        return old ? manager_reload(l->bus, f) : file_load(l, held, f);
}
