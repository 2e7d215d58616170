// Takes: Python with lists of modules written out. Gives: the same, lists as a person says them.
// Promises: the same modules in the same order.

/** The layers by their kind: `nn.ModuleList(Block() for _ in range(N_LAYERS))`. */
export function shortLists(code: string, layers: number): string {
  return code.replace(/nn\.ModuleList\(\[(.*)\]\)/g, (_, inner: string) => {
    const values = inner.split(/, (?=nn\.|[A-Z]\w*\()/);
    return moduleList(values, values.length === layers ? 'N_LAYERS' : null);
  });
}

/** Longer sums of kinds are written out. */
const longest = 100;

/** `nn.ModuleList(Block() for _ in range(N_LAYERS))` */
function moduleList(values: readonly string[], count: string | null): string {
  const [first] = values;
  if (values.length === 1) return `nn.ModuleList([${first}])`;
  if (values.every((value) => value === first)) return `nn.ModuleList(${first} for _ in range(${count}))`;
  const sum = values.every((value) => /^\w+\(\)$/.test(value)) ? kindsText(values.map((value) => value.slice(0, -2))) : null; // prettier-ignore
  return sum !== null && sum.length <= longest
    ? `nn.ModuleList(kind() for kind in ${sum})`
    : `nn.ModuleList([${values.join(', ')}])`;
}

/** `([Local] * 5 + [Global]) * 4`, `[First] + ([Local] * 2 + [Global]) * 7`, or `([Local] * 3 + [Global])` as it comes. */
function kindsText(kinds: readonly string[]): string {
  for (const start of [0, 1, 2, 3]) {
    const rest = kinds.slice(start);
    for (let period = 1; period <= rest.length / 2; period++) {
      if (!rest.every((kind, i) => kind === rest[i % period])) continue;
      const repeats = repeated(rest.slice(0, period), rest.length);
      return start === 0 ? repeats : `${runs(kinds.slice(0, start)).join(' + ')} + ${repeats}`;
    }
  }
  return group(kinds);
}

const group = (kinds: readonly string[]): string => `(${runs(kinds).join(' + ')})`;

/** Cut to length where the last period is not whole. */
function repeated(kinds: readonly string[], length: number): string {
  const times = Math.ceil(length / kinds.length);
  const all = kinds.length === 1 ? `[${kinds[0]}] * ${times}` : `${group(kinds)} * ${times}`;
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
