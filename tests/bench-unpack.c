/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How fast a large bundle becomes a tree, and with how much memory: `make bench`, or
 * tests/bench-unpack [MIB [FILES]]. Makes a bundle of half-random bytes below $TMPDIR or /tmp, unpacks it
 * with the real worker, walks the tree, and removes both. Exits 1 when a process was over 24 MiB resident.
 */

#include <sys/mman.h>
#include <time.h>

#include "content.h"
#include "sealiftd/install.h"
#include "store/tree.h"
#include "tape.h"
#include "worker.h"

enum { CHUNK = 64 * 1024, RESIDENT_MAX_KIB = 24 * 1024 };

struct bench {
        uint64_t file_size, bundle_size;
        size_t n_files;
        uint8_t (*sums)[SHA256_SIZE]; /* shared with the children */
        char path[256];
        int folder; /* of bundle and tree */
};

#define MUST(call)                                                                                          \
        ({                                                                                                  \
                __auto_type must_r = (call);                                                                \
                if (must_r < 0) {                                                                           \
                        perror(#call);                                                                      \
                        exit(1);                                                                            \
                }                                                                                           \
                must_r;                                                                                     \
        })

static double now(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void pack_write(ZSTD_CCtx *c, int fd, const void *data, size_t len, ZSTD_EndDirective end)
{
        static uint8_t out[CHUNK * 2];
        ZSTD_inBuffer in = { .src = data, .size = len };
        size_t left;

        do {
                ZSTD_outBuffer to = { .dst = out, .size = sizeof(out) };

                left = ZSTD_compressStream2(c, &to, &in, end);
                if (ZSTD_isError(left))
                        abort();
                MUST(io_write_full(fd, out, to.pos));
        } while (in.pos < in.size || (end == ZSTD_e_end && left > 0));
}

/* Half of the bytes random, so that zstd has both kinds of work. */
static void chunk_fill(uint8_t *chunk, uint64_t *seed)
{
        for (size_t i = 0; i < CHUNK; i++) {
                *seed ^= *seed << 13;
                *seed ^= *seed >> 7;
                *seed ^= *seed << 17;
                chunk[i] = i % 1024 < 512 ? (uint8_t)*seed : (uint8_t)(i / 1024);
        }
}

static void pack_file(struct bench *b, ZSTD_CCtx *c, int fd, size_t i)
{
        static uint8_t chunk[CHUNK], zeros[512];
        _cleanup_(digest_freep) struct digest *d = NULL;
        _cleanup_(buffer_done) struct buffer header = TAPE_INIT;
        uint64_t seed = i + 1;
        char name[32];

        MUST(digest_new(&d));
        (void)snprintf(name, sizeof(name), "%08zu", i);
        tape_header(&header, &(struct tape_entry){ .name = name, .mode = 0644, .size = b->file_size });
        pack_write(c, fd, header.data, header.len, ZSTD_e_continue);
        for (uint64_t done = 0, n; done < b->file_size; done += n) {
                n = b->file_size - done < CHUNK ? b->file_size - done : CHUNK;
                chunk_fill(chunk, &seed);
                MUST(digest_add(d, chunk, n));
                pack_write(c, fd, chunk, n, ZSTD_e_continue);
        }
        pack_write(c, fd, zeros, (512 - b->file_size % 512) % 512, ZSTD_e_continue);
        MUST(digest_take(d, b->sums[i]));
}

static void pack(struct bench *b)
{
        int fd = MUST(openat(b->folder, "bundle", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        ZSTD_CCtx *c = ZSTD_createCCtx();
        static uint8_t end[1024];

        if (!c)
                abort();
        (void)ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, ZSTD_WINDOW_LOG_MAX);
        for (size_t i = 0; i < b->n_files; i++)
                pack_file(b, c, fd, i);
        pack_write(c, fd, end, sizeof(end), ZSTD_e_end);
        (void)fd_close(fd);
}

static void content_fill(const struct bench *b, struct content *ret)
{
        *ret = (struct content){ .sealed = true, .compression = COMPRESSION_ZSTD };
        ret->size = b->bundle_size;
        ret->unpacked_size = b->file_size * b->n_files;
        ret->n_entries = b->n_files;
        ret->entries = calloc(b->n_files, sizeof(*ret->entries));
        if (!ret->entries)
                abort();
        for (size_t i = 0; i < b->n_files; i++) {
                struct entry *e = ret->entries + i;

                MUST(asprintf(&e->path, "%08zu", i));
                e->type = ENTRY_FILE;
                e->mode = 0644;
                e->size = b->file_size;
                memcpy(e->sha256, b->sums[i], SHA256_SIZE);
        }
}

static void report(const char *what, double seconds, uint64_t bytes, long kib)
{
        printf("%-28s %7.2f s %8.0f MiB/s %8ld KiB resident at most\n", what, seconds,
               (double)bytes / (1 << 20) / seconds, kib);
        fflush(stdout);
}

/* What sealiftd does; in a process of its own, so that its memory can be told. */
static int install(struct bench *b)
{
        int tree = MUST(openat(b->folder, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        int bundle = MUST(openat(b->folder, "bundle", O_RDONLY | O_CLOEXEC));
        _cleanup_(stage_freep) struct stage *stage = NULL;
        struct rusage worker_usage, own;
        struct content content;
        struct fault f = {};
        struct worker w;
        double start;
        int r;

        content_fill(b, &content);
        MUST(stage_new(tree, &content, &stage, &f));
        worker_start(&w, "sealift-unpack");
        start = now();
        r = install_unpack(TAKE_FD(w.sock), bundle, &content, stage, &f);
        if (r < 0) {
                fprintf(stderr, "bench-unpack: %s\n", f.text);
                return 1;
        }
        (void)worker_wait(&w, &worker_usage);
        (void)getrusage(RUSAGE_SELF, &own);
        report("unpack: sealift-unpack", now() - start, content.unpacked_size, worker_usage.ru_maxrss);
        report("unpack: the stage", now() - start, content.unpacked_size, own.ru_maxrss);
        start = now();
        MUST(tree_walk(tree, &content, TREE_HASHES, &f));
        (void)getrusage(RUSAGE_SELF, &own);
        report("walk with hashes", now() - start, content.unpacked_size, own.ru_maxrss);
        start = now();
        MUST(tree_sync(tree, &f));
        report("syncfs", now() - start, content.unpacked_size, own.ru_maxrss);
        return own.ru_maxrss > RESIDENT_MAX_KIB || worker_usage.ru_maxrss > RESIDENT_MAX_KIB;
}

static int in_child(struct bench *b, int (*work)(struct bench *))
{
        pid_t pid = MUST(fork());
        int status;

        if (pid == 0)
                _exit(work(b));
        MUST(waitpid(pid, &status, 0));
        return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int pack_work(struct bench *b)
{
        pack(b);
        return 0;
}

int main(int argc, char *argv[])
{
        struct bench b = { .n_files = argc > 2 ? strtoul(argv[2], NULL, 10) : 64 };
        uint64_t mib = argc > 1 ? strtoul(argv[1], NULL, 10) : 1024;
        struct stat st;
        int r;

        if (b.n_files == 0)
                return 2;
        b.file_size = (mib << 20) / b.n_files;
        b.sums = mmap(NULL, b.n_files * SHA256_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                      0);
        if (b.sums == MAP_FAILED)
                return 1;
        b.folder = scratch_make(b.path);
        MUST(mkdirat(b.folder, "tree", 0755));
        r = in_child(&b, pack_work);
        if (r == 0) {
                MUST(fstatat(b.folder, "bundle", &st, 0));
                b.bundle_size = (uint64_t)st.st_size;
                printf("%llu MiB in %zu files, %lld MiB packed, window 8 MiB\n", (unsigned long long)mib,
                       b.n_files, (long long)st.st_size >> 20);
                fflush(stdout);
                r = in_child(&b, install);
        }
        scratch_remove(b.path);
        return r;
}
