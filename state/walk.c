#include "state/walk.h"

#include "runtime/log.h"
#include "runtime/mem.h"
#include "state/folder.h"
#include "state/walk_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* Codes that no other program, and no sanitizer, ends with. */
enum { CODE_fine = 40, CODE_damaged = 41, CODE_failed = 42 };

enum { FAULT_MAX = 256 };

#define WALK_MARK "CANDLED_WALKS"

bool walk_is_asked(int argc, char *const *argv)
{
    enum { ARGUMENTS = 3 };
    return argc == ARGUMENTS && strcmp(argv[1], WALK_ARGUMENT) == 0;
}

int walk_main(char *const *argv)
{
    const char *path = argv[2];
    const char *fault = "";
    struct rlimit none = {.rlim_cur = 0};

    /* Dying is one of the answers: it leaves no core, and nobody's orphan goes on reading. */
    (void)setrlimit(RLIMIT_CORE, &none);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);

    enum status status = walk_pages(path, &fault);
    if (status == STATUS_OK) {
        status = walk_tables(path, &fault);
    }
    if (status == STATUS_OK) {
        return CODE_fine;
    }
    (void)printf("%s\n", fault);
    (void)fflush(stdout);
    return status == STATUS_CORRUPT ? CODE_damaged : CODE_failed;
}

/* What the file itself can bring about; all else came from outside. */
static bool is_death_by_damage(int signal_number)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGTRAP};
    for (size_t i = 0; i < ARRAY_COUNT(signals); i++) {
        if (signals[i] == signal_number) {
            return true;
        }
    }
    return false;
}

static enum status condemn(const char *path, const char *fault)
{
    log_event(LOG_store_condemned, log_text("path", path), log_text("reason", fault));
    return STATUS_CORRUPT;
}

static enum status fail(const char *path, const char *error, enum status status)
{
    log_event(LOG_store_walk_failed, log_text("path", path), log_text("error", error));
    return status;
}

static enum status judge_signal(const char *path, int number)
{
    char text[64];
    (void)snprintf(text, sizeof(text), "the walk through it was ended by signal %d", number);
    return is_death_by_damage(number) ? condemn(path, text) : fail(path, text, STATUS_UNAVAILABLE);
}

static enum status judge(const char *path, int how, const char *fault)
{
    /* What a shell, a loader, or a program that does not know the argument ends with. */
    enum { CODE_usage = 2, CODE_not_executable = 126, CODE_no_program = 127 };
    if (WIFSIGNALED(how)) {
        return judge_signal(path, WTERMSIG(how));
    }
    switch (WEXITSTATUS(how)) {
    case CODE_fine:
        return STATUS_OK;
    case CODE_damaged:
        return condemn(path, fault);
    case CODE_failed:
        return fail(path, fault, STATUS_IO);
    case 0:
    case CODE_usage:
    case CODE_not_executable:
    case CODE_no_program:
        return fail(path, "the program that was to walk does not know how", STATUS_IO);
    default:
        return condemn(path, "the walk through it came to no end"); /* a sanitizer's exit */
    }
}

/* Ours, and a mark: a program whose main() does not ask walk_is_asked() would start itself for
 * ever. The caller frees it. */
static char **marked_environment(void)
{
    static char mark[] = WALK_MARK "=1";
    size_t count = 0;
    while (environ[count] != NULL) {
        count++;
    }
    char **marked = mem_new(count + 2, sizeof(*marked));
    memcpy(marked, environ, count * sizeof(*marked));
    marked[count] = mark;
    return marked;
}

static int spawn(const char *program, const char *path, int out_fd, pid_t *child)
{
    char *const argv[] = {(char[]){"candled"}, (char[]){WALK_ARGUMENT}, (char *)(uintptr_t)path,
                          NULL};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;

    (void)sigemptyset(&none);
    (void)posix_spawn_file_actions_init(&files);
    (void)posix_spawn_file_actions_adddup2(&files, out_fd, STDOUT_FILENO);
    (void)posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    (void)posix_spawnattr_init(&attributes);
    /* In a group of its own: Ctrl-C is for us to answer. */
    (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
    (void)posix_spawnattr_setsigmask(&attributes, &none);
    char **environment = marked_environment();
    int code = posix_spawn(child, program, &files, &attributes, argv, environment);
    mem_free(environment);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&files);
    return code;
}

/* To the end, or else a child that talks on would never be done. */
static void read_fault(int fd, char fault[FAULT_MAX])
{
    char rest[FAULT_MAX];
    size_t size = 0;
    ssize_t length;
    while ((length = read(fd, rest, sizeof(rest))) != 0) {
        if (length < 0 && errno != EINTR) {
            break;
        }
        for (ssize_t i = 0; i < length && size + 1 < FAULT_MAX; i++) {
            fault[size++] = rest[i];
        }
    }
    fault[size] = '\0';
    fault[strcspn(fault, "\n")] = '\0';
}

enum status walk_in_child(const char *program, const char *path)
{
    char fault[FAULT_MAX];
    int ends[2];
    int how = 0;
    pid_t child;

    if (getenv(WALK_MARK) != NULL) {
        return fail(path, "this program does not know how to walk", STATUS_IO);
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return folder_failed("pipe2", path);
    }
    int code = spawn(program == NULL ? "/proc/self/exe" : program, path, ends[1], &child);
    (void)close(ends[1]);
    if (code != 0) {
        (void)close(ends[0]);
        return fail(path, strerror(code), STATUS_IO);
    }
    read_fault(ends[0], fault);
    (void)close(ends[0]);
    while (waitpid(child, &how, 0) < 0) {
        if (errno != EINTR) {
            return fail(path, strerror(errno), STATUS_IO);
        }
    }
    return judge(path, how, fault);
}
