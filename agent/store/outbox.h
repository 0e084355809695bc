/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "store/store.h"

/* Reports that were not delivered yet, oldest first. Each has a sequence number that is never used twice on
 * this host, across restarts, deliveries and power cuts, so that the receiver can put a name that came twice
 * in the same place and see a gap; but where its memory of them is damaged on disk, those that were
 * delivered are forgotten. A full outbox drops its oldest report and counts it. */
enum {
        /* A receiver that is gone for good must not fill the disk. A report has some 10 KiB on a busy host;
         * BUNDLES_MAX bundles with the longest of names and errors must fit too, since what is wrong
         * everywhere is what a report is for. */
        OUTBOX_REPORTS_MAX = 256,
        OUTBOX_REPORT_BYTES_MAX = 640 * 1024,
        OUTBOX_NAME_SIZE = 32, /* "00000000000000000001.json" */
};

struct outbox;

struct outbox *outbox_free(struct outbox *o);
DEFINE_POINTER_CLEANUP(struct outbox, outbox_free)

/* The store is borrowed until outbox_free(). */
_must_check_ int outbox_open(struct store *store, struct outbox **ret, struct fault *f);

/* What was wrong with its memory of numbers when it was opened, for the caller to tell; NULL: nothing. They
 * go on from the reports that are there, since reporting never keeps an agent down. */
const char *outbox_damage(const struct outbox *o);

/* What to write into the next report: its number, and how many were dropped here since ever. */
uint64_t outbox_next_sequence(const struct outbox *o);
uint64_t outbox_dropped(const struct outbox *o);

/* Adds a report durably, as number outbox_next_sequence(). -EFBIG when it is too large. */
_must_check_ int outbox_add(struct outbox *o, const char *json, size_t len, struct fault *f);

/* The oldest report's name. 1: there is one. 0: the outbox is empty. */
_must_check_ int outbox_first(struct outbox *o, char ret[static OUTBOX_NAME_SIZE], struct fault *f);

/* *ret is owned by the caller. */
_must_check_ int outbox_read(struct outbox *o, const char *name, char **ret, size_t *ret_len,
                             struct fault *f);

/* After delivery. Durable, so that it is not delivered again. */
_must_check_ int outbox_remove(struct outbox *o, const char *name, struct fault *f);
