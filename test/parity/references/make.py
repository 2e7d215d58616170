"""Writes the reference folders beside this file: what Hugging Face transformers makes of small random checkpoints.

Run where PyTorch and transformers 5.17 are: python3 make.py OUT [name...]. Everything is float32 on the CPU in evaluation
mode, attention eager unless families.py says otherwise. The files of a folder are those that `modelc parity` takes:
config.json, before.safetensors, logits.safetensors, after.safetensors (one plain SGD step, learning rate 1, mean
cross-entropy against aligned labels), expected.json.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM

from families import FAMILIES, VARIANTS

BATCH, SEQ, PROMPT, NEW = 2, 24, 8, 16


def randomize(model, generator):
    """Weights of a trained model's size: every gain, bias and matrix matters."""
    for name, p in model.named_parameters():
        noise = torch.randn(p.shape, generator=generator)
        if p.dim() >= 2:
            p.data.copy_(noise * (0.4 if "embed" in name or "wte" in name else p.shape[-1] ** -0.5))
        elif name.endswith("bias"):
            p.data.copy_(0.1 * noise)
        elif "norm" in name or "ln_" in name:
            p.data.copy_(p.data + 0.2 * noise)
        else:
            p.data.copy_(p.data + 0.1 * noise)
    model.tie_weights()


def greedy(model, prompt):
    """Token by token, each by a whole pass; and the smallest gap between first and second choice."""
    tokens, gap = list(prompt), float("inf")
    for _ in range(NEW):
        logits = model(torch.tensor([tokens])).logits[0, -1]
        best = logits.topk(2).values
        gap = min(gap, (best[0] - best[1]).item())
        tokens.append(int(logits.argmax()))
    return tokens[len(prompt):], gap


def stored(model, path):
    """As save_pretrained names and lays them out."""
    model.save_pretrained(path)


def make(name, config, folder, seed):
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    kind, attention = config.pop("model_type"), config.pop("attn_implementation", "eager")
    config = AutoConfig.for_model(kind, **config)
    model = AutoModelForCausalLM.from_config(config, attn_implementation=attention).float().eval()
    randomize(model, generator)
    folder.mkdir(parents=True, exist_ok=True)
    ids = torch.randint(3, config.vocab_size, (BATCH, SEQ), generator=generator)
    labels = torch.randint(3, config.vocab_size, (BATCH, SEQ), generator=generator)
    prompt = ids[0, :PROMPT].tolist()
    with torch.no_grad():
        continuation, gap = greedy(model, prompt)
    stored(model, folder)
    (folder / "model.safetensors").rename(folder / "before.safetensors")
    logits = model(ids).logits
    loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), labels.flatten())
    loss.backward()
    norm = sum((p.grad**2).sum() for p in model.parameters() if p.grad is not None).sqrt().item()
    no_grad = [n for n, p in model.named_parameters() if p.grad is None]
    with torch.no_grad():
        for p in model.parameters():
            if p.grad is not None:
                p -= p.grad
    stored(model, folder)
    (folder / "model.safetensors").rename(folder / "after.safetensors")
    (folder / "generation_config.json").unlink(missing_ok=True)
    save_file({"logits": logits.detach().contiguous()}, folder / "logits.safetensors")
    expected = {
        "arch": name, "model_type": kind, "transformers": transformers.__version__, "torch": torch.__version__,
        "input_ids": ids.tolist(), "labels": labels.tolist(), "loss": loss.item(), "grad_norm": norm, "sgd_lr": 1.0,
        "no_grad": no_grad, "greedy_prompt": prompt, "greedy": continuation, "greedy_min_gap": gap,
    }
    (folder / "expected.json").write_text(json.dumps(expected))
    print(f"{name}: loss {loss.item():.4f} norm {norm:.3f} gap {gap:.4f}", flush=True)


if __name__ == "__main__":
    out, chosen = Path(sys.argv[1]), sys.argv[2:]
    for group in (FAMILIES, VARIANTS):
        for seed, (name, config) in enumerate(group.items()):
            if chosen and name not in chosen:
                continue
            try:
                make(name, dict(config), out / name, seed)
            except Exception as error:  # the others go on
                print(f"{name}: FAILED {type(error).__name__}: {error}", flush=True)
