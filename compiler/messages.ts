// Takes: the facts of a fault. Gives: the catalogue, code -> (facts) => one sentence with its numbers.
// Promises: every diagnostic of the compiler has its code here; the severity is the list the code stands in.

const n = (value: number): string => String(Number(value.toPrecision(6)));

/** The user's faults: nothing is built from a model that has one. */
export const errors = {
  syntax: (a: { message: string }) => a.message,
  'unknown-key': (a: { key: string; owner: string }) => `\`${a.key}\` is not a key of ${a.owner}`,
  'foreign-key': (a: { key: string; owner: string; others: string }) =>
    `\`${a.key}\` is a key of ${a.others}, not of ${a.owner}`,
  'unused-name': (a: { name: string }) => `\`${a.name}\` is defined here and used nowhere`,
  'unknown-name': (a: { name: string }) => `nothing here is named \`${a.name}\``,
  'unknown-constructor': (a: { name: string; kind: string; key: string }) =>
    `${a.key}: there is no ${a.kind} \`${a.name}\``,
  'unknown-model': (a: { name: string }) => `there is no model \`${a.name}\` in this file`,
  'unknown-lint': (a: { name: string }) => `\`${a.name}\` names no lint and no key`,
  'unknown-target': (a: { target: string }) => `init: \`${a.target}\` matches no parameter of this model`,
  'duplicate-key': (a: { key: string }) => `\`${a.key}\` is set twice`,
  'duplicate-name': (a: { kind: string; name: string }) => `there are two definitions of ${a.kind} \`${a.name}\``,
  'missing-key': (a: { key: string; owner: string }) => `${a.owner} needs \`${a.key}\``,
  'wrong-type': (a: { key: string; expected: string; found: string }) =>
    `${a.key} must be ${a.expected}, but this is ${a.found}`,
  'wrong-unit': (a: { left: string; operator: string; right: string }) =>
    `${a.left} ${a.operator} ${a.right}: the units do not fit`,
  'wrong-arguments': (a: { callee: string; message: string }) => `${a.callee}: ${a.message}`,
  'not-whole': (a: { key: string; value: number }) => `${a.key} = ${n(a.value)} is not a whole number`,
  'out-of-range': (a: { key: string; value: number; range: string }) =>
    `${a.key} = ${n(a.value)}, but it must be ${a.range}`,
  'not-finite': (a: { what: string }) => `${a.what} is not a finite number`,
  cycle: (a: { path: readonly string[] }) => `these depend on each other: ${a.path.join(' -> ')}`,
  'let-override': (a: { name: string; model: string }) => `\`${a.name}\` is a \`let\` of ${a.model} and cannot be set`,
  'head-dim': (a: { mixer: string; dModel: number; heads: number }) =>
    `${a.mixer}: d_model ${a.dModel} is not divisible by heads ${a.heads} (${(a.dModel / a.heads).toFixed(2)})`,
  'kv-heads': (a: { mixer: string; heads: number; kvHeads: number }) =>
    `${a.mixer}: heads ${a.heads} is not divisible by kv_heads ${a.kvHeads} (${(a.heads / a.kvHeads).toFixed(2)})`,
  'rope-dim': (a: { mixer: string; dim: number; of: string; width: number }) =>
    `${a.mixer}.rope: dim ${n(a.dim)} must be even, positive and at most ${a.of} ${a.width}`,
  'rope-factors': (a: { mixer: string; list: string; length: number; pairs: number }) =>
    `${a.mixer}.rope.scaling: ${a.list} has ${a.length} factors, but rope has ${a.pairs} pairs of dims`,
  'expert-groups': (a: { part: string; message: string }) => `${a.part}: ${a.message}`,
  'inner-width': (a: { mixer: string; message: string }) => `${a.mixer}: ${a.message}`,
  'kv-from': (a: { mixer: string; layer: number; message: string }) =>
    `${a.mixer} in layer ${a.layer}: kv_from ${a.message}`,
  'label-crossing': (a: { message: string }) => a.message,
  'weight-map': (a: { map: string; message: string }) => `weights ${a.map}: ${a.message}`,
  'select-bias': (a: { part: string; message: string }) => `${a.part}.router: ${a.message}`,
  'rope-scaling': (a: { mixer: string; message: string }) => `${a.mixer}.rope.scaling: ${a.message}`,
  'block-output': (a: { block: string; message: string }) => `block ${a.block}: ${a.message}`,
  'block-arguments': (a: { block: string; message: string }) => `block ${a.block}: ${a.message}`,
  'block-expression': (a: { block: string; message: string }) => `block ${a.block}: ${a.message}`,
  'stack-length': (a: { length: number; nLayers: number }) =>
    `the stack has ${n(a.length)} layers, but n_layers is ${a.nLayers}`,
  'stack-range': (a: { from: number; to: number; nLayers: number }) =>
    a.from > a.to
      ? `at ${a.from}..${a.to} has no layer: the first one comes first`
      : `at ${a.from === a.to ? '' : `${a.from}..`}${a.to} is outside the layers 0..${a.nLayers - 1}`,
  'stack-form': (a: { message: string }) => `stack: ${a.message}`,
  'loss-mask': (a: { model: string; mixer: string; loss: string; aim: 'next' | 'masked' }) =>
    a.aim === 'next'
      ? `${a.model}: the loss ${a.loss} predicts the next token, but ${a.mixer}.mask lets a token see the ones after it`
      : `${a.model}: the loss ${a.loss} predicts masked tokens from both sides, but in ${a.mixer} a token sees only the ones before it`,
  'decode-mask': (a: { model: string; mixer: string; unmask: boolean }) =>
    a.unmask
      ? `${a.model}: unmasking looks at both sides of a token, but in ${a.mixer} a token sees only the ones before it`
      : `${a.model}: generation keeps keys and values in a cache, but ${a.mixer}.mask lets a token see the ones after it`,
  'optimizer-match': (a: { optimizer: string; message: string }) => `optimizer ${a.optimizer}: ${a.message}`,
  'tied-head': (a: { message: string }) => `head: ${a.message}`,
  'solve-infeasible': (a: { target: number; tolerance: number; nearest: string }) =>
    `solve: no size has ${n(a.target)} parameters within ${n(a.tolerance)}; the nearest are ${a.nearest}`,
  'assert-failed': (a: { text: string; numbers: string }) => `\`${a.text}\` does not hold (${a.numbers})`,
  'batch-split': (a: { batch: number; accumulate: number }) =>
    `batch ${a.batch} is not a multiple of accumulate ${a.accumulate} (${(a.batch / a.accumulate).toFixed(2)})`,
  'seq-context': (a: { seq: number; context: number; model: string }) =>
    `seq ${a.seq} is longer than the context ${a.context} of ${a.model}`,
  'vocab-bytes': (a: { vocab: number; model: string }) =>
    `tokenizer bytes has 256 tokens, but the vocab of ${a.model} is ${a.vocab}`,
} as const;

/** What the language has and this version does not build yet. */
export const todos = {
  'todo-constructor': (a: { kind: string; name: string }) => `${a.kind} \`${a.name}\` is not built yet`,
  'todo-key': (a: { key: string; owner: string }) => `\`${a.key}\` of ${a.owner} is not built yet`,
  'todo-value': (a: { key: string; value: string }) => `${a.key} = ${a.value} is not built yet`,
  'todo-block': (a: { name: string }) => `\`${a.name}\` is not built yet`,
  'todo-loss': (a: { name: string }) => `loss \`${a.name}\` is not built yet`,
} as const;

export const warnings = {
  'vocab-multiple': (a: { vocab: number; next: number }) =>
    `vocab ${a.vocab} is not a multiple of 64; ${a.next} would pad it`,
  'width-multiple': (a: { key: string; width: number; below: number; above: number }) =>
    `${a.key} ${a.width} is not a multiple of 64 (nearest ${a.below === a.above ? '' : `${a.below} and `}${a.above})`,
  'window-no-effect': (a: { mixer: string; window: number; context: number }) =>
    `${a.mixer}: window ${a.window} covers the whole context ${a.context}, so it has no effect`,
  'window-reach': (a: { window: number; locals: number; reach: number; context: number }) =>
    `${a.locals} local layers of window ${a.window} and no global one reach about ${a.reach} tokens of the context ${a.context}`,
  'cycle-tail': (a: { nLayers: number; cycle: number; tail: string }) =>
    `n_layers ${a.nLayers} is not a multiple of the cycle of ${a.cycle}; the last round stops after ${a.tail}`,
  'yarn-truncate': (a: { mixer: string; message: string }) => `${a.mixer}.rope.scaling: ${a.message}`,
  'expert-balance': (a: { part: string; n: number; topK: number }) =>
    `${a.part}: ${a.topK} of ${a.n} experts and nothing that balances them (balance or select_bias); routers left alone collapse to a few experts`,
  'low-precision': (a: { key: string; value: string; what: string }) =>
    `${a.key} = ${a.value}: ${a.what} in less than f32 loses accuracy`,
  'train-noise': (a: { key: string; message: string }) => `${a.key}: ${a.message}`,
  pinned: (a: { key: string; value: string; from: string; changed: string }) =>
    `${a.key} is pinned to ${a.value}, set over \`${a.from}\`; it does not follow ${a.changed}, which this variant sets`,
  'parameter-match': (a: { part: string; message: string }) => `${a.part}: ${a.message}`,
  'mup-scale': (a: { message: string }) => `mup: ${a.message}`,
  'quantised-part': (a: { part: string; message: string }) => `${a.part}: ${a.message}`,
} as const;

export const infos = {
  aspect: (a: { dModel: number; nLayers: number; aspect: number }) =>
    `aspect d_model / n_layers = ${a.dModel} / ${a.nLayers} = ${n(a.aspect)} is outside 100 to 200 (128 is the sweet spot)`,
  'glu-ratio': (a: { ffn: string; width: number; dModel: number; ratio: number }) =>
    `${a.ffn}: width / d_model = ${a.width} / ${a.dModel} = ${n(a.ratio)} is more than 5 % from 8/3`,
  'heads-width': (a: { mixer: string; heads: number; headDim: number; dModel: number }) =>
    `${a.mixer}: heads * head_dim = ${a.heads} * ${a.headDim} = ${a.heads * a.headDim} differs from d_model ${a.dModel}`,
  'vocab-range': (a: { vocab: number }) =>
    `vocab ${a.vocab} is outside 100,000 to 250,000, where production models lie today`,
  'derived-report': (a: { model: string; figures: string }) => `${a.model}: ${a.figures}`,
  dropout: (a: { value: number }) =>
    `dropout ${n(a.value)}: pretraining that sees each token once rarely gains from it`,
} as const;

export const messages = { ...errors, ...todos, ...warnings, ...infos };

export type Code = keyof typeof messages;
export type MessageArgs<C extends Code> = Parameters<(typeof messages)[C]>[0];

/** Ids of the language page's table of static checks. */
export const rules: Partial<Record<Code, string>> = {
  'unknown-key': 'E1',
  'foreign-key': 'E1',
  'unused-name': 'E1',
  'head-dim': 'E2',
  'kv-heads': 'E3',
  'rope-dim': 'E4',
  'rope-factors': 'E4',
  'rope-scaling': 'E5',
  'expert-groups': 'E6',
  'inner-width': 'E7',
  'block-output': 'E8',
  'kv-from': 'E8',
  'stack-length': 'E9',
  'stack-range': 'E9',
  'loss-mask': 'E10',
  'decode-mask': 'E10',
  'label-crossing': 'E11',
  'optimizer-match': 'E12',
  'weight-map': 'E13',
  'tied-head': 'E14',
  'select-bias': 'E15',
  'solve-infeasible': 'E16',
  'vocab-multiple': 'W1',
  'width-multiple': 'W2',
  'yarn-truncate': 'W3',
  'window-no-effect': 'W4',
  'window-reach': 'W4',
  'expert-balance': 'W5',
  'low-precision': 'W6',
  'train-noise': 'W7',
  'cycle-tail': 'W8',
  pinned: 'W9',
  'parameter-match': 'W10',
  'mup-scale': 'W11',
  'quantised-part': 'W12',
  aspect: 'I1',
  'glu-ratio': 'I2',
  'vocab-range': 'I3',
  'heads-width': 'I4',
  'derived-report': 'I5',
  dropout: 'I6',
};
