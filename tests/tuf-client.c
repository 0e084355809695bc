/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A TUF client with the command line of the community's conformance suite, over the agent's own trust module
 * and its own fetch worker; tests/conformance.t drives it, and so may the suite itself. It exits with 0 or
 * 1, nothing else. Whatever the repository serves is hostile, names of targets included. */

#include <ctype.h>
#include <getopt.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include "facts/trust_drive.h"
#include "ground/buffer.h"
#include "ground/io.h"

#include "tuf-fetch.h"

enum { TARGETS_MAX = TRUST_WANTS_MAX, FILE_NAME_SIZE = 256, CHUNK = 64 * 1024 };

static const char *arg_metadata_dir, *arg_metadata_url, *arg_target_base_url, *arg_target_dir;
static const char *arg_targets[TARGETS_MAX];
static size_t arg_n_targets;

struct client {
        struct tuf_fetch fetch;
        struct trust *trust;          /* owned */
        int metadata_dir, target_dir; /* owned */
};

static void client_done(struct client *c)
{
        trust_free(c->trust);
        tuf_fetch_close(&c->fetch);
        c->metadata_dir = fd_close(c->metadata_dir);
        c->target_dir = fd_close(c->target_dir);
}

static int folder_open(const char *path, int *ret, struct fault *f)
{
        int fd;

        if (mkdir(path, 0777) < 0 && errno != EEXIST)
                return fault_set_errno(f, -errno, "%s: cannot make", path);
        fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return fault_set_errno(f, -errno, "%s: cannot open", path);
        *ret = fd;
        return 0;
}

/* ---- Metadata ---- */

static int trust_load(struct client *c, struct fault *f)
{
        _cleanup_free_ char *root = NULL;
        size_t len = 0;
        int r;

        r = io_read_file_at(c->metadata_dir, "root.json", TUF_ROOT_BYTES_MAX, &root, &len, f);
        return r < 0 && r != -ENOENT ? r : trust_new(root, len, time(NULL), &c->trust, f);
}

static int sink_buffer(void *userdata, const void *data, size_t len, struct fault *f)
{
        int r;

        r = buffer_append(userdata, data, len);
        return r < 0 ? fault_set_errno(f, r, "cannot keep what was fetched") : 0;
}

/* What is below the URL that names the folder itself. */
static const char *path_below(const char *path, const char *folder)
{
        return str_has_prefix(path, folder) ? path + strlen(folder) : path;
}

static int door_fetch(void *userdata, const struct trust_step *step, char **ret, size_t *ret_len,
                      struct fault *f)
{
        _cleanup_(buffer_done) struct buffer b = BUFFER_INIT(step->max_bytes);
        struct client *c = userdata;
        int r;

        r = fetching_get(&c->fetch.fetching, "metadata", path_below(step->path, "metadata/"),
                         step->max_bytes, sink_buffer, &b, f);
        if (r >= 0)
                r = buffer_append(&b, "", 0);
        if (r < 0)
                return r;
        *ret_len = b.len;
        *ret = TAKE_PTR(b.data);
        return 0;
}

/* A stored file that cannot be read is none. */
static int door_recall(void *userdata, const struct trust_step *step, char **ret, size_t *ret_len,
                       struct fault *f)
{
        const struct client *c = userdata;
        struct fault why = {};

        if (io_read_file_at(c->metadata_dir, step->file, step->max_bytes, ret, ret_len, &why) >= 0)
                return 0;
        if (why.error != -ENOENT)
                (void)fprintf(stderr, "tuf-client: %s\n", why.text);
        return -ENOENT;
}

static int door_store(void *userdata, const struct trust_step *step, struct fault *f)
{
        const struct client *c = userdata;

        return io_replace_file_at(c->metadata_dir, step->file, step->bytes, step->len, 0666, f);
}

static int door_forget(void *userdata, const struct trust_step *step, struct fault *f)
{
        const struct client *c = userdata;

        if (unlinkat(c->metadata_dir, step->file, 0) < 0 && errno != ENOENT)
                return fault_set_errno(f, -errno, "%s: cannot remove", step->file);
        return 0;
}

static int refresh(struct client *c, struct fault *f)
{
        const struct trust_doors doors = { c, door_fetch, door_recall, door_store, door_forget, NULL };

        return trust_drive(c->trust, &doors, f);
}

/* ---- Targets ---- */

/* One file name for a target's name: RFC 3986's unreserved characters stay, except a first ".", which is
 * where names for work in progress begin. */
static int target_file(const char *name, char ret[static FILE_NAME_SIZE], struct fault *f)
{
        size_t n = 0;

        for (const char *p = name; *p; p++) {
                unsigned char c = (unsigned char)*p;
                bool plain = c < 0x80 && (isalnum(c) || strchr("-_~", c) || (c == '.' && p > name));

                if (n + STRLEN("%XX") + STRLEN("..new") >= FILE_NAME_SIZE)
                        return fault_set(f, -ENAMETOOLONG, "%s: no file can have such a name", name);
                n += (size_t)snprintf(ret + n, FILE_NAME_SIZE - n, plain ? "%c" : "%%%02X", c);
        }
        return 0;
}

static bool target_is_there(const struct client *c, const struct tuf_file *target, const char *file)
{
        _cleanup_(tuf_check_freep) struct tuf_check *check = NULL;
        _cleanup_close_ int fd = -EBADF;
        static char chunk[CHUNK];
        struct stat st;
        size_t n;

        fd = openat(c->target_dir, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || tuf_check_new(target, &check, NULL) < 0)
                return false;
        do
                if (io_read_full(fd, chunk, sizeof(chunk), &n) < 0 ||
                    tuf_check_add(check, chunk, n, NULL) < 0)
                        return false;
        while (n > 0);
        return tuf_check_end(check, NULL) >= 0;
}

struct download {
        struct tuf_check *check; /* owned */
        int fd;                  /* owned */
};

static int sink_download(void *userdata, const void *data, size_t len, struct fault *f)
{
        struct download *d = userdata;
        int r;

        r = tuf_check_add(d->check, data, len, f);
        if (r < 0)
                return r;
        r = io_write_full(d->fd, data, len);
        return r < 0 ? fault_set_errno(f, r, "cannot write") : 0;
}

static int download_run(struct client *c, const struct tuf_file *target, const char *path, int fd,
                        struct fault *f)
{
        _cleanup_(tuf_check_freep) struct tuf_check *check = NULL;
        struct download d;
        int r;

        r = tuf_check_new(target, &check, f);
        if (r < 0)
                return r;
        d = (struct download){ .check = check, .fd = fd };
        r = fetching_get(&c->fetch.fetching, "targets", path_below(path, "targets/"), target->length,
                         sink_download, &d, f);
        return r < 0 ? r : tuf_check_end(check, f);
}

/* The old file stays until the new one is whole and checked. */
static int target_replace(struct client *c, const struct tuf_file *target, const char *path,
                          const char *file, struct fault *f)
{
        _cleanup_close_ int fd = -EBADF;
        char temporary[FILE_NAME_SIZE + 8];
        int r;

        (void)snprintf(temporary, sizeof(temporary), ".%s.new", file);
        (void)unlinkat(c->target_dir, temporary, 0);
        fd = openat(c->target_dir, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0)
                return fault_set_errno(f, -errno, "%s: cannot write", temporary);
        r = download_run(c, target, path, fd, f);
        if (r >= 0 && renameat(c->target_dir, temporary, c->target_dir, file) < 0)
                r = fault_set_errno(f, -errno, "%s: cannot write", file);
        if (r < 0)
                (void)unlinkat(c->target_dir, temporary, 0);
        return r;
}

static int target_download(struct client *c, const char *name, struct fault *f)
{
        char file[FILE_NAME_SIZE], path[FETCH_PATH_SIZE];
        const struct tuf_file *target;
        int r;

        r = trust_want(c->trust, TRUST_WANT_NAME, name, f);
        if (r >= 0)
                r = refresh(c, f);
        if (r < 0) {
                (void)trust_skip(c->trust); /* the next target may be elsewhere */
                return r;
        }
        target = trust_find_target(c->trust, name);
        if (!target)
                return fault_set(f, -ENOENT, "%s: no such target", name);
        r = trust_target_path(c->trust, target, path, f);
        if (r >= 0)
                r = target_file(name, file, f);
        if (r < 0 || target_is_there(c, target, file))
                return r;
        return target_replace(c, target, path, file, f);
}

/* ---- Verbs ---- */

/* "tests/tuf-client" is beside the folder of "sealift-fetch". */
static int worker_path(char ret[static 4096], struct fault *f)
{
        ssize_t n = readlink("/proc/self/exe", ret, 4096 - STRLEN("/../sealift-fetch") - 1);
        char *slash;

        if (n < 0)
                return fault_set_errno(f, -errno, "cannot tell where this program is");
        ret[n] = '\0';
        slash = strrchr(ret, '/');
        memcpy(slash, "/../sealift-fetch", sizeof("/../sealift-fetch"));
        return 0;
}

static int verb_init(struct client *c, const char *root, struct fault *f)
{
        _cleanup_free_ char *bytes = NULL;
        _cleanup_(trust_freep) struct trust *t = NULL;
        size_t len;
        int r;

        r = io_read_file_at(AT_FDCWD, root, tuf_role_bytes_max(TUF_ROOT), &bytes, &len, f);
        if (r < 0)
                return r;
        r = trust_new(bytes, len, time(NULL), &t, f);
        if (r < 0)
                return r;
        return io_replace_file_at(c->metadata_dir, "root.json", bytes, len, 0666, f);
}

static int verb_refresh(struct client *c, struct fault *f)
{
        char program[4096];
        int r;

        if (!arg_metadata_url)
                return fault_set(f, -EINVAL, "--metadata-url is missing");
        r = trust_load(c, f);
        if (r >= 0)
                r = worker_path(program, f);
        if (r >= 0)
                r = tuf_fetch_open(&c->fetch, program, arg_metadata_url, arg_target_base_url, f);
        return r < 0 ? r : refresh(c, f);
}

/* Every target is tried; the first that failed is told. */
static int verb_download(struct client *c, struct fault *f)
{
        int r;

        if (arg_n_targets == 0 || !arg_target_base_url || !arg_target_dir)
                return fault_set(f, -EINVAL, "--target-name, --target-base-url or --target-dir is missing");
        r = folder_open(arg_target_dir, &c->target_dir, f);
        if (r >= 0)
                r = verb_refresh(c, f);
        if (r < 0)
                return r;
        for (size_t i = 0; i < arg_n_targets; i++) {
                struct fault why = {};

                if (target_download(c, arg_targets[i], &why) < 0 && r >= 0) {
                        *f = why;
                        r = why.error;
                }
        }
        return r;
}

static int run(int argc, char **argv, struct fault *f)
{
        _cleanup_(client_done) struct client c = { .fetch = TUF_FETCH_INIT,
                                                   .metadata_dir = -EBADF,
                                                   .target_dir = -EBADF };
        int r;

        if (!arg_metadata_dir)
                return fault_set(f, -EINVAL, "--metadata-dir is missing");
        r = folder_open(arg_metadata_dir, &c.metadata_dir, f);
        if (r < 0)
                return r;
        if (argc == 2 && str_eq(argv[0], "init"))
                return verb_init(&c, argv[1], f);
        if (argc == 1 && str_eq(argv[0], "refresh"))
                return verb_refresh(&c, f);
        if (argc == 1 && str_eq(argv[0], "download"))
                return verb_download(&c, f);
        return fault_set(f, -EINVAL, "a verb is missing: init ROOT, refresh, download");
}

static int options_take(int argc, char **argv, struct fault *f)
{
        static const struct option options[] = {
                { "metadata-dir", required_argument, NULL, 'm' },
                { "metadata-url", required_argument, NULL, 'u' },
                { "target-name", required_argument, NULL, 'n' },
                { "target-base-url", required_argument, NULL, 'b' },
                { "target-dir", required_argument, NULL, 'd' },
                {},
        };
        int o;

        while ((o = getopt_long(argc, argv, "", options, NULL)) >= 0)
                switch (o) {
                case 'm':
                        arg_metadata_dir = optarg;
                        break;
                case 'u':
                        arg_metadata_url = optarg;
                        break;
                case 'n':
                        if (arg_n_targets == TARGETS_MAX)
                                return fault_set(f, -E2BIG, "more than %d targets", TARGETS_MAX);
                        arg_targets[arg_n_targets++] = optarg;
                        break;
                case 'b':
                        arg_target_base_url = optarg;
                        break;
                case 'd':
                        arg_target_dir = optarg;
                        break;
                default:
                        return fault_set(f, -EINVAL, "unknown option");
                }
        return 0;
}

int main(int argc, char **argv)
{
        struct fault f = {};
        int r;

        (void)signal(SIGPIPE, SIG_IGN);
        r = options_take(argc, argv, &f);
        if (r >= 0)
                r = run(argc - optind, argv + optind, &f);
        if (r < 0)
                (void)fprintf(stderr, "tuf-client: %s\n", *f.text ? f.text : strerror(-r));
        return r < 0;
}
