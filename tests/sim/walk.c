/* The walk of state/walk.h without a child process: a world opens thousands of environments, and
 * what is damaged in it is found by reading alone. */
#include "state/walk.h"

#include "state/walk_internal.h"

bool walk_is_asked(int argc, char *const *argv)
{
    (void)argc;
    (void)argv;
    return false;
}

int walk_main(char *const *argv)
{
    (void)argv;
    return 1;
}

enum status walk_in_child(const char *program, const char *path)
{
    const char *fault;
    (void)program;
    enum status status = walk_pages(path, &fault);
    return status == STATUS_OK ? walk_tables(path, &fault) : status;
}
