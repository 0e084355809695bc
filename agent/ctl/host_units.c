/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads what sealiftd and sealift-unitd left in the open: state, releases, records, drop-ins. It changes
 * nothing and asks nobody but the agent, and systemd for what it was built with. */

#include "ctl/host_units.h"

#include <dirent.h>

#include "ctl/agent_bus.h"
#include "ctl/verbs.h"
#include "doors/apparmor.h"
#include "doors/credstore.h"
#include "doors/policydir.h"
#include "doors/sitedir.h"
#include "facts/config.h"
#include "facts/digest.h"
#include "facts/dropin.h"
#include "facts/name.h"
#include "facts/record.h"
#include "facts/state.h"
#include "ground/io.h"
#include "ground/paths.h"
#include "ground/text.h"

enum { HOST_UNITS_MAX = 1024 }; /* sealift-unitd makes fewer */

void host_units_done(struct host_units *h)
{
        for (size_t i = 0; i < h->n_units; i++)
                unit_text_done(&h->units[i].text);
        free(h->units);
        effective_done(&h->manifests);
        *h = (struct host_units){};
}

/* ---- the current release */

/* 1: bundle is known, and *ret what it runs, which may be nothing; 0: it is not; negative: nobody answers.
 */
static int ask_agent(const char *bundle, struct release_ref *ret, struct fault *f)
{
        const char *name, *version, *digest, *state, *error;
        sd_bus_message *reply = NULL;
        sd_bus *bus = NULL;
        bool found = false;
        uint64_t since;
        int r;

        r = agent_bus_open(&bus, f);
        if (r >= 0)
                r = agent_bus_call(bus, "ListBundles", 0, &reply, f);
        if (r >= 0)
                r = sd_bus_message_enter_container(reply, 'a', "(ssssts)");
        while (r > 0 && !found) {
                r = sd_bus_message_read(reply, "(ssssts)", &name, &version, &digest, &state, &since, &error);
                found = r > 0 && str_eq(name, bundle);
        }
        if (found)
                r = text_copy(ret->version, sizeof(ret->version), version) < 0 ||
                                    text_copy(ret->digest, sizeof(ret->digest), digest) < 0
                            ? fault_set(f, -EBADMSG, "the agent's answer cannot be read")
                            : 1;
        sd_bus_message_unref(reply);
        sd_bus_flush_close_unref(bus);
        return r;
}

static int read_state(const char *bundle, struct release_ref *ret, struct fault *f)
{
        char path[sizeof(STATES_PATH) + NAME_SIZE + 1];
        _cleanup_free_ struct bundle_state *state = malloc(sizeof(*state));
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        if (!state)
                return fault_set_errno(f, -ENOMEM, "%s", bundle);
        (void)snprintf(path, sizeof(path), "%s/%s", STATES_PATH, bundle);
        r = io_read_file_at(AT_FDCWD, path, STATE_BYTES_MAX, &text, &len, f);
        if (r >= 0)
                r = state_parse(text, len, path, state, f);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        *ret = state->current;
        return 1;
}

static int find_release(const char *bundle, struct release_ref *ret, struct fault *f)
{
        struct fault agent = {};
        int r;

        r = ask_agent(bundle, ret, &agent);
        if (r < 0)
                r = read_state(bundle, ret, f);
        if (r == -EACCES)
                return fault_set(f, r, "%s; while it does not run, only root can see what is current",
                                 agent.text);
        if (r == 0)
                return fault_set(f, -ENOENT,
                                 "%s: this machine knows no such bundle; `sealift status` lists them",
                                 bundle);
        if (r > 0 && !*ret->version)
                return fault_set(f, -ENOENT, "%s: no release of it is installed", bundle);
        return r;
}

static int read_manifests(const char *bundle, const struct release_ref *release, struct effective *ret,
                          struct fault *f)
{
        char path[sizeof(RELEASES_PATH) + NAME_SIZE + NAME_RELEASE_SIZE + 16], name[NAME_RELEASE_SIZE];
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        _cleanup_free_ char *text = NULL;
        char digest[DIGEST_HEX_SIZE];
        size_t len;
        int r;

        name_release(release->version, release->digest, name);
        (void)snprintf(path, sizeof(path), "%s/%s/%s/manifest", RELEASES_PATH, bundle, name);
        r = ctl_read_manifest(path, &m, &text, &len, f);
        if (r < 0)
                return r;
        if (digest_hex(text, len, digest) < 0 || !str_eq(digest, release->digest))
                return fault_set(f, -EBADMSG, "%s: is not what was signed", path);
        return sitedir_apply(CONFIG_BUNDLES_PATH, m, ret, f);
}

/* ---- units */

static int add_unit(struct host_units *h, const struct manifest *m, struct unit_text *text,
                    const char *service, bool runs, struct fault *f)
{
        struct host_unit *units;

        units = h->n_units < HOST_UNITS_MAX ? reallocarray(h->units, h->n_units + 1, sizeof(*units)) : NULL;
        if (!units) {
                unit_text_done(text);
                return fault_set_errno(f, -ENOMEM, "%s", text->unit);
        }
        h->units = units;
        units += h->n_units++;
        *units = (struct host_unit){ .text = *text, .manifest = m, .runs = runs };
        (void)snprintf(units->service, sizeof(units->service), "%s", service);
        return 0;
}

/* The file at t->path in the place of t's text. */
static int read_text(struct unit_text *t, struct fault *f)
{
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        r = io_read_file_at(AT_FDCWD, t->path, DROPIN_BYTES_MAX, &text, &len, f);
        if (r < 0)
                return r;
        buffer_done(&t->text);
        t->text = BUFFER_INIT(DROPIN_BYTES_MAX);
        r = buffer_append(&t->text, text, len);
        return r < 0 ? fault_set_errno(f, r, "%s", t->path) : 0;
}

/* A unit that ends while it is looked at takes its files with it. */
static int add_running(struct host_units *h, const struct record *record, struct fault *f)
{
        struct unit_text t = {};
        int r;

        (void)snprintf(t.unit, sizeof(t.unit), "%s", record->unit);
        unit_text_dropin_path(t.unit, t.path);
        r = read_text(&t, f);
        if (r == -ENOENT)
                return 0;
        return r < 0 ? r
                     : add_unit(h, effective_find(&h->manifests, record->instance), &t, record->service,
                                true, f);
}

static int read_record(const char *unit, struct record *ret, struct fault *f)
{
        char path[sizeof(UNITS_RECORDS_PATH) + UNIT_NAME_SIZE];
        _cleanup_free_ char *text = NULL;
        size_t len;
        int r;

        (void)snprintf(path, sizeof(path), "%s/%s", UNITS_RECORDS_PATH, unit);
        r = io_read_file_at(AT_FDCWD, path, RECORD_BYTES_MAX, &text, &len, f);
        return r < 0 ? r : record_parse(text, len, path, ret, f);
}

static int is_unit(const struct dirent *d)
{
        return str_has_suffix(d->d_name, ".service") && strlen(d->d_name) < UNIT_NAME_SIZE;
}

static int add_all_running(struct host_units *h, struct fault *f)
{
        struct dirent **names = NULL;
        struct fault ignored = {};
        int n, r = 0;

        n = scandir(UNITS_RECORDS_PATH, &names, is_unit, alphasort);
        if (n < 0)
                return errno == ENOENT ? 0 : fault_set_errno(f, -errno, "%s", UNITS_RECORDS_PATH);
        for (int i = 0; i < n; i++) {
                struct record record;

                if (r >= 0 && read_record(names[i]->d_name, &record, &ignored) >= 0 &&
                    str_eq(record.digest, h->digest))
                        r = add_running(h, &record, f);
                free(names[i]);
        }
        free(names);
        return r;
}

static bool service_runs(const struct host_units *h, const struct manifest *m, const char *service)
{
        for (size_t i = 0; i < h->n_units; i++)
                if (h->units[i].manifest == m && str_eq(h->units[i].service, service))
                        return true;
        return false;
}

/* What a start would choose now; why it would not be one is told, and no profile shown. */
static const char *choose_profile(struct host_units *h, const struct policy *p, const struct manifest *m,
                                  const struct service *s, char ret[static PROMISE_PROFILE_SIZE])
{
        struct fault f = {};

        if (apparmor_profile(p, m, s, ret, &f) >= 0)
                return ret;
        if (h->missing.error == 0)
                h->missing = f;
        return NULL;
}

static int add_resting(struct host_units *h, const struct policy *p, const struct manifest *m,
                       struct fault *f)
{
        char profile[PROMISE_PROFILE_SIZE];
        int r = 0;

        for (size_t i = 0; i < m->n_services && r >= 0; i++) {
                struct unit_text t = {};

                if (service_runs(h, m, m->services[i].name))
                        continue;
                r = unit_text_service(m, m->services + i, h->digest,
                                      choose_profile(h, p, m, m->services + i, profile), &t, f);
                if (r >= 0)
                        r = add_unit(h, m, &t, m->services[i].name, false, f);
        }
        return r;
}

static int add_others(struct host_units *h, const struct manifest *m, struct fault *f)
{
        int r = 0;

        for (size_t i = 0; i < unit_text_count(m) && r >= 0; i++) {
                struct fault ignored = {};
                struct unit_text t = {};
                bool runs;

                r = unit_text_other(m, i, &t, f);
                if (r < 0)
                        break;
                runs = read_text(&t, &ignored) >= 0;
                r = add_unit(h, m, &t, "", runs, f);
        }
        return r;
}

int host_units_read(const char *bundle, struct host_units *ret, struct fault *f)
{
        _cleanup_(host_units_done) struct host_units h = {};
        _cleanup_(policy_freep) struct policy *p = NULL;
        struct release_ref release = {};
        int r;

        r = find_release(bundle, &release, f);
        if (r >= 0)
                r = read_manifests(bundle, &release, &h.manifests, f);
        if (r < 0)
                return r;
        memcpy(h.version, release.version, sizeof(h.version));
        memcpy(h.digest, release.digest, sizeof(h.digest));
        (void)snprintf(h.bundle, sizeof(h.bundle), "%s", bundle);
        r = policydir_read(CONFIG_POLICY_PATH, &p, f);
        if (r >= 0)
                r = add_all_running(&h, f);
        for (size_t i = 0; i < h.manifests.n && r >= 0; i++) {
                (void)!credstore_resolve("/", h.manifests.items[i], &h.missing);
                r = add_resting(&h, p, h.manifests.items[i], f);
                if (r >= 0)
                        r = add_others(&h, h.manifests.items[i], f);
        }
        if (r < 0)
                return r;
        *ret = h;
        h = (struct host_units){};
        return 0;
}

/* ---- what this host can never give */

/* NULL where nobody answers. */
static char *ask_features(void)
{
        sd_bus *bus = NULL;
        char *features = NULL;
        struct fault f;

        if (agent_bus_open(&bus, &f) >= 0)
                (void)sd_bus_get_property_string(
                        bus, "org.freedesktop.systemd1", "/org/freedesktop/systemd1",
                        "org.freedesktop.systemd1.Manager", "Features", NULL, &features);
        sd_bus_flush_close_unref(bus);
        return features;
}

static char *read_fact(const char *path)
{
        char *text = NULL;
        struct fault f;
        size_t len;

        return io_read_file_at(AT_FDCWD, path, 4096, &text, &len, &f) < 0 ? NULL : text;
}

size_t host_units_gaps(struct gap ret[static GAPS_MAX])
{
        _cleanup_free_ char *features = ask_features(),
                            *controllers = read_fact("/sys/fs/cgroup/cgroup.controllers"),
                            *apparmor = read_fact("/sys/module/apparmor/parameters/enabled");
        const struct gaps_host h = { .features = features,
                                     .controllers = controllers,
                                     .apparmor = apparmor };

        return gaps_find(&h, ret);
}
