/* What a test writes to standard error, which is where the log goes. */
#ifndef CANDLED_TESTS_UNIT_RUNTIME_CAPTURE_H
#define CANDLED_TESTS_UNIT_RUNTIME_CAPTURE_H

#include <assert.h>
#include <stddef.h>
#include <sys/types.h>
#include <unistd.h>

struct capture {
    int pipe_read;
    int stderr_before;
};

static inline void capture_start(struct capture *capture)
{
    int ends[2];
    int rc = pipe(ends);
    assert(rc == 0);
    (void)rc;
    capture->stderr_before = dup(STDERR_FILENO);
    (void)dup2(ends[1], STDERR_FILENO);
    (void)close(ends[1]);
    capture->pipe_read = ends[0];
}

/* All of it, with a zero byte behind it. A pipe holds far more than a test may write. */
static inline size_t capture_stop(struct capture *capture, char *text, size_t size)
{
    size_t length = 0;
    (void)dup2(capture->stderr_before, STDERR_FILENO); /* closes the writing end */
    (void)close(capture->stderr_before);
    while (length + 1 < size) {
        ssize_t count = read(capture->pipe_read, text + length, size - 1 - length);
        if (count <= 0) {
            break;
        }
        length += (size_t)count;
    }
    (void)close(capture->pipe_read);
    text[length] = '\0';
    return length;
}

#endif
