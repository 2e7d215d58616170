// Takes: the name of a wiring. Gives: its equations over `ln`, `attn` and `mlp`; and which one a model has.
// Promises: the two are inverse.
import type { BlockExpr, Model } from '../../../2-check/model.ts';
import { equations } from '../../statements.ts';

const wirings = {
  serial: ['h = x + attn(ln.mix(x))', 'y = h + mlp(ln.ffn(h))'],
  /** Norms behind the sums. */
  post_norm: ['h = ln.mix(x + attn(x))', 'y = ln.ffn(h + mlp(h))'],
  /** What is added to is normed too. */
  norm_stream: ['u = ln.mix(x)', 'h = u + attn(u)', 'v = ln.ffn(h)', 'y = v + mlp(v)'],
  /** Side by side, behind one norm. */
  parallel: ['y = x + attn(ln.mix(x)) + mlp(ln.mix(x))'],
  /** Side by side, a norm for each. */
  parallel_norms: ['y = x + attn(ln.mix(x)) + mlp(ln.ffn(x))'],
} as const;

export type Wiring = keyof typeof wirings;

export function wiring(name: Wiring): string {
  return equations('main', ...wirings[name]);
}

/** Of the first layer. What is none of them is taken for the nearest: whoever writes it reads it back. */
export function wiringOf({ layers: [layer] }: Model): Wiring {
  const values = new Map<string, BlockExpr>();
  let output: BlockExpr | null = null;
  for (const { name, value } of layer?.equations ?? []) {
    output = inlined(value, values);
    values.set(name, output);
  }
  if (output === null) return 'serial';
  if (output.kind === 'norm') return 'post_norm';
  if (!terms(output).some(({ kind }) => kind === 'ref')) return 'norm_stream';
  const parts = [...inside(output)];
  const ffn = parts.find(({ kind }) => kind === 'ffn');
  if (ffn !== undefined && [...inside(ffn)].some(({ kind }) => kind === 'mixer')) return 'serial';
  const instances = new Set(parts.flatMap((each) => (each.kind === 'norm' ? [each.instance] : [])));
  return instances.size === 1 ? 'parallel' : 'parallel_norms';
}

/** With the equations of the names in it. */
function inlined(expr: BlockExpr, values: ReadonlyMap<string, BlockExpr>): BlockExpr {
  if (expr.kind === 'ref') return values.get(expr.name) ?? expr;
  if (expr.kind === 'number') return expr;
  if (expr.kind !== 'arithmetic') return { ...expr, input: inlined(expr.input, values) };
  return { ...expr, left: inlined(expr.left, values), right: inlined(expr.right, values) };
}

function terms(expr: BlockExpr): BlockExpr[] {
  return expr.kind === 'arithmetic' ? [...terms(expr.left), ...terms(expr.right)] : [expr];
}

/** The expression and all it is made of. */
function* inside(expr: BlockExpr): Generator<BlockExpr> {
  yield expr;
  if (expr.kind === 'arithmetic') yield* [...inside(expr.left), ...inside(expr.right)];
  else if ('input' in expr) yield* inside(expr.input);
}
