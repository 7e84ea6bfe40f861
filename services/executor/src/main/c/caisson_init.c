/*
 * The process that holds a sandbox: it serves one connection at a time, bears the sandbox's processes, reaps them, and
 * keeps exits and descriptors until the executor has taken note of them. It decides nothing.
 */
#include "caisson_init.h"
#include "program.h"
#include "system.h"

#define MAX_RECEIVED 253 /* SCM_MAX_FD: what one message can carry */
#define MAX_REAPED 64    /* at one turn, so that a storm of orphans does not keep requests waiting */
#define SEND_SECONDS 2   /* a peer that reads nothing for so long loses its connection, not anybody's exit status */
#define RESERVED_DESCRIPTORS (MAX_RECEIVED + 11) /* never held: one request, a connection, and our own */
#define REST_NANOSECONDS 100000000 /* before accepting again what could not be accepted */
#define FIRST_SECONDS 5 /* in which whoever has started it connects, or was killed */
#define CANNOT_SERVE 1 /* exit status */

/* What clone3 may be asked for: namespaces. The rest would share our memory, descriptors or parent with a container. */
#define ALLOWED_CLONE_FLAGS                                                                                            \
	((uint64_t)(CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID |       \
		    CLONE_NEWNET | CLONE_NEWTIME))

struct process {
	uint64_t token;
	int32_t pid; /* 0 once it has been reaped */
	uint64_t exited[5];
};

struct held {
	uint64_t token;
	int32_t descriptor;
};

struct request {
	struct message message;
	int32_t descriptors[MAX_RECEIVED];
	uint32_t count;
	int error;
};

struct birth {
	struct program_input input;
	int cgroup;        /* -1: the parent's */
	int pid_namespace; /* -1: the parent's */
	const int32_t *entered;
	uint32_t entered_count;
};

union control {
	struct control_header header;
	unsigned char bytes[sizeof(struct control_header) + MAX_RECEIVED * sizeof(int32_t)];
};

static struct process processes[MAX_PROCESSES];
static uint32_t process_count;
static struct held held[MAX_HELD];
static uint32_t held_count;

/* Zero until caisson_init() sets them: a static value would cost the binary a page of its own. */
static int listening;
static int connection;
static int child_signals; /* a signalfd */
static int own_pidfd;
static int serving;
static int exits_with_connection;
static int abroad; /* our children would be born in another PID namespace than ours */
static int unreaped; /* there may be more children to reap than the last turn has reaped */
static int resting; /* the last accept failed */

static _Noreturn void end(uint64_t token);

/* ---- Messages ---- */

static void hang_up(void)
{
	close_descriptor(connection);
	connection = -1;
	if (exits_with_connection)
		end(0);
	if (!serving)
		end_process(CANNOT_SERVE); /* who has started it does not come back, and nobody else knows of it */
}

static void say(const struct message *message, const int32_t *descriptors, uint32_t count)
{
	union control control;
	struct iovec part = {.iov_base = (void *)message, .iov_len = sizeof *message};
	struct message_header header = {.parts = &part, .part_count = 1};
	if (connection < 0)
		return;
	if (count > 0) {
		control.header.bytes = sizeof control.header + count * sizeof *descriptors;
		control.header.level = SOL_SOCKET;
		control.header.type = SCM_RIGHTS;
		for (uint32_t i = 0; i < count; i++)
			((int32_t *)(&control.header + 1))[i] = descriptors[i];
		header.control = &control;
		header.control_bytes = (control.header.bytes + 7) & ~7ull;
	}
	if (CALL(__NR_sendmsg, connection, &header, MSG_NOSIGNAL) != sizeof *message)
		hang_up();
}

static void answer(const struct request *request, uint32_t type, uint64_t value, int descriptor)
{
	struct message message = {.type = type, .token = request->message.token, .arg = {value}};
	say(&message, &descriptor, descriptor < 0 ? 0 : 1);
}

static void close_received(struct request *request)
{
	for (uint32_t i = 0; i < request->count; i++)
		close_descriptor(request->descriptors[i]);
	request->count = 0;
}

static void take_descriptors(struct request *request, const struct message_header *header)
{
	const struct control_header *control = header->control;
	request->count = 0;
	if (header->control_bytes < sizeof *control || control->level != SOL_SOCKET || control->type != SCM_RIGHTS)
		return;
	request->count = (uint32_t)((control->bytes - sizeof *control) / sizeof(int32_t));
	for (uint32_t i = 0; i < request->count; i++)
		request->descriptors[i] = ((const int32_t *)(control + 1))[i];
}

static int form_error(long bytes, uint32_t flags)
{
	if (flags & MSG_CTRUNC)
		return EMFILE; /* descriptors that did not fit into our table are lost */
	return bytes != sizeof(struct message) || flags & MSG_TRUNC ? EINVAL : 0;
}

/* Whether there is a request; request->error says what is wrong with its form. */
static int receive(struct request *request)
{
	union control control;
	struct iovec part = {.iov_base = &request->message, .iov_len = sizeof request->message};
	struct message_header header = {
		.parts = &part, .part_count = 1, .control = &control, .control_bytes = sizeof control};
	request->message = (struct message){0};
	long bytes = CALL(__NR_recvmsg, connection, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (bytes == -EAGAIN)
		return 0;
	if (is_error(bytes)) {
		hang_up();
		return 0;
	}
	take_descriptors(request, &header);
	if (bytes == 0) {
		close_received(request);
		hang_up();
		return 0;
	}
	request->error = form_error(bytes, header.flags);
	return 1;
}

/* ---- Processes ---- */

static struct process *find_token(uint64_t token)
{
	for (uint32_t i = 0; i < process_count; i++)
		if (processes[i].token == token)
			return &processes[i];
	return NULL;
}

static struct process *find_pid(int32_t pid)
{
	for (uint32_t i = 0; i < process_count; i++)
		if (processes[i].pid == pid)
			return &processes[i];
	return NULL;
}

static struct message exit_message(const struct process *process, uint32_t type, uint32_t flags)
{
	struct message message = {.type = type, .flags = flags, .token = process->token};
	for (int i = 0; i < 5; i++)
		message.arg[i] = process->exited[i];
	return message;
}

static void report_exit(const struct process *process)
{
	struct message message = exit_message(process, EXITED, 0);
	say(&message, NULL, 0);
}

static uint64_t nanoseconds(uint64_t seconds, uint64_t rest)
{
	return seconds * 1000000000 + rest;
}

static void record_exit(struct process *process, int status, const struct rusage *usage)
{
	struct timespec now = {0};
	CALL(__NR_clock_gettime, CLOCK_REALTIME, &now);
	process->pid = 0;
	process->exited[0] = (uint32_t)status;
	process->exited[1] = nanoseconds(usage->ru_utime.tv_sec, usage->ru_utime.tv_usec * 1000);
	process->exited[2] = nanoseconds(usage->ru_stime.tv_sec, usage->ru_stime.tv_usec * 1000);
	process->exited[3] = (uint64_t)usage->ru_maxrss * 1024;
	process->exited[4] = nanoseconds(now.tv_sec, now.tv_nsec);
}

/* A process that asks to be traced by its parent (PTRACE_TRACEME) makes wait4 report its stops. We do not trace. */
static void release_traced(int32_t pid, int status)
{
	int signal = status >> 8 & 0xff;
	CALL(__NR_ptrace, PTRACE_DETACH, pid, 0, signal == SIGTRAP ? 0 : signal);
}

static int reap_one(int options)
{
	int status = 0;
	struct rusage usage;
	long pid = CALL(__NR_wait4, -1, &status, options | __WALL, &usage);
	if (pid <= 0)
		return 0;
	if ((status & 0xff) == 0x7f) {
		release_traced((int32_t)pid, status);
		return 1;
	}
	struct process *process = find_pid((int32_t)pid);
	if (process != NULL) {
		record_exit(process, status, &usage);
		report_exit(process);
	}
	return 1;
}

static void reap(void)
{
	unsigned char information[SIGNAL_INFO_BYTES];
	int count = 0;
	CALL(__NR_read, child_signals, information, sizeof information);
	while (count < MAX_REAPED && reap_one(WNOHANG))
		count++;
	unreaped = count == MAX_REAPED;
}

static int any_runs(void)
{
	for (uint32_t i = 0; i < process_count; i++)
		if (processes[i].pid != 0)
			return 1;
	return 0;
}

/* Kills all that we have borne. In a PID namespace of ours also what they have; elsewhere those who outlive us are not ours. */
static _Noreturn void end(uint64_t token)
{
	struct message message = {.type = ENDED, .token = token};
	if (CALL(__NR_getpid) == 1)
		CALL(__NR_kill, -1, SIGKILL);
	for (uint32_t i = 0; i < process_count; i++)
		if (processes[i].pid != 0)
			CALL(__NR_kill, processes[i].pid, SIGKILL);
	while (any_runs() && reap_one(0))
		;
	say(&message, NULL, 0);
	end_process(0);
}

/* ---- Births ---- */

/* Descriptors: program, status page, gate [, cgroup] [, PID namespace], namespaces to enter …, donated … */
static int read_birth(const struct request *request, struct birth *birth)
{
	const struct message *message = &request->message;
	uint32_t next = 3;
	uint64_t entered = message->type == BECOME ? message->arg[1] : 0;
	uint32_t needed = 3 + !!(message->flags & WITH_CGROUP) + !!(message->flags & WITH_PIDNS);
	if (entered > MAX_ENTERED || request->count < needed + entered || message->arg[0] & ~ALLOWED_CLONE_FLAGS)
		return EINVAL;
	birth->cgroup = message->flags & WITH_CGROUP ? request->descriptors[next++] : -1;
	birth->pid_namespace = message->flags & WITH_PIDNS ? request->descriptors[next++] : -1;
	birth->input = (struct program_input){
		.program = request->descriptors[0],
		.page = request->descriptors[1],
		.gate = request->descriptors[2],
		.donated = request->descriptors + needed + entered,
		.donated_count = request->count - needed - (uint32_t)entered,
	};
	birth->entered = request->descriptors + needed;
	birth->entered_count = (uint32_t)entered;
	if (CALL(__NR_lseek, birth->input.page, 0, SEEK_END) < (long)sizeof(struct status_page))
		return EINVAL;
	return 0;
}

static long enter_pid_namespace(int descriptor)
{
	return CALL(__NR_setns, descriptor, CLONE_NEWPID);
}

static long come_home(void)
{
	long result = abroad ? enter_pid_namespace(own_pidfd) : 0;
	abroad = abroad && is_error(result);
	return result;
}

static long clone_process(const struct birth *birth, uint64_t flags, int exit_signal, int32_t *pidfd)
{
	struct clone_args arguments = {
		.flags = flags | CLONE_PIDFD, .pidfd = (uint64_t)pidfd, .exit_signal = (uint64_t)exit_signal};
	if (birth->cgroup >= 0) {
		arguments.flags |= CLONE_INTO_CGROUP;
		arguments.cgroup = (uint64_t)birth->cgroup;
	}
	return CALL(__NR_clone3, &arguments, sizeof arguments);
}

static long bear(const struct birth *birth, uint64_t flags, int32_t *pidfd)
{
	long result = come_home();
	if (is_error(result))
		return result;
	if (birth->pid_namespace >= 0) {
		result = enter_pid_namespace(birth->pid_namespace);
		if (is_error(result))
			return result;
		abroad = 1;
	}
	result = clone_process(birth, flags, SIGCHLD, pidfd);
	if (result != 0)
		come_home(); /* tried again before the next birth */
	return result;
}

static void set_signal_mask(uint64_t mask)
{
	CALL(__NR_rt_sigprocmask, SIG_SETMASK, &mask, 0, SIGNAL_SET_BYTES);
}

/* In the child: what is ours must not be at hand for as long as a program waits at a barrier. */
static void close_own(const struct birth *birth)
{
	close_descriptor(listening);
	close_descriptor(connection);
	close_descriptor(child_signals);
	close_descriptor(own_pidfd);
	close_descriptor(birth->cgroup);
	close_descriptor(birth->pid_namespace);
	for (uint32_t i = 0; i < held_count; i++)
		close_descriptor(held[i].descriptor);
}

static int32_t raise_or_end(int32_t descriptor)
{
	long raised = raise_descriptor(descriptor);
	if (is_error(raised))
		end_process(CANNOT_SERVE);
	return (int32_t)raised;
}

static _Noreturn void be_child(const struct birth *birth)
{
	int32_t donated[MAX_DESCRIPTORS];
	struct program_input input = birth->input;
	close_own(birth);
	set_signal_mask(0);
	input.gate = raise_or_end(input.gate);
	for (uint32_t i = 0; i < input.donated_count; i++)
		donated[i] = raise_or_end(input.donated[i]);
	input.donated = donated;
	program_run(&input);
	end_process(0);
}

static int run(struct request *request)
{
	struct birth birth;
	int32_t pidfd = -1;
	int error = serving ? read_birth(request, &birth) : EINVAL;
	if (error != 0)
		return error;
	if (find_token(request->message.token) != NULL)
		return EEXIST;
	if (process_count == MAX_PROCESSES)
		return EAGAIN;
	long pid = bear(&birth, request->message.arg[0], &pidfd);
	if (is_error(pid))
		return (int)-pid;
	if (pid == 0)
		be_child(&birth);
	processes[process_count++] = (struct process){.token = request->message.token, .pid = (int32_t)pid};
	answer(request, STARTED, (uint64_t)pid, pidfd);
	close_descriptor(pidfd);
	return 0;
}

/* ---- Becoming a sandbox ---- */

/* In the first process. Nobody would know of a second one whose birth could not be told: it ends unless it hears of that. */
static _Noreturn void announce(const struct request *request, long pid, int32_t pidfd, int announced)
{
	uint8_t told = 1;
	answer(request, BORN, (uint64_t)pid, pidfd);
	if (connection >= 0)
		CALL(__NR_write, announced, &told, sizeof told);
	end_process(connection < 0 ? CANNOT_SERVE : 0);
}

static void start_serving(void)
{
	uint64_t child_signal = 1ull << (SIGCHLD - 1);
	CALL(__NR_prctl, PR_SET_DUMPABLE, 0); /* a change of ids in the program may have undone it */
	child_signals = (int)CALL(__NR_signalfd4, -1, &child_signal, SIGNAL_SET_BYTES, O_CLOEXEC | O_NONBLOCK);
	own_pidfd = (int)CALL(__NR_pidfd_open, CALL(__NR_getpid), 0);
	if (child_signals < 0 || own_pidfd < 0)
		end_process(CANNOT_SERVE);
	serving = 1;
}

/* In the second process. */
static void grow_up(struct request *request, const struct birth *birth, int announced)
{
	uint8_t told;
	close_descriptor(birth->cgroup);
	program_run(&birth->input);
	if (birth->cgroup >= 0)
		request->descriptors[3] = -1;
	close_received(request);
	if (CALL(__NR_read, announced, &told, sizeof told) != sizeof told) /* once BORN has been sent: READY comes after */
		end_process(CANNOT_SERVE);
	close_descriptor(announced);
	start_serving();
	if (request->message.flags & EXIT_WITH_CONNECTION) {
		close_descriptor(listening);
		listening = -1;
		exits_with_connection = 1;
	}
	answer(request, READY, 0, -1);
}

/*
 * Somebody else's namespaces, before there are any of ours: from inside a new user namespace the kernel would not let us in.
 * Where one of them is a user namespace, its root is who makes the others and joins the cgroup.
 */
static long enter_namespaces(const struct birth *birth)
{
	long result = 0;
	for (uint32_t i = 0; i < birth->entered_count && !is_error(result); i++)
		result = CALL(__NR_setns, birth->entered[i], 0);
	if (birth->entered_count > 0 && !is_error(result))
		result = CALL(__NR_setresgid, 0, 0, 0);
	if (birth->entered_count > 0 && !is_error(result))
		result = CALL(__NR_setresuid, 0, 0, 0);
	return result;
}

static int become(struct request *request)
{
	struct birth birth;
	int32_t announced[2];
	int32_t pidfd = -1;
	int error = serving ? EINVAL : read_birth(request, &birth);
	if (error != 0)
		return error;
	long result = CALL(__NR_pipe2, announced, O_CLOEXEC);
	if (is_error(result))
		return (int)-result;
	result = enter_namespaces(&birth);
	if (!is_error(result))
		result = clone_process(&birth, request->message.arg[0] | CLONE_PARENT, 0, &pidfd);
	if (result > 0)
		announce(request, result, pidfd, announced[1]);
	close_descriptor(announced[1]);
	if (result == 0) {
		grow_up(request, &birth, announced[0]);
		return 0;
	}
	close_descriptor(announced[0]);
	return (int)-result;
}

/* ---- Other requests ---- */

static void acknowledge(uint64_t token)
{
	struct process *process = find_token(token);
	if (process != NULL && process->pid == 0)
		*process = processes[--process_count];
}

static void list_one(const struct process *process)
{
	struct message message = exit_message(process, ENTRY, ENTRY_EXITED);
	int32_t pidfd = -1;
	if (process->pid != 0) {
		message.flags = ENTRY_RUNNING;
		message.arg[0] = (uint64_t)process->pid;
		pidfd = (int32_t)CALL(__NR_pidfd_open, process->pid, 0);
	}
	say(&message, &pidfd, pidfd < 0 ? 0 : 1);
	close_descriptor(pidfd);
}

static void list(const struct request *request)
{
	for (uint32_t i = 0; i < process_count; i++)
		list_one(&processes[i]);
	answer(request, LISTED, process_count, -1);
}

static uint32_t collect_held(uint64_t token, int32_t *descriptors)
{
	uint32_t count = 0;
	for (uint32_t i = 0; i < held_count; i++)
		if (held[i].token == token)
			descriptors[count++] = held[i].descriptor;
	return count;
}

/* The lowest free number is given to a new descriptor: a high one means that few are left. */
static int leaves_reserve(const struct request *request)
{
	struct rlimit limit = {0};
	CALL(__NR_prlimit64, 0, RLIMIT_NOFILE, 0, &limit);
	for (uint32_t i = 0; i < request->count; i++)
		if ((uint64_t)request->descriptors[i] + RESERVED_DESCRIPTORS >= limit.rlim_cur)
			return 0;
	return 1;
}

static int hold(struct request *request)
{
	int32_t already[MAX_DESCRIPTORS];
	uint32_t count = collect_held(request->message.token, already);
	if (count + request->count > MAX_DESCRIPTORS || held_count + request->count > MAX_HELD ||
	    !leaves_reserve(request))
		return ENOSPC;
	for (uint32_t i = 0; i < request->count; i++)
		held[held_count++] =
			(struct held){.token = request->message.token, .descriptor = request->descriptors[i]};
	count += request->count;
	request->count = 0;
	answer(request, HELD, count, -1);
	return 0;
}

static void fetch(const struct request *request)
{
	int32_t descriptors[MAX_DESCRIPTORS];
	uint32_t count = collect_held(request->message.token, descriptors);
	struct message message = {.type = HELD, .token = request->message.token, .arg = {count}};
	say(&message, descriptors, count);
}

static void drop(uint64_t token)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; i < held_count; i++) {
		if (held[i].token == token)
			close_descriptor(held[i].descriptor);
		else
			held[kept++] = held[i];
	}
	held_count = kept;
}

static uint32_t allowed_flags(uint32_t type)
{
	return type == RUN ? WITH_CGROUP | WITH_PIDNS : type == BECOME ? WITH_CGROUP | EXIT_WITH_CONNECTION : 0;
}

/* An errno, for FAILED, or 0. */
static int dispatch(struct request *request)
{
	if (request->error != 0)
		return request->error;
	if (request->message.flags & ~allowed_flags(request->message.type))
		return EINVAL;
	switch (request->message.type) {
	case BECOME:
		return become(request);
	case RUN:
		return run(request);
	case ACK:
		acknowledge(request->message.token);
		return 0;
	case LIST:
		list(request);
		return 0;
	case HOLD:
		return serving ? hold(request) : EINVAL;
	case FETCH:
		fetch(request);
		return 0;
	case DROP:
		drop(request->message.token);
		return 0;
	case END:
		end(request->message.token);
	}
	return EINVAL;
}

static void handle_request(void)
{
	struct request request;
	if (!receive(&request))
		return;
	int error = dispatch(&request);
	close_received(&request);
	if (error != 0) {
		struct message message = {
			.type = FAILED, .token = request.message.token, .arg = {(uint64_t)error, request.message.type}};
		say(&message, NULL, 0);
	}
}

/* ---- The loop ---- */

static void greet(void)
{
	struct timeval patience = {.tv_sec = SEND_SECONDS};
	struct message message = {.type = HELLO, .arg = {CONTROL_VERSION, (uint64_t)serving}};
	CALL(__NR_setsockopt, connection, SOL_SOCKET, SO_SNDTIMEO_OLD, &patience, sizeof patience);
	say(&message, NULL, 0);
	for (uint32_t i = 0; i < process_count; i++)
		if (processes[i].pid == 0)
			report_exit(&processes[i]);
}

static void accept_connection(void)
{
	long accepted = CALL(__NR_accept4, listening, 0, 0, O_CLOEXEC);
	resting = is_error(accepted);
	if (resting)
		return;
	close_descriptor(connection);
	connection = (int)accepted;
	greet();
}

static void take_turn(void)
{
	struct pollfd polled[] = {
		{.fd = child_signals, .events = POLLIN},
		{.fd = connection, .events = POLLIN},
		{.fd = resting ? -1 : listening, .events = POLLIN},
	};
	struct timespec pause = {.tv_nsec = unreaped ? 0 : REST_NANOSECONDS};
	struct timespec first = {.tv_sec = FIRST_SECONDS};
	struct timespec *most = unreaped || resting ? &pause : serving ? NULL : &first;
	if (CALL(__NR_ppoll, polled, 3, most, 0, SIGNAL_SET_BYTES) == 0 && most == &first)
		end_process(CANNOT_SERVE);
	resting = 0;
	if (polled[0].revents != 0 || unreaped)
		reap();
	if (polled[1].revents != 0 && polled[1].fd == connection)
		handle_request();
	if (polled[2].revents != 0 && listening >= 0)
		accept_connection();
}

/* An ignored signal would stay ignored in every container; all are blocked here, and unblocked in each child. */
static void set_signals(void)
{
	static const uint64_t default_action[4]; /* struct sigaction with SIG_DFL: all zero */
	for (int signal = 1; signal <= LAST_SIGNAL; signal++)
		CALL(__NR_rt_sigaction, signal, default_action, 0, SIGNAL_SET_BYTES);
	set_signal_mask(~0ull);
}

_Noreturn void caisson_init(void)
{
	CALL(__NR_prctl, PR_SET_DUMPABLE, 0);
	CALL(__NR_prctl, PR_SET_NAME, "caisson-init"); /* else the number of the descriptor that it was executed from */
	listening = LISTEN_DESCRIPTOR;
	connection = child_signals = own_pidfd = -1;
	set_signals();
	/* What started this one must not show in containers: in the modes of what they make, in the keys that they reach. */
	CALL(__NR_umask, 022);
	CALL(__NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, 0);
	CALL(__NR_fcntl, listening, F_SETFD, FD_CLOEXEC);
	CALL(__NR_fcntl, listening, F_SETFL, O_NONBLOCK);
	for (;;)
		take_turn();
}
