/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A release for another kind of machine is refused before it is fetched, in words; not after it was started,
 * with "Exec format error". */

#include "facts/suits.h"

const char *suits_architecture(void)
{
#if defined(__x86_64__)
        return "x86-64";
#elif defined(__aarch64__)
        return "arm64";
#elif defined(__i386__)
        return "x86";
#elif defined(__arm__)
        return "arm";
#elif defined(__riscv) && __riscv_xlen == 64
        return "riscv64";
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
        return "ppc64-le";
#elif defined(__loongarch64)
        return "loongarch64";
#elif defined(__s390x__)
        return "s390x";
#else
#error "name this architecture as ConditionArchitecture= does"
#endif
}

int suits_check(const struct manifest *m, const char *architecture, const char *agent, struct fault *f)
{
        const char *wants = manifest_get_bundle(m, "Architecture");
        const char *min_agent = manifest_get_bundle(m, "MinAgent");

        if (wants && !str_eq(wants, architecture))
                return fault_set(
                        f, -EPERM,
                        "bundle %s %s: was built for %s, and this host is %s; publish it in another channel",
                        m->name, m->version, wants, architecture);
        if (min_agent && strverscmp(agent, min_agent) < 0)
                return fault_set(f, -EPERM,
                                 "bundle %s %s: needs sealift %s, and this host has %s; update the image",
                                 m->name, m->version, min_agent, agent);
        return 0;
}

int suits_check_requirements(const struct manifest *m, const struct requirement *r, size_t n,
                             struct fault *f)
{
        struct fault first = {}, other;
        size_t unmet = 0;

        for (size_t i = 0; i < n; i++)
                unmet += requirement_judge(r + i, unmet == 0 ? &first : &other) < 0;
        if (unmet == 0)
                return 0;
        if (unmet == 1)
                return fault_set(f, first.error, "bundle %s %s: %s", m->name, m->version, first.text);
        return fault_set(f, first.error,
                         "bundle %s %s: %s; and that is one of %zu, which `sealift lint --host` lists",
                         m->name, m->version, first.text, unmet);
}

/* sealift-unitd would find out after the start, and the release would be to blame for it. */
int suits_check_outbound(const struct manifest *m, bool filters, struct fault *f)
{
        for (size_t i = 0; !filters && i < m->n_services; i++)
                if (manifest_is_confined(&m->services[i].sandbox))
                        return fault_set(
                                f, -EPERM,
                                "bundle %s %s, service %s: may connect to the addresses of Outbound= "
                                "only, and this host cannot hold it to them, since its cgroups are "
                                "not version 2 alone; boot it with "
                                "systemd.unified_cgroup_hierarchy=1",
                                m->name, m->version, m->services[i].name);
        return 0;
}
