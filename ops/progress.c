#include "ops/progress.h"

#include <inttypes.h>

enum { BAR_WIDTH = 24, REDRAW_MS = 100, GUESS_AFTER_MS = 2000 };

void progress_init(struct progress *progress, bool is_terminal, const char *what, uint64_t total,
                   int64_t now_ms)
{
    *progress = (struct progress){.out = is_terminal ? stderr : NULL,
                                  .what = what,
                                  .unit = "records",
                                  .total = total,
                                  .began_ms = now_ms,
                                  .drawn_ms = now_ms - REDRAW_MS};
}

static void add_bar(uint64_t done, uint64_t total, struct text *out)
{
    uint64_t filled = done * BAR_WIDTH / total;
    text_add(out, " [");
    for (uint64_t i = 0; i < BAR_WIDTH; i++) {
        text_add(out, "%c", i < filled ? '=' : (i == filled ? '>' : ' '));
    }
    text_add(out, "] %3" PRIu64 " %%", done * 100 / total);
}

void progress_print(const struct progress *progress, uint64_t done, uint64_t count, int64_t now_ms,
                    struct text *out)
{
    int64_t elapsed_ms = now_ms - progress->began_ms;
    text_add(out, "%s", progress->what);
    if (progress->total > 0) {
        done = done < progress->total ? done : progress->total;
        add_bar(done, progress->total, out);
    }
    text_add(out, "  %" PRIu64 " %s", count, progress->unit);
    if (progress->total > 0 && done > 0 && elapsed_ms >= GUESS_AFTER_MS) {
        uint64_t left = progress->total - done;
        text_add(out, "  %" PRIu64 " s left", (uint64_t)elapsed_ms * left / done / 1000);
    }
}

void progress_step(struct progress *progress, uint64_t done, uint64_t count, int64_t now_ms)
{
    struct text line = {0};
    if (progress->out == NULL || now_ms - progress->drawn_ms < REDRAW_MS) {
        return;
    }
    progress->drawn_ms = now_ms;
    progress_print(progress, done, count, now_ms, &line);
    fprintf(progress->out, "\r%s\033[K", text_get(&line));
    (void)fflush(progress->out);
    text_deinit(&line);
}

void progress_deinit(struct progress *progress)
{
    if (progress->out != NULL) {
        fputs("\r\033[K", progress->out);
        (void)fflush(progress->out);
        progress->out = NULL;
    }
}
