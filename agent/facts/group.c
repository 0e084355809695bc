/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Groups no service is to be in: a list, and nothing else. Not those that open a device (video, kvm,
 * dialout, input ...): a service has the devices that policy grants it, whatever groups it is in. */

#include "facts/group.h"

/* sorted, so that it can be read */
static const char *const powerful[] = {
        "adm",     /* reads all logs */
        "admin",   /* sudo, of older hosts */
        "crontab", /* writes among root's jobs */
        "disk",    /* every file, by the disk it is on */
        "docker",  /* starts a container that is root's */
        "google-sudoers",
        "incus",
        "incus-admin",
        "kmem",    /* all memory */
        "libvirt", /* a machine with the host's disks */
        "libvirt-qemu",
        "lpadmin", /* root's configuration of CUPS */
        "lxd",
        "messagebus", /* starts services of the bus as root */
        "microk8s",
        "podman",
        "root",
        "sealift", /* orders what runs here */
        "shadow",  /* all passwords */
        "snap_microk8s",
        "ssh_keys", /* the host's keys */
        "staff",    /* writes to /usr/local, which is in root's PATH */
        "sudo",
        "sys", /* CUPS again, on other hosts */
        "tty", /* what stands on root's terminals */
        "wheel",
};

/* systemd-journal reads all logs; the others are accounts of systemd's services. */
#define SYSTEMD_PREFIX "systemd-"

bool group_is_powerful(const char *name)
{
        if (str_has_prefix(name, SYSTEMD_PREFIX))
                return true;
        for (size_t i = 0; i < ELEMENTSOF(powerful); i++)
                if (str_eq(name, powerful[i]))
                        return true;
        return false;
}
