/* The control connection: what is answered, kept, repeated and refused. */
#define _GNU_SOURCE
#include "builder.h"
#include "harness.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EXITED_WITH(code) ((code) << 8)

static int exiting_program(int code)
{
	begin_program();
	STEP(.number = SYS_exit_group, .argument = {IMMEDIATE(code)});
	return finish_program(0);
}

static int waiting_program(void)
{
	begin_program();
	STEP(.number = NO_SYSTEM_CALL, .flags = STEP_BARRIER);
	return finish_program(0);
}

static struct launch start_waiting(const struct init *init, uint64_t token)
{
	struct launch launch = run(init, token, waiting_program(), NULL);
	expect_barrier(&launch);
	return launch;
}

static void reconnect(struct init *init)
{
	close(init->connection);
	CHECK_EQUAL(connect_to(init).message.arg[1], 1);
}

/* ---- Connections ---- */

CASE(says_whether_it_serves)
{
	struct init init = start_init();
	CHECK_EQUAL(connect_to(&init).message.arg[1], 0);
	struct init sandbox = start_sandbox(CLONE_NEWPID);
	close(sandbox.connection);
	CHECK_EQUAL(connect_to(&sandbox).message.arg[1], 1);
}

static void expect_end_of_first(const struct init *init)
{
	int status;
	MUST(waitpid(init->first, &status, 0));
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) != 0);
}

CASE(ends_when_it_is_left_before_it_serves)
{
	struct init init = start_init();
	close(init.connection);
	expect_end_of_first(&init);
}

CASE(ends_when_nobody_comes)
{
	struct init init = spawn_init();
	expect_end_of_first(&init);
}

CASE(replaces_a_connection_by_a_new_one)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	int old = init.connection;
	connect_to(&init);
	expect_hang_up(old);
	run_to_end(&init, exiting_program(0), NULL, NULL);
}

CASE(drops_a_peer_that_does_not_read_and_loses_nothing)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	struct launch waiting = start_waiting(&init, 500);
	for (uint64_t token = 0; token < 60; token++) {
		run(&init, token, exiting_program((int)token), NULL);
		CHECK_EQUAL(expect_exit(&init, token), EXITED_WITH(token));
	}
	for (int i = 0; i < 30; i++) /* 1,860 answers: more than fit into the socket */
		send_simple(&init, LIST, 1000);
	open_gate(&waiting);
	CHECK(is_ended(waiting.pidfd));
	int old = init.connection;
	struct timespec before, after;
	clock_gettime(CLOCK_MONOTONIC, &before);
	connect_to(&init);
	clock_gettime(CLOCK_MONOTONIC, &after);
	CHECK(after.tv_sec - before.tv_sec < 10);
	close(old);
	CHECK_EQUAL(expect_exit(&init, 500), 0);
	for (uint64_t token = 0; token < 60; token++)
		CHECK_EQUAL(expect_exit(&init, token), EXITED_WITH(token));
}

/* ---- Becoming ---- */

CASE(runs_nothing_before_it_has_become_a_sandbox)
{
	struct init init = start_init();
	ask(&init, RUN, 5, exiting_program(0), NULL);
	expect_failure(&init, RUN, 5, EINVAL);
	int null = MUST(open("/dev/null", O_RDONLY | O_CLOEXEC));
	send_message(init.connection, HOLD, 6, 0, 0, &null, 1);
	expect_failure(&init, HOLD, 6, EINVAL);
	send_simple(&init, LIST, 7);
	CHECK_EQUAL(expect(&init, LISTED, 7).message.arg[0], 0);
}

CASE(becomes_a_sandbox_only_once)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	ask(&init, BECOME, 5, empty_program(), NULL);
	expect_failure(&init, BECOME, 5, EINVAL);
}

CASE(can_be_asked_again_when_namespaces_cannot_be_made)
{
	struct init init = start_init();
	int null = MUST(open("/dev/null", O_RDONLY | O_CLOEXEC));
	ask(&init, BECOME, 5, empty_program(),
	    &(struct options){.flags = WITH_CGROUP, .cgroup = null, .clone_flags = CLONE_NEWPID});
	expect_failure(&init, BECOME, 5, EBADF);
	CHECK_EQUAL(count_descriptors(init.first), 5);
	ask(&init, BECOME, 6, empty_program(), NULL);
	expect(&init, BORN, 6);
	expect(&init, READY, 6);
}

CASE(ends_before_it_has_become_a_sandbox)
{
	int status;
	struct init init = start_init();
	send_simple(&init, END, 5);
	expect(&init, ENDED, 5);
	MUST(waitpid(init.first, &status, 0));
	CHECK_EQUAL(status, 0);
}

CASE(reports_a_program_of_a_sandbox_that_fails)
{
	int status;
	struct init init = start_init();
	begin_program();
	STEP(.number = SYS_getpid);
	STEP(.number = SYS_close, .argument = {IMMEDIATE(-1)});
	struct launch launch =
		ask(&init, BECOME, 5, finish_program(0), &(struct options){.clone_flags = CLONE_NEWPID});
	struct reply born = expect(&init, BORN, 5);
	MUST(waitpid((pid_t)born.message.arg[0], &status, __WALL));
	CHECK_EQUAL(status, EXITED_WITH(127));
	CHECK_EQUAL(launch.page->state, STATUS_FAILED);
	CHECK_EQUAL(launch.page->step, 1);
	CHECK_EQUAL(launch.page->error, EBADF);
	expect_hang_up(init.connection);
}

CASE(closes_what_it_was_given_before_it_serves)
{
	int ends[2];
	struct init init = start_init();
	MUST(pipe2(ends, O_CLOEXEC));
	begin_program();
	add_write(DONATED(0), "x");
	ask(&init, BECOME, 5, finish_program(1), &(struct options){.donated = &ends[1], .donated_count = 1});
	init.second = (pid_t)expect(&init, BORN, 5).message.arg[0];
	expect(&init, READY, 5);
	/* 0, 1, 2, listening, connection, signals, itself */
	CHECK_EQUAL(count_descriptors(init.second), 7);
}

/* ---- Requests of a bad form ---- */

static void send_raw(const struct init *init, uint64_t bytes, int with_descriptors)
{
	unsigned char raw[128] = {0};
	const int descriptors[] = {0, 1};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof descriptors)];
	} control = {0};
	struct iovec part = {raw, bytes};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	*(uint32_t *)raw = RUN;
	raw[8] = 42;
	if (with_descriptors) {
		control.header = (struct cmsghdr){CMSG_LEN(sizeof descriptors), SOL_SOCKET, SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.header), descriptors, sizeof descriptors);
		header.msg_control = &control;
		header.msg_controllen = sizeof control;
	}
	CHECK_EQUAL(sendmsg(init->connection, &header, 0), bytes);
}

CASE(refuses_malformed_requests_and_keeps_none_of_their_descriptors)
{
	const int three[] = {0, 1, 2};
	struct init init = start_sandbox(CLONE_NEWPID);
	int before = count_descriptors(init.second);
	const uint64_t sizes[] = {16, 63, 65, 128};
	for (int i = 0; i < 4; i++) {
		send_raw(&init, sizes[i], i % 2);
		expect_failure(&init, RUN, 42, EINVAL);
	}
	const uint32_t types[] = {0, END + 1, HELLO, 0xffffffff};
	for (int i = 0; i < 4; i++) {
		send_message(init.connection, types[i], 5, 0, 0, three, 3);
		expect_failure(&init, types[i], 5, EINVAL);
	}
	const struct {
		uint32_t type, flags;
		uint64_t argument;
		int count;
	} bad[] = {
		{RUN, 0, 0, 2},			/* too few descriptors */
		{RUN, WITH_CGROUP, 0, 3},
		{RUN, WITH_CGROUP | WITH_PIDNS, 0, 3},
		{RUN, EXIT_WITH_CONNECTION, 0, 3}, /* flags of other requests */
		{RUN, 1u << 31, 0, 3},
		{HOLD, WITH_CGROUP, 0, 3},
		{LIST, 1, 0, 3},
		{RUN, 0, 0, 3},			/* a status page that is none */
		{RUN, 0, CLONE_VM, 3},		/* clone flags which are no namespaces */
		{RUN, 0, CLONE_PARENT, 3},
		{RUN, 0, 1ull << 40, 3},
	};
	for (uint32_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		send_message(init.connection, bad[i].type, i, bad[i].flags, bad[i].argument, three, bad[i].count);
		expect_failure(&init, bad[i].type, i, EINVAL);
	}
	send_message(init.connection, ACK, 5, 0, 0, three, 3);
	send_message(init.connection, DROP, 5, 0, 0, three, 3);
	send_message(init.connection, LIST, 5, 0, 0, three, 3);
	expect(&init, LISTED, 5);
	expect_silence(&init);
	CHECK_EQUAL(count_descriptors(init.second), before);
}

CASE(takes_an_empty_message_for_the_end_of_the_connection)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	int before = count_descriptors(init.second);
	send_raw(&init, 0, 1);
	expect_hang_up(init.connection);
	connect_to(&init);
	CHECK_EQUAL(count_descriptors(init.second), before);
}

CASE(refuses_descriptors_that_do_not_fit_into_its_table)
{
	int many[MAX_PASSED];
	struct rlimit low = {100, 100};
	struct init init = start_sandbox(CLONE_NEWPID);
	int before = count_descriptors(init.second);
	for (int i = 0; i < MAX_PASSED; i++)
		many[i] = STDIN_FILENO;
	MUST(prlimit(init.second, RLIMIT_NOFILE, &low, NULL));
	send_message(init.connection, RUN, 5, 0, 0, many, MAX_PASSED);
	expect_failure(&init, RUN, 5, EMFILE);
	CHECK_EQUAL(count_descriptors(init.second), before);
}

/* ---- Exits ---- */

CASE(reports_how_a_process_ended_and_what_it_used)
{
	struct timespec before, after;
	struct init init = start_sandbox(CLONE_NEWPID);
	clock_gettime(CLOCK_REALTIME, &before);
	begin_program();
	add_exec((const char *const[]){self_path(), "probe", "nothing", NULL}, 0, 0);
	run(&init, 5, finish_program(0), NULL);
	struct reply exited = expect(&init, EXITED, 5);
	clock_gettime(CLOCK_REALTIME, &after);
	CHECK_EQUAL(exited.message.arg[0], EXITED_WITH(2));
	CHECK(exited.message.arg[1] + exited.message.arg[2] > 0);
	CHECK(exited.message.arg[1] + exited.message.arg[2] < 10000000000ull);
	CHECK(exited.message.arg[3] > 100 << 10 && exited.message.arg[3] < 100 << 20);
	CHECK(exited.message.arg[4] / 1000000000 >= (uint64_t)before.tv_sec);
	CHECK(exited.message.arg[4] / 1000000000 <= (uint64_t)after.tv_sec);
}

CASE(reports_the_signal_that_killed_a_process)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	struct launch launch = start_waiting(&init, 5);
	MUST(syscall(SYS_pidfd_send_signal, launch.pidfd, SIGKILL, NULL, 0));
	CHECK_EQUAL(expect_exit(&init, 5), SIGKILL);
}

CASE(repeats_exits_on_each_connection_until_they_are_acknowledged)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	struct launch waiting = start_waiting(&init, 7);
	for (uint64_t token = 1; token <= 3; token++) {
		run(&init, token, exiting_program((int)token), NULL);
		CHECK_EQUAL(expect_exit(&init, token), EXITED_WITH(token));
	}
	reconnect(&init);
	for (uint64_t token = 1; token <= 3; token++)
		CHECK_EQUAL(expect_exit(&init, token), EXITED_WITH(token));
	send_simple(&init, ACK, 1);
	send_simple(&init, ACK, 3);
	send_simple(&init, ACK, 7); /* which still runs: not forgotten */
	send_simple(&init, ACK, 1000);
	expect_silence(&init);
	reconnect(&init);
	CHECK_EQUAL(expect_exit(&init, 2), EXITED_WITH(2));
	open_gate(&waiting);
	CHECK_EQUAL(expect_exit(&init, 7), 0);
}

CASE(keeps_the_exit_of_a_process_that_ends_without_a_connection)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	struct launch launch = start_waiting(&init, 5);
	close(init.connection);
	open_gate(&launch);
	CHECK(is_ended(launch.pidfd));
	connect_to(&init);
	CHECK_EQUAL(expect_exit(&init, 5), 0);
}

CASE(refuses_a_token_that_it_still_knows)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	struct launch launch = start_waiting(&init, 5);
	ask(&init, RUN, 5, exiting_program(0), NULL);
	expect_failure(&init, RUN, 5, EEXIST);
	open_gate(&launch);
	expect_exit(&init, 5);
	ask(&init, RUN, 5, exiting_program(0), NULL);
	expect_failure(&init, RUN, 5, EEXIST);
	send_simple(&init, ACK, 5);
	run(&init, 5, exiting_program(9), NULL);
	CHECK_EQUAL(expect_exit(&init, 5), EXITED_WITH(9));
}

CASE(lists_what_runs_and_what_has_ended)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	struct launch running = start_waiting(&init, 5);
	run(&init, 6, exiting_program(3), NULL);
	struct reply exited = expect(&init, EXITED, 6);
	reconnect(&init);
	expect(&init, EXITED, 6);
	send_simple(&init, LIST, 99);
	struct reply first = expect(&init, ENTRY, 5), second = expect(&init, ENTRY, 6);
	CHECK_EQUAL(expect(&init, LISTED, 99).message.arg[0], 2);
	CHECK_EQUAL(first.message.flags, ENTRY_RUNNING);
	CHECK_EQUAL(first.message.arg[0], running.pid);
	CHECK_EQUAL(first.count, 1);
	CHECK_EQUAL(second.message.flags, ENTRY_EXITED);
	CHECK_EQUAL(second.count, 0);
	CHECK_EQUAL(memcmp(second.message.arg, exited.message.arg, sizeof second.message.arg), 0);
	open_gate(&running);
	CHECK(is_ended(first.descriptors[0]));
}

CASE(keeps_as_many_processes_as_are_allowed)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	int program = exiting_program(1);
	for (uint64_t token = 0; token < MAX_PROCESSES; token++) {
		struct launch launch = run(&init, token, MUST(dup(program)), NULL);
		expect_exit(&init, token);
		close(launch.pidfd);
		close(launch.gate);
	}
	ask(&init, RUN, 5000, MUST(dup(program)), NULL);
	expect_failure(&init, RUN, 5000, EAGAIN);
	close(init.connection);
	connect_to(&init);
	for (uint64_t token = 0; token < MAX_PROCESSES; token++)
		CHECK_EQUAL(expect_exit(&init, token), EXITED_WITH(1));
	send_simple(&init, LIST, 99);
	for (uint64_t token = 0; token < MAX_PROCESSES; token++)
		expect(&init, ENTRY, token);
	CHECK_EQUAL(expect(&init, LISTED, 99).message.arg[0], MAX_PROCESSES);
	send_simple(&init, ACK, 17);
	run(&init, 5000, program, NULL);
	expect_exit(&init, 5000);
}

/* ---- Descriptors that are kept ---- */

static int make_file(void)
{
	int ends[2];
	MUST(pipe2(ends, O_CLOEXEC));
	close(ends[1]);
	return ends[0];
}

CASE(keeps_descriptors_across_connections_until_they_are_dropped)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	int before = count_descriptors(init.second);
	const int files[] = {make_file(), make_file(), make_file(), make_file()};
	send_message(init.connection, HOLD, 5, 0, 0, files, 2);
	CHECK_EQUAL(expect(&init, HELD, 5).message.arg[0], 2);
	send_message(init.connection, HOLD, 6, 0, 0, files + 2, 1);
	CHECK_EQUAL(expect(&init, HELD, 6).message.arg[0], 1);
	send_message(init.connection, HOLD, 5, 0, 0, files + 3, 1);
	CHECK_EQUAL(expect(&init, HELD, 5).message.arg[0], 3);
	reconnect(&init);
	send_simple(&init, FETCH, 5);
	struct reply held = expect(&init, HELD, 5);
	CHECK_EQUAL(held.message.arg[0], 3);
	CHECK_EQUAL(held.count, 3);
	CHECK(same_file(held.descriptors[0], files[0]));
	CHECK(same_file(held.descriptors[1], files[1]));
	CHECK(same_file(held.descriptors[2], files[3]));
	send_simple(&init, DROP, 5);
	send_simple(&init, FETCH, 5);
	held = expect(&init, HELD, 5);
	CHECK_EQUAL(held.message.arg[0], 0);
	CHECK_EQUAL(held.count, 0);
	send_simple(&init, FETCH, 6);
	held = expect(&init, HELD, 6);
	CHECK(same_file(held.descriptors[0], files[2]));
	send_simple(&init, DROP, 6);
	expect_silence(&init);
	CHECK_EQUAL(count_descriptors(init.second), before);
}

static void hold(const struct init *init, uint64_t token, int count)
{
	int many[MAX_PASSED];
	for (int i = 0; i < count; i++)
		many[i] = STDIN_FILENO;
	send_message(init->connection, HOLD, token, 0, 0, many, count);
}

CASE(keeps_under_a_token_what_one_message_can_return)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	int before = count_descriptors(init.second);
	hold(&init, 5, MAX_DESCRIPTORS + 1);
	expect_failure(&init, HOLD, 5, ENOSPC);
	hold(&init, 5, MAX_DESCRIPTORS - 1);
	expect(&init, HELD, 5);
	hold(&init, 5, 2);
	expect_failure(&init, HOLD, 5, ENOSPC);
	hold(&init, 5, 1);
	CHECK_EQUAL(expect(&init, HELD, 5).message.arg[0], MAX_DESCRIPTORS);
	send_simple(&init, FETCH, 5);
	CHECK_EQUAL(expect(&init, HELD, 5).count, MAX_DESCRIPTORS);
	send_simple(&init, DROP, 5);
	expect_silence(&init);
	CHECK_EQUAL(count_descriptors(init.second), before);
}

CASE(keeps_as_many_descriptors_as_are_allowed_in_all)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	uint32_t count = 0;
	for (uint64_t token = 0; count + 128 <= MAX_HELD; token++, count += 128) {
		hold(&init, token, 128);
		expect(&init, HELD, token);
	}
	CHECK_EQUAL(count, MAX_HELD);
	hold(&init, 1000, 1);
	expect_failure(&init, HOLD, 1000, ENOSPC);
	send_simple(&init, DROP, 3);
	hold(&init, 1000, 128);
	expect(&init, HELD, 1000);
}

CASE(keeps_room_in_its_table_for_requests)
{
	struct rlimit low = {400, 400};
	struct init init = start_sandbox(CLONE_NEWPID);
	MUST(prlimit(init.second, RLIMIT_NOFILE, &low, NULL));
	hold(&init, 5, 100);
	expect(&init, HELD, 5);
	hold(&init, 6, 100);
	expect_failure(&init, HOLD, 6, ENOSPC);
	reconnect(&init);
	hold(&init, 7, MAX_PASSED); /* is received whole, though refused */
	expect_failure(&init, HOLD, 7, ENOSPC);
	run_to_end(&init, exiting_program(0), NULL, NULL);
}
