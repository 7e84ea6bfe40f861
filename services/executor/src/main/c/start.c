/* Where the kernel enters, and what a compiler expects of every C environment. */
#include <stddef.h>

_Noreturn void caisson_init(void);

#if defined(__x86_64__)
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tand $-16, %rsp\n\tcall caisson_init\n");
#elif defined(__aarch64__)
__asm__(".globl _start\n_start:\n\tmov x29, #0\n\tmov x30, #0\n\tb caisson_init\n");
#endif

void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
	for (size_t i = 0; i < count; i++)
		((unsigned char *)to)[i] = ((const unsigned char *)from)[i];
	return to;
}

void *memset(void *to, int value, size_t count)
{
	for (size_t i = 0; i < count; i++)
		((unsigned char *)to)[i] = (unsigned char)value;
	return to;
}
