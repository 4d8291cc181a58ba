/* candled state: what the partitions under data_dir hold. */
#include "ops/cli.h"
#include "ops/state_report.h"
#include "runtime/boot_id.h"
#include "runtime/log.h"
#include "state/store.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATH_BYTES = 2300 };

/* How many places have answered, and whether all of them could. */
struct tally {
    size_t answers;
    size_t failures;
};

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path)) {
        return -1;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool copy_answer(int fd)
{
    char buffer[1 << 16];
    bool has_answered = false;
    ssize_t count;
    while ((count = read(fd, buffer, sizeof(buffer))) > 0) {
        (void)fwrite(buffer, 1, (size_t)count, stdout);
        has_answered = true;
    }
    return has_answered;
}

/* Asks the shard behind a socket; one that nobody listens to was left by a dead process. */
static void ask(const char *path, const char *request, struct tally *tally)
{
    int fd = connect_to(path);
    if (fd < 0) {
        return;
    }
    if (write(fd, request, strlen(request)) == (ssize_t)strlen(request)) {
        tally->answers += copy_answer(fd);
    } else {
        tally->failures++;
    }
    close(fd);
}

static void ask_all(const char *data_dir, const char *request, struct tally *tally)
{
    char folder[PATH_BYTES];
    char path[PATH_BYTES];
    snprintf(folder, sizeof(folder), "%s/run", data_dir);
    DIR *dir = opendir(folder);
    struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        if (strstr(entry->d_name, ".sock") != NULL) {
            /* Through the open folder: the path itself may be too long for a socket. */
            snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dirfd(dir), entry->d_name);
            ask(path, request, tally);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

static enum status report(struct store *store, const char *word, const char *symbol,
                          struct text *out)
{
    struct state_export at = {.is_done = false};
    if (strcmp(word, "list") == 0) {
        return state_report_list(store, out);
    }
    if (strcmp(word, "show") == 0) {
        enum status status = state_report_show(store, symbol, out);
        return status == STATUS_NOT_FOUND ? STATUS_OK : status;
    }
    enum status status = STATUS_OK;
    while (status == STATUS_OK && !at.is_done) {
        status = state_report_export(store, &at, 1 << 16, out);
        fputs(text_get(out), stdout);
        text_deinit(out);
        *out = (struct text){.bytes = NULL};
    }
    return status;
}

static void read_partition(const struct cli_context *context, const char *data_dir,
                           int32_t partition, struct tally *tally)
{
    const char *word = context->words[0];
    const char *topic = context->config.kafka.topic;
    const char *symbol = context->word_count > 1 ? context->words[1] : "";
    struct store_options options = {
        .data_dir = data_dir,
        .topic = topic,
        .partition = partition,
        .boot_id = "",
        .is_read_only = true,
    };
    struct text out = {.bytes = NULL};
    struct store *store = NULL;
    enum status status = store_open(&options, &store);

    if (status == STATUS_NOT_FOUND || status == STATUS_BUSY) {
        return; /* a shard holds it, and has been asked */
    }
    if (status == STATUS_OK) {
        status = report(store, word, symbol, &out);
        store_close(&store);
    }
    tally->answers += status == STATUS_OK;
    tally->failures += status != STATUS_OK;
    fputs(text_get(&out), stdout);
    text_deinit(&out);
    if (status != STATUS_OK) {
        fprintf(stderr, "candled state: %s/%s/%d: %s\n", options.data_dir, topic, (int)partition,
                status_text(status));
    }
}

static void read_topic(const struct cli_context *context, const char *data_dir, struct tally *tally)
{
    char folder[PATH_BYTES];
    snprintf(folder, sizeof(folder), "%s/%s", data_dir, context->config.kafka.topic);
    DIR *dir = opendir(folder);
    struct dirent *entry;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char *end;
        long partition = strtol(entry->d_name, &end, 10);
        if (end != entry->d_name && *end == '\0' && partition >= 0) {
            read_partition(context, data_dir, (int32_t)partition, tally);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

static void look_into(const struct cli_context *context, const char *data_dir, const char *request,
                      struct tally *tally)
{
    ask_all(data_dir, request, tally);
    read_topic(context, data_dir, tally);
}

static enum cli_exit run(struct cli_context *context)
{
    const char *word = context->words[0];
    const char *topic = context->config.kafka.topic;
    struct tally tally = {.answers = 0};
    char request[300];
    char embedded[PATH_BYTES];

    if (strcmp(word, "list") != 0 && strcmp(word, "show") != 0 && strcmp(word, "export") != 0) {
        return cli_misuse(context, "'%s' is none of list, show, export", word);
    }
    if ((strcmp(word, "show") == 0) != (context->word_count == 2)) {
        return cli_misuse(context, "show takes one symbol, list and export take none");
    }
    snprintf(request, sizeof(request), "%s%s%s\n", word, context->word_count > 1 ? " " : "",
             context->word_count > 1 ? context->words[1] : "");
    log_configure(LOG_LEVEL_error, false);
    look_into(context, context->config.data_dir, request, &tally);
    snprintf(embedded, sizeof(embedded), "%s/embedded", context->config.data_dir);
    look_into(context, embedded, request, &tally); /* of candled run */
    if (tally.failures > 0) {
        return CLI_FAILED;
    }
    if (tally.answers == 0) {
        return cli_fail(context, "nothing is known of %s under %s; is data_dir right?",
                        context->word_count > 1 ? context->words[1] : topic,
                        context->config.data_dir);
    }
    return CLI_DONE;
}

const struct cli_command cmd_state = {
    .name = "state",
    .summary = "what the partitions hold: list | show | export",
    .usage = "list | show SYMBOL | export",
    .text = "Prints JSON lines. Running shards are asked through their sockets in data_dir/run;\n"
            "state that no shard holds is read directly, and nothing is written.\n",
    .examples = "  candled state list --config candled.yaml\n"
                "  candled state show BTCUSDT | jq .\n"
                "  candled state export > state.jsonl\n",
    .words_min = 1,
    .words_max = 2,
    .run = run,
};
