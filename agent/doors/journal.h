/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"

/* The journal is sealift's user interface on the host: every decision is one entry with a MESSAGE_ID that
 * the catalog (units/sealift.catalog) explains, and with the fields SEALIFT_BUNDLE, SEALIFT_VERSION,
 * SEALIFT_DIGEST and SEALIFT_ATTEMPT. A test holds this list against the catalog. */
enum journal_event {
        JOURNAL_AGENT_STARTED,
        JOURNAL_CONFIG_INVALID,
        JOURNAL_TRUST_REFRESHED,
        JOURNAL_TRUST_REFUSED,
        JOURNAL_TRUST_UNUSED,
        JOURNAL_SOURCE_UNREACHABLE,
        JOURNAL_CLOCK_WRONG,
        JOURNAL_TRUST_EXPIRES,
        JOURNAL_TIMESTAMP_FROZEN,
        JOURNAL_TIMESTAMP_NEWER,
        JOURNAL_RELEASE_FOUND,
        JOURNAL_RELEASE_REFUSED,
        JOURNAL_RELEASE_INSTALLED,
        JOURNAL_RELEASE_CURRENT,
        JOURNAL_RELEASE_FAILED,
        JOURNAL_RELEASE_RESTORED,
        JOURNAL_RESTORE_FAILED,
        JOURNAL_RELEASE_REMOVED,
        JOURNAL_RELEASE_LEFT,
        JOURNAL_BUNDLE_WITHDRAWN,
        JOURNAL_BUNDLE_MISSING,
        JOURNAL_ORDER_CARRIED_OUT,
        JOURNAL_ORDER_FAILED,
        JOURNAL_RELEASE_DAMAGED,
        JOURNAL_RELEASE_REPAIRED,
        JOURNAL_SCRUB_FAILED,
        JOURNAL_STATE_DAMAGED,
        JOURNAL_STATE_UNSAVED,
        JOURNAL_RELEASE_PROVEN,
        JOURNAL_TRIAL_FAILURE,
        JOURNAL_TRIAL_UNWATCHED,
        JOURNAL_PROBE_FORGIVEN,
        JOURNAL_UNIT_FAILED,
        JOURNAL_UNIT_RESTARTED,
        JOURNAL_MIGRATED,
        JOURNAL_MIGRATION_FAILED,
        JOURNAL_WALL_MISSING,
        JOURNAL_UNIT_UNSEEN,
        JOURNAL_UNIT_DROPPED,
        JOURNAL_USER_SHARED,
        JOURNAL_STARTED_TOO_OFTEN,
        JOURNAL_DROPINS_CHANGED,
        JOURNAL_CONFIGURATION_CHANGED,
        JOURNAL_CONFIGURATION_WRONG,
        JOURNAL_JOB_SUCCEEDED,
        JOURNAL_JOB_FAILED,
        JOURNAL_JOB_STOPPED,
        JOURNAL_REPORT_FAILED,
        _JOURNAL_EVENT_MAX,
};

/* What an entry is about; NULL or 0 where it is about nothing in particular. */
struct journal_subject {
        const char *bundle;
        const char *version;
        const char *digest;
        uint64_t attempt;
        const char *unit; /* OBJECT_SYSTEMD_UNIT=, so that `journalctl -u` shows it; journald believes root
                             only */
};

/* priority as in syslog(3). Never fails visibly: without a journal there is nobody to tell. */
void journal_send(enum journal_event event, int priority, const struct journal_subject *subject,
                  const char *format, ...) _printf_(4, 5);

/* 32 hex digits. */
const char *journal_event_id(enum journal_event event) _const_;
