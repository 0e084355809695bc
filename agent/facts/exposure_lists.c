/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Settings whose value is a list, each as systemd adds its lines up: capabilities, namespaces, address
 * families, system calls, addresses. What is not in the tables here is an error. Pure. */

#include "facts/exposure_unit.h"

#include <limits.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/socket.h>

#include "facts/address.h"
#include "facts/exposure_calls.h"
#include "ground/text.h"

enum {
        EXPOSURE_WORD_SIZE = 128, /* no single address, group, capability or family is longer */
        NAMESPACES_ALL = CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID |
                         CLONE_NEWUSER | CLONE_NEWUTS,
};

/* 1: a word; 0: the end; -EINVAL: too long for anything that a list here can hold. */
static int next_word(const char **s, char ret[static EXPOSURE_WORD_SIZE])
{
        size_t n;

        *s += strspn(*s, " \t");
        n = strcspn(*s, " \t");
        if (n == 0)
                return 0;
        if (n >= EXPOSURE_WORD_SIZE)
                return -EINVAL;
        memcpy(ret, *s, n);
        ret[n] = '\0';
        *s += n;
        return 1;
}

/* A leading '~' turns a list round. */
static bool take_tilde(const char **s)
{
        bool inverted = **s == '~';

        *s += inverted;
        return inverted;
}

static int parse_capabilities(const char *s, uint64_t *ret)
{
        static const char *const names[] = {
                [CAP_CHOWN] = "CAP_CHOWN",
                [CAP_DAC_OVERRIDE] = "CAP_DAC_OVERRIDE",
                [CAP_DAC_READ_SEARCH] = "CAP_DAC_READ_SEARCH",
                [CAP_FOWNER] = "CAP_FOWNER",
                [CAP_FSETID] = "CAP_FSETID",
                [CAP_KILL] = "CAP_KILL",
                [CAP_SETGID] = "CAP_SETGID",
                [CAP_SETUID] = "CAP_SETUID",
                [CAP_SETPCAP] = "CAP_SETPCAP",
                [CAP_LINUX_IMMUTABLE] = "CAP_LINUX_IMMUTABLE",
                [CAP_NET_BIND_SERVICE] = "CAP_NET_BIND_SERVICE",
                [CAP_NET_BROADCAST] = "CAP_NET_BROADCAST",
                [CAP_NET_ADMIN] = "CAP_NET_ADMIN",
                [CAP_NET_RAW] = "CAP_NET_RAW",
                [CAP_IPC_LOCK] = "CAP_IPC_LOCK",
                [CAP_IPC_OWNER] = "CAP_IPC_OWNER",
                [CAP_SYS_MODULE] = "CAP_SYS_MODULE",
                [CAP_SYS_RAWIO] = "CAP_SYS_RAWIO",
                [CAP_SYS_CHROOT] = "CAP_SYS_CHROOT",
                [CAP_SYS_PTRACE] = "CAP_SYS_PTRACE",
                [CAP_SYS_PACCT] = "CAP_SYS_PACCT",
                [CAP_SYS_ADMIN] = "CAP_SYS_ADMIN",
                [CAP_SYS_BOOT] = "CAP_SYS_BOOT",
                [CAP_SYS_NICE] = "CAP_SYS_NICE",
                [CAP_SYS_RESOURCE] = "CAP_SYS_RESOURCE",
                [CAP_SYS_TIME] = "CAP_SYS_TIME",
                [CAP_SYS_TTY_CONFIG] = "CAP_SYS_TTY_CONFIG",
                [CAP_MKNOD] = "CAP_MKNOD",
                [CAP_LEASE] = "CAP_LEASE",
                [CAP_AUDIT_WRITE] = "CAP_AUDIT_WRITE",
                [CAP_AUDIT_CONTROL] = "CAP_AUDIT_CONTROL",
                [CAP_SETFCAP] = "CAP_SETFCAP",
                [CAP_MAC_OVERRIDE] = "CAP_MAC_OVERRIDE",
                [CAP_MAC_ADMIN] = "CAP_MAC_ADMIN",
                [CAP_SYSLOG] = "CAP_SYSLOG",
                [CAP_WAKE_ALARM] = "CAP_WAKE_ALARM",
                [CAP_BLOCK_SUSPEND] = "CAP_BLOCK_SUSPEND",
                [CAP_AUDIT_READ] = "CAP_AUDIT_READ",
                [CAP_PERFMON] = "CAP_PERFMON",
                [CAP_BPF] = "CAP_BPF",
                [CAP_CHECKPOINT_RESTORE] = "CAP_CHECKPOINT_RESTORE",
        };
        char word[EXPOSURE_WORD_SIZE];
        uint64_t sum = 0;
        size_t i;
        int r;

        while ((r = next_word(&s, word)) > 0) {
                for (i = 0; i < ELEMENTSOF(names) && !str_eq(names[i], word); i++)
                        ;
                if (i == ELEMENTSOF(names))
                        return -EINVAL;
                sum |= UINT64_C(1) << i;
        }
        *ret = sum;
        return r;
}

/* The first list replaces what was there from the beginning, later ones add or, with '~', take away; an
 * empty one replaces too (systemd.exec(5), CapabilityBoundingSet=). */
static int merge_capabilities(uint64_t *set, uint64_t initial, const char *value)
{
        bool inverted = take_tilde(&value);
        uint64_t sum;
        int r;

        r = parse_capabilities(value, &sum);
        if (r < 0)
                return r;
        if (sum == 0 || *set == initial)
                *set = inverted ? ~sum : sum;
        else if (inverted)
                *set &= ~sum;
        else
                *set |= sum;
        return 0;
}

int exposure_read_bounding(struct exposure_unit *u, const char *value)
{
        return merge_capabilities(&u->bounding, UINT64_MAX, value);
}

int exposure_read_ambient(struct exposure_unit *u, const char *value)
{
        return merge_capabilities(&u->ambient, 0, value);
}

static int parse_namespaces(const char *s, unsigned *ret)
{
        static const struct {
                const char *name;
                unsigned flag;
        } kinds[] = {
                { "cgroup", CLONE_NEWCGROUP }, { "ipc", CLONE_NEWIPC }, { "net", CLONE_NEWNET },
                { "mnt", CLONE_NEWNS },        { "pid", CLONE_NEWPID }, { "user", CLONE_NEWUSER },
                { "uts", CLONE_NEWUTS },
        };
        char word[EXPOSURE_WORD_SIZE];
        unsigned flags = 0;
        size_t i;
        int r;

        while ((r = next_word(&s, word)) > 0) {
                for (i = 0; i < ELEMENTSOF(kinds) && !str_eq(kinds[i].name, word); i++)
                        ;
                if (i == ELEMENTSOF(kinds))
                        return -EINVAL;
                flags |= kinds[i].flag;
        }
        *ret = flags;
        return r;
}

/* What may be made: yes is none. The first list replaces what was there from the beginning, later ones add
 * or, with '~', take away. */
int exposure_read_namespaces(struct exposure_unit *u, const char *value)
{
        bool inverted = take_tilde(&value);
        unsigned flags;
        int r;

        if (!inverted && (str_eq(value, "yes") || str_eq(value, "no"))) {
                u->namespaces = str_eq(value, "no") ? NAMESPACES_ALL : 0;
                return 0;
        }
        r = parse_namespaces(value, &flags);
        if (r < 0 || flags == 0)
                return -EINVAL;
        if (u->namespaces == UINT_MAX)
                u->namespaces = inverted ? NAMESPACES_ALL : 0;
        u->namespaces = inverted ? u->namespaces & ~flags : u->namespaces | flags;
        return 0;
}

static enum exposure_family find_family(const char *name)
{
        static const struct {
                const char *name;
                enum exposure_family family;
        } families[] = {
                { "AF_INET", FAMILY_INET },       { "AF_INET6", FAMILY_INET },    { "AF_UNIX", FAMILY_UNIX },
                { "AF_NETLINK", FAMILY_NETLINK }, { "AF_PACKET", FAMILY_PACKET },
        };

        for (size_t i = 0; i < ELEMENTSOF(families); i++)
                if (str_eq(families[i].name, name))
                        return families[i].family;
        return FAMILY_OTHER;
}

/* The first line says whether the list is of what is allowed or of what is not; a later line of the other
 * kind takes from it. */
int exposure_read_families(struct exposure_unit *u, const char *value)
{
        bool inverted = take_tilde(&value);
        char word[EXPOSURE_WORD_SIZE];
        int r;

        if (!u->families_set) {
                u->families_set = true;
                u->families = inverted ? FAMILY_ALL : 0;
        }
        if (str_eq(value, "none"))
                return inverted ? -EINVAL : 0;
        while ((r = next_word(&value, word)) > 0) {
                if (!str_has_prefix(word, "AF_"))
                        return -EINVAL;
                if (inverted)
                        u->families &= ~(unsigned)find_family(word);
                else
                        u->families |= (unsigned)find_family(word);
        }
        return r;
}

/* What two architectures count for differs between a file and a running unit, and no unit of ours has two.
 */
int exposure_read_architectures(struct exposure_unit *u, const char *value)
{
        if (*value != '\0' && !str_eq(value, "native"))
                return -EINVAL;
        u->native = *value != '\0';
        return 0;
}

/* A filter that begins with what is not allowed lets everything else through, which no unit of ours does;
 * and one call less leaves the rest of its class. */
int exposure_read_calls(struct exposure_unit *u, const char *value)
{
        bool inverted = take_tilde(&value);
        char word[EXPOSURE_WORD_SIZE];
        uint32_t classes;
        int r;

        if (!u->calls_set && inverted)
                return -EINVAL;
        while ((r = next_word(&value, word)) > 0) {
                r = exposure_calls_find(word, &classes);
                if (r < 0 || (inverted && *word != '@' && classes != 0))
                        return -EINVAL;
                u->calls_set = true;
                u->system_calls = inverted ? u->system_calls & ~classes : u->system_calls | classes;
        }
        return r;
}

int exposure_read_umask(struct exposure_unit *u, const char *value)
{
        return text_parse_mode(value, &u->umask);
}

int exposure_read_user(struct exposure_unit *u, const char *value)
{
        u->user_set = *value != '\0';
        u->user_root = str_eq(value, "root") || str_eq(value, "0");
        u->user_nobody = str_eq(value, "nobody");
        return 0;
}

int exposure_read_groups(struct exposure_unit *u, const char *value)
{
        u->groups = *value != '\0';
        return 0;
}

int exposure_read_root(struct exposure_unit *u, const char *value)
{
        u->root = *value != '\0' && !str_eq(value, "/");
        return 0;
}

int exposure_read_device(struct exposure_unit *u, const char *value)
{
        u->devices = *value != '\0';
        return 0;
}

int exposure_read_encrypted(struct exposure_unit *u, const char *value)
{
        u->encrypted = u->encrypted || *value != '\0';
        return 0;
}

/* A part of 127.0.0.0/8 is an address like any other to systemd-analyze, unless it has a file to look at. */
static void add_allowed(struct exposure_unit *u, const char *word, const struct address *a)
{
        static const uint8_t loopback6[16] = { [15] = 1 };

        if (str_eq(word, "localhost") ||
            (a && a->family == AF_INET && a->bytes[0] == 127 && a->prefix == 8) ||
            (a && a->family == AF_INET6 && memcmp(a->bytes, loopback6, 16) == 0))
                u->allow_localhost = true;
        else
                u->allow_other = true;
}

static bool name_of_addresses(const char *word)
{
        return str_eq(word, "localhost") || str_eq(word, "link-local") || str_eq(word, "multicast");
}

int exposure_read_allow(struct exposure_unit *u, const char *value)
{
        char word[EXPOSURE_WORD_SIZE];
        struct address a;
        int r;

        if (*value == '\0')
                u->allow_localhost = u->allow_other = false;
        while ((r = next_word(&value, word)) > 0) {
                if (name_of_addresses(word)) {
                        add_allowed(u, word, NULL);
                        continue;
                }
                r = address_parse(word, &a);
                if (r < 0)
                        return r;
                add_allowed(u, word, &a);
        }
        return r;
}

int exposure_read_deny(struct exposure_unit *u, const char *value)
{
        char word[EXPOSURE_WORD_SIZE];
        struct address a;
        int r;

        if (*value == '\0')
                u->deny_ipv4 = u->deny_ipv6 = false;
        while ((r = next_word(&value, word)) > 0) {
                if (name_of_addresses(word))
                        continue;
                r = address_parse(word, &a);
                if (r < 0)
                        return r;
                u->deny_ipv4 = u->deny_ipv4 || (a.family != AF_INET6 && a.prefix == 0);
                u->deny_ipv6 = u->deny_ipv6 || (a.family != AF_INET && a.prefix == 0);
        }
        return r;
}
