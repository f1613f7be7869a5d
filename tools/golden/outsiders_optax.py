"""Lion as optax has it, one operation at a time (eager) and compiled (jit)."""
import sys

import jax
import jax.numpy as jnp
import numpy as np
import optax

import cases
import inputs


def chain(mode):
    def make(lr, b1, b2, lam):
        if mode == "hard":
            return optax.lion(lr, b1=b1, b2=b2, weight_decay=lam)
        return optax.chain(optax.scale_by_lion(b1, b2, mode=mode), optax.add_decayed_weights(lam),
                           optax.scale_by_learning_rate(lr))
    return make


VARIANTS = {"optax": ("hard", "paper"), "optax refined": ("refined", "refined"), "optax smooth": ("smooth", "smooth")}


def run(make, jit, case):
    T = cases.DTYPES[case["dtype"]]
    opt = make(case["lr"], case["beta1"], case["beta2"], case["lambda"])

    def step(p, g, state):
        u, state = opt.update(g, state, p)
        return optax.apply_updates(p, u), state

    if jit:
        step = jax.jit(step)
    p0, m0 = inputs.init(case, T)
    p = jnp.asarray(p0)
    state = opt.init(p)
    state = (state[0]._replace(mu=jnp.asarray(m0)),) + tuple(state[1:])
    for t in range(case["steps"]):
        p, state = step(p, jnp.asarray(inputs.grad(case, T, t)), state)
    p, m = np.array(p), np.array(state[0].mu)
    assert p.dtype == T and m.dtype == T
    return p, m


def results(dtype):
    jax.config.update("jax_enable_x64", dtype == "float64")
    for variant, (mode, rule) in VARIANTS.items():
        for decay in ("none", "decoupled-paper"):
            for jit in (False, True):
                for case in cases.cases(cases.setting(rule, decay), dtype, cases.SHAPES):
                    yield variant + (" jit" if jit else ""), case, run(chain(mode), jit, case)


def platform():
    import os
    return {"jax": jax.__version__, "optax": optax.__version__, "XLA_FLAGS": os.environ.get("XLA_FLAGS", "")}
