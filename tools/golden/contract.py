"""The numeric contract in plain NumPy: every operation rounds once to the working type, in the order
written; constants are formed in float64 and rounded once. The Go step must give its bits.

Paper, MomentumFirst, Cautious without a scale, Refined and the decays are the published formulas. Where a formula
leaves the order of operations open, in BiasCorrected, in Smooth's tanh and in the scale of Cautious, this follows
the order that the Go code chose: there it checks that two languages agree, not that others chose the same."""
import math

import numpy as np


def sign(x):
    """-1, 0 or 1; 0 for either zero and for NaN."""
    return np.where(x > 0, x.dtype.type(1), np.where(x < 0, x.dtype.type(-1), x.dtype.type(0)))


def canonical(x):
    """Every NaN is the positive quiet one without payload."""
    return np.where(np.isnan(x), x.dtype.type(np.nan), x)


def power(x, t):
    """x**t by squaring, each product rounded."""
    y = 1.0
    while t > 0:
        if t & 1:
            y *= x
        x *= x
        t >>= 1
    return y


def tanh(x):
    """sign(x) E/(E+2), E = exp(2|x|) - 1 = 2**k (exp(r) - 1) + (2**k - 1), 2|x| = k ln 2 + r: the sequence of
    operations that the package documents for the Smooth rule."""
    T = x.dtype.type
    if T is np.float32:
        bound, magic, terms = T(20), T(1.5 * 2 ** 23), 8
        hi, lo = T(float.fromhex("0x1.62e4p-1")), T(float.fromhex("0x1.7f7d1cf79abcap-20"))
    else:
        bound, magic, terms = T(40), T(1.5 * 2 ** 52), 14
        hi, lo = T(float.fromhex("0x1.62e42feep-1")), T(float.fromhex("0x1.a39ef35793c76p-33"))
    y = np.abs(x)
    y = y + y
    y = np.where(y > bound, bound, y)
    k = y * T(float.fromhex("0x1.71547652b82fep+0")) + magic - magic  # log2(e); rounds to an integer
    r = y - k * hi
    r = r - k * lo
    coefficients = [T(1 / math.factorial(i)) for i in range(terms, 0, -1)]
    q = coefficients[0]
    for a in coefficients[1:]:
        q = q * r + a
    q = q * r
    power2 = np.ldexp(T(1), np.where(np.isnan(k), 0, k).astype(np.int32))
    e = power2 * q + (power2 - T(1))
    return np.copysign(e / (e + T(2)), x)


def step(p, m, g, c, t):
    """One step of case c, counted from t = 1. Returns the new param and momentum."""
    T = p.dtype.type
    lr, lam = c["lr"], c["lambda"]
    b1, o1 = T(c["beta1"]), T(1 - c["beta1"])
    b2, o2 = T(c["beta2"]), T(1 - c["beta2"])
    rule, decay = c["rule"], c["decay"]
    if lam == 0:
        decay = "none"

    if decay == "coupled":
        g = g + T(lam) * p

    rate = T(lr)
    if rule == "momentum-first":
        m = b1 * m + o1 * g
        u = sign(b2 * m + o2 * g)
    elif rule == "bias-corrected":
        m = b1 * m + o1 * g
        n = T(c["gamma"]) * np.abs(g) + o2 * np.abs(sign(g))  # the definition's n has g's sign; |n| is used
        u = m / T(1 - power(c["beta1"], t)) / (np.sqrt(n / T(1 - power(c["beta2"], t))) + T(c["epsilon"]))
    else:
        x = b1 * m + o1 * g
        m = b2 * m + o2 * g
        u = sign(x)
        if rule == "refined":
            u = np.where(np.abs(x) < 1, x, u)
        elif rule == "smooth":
            u = tanh(T(c["kappa"]) * x)
        elif rule.startswith("cautious"):
            agree = u * sign(g) > 0
            u = np.where(agree, u, T(0))
            count, n = int(agree.sum()), len(p)
            scale = {"cautious": 1.0, "cautious-mean": 1 / max(count / n, 1e-3),
                     "cautious-count": n / (count + 1)}[rule]
            if decay == "decoupled-paper":  # the decay is not scaled
                u = T(scale) * u
            else:
                rate = T(lr * scale)

    if decay == "decoupled":
        p = p * T(1 - lr * lam)
    elif decay == "independent":
        p = p * T(1 - lam)
    elif decay == "decoupled-paper":
        u = u + T(lam) * p
    return canonical(p - rate * u), canonical(m)
