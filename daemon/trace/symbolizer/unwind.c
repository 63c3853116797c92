// SPDX-License-Identifier: GPL-2.0-or-later
/* Unwinding; see unwind.h. */
#include "unwind.h"

#include <dwarf.h>
#include <elfutils/version.h>
#include <errno.h>
#include <string.h>

/* There is one thread, whatever its number. */
#define THREAD 1

/* What libdw is at. */
struct walk {
	struct view *view;
	const struct question_unwind *question;
	struct answer_frames *frames;
};

static struct walk walk;

/* Unwind tables are in what is mapped; debug information is not looked for. */
static int find_no_debuginfo(Dwfl_Module *dwfl_module, void **userdata, const char *name, Dwarf_Addr base,
			     const char *file_name, const char *debuglink_file, GElf_Word debuglink_crc,
			     char **ret_file_name)
{
	(void)dwfl_module;
	(void)userdata;
	(void)name;
	(void)base;
	(void)file_name;
	(void)debuglink_file;
	(void)debuglink_crc;
	(void)ret_file_name;
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = module_find_elf,
	.find_debuginfo = find_no_debuginfo,
	.section_address = dwfl_offline_section_address,
};

/* Tells libdw what is at an address, if it does not know. */
static void report(struct view *view, __u64 address)
{
	const struct region *region;
	Dwfl_Module *dwfl_module;
	void **userdata;

	if (dwfl_addrmodule(view->dwfl, address))
		return;
	region = view_region(view, address);
	if (!region || !region->module || region->given.low >= region->given.high)
		return;
	dwfl_report_begin_add(view->dwfl);
	dwfl_module = dwfl_report_module(view->dwfl, "", region->given.low, region->given.high);
	if (dwfl_module && dwfl_module_info(dwfl_module, &userdata, NULL, NULL, NULL, NULL, NULL, NULL))
		*userdata = region->module;
	dwfl_report_end(view->dwfl, NULL, NULL);
}

static pid_t next_thread(Dwfl *dwfl, void *arg, void **ret_arg)
{
	bool is_first = !*ret_arg;

	(void)dwfl;
	*ret_arg = arg;
	return is_first ? THREAD : 0;
}

static bool get_thread(Dwfl *dwfl, pid_t tid, void *arg, void **ret_arg)
{
	(void)dwfl;
	*ret_arg = arg;
	return tid == THREAD;
}

static bool read_memory(Dwfl *dwfl, Dwarf_Addr address, Dwarf_Word *ret, void *arg)
{
	const struct question_unwind *question = walk.question;
	__u64 offset = address - question->registers[TRACE_STACK_POINTER];

	(void)dwfl;
	(void)arg;
	if (question->h.nr < sizeof(*ret) || offset > question->h.nr - sizeof(*ret))
		return false;
	memcpy(ret, question->bytes + offset, sizeof(*ret));
	return true;
}

static bool set_initial_registers(Dwfl_Thread *thread, void *arg)
{
	Dwarf_Word registers[TRACE_NR_REGISTERS];

	(void)arg;
	for (int i = 0; i < TRACE_NR_REGISTERS; i++)
		registers[i] = walk.question->registers[i];
#if defined(__aarch64__)
	/* There the program counter is none of the registers. */
	dwfl_thread_state_register_pc(thread, registers[TRACE_PROGRAM_COUNTER]);
	return dwfl_thread_state_registers(thread, 0, TRACE_PROGRAM_COUNTER, registers);
#else
	return dwfl_thread_state_registers(thread, 0, TRACE_NR_REGISTERS, registers);
#endif
}

static const Dwfl_Thread_Callbacks thread_callbacks = {
	.next_thread = next_thread,
	.get_thread = get_thread,
	.memory_read = read_memory,
	.set_initial_registers = set_initial_registers,
};

/* Known where the address of the return lies next to it. */
static __u64 stack_pointer(Dwfl_Frame *frame)
{
#if defined(__x86_64__) && _ELFUTILS_PREREQ(0, 188)
	Dwarf_Word value;

	return dwfl_frame_reg(frame, TRACE_STACK_POINTER, &value) ? 0 : value;
#else
	(void)frame;
	return 0;
#endif
}

static int on_frame(Dwfl_Frame *frame, void *arg)
{
	struct answer_frames *frames = walk.frames;
	Dwarf_Addr pc;

	(void)arg;
	/* Asked for more, libdw would go on to the caller before it has been told what is here. */
	if (!dwfl_frame_pc(frame, &pc, NULL))
		return DWARF_CB_ABORT;
	/* What is not mapped is no caller: the chain ended one before. */
	if (frames->h.nr && !view_region(walk.view, pc - 1))
		return DWARF_CB_ABORT;
	frames->sp[frames->h.nr] = stack_pointer(frame);
	frames->ip[frames->h.nr++] = pc;
	/* Of a caller it is the call. */
	report(walk.view, frames->h.nr > 1 ? pc - 1 : pc);
	return frames->h.nr < USER_STACK_MAX_FRAMES ? DWARF_CB_OK : DWARF_CB_ABORT;
}

/* The vDSO is a file of this machine that nobody else has made. */
static int attach(struct view *view)
{
	if (!view->vdso)
		view->vdso = module_open_vdso();
	if (!view->vdso)
		return -ENOTSUP;
	view->dwfl = dwfl_begin(&callbacks);
	if (!view->dwfl)
		return -ENOMEM;
	dwfl_report_begin(view->dwfl);
	dwfl_report_end(view->dwfl, NULL, NULL);
	if (dwfl_attach_state(view->dwfl, view->vdso->elf, THREAD, &thread_callbacks, &walk))
		return 0;
	dwfl_end(view->dwfl);
	view->dwfl = NULL;
	return -ENOTSUP;
}

int unwind(struct view *view, const struct question_unwind *question, struct answer_frames *ret)
{
	int err = view->dwfl ? 0 : attach(view);

	ret->h.nr = 0;
	if (err)
		return err;
	walk = (struct walk){ view, question, ret };
	report(view, question->registers[TRACE_PROGRAM_COUNTER]);
	dwfl_getthread_frames(view->dwfl, THREAD, on_frame, NULL);
	if (!ret->h.nr)
		ret->ip[ret->h.nr++] = question->registers[TRACE_PROGRAM_COUNTER];
	return 0;
}
