// Takes: the text of a model.py. Gives: the names of the state dict of its `Model`, read from its classes.
// Promises: only what the export writes is known; anything else throws.

interface ClassText {
  readonly members: readonly (readonly [name: string, value: string])[];
}

export function stateDictNames(text: string): string[] {
  const constants = new Map([...text.matchAll(/^([A-Z_]+) = (\d[\d_]*)$/gm)].map(([, name, value]) => [name ?? '', Number(value?.replaceAll('_', ''))])); // prettier-ignore
  const classes = new Map(text.split(/^class /m).slice(1).map((part) => [/^\w+/.exec(part)?.[0] ?? '', classOf(part)])); // prettier-ignore
  const root = /^Model = (\w+)$/m.exec(text)?.[1] ?? '';
  const namesOf = (value: string): string[] => valueNames(value, { classes, constants, namesOf });
  return namesOf(`${root}()`);
}

/** Statements of a constructor, each on one line. */
function classOf(part: string): ClassText {
  const body = /def __init__\([^)]*\) -> None:\n([\s\S]*?)\n\n/.exec(part)?.[1] ?? '';
  const members: (readonly [string, string])[] = [];
  for (const statement of joined(body)) {
    const plain = /^self\.([\w.]+) = (nn\..*|[A-Z]\w*\(.*)$/.exec(statement);
    const named = /^(?:self\.add_module\(|setattr\(self, )"(\w+)", (.*)\)$/.exec(statement);
    const [, name, value] = plain ?? named ?? [];
    if (name !== undefined && value !== undefined) members.push([name, value]);
    else if (!/^super\(\)|^self\.(dim, self\.eps|c\d)/.test(statement))
      throw new Error(`unknown statement ${statement}`);
  }
  return { members };
}

function joined(body: string): string[] {
  const lines: string[] = [];
  let depth = 0;
  for (const line of body.split('\n')) {
    if (depth > 0) lines.push(`${lines.pop()}${line.trim()}`);
    else lines.push(line.trim());
    depth += (line.match(/[([{]/g) ?? []).length - (line.match(/[)\]}]/g) ?? []).length;
  }
  return lines;
}

interface Known {
  readonly classes: ReadonlyMap<string, ClassText>;
  readonly constants: ReadonlyMap<string, number>;
  readonly namesOf: (value: string) => string[];
}

const prefixed = (prefix: string, names: readonly string[]): string[] =>
  names.map((name) => (name === '' ? prefix : `${prefix}.${name}`));

/** Names below a value; the value itself, if it is a parameter: ''. */
function valueNames(value: string, known: Known): string[] {
  const { classes, namesOf } = known;
  if (value.startsWith('nn.Parameter(')) return [''];
  if (value.startsWith('nn.Linear(')) return value.includes('bias=False') ? ['weight'] : ['weight', 'bias'];
  if (value.startsWith('nn.Embedding(')) return ['weight'];
  if (value === 'nn.Identity()') return [];
  const dictionary = /^nn\.(?:Module|Parameter)Dict\(\{(.*)\},?\)$/.exec(value)?.[1];
  if (dictionary !== undefined) {
    return [...dictionary.matchAll(/"(\w+)": ([A-Z]\w*\([^()]*\)|nn\.\w+\((?:[^()]|\([^()]*\))*\))/g)].flatMap(([, key, each]) => prefixed(key ?? '', namesOf(each ?? ''))); // prettier-ignore
  }
  if (value.startsWith('nn.ModuleList(')) return listed(value, known).flatMap((each, i) => prefixed(String(i), namesOf(each))); // prettier-ignore
  const name = /^(\w+)\(.*\)$/.exec(value)?.[1] ?? '';
  const written = classes.get(name);
  if (!written) throw new Error(`unknown value ${value}`);
  return written.members.flatMap(([member, each]) => prefixed(member, namesOf(each)));
}

/** The constructors of a list: written out, repeated, or by kinds. */
function listed(value: string, { constants }: Known): string[] {
  const repeated = /^nn\.ModuleList\((\w+\(.*\)) for _ in range\((\w+)\)\)$/.exec(value);
  if (repeated) return Array.from({ length: constants.get(repeated[2] ?? '') ?? Number(repeated[2]) }, () => repeated[1] ?? ''); // prettier-ignore
  const kinds = /^nn\.ModuleList\(kind\(\) for kind in (.*)\)$/.exec(value)?.[1];
  if (kinds === undefined) return [.../^nn\.ModuleList\(\[(.*?),?\],?\)$/.exec(value)?.[1]?.matchAll(/[\w.]+\([^()]*\)/g) ?? []].map(([each]) => each); // prettier-ignore
  return kindsIn(kinds).map((kind) => `${kind}()`);
}

/** The kinds that `[A] * 2 + ([B] + [A]) * 3`, or that in `(...)[:7]`, lists. */
function kindsIn(sum: string): string[] {
  const inBrackets = String.raw`\([^()]*\)|\[\w+\]`;
  const cut = /^\((.*)\)\[:(\d+)\]$/.exec(sum);
  if (cut) return kindsIn(cut[1] ?? '').slice(0, Number(cut[2]));
  const cutEnd = /^(.*) \+ (\(.*\)\[:\d+\])$/.exec(sum);
  if (cutEnd) return [...kindsIn(cutEnd[1] ?? ''), ...kindsIn(cutEnd[2] ?? '')];
  return [...sum.matchAll(new RegExp(`(${inBrackets})(?: \\* (\\d+))?`, 'g'))].flatMap(([, item = '', times]) => {
    const once = item.startsWith('[') ? [item.slice(1, -1)] : kindsIn(item.slice(1, -1));
    return Array.from({ length: Number(times ?? 1) }, () => once).flat();
  });
}
