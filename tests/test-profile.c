/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which AppArmor profile a sandbox gets, that apparmor/sealift has it, and when a service runs without. */

#include "facts/profile.h"

#include "facts/policy.h"
#include "ground/io.h"

#include "tap.h"

static char *family; /* the text of apparmor/sealift */

static void family_read(void)
{
        const char *top = getenv("top_srcdir");
        struct fault f = {};
        char path[512];
        size_t len;

        (void)snprintf(path, sizeof(path), "%s/apparmor/sealift", top ? top : ".");
        if (io_read_file_at(AT_FDCWD, path, 65536, &family, &len, &f) < 0) {
                printf("Bail out! %s\n", f.text);
                exit(99);
        }
}

static void test_choice(void)
{
        static const struct confinement none = {}, site = { .profile = "site-web" };
        static const struct {
                const char *want;
                struct sandbox x;
        } cases[] = {
                { "sealift-usr", {} },
                { "sealift-bundle", { .root = ROOT_BUNDLE } },
                { "sealift-usr-network", { .network = NETWORK_SOCKET } },
                { "sealift-usr-network", { .network = NETWORK_BUNDLE } },
                { "sealift-bundle-network", { .network = NETWORK_BIND, .root = ROOT_BUNDLE } },
                { "sealift-usr-capabilities", { .capabilities = 1 } },
                { "sealift-usr-namespaces", { .user_namespaces = true } },
                { "sealift-usr-namespaces", { .user_namespaces = true, .capabilities = 1 } },
                { "sealift-usr-network-capabilities", { .network = NETWORK_OUTBOUND, .capabilities = 1 } },
                { "sealift-bundle-namespaces", { .root = ROOT_BUNDLE, .user_namespaces = true } },
                { "sealift-usr", { .write_execute = true } },
        };
        char profile[PROMISE_PROFILE_SIZE];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                profile_choose(&cases[i].x, &none, profile);
                tap_str(profile, cases[i].want, "case %zu", i);
                profile_choose(&cases[i].x, &site, profile);
                tap_str(profile, "site-web", "a site's own goes before it");
        }
}

/* Whatever can be chosen is there: a name that is not would leave a service unconfined. */
static void test_family(void)
{
        static const struct confinement none = {};

        for (int i = 0; i < 16; i++) {
                struct sandbox x = { .root = i & 1 ? ROOT_BUNDLE : ROOT_HOST_USR,
                                     .network = i & 2 ? NETWORK_BIND : NETWORK_NONE,
                                     .capabilities = i & 4 ? 1 : 0,
                                     .user_namespaces = i & 8 };
                char profile[PROMISE_PROFILE_SIZE], line[PROMISE_PROFILE_SIZE + 32];

                profile_choose(&x, &none, profile);
                (void)snprintf(line, sizeof(line), "\nprofile %s flags=", profile);
                tap_like(family, line, "apparmor/sealift has %s", profile);
                tap_ok(profile_name_valid(profile), "and its name is one");
        }
}

static void test_names(void)
{
        static const char *const bad[] = { "",    "unconfined", "a b", "/usr/bin/x", "a//b",
                                           "a%n", "a\nb",       "-a",  ".",          ":ns:a",
                                           "a*",  "_a",         "a\"", "9a",         "a//&b" };
        char long_name[PROMISE_PROFILE_SIZE + 1];

        tap_ok(profile_name_valid("site_web-2.1"), "a name");
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                tap_ok(!profile_name_valid(bad[i]), "no name: case %zu", i);
        memset(long_name, 'a', PROMISE_PROFILE_SIZE);
        long_name[PROMISE_PROFILE_SIZE] = '\0';
        tap_ok(!profile_name_valid(long_name), "one letter too long");
        tap_ok(profile_name_valid(long_name + 1), "as long as can be");
}

static void test_judgement(void)
{
        static const struct confinement kinds[] = {
                {}, { .profile = "site" }, { .required = true }, { .required = true, .profile = "site" }
        };
        static const int want[][PROFILE_STATE_MAX] = {
                { [PROFILE_OFF] = 0, [PROFILE_UNLOADED] = 0, [PROFILE_COMPLAIN] = 0, [PROFILE_ENFORCE] = 1 },
                { 0, -EPERM, -EPERM, 1 },
                { -EPERM, -EPERM, -EPERM, 1 },
                { -EPERM, -EPERM, -EPERM, 1 },
        };
        static const char *const words[] = { "AppArmor is off", "is not loaded", "complain mode" };

        for (size_t k = 0; k < ELEMENTSOF(kinds); k++)
                for (enum profile_state s = 0; s < PROFILE_STATE_MAX; s++) {
                        struct fault f = {};
                        int r = profile_judge("web", kinds + k, "sealift-usr", s, &f);

                        tap_int(r, want[k][s], "policy of kind %zu, profile in state %d", k, (int)s);
                        if (r < 0) {
                                tap_like(f.text, "bundle web: policy wants AppArmor profile sealift-usr",
                                         "it names the profile");
                                tap_like(f.text, words[s], "and says what is wrong");
                        }
                }
}

static void confinement_is(const char *text, const char *bundle, int want, bool required,
                           const char *profile, const char *what)
{
        _cleanup_(policy_freep) struct policy *p = NULL;
        struct confinement c = {};
        struct fault f = {};

        if (policy_new(&p) < 0 || policy_parse(p, text, strlen(text), "web.conf", &f) < 0) {
                tap_ok(false, "%s: %s", what, f.text);
                return;
        }
        tap_int(policy_confinement(p, bundle, &c, &f), want, "%s", what);
        tap_ok(c.required == required, "%s: %srequired", what, required ? "" : "not ");
        tap_str(c.profile, profile, "%s: profile '%s'", what, profile);
        if (want < 0)
                tap_like(f.text, "AppArmorProfile=b", "%s: both are named", what);
}

static void test_policy(void)
{
        confinement_is("", "web", 0, false, "", "no policy");
        confinement_is("[Policy w*]\nAppArmor=required\n", "web", 0, true, "", "required");
        confinement_is("[Policy w*]\nAppArmor=required\nAppArmorProfile=x\n", "db", 0, false, "",
                       "another bundle's");
        confinement_is("[Policy *]\nAppArmorProfile=a\n[Policy web]\nAppArmorProfile=a\n", "web", 0, false,
                       "a", "one, named twice");
        confinement_is("[Policy *]\nAppArmorProfile=a\n[Policy web]\nAppArmorProfile=b\n", "web", -EINVAL,
                       false, "", "two");
}

int main(void)
{
        family_read();
        test_choice();
        test_family();
        test_names();
        test_judgement();
        test_policy();
        free(family);
        return tap_done();
}
