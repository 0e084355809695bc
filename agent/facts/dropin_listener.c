/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A listener of one unit alone: whoever asks after the health of a release must get no answer of another one
 * that shares its sockets. Its input as in dropin.c. Touches nothing but memory. */

#include "facts/digest.h"
#include "facts/dropin_parts.h"
#include "facts/name.h"

/* Names of bundles and sockets hold no dot, so no socket of a bundle "probe" has as many of them. */
void dropin_listener_name(const char *place, const char *socket, const char *digest, unsigned n,
                          char ret[static UNIT_NAME_SIZE])
{
        (void)snprintf(ret, UNIT_NAME_SIZE, "sealift-probe.%.*s.%.*s.%.*s-%u.socket", PLACE_SIZE - 1, place,
                       NAME_SIZE - 1, socket, DIGEST_SHORT, digest, n);
}

int dropin_listener_path(const char *name, char ret[static DROPIN_LISTENER_PATH_SIZE])
{
        char sum[DIGEST_HEX_SIZE];
        int r;

        r = digest_hex(name, strlen(name), sum);
        if (r < 0)
                return r;
        (void)snprintf(ret, DROPIN_LISTENER_PATH_SIZE, LISTENERS_PATH "/%.32s", sum);
        return 0;
}

/* Its folder is root's alone: only those into whose root it is bound can connect. It stops with its unit: to
 * systemd a question that nobody has taken would be a reason to start that again (systemd.socket(5)). */
int dropin_write_listener(const struct manifest *m, const struct socket_unit *s, const char *name,
                          const char *unit, struct buffer *out, struct fault *f)
{
        const char *known = manifest_get_socket(s, "FileDescriptorName");
        char path[DROPIN_LISTENER_PATH_SIZE];

        if (!name_valid(m->name) || !name_valid(s->name) || (known && !name_valid(known)))
                return fault_set(f, -EINVAL, "a name in the manifest is not one");
        if (dropin_listener_path(name, path) < 0)
                return fault_set(f, -ENOMEM, "%s", name);
        buffer_printf(out,
                      "# Written by sealift-unitd: through this it asks after the health of one unit.\n"
                      "[Unit]\n"
                      "Description=%s: private listener beside %s\n"
                      "PartOf=%s\n"
                      "\n"
                      "[Socket]\n"
                      "Service=%s\n"
                      "ListenStream=%s\n"
                      "SocketMode=0666\n"
                      "DirectoryMode=0700\n"
                      "RemoveOnStop=yes\n"
                      "FileDescriptorName=%s\n",
                      m->place, s->name, unit, unit, path, known ? known : s->name);
        return out->error < 0 ? fault_set_errno(f, out->error, "%s", name) : 0;
}
