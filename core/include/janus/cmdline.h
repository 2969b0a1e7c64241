/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel's command line (boot_info.cmdline). Parsed once at boot, read-only after that; any context.
 * What the kernel does not know goes to init, as on Linux: "name=value" into its environment, other words
 * and all behind "--" into its arguments. core/cmdline.c.
 */
#ifndef JANUS_CMDLINE_H
#define JANUS_CMDLINE_H

#include <janus/types.h>

void cmdline_init(void);

/* The value of the last "name=value", "" for a bare "name", NULL when it is not there. */
const char *cmdline_get(const char *name);
static inline bool cmdline_has(const char *name) { return cmdline_get(name) != NULL; }

#define INIT_STRINGS_MAX 32
extern const char *init_argv[INIT_STRINGS_MAX + 2];	/* [0] is filled in by whoever runs init */
extern const char *init_envp[INIT_STRINGS_MAX + 2];	/* starts with HOME=/ and TERM=linux */

#endif
