"""Llama, written by modelc. Names of weights are those of model.safetensors beside it."""

import math
from fnmatch import fnmatch

import torch
import torch.nn.functional as F
from torch import Tensor, nn

VOCAB = 256
CONTEXT = 64
D_MODEL = 48
N_LAYERS = 4
KV_HEADS = 2
GROUP = 2
HEAD_DIM = 12
WIDTH = 80
Q_DIM = KV_HEADS * GROUP * HEAD_DIM
KV_DIM = KV_HEADS * HEAD_DIM


def frequencies(theta: float, dim: int, device: torch.device) -> Tensor:
    """theta^(-2j / dim), one for each pair; RoFormer, arXiv 2104.09864."""
    return theta ** (-torch.arange(0, dim, 2, dtype=torch.float64, device=device) / dim)


def llama3(inverse: Tensor, factor: float, low: float, high: float, original: float) -> Tensor:
    """Long waves slower by factor, short waves as they are, a blend between (Llama 3.1)."""
    wavelength = 2 * math.pi / inverse
    blend = ((original / wavelength - low) / (high - low)).clamp(0, 1)
    return inverse * ((1 - blend) / factor + blend)


def rope_tables(
    inverse: Tensor, length: int, interleaved: bool = False, factor: float = 1.0
) -> tuple[Tensor, Tensor]:
    """cos and sin of position * frequency for both elements of each pair, each [length, dim]."""
    position = torch.arange(length, dtype=torch.float64, device=inverse.device)
    angle = torch.outer(position, inverse)  # [length, dim / 2]
    angle = angle.repeat_interleave(2, dim=-1) if interleaved else torch.cat((angle, angle), dim=-1)
    return (angle.cos() * factor).float(), (angle.sin() * factor).float()


def rotate_halves(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turns pairs (j, j + dim / 2) of the last dim by their angle; x: [batch, seq, .., dim]."""
    shape = (x.shape[1], *[1] * (x.dim() - 3), x.shape[-1])
    first, second = x.chunk(2, dim=-1)
    partner = torch.cat((-second, first), dim=-1)
    return (x * cos.view(shape) + partner * sin.view(shape)).type_as(x)


class RMSNorm(nn.Module):
    """x / sqrt(mean(x^2) + eps) * gain, over the last dim"""

    def __init__(self, dim: int, eps: float) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.empty(dim))
        self.dim, self.eps = dim, eps

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x, (self.dim,), self.gain, self.eps)


class Attention(nn.Module):
    """gqa 4/2 heads of 12, causal, rope 500000 llama3 x8"""

    def __init__(self) -> None:
        super().__init__()
        self.q = nn.Linear(D_MODEL, Q_DIM, bias=False)
        self.k = nn.Linear(D_MODEL, KV_DIM, bias=False)
        self.v = nn.Linear(D_MODEL, KV_DIM, bias=False)
        self.o = nn.Linear(Q_DIM, D_MODEL, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        b, t = x.shape[:2]
        # [batch, seq, kv_heads, group, head_dim]
        q = self.q(x).view(b, t, KV_HEADS, GROUP, HEAD_DIM)
        q = rotate_halves(q, cos, sin)
        k = self.k(x).view(b, t, KV_HEADS, HEAD_DIM)  # [batch, seq, kv_heads, head_dim]
        k = rotate_halves(k, cos, sin)
        v = self.v(x).view(b, t, KV_HEADS, HEAD_DIM)  # [batch, seq, kv_heads, head_dim]
        out = F.scaled_dot_product_attention(
            q.flatten(2, 3).transpose(1, 2),  # [batch, heads, seq, head_dim]
            k.transpose(1, 2),
            v.transpose(1, 2),
            is_causal=True,
            enable_gqa=True,
        )
        return self.o(out.transpose(1, 2).flatten(2))


class MLP(nn.Module):
    """glu silu width 80"""

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Linear(D_MODEL, WIDTH, bias=False)
        self.up = nn.Linear(D_MODEL, WIDTH, bias=False)
        self.down = nn.Linear(WIDTH, D_MODEL, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.silu(self.gate(x)) * self.up(x))


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.rms = nn.ModuleDict(
            {"mix": RMSNorm(D_MODEL, eps=1e-6), "ffn": RMSNorm(D_MODEL, eps=1e-6)},
        )
        self.attn = Attention()
        self.mlp = MLP()

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        h = x + self.attn(self.rms.mix(x), cos, sin)
        return h + self.mlp(self.rms.ffn(h))


class Head(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = RMSNorm(D_MODEL, eps=1e-6)
        self.weight = nn.Parameter(torch.empty(VOCAB, D_MODEL))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(self.norm(x), self.weight)


class Llama(nn.Module):
    """tokens [batch, seq] -> logits [batch, seq, vocab]"""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(VOCAB, D_MODEL)
        self.layers = nn.ModuleList(Block() for _ in range(N_LAYERS))
        self.head = Head()

    def forward(self, tokens: Tensor) -> Tensor:
        t = tokens.shape[1]
        inverse = llama3(
            frequencies(500_000.0, 12, tokens.device),
            factor=8.0,
            low=1.0,
            high=4.0,
            original=32.0,
        )
        cos, sin = rope_tables(inverse, t)  # [seq, head_dim]
        x = self.embed(tokens)  # [batch, seq, d_model]
        for layer in self.layers:
            x = layer(x, cos, sin)
        return self.head(x)

    def loss(self, tokens: Tensor, labels: Tensor, reduction: str = "mean") -> Tensor:
        """Of aligned labels [batch, seq]; `sum` leaves the division by their number to the caller."""
        logits = self(tokens).float().flatten(0, 1)  # [batch * seq, vocab]
        return F.cross_entropy(logits, labels.flatten().long(), reduction=reduction)


STARTS = (
    (
        lambda p: nn.init.trunc_normal_(p, std=0.02, a=-0.06, b=0.06),
        "embed.weight",
        "layers.*.attn.q.weight",
        "layers.*.attn.k.weight",
        "layers.*.attn.v.weight",
        "layers.*.attn.o.weight",
        "layers.*.mlp.gate.weight",
        "layers.*.mlp.up.weight",
        "layers.*.mlp.down.weight",
        "head.weight",
    ),
    (
        nn.init.ones_,
        "layers.*.rms.mix.gain",
        "layers.*.rms.ffn.gain",
        "head.norm.gain",
    ),
)


@torch.no_grad()
def start(model: nn.Module) -> None:
    """Draws every parameter as the model says, sharded or not."""
    for name, parameter in model.named_parameters():
        for draw, *patterns in STARTS:
            if any(fnmatch(name, pattern) for pattern in patterns):
                draw(parameter)
                break
        else:
            raise KeyError(name)


Model = Llama
