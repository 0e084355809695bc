/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The drop-in of "web" 1.0+b~1, as sealift-unitd has it written at the twelfth attempt. */

#include "facts/dropin.h"

#include "parsed.h"

#define HEAD    "[Bundle]\nName=web\nVersion=1.0+b~1\n"
#define SERVICE HEAD "[Service main]\nExecStart=/usr/bin/caddy run\n"
#define TREE    "/var/lib/sealift/releases/web/1.0+b~1-0123456789ab/tree"
#define ROOT    "/run/sealift/root/sealift-web.main@1.0_b_1-0123456789ab-1.service"

static int make_service(const struct manifest *m, const struct service *s, const char *tree,
                        struct buffer *out, struct fault *f)
{
        const struct dropin d = {
                .manifest = m, .service = s, .digest = DIGEST, .tree = tree, .root = ROOT, .attempt = 12
        };

        buffer_done(out);
        return dropin_write(&d, out, f);
}

static int make(const struct manifest *m, const char *tree, struct buffer *out, struct fault *f)
{
        return make_service(m, m->services, tree, out, f);
}
