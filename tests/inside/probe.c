/*
 * What a process sees and may do, as one JSON document on standard output. Static, so that it runs in any root filesystem;
 * it needs nothing there. What cannot be read is a value ("errno:ENOENT"), never an end: a probe that stops where it is
 * contained would hide what it is for. Every system call of the table is tried in a child of its own, with arguments that
 * change nothing where it is allowed.
 *
 * probe [PATH…]: tells of these paths too, beside the usual ones.
 * probe --wait: is there until it is killed, and tells nothing.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>

#define MAX_FILE_BYTES (256 << 10)
#define MAX_ENTRIES 4096

extern char **environ;

/* ---- JSON ----------------------------------------------------------------------------------------------------------- */

static bool needs_comma;

static void separate(void)
{
	if (needs_comma)
		putchar(',');
	needs_comma = true;
}

static void print_string(const char *text)
{
	putchar('"');
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '"' || *c == '\\')
			printf("\\%c", *c);
		else if (*c < 0x20 || *c > 0x7e)
			printf("\\u%04x", *c);
		else
			putchar(*c);
	}
	putchar('"');
}

static void key(const char *name)
{
	separate();
	if (!name)
		return;
	print_string(name);
	putchar(':');
}

static void begin(const char *name, char bracket)
{
	key(name);
	putchar(bracket);
	needs_comma = false;
}

static void end(char bracket)
{
	putchar(bracket);
	needs_comma = true;
}

static void text(const char *name, const char *value)
{
	key(name);
	print_string(value);
}

static void number(const char *name, long long value)
{
	key(name);
	printf("%lld", value);
}

static void flag(const char *name, bool value)
{
	key(name);
	fputs(value ? "true" : "false", stdout);
}

static void formatted(const char *name, const char *format, ...)
{
	char value[PATH_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(value, sizeof value, format, arguments);
	va_end(arguments);
	text(name, value);
}

static const char *error_name(int error)
{
	const char *name = strerrorname_np(error);
	return name ? name : "?";
}

static void error(const char *name)
{
	formatted(name, "errno:%s", error_name(errno));
}

/* ---- reading -------------------------------------------------------------------------------------------------------- */

static char contents[MAX_FILE_BYTES];

/* The file's text, or null with errno. Overwritten by the next. */
static char *read_file(const char *path)
{
	size_t size = 0;
	ssize_t count;
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file < 0)
		return NULL;
	while ((count = read(file, contents + size, sizeof contents - 1 - size)) > 0)
		size += (size_t)count;
	int failure = errno;
	close(file);
	errno = failure;
	contents[size] = 0;
	return count < 0 ? NULL : contents;
}

/* One line of a file, with its blanks as single spaces. */
static void squeezed(char *line)
{
	char *to = line;
	for (char *from = line; *from; from++) {
		char c = *from == '\t' ? ' ' : *from;
		if (c != ' ' || (to > line && to[-1] != ' '))
			*to++ = c;
	}
	while (to > line && to[-1] == ' ')
		to--;
	*to = 0;
}

static void file_text(const char *name, const char *path)
{
	char *read = read_file(path);
	if (!read) {
		error(name);
		return;
	}
	size_t length = strlen(read);
	if (length && read[length - 1] == '\n')
		read[length - 1] = 0;
	squeezed(read);
	text(name, read);
}

static void file_lines(const char *name, const char *path)
{
	char *read = read_file(path), *rest, *line;
	if (!read) {
		error(name);
		return;
	}
	begin(name, '[');
	for (line = strtok_r(read, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		squeezed(line);
		text(NULL, line);
	}
	end(']');
}

/* The value of "Name:" in /proc/self/status; "absent" where the kernel does not tell it. */
static void status_field(const char *name, const char *field)
{
	char *status = read_file("/proc/self/status"), *rest, *line;
	size_t length = strlen(field);
	if (!status) {
		error(name);
		return;
	}
	for (line = strtok_r(status, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		if (strncmp(line, field, length) == 0 && line[length] == ':') {
			squeezed(line + length + 1);
			text(name, line[length + 1] == ' ' ? line + length + 2 : line + length + 1);
			return;
		}
	text(name, "absent");
}

static const char *kind(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFREG: return "file";
	case S_IFDIR: return "directory";
	case S_IFCHR: return "character device";
	case S_IFBLK: return "block device";
	case S_IFIFO: return "fifo";
	case S_IFSOCK: return "socket";
	case S_IFLNK: return "link";
	default: return "?";
	}
}

/* ---- who ------------------------------------------------------------------------------------------------------------ */

static void namespaces(void)
{
	static const char *const names[] = {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};
	begin("namespaces", '{');
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char path[64];
		struct stat status;
		snprintf(path, sizeof path, "/proc/self/ns/%s", names[i]);
		if (stat(path, &status))
			error(names[i]);
		else
			number(names[i], (long long)status.st_ino);
	}
	end('}');
}

static int ascending(const void *a, const void *b)
{
	gid_t left = *(const gid_t *)a, right = *(const gid_t *)b;
	return left < right ? -1 : left > right;
}

static void ids(void)
{
	uid_t uid[3];
	gid_t gid[3], groups[NGROUPS_MAX > 1024 ? 1024 : NGROUPS_MAX];
	getresuid(&uid[0], &uid[1], &uid[2]);
	getresgid(&gid[0], &gid[1], &gid[2]);
	begin("ids", '{');
	formatted("uid", "%u %u %u", uid[0], uid[1], uid[2]);
	formatted("gid", "%u %u %u", gid[0], gid[1], gid[2]);
	int count = getgroups(sizeof groups / sizeof *groups, groups);
	begin("groups", '[');
	if (count > 0)
		qsort(groups, (size_t)count, sizeof *groups, ascending);
	for (int i = 0; i < count; i++)
		number(NULL, groups[i]);
	end(']');
	file_lines("uid_map", "/proc/self/uid_map");
	file_lines("gid_map", "/proc/self/gid_map");
	file_text("setgroups", "/proc/self/setgroups");
	end('}');
}

static void capabilities(void)
{
	begin("capabilities", '{');
	status_field("inheritable", "CapInh");
	status_field("permitted", "CapPrm");
	status_field("effective", "CapEff");
	status_field("bounding", "CapBnd");
	status_field("ambient", "CapAmb");
	number("securebits", prctl(PR_GET_SECUREBITS));
	number("no_new_privs", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
	number("keep_capabilities", prctl(PR_GET_KEEPCAPS));
	end('}');
}

static void processes(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	if (!proc) {
		error("visible_processes");
		return;
	}
	begin("visible_processes", '[');
	while ((entry = readdir(proc)))
		if (strspn(entry->d_name, "0123456789") == strlen(entry->d_name))
			number(NULL, atoll(entry->d_name));
	end(']');
	closedir(proc);
}

/* What becomes of a process of the background that reads from the terminal. */
static const char *background_read(void)
{
	int status;
	char byte;
	fflush(stdout);
	pid_t child = fork();
	if (child == 0) {
		setpgid(0, 0);
		_exit(read(STDIN_FILENO, &byte, 1) < 0 ? errno : 0);
	}
	if (child < 0 || waitpid(child, &status, WUNTRACED | __WALL) != child)
		return error_name(errno);
	if (!WIFSTOPPED(status))
		return WEXITSTATUS(status) ? error_name(WEXITSTATUS(status)) : "yes";
	const char *stopped_by = sigabbrev_np(WSTOPSIG(status));
	kill(child, SIGKILL);
	waitpid(child, &status, __WALL);
	return stopped_by;
}

/* Only of a terminal: there is nothing to ask of other streams. */
static void job_control(void)
{
	struct stat status = {0}, console;
	struct termios modes;
	if (!isatty(STDIN_FILENO))
		return;
	begin("terminal", '{');
	text("name", ttyname(STDIN_FILENO) ? ttyname(STDIN_FILENO) : error_name(errno));
	if (fstat(STDIN_FILENO, &status) == 0)
		formatted("mode", "%04o %u:%u", status.st_mode & 07777, status.st_uid, status.st_gid);
	flag("is_console", stat("/dev/console", &console) == 0 && console.st_rdev == status.st_rdev);
	flag("is_of_the_session", tcgetsid(STDIN_FILENO) == getsid(0));
	flag("in_the_foreground", tcgetpgrp(STDIN_FILENO) == getpgrp());
	text("background_read", background_read());
	if (tcgetattr(STDIN_FILENO, &modes) == 0) {
		formatted("input_modes", "%#o", modes.c_iflag);
		formatted("output_modes", "%#o", modes.c_oflag);
		formatted("local_modes", "%#o", modes.c_lflag);
		formatted("control_modes", "%#o", modes.c_cflag);
	}
	end('}');
}

/* Some runtimes say it only when the process runs already: then there is a signal to wait for. */
static int window_size(struct winsize *size)
{
	sigset_t change, before;
	sigemptyset(&change);
	sigaddset(&change, SIGWINCH);
	sigprocmask(SIG_BLOCK, &change, &before);
	int failed = ioctl(STDIN_FILENO, TIOCGWINSZ, size);
	if (!failed && size->ws_col == 0) {
		sigtimedwait(&change, NULL, &(struct timespec){.tv_sec = 5});
		failed = ioctl(STDIN_FILENO, TIOCGWINSZ, size);
	}
	int failure = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = failure;
	return failed;
}

static void terminal(void)
{
	struct winsize size;
	int controlling = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (controlling < 0)
		error("controlling_terminal");
	else
		text("controlling_terminal", "yes");
	if (controlling >= 0)
		close(controlling);
	if (window_size(&size))
		error("window");
	else
		formatted("window", "%ux%u", size.ws_col, size.ws_row);
	job_control();
}

static void process(void)
{
	char directory[PATH_MAX], name[32] = "";
	int death_signal = -1, reaper = -1;
	begin("process", '{');
	number("pid", getpid());
	number("parent", getppid());
	flag("session_leader", getsid(0) == getpid());
	flag("group_leader", getpgid(0) == getpid());
	processes();
	terminal();
	if (syscall(SYS_getcwd, directory, sizeof directory) < 0)
		error("cwd");
	else
		text("cwd", directory);
	struct stat status;
	if (stat(".", &status) == 0)
		formatted("cwd_mode", "%04o %u:%u", status.st_mode & 07777, status.st_uid, status.st_gid);
	ssize_t length = readlink("/proc/self/exe", directory, sizeof directory - 1);
	directory[length < 0 ? 0 : length] = 0;
	text("exe", directory);
	prctl(PR_GET_NAME, name);
	text("name", name);
	number("dumpable", prctl(PR_GET_DUMPABLE));
	prctl(PR_GET_PDEATHSIG, &death_signal);
	number("parent_death_signal", death_signal);
	prctl(PR_GET_CHILD_SUBREAPER, &reaper);
	number("child_subreaper", reaper);
	number("timer_slack", prctl(PR_GET_TIMERSLACK));
	number("thp_disabled", prctl(PR_GET_THP_DISABLE, 0, 0, 0, 0));
	status_field("signals_blocked", "SigBlk");
	status_field("signals_ignored", "SigIgn");
	status_field("signals_caught", "SigCgt");
	status_field("speculation_store_bypass", "Speculation_Store_Bypass");
	status_field("speculation_indirect_branch", "SpeculationIndirectBranch");
	mode_t mask = umask(0);
	umask(mask);
	formatted("umask", "%04o", mask);
	formatted("personality", "%#x", (unsigned)personality(0xffffffff));
	file_text("oom_score_adj", "/proc/self/oom_score_adj");
	file_text("coredump_filter", "/proc/self/coredump_filter");
	end('}');
}

static void scheduling(void)
{
	struct sched_param parameter = {0};
	begin("scheduling", '{');
	formatted("io_priority", "%#lx", syscall(SYS_ioprio_get, 1 /* IOPRIO_WHO_PROCESS */, 0));
	number("policy", sched_getscheduler(0));
	sched_getparam(0, &parameter);
	number("priority", parameter.sched_priority);
	number("nice", getpriority(PRIO_PROCESS, 0));
	status_field("cpus", "Cpus_allowed_list");
	status_field("memory_nodes", "Mems_allowed_list");
	int policy = -1;
	if (syscall(SYS_get_mempolicy, &policy, NULL, 0, NULL, 0))
		error("memory_policy");
	else
		number("memory_policy", policy);
	end('}');
}

static void limit_value(const char *name, rlim_t value)
{
	if (value == RLIM_INFINITY)
		text(name, "unlimited");
	else
		formatted(name, "%llu", (unsigned long long)value);
}

static void limits(void)
{
	static const char *const names[] = {"CPU", "FSIZE", "DATA", "STACK", "CORE", "RSS", "NPROC", "NOFILE", "MEMLOCK",
		"AS", "LOCKS", "SIGPENDING", "MSGQUEUE", "NICE", "RTPRIO", "RTTIME"};
	begin("rlimits", '{');
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct rlimit limit;
		begin(names[i], '{');
		if (getrlimit((int)i, &limit)) {
			error("soft");
		} else {
			limit_value("soft", limit.rlim_cur);
			limit_value("hard", limit.rlim_max);
		}
		end('}');
	}
	end('}');
}

static void clocks(void)
{
	begin("clocks", '{');
	file_lines("offsets", "/proc/self/timens_offsets");
	end('}');
}

static void names(void)
{
	struct utsname name;
	uname(&name);
	begin("names", '{');
	text("hostname", name.nodename);
	text("domainname", name.domainname);
	text("machine", name.machine);
	end('}');
}

static void strings(const char *name, char **list)
{
	begin(name, '[');
	for (; *list; list++)
		text(NULL, *list);
	end(']');
}

/* The session keyring is inherited: a host's own must not be reachable from inside. Source: keyrings(7). */
static void keyring(void)
{
	char description[256] = "";
	long id = syscall(SYS_keyctl, 0 /* KEYCTL_GET_KEYRING_ID */, -3 /* KEY_SPEC_SESSION_KEYRING */, 0);
	if (id < 0) {
		error("session_keyring");
		return;
	}
	if (syscall(SYS_keyctl, 6 /* KEYCTL_DESCRIBE */, id, description, sizeof description - 1) < 0)
		error("session_keyring");
	else
		text("session_keyring", description);
}

/* ---- descriptors ---------------------------------------------------------------------------------------------------- */

static void descriptor(int number_of_it)
{
	char path[64], target[PATH_MAX], name[16];
	struct stat status;
	snprintf(name, sizeof name, "%d", number_of_it);
	begin(name, '{');
	if (fstat(number_of_it, &status))
		error("type");
	else
		text("type", kind(status.st_mode));
	formatted("owner", "%u:%u", status.st_uid, status.st_gid);
	int flags = fcntl(number_of_it, F_GETFL);
	static const char *const modes[] = {"read", "write", "read and write", "?"};
	text("access", flags & O_PATH ? "path" : modes[flags & O_ACCMODE]);
	flag("append", flags & O_APPEND);
	flag("nonblocking", flags & O_NONBLOCK);
	flag("close_on_exec", fcntl(number_of_it, F_GETFD) & FD_CLOEXEC);
	snprintf(path, sizeof path, "/proc/self/fd/%d", number_of_it);
	ssize_t length = readlink(path, target, sizeof target - 1);
	target[length < 0 ? 0 : length] = 0;
	target[strcspn(target, ":")] = 0;
	text("target", target);
	end('}');
}

/* By trying each number: what /proc/self/fd lists may be hidden. */
static void descriptors(void)
{
	begin("descriptors", '{');
	for (int i = 0; i < MAX_ENTRIES; i++)
		if (fcntl(i, F_GETFD) >= 0)
			descriptor(i);
	end('}');
}

/* ---- mounts --------------------------------------------------------------------------------------------------------- */

/* Whether something can be written there, in fact: options are only what is meant. */
static const char *writability(const char *path)
{
	struct stat status;
	int file;
	if (stat(path, &status))
		return error_name(errno);
	if (S_ISDIR(status.st_mode)) {
		char name[PATH_MAX];
		snprintf(name, sizeof name, "%s/.written", path);
		file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		int failure = errno;
		if (file >= 0)
			unlink(name);
		errno = failure;
	} else if (S_ISREG(status.st_mode)) {
		file = open(path, O_WRONLY | O_CLOEXEC | O_NONBLOCK);
	} else {
		return "not tried";
	}
	if (file < 0)
		return error_name(errno);
	close(file);
	return "yes";
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sorted_words(const char *name, char *words, const char *separators)
{
	char *list[64], *rest, *word;
	size_t count = 0;
	for (word = strtok_r(words, separators, &rest); word && count < 64; word = strtok_r(NULL, separators, &rest))
		list[count++] = word;
	qsort(list, count, sizeof *list, by_text);
	begin(name, '[');
	for (size_t i = 0; i < count; i++)
		text(NULL, list[i]);
	end(']');
}

/* "master:4 shared:7" as words without the numbers, which are other ones each time; private where there are none. */
static void propagation(char *fields)
{
	char known[64] = "";
	if (strstr(fields, "shared:"))
		strcat(known, "shared ");
	if (strstr(fields, "master:"))
		strcat(known, "slave ");
	if (strstr(fields, "unbindable"))
		strcat(known, "unbindable ");
	squeezed(known);
	text("propagation", *known ? known : "private");
}

/* proc_pid_mountinfo(5): id parent major:minor root target options [fields…] - type source super-options */
static void mount_line(char *line)
{
	char *rest, *target = NULL, *options = NULL, fields[256] = "", *word;
	int index = 0;
	char *tail = strstr(line, " - ");
	if (!tail)
		return;
	*tail = 0;
	for (word = strtok_r(line, " ", &rest); word; word = strtok_r(NULL, " ", &rest), index++) {
		if (index == 4)
			target = word;
		else if (index == 5)
			options = word;
		else if (index > 5)
			strncat(strncat(fields, word, sizeof fields - strlen(fields) - 2), " ", 2);
	}
	char *type = strtok_r(tail + 3, " ", &rest);
	strtok_r(NULL, " ", &rest); /* the source is a name without effect, or the host's affair */
	char *super = strtok_r(NULL, " ", &rest);
	begin(NULL, '{');
	text("target", target ? target : "?");
	text("type", type ? type : "?");
	sorted_words("options", options ? options : (char[]){""}, ",");
	sorted_words("filesystem_options", super ? super : (char[]){""}, ",");
	propagation(fields);
	struct stat status;
	if (target && stat(target, &status) == 0) {
		text("kind", kind(status.st_mode));
		formatted("mode", "%04o", status.st_mode & 07777);
		formatted("owner", "%u:%u", status.st_uid, status.st_gid);
	}
	text("written", target ? writability(target) : "?");
	end('}');
}

static void mounts(void)
{
	char *read = read_file("/proc/self/mountinfo"), *copy = read ? strdup(read) : NULL, *rest, *line;
	if (!copy) {
		error("mounts");
		return;
	}
	begin("mounts", '[');
	for (line = strtok_r(copy, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		mount_line(line);
	end(']');
	free(copy);
}

/* ---- paths ---------------------------------------------------------------------------------------------------------- */

static long count_entries(const char *path)
{
	long count = 0;
	struct dirent *entry;
	DIR *directory = opendir(path);
	if (!directory)
		return -1;
	while ((entry = readdir(directory)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			count++;
	closedir(directory);
	return count;
}

/* Reads as empty, or not, or not at all. Never how long: that changes. */
static const char *readability(const char *path, const struct stat *status)
{
	if (S_ISDIR(status->st_mode)) {
		long entries = count_entries(path);
		return entries < 0 ? error_name(errno) : entries ? "something" : "empty";
	}
	if (S_ISBLK(status->st_mode))
		return "not tried";
	char byte;
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file < 0)
		return error_name(errno);
	ssize_t count = read(file, &byte, 1);
	int failure = errno;
	close(file);
	return count < 0 ? error_name(failure) : count ? "something" : "empty";
}

static void path_entry(const char *path)
{
	struct stat status;
	begin(path, '{');
	if (lstat(path, &status)) {
		error("kind");
	} else {
		text("kind", kind(status.st_mode));
		if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))
			formatted("device", "%u:%u", major(status.st_rdev), minor(status.st_rdev));
		formatted("mode", "%04o", status.st_mode & 07777);
		formatted("owner", "%u:%u", status.st_uid, status.st_gid);
		text("read", readability(path, &status));
		text("written", writability(path));
	}
	end('}');
}

static void paths(char **more)
{
	static const char *const usual[] = {"/", "/proc/acpi", "/proc/asound", "/proc/bus", "/proc/fs", "/proc/interrupts",
		"/proc/irq", "/proc/kcore", "/proc/keys", "/proc/kmsg", "/proc/latency_stats", "/proc/sched_debug", "/proc/scsi",
		"/proc/sys", "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sys/kernel/modprobe",
		"/proc/sys/vm/panic_on_oom", "/proc/sysrq-trigger", "/proc/timer_list", "/proc/timer_stats",
		"/proc/self/attr/exec", "/proc/self/oom_score_adj", "/proc/1/environ", "/proc/1/root",
		"/sys/devices/virtual/powercap", "/sys/firmware", "/sys/fs/cgroup", "/sys/fs/selinux", "/sys/dev/block",
		"/sys/kernel/debug", "/sys/kernel/security", "/sys/module", "/etc/hosts", "/run", "/tmp"};
	begin("paths", '{');
	for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
		path_entry(usual[i]);
	for (; *more; more++)
		path_entry(*more);
	end('}');
}

static const char *openable(const char *path)
{
	int file = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (file < 0)
		return error_name(errno);
	close(file);
	return "yes";
}

static void device(const char *path)
{
	struct stat status;
	char target[PATH_MAX];
	begin(path, '{');
	if (lstat(path, &status)) {
		error("kind");
		end('}');
		return;
	}
	text("kind", kind(status.st_mode));
	formatted("mode", "%04o", status.st_mode & 07777);
	formatted("owner", "%u:%u", status.st_uid, status.st_gid);
	if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) {
		formatted("device", "%u:%u", major(status.st_rdev), minor(status.st_rdev));
		text("open", openable(path));
		text("mode_changed", chmod(path, status.st_mode & 07777) ? error_name(errno) : "yes");
	} else if (S_ISLNK(status.st_mode)) {
		ssize_t length = readlink(path, target, sizeof target - 1);
		target[length < 0 ? 0 : length] = 0;
		text("target", target);
	}
	end('}');
}

static void devices_in(const char *directory, int depth)
{
	struct dirent **entries;
	int count = scandir(directory, &entries, NULL, alphasort);
	for (int i = 0; i < count; i++) {
		char path[PATH_MAX];
		const char *name = entries[i]->d_name;
		snprintf(path, sizeof path, "%s/%s", directory, name);
		if (strcmp(name, ".") && strcmp(name, "..")) {
			device(path);
			if (entries[i]->d_type == DT_DIR && depth > 0)
				devices_in(path, depth - 1);
		}
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

static void devices(void)
{
	begin("devices", '{');
	devices_in("/dev", 2);
	end('}');
}

/* ---- kernel parameters, cgroups, network ---------------------------------------------------------------------------- */

static void sysctls(void)
{
	static const char *const files[] = {"kernel/hostname", "kernel/domainname", "kernel/msgmax", "kernel/msgmnb",
		"kernel/msgmni", "kernel/sem", "kernel/shmall", "kernel/shmmax", "kernel/shmmni", "kernel/shm_rmid_forced",
		"fs/mqueue/msg_max", "fs/mqueue/msgsize_max", "fs/mqueue/queues_max", "net/core/somaxconn",
		"net/ipv4/ip_forward", "net/ipv4/ip_unprivileged_port_start", "net/ipv4/ping_group_range",
		"net/ipv4/conf/all/rp_filter", "net/ipv4/tcp_syncookies", "net/ipv6/conf/all/disable_ipv6"};
	begin("sysctls", '{');
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char path[128];
		snprintf(path, sizeof path, "/proc/sys/%s", files[i]);
		file_text(files[i], path);
	}
	end('}');
}

/* Those of version 1 and of version 2; what is not mounted or not limited says so by its errno. */
static void cgroups(void)
{
	static const char *const files[] = {"memory/memory.limit_in_bytes", "memory/memory.soft_limit_in_bytes",
		"memory/memory.swappiness", "pids/pids.max", "cpu/cpu.shares", "cpu/cpu.cfs_quota_us", "cpu/cpu.cfs_period_us",
		"cpuset/cpuset.cpus", "cpuset/cpuset.mems", "devices/devices.list", "memory.max", "pids.max", "cpu.max",
		"cpu.weight"};
	begin("cgroups", '{');
	file_lines("membership", "/proc/self/cgroup");
	begin("files", '{');
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char path[128];
		snprintf(path, sizeof path, "/sys/fs/cgroup/%s", files[i]);
		file_text(files[i], path);
	}
	end('}');
	text("written", writability("/sys/fs/cgroup"));
	text("limit_written", writability("/sys/fs/cgroup/pids/pids.max"));
	end('}');
}

static void network(void)
{
	struct if_nameindex *interfaces = if_nameindex();
	int socket_of_ours = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	begin("network", '{');
	for (struct if_nameindex *one = interfaces; one && one->if_index; one++) {
		struct ifreq request = {0};
		strncpy(request.ifr_name, one->if_name, IFNAMSIZ - 1);
		if (ioctl(socket_of_ours, SIOCGIFFLAGS, &request))
			error(one->if_name);
		else
			formatted(one->if_name, "%#x", (unsigned)(unsigned short)request.ifr_flags);
	}
	end('}');
	if (socket_of_ours >= 0)
		close(socket_of_ours);
	if (interfaces)
		if_freenameindex(interfaces);
}

/* ---- system calls --------------------------------------------------------------------------------------------------- */

typedef long (*attempt)(void);

#define CALL(name, ...) static long try_##name(void) { return syscall(SYS_##name, ##__VA_ARGS__); }
#define AS(name, expression) static long try_##name(void) { return (expression); }

#define NOWHERE "/none/none"

/* Each with arguments that change nothing; what only root may do is first refused for that, if it is. */
CALL(acct, NOWHERE)
CALL(add_key, "user", "k", "x", 1, -2)
CALL(adjtimex, (char[512]){0})
CALL(bpf, 0, NULL, 0)
CALL(chroot, "/")
CALL(clock_adjtime, 0, (char[512]){0})
CALL(clone3, NULL, 0)
CALL(delete_module, "none", O_NONBLOCK)
CALL(fanotify_init, 0, 0)
CALL(finit_module, -1, "", 0)
CALL(fsopen, "tmpfs", 1)
CALL(getpid)
CALL(init_module, NULL, 0, "")
CALL(io_uring_setup, 0, NULL)
CALL(kcmp, getpid(), getpid(), 0, 0, 0)
#ifdef SYS_kexec_load
CALL(kexec_load, 0, 0xffff, NULL, 0)
#endif
CALL(keyctl, 0, -1, 0)
CALL(landlock_create_ruleset, NULL, 0, 1)
CALL(mbind, 0, 0, 0, NULL, 0, 0)
CALL(membarrier, 0, 0, 0)
CALL(memfd_create, "m", 1)
CALL(mount, "none", NOWHERE, "tmpfs", 0, "")
CALL(mount_setattr, -1, "", 0, NULL, 0)
CALL(move_mount, -1, "", -1, "", 0)
CALL(move_pages, 0, 0, NULL, NULL, NULL, 0)
CALL(name_to_handle_at, AT_FDCWD, "/", NULL, NULL, 0)
CALL(open_by_handle_at, AT_FDCWD, (char[64]){0}, 0)
CALL(open_tree, AT_FDCWD, "/", 1 /* OPEN_TREE_CLONE */)
CALL(openat2, AT_FDCWD, "/", NULL, 0)
CALL(perf_event_open, NULL, 0, -1, -1, 0)
CALL(pidfd_getfd, -1, 0, 0)
CALL(pidfd_open, getpid(), 0)
CALL(pivot_root, NOWHERE, NOWHERE)
CALL(process_madvise, -1, NULL, 0, 0, 0)
CALL(process_vm_readv, getpid(), NULL, 0, NULL, 0, 0)
CALL(process_vm_writev, getpid(), NULL, 0, NULL, 0, 0)
CALL(quotactl, 0x80000100 /* Q_SYNC of no device */, "none", 0, NULL)
CALL(reboot, 0, 0, 0, NULL)
CALL(request_key, "user", "none", NULL, 0)
CALL(set_mempolicy, 0, NULL, 0)
CALL(setns, -1, 0)
CALL(statx, AT_FDCWD, "/", 0, 0, (char[256]){0})
CALL(swapoff, NOWHERE)
CALL(swapon, NOWHERE, 0)
CALL(syslog, 10 /* SYSLOG_ACTION_SIZE_BUFFER */, NULL, 0)
CALL(umount2, NOWHERE, 0)
CALL(userfaultfd, 0)
#ifdef __x86_64__
CALL(ioperm, 0x80, 1, 1)
CALL(iopl, 0)
CALL(modify_ldt, 0, NULL, 0)
CALL(ustat, 0, NULL)
CALL(uselib, NULL)
CALL(_sysctl, NULL)
AS(x32_getpid, syscall(0x40000000 | SYS_getpid))
static long try_i386_getpid(void)
{
	long result;
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20L /* getpid of i386 */) : "r8", "r9", "r10", "r11", "memory");
	if (result < 0)
		errno = (int)-result;
	return result < 0 ? -1 : 0;
}
#endif

AS(unshare_user, syscall(SYS_unshare, CLONE_NEWUSER))
AS(unshare_mount, syscall(SYS_unshare, CLONE_NEWNS))
AS(unshare_network, syscall(SYS_unshare, CLONE_NEWNET))
AS(clone_user, syscall(SYS_clone, (long)(CLONE_NEWUSER | SIGCHLD), 0, 0, 0, 0))
AS(personality_linux32, personality(PER_LINUX32))
AS(personality_no_randomization, personality(ADDR_NO_RANDOMIZE))
AS(ptrace_me, ptrace(PTRACE_TRACEME, 0, NULL, NULL))
AS(socket_inet, socket(AF_INET, SOCK_STREAM, 0))
AS(socket_raw, socket(AF_INET, SOCK_RAW, IPPROTO_ICMP))
AS(socket_packet, socket(AF_PACKET, SOCK_RAW, 0))
AS(socket_netlink, socket(AF_NETLINK, SOCK_RAW, 0))
AS(socket_netlink_audit, socket(AF_NETLINK, SOCK_RAW, 9 /* NETLINK_AUDIT */))
AS(socket_vsock, socket(AF_VSOCK, SOCK_STREAM, 0))
AS(socket_alg, socket(AF_ALG, SOCK_SEQPACKET, 0))
AS(setuid_root, setresuid(0, 0, 0))
AS(setuid_other, setresuid(1234, 1234, 1234))
AS(setgid_other, setresgid(1234, 1234, 1234))
AS(setgroups_other, syscall(SYS_setgroups, 1, (gid_t[]){1234}))
AS(mknod_block, mknod("/tmp/.block", S_IFBLK | 0600, makedev(8, 0)))
AS(mknod_null, mknod("/tmp/.null", S_IFCHR | 0600, makedev(1, 3)))
AS(mknod_whiteout, mknod("/tmp/.whiteout", S_IFCHR, makedev(0, 0)))
AS(mknod_fifo, mknod("/tmp/.fifo", S_IFIFO | 0600, 0))
AS(chown_other, chown("/tmp", 0, 0))
AS(nice_up, setpriority(PRIO_PROCESS, 0, -5))
AS(oom_less, open("/proc/self/oom_score_adj", O_WRONLY) < 0 ? -1 : 0)
AS(ambient_raise, prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW, 0, 0))
AS(bounding_drop, prctl(PR_CAPBSET_DROP, CAP_NET_RAW, 0, 0, 0))
AS(core_pattern, open("/proc/sys/kernel/core_pattern", O_WRONLY))
AS(terminal_steal, ({
	struct termios modes;
	bool echoes = tcgetattr(STDIN_FILENO, &modes) == 0 && modes.c_lflag & ECHO;
	if (echoes) { /* what is typed would be in our answer */
		modes.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSANOW, &modes);
	}
	long result = ioctl(STDIN_FILENO, TIOCSTI, "x");
	int failure = errno;
	if (echoes) {
		modes.c_lflag |= ECHO;
		tcsetattr(STDIN_FILENO, TCSANOW, &modes);
	}
	errno = failure;
	result;
}))
AS(bind_port_80, ({
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(80), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int of_ours = socket(AF_INET, SOCK_STREAM, 0);
	of_ours < 0 ? -1 : bind(of_ours, (struct sockaddr *)&address, sizeof address);
}))
AS(realtime_scheduler, sched_setscheduler(0, SCHED_FIFO, &(struct sched_param){.sched_priority = 1}))
AS(raise_limit, ({
	struct rlimit limit;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_max++;
	setrlimit(RLIMIT_NOFILE, &limit);
}))
AS(hostname_same, ({
	struct utsname name;
	uname(&name);
	sethostname(name.nodename, strlen(name.nodename));
}))
AS(trusted_attribute, setxattr("/tmp", "trusted.none", "x", 1, XATTR_REPLACE))
AS(mount_tmpfs, mount("none", "/tmp", "tmpfs", 0, "") ? -1 : umount2("/tmp", MNT_DETACH))
AS(seccomp_strict_probe, syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &(uint32_t){SECCOMP_RET_ERRNO}))

#define ENTRY(name) {#name, try_##name}
static const struct {
	const char *name;
	attempt attempt;
} calls[] = {ENTRY(acct), ENTRY(add_key), ENTRY(adjtimex), ENTRY(bpf), ENTRY(chroot), ENTRY(clock_adjtime), ENTRY(clone3),
	ENTRY(delete_module), ENTRY(fanotify_init), ENTRY(finit_module), ENTRY(fsopen), ENTRY(getpid), ENTRY(init_module),
	ENTRY(io_uring_setup), ENTRY(kcmp),
#ifdef SYS_kexec_load
	ENTRY(kexec_load),
#endif
	ENTRY(keyctl), ENTRY(landlock_create_ruleset), ENTRY(mbind), ENTRY(membarrier), ENTRY(memfd_create), ENTRY(mount),
	ENTRY(mount_setattr), ENTRY(move_mount), ENTRY(move_pages), ENTRY(name_to_handle_at), ENTRY(open_by_handle_at),
	ENTRY(open_tree), ENTRY(openat2), ENTRY(perf_event_open), ENTRY(pidfd_getfd), ENTRY(pidfd_open), ENTRY(pivot_root),
	ENTRY(process_madvise), ENTRY(process_vm_readv), ENTRY(process_vm_writev), ENTRY(quotactl), ENTRY(reboot),
	ENTRY(request_key), ENTRY(set_mempolicy), ENTRY(setns), ENTRY(statx), ENTRY(swapoff), ENTRY(swapon), ENTRY(syslog),
	ENTRY(umount2), ENTRY(userfaultfd),
#ifdef __x86_64__
	ENTRY(ioperm), ENTRY(iopl), ENTRY(modify_ldt), ENTRY(ustat), ENTRY(uselib), ENTRY(_sysctl), ENTRY(x32_getpid),
	ENTRY(i386_getpid),
#endif
	ENTRY(unshare_user), ENTRY(unshare_mount), ENTRY(unshare_network), ENTRY(clone_user), ENTRY(personality_linux32),
	ENTRY(personality_no_randomization), ENTRY(ptrace_me), ENTRY(socket_inet), ENTRY(socket_raw), ENTRY(socket_packet),
	ENTRY(socket_netlink), ENTRY(socket_netlink_audit), ENTRY(socket_vsock), ENTRY(socket_alg), ENTRY(setuid_root),
	ENTRY(setuid_other), ENTRY(setgid_other), ENTRY(setgroups_other), ENTRY(mknod_block), ENTRY(mknod_null),
	ENTRY(mknod_whiteout), ENTRY(mknod_fifo), ENTRY(chown_other), ENTRY(nice_up), ENTRY(oom_less), ENTRY(ambient_raise),
	ENTRY(bounding_drop), ENTRY(core_pattern), ENTRY(terminal_steal), ENTRY(bind_port_80), ENTRY(realtime_scheduler),
	ENTRY(raise_limit), ENTRY(hostname_same), ENTRY(trusted_attribute), ENTRY(mount_tmpfs), ENTRY(seccomp_strict_probe)};

/* The child's errno comes as its exit status: every one of Linux is below 134, so 0 is success. */
static void call_result(const char *name, attempt attempt)
{
	int status;
	fflush(stdout);
	pid_t child = fork();
	if (child < 0) {
		error(name);
		return;
	}
	if (child == 0) {
		errno = 0;
		long result = attempt();
		_exit(result == -1 ? errno : 0);
	}
	waitpid(child, &status, __WALL);
	if (WIFSTOPPED(status)) {
		kill(child, SIGKILL);
		waitpid(child, &status, __WALL);
		text(name, "stopped");
	} else if (WIFSIGNALED(status)) {
		formatted(name, "SIG%s", sigabbrev_np(WTERMSIG(status)));
	} else {
		text(name, WEXITSTATUS(status) ? error_name(WEXITSTATUS(status)) : "yes");
	}
}

static void remove_nodes(void)
{
	unlink("/tmp/.block");
	unlink("/tmp/.null");
	unlink("/tmp/.whiteout");
	unlink("/tmp/.fifo");
}

static void system_calls(void)
{
	begin("seccomp", '{');
	status_field("mode", "Seccomp");
	status_field("filters", "Seccomp_filters");
	end('}');
	begin("calls", '{');
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		call_result(calls[i].name, calls[i].attempt);
	end('}');
	remove_nodes();
}

int main(int argc, char **argv)
{
	while (argc == 2 && !strcmp(argv[1], "--wait"))
		pause();
	begin(NULL, '{');
	strings("argv", argv);
	strings("env", environ);
	namespaces();
	ids();
	capabilities();
	process();
	scheduling();
	limits();
	clocks();
	names();
	keyring();
	descriptors();
	mounts();
	paths(argv + 1);
	devices();
	sysctls();
	cgroups();
	network();
	system_calls();
	end('}');
	putchar('\n');
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
