/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A unit's drop-in on disk, in the folder where PID 1 looks for it; its text is facts/dropin's. */

#include "unitd/unit_dropin.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "facts/dropin.h"
#include "ground/io.h"
#include "ground/paths.h"
#include "unitd/listeners.h"

void unit_dropin_folder(const char *unit, char ret[static UNIT_NAME_SIZE + 2])
{
        (void)snprintf(ret, UNIT_NAME_SIZE + 2, "%s.d", unit);
}

/* systemd caches which drop-in folders there are by the mtime of this directory, and a folder made within
 * one tick of the clock after its last look is missed; a mtime that is set is a new one. */
int unit_dropin_announce(int dropins_fd, struct fault *f)
{
        return futimens(dropins_fd, NULL) < 0
                       ? fault_set_errno(f, -errno, "%s: cannot set its time", UNITS_DROPINS_PATH)
                       : 0;
}

int unit_dropin_install(int dropins_fd, const char *unit, const struct buffer *b, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        char folder[UNIT_NAME_SIZE + 2];
        int r;

        unit_dropin_folder(unit, folder);
        if (mkdirat(dropins_fd, folder, 0755) < 0 && errno != EEXIST)
                return fault_set_errno(f, -errno, "%s/%s: cannot make it", UNITS_DROPINS_PATH, folder);
        fd = openat(dropins_fd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return fault_set_errno(f, -errno, "%s/%s: cannot open it", UNITS_DROPINS_PATH, folder);
        r = io_replace_file_at(fd, DROPIN_NAME, b->data, b->len, 0644, f);
        return r < 0 ? fault_prefix(f, "%s/%s", UNITS_DROPINS_PATH, folder) : 0;
}

int unit_dropin_remove(struct units *l, const char *unit)
{
        static const char *const files[] = { DROPIN_NAME,
                                             "." DROPIN_NAME ".new" /* of a unitd that was killed */ };
        _cleanup_close_ int fd = -EBADF;
        char folder[UNIT_NAME_SIZE + 2];
        int r;

        unit_dropin_folder(unit, folder);
        fd = openat(l->dropins_fd, folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
                return errno == ENOENT ? 0 : -errno;
        r = listeners_remove(l, fd);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTSOF(files); i++)
                if (unlinkat(fd, files[i], 0) < 0 && errno != ENOENT)
                        return -errno;
        /* It stays where an operator added one. */
        return unlinkat(l->dropins_fd, folder, AT_REMOVEDIR) < 0 && errno != ENOTEMPTY ? -errno : 0;
}
