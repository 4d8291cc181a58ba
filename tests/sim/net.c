#include "tests/sim/net.h"

#include "runtime/deadlines.h"
#include "runtime/mem.h"
#include "state/outbox.h"

#include <assert.h>
#include <string.h>

struct part {
    enum outbox_kind kind;
    size_t size;
};

void net_init(struct net *net, void *context,
              void (*arrived)(void *context, const struct packet *packet))
{
    *net = (struct net){.context = context, .arrived = arrived};
}

void net_deinit(struct net *net)
{
    for (size_t i = 0; i < net->count; i++) {
        mem_free(net->packets[i].bytes);
    }
    mem_free(net->packets);
}

static void copy_rows(struct packet *packet, const struct outbox_rows *rows, size_t first,
                      size_t count)
{
    size_t at = 0;
    for (size_t i = first; i < first + count; i++) {
        packet->size += sizeof(struct part) + rows->rows[i].payload.size;
    }
    packet->bytes = mem_new(packet->size + 1, 1);
    for (size_t i = first; i < first + count; i++) {
        struct part part = {rows->rows[i].kind, rows->rows[i].payload.size};
        memcpy(packet->bytes + at, &part, sizeof(part));
        memcpy(packet->bytes + at + sizeof(part), rows->rows[i].payload.bytes, part.size);
        at += sizeof(part) + part.size;
    }
}

void net_send(struct net *net, const struct packet_options *options, const struct outbox_rows *rows,
              size_t first, size_t count)
{
    if (count == 0) {
        return;
    }
    if (net->count == net->capacity) {
        net->capacity = net->capacity * 2 + 16;
        net->packets = mem_resize(net->packets, net->capacity, sizeof(*net->packets));
    }
    struct packet *packet = &net->packets[net->count++];
    *packet = (struct packet){
        .server = options->server,
        .arrive_ms = options->arrive_ms,
        .sequence = net->sequence++,
        .sender = options->sender,
        .partition = options->partition,
    };
    copy_rows(packet, rows, first, count);
}

void net_drop(struct net *net, const struct server *server)
{
    size_t kept = 0;
    for (size_t i = 0; i < net->count; i++) {
        if (net->packets[i].server == server) {
            mem_free(net->packets[i].bytes);
        } else {
            net->packets[kept++] = net->packets[i];
        }
    }
    net->count = kept;
}

int64_t net_next_ms(const struct net *net)
{
    int64_t next_ms = DEADLINE_NONE;
    for (size_t i = 0; i < net->count; i++) {
        next_ms = net->packets[i].arrive_ms < next_ms ? net->packets[i].arrive_ms : next_ms;
    }
    return next_ms;
}

static void write_part(struct server *server, const struct part *part, const unsigned char *bytes)
{
    struct slice payload = {bytes, part->size};
    struct candle candle;
    struct dead_letter letter;

    if (part->kind == OUTBOX_candle) {
        enum status status = candle_decode(payload, &candle);
        assert(status == STATUS_OK);
        server_put_candle(server, &candle);
    } else {
        enum status status = dead_letter_decode(payload, &letter);
        assert(status == STATUS_OK);
        server_put_letter(server, &letter);
    }
}

static void write_packet(struct packet *packet)
{
    size_t at = 0;
    while (at < packet->size) {
        struct part part;
        memcpy(&part, packet->bytes + at, sizeof(part));
        write_part(packet->server, &part, packet->bytes + at + sizeof(part));
        at += sizeof(part) + part.size;
    }
}

static struct packet *find_due(struct net *net, int64_t now_ms)
{
    struct packet *due = NULL;
    for (size_t i = 0; i < net->count; i++) {
        struct packet *p = &net->packets[i];
        if (p->arrive_ms <= now_ms &&
            (due == NULL || p->arrive_ms < due->arrive_ms ||
             (p->arrive_ms == due->arrive_ms && p->sequence < due->sequence))) {
            due = p;
        }
    }
    return due;
}

void net_advance(struct net *net, int64_t now_ms)
{
    struct packet *due;
    while ((due = find_due(net, now_ms)) != NULL) {
        struct packet packet = *due;
        *due = net->packets[--net->count];
        net->arrived(net->context, &packet);
        write_packet(&packet);
        mem_free(packet.bytes);
    }
}
