// SPDX-License-Identifier: BSD-2-Clause
/*
 * A program of calls printed as C that a person can read and compile (actors.h says how).
 */
#include <ctype.h>
#include <stdio.h>

#include "fuzz.h"
#include "structs.h"

/* ---- a program as C ---- */

static void print_bytes(const unsigned char *bytes, int n)
{
	putchar('"');
	for (int i = 0; i < n; i++)
		if (isprint(bytes[i]) && bytes[i] != '"' && bytes[i] != '\\' && bytes[i] != '?')
			putchar(bytes[i]);
		else
			printf("\\%03o", bytes[i]);
	putchar('"');
}

static bool is_text(const struct step *step, int i)
{
	const struct arg *arg = &step->call->args[i];

	return (arg->kind == K_STR || arg->kind == K_PATH) && step->value[i] == PLACE_GOOD;
}

/* Lines that put into a slot what the call is to find there. */
static void print_slot(const struct step *step, int i, unsigned long at)
{
	const unsigned char *slot = (void *)SLOT_AT(step->actor, i);
	const int parts[][2] = { { 0, 200 }, { IN_SLOT, 128 }, { MESSAGE_CONTROL, 64 }, { MESSAGE_VECTORS, 48 } };

	if (step->value[i] == PLACE_EDGE && step->memory[i].length > 4) {
		printf("\tput(0x%lx, ", at);
		print_bytes((void *)at, step->memory[i].length - 3);
		printf(", %d);\n", step->memory[i].length - 3);
	}
	for (int p = 0; p < 4 && step->value[i] == PLACE_GOOD; p++) {
		int n = parts[p][1];

		while (n && slot[parts[p][0] + n - 1] == '.')
			n--;
		if (!n)
			continue;
		printf("\tput(0x%lx, ", (unsigned long)slot + parts[p][0]);
		print_bytes(slot + parts[p][0], n);
		printf(", %d);\n", n);
	}
}

static void print_number(const struct arg *arg, long value)
{
	static const struct { long value; const char *name; } names[] = {
		{ PID_A, "PID_A" }, { PID_B, "PID_B" }, { PID_T, "PID_T" }, { -100, "AT_FDCWD" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].value == value && (arg->kind == K_PID || (i == 3 && arg->kind == K_DFD))) {
			printf(", %s", names[i].name);
			return;
		}
	printf(arg->kind == K_MODE ? ", 0%lo" : value > 65535 ? ", 0x%lx" : ", %ld", value);
}

static void print_step(const struct step *step, int n)
{
	long a[6] = { 0 };

	step_arguments(step, a);
	for (int i = 0; i < step->call->nargs; i++)
		if (step_has_memory(step, i) && !is_text(step, i))
			print_slot(step, i, a[i]);
	printf("\ton(%c, %s%s", "ATB"[step->actor], step->call->number < 0 ? "DO_" : "SYS_",
	       step->call->number == DO_LOAD ? "LOAD" : step->call->number == DO_STORE ? "STORE" : step->call->name);
	for (int i = 0; i < 6; i++)
		if (i < step->call->nargs && is_text(step, i)) {
			printf(", (long)");
			print_bytes(step->memory[i].bytes, step->memory[i].length - 1);
		} else if (i < step->call->nargs && step_has_memory(step, i)) {
			printf(", 0x%lx", a[i]);
		} else if (i < step->call->nargs && step->value[i] >= ID_MSG && step->value[i] <= ID_SHM) {
			printf(", scene_ipc[%s]", (const char *[]){ "MSG", "SEM", "SHM" }[step->value[i] - ID_MSG]);
		} else {
			print_number(i < step->call->nargs ? &step->call->args[i] : &(struct arg){ 0 }, a[i]);
		}
	printf(");\t/* %d */\n", n);
}

void program_print(const struct program *program, uint32_t without)
{
	actors_memory();
	printf("#include <fcntl.h>\n#include <sys/syscall.h>\n#include \"actors.h\"\n\nint main(void)\n{\n"
	       "\tscene_files();\n\tactors_begin();\n");
	for (int n = 0; n < program->steps; n++)
		if (!(without >> n & 1))
			print_step(&program->step[n], n);
	printf("\tactors_end();\n\tscene_hash(true);\n}\n");
}
