"""Parallel, written by modelc. Names of weights are those of model.safetensors beside it."""

from fnmatch import fnmatch

import torch
import torch.nn.functional as F
from torch import Tensor, nn

VOCAB = 256
CONTEXT = 64
D_MODEL = 48
N_LAYERS = 2
HEADS = 4
HEAD_DIM = 12
WIDTH = 192
Q_DIM = HEADS * HEAD_DIM
KV_DIM = HEADS * HEAD_DIM


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


def rotate_pairs(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turns pairs (2j, 2j + 1) of the last dim by their angle; x: [batch, seq, .., dim]."""
    shape = (x.shape[1], *[1] * (x.dim() - 3), x.shape[-1])
    partner = torch.stack((-x[..., 1::2], x[..., ::2]), dim=-1).flatten(-2)
    return (x * cos.view(shape) + partner * sin.view(shape)).type_as(x)


class LayerNorm(nn.Module):
    """(x - mean(x)) / sqrt(var(x) + eps) * gain + bias, over the last dim"""

    def __init__(self, dim: int, eps: float) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.empty(dim))
        self.bias = nn.Parameter(torch.empty(dim))
        self.dim, self.eps = dim, eps

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, (self.dim,), self.gain, self.bias, self.eps)


class Attention(nn.Module):
    """mha 4/4 heads of 12, causal, rope 10000 on 8 dims interleaved"""

    def __init__(self) -> None:
        super().__init__()
        self.q = nn.Linear(D_MODEL, Q_DIM, bias=False)
        self.k = nn.Linear(D_MODEL, KV_DIM, bias=False)
        self.v = nn.Linear(D_MODEL, KV_DIM, bias=False)
        self.o = nn.Linear(Q_DIM, D_MODEL, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        b, t = x.shape[:2]
        q = self.q(x).view(b, t, HEADS, HEAD_DIM)  # [batch, seq, heads, head_dim]
        q = torch.cat((rotate_pairs(q[..., :8], cos, sin), q[..., 8:]), dim=-1)
        k = self.k(x).view(b, t, HEADS, HEAD_DIM)  # [batch, seq, heads, head_dim]
        k = torch.cat((rotate_pairs(k[..., :8], cos, sin), k[..., 8:]), dim=-1)
        v = self.v(x).view(b, t, HEADS, HEAD_DIM)  # [batch, seq, heads, head_dim]
        out = F.scaled_dot_product_attention(
            q.transpose(1, 2),  # [batch, heads, seq, head_dim]
            k.transpose(1, 2),
            v.transpose(1, 2),
            is_causal=True,
        )
        return self.o(out.transpose(1, 2).flatten(2))


class MLP(nn.Module):
    """mlp gelu_tanh width 192, bias"""

    def __init__(self) -> None:
        super().__init__()
        self.up = nn.Linear(D_MODEL, WIDTH)
        self.down = nn.Linear(WIDTH, D_MODEL)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.gelu(self.up(x), approximate="tanh"))


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.ln = nn.ModuleDict({"mix": LayerNorm(D_MODEL, eps=1e-5)})
        self.attn = Attention()
        self.mlp = MLP()

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        mix = self.ln.mix(x)
        return x + self.attn(mix, cos, sin) + self.mlp(mix)


class Head(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.norm = LayerNorm(D_MODEL, eps=1e-5)
        self.weight = nn.Parameter(torch.empty(VOCAB, D_MODEL))
        self.bias = nn.Parameter(torch.empty(VOCAB))

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(self.norm(x), self.weight, self.bias)


class Parallel(nn.Module):
    """tokens [batch, seq] -> logits [batch, seq, vocab]"""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(VOCAB, D_MODEL)
        self.layers = nn.ModuleList(Block() for _ in range(N_LAYERS))
        self.head = Head()

    def forward(self, tokens: Tensor) -> Tensor:
        t = tokens.shape[1]
        # [seq, head_dim]
        cos, sin = rope_tables(frequencies(10_000.0, 8, tokens.device), t, interleaved=True)
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
        "layers.*.mlp.up.weight",
        "layers.*.mlp.down.weight",
        "head.weight",
    ),
    (
        nn.init.ones_,
        "layers.*.ln.mix.gain",
        "head.norm.gain",
    ),
    (
        nn.init.zeros_,
        "layers.*.ln.mix.bias",
        "layers.*.mlp.up.bias",
        "layers.*.mlp.down.bias",
        "head.norm.bias",
        "head.bias",
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


Model = Parallel
