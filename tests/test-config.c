/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "facts/config.h"

#include "tap.h"

#define AGENT  "[Agent]\nChannel=stable\n"
#define SOURCE "[Source bucket]\nURL=https://bucket.example/fleet\n"

static int parse(const char *text, struct config **ret, struct fault *f)
{
        *f = (struct fault){};
        return config_parse(text, strlen(text), "sealift.conf", ret, f);
}

static void test_smallest(void)
{
        _cleanup_(config_freep) struct config *c = NULL;
        struct fault f;

        if (!tap_int(parse(AGENT SOURCE, &c, &f), 0, "two sections of one line are a configuration"))
                return;
        tap_str(c->channel, "stable", "channel");
        tap_str(c->source, "bucket", "the only source is the one that is used");
        tap_str(c->sources[0].url, "https://bucket.example/fleet/", "a URL gets its slash");
        tap_str(c->sources[0].ca_file, "", "the system's CAs unless said");
        tap_int(c->poll_usec, 300 * 1000000LL, "polls every five minutes unless said");
        tap_str(c->report.url, "", "reports go nowhere unless said");
        tap_ok(config_wants_bundle(c, "anything"), "all bundles unless said");
}

static void test_full(void)
{
        _cleanup_(config_freep) struct config *c = NULL;
        struct fault f;
        int r;

        r = parse("# the fleet\n"
                  "[Source a]\nURL=https://a.example:8443/\nCAFile=/etc/sealift/a.pem\n"
                  "[Source b-2]\nURL=https://[2001:db8::1]:443/x%20y/\n"
                  "[Agent]\nChannel=edge\nSource=b-2\nBundles=gone\nBundles=\nBundles=web db-*\n"
                  "Bundles=cache?\nPollSec=1min 30s\n"
                  "[Report]\nURL=https://r.example/in\nCAFile=/r.pem\nMethod=PUT\n",
                  &c, &f);
        if (!tap_int(r, 0, "every key at once (%s)", f.text))
                return;
        tap_int(c->n_sources, 2, "two sources");
        tap_str(c->source, "b-2", "Source=");
        tap_str(config_find_source(c, "a")->ca_file, "/etc/sealift/a.pem", "CAFile=");
        tap_str(config_find_source(c, "b-2")->url, "https://[2001:db8::1]:443/x%20y/",
                "URL= with an address");
        tap_ok(!config_find_source(c, "c"), "a source that is not there");
        tap_int(c->poll_usec, 90 * 1000000LL, "PollSec=");
        tap_str(c->report.url, "https://r.example/in/", "a report's URL gets its slash for PUT");
        tap_str(c->report.ca_file, "/r.pem", "the report's CAFile=");
        tap_ok(config_wants_bundle(c, "web") && config_wants_bundle(c, "db-main") &&
                       config_wants_bundle(c, "cache1"),
               "Bundles= adds up, globs match");
        tap_ok(!config_wants_bundle(c, "gone"), "an empty Bundles= starts over");
        tap_ok(!config_wants_bundle(c, "website"), "a glob matches the whole name");
}

static void test_folder(void)
{
        _cleanup_(config_freep) struct config *c = NULL;
        struct fault f;

        if (!tap_int(parse(SOURCE "[Source stick]\nURL=file:///media/My%20Stick/repo\n" AGENT
                                  "Source=stick\n",
                           &c, &f),
                     0, "a folder as a source (%s)", f.text))
                return;
        tap_int(c->sources[1].transport, CONFIG_FILE, "is read from");
        tap_str(c->sources[1].url, "file:///media/My%20Stick/repo/", "with a slash at its end");
        tap_int(c->sources[0].transport, CONFIG_HTTPS, "and the other goes over the network");
}

static void test_way(void)
{
        _cleanup_(config_freep) struct config *c = NULL;
        struct fault f;

        if (!tap_int(parse(AGENT SOURCE "Proxy=https://proxy.example:3128/\nRateLimit=2M\n"
                                        "[Report]\nProxy=none\n",
                           &c, &f),
                     0, "a proxy and a limit (%s)", f.text))
                return;
        tap_int((long long)c->keep, 3, "three releases are kept");
        tap_int((long long)c->n_windows, 0, "at any time");
        tap_int((long long)(c->scrub_usec / 1000000), 7 * 86400, "and looked at every week");
        tap_str(c->sources[0].proxy, "https://proxy.example:3128/", "the proxy");
        tap_ok(c->sources[0].rate == UINT64_C(2) << 20, "the limit");
        tap_str(c->report.proxy, "none", "none for reports");
        c = config_free(c);
        if (!tap_int(parse(AGENT SOURCE "Proxy=http://[::1]:1\nProxy=\nRateLimit=2M\nRateLimit=\n", &c, &f),
                     0, "both taken back (%s)", f.text))
                return;
        tap_str(c->sources[0].proxy, "", "no proxy");
        tap_ok(c->sources[0].rate == 0, "no limit");
}

static void test_post(void)
{
        _cleanup_(config_freep) struct config *c = NULL;
        struct fault f;

        if (!tap_int(parse(AGENT SOURCE "[Report]\nMethod=POST\nURL=https://r.example/in\n", &c, &f), 0,
                     "POST"))
                return;
        tap_int(c->report.method, REPORT_POST, "Method=POST");
        tap_str(c->report.url, "https://r.example/in", "a URL to POST to stays as it is");
}

static const struct refusal {
        const char *text, *like, *what;
} refusals[] = {
        { AGENT, "no [Source NAME]", "no source" },
        { SOURCE, "no Channel=", "no channel" },
        { AGENT "[Source a]\n", "[Source a] has no URL=", "a source without a URL" },
        { AGENT SOURCE "[Source b]\nURL=https://b/\n", "has no Source=", "two sources, none chosen" },
        { AGENT "Source=x\n" SOURCE, "no [Source x]", "a source chosen that is not there" },
        { AGENT SOURCE SOURCE, "sealift.conf:5: [Source bucket] stands here twice", "a source twice" },
        { AGENT "Chanel=x\n" SOURCE,
          "sealift.conf:3: unknown key Chanel= in [Agent]; did you mean Channel=?", "a key mistyped" },
        { AGENT "Qqqqqqqq=x\n" SOURCE, "unknown key Qqqqqqqq= in [Agent]", "a key unlike any other" },
        { "[Agnet]\n", "sealift.conf:1: unknown section [Agnet]; did you mean [Agent]?",
          "a section mistyped" },
        { "[Agent x]\n", "written [Agent]", "a name where none belongs" },
        { "[Source]\n", "written [Source NAME]", "a source without a name" },
        { "[Source Big]\n", "not a name", "a source with a bad name" },
        { "Channel=x\n", "before the first [Section]", "a key before any section" },
        { "[Agent]\nChannel=Big One\n", "sealift.conf:2: Channel=Big One: not a name", "a bad channel" },
        { "[Agent]\nPollSec=0\n", "1s to 7d", "polling without pause" },
        { "[Agent]\nPollSec=8d\n", "1s to 7d", "polling less than weekly" },
        { "[Agent]\nPollSec=soon\n", "1s to 7d", "polling at no time" },
        { "[Agent]\nKeep=17\n", "0 to 16", "more than can be kept" },
        { "[Agent]\nKeep=-1\n", "0 to 16", "fewer than none" },
        { "[Agent]\nScrubSec=1min\n", "1h to 10 years", "looking at what is installed all the time" },
        { "[Agent]\nScrubSec=never\n", "1h to 10 years", "at no time" },
        { "[Agent]\nWindow=2am\n", "sealift.conf:2: Window=2am: not a window", "a bad window" },
        { "[Agent]\nBundles=web DB\n", "bundle names", "a bundle that cannot be" },
        { "[Report]\nMethod=GET\n", "not PUT or POST", "a report by GET" },
        { "[Source a]\nCAFile=ca.pem\n", "absolute", "a relative CAFile=" },
        { "[Source a]\nURL=http://a/\n", "not an https:// or file:// URL", "plain HTTP" },
        { "[Source a]\nURL=file://nas/fleet\n", "file:// and an absolute path", "another machine's files" },
        { "[Source a]\nURL=file://\n", "file:// and an absolute path", "no folder" },
        { "[Source a]\nURL=file:/srv\n", "not an https:// or file:// URL", "file: with one slash" },
        { "[Source a]\nURL=file:///srv?x\n", "query", "a folder with a query" },
        { "[Source a]\nURL=ftp://a/\n", "not an https:// or file:// URL", "FTP" },
        { "[Report]\nURL=file:///srv/reports\n", "not an https:// URL", "reports into a folder" },
        { "[Source a]\nURL=https://\n", "no valid host", "no host" },
        { "[Source a]\nURL=https:///x\n", "no valid host", "an empty host" },
        { "[Source a]\nURL=https://:443/x\n", "no valid host", "a port alone" },
        { "[Source a]\nURL=https://a:0/\n", "no valid host", "port 0" },
        { "[Source a]\nURL=https://a:65536/\n", "no valid host", "port 65536" },
        { "[Source a]\nURL=https://a:/\n", "no valid host", "an empty port" },
        { "[Source a]\nURL=https://[::1/\n", "no valid host", "a bracket left open" },
        { "[Source a]\nURL=https://a b/\n", "no valid host", "a space in the host" },
        { "[Source a]\nURL=https://me:secret@a/\n", "user name", "credentials" },
        { "[Source a]\nProxy=http://me:secret@a:3128\n", "user name", "credentials of a proxy" },
        { "[Source a]\nProxy=http://a\n", "host:port", "a proxy without a port" },
        { "[Source a]\nProxy=http://[::1]\n", "host:port", "an address without a port" },
        { "[Source a]\nProxy=http://a:1/x\n", "host:port", "a proxy with a path" },
        { "[Source a]\nProxy=http://a:0\n", "host:port", "a proxy with port 0" },
        { "[Source a]\nProxy=http://\n", "host:port", "a proxy without a name" },
        { "[Source a]\nProxy=socks5://a:1080\n", "not an http:// or https:// proxy", "another proxy" },
        { "[Report]\nProxy=None\n", "nor \"none\"", "a word that is not the word" },
        { "[Source a]\nRateLimit=8K\n", "16K to 1T", "a limit that is too slow" },
        { "[Source a]\nRateLimit=2T\n", "16K to 1T", "a limit that is none" },
        { "[Source a]\nRateLimit=fast\n", "16K to 1T", "a limit that is no number" },
        { AGENT "[Source a]\nURL=file:///srv\nProxy=none\n", "a folder", "a proxy to a folder" },
        { AGENT "[Source a]\nURL=file:///srv\nRateLimit=1M\n", "a folder", "a limit for a folder" },
        { "[Source a]\nURL=https://a/x?y\n", "query", "a query" },
        { "[Source a]\nURL=https://a?y\n", "query", "a query behind the host" },
        { "[Source a]\nURL=https://a/#y\n", "fragment", "a fragment" },
        { "[Source a]\nURL=https://a/\"x\n", "%XX", "a quote" },
};

static void test_refusals(void)
{
        for (size_t i = 0; i < ELEMENTSOF(refusals); i++) {
                struct config *c = NULL;
                struct fault f;

                tap_int(parse(refusals[i].text, &c, &f), -EINVAL, "%s is refused", refusals[i].what);
                tap_like(f.text, refusals[i].like, "%s is explained", refusals[i].what);
                tap_ok(!c, "%s leaves nothing behind", refusals[i].what);
                config_free(c);
        }
}

static const struct local_case {
        const char *url;
        bool taken;
} locals[] = {
        { "http://127.0.0.1/", true },
        { "http://127.9.8.7:65535/repo", true },
        { "http://localhost:8080/a%5Bb%5D", true },
        { "http://[::1]:1/", true },
        { "https://bucket.example/", true },
        { "http://128.0.0.1/", false },
        { "http://127.1/", false },
        { "http://0x7f.0.0.1/", false },
        { "http://127.0.0.1.example/", false },
        { "http://localhost.example/", false },
        { "http://localhost@bucket.example/", false },
        { "http://[::2]/", false },
        { "http://[1]", false },
        { "http://[::ffff:127.0.0.1]/", false },
        { "http://bucket.example/", false },
        { "http:///localhost/", false },
        { "http://", false },
};

/* Plain HTTP never leaves the machine, and is nothing a configuration can ask for. */
static void test_http_localhost(void)
{
        for (size_t i = 0; i < ELEMENTSOF(locals); i++) {
                const struct local_case *l = locals + i;
                struct config *c = NULL;
                struct fault f = {};
                char text[256];

                (void)snprintf(text, sizeof(text), AGENT "[Source a]\nURL=%s\n", l->url);
                tap_int(config_parse_for_tests(text, strlen(text), "sealift.conf", &c, &f),
                        l->taken ? 0 : -EINVAL, "tests %s use %s", l->taken ? "may" : "must not", l->url);
                if (c)
                        tap_int(c->sources[0].transport,
                                l->url[4] == 's' ? CONFIG_HTTPS : CONFIG_HTTP_LOCALHOST, "%s: how it goes",
                                l->url);
                c = config_free(c);
                if (l->url[4] != 's')
                        tap_int(parse(text, &c, &f), -EINVAL, "a configuration must not use %s", l->url);
                (void)snprintf(text, sizeof(text), AGENT SOURCE "[Report]\nURL=%s\n", l->url);
                if (l->url[4] != 's')
                        tap_int(config_parse_for_tests(text, strlen(text), "sealift.conf", &c, &f), -EINVAL,
                                "nor do reports go to %s", l->url);
        }
}

static void test_limits(void)
{
        char text[16384], url[CONFIG_URL_SIZE + 16];
        struct config *c = NULL;
        struct fault f;
        int n = 0;

        for (int i = 0; i <= CONFIG_SOURCES_MAX; i++)
                n += snprintf(text + n, sizeof(text) - (size_t)n, "[Source s%d]\nURL=https://a/\n", i);
        tap_int(parse(text, &c, &f), -EFBIG, "a source too many");
        memset(url, 'x', sizeof(url));
        for (int longer = 0; longer < 2; longer++) {
                int len = CONFIG_URL_SIZE - 2 - (int)STRLEN("https://a/") + longer;

                (void)snprintf(text, sizeof(text), AGENT "[Source a]\nURL=https://a/%.*s\n", len, url);
                tap_int(parse(text, &c, &f), longer ? -EINVAL : 0, "the longest URL%s",
                        longer ? " and a byte" : "");
                c = config_free(c);
        }
        (void)snprintf(text, sizeof(text), "[Source a]\nCAFile=/%.*s\n", CONFIG_PATH_SIZE, url);
        tap_int(parse(text, &c, &f), -EINVAL, "a CAFile= too long");
        n = snprintf(text, sizeof(text), "[Agent]\nBundles=");
        for (int i = 0; i <= CONFIG_BUNDLES_MAX; i++)
                n += snprintf(text + n, sizeof(text) - (size_t)n, "b%d ", i);
        tap_int(parse(text, &c, &f), -EINVAL, "a bundle too many");
}

int main(void)
{
        test_smallest();
        test_full();
        test_folder();
        test_way();
        test_post();
        test_refusals();
        test_http_localhost();
        test_limits();
        return tap_done();
}
