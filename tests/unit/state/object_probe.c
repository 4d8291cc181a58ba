/* Does one thing with a real object store; tests/integration/objects.py looks at what came of it.
 *
 *   object_probe URL put KEY PATH | get KEY PATH | read KEY | list PREFIX | delete KEY
 *                [END_AT [THREADS]]
 *
 * END_AT (bytes; -1: never) is where the transfer is ended. THREADS do the same at once, each with
 * its number behind key and path. The last line of standard output tells the status. */
#include "runtime/base.h"
#include "state/object_store.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { THREADS_MAX = 32, READ_MAX = 1 << 16, ARGS_MIN = 4 };

struct task {
    struct object_store *store;
    const char *verb;
    char key[OBJECT_KEY_MAX + 64];
    char path[1024];
    int64_t end_at;
    int64_t told;
    int64_t total;
    enum status status;
};

static bool tell(void *context, int64_t done_bytes, int64_t total_bytes)
{
    struct task *task = context;
    task->told = done_bytes > task->told ? done_bytes : task->told;
    task->total = total_bytes;
    return task->end_at < 0 || done_bytes < task->end_at;
}

static void see(void *context, const char *key, int64_t size_bytes)
{
    (void)context;
    printf("%" PRId64 " %s\n", size_bytes, key);
}

static enum status read_it(struct task *task)
{
    char bytes[READ_MAX];
    size_t size = 0;
    enum status status = object_store_read(task->store, task->key, bytes, sizeof(bytes), &size);
    if (status == STATUS_OK) {
        printf("%.*s\n", (int)size, bytes);
    }
    return status;
}

static void *run(void *context)
{
    struct task *task = context;
    const struct object_progress progress = {tell, task};
    if (strcmp(task->verb, "put") == 0) {
        task->status = object_store_put(task->store, task->key, task->path, &progress);
    } else if (strcmp(task->verb, "get") == 0) {
        task->status = object_store_get(task->store, task->key, task->path, &progress);
    } else if (strcmp(task->verb, "read") == 0) {
        task->status = read_it(task);
    } else if (strcmp(task->verb, "list") == 0) {
        task->status = object_store_list(task->store, task->key, see, NULL);
    } else {
        task->status = object_store_delete(task->store, task->key);
    }
    return NULL;
}

static void set_up(struct task *task, struct object_store *store, char **args, int64_t end_at,
                   const char *suffix)
{
    *task = (struct task){.store = store, .verb = args[2], .end_at = end_at};
    bool has_path = strcmp(args[2], "put") == 0 || strcmp(args[2], "get") == 0;
    snprintf(task->key, sizeof(task->key), "%s%s", args[3], suffix);
    snprintf(task->path, sizeof(task->path), "%s%s", has_path ? args[4] : "", suffix);
}

static enum status run_all(struct object_store *store, char **args, int64_t end_at, size_t count)
{
    static struct task tasks[THREADS_MAX];
    pthread_t threads[THREADS_MAX];
    enum status status = STATUS_OK;

    for (size_t i = 0; i < count; i++) {
        char suffix[16] = "";
        if (count > 1) {
            snprintf(suffix, sizeof(suffix), "-%zu", i);
        }
        set_up(&tasks[i], store, args, end_at, suffix);
        if (pthread_create(&threads[i], NULL, run, &tasks[i]) != 0) {
            exit(2);
        }
    }
    for (size_t i = 0; i < count; i++) {
        (void)pthread_join(threads[i], NULL);
        status = tasks[i].status != STATUS_OK ? tasks[i].status : status;
    }
    printf("told=%" PRId64 " total=%" PRId64 "\n", tasks[0].told, tasks[0].total);
    return status;
}

static const char *name_of(enum status status)
{
    static const char *const names[] = {
#define X(name, class, text) [STATUS_##name] = #name,
        STATUS_TABLE(X)
#undef X
    };
    return names[status];
}

int main(int argc, char **argv)
{
    struct object_store *store = NULL;
    char error[400] = "";
    bool has_path = argc > 2 && (strcmp(argv[2], "put") == 0 || strcmp(argv[2], "get") == 0);
    int more = ARGS_MIN + has_path;

    if (argc < more) {
        fprintf(stderr, "usage: object_probe URL put|get KEY PATH | read|list|delete KEY "
                        "[END_AT [THREADS]]\n");
        return 2;
    }
    int64_t end_at = argc > more ? strtoll(argv[more], NULL, 10) : -1;
    size_t count = argc > more + 1 ? strtoul(argv[more + 1], NULL, 10) : 1;
    enum status status = object_store_open(argv[1], &store, error, sizeof(error));
    if (status == STATUS_OK && count > 0 && count <= THREADS_MAX) {
        status = run_all(store, argv, end_at, count);
    }
    object_store_close(&store);
    printf("%s%s%s\n", name_of(status), error[0] == '\0' ? "" : " ", error);
    return status == STATUS_OK ? 0 : 1;
}
