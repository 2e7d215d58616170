// Takes: the classes of a file and the text that makes them. Gives: the same with one class where several differ by numbers
// alone: the numbers become arguments.
// Promises: only classes that would have the same name are joined; what all have alike stays a number.

export interface Written {
  /** What the class would be called if no other had the name. */
  readonly wanted: string;
  readonly name: string;
  readonly text: string;
}

const numbers = /(?<![\w.])\d[\d_]*(?:\.\d+)?(?:e-?\d+)?(?![\w.])/g;

export function mergeByNumbers(classes: readonly Written[], rest: string): { classes: Written[]; rest: string } {
  let current = { classes: [...classes], rest };
  for (;;) {
    const keys = current.classes.map(skeleton);
    const twice = keys.find((key, i) => keys.indexOf(key) < i);
    if (twice === undefined) return current;
    const group = current.classes.filter((_, i) => keys[i] === twice);
    current = join(current, group);
  }
}

/** The text without its name, its docstring and its numbers. */
function skeleton({ wanted, name, text }: Written): string {
  return `${wanted}\n${body(name, text).replace(numbers, '#')}`;
}

function body(name: string, text: string): string {
  return text.replace(`class ${name}(`, 'class (').replace(/\n {4}"""[^\n]*"""\n\n?/, '\n');
}

type File = ReturnType<typeof mergeByNumbers>;

function join({ classes, rest }: File, group: readonly Written[]): File {
  const [first] = group;
  if (!first) return { classes: [...classes], rest };
  const texts = group.map(({ name, text }) => body(name, text));
  const found = texts.map((text) => [...text.matchAll(numbers)].map(([number]) => number));
  // By the numbers of all members at a place, which places share an argument.
  const names = new Map<string, string>();
  const keys = (found[0] ?? []).map((_, place) => found.map((list) => list[place]).join());
  for (const [place, key] of keys.entries()) {
    const varies = found.some((list) => list[place] !== found[0]?.[place]);
    if (varies && !names.has(key)) names.set(key, `c${names.size + 1}`);
  }
  const args = found.map((list) => [...names.keys()].map((key) => list[keys.indexOf(key)] ?? '').join(', '));
  const text = withArguments(first.name, texts[0] ?? '', keys, names);
  const replaced = (code: string): string =>
    group.reduce((all, { name }, i) => all.replaceAll(new RegExp(`\\b${name}\\(\\)`, 'g'), `${first.name}(${args[i]})`), code); // prettier-ignore
  const kept = classes.filter((each) => each === first || !group.includes(each));
  return {
    classes: kept.map((each) => ({ ...each, text: each === first ? text : replaced(each.text) })),
    rest: replaced(rest),
  };
}

function withArguments(
  name: string,
  text: string,
  keys: readonly string[],
  names: ReadonlyMap<string, string>,
): string {
  const forward = text.indexOf('    def forward(');
  let place = 0;
  const used = new Set<string>();
  const code = text.replace(numbers, (number, at: number) => {
    const argument = names.get(keys[place++] ?? '');
    if (argument === undefined) return number;
    if (at < forward) return argument;
    used.add(argument);
    return `self.${argument}`;
  });
  const list = [...names.values()];
  const isInteger = (each: string): boolean => [...names].some(([key, name]) => name === each && !/[.e]/.test(key));
  const signature = `def __init__(${['self', ...list.map((each) => `${each}: ${isInteger(each) ? 'int' : 'float'}`)].join(', ')}) -> None:`;
  const kept = list.filter((each) => used.has(each));
  const stored = `${kept.map((each) => `self.${each}`).join(', ')} = ${kept.join(', ')}`;
  return code
    .replace('class (', `class ${name}(`)
    .replace('def __init__(self) -> None:', signature)
    .replace('super().__init__()', kept.length === 0 ? 'super().__init__()' : `super().__init__()\n        ${stored}`);
}
