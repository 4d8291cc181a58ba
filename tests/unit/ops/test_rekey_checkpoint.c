#include "ops/rekey_checkpoint.h"

#include "runtime/mem.h"
#include "tests/unit/cmocka.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct rekey_checkpoint example(void)
{
    struct rekey_checkpoint made;
    rekey_checkpoint_init(&made, 3, 2);
    strcpy(made.source, "klines");
    strcpy(made.target, "klines.keyed");
    strcpy(made.cluster, "Mk3OEYBSD34fcwNTJENDM2Qk");
    made.positions[0] = (struct rekey_position){100, 99, 0xdeadbeef};
    made.positions[2] = (struct rekey_position){INT64_MAX, INT64_MAX - 1, 1};
    made.target_ends[1] = 77;
    return made;
}

static void assert_same(const struct rekey_checkpoint *a, const struct rekey_checkpoint *b)
{
    assert_string_equal(a->source, b->source);
    assert_string_equal(a->target, b->target);
    assert_string_equal(a->cluster, b->cluster);
    assert_int_equal(a->source_count, b->source_count);
    assert_int_equal(a->target_count, b->target_count);
    for (int32_t i = 0; i < a->source_count; i++) {
        assert_int_equal(a->positions[i].next_offset, b->positions[i].next_offset);
        assert_int_equal(a->positions[i].last_offset, b->positions[i].last_offset);
        assert_int_equal(a->positions[i].last_crc, b->positions[i].last_crc);
    }
    for (int32_t i = 0; i < a->target_count; i++) {
        assert_int_equal(a->target_ends[i], b->target_ends[i]);
    }
}

static void what_is_printed_is_read_again(void **state)
{
    (void)state;
    struct rekey_checkpoint made = example();
    struct rekey_checkpoint read;
    struct text text = {.bytes = NULL};
    rekey_checkpoint_print(&made, &text);
    assert_int_equal(rekey_checkpoint_parse(text_get(&text), &read), STATUS_OK);
    assert_same(&made, &read);
    text_deinit(&text);
    rekey_checkpoint_deinit(&made);
    rekey_checkpoint_deinit(&read);
}

static void a_cluster_without_an_id_is_read_again(void **state)
{
    (void)state;
    struct rekey_checkpoint made = example();
    struct rekey_checkpoint read;
    struct text text = {.bytes = NULL};
    made.cluster[0] = '\0';
    rekey_checkpoint_print(&made, &text);
    assert_int_equal(rekey_checkpoint_parse(text_get(&text), &read), STATUS_OK);
    assert_string_equal(read.cluster, "");
    text_deinit(&text);
    rekey_checkpoint_deinit(&made);
    rekey_checkpoint_deinit(&read);
}

static void every_torn_end_is_noticed(void **state)
{
    (void)state;
    struct rekey_checkpoint made = example();
    struct rekey_checkpoint read;
    struct text text = {.bytes = NULL};
    rekey_checkpoint_print(&made, &text);
    for (size_t size = text.size; size-- > 0;) {
        text.bytes[size] = '\0';
        assert_int_equal(rekey_checkpoint_parse(text.bytes, &read), STATUS_CORRUPT);
    }
    text_deinit(&text);
    rekey_checkpoint_deinit(&made);
}

static void every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    struct rekey_checkpoint made = example();
    struct rekey_checkpoint read;
    struct text text = {.bytes = NULL};
    rekey_checkpoint_print(&made, &text);
    for (size_t i = 0; i < text.size; i++) {
        for (int bit = 0; bit < 8; bit++) {
            char whole = text.bytes[i];
            text.bytes[i] = (char)(whole ^ (1 << bit));
            /* The case of a digit of the sum is no damage. */
            if (rekey_checkpoint_parse(text.bytes, &read) == STATUS_OK) {
                assert_true(bit == 5 && i > text.size - 10);
                assert_same(&made, &read);
                rekey_checkpoint_deinit(&read);
            }
            text.bytes[i] = whole;
        }
    }
    text_deinit(&text);
    rekey_checkpoint_deinit(&made);
}

static void a_file_is_replaced_as_a_whole(void **state)
{
    (void)state;
    char folder[] = "/tmp/rekey-XXXXXX";
    char path[64];
    struct rekey_checkpoint made = example();
    struct rekey_checkpoint read;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(rekey_checkpoint_read(folder, &read), STATUS_NOT_FOUND);
    assert_int_equal(rekey_checkpoint_write(folder, &made), STATUS_OK);
    made.positions[1] = (struct rekey_position){5, 3, 9};
    assert_int_equal(rekey_checkpoint_write(folder, &made), STATUS_OK);
    assert_int_equal(rekey_checkpoint_read(folder, &read), STATUS_OK);
    assert_same(&made, &read);
    rekey_checkpoint_deinit(&read);

    snprintf(path, sizeof(path), "%s/checkpoint.new", folder);
    assert_int_equal(access(path, F_OK), -1);
    snprintf(path, sizeof(path), "%s/checkpoint", folder);
    assert_int_equal(truncate(path, 40), 0);
    assert_int_equal(rekey_checkpoint_read(folder, &read), STATUS_CORRUPT);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    rekey_checkpoint_deinit(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_is_read_again),
        cmocka_unit_test(a_cluster_without_an_id_is_read_again),
        cmocka_unit_test(every_torn_end_is_noticed),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(a_file_is_replaced_as_a_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
