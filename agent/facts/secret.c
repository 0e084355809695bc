/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Looks for secrets in what is about to be published. Each kind is a mark that hardly anything else begins
 * with and a body it must have, since keys and tokens made by machines are known by their form; passwords,
 * which have none, are looked for only in files that exist to hold them. Pure; the input is whatever a
 * publisher packs, gigabytes of it, and goes through a window of fixed size. */

#include "facts/secret.h"

#include <ctype.h>
#include <strings.h>

#include "ground/text.h"

enum {
        /* Longest form that must be seen at once: the first line of a key and some of the second. */
        WINDOW = 512,
        CHUNK = 64 * 1024,
        LINE_SIZE = 1024,
        /* A body of xxxx or 0000 is a placeholder. Random ones of 16 letters have 8 different ones but for
         * one in a million. */
        DIFFERENT_MIN = 8,
        PEM_LABEL_MAX = 40, /* "-----BEGIN ENCRYPTED PRIVATE KEY-----" and its like */
        PEM_GAP_MAX = 96,   /* quotes, line ends and indentation of a key in a program's text */
        PEM_BODY_MIN = 40,  /* Ed25519, the shortest, has 64 letters in PKCS#8 */
};

#define DIGITS  "0123456789"
#define UPPER   "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER   "abcdefghijklmnopqrstuvwxyz"
#define LETTERS UPPER LOWER DIGITS
#define BASE64  LETTERS "+/="

/* Tokens: mark, letters of the body, how many of them. */
static const struct token {
        const char *mark, *letters;
        unsigned min, max;
        const char *what;
} tokens[] = {
        /* IAM user guide, "Understanding unique ID prefixes": AKIA long-term, ASIA temporary; base32 */
        { "AKIA", UPPER "234567", 16, 16, "an AWS access key" },
        { "ASIA", UPPER "234567", 16, 16, "an AWS access key" },
        /* GitHub docs, "About authentication to GitHub", token formats */
        { "ghp_", LETTERS, 36, 255, "a GitHub token" },
        { "gho_", LETTERS, 36, 255, "a GitHub token" },
        { "ghu_", LETTERS, 36, 255, "a GitHub token" },
        { "ghs_", LETTERS, 36, 255, "a GitHub token" },
        { "ghr_", LETTERS, 36, 255, "a GitHub token" },
        { "github_pat_", LETTERS "_", 82, 255, "a GitHub token" },
        /* GitLab docs, "GitLab token overview", token prefixes */
        { "glpat-", LETTERS "_-.", 20, 255, "a GitLab token" },
        { "glrt-", LETTERS "_-.", 20, 255, "a GitLab token" },
        /* api.slack.com, "Token types": xoxb-NUMBER-NUMBER-LETTERS */
        { "xoxb-", LETTERS "-", 40, 255, "a Slack token" },
        { "xoxp-", LETTERS "-", 40, 255, "a Slack token" },
        { "xoxa-", LETTERS "-", 40, 255, "a Slack token" },
        { "xoxr-", LETTERS "-", 40, 255, "a Slack token" },
        /* Google Cloud, "Manage API keys": 39 letters, those of base64url */
        { "AIza", LETTERS "_-", 35, 35, "a Google API key" },
        /* docs.npmjs.com, "About access tokens"; github.blog on their format, 2021 */
        { "npm_", LETTERS, 36, 36, "an npm token" },
        /* warehouse's macaroons: pypi- and base64url of "pypi.org" in one */
        { "pypi-AgEIcHlwaS5vcmc", LETTERS "_-", 50, 400, "a PyPI token" },
        /* docs.stripe.com/keys: sk_ and rk_, live_ for real money */
        { "sk_live_", LETTERS, 24, 255, "a Stripe key" },
        { "rk_live_", LETTERS, 24, 255, "a Stripe key" },
        /* huggingface.co/docs/hub/security-tokens */
        { "hf_", UPPER LOWER, 34, 34, "a Hugging Face token" },
        { "sk-ant-api03-", LETTERS "_-", 80, 120, "an Anthropic key" },
        { "sk-proj-", LETTERS "_-", 40, 255, "an OpenAI key" },
        /* developer.hashicorp.com/vault/docs/concepts/tokens: hvs. service, hvb. batch */
        { "hvs.", LETTERS "_-", 24, 255, "a Vault token" },
        { "hvb.", LETTERS "_-", 138, 300, "a Vault token" },
        /* docs.digitalocean.com, "API reference": 64 hex digits */
        { "dop_v1_", DIGITS "abcdef", 64, 64, "a DigitalOcean token" },
        { "dckr_pat_", LETTERS "_-", 27, 27, "a Docker Hub token" },
        /* age-encryption.org: Bech32 in upper case */
        { "AGE-SECRET-KEY-1", UPPER DIGITS, 58, 58, "an age private key" },
};

/* RFC 7468 (PKCS#8, encrypted or not), RFC 5915, OpenSSL's and OpenSSH's own, RFC 9580's armor. */
#define PEM "-----BEGIN "
/* PuTTY manual, appendix "PPK file format": the first line of every version. */
#define PPK "PuTTY-User-Key-File-"

/* Files that hold passwords, and before what in a line one stands, in any case; "": any line that is no
 * comment. */
static const struct holder {
        const char *name; /* of the file; a folder may stand before it */
        const char *words[8];
} holders[] = {
        { ".git-credentials", { "" } }, /* git-credential-store(1) */
        { ".pgpass", { "" } },          /* PostgreSQL, "The Password File" */
        { ".netrc", { "password" } },   /* netrc(5) */
        { "_netrc", { "password" } },
        { ".npmrc", { "_authToken", "_auth", "_password" } },             /* npmrc(5) */
        { ".pypirc", { "password" } },                                    /* packaging.python.org */
        { ".my.cnf", { "password" } },                                    /* MySQL, "Using Option Files" */
        { ".s3cfg", { "secret_key" } },                                   /* s3cmd */
        { ".boto", { "secret_access_key" } },                             /* gsutil */
        { ".aws/credentials", { "secret_access_key", "session_token" } }, /* AWS CLI user guide */
        { ".kube/config", { "client-key-data", "token", "password" } },   /* Kubernetes, kubeconfig */
        { ".docker/config.json", { "\"auth\"", "identitytoken" } },       /* docker-login(1) */
        { ".env", { "password", "passwd", "secret", "token", "api_key", "apikey", "private_key" } },
        { ".env.*", { "password", "passwd", "secret", "token", "api_key", "apikey", "private_key" } },
};

/* What a file is by its name; and by which words in it, it is something public after all. */
static const struct named {
        const char *pattern, *but, *what;
} named[] = {
        { "*.p12", "*trust*", "a key store" },      { "*.pfx", "*trust*", "a key store" },
        { "*.jks", "*trust*", "a key store" },      { "*.bcfks", "*trust*", "a key store" },
        { "*.keystore", "*trust*", "a key store" }, { "*.kdbx", NULL, "a password database" },
};

struct secret_scan {
        struct secret_hit hits[SECRET_HITS_MAX];
        size_t n_hits;
        const struct holder *holder; /* of this file, or NULL */
        bool binary;
        uint64_t offset; /* of window[0] in the file */
        uint64_t line;   /* of window[next] */
        size_t next;     /* the first letter that has not been looked at */
        size_t len;
        char before; /* the letter before window[0] */
        uint64_t text_line;
        size_t line_len;
        char line_text[LINE_SIZE];
        bool pairs[256][256]; /* the two letters marks begin with: all others are passed over quickly */
        char window[WINDOW + CHUNK];
};

struct secret_scan *secret_scan_free(struct secret_scan *s)
{
        free(s);
        return NULL;
}

int secret_scan_new(struct secret_scan **ret)
{
        struct secret_scan *s = calloc(1, sizeof(*s));

        if (!s)
                return -ENOMEM;
        for (size_t i = 0; i < ELEMENTSOF(tokens); i++)
                s->pairs[(unsigned char)tokens[i].mark[0]][(unsigned char)tokens[i].mark[1]] = true;
        s->pairs[(unsigned char)PEM[0]][(unsigned char)PEM[1]] = true;
        s->pairs[(unsigned char)PPK[0]][(unsigned char)PPK[1]] = true;
        *ret = s;
        return 0;
}

static void add_hit(struct secret_scan *s, const char *what, uint64_t line, uint64_t offset)
{
        if (s->n_hits < SECRET_HITS_MAX)
                s->hits[s->n_hits++] = (struct secret_hit){ what, line, offset };
}

/* ---- by name */

static bool is_template(const char *name)
{
        static const char *const words[] = { "*example*", "*sample*", "*template*", "*dist*", "*defaults*" };

        for (size_t i = 0; i < ELEMENTSOF(words); i++)
                if (text_glob(words[i], name))
                        return true;
        return false;
}

/* pattern is the end of path, from the beginning of a component. */
static bool path_ends(const char *path, const char *pattern)
{
        for (const char *p = path; p; p = strchr(p, '/')) {
                p += *p == '/';
                if (!strchr(pattern, '/') && strchr(p, '/'))
                        continue;
                if (text_glob(pattern, p))
                        return true;
        }
        return false;
}

static const struct holder *find_holder(const char *path)
{
        if (is_template(path))
                return NULL;
        for (size_t i = 0; i < ELEMENTSOF(holders); i++)
                if (path_ends(path, holders[i].name))
                        return holders + i;
        return NULL;
}

void secret_scan_begin(struct secret_scan *s, const char *path)
{
        s->n_hits = s->next = s->len = s->line_len = 0;
        s->offset = 0;
        s->line = s->text_line = 1;
        s->binary = false;
        s->before = '\n';
        s->holder = find_holder(path);
        for (size_t i = 0; i < ELEMENTSOF(named); i++)
                if (path_ends(path, named[i].pattern) && !(named[i].but && path_ends(path, named[i].but)))
                        add_hit(s, named[i].what, 0, 0);
}

/* ---- keys and tokens */

static bool is_word(char c)
{
        return isalnum((unsigned char)c) || c == '_';
}

static size_t run(const char *p, size_t n, const char *letters)
{
        size_t i = 0;

        while (i < n && p[i] && strchr(letters, p[i]))
                i++;
        return i;
}

static unsigned count_different(const char *p, size_t n)
{
        bool seen[256] = {};
        unsigned different = 0;

        for (size_t i = 0; i < n; i++) {
                different += !seen[(unsigned char)p[i]];
                seen[(unsigned char)p[i]] = true;
        }
        return different;
}

static bool token_matches(const struct token *t, const char *p, size_t n)
{
        size_t mark = strlen(t->mark), body;

        if (n < mark || memcmp(p, t->mark, mark) != 0)
                return false;
        body = run(p + mark, n - mark, t->letters);
        if (body < t->min || body > t->max || count_different(p + mark, body) < DIFFERENT_MIN)
                return false;
        if (mark + body < n && is_word(p[mark + body]))
                return false;
        /* AWS's own documents end theirs so. */
        return !(body == 16 &&
                 memcmp(p + mark + body - STRLEN("EXAMPLE"), "EXAMPLE", STRLEN("EXAMPLE")) == 0);
}

/* What stands between the first line of a key and its body where the key is quoted in a program or JSON. */
static size_t pem_gap(const char *p, size_t n)
{
        size_t i = 0;

        while (i < n && i < PEM_GAP_MAX && p[i] && strchr(" \t\r\n\"'`+,;.\\#*|>", p[i]))
                i += p[i] == '\\' && i + 1 < n && strchr("nr", p[i + 1]) ? 2 : 1;
        return i;
}

/* A key has a body; a program that reads or writes keys has only their first lines. */
static bool pem_matches(const char *p, size_t n)
{
        static const char *const ends[] = { "PRIVATE KEY-----", "PRIVATE KEY BLOCK-----" };
        static const char *const headers[] = { "Proc-Type: ", "Version: ", "Comment: ", "Hash: " };
        const char *end = NULL;
        size_t label;

        if (n < STRLEN(PEM) || memcmp(p, PEM, STRLEN(PEM)) != 0)
                return false;
        label = run(p + STRLEN(PEM), n - STRLEN(PEM) < PEM_LABEL_MAX ? n - STRLEN(PEM) : PEM_LABEL_MAX,
                    UPPER DIGITS " -");
        for (size_t i = 0; i < ELEMENTSOF(ends) && !end; i++)
                end = memmem(p, STRLEN(PEM) + label, ends[i], strlen(ends[i]));
        if (!end)
                return false;
        end = (const char *)memmem(end, (size_t)(p + n - end), "-----", 5) + 5;
        end += pem_gap(end, (size_t)(p + n - end));
        n -= (size_t)(end - p);
        for (size_t i = 0; i < ELEMENTSOF(headers); i++)
                if (n >= strlen(headers[i]) && memcmp(end, headers[i], strlen(headers[i])) == 0)
                        return true;
        return run(end, n, BASE64) >= PEM_BODY_MIN && count_different(end, PEM_BODY_MIN) >= DIFFERENT_MIN;
}

static bool ppk_matches(const char *p, size_t n)
{
        return n > STRLEN(PPK) + 2 && memcmp(p, PPK, STRLEN(PPK)) == 0 &&
               isdigit((unsigned char)p[STRLEN(PPK)]) && p[STRLEN(PPK) + 1] == ':';
}

static const char *match(const char *p, size_t n, char before)
{
        if (pem_matches(p, n))
                return "a private key";
        if (is_word(before))
                return NULL;
        if (ppk_matches(p, n))
                return "a private key";
        for (size_t i = 0; i < ELEMENTSOF(tokens); i++)
                if (token_matches(tokens + i, p, n))
                        return tokens[i].what;
        return NULL;
}

/* Looks at every place that has a whole window behind it, at the end of the file at every place. */
static void look(struct secret_scan *s, bool end)
{
        size_t stop = end ? s->len : s->len - WINDOW;

        for (; s->next < stop; s->next++) {
                const char *p = s->window + s->next;
                const char *what;

                s->line += *p == '\n';
                if (s->next + 1 >= s->len || !s->pairs[(unsigned char)p[0]][(unsigned char)p[1]])
                        continue;
                what = match(p, s->len - s->next < WINDOW ? s->len - s->next : WINDOW,
                             s->next > 0 ? p[-1] : s->before);
                if (what)
                        add_hit(s, what, s->line, s->offset + s->next);
        }
        if (s->next == 0)
                return;
        s->before = s->window[s->next - 1];
        s->offset += s->next;
        s->len -= s->next;
        memmove(s->window, s->window + s->next, s->len);
        s->next = 0;
}

/* ---- passwords */

/* A value that stands for one: ${TOKEN}, <your token>, %TOKEN%, changeme, the file it is in, nothing. */
static bool is_placeholder(const char *value)
{
        static const char *const begin[] = { "your", "change", "replace", "xxx", "example", "todo" };
        static const char *const whole[] = { "none", "null", "true", "false", "password", "secret", "test" };
        size_t n = strcspn(value, " \t\r\"',#");

        if (n < 4 || strchr("$<%{*@/", *value))
                return true;
        for (size_t i = 0; i < ELEMENTSOF(begin); i++)
                if (strncasecmp(value, begin[i], strlen(begin[i])) == 0)
                        return true;
        for (size_t i = 0; i < ELEMENTSOF(whole); i++)
                if (n == strlen(whole[i]) && strncasecmp(value, whole[i], n) == 0)
                        return true;
        return false;
}

static bool line_holds(const char *line, const char *word)
{
        const char *p = line + strspn(line, " \t");

        if (!*p || strchr("#;", *p) || str_has_prefix(p, "//#"))
                return false;
        if (!*word)
                return true;
        p = strcasestr(p, word);
        if (!p)
                return false;
        p += strlen(word);
        p += strspn(p, LETTERS "_\"'"); /* DB_PASSWORD_PROD, "auth" */
        if (!strchr(" \t=:", *p))
                return false;
        p += strspn(p, " \t=:\"'");
        return !is_placeholder(p);
}

static void look_line(struct secret_scan *s)
{
        s->line_text[s->line_len] = '\0';
        s->line_len = 0;
        for (size_t i = 0; i < ELEMENTSOF(s->holder->words) && s->holder->words[i]; i++)
                if (line_holds(s->line_text, s->holder->words[i])) {
                        add_hit(s, "a password or token", s->text_line, 0);
                        break;
                }
        s->text_line++;
}

/* Lines of a file that is known to hold passwords. What is longer than the buffer is cut. */
static void add_lines(struct secret_scan *s, const char *p, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (p[i] == '\n')
                        look_line(s);
                else if (s->line_len + 1 < LINE_SIZE)
                        s->line_text[s->line_len++] = p[i];
}

/* ---- the stream */

void secret_scan_add(struct secret_scan *s, const void *data, size_t len)
{
        const char *p = data;

        if (len == 0)
                return;
        s->binary = s->binary || memchr(p, 0, len);
        if (s->holder)
                add_lines(s, p, len);
        while (len > 0) {
                size_t n = sizeof(s->window) - s->len;

                if (n > len)
                        n = len;
                memcpy(s->window + s->len, p, n);
                s->len += n;
                p += n;
                len -= n;
                if (s->len == sizeof(s->window))
                        look(s, false);
        }
}

size_t secret_scan_end(struct secret_scan *s, const struct secret_hit **ret, bool *ret_binary)
{
        look(s, true);
        if (s->holder && s->line_len > 0)
                look_line(s);
        *ret = s->hits;
        *ret_binary = s->binary;
        return s->n_hits;
}
