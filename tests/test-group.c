/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which groups are root by another name: each that is, and that others of every Debian are not. */

#include "facts/group.h"

#include "tap.h"

static const struct {
        const char *name;
        bool powerful;
} groups[] = {
        { "root", true },
        { "adm", true },
        { "admin", true },
        { "crontab", true },
        { "disk", true },
        { "docker", true },
        { "google-sudoers", true },
        { "incus", true },
        { "incus-admin", true },
        { "kmem", true },
        { "libvirt", true },
        { "libvirt-qemu", true },
        { "lpadmin", true },
        { "lxd", true },
        { "messagebus", true },
        { "microk8s", true },
        { "podman", true },
        { "sealift", true },
        { "shadow", true },
        { "snap_microk8s", true },
        { "ssh_keys", true },
        { "staff", true },
        { "sudo", true },
        { "sys", true },
        { "systemd-journal", true },
        { "systemd-network", true },
        { "tty", true },
        { "wheel", true },
        /* a name that only begins or ends like one */
        { "administrators", false },
        { "dockers", false },
        { "mydocker", false },
        { "systemd", false },
        { "", false },
        /* what accounts for services are in */
        { "audio", false },
        { "dialout", false },
        { "games", false },
        { "kvm", false },
        { "mail", false },
        { "nogroup", false },
        { "postgres", false },
        { "proxy", false },
        { "render", false },
        { "ssl-cert", false },
        { "tss", false },
        { "users", false },
        { "utmp", false },
        { "video", false },
        { "www-data", false },
};

int main(void)
{
        for (size_t i = 0; i < ELEMENTSOF(groups); i++)
                tap_int(group_is_powerful(groups[i].name), groups[i].powerful, "group '%s'", groups[i].name);
        return tap_done();
}
