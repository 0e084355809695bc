/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Timers, and the jobs that they run: the unit file of the one, and what is different in the drop-in of the
 * other. Its input as in dropin.c. Touches nothing but memory. */

#include "facts/dropin_parts.h"
#include "facts/name.h"

#define HOLD SANDBOX_LIBEXECDIR "/sealift-hold"

void dropin_timer_name(const char *place, const char *name, char ret[static UNIT_NAME_SIZE])
{
        (void)snprintf(ret, UNIT_NAME_SIZE, "sealift-%.*s.%.*s.timer", PLACE_SIZE - 1, place, NAME_SIZE - 1,
                       name);
}

bool dropin_wake_of(const char *held, char ret[static UNIT_NAME_SIZE])
{
        static const struct {
                const char *suffix, *mark;
        } kinds[] = { { ".socket", "" }, { ".timer", ":timer" } };
        size_t len = strlen(held);

        if (!str_has_prefix(held, "sealift-"))
                return false;
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                if (str_has_suffix(held, kinds[i].suffix)) {
                        (void)snprintf(ret, UNIT_NAME_SIZE, "sealift-wake@%.*s%s.service",
                                       (int)(len - STRLEN("sealift-") - strlen(kinds[i].suffix)),
                                       held + STRLEN("sealift-"), kinds[i].mark);
                        return true;
                }
        return false;
}

bool dropin_is_held_for(const char *held, const char *place)
{
        char name[NAME_SIZE], wake[UNIT_NAME_SIZE];
        size_t len = strlen(place), n;

        if (!dropin_wake_of(held, wake))
                return false;
        held += STRLEN("sealift-");
        if (!str_has_prefix(held, place) || held[len] != '.')
                return false;
        held += len + 1;
        n = strcspn(held, ".");
        if (n >= sizeof(name) || (!str_eq(held + n, ".socket") && !str_eq(held + n, ".timer")))
                return false;
        (void)snprintf(name, sizeof(name), "%.*s", (int)n, held);
        return name_valid(name);
}

/* Its lines in the journal are the program's, as systemd would have named them. Where the root has no /usr,
 * what it waits in is bound there alone: below /usr nothing else is, so nobody can have taken its place. */
static int write_held(const struct sandbox *x, const char *command, struct buffer *out)
{
        size_t len = strcspn(command, " \t"), name = len;

        if (x->root == ROOT_BUNDLE)
                buffer_append_text(out, "BindReadOnlyPaths=" HOLD "\n");
        while (name > 0 && command[name - 1] != '/')
                name--;
        return buffer_printf(out, "SyslogIdentifier=%.*s\nExecStart=" HOLD " -- %s\n", (int)(len - name),
                             command + name, command);
}

/* For systemd a job is a service like another, that happens to end: of a Type=oneshot unit nobody can tell
 * when its program has been executed, and before that it is not behind its walls yet. So the time limit of a
 * oneshot's start is one of its run. And since it may be over before anybody has looked at the walls, it
 * waits for sealift-unitd, where what it waits in can run. */
int dropin_write_job_setting(const struct dropin *d, const struct manifest_setting *s, struct buffer *out)
{
        bool held = dropin_job_is_held(&d->service->sandbox);
        const char *key = s->directive->key;

        if (str_eq(key, "Type"))
                return buffer_printf(out, "Type=%s\n", held ? "notify" : "exec");
        if (str_eq(key, "ExecStart") && held)
                return write_held(&d->service->sandbox, s->value, out);
        if (str_eq(key, "TimeoutStartSec") && !manifest_get(d->service, "RuntimeMaxSec"))
                buffer_printf(out, "RuntimeMaxSec=%s\n", s->value);
        return buffer_printf(out, "%s=%s\n", key, s->value);
}

bool dropin_job_is_held(const struct sandbox *x)
{
        return HOLD_IS_STATIC || x->root == ROOT_HOST_USR;
}

/* By default a timer with a calendar waits for time-sync.target: where that waits for a network, so would
 * the start of the whole release. All else of the default is asked for. When the clock is set ahead, systemd
 * computes anew; what was armed while it was ahead stays due by that time (HACKING.md). */
int dropin_write_timer(const struct manifest *m, const struct timer_unit *t, struct buffer *out,
                       struct fault *f)
{
        char held[UNIT_NAME_SIZE], wake[UNIT_NAME_SIZE];
        int r;

        dropin_timer_name(m->place, t->name, held);
        if (!name_valid(m->name) || !name_valid(t->name) || !dropin_wake_of(held, wake))
                return fault_set(f, -EINVAL, "a name in the manifest is not one");
        buffer_printf(out,
                      "# Written by sealift-unitd; held while releases of %s come and go.\n"
                      "[Unit]\n"
                      "Description=%s: timer %s\n"
                      "DefaultDependencies=no\n"
                      "Requires=sysinit.target\n"
                      "After=sysinit.target time-set.target\n"
                      "Conflicts=shutdown.target\n"
                      "Before=timers.target shutdown.target\n"
                      "\n"
                      "[Timer]\n"
                      "Unit=%s\n",
                      m->place, m->place, t->name, wake);
        for (size_t i = 0; i < t->n_settings; i++) {
                const struct directive *d = t->settings[i].directive;

                if (!d->emit)
                        continue;
                r = dropin_check_setting(d, SECTION_TIMER, t->settings[i].value, f);
                if (r < 0)
                        return fault_prefix(f, "%s: [Timer %s] %s=", m->name, t->name, d->key);
                buffer_printf(out, "%s=%s\n", d->key, t->settings[i].value);
        }
        return out->error < 0 ? fault_set_errno(f, out->error, "%s: timer %s", m->name, t->name) : 0;
}
