"""ScaledAdam: Adam whose step is proportional to the size of the parameter it moves.

Apart because it is an optimiser like those of torch and knows nothing of models. The public
text-to-semantic models are trained with it; fine-tuning them well needs the same steps.
Source: Yao et al. 2023, "Zipformer", section 2.4 (arXiv 2310.11230), where a parameter's scale
is learned beside its direction: every few steps the gradient with respect to that scale is
turned into a step of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


class ScaledAdam(torch.optim.Optimizer):
    """Adam with steps relative to the root mean square of each parameter.

    Args:
        params: Parameters or groups of them; each must hold at least one number.
        lr: Relative step; 0.01 moves a parameter by about one percent of its size.
        betas: Decay of the moving averages of the steps and of the squared gradients.
        clipping_scale: Gradients larger than this many times the median norm are scaled down;
            None never clips.
        clipping_update_period: Steps between looks at the median; no clipping before the first.
        scalar_lr_scale: Factor on `lr` for parameters of one number and for scales.
        eps: Keeps divisions finite.
        param_min_rms: A parameter smaller than this no longer shrinks.
        param_max_rms: A parameter larger than this shrinks.
        scalar_max: Bound of parameters of one number.
        size_update_period: Steps between updates of the scales.
        compat: Clip the gradient of the scales only, as the public optimiser does.
    """

    def __init__(  # noqa: PLR0913 - the constants of the method
        self,
        params: Iterable[Any],
        lr: float = 0.03,
        betas: tuple[float, float] = (0.9, 0.98),
        *,
        clipping_scale: float | None = None,
        clipping_update_period: int = 100,
        scalar_lr_scale: float = 0.1,
        eps: float = 1e-8,
        param_min_rms: float = 1e-5,
        param_max_rms: float = 3.0,
        scalar_max: float = 10.0,
        size_update_period: int = 4,
        compat: bool = False,
    ) -> None:
        defaults = {
            "lr": lr,
            "betas": betas,
            "clipping_scale": clipping_scale,
            "clipping_update_period": clipping_update_period,
            "scalar_lr_scale": scalar_lr_scale,
            "eps": eps,
            "param_min_rms": param_min_rms,
            "param_max_rms": param_max_rms,
            "scalar_max": scalar_max,
            "size_update_period": size_update_period,
            "compat": compat,
            "step": 0,
            "norms": [],
            "threshold": None,
        }
        super().__init__(params, defaults)
        for group in self.param_groups:
            group["norms"] = []  # one list per group, not the shared default

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:  # type: ignore[override]
        """Move every parameter that has a gradient; returns the closure's loss."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            parameters = [one for one in group["params"] if one.grad is not None]
            for parameter in parameters:
                if not self.state[parameter]:
                    self.state[parameter].update(_fresh_state(parameter, group["size_update_period"]))
            clip = self._clip(group, parameters)
            for parameter in parameters:
                _move(parameter, self.state[parameter], group, clip)
            group["step"] += 1
        return loss

    def _clip(self, group: dict[str, Any], parameters: list[Tensor]) -> float:
        """Factor in (0, 1] on this step's gradients."""
        step, period = group["step"], group["clipping_update_period"]
        if group["clipping_scale"] is None or step == 0 or not parameters:
            return 1.0
        # The norm of the gradient with respect to each parameter relative to its size.
        parts = []
        for one in parameters:
            assert one.grad is not None
            size = 1.0 if one.numel() == 1 else self.state[one]["rms"]
            parts.append((one.grad * size).float().norm())
        norm = torch.stack(parts).norm().item()
        norms = group["norms"]
        norms.append(norm)
        if step % period == 0:
            group["threshold"] = group["clipping_scale"] * sorted(norms)[len(norms) // 2]
            norms.clear()
        threshold = group["threshold"]
        return 1.0 if threshold is None else min(1.0, threshold / (norm + 1e-20))


def _fresh_state(parameter: Tensor, period: int) -> dict[str, Any]:
    state: dict[str, Any] = {
        "step": 0,
        "delta": torch.zeros_like(parameter),  # moving average of the steps
        "squares": torch.zeros_like(parameter),  # moving average of the squared gradients
    }
    if parameter.numel() > 1:
        state["rms"] = parameter.square().mean().sqrt()
        state["scale_gradients"] = parameter.new_zeros(period)
        state["scale_squares"] = parameter.new_zeros(())
    return state


def _move(parameter: Tensor, state: dict[str, Any], group: dict[str, Any], clip: float) -> None:
    gradient = parameter.grad
    assert gradient is not None
    step, (beta1, beta2) = state["step"], group["betas"]
    delta = state["delta"].mul_(beta1)
    if parameter.numel() > 1:
        period = group["size_update_period"]
        state["scale_gradients"][step % period] = (parameter * gradient).sum() * clip
        if step % period == period - 1:
            state["rms"].copy_(parameter.square().mean().sqrt())
            delta.add_(parameter * _scale_step(state, group), alpha=1 - beta1)
    if not group["compat"]:
        gradient = gradient * clip

    squares = state["squares"].mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
    root = (squares / (1 - beta2 ** (step + 1))).sqrt_().add_(group["eps"])
    if parameter.numel() > 1:
        size = state["rms"].clamp(min=group["param_min_rms"])
    else:
        parameter.clamp_(-group["scalar_max"], group["scalar_max"])
        size = group["scalar_lr_scale"]
    delta.add_(gradient / root * size, alpha=-group["lr"] * (1 - beta1))
    parameter.add_(delta)
    state["step"] = step + 1


def _scale_step(state: dict[str, Any], group: dict[str, Any]) -> Tensor:
    """Relative change of the parameter's scale, from the gradients since the last one."""
    period = group["size_update_period"]
    decay = group["betas"][1] ** period
    gradients, squares = state["scale_gradients"], state["scale_squares"]
    squares.mul_(decay).add_(gradients.square().mean(), alpha=1 - decay)
    correction = (1 - decay ** ((state["step"] + 1) // period)) ** 0.5
    rate = group["lr"] * group["scalar_lr_scale"]
    change = -rate * correction * gradients.sum() / (squares.sqrt() + group["eps"])
    change = torch.where(state["rms"] < group["param_min_rms"], torch.zeros_like(change), change)
    return torch.where(state["rms"] > group["param_max_rms"], torch.full_like(change, -rate * period), change)
