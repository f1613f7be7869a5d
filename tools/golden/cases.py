"""The settings that are run, and how a case is stored."""
import base64

import numpy as np

DTYPES = {"float32": np.float32, "float64": np.float64}
SHAPES = [("run", 1, 50), ("run", 7, 50), ("run", 67, 50), ("run", 1000, 50), ("step", 1000, 1)]
SPECIAL = [("special", 12 ** 3, 1)]

BASE = dict(lr=1e-3, beta1=0.9, beta2=0.99)


def setting(rule, decay, **over):
    """A rule with a decay and its hyperparameters."""
    s = dict(BASE, rule=rule, decay=decay)
    s["lambda"] = {"none": 0.0, "independent": 1e-3}.get(decay, 0.1)
    if rule == "bias-corrected":
        s.update(beta2=0.997, gamma=0.1, epsilon=1e-8)
    if rule == "smooth":
        s.update(kappa=1.0)
    s.update(over)
    b1, b2 = s["beta1"], s["beta2"]
    if rule == "momentum-first":  # sign(b2*b1*m + (b2*(1-b1) + 1-b2)*g)
        s["ratio"] = -(b2 * b1) / (b2 * (1 - b1) + (1 - b2))
    else:
        s["ratio"] = -(b1 / (1 - b1))
    return s


def cases(s, dtype, shapes):
    for family, n, steps in shapes:
        yield dict(s, dtype=dtype, family=family, n=n, steps=steps,
                   setting="%s/%s/%s/%s-%d" % (dtype, s["rule"], s["decay"], family, n))


def bits(x):
    """Little-endian bits, every NaN made the positive quiet one."""
    x = np.where(np.isnan(x), x.dtype.type(np.nan), x)
    return np.ascontiguousarray(x).astype(x.dtype.newbyteorder("<")).view(np.uint8)


def pack(b):
    return base64.b64encode(b.tobytes()).decode()
