// SPDX-License-Identifier: BSD-2-Clause
/*
 * A reader of flattened device trees (janus/fdt.h).
 *
 * The structure block is a row of big-endian tokens: BEGIN_NODE name, PROP length nameoff value,
 * END_NODE, NOP, END. Everything goes through token() and cell(), which do not leave the block, so a
 * malformed tree ends a walk early and does no harm.
 */
#include <janus/fdt.h>
#include <janus/string.h>

#define FDT_MAGIC	0xd00dfeedu
#define FDT_BEGIN_NODE	1u
#define FDT_END_NODE	2u
#define FDT_PROP	3u
#define FDT_NOP		4u
#define FDT_END		9u

static u32 be32(const void *p)
{
	const u8 *b = p;

	return (u32)b[0] << 24 | (u32)b[1] << 16 | (u32)b[2] << 8 | b[3];
}

/* The word at an offset of the structure block; END outside of it. */
static u32 cell(const struct fdt *fdt, u32 at)
{
	if (at + 4 > fdt->structs_size || at + 4 < at)
		return FDT_END;
	return be32(fdt->blob + fdt->structs + at);
}

static const char *struct_text(const struct fdt *fdt, u32 at)
{
	const char *text = (const char *)fdt->blob + fdt->structs + at;

	if (at >= fdt->structs_size || strnlen(text, fdt->structs_size - at) == fdt->structs_size - at)
		return NULL;
	return text;
}

static const char *string_text(const struct fdt *fdt, u32 at)
{
	const char *text = (const char *)fdt->blob + fdt->strings + at;

	if (at >= fdt->strings_size || strnlen(text, fdt->strings_size - at) == fdt->strings_size - at)
		return NULL;
	return text;
}

/* The offset behind the token at `at`; structs_size when the block ends there. */
static u32 token_end(const struct fdt *fdt, u32 at)
{
	const char *name;
	u32 len;

	switch (cell(fdt, at)) {
	case FDT_BEGIN_NODE:
		name = struct_text(fdt, at + 4);
		return name ? ALIGN_UP(at + 4 + (u32)strlen(name) + 1, 4u) : fdt->structs_size;
	case FDT_PROP:
		len = cell(fdt, at + 4);
		if (at + 12 > fdt->structs_size || len > fdt->structs_size - at - 12)
			return fdt->structs_size;
		return ALIGN_UP(at + 12 + len, 4u);
	case FDT_END_NODE:
	case FDT_NOP:
		return at + 4;
	}
	return fdt->structs_size;
}

bool fdt_open(struct fdt *fdt, const void *blob, size_t max)
{
	const u8 *p = blob;

	if (be32(p) != FDT_MAGIC)
		return false;
	*fdt = (struct fdt){
		.blob = p, .size = be32(p + 4), .structs = be32(p + 8), .strings = be32(p + 12),
		.reservations = be32(p + 16), .strings_size = be32(p + 32), .structs_size = be32(p + 36),
	};
	if (fdt->size < 40 || fdt->size > max || be32(p + 20) < 17 || be32(p + 24) > 17)
		return false;
	if (fdt->structs > fdt->size || fdt->structs_size > fdt->size - fdt->structs)
		return false;
	if (fdt->strings > fdt->size || fdt->strings_size > fdt->size - fdt->strings)
		return false;
	return cell(fdt, 0) == FDT_BEGIN_NODE;
}

int fdt_next(const struct fdt *fdt, int node, int *depth)
{
	u32 at = token_end(fdt, (u32)node);

	for (; at < fdt->structs_size; at = token_end(fdt, at)) {
		u32 token = cell(fdt, at);

		if (token == FDT_BEGIN_NODE) {
			++*depth;
			return (int)at;
		}
		if (token == FDT_END_NODE && --*depth < 0)
			break;
	}
	return -1;
}

static const char *fdt_name(const struct fdt *fdt, int node)
{
	const char *name = node < 0 ? NULL : struct_text(fdt, (u32)node + 4);

	return name ? name : "";
}

static bool name_matches(const char *have, const char *want, size_t len)
{
	return !strncmp(have, want, len) && (!have[len] || (have[len] == '@' && !memchr(want, '@', len)));
}

static int child(const struct fdt *fdt, int parent, const char *name, size_t len)
{
	int depth = 0, node;

	if (parent < 0)
		return -1;
	for (node = fdt_next(fdt, parent, &depth); node >= 0 && depth > 0; node = fdt_next(fdt, node, &depth))
		if (depth == 1 && name_matches(fdt_name(fdt, node), name, len))
			return node;
	return -1;
}

int fdt_path(const struct fdt *fdt, const char *path)
{
	int node = 0;

	while (node >= 0 && *path == '/') {
		size_t len = 0;

		path++;
		while (path[len] && path[len] != '/')
			len++;
		if (len)
			node = child(fdt, node, path, len);
		path += len;
	}
	return *path ? -1 : node;
}

static int fdt_parent(const struct fdt *fdt, int node)
{
	int parents[16] = { 0 }, depth = 0, at = 0;

	while (at >= 0 && at != node) {
		if (depth < 15)
			parents[depth + 1] = at;
		at = fdt_next(fdt, at, &depth);
		if (at >= 0 && depth < 16)
			parents[depth] = at;
	}
	return at < 0 || depth < 1 || depth > 15 ? -1 : parents[depth - 1];
}

const void *fdt_prop(const struct fdt *fdt, int node, const char *name, u32 *len)
{
	u32 at;

	if (node < 0)
		return NULL;
	for (at = token_end(fdt, (u32)node); at < fdt->structs_size; at = token_end(fdt, at)) {
		const char *have;

		if (cell(fdt, at) == FDT_NOP)
			continue;
		if (cell(fdt, at) != FDT_PROP || token_end(fdt, at) >= fdt->structs_size)
			break;
		have = string_text(fdt, cell(fdt, at + 8));
		if (have && !strcmp(have, name)) {
			*len = cell(fdt, at + 4);
			return fdt->blob + fdt->structs + at + 12;
		}
	}
	return NULL;
}

const char *fdt_string(const struct fdt *fdt, int node, const char *name)
{
	u32 len;
	const char *value = fdt_prop(fdt, node, name, &len);

	return value && strnlen(value, len) < len ? value : NULL;
}

u32 fdt_cell(const struct fdt *fdt, int node, const char *name, unsigned index, u32 missing)
{
	u32 len;
	const u8 *value = fdt_prop(fdt, node, name, &len);

	return value && index < len / 4 ? be32(value + 4 * index) : missing;
}

static u64 number(const u8 *value, u32 cells)
{
	u64 v = 0;

	while (cells--) {
		v = v << 32 | be32(value);
		value += 4;
	}
	return v;
}

u64 fdt_number(const struct fdt *fdt, int node, const char *name, u64 missing)
{
	u32 len;
	const u8 *value = fdt_prop(fdt, node, name, &len);

	return value && (len == 4 || len == 8) ? number(value, len / 4) : missing;
}

bool fdt_is_compatible(const struct fdt *fdt, int node, const char *what)
{
	u32 len;
	const char *list = fdt_prop(fdt, node, "compatible", &len);

	while (list && len) {
		size_t n = strnlen(list, len);

		if (n < len && !strcmp(list, what))
			return true;
		n = min_t(size_t, n + 1, len);
		list += n;
		len -= (u32)n;
	}
	return false;
}

int fdt_compatible(const struct fdt *fdt, int node, const char *what)
{
	int depth = 1 << 20;	/* of no interest: never the end of the walk */

	for (node = node < 0 ? 0 : fdt_next(fdt, node, &depth); node >= 0; node = fdt_next(fdt, node, &depth))
		if (fdt_is_compatible(fdt, node, what))
			return node;
	return -1;
}

bool fdt_is_enabled(const struct fdt *fdt, int node)
{
	const char *status = fdt_string(fdt, node, "status");

	return !status || !strcmp(status, "okay") || !strcmp(status, "ok");
}

bool fdt_reg(const struct fdt *fdt, int node, unsigned index, u64 *addr, u64 *size)
{
	int parent = fdt_parent(fdt, node);
	u32 na = fdt_cell(fdt, parent, "#address-cells", 0, 2), ns = fdt_cell(fdt, parent, "#size-cells", 0, 1);
	u32 len, stride = 4 * (na + ns);
	const u8 *reg = fdt_prop(fdt, node, "reg", &len);

	if (!reg || na > 4 || ns > 4 || !stride || index >= len / stride)
		return false;
	reg += index * stride;
	*addr = number(reg, na);
	*size = number(reg + 4 * na, ns);
	return true;
}

bool fdt_reservation(const struct fdt *fdt, unsigned index, u64 *addr, u64 *size)
{
	u64 at = fdt->reservations + (u64)index * 16;

	if (at + 16 > fdt->size)
		return false;
	*addr = number(fdt->blob + at, 2);
	*size = number(fdt->blob + at + 8, 2);
	return *addr || *size;
}
