// Takes: a module's calls and its weights. Gives: the module of torch.nn it is, or the small norm class it needs.
// Promises: names of weights are ours, so a norm is a class of the file: its weight is called `gain`.
import type { NodeOf } from '../../../3-graph/ops.ts';
import type { Parameter } from '../../../2-check/parameters/parameter.ts';
import type { Axes } from '../python/axes.ts';
import { float } from '../python/python.ts';
import type { Region } from '../calls/regions.ts';

/** `nn.Linear(D_MODEL, Q_DIM, bias=False)`; null: it is none of torch.nn. */
export function torchModule(region: Region, own: readonly Parameter[], axes: Axes): string | null {
  if (region.children.length > 0 || region.outputs.length !== 1) return null;
  const [weight, bias] = own;
  const [output, input] = weight?.dims ?? [];
  if (weight === undefined || output === undefined || input === undefined || weight.dims.length !== 2) return null;
  if (!weight.name.endsWith('.weight') || own.length > 2 || (bias && !bias.name.endsWith('.bias'))) return null;
  const [first, second] = region.nodes;
  if (first?.op === 'gather' && region.nodes.length === 1 && first.inputs[1]?.op === 'source')
    return `nn.Embedding(${axes.size(output)}, ${axes.size(input)})`;
  const isLinear = first?.op === 'contract' && isWeight(first, weight) && first.attrs.over.join() === input.name;
  if (!isLinear || axes.names(first).at(-1) !== output.name) return null;
  if (region.nodes.length !== (bias ? 2 : 1) || (bias && !isSum(second))) return null;
  return `nn.Linear(${axes.size(input)}, ${axes.size(output)}${bias ? '' : ', bias=False'})`;
}

function isWeight(node: NodeOf<'contract'>, weight: Parameter): boolean {
  const [x, w] = node.inputs;
  return w?.op === 'source' && w.attrs.name === weight.name && x?.type.dims.at(-1)?.name === weight.dims[1]?.name;
}

function isSum(node: Region['nodes'][number] | undefined): boolean {
  if (node?.op !== 'map') return false;
  const { expr } = node.attrs;
  return expr.kind === 'binary' && expr.fn === 'add' && expr.x.kind === 'var' && expr.y.kind === 'var';
}

export interface NormClass {
  readonly name: string;
  readonly lines: readonly string[];
  /** Of the constructor. */
  readonly args: string;
}

/** A norm over the last dim with weights as long as it; null: it is another module. */
export function normClass(region: Region, own: readonly Parameter[], axes: Axes): NormClass | null {
  const [node] = region.nodes;
  if (node?.op !== 'norm' || region.nodes.length !== 1 || region.children.length > 0) return null;
  const [over, second] = node.attrs.dims;
  const [size] = own.map(({ dims }) => dims[0]);
  const isLast = second === undefined && axes.names(node).at(-1) === over;
  if (!isLast || size === undefined || own.some(({ dims }) => dims.length !== 1 || dims[0]?.name !== over)) return null;
  const { kind, gain, bias, eps } = node.attrs;
  const name = kind === 'rms' ? 'RMSNorm' : 'LayerNorm';
  return { name, lines: normLines(kind, gain, bias), args: `${axes.size(size)}, eps=${float(eps)}` };
}

type Norm = NodeOf<'norm'>['attrs'];

function normLines(kind: Norm['kind'], gain: Norm['gain'], bias: boolean): string[] {
  const scale = { weight: ' * gain', one_plus: ' * (1 + gain)', none: '' }[gain];
  const formula = kind === 'rms' ? 'x / sqrt(mean(x^2) + eps)' : '(x - mean(x)) / sqrt(var(x) + eps)';
  return [
    `    """${formula}${scale}${bias ? ' + bias' : ''}, over the last dim"""`,
    '',
    '    def __init__(self, dim: int, eps: float) -> None:',
    '        super().__init__()',
    ...(gain === 'none' ? [] : ['        self.gain = nn.Parameter(torch.empty(dim))']),
    ...(bias ? ['        self.bias = nn.Parameter(torch.empty(dim))'] : []),
    '        self.dim, self.eps = dim, eps',
    '',
    '    def forward(self, x: Tensor) -> Tensor:',
    `        return ${normCall(kind, gain, bias)}`,
  ];
}

function normCall(kind: Norm['kind'], gain: Norm['gain'], bias: boolean): string {
  const name = kind === 'rms' ? 'F.rms_norm' : 'F.layer_norm';
  // 1 + gain in bf16 would round the gain away.
  if (gain === 'one_plus') {
    const args = kind === 'rms' ? '' : `${bias ? 'self.bias.float()' : 'None'}, `;
    return `${name}(x.float(), (self.dim,), 1 + self.gain.float(), ${args}self.eps).type_as(x)`;
  }
  const scale = gain === 'none' ? 'None' : 'self.gain';
  return `${name}(x, (self.dim,), ${scale}, ${kind === 'rms' ? '' : `${bias ? 'self.bias' : 'None'}, `}self.eps)`;
}
