"""The inputs of every golden case, from integers alone, so that the Go test rebuilds them.

Element i of step t of stream s (1 param, 2 momentum, 3 gradient) draws the 64-bit number

    u = mix(((s << 40 | t << 20 | i) + 1) * 0x9E3779B97F4A7C15)

with splitmix64's finaliser `mix`: the output of splitmix64, seeded with 0, at that position.
From u come

    k      the top 24 bits (float64: 53 bits) as an integer centred on zero
    r      k * 2**-23 * 2**-(u & 7)       (float64: k * 2**-52 * 2**-(u & 7))
    tiny   k * 2**-149                    (float64: k * 2**-1074): zero, subnormal or the least normal

all of them exact.

Family "run": param r, momentum 0, and at each step the gradient of element i by i % 8:
    0-3 r    4 zero    5 tiny    6 r every eighth step (t % 8 == i // 8 % 8), else zero
    7 r at even t; at odd t the gradient of step t-1 times -beta1*(1-beta2)/(1-beta1), rounded:
      at t = 1 that makes the interpolation cancel to a few units in the last place.

Family "step": one step from a prescribed state: param r, momentum and gradient by i % 8:
    0-3 r, r    4 r, 0    5 tiny, tiny    6 r and the same value
    7 r, and `ratio` times it (less lambda times the param, where the decay is coupled), formed in float64
      and rounded: the interpolation cancels to a few units in the last place.

Family "special": one step, n = 12**3: param, momentum, gradient run through every triple of SPECIAL.
"""
import numpy as np

M64 = (1 << 64) - 1
GOLDEN = 0x9E3779B97F4A7C15
PARAM, MOMENTUM, GRAD = 1, 2, 3


def draw(stream, t, n):
    key = (np.uint64(stream) << np.uint64(40)) | (np.uint64(t) << np.uint64(20)) | np.arange(n, dtype=np.uint64)
    with np.errstate(over="ignore"):
        z = (key + np.uint64(1)) * np.uint64(GOLDEN)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def integer(u, T):
    if T is np.float32:
        return (u >> np.uint64(40)).astype(np.int64) - (1 << 23)
    return (u >> np.uint64(11)).astype(np.int64) - (1 << 52)


def regular(u, T):
    scale = 23 if T is np.float32 else 52
    return np.ldexp(integer(u, T).astype(np.float64), -(scale + (u & np.uint64(7)).astype(np.int32))).astype(T)


def tiny(u, T):
    k = integer(u, T)
    return np.ldexp(k.astype(np.float64), -149 if T is np.float32 else -1074).astype(T)


def special(T):
    f = np.finfo(T)
    return np.array([0.0, -0.0, f.smallest_subnormal, -(f.tiny - f.smallest_subnormal), f.tiny, -1.0, 1.5,
                     f.max, -f.max, np.inf, -np.inf, np.nan], T)


def init(case, T):
    """param and momentum before the first step."""
    n = case["n"]
    i = np.arange(n)
    if case["family"] == "special":
        s = special(T)
        return s[i % 12].copy(), s[i // 12 % 12].copy()
    p = regular(draw(PARAM, 0, n), T)
    if case["family"] == "run":
        return p, np.zeros(n, T)
    u = draw(MOMENTUM, 0, n)
    m = regular(u, T)
    return p, np.where(i % 8 == 5, tiny(u, T), m)


def grad(case, T, t):
    """The gradient of step t, counted from 0."""
    n = case["n"]
    i = np.arange(n)
    if case["family"] == "special":
        return special(T)[i // 144].copy()
    u = draw(GRAD, t, n)
    g = regular(u, T)
    g = np.where(i % 8 == 4, T(0), g)
    g = np.where(i % 8 == 5, tiny(u, T), g)
    if case["family"] == "run":
        g = np.where((i % 8 == 6) & (t % 8 != i // 8 % 8), T(0), g)
        if t % 2 == 1:
            b1, b2 = case["beta1"], case["beta2"]
            back = -(b1 * (1 - b2) / (1 - b1))
            before = regular(draw(GRAD, t - 1, n), T).astype(np.float64)
            g = np.where(i % 8 == 7, (before * back).astype(T), g)
        return g
    p, m = init(case, T)
    g = np.where(i % 8 == 6, m, g)
    back = m.astype(np.float64) * case["ratio"]
    if case["decay"] == "coupled":
        back = back - case["lambda"] * p.astype(np.float64)
    return np.where(i % 8 == 7, back.astype(T), g)
