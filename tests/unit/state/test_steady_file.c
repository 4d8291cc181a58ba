#include "state/steady_file.h"

#include "runtime/base.h"
#include "runtime/crc32c.h"
#include "runtime/slice.h"
#include "tests/unit/cmocka.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PART_BYTES = 300001, PARTS = 30 }; /* pieces of a MiB end within parts */

static int open_new(void)
{
    char path[] = "/tmp/candled-steady-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)unlink(path);
    return fd;
}

static void fill(unsigned char *part, int number)
{
    for (int i = 0; i < PART_BYTES; i++) {
        part[i] = (unsigned char)(i * 7 + number);
    }
}

static void a_file_of_many_pieces_holds_what_was_written(void **state)
{
    (void)state;
    unsigned char *wanted = malloc(PART_BYTES);
    unsigned char *found = malloc(PART_BYTES);
    struct steady_file file;
    steady_file_init(&file, open_new(), STEADY_FILE_put_away);
    for (int i = 0; i < PARTS; i++) {
        fill(wanted, i);
        assert_true(steady_file_write(&file, wanted, PART_BYTES));
    }
    assert_int_equal(file.size, (int64_t)PART_BYTES * PARTS);
    assert_true(file.sent > 0 && file.size - file.sent < 1 << 20);
    assert_true(file.arrived > 0 && file.sent - file.arrived < 6 << 20);
    assert_true(steady_file_sync(&file));
    for (int i = 0; i < PARTS; i++) {
        fill(wanted, i);
        assert_int_equal(pread(file.fd, found, PART_BYTES, (off_t)i * PART_BYTES), PART_BYTES);
        assert_memory_equal(found, wanted, PART_BYTES);
    }
    steady_file_deinit(&file);
    (void)close(file.fd);
    free(wanted);
    free(found);
}

/* In every use, and on a filesystem that can do less. */
static void fill_and_check(const char *folder, enum steady_file_use use, uint32_t *out_crc)
{
    char path[64];
    unsigned char *part = malloc(PART_BYTES);
    unsigned char *found = malloc(PART_BYTES);
    struct steady_file file;
    (void)snprintf(path, sizeof(path), "%s/candled-steady-XXXXXX", folder);
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)unlink(path);
    steady_file_init(&file, fd, use);
    uint32_t crc = 0;
    for (int i = 0; i < PARTS; i++) {
        fill(part, i);
        crc = crc32c_update(crc, (struct slice){part, PART_BYTES});
        assert_true(steady_file_write(&file, part, PART_BYTES));
    }
    assert_true(steady_file_sync(&file));
    assert_int_equal(file.written, file.size);
    for (int i = 0; i < PARTS; i++) {
        fill(part, i);
        assert_int_equal(pread(fd, found, PART_BYTES, (off_t)i * PART_BYTES), PART_BYTES);
        assert_memory_equal(found, part, PART_BYTES);
    }
    *out_crc = use == STEADY_FILE_checked ? file.crc32c : crc;
    assert_int_equal(*out_crc, crc);
    steady_file_deinit(&file);
    (void)close(fd);
    free(part);
    free(found);
}

static void each_use_writes_the_same_and_a_checked_one_tells_its_checksum(void **state)
{
    (void)state;
    static const char *const folders[] = {"/tmp", "/dev/shm"};
    for (size_t i = 0; i < ARRAY_COUNT(folders); i++) {
        uint32_t crc;
        if (access(folders[i], W_OK) == 0) {
            fill_and_check(folders[i], STEADY_FILE_read_soon, &crc);
            fill_and_check(folders[i], STEADY_FILE_put_away, &crc);
            fill_and_check(folders[i], STEADY_FILE_checked, &crc);
        }
    }
}

/* Bytes that the file does not give back as they were written change the checksum. */
static void what_the_disk_makes_of_it_is_told(void **state)
{
    (void)state;
    struct steady_file file;
    int fd = open("/dev/zero", O_RDWR | O_CLOEXEC); /* takes all, gives back zeros */
    unsigned char *part = malloc(PART_BYTES);
    assert_true(fd >= 0);
    fill(part, 1);
    steady_file_init(&file, fd, STEADY_FILE_checked);
    for (int i = 0; i < 4; i++) {
        assert_true(steady_file_write(&file, part, PART_BYTES));
    }
    unsigned char *zeros = calloc(1, 1 << 20);
    assert_int_equal(file.written, 1 << 20);
    assert_int_equal(file.crc32c, crc32c((struct slice){zeros, 1 << 20}));
    steady_file_deinit(&file);
    (void)close(fd);
    free(part);
    free(zeros);
}

static void room_that_was_not_needed_is_given_back(void **state)
{
    (void)state;
    unsigned char *part = malloc(PART_BYTES);
    struct stat stat;
    struct steady_file file;
    steady_file_init(&file, open_new(), STEADY_FILE_put_away);
    for (int i = 0; i < PARTS; i++) {
        fill(part, i);
        assert_true(steady_file_write(&file, part, PART_BYTES));
    }
    assert_true(file.set_aside > file.size);
    assert_true(steady_file_sync(&file));
    assert_int_equal(fstat(file.fd, &stat), 0);
    assert_int_equal(stat.st_size, file.size);
    assert_true(stat.st_blocks * 512 < file.size + (1 << 20));
    steady_file_deinit(&file);
    (void)close(file.fd);
    free(part);
}

static void a_small_file_asks_for_no_room(void **state)
{
    (void)state;
    struct steady_file file;
    steady_file_init(&file, open_new(), STEADY_FILE_put_away);
    assert_true(steady_file_write(&file, "ab", 2));
    assert_true(steady_file_write(&file, "c", 1));
    assert_int_equal(file.set_aside, 0);
    assert_true(steady_file_sync(&file));
    steady_file_deinit(&file);
    (void)close(file.fd);
}

static void a_full_disk_is_told_with_its_reason(void **state)
{
    (void)state;
    struct steady_file file;
    int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        skip();
    }
    steady_file_init(&file, fd, STEADY_FILE_read_soon);
    assert_false(steady_file_write(&file, "x", 1));
    assert_int_equal(errno, ENOSPC);
    (void)close(fd);
}

static void what_cannot_be_sent_in_pieces_is_written_all_the_same(void **state)
{
    (void)state;
    unsigned char *part = calloc(4, PART_BYTES);
    struct steady_file file;
    int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    steady_file_init(&file, fd, STEADY_FILE_read_soon);
    assert_true(steady_file_write(&file, part, (size_t)4 * PART_BYTES));
    assert_int_equal(file.size, (int64_t)4 * PART_BYTES);
    assert_int_equal(file.sent, 1 << 20);
    (void)close(fd);
    free(part);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_of_many_pieces_holds_what_was_written),
        cmocka_unit_test(each_use_writes_the_same_and_a_checked_one_tells_its_checksum),
        cmocka_unit_test(what_the_disk_makes_of_it_is_told),
        cmocka_unit_test(room_that_was_not_needed_is_given_back),
        cmocka_unit_test(a_small_file_asks_for_no_room),
        cmocka_unit_test(a_full_disk_is_told_with_its_reason),
        cmocka_unit_test(what_cannot_be_sent_in_pieces_is_written_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
