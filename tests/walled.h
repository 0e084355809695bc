/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A service behind all walls, and what it was promised; each test changes what it is about, and changes it
 * back. */

#include "facts/walls.h"

static struct promise promise;
static struct walls walls = {
        .place = "web",
        .unit = "sealift-web.main@1-1.service",
        .promise = &promise,
        .systemd_version = 252,
        .inherited = 5,
        .dropin = "[Service]\nRootDirectory=/run/sealift/root/x\nBindReadOnlyPaths=/releases/web/x/tree:/"
                  "bundle\n"
                  "BindReadOnlyPaths=/usr\nTemporaryFileSystem=/dev/shm:mode=1777\n"
                  "TemporaryFileSystem=/run:mode=0755,noexec\nBindReadOnlyPaths=-/etc/hosts\n"
                  "DeviceAllow=/dev/net/tun rw\nBindPaths=/dev/net/tun\nBindReadOnlyPaths=/srv/data\n",
        .host_mounts = "27 0 8:1 / / rw shared:1 - ext4 /dev/sda1 rw\n"
                       "28 27 8:2 / /srv/data/disk rw shared:2 - ext4 /dev/sda2 rw\n"
                       "29 27 8:2 / /bundle/disk rw shared:2 - ext4 /dev/sda2 rw\n"
                       "31 27 8:3 / /var/lib/private/sealift-web/wal rw shared:4 - xfs /dev/sda3 rw\n"
                       "32 27 8:4 / /var/cache/private/sealift-web rw shared:5 - xfs /dev/sda4 rw\n"
                       "33 27 8:5 / /var/log/sealift-web rw shared:6 - xfs /dev/sda5 rw\n"
                       "30 27 0:9 / /sys/fs/fuse/connections rw shared:3 - fusectl fusectl rw\n",
};

/* Limits that nobody asked for, which 0 is not. */
static void promise_nothing(void)
{
        for (size_t i = 0; i < LIMIT_MAX; i++)
                promise.limits[i] = PROMISE_NO_LIMIT;
}
