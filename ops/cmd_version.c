/* candled version: what runs, and on what. The one file that sees all libraries, to ask each. */
#include "ops/allocator.h"
#include "ops/cli.h"

#include <curl/curl.h>
#include <expat.h>
#include <glib.h>
#include <hiredis/hiredis.h>
#include <librdkafka/rdkafka.h>
#include <libwebsockets.h>
#include <lmdb.h>
#include <mongoc/mongoc.h>
#include <msgpack.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>
#include <yyjson.h>

#define NUMBER(number) #number
#define VERSION(a, b, c) NUMBER(a) "." NUMBER(b) "." NUMBER(c)

struct library {
    const char *name;
    char version[48];
};

static struct library library(const char *name, const char *version)
{
    struct library library = {.name = name};
    snprintf(library.version, sizeof(library.version), "%s", version);
    return library;
}

/* At run time where the library can say; hiredis only has its headers. */
static size_t ask(struct library *libraries)
{
    size_t count = 0;
    char yyjson[32];
    uint32_t packed = yyjson_version();
    snprintf(yyjson, sizeof(yyjson), "%u.%u.%u", packed >> 16, (packed >> 8) & 0xff, packed & 0xff);
    char lmdb[32];
    int major;
    int minor;
    int patch;
    (void)mdb_version(&major, &minor, &patch);
    snprintf(lmdb, sizeof(lmdb), "%d.%d.%d", major, minor, patch);
    char glib[32];
    snprintf(glib, sizeof(glib), "%u.%u.%u", glib_major_version, glib_minor_version,
             glib_micro_version);
    libraries[count++] = library("libuv", uv_version_string());
    libraries[count++] = library("librdkafka", rd_kafka_version_str());
    libraries[count++] = library("hiredis", VERSION(HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH));
    libraries[count++] = library("mongo-c-driver", mongoc_get_version());
    libraries[count++] = library("LMDB", lmdb);
    libraries[count++] = library("msgpack-c", msgpack_version());
    libraries[count++] = library("yyjson", yyjson);
    libraries[count++] = library("libwebsockets", lws_get_library_version());
    libraries[count++] = library("libcurl", curl_version_info(CURLVERSION_NOW)->version);
    libraries[count++] = library("GLib", glib);
    libraries[count++] = library("expat", XML_ExpatVersion() + strlen("expat_"));
    if (allocator_version() != NULL) {
        libraries[count++] = library("jemalloc", allocator_version());
    }
    return count;
}

static enum cli_exit run(struct cli_context *context)
{
    struct library libraries[16];
    struct text out = {0};
    size_t count = ask(libraries);

    text_add(&out, context->is_json ? "{\"candled\": \"%s\"" : "candled %s\n", CANDLED_VERSION);
    for (size_t i = 0; i < count; i++) {
        if (context->is_json) {
            text_add(&out, ", \"%s\": ", libraries[i].name);
            text_add_json(&out, libraries[i].version);
        } else {
            text_add(&out, "  %-16s %s\n", libraries[i].name, libraries[i].version);
        }
    }
    text_add(&out, "%s", context->is_json ? "}\n" : "");
    fputs(text_get(&out), stdout);
    text_deinit(&out);
    return CLI_DONE;
}

const struct cli_command cmd_version = {
    .name = "version",
    .summary = "versions of candled and of its libraries",
    .usage = "[--json]",
    .examples = "  candled version\n  candled --version --json\n",
    .is_configless = true,
    .run = run,
};
