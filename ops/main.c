#include "ops/cli.h"

#include <signal.h>

int main(int argc, char **argv, char **environment)
{
    /* A reader that has gone is told by write(), and is no reason to die. */
    (void)signal(SIGPIPE, SIG_IGN);
    return (int)cli_main(argc, argv, environment);
}
