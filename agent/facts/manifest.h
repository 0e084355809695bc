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

struct manifest_setting {
        const struct directive *directive;
        char *value; /* owned; validated against the directive's type */
        unsigned line;
};

/* What a service asks for beyond the strictest set ([Sandbox NAME]). */
enum network { NETWORK_NONE, NETWORK_SOCKET, NETWORK_OUTBOUND, NETWORK_BIND };
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
};

struct service {
        char name[NAME_SIZE];
        unsigned line;
        struct manifest_setting *settings; /* owned, in the order written */
        size_t n_settings;
        struct sandbox sandbox;
};

struct socket_unit { /* [Socket NAME], held by systemd across releases */
        char name[NAME_SIZE];
        char service[NAME_SIZE];
        unsigned line;
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

struct manifest {
        char name[NAME_SIZE];
        char version[VERSION_SIZE];
        struct manifest_setting *settings; /* owned; all of [Bundle] */
        size_t n_settings;
        struct service *services; /* owned; one at least */
        size_t n_services;
        struct socket_unit *sockets; /* owned */
        size_t n_sockets;
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

/* Value of the last setting of that name in [Bundle], [Service NAME], [Socket NAME]; or NULL. */
const char *manifest_get_bundle(const struct manifest *m, const char *directive);
const char *manifest_get(const struct service *s, const char *directive);
const char *manifest_get_socket(const struct socket_unit *s, const char *directive);

/* The service of that name, or NULL. */
const struct service *manifest_find_service(const struct manifest *m, const char *name);

/* The socket of a service exists: it takes its listeners from systemd. */
bool manifest_has_socket(const struct manifest *m, const char *service);

/* Whether next may start beside the running release: every listener is a socket from systemd, the same
 * sockets in both (a changed one has to be closed first), and no directory is shared (design: "The one
 * story"). */
bool manifest_may_overlap(const struct manifest *running, const struct manifest *next);

/* It has the host's network, but may reach listed addresses only. */
bool manifest_is_confined(const struct sandbox *x);

/* Text of the content part as `sealift pack` appends it, ready to be parsed again. -EFBIG, -ENOMEM. */
struct buffer;
_must_check_ int manifest_write_content(const struct content *c, struct buffer *out);
