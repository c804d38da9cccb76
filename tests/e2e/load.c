/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load - a load of known size, for the tests of what events shows
 *
 *   load cpu MS        uses a processor, and prints how many ns that were in the end
 *   load memory MIB    fills anonymous memory, says so, and waits
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static long long used_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

int main(int argc, char **argv)
{
	long long n = argc == 3 ? atoll(argv[2]) : 0;

	if (n > 0 && strcmp(argv[1], "cpu") == 0) {
		while (used_ns() < n * 1000000)
			;
		printf("%lld\n", used_ns());
		return 0;
	}
	if (n > 0 && strcmp(argv[1], "memory") == 0) {
		char *memory = mmap(NULL, (size_t)n << 20, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED)
			return 1;
		memset(memory, 1, (size_t)n << 20);
		puts("filled");
		fflush(stdout);
		pause();
	}
	return 2;
}
