/* The paper's Lion step as a C programmer would write it, for a compiler to
   vectorise. T is the element type. PHRASE chooses how the sign is put, since
   compilers differ in which of them they see through. */
#include <math.h>
#include <stddef.h>

static inline T towards(T c, T lr) {
#if PHRASE == 0 /* arithmetic */
	return lr * (T)((c > 0) - (c < 0));
#elif PHRASE == 1 /* selection */
	return c > 0 ? lr : c < 0 ? -lr : 0;
#elif PHRASE == 2 /* the sign copied, and zero picked out */
	T u = sizeof(T) == 4 ? (T)copysignf(lr, c) : (T)copysign(lr, c);
	return c != 0 ? u : 0;
#endif
}

static __attribute__((noinline)) void step(T *restrict param, const T *restrict grad, T *restrict momentum,
                                           size_t n, const T *k) {
	const T b1 = k[0], o1 = k[1], b2 = k[2], o2 = k[3], lr = k[4], decay = k[5];
	for (size_t i = 0; i < n; i++) {
		T m = momentum[i], g = grad[i];
		T c = b1 * m + o1 * g;
#if DECAY
		param[i] = param[i] * decay - towards(c, lr);
#else
		param[i] = param[i] - towards(c, lr);
#endif
		momentum[i] = b2 * m + o2 * g;
	}
}

/* repeat runs the step so many times: a call from Go costs as much as a step
   over a small slice. k holds b1, 1-b1, b2, 1-b2, lr, 1-lr*wd. */
void repeat(T *param, const T *grad, T *momentum, size_t n, const T *k, long times) {
	while (times-- > 0) {
		step(param, grad, momentum, n, k);
		__asm__ volatile("" ::: "memory");
	}
}
