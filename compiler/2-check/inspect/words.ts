// Takes: nothing. Gives: what the words of the language mean that are no keys: functions, constants, keywords, units, roles.
// Promises: one phrase each; functions are those that evaluation knows.

export interface Word {
  /** How it is written: `round(x, to = 1, mode = nearest)`. */
  readonly form: string;
  readonly about: string;
}

const word = (form: string, about: string): Word => ({ form, about });

export const functionWords: Readonly<Record<string, Word>> = {
  round: word('round(x, to = 1, mode = nearest)', 'to a multiple of `to`; mode is `nearest`, `ceil` or `floor`'),
  cast: word('cast(x, to)', 'x rounded to `f32`, `bf16` or `f16`'),
  sqrt: word('sqrt(x)', 'square root'),
  log: word('log(x)', 'natural logarithm'),
  exp: word('exp(x)', 'e to the power x'),
  floor: word('floor(x)', 'the largest whole number that is not above x'),
  ceil: word('ceil(x)', 'the smallest whole number that is not below x'),
  abs: word('abs(x)', 'x without its sign'),
  min: word('min(x, ...)', 'the smallest'),
  max: word('max(x, ...)', 'the largest'),
  solve: word(
    'd_model, n_layers = solve(params = 3B +- 2%, aspect = 128 in 100..200, step = 512)',
    'sizes with so many parameters: d_model = step * k, the aspect d_model / n_layers in the range and near the preferred one',
  ),
  diff: word('diff(A, B).params', 'the parameters of model B less those of A'),
};

/** Names of arguments, of functions that have some. */
export const functionArguments: Readonly<Record<string, readonly string[]>> = {
  round: ['to', 'mode'],
  cast: ['to'],
  solve: ['params', 'aspect', 'step'],
};

/** Words that an argument takes: `mode` of `round`. */
export const argumentWords: Readonly<Record<string, readonly string[]>> = {
  'round mode': ['nearest', 'ceil', 'floor'],
  'cast to': ['f32', 'bf16', 'f16'],
};

export const constantWords: Readonly<Record<string, Word>> = {
  inf: word('inf', 'infinity'),
  pi: word('pi', '3.14159...'),
  layer: word('layer', 'the 0-based index of the layer, inside the parts of a layer and in init'),
  last: word('mix[last]', 'the last layer'),
  none: word('none', 'nothing of it'),
  x: word('x', "the block's input, d_model wide"),
  params: word('A.params', 'how many parameters model A has'),
  active_params: word('A.active_params', 'of these, how many one token uses'),
};

export const keywordWords: Readonly<Record<string, Word>> = {
  let: word('let name = value', 'a value that variants may not set'),
  from: word('variant V from A { }', 'what it changes'),
  use: word('use std.wiring', 'names modules of the prelude, which is always in scope'),
  lint: word('lint allow W2 in V', 'silences a warning, by its id, its code or the key it is about'),
  until: word('a until 10Ttok then b', 'a value over training: a up to there, then b'),
  // oxlint-disable-next-line unicorn/no-thenable -- never awaited
  then: word('a until 10Ttok then b', 'a value over training: a up to there, then b'),
  in: word('128 in 100..200', 'a preferred value in a range'),
  at: word('at 0..2 [b(dense)]', 'these layers are another block'),
  cycle: word('cycle [a, b * 5]', 'the list repeated over the layers'),
  each: word('each b(mix, f)', 'every layer is this block, with the items of the named cycles'),
  require: word('require mix[last] == global', 'a condition on the resolved layers'),
  assert: word('assert A.params < 3B', 'a condition that must hold'),
  report: word('report [ttft, tpot]', 'asks for figures'),
};

export const roleWords: Readonly<Record<string, Word>> = {
  model: word('model Name { ... }', 'determines the function that is computed'),
  variant: word('variant V from A { ... }', 'A with changes: what it sets wins, what derives from it follows'),
  train: word('train name { ... }', 'a training run; the name may be left out'),
  generate: word('generate name { ... }', 'how a model generates; the name may be left out'),
  data: word('data name { ... }', 'a corpus'),
  block: word(
    'block b(mix, f) { h = ...; y = ... }',
    'equations over x, the input of the layer; the last one is the output',
  ),
  stack: word('stack n_layers { cycle [main] }', 'which block each layer is'),
  init: word('init { default = normal(std = 0.02) }', 'how parameters start; the more exact target wins'),
};

export const unitWords: Readonly<Record<string, string>> = {
  '%': 'hundredths',
  K: 'times 10^3',
  M: 'times 10^6',
  B: 'times 10^9',
  T: 'times 10^12',
  tok: 'tokens',
  Ktok: '10^3 tokens',
  Mtok: '10^6 tokens',
  Btok: '10^9 tokens',
  Ttok: '10^12 tokens',
  KiB: '2^10 bytes',
  MiB: '2^20 bytes',
  GiB: '2^30 bytes',
};
