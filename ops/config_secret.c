#include "ops/config_secret.h"

#include <string.h>

static const char *const hidden = "********";

/* Parts of names, of librdkafka's properties and of parameters inside urls. */
static const char *const secret_words[] = {
    "password",
    "passphrase",
    "secret",
    "token",
    "jaas",
    "key.pem",
    "private",
    "credential",
    "apikey",
    "api_key",
    "oauthbearer.config",
    "signature",
    "authmechanismproperties",
};

static bool is_secret_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(secret_words); i++) {
        if (strcasestr(name, secret_words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/* "a=1&password=x" -> "a=1&password=********" */
static void print_query(const char *query, struct text *out)
{
    while (*query != '\0') {
        char name[64] = "";
        size_t size = strcspn(query, "&");
        size_t name_size = strcspn(query, "=&");
        memcpy(name, query, name_size < sizeof(name) ? name_size : sizeof(name) - 1);
        bool is_hidden = name_size >= sizeof(name) || is_secret_name(name);
        if (is_hidden && name_size < size) {
            text_add_bytes(out, query, name_size + 1);
            text_add(out, "%s", hidden);
        } else {
            text_add_bytes(out, query, size);
        }
        query += size;
        if (*query == '&') {
            text_add(out, "&");
            query++;
        }
    }
}

/* Rather too much than too little: a password may hold any mark, so all up to the last '@' is
 * taken for user and password. A user without a password is hidden as well: it may be one. */
static void print_url(const char *url, struct text *out)
{
    const char *scheme_end = strstr(url, "://");
    if (scheme_end == NULL) {
        text_add(out, "%s", url[0] == '\0' ? "" : hidden);
        return;
    }
    const char *start = scheme_end + 3;
    const char *at = strrchr(start, '@');
    text_add_bytes(out, url, (size_t)(start - url));
    if (at != NULL) {
        const char *colon = memchr(start, ':', (size_t)(at - start));
        if (colon != NULL) {
            text_add_bytes(out, start, (size_t)(colon + 1 - start));
        }
        text_add(out, "%s", hidden);
        start = at;
    }
    const char *query = strchr(start, '?');
    if (query == NULL) {
        text_add(out, "%s", start);
        return;
    }
    text_add_bytes(out, start, (size_t)(query + 1 - start));
    print_query(query + 1, out);
}

void config_secret_print(enum config_secrecy secrecy, const char *name, const char *value,
                         struct text *out)
{
    if (secrecy == CONFIG_SECRECY_url) {
        print_url(value, out);
    } else if (value[0] != '\0' &&
               (secrecy == CONFIG_SECRECY_all ||
                (secrecy == CONFIG_SECRECY_named && name != NULL && is_secret_name(name)))) {
        text_add(out, "%s", hidden);
    } else {
        text_add(out, "%s", value);
    }
}
