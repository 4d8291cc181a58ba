#include "ops/embedded_folder.h"

#include "tests/unit/cmocka.h"
#include "tests/unit/ops/tmp_file.h"

#include <sys/stat.h>

static void make_file(const char *folder)
{
    char path[EMBEDDED_FOLDER_MAX + 8];
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(path, sizeof(path), "%s/state", folder);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
}

static void clean_up(const struct tmp_file *file)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/embedded.lock", file->folder);
    assert_int_equal(unlink(path), 0);
    tmp_file_remove(file);
}

static void it_is_emptied_when_it_is_opened(void **state)
{
    (void)state;
    struct tmp_file file = tmp_file_of_text("file", "x");
    struct embedded_folder folder;
    char path[256];
    snprintf(path, sizeof(path), "%s/embedded", file.folder);
    make_file(path);
    assert_int_equal(embedded_folder_open(file.folder, &folder), STATUS_OK);
    assert_string_equal(folder.path, path);
    assert_int_equal(access(path, F_OK), -1);
    embedded_folder_close(&folder);
    clean_up(&file);
}

static void what_another_process_has_is_left_alone(void **state)
{
    (void)state;
    struct tmp_file file = tmp_file_of_text("file", "x");
    struct embedded_folder first;
    struct embedded_folder second;
    char path[EMBEDDED_FOLDER_MAX + 8];
    assert_int_equal(embedded_folder_open(file.folder, &first), STATUS_OK);
    make_file(first.path);
    assert_int_equal(embedded_folder_open(file.folder, &second), STATUS_BUSY);
    snprintf(path, sizeof(path), "%s/state", first.path);
    assert_int_equal(access(path, F_OK), 0);
    embedded_folder_close(&first);
    assert_int_equal(embedded_folder_open(file.folder, &second), STATUS_OK);
    assert_int_equal(access(path, F_OK), -1);
    embedded_folder_close(&second);
    clean_up(&file);
}

static void a_data_dir_that_cannot_be_made_is_told(void **state)
{
    (void)state;
    struct tmp_file file = tmp_file_of_text("file", "x");
    struct embedded_folder folder;
    char path[256];
    snprintf(path, sizeof(path), "%s/below", file.path); /* a file is no folder */
    assert_int_equal(embedded_folder_open(path, &folder), STATUS_IO);
    tmp_file_remove(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_emptied_when_it_is_opened),
        cmocka_unit_test(what_another_process_has_is_left_alone),
        cmocka_unit_test(a_data_dir_that_cannot_be_made_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
