/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Makes, stops and forgets units. What PID 1 is told comes from facts/dropin alone; this file puts it where
 * PID 1 looks, in an order in which a power cut or a crash leaves nothing that could start. */

#include "unitd/unit.h"

#include <sys/stat.h>
#include <syslog.h>
#include <time.h>

#include "doors/apparmor.h"
#include "doors/journal.h"
#include "doors/policydir.h"
#include "doors/sitedir.h"
#include "facts/config.h"
#include "facts/digest.h"
#include "facts/dropin.h"
#include "facts/name.h"
#include "ground/io.h"
#include "ground/text.h"
#include "unitd/doubt.h"
#include "unitd/host.h"
#include "unitd/listeners.h"
#include "unitd/skeleton.h"
#include "unitd/watch.h"
#include "unitd/unit_dropin.h"

/* A name is free when systemd has forgotten the last unit of it. More starts of one release than this in one
 * boot are a loop. */
enum { UNIT_NUMBER_MAX = 10000 };

/* Behind the bus: systemd sends some thirty signals for one restart, and what is read from it after the last
 * of them is what the others would have shown. */
#define LOOK_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 1)

static int on_deferred(sd_event_source *s, void *userdata)
{
        struct units *l = userdata;

        l->change = sd_event_source_disable_unref(l->change);
        for (struct unit *u = l->first; u; u = u->next)
                if (u->dirty)
                        watch_look(u);
        l->on_change(l->userdata);
        return 0;
}

void units_changed(struct units *l)
{
        if (l->change || !l->on_change)
                return;
        if (sd_event_add_defer(l->event, &l->change, on_deferred, l) < 0 ||
            sd_event_source_set_priority(l->change, LOOK_PRIORITY) < 0)
                sd_event_exit(l->event, EXIT_FAILURE); /* out of memory: systemd starts us again, and all is
                                                          rebuilt */
}

void unit_set_state(struct unit *u, enum unit_state state)
{
        struct timespec now;

        (void)clock_gettime(CLOCK_REALTIME, &now);
        u->state = state;
        u->since_usec = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
        units_changed(u->units);
}

bool unit_is_of(const struct unit *u, const struct unitd_request *q)
{
        return str_eq(u->record.bundle, q->bundle) && str_eq(u->record.version, q->version) &&
               str_eq(u->record.digest, q->digest);
}

int unit_save(struct unit *u, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(RECORD_BYTES_MAX);
        int r;

        r = record_write(&u->record, &b);
        if (r < 0)
                return fault_set_errno(f, r, "%s: cannot write its record", u->record.unit);
        return io_replace_file_at(u->units->records_fd, u->record.unit, b.data, b.len, 0644, f);
}

/* The record goes last, so that whatever is still there has one, and the next start of ours finds it. */
void unit_remove_files(struct units *l, const char *unit)
{
        struct fault f;

        if (unit_dropin_remove(l, unit) >= 0 && skeleton_remove(l->roots_fd, unit, &f) >= 0)
                (void)unlinkat(l->records_fd, unit, 0);
}

static struct unit *unit_new(struct units *l, const struct record *record)
{
        struct unit *u = calloc(1, sizeof(*u));

        if (!u)
                return NULL;
        u->units = l;
        u->record = *record;
        u->state = UNIT_STARTING;
        u->next = l->first;
        l->first = u;
        l->n++;
        return u;
}

struct unit *unit_free(struct unit *u)
{
        if (!u)
                return NULL;
        for (struct unit **p = &u->units->first; *p; p = &(*p)->next)
                if (*p == u) {
                        *p = u->next;
                        u->units->n--;
                        break;
                }
        u->changes = sd_bus_slot_unref(u->changes);
        u->settle = sd_event_source_disable_unref(u->settle);
        u->again = sd_event_source_disable_unref(u->again);
        doubt_end(u);
        if (u->ended) {
                if (u->record.job)
                        manager_forget(u->units->bus, u->record.unit);
                manager_unref(u->units->bus, u->record.unit);
                unit_remove_files(u->units, u->record.unit);
        }
        free(u->job);
        free(u);
        return NULL;
}
DEFINE_POINTER_CLEANUP(struct unit, unit_free)

struct order { /* names borrowed from the list of units */
        const char *after[MANIFEST_SERVICES_MAX], *before[MANIFEST_SERVICES_MAX];
        size_t n_after, n_before;
};

/* A service has one unit that runs, or one that ends beside the next: the list is bounded all the same. */
static struct order order_of(const struct unit *u, const struct manifest *m, const struct service *s)
{
        struct order order = {};

        for (const struct unit *other = u->units->first; other; other = other->next) {
                const struct service *o = manifest_find_service(m, other->record.service);

                if (!o || other->ended || !str_eq(other->record.bundle, u->record.bundle) ||
                    !str_eq(other->record.digest, u->record.digest) ||
                    !str_eq(other->record.instance, u->record.instance))
                        continue;
                if (manifest_is_after(s, o->name) && order.n_after < ELEMENTSOF(order.after))
                        order.after[order.n_after++] = other->record.unit;
                else if (manifest_is_after(o, s->name) && order.n_before < ELEMENTSOF(order.before))
                        order.before[order.n_before++] = other->record.unit;
        }
        return order;
}

int unit_site(char ret[static DIGEST_HEX_SIZE], struct fault *f)
{
        static const char *const folders[] = { CONFIG_POLICY_PATH, CONFIG_BUNDLES_PATH };
        int r;

        r = sitedir_digest(folders, ELEMENTSOF(folders), ret);
        return r < 0 ? fault_set_errno(f, r, "cannot compute a sum") : 0;
}

int unit_config(const struct manifest *m, const struct service *s, const struct unitd_request *q,
                char ret[static DIGEST_HEX_SIZE], struct fault *f)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(2 * DROPIN_BYTES_MAX);
        char tree[RELEASE_PATH_SIZE];
        const struct dropin d = {
                .manifest = m, .service = s, .digest = q->digest, .tree = tree, .root = UNITS_ROOTS_PATH
        };
        int r;

        release_tree_path(q, tree);
        r = dropin_write(&d, &b, f);
        for (size_t i = 0; r >= 0 && i < m->n_sockets; i++)
                if (manifest_takes(m->sockets + i, s))
                        r = dropin_write_socket(m, m->sockets + i, &b, f);
        if (r < 0)
                return r;
        r = digest_hex(b.data, b.len, ret);
        return r < 0 ? fault_set_errno(f, r, "cannot compute a sum") : 0;
}

static int unit_write_files(struct units *l, struct unit *u, const struct manifest *m,
                            const struct service *s, const struct unitd_request *q, struct fault *f)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(DROPIN_BYTES_MAX);
        struct listeners listeners = {};
        char tree[RELEASE_PATH_SIZE], root[sizeof(UNITS_ROOTS_PATH) + UNIT_NAME_SIZE];
        const struct order order = order_of(u, m, s);
        const struct dropin d = { .manifest = m,
                                  .service = s,
                                  .digest = q->digest,
                                  .attempt = q->attempt,
                                  .after = order.after,
                                  .before = order.before,
                                  .n_after = order.n_after,
                                  .n_before = order.n_before,
                                  .listeners = listeners.list,
                                  .n_listeners = listeners_name(&listeners, m, s, q, u->record.unit),
                                  .profile = u->record.promise.profile,
                                  .tree = tree,
                                  .root = root };
        int r;

        release_tree_path(q, tree);
        (void)snprintf(root, sizeof(root), "%s/%s", UNITS_ROOTS_PATH, u->record.unit);
        r = dropin_write(&d, &b, f);
        if (r < 0)
                return r;
        r = digest_hex(b.data, b.len, u->record.dropin);
        if (r < 0)
                return fault_set_errno(f, r, "cannot compute a sum");
        r = unit_save(u, f);
        if (r >= 0)
                r = skeleton_make(l->roots_fd, u->record.unit, s->sandbox.root, f);
        if (r >= 0)
                r = unit_dropin_install(l->dropins_fd, u->record.unit, &b, f);
        /* Behind what names them, or one that breaks off here would leave them behind. */
        if (r >= 0)
                r = listeners_install(l, &listeners, m, u->record.unit, f);
        return r < 0 ? r : unit_dropin_announce(l->dropins_fd, f);
}

/* A record stands from before a unit is made until after it is gone. */
static bool name_is_taken(struct units *l, const char *unit)
{
        char folder[UNIT_NAME_SIZE + 2];
        struct stat st;

        unit_dropin_folder(unit, folder);
        return fstatat(l->records_fd, unit, &st, AT_SYMLINK_NOFOLLOW) >= 0 ||
               fstatat(l->dropins_fd, folder, &st, AT_SYMLINK_NOFOLLOW) >= 0;
}

static int name_choose(struct units *l, const struct manifest *m, const struct service *s,
                       const struct unitd_request *q, unsigned *n, char ret[static UNIT_NAME_SIZE],
                       struct fault *f)
{
        while (++*n <= UNIT_NUMBER_MAX) {
                name_unit(m->place, s->name, q->version, q->digest, *n, ret);
                if (!name_is_taken(l, ret))
                        return 0;
        }
        return fault_set(f, -EFBIG, "%s %s: no unit name is free for %s", q->bundle, q->version, s->name);
}

/* Where systemd did not answer in time, it may have started the unit all the same; where it refused to start
 * one, our reference keeps it loaded. */
static void unit_withdraw(struct units *l, const char *unit, int error)
{
        _cleanup_free_ char *job = NULL;
        struct fault f;

        if (error != -EEXIST) {
                (void)!manager_stop(l->bus, unit, &job, &f);
                manager_unref(l->bus, unit);
        }
        unit_remove_files(l, unit);
}

/* systemd knows of it: from now on, one of which it knows nothing any more has run, and ended well. Where
 * that cannot be written down, what is told of it is that it has not. */
static void unit_note_start(struct unit *u)
{
        struct fault ignored;

        if (!u->record.planned)
                return;
        u->record.planned = false;
        (void)!unit_save(u, &ignored);
}

static int unit_try(struct units *l, const struct manifest *m, const struct service *s,
                    const struct unitd_request *q, const struct record *record, struct unit **ret,
                    struct fault *f)
{
        _cleanup_(unit_freep) struct unit *u = NULL;
        char description[PLACE_SIZE + NAME_SIZE + VERSION_SIZE + 16];
        int r;

        u = unit_new(l, record);
        if (!u)
                return fault_set_errno(f, -ENOMEM, "%s", record->unit);
        (void)snprintf(description, sizeof(description), "%s %s: %s", m->place, m->version, s->name);
        r = unit_write_files(l, u, m, s, q, f);
        if (r >= 0)
                r = watch_unit(u, f);
        if (r >= 0)
                r = manager_start(l->bus, u->record.unit, description, record->job, &u->job, f);
        if (r < 0) {
                unit_withdraw(l, u->record.unit, r);
                return r;
        }
        unit_note_start(u);
        unit_set_state(u, UNIT_STARTING);
        *ret = TAKE_PTR(u);
        return 0;
}

/* Looked up at each start: profiles may have been loaded since the last one, or have gone. */
static int confine(const struct manifest *m, const struct service *s, char ret[static PROMISE_PROFILE_SIZE],
                   struct fault *f)
{
        _cleanup_(policy_freep) struct policy *p = NULL;
        int r;

        r = policydir_read(CONFIG_POLICY_PATH, &p, f);
        return r < 0 ? r : apparmor_profile(p, m, s, ret, f);
}

/* Neither the kernel nor AppArmor keeps processes of one user from each other, whatever bundle they are of.
 */
static void tell_shared_user(const struct units *l, const struct unitd_request *q,
                             const struct promise *promise, const char *service)
{
        for (const struct unit *u = l->first; u; u = u->next) {
                if (promise->uid == 0 || u->ended || u->record.promise.uid != promise->uid ||
                    str_eq(u->record.bundle, q->bundle))
                        continue;
                journal_send(JOURNAL_USER_SHARED, LOG_WARNING,
                             &(struct journal_subject){ .bundle = q->bundle,
                                                        .version = q->version,
                                                        .digest = q->digest,
                                                        .attempt = q->attempt },
                             "%s %s: service %s runs as the user of %s: each can see the other's processes, "
                             "and what they were started with",
                             q->bundle, q->version, service, u->record.unit);
                return;
        }
}

int unit_start(struct units *l, const struct manifest *m, const struct service *s,
               const struct unitd_request *q, struct unit **ret, struct fault *f)
{
        const char *type = manifest_get(s, "Type");
        struct record record = {
                .attempt = q->attempt,
                .rank = manifest_rank(m, s),
                .notify = type && str_eq(type, "notify"),
                .rests = manifest_rests(m, s->name),
                .on_demand = manifest_has_socket(m, s->name),
                .job = manifest_is_job(m, s),
                .unready = !manifest_is_job(m, s),
                .planned = manifest_is_job(m, s),
                .task = s->task,
        };
        struct fault taken = {};
        unsigned n = 0;
        int r;

        if (l->n >= UNITS_MAX)
                return fault_set(f, -EFBIG, "%d units run already", UNITS_MAX);
        promise_make(s, &record.promise);
        r = host_check(s, &record.promise, f);
        if (r < 0)
                return fault_prefix(f, "%s %s", q->bundle, q->version);
        tell_shared_user(l, q, &record.promise, s->name);
        r = confine(m, s, record.promise.profile, f);
        if (r < 0)
                return r;
        memcpy(record.bundle, q->bundle, sizeof(record.bundle));
        memcpy(record.instance, m->instance, sizeof(record.instance));
        memcpy(record.version, q->version, sizeof(record.version));
        memcpy(record.digest, q->digest, sizeof(record.digest));
        memcpy(record.service, s->name, sizeof(record.service));
        memcpy(record.serves, s->serves, sizeof(record.serves));
        r = unit_config(m, s, q, record.config, f);
        if (r >= 0)
                r = unit_site(record.site, f);
        if (r < 0)
                return r;
        (void)!text_copy(record.maker, sizeof(record.maker), PACKAGE_VERSION);
        do {
                r = name_choose(l, m, s, q, &n, record.unit, &taken);
                if (r >= 0)
                        r = unit_try(l, m, s, q, &record, ret, &taken);
        } while (r == -EEXIST); /* systemd forgets a unit some time after its end */
        return r < 0 ? fault_set(f, r, "%s", taken.text) : 0;
}

int unit_adopt(struct units *l, const struct record *record, struct unit **ret, struct fault *f)
{
        _cleanup_(unit_freep) struct unit *u = NULL;
        int r;

        u = unit_new(l, record);
        if (!u)
                return fault_set_errno(f, -ENOMEM, "%s", record->unit);
        r = manager_ref(l->bus, u->record.unit, f);
        if (r >= 0)
                r = watch_unit(u, f);
        if (r < 0)
                return r;
        unit_note_start(u);
        *ret = TAKE_PTR(u);
        return 0;
}

struct unit *unit_recall(struct units *l, const struct record *record)
{
        return unit_new(l, record);
}

void unit_end(struct unit *u)
{
        u->settle = sd_event_source_disable_unref(u->settle);
        u->again = sd_event_source_disable_unref(u->again);
        doubt_end(u);
        u->changes = sd_bus_slot_unref(u->changes);
        u->ended = true;
        unit_set_state(u, u->failed ? UNIT_FAILED : UNIT_STOPPED);
}

void unit_stop(struct unit *u)
{
        struct fault f = {};
        char *job = NULL;
        int r;

        if (u->ended || u->state == UNIT_STOPPING)
                return;
        u->settle = sd_event_source_disable_unref(u->settle);
        u->again = sd_event_source_disable_unref(u->again);
        doubt_end(u);
        unit_set_state(u, UNIT_STOPPING);
        r = manager_stop(u->units->bus, u->record.unit, &job, &f);
        if (r == -ENOENT) {
                unit_end(u);
                return;
        }
        if (r < 0) {
                /* Nobody must be told that it has stopped. systemd starts us again, and all is rebuilt. */
                sd_event_exit(u->units->event, EXIT_FAILURE);
                return;
        }
        free(u->job);
        u->job = job;
}

/* Where it cannot be written down, a unitd that starts anew takes it for somebody else's wish. */
void unit_ask(struct unit *u)
{
        struct fault ignored;

        u->asked = true;
        if (u->record.asked || u->ended)
                return;
        u->record.asked = true;
        (void)!unit_save(u, &ignored);
}

void unit_note_woken(struct unit *u)
{
        struct fault ignored;

        u->record.woken = true;
        (void)!unit_save(u, &ignored);
}

/* Where it cannot be written down, a unitd that starts anew waits for it once more. */
void unit_note_ready(struct unit *u)
{
        struct fault ignored;

        if (u->record.unready) {
                u->record.unready = false;
                (void)!unit_save(u, &ignored);
        }
        unit_set_state(u, UNIT_RUNNING);
}

static void unit_note_blame(struct unit *u, int error)
{
        struct fault ignored;

        if (u->ended || u->state == UNIT_STOPPING)
                return;
        u->record.wall = u->wall;
        u->record.blame = (unsigned)-error;
        (void)!unit_save(u, &ignored);
}

void unit_fail(struct unit *u, const struct fault *f)
{
        if (!u->failed) {
                unit_note_blame(u, f->error);
                (void)snprintf(u->text, sizeof(u->text), "%s", f->text);
                u->error = f->error;
        }
        u->failed = true;
        unit_stop(u);
}
