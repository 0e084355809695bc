/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

/* Every limit that more than one file needs, each with the attack or mistake it stops. Limits of one file
 * only stand at its top. Sizes in bytes unless said. Array sizes include the NUL. */

/* Names become parts of unit names (255 at most), file names (255) and D-Bus paths; short names keep the sum
 * below. */
#define NAME_SIZE       49 /* bundle, service, socket, channel, source: [a-z0-9-], 48 characters */
#define VERSION_SIZE    65
#define DIGEST_HEX_SIZE 65 /* SHA-256 in hex */
#define DIGEST_SHORT                                                                                        \
        12 /* hex digits that stand in names: enough to tell releases apart, never used to verify */
#define UNIT_NAME_SIZE  256
#define RUN_RESULT_SIZE 24                          /* of a job: "exit-code", one word of systemd's */
#define INSTANCE_SIZE   33                          /* of a bundle, on a host that runs it more than once */
#define PLACE_SIZE      (NAME_SIZE + INSTANCE_SIZE) /* "<bundle>" or "<bundle>.<instance>" */

/* Names of others: systemd's limit for a credential is that of a file name, and ours stands behind
 * "sealift-<bundle>."; useradd(8) allows 32. */
#define CREDENTIAL_SIZE 65
#define USER_SIZE       33
/* Written by root into bundles.d; goes into the drop-in. */
#define CREDENTIAL_SOURCE_SIZE 256

/* Archive paths: systemd, tar's own header and PATH_MAX are all happy below this; deep trees (a 3,000-deep
 * archive was accepted by libarchive) exhaust descriptors and recursion. */
#define ENTRY_PATH_SIZE 1025
#define ENTRY_NAME_MAX  255
#define ENTRY_DEPTH_MAX 32

/* An endless or huge bundle: a bundle over 64 GiB is a mistake, and sums of signed sizes stay far from 2^64.
 */
#define BUNDLE_BYTES_MAX   (UINT64_C(64) << 30)
#define BUNDLE_ENTRIES_MAX UINT64_C(1000000)
/* A decompression window is memory an attacker chooses; zstd -19 needs 8 MiB, and `sealift pack` asks for no
 * more. */
#define ZSTD_WINDOW_LOG_MAX 23

/* Manifest: a million entries do not fit in memory twice; 32 MiB holds some 250,000. */
#define MANIFEST_BYTES_MAX (UINT64_C(32) << 20)

/* A channel that names endless bundles; signed, but a limit all the same. */
#define BUNDLES_MAX 256
/* Timers of all bundles together, for the same reason; those beyond are in the journal alone. */
#define JOBS_MAX 256
/* The same for instances: a report has a size. */
#define INSTANCES_MAX 1024

/* Configuration and policy files are written by hand. */
#define CONFIG_BYTES_MAX (UINT64_C(1) << 20)

/* HTTP. A path below a source; an ETag to be given back (RFC 9110 sets no limit; S3's have 34 bytes). */
#define FETCH_PATH_SIZE 1025
#define FETCH_ETAG_SIZE 129
