"""Sandwich, written by modelc. Names of weights are those of model.safetensors beside it."""

import math
from fnmatch import fnmatch

import torch
import torch.nn.functional as F
from torch import Tensor, nn

VOCAB = 256
CONTEXT = 64
D_MODEL = 48
N_LAYERS = 6
KV_HEADS = 2
GROUP = 2
HEAD_DIM = 16
WIDTH = 80
Q_DIM = KV_HEADS * GROUP * HEAD_DIM
KV_DIM = KV_HEADS * HEAD_DIM


def frequencies(theta: float, dim: int, device: torch.device) -> Tensor:
    """theta^(-2j / dim), one for each pair; RoFormer, arXiv 2104.09864."""
    return theta ** (-torch.arange(0, dim, 2, dtype=torch.float64, device=device) / dim)


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


class Embedding(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(VOCAB, D_MODEL))

    def forward(self, tokens: Tensor) -> Tensor:
        x = F.embedding(tokens, self.weight)  # [batch, seq, d_model]
        return 6.928203230275509 * x


class RMSNorm(nn.Module):
    """x / sqrt(mean(x^2) + eps) * (1 + gain), over the last dim"""

    def __init__(self, dim: int, eps: float) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.empty(dim))
        self.dim, self.eps = dim, eps

    def forward(self, x: Tensor) -> Tensor:
        return F.rms_norm(x.float(), (self.dim,), 1 + self.gain.float(), self.eps).type_as(x)


class LocalAttention(nn.Module):
    """gqa 4/2 heads of 16, causal & window(8), rope 10000, qk norm rms per head, softcap 50"""

    def __init__(self) -> None:
        super().__init__()
        self.q = nn.Linear(D_MODEL, Q_DIM, bias=False)
        self.k = nn.Linear(D_MODEL, KV_DIM, bias=False)
        self.v = nn.Linear(D_MODEL, KV_DIM, bias=False)
        self.o = nn.Linear(Q_DIM, D_MODEL, bias=False)
        self.q_norm = RMSNorm(HEAD_DIM, eps=1e-6)
        self.k_norm = RMSNorm(HEAD_DIM, eps=1e-6)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        b, t = x.shape[:2]
        q = self.q_norm(self.q(x).view(b, t, KV_HEADS, GROUP, HEAD_DIM))
        q = rotate_halves(q, cos, sin)
        k = self.k_norm(self.k(x).view(b, t, KV_HEADS, HEAD_DIM))
        k = rotate_halves(k, cos, sin)
        v = self.v(x).view(b, t, KV_HEADS, HEAD_DIM)  # [batch, seq, kv_heads, head_dim]
        # [batch, kv_heads, group, seq, key]
        scores = torch.einsum("bqkgd,bskd->bkgqs", q, k).float()
        key = torch.arange(t, device=x.device)
        query = key[:, None]
        scores = 50.0 * torch.tanh(0.25 * scores / 50.0)
        mask = (key <= query) & (query - 8 < key)  # [seq, key]
        scores = scores.masked_fill(~mask, -math.inf)
        weights = scores.softmax(dim=-1).type_as(v)
        weights = F.dropout(weights, 0.2, self.training)
        return self.o(torch.einsum("bkgqs,bskd->bqkgd", weights, v).flatten(2))


class MLP(nn.Module):
    """glu gelu_tanh width 80"""

    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Linear(D_MODEL, WIDTH, bias=False)
        self.up = nn.Linear(D_MODEL, WIDTH, bias=False)
        self.down = nn.Linear(WIDTH, D_MODEL, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.gelu(self.gate(x), approximate="tanh") * self.up(x))


class LocalBlock(nn.Module):
    rope = "local"

    def __init__(self) -> None:
        super().__init__()
        self.rms = nn.ModuleDict(
            {
                "mix": RMSNorm(D_MODEL, eps=1e-6),
                "post_mix": RMSNorm(D_MODEL, eps=1e-6),
                "ffn": RMSNorm(D_MODEL, eps=1e-6),
                "post_ffn": RMSNorm(D_MODEL, eps=1e-6),
            },
        )
        self.local = LocalAttention()
        self.mlp = MLP()

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        h = x + self.rms.post_mix(
            F.dropout(self.local(self.rms.mix(x), cos, sin), 0.1, self.training),
        )
        return h + self.rms.post_ffn(F.dropout(self.mlp(self.rms.ffn(h)), 0.1, self.training))


class GlobalAttention(nn.Module):
    """gqa 4/2 heads of 16, causal, rope 1000000, qk norm rms per head, softcap 50"""

    def __init__(self) -> None:
        super().__init__()
        self.q = nn.Linear(D_MODEL, Q_DIM, bias=False)
        self.k = nn.Linear(D_MODEL, KV_DIM, bias=False)
        self.v = nn.Linear(D_MODEL, KV_DIM, bias=False)
        self.o = nn.Linear(Q_DIM, D_MODEL, bias=False)
        self.q_norm = RMSNorm(HEAD_DIM, eps=1e-6)
        self.k_norm = RMSNorm(HEAD_DIM, eps=1e-6)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        b, t = x.shape[:2]
        q = self.q_norm(self.q(x).view(b, t, KV_HEADS, GROUP, HEAD_DIM))
        q = rotate_halves(q, cos, sin)
        k = self.k_norm(self.k(x).view(b, t, KV_HEADS, HEAD_DIM))
        k = rotate_halves(k, cos, sin)
        v = self.v(x).view(b, t, KV_HEADS, HEAD_DIM)  # [batch, seq, kv_heads, head_dim]
        # [batch, kv_heads, group, seq, key]
        scores = torch.einsum("bqkgd,bskd->bkgqs", q, k).float()
        key = torch.arange(t, device=x.device)
        query = key[:, None]
        scores = 50.0 * torch.tanh(0.25 * scores / 50.0)
        mask = key <= query  # [seq, key]
        scores = scores.masked_fill(~mask, -math.inf)
        weights = scores.softmax(dim=-1).type_as(v)
        weights = F.dropout(weights, 0.2, self.training)
        return self.o(torch.einsum("bkgqs,bskd->bqkgd", weights, v).flatten(2))


class GlobalBlock(nn.Module):
    rope = "global"

    def __init__(self) -> None:
        super().__init__()
        self.rms = nn.ModuleDict(
            {
                "mix": RMSNorm(D_MODEL, eps=1e-6),
                "post_mix": RMSNorm(D_MODEL, eps=1e-6),
                "ffn": RMSNorm(D_MODEL, eps=1e-6),
                "post_ffn": RMSNorm(D_MODEL, eps=1e-6),
            },
        )
        self.add_module("global", GlobalAttention())
        self.mlp = MLP()

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        global_ = F.dropout(getattr(self, "global")(self.rms.mix(x), cos, sin), 0.1, self.training)
        global_ = self.rms.post_mix(global_)
        h = x + global_
        return h + self.rms.post_ffn(F.dropout(self.mlp(self.rms.ffn(h)), 0.1, self.training))


class Head(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = RMSNorm(D_MODEL, eps=1e-6)

    def forward(self, x: Tensor, weight: Tensor) -> Tensor:
        logits = F.linear(self.norm(x), weight)  # [batch, seq, vocab]
        return 30.0 * torch.tanh(logits / 30.0)


class Sandwich(nn.Module):
    """tokens [batch, seq] -> logits [batch, seq, vocab]"""

    def __init__(self) -> None:
        super().__init__()
        self.embed = Embedding()
        self.layers = nn.ModuleList(kind() for kind in ([LocalBlock] * 2 + [GlobalBlock]) * 2)
        self.head = Head()

    def forward(self, tokens: Tensor) -> Tensor:
        t = tokens.shape[1]
        ropes = {
            "local": rope_tables(frequencies(10_000.0, 16, tokens.device), t),
            "global": rope_tables(frequencies(1_000_000.0, 16, tokens.device), t),
        }
        x = self.embed(tokens)  # [batch, seq, d_model]
        for layer in self.layers:
            x = layer(x, *ropes[layer.rope])
        return self.head(x, self.embed.weight)

    def loss(self, tokens: Tensor, labels: Tensor, reduction: str = "mean") -> Tensor:
        """Of aligned labels [batch, seq]; `sum` leaves the division by their number to the caller."""
        logits = self(tokens).float().flatten(0, 1)  # [batch * seq, vocab]
        entropy = F.cross_entropy(
            logits,
            labels.flatten().long(),
            ignore_index=0,
            reduction=reduction,
        )
        square = logits.logsumexp(dim=-1).square()
        square = square[labels.flatten() != 0]
        return entropy + 1e-4 * (square.mean() if reduction == "mean" else square.sum())


STARTS = (
    (
        lambda p: nn.init.trunc_normal_(p, std=0.02, a=-0.06, b=0.06),
        "embed.weight",
        "layers.*.local.q.weight",
        "layers.*.local.k.weight",
        "layers.*.local.v.weight",
        "layers.*.local.o.weight",
        "layers.*.mlp.gate.weight",
        "layers.*.mlp.up.weight",
        "layers.*.mlp.down.weight",
        "layers.*.global.q.weight",
        "layers.*.global.k.weight",
        "layers.*.global.v.weight",
        "layers.*.global.o.weight",
    ),
    (
        nn.init.zeros_,
        "layers.*.rms.mix.gain",
        "layers.*.local.q_norm.gain",
        "layers.*.local.k_norm.gain",
        "layers.*.rms.post_mix.gain",
        "layers.*.rms.ffn.gain",
        "layers.*.rms.post_ffn.gain",
        "layers.*.global.q_norm.gain",
        "layers.*.global.k_norm.gain",
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


Model = Sandwich
