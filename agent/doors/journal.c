/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The only place that writes log entries. Used by the story, by main functions, and by what watches units;
 * code below them returns a fault instead. */

#include "doors/journal.h"

#include <stdarg.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>

#include "ground/fault.h"

static const char *const event_ids[] = {
        [JOURNAL_AGENT_STARTED] = "58d9f2d3bda6462283daa9aed3de1961",
        [JOURNAL_CONFIG_INVALID] = "fb69c067115948aca73da0f3eb5ecc54",
        [JOURNAL_TRUST_REFRESHED] = "c0d8651a89b34336a40f2fac2f5c7a41",
        [JOURNAL_TRUST_REFUSED] = "1d6672afbcd44670ace7358937511e69",
        [JOURNAL_TRUST_UNUSED] = "742470d722334bc98a3fb1989c302374",
        [JOURNAL_SOURCE_UNREACHABLE] = "a5a37c1144a34ad7865d831b7a2e4ee0",
        [JOURNAL_CLOCK_WRONG] = "6737616707ce4294b519d9fa00efa484",
        [JOURNAL_TRUST_EXPIRES] = "f662e8dc93854e29a5657282d6b2d7c7",
        [JOURNAL_TIMESTAMP_FROZEN] = "f6ff48f94b8d40ffa85e8b1f49426445",
        [JOURNAL_TIMESTAMP_NEWER] = "f26b3829b24740bd90c09286b5e7a102",
        [JOURNAL_RELEASE_FOUND] = "b7c661d2b6d34c7691d9d46322a7c714",
        [JOURNAL_RELEASE_REFUSED] = "2272ed9a8b714fe89657e7168845da85",
        [JOURNAL_RELEASE_INSTALLED] = "6571c20385984007ad953d625f7cdf3a",
        [JOURNAL_RELEASE_CURRENT] = "6da9131a263c4870834cb1442c75b669",
        [JOURNAL_RELEASE_FAILED] = "5c93f29092d047829804d8abeb0018ae",
        [JOURNAL_RELEASE_RESTORED] = "7dbb6255a341430bb67ac15da27939b4",
        [JOURNAL_RESTORE_FAILED] = "2ed49bfbb6a842ed872c1ffbe6875b11",
        [JOURNAL_RELEASE_REMOVED] = "f55f81996c32406db9d9f50e4e34282d",
        [JOURNAL_RELEASE_LEFT] = "3b7d5c1e9f0a4d6c8e21b4f7a6905d83",
        [JOURNAL_BUNDLE_WITHDRAWN] = "2becafd4d2994b47b0862ff8d57c64b2",
        [JOURNAL_BUNDLE_MISSING] = "b3bf34520c674958bc82eb55e0641fc6",
        [JOURNAL_ORDER_CARRIED_OUT] = "e37309e43dc64828ab2f9dfb8a23925b",
        [JOURNAL_ORDER_FAILED] = "4be8115bc3714a0390e1f4f79868e372",
        [JOURNAL_RELEASE_DAMAGED] = "c05b7f6b727b4a20817f1f41c74174a8",
        [JOURNAL_RELEASE_REPAIRED] = "abcb501ea946429ab68106a3c40eb912",
        [JOURNAL_SCRUB_FAILED] = "f157b2aa513a4d82bf380ad787a43400",
        [JOURNAL_STATE_DAMAGED] = "ee8f25f64a2040b5b304c5fd541adc52",
        [JOURNAL_STATE_UNSAVED] = "8c41f6e2d37b4a95b0e8d2716f3ac954",
        [JOURNAL_RELEASE_PROVEN] = "3cc78130d8f540b6973d72a57f3c24a7",
        [JOURNAL_TRIAL_FAILURE] = "e5d2244c33e1494fabc92b18f4491513",
        [JOURNAL_TRIAL_UNWATCHED] = "d95e07a81bc34f62a7f0c6383e14b97a",
        [JOURNAL_PROBE_FORGIVEN] = "ae4b74b08c5f48e187847bff7c591a1b",
        [JOURNAL_UNIT_RESTARTED] = "ae4afebedb964de7ae8015685623a05c",
        [JOURNAL_MIGRATED] = "66a5c22f95c14dff833ff5da6a8fe07b",
        [JOURNAL_MIGRATION_FAILED] = "04810310738e49f39f7b862ada58f828",
        [JOURNAL_UNIT_FAILED] = "5e1ecb0a5b564a3bbf7123523a5b32c7",
        [JOURNAL_WALL_MISSING] = "57c7bd71fd924917b6e0d2fb78255058",
        [JOURNAL_UNIT_UNSEEN] = "c70ddf088971464aa846ddb45b96f498",
        [JOURNAL_UNIT_DROPPED] = "a7d4db6fde904014926d887d44118242",
        [JOURNAL_USER_SHARED] = "8738fedabff545ac95b0f61dcfd67744",
        [JOURNAL_STARTED_TOO_OFTEN] = "40f57036bde64641971e14ea1659be26",
        [JOURNAL_DROPINS_CHANGED] = "67f562db21194f47a000507ec8a13623",
        [JOURNAL_CONFIGURATION_CHANGED] = "59b6068bde834117872eff7cf370d93c",
        [JOURNAL_CONFIGURATION_WRONG] = "626bf2f8d72846cdb0249471338b76e9",
        [JOURNAL_JOB_SUCCEEDED] = "4fde089331bd40e08b366e9c8443bd29",
        [JOURNAL_JOB_FAILED] = "a5adf467020c453e9a45a14ef7e4216a",
        [JOURNAL_JOB_STOPPED] = "6de2b56c7d964d89bbea20f8b254cfc8",
        [JOURNAL_REPORT_FAILED] = "68b09cb329b24500ac26da07953cb61d",
};
_Static_assert(ELEMENTSOF(event_ids) == _JOURNAL_EVENT_MAX, "every event has an id");

enum { JOURNAL_FIELDS_MAX = 8, JOURNAL_TEXT_MAX = 2 * FAULT_TEXT_MAX };

struct fields {
        char text[JOURNAL_FIELDS_MAX][JOURNAL_TEXT_MAX + 32];
        struct iovec iov[JOURNAL_FIELDS_MAX];
        int n;
};

static void fields_add(struct fields *f, const char *name, const char *value)
{
        int n;

        if (!value || f->n >= JOURNAL_FIELDS_MAX)
                return;
        n = snprintf(f->text[f->n], sizeof(f->text[f->n]), "%s=%s", name, value);
        if (n < 0)
                return;
        f->iov[f->n].iov_base = f->text[f->n];
        f->iov[f->n].iov_len = strlen(f->text[f->n]);
        f->n++;
}

const char *journal_event_id(enum journal_event event)
{
        return event_ids[event];
}

void journal_send(enum journal_event event, int priority, const struct journal_subject *subject,
                  const char *format, ...)
{
        char text[JOURNAL_TEXT_MAX], number[24];
        struct fields f = {};
        va_list ap;

        va_start(ap, format);
        (void)vsnprintf(text, sizeof(text), format, ap);
        va_end(ap);
        fields_add(&f, "MESSAGE", text);
        fields_add(&f, "MESSAGE_ID", event_ids[event]);
        (void)snprintf(number, sizeof(number), "%d", priority);
        fields_add(&f, "PRIORITY", number);
        if (subject) {
                fields_add(&f, "SEALIFT_BUNDLE", subject->bundle);
                fields_add(&f, "SEALIFT_VERSION", subject->version);
                fields_add(&f, "SEALIFT_DIGEST", subject->digest);
                fields_add(&f, "OBJECT_SYSTEMD_UNIT", subject->unit);
        }
        if (subject && subject->attempt > 0) {
                (void)snprintf(number, sizeof(number), "%llu", (unsigned long long)subject->attempt);
                fields_add(&f, "SEALIFT_ATTEMPT", number);
        }
        (void)sd_journal_sendv(f.iov, f.n);
}
