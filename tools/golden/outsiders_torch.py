"""Lion as PyTorch's users get it: lion-pytorch, timm, pytorch-optimizer, the tutorial's listing, and two
short formulas for code that is in no package (Google's own file, and C-Optim's)."""
import importlib.util
import sys
import types

import numpy as np
import torch

import cases
import inputs
import listing


def bare(name):
    """Make package `name` importable without running its __init__, which would import all of it."""
    spec = importlib.util.find_spec(name)
    module = types.ModuleType(name)
    module.__path__ = list(spec.submodule_search_locations)
    sys.modules[name] = module


bare("timm")
bare("timm.optim")
from lion_pytorch import Lion as LionPytorch
from lion_pytorch.cautious_lion import Lion as LionPytorchCautious
from lion_pytorch.foreach import Lion as LionPytorchForeach
from pytorch_optimizer.optimizer.lion import Lion as PytorchOptimizer
from timm.optim.lion import Lion as Timm


class Formula(torch.optim.Optimizer):
    """A step function (param, grad, momentum, group) as an optimizer."""

    def __init__(self, params, lr, betas, weight_decay, formula):
        super().__init__(params, dict(lr=lr, betas=betas, weight_decay=weight_decay))
        self.formula = formula

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                state = self.state[p]
                if not state:
                    state["exp_avg"] = torch.zeros_like(p)
                self.formula(p, p.grad, state["exp_avg"], group["lr"], *group["betas"], group["weight_decay"])


def google(p, g, m, lr, b1, b2, wd):
    """google/automl lion_pytorch.py: the interpolation is two products and a sum of tensors."""
    p.mul_(1 - lr * wd)
    c = m * b1 + g * (1 - b1)
    p.add_(c.sign_(), alpha=-lr)
    m.mul_(b2).add_(g, alpha=1 - b2)


def c_optim(p, g, m, lr, b1, b2, wd):
    """C-Optim c_lion.py: the agreeing entries are scaled by numel/(agreeing + 1)."""
    p.mul_(1 - lr * wd)
    u = m.clone().mul_(b1).add(g, alpha=1 - b1).sign_()
    agree = (u * g > 0).to(g.dtype)
    agree = agree * (agree.numel() / (agree.sum() + 1))
    p.add_(u * agree, alpha=-lr)
    m.mul_(b2).add_(g, alpha=1 - b2)


# variant: constructor, rule, {decay: how weight_decay is passed}
DECAYS = {"none": dict(), "decoupled": dict()}
VARIANTS = {
    "lion-pytorch": (LionPytorch, "paper", DECAYS),
    "lion-pytorch foreach": (LionPytorchForeach, "paper", DECAYS),
    "lion-pytorch cautious_factor=1": (lambda p, **k: LionPytorchCautious(p, cautious_factor=1.0, **k), "paper", DECAYS),
    "lion-pytorch cautious_factor=0": (LionPytorchCautious, "cautious-mean", DECAYS),
    "google/automl": (lambda p, **k: Formula(p, formula=google, **k), "paper", DECAYS),
    "timm": (Timm, "paper", DECAYS),
    "timm foreach": (lambda p, **k: Timm(p, foreach=True, **k), "paper", DECAYS),
    "timm caution": (lambda p, **k: Timm(p, caution=True, **k), "cautious-mean", DECAYS),
    "pytorch-optimizer": (PytorchOptimizer, "paper",
                          dict(DECAYS, independent=dict(fixed_decay=True), coupled=dict(weight_decouple=False))),
    "pytorch-optimizer foreach=False": (lambda p, **k: PytorchOptimizer(p, foreach=False, **k), "paper", DECAYS),
    "pytorch-optimizer cautious": (lambda p, **k: PytorchOptimizer(p, cautious=True, **k), "cautious-count", DECAYS),
    "C-Optim": (lambda p, **k: Formula(p, formula=c_optim, **k), "cautious-count", DECAYS),
    "listing": (listing.Lion, "momentum-first", {"none": dict(), "coupled": dict()}),
}
PLAIN = {"lion-pytorch", "google/automl", "listing"}  # these run the special values too


def run(make, options, case):
    T = cases.DTYPES[case["dtype"]]
    p0, m0 = inputs.init(case, T)
    p = torch.nn.Parameter(torch.from_numpy(p0))
    opt = make([p], lr=case["lr"], betas=(case["beta1"], case["beta2"]), weight_decay=case["lambda"], **options)
    if case["family"] != "run":
        opt.state[p]["exp_avg"] = torch.from_numpy(m0)
    for t in range(case["steps"]):
        p.grad = torch.from_numpy(inputs.grad(case, T, t))
        opt.step()
    return p.detach().numpy(), opt.state[p]["exp_avg"].numpy()


def results():
    torch.set_num_threads(1)
    for variant, (make, rule, decays) in VARIANTS.items():
        for decay, options in decays.items():
            for dtype in cases.DTYPES:
                shapes = cases.SHAPES + (cases.SPECIAL if variant in PLAIN else [])
                for case in cases.cases(cases.setting(rule, decay), dtype, shapes):
                    yield variant, case, run(make, options, case)


def platform():
    return {"torch": torch.__version__, "cpu capability": torch.backends.cpu.get_cpu_capability()}
