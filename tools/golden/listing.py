"""The Lion listing that circulates in tutorials, as printed: momentum first, weight decay coupled."""
import torch
from torch.optim.optimizer import Optimizer

class Lion(Optimizer):
    r"""
    Implements Lion optimizer (EvoLved Sign Momentum).
    Reference: https://arxiv.org/abs/2302.06675

    Update rule:
        m_t = beta1 * m_{t-1} + (1 - beta1) * grad
        update = sign(beta2 * m_t + (1 - beta2) * grad)
        param = param - lr * update
    """

    def __init__(self, params, lr=1e-4, betas=(0.9, 0.99), weight_decay=0.0):
        if lr <= 0.0:
            raise ValueError(f"Invalid learning rate: {lr}")
        if not 0.0 <= betas[0] < 1.0:
            raise ValueError(f"Invalid beta1: {betas[0]}")
        if not 0.0 <= betas[1] < 1.0:
            raise ValueError(f"Invalid beta2: {betas[1]}")
        
        defaults = dict(lr=lr, betas=betas, weight_decay=weight_decay)
        super(Lion, self).__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()

        for group in self.param_groups:
            lr = group["lr"]
            beta1, beta2 = group["betas"]
            wd = group["weight_decay"]

            for p in group["params"]:
                if p.grad is None:
                    continue
                grad = p.grad

                if grad.is_sparse:
                    raise RuntimeError("Lion does not support sparse gradients")

                # weight decay
                if wd != 0:
                    grad = grad.add(p, alpha=wd)

                # get state
                state = self.state[p]
                if len(state) == 0:
                    state["exp_avg"] = torch.zeros_like(p)

                exp_avg = state["exp_avg"]

                # momentum update
                exp_avg.mul_(beta1).add_(grad, alpha=1 - beta1)

                # sign update
                update = exp_avg.mul(beta2).add(grad, alpha=1 - beta2)
                p.add_(update.sign(), alpha=-lr)

        return loss
