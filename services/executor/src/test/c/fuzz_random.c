/* Apart from the fuzzers, whose kernel headers do not go together with those of the libc. */
#include <stdint.h>
#include <time.h>

static uint64_t state = 1;

void seed_random(uint64_t seed)
{
	state = seed * 0x9e3779b97f4a7c15u + 1;
}

/* xorshift64*, by Marsaglia and Vigna */
uint64_t random_number(void)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 0x2545f4914f6cdd1du;
}

/* Looks at the clock at each 16th call. */
int time_is_up(long seconds)
{
	static struct timespec start;
	static uint32_t calls;
	struct timespec now;
	if (calls++ % 16 != 0)
		return 0;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (start.tv_sec == 0)
		start = now;
	return now.tv_sec - start.tv_sec >= seconds;
}
