#include "ops/remove_tree.h"

#include "tests/unit/cmocka.h"
#include "tests/unit/ops/tmp_file.h"

#include <sys/stat.h>

static void a_folder_goes_with_all_that_is_in_it(void **state)
{
    (void)state;
    struct tmp_file file = tmp_file_of_text("file", "x");
    char path[256];
    snprintf(path, sizeof(path), "%s/inner", file.folder);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/inner/link", file.folder);
    assert_int_equal(link(file.path, path), 0);
    assert_int_equal(remove_tree(file.folder), STATUS_OK);
    assert_int_equal(access(file.folder, F_OK), -1);
}

static void a_link_goes_and_what_it_points_to_stays(void **state)
{
    (void)state;
    struct tmp_file kept = tmp_file_of_text("kept", "x");
    struct tmp_file gone = tmp_file_of_text("gone", "x");
    char path[256];
    snprintf(path, sizeof(path), "%s/link", gone.folder);
    assert_int_equal(symlink(kept.folder, path), 0);
    assert_int_equal(remove_tree(gone.folder), STATUS_OK);
    assert_int_equal(access(gone.folder, F_OK), -1);
    assert_int_equal(access(kept.path, F_OK), 0);
    tmp_file_remove(&kept);
}

static void what_is_not_there_is_fine(void **state)
{
    (void)state;
    struct tmp_file file = tmp_file_of_text("file", "x");
    tmp_file_remove(&file);
    assert_int_equal(remove_tree(file.folder), STATUS_OK);
}

static void what_cannot_be_reached_is_told(void **state)
{
    (void)state;
    struct tmp_file file = tmp_file_of_text("file", "x");
    char path[256];
    snprintf(path, sizeof(path), "%s/below", file.path); /* a file is no folder */
    assert_int_equal(remove_tree(path), STATUS_IO);
    tmp_file_remove(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_goes_with_all_that_is_in_it),
        cmocka_unit_test(a_link_goes_and_what_it_points_to_stays),
        cmocka_unit_test(what_is_not_there_is_fine),
        cmocka_unit_test(what_cannot_be_reached_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
