// Takes: parts of Python expressions. Gives: their text.
// Promises: parentheses where Python needs them and nowhere else; numbers as a person writes them.

/** How tightly the outermost operator binds; more binds tighter. */
export const level = {
  atom: 20,
  power: 14,
  unary: 13,
  product: 12,
  sum: 11,
  and: 9,
  or: 7,
  compare: 6,
  any: 0,
} as const;

export interface Py {
  readonly text: string;
  readonly level: number;
}

export const atom = (text: string): Py => ({ text, level: level.atom });

/** In parentheses where it binds less than `least`. */
export function within(x: Py, least: number): string {
  return x.level < least ? `(${x.text})` : x.text;
}

/** `f(x, dim=-1)` */
export function call(name: string, ...args: readonly (Py | string)[]): Py {
  return atom(`${name}(${args.map((arg) => (typeof arg === 'string' ? arg : arg.text)).join(', ')})`);
}

/** `x.flatten(2)` */
export function method(x: Py, name: string, ...args: readonly (Py | string)[]): Py {
  return call(`${within(x, level.atom)}.${name}`, ...args);
}

/** `x[:, None]` */
export function index(x: Py, inside: string): Py {
  return atom(`${within(x, level.atom)}[${inside}]`);
}

/** Left-associative. */
export function infix(x: Py, symbol: string, y: Py, at: number): Py {
  return { text: `${within(x, at)} ${symbol} ${within(y, at + 1)}`, level: at };
}

/** Comparisons do not chain here: `(a < b) == c` keeps its parentheses. */
export function compare(x: Py, symbol: string, y: Py): Py {
  return { text: `${within(x, level.compare + 1)} ${symbol} ${within(y, level.compare + 1)}`, level: level.compare };
}

/** `10_000.0`, `1e-5`, `-math.inf` */
export function float(value: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'math.nan' : `${value < 0 ? '-' : ''}math.inf`;
  if (Object.is(value, -0)) return '-0.0';
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return `${integer(value)}.0`;
  const text = String(value).replace('e+', 'e');
  const short = value.toExponential().replace('e+', 'e');
  return Math.abs(value) < 1e-3 && short.length < text.length ? short : text;
}

/** `128_256` */
export function integer(value: number): string {
  const text = String(value);
  return Math.abs(value) >= 10_000 ? text.replace(/\B(?=(\d{3})+$)/g, '_') : text;
}

export function number(value: number, isInteger: boolean): Py {
  const text = isInteger ? integer(value) : float(value);
  return { text, level: text.startsWith('-') ? level.unary : level.atom };
}

const keywords = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except finally for from global if ' +
    'import in is lambda nonlocal not or pass raise return try while with yield'
  ).split(' '),
);

/** What generated functions name: no variable may hide it. */
const taken = new Set([
  'F',
  'nn',
  'math',
  'torch',
  'self',
  'b',
  't',
  'range',
  'tuple',
  'int',
  'float',
  'print',
  'len',
  'type',
]);

/** A name that may stand for a local variable. */
export function variableName(name: string): string {
  const plain = name.replace(/\W/g, '_').replace(/^(?=\d)/, '_');
  return keywords.has(plain) || taken.has(plain) || /^[A-Z_]+$/.test(plain) ? `${plain.toLowerCase()}_` : plain;
}

/** `self_attn` -> `SelfAttn` */
export function className(name: string): string {
  const words = name.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  const joined = words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
  return /^[A-Za-z]/.test(joined) ? joined : `Part${joined}`;
}

/** Attributes of nn.Module and nn.ModuleDict: a part of such a name is reached through `_modules`. */
const moduleAttributes = new Set(
  (
    'add_module apply bfloat16 buffers call_super_init children clear compile cpu cuda double dump_patches eval ' +
    'extra_repr float forward get_buffer get_extra_state get_parameter get_submodule half ipu items keys ' +
    'load_state_dict loss modules mtia named_buffers named_children named_modules named_parameters parameters pop ' +
    'register_buffer register_module register_parameter requires_grad_ set_extra_state set_submodule share_memory ' +
    'state_dict to to_empty train training type update values xpu zero_grad'
  ).split(' '),
);

const isPlainAttribute = (name: string): boolean =>
  /^[A-Za-z]\w*$/.test(name) && !keywords.has(name) && !moduleAttributes.has(name) && !name.startsWith('register_');

/** The part `name` of the module `owner`. */
export function attribute(owner: string, name: string): string {
  if (/^\d+$/.test(name)) return `${owner}[${name}]`;
  if (isPlainAttribute(name)) return `${owner}.${name}`;
  return keywords.has(name) ? `getattr(${owner}, "${name}")` : `${owner}._modules["${name}"]`;
}

/** The statement that makes it. */
export function attributeStatement(owner: string, name: string, value: string): string {
  if (isPlainAttribute(name)) return `${owner}.${name} = ${value}`;
  return keywords.has(name) ? `${owner}.add_module("${name}", ${value})` : `setattr(${owner}, "${name}", ${value})`;
}
