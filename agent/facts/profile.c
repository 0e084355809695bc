/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* From what a service asks for and what policy demands to the name of its AppArmor profile. The names are
 * those of apparmor/sealift; tests/apparmor.t holds the two together. Pure: what the kernel has is the
 * caller's to look up. */

#include "facts/profile.h"

#include "ground/text.h"

/* The name goes into a drop-in's line and into a file's name below securityfs, where AppArmor writes others'
 * characters differently; and "unconfined" would be no profile at all. */
bool profile_name_valid(const char *s)
{
        size_t n = strspn(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");

        return n > 0 && n < PROMISE_PROFILE_SIZE && s[n] == '\0' &&
               ((*s >= 'A' && *s <= 'Z') || (*s >= 'a' && *s <= 'z')) && !str_eq(s, "unconfined");
}

void profile_choose(const struct sandbox *x, const struct confinement *c,
                    char ret[static PROMISE_PROFILE_SIZE])
{
        const char *more = x->user_namespaces ? "-namespaces" : x->capabilities ? "-capabilities" : "";

        if (*c->profile)
                memcpy(ret, c->profile, PROMISE_PROFILE_SIZE);
        else
                (void)snprintf(ret, PROMISE_PROFILE_SIZE, "sealift-%s%s%s",
                               x->root == ROOT_BUNDLE ? "bundle" : "usr",
                               x->network == NETWORK_NONE ? "" : "-network", more);
}

int profile_judge(const char *bundle, const struct confinement *c, const char *profile,
                  enum profile_state state, struct fault *f)
{
        static const char *const wrong[PROFILE_STATE_MAX] = {
                [PROFILE_OFF] = "AppArmor is off on this host; boot with apparmor=1",
                [PROFILE_UNLOADED] = "it is not loaded; load it with apparmor_parser(8)",
                [PROFILE_COMPLAIN] = "it is loaded in complain mode; see aa-enforce(8)",
        };

        if (state == PROFILE_ENFORCE)
                return true;
        /* A site that names a profile wants that one, and no other, where there can be one at all. */
        if (!c->required && (!*c->profile || state == PROFILE_OFF))
                return false;
        return fault_set(f, -EPERM, "bundle %s: policy wants AppArmor profile %s, and %s", bundle, profile,
                         wrong[state]);
}
