/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/suits.h"

#include "tap.h"

static int check(const char *extra, const char *architecture, const char *agent, struct fault *f)
{
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        char text[512];
        int n;

        n = snprintf(text, sizeof(text),
                     "[Bundle]\nName=web\nVersion=1\n%s[Service main]\nExecStart=/usr/bin/true\n", extra);
        if (manifest_parse(text, (size_t)n, "web.manifest", &m, f) < 0) {
                printf("# %s\n", f->text);
                abort();
        }
        return suits_check(m, architecture, agent, f);
}

int main(void)
{
        struct fault f = {};

        tap_int(check("", "x86-64", "0.1.0", &f), 0, "a release that asks for nothing suits every host");
        tap_int(check("Architecture=arm64\n", "arm64", "0.1.0", &f), 0, "the right architecture suits");
        tap_int(check("Architecture=arm64\n", "x86-64", "0.1.0", &f), -EPERM, "another one does not");
        tap_like(f.text, "arm64", "what it was built for is named");
        tap_like(f.text, "x86-64", "and what this host is");
        tap_int(check("MinAgent=0.9.0\n", "x86-64", "0.10.0", &f), 0,
                "versions compare by number, not by letter");
        tap_int(check("MinAgent=0.10.0\n", "x86-64", "0.10.0", &f), 0, "the same version is enough");
        tap_int(check("MinAgent=0.10.0\n", "x86-64", "0.9.0", &f), -EPERM, "an older agent is not");
        tap_like(f.text, "update the image", "and the remedy is named");
        tap_ok(*suits_architecture(), "this build has a name for its architecture");
        return tap_done();
}
