package optim

// A Schedule gives the factor of a group's learning rate at a step, counted from 1: any
// function of it. Those below use operations that every machine rounds alike; a factor
// that isn't finite, or makes a learning rate out of range, is an error of the step.
type Schedule func(step int) float64

// Constant is 1 at each step.
func Constant() Schedule { return func(int) float64 { return 1 } }

// Linear is final + (1 − final)·x, where x is what part of steps is left: 1 at step 1, 0 after
// steps steps, and from then on.
func Linear(steps int, final float64) Schedule {
	return func(step int) float64 { return final + float64((1-final)*left(step, steps)) }
}

// Cosine is final + (1 − final)·(1 − cos(π·x))/2, with x as for Linear.
func Cosine(steps int, final float64) Schedule {
	return func(step int) float64 {
		return final + float64((1-final)*halfCosine(1-left(step, steps)))
	}
}

// Warmup is step/steps up to step steps, and from then on what comes after it, as if that
// began with the next step.
func Warmup(steps int, then Schedule) Schedule {
	return func(step int) float64 {
		if step <= steps {
			return float64(step) / float64(steps)
		}
		return then(step - max(steps, 0))
	}
}

// WarmupStableDecay rises to 1 in warmup steps, as Warmup does, is 1 for stable more, and
// then falls linearly to final in decay steps, as Linear does.
func WarmupStableDecay(warmup, stable, decay int, final float64) Schedule {
	fall := Linear(decay, final)
	return Warmup(warmup, func(step int) float64 {
		if step <= stable {
			return 1
		}
		return fall(step - max(stable, 0))
	})
}

// left is what part of steps is left at a step, counted from 1.
func left(step, steps int) float64 {
	if steps <= 0 || step > steps {
		return 0
	}
	return float64(min(steps-step+1, steps)) / float64(steps)
}

// halfCosine is (1 + cos(π·x))/2 for x from 0 to 1, within 4e-16. Unlike math.Cos, which is
// fused on some machines, it is the same bits on all.
func halfCosine(x float64) float64 {
	if x > 0.5 {
		return squaredSine(1 - x)
	}
	return 1 - squaredSine(x)
}

// squaredSine is the square of sin(π·x/2) for x up to 0.5, by Taylor's series of degree 17.
func squaredSine(x float64) float64 {
	const halfPi = 1.57079632679489661923
	y := float64(x * halfPi)
	square := float64(y * y)
	sum := 1.0
	for n := 16.0; n >= 2; n -= 2 {
		sum = 1 - float64(float64(square*sum)/float64(n*(n+1)))
	}
	sine := float64(y * sum)
	return float64(sine * sine)
}
