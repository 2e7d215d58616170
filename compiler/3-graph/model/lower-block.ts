// Takes: a layer's equations and its input x. Gives: its output.
// Promises: one node per operation written; a name used twice is computed once.
import { positionOf } from '../../../grammar/source.ts';
import type { BlockExpr, Layer, MixerSpec } from '../../2-check/model.ts';
import { invariant } from '../../diagnostics.ts';
import { add, div, mul, sub } from '../expr-build.ts';
import type { Operand } from '../expr-build.ts';
import type { Expr } from '../expr.ts';
import { elementwise } from '../node-build.ts';
import type { Node } from '../ops.ts';
import { lowerAttention } from './attention/lower-attention.ts';
import { lowerFfn } from './lower-ffn.ts';
import { dropout, norm } from './lowering.ts';
import type { Lowering } from './lowering.ts';

type Operator = Extract<BlockExpr, { kind: 'arithmetic' }>['operator'];

const operators: { readonly [K in Operator]: { tree: (x: Operand, y: Operand) => Expr; value: (x: number, y: number) => number } } = {
  '+': { tree: add, value: (x, y) => x + y },
  '-': { tree: sub, value: (x, y) => x - y },
  '*': { tree: mul, value: (x, y) => x * y },
  '/': { tree: div, value: (x, y) => x / y },
}; // prettier-ignore

/** Names of a block and their values: tensors [batch, seq, d_model], or numbers. */
type Scope = Map<string, Node | number>;

function arithmetic(l: Lowering, operator: Operator, left: Node | number, right: Node | number): Node | number {
  const { tree, value } = operators[operator];
  if (typeof left === 'number') {
    return typeof right === 'number' ? value(left, right) : elementwise(l.builder, [right], (y) => tree(left, y));
  }
  return typeof right === 'number'
    ? elementwise(l.builder, [left], (x) => tree(x, right))
    : elementwise(l.builder, [left, right], tree);
}

function tensor(value: Node | number, expr: BlockExpr): Node {
  const { file, start } = expr.span;
  invariant(typeof value !== 'number', `a number where a tensor is needed, line ${positionOf(file, start).line}`);
  return value;
}

function lowerExpr(l: Lowering, layer: Layer, scope: Scope, expr: BlockExpr): Node | number {
  const lower = (inner: BlockExpr) => lowerExpr(l, layer, scope, inner);
  const part = (path: string, build: () => Node) => l.builder.at({ path, span: expr.span }, build);
  switch (expr.kind) {
    case 'number':
      return expr.value;
    case 'ref': {
      const value = scope.get(expr.name);
      invariant(value !== undefined, `block name ${expr.name} is unbound`);
      return value;
    }
    case 'arithmetic':
      return arithmetic(l, expr.operator, lower(expr.left), lower(expr.right));
    case 'norm': {
      const x = tensor(lower(expr.input), expr.input);
      return part(expr.instance, () => norm(l, `layers.${layer.index}.${expr.instance}`, expr.spec, x, 'd_model'));
    }
    case 'mixer': {
      const x = tensor(lower(expr.input), expr.input);
      const y = part(expr.name, () => lowerMixer(l, `layers.${layer.index}.${expr.name}`, expr.spec, x));
      return dropout(l, y, 'residual');
    }
    case 'ffn':
      break;
  }
  const x = tensor(lower(expr.input), expr.input);
  const y = part(expr.name, () => lowerFfn(l, `layers.${layer.index}.${expr.name}`, expr.spec, x));
  return dropout(l, y, 'residual');
}

function lowerMixer(l: Lowering, name: string, spec: MixerSpec, x: Node): Node {
  invariant(spec.kind === 'gqa', `mixer ${spec.kind} reached the lowering`);
  return lowerAttention(l, name, spec, x);
}

/** x, result: [batch, seq, d_model] */
export function lowerLayer(l: Lowering, layer: Layer, x: Node): Node {
  const scope: Scope = new Map([['x', x]]);
  let output: Node | number = x;
  for (const { name, value, span } of layer.equations) {
    output = l.builder.at({ path: `layers.${layer.index}`, span }, () => lowerExpr(l, layer, scope, value));
    scope.set(name, output);
  }
  invariant(typeof output !== 'number', `layer ${layer.index} gives a number`);
  return output;
}
