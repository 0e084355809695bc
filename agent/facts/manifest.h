/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/fault.h"
#include "ground/limits.h"
#include "ground/protocol.h"
#include "facts/address.h"
#include "facts/digest.h"
#include "facts/directives.h"

/* The manifest (man sealift.manifest(5)): what a publisher signs about one release. Intent comes first, in
 * unit-file syntax with systemd's own directive names; `sealift pack` appends content: the bundle's sum and
 * every entry of its tree. */

/* No service's name ends so: what sealift-unitd puts between a socket with Proxy= and its program has the
 * socket's name and this. */
#define MANIFEST_PROXY_SUFFIX "-proxy"
/* Nor so: what asks after a service's health, and what migrates its state (facts/task.h). */
#define MANIFEST_PROBE_SUFFIX   "-probe"
#define MANIFEST_MIGRATE_SUFFIX "-migrate"

enum {
        /* A service is a process tree and some twenty mounts; a manifest of thousands would be a fork bomb.
         */
        MANIFEST_SERVICES_MAX = 32,
        MANIFEST_PROBES_MAX = 32,
};

struct manifest_setting {
        const struct directive *directive;
        char *value; /* owned; validated against the directive's type */
        unsigned line;
};

/* What a service asks for beyond the strictest set ([Sandbox NAME]). */
enum network { NETWORK_NONE, NETWORK_SOCKET, NETWORK_BUNDLE, NETWORK_OUTBOUND, NETWORK_BIND };
enum root { ROOT_HOST_USR, ROOT_BUNDLE };

struct bind_request { /* Bind=tcp:8080 */
        enum transport transport;
        uint16_t port;
        unsigned line;
};

struct address_request { /* Outbound=192.0.2.0/24, or any */
        struct address address;
        unsigned line;
};

struct sandbox {
        enum network network;
        enum root root;
        struct bind_request *binds; /* owned; NETWORK_BIND */
        size_t n_binds;
        struct address_request *addresses; /* owned; NETWORK_OUTBOUND, NETWORK_BIND */
        size_t n_addresses;
        uint64_t capabilities; /* bits as in CapBnd: of /proc/PID/status */
        bool write_execute;
        bool user_namespaces;
        char user[USER_SIZE]; /* of the host's; "": a dynamic one */
        struct manifest_setting
                *settings; /* owned; the section as written: also Device=, HostPath=, SystemCalls= */
        size_t n_settings;
};

/* A secret of the host's that a service asks for. The publisher says its name, the host where it is: what no
 * file of bundles.d says otherwise is in the credential store as "sealift-<bundle>.<id>", plain or
 * encrypted. */
enum credential_kind { CREDENTIAL_ANY, CREDENTIAL_PLAIN, CREDENTIAL_ENCRYPTED };

struct credential {
        char id[CREDENTIAL_SIZE];            /* its file in $CREDENTIALS_DIRECTORY */
        char source[CREDENTIAL_SOURCE_SIZE]; /* absolute, or a name in the credential store */
        enum credential_kind kind;           /* what source is */
        bool optional;                       /* ImportCredential=: the host may have none */
        unsigned line;
};

/* What is run for a service, and is none of the manifest's own (facts/task.h). */
enum task_kind { TASK_NONE, TASK_PROBE, TASK_MIGRATE };

struct service {
        char name[NAME_SIZE];
        unsigned line;
        enum task_kind task; /* TASK_NONE, in a manifest */
        bool ours;           /* a task whose program is sealift's own */
        const char *asks;    /* of a task: the listener it asks through, as PID 1 sees it; NULL: none */
        struct manifest_setting *settings; /* owned, in the order written */
        size_t n_settings;
        struct credential *credentials; /* owned */
        size_t n_credentials;
        struct sandbox sandbox;
        char serves[NAME_SIZE]; /* it is in no file, but stands between a socket with Proxy= and this
                                   service;
                                   "": it is one that was written */
};

struct socket_unit { /* [Socket NAME], held by systemd across releases */
        char name[NAME_SIZE];
        char service[NAME_SIZE];
        unsigned line;
        uint16_t proxy; /* where the program listens in its own network; 0: it takes the socket itself */
        struct manifest_setting *settings; /* owned */
        size_t n_settings;
};

struct timer_unit { /* [Timer NAME], which keeps its name, and so what it remembers, across releases */
        char name[NAME_SIZE];
        char service[NAME_SIZE];
        unsigned line;
        struct manifest_setting *settings; /* owned */
        size_t n_settings;
};

/* [Health NAME]: how a service shows that it is well. */
enum health_kind { HEALTH_HTTP, HEALTH_TCP, HEALTH_EXEC };

struct health_probe {
        char name[NAME_SIZE];
        char service[NAME_SIZE];
        char socket[NAME_SIZE]; /* asked through a listener of this release alone, which it gets beside this
                                   socket; "": none */
        unsigned line;
        enum health_kind kind;
        uint16_t port;       /* 0: through socket */
        const char *subject; /* of HTTP: the path; of Exec: the command; in settings */
        uint64_t interval_usec, timeout_usec, start_usec;
        unsigned successes;                /* in a row, until start_usec after its start */
        unsigned failures;                 /* in the soak window */
        struct manifest_setting *settings; /* owned */
        size_t n_settings;
};

struct entry {
        char *path;   /* owned */
        char *target; /* owned; of a symlink, else NULL */
        uint64_t size;
        enum entry_type type;
        mode_t mode; /* 0644 or 0755 files, 0755 directories, 0777 symlinks */
        uint8_t sha256[SHA256_SIZE];
};

struct content {
        bool sealed; /* false: intent only, not packed yet */
        enum compression compression;
        char sha256[DIGEST_HEX_SIZE]; /* of the bundle */
        uint64_t size;                /* of the bundle */
        uint64_t unpacked_size;       /* sum of files */
        struct entry
                *entries; /* owned; sorted by path, bytewise, so that a parent comes before its children */
        size_t n_entries;
};

/* What a publisher signed; or, where a host runs a bundle in its own way, what it makes of it
 * (facts/site.h): then without entries, and for one instance. */
struct manifest {
        char name[NAME_SIZE];
        char instance[INSTANCE_SIZE]; /* "": the only one */
        char place[PLACE_SIZE]; /* name, or name.instance: what units and directories are called after */
        char version[VERSION_SIZE];
        struct manifest_setting *settings; /* owned; all of [Bundle] */
        size_t n_settings;
        bool withdrawn;           /* it takes the bundle away, and holds nothing else */
        struct service *services; /* owned; one at least, where it is not withdrawn */
        size_t n_services;
        struct socket_unit *sockets; /* owned */
        size_t n_sockets;
        struct timer_unit *timers; /* owned */
        size_t n_timers;
        struct health_probe *probes; /* owned */
        size_t n_probes;
        struct content content;
};

struct manifest *manifest_free(struct manifest *m);
DEFINE_POINTER_CLEANUP(struct manifest, manifest_free)

/* Parses a whole manifest. file stands before the line number in errors ("web.manifest:12: ..."). -EINVAL
 * with the nearest known key, section or value; -EFBIG over a limit; -ENOMEM. */
_must_check_ int manifest_parse(const char *text, size_t len, const char *file, struct manifest **ret,
                                struct fault *f);

/* The entry with that path, or NULL. Binary search. */
const struct entry *manifest_find_entry(const struct manifest *m, const char *path);

/* The same with symbolic links followed as the kernel would; NULL also where they lead in circles. */
const struct entry *manifest_resolve_entry(const struct manifest *m, const char *path);

/* Epoch=; 0 where it has none. */
uint64_t manifest_epoch(const struct manifest *m);

/* Value of the last setting of that name in [Bundle], [Service NAME], [Socket NAME], [Timer NAME]; or NULL.
 */
const char *manifest_get_bundle(const struct manifest *m, const char *directive);
const char *manifest_get(const struct service *s, const char *directive);
const char *manifest_get_socket(const struct socket_unit *s, const char *directive);
const char *manifest_get_timer(const struct timer_unit *t, const char *directive);

/* The probe of that name, or NULL. */
const struct health_probe *manifest_find_probe(const struct manifest *m, const char *name);

/* Whether both have a [Health] of that name, and ask the same of the same service by it, however often and
 * patiently. */
bool manifest_ask_alike(const struct manifest *a, const struct manifest *b, const char *name);

/* How long the release is on trial after it has become current; SoakSec=. */
uint64_t manifest_soak_usec(const struct manifest *m);

/* How much may go wrong meanwhile: the least that a [Health] says, for the bundle stands or falls as one. */
unsigned manifest_soak_failures(const struct manifest *m);

/* A probe asks this service through a listener of its own. */
bool manifest_has_private_listener(const struct manifest *m, const char *service);

/* The next setting of that name behind *i, which is moved; NULL: no more. Begin with 0. */
const char *manifest_next(const struct manifest_setting *settings, size_t n, const char *directive,
                          size_t *i);

/* The service of that name, or NULL. */
const struct service *manifest_find_service(const struct manifest *m, const char *name);

/* A socket of the service exists that it takes from systemd itself; or that systemd-socket-proxyd takes for
 * it. */
bool manifest_has_socket(const struct manifest *m, const char *service);
bool manifest_has_proxy(const struct manifest *m, const char *service);

/* The service that finds this socket among its own: the one it is for, or what stands before that. */
void manifest_taker(const struct socket_unit *s, char ret[static NAME_SIZE]);
bool manifest_takes(const struct socket_unit *socket, const struct service *s);
/* Nobody needs the service while nothing stands before it (ExitIdle=). */
bool manifest_rests(const struct manifest *m, const char *service);

/* The timer that runs this service, or NULL: a service has one, or runs all the time. */
const struct timer_unit *manifest_find_timer(const struct manifest *m, const char *service);

/* s ends by itself: a timer runs it, or it is a task. */
bool manifest_is_job(const struct manifest *m, const struct service *s);

/* service is among the words of an After= of s. */
bool manifest_is_after(const struct service *s, const char *service);

/* How many services have to be ready one after the other before s is started; 0: none. */
unsigned manifest_rank(const struct manifest *m, const struct service *s);

/* Whether next may start beside the running release: every listener is a socket from systemd, the same
 * sockets in both (a changed one has to be closed first), and no directory is shared (design: "The one
 * story"). */
bool manifest_may_overlap(const struct manifest *running, const struct manifest *next);

/* It has the host's network, but may reach listed addresses only. */
bool manifest_is_confined(const struct sandbox *x);

/* Text of the content part as `sealift pack` appends it, ready to be parsed again. -EFBIG, -ENOMEM. */
struct buffer;
_must_check_ int manifest_write_content(const struct content *c, struct buffer *out);
