#include "state/object_target.h"

#include "tests/unit/cmocka.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void make_file(char path[64], const char *text, size_t times)
{
    (void)snprintf(path, 64, "/tmp/candled-object-XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    for (size_t i = 0; i < times; i++) {
        assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    }
    close(fd);
}

static void a_target_stays_when_all_went_well_and_goes_otherwise(void **state)
{
    (void)state;
    char path[64];
    struct object_target target;
    make_file(path, "what was there before", 1);
    assert_int_equal(object_target_open(path, &target), STATUS_OK);
    assert_int_equal(object_target_write(&target, "ab", 2), STATUS_OK);
    assert_int_equal(object_target_write(&target, "c", 1), STATUS_OK);
    assert_int_equal(object_target_end(&target, STATUS_OK), STATUS_OK);
    FILE *file = fopen(path, "re");
    char text[32] = "";
    assert_int_equal(fread(text, 1, sizeof(text), file), 3);
    fclose(file);
    assert_string_equal(text, "abc");
    assert_int_equal(object_target_open(path, &target), STATUS_OK);
    assert_int_equal(object_target_end(&target, STATUS_UNAVAILABLE), STATUS_UNAVAILABLE);
    assert_int_not_equal(access(path, F_OK), 0);
}

static void a_full_disk_is_told_from_other_faults(void **state)
{
    (void)state;
    struct object_target target;
    if (access("/dev/full", W_OK) != 0) {
        skip();
    }
    enum { PIECE_BYTES = 1 << 20 }; /* less is written when it ends */
    void *piece = calloc(1, PIECE_BYTES);
    assert_int_equal(object_target_open("/dev/full", &target), STATUS_OK);
    assert_int_equal(object_target_write(&target, piece, PIECE_BYTES), STATUS_DISK_FULL);
    close(target.fd); /* not object_target_end(), which would remove the device */
    steady_file_deinit(&target.file);
    free(piece);
}

static void memory_has_a_limit(void **state)
{
    (void)state;
    unsigned char room[4];
    struct object_target target = {.fd = -1, .room = room, .size_max = sizeof(room)};
    assert_int_equal(object_target_write(&target, "abc", 3), STATUS_OK);
    assert_int_equal(object_target_write(&target, "de", 2), STATUS_MALFORMED);
    assert_int_equal(object_target_write(&target, "d", 1), STATUS_OK);
    assert_int_equal(object_target_end(&target, STATUS_OK), STATUS_OK);
    assert_memory_equal(room, "abcd", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_target_stays_when_all_went_well_and_goes_otherwise),
        cmocka_unit_test(a_full_disk_is_told_from_other_faults),
        cmocka_unit_test(memory_has_a_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
