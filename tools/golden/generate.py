"""Makes testdata/golden: what each published Lion gives for inputs that the Go test can rebuild.

    python generate.py        makes every file
    python generate.py WORKER makes one of them (the libraries read what the CPU can do when they are loaded,
                              so each worker is a process of its own)
"""
import base64
import gzip
import importlib.metadata
import json
import os
import pathlib
import subprocess
import sys

import numpy as np

import cases
import contract
import inputs

OUT = pathlib.Path(__file__).resolve().parents[2] / "testdata" / "golden"
WORKERS = {
    "numpy": {},
    "torch-avx2": {"ATEN_CPU_CAPABILITY": "avx2"},
    "torch-default": {"ATEN_CPU_CAPABILITY": "default"},
    "optax-float32": {"XLA_FLAGS": "--xla_cpu_max_isa=AVX2"},
    "optax-float64": {"XLA_FLAGS": "--xla_cpu_max_isa=AVX2"},
}
PACKAGES = {"numpy": ["numpy"], "torch": ["torch", "lion-pytorch", "timm", "pytorch-optimizer", "numpy"],
            "optax": ["optax", "jax", "jaxlib", "numpy"]}
RULES = ["paper", "momentum-first", "cautious", "cautious-mean", "cautious-count", "refined",
         "smooth", "bias-corrected"]
DECAYS = ["none", "decoupled", "decoupled-paper", "independent", "coupled"]
# What some package is compared with at every shape; every other pair runs at one.
COMPARED = {("paper", "none"), ("paper", "decoupled"), ("paper", "decoupled-paper"), ("paper", "independent"),
            ("paper", "coupled"), ("momentum-first", "none"), ("momentum-first", "coupled"),
            ("cautious-mean", "none"), ("cautious-mean", "decoupled"), ("cautious-count", "none"),
            ("cautious-count", "decoupled"), ("refined", "none"), ("refined", "decoupled-paper"),
            ("smooth", "none"), ("smooth", "decoupled-paper")}


def numpy_results():
    for rule in RULES:
        for decay in DECAYS:
            shapes = [("run", 67, 50)] + cases.SPECIAL
            if (rule, decay) in COMPARED:
                shapes = cases.SHAPES + cases.SPECIAL
            for dtype, T in cases.DTYPES.items():
                for case in cases.cases(cases.setting(rule, decay), dtype, shapes):
                    p, m = inputs.init(case, T)
                    with np.errstate(all="ignore"):
                        for t in range(case["steps"]):
                            p, m = contract.step(p, m, inputs.grad(case, T, t), case, t + 1)
                    assert p.dtype == T and m.dtype == T
                    yield "numpy", case, (p, m)


def write(worker, platform, results, base):
    out = []
    for variant, case, (p, m) in results:
        case = {"variant": variant, **case}
        for name, x in (("param", p), ("momentum", m)):
            b = cases.bits(x)
            if base.get(case["setting"]):
                b = b ^ np.frombuffer(base64.b64decode(base[case["setting"]][name]), np.uint8)
                case["xor"] = True
            case[name] = cases.pack(b)
        out.append(case)
    kind = worker.split("-")[0]
    doc = {"made by": "tools/golden", "worker": worker, "environment": WORKERS[worker], "platform": platform,
           "versions": {p: importlib.metadata.version(p) for p in PACKAGES[kind]}, "cases": out}
    text = ",\n".join(json.dumps(c) for c in out)
    del doc["cases"]
    head = json.dumps(doc)[:-1]
    OUT.mkdir(parents=True, exist_ok=True)
    with open(OUT / (worker + ".json.gz"), "wb") as f, gzip.GzipFile("", "wb", 9, f, mtime=0) as z:
        z.write((head + ', "cases": [\n' + text + "\n]}\n").encode())
    print("%-14s %5d cases, %7d bytes" % (worker, len(out), (OUT / (worker + ".json.gz")).stat().st_size), flush=True)


def main():
    if len(sys.argv) == 1:
        for worker, env in WORKERS.items():
            subprocess.run([sys.executable, __file__, worker], check=True, env=dict(os.environ, **env))
        return
    worker = sys.argv[1]
    if worker == "numpy":
        write(worker, {"numpy": np.__version__}, numpy_results(), {})
        return
    with gzip.open(OUT / "numpy.json.gz") as f:
        base = {c["setting"]: c for c in json.load(f)["cases"]}
    if worker.startswith("torch"):
        import outsiders_torch
        write(worker, outsiders_torch.platform(), outsiders_torch.results(), base)
    else:
        import outsiders_optax
        write(worker, outsiders_optax.platform(), outsiders_optax.results(worker.split("-")[1]), base)


if __name__ == "__main__":
    main()
