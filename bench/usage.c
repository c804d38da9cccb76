/* SPDX-License-Identifier: Apache-2.0 */
/*
 * usage.c - runs a command and prints what it used
 *
 *   usage COMMAND…     "user+sys in us, most memory in KiB", the output goes to /dev/null
 *
 * A program of its own, and a small one, because the kernel counts the memory of
 * the parent, up to exec, as the child's: below Python, everything needs 10 MB.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage used = { 0 };
	int status = 0;
	pid_t pid;

	if (argc < 2)
		return 2;
	pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

		dup2(null, STDOUT_FILENO);
		execv(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) != pid || status != 0)
		return 1;
	printf("%ld %ld\n",
	       (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000L + used.ru_utime.tv_usec +
		       used.ru_stime.tv_usec,
	       used.ru_maxrss);
	return 0;
}
