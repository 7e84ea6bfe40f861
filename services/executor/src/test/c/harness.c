#define _GNU_SOURCE
#include "harness.h"
#include "builder.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

int probe(int count, char **words); /* probe.c */

#define MAX_CASES 128

static struct {
	const char *name;
	void (*body)(void);
} cases[MAX_CASES];
static int case_count;

static const char *binary; /* caisson-init */
static char directory[] = "/tmp/caisson-init-test-XXXXXX";
static char own_path[4096];
static char cgroup[64];

void register_case(const char *name, void (*body)(void))
{
	cases[case_count].name = name;
	cases[case_count++].body = body;
}

void fail(const char *file, int line, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	printf("%s:%d: ", file, line);
	vprintf(format, arguments);
	printf("\n");
	fflush(stdout);
	_exit(1);
}

void skip(const char *reason)
{
	printf("%s\n", reason);
	fflush(stdout);
	_exit(SKIPPED);
}

const char *make_cgroup(void)
{
	if (cgroup[0] == 0)
		skip("no cgroup v2 tree is mounted below /sys/fs/cgroup");
	MUST(mkdir(cgroup, 0755));
	return cgroup;
}

/* The v2 tree is mounted at the root, or beside those of v1. */
static void choose_cgroup(void)
{
	static const char *const trees[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
	char path[64];
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/cgroup.procs", trees[i]);
		if (access(path, W_OK) == 0)
			snprintf(cgroup, sizeof cgroup, "%s/caisson-init-test-%d", trees[i], getpid());
	}
}

const char *self_path(void)
{
	return own_path;
}

/* ---- A running instance ---- */

static struct sockaddr_un address_of(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	return address;
}

static struct sockaddr_un control_address(void)
{
	char path[sizeof directory + 16];
	snprintf(path, sizeof path, "%s/control", directory);
	return address_of(path);
}

static _Noreturn void be_init(int listening)
{
	char *const none[] = {NULL};
	char *const name[] = {(char *)"caisson-init", NULL};
	int null = MUST(open("/dev/null", O_RDWR));
	for (int i = 0; i < 3; i++)
		MUST(dup2(null, i));
	MUST(fcntl(listening, F_SETFD, 0));
	if (listening != LISTEN_DESCRIPTOR)
		MUST(dup2(listening, LISTEN_DESCRIPTOR));
	MUST(close_range(LISTEN_DESCRIPTOR + 1, ~0u, 0));
	execve(binary, name, none);
	_exit(126);
}

struct init spawn_init(void)
{
	struct init init = {.pidfd = -1};
	struct sockaddr_un address = control_address();
	int listening = MUST(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
	unlink(address.sun_path);
	MUST(bind(listening, (struct sockaddr *)&address, sizeof address));
	MUST(listen(listening, 4));
	init.first = MUST(fork());
	if (init.first == 0)
		be_init(listening);
	close(listening);
	return init;
}

struct init start_init(void)
{
	struct init init = spawn_init();
	connect_to(&init);
	return init;
}

struct reply connect_to(struct init *init)
{
	struct sockaddr_un address = control_address();
	init->connection = MUST(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
	MUST(connect(init->connection, (struct sockaddr *)&address, sizeof address));
	struct reply hello = receive_reply(init->connection);
	CHECK_EQUAL(hello.message.type, HELLO);
	CHECK_EQUAL(hello.message.arg[0], CONTROL_VERSION);
	return hello;
}

static struct init start_serving(const struct options *options)
{
	int status;
	struct init init = start_init();
	ask(&init, BECOME, 1, empty_program(), options);
	struct reply born = expect(&init, BORN, 1);
	CHECK_EQUAL(born.count, 1);
	init.pidfd = born.descriptors[0];
	init.second = (pid_t)born.message.arg[0];
	expect(&init, READY, 1);
	MUST(waitpid(init.first, &status, 0));
	CHECK_EQUAL(status, 0);
	return init;
}

struct init start_sandbox(uint64_t clone_flags)
{
	return start_serving(&(struct options){.clone_flags = clone_flags});
}

struct init start_helper(void)
{
	return start_serving(&(struct options){.flags = EXIT_WITH_CONNECTION});
}

/* ---- Messages ---- */

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(MAX_PASSED * sizeof(int))];
};

void send_message(int connection, uint32_t type, uint64_t token, uint32_t flags, uint64_t argument, const int *descriptors,
		  int count)
{
	struct message message = {.type = type, .token = token, .flags = flags, .arg = {argument}};
	union control control = {0};
	struct iovec part = {&message, sizeof message};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	if (count > 0) {
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN((size_t)count * sizeof(int));
		memcpy(CMSG_DATA(&control.header), descriptors, (size_t)count * sizeof(int));
		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE((size_t)count * sizeof(int));
	}
	MUST(sendmsg(connection, &header, MSG_NOSIGNAL));
}

void send_simple(const struct init *init, uint32_t type, uint64_t token)
{
	send_message(init->connection, type, token, 0, 0, NULL, 0);
}

struct reply receive_reply(int connection)
{
	struct reply reply = {0};
	union control control = {0};
	struct iovec part = {&reply.message, sizeof reply.message};
	struct msghdr header = {
		.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
	if (!is_readable(connection, PATIENCE_MILLISECONDS))
		fail(__FILE__, __LINE__, "no message in %d ms", PATIENCE_MILLISECONDS);
	CHECK_EQUAL(MUST(recvmsg(connection, &header, MSG_CMSG_CLOEXEC)), sizeof reply.message);
	CHECK_EQUAL(header.msg_flags & (MSG_CTRUNC | MSG_TRUNC), 0);
	if (header.msg_controllen >= sizeof(struct cmsghdr)) {
		reply.count = (int)((control.header.cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(reply.descriptors, CMSG_DATA(&control.header), (size_t)reply.count * sizeof(int));
	}
	return reply;
}

struct reply expect(const struct init *init, uint32_t type, uint64_t token)
{
	struct reply reply = receive_reply(init->connection);
	if (reply.message.type != type || reply.message.token != token)
		fail(__FILE__, __LINE__, "message %#x of token %lu (%lu, %lu), not %#x of %lu", reply.message.type,
		     reply.message.token, reply.message.arg[0], reply.message.arg[1], type, token);
	return reply;
}

void expect_failure(const struct init *init, uint32_t request, uint64_t token, int error)
{
	struct reply reply = expect(init, FAILED, token);
	CHECK_EQUAL(reply.message.arg[0], error);
	CHECK_EQUAL(reply.message.arg[1], request);
}

/* An unknown token is listed after everything that was sent before: nothing else may come. */
void expect_silence(const struct init *init)
{
	const uint64_t unused = 0xfffffffffff;
	send_simple(init, FETCH, unused);
	CHECK_EQUAL(expect(init, HELD, unused).message.arg[0], 0);
}

void expect_hang_up(int connection)
{
	struct message message;
	CHECK(is_readable(connection, PATIENCE_MILLISECONDS));
	ssize_t bytes = recv(connection, &message, sizeof message, 0);
	CHECK(bytes == 0 || (bytes < 0 && errno == ECONNRESET));
}

/* ---- Programs ---- */

static struct status_page *make_page(int *descriptor)
{
	*descriptor = MUST(memfd_create("page", MFD_CLOEXEC));
	MUST(ftruncate(*descriptor, 4096));
	return MUST(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, *descriptor, 0));
}

struct launch ask(const struct init *init, uint32_t type, uint64_t token, int program, const struct options *options)
{
	static const struct options none;
	struct launch launch = {.pidfd = -1};
	int descriptors[MAX_PASSED], page, gate[2], count = 3;
	if (options == NULL)
		options = &none;
	launch.page = make_page(&page);
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gate));
	launch.gate = gate[0];
	descriptors[0] = program;
	descriptors[1] = page;
	descriptors[2] = gate[1];
	if (options->flags & WITH_CGROUP)
		descriptors[count++] = options->cgroup;
	if (options->flags & WITH_PIDNS)
		descriptors[count++] = options->namespace;
	for (int i = 0; i < options->donated_count; i++)
		descriptors[count++] = options->donated[i];
	send_message(init->connection, type, token, options->flags, options->clone_flags, descriptors, count);
	close(program);
	close(page);
	close(gate[1]);
	return launch;
}

struct launch run(const struct init *init, uint64_t token, int program, const struct options *options)
{
	struct launch launch = ask(init, RUN, token, program, options);
	struct reply started = expect(init, STARTED, token);
	CHECK_EQUAL(started.count, 1);
	launch.pidfd = started.descriptors[0];
	launch.pid = (pid_t)started.message.arg[0];
	return launch;
}

uint64_t expect_exit(const struct init *init, uint64_t token)
{
	return expect(init, EXITED, token).message.arg[0];
}

uint64_t run_to_end(const struct init *init, int program, const struct options *options, struct launch *launch)
{
	const uint64_t token = 77;
	struct launch here = run(init, token, program, options);
	uint64_t status = expect_exit(init, token);
	send_simple(init, ACK, token);
	close(here.gate);
	close(here.pidfd);
	if (launch != NULL)
		*launch = here;
	return status;
}

void open_gate(const struct launch *launch)
{
	MUST(send(launch->gate, "", 1, MSG_NOSIGNAL));
}

uint32_t expect_barrier(const struct launch *launch)
{
	uint32_t step;
	CHECK(is_readable(launch->gate, PATIENCE_MILLISECONDS));
	CHECK_EQUAL(MUST(recv(launch->gate, &step, sizeof step, 0)), sizeof step);
	return step;
}

/* ---- Looking ---- */

int is_readable(int descriptor, int milliseconds)
{
	struct pollfd polled = {.fd = descriptor, .events = POLLIN};
	return MUST(poll(&polled, 1, milliseconds)) == 1;
}

int is_ended(int pidfd)
{
	return is_readable(pidfd, PATIENCE_MILLISECONDS);
}

int count_descriptors(pid_t pid)
{
	char path[64];
	int count = 0;
	snprintf(path, sizeof path, "/proc/%d/fd", pid);
	DIR *open = opendir(path);
	CHECK(open != NULL);
	for (struct dirent *entry; (entry = readdir(open)) != NULL;)
		count += entry->d_name[0] != '.';
	closedir(open);
	return count;
}

int same_file(int one, int other)
{
	struct stat a, b;
	MUST(fstat(one, &a));
	MUST(fstat(other, &b));
	return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

void read_text(int descriptor, char *text, int size)
{
	int count = 0;
	for (ssize_t bytes; (bytes = read(descriptor, text + count, (size_t)(size - 1 - count))) > 0;)
		count += (int)bytes;
	text[count] = 0;
}

/* ---- The driver: list | run CASE BINARY | probe … ---- */

static int run_isolated(void (*body)(void))
{
	int status = 0;
	MUST(unshare(CLONE_NEWPID | CLONE_NEWNS));
	pid_t child = MUST(fork());
	if (child == 0) {
		MUST(prctl(PR_SET_PDEATHSIG, SIGKILL));
		MUST(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
		MUST(mount("proc", "/proc", "proc", 0, NULL));
		body();
		fflush(stdout);
		_exit(0);
	}
	MUST(waitpid(child, &status, 0));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int run_case(const char *name)
{
	for (int i = 0; i < case_count; i++) {
		if (strcmp(cases[i].name, name) != 0)
			continue;
		struct sockaddr_un address;
		CHECK(mkdtemp(directory) != NULL);
		choose_cgroup();
		int code = run_isolated(cases[i].body);
		address = control_address();
		unlink(address.sun_path);
		rmdir(directory);
		if (cgroup[0] != 0)
			rmdir(cgroup);
		return code;
	}
	printf("there is no case %s\n", name);
	return 2;
}

int main(int count, char **words)
{
	MUST(readlink("/proc/self/exe", own_path, sizeof own_path - 1));
	if (count > 2 && strcmp(words[1], "probe") == 0)
		return probe(count - 2, words + 2);
	if (count == 4 && strcmp(words[1], "run") == 0) {
		binary = words[3];
		return run_case(words[2]);
	}
	if (count == 2 && strcmp(words[1], "list") == 0) {
		for (int i = 0; i < case_count; i++)
			printf("%s\n", cases[i].name);
		return 0;
	}
	return 2;
}
