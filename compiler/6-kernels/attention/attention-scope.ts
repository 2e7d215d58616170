// Takes: the parts forward and backward attention share. Gives: the WGSL that both need.
// Promises: rows are kept in private arrays; scores of pairs are never stored.
import { add, cast, mul, random, variable } from '../../3-graph/expr-build.ts';
import type { Expr } from '../../3-graph/expr.ts';
import type { AttentionParts, Axis } from '../../5-optimize/groups.ts';
import { stripped } from '../wgsl/text.ts';
import type { WgslScope } from '../wgsl-expr.ts';

/** Declares `name: array<f32, size>` and fills it with `expr` over `axis`. */
export function loadRow(scope: WgslScope, name: string, axis: Axis, expr: Expr): void {
  scope.line(`var ${name}: array<f32, ${axis.size}>;`);
  overAxis(scope, axis, (loop, index) => loop.line(`${name}[${index}] = ${stripped(loop.expr(expr))};`));
}

/** A loop over an axis; `write` gets the name of its u32 index. */
export function overAxis(scope: WgslScope, axis: Axis, write: (loop: WgslScope, index: string) => void): void {
  const index = scope.fresh('d');
  scope.block(`for (var ${index} = 0u; ${index} < ${axis.size}u; ${index}++)`, (loop) => {
    loop.bindAxes([axis], index);
    write(loop, index);
  });
}

/** Binds `query_position` of the query index in scope. */
export function bindQueryPosition(scope: WgslScope, parts: AttentionParts): string {
  const position = scope.let(
    stripped(scope.expr(add(parts.offset, variable(parts.query.name, 'i32')))),
    'query_position',
  );
  scope.bind('query_position', position);
  return position;
}

/** Binds `key_position` of the key index in scope. */
export function bindKeyPosition(scope: WgslScope, parts: AttentionParts): string {
  const position = scope.let(stripped(scope.expr(variable(parts.key.name, 'i32'))), 'key_position');
  scope.bind('key_position', position);
  return position;
}

/**
 * 1 / (1 - rate) for a kept pair, 0 for a dropped one; the counter is the pair's row-major index over
 * batch, heads, query, key. Null without dropout.
 */
export function keepFactor(scope: WgslScope, parts: AttentionParts): string | null {
  const { dropout } = parts;
  if (dropout === null) return null;
  const axes = [...parts.batch, ...parts.heads, parts.query, parts.key];
  const counter = axes.reduce<Expr | null>((index, axis) => {
    const here = variable(axis.name, 'i32');
    return index === null ? here : add(mul(index, axis.size), here);
  }, null);
  const drawn = random(dropout.seed, dropout.stream, cast(counter ?? { kind: 'const', value: 0, type: 'i32' }, 'u32'));
  const kept = `${1 / (1 - dropout.rate)}f`;
  return scope.let(`select(0f, ${kept}, ${scope.expr(drawn)} >= ${dropout.rate}f)`, 'kept');
}
