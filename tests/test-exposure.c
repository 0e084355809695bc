/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The figure of units as facts/dropin.c writes them, and that nothing unknown is taken for harmless. That
 * every assessor agrees with systemd's is in tests/exposure.t. */

#include "facts/exposure.h"

#include "facts/dropin.h"
#include "tap.h"

#define SERVICE "[Bundle]\nName=web\nVersion=1\n[Service main]\nExecStart=/usr/bin/caddy run\n"
#define SOCKET  "[Socket main]\nListenStream=8080\n"
#define DIGEST  "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static int compute(const char *text, struct exposure *e, struct fault *f)
{
        return exposure_compute(text, strlen(text), "unit", e, f);
}

/* The drop-in of text's first service, or NULL with why in a TAP comment. */
static char *dropin_of(const char *text)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        struct buffer out = BUFFER_INIT(DROPIN_BYTES_MAX);
        struct fault f = {};

        if (manifest_parse(text, strlen(text), "web.manifest", &m, &f) >= 0) {
                const struct dropin d = { .manifest = m,
                                          .service = m->services,
                                          .digest = DIGEST,
                                          .tree = "/tree",
                                          .root = "/root",
                                          .attempt = 1 };

                if (dropin_write(&d, &out, &f) >= 0)
                        return out.data;
        }
        printf("# %s\n", f.text);
        buffer_done(&out);
        return NULL;
}

static void figure(const char *manifest, unsigned tenths, const char *what)
{
        _cleanup_free_ char *text = dropin_of(manifest);
        struct exposure e = {};
        struct fault f = {};

        if (!tap_ok(text && compute(text, &e, &f) >= 0, "%s: is known", what))
                printf("# %s\n", f.text);
        tap_int(e.tenths, tenths, "%s: %u.%u", what, tenths / 10, tenths % 10);
}

static void test_figures(void)
{
        figure(SERVICE, 1, "no network");
        figure(SERVICE SOCKET, 1, "a socket from systemd");
        figure(SERVICE "[Sandbox main]\nNetwork=bind\nBind=tcp:8080\n", 10, "a port of its own");
        figure(SERVICE "[Sandbox main]\nNetwork=outbound\nOutbound=192.0.2.0/24\n", 9, "addresses to reach");
        figure(SERVICE "[Sandbox main]\nNetwork=outbound\nOutbound=any\n", 9, "any address");
        figure(SERVICE "[Sandbox main]\nNetwork=outbound\nOutbound=127.0.0.0/8\n", 9, "its own host");
        figure("[Bundle]\nName=web\nVersion=1\n[Service main]\nExecStart=/bundle/web\n[Sandbox "
               "main]\nRoot=bundle\n",
               1, "no /usr");
        figure(SERVICE "StateDirectory=yes\nMemoryMax=64M\nType=notify\n", 1, "settings without a weight");
}

static void test_table(void)
{
        unsigned sum = 0, weight, range;
        struct exposure e = {};

        for (size_t i = 0; i < EXPOSURE_ASSESSORS; i++) {
                exposure_assessor(i, &weight, &range);
                sum += weight;
        }
        tap_int(sum, 56460, "the weights add up to systemd's");
        tap_int(compute("[Service]\nExecStart=/bin/true\n", &e, NULL), 0, "a service with no wall");
        tap_int(e.tenths, 96, "has 9.6, as systemd-analyze says");
        tap_int(e.weight, 56160, "since nobody asks root for RemoveIPC= and SupplementaryGroups=");
        tap_int(e.badness[0], 10, "its user is the first thing asked for");
        tap_int(compute("", &e, NULL), 0, "a file without a line is one, too");
        tap_int(e.tenths, 96, "with the same figure");
}

static void test_unknown(void)
{
        static const char *const texts[] = {
                "[Service]\nPrivatePIDs=yes\n",
                "[Service]\nPrivateTmp=disconnected\n",
                "[Service]\nDynamicUser=1\n",
                "[Service]\nDynamicUser=\n",
                "[Unit]\nPrivateTmp=yes\n",
                "[Service]\nDefaultDependencies=no\n",
                "[Install]\nWantedBy=multi-user.target\n",
                "[Service x]\nPrivateTmp=yes\n",
                "[Service]\nCapabilityBoundingSet=CAP_FLY\n",
                "[Service]\nSystemCallFilter=@fly\n",
                "[Service]\nSystemCallFilter=ptrace\n",
                "[Service]\nSystemCallFilter=@privileged\nSystemCallFilter=~bpf\n",
                "[Service]\nSystemCallFilter=~@mount\n",
                "[Service]\nRestrictNamespaces=time\n",
                "[Service]\nRestrictNamespaces=\n",
                "[Service]\nRestrictAddressFamilies=INET\n",
                "[Service]\nSystemCallArchitectures=x86\n",
                "[Service]\nIPAddressAllow=192.0.2.1/24\n",
                "[Service]\nIPAddressDeny=all\n",
                "[Service]\nRestrictAddressFamilies=~none\n",
                "[Service]\nUMask=rwx\n",
                "[Service]\nRootImage=/x\n",
        };
        struct exposure e = { .tenths = 7 };
        struct fault f = {};

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                tap_int(compute(texts[i], &e, &f), -EINVAL, "not guessed: %s", strchr(texts[i], '\n') + 1);
                tap_like(f.text, "unit:", "the line is named");
        }
        tap_int(e.tenths, 7, "and nothing is said");
        tap_int(compute("[Service]\nPrivatePIDs=yes\n", &e, &f), -EINVAL, "a key of tomorrow");
        tap_str(f.text, "unit:2: what PrivatePIDs= adds to the exposure is not known", "is named");
        tap_int(compute("[Service]\nPrivateTmp=maybe\n", &e, &f), -EINVAL, "a value of tomorrow");
        tap_str(f.text, "unit:2: what PrivateTmp=maybe adds to the exposure is not known", "is named");
        tap_int(compute("PrivateTmp=yes\n", &e, &f), -EINVAL, "what is no unit");
}

/* Where systemd-analyze --offline differs from what it says of the running unit, which is the figure meant.
 */
static void test_live(void)
{
        static const struct {
                const char *text;
                uint8_t badness;
                const char *assessor, *what;
        } cases[] = {
                { "PrivateMounts=no\n", 1, "PrivateMounts=", "no private mounts" },
                { "PrivateTmp=yes\n", 0, "PrivateMounts=", "PrivateTmp= needs them" },
                { "PrivateDevices=yes\n", 0, "PrivateMounts=", "PrivateDevices= needs them" },
                { "ProtectControlGroups=yes\n", 0, "PrivateMounts=", "ProtectControlGroups= needs them" },
                { "ProtectKernelModules=yes\n", 0, "PrivateMounts=", "ProtectKernelModules= needs them" },
                { "ProtectKernelTunables=yes\n", 0, "PrivateMounts=", "ProtectKernelTunables= needs them" },
                { "ProtectHome=tmpfs\n", 0, "PrivateMounts=", "ProtectHome= needs them" },
                { "ProtectSystem=yes\n", 0, "PrivateMounts=", "ProtectSystem= needs them" },
                { "ProtectClock=yes\n", 1, "PrivateMounts=", "ProtectClock= does not" },
                { "IPAddressDeny=any\nIPAddressAllow=127.0.0.1\n", 5,
                  "IPAddressDeny=", "a part of 127.0.0.0/8" },
                { "IPAddressDeny=any\nIPAddressAllow=127.0.0.1\nIPAddressAllow=localhost\n", 5,
                  "IPAddressDeny=", "a part beside all of it" },
                { "IPAddressDeny=any\nIPAddressAllow=::1/128 127.0.0.0/9\n", 5,
                  "IPAddressDeny=", "half of it" },
                { "IPAddressDeny=any\nIPAddressAllow=::/127\n", 5, "IPAddressDeny=", "more than ::1" },
        };
        unsigned weight, range;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                struct exposure e = {};
                char text[256];
                size_t a = 0;

                while (!str_eq(exposure_assessor(a, &weight, &range), cases[i].assessor))
                        a++;
                (void)snprintf(text, sizeof(text), "[Service]\n%s", cases[i].text);
                tap_int(compute(text, &e, NULL), 0, "%s", cases[i].what);
                tap_int(e.badness[a], cases[i].badness, "counts for %s", cases[i].assessor);
        }
}

static void test_long_words(void)
{
        char text[2048] = "[Service]\nIPAddressAllow=";
        struct exposure e;
        struct fault f = {};

        memset(text + strlen(text), '1', 1500);
        tap_int(compute(text, &e, &f), -EINVAL, "a word that no list can hold");
}

/* A directive that reaches the drop-in without anybody having asked what it weighs. */
static void test_directives(void)
{
        static const char *const values[] = { "yes", "no", "1", "/usr/bin/x", "a", "none", "main" };
        char text[512];

        for (size_t i = 0; i < n_directives; i++) {
                struct exposure e;
                bool known = false;

                if (directives[i].section != SECTION_SERVICE || !directives[i].emit)
                        continue;
                for (size_t j = 0; j < ELEMENTSOF(values) && !known; j++) {
                        (void)snprintf(text, sizeof(text), "[Service]\n%s=%s\n", directives[i].key,
                                       values[j]);
                        known = compute(text, &e, NULL) >= 0;
                }
                tap_ok(known, "%s= is weighed", directives[i].key);
        }
}

static void test_numbers(void)
{
        static const struct {
                const char *text;
                unsigned tenths;
        } good[] = { { "0.1", 1 }, { "0", 0 }, { "3", 30 }, { "1.0", 10 }, { "10", 100 }, { "10.0", 100 } };
        static const char *const bad[] = { "",    ".1", "1.",  "1.00", "10.1", "11",
                                           "100", "-1", "1,0", "+1",   " 1",   "429496730" };
        char text[EXPOSURE_TEXT_SIZE];
        unsigned tenths = 7;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                tap_int(exposure_parse(bad[i], &tenths), -EINVAL, "no figure: '%s'", bad[i]);
        tap_int(tenths, 7, "and nothing is set");
        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                tap_int(exposure_parse(good[i].text, &tenths), 0, "a figure: %s", good[i].text);
                tap_int(tenths, good[i].tenths, "in tenths");
        }
        tap_str(exposure_format(1, text), "0.1", "the best");
        tap_str(exposure_format(100, text), "10.0", "the worst");
}

int main(void)
{
        test_figures();
        test_table();
        test_unknown();
        test_live();
        test_long_words();
        test_directives();
        test_numbers();
        return tap_done();
}
