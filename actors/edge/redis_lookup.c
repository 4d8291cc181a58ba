#include "actors/edge/redis_lookup.h"

#include "runtime/loop_status.h"
#include "runtime/mem.h"

#include <netdb.h>
#include <sys/socket.h>
#include <uv.h>

struct redis_lookup {
    uv_getaddrinfo_t request;
    redis_lookup_fn *done; /* NULL: nobody waits any more */
    void *context;
};

static void collect(const struct addrinfo *info, struct redis_addresses *addresses)
{
    for (; info != NULL && addresses->count < REDIS_ADDRESSES_MAX; info = info->ai_next) {
        char *text = addresses->texts[addresses->count];
        int rc = getnameinfo(info->ai_addr, info->ai_addrlen, text, REDIS_ADDRESS_TEXT_MAX, NULL, 0,
                             NI_NUMERICHOST);
        if (rc == 0) {
            addresses->count++;
        }
    }
}

static void on_resolved(uv_getaddrinfo_t *request, int uv_code, struct addrinfo *info)
{
    struct redis_lookup *lookup = container_of(request, struct redis_lookup, request);
    struct redis_addresses addresses = {.count = 0};

    if (lookup->done != NULL) {
        const char *error = uv_code == 0 ? "the host has no address" : uv_strerror(uv_code);
        collect(info, &addresses);
        lookup->done(lookup->context, &addresses, addresses.count > 0 ? NULL : error);
    }
    uv_freeaddrinfo(info);
    mem_free(lookup);
}

enum status redis_lookup_start(struct uv_loop_s *loop, const char *host, redis_lookup_fn *done,
                               void *context, struct redis_lookup **out_lookup)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct redis_lookup *lookup = mem_new(1, sizeof(*lookup));
    lookup->done = done;
    lookup->context = context;
    int rc = uv_getaddrinfo(loop, &lookup->request, on_resolved, host, NULL, &hints);
    enum status status = loop_status(rc, "uv_getaddrinfo");
    if (status != STATUS_OK) {
        mem_free(lookup);
        return status;
    }
    *out_lookup = lookup;
    return STATUS_OK;
}

void redis_lookup_abandon(struct redis_lookup **lookup_p)
{
    struct redis_lookup *lookup = *lookup_p;
    *lookup_p = NULL;
    if (lookup == NULL) {
        return;
    }
    lookup->done = NULL;
    (void)uv_cancel((uv_req_t *)&lookup->request); /* too late when it already runs */
}
