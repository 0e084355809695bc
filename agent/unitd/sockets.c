/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A socket is a plain unit file in /run, the same for all releases that ask for the same listeners, so that
 * it need not be touched when they change. Its Service= is the shipped sealift-wake@.service, which has no
 * process: when it becomes active there is a connection, and whoever was last to hold the socket is started
 * if it does not run (on_wake of struct units). */

#include "unitd/sockets.h"

#include <dirent.h>
#include <sys/stat.h>

#include "facts/dropin.h"
#include "ground/io.h"

#define MANAGER_NAME "org.freedesktop.systemd1"

enum { SOCKET_BYTES_MAX = 64 * 1024 };

struct wake {
        struct wake *next;
        struct units *units;
        struct record record; /* whom it wakes; record.unit is no unit that exists */
        char socket[UNIT_NAME_SIZE];
        char unit[UNIT_NAME_SIZE]; /* sealift-wake@... */
        sd_bus_slot *changes;
};

static struct wake *wake_free(struct wake *w)
{
        if (w)
                w->changes = sd_bus_slot_unref(w->changes);
        free(w);
        return NULL;
}
DEFINE_POINTER_CLEANUP(struct wake, wake_free)

void sockets_free(struct units *l)
{
        while (l->wakes) {
                struct wake *w = l->wakes;

                l->wakes = w->next;
                (void)wake_free(w);
        }
}

static struct wake *wake_find(const struct units *l, const char *socket)
{
        for (struct wake *w = l->wakes; w; w = w->next)
                if (str_eq(w->socket, socket))
                        return w;
        return NULL;
}

static bool wake_is_of(const struct wake *w, const struct unitd_request *q)
{
        return str_eq(w->record.bundle, q->bundle) && str_eq(w->record.version, q->version) &&
               str_eq(w->record.digest, q->digest);
}

/* A connection waits where the wake service is up. */
static void wake_look(struct wake *w)
{
        struct manager_status s;
        struct fault f;

        if (w->record.resting || manager_status(w->units->bus, w->unit, &s, &f) < 0 ||
            !str_eq(s.active, "active"))
                return;
        if (w->units->on_wake)
                w->units->on_wake(w->units->userdata, &w->record);
}

static int on_changed(sd_bus_message *m, void *userdata, sd_bus_error *e)
{
        wake_look(userdata);
        return 0;
}

static int wake_watch(struct wake *w, struct fault *f)
{
        _cleanup_free_ char *path = NULL;
        int r;

        r = manager_path(w->unit, &path);
        if (r >= 0)
                r = sd_bus_match_signal(w->units->bus, &w->changes, MANAGER_NAME, path,
                                        "org.freedesktop.DBus.Properties", "PropertiesChanged", on_changed,
                                        w);
        return r < 0 ? fault_set_errno(f, r, "%s: cannot watch it", w->unit) : 0;
}

static int wake_add(struct units *l, const char *socket, struct wake **ret, struct fault *f)
{
        _cleanup_(wake_freep) struct wake *w = NULL;
        int r;

        w = calloc(1, sizeof(*w));
        if (!w)
                return fault_set_errno(f, -ENOMEM, "%s", socket);
        w->units = l;
        (void)snprintf(w->socket, sizeof(w->socket), "%s", socket);
        /* "sealift-<bundle>.<name>.socket" becomes "sealift-wake@<bundle>.<name>.service" */
        (void)snprintf(w->unit, sizeof(w->unit), "sealift-wake@%.*s.service",
                       (int)(strlen(socket) - STRLEN("sealift-") - STRLEN(".socket")),
                       socket + STRLEN("sealift-"));
        r = wake_watch(w, f);
        if (r < 0)
                return r;
        w->next = l->wakes;
        l->wakes = w;
        *ret = TAKE_PTR(w);
        return 0;
}

static int wake_save(struct wake *w, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(RECORD_BYTES_MAX);
        int r;

        r = record_write(&w->record, &b);
        if (r < 0)
                return fault_set_errno(f, r, "%s: cannot write its record", w->socket);
        return io_replace_file_at(w->units->wakes_fd, w->socket, b.data, b.len, 0644, f);
}

static int wake_set(struct units *l, const struct manifest *m, const struct socket_unit *s,
                    const struct unitd_request *q, const char *socket, struct fault *f)
{
        struct wake *w = wake_find(l, socket);
        struct record *record;
        int r;

        if (!w) {
                r = wake_add(l, socket, &w, f);
                if (r < 0)
                        return r;
        }
        record = &w->record;
        *record = (struct record){ .attempt = q->attempt };
        memcpy(record->bundle, q->bundle, sizeof(record->bundle));
        memcpy(record->instance, m->instance, sizeof(record->instance));
        memcpy(record->version, q->version, sizeof(record->version));
        memcpy(record->digest, q->digest, sizeof(record->digest));
        memcpy(record->dropin, q->digest, sizeof(record->dropin));
        memcpy(record->config, q->digest, sizeof(record->config));
        manifest_taker(s, record->service);
        if (s->proxy)
                memcpy(record->serves, s->service, sizeof(record->serves));
        (void)snprintf(record->unit, sizeof(record->unit), "sealift-%s.%s.service", m->place,
                       record->service);
        return wake_save(w, f);
}

/* Whether the file was there with these very bytes; *ret_old: it was there with others. */
static int socket_compare(struct units *l, const char *socket, const struct buffer *b, bool *ret_old)
{
        _cleanup_free_ char *old = NULL;
        struct fault ignored;
        size_t len;
        int r;

        r = io_read_file_at(l->dropins_fd, socket, SOCKET_BYTES_MAX, &old, &len, &ignored);
        *ret_old = r != -ENOENT;
        return r >= 0 && len == b->len && memcmp(old, b->data, len) == 0;
}

/* A changed socket closes its listeners first: a file that systemd has loaded is read anew at a reload only.
 */
static int socket_install(struct units *l, const char *socket, const struct buffer *b, struct fault *f)
{
        bool old;
        int r;

        if (socket_compare(l, socket, b, &old))
                return 0;
        r = old ? manager_run(MANAGER_JOB_STOP, socket, f) : 0;
        if (r >= 0)
                r = io_replace_file_at(l->dropins_fd, socket, b->data, b->len, 0644, f);
        if (r >= 0 && futimens(l->dropins_fd, NULL) < 0)
                r = fault_set_errno(f, -errno, "%s", UNITS_DROPINS_PATH);
        if (r >= 0 && old)
                r = manager_reload(l->bus, f);
        return r;
}

static int socket_hold(struct units *l, const struct manifest *m, const struct socket_unit *s,
                       const struct unitd_request *q, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(SOCKET_BYTES_MAX);
        char socket[UNIT_NAME_SIZE];
        int r;

        dropin_socket_name(m->place, s->name, socket);
        r = dropin_write_socket(m, s, &b, f);
        if (r >= 0)
                r = socket_install(l, socket, &b, f);
        if (r >= 0)
                r = wake_set(l, m, s, q, socket, f);
        return r < 0 ? r : manager_run(MANAGER_JOB_START, socket, f);
}

int sockets_hold(struct units *l, const struct manifest *m, const struct unitd_request *q, struct fault *f)
{
        for (size_t i = 0; i < m->n_sockets; i++) {
                int r;

                r = socket_hold(l, m, m->sockets + i, q, f);
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Written down, since a unitd that starts again must not wake what was stopped, or what failed. */
void sockets_rest(struct units *l, const struct unitd_request *q)
{
        struct fault ignored;

        for (struct wake *w = l->wakes; w; w = w->next)
                if (wake_is_of(w, q) && !w->record.resting) {
                        w->record.resting = true;
                        (void)!wake_save(w, &ignored);
                }
}

void sockets_listen_again(struct units *l, const struct unit *u)
{
        for (struct wake *w = l->wakes; w; w = w->next) {
                _cleanup_free_ char *job = NULL;
                struct fault ignored;

                if (str_eq(w->record.bundle, u->record.bundle) &&
                    str_eq(w->record.instance, u->record.instance) &&
                    (str_eq(w->record.service, u->record.service) ||
                     str_eq(w->record.serves, u->record.service)))
                        (void)!manager_stop(l->bus, w->unit, &job, &ignored);
        }
}

static void socket_close(struct units *l, struct wake *w)
{
        struct fault ignored;

        (void)!manager_run(MANAGER_JOB_STOP, w->socket, &ignored);
        (void)!manager_run(MANAGER_JOB_STOP, w->unit, &ignored);
        (void)unlinkat(l->dropins_fd, w->socket, 0);
        (void)unlinkat(l->wakes_fd, w->socket, 0);
        (void)wake_free(w);
}

/* Those of the release, but not of an instance in keep. */
static void close_all(struct units *l, const struct unitd_request *q, const struct effective *keep)
{
        for (struct wake **p = &l->wakes; *p;) {
                struct wake *w = *p;

                if (!wake_is_of(w, q) || (keep && effective_find(keep, w->record.instance))) {
                        p = &w->next;
                        continue;
                }
                *p = w->next;
                socket_close(l, w);
        }
}

void sockets_close(struct units *l, const struct unitd_request *q)
{
        close_all(l, q, NULL);
}

void sockets_close_instances(struct units *l, const struct unitd_request *q, const struct effective *e)
{
        close_all(l, q, e);
}

static int wake_take_over(struct units *l, const char *socket, struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        struct record record;
        struct wake *w;
        size_t len;
        int r;

        r = io_read_file_at(l->wakes_fd, socket, RECORD_BYTES_MAX, &text, &len, f);
        if (r >= 0)
                r = record_parse(text, len, socket, &record, f);
        if (r >= 0)
                r = wake_add(l, socket, &w, f);
        if (r < 0)
                return r;
        w->record = record;
        wake_look(w);
        return 0;
}

static int is_socket(const struct dirent *e)
{
        return str_has_prefix(e->d_name, "sealift-") && str_has_suffix(e->d_name, ".socket");
}

int sockets_rebuild(struct units *l, struct fault *f)
{
        struct dirent **names = NULL;
        int n;

        n = scandirat(l->wakes_fd, ".", &names, is_socket, alphasort);
        if (n < 0)
                return fault_set_errno(f, -errno, "%s", UNITS_WAKES_PATH);
        for (int i = 0; i < n; i++) {
                struct fault ignored;

                /* An unreadable one is made anew by the next start of its release. */
                (void)!wake_take_over(l, names[i]->d_name, &ignored);
                free(names[i]);
        }
        free(names);
        return 0;
}
