/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

/* The indefinite freeze (TUF spec 1.5.2), noticed before anything has expired: a publisher signs a newer
 * timestamp in intervals, so one for which two of them have passed without a newer one is being kept from
 * us, or nobody signs any more. Both want a person. Seconds everywhere; wall clock where it says since 1970.
 */
enum {
        /* Twice the usual pause: one newer timestamp may be late. */
        FREEZE_INTERVALS = 2,
        /* What a signed interval may be. Below, two requests that cross would be an alarm; above, it would
         * be one that nobody is alive to hear. */
        FREEZE_INTERVAL_MIN_SEC = 60,
        FREEZE_INTERVAL_MAX_SEC = 366 * 86400,
};

struct freeze {
        uint64_t version;  /* the newest timestamp; 0: none was ever trusted */
        int64_t seen;      /* since 1970: when it was first seen */
        int64_t awake;     /* how long the agent has been awake since then */
        int64_t announced; /* the interval it was signed with; 0: none, or none that can be meant */
        int64_t observed;  /* the interval between those before; 0: not known yet */
        bool witnessed;    /* it came while we looked, so that `seen` is about when it was made */
        bool raised;       /* the alarm has been given */
};

/* One look at the source. */
struct freeze_look {
        int64_t now;    /* since 1970 */
        int64_t served; /* since 1970: the look before in which the source answered; 0: not since we began */
        int64_t awake;  /* since the look before, not counting sleep or being off */
        int64_t poll;   /* the longest pause between two looks: no look speaks for more time than that */
};

enum freeze_news { FREEZE_NOTHING, FREEZE_RAISED, FREEZE_CLEARED };

/* "x-sealift-interval-seconds" of a timestamp that is trusted, whole, as signed; 0 when it has none or one
 * that cannot be meant. */
int64_t freeze_read_interval(const void *bytes, size_t len);

/* The interval an alarm would go by: as announced, else as observed; never less than a poll, since what
 * comes and goes between two looks is not seen. 0: there is none, and no alarm. */
int64_t freeze_interval(const struct freeze *z, int64_t poll) _pure_;

/* The source was asked, everything it served is trusted, and its timestamp is that version. Time that the
 * machine was off or asleep counts: the publisher was not, and what is served today is that old. */
enum freeze_news freeze_served(struct freeze *z, const struct freeze_look *look, uint64_t version,
                               int64_t announced);

/* The source could not be asked, or what it served was refused. Only time awake counts, and of that what
 * looks speak for: a machine that was off for a week and comes up before its network has missed nothing yet,
 * nor has one whose agent had other reasons not to ask. */
enum freeze_news freeze_unserved(struct freeze *z, const struct freeze_look *look);
