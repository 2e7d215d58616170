"""Trains Parallel, the model of model.py, in shards on many GPUs (FSDP2); written by modelc.

    torchrun --nproc-per-node 8 train.py --data tokens.safetensors
    torchrun --nnodes 4 --nproc-per-node 8 --rdzv-backend c10d --rdzv-endpoint HOST:29500 train.py ...
    python train.py --data tokens.safetensors --steps 10    # one process, also without a GPU

The data is a safetensors file with the tensor `tokens`, int32: [steps, batch, seq + 1], a batch for
each step, or [n], one text. Training starts from model.safetensors beside this file; --out gets
checkpoints and, at the end, model.safetensors with the names of the model again.
"""

import argparse
import math
import os
import sys
import time
from fnmatch import fnmatch
from functools import partial
from pathlib import Path

import torch
import torch.distributed as dist
import torch.distributed.checkpoint as dcp
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.distributed.checkpoint.state_dict import (
    StateDictOptions,
    get_model_state_dict,
    get_state_dict,
    set_model_state_dict,
    set_state_dict,
)
from torch.distributed.device_mesh import DeviceMesh, init_device_mesh
from torch.distributed.fsdp import MixedPrecisionPolicy, fully_shard
from torch.utils.checkpoint import checkpoint

from model import CONTEXT, Model, start

HERE = Path(__file__).resolve().parent

NAME = "Parallel"
STEPS = 100
BATCH = 4
ACCUMULATE = 1
SEQ = 64
SEED = 0
CLIP_NORM = 1.0
IGNORE = None  # every label counts
VALIDATE_EVERY = 50
VALIDATE_BATCHES = 4
SAVE_EVERY = 1000

# Each optimizer with its options and, by weight decay, its parameters.
OPTIMIZERS = (
    (
        torch.optim.AdamW,
        {"lr": 0.002, "betas": (0.9, 0.99), "eps": 1e-8},
        {
            0.0: (
                "embed.weight",
                "layers.*.ln.mix.gain",
                "layers.*.ln.mix.bias",
                "layers.*.attn.q.weight",
                "layers.*.attn.k.weight",
                "layers.*.attn.v.weight",
                "layers.*.attn.o.weight",
                "layers.*.mlp.up.weight",
                "layers.*.mlp.up.bias",
                "layers.*.mlp.down.weight",
                "layers.*.mlp.down.bias",
                "head.norm.gain",
                "head.norm.bias",
                "head.weight",
                "head.bias",
            ),
        },
    ),
)


def lr_scale(step: int, steps: int) -> float:
    """Of the peak learning rate, for steps from 0: warm-up, then constant."""
    if step < 5:
        return (step + 1) / 5
    return 1.0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--data", type=Path, required=True, help="safetensors with the tensor tokens, int32")
    add("--validation", type=Path, help="the same, never trained on")
    add("--weights", type=Path, default=HERE / "model.safetensors", help="where training starts")
    add("--from-scratch", action="store_true", help="start from random weights instead")
    add("--out", type=Path, default=HERE / "run", help="checkpoints and the trained weights")
    add("--resume", action="store_true", help="go on from the last checkpoint in --out")
    add("--steps", type=int, default=STEPS)
    add("--batch", type=int, default=BATCH, help="sequences a step, of all ranks together")
    add("--accumulate", type=int, default=ACCUMULATE, help="parts a rank's batch is cut into")
    add("--seq", type=int, default=SEQ, help="tokens a sequence, where the data is one text")
    add("--lr", type=float, default=1.0, help="factor on every learning rate")
    add("--precision", choices=("bf16", "f32"), help="of compute; weights are kept in f32")
    add("--replicate", type=int, default=1, help="groups that each hold all shards (HSDP)")
    add("--recompute", action="store_true", help="activations of layers are computed again")
    add("--compile", action="store_true", help="torch.compile each layer")
    add("--seed", type=int, default=SEED)
    add("--log-every", type=int, default=10)
    add("--save-every", type=int, default=SAVE_EVERY)
    add("--validate-every", type=int, default=VALIDATE_EVERY)
    return parser.parse_args()


class Tokens:
    """Rows of seq + 1 tokens: of [steps, batch, seq + 1] as it lies, of [n] in shuffled windows."""

    def __init__(self, path: Path, batch: int, seq: int, seed: int) -> None:
        self.file = safe_open(path, framework="pt")
        self.tokens = self.file.get_slice("tokens")
        self.shape = self.tokens.get_shape()
        self.batch, self.seq, self.seed = batch, seq, seed
        self.order: tuple[int, Tensor] | None = None
        if len(self.shape) == 3:
            self.seq = self.shape[2] - 1
            if self.shape[1] != batch:
                found = self.shape[1]
                sys.exit(f"{path} has batches of {found} sequences: say --batch {found}")
        elif len(self.shape) != 1 or self.shape[0] <= seq:
            wanted = f"[steps, batch, seq + 1] or [more than {seq}]"
            sys.exit(f"{path}: tokens are {self.shape}, not {wanted}")
        if self.seq > CONTEXT:
            sys.exit(f"{path} has sequences of {self.seq} tokens, the model's context is {CONTEXT}")

    def rows(self, step: int, first: int, count: int) -> Tensor:
        """Rows first .. first + count of the batch of a step, [count, seq + 1]."""
        if len(self.shape) == 3:
            at = step % self.shape[0]
            return self.tokens[at : at + 1, first : first + count].squeeze(0)
        windows = (self.shape[0] - 1) // self.seq
        starts = [self.window(step * self.batch + i, windows) for i in range(first, first + count)]
        return torch.stack([self.tokens[at : at + self.seq + 1] for at in starts])

    def window(self, index: int, windows: int) -> int:
        """Where the window of that number starts; every epoch has an order of its own."""
        epoch, at = divmod(index, windows)
        if self.order is None or self.order[0] != epoch:
            generator = torch.Generator().manual_seed(self.seed * 1_000_003 + epoch)
            self.order = (epoch, torch.randperm(windows, generator=generator))
        return int(self.order[1][at]) * self.seq


def connect() -> torch.device:
    """Joins the other processes of torchrun; without it this one is alone."""
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
    if not torch.cuda.is_available():
        device = torch.device("cpu")
    else:
        torch.cuda.set_device(device)
        torch.set_float32_matmul_precision("high")
    backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" else "gloo"
    if "RANK" in os.environ:
        dist.init_process_group(backend)
    else:
        dist.init_process_group(backend, rank=0, world_size=1, store=dist.HashStore())
    return device


def build(options: argparse.Namespace, device: torch.device) -> nn.Module:
    """The model in shards: a layer at a time is gathered to compute, the rest of the model at once."""
    world = dist.get_world_size()
    if world % options.replicate != 0:
        sys.exit(f"--replicate {options.replicate} does not divide {world} processes")
    shape = (world,) if options.replicate == 1 else (options.replicate, world // options.replicate)
    names = ("shard",) if options.replicate == 1 else ("replicate", "shard")
    mesh: DeviceMesh = init_device_mesh(device.type, shape, mesh_dim_names=names)
    precision = options.precision or ("bf16" if device.type == "cuda" else "f32")
    # Tables of rotations stay in f32: inputs are not cast.
    policy = MixedPrecisionPolicy(
        param_dtype=torch.bfloat16 if precision == "bf16" else None,
        reduce_dtype=torch.float32,
        cast_forward_inputs=False,
    )
    with torch.device("meta"):
        model = Model()
    for layer in model.layers:
        if options.recompute:
            layer.forward = partial(checkpoint, layer.forward, use_reentrant=False)
        if options.compile:
            layer.compile()
        fully_shard(layer, mesh=mesh, mp_policy=policy)
    fully_shard(model, mesh=mesh, mp_policy=policy)
    model.to_empty(device=device)
    if options.resume:
        return model
    if options.from_scratch:
        torch.manual_seed(options.seed)
        start(model)
    else:
        load_weights(model, options.weights)
    return model


def load_weights(model: nn.Module, path: Path) -> None:
    """Rank 0 reads the file, every rank keeps its shards."""
    whole = {}
    if dist.get_rank() == 0:
        whole = {name: tensor.float() for name, tensor in load_file(path).items()}
    options = StateDictOptions(full_state_dict=True, broadcast_from_rank0=True)
    set_model_state_dict(model, whole, options=options)


def build_optimizers(model: nn.Module) -> list[torch.optim.Optimizer]:
    parameters = dict(model.named_parameters())
    optimizers = []
    for kind, options, groups in OPTIMIZERS:
        chosen = [
            {
                "params": [
                    parameter
                    for name, parameter in parameters.items()
                    if any(fnmatch(name, pattern) for pattern in patterns)
                ],
                "weight_decay": decay,
            }
            for decay, patterns in groups.items()
        ]
        optimizers.append(kind(chosen, **options))
    return optimizers


def set_learning_rates(optimizers: list[torch.optim.Optimizer], scale: float) -> None:
    for optimizer, (_, options, _) in zip(optimizers, OPTIMIZERS):
        for group in optimizer.param_groups:
            group["lr"] = options["lr"] * scale


def save(out: Path, model: nn.Module, optimizers: list[torch.optim.Optimizer], step: int) -> None:
    weights, state = get_state_dict(model, optimizers)
    dcp.save({"model": weights, "optimizers": state}, checkpoint_id=out / f"step-{step}")
    if dist.get_rank() == 0:
        (out / "latest").write_text(str(step))


def resume(out: Path, model: nn.Module, optimizers: list[torch.optim.Optimizer]) -> int:
    """The step to go on with."""
    if not (out / "latest").exists():
        sys.exit(f"{out} has no checkpoint to resume")
    step = int((out / "latest").read_text())
    weights, state = get_state_dict(model, optimizers)
    stored = {"model": weights, "optimizers": state}
    dcp.load(stored, checkpoint_id=out / f"step-{step}")
    set_state_dict(
        model, optimizers, model_state_dict=stored["model"], optim_state_dict=stored["optimizers"]
    )
    if dist.get_rank() == 0:
        print(f"{out} goes on after step {step}", flush=True)
    return step


def export(out: Path, model: nn.Module) -> None:
    """All weights in one file, under the names of the model."""
    options = StateDictOptions(full_state_dict=True, cpu_offload=True)
    weights = get_model_state_dict(model, options=options)
    if dist.get_rank() == 0:
        metadata = {"format": "modelc-weights-1", "model": NAME}
        whole = {name: tensor.contiguous() for name, tensor in weights.items()}
        save_file(whole, out / "model.safetensors", metadata=metadata)


def total(value: Tensor) -> Tensor:
    """The sum over all ranks."""
    dist.all_reduce(value)
    return value


def counted(labels: Tensor) -> float:
    """Labels of all ranks that the loss counts."""
    count = labels.numel() if IGNORE is None else (labels != IGNORE).sum().item()
    return total(torch.tensor(float(count), device=labels.device)).item()


def my_rows(data: Tokens, step: int, options: argparse.Namespace, device: torch.device) -> Tensor:
    count = options.batch // dist.get_world_size()
    return data.rows(step, dist.get_rank() * count, count).to(device, torch.long)


@torch.no_grad()
def validate(
    model: nn.Module, data: Tokens, options: argparse.Namespace, device: torch.device
) -> float:
    model.eval()
    loss, count = torch.zeros((), device=device), 0.0
    for batch in range(VALIDATE_BATCHES):
        rows = my_rows(data, batch, options, device)
        count += counted(rows[:, 1:])
        for part in rows.chunk(options.accumulate):
            loss += model.loss(part[:, :-1], part[:, 1:], reduction="sum")
    model.train()
    return total(loss).item() / count


def train_step(
    model: nn.Module, optimizers: list[torch.optim.Optimizer], rows: Tensor, accumulate: int
) -> tuple[Tensor, Tensor]:
    """The mean loss of the step and the norm of its gradient before clipping."""
    # Gradients are averaged over the ranks, so each loss is its share of the sum, times the ranks.
    share = dist.get_world_size() / counted(rows[:, 1:])
    loss = torch.zeros((), device=rows.device)
    for part in rows.chunk(accumulate):
        part_loss = model.loss(part[:, :-1], part[:, 1:], reduction="sum") * share
        part_loss.backward()
        loss += part_loss.detach()
    limit = math.inf if CLIP_NORM is None else CLIP_NORM
    norm = nn.utils.clip_grad_norm_(model.parameters(), limit)
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad()
    return total(loss) / dist.get_world_size(), norm


def main() -> None:
    options = arguments()
    device = connect()
    world, is_first = dist.get_world_size(), dist.get_rank() == 0
    if options.batch % (world * options.accumulate) != 0:
        parts = f"{world} ranks of {options.accumulate} parts"
        sys.exit(f"--batch {options.batch} does not split into {parts}")
    data = Tokens(options.data, options.batch, options.seq, options.seed)
    held = options.validation and Tokens(options.validation, options.batch, options.seq, 0)
    model = build(options, device)
    optimizers = build_optimizers(model)
    first = resume(options.out, model, optimizers) if options.resume else 0
    torch.manual_seed(options.seed + 1 + dist.get_rank())  # what is dropped differs by rank
    options.out.mkdir(parents=True, exist_ok=True)
    model.train()
    since, tokens = time.perf_counter(), 0
    for step in range(first, options.steps):
        set_learning_rates(optimizers, options.lr * lr_scale(step, options.steps))
        rows = my_rows(data, step, options, device)
        loss, norm = train_step(model, optimizers, rows, options.accumulate)
        tokens += rows[:, 1:].numel() * world
        done = step + 1
        if done % options.log_every == 0 or done in (1, options.steps):
            norm = norm.full_tensor() if hasattr(norm, "full_tensor") else norm
            line = f"step {done}/{options.steps}  loss {loss.item():.4f}  norm {norm.item():.3f}"
            speed = tokens / (time.perf_counter() - since)
            if is_first:
                print(f"{line}  {speed:,.0f} tokens/s", flush=True)
        if held and (done % options.validate_every == 0 or done == options.steps):
            loss = validate(model, held, options, device)
            if is_first:
                print(f"step {done}/{options.steps}  validation {loss:.4f}", flush=True)
        if done % options.save_every == 0 or done == options.steps:
            save(options.out, model, optimizers, done)
    export(options.out, model)
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
