#include "fuzz/heap_gauge.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_ASAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define HAS_ASAN 1
#endif

#ifdef HAS_ASAN
/* sanitizer/allocator_interface.h and lsan_interface.h, which gcc doesn't install. */
int __sanitizer_install_malloc_and_free_hooks(void (*on_malloc)(const volatile void *, size_t), void (*on_free)(const volatile void *));
size_t __sanitizer_get_allocated_size(const volatile void *p);
int __lsan_do_recoverable_leak_check(void);

static atomic_llong held, peak, base;

static void count_malloc(const volatile void *p, size_t n) {
    (void)p;
    long long now = atomic_fetch_add(&held, (long long)n) + (long long)n, before = atomic_load(&peak);
    while (now > before && !atomic_compare_exchange_weak(&peak, &before, now)) {
    }
}

static void count_free(const volatile void *p) {
    if (p)
        atomic_fetch_sub(&held, (long long)__sanitizer_get_allocated_size(p));
}

void heap_gauge_install(void) {
    __sanitizer_install_malloc_and_free_hooks(count_malloc, count_free);
}

void heap_gauge_reset(void) {
    long long now = atomic_load(&held);
    atomic_store(&base, now);
    atomic_store(&peak, now);
}

size_t heap_gauge_peak_bytes(void) {
    long long n = atomic_load(&peak) - atomic_load(&base);
    return n > 0 ? (size_t)n : 0;
}

int heap_gauge_leaks(void) {
    return __lsan_do_recoverable_leak_check();
}
#else
static size_t base;

static size_t resident(const char *field) {
    char line[256];
    size_t kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, field, &kib) == 1)
            break;
    if (f)
        fclose(f);
    return kib << 10;
}

void heap_gauge_install(void) {
}

void heap_gauge_reset(void) {
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (fd >= 0) {
        ssize_t ignored = write(fd, "5", 1); /* the highest resident set counts anew */
        (void)ignored;
        close(fd);
    }
    base = resident("VmRSS: %zu kB");
}

size_t heap_gauge_peak_bytes(void) {
    size_t now = resident("VmHWM: %zu kB");
    return now > base ? now - base : 0;
}

int heap_gauge_leaks(void) {
    return 0;
}
#endif
