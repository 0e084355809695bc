/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "ground/limits.h"
#include "facts/window.h"

/* /etc/sealift/sealift.conf (man sealift.conf(5)). */
#define CONFIG_PATH         "/etc/sealift/sealift.conf"
#define CONFIG_ROOT_PATH    "/etc/sealift/root.json" /* the first trusted root, from the image */
#define CONFIG_POLICY_PATH  "/etc/sealift/policy.d"
#define CONFIG_BUNDLES_PATH "/etc/sealift/bundles.d"

enum {
        CONFIG_URL_SIZE = 1025,
        CONFIG_PATH_SIZE = 256,
        CONFIG_SOURCES_MAX = 16,
        CONFIG_BUNDLES_MAX = 64,
        CONFIG_WINDOWS_MAX = 16
};

#define CONFIG_PROXY_NONE "none" /* none, whatever the environment says */

enum config_transport {
        CONFIG_HTTPS,
        CONFIG_FILE,           /* a folder of this machine */
        CONFIG_HTTP_LOCALHOST, /* plain, never over a wire: only config_parse_for_tests() takes it */
};

struct config_source { /* [Source NAME] */
        char name[NAME_SIZE];
        enum config_transport transport;
        char url[CONFIG_URL_SIZE];      /* ends in '/' */
        char ca_file[CONFIG_PATH_SIZE]; /* "" = the system's */
        char proxy[CONFIG_URL_SIZE];    /* http:// or https://; CONFIG_PROXY_NONE; "" = the environment's */
        uint64_t rate;                  /* bytes a second, at most; 0: as fast as it comes */
};

enum report_method { REPORT_PUT, REPORT_POST };

struct config_report {             /* [Report]; url "" = reports go nowhere */
        char url[CONFIG_URL_SIZE]; /* https://; ends in '/' for PUT */
        char ca_file[CONFIG_PATH_SIZE];
        char proxy[CONFIG_URL_SIZE]; /* as that of a source */
        enum report_method method;
};

struct config {
        char channel[NAME_SIZE];
        char source[NAME_SIZE];            /* which of sources; always there */
        char *bundles[CONFIG_BUNDLES_MAX]; /* owned; globs; none = all */
        size_t n_bundles;
        uint64_t poll_usec;
        struct window windows[CONFIG_WINDOWS_MAX]; /* none: at any time */
        size_t n_windows;
        uint64_t scrub_usec; /* how often what is installed is looked at; 0: never */
        uint64_t keep;       /* releases that stay on disk beside the current one */
        struct config_source sources[CONFIG_SOURCES_MAX];
        size_t n_sources;
        struct config_report report;
};

struct config *config_free(struct config *c);
DEFINE_POINTER_CLEANUP(struct config, config_free)

/* -EINVAL with file, line and the nearest known key, -EFBIG over a limit, -ENOMEM. A configuration that was
 * parsed is complete: a channel, one source at least, a URL for each. */
_must_check_ int config_parse(const char *text, size_t len, const char *file, struct config **ret,
                              struct fault *f);

/* The same, and a source may be http:// on 127.0.0.0/8, [::1] or localhost. */
_must_check_ int config_parse_for_tests(const char *text, size_t len, const char *file, struct config **ret,
                                        struct fault *f);

const struct config_source *config_find_source(const struct config *c, const char *name); /* or NULL */
bool config_wants_bundle(const struct config *c, const char *bundle);
