#include "actors/edge/redis_url.h"

#include "runtime/slice.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* What is left to read. */
struct cursor {
    const char *text;
    size_t size;
};

/* Takes everything before the first of `stops`; without one, all. */
static struct slice take_until(struct cursor *cursor, const char *stops)
{
    size_t size = strcspn(cursor->text, stops);
    if (size > cursor->size) {
        size = cursor->size;
    }
    struct slice taken = {cursor->text, size};
    cursor->text += size;
    cursor->size -= size;
    return taken;
}

static bool skip(struct cursor *cursor, const char *prefix)
{
    size_t size = strlen(prefix);
    if (cursor->size < size || memcmp(cursor->text, prefix, size) != 0) {
        return false;
    }
    cursor->text += size;
    cursor->size -= size;
    return true;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)tolower((unsigned char)c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The byte that %XY stands for; -1: it is none, or ends the text. */
static int encoded_byte(const char *digits, size_t size)
{
    if (size < 2 || hex_digit(digits[0]) < 0 || hex_digit(digits[1]) < 0) {
        return -1;
    }
    int byte = hex_digit(digits[0]) * 16 + hex_digit(digits[1]);
    return byte == 0 ? -1 : byte;
}

/* Undoes percent-encoding. */
static bool decode(struct slice part, char text[REDIS_URL_TEXT_MAX])
{
    const char *from = part.bytes;
    size_t length = 0;

    for (size_t i = 0; i < part.size; i++) {
        int byte = (unsigned char)from[i];
        if (byte == '%') {
            byte = encoded_byte(from + i + 1, part.size - i - 1);
            i += 2;
        }
        if (byte < 0 || length + 1 >= REDIS_URL_TEXT_MAX) {
            return false;
        }
        text[length++] = (char)byte;
    }
    text[length] = '\0';
    return true;
}

static bool parse_number(struct slice digits, int max, int *out_number)
{
    int number = 0;
    const char *text = digits.bytes;

    for (size_t i = 0; i < digits.size; i++) {
        if (text[i] < '0' || text[i] > '9' || number > max) {
            return false;
        }
        number = number * 10 + (text[i] - '0');
    }
    if (digits.size == 0 || number > max) {
        return false;
    }
    *out_number = number;
    return true;
}

static const char *parse_login(struct cursor *cursor, struct redis_url *url)
{
    size_t authority_size = strcspn(cursor->text, "/?");
    const char *at = NULL;
    for (size_t i = 0; i < authority_size; i++) {
        at = cursor->text[i] == '@' ? cursor->text + i
                                    : at; /* the last one: a password may hold @ */
    }
    if (at == NULL) {
        return NULL;
    }
    struct slice login = {cursor->text, (size_t)(at - cursor->text)};
    const char *colon = memchr(login.bytes, ':', login.size);
    struct slice user = login;
    struct slice password = {"", 0};
    if (colon != NULL) {
        user.size = (size_t)(colon - cursor->text);
        password = (struct slice){colon + 1, login.size - user.size - 1};
    }
    cursor->size -= login.size + 1;
    cursor->text = at + 1;
    if (!decode(user, url->user) || !decode(password, url->password)) {
        return "the user or the password is too long, or a % in it is not followed by two digits";
    }
    return NULL;
}

static const char *parse_host(struct cursor *cursor, struct redis_url *url)
{
    bool is_bracketed = skip(cursor, "[");
    struct slice host = take_until(cursor, is_bracketed ? "]/?" : ":/?");
    int port = 6379;

    if (is_bracketed && !skip(cursor, "]")) {
        return "a bracket is not closed";
    }
    if (host.size == 0 || !decode(host, url->host)) {
        return "the host is missing or too long";
    }
    if (skip(cursor, ":") && (!parse_number(take_until(cursor, "/?"), 65535, &port) || port == 0)) {
        return "the port is not a number from 1 to 65535";
    }
    (void)snprintf(url->port, sizeof(url->port), "%hu", (unsigned short)port);
    return NULL;
}

static const char *parse_db(struct slice digits, struct redis_url *url)
{
    return parse_number(digits, REDIS_URL_DB_MAX, &url->db) ? NULL
                                                            : "the database is not a small number";
}

static const char *parse_parameter(struct slice parameter, struct redis_url *url)
{
    const struct {
        const char *name;
        char *path;
    } paths[] = {
        {"ssl_ca_certs=", url->ca_file},
        {"ssl_certfile=", url->cert_file},
        {"ssl_keyfile=", url->key_file},
    };
    struct cursor cursor = {parameter.bytes, parameter.size};

    if (skip(&cursor, "db=")) {
        return parse_db((struct slice){cursor.text, cursor.size}, url);
    }
    for (size_t i = 0; url->is_tls && i < ARRAY_COUNT(paths); i++) {
        if (skip(&cursor, paths[i].name)) {
            bool is_path = decode((struct slice){cursor.text, cursor.size}, paths[i].path);
            return is_path ? NULL
                           : "a path is too long, or a % in it is not followed by two digits";
        }
    }
    return url->is_tls ? "known behind the ? are db, ssl_ca_certs, ssl_certfile and ssl_keyfile"
                       : "known behind the ? is db (and more with rediss://)";
}

static const char *parse_parameters(struct cursor *cursor, struct redis_url *url)
{
    const char *wrong = NULL;
    bool has_more = skip(cursor, "?");

    while (wrong == NULL && has_more) {
        wrong = parse_parameter(take_until(cursor, "&"), url);
        has_more = skip(cursor, "&");
    }
    if (wrong == NULL && (url->cert_file[0] == '\0') != (url->key_file[0] == '\0')) {
        return "ssl_certfile and ssl_keyfile go together";
    }
    return wrong;
}

static const char *parse_address(struct cursor *cursor, struct redis_url *url)
{
    if (skip(cursor, "unix://")) {
        struct slice path = take_until(cursor, "?");
        bool is_path = path.size > 0 && decode(path, url->socket);
        return is_path ? NULL : "the path of the socket is missing or too long";
    }
    url->is_tls = skip(cursor, "rediss://");
    if (!url->is_tls && !skip(cursor, "redis://")) {
        return "it does not begin with redis://, rediss:// or unix://";
    }
    const char *wrong = parse_login(cursor, url);
    if (wrong == NULL) {
        wrong = parse_host(cursor, url);
    }
    if (wrong == NULL && skip(cursor, "/")) {
        struct slice db = take_until(cursor, "?");
        wrong = db.size > 0 ? parse_db(db, url) : NULL;
    }
    return wrong;
}

enum status redis_url_parse(const char *text, struct redis_url *out_url, char *error,
                            size_t error_size)
{
    struct cursor cursor = {text, strlen(text)};
    struct redis_url url = {.db = 0};
    const char *wrong = parse_address(&cursor, &url);

    if (wrong == NULL) {
        wrong = parse_parameters(&cursor, &url);
    }
    if (wrong != NULL) {
        (void)snprintf(error, error_size, "not a Redis url: %s", wrong);
        return STATUS_BAD_CONFIG;
    }
    *out_url = url;
    return STATUS_OK;
}

void redis_url_print(const struct redis_url *url, char *text, size_t size)
{
    bool is_ipv6 = strchr(url->host, ':') != NULL;

    if (url->socket[0] != '\0') {
        (void)snprintf(text, size, "unix://%s?db=%d", url->socket, url->db);
        return;
    }
    (void)snprintf(text, size, "%s://%s%s%s%s%s:%s/%d", url->is_tls ? "rediss" : "redis", url->user,
                   url->user[0] == '\0' ? "" : "@", is_ipv6 ? "[" : "", url->host,
                   is_ipv6 ? "]" : "", url->port, url->db);
}
