#include "ops/shard_socket.h"

#include "ops/state_report.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/mem.h"
#include "state/folder.h"
#include "state/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

enum { REQUEST_MAX = 256, PIECE_BYTES = 64 << 10, BACKLOG = 16 };

struct session;

struct shard_socket {
    struct shard_socket_options options;
    int folder; /* the way to the socket: its own path may be too long for one */
    char path[64];
    uv_pipe_t server;
    struct session *sessions;
};

/* One question and its answer. An export is written piece by piece, so that the loop goes on. */
struct session {
    struct session *next;
    uv_pipe_t pipe;
    uv_write_t write;
    struct shard_socket *socket;
    char request[REQUEST_MAX];
    size_t size;
    struct text out;
    bool is_exporting;
    bool is_waiting; /* for a snapshot: what is told of it must find us */
    bool is_closed;
    size_t store_index;
    struct state_export at;
};

static void free_session(struct session *s)
{
    text_deinit(&s->out);
    mem_free(s);
}

static void on_session_closed(uv_handle_t *handle)
{
    struct session *s = container_of((uv_pipe_t *)handle, struct session, pipe);
    s->is_closed = true;
    if (!s->is_waiting) {
        free_session(s);
    }
}

static void end_session(struct session *s)
{
    struct session **at = &s->socket->sessions;
    if (uv_is_closing((uv_handle_t *)&s->pipe)) {
        return;
    }
    while (*at != s) {
        at = &(*at)->next;
    }
    *at = s->next;
    uv_close((uv_handle_t *)&s->pipe, on_session_closed);
}

static void add_error(struct session *s, const char *what)
{
    text_add(&s->out, "{\"error\":");
    text_add_json(&s->out, what);
    text_add(&s->out, "}\n");
}

static struct store *store_of(struct session *s, size_t index)
{
    const struct shard_socket_options *o = &s->socket->options;
    return o->store(o->context, index);
}

static size_t count_of(struct session *s)
{
    return s->socket->options.count(s->socket->options.context);
}

/* The next piece of an export; nothing is added once it is done. */
static void export_piece(struct session *s)
{
    while (s->store_index < count_of(s) && s->out.size < PIECE_BYTES) {
        struct store *store = store_of(s, s->store_index);
        enum status status = STATUS_OK;
        if (store != NULL) {
            status = state_report_export(store, &s->at, PIECE_BYTES, &s->out);
        }
        if (status != STATUS_OK) {
            add_error(s, status_text(status));
        }
        if (store == NULL || status != STATUS_OK || s->at.is_done) {
            s->store_index++;
            s->at = (struct state_export){.is_done = false};
        }
    }
}

static void write_out(struct session *s);

static void on_written(uv_write_t *write, int code)
{
    struct session *s = container_of(write, struct session, write);
    text_deinit(&s->out);
    s->out = (struct text){.bytes = NULL};
    if (uv_is_closing((uv_handle_t *)&s->pipe)) {
        return;
    }
    if (code == 0 && s->is_exporting) {
        export_piece(s);
    }
    if (s->out.size > 0) {
        write_out(s);
    } else {
        end_session(s);
    }
}

static void write_out(struct session *s)
{
    uv_buf_t buffer = uv_buf_init(s->out.bytes, (unsigned)s->out.size);
    if (uv_write(&s->write, (uv_stream_t *)&s->pipe, &buffer, 1, on_written) != 0) {
        end_session(s);
    }
}

static void answer_list(struct session *s)
{
    for (size_t i = 0; i < count_of(s); i++) {
        struct store *store = store_of(s, i);
        if (store != NULL && state_report_list(store, &s->out) != STATUS_OK) {
            add_error(s, "a partition's state cannot be read; the shard's log says why");
        }
    }
}

static void answer_show(struct session *s, const char *symbol)
{
    for (size_t i = 0; i < count_of(s); i++) {
        struct store *store = store_of(s, i);
        enum status status = store == NULL ? STATUS_OK : state_report_show(store, symbol, &s->out);
        if (status != STATUS_OK && status != STATUS_NOT_FOUND) {
            add_error(s, status_text(status));
        }
    }
}

/* snapshotter_done_fn */
static void on_snapshot(void *context, enum status status, const struct snapshot *snapshot)
{
    struct session *s = context;
    char text[SNAPSHOT_MANIFEST_MAX];

    s->is_waiting = false;
    if (s->is_closed) {
        free_session(s);
        return;
    }
    if (uv_is_closing((uv_handle_t *)&s->pipe)) {
        return;
    }
    if (status == STATUS_OK) {
        text_add_bytes(&s->out, text, snapshot_print(snapshot, text));
        text_add(&s->out, "\n");
    } else {
        add_error(s, status_text(status));
    }
    write_out(s);
}

static void answer_snapshot(struct session *s, const char *partition)
{
    const struct shard_socket_options *o = &s->socket->options;
    s->is_waiting = true;
    o->take_snapshot(o->context, (int32_t)strtol(partition, NULL, 10), on_snapshot, s);
}

static void answer(struct session *s)
{
    if (strcmp(s->request, "list") == 0) {
        answer_list(s);
    } else if (strncmp(s->request, "show ", 5) == 0) {
        answer_show(s, s->request + 5);
    } else if (strcmp(s->request, "export") == 0) {
        s->is_exporting = true;
        export_piece(s);
    } else if (strncmp(s->request, "snapshot ", 9) == 0) {
        answer_snapshot(s, s->request + 9);
        return;
    } else {
        add_error(s, "no such request; there are list, show SYMBOL, export, snapshot PARTITION");
    }
    if (s->out.size > 0) {
        write_out(s);
    } else {
        end_session(s);
    }
}

static void on_buffer(uv_handle_t *handle, size_t suggested, uv_buf_t *buffer)
{
    struct session *s = container_of((uv_pipe_t *)handle, struct session, pipe);
    (void)suggested;
    *buffer = uv_buf_init(s->request + s->size, (unsigned)(REQUEST_MAX - 1 - s->size));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buffer)
{
    struct session *s = container_of((uv_pipe_t *)stream, struct session, pipe);
    (void)buffer;
    if (count < 0) {
        end_session(s);
        return;
    }
    s->size += (size_t)count;
    s->request[s->size] = '\0';
    char *end = strchr(s->request, '\n');
    if (end != NULL) {
        *end = '\0';
        (void)uv_read_stop(stream);
        answer(s);
    } else if (s->size == REQUEST_MAX - 1) {
        end_session(s);
    }
}

static void on_connection(uv_stream_t *server, int code)
{
    struct shard_socket *socket = container_of((uv_pipe_t *)server, struct shard_socket, server);
    if (code != 0) {
        return;
    }
    struct session *s = mem_new(1, sizeof(*s));
    s->socket = socket;
    s->next = socket->sessions;
    socket->sessions = s;
    (void)uv_pipe_init(server->loop, &s->pipe, 0);
    if (uv_accept(server, (uv_stream_t *)&s->pipe) != 0 ||
        uv_read_start((uv_stream_t *)&s->pipe, on_buffer, on_read) != 0) {
        end_session(s);
    }
}

static void on_server_closed(uv_handle_t *handle)
{
    struct shard_socket *socket = container_of((uv_pipe_t *)handle, struct shard_socket, server);
    (void)close(socket->folder);
    mem_free(socket);
}

static int fail_at(const char *data_dir, const char *error)
{
    log_event(LOG_socket_failed, log_text("folder", data_dir), log_text("error", error));
    return -1;
}

/* DATA_DIR/run, made when it is missing; -1: logged. */
static int open_folder(const char *data_dir)
{
    char path[2200];
    snprintf(path, sizeof(path), "%s/run", data_dir);
    if (folder_make(path) != STATUS_OK) {
        return -1; /* logged there */
    }
    int folder = open(path, O_DIRECTORY | O_CLOEXEC | O_RDONLY);
    return folder >= 0 ? folder : fail_at(data_dir, strerror(errno));
}

static int start_listening(struct shard_socket *socket)
{
    int code = uv_pipe_bind(&socket->server, socket->path);
    return code == 0 ? uv_listen((uv_stream_t *)&socket->server, BACKLOG, on_connection) : code;
}

enum status shard_socket_open(const struct shard_socket_options *options,
                              struct shard_socket **out_socket)
{
    int folder = open_folder(options->data_dir);
    if (folder < 0) {
        return STATUS_IO;
    }
    struct shard_socket *socket = mem_new(1, sizeof(*socket));
    socket->options = *options;
    socket->folder = folder;
    snprintf(socket->path, sizeof(socket->path), "/proc/self/fd/%d/%d.sock", folder, (int)getpid());
    (void)unlink(socket->path);
    (void)uv_pipe_init(loop_uv(options->loop), &socket->server, 0);
    int code = start_listening(socket);
    if (code != 0) {
        (void)fail_at(options->data_dir, uv_strerror(code));
        uv_close((uv_handle_t *)&socket->server, on_server_closed);
        return STATUS_IO;
    }
    *out_socket = socket;
    return STATUS_OK;
}

void shard_socket_close(struct shard_socket **socket_p)
{
    struct shard_socket *socket = *socket_p;
    *socket_p = NULL;
    if (socket != NULL) {
        while (socket->sessions != NULL) {
            end_session(socket->sessions); /* who is still asking must not hold us up */
        }
        (void)unlink(socket->path);
        uv_close((uv_handle_t *)&socket->server, on_server_closed);
    }
}
