// Takes: Python. Gives: the same with long lines broken inside their brackets, an argument a line.
// Promises: lines that fit stay as they are; strings are never cut; a comment keeps its statement.
const width = 100;

export function wrapped(code: string): string {
  return code
    .split('\n')
    .flatMap((line) => (line.length > width ? wrapLine(line) : [line]))
    .join('\n');
}

function wrapLine(line: string): string[] {
  const at = line.search(/ {2}# /);
  if (line.trimStart().startsWith('"""') || line.trimStart().startsWith('#')) return [line];
  const [code, comment] = at < 0 ? [line, ''] : [line.slice(0, at), line.slice(at)];
  if (code.length <= width) return comment === '' ? [code] : [`${/^ */.exec(code)?.[0] ?? ''}${comment.trim()}`, code];
  const lines = broken(code);
  const last = lines.length - 1;
  return lines.map((each, i) => (i === last ? each + comment : each));
}

/** At the longest bracket that is not inside of another one. */
function broken(code: string): string[] {
  if (code.length <= width) return [code];
  const found = longestBracket(code);
  if (found === null) return [code];
  const { open, close } = found;
  const indent = /^ */.exec(code)?.[0] ?? '';
  const inner = parts(code.slice(open + 1, close));
  // In parentheses that only group, a comma would make a tuple.
  const isGroup = code.charAt(open) === '(' && !/[\w)\]]/.test(code.charAt(open - 1));
  const isAlone = inner.length === 1 && (isGroup || inner.some(isGenerator));
  const isNumbers = inner.length > 4 && inner.every((part) => /^-?[\d._e-]+$/.test(part));
  const items = isNumbers
    ? filled(inner, width - indent.length - 4)
    : inner.map((part) => (isAlone ? part : `${part},`));
  const opening = code.slice(0, open + 1);
  return [opening, ...items.flatMap((item) => broken(`${indent}    ${item}`)), ...closing(code.slice(close), indent)];
}

/** The closing bracket with what follows it: `] if t > 4096 else [`. */
function closing(rest: string, indent: string): string[] {
  const [first = '', ...more] = broken(`${indent}_${rest.slice(1)}`);
  return [`${indent}${rest.charAt(0)}${first.slice(indent.length + 1)}`, ...more];
}

/** No comma may follow it. */
const isGenerator = (part: string): boolean => / for \w+ in /.test(part) && !part.startsWith('[');

interface Bracket {
  readonly open: number;
  readonly close: number;
}

/** Arguments or a list, not a subscript. */
function longestBracket(code: string): Bracket | null {
  let found: Bracket | null = null;
  let open = 0;
  scan(code, (i, depth, character) => {
    if ('([{'.includes(character) && depth === 1) open = i;
    if (!')]}'.includes(character) || depth !== 0) return;
    const isSubscript = character === ']' && /[\w)\]]/.test(code.charAt(open - 1));
    const length = found === null ? 12 : found.close - found.open;
    if (!isSubscript && i - open > length) found = { open, close: i };
  });
  return found;
}

/** Arguments: the text between top-level commas. */
function parts(inner: string): string[] {
  const cuts: number[] = [];
  scan(inner, (i, depth, character) => {
    if (character === ',' && depth === 0) cuts.push(i);
  });
  const starts = [0, ...cuts.map((cut) => cut + 1)];
  return starts.map((start, i) => inner.slice(start, cuts[i] ?? inner.length).trim()).filter((part) => part !== '');
}

/** Every character outside of strings, with the depth after it. */
function scan(code: string, visit: (i: number, depth: number, character: string) => void): void {
  let depth = 0;
  let isString = false;
  for (let i = 0; i < code.length; i++) {
    const character = code.charAt(i);
    if (character === '"') isString = !isString;
    if (isString || character === '"') continue;
    if ('([{'.includes(character)) depth += 1;
    if (')]}'.includes(character)) depth -= 1;
    visit(i, depth, character);
  }
}

/** As many numbers a line as fit. */
function filled(items: readonly string[], limit: number): string[] {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + item.length + 2 <= limit) lines[lines.length - 1] = `${last} ${item},`;
    else lines.push(`${item},`);
  }
  return lines;
}
