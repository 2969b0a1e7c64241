/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What gcov counted, of builds with -Dmode=coverage; in others all of it is nothing. core/coverage.c.
 *
 * coverage_report() prints the counters of every file on the console. For who stops the machine: the other CPUs
 * stand still, any context, no lock.
 */
#ifndef JANUS_COVERAGE_H
#define JANUS_COVERAGE_H

#ifdef CONFIG_COVERAGE
void coverage_report(void);
#else
static inline void coverage_report(void) {}
#endif

#endif
