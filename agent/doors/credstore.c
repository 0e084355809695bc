/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Finds credentials by name. Root's folders, root's files; what is in them is for systemd alone to read. */

#include "doors/credstore.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "doors/host.h"
#include "ground/text.h"

/* In the order of systemd: what came to the machine, then its own files. */
static const char *const stores[][2] = {
        /* encrypted, plain */
        { "/run/credentials/@encrypted", "/run/credentials/@system" },
        { "/etc/credstore.encrypted", "/etc/credstore" },
        { "/run/credstore.encrypted", "/run/credstore" },
        { "/usr/local/lib/credstore.encrypted", "/usr/local/lib/credstore" },
        { "/usr/lib/credstore.encrypted", "/usr/lib/credstore" },
};

/* Links lead where they do on the host, not in the root of whoever looks, which may have another /home and
 * /tmp. A file, or a socket that somebody answers on; of anything else systemd would wait for ever, or say
 * nothing. */
static int source_look(const struct host *root, const char *source)
{
        char path[HOST_PATH_SIZE];
        struct stat st;
        int r;

        r = host_resolve(root, source, path);
        if (r >= 0 && fstatat(root->root, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
                r = -errno;
        if (r < 0)
                return r == -ENOTDIR ? -ENOENT : r;
        return S_ISREG(st.st_mode) || S_ISSOCK(st.st_mode) ? 0 : -EINVAL;
}

static int store_find(const struct host *root, struct credential *c, enum credential_kind kind)
{
        char source[CREDENTIAL_SOURCE_SIZE];

        for (size_t i = 0; i < ELEMENTSOF(stores); i++) {
                const char *store = stores[i][kind == CREDENTIAL_PLAIN];
                int r;

                if (snprintf(source, sizeof(source), "%s/%s", store, c->source) >= (int)sizeof(source))
                        return -ENAMETOOLONG;
                r = source_look(root, source);
                if (r >= 0) {
                        c->kind = kind;
                        return text_copy(c->source, sizeof(c->source), source);
                }
                if (r != -ENOENT)
                        return r;
        }
        return -ENOENT;
}

/* Encrypted first: whoever encrypted one and forgot the other wants it so. */
static int credential_find(const struct host *root, struct credential *c)
{
        int r = -ENOENT;

        if (*c->source == '/')
                return source_look(root, c->source);
        if (c->kind != CREDENTIAL_PLAIN)
                r = store_find(root, c, CREDENTIAL_ENCRYPTED);
        if (r == -ENOENT && c->kind != CREDENTIAL_ENCRYPTED)
                r = store_find(root, c, CREDENTIAL_PLAIN);
        return r;
}

static int credential_is_missing(const struct manifest *m, const struct service *s,
                                 const struct credential *c, int error, struct fault *f)
{
        if (error != -ENOENT)
                return fault_set_errno(f, error, "bundle %s, service %s: the credential '%s' from %s",
                                       m->place, s->name, c->id, c->source);
        if (*c->source == '/')
                return fault_set(f, -ENOENT,
                                 "bundle %s, service %s: the credential '%s' should be in %s, which is not "
                                 "there; see sealift-bundles.d(5)",
                                 m->place, s->name, c->id, c->source);
        return fault_set(f, -ENOENT,
                         "bundle %s, service %s: this host has no credential '%s'; put it into "
                         "/etc/credstore%s/%s, or name another in /etc/sealift/bundles.d/%s.conf",
                         m->place, s->name, c->id, c->kind == CREDENTIAL_ENCRYPTED ? ".encrypted" : "",
                         c->source, m->name);
}

static int service_resolve(const struct host *root, const struct manifest *m, struct service *s,
                           struct fault *f)
{
        size_t n = 0;

        for (size_t i = 0; i < s->n_credentials; i++) {
                struct credential c = s->credentials[i];
                int r;

                r = credential_find(root, &c);
                if (r == -ENOENT && c.optional)
                        continue;
                if (r < 0)
                        return credential_is_missing(m, s, &c, r, f);
                s->credentials[n++] = c;
        }
        s->n_credentials = n;
        return 0;
}

int credstore_resolve(const char *root, struct manifest *m, struct fault *f)
{
        struct host h;
        int r;

        r = host_open(&h, root, f);
        if (r < 0)
                return r;
        for (size_t i = 0; r >= 0 && i < m->n_services; i++)
                r = service_resolve(&h, m, m->services + i, f);
        host_close(&h);
        return r;
}
