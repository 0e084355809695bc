/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "ground/limits.h"
#include "facts/config.h"

/* The only place where a URL is made: a base from the configuration and a path from the caller, who may be
 * repeating what hostile metadata told it. */

/* Every byte of the path may become "%XX". */
enum { URL_SIZE = CONFIG_URL_SIZE + 3 * FETCH_PATH_SIZE };

/* base (ends in '/') and path: one or more segments of RFC 3986 unreserved characters and '+', which goes
 * out as "%2B" because S3 takes a bare one for a space, and of "%XX", which stays as it is. No empty
 * segment, no "." and no "..", encoded or not; no %00. -EINVAL; the caller knows the path and prefixes it.
 */
_must_check_ int url_build(const char *base, const char *path, char ret[static URL_SIZE], struct fault *f);

/* The same path for a file system: "%XX" is the octet it stands for, '+' is itself. -EINVAL as above. */
_must_check_ int url_decode_path(const char *path, char ret[static FETCH_PATH_SIZE], struct fault *f);

/* The folder that a file:// URL of the configuration names. -EINVAL for an encoded NUL or half an escape. */
_must_check_ int url_folder(const char *url, char ret[static CONFIG_URL_SIZE], struct fault *f);

/* Where a report goes: base as it is for POST, base and name for PUT. name is [a-z0-9.-], not "." or "..".
 * -EINVAL. */
_must_check_ int url_build_report(const struct config_report *report, const char *name,
                                  char ret[static URL_SIZE], struct fault *f);
