/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Orders and verdicts between the parts of the story, and in its waits. Never called from a handler of the
 * event loop. It must not touch the bundle of the attempt that is under way, but to have it end. */

#include "sealiftd/meanwhile.h"

#include "sealiftd/attempt.h"
#include "sealiftd/bus.h"
#include "sealiftd/orders.h"
#include "sealiftd/report.h"
#include "sealiftd/restore.h"
#include "sealiftd/scrub.h"
#include "sealiftd/story.h"
#include "sealiftd/trial.h"

/* But for orders, some of which an attempt has to end for. */
static bool any_due(struct agent *a)
{
        return a->bus_due || a->units_due || a->trial_due || a->restore_now || a->report_due ||
               bus_waits(a->bus) || scrub_is_due(a->scrub);
}

bool meanwhile_go(struct agent *a)
{
        bool any = any_due(a);
        struct fault ignored = {};

        if (a->bus_due)
                bus_renew(a);
        if (a->units_due) /* before anything is judged; or later: units.c sees to that */
                (void)!story_look(a, &ignored);
        if (a->trial_due)
                trial_judge(a);
        if (a->restore_now)
                restore_go(a);
        if (a->report_due)
                report_make(a, "unit", NULL);
        (void)bus_carry_out(a->bus);
        scrub_go_on(a->scrub);
        return orders_carry_out(a) || any;
}

static bool is_due(void *userdata)
{
        struct agent *a = userdata;

        return any_due(a) || orders_wait(a);
}

static int act(void *userdata, struct fault *f)
{
        struct agent *a = userdata;
        struct attempt *t = a->attempt;

        if (t && t->staging)
                orders_overtake(a, t);
        if (!t || !*t->overtaken) /* else in the order they came, at the attempt's end */
                (void)meanwhile_go(a);
        if (!t || !*t->overtaken)
                return 0;
        t->unwanted = true;
        return fault_set(f, -EBUSY, "%s: release %s was on its way, and is broken off: %s", t->bundle->name,
                         t->release.version, t->overtaken);
}

void meanwhile_begin(struct agent *a)
{
        a->await.due = is_due;
        a->await.act = act;
        a->await.userdata = a;
}
