// Takes: names and values. Gives: statements of a .model file.
// Promises: numbers as a person writes them; undefined keys are left out, so that the language's default speaks.

export type Value = string | number | boolean | undefined;
export interface Keys {
  readonly [key: string]: Value | Keys;
}

/** `rope { theta = 500_000; scaling = llama3 { factor = 8 } }`; a block whose text stands under `=` in it is its constructor. */
export function block(head: string, keys: Keys): string {
  const entries = Object.entries(keys).flatMap(([key, value]) => (value === undefined ? [] : [entry(key, value)]));
  return entries.length === 0 ? `${head} {}` : `${head} { ${entries.join('; ')} }`;
}

function entry(key: string, value: Exclude<Value, undefined> | Keys): string {
  if (typeof value !== 'object') return `${key} = ${valueText(value)}`;
  const { '=': constructor, ...keys } = value;
  return block(typeof constructor === 'string' ? `${key} = ${constructor}` : key, keys);
}

function valueText(value: string | number | boolean): string {
  return typeof value === 'number' ? numberText(value) : String(value);
}

/** 10_000, 1e-5, 0.0625 */
export function numberText(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) >= 10_000 && Math.abs(value) < 1e15) {
    return String(value).replace(/\B(?=(\d{3})+$)/g, '_');
  }
  const plain = String(value);
  const short = value.toExponential().replace('e+', 'e');
  return Math.abs(value) < 1e-3 && value !== 0 && short.length <= plain.length ? short : plain;
}

/** vocab, context, d_model, n_layers on one line. */
export function sizes(vocab: number, context: number, dModel: number, nLayers: number): string {
  const [v, c, d, n] = [vocab, context, dModel, nLayers].map(numberText);
  return `vocab = ${v}; context = ${c}; d_model = ${d}; n_layers = ${n}`;
}

/** A block of equations, one a line. */
export function equations(head: string, ...lines: readonly string[]): string {
  return `block ${head} {\n${lines.join('\n')}\n}`;
}

/** The value, left out where the language says it anyway. */
export function unless<T extends Value>(value: T, byDefault: T): T | undefined {
  return value === byDefault ? undefined : value;
}

/** `stack n_layers { cycle [...] }` for what each layer is, in the shortest cycle that gives it; it may end within a round. */
export function stack(layers: readonly string[]): string {
  const period = shortestPeriod(layers);
  const runs: { text: string; times: number }[] = [];
  for (const text of layers.slice(0, period)) {
    const last = runs.at(-1);
    if (last?.text === text) last.times += 1;
    else runs.push({ text, times: 1 });
  }
  const items = runs.map(({ text, times }) => (times === 1 ? text : `${text} * ${times}`));
  const lint =
    layers.length % period === 0 ? '' : `\nlint allow cycle_tail  # ${layers.length} layers end within a round`;
  return `stack n_layers { cycle [${items.join(', ')}] }${lint}`;
}

/** The least n with layers[i] = layers[i mod n]. */
function shortestPeriod(layers: readonly string[]): number {
  for (let period = 1; period < layers.length; period++) {
    if (layers.every((layer, i) => layer === layers[i % period])) return period;
  }
  return layers.length;
}
