/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Puts names and paths of a host around the texts of facts/dropin. Opens nothing. */

#include "ctl/unit_text.h"

#include "facts/dropin.h"
#include "facts/name.h"
#include "ground/paths.h"

void unit_text_done(struct unit_text *t)
{
        buffer_done(&t->text);
}

void unit_text_dropin_path(const char *unit, char ret[static UNIT_TEXT_PATH_SIZE])
{
        (void)snprintf(ret, UNIT_TEXT_PATH_SIZE, "%s/%s.d/%s", UNITS_DROPINS_PATH, unit, DROPIN_NAME);
}

int unit_text_service(const struct manifest *m, const struct service *s, const char *digest,
                      const char *profile, struct unit_text *ret, struct fault *f)
{
        struct unit_text t = { .text = BUFFER_INIT(DROPIN_BYTES_MAX) };
        char tree[sizeof(RELEASES_PATH) + NAME_SIZE + NAME_RELEASE_SIZE + sizeof("/tree")];
        char root[sizeof(UNITS_ROOTS_PATH) + UNIT_NAME_SIZE], release[NAME_RELEASE_SIZE];
        const struct dropin d = { .manifest = m,
                                  .service = s,
                                  .digest = digest,
                                  .profile = profile,
                                  .tree = tree,
                                  .root = root,
                                  .attempt = 1 };
        int r;

        name_unit(m->place, s->name, m->version, digest, 1, t.unit);
        name_release(m->version, digest, release);
        unit_text_dropin_path(t.unit, t.path);
        (void)snprintf(tree, sizeof(tree), "%s/%s/%s/tree", RELEASES_PATH, m->name, release);
        (void)snprintf(root, sizeof(root), "%s/%s", UNITS_ROOTS_PATH, t.unit);
        r = dropin_write(&d, &t.text, f);
        if (r < 0) {
                unit_text_done(&t);
                return r;
        }
        *ret = t;
        return 0;
}

size_t unit_text_count(const struct manifest *m)
{
        return m->n_sockets + m->n_timers;
}

int unit_text_other(const struct manifest *m, size_t i, struct unit_text *ret, struct fault *f)
{
        struct unit_text t = { .text = BUFFER_INIT(DROPIN_BYTES_MAX) };
        int r;

        if (i < m->n_sockets) {
                dropin_socket_name(m->place, m->sockets[i].name, t.unit);
                r = dropin_write_socket(m, m->sockets + i, &t.text, f);
        } else {
                dropin_timer_name(m->place, m->timers[i - m->n_sockets].name, t.unit);
                r = dropin_write_timer(m, m->timers + (i - m->n_sockets), &t.text, f);
        }
        if (r < 0) {
                unit_text_done(&t);
                return r;
        }
        (void)snprintf(t.path, sizeof(t.path), "%s/%s", UNITS_DROPINS_PATH, t.unit);
        *ret = t;
        return 0;
}

void unit_text_print(const struct unit_text *t)
{
        printf("# %s\n%s\n", t->path, t->text.data ? t->text.data : "");
}
