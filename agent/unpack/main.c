/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* sealift-unpack: a pure function. Descriptor 0 is a socket on which sealiftd sends one verified bundle;
 * back go its entries, then the program ends. It has no network, no file system and no rights (see its
 * unit), and takes the rest of what it could do from itself before the first byte. */

#include <locale.h>
#include <sys/resource.h>

#include "ground/args.h"
#include "ground/message.h"
#include "unpack/tarball.h"

enum unpack_state { FRESH, STARTED };

static const struct message_rule rules[] = {
        { UNPACK_START, "UNPACK_START", 1 << FRESH, sizeof(struct unpack_start), sizeof(struct unpack_start),
          true, STARTED },
};

/* A sparse map or pax record made to exhaust memory gets a failed malloc() long before the machine feels it;
 * an honest bundle needs 10 MiB, 8 of them zstd's window. Nothing can be opened once the bundle has come. */
static const struct limit {
        int resource;
        rlim_t value;
} limits[] = {
#ifndef WITH_SANITIZERS
        { RLIMIT_DATA, 32 << 20 },
        { RLIMIT_STACK, 1 << 20 },
#endif
        { RLIMIT_NOFILE, STDERR_FILENO + 2 },
        { RLIMIT_CORE, 0 },
};

static int limits_apply(struct fault *f)
{
        if (close_range(STDERR_FILENO + 1, ~0u, 0) < 0)
                return fault_set_errno(f, -errno, "cannot close what was inherited");
        for (size_t i = 0; i < ELEMENTSOF(limits); i++) {
                struct rlimit limit = { .rlim_cur = limits[i].value, .rlim_max = limits[i].value };

                if (setrlimit((__rlimit_resource_t)limits[i].resource, &limit) < 0)
                        return fault_set_errno(f, -errno, "cannot limit resource %d", limits[i].resource);
        }
        return 0;
}

static int peer_fault(int error, struct fault *f)
{
        if (error < 0)
                return fault_set_errno(f, error, "cannot answer");
        return 0;
}

static int on_entry(void *userdata, const struct unpack_entry *e, struct fault *f)
{
        const int *sock = userdata;

        return peer_fault(message_send(*sock, UNPACK_ENTRY, e, sizeof(*e), -EBADF), f);
}

static int on_data(void *userdata, const void *data, size_t len, struct fault *f)
{
        const int *sock = userdata;

        return peer_fault(message_send(*sock, UNPACK_DATA, data, len, -EBADF), f);
}

static int failure_send(int sock, const struct fault *f)
{
        struct unpack_failed failed = { .error = f->error };

        memcpy(failed.text, f->text, sizeof(failed.text));
        return message_send(sock, UNPACK_FAILED, &failed, sizeof(failed), -EBADF);
}

/* What is wrong with the bundle is told to the peer and is no failure of this program. */
static int unpack_serve(int sock, struct fault *f)
{
        static struct message m;
        const struct tarball_sink sink = { on_entry, on_data, &sock };
        struct unpack_start start;
        unsigned state = FRESH;
        int r;

        r = message_receive(sock, rules, ELEMENTSOF(rules), &state, &m, f);
        if (r <= 0)
                return r;
        memcpy(&start, m.payload, sizeof(start));
        r = tarball_unpack(m.fd, &start, &sink, f);
        message_done(&m);
        r = r < 0 ? failure_send(sock, f) : message_send(sock, UNPACK_END, NULL, 0, -EBADF);
        return r == -EPIPE ? 0 : peer_fault(r, f);
}

int main(int argc, char *argv[])
{
        static const struct args_command command = {
                .name = "sealift-unpack",
                .operands = "",
                .help = "unpacks one bundle for sealiftd; started by systemd with a socket as standard "
                        "input",
        };
        struct fault f = {};
        char **operands;
        int n, status, r = 0;

        if (args_begin(&command, argc, argv, &operands, &n, &status) == ARGS_DONE)
                return status;
        /* libarchive converts pax names to the locale's charset, and refuses or mangles what does not fit.
         */
        if (!setlocale(LC_CTYPE, "C.UTF-8"))
                r = fault_set(&f, -EINVAL, "the C.UTF-8 locale is missing; install libc-bin");
        if (r >= 0)
                r = limits_apply(&f);
        if (r >= 0)
                r = unpack_serve(STDIN_FILENO, &f);
        if (r < 0) /* sd-daemon(3): <3> is LOG_ERR, which the unit's LogLevelMax= lets through */
                fprintf(stderr, "<3>%s\n", f.text);
        return r < 0 ? EXIT_STATUS_FAILED : EXIT_STATUS_OK;
}
