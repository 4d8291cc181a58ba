#include "state/direct.h"

#include "tests/unit/cmocka.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ROOM = 1 << 16 };

static void what_is_aligned_has_its_room_left(void **state)
{
    (void)state;
    unsigned char room[3 * DIRECT_ALIGNMENT];
    for (size_t i = 0; i < DIRECT_ALIGNMENT; i += 7) {
        unsigned char *aligned = direct_align(room + i);
        assert_int_equal((uintptr_t)aligned % DIRECT_ALIGNMENT, 0);
        assert_true(aligned >= room + i && aligned < room + i + DIRECT_ALIGNMENT);
    }
}

/* Where a filesystem does it, what goes past the page cache is what others read. */
static void it_begins_and_ends_once(void **state)
{
    (void)state;
    char path[] = "/tmp/candled-direct-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    (void)unlink(path);
    assert_false(direct_stop(fd));
    if (!direct_start(fd)) {
        skip();
    }
    static _Alignas(DIRECT_ALIGNMENT) unsigned char room[ROOM];
    memset(room, 'x', ROOM);
    assert_int_equal(write(fd, room, ROOM), ROOM);
    assert_true(direct_stop(fd));
    assert_false(direct_stop(fd));
    assert_int_equal(write(fd, "tail", 4), 4); /* which no block holds exactly */
    memset(room, 0, ROOM);
    assert_int_equal(pread(fd, room, 8, ROOM - 4), 8);
    assert_memory_equal(room, "xxxxtail", 8);
    (void)close(fd);
}

static void what_is_not_open_is_not_begun(void **state)
{
    (void)state;
    assert_false(direct_stop(-1));
    assert_false(direct_start(-1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_aligned_has_its_room_left),
        cmocka_unit_test(it_begins_and_ends_once),
        cmocka_unit_test(what_is_not_open_is_not_begun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
