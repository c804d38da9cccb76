/* SPDX-License-Identifier: Apache-2.0 */
/* child.h - do what cannot be undone in a process that is thrown away */
#pragma once

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHILD_SIGNAL 1000 /* plus its number: how a child ended that did not exit */

/*
 * Runs @fn in a child and gives what it returns (0 to 255). Nothing that the test
 * program registered for its end runs there, and cmocka does not see it: what is
 * wrong is told by the result, and by CHILD_CHECK().
 */
static inline int in_child(int (*fn)(const void *arg), const void *arg)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		syscall(SYS_exit_group, fn(arg)); /* LeakSanitizer has its own _exit() */
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : CHILD_SIGNAL + WTERMSIG(status);
}

/* In such a function: names what does not hold, and ends the child with 1. */
#define CHILD_CHECK(condition)                                                        \
	do {                                                                          \
		if (condition)                                                        \
			break;                                                        \
		(void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
		return 1;                                                             \
	} while (0)
