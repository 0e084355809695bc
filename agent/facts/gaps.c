/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Three texts of the host's, looked through for words. Pure. */

#include "facts/gaps.h"

enum gap_source { BY_FEATURE, BY_CONTROLLER, BY_HIERARCHY, BY_APPARMOR };

static const struct {
        enum gap_source source;
        const char *word;
        struct gap gap;
} rows[] = {
        { BY_FEATURE,
          "-BPF_FRAMEWORK",
          { "SocketBindAllow= SocketBindDeny= RestrictFileSystems= RestrictNetworkInterfaces=",
            "systemd was built without BPF_FRAMEWORK" } },
        { BY_FEATURE,
          "-SECCOMP",
          { "SystemCallFilter= SystemCallArchitectures= RestrictNamespaces= RestrictAddressFamilies= "
            "MemoryDenyWriteExecute=",
            "systemd was built without SECCOMP" } },
        { BY_APPARMOR, "Y", { "AppArmorProfile=", "AppArmor is off, in this kernel or in systemd" } },
        { BY_HIERARCHY, "", { "IPAddressAllow= IPAddressDeny=", "cgroups are not version 2 alone" } },
        { BY_CONTROLLER,
          "memory",
          { "MemoryMax= MemoryHigh= MemorySwapMax=", "there is no memory controller among the cgroups" } },
        { BY_CONTROLLER, "cpu", { "CPUWeight= CPUQuota=", "there is no cpu controller among the cgroups" } },
        { BY_CONTROLLER, "io", { "IOWeight=", "there is no io controller among the cgroups" } },
        { BY_CONTROLLER, "pids", { "TasksMax=", "there is no pids controller among the cgroups" } },
};
_Static_assert(ELEMENTSOF(rows) <= GAPS_MAX, "all of them fit");

static bool has_word(const char *text, const char *word)
{
        size_t n = strlen(word);

        for (; text; text = strpbrk(text, " \n")) {
                text += strspn(text, " \n");
                if (strncmp(text, word, n) == 0 && strcspn(text, " \n") == n)
                        return true;
        }
        return false;
}

static bool is_missing(const struct gaps_host *h, enum gap_source source, const char *word)
{
        switch (source) {
        case BY_FEATURE:
                return has_word(h->features, word);
        case BY_CONTROLLER:
                return !has_word(h->controllers, word);
        case BY_HIERARCHY:
                return !h->controllers;
        case BY_APPARMOR:
                return !has_word(h->apparmor, word) || has_word(h->features, "-APPARMOR");
        }
        return true;
}

size_t gaps_find(const struct gaps_host *h, struct gap ret[static GAPS_MAX])
{
        size_t n = 0;

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                if (is_missing(h, rows[i].source, rows[i].word))
                        ret[n++] = rows[i].gap;
        return n;
}
