// Takes: nothing. Gives: the Python functions that generated files share, written only where they are used.
// Promises: one text per name.
import type { HelperName } from '../ops/scope.ts';

const frequencies = `def frequencies(theta: float, dim: int, device: torch.device) -> Tensor:
    """theta^(-2j / dim), one for each pair; RoFormer, arXiv 2104.09864."""
    return theta ** (-torch.arange(0, dim, 2, dtype=torch.float64, device=device) / dim)`;

const llama3 = `def llama3(inverse: Tensor, factor: float, low: float, high: float, original: float) -> Tensor:
    """Long waves slower by factor, short waves as they are, a blend between (Llama 3.1)."""
    wavelength = 2 * math.pi / inverse
    blend = ((original / wavelength - low) / (high - low)).clamp(0, 1)
    return inverse * ((1 - blend) / factor + blend)`;

const ropeTables = `def rope_tables(
    inverse: Tensor, length: int, interleaved: bool = False, factor: float = 1.0
) -> tuple[Tensor, Tensor]:
    """cos and sin of position * frequency for both elements of each pair, each [length, dim]."""
    position = torch.arange(length, dtype=torch.float64, device=inverse.device)
    angle = torch.outer(position, inverse)  # [length, dim / 2]
    angle = angle.repeat_interleave(2, dim=-1) if interleaved else torch.cat((angle, angle), dim=-1)
    return (angle.cos() * factor).float(), (angle.sin() * factor).float()`;

const turn = (
  name: string,
  pairs: string,
  partner: string,
) => `def ${name}(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turns ${pairs} of the last dim by their angle; x: [batch, seq, .., dim]."""
    shape = (x.shape[1], *[1] * (x.dim() - 3), x.shape[-1])
${partner}
    return (x * cos.view(shape) + partner * sin.view(shape)).type_as(x)`;

const grown = `def grown(theta: float, dim: int, length: int, factor: float, original: float) -> float:
    """The theta of a run of that length (NTK): larger where it is longer than the original context."""
    growth = max(factor * length / original - (factor - 1), 1.0)
    return theta * growth ** (dim / max(dim - 2, 1))`;

export const helpers: { readonly [K in HelperName]: string } = {
  frequencies,
  llama3,
  grown,
  rope_tables: ropeTables,
  rotate_halves: turn(
    'rotate_halves',
    'pairs (j, j + dim / 2)',
    '    first, second = x.chunk(2, dim=-1)\n    partner = torch.cat((-second, first), dim=-1)',
  ),
  rotate_pairs: turn(
    'rotate_pairs',
    'pairs (2j, 2j + 1)',
    '    partner = torch.stack((-x[..., 1::2], x[..., ::2]), dim=-1).flatten(-2)',
  ),
};
