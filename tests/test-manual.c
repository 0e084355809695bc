/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The manual pages against the code they describe: sealift.manifest(5) has every directive in its section
 * with its words, limits and whether it may be repeated, and no other, and every wall of the sandbox;
 * sealift-bundles.d(5) has those that a host may set; every example that is a file of ours is one that the
 * agent takes. */

#include <dirent.h>

#include "facts/config.h"
#include "facts/directives.h"
#include "facts/dropin.h"
#include "facts/manifest.h"
#include "facts/policy.h"
#include "facts/requirement.h"
#include "facts/site.h"
#include "ground/buffer.h"
#include "ground/io.h"
#include "ground/text.h"

#include "tap.h"

enum { PAGE_MAX = 1 << 20, ITEMS_MAX = 256, EXAMPLES_MAX = 32, SECTION_NAME_MAX = 64 };

static char *page_read(const char *name, size_t *ret_len)
{
        const char *top = getenv("top_srcdir");
        char path[4096], *text = NULL;
        struct fault f;

        (void)snprintf(path, sizeof(path), "%s/man/%s", top ? top : ".", name);
        if (io_read_file_at(AT_FDCWD, path, PAGE_MAX, &text, ret_len, &f) < 0)
                printf("# %s\n", f.text);
        return text;
}

/* ---- sealift.manifest(5) against the table ---- */

struct item {                           /* .It Ic KEY= */
        char section[SECTION_NAME_MAX]; /* "Service" of .Ss [Service NAME] */
        char key[SECTION_NAME_MAX];
        struct buffer
                text; /* words between single spaces, one at each end, no macros, no marks at their ends */
        bool known;
};

static struct item items[ITEMS_MAX];
static size_t n_items;

/* Marks of mdoc at the beginning of a macro line are no words of the page. */
static bool word_is_macro(const char *line, const char *word)
{
        static const char *const macros[] = { "Li", "Sy", "Ic", "Pa", "Xr", "Em", "Ev",
                                              "Pq", "Sq", "Dq", "Sx", "Po", "Pc" };

        if (*line != '.')
                return false;
        for (size_t i = 0; i < ELEMENTSOF(macros); i++)
                if (str_eq(macros[i], word + (*word == '.')))
                        return true;
        return false;
}

static void item_add_line(struct item *item, char *line)
{
        const char *start = line;
        bool macro = *start == '.';
        char *rest = NULL;
        char copy[1024];

        (void)snprintf(copy, sizeof(copy), "%s", line);
        for (char *w = strtok_r(copy, " ", &rest); w; w = strtok_r(NULL, " ", &rest)) {
                size_t n = strlen(w);

                if (macro && word_is_macro(start, w))
                        continue;
                while (n > 0 && strchr(",.;:", w[n - 1]))
                        w[--n] = '\0';
                if (n > 0)
                        (void)buffer_printf(&item->text, "%s ", w);
        }
}

static void manifest_page_parse(char *text)
{
        char section[SECTION_NAME_MAX] = "", *rest = NULL;
        struct item *item = NULL;

        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                if (str_has_prefix(line, ".Ss ") || str_has_prefix(line, ".Sh ")) {
                        item = NULL;
                        section[0] = '\0';
                        (void)sscanf(line, ".Ss [%60[A-Za-z]", section);
                } else if (*section && str_has_prefix(line, ".It Ic ") && n_items < ITEMS_MAX) {
                        item = items + n_items++;
                        item->text = BUFFER_INIT(PAGE_MAX);
                        (void)buffer_append_text(&item->text, " ");
                        (void)snprintf(item->section, sizeof(item->section), "%s", section);
                        (void)sscanf(line, ".It Ic %60[A-Za-z0-9]=", item->key);
                } else if (item)
                        item_add_line(item, line);
        }
}

static struct item *item_find(const struct directive *d)
{
        for (size_t i = 0; i < n_items; i++)
                if (str_eq(items[i].section, section_name(d->section)) && str_eq(items[i].key, d->key))
                        return items + i;
        return NULL;
}

static bool item_has(const struct item *item, const char *phrase)
{
        char padded[256];

        (void)snprintf(padded, sizeof(padded), " %s ", phrase);
        return item->text.data && strstr(item->text.data, padded);
}

static int value_parse(const struct directive *d, char *word, uint64_t *ret)
{
        switch (d->type) {
        case VALUE_SPAN:
                return text_parse_span(word, ret);
        case VALUE_SIZE:
                return text_parse_size(word, ret);
        case VALUE_PERCENT:
                word[strcspn(word, "%")] = '\0';
                return text_parse_u64(word, UINT64_MAX, ret);
        default:
                return text_parse_u64(word, UINT64_MAX, ret);
        }
}

/* "MIN to MAX", as the value's own type is written. */
static bool item_has_range(const struct item *item, const struct directive *d)
{
        for (const char *to = item->text.data; to && (to = strstr(to, " to ")); to++) {
                const char *first = to;
                char from[32] = "", until[32] = "";
                uint64_t min, max;

                while (first > item->text.data && first[-1] != ' ')
                        first--;
                (void)snprintf(from, sizeof(from), "%.*s", (int)(to - first), first);
                (void)sscanf(to, " to %30s", until);
                if (value_parse(d, from, &min) >= 0 && value_parse(d, until, &max) >= 0 && min == d->min &&
                    max == d->max)
                        return true;
        }
        return false;
}

static bool has_limits(const struct directive *d)
{
        return d->max > 0 && d->type != VALUE_CONTENT;
}

static void check_directive(const struct directive *d)
{
        const char *section = section_name(d->section);
        struct item *item = item_find(d);

        if (!tap_ok(item != NULL, "[%s] %s= has an entry", section, d->key))
                return;
        item->known = true;
        tap_int(item_has(item, "May be repeated"), d->repeat, "[%s] %s= says whether it may be repeated",
                section, d->key);
        if (d->type != VALUE_CONTENT)
                tap_int(item_has(item, "Required"), d->required, "[%s] %s= says whether it is required",
                        section, d->key);
        if (has_limits(d))
                tap_ok(item_has_range(item, d), "[%s] %s= says its limits", section, d->key);
        for (const char *const *w = d->words; w && *w; w++)
                tap_ok(item_has(item, *w), "[%s] %s= knows the word %s", section, d->key, *w);
        for (enum probe p = PROBE_COMMAND + 1; d->type == VALUE_REQUIREMENT && p < PROBE_MAX; p++)
                tap_ok(item_has(item, requirement_probe_name(p)), "[%s] %s= knows %s", section, d->key,
                       requirement_probe_name(p));
}

/* The table is grouped as the page is, so that who adds a row knows where its entry goes. */
static void test_order(void)
{
        size_t i = 0;

        while (i < n_items && i < n_directives && item_find(directives + i) == items + i)
                i++;
        if (!tap_int((long long)i, (long long)n_directives, "the entries are in the order of the table"))
                printf("# %s= should stand where %s= does\n", i < n_directives ? directives[i].key : "",
                       i < n_items ? items[i].key : "");
}

static void test_directives(void)
{
        size_t len;
        _cleanup_free_ char *text = page_read("sealift.manifest.5", &len);

        if (!tap_ok(text != NULL, "sealift.manifest(5) is there"))
                return;
        manifest_page_parse(text);
        for (size_t i = 0; i < n_directives; i++)
                check_directive(directives + i);
        test_order();
        for (size_t i = 0; i < n_items; i++) {
                tap_ok(items[i].known, "[%s] %s= is a directive", items[i].section, items[i].key);
                buffer_done(&items[i].text);
        }
}

/* ---- sealift-bundles.d(5): the keys a host may set, and where a secret is ---- */

static void test_site(void)
{
        size_t len, sources = 0;
        _cleanup_free_ char *text = page_read("sealift-bundles.d.5", &len);

        n_items = 0;
        if (!tap_ok(text != NULL, "sealift-bundles.d(5) is there"))
                return;
        manifest_page_parse(text);
        for (size_t i = 0; i < n_directives; i++) {
                struct item *item = item_find(directives + i);

                if (directives[i].site)
                        tap_ok(item != NULL, "bundles.d: [%s] %s= has an entry",
                               section_name(directives[i].section), directives[i].key);
                if (item)
                        item->known = directives[i].site;
        }
        for (size_t i = 0; i < n_items; i++) {
                if (str_has_prefix(items[i].key, "LoadCredential"))
                        sources++;
                else
                        tap_ok(items[i].known, "bundles.d: [%s] %s= is for a host to set", items[i].section,
                               items[i].key);
                buffer_done(&items[i].text);
        }
        tap_int((int)sources, 2, "bundles.d: where a credential comes from, plain and encrypted");
}

/* ---- THE SANDBOX against the strictest drop-in ---- */

static bool sandbox_names(const char *page, const char *key)
{
        const char *from = strstr(page, ".Sh THE SANDBOX\n"),
                   *to = from ? strstr(from, ".Sh EXAMPLES\n") : NULL;
        size_t n = strlen(key);

        for (const char *p = from; to && (p = strstr(p, key)) && p < to; p++)
                if (p[-1] == ' ' && p[n] == '=')
                        return true;
        return false;
}

/* What a service is given, not what it is kept from. */
static bool is_wall(const char *key)
{
        static const char *const others[] = {
                "Type",           "Restart",       "RestartSec",        "ExecStart",
                "LogExtraFields", "RootDirectory", "BindReadOnlyPaths", "TemporaryFileSystem"
        };

        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                if (str_eq(others[i], key))
                        return false;
        return true;
}

static void test_sandbox(void)
{
        static const char intent[] = "[Bundle]\nName=a\nVersion=1\n[Service a]\nExecStart=/bundle/a\n";
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(DROPIN_BYTES_MAX);
        _cleanup_(manifest_freep) struct manifest *m = NULL;
        size_t len;
        _cleanup_free_ char *page = page_read("sealift.manifest.5", &len);
        char digest[DIGEST_HEX_SIZE];
        struct dropin d = { .digest = digest, .tree = "/t", .root = "/r" };
        char *line, *rest;
        unsigned walls = 0;

        if (!page || manifest_parse(intent, strlen(intent), "a", &m, NULL) < 0)
                abort();
        (void)snprintf(digest, sizeof(digest), "%064d", 0);
        d.manifest = m;
        d.service = m->services;
        tap_int(dropin_write(&d, &b, NULL), 0, "the strictest drop-in");
        line = strstr(b.data, "[Service]\n");
        for (line = strtok_r(line, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                char *equals = strchr(line, '=');

                if (!equals)
                        continue;
                *equals = '\0';
                if (!is_wall(line))
                        continue;
                walls++;
                tap_ok(sandbox_names(page, line), "THE SANDBOX names %s=", line);
        }
        tap_ok(walls > 30, "which has walls");
}

/* ---- examples ---- */

struct example {
        char page[256];
        struct buffer text;
};

static struct example examples[EXAMPLES_MAX];
static size_t n_examples;

/* One line of a display as a reader sees it. */
static void example_add_line(struct example *e, const char *line)
{
        static const struct {
                const char *escape, *text;
        } escapes[] = { { "\\e", "\\" }, { "\\(dq", "\"" }, { "\\&", "" }, { "\\-", "-" } };

        while (*line) {
                size_t i = 0;

                while (i < ELEMENTSOF(escapes) && !str_has_prefix(line, escapes[i].escape))
                        i++;
                if (i < ELEMENTSOF(escapes)) {
                        (void)buffer_append_text(&e->text, escapes[i].text);
                        line += strlen(escapes[i].escape);
                } else
                        (void)buffer_append(&e->text, line++, 1);
        }
        (void)buffer_append_text(&e->text, "\n");
}

static void examples_take(const char *page, char *text)
{
        struct example *e = NULL;
        bool display = false;
        char *rest = NULL;

        for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
                if (str_has_prefix(line, ".Bd ") || str_has_prefix(line, ".Ed")) {
                        display = line[1] == 'B';
                        e = NULL;
                } else if (display && !e && *line == '[' && n_examples < EXAMPLES_MAX) {
                        e = examples + n_examples++;
                        e->text = BUFFER_INIT(PAGE_MAX);
                        (void)snprintf(e->page, sizeof(e->page), "%s", page);
                        example_add_line(e, line);
                } else if (display && e)
                        example_add_line(e, line);
                else
                        display = false; /* a command, or its output */
        }
}

static void examples_read(void)
{
        const char *top = getenv("top_srcdir");
        char path[4096];
        struct dirent **names = NULL;
        int n;

        (void)snprintf(path, sizeof(path), "%s/man", top ? top : ".");
        n = scandir(path, &names, NULL, alphasort);
        for (int i = 0; i < n; i++) {
                size_t len;
                _cleanup_free_ char *text =
                        strpbrk(names[i]->d_name, "12345678") ? page_read(names[i]->d_name, &len) : NULL;

                if (text)
                        examples_take(names[i]->d_name, text);
                free(names[i]);
        }
        free(names);
}

/* What the example is, by its first line; last_manifest is what the next policy on its page is for. */
static void example_check(const struct example *e, struct manifest **last_manifest, unsigned *manifests)
{
        _cleanup_(policy_freep) struct policy *p = NULL;
        _cleanup_(config_freep) struct config *c = NULL;
        _cleanup_(site_freep) struct site *s = NULL;
        const char *text = e->text.data, *what = "nothing of ours";
        size_t len = e->text.len;
        struct fault f = {};
        int r = -EINVAL;

        if (str_has_prefix(text, "[Bundle]\n")) {
                *last_manifest = manifest_free(*last_manifest);
                r = manifest_parse(text, len, e->page, last_manifest, &f);
                what = "a manifest";
                (*manifests)++;
        } else if (str_has_prefix(text, "[Policy ")) {
                r = policy_new(&p);
                if (r >= 0)
                        r = policy_parse(p, text, len, e->page, &f);
                if (r >= 0 && *last_manifest)
                        r = policy_check(p, *last_manifest, &f);
                what = *last_manifest ? "the policy for the manifest before it" : "a policy";
                *last_manifest = manifest_free(*last_manifest);
        } else if (str_has_prefix(text, "[Service ")) {
                r = site_new(&s);
                if (r >= 0)
                        r = site_parse(s, "", text, len, e->page, &f);
                what = "a host's configuration of a bundle";
        } else if (str_has_prefix(text, "[Agent]\n")) {
                r = config_parse(text, len, e->page, &c, &f);
                what = "a configuration";
        } else if (str_has_prefix(text, "[Unit]\n") || str_has_prefix(text, "[Timer]\n")) {
                r = 0; /* systemd's to read */
                what = "a unit";
        }
        if (!tap_int(r, 0, "%s: an example is %s", e->page, what))
                printf("# %s\n%.200s\n", f.text, text);
}

static void test_examples(void)
{
        struct manifest *m = NULL;
        unsigned manifests = 0;

        examples_read();
        for (size_t i = 0; i < n_examples; i++) {
                if (i > 0 && !str_eq(examples[i].page, examples[i - 1].page))
                        m = manifest_free(m);
                example_check(examples + i, &m, &manifests);
                buffer_done(&examples[i].text);
        }
        (void)manifest_free(m);
        tap_ok(manifests >= 3, "there are three examples of a manifest");
}

int main(void)
{
        test_directives();
        test_sandbox();
        test_site();
        test_examples();
        return tap_done();
}
