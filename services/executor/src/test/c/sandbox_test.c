/* Namespaces, cgroups, the end of everything, and hostile containers. */
#define _GNU_SOURCE
#include "builder.h"
#include "harness.h"
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define EXITED_WITH(code) ((code) << 8)
#define MAX_PRIVATE_BYTES (100 << 10)
#define SOME_FLAGS (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP)

static int pid_program(void)
{
	begin_program();
	STEP(.number = SYS_getpid, .into = 1);
	STEP(.number = SYS_exit_group, .argument = {SLOT(0)});
	return finish_program(0);
}

static int waiting_program(void)
{
	begin_program();
	STEP(.number = NO_SYSTEM_CALL, .flags = STEP_BARRIER);
	return finish_program(0);
}

static struct launch start_waiting(const struct init *init, uint64_t token, const struct options *options)
{
	struct launch launch = run(init, token, waiting_program(), options);
	expect_barrier(&launch);
	return launch;
}

/* Runs the probe with its output into a pipe, which is read to its end. */
static uint64_t run_probe(const struct init *init, const char *const *words, struct options options, char *text, int size)
{
	int ends[2];
	MUST(pipe2(ends, O_CLOEXEC));
	begin_program();
	add_probe(0, words);
	options.donated = &ends[1];
	options.donated_count = 1;
	uint64_t status = run_to_end(init, finish_program(1), &options, NULL);
	close(ends[1]);
	read_text(ends[0], text, size);
	close(ends[0]);
	return status;
}

/* ---- What is not inherited ---- */

static int umask_program(void)
{
	begin_program();
	STEP(.number = SYS_umask, .argument = {IMMEDIATE(0)}, .into = 1);
	STEP(.number = SYS_exit_group, .argument = {SLOT(0)});
	return finish_program(0);
}

CASE(gives_children_a_umask_of_its_own)
{
	umask(077);
	struct init init = start_helper();
	CHECK_EQUAL(run_to_end(&init, umask_program(), NULL, NULL), EXITED_WITH(022));
}

/* ---- Namespaces ---- */

CASE(is_the_first_process_of_its_pid_namespace)
{
	char path[64], text[4096];
	struct init init = start_sandbox(SOME_FLAGS);
	snprintf(path, sizeof path, "/proc/%d/status", init.second);
	int status = MUST(open(path, O_RDONLY | O_CLOEXEC));
	read_text(status, text, sizeof text);
	snprintf(path, sizeof path, "NSpid:\t%d\t1\n", init.second);
	CHECK(strstr(text, path) != NULL);
}

CASE(is_called_by_its_name)
{
	char path[64], text[64];
	struct init init = start_sandbox(SOME_FLAGS);
	snprintf(path, sizeof path, "/proc/%d/comm", init.second);
	int name = MUST(open(path, O_RDONLY | O_CLOEXEC));
	read_text(name, text, sizeof text);
	CHECK_EQUAL(strcmp(text, "caisson-init\n"), 0);
}

static void write_file(pid_t pid, const char *name, const char *text)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	int file = MUST(open(path, O_WRONLY | O_CLOEXEC));
	MUST(write(file, text, strlen(text)));
	close(file);
}

CASE(waits_for_its_id_maps_and_is_not_dumpable_after_changing_ids)
{
	char path[64];
	struct stat status;
	struct init init = start_init();
	begin_program();
	STEP(.number = NO_SYSTEM_CALL, .flags = STEP_BARRIER);
	STEP(.number = SYS_setresgid, .argument = {IMMEDIATE(0), IMMEDIATE(0), IMMEDIATE(0)});
	STEP(.number = SYS_setresuid, .argument = {IMMEDIATE(0), IMMEDIATE(0), IMMEDIATE(0)});
	struct launch launch = ask(&init, BECOME, 5, finish_program(0),
				   &(struct options){.clone_flags = SOME_FLAGS | CLONE_NEWUSER});
	pid_t pid = (pid_t)expect(&init, BORN, 5).message.arg[0];
	CHECK_EQUAL(expect_barrier(&launch), 0);
	write_file(pid, "uid_map", "0 200000 1000");
	write_file(pid, "gid_map", "0 300000 1000");
	open_gate(&launch);
	expect(&init, READY, 5);
	snprintf(path, sizeof path, "/proc/%d/environ", pid);
	MUST(stat(path, &status));
	CHECK_EQUAL(status.st_uid, 0); /* 200000 were it dumpable: proc(5) */
	begin_program();
	STEP(.number = SYS_getuid, .into = 1);
	STEP(.number = SYS_exit_group, .argument = {SLOT(0)});
	CHECK_EQUAL(run_to_end(&init, finish_program(0), NULL, NULL), 0);
}

CASE(bears_a_process_in_the_pid_namespace_of_another)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	struct launch container =
		start_waiting(&init, 5, &(struct options){.clone_flags = CLONE_NEWPID | CLONE_NEWNS});
	struct options into = {.flags = WITH_PIDNS, .namespace = container.pidfd};
	CHECK_EQUAL(run_to_end(&init, pid_program(), &into, NULL), EXITED_WITH(2));
	CHECK_EQUAL(run_to_end(&init, pid_program(), &into, NULL), EXITED_WITH(3));
	struct launch executed = run(&init, 6, waiting_program(), &into);
	expect_barrier(&executed);
	MUST(syscall(SYS_pidfd_send_signal, container.pidfd, SIGKILL, NULL, 0));
	CHECK(is_ended(executed.pidfd));
}

CASE(comes_back_from_the_pid_namespace_of_another)
{
	struct launch own;
	struct init init = start_sandbox(CLONE_NEWPID);
	struct launch container = start_waiting(&init, 5, &(struct options){.clone_flags = CLONE_NEWPID});
	struct options into = {.flags = WITH_PIDNS, .namespace = container.pidfd};
	run_to_end(&init, pid_program(), &into, NULL);
	CHECK_EQUAL(run_to_end(&init, pid_program(), NULL, &own), EXITED_WITH(own.pid));
	MUST(syscall(SYS_pidfd_send_signal, container.pidfd, SIGKILL, NULL, 0));
	CHECK_EQUAL(expect_exit(&init, 5), SIGKILL);
	ask(&init, RUN, 6, pid_program(), &into);
	expect_failure(&init, RUN, 6, ESRCH);
	CHECK_EQUAL(run_to_end(&init, pid_program(), NULL, &own), EXITED_WITH(own.pid));
}

CASE(comes_back_when_nothing_can_be_born_in_the_pid_namespace_of_another)
{
	char path[64];
	struct launch own;
	struct init init = start_sandbox(CLONE_NEWPID);
	struct launch container = start_waiting(&init, 5, &(struct options){.clone_flags = CLONE_NEWPID});
	struct launch inside =
		start_waiting(&init, 6, &(struct options){.flags = WITH_PIDNS, .namespace = container.pidfd});
	send_simple(&init, LIST, 9);
	(void)inside;
	expect(&init, ENTRY, 5);
	expect(&init, ENTRY, 6);
	expect(&init, LISTED, 9);
	snprintf(path, sizeof path, "/proc/%d/ns/pid", init.second);
	int ours = MUST(open(path, O_RDONLY | O_CLOEXEC));
	snprintf(path, sizeof path, "/proc/%d/ns/pid_for_children", init.second);
	int children = MUST(open(path, O_RDONLY | O_CLOEXEC));
	CHECK(same_file(ours, children));
	/* a namespace of another type */
	int network = MUST(open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
	ask(&init, RUN, 7, pid_program(), &(struct options){.flags = WITH_PIDNS, .namespace = network});
	expect_failure(&init, RUN, 7, EINVAL);
	/* clone3 itself fails: /dev/null is no cgroup */
	int null = MUST(open("/dev/null", O_RDONLY | O_CLOEXEC));
	ask(&init, RUN, 8, pid_program(),
	    &(struct options){.flags = WITH_PIDNS | WITH_CGROUP, .namespace = container.pidfd, .cgroup = null});
	expect_failure(&init, RUN, 8, EBADF);
	CHECK_EQUAL(run_to_end(&init, pid_program(), NULL, &own), EXITED_WITH(own.pid));
}

/* ---- Cgroups ---- */

CASE(bears_a_process_in_a_cgroup)
{
	char text[256], expected[128];
	const char *cgroup_path = make_cgroup();
	int cgroup = MUST(open(cgroup_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	struct init init = start_sandbox(CLONE_NEWPID);
	CHECK_EQUAL(run_probe(&init, (const char *const[]){"lines", "/proc/self/cgroup", "0::", NULL},
			      (struct options){.flags = WITH_CGROUP, .cgroup = cgroup}, text, sizeof text),
		    0);
	snprintf(expected, sizeof expected, "0::%s\n", strrchr(cgroup_path, '/'));
	CHECK(strcmp(text, expected) == 0);
	CHECK_EQUAL(run_probe(&init, (const char *const[]){"lines", "/proc/self/cgroup", "0::", NULL},
			      (struct options){0}, text, sizeof text),
		    0);
	CHECK(strcmp(text, expected) != 0);
}

CASE(becomes_a_sandbox_in_a_cgroup)
{
	char path[64], text[4096];
	struct init init = start_init();
	const char *cgroup_path = make_cgroup();
	int cgroup = MUST(open(cgroup_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
	ask(&init, BECOME, 5, empty_program(),
	    &(struct options){.flags = WITH_CGROUP, .cgroup = cgroup, .clone_flags = SOME_FLAGS});
	pid_t pid = (pid_t)expect(&init, BORN, 5).message.arg[0];
	expect(&init, READY, 5);
	CHECK_EQUAL(count_descriptors(pid), 7);
	snprintf(path, sizeof path, "/proc/%d/cgroup", pid);
	read_text(MUST(open(path, O_RDONLY | O_CLOEXEC)), text, sizeof text);
	CHECK(strstr(text, strrchr(cgroup_path, '/')) != NULL);
}

/* ---- The end ---- */

/* Daemons that a container has left behind: children of init's, which it has not borne. */
static void leave_daemons(const struct init *init, int count)
{
	char number[16], path[80], text[4096];
	snprintf(number, sizeof number, "%d", count);
	begin_program();
	add_exec((const char *const[]){self_path(), "probe", "daemons", number, NULL}, 0, 0);
	CHECK_EQUAL(run_to_end(init, finish_program(0), NULL, NULL), 0);
	snprintf(path, sizeof path, "/proc/%d/task/%d/children", init->second, init->second);
	read_text(MUST(open(path, O_RDONLY | O_CLOEXEC)), text, sizeof text);
	int found = 0;
	for (char *space = text; (space = strchr(space, ' ')) != NULL; space++)
		found++;
	CHECK(found >= count);
}

static int count_processes(void)
{
	char *end;
	int count = 0;
	FILE *listing = popen("ls /proc", "re");
	char line[64];
	while (fgets(line, sizeof line, listing) != NULL) {
		strtol(line, &end, 10);
		count += *end == '\n';
	}
	pclose(listing);
	return count;
}

CASE(ends_with_everything_that_it_holds)
{
	int status, processes = count_processes();
	struct init init = start_sandbox(CLONE_NEWPID);
	struct launch container =
		start_waiting(&init, 5, &(struct options){.clone_flags = CLONE_NEWPID | CLONE_NEWNS});
	struct launch executed =
		start_waiting(&init, 6, &(struct options){.flags = WITH_PIDNS, .namespace = container.pidfd});
	leave_daemons(&init, 5);
	send_simple(&init, END, 99);
	CHECK_EQUAL(receive_reply(init.connection).message.type, EXITED);
	CHECK_EQUAL(receive_reply(init.connection).message.type, EXITED);
	expect(&init, ENDED, 99);
	CHECK(is_ended(container.pidfd) && is_ended(executed.pidfd) && is_ended(init.pidfd));
	MUST(waitpid(init.second, &status, __WALL));
	CHECK_EQUAL(status, 0);
	CHECK_EQUAL(count_processes(), processes);
}

CASE(leaves_no_process_of_the_sandbox_when_it_is_killed)
{
	int status, processes = count_processes();
	struct init init = start_sandbox(SOME_FLAGS);
	struct launch container =
		start_waiting(&init, 5, &(struct options){.clone_flags = CLONE_NEWPID | CLONE_NEWNS});
	struct launch executed =
		start_waiting(&init, 6, &(struct options){.flags = WITH_PIDNS, .namespace = container.pidfd});
	leave_daemons(&init, 5);
	MUST(syscall(SYS_pidfd_send_signal, init.pidfd, SIGKILL, NULL, 0));
	CHECK(is_ended(init.pidfd) && is_ended(container.pidfd) && is_ended(executed.pidfd));
	MUST(waitpid(init.second, &status, __WALL));
	CHECK_EQUAL(status, SIGKILL);
	CHECK_EQUAL(count_processes(), processes);
}

CASE(kills_only_its_own_where_it_has_no_pid_namespace)
{
	struct init init = start_sandbox(0);
	struct launch child = start_waiting(&init, 5, NULL);
	pid_t stranger = MUST(fork());
	if (stranger == 0)
		for (;;)
			pause();
	send_simple(&init, END, 99);
	CHECK_EQUAL(expect_exit(&init, 5), SIGKILL);
	expect(&init, ENDED, 99);
	CHECK(is_ended(child.pidfd) && is_ended(init.pidfd));
	CHECK_EQUAL(waitpid(stranger, NULL, WNOHANG), 0);
}

CASE(ends_a_helper_with_its_connection)
{
	struct init init = start_helper();
	struct launch child = start_waiting(&init, 5, NULL);
	close(init.connection);
	CHECK(is_ended(child.pidfd) && is_ended(init.pidfd));
}

CASE(outlives_its_connection_as_a_sandbox)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	struct launch child = start_waiting(&init, 5, NULL);
	close(init.connection);
	connect_to(&init);
	open_gate(&child);
	CHECK_EQUAL(expect_exit(&init, 5), 0);
}

/* ---- Hostile containers ---- */

CASE(does_not_take_the_stop_of_a_process_that_has_itself_traced_for_its_exit)
{
	struct init init = start_sandbox(CLONE_NEWPID);
	begin_program();
	add_exec((const char *const[]){self_path(), "probe", "traced", NULL}, 0, 0);
	CHECK_EQUAL(run_to_end(&init, finish_program(0), NULL, NULL), EXITED_WITH(3));
	expect_silence(&init);
}

CASE(answers_and_reaps_while_orphans_pour_in)
{
	char path[80], text[64];
	struct init init = start_sandbox(CLONE_NEWPID);
	begin_program();
	add_exec((const char *const[]){self_path(), "probe", "orphans", "2000", NULL}, 0, 0);
	struct launch launch = run(&init, 5, finish_program(0), NULL);
	int exits = 0;
	while (!exits) {
		send_simple(&init, LIST, 9);
		for (struct reply reply = {0}; reply.message.type != LISTED;) {
			reply = receive_reply(init.connection);
			exits += reply.message.type == EXITED;
			for (int i = 0; i < reply.count; i++)
				close(reply.descriptors[i]);
		}
	}
	CHECK_EQUAL(exits, 1);
	CHECK(is_ended(launch.pidfd));
	send_simple(&init, ACK, 5);
	expect_silence(&init);
	snprintf(path, sizeof path, "/proc/%d/task/%d/children", init.second, init.second);
	strcpy(text, "some");
	for (int turn = 0; strlen(text) > 0 && turn < 20000; turn++) { /* each request is one turn; the last may still be ending */
		expect_silence(&init);
		read_text(MUST(open(path, O_RDONLY | O_CLOEXEC)), text, sizeof text);
	}
	CHECK_EQUAL(strlen(text), 0);
}

CASE(is_not_ended_by_signals)
{
	struct init init = start_helper();
	for (int number = 1; number < 65; number++)
		if (number != SIGKILL && number != SIGSTOP)
			kill(init.second, number);
	expect_silence(&init);
	struct launch own;
	CHECK_EQUAL(run_to_end(&init, pid_program(), NULL, &own), EXITED_WITH(own.pid & 0xff));
}

/* ---- Size ---- */

CASE(needs_little_memory)
{
	char path[64], text[8192];
	unsigned long bytes = 0, lines = 0;
	struct init init = start_sandbox(SOME_FLAGS);
	for (uint64_t token = 100; token < 110; token++)
		start_waiting(&init, token, NULL);
	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", init.second);
	read_text(MUST(open(path, O_RDONLY | O_CLOEXEC)), text, sizeof text);
	for (char *line = text; (line = strstr(line, "\nPrivate_")) != NULL; line++, lines++)
		bytes += 1024 * strtoul(strchr(line, ':') + 1, NULL, 10);
	printf("private memory of an instance with ten processes: %lu bytes\n", bytes);
	CHECK(lines >= 2);
	CHECK(bytes > 0 && bytes < MAX_PRIVATE_BYTES);
}
