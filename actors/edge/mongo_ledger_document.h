/* A day of the ledger as MongoDB sees it. */
#ifndef CANDLED_ACTORS_EDGE_MONGO_LEDGER_DOCUMENT_H
#define CANDLED_ACTORS_EDGE_MONGO_LEDGER_DOCUMENT_H

#include "actors/edge/mongo_ledger.h"

#include <bson/bson.h>

enum { MONGO_LEDGER_ID_MAX = 2 * LEDGER_TEXT_MAX + LEDGER_DATE_MAX + 2 };

void mongo_ledger_document_id(const struct ledger_day *day, char id[MONGO_LEDGER_ID_MAX]);

/* Appends every field, _id included. */
void mongo_ledger_document_write(const struct ledger_day *day, bson_t *document);

/* What is missing or of another type is as in a zeroed day. `holes` has room for LEDGER_HOLES_MAX;
 * the day points at them. */
void mongo_ledger_document_read(const bson_t *document, struct ledger_day *out_day,
                                struct ledger_hole *holes);

#endif
