/* Programs as caisson-init's children run them. */
#define _GNU_SOURCE
#include "builder.h"
#include "harness.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXITED_WITH(code) ((code) << 8)

struct outcome {
	uint64_t status;
	struct status_page page;
	char text[4096]; /* what was written to the donated pipe */
};

/* Runs the draft with a pipe as its one donated descriptor. */
static struct outcome outcome_of(int program)
{
	struct outcome outcome;
	struct launch launch;
	int ends[2];
	struct init init = start_sandbox(CLONE_NEWPID);
	MUST(pipe2(ends, O_CLOEXEC));
	outcome.status = run_to_end(&init, program, &(struct options){.donated = &ends[1], .donated_count = 1}, &launch);
	close(ends[1]);
	read_text(ends[0], outcome.text, sizeof outcome.text);
	close(ends[0]);
	outcome.page = *launch.page;
	return outcome;
}

static struct outcome run_draft(void)
{
	return outcome_of(finish_program(1));
}

static void check_success(const struct outcome *outcome, const char *text)
{
	if (outcome->page.state != STATUS_NONE)
		fail(__FILE__, __LINE__, "step %u failed with %d", outcome->page.step, outcome->page.error);
	CHECK_EQUAL(outcome->status, 0);
	if (strcmp(outcome->text, text) != 0)
		fail(__FILE__, __LINE__, "wrote \"%s\", not \"%s\"", outcome->text, text);
}

static void check_failure(const struct outcome *outcome, uint32_t step, int error)
{
	CHECK_EQUAL(outcome->status, EXITED_WITH(127));
	CHECK_EQUAL(outcome->page.state, STATUS_FAILED);
	CHECK_EQUAL(outcome->page.step, step);
	CHECK_EQUAL(outcome->page.error, error);
}

/* ---- Arguments ---- */

CASE(passes_immediates_data_descriptors_and_slots)
{
	begin_program();
	uint32_t buffer = add_buffer(64);
	STEP(.number = SYS_openat,
	     .argument = {IMMEDIATE(AT_FDCWD), DATA(add_text("/proc/sys/kernel/ostype")), IMMEDIATE(O_RDONLY)}, .into = 1 + 3);
	STEP(.number = SYS_read, .argument = {SLOT(3), DATA(buffer), IMMEDIATE(64)}, .into = 1 + 4);
	STEP(.number = SYS_write, .argument = {DONATED(0), DATA(buffer), SLOT(4)});
	struct outcome outcome = run_draft();
	check_success(&outcome, "Linux\n");
}

CASE(passes_all_six_arguments)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	begin_program();
	STEP(.number = SYS_mmap,
	     .argument = {IMMEDIATE(0x10000000), IMMEDIATE(4096), IMMEDIATE(PROT_READ),
			  IMMEDIATE(MAP_PRIVATE | MAP_FIXED), DONATED(1), IMMEDIATE(4096)},
	     .into = 1);
	STEP(.number = SYS_write, .argument = {DONATED(0), SLOT(0), IMMEDIATE(5)});
	char text[16];
	int ends[2], file = MUST(memfd_create("file", MFD_CLOEXEC));
	MUST(pwrite(file, "sixth", 5, 4096));
	MUST(pipe2(ends, O_CLOEXEC));
	CHECK_EQUAL(run_to_end(&init, finish_program(2),
			       &(struct options){.donated = (int[]){ends[1], file}, .donated_count = 2}, NULL),
		    0);
	close(ends[1]);
	read_text(ends[0], text, sizeof text);
	CHECK_EQUAL(strcmp(text, "sixth"), 0);
}

CASE(keeps_the_results_of_the_last_slot)
{
	begin_program();
	STEP(.number = SYS_getpid, .into = 1 + MAX_SLOTS - 1);
	STEP(.number = SYS_exit_group, .argument = {SLOT(MAX_SLOTS - 1)});
	struct outcome outcome = run_draft();
	CHECK_EQUAL(outcome.status, EXITED_WITH(2)); /* the second process of its namespace */
}

CASE(relocates_pointers_in_data)
{
	begin_program();
	uint32_t vector = add_buffer(2 * sizeof(struct iovec));
	add_relocation(vector, add_text("one "));
	add_relocation(vector + sizeof(struct iovec), add_text("two"));
	*(uint64_t *)(draft.data + vector + 8) = 4;
	*(uint64_t *)(draft.data + vector + sizeof(struct iovec) + 8) = 3;
	STEP(.number = SYS_writev, .argument = {DONATED(0), DATA(vector), IMMEDIATE(2)});
	struct outcome outcome = run_draft();
	check_success(&outcome, "one two");
}

CASE(leaves_the_donated_program_as_it_is)
{
	begin_program();
	uint32_t buffer = add_buffer(8);
	add_relocation(buffer, buffer);
	STEP(.number = SYS_getpid);
	int program = finish_program(1), copy = MUST(dup(program));
	uint64_t before, after;
	MUST(pread(copy, &before, 8, (off_t)(program_bytes(NULL) - 8)));
	struct outcome outcome = outcome_of(program);
	check_success(&outcome, "");
	MUST(pread(copy, &after, 8, (off_t)(program_bytes(NULL) - 8)));
	CHECK_EQUAL(after, before);
}

/* ---- Errors ---- */

CASE(ends_at_a_step_that_fails)
{
	begin_program();
	add_write(DONATED(0), "before");
	STEP(.number = SYS_close, .argument = {IMMEDIATE(-1)});
	add_write(DONATED(0), "after");
	struct outcome outcome = run_draft();
	check_failure(&outcome, 1, EBADF);
	CHECK_EQUAL(strcmp(outcome.text, "before"), 0);
}

CASE(goes_on_after_each_tolerated_error)
{
	for (int i = 0; i < 4; i++) {
		struct call call = {.number = SYS_close, .argument = {IMMEDIATE(-1)}, .tolerated = {1, 2, 3, 4}};
		call.tolerated[i] = EBADF;
		begin_program();
		add_call(call);
		add_write(DONATED(0), "after");
		struct outcome outcome = run_draft();
		check_success(&outcome, "after");
	}
}

CASE(keeps_a_tolerated_error_in_its_slot)
{
	begin_program();
	STEP(.number = SYS_close, .argument = {IMMEDIATE(-1)}, .into = 1, .tolerated = {EBADF});
	STEP(.number = SYS_exit_group, .argument = {SLOT(0)});
	struct outcome outcome = run_draft();
	CHECK_EQUAL(outcome.status, EXITED_WITH(-EBADF & 0xff));
}

CASE(reports_an_unknown_system_call)
{
	begin_program();
	STEP(.number = 100000);
	struct outcome outcome = run_draft();
	check_failure(&outcome, 0, ENOSYS);
}

CASE(stores_a_descriptor_in_a_message)
{
	int pair[2], number = -1;
	char byte;
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))];
	struct iovec part = {.iov_base = &byte, .iov_len = 1};
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
	struct init init = start_sandbox(CLONE_NEWPID);
	MUST(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair));
	begin_program();
	uint32_t rights = add_data(&(struct {
		struct cmsghdr header;
		int number;
	}){{CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS}, -1}, CMSG_SPACE(sizeof(int)));
	uint32_t vector = add_data(&(struct iovec){.iov_len = 1}, sizeof(struct iovec));
	add_relocation(vector, add_text("x"));
	uint32_t header = add_data(&(struct msghdr){.msg_iovlen = 1, .msg_controllen = CMSG_SPACE(sizeof(int))},
				   sizeof(struct msghdr));
	add_relocation(header + offsetof(struct msghdr, msg_iov), vector);
	add_relocation(header + offsetof(struct msghdr, msg_control), rights);
	STEP(.number = SYS_openat,
	     .argument = {IMMEDIATE(AT_FDCWD), DATA(add_text("/proc/sys/kernel/ostype")), IMMEDIATE(O_RDONLY)},
	     .flags = STEP_STORE, .store = rights + sizeof(struct cmsghdr));
	STEP(.number = SYS_sendmsg, .argument = {DONATED(0), DATA(header), IMMEDIATE(0)});
	CHECK_EQUAL(run_to_end(&init, finish_program(1), &(struct options){.donated = &pair[1], .donated_count = 1}, NULL),
		    0);
	MUST(recvmsg(pair[0], &message, MSG_CMSG_CLOEXEC));
	memcpy(&number, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof number);
	CHECK_EQUAL(read(number, &byte, 1), 1);
	CHECK_EQUAL(byte, 'L');
}

CASE(stores_nothing_of_an_error)
{
	begin_program();
	uint32_t place = add_text("kept");
	STEP(.number = SYS_close, .argument = {IMMEDIATE(-1)}, .tolerated = {EBADF}, .flags = STEP_STORE, .store = place);
	STEP(.number = SYS_write, .argument = {DONATED(0), DATA(place), IMMEDIATE(4)});
	struct outcome outcome = run_draft();
	check_success(&outcome, "kept");
}

/* ---- Conditions ---- */

static void add_conditional_write(struct argument condition, const char *text)
{
	STEP(.number = SYS_write,
	     .argument = {DONATED(0), DATA(add_text(text)), IMMEDIATE(strlen(text)), condition});
}

CASE(makes_a_call_only_if_an_earlier_one_has_succeeded)
{
	begin_program();
	STEP(.number = SYS_dup, .argument = {DONATED(0)}, .into = 1);
	STEP(.number = SYS_close, .argument = {IMMEDIATE(-1)}, .into = 2, .tolerated = {EBADF});
	add_conditional_write(ONLY_IF(0), "a");
	add_conditional_write(ONLY_UNLESS(0), "b");
	add_conditional_write(ONLY_IF(1), "c");
	add_conditional_write(ONLY_UNLESS(1), "d");
	struct outcome outcome = run_draft();
	check_success(&outcome, "ad");
}

CASE(makes_a_call_only_if_all_conditions_hold)
{
	begin_program();
	STEP(.number = SYS_dup, .argument = {DONATED(0)}, .into = 1);
	STEP(.number = SYS_close, .argument = {IMMEDIATE(-1)}, .into = 2, .tolerated = {EBADF});
	STEP(.number = SYS_close, .argument = {IMMEDIATE(-1), ONLY_UNLESS(0), ONLY_UNLESS(1)});
	STEP(.number = SYS_close, .argument = {IMMEDIATE(-1), ONLY_IF(0), ONLY_IF(1)});
	STEP(.number = SYS_close, .argument = {SLOT(0), ONLY_IF(0), ONLY_UNLESS(1)});
	STEP(.number = SYS_close, .argument = {SLOT(0)}, .tolerated = {EBADF});
	struct outcome outcome = run_draft();
	check_success(&outcome, "");
}

CASE(fills_the_slot_of_a_call_that_is_not_made_with_an_error)
{
	begin_program();
	STEP(.number = SYS_dup, .argument = {DONATED(0)}, .into = 1);
	STEP(.number = SYS_dup, .argument = {DONATED(0), ONLY_UNLESS(0)}, .into = 2);
	STEP(.number = SYS_close, .argument = {SLOT(1)}, .tolerated = {EBADF});
	add_conditional_write(ONLY_UNLESS(1), "an error");
	struct outcome outcome = run_draft();
	check_success(&outcome, "an error");
}

/* ---- Stopping ---- */

CASE(ends_with_zero_after_the_last_step)
{
	begin_program();
	STEP(.number = SYS_getpid);
	struct outcome outcome = run_draft();
	check_success(&outcome, "");
}

CASE(stops_at_the_first_candidate_that_succeeds)
{
	begin_program();
	STEP(.number = SYS_close, .argument = {IMMEDIATE(-1)}, .flags = STEP_STOP_UNLESS_ERROR, .tolerated = {EBADF});
	STEP(.number = SYS_getpid, .flags = STEP_STOP_UNLESS_ERROR);
	add_write(DONATED(0), "not reached");
	struct outcome outcome = run_draft();
	check_success(&outcome, "");
}

CASE(executes_the_first_candidate_that_exists)
{
	begin_program();
	STEP(.number = SYS_dup3, .argument = {DONATED(0), IMMEDIATE(STDOUT_FILENO)});
	add_exec((const char *const[]){"/nowhere/probe", NULL}, STEP_STOP_UNLESS_ERROR, ENOENT);
	add_exec((const char *const[]){self_path(), "probe", "lines", "/proc/self/comm", "", NULL},
		 STEP_STOP_UNLESS_ERROR, ENOENT);
	add_exec((const char *const[]){"/nowhere/again", NULL}, 0, 0);
	struct outcome outcome = run_draft();
	check_success(&outcome, "caisson-init-te\n"); /* TASK_COMM_LEN */
}

CASE(reports_the_last_candidate_that_fails)
{
	begin_program();
	add_exec((const char *const[]){"/nowhere/probe", NULL}, STEP_STOP_UNLESS_ERROR, ENOENT);
	add_exec((const char *const[]){"/proc/self/comm", NULL}, 0, 0);
	struct outcome outcome = run_draft();
	check_failure(&outcome, 1, EACCES);
}

CASE(ends_at_a_candidate_that_fails_otherwise)
{
	begin_program();
	add_exec((const char *const[]){"/proc/self/comm", NULL}, STEP_STOP_UNLESS_ERROR, ENOENT);
	add_write(DONATED(0), "not reached");
	struct outcome outcome = run_draft();
	check_failure(&outcome, 0, EACCES);
	CHECK_EQUAL(outcome.text[0], 0);
}

/* ---- The working directory ---- */

CASE(accepts_a_rooted_working_directory)
{
	begin_program();
	uint32_t buffer = add_buffer(4096);
	STEP(.number = SYS_getcwd, .argument = {DATA(buffer), IMMEDIATE(4096)}, .flags = STEP_ROOTED);
	struct outcome outcome = run_draft();
	check_success(&outcome, "");
}

CASE(refuses_a_working_directory_outside_of_the_root)
{
	begin_program();
	uint32_t buffer = add_buffer(4096);
	STEP(.number = SYS_chdir, .argument = {DATA(add_text("/"))});
	STEP(.number = SYS_chroot, .argument = {DATA(add_text("/proc/self/attr"))});
	STEP(.number = SYS_getcwd, .argument = {DATA(buffer), IMMEDIATE(4096)}, .flags = STEP_ROOTED);
	struct outcome outcome = run_draft();
	check_failure(&outcome, 2, ENOENT);
}

CASE(keeps_the_error_of_a_rooted_call)
{
	begin_program();
	uint32_t buffer = add_buffer(8);
	STEP(.number = SYS_getcwd, .argument = {DATA(buffer), IMMEDIATE(1)}, .flags = STEP_ROOTED);
	struct outcome outcome = run_draft();
	check_failure(&outcome, 0, ERANGE);
}

/* ---- Barriers ---- */

CASE(waits_at_a_barrier_before_the_call)
{
	int ends[2];
	struct init init = start_sandbox(CLONE_NEWPID);
	MUST(pipe2(ends, O_CLOEXEC));
	begin_program();
	STEP(.number = NO_SYSTEM_CALL, .flags = STEP_BARRIER);
	STEP(.number = SYS_write, .argument = {DONATED(0), DATA(add_text("x")), IMMEDIATE(1)}, .flags = STEP_BARRIER);
	struct launch launch =
		run(&init, 5, finish_program(1), &(struct options){.donated = &ends[1], .donated_count = 1});
	CHECK_EQUAL(expect_barrier(&launch), 0);
	open_gate(&launch);
	CHECK_EQUAL(expect_barrier(&launch), 1);
	CHECK(!is_readable(ends[0], 0));
	open_gate(&launch);
	CHECK_EQUAL(expect_exit(&init, 5), 0);
	CHECK(is_readable(ends[0], 0));
}

CASE(works_between_a_report_and_the_gate)
{
	int ends[2];
	struct init init = start_sandbox(CLONE_NEWPID);
	MUST(pipe2(ends, O_CLOEXEC));
	begin_program();
	STEP(.number = NO_SYSTEM_CALL, .flags = STEP_REPORT);
	STEP(.number = SYS_write, .argument = {DONATED(0), DATA(add_text("x")), IMMEDIATE(1)});
	STEP(.number = NO_SYSTEM_CALL, .flags = STEP_AWAIT);
	STEP(.number = SYS_write, .argument = {DONATED(0), DATA(add_text("y")), IMMEDIATE(1)});
	struct launch launch =
		run(&init, 5, finish_program(1), &(struct options){.donated = &ends[1], .donated_count = 1});
	CHECK_EQUAL(expect_barrier(&launch), 0);
	CHECK(is_readable(ends[0], PATIENCE_MILLISECONDS));
	char byte;
	CHECK_EQUAL(read(ends[0], &byte, 1), 1);
	CHECK_EQUAL(byte, 'x');
	while (__atomic_load_n(&launch.page->step, __ATOMIC_ACQUIRE) != 2)
		CHECK(!is_readable(launch.pidfd, 1));
	CHECK_EQUAL(launch.page->state, STATUS_NONE);
	CHECK(!is_readable(launch.gate, 0));
	CHECK(!is_readable(ends[0], 0));
	open_gate(&launch);
	CHECK_EQUAL(expect_exit(&init, 5), 0);
	CHECK(is_readable(ends[0], 0));
}

CASE(awaits_nothing_at_a_gate_that_was_opened_before)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	begin_program();
	STEP(.number = NO_SYSTEM_CALL, .flags = STEP_BARRIER);
	STEP(.number = NO_SYSTEM_CALL, .flags = STEP_AWAIT);
	struct launch launch = run(&init, 5, finish_program(0), NULL);
	CHECK_EQUAL(expect_barrier(&launch), 0);
	open_gate(&launch);
	open_gate(&launch);
	CHECK_EQUAL(expect_exit(&init, 5), 0);
}

CASE(ends_at_a_barrier_whose_gate_is_gone)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	begin_program();
	STEP(.number = SYS_getpid);
	STEP(.number = SYS_getpid, .flags = STEP_BARRIER);
	struct launch launch = run(&init, 5, finish_program(0), NULL);
	CHECK_EQUAL(expect_barrier(&launch), 1);
	close(launch.gate);
	CHECK_EQUAL(expect_exit(&init, 5), EXITED_WITH(127));
	CHECK_EQUAL(launch.page->state, STATUS_FAILED);
	CHECK_EQUAL(launch.page->step, 1);
	CHECK_EQUAL(launch.page->error, EPIPE);
}

CASE(tells_by_the_gate_that_the_program_was_executed)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	char byte;
	begin_program();
	add_exec((const char *const[]){self_path(), "probe", "daemon", NULL}, 0, 0);
	struct launch launch = run(&init, 5, finish_program(0), NULL);
	CHECK(is_readable(launch.gate, PATIENCE_MILLISECONDS));
	CHECK_EQUAL(read(launch.gate, &byte, 1), 0);
	CHECK_EQUAL(launch.page->state, STATUS_NONE);
	CHECK_EQUAL(expect_exit(&init, 5), EXITED_WITH(2));
}

/* ---- The next program ---- */

/* At the step that asks for the next program; one descriptor is donated already. */
static struct launch start_to_wait(const struct init *init, int donated)
{
	begin_program();
	add_write(DONATED(0), "one ");
	STEP(.number = NO_SYSTEM_CALL, .flags = STEP_NEXT);
	add_write(DONATED(0), "never");
	struct launch launch =
		run(init, 5, finish_program(1), &(struct options){.donated = &donated, .donated_count = 1});
	CHECK_EQUAL(expect_barrier(&launch), 1);
	return launch;
}

static void send_next(const struct launch *launch, const int *descriptors, int count)
{
	char byte = 1;
	struct iovec part = {.iov_base = &byte, .iov_len = 1};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(MAX_PASSED * sizeof(int))];
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	if (count > 0) {
		message.msg_control = control;
		message.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
		struct cmsghdr *header = CMSG_FIRSTHDR(&message);
		*header = (struct cmsghdr){.cmsg_len = CMSG_LEN((size_t)count * sizeof(int)),
					   .cmsg_level = SOL_SOCKET,
					   .cmsg_type = SCM_RIGHTS};
		memcpy(CMSG_DATA(header), descriptors, (size_t)count * sizeof(int));
	}
	MUST(sendmsg(launch->gate, &message, MSG_NOSIGNAL));
}

CASE(goes_on_with_the_program_that_it_is_sent)
{
	int first[2], second[2];
	char text[16];
	struct init init = start_sandbox(CLONE_NEWPID);
	MUST(pipe2(first, O_CLOEXEC));
	MUST(pipe2(second, O_CLOEXEC));
	struct launch launch = start_to_wait(&init, first[1]);
	begin_program();
	add_write(DONATED(0), "two");
	add_write(DONATED(1), "three");
	STEP(.number = NO_SYSTEM_CALL, .flags = STEP_BARRIER);
	STEP(.number = SYS_exit_group, .argument = {IMMEDIATE(9)});
	send_next(&launch, (int[]){finish_program(2), second[1]}, 2);
	CHECK_EQUAL(expect_barrier(&launch), 2);
	open_gate(&launch);
	CHECK_EQUAL(expect_exit(&init, 5), EXITED_WITH(9));
	close(first[1]);
	close(second[1]);
	read_text(first[0], text, sizeof text);
	CHECK_EQUAL(strcmp(text, "one two"), 0);
	read_text(second[0], text, sizeof text);
	CHECK_EQUAL(strcmp(text, "three"), 0);
}

CASE(goes_on_more_than_once)
{
	int ends[2];
	char text[16];
	struct init init = start_sandbox(CLONE_NEWPID);
	MUST(pipe2(ends, O_CLOEXEC));
	struct launch launch = start_to_wait(&init, ends[1]);
	begin_program();
	STEP(.number = NO_SYSTEM_CALL, .flags = STEP_NEXT);
	send_next(&launch, (int[]){finish_program(1)}, 1);
	CHECK_EQUAL(expect_barrier(&launch), 0);
	begin_program();
	add_write(DONATED(0), "last");
	send_next(&launch, (int[]){finish_program(1)}, 1);
	CHECK_EQUAL(expect_exit(&init, 5), 0);
	close(ends[1]);
	read_text(ends[0], text, sizeof text);
	CHECK_EQUAL(strcmp(text, "one last"), 0);
}

CASE(refuses_a_malformed_next_program)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	struct launch launch = start_to_wait(&init, 2);
	begin_program();
	STEP(.number = SYS_getpid);
	send_next(&launch, (int[]){finish_program(2)}, 1); /* one is donated, not two */
	CHECK_EQUAL(expect_exit(&init, 5), EXITED_WITH(127));
	CHECK_EQUAL(launch.page->state, STATUS_MALFORMED);
}

CASE(refuses_a_next_program_without_descriptors)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	struct launch launch = start_to_wait(&init, 2);
	send_next(&launch, NULL, 0);
	CHECK_EQUAL(expect_exit(&init, 5), EXITED_WITH(127));
	CHECK_EQUAL(launch.page->state, STATUS_FAILED);
	CHECK_EQUAL(launch.page->step, 1);
	CHECK_EQUAL(launch.page->error, EINVAL);
}

CASE(refuses_more_descriptors_than_a_program_can_name)
{
	int many[MAX_DESCRIPTORS + 1];
	struct init init = start_sandbox(CLONE_NEWPID);
	struct launch launch = start_to_wait(&init, 2);
	begin_program();
	STEP(.number = SYS_getpid);
	many[0] = finish_program(1);
	for (uint32_t i = 1; i <= MAX_DESCRIPTORS; i++)
		many[i] = 2;
	send_next(&launch, many, MAX_DESCRIPTORS + 1); /* and one that it has */
	CHECK_EQUAL(expect_exit(&init, 5), EXITED_WITH(127));
	CHECK_EQUAL(launch.page->state, STATUS_FAILED);
	CHECK_EQUAL(launch.page->error, EINVAL);
}

CASE(ends_when_no_next_program_can_come)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	struct launch launch = start_to_wait(&init, 2);
	close(launch.gate);
	CHECK_EQUAL(expect_exit(&init, 5), EXITED_WITH(127));
	CHECK_EQUAL(launch.page->state, STATUS_FAILED);
	CHECK_EQUAL(launch.page->step, 1);
	CHECK_EQUAL(launch.page->error, EPIPE);
}

/* ---- What a child starts with ---- */

CASE(gives_an_executed_program_only_its_standard_descriptors)
{
	begin_program();
	add_probe(0, (const char *const[]){"descriptors", NULL});
	struct outcome outcome = run_draft();
	check_success(&outcome, "0 1 2 ");
}

CASE(keeps_its_own_descriptors_from_a_child_at_a_barrier)
{
	int held[2], ends[2];
	struct init init = start_sandbox(CLONE_NEWPID);
	MUST(pipe2(held, O_CLOEXEC));
	MUST(pipe2(ends, O_CLOEXEC));
	send_message(init.connection, HOLD, 9, 0, 0, held, 2);
	expect(&init, HELD, 9);
	begin_program();
	uint32_t buffer = add_buffer(32);
	STEP(.number = NO_SYSTEM_CALL, .flags = STEP_BARRIER);
	STEP(.number = SYS_openat,
	     .argument = {IMMEDIATE(AT_FDCWD), DATA(add_text("/proc/self/stat")), IMMEDIATE(O_RDONLY)}, .into = 1);
	STEP(.number = SYS_read, .argument = {SLOT(0), DATA(buffer), IMMEDIATE(4)});
	STEP(.number = SYS_write, .argument = {DONATED(0), DATA(buffer), IMMEDIATE(4)});
	STEP(.number = NO_SYSTEM_CALL, .flags = STEP_BARRIER);
	struct launch launch =
		run(&init, 5, finish_program(1), &(struct options){.donated = &ends[1], .donated_count = 1});
	expect_barrier(&launch);
	open_gate(&launch);
	expect_barrier(&launch);
	char text[16] = "";
	CHECK_EQUAL(MUST(read(ends[0], text, 4)), 4);
	/* 0, 1, 2, program, page, gate, the pipe, and the file that it has opened */
	CHECK_EQUAL(count_descriptors(atoi(text)), 8);
	open_gate(&launch);
	CHECK_EQUAL(expect_exit(&init, 5), 0);
}

CASE(gives_children_default_signals_whatever_init_was_started_with)
{
	sigset_t all;
	sigfillset(&all);
	MUST(sigprocmask(SIG_SETMASK, &all, NULL));
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	begin_program();
	add_probe(0, (const char *const[]){"lines", "/proc/self/status", "Sig", NULL});
	struct outcome outcome = run_draft();
	CHECK(strstr(outcome.text, "SigBlk:\t0000000000000000") != NULL);
	CHECK(strstr(outcome.text, "SigIgn:\t0000000000000000") != NULL);
	CHECK(strstr(outcome.text, "SigCgt:\t0000000000000000") != NULL);
}

/* ---- Limits ---- */

CASE(runs_as_many_steps_as_are_allowed)
{
	begin_program();
	for (uint32_t i = 0; i < MAX_STEPS - 1; i++)
		STEP(.number = SYS_getpid);
	add_write(DONATED(0), "last");
	struct outcome outcome = run_draft();
	check_success(&outcome, "last");
}

CASE(runs_a_program_of_the_largest_size)
{
	begin_program();
	STEP(.number = SYS_write, .argument = {DONATED(0), DATA(0), IMMEDIATE(4)});
	uint32_t size = MAX_PROGRAM_BYTES - (uint32_t)program_bytes(NULL);
	draft.steps[0].argument[1] = size - 4;
	memcpy(draft.data + add_buffer(size) + size - 4, "last", 4);
	CHECK_EQUAL(program_bytes(NULL), MAX_PROGRAM_BYTES);
	struct outcome outcome = run_draft();
	check_success(&outcome, "last");
}

CASE(passes_as_many_descriptors_as_are_allowed)
{
	int ends[2], donated[MAX_DESCRIPTORS];
	char byte;
	struct init init = start_sandbox(CLONE_NEWPID);
	MUST(pipe2(ends, O_CLOEXEC));
	for (uint32_t i = 0; i < MAX_DESCRIPTORS; i++)
		donated[i] = i == MAX_DESCRIPTORS - 1 ? ends[1] : STDIN_FILENO;
	begin_program();
	add_write(DONATED(MAX_DESCRIPTORS - 1), "x");
	CHECK_EQUAL(run_to_end(&init, finish_program(MAX_DESCRIPTORS),
			       &(struct options){.donated = donated, .donated_count = MAX_DESCRIPTORS}, NULL),
		    0);
	CHECK_EQUAL(MUST(read(ends[0], &byte, 1)), 1);
}

/* ---- Malformed programs ---- */

static void begin_valid_program(void)
{
	begin_program();
	add_relocation(add_buffer(16), add_text("text"));
	add_write(DONATED(0), "ran");
	STEP(.number = SYS_getpid, .into = 1);
	STEP(.number = SYS_close, .argument = {SLOT(0)}, .tolerated = {EBADF});
}

static void spoil_magic(void) { draft.header.magic++; }
static void spoil_version(void) { draft.header.version++; }
static void spoil_machine(void) { draft.header.machine++; }
static void spoil_header_reserved(void) { draft.header.reserved = 1; }
static void store_without_the_flag(void) { draft.steps[2].store = 4; }
static void store_unaligned(void) { draft.steps[2].flags = STEP_STORE, draft.steps[2].store = 2; }
static void store_behind_the_data(void)
{
	draft.steps[2].flags = STEP_STORE;
	draft.steps[2].store = draft.header.data_bytes;
}
static void store_at_the_end_of_numbers(void) { draft.steps[2].flags = STEP_STORE, draft.steps[2].store = -4u; }
static void remove_all_steps(void) { draft.header.steps = 0; }
static void add_too_many_steps(void)
{
	while (draft.header.steps <= MAX_STEPS)
		STEP(.number = SYS_getpid);
}
static void exceed_the_size(void) { add_buffer(MAX_PROGRAM_BYTES + 8 - (uint32_t)program_bytes(NULL)); }
static void use_an_unknown_kind(void) { draft.steps[2].kind[5] = ARG_ONLY_UNLESS + 1; }
static void point_behind_the_data(void)
{
	draft.steps[2].kind[5] = ARG_DATA;
	draft.steps[2].argument[5] = draft.header.data_bytes;
}
static void point_far_behind_the_data(void)
{
	draft.steps[2].kind[5] = ARG_DATA;
	draft.steps[2].argument[5] = 1ull << 32; /* is 0 in 32 bits */
}
static void use_a_descriptor_that_is_not_donated(void)
{
	draft.steps[2].kind[5] = ARG_DESCRIPTOR;
	draft.steps[2].argument[5] = 1;
}
static void use_an_undefined_slot(void) { draft.steps[2].argument[0] = 1; }
static void use_a_slot_before_its_step(void)
{
	draft.steps[0].kind[5] = ARG_SLOT;
	draft.steps[0].argument[5] = 0;
}
static void use_the_slot_of_the_same_step(void)
{
	draft.steps[1].kind[0] = ARG_SLOT;
	draft.steps[1].argument[0] = 0;
}
static void depend_on_an_undefined_slot(void)
{
	draft.steps[2].kind[5] = ARG_ONLY_UNLESS;
	draft.steps[2].argument[5] = 1;
}
static void depend_on_a_slot_behind_the_last(void)
{
	draft.steps[2].kind[5] = ARG_ONLY_IF;
	draft.steps[2].argument[5] = MAX_SLOTS;
}
static void wait_on_a_condition(void)
{
	draft.steps[2].number = NO_SYSTEM_CALL;
	draft.steps[2].flags = STEP_BARRIER;
	draft.steps[2].kind[5] = ARG_ONLY_UNLESS;
	draft.steps[2].argument[5] = 0;
}
static void store_on_a_condition(void)
{
	draft.steps[2].flags = STEP_STORE;
	draft.steps[2].kind[5] = ARG_ONLY_IF;
	draft.steps[2].argument[5] = 0;
}
static void use_a_slot_behind_the_last(void) { draft.steps[2].argument[0] = MAX_SLOTS; }
static void define_a_slot_behind_the_last(void) { draft.steps[1].slot = MAX_SLOTS; }
static void use_an_unknown_flag(void) { draft.steps[2].flags = STEP_AWAIT << 1; }
static void call_and_go_on_with_another_program(void) { draft.steps[2].flags = STEP_NEXT; }
static void call_and_report(void) { draft.steps[2].flags = STEP_REPORT; }
static void call_and_await(void) { draft.steps[2].flags = STEP_AWAIT; }
static void go_on_with_another_program_at_a_barrier(void)
{
	draft.steps[2].number = NO_SYSTEM_CALL;
	draft.steps[2].flags = STEP_NEXT | STEP_BARRIER;
}
static void use_a_negative_system_call(void) { draft.steps[2].number = -2; }
static void use_no_call_without_barrier(void) { draft.steps[2].number = NO_SYSTEM_CALL; }
static void use_no_call_with_slot(void)
{
	draft.steps[2].number = NO_SYSTEM_CALL;
	draft.steps[2].flags = STEP_BARRIER;
	draft.steps[2].slot = 5;
}
static void use_no_call_with_another_flag(void)
{
	draft.steps[2].number = NO_SYSTEM_CALL;
	draft.steps[2].flags = STEP_BARRIER | STEP_STOP_UNLESS_ERROR;
}
static void root_what_is_not_data(void) { draft.steps[2].flags = STEP_ROOTED; }
static void tolerate_what_is_no_error(void) { draft.steps[2].tolerated[3] = 4096; }
static void relocate_unaligned(void) { draft.relocations[0].at = 4; }
static void relocate_behind_the_data(void) { draft.relocations[0].at = draft.header.data_bytes; }
static void relocate_at_the_end_of_numbers(void) { draft.relocations[0].at = 0xfffffff8; }
static void relocate_to_behind_the_data(void) { draft.relocations[0].target = draft.header.data_bytes; }

CASE(refuses_malformed_programs_whole)
{
	static const struct {
		const char *name;
		void (*spoil)(void);
	} spoilers[] = {
#define SPOILER(name) {#name, name}
		SPOILER(spoil_magic), SPOILER(spoil_version), SPOILER(spoil_machine), SPOILER(spoil_header_reserved),
		SPOILER(store_without_the_flag), SPOILER(store_unaligned), SPOILER(store_behind_the_data),
		SPOILER(store_at_the_end_of_numbers), SPOILER(remove_all_steps), SPOILER(add_too_many_steps),
		SPOILER(exceed_the_size), SPOILER(use_an_unknown_kind), SPOILER(point_behind_the_data),
		SPOILER(point_far_behind_the_data), SPOILER(use_a_descriptor_that_is_not_donated),
		SPOILER(wait_on_a_condition), SPOILER(store_on_a_condition),
		SPOILER(depend_on_an_undefined_slot), SPOILER(depend_on_a_slot_behind_the_last),
		SPOILER(use_an_undefined_slot), SPOILER(use_a_slot_before_its_step),
		SPOILER(use_the_slot_of_the_same_step), SPOILER(use_a_slot_behind_the_last),
		SPOILER(define_a_slot_behind_the_last), SPOILER(use_an_unknown_flag),
		SPOILER(use_a_negative_system_call), SPOILER(use_no_call_without_barrier),
		SPOILER(use_no_call_with_slot), SPOILER(use_no_call_with_another_flag),
		SPOILER(call_and_report), SPOILER(call_and_await),
		SPOILER(call_and_go_on_with_another_program), SPOILER(go_on_with_another_program_at_a_barrier),
		SPOILER(root_what_is_not_data), SPOILER(tolerate_what_is_no_error), SPOILER(relocate_unaligned),
		SPOILER(relocate_behind_the_data), SPOILER(relocate_at_the_end_of_numbers),
		SPOILER(relocate_to_behind_the_data),
	};
	begin_valid_program();
	struct outcome valid = run_draft();
	check_success(&valid, "ran");
	for (uint32_t i = 0; i < sizeof spoilers / sizeof *spoilers; i++) {
		begin_valid_program();
		spoilers[i].spoil();
		struct outcome outcome = run_draft();
		if (outcome.page.state != STATUS_MALFORMED || outcome.status != EXITED_WITH(127) || outcome.text[0] != 0)
			fail(__FILE__, __LINE__, "%s: state %u, status %lu, text %s", spoilers[i].name, outcome.page.state,
			     outcome.status, outcome.text);
	}
}

static void check_malformed(int program)
{
	struct outcome outcome = outcome_of(program);
	CHECK_EQUAL(outcome.page.state, STATUS_MALFORMED);
	CHECK_EQUAL(outcome.status, EXITED_WITH(127));
	CHECK_EQUAL(outcome.text[0], 0);
}

CASE(refuses_programs_of_another_length_than_they_say)
{
	static unsigned char bytes[4096];
	begin_valid_program();
	draft.header.descriptors = 1;
	uint64_t size = program_bytes(bytes);
	for (uint64_t length = 0; length < size; length += 16)
		check_malformed(seal_bytes(bytes, length));
	check_malformed(seal_bytes(bytes, size - 1));
	check_malformed(seal_bytes(bytes, size + 1));
}

CASE(refuses_another_number_of_descriptors_than_donated)
{
	begin_valid_program();
	check_malformed(finish_program(2));
	begin_program();
	STEP(.number = SYS_getpid);
	check_malformed(finish_program(0));
}

CASE(refuses_programs_that_could_still_change)
{
	static unsigned char bytes[4096];
	begin_valid_program();
	draft.header.descriptors = 1;
	uint64_t size = program_bytes(bytes);
	static const int seals[] = {F_SEAL_WRITE, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_SEAL};
	for (int i = 0; i < 4; i++) {
		int program = MUST(memfd_create("program", MFD_CLOEXEC | MFD_ALLOW_SEALING));
		CHECK_EQUAL(write(program, bytes, size), size);
		for (int j = 0; j < 4; j++)
			if (j != i)
				MUST(fcntl(program, F_ADD_SEALS, seals[j]));
		check_malformed(program);
	}
	check_malformed(MUST(open("/dev/zero", O_RDWR | O_CLOEXEC)));
}
