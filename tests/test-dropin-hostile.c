/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a hostile value may not become in a drop-in: put into a parsed manifest behind the parser's back, as
 * if the parser had let it by.
 */

#include "dropin-text.h"

/* What facts/manifest would never let by. */
static void test_hostile_sandbox(struct buffer *b)
{
        static const struct {
                const char *setting, *value;
        } cases[] = {
                { "HostPath=/srv/data", "/srv/data:/etc" },
                { "HostPath=/srv/data", "/srv/a /etc" },
                { "HostPath=/srv/data", "/srv/%i" },
                { "HostPath=/srv/data", "/" },
                { "Device=/dev/fuse", "/dev/../etc/shadow" },
                { "Device=/dev/fuse", "/dev/fuse rwm" },
                { "SystemCalls=@chown", "@chown @module" },
                { "SystemCalls=@chown", "~@system-service" },
                { "User=www-data", "root" },
                { "User=www-data", "0" },
                { "User=www-data", "www-data\nGroup=root" },
        };
        struct fault f;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(manifest_freep) struct manifest *m = NULL;
                char text[256];

                (void)snprintf(text, sizeof(text), SERVICE "[Sandbox main]\n%s\n", cases[i].setting);
                m = parse(text);
                free(m->services->sandbox.settings->value);
                m->services->sandbox.settings->value = strdup(cases[i].value);
                f = (struct fault){};
                tap_ok(make(m, TREE, b, &f) < 0 && strstr(f.text, "[Sandbox main]"),
                       "%.12s... of '%.20s' does not get through", cases[i].setting, cases[i].value);
        }
}

static void test_hostile_capability(struct buffer *b)
{
        _cleanup_(manifest_freep) struct manifest *m = parse(SERVICE);
        struct fault f = {};

        m->services->sandbox.capabilities = UINT64_C(1) << 21;
        tap_int(make(m, TREE, b, &f), -EINVAL, "CAP_SYS_ADMIN does not get through");
}

/* Replaces the value of the first setting behind the parser's back. */
static int make_hostile(const char *setting, const char *value, struct buffer *b, struct fault *f)
{
        char text[256];
        _cleanup_(manifest_freep) struct manifest *m = NULL;

        (void)snprintf(text, sizeof(text), HEAD "[Service main]\n%s\n%s", setting,
                       str_has_prefix(setting, "ExecStart") ? "" : "ExecStart=/usr/bin/x\n");
        m = parse(text);
        free(m->services->settings[0].value);
        m->services->settings[0].value = strdup(value);
        return make(m, TREE, b, f);
}

static void test_hostile_values(struct buffer *b)
{
        static const struct {
                const char *setting, *value, *what;
        } cases[] = {
                { "ExecStart=/usr/bin/x", "+/usr/bin/x", "an exec prefix '+'" },
                { "ExecStart=/usr/bin/x", "!/usr/bin/x", "an exec prefix '!'" },
                { "ExecStart=/usr/bin/x", "-/usr/bin/x", "an exec prefix '-'" },
                { "ExecStart=/usr/bin/x", "@/usr/bin/x y", "an exec prefix '@'" },
                { "ExecStart=/usr/bin/x", ":/usr/bin/x", "an exec prefix ':'" },
                { "ExecStart=/usr/bin/x", "", "an empty command, which would reset the list" },
                { "ExecStart=/usr/bin/x", "/bin/sh -c id", "a program elsewhere" },
                { "ExecStart=/usr/bin/x", "/usr/../bin/sh", "a program behind '..'" },
                { "ExecStart=/usr/bin/x", "/usr/bin/x %H", "a specifier in a command" },
                { "ExecStart=/usr/bin/x", "/usr/bin/x %%%H", "a specifier behind a percent sign" },
                { "ExecStart=/usr/bin/x", "/usr/bin/x %", "a lone percent sign" },
                { "ExecStart=/usr/bin/x", "/usr/bin/x ; /usr/bin/y", "a second command" },
                { "ExecStart=/usr/bin/x", "/usr/bin/x\nUser=root", "a newline in a command" },
                { "ExecStart=/usr/bin/x", "/usr/bin/x\rUser=root", "a carriage return" },
                { "ExecStart=/usr/bin/x", "/usr/bin/x \\", "a continued line" },
                { "ExecStart=/usr/bin/x", "/usr/bin/x \\\\\\", "a continued line behind a backslash" },
                { "Environment=A=b", "A=b\nDynamicUser=no", "a newline in the environment" },
                { "Environment=A=b", "A=%h", "a specifier in the environment" },
                { "Environment=A=b", "A=\"b", "an open quote" },
                { "Type=exec", "exec\nUser=root", "a newline behind a word" },
                { "Type=exec", "forking", "a word that is not in the table" },
                { "RestartSec=5", "5\n[Unit]\nOnFailure=x", "a section in a span" },
                { "WorkingDirectory=/bundle", "-/root", "a prefix before a path" },
                { "WorkingDirectory=/bundle", "~", "a home directory" },
                { "StateDirectory=yes", "../../etc", "a directory of another name" },
                { "MemoryMax=64M", "64M %i", "more than a size" },
                { "CPUQuota=50%", "50%i", "a specifier behind a number" },
        };
        struct fault f;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                f = (struct fault){};
                tap_ok(make_hostile(cases[i].setting, cases[i].value, b, &f) < 0 && *f.text,
                       "%s does not get through", cases[i].what);
        }
}

static void test_hostile_names(struct buffer *b)
{
        static const char *const trees[] = {
                "relative/tree",      "/var/lib/a b/tree", "/var/lib/x:/etc/tree", "/var/lib/%h/tree",
                "/var/lib/x/../tree", "/var/lib/x\n/tree", "/var/lib/\"x/tree",    "",
        };
        _cleanup_(manifest_freep) struct manifest *m = parse(SERVICE);
        struct fault f = {};

        for (size_t i = 0; i < ELEMENTSOF(trees); i++)
                tap_int(make(m, trees[i], b, &f), -EINVAL, "a tree at '%s' is refused",
                        strchr(trees[i], '\n') ? "(newline)" : trees[i]);
        (void)snprintf(m->name, sizeof(m->name), "a b");
        tap_int(make(m, TREE, b, &f), -EINVAL, "a bundle whose name is none is refused");
}

int main(void)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(DROPIN_BYTES_MAX);

        test_hostile_sandbox(&b);
        test_hostile_capability(&b);
        test_hostile_values(&b);
        test_hostile_names(&b);
        return tap_done();
}
