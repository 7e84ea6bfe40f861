/* What an executed program finds: run inside a sandbox by the tests. */
#define _GNU_SOURCE
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>

/* Which descriptors are open, without the one that lists them. */
static int print_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	if (directory == NULL)
		return 1;
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;)
		if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(directory))
			printf("%s ", entry->d_name);
	return 0;
}

/* Lines of a file which start with a word. */
static int print_lines(const char *path, const char *word)
{
	char line[4096];
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return 1;
	while (fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, word, strlen(word)) == 0)
			fputs(line, stdout);
	return 0;
}

static void take_note(int signal)
{
	(void)signal;
}

/* Makes the parent its tracer, and stops for it at each signal. */
static int be_traced(void)
{
	signal(SIGUSR1, take_note);
	if (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0)
		return 1;
	raise(SIGUSR1);
	return 3;
}

/* Children that nobody waits for, some at a time. */
static int make_orphans(int count)
{
	for (int i = 0; i < count; i++) {
		pid_t child = fork();
		if (child < 0)
			return 1;
		if (child == 0)
			_exit(0);
	}
	return 0;
}

static int leave_orphans_running(int count)
{
	for (int i = 0; i < count; i++)
		if (fork() == 0) {
			setsid();
			for (;;)
				pause();
		}
	return 0;
}

int probe(int count, char **words)
{
	if (strcmp(words[0], "descriptors") == 0)
		return print_descriptors();
	if (strcmp(words[0], "lines") == 0 && count == 3)
		return print_lines(words[1], words[2]);
	if (strcmp(words[0], "traced") == 0)
		return be_traced();
	if (strcmp(words[0], "orphans") == 0 && count == 2)
		return make_orphans(atoi(words[1]));
	if (strcmp(words[0], "daemons") == 0 && count == 2)
		return leave_orphans_running(atoi(words[1]));
	return 2;
}
