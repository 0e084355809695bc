/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl/repository.h"

/* What the publisher's verbs share. */

/* The time that dates are made from: SOURCE_DATE_EPOCH where it is set (reproducible-builds.org), else the
 * clock. -EINVAL when it is set to nonsense. */
_must_check_ int publisher_now(int64_t *ret, struct fault *f);

/* The value of --name in whole seconds; *ret stays where text is NULL. -EINVAL. */
_must_check_ int publisher_parse_span(const char *name, const char *text, int64_t *ret, struct fault *f);
/* The same for how often a timestamp of that period is promised. */
_must_check_ int publisher_parse_interval(const char *name, const char *text, int64_t period, int64_t *ret,
                                          struct fault *f);

/* What is staged, in the order to upload it: path, role, version, expires, version_before and expires_before
 * where there was one, and signed_by, keys by the names they have in keys, or by their ids. */
json_t *publisher_files_json(const struct repository *r, const struct keys *keys);

/* The same for people, a line for each file; one that has a path alone is just named. */
void publisher_print_files(const json_t *files);

/* Seconds before its expiry that a role wants looking after. */
int64_t publisher_margin(const struct repository *r, const struct repository_role *role);

/* "12d 4h", "3h 20min", "5min 1s"; seconds is not negative. */
enum { PUBLISHER_SPAN_SIZE = 48 };
void publisher_format_span(int64_t seconds, char ret[static PUBLISHER_SPAN_SIZE]);

/* A role's name, fit for a terminal. */
void publisher_role_text(const struct repository_role *role, char ret[static REPOSITORY_FILE_SIZE]);

/* Warns on standard error of what expires soon and is not signed anew now. */
void publisher_warn_expiry(const struct repository *r, const char *command);

/* Prints one JSON document on standard output. 0 or -EIO. */
int publisher_print_json(const json_t *j);
