// Takes: Python with lists of modules written out. Gives: the same, lists as a person says them.
// Promises: the same modules in the same order.

/** The layers by their kind: `nn.ModuleList(Block() for _ in range(N_LAYERS))`. */
export function shortLists(code: string, layers: number): string {
  return code.replace(/nn\.ModuleList\(\[(.*)\]\)/g, (_, inner: string) => {
    const values = inner.split(/, (?=nn\.|[A-Z]\w*\()/);
    return moduleList(values, values.length === layers ? 'N_LAYERS' : null);
  });
}

/** `nn.ModuleList(Block() for _ in range(N_LAYERS))` */
function moduleList(values: readonly string[], count: string | null): string {
  const [first] = values;
  if (values.length === 1) return `nn.ModuleList([${first}])`;
  const kinds = values.map((value) => value.replace(/\(\)$/, ''));
  const isPlain = values.every((value) => /^\w+\(\)$/.test(value));
  const n = values.length;
  if (values.every((value) => value === first)) return `nn.ModuleList(${first} for _ in range(${count}))`;
  const period = Array.from({ length: n }, (_, p) => p + 1).find((p) => kinds.every((kind, i) => kind === kinds[i % p])) ?? n; // prettier-ignore
  const list = (items: readonly string[]): string => `(${runs(items).join(' + ')})`;
  if (isPlain && period <= n / 2)
    return `nn.ModuleList(kind() for kind in ${repeated(kinds.slice(0, period), n, list)})`;
  return isPlain ? `nn.ModuleList(kind() for kind in ${list(kinds)})` : `nn.ModuleList([${values.join(', ')}])`;
}

/** `([Local] * 5 + [Global]) * 4`, cut to length where the last period is not whole. */
function repeated(kinds: readonly string[], length: number, list: (items: readonly string[]) => string): string {
  const times = Math.ceil(length / kinds.length);
  const all = `${list(kinds)} * ${times}`;
  return times * kinds.length === length ? all : `(${all})[:${length}]`;
}

function runs(items: readonly string[]): string[] {
  const parts: { item: string; count: number }[] = [];
  for (const item of items) {
    const last = parts.at(-1);
    if (last?.item === item) last.count += 1;
    else parts.push({ item, count: 1 });
  }
  return parts.map(({ item, count }) => (count === 1 ? `[${item}]` : `[${item}] * ${count}`));
}
