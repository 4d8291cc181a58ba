#include "proto/web_url.h"

#include <stdlib.h>
#include <string.h>

enum { PLAIN_PORT = 80, SECURE_PORT = 443, PORT_MAX = 65535, PORT_DIGITS_MAX = 5 };

/* Behind "scheme://", or NULL. */
static const char *behind_scheme(const char *text, const char *scheme)
{
    size_t size = strlen(scheme);
    if (strncmp(text, scheme, size) != 0 || strncmp(text + size, "://", 3) != 0) {
        return NULL;
    }
    return text + size + 3;
}

static bool is_host_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == ':';
}

/* Returns what comes behind the host, or NULL. */
static const char *read_host(const char *text, struct web_url *url)
{
    bool has_brackets = *text == '[';
    text += has_brackets;
    size_t size = strcspn(text, has_brackets ? "]" : ":/");
    if (size == 0 || size > WEB_URL_HOST_MAX || (has_brackets && text[size] != ']')) {
        return NULL;
    }
    for (size_t i = 0; i < size; i++) {
        if (!is_host_byte(text[i])) {
            return NULL;
        }
    }
    memcpy(url->host, text, size);
    url->host[size] = '\0';
    return text + size + has_brackets;
}

static const char *read_port(const char *text, struct web_url *url)
{
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > PORT_DIGITS_MAX) {
        return NULL;
    }
    url->port = atoi(text);
    return url->port > 0 && url->port <= PORT_MAX ? text + digits : NULL;
}

static bool read_prefix(const char *text, struct web_url *url)
{
    size_t size = strlen(text);
    while (size > 0 && text[size - 1] == '/') {
        size--;
    }
    if (size > WEB_URL_PREFIX_MAX || strcspn(text, "?# \t\r\n") < size) {
        return false;
    }
    memcpy(url->prefix, text, size);
    url->prefix[size] = '\0';
    return size == 0 || text[0] == '/';
}

enum status web_url_parse(const char *text, const char *plain, const char *secure,
                          struct web_url *out_url)
{
    struct web_url url = {.is_secure = false};
    const char *at = behind_scheme(text, plain);

    if (at == NULL) {
        url.is_secure = true;
        at = behind_scheme(text, secure);
    }
    at = at == NULL ? NULL : read_host(at, &url);
    if (at == NULL) {
        return STATUS_MALFORMED;
    }
    url.port = url.is_secure ? SECURE_PORT : PLAIN_PORT;
    if (*at == ':') {
        at = read_port(at + 1, &url);
    }
    if (at == NULL || !read_prefix(at, &url)) {
        return STATUS_MALFORMED;
    }
    *out_url = url;
    return STATUS_OK;
}

static bool is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

size_t web_url_encode(struct slice bytes, char *text)
{
    static const char digits[] = "0123456789ABCDEF";
    const unsigned char *from = bytes.bytes;
    char *at = text;

    for (size_t i = 0; i < bytes.size; i++) {
        if (is_unreserved(from[i])) {
            *at++ = (char)from[i];
        } else {
            *at++ = '%';
            *at++ = digits[from[i] >> 4];
            *at++ = digits[from[i] & 15];
        }
    }
    *at = '\0';
    return (size_t)(at - text);
}
