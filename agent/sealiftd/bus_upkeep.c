/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Collect() and Verify() on the bus. Its callers are root's (the bus policy), and yet what they send is only
 * looked at when it has been read as what it should be. */

#include "sealiftd/bus_upkeep.h"

#include "facts/name.h"
#include "ground/text.h"
#include "sealiftd/bus.h"
#include "sealiftd/collect.h"
#include "sealiftd/scrub.h"

static struct upkeep_call *call_add(struct bus_upkeep *u, sd_bus_message *m)
{
        struct upkeep_call *c;

        if (u->n >= UPKEEP_WAITING_MAX)
                return NULL;
        c = u->calls + u->n++;
        *c = (struct upkeep_call){ .message = sd_bus_message_ref(m) };
        return c;
}

int bus_on_collect(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        struct upkeep_call *c;
        int dry_run, r;

        r = sd_bus_message_read(m, "b", &dry_run);
        if (r < 0)
                return r;
        c = call_add(userdata, m);
        if (!c)
                return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                        "too many callers wait already");
        c->dry_run = dry_run;
        return 1;
}

int bus_on_verify(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        struct upkeep_call *c;
        const char *bundle;
        int r;

        r = sd_bus_message_read(m, "s", &bundle);
        if (r < 0)
                return r;
        if (*bundle && !name_valid(bundle))
                return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS, "not the name of a bundle");
        c = call_add(userdata, m);
        if (!c)
                return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                        "too many callers wait already");
        c->verify = true;
        (void)!text_copy(c->bundle, sizeof(c->bundle), bundle);
        return 1;
}

static bool is_among(const struct collected *c, const struct collected *others, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (str_eq(c->bundle, others[i].bundle) && str_eq(c->place, others[i].place))
                        return true;
        return false;
}

/* What went: of what was to go, all that is not there any more. */
static int collect_append(sd_bus_message *reply, const struct collected *list, size_t n,
                          const struct collected *left, size_t n_left)
{
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(sst)");
        for (size_t i = 0; r >= 0 && i < n; i++)
                if (!is_among(list + i, left, n_left))
                        r = sd_bus_message_append(reply, "(sst)", list[i].bundle, list[i].place,
                                                  list[i].bytes);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_message_append(reply, "u", (uint32_t)n_left);
        return r;
}

static int collect_answer(struct agent *a, const struct upkeep_call *c)
{
        _cleanup_free_ struct collected *list = NULL, *left = NULL;
        sd_bus_message *reply = NULL;
        size_t n = 0, n_left = 0;
        int r;

        r = collect_list(a, &list, &n);
        if (r >= 0 && !c->dry_run) {
                collect_releases(a);
                r = collect_list(a, &left, &n_left);
        }
        if (r >= 0)
                r = sd_bus_message_new_method_return(c->message, &reply);
        if (r >= 0)
                r = collect_append(reply, list, n, left, n_left);
        r = r >= 0 ? sd_bus_send(NULL, reply, NULL)
                   : sd_bus_reply_method_errorf(c->message, SD_BUS_ERROR_FAILED,
                                                "cannot list what is on disk: %s", strerror(-r));
        sd_bus_message_unref(reply);
        return r;
}

/* The scrub answers when it has looked. */
static void verify_begin(struct agent *a, const struct upkeep_call *c)
{
        struct fault ignored = {};

        if (*c->bundle && !agent_find_bundle(a, c->bundle, false)) {
                (void)sd_bus_reply_method_errorf(c->message, BUS_ERROR_NO_BUNDLE,
                                                 "%s: this machine knows no such bundle", c->bundle);
                return;
        }
        (void)!scrub_begin(a->scrub, c->bundle, sd_bus_message_ref(c->message), &ignored);
}

/* One looks at a time; and what is staged is nothing that state would keep. */
static bool call_may(const struct upkeep_call *c, const struct agent *a)
{
        return c->verify ? !scrub_is_taken(a->scrub) : c->dry_run || !a->attempt;
}

static const struct upkeep_call *call_next(const struct bus_upkeep *u, const struct agent *a)
{
        for (size_t i = 0; i < u->n; i++)
                if (call_may(u->calls + i, a))
                        return u->calls + i;
        return NULL;
}

bool bus_upkeep_waits(const struct bus_upkeep *u, const struct agent *a)
{
        return call_next(u, a) != NULL;
}

bool bus_upkeep_carry_out(struct bus_upkeep *u, struct agent *a)
{
        const struct upkeep_call *next;
        bool any = false;

        while (!a->await.stopping && (next = call_next(u, a))) {
                size_t i = (size_t)(next - u->calls);
                struct upkeep_call c = *next;

                u->n--;
                memmove(u->calls + i, u->calls + i + 1, (u->n - i) * sizeof(*u->calls));
                if (c.verify)
                        verify_begin(a, &c);
                else
                        (void)collect_answer(a, &c);
                sd_bus_message_unref(c.message);
                any = true;
        }
        return any;
}

void bus_upkeep_done(struct bus_upkeep *u)
{
        for (size_t i = 0; i < u->n; i++)
                sd_bus_message_unref(u->calls[i].message);
        u->n = 0;
}
