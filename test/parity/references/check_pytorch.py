"""Runs exported model.py files against reference outputs; one line per folder, exit code 1 when one is off.

Each folder holds model.py and model.safetensors as `modelc export RUN --to pytorch` writes them, and expected.json and
logits.safetensors of a reference (see make.py beside this file). With after.safetensors in the names of the model, the
gradients are compared too: before - after of one plain SGD step, learning rate 1.

    python3 check_pytorch.py FOLDER... [--device cuda]
"""

import argparse
import importlib.util
import json
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file

LOGITS, LOSS, GRADIENT = 2e-4, 1e-5, 1e-4


def load(folder: Path, device: str) -> torch.nn.Module:
    spec = importlib.util.spec_from_file_location(f"exported_{folder.name}", folder / "model.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with torch.device(device):
        model = module.Model()
    module.start(model)  # every parameter must have a start
    weights = {name: tensor.float() for name, tensor in load_file(folder / "model.safetensors").items()}
    model.load_state_dict(weights, strict=True)
    return model.eval()


def gradient_fault(model: torch.nn.Module, folder: Path, device: str) -> str | None:
    """The worst parameter, when one is off by more than its tolerance."""
    before = load_file(folder / "model.safetensors", device=device)
    after = load_file(folder / "after.safetensors", device=device)
    worst, name_of_worst = 0.0, ""
    for name, parameter in model.named_parameters():
        step = before[name].double() - after[name].double()
        gradient = torch.zeros_like(step) if parameter.grad is None else parameter.grad.double()
        # A gradient that is 0 but for rounding is compared with the rounding of the weight.
        allowed = max(GRADIENT * step.abs().max().item(), 1e-6 * max(1.0, before[name].abs().max().item()))
        off = (gradient - step).abs().max().item() / allowed
        if not off <= worst:
            worst, name_of_worst = off, name
    return None if worst <= 1 else f"gradient of {name_of_worst} off by {worst:.1f} times what is allowed"


def check(folder: Path, device: str) -> list[str]:
    expected = json.loads((folder / "expected.json").read_text())
    model = load(folder, device)
    tokens, labels = (torch.tensor(expected[key], device=device) for key in ("input_ids", "labels"))
    reference = load_file(folder / "logits.safetensors", device=device)["logits"].float()
    faults = []
    logits = model(tokens)
    off = ((logits - reference).abs().max() / reference.abs().max()).item()
    if logits.shape != reference.shape or not off <= LOGITS:
        faults.append(f"logits off by {off:.1e} of the largest")
    loss = model.loss(tokens, labels)
    if not abs(loss.item() - expected["loss"]) <= LOSS * abs(expected["loss"]):
        faults.append(f"loss {loss.item():.7f}, not {expected['loss']:.7f}")
    if (folder / "after.safetensors").exists():
        loss.backward()
        fault = gradient_fault(model, folder, device)
        faults += [] if fault is None else [fault]
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    failed = 0
    for folder in options.folders:
        try:
            faults = check(folder, options.device)
        except Exception as error:  # the others go on
            faults = [f"{type(error).__name__}: {error}"]
        failed += bool(faults)
        print(f"{folder.name}: {'; '.join(faults) if faults else 'ok'}", flush=True)
    print(f"{len(options.folders) - failed} of {len(options.folders)} agree")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
