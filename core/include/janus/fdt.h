/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Reading a flattened device tree, version 17 (devicetree.org, specification 0.4, chapter 5).
 *
 * The blob comes from the firmware and is checked as it is walked: nothing outside [blob, blob + size)
 * is read, whatever it says. No state, no locks, any context; boot code on all machines that have one.
 *
 * A node is the offset of its FDT_BEGIN_NODE in the structure block; the root is 0; -1: there is none.
 */
#ifndef JANUS_FDT_H
#define JANUS_FDT_H

#include <janus/types.h>

struct fdt {
	const u8 *blob;
	u32 size;
	u32 structs, structs_size;	/* offset and size of the structure block */
	u32 strings, strings_size;
	u32 reservations;		/* offset of the memory reservation block */
};

/* False when it is not a device tree or longer than max. */
bool fdt_open(struct fdt *fdt, const void *blob, size_t max);

/* All nodes in the tree's order: fdt_next(fdt, node, &depth), starting at the root with depth 0. */
int fdt_next(const struct fdt *fdt, int node, int *depth);

/* The node of a path such as "/cpus/cpu@0"; each name with or without its @address. */
int fdt_path(const struct fdt *fdt, const char *path);

/* The next node behind `node` (-1: from the start) that is compatible with `what`. */
int fdt_compatible(const struct fdt *fdt, int node, const char *what);
bool fdt_is_compatible(const struct fdt *fdt, int node, const char *what);
bool fdt_is_enabled(const struct fdt *fdt, int node);

/* A property's value and length, or NULL. */
const void *fdt_prop(const struct fdt *fdt, int node, const char *name, u32 *len);
/* A property that is one NUL-terminated string, or NULL. */
const char *fdt_string(const struct fdt *fdt, int node, const char *name);
/* One cell of a property; `missing` when it has no such. */
u32 fdt_cell(const struct fdt *fdt, int node, const char *name, unsigned index, u32 missing);
/* A number of one or two cells (by the property's length). */
u64 fdt_number(const struct fdt *fdt, int node, const char *name, u64 missing);

/* The `index`th range of `reg`, by the parent's #address-cells and #size-cells. */
bool fdt_reg(const struct fdt *fdt, int node, unsigned index, u64 *addr, u64 *size);
/* The `index`th entry of the memory reservation block; false behind the last. */
bool fdt_reservation(const struct fdt *fdt, unsigned index, u64 *addr, u64 *size);

#endif
