/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Rest. systemd-socket-proxyd ends when nobody has been connected for as long as ExitIdle= says, and then
 * nobody needs the program either; without its program, it would take connections that it can only close,
 * and they had better wait in the socket's backlog. What is true now decides, not which event came first, so
 * that it holds after a restart of unitd too. Touches nothing but what unit.c does. */

#include "unitd/proxy.h"

static bool same_release(const struct record *a, const struct record *b)
{
        return str_eq(a->bundle, b->bundle) && str_eq(a->instance, b->instance) &&
               str_eq(a->digest, b->digest);
}

static bool unit_is_wanted(const struct unit *u)
{
        return u->state == UNIT_STARTING || u->state == UNIT_RUNNING;
}

/* Something still stands before u, or is on its way out. */
static bool has_proxy(const struct unit *u)
{
        for (const struct unit *other = u->units->first; other; other = other->next)
                if (!other->ended && same_release(&other->record, &u->record) &&
                    str_eq(other->record.serves, u->record.service))
                        return true;
        return false;
}

static bool has_program(const struct unit *u)
{
        for (const struct unit *other = u->units->first; other; other = other->next)
                if (unit_is_wanted(other) && same_release(&other->record, &u->record) &&
                    str_eq(other->record.service, u->record.serves))
                        return true;
        return false;
}

static void unit_rest(struct unit *u, const char *why)
{
        (void)snprintf(u->text, sizeof(u->text), "%s: stopped, since %s", u->record.unit, why);
        u->unneeded = true;
        unit_stop(u);
}

void proxy_look(struct unit *u)
{
        if (u->ended || !unit_is_wanted(u))
                return;
        if (u->record.rests && !has_proxy(u))
                unit_rest(u, "nobody is connected (ExitIdle=)");
        else if (*u->record.serves && !has_program(u))
                unit_rest(u, "the service behind it has ended");
}

bool proxy_must_wait(const struct unit *u, const struct record *record)
{
        return u->state == UNIT_STOPPING && *record->serves && same_release(&u->record, record) &&
               str_eq(u->record.service, record->serves);
}
