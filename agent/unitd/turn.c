/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Stops releases; and hands over from one to the next without anybody waiting for us in between. The stop of
 * the old and the start of the new are put into systemd's queue at once: each unit is After= the target of
 * its bundle's turn, whose own restart waits for the stops, and is waited for by the starts. An After= from
 * the new unit to the old one would do as much, but systemd keeps what is named so: each release would keep
 * all those before it in memory. Touches nothing but units. */

#include "unitd/turn.h"

#include "facts/name.h"
#include "unitd/launch.h"
#include "unitd/run.h"
#include "unitd/wakes.h"

/* A job may come to its end first. */
static void unit_dismiss(struct unit *u)
{
        if (u->record.job) {
                run_retire(u);
                return;
        }
        unit_ask(u);
        unit_stop(u);
}

/* Those that a request started, or all of a release. Whoever is After= others goes first: systemd keeps a
 * stop back only for those whose stop it knows of already. */
static void units_stop(struct units *l, uint64_t owner, const struct unitd_request *q)
{
        for (unsigned rank = MANIFEST_SERVICES_MAX + 1; rank-- > 0;)
                for (struct unit *u = l->first; u; u = u->next)
                        if (u->record.rank == rank && (q ? unit_is_of(u, q) : u->owner == owner))
                                unit_dismiss(u);
}

void turn_stop_started(struct units *l, uint64_t owner)
{
        units_stop(l, owner, NULL);
}

void turn_stop(struct units *l, struct tasks *tasks, const struct unitd_request *q)
{
        wakes_rest(l, q);
        tasks_give_up(tasks, q);
        units_stop(l, 0, q);
}

static bool is_of_another(const struct record *record, const struct unitd_request *q)
{
        return str_eq(record->bundle, q->bundle) &&
               !(str_eq(record->version, q->version) && str_eq(record->digest, q->digest));
}

static bool others_are_left(const struct units *l, const struct unitd_request *q)
{
        for (const struct unit *u = l->first; u; u = u->next)
                if (!u->ended && is_of_another(&u->record, q))
                        return true;
        return false;
}

static bool others_listen(const struct units *l, const struct unitd_request *q)
{
        for (const struct wake *w = l->wakes; w; w = w->next)
                if (is_of_another(&w->record, q) && !wake_is_timer(w))
                        return true;
        return false;
}

/* A job comes to its end when it likes, and one that is being stopped already may not obey. Of a unit that
 * an earlier sealift-unitd has made systemd knows, not we. */
static bool unit_can_hand_over(const struct unit *u, const char *turn)
{
        return !u->record.job && (u->state == UNIT_STARTING || u->state == UNIT_RUNNING) &&
               manager_is_after(u->units->bus, u->record.unit, turn);
}

static void others_stop(struct units *l, struct tasks *tasks, const struct unitd_request *q)
{
        for (struct wake *w = l->wakes; w; w = w->next)
                if (is_of_another(&w->record, q)) {
                        struct unitd_request other = launch_release_of(&w->record);

                        wakes_rest(l, &other);
                }
        for (struct unit *u = l->first; u; u = u->next)
                if (is_of_another(&u->record, q) && !u->asked) {
                        struct unitd_request other = launch_release_of(&u->record);

                        turn_stop(l, tasks, &other);
                }
}

bool turn_take(struct units *l, struct tasks *tasks, const struct unitd_request *q, bool sockets)
{
        bool told = true, ordered = !sockets && !others_listen(l, q);
        char turn[UNIT_NAME_SIZE];
        struct fault ignored;

        name_turn(q->bundle, turn);
        for (struct unit *u = l->first; u; u = u->next)
                if (!u->ended && is_of_another(&u->record, q)) {
                        told = told && u->asked;
                        ordered = ordered && unit_can_hand_over(u, turn);
                }
        others_stop(l, tasks, q);
        if (!told && ordered && manager_restart(l->bus, turn, &ignored) >= 0)
                return true;
        return !others_are_left(l, q);
}
