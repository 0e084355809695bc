/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"

/* The one table of what may stand in a manifest. The parser, the linter, the drop-in writer and
 * sealift.manifest(5) all read it, so that they cannot disagree; what is not in it does not exist. Keys are
 * systemd's own where systemd has one, and then mean what systemd means by them. */

enum section {
        SECTION_BUNDLE,
        SECTION_SERVICE,
        SECTION_SANDBOX,
        SECTION_SOCKET,
        SECTION_TIMER,
        SECTION_HEALTH,
        SECTION_CONTENT,
        SECTION_MAX,
};

enum value_type {
        VALUE_TEXT,        /* one printable line of min to max bytes */
        VALUE_NAME,        /* name_valid() */
        VALUE_VERSION,     /* name_version_valid() */
        VALUE_WORD,        /* one of words */
        VALUE_NUMBER,      /* decimal, min to max */
        VALUE_SPAN,        /* systemd.time(7), min to max microseconds */
        VALUE_SIZE,        /* bytes, K, M, G or T, min to max bytes */
        VALUE_PERCENT,     /* "150%", min to max */
        VALUE_COMMAND,     /* a command line (facts/command.h) */
        VALUE_ENVIRONMENT, /* NAME=value words (facts/command.h) */
        VALUE_PATH,        /* absolute, as the service sees it */
        VALUE_DIRECTORY,   /* yes or no: the drop-in says sealift-<bundle> for yes, and nothing for no */
        VALUE_LISTEN,      /* an address systemd shall listen on (facts/address.h) */
        VALUE_BIND,        /* tcp:PORT or udp:PORT */
        VALUE_ADDRESS,     /* an address, a prefix, or any */
        VALUE_NAMES,       /* name_valid() words, parted by spaces */
        VALUE_CREDENTIAL,  /* the name a service knows a credential by; the drop-in says where it comes from
                            */
        VALUE_CAPABILITY,  /* capability_find() (facts/capability.h) */
        VALUE_DEVICE,      /* /dev/NAME */
        VALUE_HOST_PATH,   /* absolute, as the host sees it */
        VALUE_USER,        /* a user of the host's, not root */
        VALUE_CALENDAR,    /* systemd.time(7), calendar events (facts/calendar.h) */
        VALUE_REQUIREMENT, /* NAME>=VERSION words (facts/requirement.h) */
        VALUE_PROGRAM,     /* a program's name, or its path below /usr/ (facts/requirement.h) */
        VALUE_HTTP,        /* PORT/path, or /path */
        VALUE_TCP,         /* PORT, or yes */
        VALUE_CONTENT,     /* written by `sealift pack`, checked by facts/manifest_content.c */
        VALUE_TYPE_MAX,
};

enum { HEALTH_TARGET_MAX = 512 }; /* of HTTP=: a word of a command line */

struct directive {
        enum section section;
        enum value_type type;
        bool required; /* once per section at least */
        bool repeat;   /* more than once per section */
        bool site;     /* may stand in bundles.d too (facts/site.h) */
        bool emit; /* goes into the drop-in, or unit file, as "key=value", value literally as written (but
                      see VALUE_DIRECTORY) */
        uint64_t min, max;
        const char *key;
        const char *const *words; /* NULL-terminated; VALUE_WORD */
        const char *help;         /* one line: what it does, its default */
};

/* The whole table, grouped by section, in the order of the man page. */
extern const struct directive directives[];
extern const size_t n_directives;

/* "Bundle", "Service", ... */
const char *section_name(enum section s);
/* Whether the section is written [Section NAME]. */
bool section_is_named(enum section s);
/* The section called name; -EINVAL, f with the nearest. */
_must_check_ int section_find(const char *name, enum section *ret, struct fault *f);

/* The row for key in section s, which stands as title in errors. -EINVAL, f: "unknown key 'ExecStrat' in
 * [Service main]; did you mean 'ExecStart'?" */
_must_check_ int directive_find(enum section s, const char *title, const char *key,
                                const struct directive **ret, struct fault *f);

/* Whether value is good for d. -EINVAL or -ERANGE, f: "Restart=sometimes: ..." and what is allowed. */
_must_check_ int directive_check(const struct directive *d, const char *value, struct fault *f);
