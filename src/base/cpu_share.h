/* How much of the machine's CPU time is this process's: cores it may run on, and the time that control groups give it.
 *
 * The system's files are read below `root`: "" but in tests. They are read as bytes from outside: what is missing, odd or out of range counts as no limit. */
#ifndef MOTE_BASE_CPU_SHARE_H
#define MOTE_BASE_CPU_SHARE_H

#include <stdbool.h>
#include <stddef.h>

/* CPUs that a mask of ours can name; Linux's own limit on x86-64. */
enum { MOTE_CPU_SHARE_MAX_CPUS = 8192 };

/* Whole CPUs, rounded up, of the smallest quota of our control group and those above it (cgroup v2's cpu.max, v1's cpu.cfs_quota_us); 0 where there is none. */
int mote_cpu_share_quota(const char *root);
/* Physical cores of which at least one hyper-thread is ours: is_ours [n_cpus]. Where the system doesn't tell siblings, every CPU is a core. */
int mote_cpu_share_cores(const char *root, const bool *is_ours, size_t n_cpus);

#endif
