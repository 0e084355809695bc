/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "store/store.h"

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "content.h"
#include "ground/io.h"
#include "tap.h"

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

#define MUST(call)                                                                                          \
        do {                                                                                                \
                if ((call) < 0)                                                                             \
                        abort();                                                                            \
        } while (0)

static const char *const places[] = { "trust", "state", "incoming", "outbox", "releases" };

struct site {
        char path[256];
        int fd;
        struct store *store;
        struct fault f;
};

static void site_make(struct site *s)
{
        *s = (struct site){};
        s->fd = scratch_make(s->path);
        for (size_t i = 0; i < ELEMENTSOF(places); i++)
                MUST(mkdirat(s->fd, places[i], 0755));
}

static void site_open(struct site *s)
{
        site_make(s);
        MUST(store_open(s->path, &s->store, &s->f));
}

static void site_close(struct site *s)
{
        s->store = store_free(s->store);
        s->fd = fd_close(s->fd);
        scratch_remove(s->path);
}

static void put(int fd, const char *name, const char *text)
{
        _cleanup_close_ int out = openat(fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

        if (out < 0)
                abort();
        MUST(io_write_full(out, text, strlen(text)));
}

static bool there(int fd, const char *name)
{
        return faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void test_open(void)
{
        struct store *second = NULL;
        struct site s;

        site_make(&s);
        put(s.fd, "incoming/partial", "x");
        MUST(mkdirat(s.fd, "incoming/folder", 0755));
        put(s.fd, "incoming/folder/x", "x");
        put(s.fd, "state/.web.new", "half");
        put(s.fd, "state/web", "[Bundle]\n");
        put(s.fd, "trust/.root.json.new", "half");
        tap_int(store_open(s.path, &s.store, &s.f), 0, "a store is opened (%s)", s.f.text);
        tap_ok(!there(s.fd, "incoming/partial") && !there(s.fd, "incoming/folder"), "incoming is swept");
        tap_ok(!there(s.fd, "state/.web.new") && !there(s.fd, "trust/.root.json.new"),
               "so are half-written files");
        tap_ok(there(s.fd, "state/web"), "and nothing else");
        tap_int(store_open(s.path, &second, &s.f), -EBUSY, "a second agent is refused");
        tap_like(s.f.text, "another sealiftd", "and told why");
        tap_str(store_left(s.store), "", "nothing was left");
        s.store = store_free(s.store);
        put(s.fd, "state/.web.new", "half");
        MUST(mkdirat(s.fd, "state/.api.new", 0755));
        tap_int(store_open(s.path, &second, &s.f), 0, "until the first has gone");
        tap_ok(!there(s.fd, "state/.web.new"), "what can be swept is");
        tap_like(store_left(second), "state/.api.new: cannot remove", "what cannot is told");
        MUST(unlinkat(s.fd, "state/.api.new", AT_REMOVEDIR));
        second = store_free(second);

        MUST(fchmodat(s.fd, "outbox", 0777, 0));
        tap_int(store_open(s.path, &second, &s.f), -EPERM, "a directory others may write to is refused");
        tap_like(s.f.text, "/outbox: others may write", "and named");
        MUST(fchmodat(s.fd, "outbox", 0755, 0));
        MUST(unlinkat(s.fd, "trust", AT_REMOVEDIR));
        tap_int(store_open(s.path, &second, &s.f), -ENOENT, "a missing directory is refused");
        tap_like(s.f.text, "/trust: missing; run 'systemd-tmpfiles", "with what to do");
        MUST(symlinkat("state", s.fd, "trust"));
        tap_int(store_open(s.path, &second, &s.f), -ENOTDIR, "a link in place of one is not followed");
        site_close(&s);
}

static void test_trust(void)
{
        static const char bytes[] = "{ \"a\": 1 }\n\0behind";
        static const char *const bad[] = { "", ".", "..", ".root.json.new", "../state/web", "a/b", "a b" };
        _cleanup_free_ char *text = NULL;
        struct site s;
        size_t len;

        site_open(&s);
        tap_int(store_trust_read(s.store, "root.json", 100, &text, &len, &s.f), -ENOENT, "nothing at first");
        tap_int(store_trust_write(s.store, "root.json", bytes, sizeof(bytes), &s.f), 0, "a file is written");
        tap_int(store_trust_read(s.store, "root.json", 100, &text, &len, &s.f), 0, "and read");
        tap_ok(len == sizeof(bytes) && memcmp(text, bytes, len) == 0, "byte for byte");
        free_pointer(&text);
        text = NULL;
        tap_int(store_trust_read(s.store, "root.json", 5, &text, &len, &s.f), -EFBIG, "within its cap");
        tap_like(s.f.text, "trust: root.json", "or named");
        tap_int(store_trust_write(s.store, "root.json", "new", 3, &s.f), 0, "it is replaced");
        tap_int(store_trust_read(s.store, "root.json", 5, &text, &len, &s.f), 0, "as a whole");
        tap_str(text, "new", "by the new one");
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                tap_int(store_trust_write(s.store, bad[i], "x", 1, &s.f), -EINVAL, "\"%s\" is no name",
                        bad[i]);
        tap_int(store_trust_remove(s.store, "root.json", &s.f), 0, "it is removed");
        tap_ok(!there(s.fd, "trust/root.json"), "for good");
        tap_int(store_trust_remove(s.store, "root.json", &s.f), 0, "once is as good as twice");
        site_close(&s);
}

static void test_state(void)
{
        static struct bundle_state state, back;
        _cleanup_free_ store_name *names = NULL;
        struct site s;
        size_t n;

        site_open(&s);
        tap_int(store_state_load(s.store, "web", &back, &s.f), 0, "an unknown bundle");
        tap_ok(!release_ref_is_set(&back.current), "has an empty state");
        state.current = (struct release_ref){ "1.0", DIGEST_A };
        state_quarantine(&state, &(struct release_ref){ "2.0", DIGEST_A }, 1, "x");
        tap_int(store_state_save(s.store, "web", &state, &s.f), 0, "a state is saved");
        tap_int(store_state_save(s.store, "api", &state, &s.f), 0, "another, too");
        tap_int(store_state_load(s.store, "web", &back, &s.f), 0, "and loaded");
        tap_ok(release_ref_equal(&back.current, &state.current) && back.n_quarantined == 1, "as it was");
        put(s.fd, "state/.stray", "");
        put(s.fd, "state/NOT_A_BUNDLE", "");
        tap_int(store_state_list(s.store, &names, &n, &s.f), 0, "bundles are listed");
        tap_ok(n == 2 && str_eq(names[0], "api") && str_eq(names[1], "web"), "in order, and nothing else");
        put(s.fd, "state/web", "[Bundle]\nCurrent=rubbish\n");
        tap_int(store_state_load(s.store, "web", &back, &s.f), -EINVAL, "a damaged state is refused");
        tap_like(s.f.text, "state/web:2", "with its line");
        tap_int(store_state_save(s.store, "../web", &state, &s.f), -EINVAL, "only bundles have a state");
        tap_int(store_state_remove(s.store, "web", &s.f), 0, "a state is removed");
        tap_ok(!there(s.fd, "state/web"), "for good");
        /* a commit that dies before its rename leaves the old state */
        put(s.fd, "state/.api.new", "[Bundle]\n");
        tap_int(store_state_load(s.store, "api", &back, &s.f), 0, "half a commit is none");
        tap_ok(release_ref_equal(&back.current, &state.current), "the old state stands");
        tap_int(store_state_save(s.store, "api", &state, &s.f), 0, "and can be replaced");
        site_close(&s);
}

static void test_releases(void)
{
        struct release_ref release = { .version = "1.0" }, found;
        _cleanup_close_ int tree = -EBADF;
        _cleanup_free_ store_name *names = NULL;
        _cleanup_free_ char *text = NULL;
        char folder[NAME_RELEASE_SIZE], again[NAME_RELEASE_SIZE], path[300];
        struct site s;
        size_t n;

        site_open(&s);
        MUST(digest_hex("[Bundle]\n", 9, release.digest));
        name_release(release.version, release.digest, folder);
        tap_int(store_release_list(s.store, "web", &names, &n, &s.f), 0, "an unknown bundle");
        tap_int((long long)n, 0, "has no releases");
        MUST(mkdirat(s.fd, "releases/web", 0755));
        (void)snprintf(path, sizeof(path), "releases/web/%s", folder);
        MUST(mkdirat(s.fd, path, 0755));
        (void)snprintf(path, sizeof(path), "releases/web/%s/tree", folder);
        MUST(mkdirat(s.fd, path, 0755));
        (void)snprintf(path, sizeof(path), "releases/web/%s/manifest", folder);
        put(s.fd, path, "[Bundle]\n");
        tap_int(store_release_list(s.store, "web", &names, &n, &s.f), 0, "a bundle's releases are listed");
        tap_ok(n == 1 && str_eq(names[0], folder), "by their folders");
        tap_int(store_manifest_read(s.store, "web", &release, &text, &n, &s.f), 0, "its manifest is read");
        tap_str(text, "[Bundle]\n", "as it was signed");
        tree = store_tree_open(s.store, "web", &release, &s.f);
        tap_ok(tree >= 0, "its tree is opened");
        tap_int(store_release_find(s.store, "web", folder, &found, &s.f), 0, "the place tells its release");
        tap_ok(release_ref_equal(&found, &release), "with the whole digest");
        tap_int(store_release_find(s.store, "web", "1.0-nonsense", &found, &s.f), -EINVAL,
                "what is not a place does not");
        put(s.fd, path, "[Bundle]\nMore=1\n");
        free_pointer(&text);
        text = NULL;
        tap_int(store_manifest_read(s.store, "web", &release, &text, &n, &s.f), -EBADMSG,
                "a manifest that was changed is refused");
        MUST(unlinkat(s.fd, path, 0));
        tap_int(store_release_find(s.store, "web", folder, &found, &s.f), 0, "a place without a manifest");
        name_release(found.version, found.digest, again);
        tap_str(again, folder, "is still found again, so that it can be removed");
        MUST(symlinkat("/etc/passwd", s.fd, path));
        tap_int(store_manifest_read(s.store, "web", &release, &text, &n, &s.f), -ELOOP,
                "a link is not followed");
        (void)snprintf(path, sizeof(path), "releases/web/%s/tree", folder);
        MUST(unlinkat(s.fd, path, AT_REMOVEDIR));
        MUST(symlinkat("/", s.fd, path));
        tap_int(store_tree_open(s.store, "web", &release, &s.f), -ENOTDIR, "in place of a tree neither");
        site_close(&s);
}

static bool has_inodes(int fd)
{
        struct statvfs st;

        return fstatvfs(fd, &st) >= 0 && st.f_files > 0;
}

static void test_space(void)
{
        static const struct content_item items[] = { { ENTRY_FILE, 0644, "a", "0123456789", NULL },
                                                     { ENTRY_DIRECTORY, 0755, "b", NULL, NULL } };
        struct content c;
        struct space needed, none = {};
        struct site s;

        site_open(&s);
        content_make(items, ELEMENTSOF(items), &c);
        c.size = 1000;
        c.unpacked_size = 10;
        needed = store_space_needed(&c);
        tap_int((long long)needed.bytes, 1000 + 10 + 2 * 4096,
                "a release needs its download, files and blocks");
        tap_int((long long)needed.inodes, 3, "and inodes");
        tap_int(store_space_check(s.fd, needed, none, &s.f), 0, "which are there (%s)", s.f.text);
        needed.bytes = UINT64_MAX;
        tap_int(store_space_check(s.fd, needed, none, &s.f), -ENOSPC, "more than there is is refused");
        tap_like(s.f.text, "MiB left over", "in words");
        tap_int(store_space_check(s.fd, needed, (struct space){ .bytes = UINT64_MAX }, &s.f), -ENOSPC,
                "also without an overflow");
        needed.bytes = UINT64_C(1) << 62;
        tap_int(store_space_check(s.fd, needed, none, &s.f), -ENOSPC, "so is what is far too much");
        tap_int(store_space_check(s.fd, needed, (struct space){ .bytes = UINT64_C(1) << 62 }, &s.f), 0,
                "unless so much is to be freed (%s)", s.f.text);
        needed.bytes += UINT64_C(1) << 61;
        tap_int(store_space_check(s.fd, needed, (struct space){ .bytes = UINT64_C(1) << 62 }, &s.f), -ENOSPC,
                "and not more");
        tap_like(s.f.text, "with what goes for it", "which is said");
        needed = (struct space){ .inodes = UINT64_C(1) << 60 };
        tap_int(store_space_check(s.fd, needed, none, &s.f), has_inodes(s.fd) ? -ENOSPC : 0,
                "inodes are counted, where there are any");
        tap_int(store_space_check(s.fd, needed, (struct space){ .inodes = UINT64_C(1) << 60 }, &s.f), 0,
                "those to be freed, too");
        tap_ok(store_space_held(&c).bytes == 10 && store_space_held(&c).inodes == 2,
               "a release that goes gives back its files");
        content_done(&c);
        site_close(&s);
}

int main(void)
{
        test_open();
        test_trust();
        test_state();
        test_releases();
        test_space();
        return tap_done();
}
