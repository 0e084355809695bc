/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ground/base.h"
#include "ground/limits.h"
#include "ground/protocol.h"

/* What names may look like. Everything that becomes part of a path, a unit name or a URL passes here first.
 */

/* Bundles, services, sockets, channels, sources: [a-z0-9][a-z0-9-]*, 48 characters at most. */
bool name_valid(const char *s);

/* Versions: [A-Za-z0-9][A-Za-z0-9.+~_-]*, 64 characters at most. */
bool name_version_valid(const char *s);

/* 64 lower-case hex digits. */
bool name_digest_valid(const char *s);

/* A path in a bundle: relative, components of 1 to 255 bytes that are not "." or "..", 1,024 bytes and 32
 * components at most, valid UTF-8 without control characters (C0, DEL, C1). No leading, trailing or double
 * slash; no component ends in a space or a backslash, which the manifest's line syntax could not hold. */
bool name_entry_valid(const char *s);

/* A symlink at path (valid itself, and every parent of it a directory) may point to target: relative,
 * components as in a path, ".." only at the front and never above the top of the bundle. So no chain of
 * links, each valid by itself, leads out. */
bool name_target_valid(const char *path, const char *target);

/* "<version>-<digest12>": the release's folder in the store. */
enum { NAME_RELEASE_SIZE = VERSION_SIZE + 1 + DIGEST_SHORT };
void name_release(const char *version, const char *digest, char ret[static NAME_RELEASE_SIZE]);

/* "<bundle>", or "<bundle>.<instance>" where there is one. */
void name_place(const char *bundle, const char *instance, char ret[static PLACE_SIZE]);

/* "sealift-<place>.<service>@<version>-<digest12>-<n>.service"; characters that a unit name cannot have
 * become '_' (systemd.unit(5): [A-Za-z0-9:_.\\-] and @). */
void name_unit(const char *place, const char *service, const char *version, const char *digest, unsigned n,
               char ret[static UNIT_NAME_SIZE]);

/* "sealift-network@<place>.<version>-<digest12>.service", the same for all services of a release. */
void name_network(const char *place, const char *version, const char *digest,
                  char ret[static UNIT_NAME_SIZE]);

/* "sealift-turn@<bundle>.target", the same for all of its releases. */
void name_turn(const char *bundle, char ret[static UNIT_NAME_SIZE]);
