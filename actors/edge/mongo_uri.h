/* The address of a MongoDB, with the promises and timeouts that we want unless the user wants
 * others: w=majority, journal=true, wtimeoutMS=3000, retryWrites=true,
 * serverSelectionTimeoutMS=2000, connectTimeoutMS=2000, socketTimeoutMS=5000, appname=candled. */
#ifndef CANDLED_ACTORS_EDGE_MONGO_URI_H
#define CANDLED_ACTORS_EDGE_MONGO_URI_H

#include "runtime/base.h"
#include "runtime/status.h"

#include <mongoc/mongoc.h>
#include <stddef.h>

/* STATUS_BAD_CONFIG, with what is wrong in `error`. The caller frees it with mongoc_uri_destroy().
 */
MUST_CHECK enum status mongo_uri_parse(const char *text, mongoc_uri_t **out_uri, char *error,
                                       size_t error_size);

/* A client of its own for a tool; nothing is asked of the server yet. STATUS_BAD_CONFIG, with what
 * is wrong in `error`. */
MUST_CHECK enum status mongo_uri_connect(const char *text, mongoc_client_t **out_client,
                                         char *error, size_t error_size);

/* For people: no password in it. */
void mongo_uri_print(const mongoc_uri_t *uri, char *text, size_t size);

#endif
