/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a release needs of its host, read from its manifest and held against what a look at the host found.
 * Pure: the manifest's words are the publisher's, the findings are whatever files of the host say, and
 * neither is more than compared and repeated here. */

#include "facts/requirement.h"

#include "facts/name.h"
#include "ground/text.h"

static const struct known {
        const char *name;
        unsigned numbers; /* how many of its version can be found out; 0: all */
        const char *help;
} known[PROBE_MAX] = {
        [PROBE_DOTNET] = { "dotnet", 0, "the .NET runtime" },
        [PROBE_GLIBC] = { "glibc", 0, "the C library" },
        [PROBE_JAVA] = { "java", 0, "what /usr/bin/java is; Java 8 is 8, not 1.8" },
        [PROBE_KERNEL] = { "kernel", 0, "Linux" },
        [PROBE_LIBSTDCXX] = { "libstdc++", 0, "the C++ library, by the name of its file: 6.0.30" },
        [PROBE_NODE] = { "node", 0, "Node.js" },
        [PROBE_OPENSSL] = { "openssl", 0, "libcrypto and libssl" },
        [PROBE_PERL] = { "perl", 0, "what /usr/bin/perl is" },
        [PROBE_PHP] = { "php", 2, "what /usr/bin/php is" },
        [PROBE_PYTHON3] = { "python3", 2, "what /usr/bin/python3 is" },
        [PROBE_RUBY] = { "ruby", 2, "what /usr/bin/ruby is" },
        [PROBE_SYSTEMD] = { "systemd", 1, "systemd" },
};

const char *requirement_probe_name(enum probe p)
{
        return known[p].name;
}

const char *requirement_probe_help(enum probe p)
{
        return known[p].help;
}

/* ---- versions */

/* Digits and dots at the beginning of s that make a version: no empty number. */
static size_t version_length(const char *s)
{
        size_t n = 0;

        for (;;) {
                size_t digits = strspn(s + n, "0123456789");

                if (digits == 0)
                        return n > 0 ? n - 1 : 0; /* the dot before it does not belong */
                n += digits;
                if (s[n] != '.')
                        return n;
                n++;
        }
}

void requirement_read_version(const char *s, char ret[static REQUIREMENT_VERSION_SIZE])
{
        size_t n = version_length(s);

        if (n >= REQUIREMENT_VERSION_SIZE) {
                n = REQUIREMENT_VERSION_SIZE - 1;
                while (n > 0 && s[n] != '.')
                        n--;
        }
        memcpy(ret, s, n);
        ret[n] = '\0';
}

/* Numbers of any length, without arithmetic that could overflow: without zeros in front, the longer is the
 * larger. */
static int compare_numbers(const char *a, size_t na, const char *b, size_t nb)
{
        int r;

        for (; na > 0 && *a == '0'; na--)
                a++;
        for (; nb > 0 && *b == '0'; nb--)
                b++;
        if (na != nb)
                return na < nb ? -1 : 1;
        r = memcmp(a, b, na);
        return r;
}

int requirement_compare(const char *a, const char *b)
{
        while (*a || *b) {
                size_t na = strcspn(a, "."), nb = strcspn(b, ".");
                int r = compare_numbers(a, na, b, nb);

                if (r != 0)
                        return r;
                a += na + (a[na] == '.');
                b += nb + (b[nb] == '.');
        }
        return 0;
}

static unsigned count_numbers(const char *version)
{
        unsigned n = 1;

        for (; *version; version++)
                n += *version == '.';
        return n;
}

/* ---- Requires= */

static int find_probe(const char *name, enum probe *ret, struct fault *f)
{
        const char *names[PROBE_MAX - 1], *near;
        char all[256] = "";
        size_t n = 0;

        for (enum probe p = PROBE_COMMAND + 1; p < PROBE_MAX; p++) {
                if (str_eq(known[p].name, name)) {
                        *ret = p;
                        return 0;
                }
                names[p - 1] = known[p].name;
                n += (size_t)snprintf(all + n, sizeof(all) - n, "%s%s", n > 0 ? ", " : "", known[p].name);
        }
        near = text_nearest(name, names, ELEMENTSOF(names));
        if (near)
                return fault_set(f, -EINVAL, "nobody knows how to find '%s'; did you mean '%s'?", name,
                                 near);
        return fault_set(f, -EINVAL,
                         "nobody knows how to find '%s'; must be one of %s, or use Command=", name, all);
}

static int read_wanted(enum probe p, const char *version, struct requirement *r, struct fault *f)
{
        if (!*version || version[version_length(version)] || strlen(version) >= sizeof(r->wants))
                return fault_set(f, -EINVAL, "'%s' is no version of %s; write numbers: %s>=1.2", version,
                                 known[p].name, known[p].name);
        if (known[p].numbers > 0 && count_numbers(version) > known[p].numbers)
                return fault_set(f, -EINVAL,
                                 "%s>=%s: of %s only the first %s found out without running it; leave the "
                                 "rest out",
                                 known[p].name, version, known[p].name,
                                 known[p].numbers == 1 ? "number can be" : "two numbers can be");
        return text_copy(r->wants, sizeof(r->wants), version);
}

static int read_word(const char *word, struct requirement *r, struct fault *f)
{
        size_t n = strcspn(word, "<>=!~");
        int e;

        if (word[n] && !str_has_prefix(word + n, ">="))
                return fault_set(f, -EINVAL, "'%s': must be NAME or NAME>=VERSION", word);
        if (n >= sizeof(r->name))
                return fault_set(f, -EINVAL, "'%s': is longer than any name", word);
        memcpy(r->name, word, n);
        r->name[n] = '\0';
        e = find_probe(r->name, &r->probe, f);
        if (e < 0)
                return e;
        return word[n] ? read_wanted(r->probe, word + n + STRLEN(">="), r, f) : 0;
}

/* The next of the words at *at. 1, 0 at the end, or -EINVAL. */
static int next_word(const char **at, struct requirement *r, struct fault *f)
{
        char word[REQUIREMENT_NAME_SIZE + REQUIREMENT_VERSION_SIZE];
        size_t n;
        int e;

        *at += strspn(*at, " \t");
        n = strcspn(*at, " \t");
        if (n == 0)
                return 0;
        if (n >= sizeof(word))
                return fault_set(f, -EINVAL, "has a word of more than %zu bytes", sizeof(word) - 1);
        memcpy(word, *at, n);
        word[n] = '\0';
        *at += n;
        e = read_word(word, r, f);
        return e < 0 ? e : 1;
}

int requirement_check(const char *value, struct fault *f)
{
        struct requirement one = {};
        size_t n = 0;
        int r;

        while ((r = next_word(&value, &one, f)) > 0)
                n++;
        if (r < 0)
                return r;
        return n > 0 ? 0 : fault_set(f, -EINVAL, "must be NAME or NAME>=VERSION, such as java>=17");
}

/* ---- Command= */

int requirement_check_command(const char *value, struct fault *f)
{
        static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._+-[/";
        const char *slash = strrchr(value, '/'), *name = slash ? slash + 1 : value;
        bool placed = !slash || (str_has_prefix(value, "/usr/") && name_entry_valid(value + 1));

        if (!placed || !*name || strchr("-.", *name) || value[strspn(value, plain)] ||
            strlen(value) >= REQUIREMENT_NAME_SIZE)
                return fault_set(
                        f, -EINVAL,
                        "must be the name of a program in /usr/bin or /usr/sbin, or a path below /usr/");
        return 0;
}

/* ---- all of a manifest */

struct list {
        struct requirement *items; /* owned */
        size_t n;
};

static void list_done(struct list *l)
{
        free(l->items);
}

static int list_add(struct list *l, struct requirement r, const struct manifest_setting *s, struct fault *f)
{
        struct requirement *items;

        if (l->n >= REQUIREMENTS_MAX)
                return fault_set(f, -EFBIG, "Requires= and Command= name more than %d things",
                                 REQUIREMENTS_MAX);
        items = reallocarray(l->items, l->n + 1, sizeof(*items));
        if (!items)
                return -ENOMEM;
        l->items = items;
        r.key = s->directive->key;
        r.line = s->line;
        items[l->n++] = r;
        return 0;
}

static int list_add_words(struct list *l, const struct manifest_setting *s, struct fault *f)
{
        const char *at = s->value;
        int e;

        for (;;) {
                struct requirement r = {};

                e = next_word(&at, &r, f);
                if (e <= 0)
                        return e;
                e = list_add(l, r, s, f);
                if (e < 0)
                        return e;
        }
}

static int list_add_setting(struct list *l, const struct manifest_setting *s, struct fault *f)
{
        struct requirement r = { .probe = PROBE_COMMAND };
        int e;

        if (str_eq(s->directive->key, "Requires"))
                return list_add_words(l, s, f);
        if (!str_eq(s->directive->key, "Command"))
                return 0;
        e = text_copy(r.name, sizeof(r.name), s->value);
        return e < 0 ? e : list_add(l, r, s, f);
}

int requirement_list(const struct manifest *m, struct requirement **ret, size_t *ret_n, struct fault *f)
{
        _cleanup_(list_done) struct list l = {};
        int e = 0;

        for (size_t i = 0; i < m->n_settings && e >= 0; i++)
                e = list_add_setting(&l, m->settings + i, f);
        if (e < 0)
                return e;
        *ret = TAKE_PTR(l.items);
        *ret_n = l.n;
        return 0;
}

/* ---- the verdict */

static int judge_command(const struct requirement *r, struct fault *f)
{
        if (*r->name == '/')
                return fault_set(f, -EPERM,
                                 "needs the program %s, and this host does not have it; install it "
                                 "in the image",
                                 r->name);
        return fault_set(f, -EPERM,
                         "needs the program %s, and this host has none in /usr/bin or /usr/sbin; install it "
                         "in the image",
                         r->name);
}

int requirement_judge(const struct requirement *r, struct fault *f)
{
        const char *than = *r->wants ? ">=" : "";

        if (r->found && (!*r->wants || requirement_compare(r->has, r->wants) >= 0))
                return 0;
        if (r->probe == PROBE_COMMAND)
                return judge_command(r, f);
        if (!r->found)
                return fault_set(f, -EPERM, "needs %s%s%s, and this host has none; install it in the image",
                                 r->name, than, r->wants);
        if (!*r->has)
                return fault_set(f, -EPERM,
                                 "needs %s%s%s, and nothing on this host says which version its %s is; ask "
                                 "for %s alone, or for a program by Command=",
                                 r->name, than, r->wants, r->name, r->name);
        return fault_set(f, -EPERM, "needs %s%s%s, and this host has %s; update the image", r->name, than,
                         r->wants, r->has);
}
