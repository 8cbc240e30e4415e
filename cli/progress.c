/* The bar is redrawn at most ten times a second and only when its percentage changed. */
#include "cli/progress.h"

#include "cli/interrupt.h"
#include "cli/output.h"

#include <string.h>
#include <unistd.h>

static const double DELAY_SECONDS = 1.0, REDRAW_SECONDS = 0.1;
enum { BAR_WIDTH = 30 };

void cli_progress_begin(cli_progress *p, const cli_options *o) {
    memset(p, 0, sizeof *p);
    p->allowed = !o->quiet && cli_output_is_terminal(STDERR_FILENO);
    p->begun = cli_output_clock();
    p->percent = -1;
    cli_interrupt_defer(true);
}

void cli_progress_end(cli_progress *p) {
    if (p->shown)
        fputs("\r\033[K", stderr);
    p->shown = false;
    cli_interrupt_defer(false);
}

bool cli_progress_step(void *context, const char *what, double fraction) {
    cli_progress *p = context;
    if (cli_interrupt_happened())
        return false;
    double now = p->allowed ? cli_output_clock() : 0;
    if (!p->allowed || now - p->begun < DELAY_SECONDS || now - p->drawn < REDRAW_SECONDS)
        return true;
    double clamped = fraction >= 0 && fraction <= 1 ? fraction : fraction > 1 ? 1 : 0;
    int percent = (int)(100 * clamped), filled = (int)(BAR_WIDTH * clamped);
    if (percent == p->percent)
        return true;
    char bar[BAR_WIDTH + 1];
    memset(bar, ' ', BAR_WIDTH);
    memset(bar, '=', (size_t)filled);
    bar[BAR_WIDTH] = 0;
    fprintf(stderr, "\r\033[K%s [%s] %3d %%", what ? what : "", bar, percent);
    fflush(stderr);
    p->percent = percent;
    p->drawn = now;
    p->shown = true;
    return true;
}
