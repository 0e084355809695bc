/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The search through delegations (spec 5.6.7): which roles are looked at, in which order, and what is found.
 * Graphs are written as words: "t>A" is a delegation of targets to A, "A>B!" a terminating one, "A>C:x" one
 * that is trusted with what the pattern "x" matches ("t>A:x" twice with "x" and "y" is not needed here). */

#include "facts/trust_tree.h"

#include <inttypes.h>

#include "tap.h"

enum { NAME_MAX_HERE = 8, ORDER_SIZE = 512 };

struct graph {
        const char *delegations;
        const char *targets; /* "A/name" is a target that A lists */
};

static const char *word_next(const char *p, char word[static 64])
{
        size_t n;

        p += strspn(p, " ");
        n = strcspn(p, " ");
        if (n == 0 || n >= 64)
                return NULL;
        memcpy(word, p, n);
        word[n] = '\0';
        return p + n;
}

/* Splits "t>A!:x"; parts stay in word. */
static void delegation_split(char *word, const char **from, const char **to, const char **paths,
                             bool *terminating)
{
        char *p = strchr(word, ':');

        *paths = p ? p + 1 : "*";
        if (p)
                *p = '\0';
        p = strchr(word, '!');
        *terminating = p != NULL;
        if (p)
                *p = '\0';
        p = strchr(word, '>');
        *p = '\0';
        *from = word;
        *to = p + 1;
}

static json_t *role_targets(const struct graph *g, const char *role)
{
        json_t *targets = json_object();
        const char *p = g->targets;
        char word[64];

        while (p && (p = word_next(p, word))) {
                char *slash = strchr(word, '/');

                *slash = '\0';
                if (str_eq(word, role))
                        (void)json_object_set_new(
                                targets, slash + 1,
                                json_pack("{s:i, s:{s:s}}", "length", 1, "hashes", "md5", role));
        }
        return targets;
}

static json_t *role_delegations(const struct graph *g, const char *role)
{
        json_t *roles = json_array();
        const char *p = g->delegations, *from, *to, *paths;
        bool terminating;
        char word[64];

        while ((p = word_next(p, word))) {
                delegation_split(word, &from, &to, &paths, &terminating);
                if (str_eq(from, role))
                        (void)json_array_append_new(roles,
                                                    json_pack("{s:s, s:[], s:i, s:b, s:[s]}", "name", to,
                                                              "keyids", "threshold", 1, "terminating",
                                                              (int)terminating, "paths", paths));
        }
        return roles;
}

static struct tuf_metadata *role_new(const struct graph *g, const char *role)
{
        _cleanup_json_ json_t *j = json_pack(
                "{s:[], s:{s:s, s:s, s:i, s:s, s:o, s:{s:{}, s:o}}}", "signatures", "signed", "_type",
                "targets", "spec_version", "1.0", "version", 1, "expires", "2030-01-01T00:00:00Z", "targets",
                role_targets(g, role), "delegations", "keys", "roles", role_delegations(g, role));
        _cleanup_free_ char *text = json_dumps(j, 0);
        struct tuf_metadata *m = NULL;
        char file[TUF_ROLE_FILE_SIZE];
        struct fault f = {};
        int r;

        r = tuf_role_file_of(role, file, &f);
        if (r >= 0 && str_eq(role, "t"))
                r = tuf_metadata_parse(TUF_TARGETS, text, strlen(text), &m, &f);
        else if (r >= 0)
                r = tuf_metadata_parse_delegated(file, text, strlen(text), &m, &f);
        if (r < 0)
                tap_str(f.text, "", "a role parses");
        return m;
}

/* Loads what the search asks for, except roles in bad, whose delegations are bad. */
static enum trust_found search(const struct graph *g, const char *bad, const char *name,
                               char order[static ORDER_SIZE], char found_in[static 256])
{
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *top = role_new(g, "t");
        const struct tuf_file *file = NULL;
        struct trust_tree *tree = NULL;
        struct tuf_target_name target;
        struct trust_edge e;
        enum trust_found found;

        order[0] = found_in[0] = '\0';
        if (tuf_target_name(name, &target) < 0 || trust_tree_new(top, &tree) < 0)
                abort();
        while ((found = trust_tree_search(tree, &target, &file, &e)) == TRUST_NEEDS) {
                const char *to = trust_tree_delegation(tree, e)->name;
                size_t n = strlen(order);

                (void)snprintf(order + n, ORDER_SIZE - n, "%s%s", n ? " " : "", to);
                if (bad && str_eq(to, bad))
                        trust_tree_bad(tree, e);
                else if (trust_tree_good(tree, e, trust_tree_role(tree, e) ? NULL : role_new(g, to)) < 0)
                        abort();
        }
        if (found == TRUST_FOUND) {
                tap_str(file->name, name, "what was looked for");
                for (size_t i = 0; trust_tree_nth(tree, i); i++)
                        if (tuf_metadata_find(trust_tree_nth(tree, i), name) == file)
                                (void)snprintf(found_in, 256, "%s", trust_tree_nth(tree, i)->file);
        }
        trust_tree_free(tree);
        return found;
}

/* ---- Order ---- */

static const struct {
        struct graph graph;
        const char *bad, *order, *found_in; /* NULL: nowhere */
        const char *what;
} searches[] = {
        /* The graphs of the community's conformance suite. */
        { { "t>A", NULL }, NULL, "A", NULL, "one role" },
        { { "t>A t>B", NULL }, NULL, "A B", NULL, "two" },
        { { "t>A t>B B>C", NULL }, NULL, "A B C", NULL, "two levels" },
        { { "t>A t>B A>C A>D", NULL }, NULL, "A C D B", NULL, "depth first" },
        { { "t>A t>B A>C C>D", NULL }, NULL, "A C D B", NULL, "three levels" },
        { { "t>A t>B A>C! A>D", NULL }, NULL, "A C", NULL, "terminating" },
        { { "t>A t>B A>C! C>D", NULL }, NULL, "A C D", NULL, "terminating, but not its own" },
        { { "t>A:*.py t>B A>C", NULL }, NULL, "B", NULL, "a branch that does not match" },
        { { "t>A t>B A>C:*.py C>D", NULL }, NULL, "A B", NULL, "a branch further down" },
        { { "t>A t>B B>C C>D D>B", NULL }, NULL, "A B C D", NULL, "a cycle" },
        { { "t>A t>B B>C A>C", NULL }, NULL, "A C B", NULL, "two delegate to a third" },
        { { "t>A t>B B>C A>C:*.py", NULL }, NULL, "A B C", NULL, "only one of them for this" },
        /* Others. */
        { { "t>A A>A", NULL }, NULL, "A", NULL, "itself" },
        { { "", NULL }, NULL, "", NULL, "no delegations" },
        { { "t>A t>B", "t/x A/x B/x" }, NULL, "", "targets.json", "targets says it itself" },
        { { "t>A t>B", "A/x B/x" }, NULL, "A", "A.json", "the first says it" },
        { { "t>A t>B", "B/x" }, NULL, "A B", "B.json", "the second says it" },
        { { "t>A! t>B", "B/x" }, NULL, "A", NULL, "the second may not" },
        { { "t>A!:y t>B", "B/x" }, NULL, "B", "B.json", "terminating for something else" },
        { { "t>A t>B A>C", "C/x B/x" }, NULL, "A C", "C.json", "deeper goes before later" },
        { { "t>A:y t>B A>C", "C/x B/x" }, NULL, "B", "B.json", "not deeper where it is not trusted" },
        { { "t>A t>B A>C:y", "C/x B/x" }, NULL, "A B", "B.json", "nor below" },
        { { "t>A t>B A>C:y B>C", "C/x" }, NULL, "A B C", "C.json", "but by another way" },
        { { "t>A t>B A>C! B>D", "D/x" }, NULL, "A C", NULL, "terminating ends all of it" },
        { { "t>A A>B! B>A A>C", "C/x" }, NULL, "A B", NULL, "terminating in a cycle" },
        { { "t>A t>B", "B/x" }, "A", "A", NULL, "a bad role in the way: nobody answers in its place" },
        { { "t>A t>B", "A/x" }, "B", "A", "A.json", "a bad role behind is not asked" },
        { { "t>A A>C t>B", "B/x" }, "C", "A C", NULL, "a bad role further down" },
        { { "t>A:y t>B", "B/x" }, "A", "B", "B.json", "a bad role for something else" },
};

static void test_order(void)
{
        for (size_t i = 0; i < ELEMENTSOF(searches); i++) {
                char order[ORDER_SIZE], found_in[256];
                enum trust_found found = search(&searches[i].graph, searches[i].bad, "x", order, found_in);

                tap_str(order, searches[i].order, "%s: the roles asked for", searches[i].what);
                tap_ok((found == TRUST_FOUND) == (searches[i].found_in != NULL), "%s: %s", searches[i].what,
                       searches[i].found_in ? "found" : "not found");
                tap_str(found_in, searches[i].found_in ? searches[i].found_in : "", "%s: there",
                        searches[i].what);
        }
}

/* ---- Bounds ---- */

/* t>0 0>1 1>2 ...; the last one has the target. */
static void chain_write(unsigned length, char delegations[static 1024], char targets[static 32])
{
        (void)snprintf(delegations, 1024, "t>0");
        for (unsigned i = 1; i < length; i++)
                (void)snprintf(delegations + strlen(delegations), 1024 - strlen(delegations), " %u>%u",
                               i - 1, i);
        (void)snprintf(targets, 32, "%u/x", length - 1);
}

static void chain(unsigned length, unsigned asked)
{
        char delegations[1024], targets[32], order[ORDER_SIZE], found_in[256];
        struct graph g = { delegations, targets };
        enum trust_found found;
        unsigned n = 1;

        chain_write(length, delegations, targets);
        found = search(&g, NULL, "x", order, found_in);
        tap_ok(found == (asked == length ? TRUST_FOUND : TRUST_BARRED), "%u roles on the way: %s", length,
               asked == length ? "found" : "given up");
        for (const char *p = order; *p; p++)
                n += *p == ' ';
        tap_int(n, asked, "after %u of them were asked for", asked);
}

/* A search visits no more roles when they are there already. */
static void chain_loaded(unsigned length, enum trust_found want)
{
        char delegations[1024], targets[32];
        struct graph g = { delegations, targets };
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *top = NULL;
        const struct tuf_file *file;
        struct trust_tree *tree = NULL;
        struct tuf_target_name target;
        struct trust_edge e;

        chain_write(length, delegations, targets);
        top = role_new(&g, "t");
        if (tuf_target_name("x", &target) < 0 || trust_tree_new(top, &tree) < 0)
                abort();
        while (trust_tree_survey(tree, "", 0, &e))
                if (trust_tree_good(tree, e, role_new(&g, trust_tree_delegation(tree, e)->name)) < 0)
                        abort();
        tap_ok(trust_tree_search(tree, &target, &file, &e) == want, "%u roles on the way, all loaded: %s",
               length, want == TRUST_FOUND ? "found" : "given up");
        trust_tree_free(tree);
}

static void test_visits(void)
{
        chain(1, 1);
        chain(TRUST_VISITS_MAX, TRUST_VISITS_MAX);
        chain(TRUST_VISITS_MAX + 1, TRUST_VISITS_MAX);
        chain(TRUST_VISITS_MAX + 10, TRUST_VISITS_MAX);
        chain_loaded(TRUST_VISITS_MAX, TRUST_FOUND);
        chain_loaded(TRUST_VISITS_MAX + 1, TRUST_BARRED);
}

/* More roles than one update may hold. */
static void test_roles(void)
{
        static const struct graph g = { "t>A", NULL };
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *top = NULL;
        struct graph wide = { NULL, NULL };
        char delegations[2048] = "";
        struct trust_tree *tree = NULL;
        struct trust_edge e;
        unsigned n = 0;

        for (unsigned i = 0; i <= TRUST_ROLES_MAX; i++)
                (void)snprintf(delegations + strlen(delegations), sizeof(delegations) - strlen(delegations),
                               "t>r%u ", i);
        wide.delegations = delegations;
        top = role_new(&wide, "t");
        if (trust_tree_new(top, &tree) < 0)
                abort();
        while (trust_tree_survey(tree, "", 0, &e)) {
                int r = trust_tree_good(tree, e, role_new(&g, trust_tree_delegation(tree, e)->name));

                if (r < 0) {
                        tap_int(r, -EFBIG, "no more roles");
                        break;
                }
                n++;
        }
        tap_int(n, TRUST_ROLES_MAX, "than so many");
        trust_tree_free(tree);
}

/* A role of about so many bytes, that delegates with so many keys. */
static struct tuf_metadata *heavy(size_t bytes, size_t n_keys)
{
        _cleanup_json_ json_t *keys = json_object(), *roles = json_array(), *j = NULL;
        _cleanup_free_ char *text = NULL, *padded = NULL;
        struct tuf_metadata *m = NULL;
        size_t n;

        for (size_t i = 0; i < n_keys; i++) {
                json_t *role = json_array_get(roles, i / TUF_KEYS_MAX);
                char id[24];

                (void)snprintf(id, sizeof(id), "%zu", i);
                (void)json_object_set_new(
                        keys, id, json_pack("{s:s, s:s, s:{}}", "keytype", "x", "scheme", "x", "keyval"));
                if (!role) {
                        role = json_pack("{s:s, s:[], s:i, s:[]}", "name", id, "keyids", "threshold", 1,
                                         "paths");
                        (void)json_array_append_new(roles, role);
                }
                (void)json_array_append_new(json_object_get(role, "keyids"), json_string(id));
        }
        j = json_pack("{s:[], s:{s:s, s:s, s:i, s:s, s:{}, s:{s:O, s:O}}}", "signatures", "signed", "_type",
                      "targets", "spec_version", "1.0", "version", 1, "expires", "2030-01-01T00:00:00Z",
                      "targets", "delegations", "keys", keys, "roles", roles);
        text = json_dumps(j, JSON_COMPACT);
        n = strlen(text) > bytes ? strlen(text) : bytes;
        padded = malloc(n + 1);
        memset(padded, ' ', n);
        memcpy(padded, text, strlen(text));
        if (tuf_metadata_parse_delegated("heavy.json", padded, n, &m, NULL) < 0)
                abort();
        return m;
}

/* Roles of those weights, one after the other: which of them is too much. */
static void weigh(size_t bytes, size_t n_keys, unsigned fit, const char *what)
{
        static const struct graph g = { "t>0 t>1 t>2 t>3", NULL };
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *top = role_new(&g, "t");
        struct trust_tree *tree = NULL;

        if (trust_tree_new(top, &tree) < 0)
                abort();
        for (unsigned i = 0; i < 4; i++)
                tap_int(trust_tree_good(tree, (struct trust_edge){ 0, i }, heavy(bytes, n_keys)),
                        i < fit ? 0 : -EFBIG, "%s: the %u. role %s", what, i + 1,
                        i < fit ? "fits" : "does not");
        tap_ok((trust_tree_nth(tree, fit) != NULL) && !trust_tree_nth(tree, fit + 1), "%s: %u are held",
               what, fit);
        trust_tree_free(tree);
}

static void test_weights(void)
{
        weigh(TRUST_ROLES_BYTES_MAX / 4, 0, 4, "a quarter of the bytes each");
        weigh(TRUST_ROLES_BYTES_MAX / 4 + 1, 0, 3, "a byte more each");
        weigh(TUF_TARGETS_BYTES_MAX, 0, 1, "as large as may be");
        weigh(0, TRUST_ROLES_KEYS_MAX / 4, 4, "a quarter of the keys each");
        weigh(0, TRUST_ROLES_KEYS_MAX / 4 + 1, 3, "a key more each");
}

/* ---- All that may have names of a kind ---- */

static void survey(const char *prefix, const char *want)
{
        static const struct graph g = { "t>A:a/* t>B:b/*.x t>C:* B>D:b/c* B>E:c/*", NULL };
        _cleanup_(tuf_metadata_freep) struct tuf_metadata *top = role_new(&g, "t");
        struct trust_tree *tree = NULL;
        char got[64] = "";
        struct trust_edge e;

        if (trust_tree_new(top, &tree) < 0)
                abort();
        while (trust_tree_survey(tree, prefix, strlen(prefix), &e)) {
                const char *to = trust_tree_delegation(tree, e)->name;

                (void)snprintf(got + strlen(got), sizeof(got) - strlen(got), "%s", to);
                if (trust_tree_good(tree, e, role_new(&g, to)) < 0)
                        abort();
        }
        tap_str(got, want, "what may list \"%s...\"", prefix);
        trust_tree_free(tree);
}

static void test_survey(void)
{
        survey("", "ABCDE");
        survey("a/", "AC");
        survey("b/", "BCD");
        survey("b/d", "BC");
        survey("c/", "C");
}

int main(void)
{
        test_order();
        test_visits();
        test_roles();
        test_weights();
        test_survey();
        return tap_done();
}
