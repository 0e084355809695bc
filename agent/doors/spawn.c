/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reads from the journal what systemd says of its own set-up. Up to version 255 it is only there that a
 * program which ended with a status of systemd's is told from one that had not begun; for what runs before
 * the program, in later ones too. Its input is the id of an invocation. Writes nothing. */

#include "doors/spawn.h"

#include <systemd/sd-journal.h>

#include "ground/text.h"

/* sd-messages.h. The child that fails sends the first before it ends, and PID 1 sends the second, to the
 * same socket, when it has seen that end: where the second is, the first is too, or never was. Of the two
 * the second is also the one that LogLevelMax= takes away earlier. */
static const char spawn_failed_id[] = "641257651c1b4ec9a8624d7a40a9e1e7";
static const char process_exit_id[] = "98e322203f7a4ed290d09fe03c09fe15";

static void journal_close(sd_journal **j)
{
        sd_journal_close(*j);
}

static int find(sd_journal *j, const char *message, const char *invocation)
{
        char match[64];
        int r;

        sd_journal_flush_matches(j);
        (void)snprintf(match, sizeof(match), "MESSAGE_ID=%s", message);
        r = sd_journal_add_match(j, match, 0);
        (void)snprintf(match, sizeof(match), "INVOCATION_ID=%s", invocation);
        if (r >= 0)
                r = sd_journal_add_match(j, match, 0);
        if (r >= 0)
                r = sd_journal_seek_head(j);
        return r < 0 ? r : sd_journal_next(j);
}

int spawn_failed(const uint8_t invocation[static SPAWN_INVOCATION_SIZE])
{
        _cleanup_(journal_close) sd_journal *j = NULL;
        char hex[2 * SPAWN_INVOCATION_SIZE + 1];
        int r;

        text_hex(invocation, SPAWN_INVOCATION_SIZE, hex);
        /* Of a service with a LogNamespace= the child has spoken there, of one with a User= in that user's.
         */
        if (sd_journal_open(&j, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_ALL_NAMESPACES) < 0 ||
            find(j, process_exit_id, hex) <= 0)
                return -ENODATA;
        r = find(j, spawn_failed_id, hex);
        return r < 0 ? -ENODATA : r > 0;
}
