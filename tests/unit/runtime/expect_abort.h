/* For assertions that must hold in production too: runs fn in a child process that must abort. */
#ifndef CANDLED_TESTS_UNIT_RUNTIME_EXPECT_ABORT_H
#define CANDLED_TESTS_UNIT_RUNTIME_EXPECT_ABORT_H

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static inline void abort_child(void (*fn)(void *), void *context)
{
    struct rlimit none = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)signal(SIGABRT, SIG_DFL);
    (void)close(STDERR_FILENO);
    fn(context);
    _exit(0);
}

static inline bool aborts(void (*fn)(void *), void *context)
{
    pid_t child = fork();
    if (child < 0) {
        return false;
    }
    if (child == 0) {
        abort_child(fn, context);
    }
    int how = 0;
    return waitpid(child, &how, 0) == child && WIFSIGNALED(how) && WTERMSIG(how) == SIGABRT;
}

#endif
