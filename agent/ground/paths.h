/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Places on a host that more than one program knows: where sealift-unitd keeps releases, and what it makes
 * for PID 1 and for itself. All root's own; everybody may read them. */
#define RELEASES_PATH      "/var/lib/sealift/releases"
#define UNITS_RECORDS_PATH "/run/sealift/units"
#define UNITS_ROOTS_PATH   "/run/sealift/root"
#define UNITS_WAKES_PATH   "/run/sealift/wakes"
/* Listeners that only those who ask after a service's health can reach: root's alone. */
#define LISTENERS_PATH     "/run/sealift/listeners"
#define UNITS_DROPINS_PATH "/run/systemd/system"
/* What runs, bundle by bundle: sealiftd's, who alone may read it. */
#define STATES_PATH "/var/lib/sealift/state"
