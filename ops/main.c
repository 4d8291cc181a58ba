#include "ops/cli.h"
#include "state/walk.h"

#include <signal.h>
#include <stdlib.h>

/* Commits and outbox reads of several partitions run side by side, each a blocking job. */
#define WORKER_THREADS "8"

int main(int argc, char **argv, char **environment)
{
    /* A reader that has gone is told by write(), and is no reason to die. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (walk_is_asked(argc, argv)) { /* by ourselves: see state/walk.h */
        return walk_main(argv);
    }
    (void)setenv("UV_THREADPOOL_SIZE", WORKER_THREADS, 0);
    return (int)cli_main(argc, argv, environment);
}
