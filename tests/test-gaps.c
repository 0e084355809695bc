/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/gaps.h"

#include "tap.h"

/* The settings of all gaps, each followed by a '|'. */
static const char *find(const char *features, const char *controllers, const char *apparmor)
{
        const struct gaps_host h = { .features = features,
                                     .controllers = controllers,
                                     .apparmor = apparmor };
        struct gap gaps[GAPS_MAX];
        static char all[1024];
        size_t n;

        *all = '\0';
        n = gaps_find(&h, gaps);
        for (size_t i = 0; i < n; i++) {
                strcat(all, gaps[i].settings);
                strcat(all, "|");
        }
        return all;
}

int main(void)
{
        static const char full[] = "+PAM +APPARMOR +SECCOMP +BPF_FRAMEWORK default-hierarchy=unified";
        static const char all[] = "cpuset cpu io memory hugetlb pids rdma misc\n";
        const struct gaps_host bookworm = { .features = "+SECCOMP -BPF_FRAMEWORK",
                                            .controllers = all,
                                            .apparmor = "Y\n" };
        struct gap gaps[GAPS_MAX];

        tap_str(find(full, all, "Y\n"), "", "a host that has all");
        tap_int(gaps_find(&bookworm, gaps), 1, "Debian 12");
        tap_str(gaps[0].settings,
                "SocketBindAllow= SocketBindDeny= RestrictFileSystems= RestrictNetworkInterfaces=",
                "cannot hold a program to its ports");
        tap_str(gaps[0].why, "systemd was built without BPF_FRAMEWORK",
                "which systemctl --version says too");
        tap_str(find(NULL, all, "Y\n"), "", "nobody guesses what systemd was built with");
        tap_str(find("-BPF_FRAMEWORKS +SECCOMP-BPF_FRAMEWORK", all, "Y\n"), "", "a word is a whole word");
        tap_str(find(full, all, "N\n"), "AppArmorProfile=|", "AppArmor switched off");
        tap_str(find(full, all, NULL), "AppArmorProfile=|", "a kernel without it");
        tap_str(find("-APPARMOR", all, "Y\n"), "AppArmorProfile=|", "a systemd without it");
        tap_str(find(full, "cpu io pids", "Y\n"), "MemoryMax= MemoryHigh= MemorySwapMax=|",
                "no memory controller");
        tap_str(find(full, "cpuset io memory pids", "Y\n"), "CPUWeight= CPUQuota=|", "cpuset is not cpu");
        tap_str(find(full, "cpu memory pids\n", "Y\n"), "IOWeight=|", "no io controller");
        tap_str(find(full, "cpu io memory", "Y\n"), "TasksMax=|", "no pids controller");
        tap_str(find(full, NULL, "Y\n"),
                "IPAddressAllow= IPAddressDeny=|"
                "MemoryMax= MemoryHigh= MemorySwapMax=|CPUWeight= CPUQuota=|IOWeight=|TasksMax=|",
                "cgroups version 1");
        tap_like(find("-SECCOMP", all, "Y\n"), "SystemCallFilter=", "a systemd without seccomp");
        return tap_done();
}
