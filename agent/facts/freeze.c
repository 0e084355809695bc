/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Notices that no newer timestamp comes. Pure: what time it is, and how long the machine was awake, comes
 * with each look. */

#include "facts/freeze.h"

#include "facts/tuf_metadata.h"

#define INTERVAL_FIELD "x-sealift-interval-seconds"

static int64_t interval_sane(int64_t seconds)
{
        return seconds >= FREEZE_INTERVAL_MIN_SEC && seconds <= FREEZE_INTERVAL_MAX_SEC ? seconds : 0;
}

int64_t freeze_read_interval(const void *bytes, size_t len)
{
        const struct json_limits limits = { .bytes = TUF_TIMESTAMP_BYTES_MAX,
                                            .values = TUF_TIMESTAMP_BYTES_MAX / TUF_BYTES_PER_VALUE,
                                            .depth = TUF_DEPTH_MAX };
        _cleanup_json_ json_t *whole = NULL;
        const json_t *interval;

        if (json_parse("timestamp.json", bytes, len, &limits, &whole, NULL) < 0)
                return 0;
        interval = json_object_get(json_object_get(whole, "signed"), INTERVAL_FIELD);
        return json_is_integer(interval) ? interval_sane(json_integer_value(interval)) : 0;
}

int64_t freeze_interval(const struct freeze *z, int64_t poll)
{
        int64_t interval = z->announced > 0 ? z->announced : z->observed;

        return interval > 0 && interval < poll ? poll : interval;
}

/* Publishers sign out of turn at each release, so a short pause says little: the longest counts, and is
 * forgotten by a quarter with each newer timestamp. A pause is known only if both its ends came while we
 * looked; and one that was an alarm is not how things should be. */
static int64_t observe(const struct freeze *z, int64_t now, bool witnessed)
{
        int64_t pause = interval_sane(now - z->seen), faded = z->observed / 4 * 3;

        if (!z->witnessed || !witnessed || z->raised)
                return z->observed;
        return pause > faded ? pause : faded;
}

static void freeze_wait(struct freeze *z, const struct freeze_look *look)
{
        z->awake += look->awake < look->poll ? look->awake : look->poll;
}

static enum freeze_news freeze_judge(struct freeze *z, int64_t waited, int64_t poll)
{
        int64_t interval = freeze_interval(z, poll);

        if (z->raised || interval == 0 || waited <= FREEZE_INTERVALS * interval)
                return FREEZE_NOTHING;
        z->raised = true;
        return FREEZE_RAISED;
}

enum freeze_news freeze_served(struct freeze *z, const struct freeze_look *look, uint64_t version,
                               int64_t announced)
{
        bool witnessed = look->now - look->served <= 2 * look->poll, raised = z->raised;

        if (version == z->version) {
                freeze_wait(z, look);
                z->announced = announced;
                return freeze_judge(z, look->now - z->seen, look->poll);
        }
        /* Another one is a newer one: what is older is never trusted, but where keys were changed to shake
         * off versions that an attacker had driven up. */
        *z = (struct freeze){
                .version = version,
                .seen = look->now,
                .announced = announced,
                .observed = observe(z, look->now, witnessed),
                .witnessed = witnessed,
        };
        return raised ? FREEZE_CLEARED : FREEZE_NOTHING;
}

enum freeze_news freeze_unserved(struct freeze *z, const struct freeze_look *look)
{
        if (z->version == 0) /* and nothing to remember */
                return FREEZE_NOTHING;
        freeze_wait(z, look);
        return freeze_judge(z, z->awake, look->poll);
}
