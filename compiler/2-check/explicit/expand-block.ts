// Takes: `block = pre_norm(attn, mlp)`. Gives: the block with the equations that std.wiring says, arguments put in.
// Promises: only blocks of std are expanded; a name of the caller never meets one of the wiring's.
import type { Argument, Definition, Expr } from '../../1-syntax/ast.ts';
import type { Prelude } from '../draft/prelude.ts';
import { blockOf } from './item-of.ts';

const trivia = { leading: [], trailing: [], gap: false };

export function expandBlock(item: Definition, { blocks }: Prelude): Definition {
  const call = item.value;
  const [name, args] =
    call?.kind === 'name' ? [call.name, []] : call?.kind === 'call' && call.callee.kind === 'name' ? [call.callee.name, call.args] : ['', []]; // prettier-ignore
  const equations = blocks.get(name)?.equations;
  if (equations === undefined || equations === null || item.block !== null) return item;
  const bound = bind(equations.parameters, args);
  const lines = equations.lines.map((line): Definition => {
    return { ...line, trivia, value: line.value === null ? null : put(line.value, bound) };
  });
  const main = { text: 'main', span: item.span };
  const words = item.words.length > 0 ? item.words : [{ parts: [main], span: item.span }];
  return { ...item, words, value: null, block: blockOf(lines) };
}

function bind(parameters: readonly Argument[], args: readonly Argument[]): ReadonlyMap<string, Expr> {
  const bound = new Map<string, Expr>();
  const names = parameters.map(({ name, value }) => name?.text ?? (value.kind === 'name' ? value.name : ''));
  parameters.forEach(({ name, value }, index) => {
    if (name !== null) bound.set(names[index] ?? '', value);
  });
  args.forEach(({ name, value }, index) => bound.set(name?.text ?? names[index] ?? '', value));
  return bound;
}

/** Operators keep their operands: a sum put in for a factor gets parentheses. */
function put(expr: Expr, bound: ReadonlyMap<string, Expr>): Expr {
  const inner = (each: Expr): Expr => put(each, bound);
  switch (expr.kind) {
    case 'name': {
      const value = bound.get(expr.name);
      if (value === undefined) return expr;
      return value.kind === 'binary' || value.kind === 'negate' ? { kind: 'group', value, span: expr.span } : value;
    }
    case 'member':
      return { ...expr, object: inner(expr.object) };
    case 'call':
      return {
        ...expr,
        callee: inner(expr.callee),
        args: expr.args.map((arg) => ({ ...arg, value: inner(arg.value) })),
      };
    case 'negate':
    case 'group':
      return { ...expr, value: inner(expr.value) };
    case 'binary':
      return { ...expr, left: inner(expr.left), right: inner(expr.right) };
    case 'number':
    case 'string':
    case 'index':
    case 'list':
    case 'construct':
      return expr;
  }
}
