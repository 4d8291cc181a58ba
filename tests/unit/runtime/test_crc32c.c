#include "runtime/crc32c.h"

#include "runtime/base.h"
#include "runtime/rand.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef uint32_t update_fn(uint32_t crc, struct slice bytes);

static update_fn *const both_paths[] = {crc32c_update, crc32c_update_portable};

/* RFC 3720 B.4: its checksums are printed as bytes, lowest first. */
static void it_gives_the_checksums_of_the_rfc(void **state)
{
    (void)state;
    unsigned char zeros[32], ones[32], up[32], down[32];
    static const unsigned char read_pdu[48] = {
        0x01, 0xc0, [16] = 0x14, [20] = 0, 0, 0x04, 0,    0,           0,
        0,    0x14, 0,           0,        0, 0x18, 0x28, [40] = 0x02,
    };
    for (int i = 0; i < 32; i++) {
        zeros[i] = 0;
        ones[i] = 0xff;
        up[i] = (unsigned char)i;
        down[i] = (unsigned char)(31 - i);
    }
    for (size_t i = 0; i < ARRAY_COUNT(both_paths); i++) {
        assert_int_equal(both_paths[i](0, SLICE_OF(zeros)), 0x8a9136aa);
        assert_int_equal(both_paths[i](0, SLICE_OF(ones)), 0x62a8ab43);
        assert_int_equal(both_paths[i](0, SLICE_OF(up)), 0x46dd794e);
        assert_int_equal(both_paths[i](0, SLICE_OF(down)), 0x113fdb5c);
        assert_int_equal(both_paths[i](0, SLICE_OF(read_pdu)), 0xd9963a56);
        assert_int_equal(both_paths[i](0, slice_of_text("123456789")), 0xe3069283);
    }
    assert_int_equal(crc32c(slice_of_text("123456789")), 0xe3069283);
}

/* The definition, bit by bit. */
static uint32_t naive(struct slice bytes)
{
    const unsigned char *p = bytes.bytes;
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < bytes.size; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82f63b78u : 0);
        }
    }
    return ~crc;
}

static void fill(unsigned char *bytes, size_t size, uint64_t seed)
{
    struct rand rand = {.state = seed};
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (unsigned char)rand_next(&rand);
    }
}

static void both_paths_agree_with_the_definition_at_every_length_and_alignment(void **state)
{
    (void)state;
    unsigned char bytes[200];
    fill(bytes, sizeof(bytes), 1);
    for (size_t from = 0; from < 9; from++) {
        for (size_t size = 0; from + size <= 150; size++) {
            struct slice slice = {bytes + from, size};
            uint32_t expected = naive(slice);
            assert_int_equal(crc32c_update(0, slice), expected);
            assert_int_equal(crc32c_update_portable(0, slice), expected);
        }
    }
}

/* So that each of the 2,048 table entries has been looked up. */
static void both_paths_agree_on_much_random_input(void **state)
{
    (void)state;
    static unsigned char bytes[1 << 16];
    fill(bytes, sizeof(bytes), 2);
    assert_int_equal(crc32c_update_portable(0, SLICE_OF(bytes)), naive(SLICE_OF(bytes)));
    assert_int_equal(crc32c(SLICE_OF(bytes)), naive(SLICE_OF(bytes)));
}

static void a_checksum_may_be_taken_in_pieces(void **state)
{
    (void)state;
    unsigned char bytes[100];
    fill(bytes, sizeof(bytes), 3);
    for (size_t cut = 0; cut <= sizeof(bytes); cut++) {
        struct slice head = {bytes, cut};
        struct slice tail = {bytes + cut, sizeof(bytes) - cut};
        for (size_t i = 0; i < ARRAY_COUNT(both_paths); i++) {
            update_fn *update = both_paths[i];
            assert_int_equal(update(update(0, head), tail), naive(SLICE_OF(bytes)));
        }
    }
}

static void nothing_has_the_checksum_zero(void **state)
{
    (void)state;
    assert_int_equal(crc32c((struct slice){NULL, 0}), 0);
    assert_int_equal(crc32c_update_portable(0x1234, (struct slice){NULL, 0}), 0x1234);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_gives_the_checksums_of_the_rfc),
        cmocka_unit_test(both_paths_agree_with_the_definition_at_every_length_and_alignment),
        cmocka_unit_test(both_paths_agree_on_much_random_input),
        cmocka_unit_test(a_checksum_may_be_taken_in_pieces),
        cmocka_unit_test(nothing_has_the_checksum_zero),
    };
    print_message("this CPU has the instructions: %s\n", crc32c_is_accelerated() ? "yes" : "no");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
