/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The one that reads for the scrub. Its input is a disk about which nothing is known; it changes no
 * byte of it, and its answer is one struct down a pipe. A fork of the agent, it must never touch what it has
 * of its parent's: the bus, the event loop, conversations with workers. */

#include "sealiftd/scrub_read.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "ground/io.h"

/* While a copy of a descriptor is open here, its other end does not see that the agent has closed it, and
 * the lock of the store is held. */
static int descriptors_keep(int a, int b)
{
        unsigned low = (unsigned)(a < b ? a : b), high = (unsigned)(a < b ? b : a);

        if (low > STDERR_FILENO + 1 && close_range(STDERR_FILENO + 1, low - 1, 0) < 0)
                return -errno;
        if (high > low + 1 && close_range(low + 1, high - 1, 0) < 0)
                return -errno;
        return close_range(high + 1, ~0U, 0) < 0 ? -errno : 0;
}

static int release_check(struct store *s, const char *bundle, const char *place, enum tree_depth depth,
                         int pipe, struct fault *f)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        _cleanup_close_ int tree = -EBADF;
        _cleanup_free_ char *text = NULL;
        struct release_ref release;
        size_t len;
        int r;

        r = store_release_find(s, bundle, place, &release, f);
        if (r >= 0)
                r = store_manifest_read(s, bundle, &release, &text, &len, f);
        if (r >= 0)
                r = manifest_parse(text, len, "manifest", &m, f);
        if (r < 0)
                return r;
        tree = store_tree_open(s, bundle, &release, f);
        if (tree < 0)
                return tree;
        r = descriptors_keep(tree, pipe);
        return r < 0 ? fault_set_errno(f, r, "cannot close") : tree_walk(tree, &m->content, depth, f);
}

/* What this process, or the machine, was short of says nothing about a disk. All else does: what it does not
 * give back is not there. */
static int verdict(int error)
{
        static const int ours[] = { -ENOMEM, -EMFILE, -ENFILE, -EAGAIN, -EINTR };

        for (size_t i = 0; i < ELEMENTSOF(ours); i++)
                if (error == ours[i])
                        return -EAGAIN;
        return error < 0 ? -EBADMSG : 0;
}

int scrub_read_begin(struct scrub_reader *x, struct store *s, const char *bundle, const char *place,
                     enum tree_depth depth, struct fault *f)
{
        pid_t parent = getpid(), pid;
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return fault_set_errno(f, -errno, "cannot look at releases");
        pid = fork();
        if (pid == 0) {
                struct fault why = {};

                (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
                if (getppid() != parent)
                        _exit(1);
                why.error = verdict(release_check(s, bundle, place, depth, fds[1], &why));
                _exit(io_write_full(fds[1], &why, sizeof(why)) < 0);
        }
        fds[1] = fd_close(fds[1]);
        if (pid < 0) {
                int r = fault_set_errno(f, -errno, "cannot look at releases");

                fds[0] = fd_close(fds[0]);
                return r;
        }
        x->pid = pid;
        x->pipe = fds[0];
        return 0;
}

void scrub_read_take(struct scrub_reader *x, struct fault *ret)
{
        struct fault f = {};
        size_t n = 0;

        if (io_read_full(x->pipe, &f, sizeof(f), &n) < 0 || n != sizeof(f))
                (void)fault_set(&f, -EAGAIN, "whoever looked at it ended before it was done");
        f.text[sizeof(f.text) - 1] = '\0';
        *ret = f;
}

void scrub_read_end(struct scrub_reader *x)
{
        x->pipe = fd_close(x->pipe);
        if (x->pid > 0) {
                (void)kill(x->pid, SIGKILL);
                (void)waitpid(x->pid, NULL, 0);
        }
        x->pid = 0;
}
