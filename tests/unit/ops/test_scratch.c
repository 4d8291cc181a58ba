#include "tests/unit/cmocka.h"

#include "ops/scratch.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char parent[] = "/tmp/candled-test-scratch-XXXXXX";

static int count_entries(void)
{
    DIR *folder = opendir(parent);
    const struct dirent *entry;
    int count = 0;
    assert_non_null(folder);
    while ((entry = readdir(folder)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    (void)closedir(folder);
    return count;
}

static void put_file(const struct scratch *scratch)
{
    char path[SCRATCH_PATH_MAX + 8];
    (void)snprintf(path, sizeof(path), "%s/file", scratch->path);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fclose(file), 0);
}

static void it_goes_with_all_that_is_in_it(void **state)
{
    struct scratch scratch;
    (void)state;
    assert_int_equal(scratch_make(parent, &scratch), STATUS_OK);
    put_file(&scratch);
    assert_int_equal(count_entries(), 1);
    scratch_remove(&scratch);
    assert_int_equal(count_entries(), 0);
    scratch_remove(&scratch);
}

static void those_of_the_living_stay(void **state)
{
    struct scratch first;
    struct scratch second;
    (void)state;
    assert_int_equal(scratch_make(parent, &first), STATUS_OK);
    assert_int_equal(scratch_make(parent, &second), STATUS_OK);
    assert_int_equal(count_entries(), 2);
    scratch_remove(&first);
    scratch_remove(&second);
}

static void what_a_killed_process_left_is_removed_by_the_next(void **state)
{
    struct scratch scratch;
    int ended;
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        struct scratch left;
        if (scratch_make(parent, &left) == STATUS_OK) {
            put_file(&left);
        }
        _exit(0);
    }
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_int_equal(count_entries(), 1);
    assert_int_equal(scratch_make(parent, &scratch), STATUS_OK);
    assert_int_equal(count_entries(), 1);
    scratch_remove(&scratch);
    assert_int_equal(count_entries(), 0);
}

static void where_there_is_no_folder_it_says_so(void **state)
{
    struct scratch scratch;
    (void)state;
    assert_int_equal(scratch_make("/tmp/candled-test-scratch-none/none", &scratch), STATUS_IO);
}

static void a_folder_that_cannot_be_locked_is_not_left(void **state)
{
    struct scratch scratch;
    struct rlimit before;
    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    unsigned int left = alarm(10); /* it must not try for ever */
    enum status status = scratch_make(parent, &scratch);
    (void)alarm(left);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(status, STATUS_IO);
    assert_int_equal(count_entries(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_goes_with_all_that_is_in_it),
        cmocka_unit_test(those_of_the_living_stay),
        cmocka_unit_test(what_a_killed_process_left_is_removed_by_the_next),
        cmocka_unit_test(where_there_is_no_folder_it_says_so),
        cmocka_unit_test(a_folder_that_cannot_be_locked_is_not_left),
    };
    if (mkdtemp(parent) == NULL) {
        return 1;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    (void)rmdir(parent);
    return failed;
}
