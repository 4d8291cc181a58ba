/* Which address of the exchange's name is connected to. */
#ifndef CANDLED_ACTORS_EDGE_EXCHANGE_ADDRESS_H
#define CANDLED_ACTORS_EDGE_EXCHANGE_ADDRESS_H

#include <netdb.h>

enum { EXCHANGE_ADDRESS_MAX = NI_MAXHOST };

/* What to ask for: addresses of those families that this machine has. */
struct addrinfo exchange_address_hints(const char *host);

/* As a text, from a list as getaddrinfo() gives it. `turn` goes through it round and round: an
 * address that works is kept to, and one that failed is followed by the next. Empty: there is none.
 */
void exchange_address_choose(const struct addrinfo *found, unsigned turn,
                             char text[EXCHANGE_ADDRESS_MAX]);

#endif
