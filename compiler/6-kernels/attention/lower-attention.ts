// Takes: an attention group and a target. Gives: its kernel part.
// Promises: one invocation walks the keys of one query with a running softmax (FlashAttention, arXiv 2205.14135);
// blocks of keys that the mask never shows are not visited; a query that sees no key gives 0 and lse -3.0e38.
import type { AttentionGroup, Program } from '../../5-optimize/groups.ts';
import type { Target } from '../../7-plan/plan.ts';
import type { KernelPart } from '../kernel.ts';
import { stripped } from '../wgsl/text.ts';
import { pointCount, storeExprs, touchedTensors } from '../wgsl/touched.ts';
import { WgslScope } from '../wgsl-expr.ts';
import { bindKeyPosition, bindQueryPosition, keepFactor, loadRow, overAxis } from './attention-scope.ts';
import { lowerShuffleTile } from './lower-shuffle-tile.ts';
import { keyRange } from './mask-bounds.ts';

export function lowerAttention(program: Program, group: AttentionGroup, target: Target): KernelPart {
  if (target.software && target.subgroupSize === 8) return lowerShuffleTile(program, group, target.subgroupSize);
  const { dropout } = group;
  const exprs = [group.q, group.k, group.v, group.offset, group.score, group.mask, ...(dropout ? [dropout.seed] : [])];
  const stores = [...group.outStores, ...group.lseStores];
  const rows = [...group.batch, ...group.heads, group.query];
  const workgroupSize = target.software ? 32 : 64;
  return {
    name: group.name,
    family: 'attention',
    tensors: touchedTensors(exprs, stores),
    workgroupSize,
    workgroups: Math.ceil(pointCount(rows) / workgroupSize),
    workgroupBytes: 0,
    print: (tensorName) => {
      const root = WgslScope.root(program, tensorName);
      root.share([...exprs, ...storeExprs(stores)]);
      root.line(`let row = wg * ${workgroupSize}u + lane;`);
      root.block(`if (row < ${pointCount(rows)}u)`, (scope) => {
        scope.bindAxes(rows, 'row');
        writeRow(scope, group);
      });
      return { declarations: '', body: root.lines.join('\n'), helpers: root.helpers() };
    },
  };
}

function writeRow(scope: WgslScope, group: AttentionGroup): void {
  loadRow(scope, 'q', group.depth, group.q);
  const position = bindQueryPosition(scope, group);
  scope.line('var top = -3.0e38f;', 'var total = 0f;', `var sums: array<f32, ${group.valueDepth.size}>;`);
  const { from, to } = keyRange(group.mask, { first: position, last: position }, group.key.size);
  scope.line(`let first = u32(${from});`, `let end = u32(max(0, ${to}));`);
  scope.block('for (var key = first; key < end; key++)', (loop) => {
    loop.bindAxes([group.key], 'key');
    bindKeyPosition(loop, group);
    loop.block(`if (${stripped(loop.expr(group.mask))})`, (seen) => writePair(seen, group));
  });
  scope.line('let lse = select(-3.0e38f, top + log(total), total > 0f);');
  scope.line('let share = select(0f, 1f / total, total > 0f);');
  scope.bind('lse', 'lse');
  scope.stores(group.lseStores);
  overAxis(scope, group.valueDepth, (each, d) => {
    each.line(`let out = sums[${d}] * share;`);
    each.bind('out', 'out');
    each.stores(group.outStores);
  });
}

function writePair(seen: WgslScope, group: AttentionGroup): void {
  seen.line('var dot = 0f;');
  overAxis(seen, group.depth, (each, d) => each.line(`dot = fma(q[${d}], ${each.expr(group.k)}, dot);`));
  seen.line('let raw = dot;');
  seen.bind('score', 'raw');
  seen.line(`let score = ${stripped(seen.expr(group.score))};`);
  seen.line('let higher = max(top, score);', 'let shrink = exp(top - higher);', 'let weight = exp(score - higher);');
  seen.line('total = fma(total, shrink, weight);', 'top = higher;');
  const kept = keepFactor(seen, group);
  seen.line(`let share_of = weight${kept === null ? '' : ` * ${kept}`};`);
  overAxis(seen, group.valueDepth, (each, d) =>
    each.line(`sums[${d}] = fma(sums[${d}], shrink, share_of * ${each.expr(group.v)});`),
  );
}
