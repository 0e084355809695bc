/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Runs a fuzz target over its corpus, without libFuzzer: each file is one check. The program's name is the
 * target's, fuzz-NAME; its corpus is tests/fuzz/corpus-NAME. A finding becomes a file there. */

#include <dirent.h>
#include <limits.h>

#include "ground/io.h"
#include "tap.h"

#define REPLAY_MAX ((size_t)16 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int is_visible(const struct dirent *d)
{
        return d->d_name[0] != '.';
}

static void replay(int dirfd, const char *name)
{
        _cleanup_free_ char *data = NULL;
        size_t len;

        if (tap_ok(io_read_file_at(dirfd, name, REPLAY_MAX, &data, &len, NULL) >= 0, "%s is read", name))
                tap_int(LLVMFuzzerTestOneInput((const uint8_t *)data, len), 0, "%s is survived", name);
}

int main(int argc, char **argv)
{
        const char *top = getenv("top_srcdir"), *name = strrchr(argv[0], '/');
        _cleanup_close_ int fd = -EBADF;
        struct dirent **names = NULL;
        char path[PATH_MAX];
        int n;

        name = name ? name + 1 : argv[0];
        name = str_has_prefix(name, "fuzz-") ? name + STRLEN("fuzz-") : name;
        (void)snprintf(path, sizeof(path), "%s/tests/fuzz/corpus-%s", top ? top : ".", name);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        n = fd < 0 ? -1 : scandirat(fd, ".", &names, is_visible, alphasort);
        tap_ok(n > 0, "there is a corpus in %s", path);
        for (int i = 0; i < n; i++) {
                replay(fd, names[i]->d_name);
                free(names[i]);
        }
        free(names);
        return tap_done();
}
