// Takes: an attention gradient group and a target. Gives: its kernel part.
// Promises: pass query: one invocation per query; pass key: one per key, over all query heads that share it. Probabilities
// are recomputed from lse (FlashAttention-2, arXiv 2307.08691); sums are taken in a fixed order.
import { differentiateExpr } from '../../3-graph/differentiate-expr.ts';
import type { AttentionGradGroup, Program } from '../../5-optimize/groups.ts';
import type { Target } from '../../7-plan/plan.ts';
import type { KernelPart } from '../kernel.ts';
import { stripped } from '../wgsl/text.ts';
import { pointCount, storeExprs, touchedTensors } from '../wgsl/touched.ts';
import { WgslScope } from '../wgsl-expr.ts';
import { bindKeyPosition, bindQueryPosition, keepFactor, loadRow, overAxis } from './attention-scope.ts';
import { lowerShuffleTile } from './lower-shuffle-tile.ts';
import { keyRange, queryRange } from './mask-bounds.ts';

export function lowerAttentionGrad(program: Program, group: AttentionGradGroup, target: Target): KernelPart {
  if (target.software && target.subgroupSize === 8) return lowerShuffleTile(program, group, target.subgroupSize);
  const { dropout } = group;
  const inputs = [group.q, group.k, group.v, group.offset, group.dout, group.lse, group.delta];
  const exprs = [...inputs, group.score, group.mask, ...(dropout ? [dropout.seed] : [])];
  const stores = group.pass === 'query' ? group.dqStores : [...group.dkStores, ...group.dvStores];
  const rows = group.pass === 'query' ? [...group.batch, ...group.heads, group.query] : [...group.batch, group.key];
  const workgroupSize = target.software ? 32 : 64;
  return {
    name: group.name,
    family: 'attention_grad',
    tensors: touchedTensors(exprs, stores),
    workgroupSize,
    workgroups: Math.ceil(pointCount(rows) / workgroupSize),
    workgroupBytes: 0,
    print: (tensorName) => {
      const root = WgslScope.root(program, tensorName);
      root.share([...exprs, differentiateExpr(group.score, 'score'), ...storeExprs(stores)]);
      root.line(`let row = wg * ${workgroupSize}u + lane;`);
      root.block(`if (row < ${pointCount(rows)}u)`, (scope) => {
        scope.bindAxes(rows, 'row');
        if (group.pass === 'query') writeQueryPass(scope, group);
        else writeKeyPass(scope, group);
      });
      return { declarations: '', body: root.lines.join('\n'), helpers: root.helpers() };
    },
  };
}

/** dq = sum over keys of ds * k */
function writeQueryPass(scope: WgslScope, group: AttentionGradGroup): void {
  loadRow(scope, 'q', group.depth, group.q);
  loadRow(scope, 'dout', group.valueDepth, group.dout);
  const position = bindQueryPosition(scope, group);
  scope.line(`var dq: array<f32, ${group.depth.size}>;`);
  const { from, to } = keyRange(group.mask, { first: position, last: position }, group.key.size);
  scope.line(`let first = u32(${from});`, `let end = u32(max(0, ${to}));`);
  scope.block('for (var key = first; key < end; key++)', (loop) => {
    loop.bindAxes([group.key], 'key');
    bindKeyPosition(loop, group);
    loop.block(`if (${stripped(loop.expr(group.mask))})`, (seen) => {
      loadRow(seen, 'k', group.depth, group.k);
      seen.line('var dot = 0f;', 'var dp = 0f;');
      overAxis(seen, group.depth, (each, d) => each.line(`dot = fma(q[${d}], k[${d}], dot);`));
      overAxis(seen, group.valueDepth, (each, d) => each.line(`dp = fma(dout[${d}], ${each.expr(group.v)}, dp);`));
      writeScoreGradient(seen, group);
      overAxis(seen, group.depth, (each, d) => each.line(`dq[${d}] = fma(ds, k[${d}], dq[${d}]);`));
    });
  });
  overAxis(scope, group.depth, (each, d) => {
    each.bind('dq', each.let(`dq[${d}]`));
    each.stores(group.dqStores);
  });
}

/** dk = sum over queries of ds * q; dv = sum over queries of p * dout */
function writeKeyPass(scope: WgslScope, group: AttentionGradGroup): void {
  loadRow(scope, 'k', group.depth, group.k);
  loadRow(scope, 'v', group.valueDepth, group.v);
  const position = bindKeyPosition(scope, group);
  const offset = scope.value(group.offset);
  scope.line(`var dk: array<f32, ${group.depth.size}>;`, `var dv: array<f32, ${group.valueDepth.size}>;`);
  const { from, to } = queryRange(group.mask, { first: position, last: position }, offset, group.query.size);
  scope.line(`let first = u32(${from});`, `let end = u32(max(0, ${to}));`);
  scope.block(`for (var head = 0u; head < ${pointCount(group.heads)}u; head++)`, (heads) => {
    heads.bindAxes(group.heads, 'head');
    heads.block('for (var query = first; query < end; query++)', (loop) => {
      loop.bindAxes([group.query], 'query');
      bindQueryPosition(loop, group);
      loop.block(`if (${stripped(loop.expr(group.mask))})`, (seen) => writeSeenByKey(seen, group));
    });
  });
  overAxis(scope, group.depth, (each, d) => {
    each.bind('dk', each.let(`dk[${d}]`));
    each.stores(group.dkStores);
  });
  overAxis(scope, group.valueDepth, (each, d) => {
    each.bind('dv', each.let(`dv[${d}]`));
    each.stores(group.dvStores);
  });
}

function writeSeenByKey(seen: WgslScope, group: AttentionGradGroup): void {
  loadRow(seen, 'q', group.depth, group.q);
  loadRow(seen, 'dout', group.valueDepth, group.dout);
  seen.line('var dot = 0f;', 'var dp = 0f;');
  overAxis(seen, group.depth, (each, d) => each.line(`dot = fma(q[${d}], k[${d}], dot);`));
  overAxis(seen, group.valueDepth, (each, d) => each.line(`dp = fma(dout[${d}], v[${d}], dp);`));
  writeScoreGradient(seen, group);
  overAxis(seen, group.depth, (each, d) => each.line(`dk[${d}] = fma(ds, q[${d}], dk[${d}]);`));
  overAxis(seen, group.valueDepth, (each, d) => each.line(`dv[${d}] = fma(p_kept, dout[${d}], dv[${d}]);`));
}

/** From `dot` = q . k and `dp` = dout . v: p after dropout as `p_kept`, and `ds` = the gradient of q . k. */
function writeScoreGradient(seen: WgslScope, group: AttentionGradGroup): void {
  seen.line('let raw = dot;');
  seen.bind('score', 'raw');
  const [score, lse, delta] = [seen.value(group.score), seen.value(group.lse), seen.value(group.delta)];
  seen.line(`let p = exp(${score} - ${lse});`);
  const kept = keepFactor(seen, group);
  seen.line(`let p_kept = p${kept === null ? '' : ` * ${kept}`};`);
  const slope = seen.value(differentiateExpr(group.score, 'score'));
  seen.line(`let ds = (p_kept * dp - p * ${delta}) * ${slope};`);
}
