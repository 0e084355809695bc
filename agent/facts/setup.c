/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Whose doing it is that a service could not be set up: a table, and nothing else. A release says which
 * program is to run, and where it begins; so a bundle without that program fails everywhere, and on the next
 * try too. All else is a line of sealift-unitd's drop-in, the same for every bundle or granted by this
 * host's policy, and what it needs is this host's: its kernel, its disk, its users, its secrets, its own
 * drop-ins. A release that cannot have it here may run everywhere else. */

#include "facts/setup.h"

#define RELEASE false
#define HOST    true

/* sorted by status; 223, 234 and 244 are nobody's, 255 is what programs end with */
static const struct setup setups[] = {
        { 200, RELEASE, "its WorkingDirectory= is not there (CHDIR)" },
        { 201, HOST, "its priority cannot be set (NICE)" },
        { 202, HOST, "its descriptors cannot be passed on (FDS)" },
        { SETUP_EXEC, RELEASE,
          "its program cannot be executed: is it in the bundle, mode 0755, for this machine? (EXEC)" },
        { 204, HOST, "this host is short of memory (MEMORY)" },
        { 205, HOST, "a limit cannot be set (LIMITS)" }, /* of descriptors: fs.nr_open is lower */
        { 206, HOST, "its place among those killed for want of memory cannot be set (OOM_ADJUST)" },
        { 207, HOST, "its signals cannot be set (SIGNAL_MASK)" },
        { 208, HOST, "its standard input cannot be opened (STDIN)" },
        { 209, HOST, "its standard output cannot be opened: does journald run? (STDOUT)" },
        { 210, HOST, "its root cannot be entered (CHROOT)" },
        { 211, HOST, "its priority on disks cannot be set (IOPRIO)" },
        { 212, HOST, "its timer slack cannot be set (TIMERSLACK)" },
        { 213, HOST, "its secure bits cannot be set (SECUREBITS)" },
        { 214, HOST, "its scheduler cannot be set (SETSCHEDULER)" },
        { 215, HOST, "its processors cannot be set (CPUAFFINITY)" },
        { 216, HOST, "its groups cannot be set (GROUP)" },
        { 217, HOST, "its user, or its user namespace, cannot be made (USER)" },
        { 218, HOST, "its capabilities cannot be dropped, or are not to be had (CAPABILITIES)" },
        { 219, HOST, "its cgroup cannot be made (CGROUP)" },
        { 220, HOST, "its session cannot be made (SETSID)" },
        { 221, HOST, "somebody at the console has said no (CONFIRM)" },
        { 222, HOST, "its standard error cannot be opened: does journald run? (STDERR)" },
        { 224, HOST, "PAM has said no (PAM)" },
        { 225, HOST, "it cannot have its own network (NETWORK)" },
        { 226, HOST, "its mounts or namespaces cannot be made (NAMESPACE)" },
        { 227, HOST, "it cannot be kept from new privileges (NO_NEW_PRIVILEGES)" },
        { 228, HOST, "its system call filter cannot be installed (SECCOMP)" },
        { 229, HOST, "its SELinux context cannot be set (SELINUX_CONTEXT)" },
        { 230, HOST, "its execution domain cannot be set (PERSONALITY)" },
        { 231, HOST, "its AppArmor profile is not there (APPARMOR)" },
        { 232, HOST, "its address families cannot be restricted (ADDRESS_FAMILIES)" },
        { 233, HOST, "its RuntimeDirectory= cannot be made (RUNTIME_DIRECTORY)" },
        { 235, HOST, "what it is to own cannot be given to it (CHOWN)" },
        { 236, HOST, "its SMACK label cannot be set (SMACK_PROCESS_LABEL)" },
        { 237, HOST, "its keyring cannot be made (KEYRING)" }, /* kernel.keys.maxkeys */
        { 238, HOST, "its StateDirectory= cannot be made (STATE_DIRECTORY)" },
        { 239, HOST, "its CacheDirectory= cannot be made (CACHE_DIRECTORY)" },
        { 240, HOST, "its LogsDirectory= cannot be made (LOGS_DIRECTORY)" },
        { 241, HOST, "its ConfigurationDirectory= cannot be made (CONFIGURATION_DIRECTORY)" },
        { 242, HOST, "its NUMA policy cannot be set (NUMA_POLICY)" },
        { 243, HOST,
          "a credential of this host's cannot be read, or not decrypted; systemctl cat it for where each "
          "comes from (CREDENTIALS)" },
        { 245, HOST, "its BPF filters cannot be installed (BPF)" },
};

const struct setup setup_noexec = {
        SETUP_EXEC, HOST,
        "its program cannot be executed: its release lies on a file system that is mounted noexec; mount "
        "it without (EXEC)"
};

const struct setup *setup_find(int status)
{
        for (size_t i = 0; i < ELEMENTSOF(setups); i++)
                if (setups[i].status == status)
                        return setups + i;
        return NULL;
}
