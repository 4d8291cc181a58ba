#include "runtime/mem.h"
#include "state/archive.h"
#include "state/archive_internal.h"
#include "state/object_store_internal.h"
#include "tests/unit/state/archive_fixture.h"

#include <fcntl.h>

static int64_t count_candles(const char *path)
{
    struct archive_reader *reader;
    struct candle candle;
    int64_t count = 0;
    assert_int_equal(archive_reader_open(path, &reader), STATUS_OK);
    while (archive_reader_next(reader, &candle) == STATUS_OK) {
        count++;
    }
    assert_int_equal(archive_reader_next(reader, &candle), STATUS_NOT_FOUND);
    archive_reader_close(&reader);
    return count;
}

static struct archive_manifest publish(struct setting *s, struct archive_manifest manifest,
                                       bool is_forced, bool is_kept)
{
    bool was_kept;
    assert_int_equal(archive_publish(s->store, s->path, &manifest, is_forced, NULL, &was_kept),
                     STATUS_OK);
    assert_int_equal(was_kept, is_kept);
    return manifest;
}

/* How many candles a fetch brings. */
static int64_t fetched(struct setting *s)
{
    char path[160];
    (void)snprintf(path, sizeof(path), "%s/fetched", s->folder);
    assert_int_equal(archive_fetch(s->store, TOPIC, ZONE, DATE, path, NULL, NULL), STATUS_OK);
    return count_candles(path);
}

static void a_published_day_is_fetched_as_it_was(void **state)
{
    struct setting *s = *state;
    struct archive_manifest ours = publish(s, write_day(s, 100, 50), false, false);
    struct archive_manifest theirs;
    assert_int_equal(archive_look(s->store, TOPIC, ZONE, DATE, &theirs), STATUS_OK);
    char *text_ours = archive_manifest_print(&ours);
    char *text_theirs = archive_manifest_print(&theirs);
    assert_string_equal(text_ours, text_theirs);
    assert_int_equal(fetched(s), 99);
    mem_free(text_ours);
    mem_free(text_theirs);
    archive_manifest_deinit(&ours);
    archive_manifest_deinit(&theirs);
}

static void the_same_day_again_changes_nothing(void **state)
{
    struct setting *s = *state;
    struct archive_manifest first = publish(s, write_day(s, 100, -1), false, false);
    struct archive_manifest again = publish(s, write_day(s, 100, -1), false, false);
    struct archive_manifest theirs;
    assert_int_equal(archive_look(s->store, TOPIC, ZONE, DATE, &theirs), STATUS_OK);
    assert_int_equal(theirs.created_ms, first.created_ms);
    assert_string_equal(theirs.sha256, first.sha256);
    archive_manifest_deinit(&theirs);
    archive_manifest_deinit(&first);
    archive_manifest_deinit(&again);
}

static void a_fuller_backup_is_kept_unless_forced(void **state)
{
    struct setting *s = *state;
    struct archive_manifest full = publish(s, write_day(s, 100, -1), false, false);
    struct archive_manifest less = publish(s, write_day(s, 100, 5), false, true);
    assert_int_equal(fetched(s), 100);
    less = publish(s, less, true, false);
    assert_int_equal(fetched(s), 99);
    archive_manifest_deinit(&full);
    full = publish(s, write_day(s, 100, -1), false, false);
    assert_int_equal(fetched(s), 100);
    archive_manifest_deinit(&full);
    archive_manifest_deinit(&less);
}

static char *file_of(const struct setting *s, const char *suffix, char path[300])
{
    (void)snprintf(path, 300, "%s/shared/" TOPIC "/" ZONE "/" DATE "%s", s->folder, suffix);
    return path;
}

/* Copies a file with plain calls. */
static void copy_file(const char *from, const char *to)
{
    char command[700];
    (void)snprintf(command, sizeof(command), "cp %s %s", from, to);
    assert_int_equal(system(command), 0);
}

static void a_day_is_readable_at_each_moment_of_a_replacement(void **state)
{
    struct setting *s = *state;
    char data[300];
    char before[300];
    char moved[310];
    struct archive_manifest old = publish(s, write_day(s, 90, -1), false, false);
    (void)snprintf(before, sizeof(before), "%s/before", s->folder);
    copy_file(file_of(s, ".avro", data), before);

    /* Killed after the first step: a store that takes the manifest and not the file. */
    struct archive_manifest new = write_day(s, 100, -1);
    (void)snprintf(moved, sizeof(moved), "%s.moved", s->path);
    memcpy(new.replaces, old.sha256, sizeof(new.replaces));
    char *text = archive_manifest_print(&new);
    FILE *file = fopen(file_of(s, ".json", data), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    mem_free(text);
    assert_int_equal(fetched(s), 90);

    /* After the second. */
    copy_file(s->path, file_of(s, ".avro", data));
    assert_int_equal(fetched(s), 100);

    /* Another try does not trust what was left, whichever of the two it is. */
    copy_file(before, file_of(s, ".avro", data));
    memset(new.replaces, 0, sizeof(new.replaces));
    new = publish(s, new, false, false);
    assert_int_equal(fetched(s), 100);
    struct archive_manifest theirs;
    assert_int_equal(archive_look(s->store, TOPIC, ZONE, DATE, &theirs), STATUS_OK);
    assert_string_equal(theirs.replaces, "");
    archive_manifest_deinit(&theirs);
    archive_manifest_deinit(&old);
    archive_manifest_deinit(&new);
}

static void damage_anywhere_is_found_and_mended_by_the_next_run(void **state)
{
    struct setting *s = *state;
    char path[300];
    char data[300];
    struct archive_manifest manifest = publish(s, write_day(s, 100, -1), false, false);
    (void)snprintf(path, sizeof(path), "%s/fetched", s->folder);
    int fd = open(file_of(s, ".avro", data), O_WRONLY);
    assert_true(fd >= 0);
    assert_int_equal(pwrite(fd, "x", 1, manifest.size_bytes / 2), 1);
    (void)close(fd);
    assert_int_equal(archive_fetch(s->store, TOPIC, ZONE, DATE, path, NULL, NULL), STATUS_CORRUPT);
    assert_int_equal(access(path, F_OK), -1);

    assert_int_equal(truncate(file_of(s, ".json", data), 20), 0);
    assert_int_equal(archive_fetch(s->store, TOPIC, ZONE, DATE, path, NULL, NULL), STATUS_CORRUPT);
    manifest = publish(s, manifest, false, false);
    assert_int_equal(fetched(s), 100);

    assert_int_equal(unlink(file_of(s, ".avro", data)), 0);
    assert_int_equal(archive_fetch(s->store, TOPIC, ZONE, DATE, path, NULL, NULL), STATUS_CORRUPT);
    manifest = publish(s, manifest, false, false);
    assert_int_equal(fetched(s), 100);

    assert_int_equal(unlink(file_of(s, ".json", data)), 0);
    assert_int_equal(archive_fetch(s->store, TOPIC, ZONE, DATE, path, NULL, NULL),
                     STATUS_NOT_FOUND);
    archive_manifest_deinit(&manifest);
}

/* The fixture's store, and what another process does in it meanwhile. */
static struct {
    struct object_store_class class;
    const struct object_store_class *plain;
    void (*between)(struct object_store *store);
    int puts_left; /* so often after a file was put */
    int gets_left; /* and before one is fetched */
} shared;

static bool is_data(const char *key)
{
    return strcmp(key + strlen(key) - strlen(".avro"), ".avro") == 0;
}

static void meanwhile(struct object_store *store)
{
    store->class = shared.plain;
    shared.between(store);
    store->class = &shared.class;
}

static enum status put_shared(struct object_store *store, const char *key,
                              const struct object_source *source,
                              const struct object_progress *progress)
{
    enum status status = shared.plain->put(store, key, source, progress);
    if (is_data(key) && shared.puts_left > 0) {
        shared.puts_left--;
        meanwhile(store);
    }
    return status;
}

static enum status get_shared(struct object_store *store, const char *key,
                              struct object_target *target, const struct object_progress *progress)
{
    if (is_data(key) && shared.gets_left > 0) {
        shared.gets_left--;
        meanwhile(store);
    }
    return shared.plain->get(store, key, target, progress);
}

static void share(struct object_store *store, void (*between)(struct object_store *), int puts,
                  int gets)
{
    shared.plain = store->class;
    shared.class = *store->class;
    shared.class.put = put_shared;
    shared.class.get = get_shared;
    shared.between = between;
    shared.puts_left = puts;
    shared.gets_left = gets;
    store->class = &shared.class;
}

static struct setting other; /* the other process: a file of its own, the same store and day */

static void another_publishes(struct object_store *store)
{
    struct archive_manifest theirs = write_day(&other, 90, -1);
    bool is_kept;
    assert_int_equal(archive_publish(store, other.path, &theirs, true, NULL, &is_kept), STATUS_OK);
    archive_manifest_deinit(&theirs);
}

static void set_up_other(const struct setting *s)
{
    other = *s;
    (void)snprintf(other.path, sizeof(other.path), "%s/other.avro", s->folder);
}

static void another_puts_its_file(struct object_store *store)
{
    struct archive_manifest theirs = write_day(&other, 90, -1);
    assert_int_equal(object_store_put(store, TOPIC "/" ZONE "/" DATE ".avro", other.path, NULL),
                     STATUS_OK);
    archive_manifest_deinit(&theirs);
}

static void two_who_publish_at_once_leave_one_whole_backup(void **state)
{
    struct setting *s = *state;
    set_up_other(s);
    share(s->store, another_publishes, 1, 0);
    struct archive_manifest ours = publish(s, write_day(s, 100, -1), false, false);
    assert_int_equal(shared.puts_left, 0);
    assert_int_equal(fetched(s), 100);
    archive_manifest_deinit(&ours);
}

static void who_is_disturbed_again_and_again_says_so(void **state)
{
    struct setting *s = *state;
    bool is_kept;
    set_up_other(s);
    share(s->store, another_puts_its_file, 100, 0);
    struct archive_manifest ours = write_day(s, 100, -1);
    assert_int_equal(archive_publish(s->store, s->path, &ours, false, NULL, &is_kept), STATUS_BUSY);
    assert_int_equal(shared.puts_left, 97);
    archive_manifest_deinit(&ours);
}

static void a_backup_that_is_replaced_while_it_is_fetched_is_no_damage(void **state)
{
    struct setting *s = *state;
    set_up_other(s);
    struct archive_manifest ours = publish(s, write_day(s, 100, -1), false, false);
    share(s->store, another_publishes, 0, 1);
    assert_int_equal(fetched(s), 90);
    assert_int_equal(shared.gets_left, 0);
    archive_manifest_deinit(&ours);
}

static void publish_as(struct setting *s, const char *date)
{
    struct archive_manifest manifest = write_day(s, 1, -1);
    (void)snprintf(manifest.day.date, sizeof(manifest.day.date), "%s", date);
    manifest = publish(s, manifest, false, false);
    archive_manifest_deinit(&manifest);
}

static void old_days_are_pruned_and_others_stay(void **state)
{
    struct setting *s = *state;
    struct archive_dates dates;
    size_t deleted = 0;
    char path[300];
    static const char *const days[] = {"2025-11-20", "2024-10-01", "2025-01-01", "2024-12-31"};
    for (size_t i = 0; i < ARRAY_COUNT(days); i++) {
        publish_as(s, days[i]);
    }
    assert_int_equal(archive_prune(s->store, TOPIC, ZONE, "2025-01-01", &deleted), STATUS_OK);
    assert_int_equal(deleted, 2);
    assert_int_equal(archive_list(s->store, TOPIC, ZONE, &dates), STATUS_OK);
    assert_int_equal(dates.count, 2);
    assert_string_equal(dates.items[0], "2025-01-01");
    assert_string_equal(dates.items[1], "2025-11-20");
    archive_dates_deinit(&dates);
    (void)snprintf(path, sizeof(path), "%s/shared/" TOPIC "/" ZONE "/2024-12-31.avro", s->folder);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(archive_list(s->store, TOPIC, "UTC", &dates), STATUS_OK);
    assert_int_equal(dates.count, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        CASE(a_published_day_is_fetched_as_it_was),
        CASE(the_same_day_again_changes_nothing),
        CASE(a_fuller_backup_is_kept_unless_forced),
        CASE(a_day_is_readable_at_each_moment_of_a_replacement),
        CASE(damage_anywhere_is_found_and_mended_by_the_next_run),
        CASE(two_who_publish_at_once_leave_one_whole_backup),
        CASE(who_is_disturbed_again_and_again_says_so),
        CASE(a_backup_that_is_replaced_while_it_is_fetched_is_no_damage),
        CASE(old_days_are_pruned_and_others_stay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
