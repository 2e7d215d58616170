// Takes: a region. Gives: the lines of its `forward`.
// Promises: each value is computed once; what is used once and short stands where it is used, the rest has a name; a name is
// given again only when the value it had is used no more.
import { invariant } from '../../../diagnostics.ts';
import { inputName } from '../../../3-graph/expr-build.ts';
import type { Node } from '../../../3-graph/ops.ts';
import type { Axes } from '../python/axes.ts';
import { hintOf, inputHint } from '../calls/names.ts';
import { absorbs, nodeText, widenedBy } from '../ops/rules.ts';
import type { HelperName, Scope } from '../ops/scope.ts';
import { usesOf } from '../python/expressions.ts';
import { atom, attribute, call, variableName, type Py } from '../python/python.ts';
import type { Chain } from '../calls/chain.ts';
import type { RopeTable } from '../calls/ropes.ts';
import { childWith, dataInputs, isOwn, type Region, type Regions } from '../calls/regions.ts';

/** What bodies share. */
export interface FileScope {
  readonly axes: Axes;
  readonly regions: Regions;
  readonly equations: ReadonlyMap<Node, string>;
  use(helper: HelperName): string;
  readonly chain: Chain | null;
  readonly ropes: readonly RopeTable[];
}

export interface Body {
  /** Names of the arguments, in the order of `region.inputs`. */
  readonly inputs: readonly string[];
  readonly lines: readonly string[];
}

const longest = 100;

/** Lines that are too long are cut at what they hold. */
export function bodyOf(region: Region, file: FileScope): Body {
  const named = new Set<Node>();
  for (;;) {
    const writer = new BodyWriter(region, file, named);
    const body = writer.write();
    const cut = writer.tooLong.filter((node) => !named.has(node));
    if (cut.length === 0) return body;
    for (const node of cut) named.add(node);
  }
}

class BodyWriter implements Scope {
  readonly axes: Axes;
  /** What stood inside of lines that were too long. */
  readonly tooLong: Node[] = [];
  readonly #region: Region;
  readonly #file: FileScope;
  readonly #cut: ReadonlySet<Node>;
  readonly #lines: string[] = [];
  readonly #bound = new Map<Node, string>();
  readonly #holds = new Map<string, Node | null>();
  readonly #users = new Map<Node, Set<Node | Region>>();
  readonly #done = new Set<Node | Region>();
  /** Variables of lines that rules wrote, free again after the statement they belong to. */
  readonly #locals: string[] = [];
  readonly #inputs: string[] = [];
  readonly #sizes = new Set<string>();

  constructor(region: Region, file: FileScope, cut: ReadonlySet<Node>) {
    this.axes = file.axes;
    this.#region = region;
    this.#file = file;
    this.#cut = cut;
  }

  write(): Body {
    const { inputs, outputs } = this.#region;
    for (const output of outputs) this.#count(output, null);
    for (const input of inputs)
      this.#inputs.push(this.#name(input, this.#free(variableName(inputHint(input, this.#file.regions) ?? 'x'))));
    if (this.#region.path === '') this.#writeRopes();
    for (const output of outputs) this.#prepare(output);
    const values = outputs.map((output) => this.operand(output).text);
    this.#push(`return ${values.join(', ')}`, outputs);
    return { inputs: this.#inputs, lines: [...this.#sizesLine(), ...this.#lines] };
  }

  use(helper: HelperName): string {
    return this.#file.use(helper);
  }

  device(): string {
    return `${this.#inputs[0]}.device`;
  }

  statement(line: string): void {
    const code = line.replace(/".*?"|#.*/g, '');
    for (const name of ['b', 't']) if (new RegExp(`\\b${name}\\b`).test(code)) this.#sizes.add(name);
    this.#lines.push(line);
  }

  local(hint: string): string {
    const name = this.#free(variableName(hint));
    this.#holds.set(name, null);
    this.#locals.push(name);
    return name;
  }

  isOnlyFor(node: Node, user: Node): boolean {
    const users = this.#users.get(node);
    return users?.size === 1 && users.has(user) && !this.#region.outputs.includes(node);
  }

  operand(node: Node): Py {
    const bound = this.#bound.get(node);
    if (bound !== undefined) return atom(bound);
    const own = this.#ownParameter(node);
    if (own !== null) return atom(own);
    const text = this.#text(node);
    return text;
  }

  #ownParameter(node: Node): string | null {
    if (node.op !== 'source' || !isOwn(node.attrs.name, this.#region)) return null;
    const inner = this.#region.path === '' ? node.attrs.name : node.attrs.name.slice(this.#region.path.length + 1);
    return accessPath(inner);
  }

  /** The call of a child, or the node's own rule. */
  #text(node: Node): Py {
    const child = this.#child(node);
    const text = child ? this.#call(child) : nodeText(node, this);
    this.#done.add(child ?? node);
    return text;
  }

  /** The loop over the layers, where `node` is what the last one gives. */
  #chain(node: Node): Chain | null {
    const { chain } = this.#file;
    return chain?.output === node && this.#region.path === '' ? chain : null;
  }

  #child(node: Node): Region | null {
    return childWith(this.#region, this.#file.regions.of, node);
  }

  #call(child: Region): Py {
    const inner = child.path.slice(this.#region.path === '' ? 0 : this.#region.path.length + 1);
    return call(accessPath(inner), ...child.inputs.map((input) => this.operand(input)));
  }

  #inputsOf(node: Node): readonly Node[] {
    const chain = this.#chain(node);
    return chain
      ? [chain.input, ...(chain.isUniform ? chain.tables : [])]
      : (this.#child(node)?.inputs ?? dataInputs(node));
  }

  #isGiven(node: Node): boolean {
    return this.#region.inputs.includes(node) || (node.op === 'source' && isOwn(node.attrs.name, this.#region));
  }

  /** Notes who uses what, once for each user. */
  #count(node: Node, user: Node | Region | null): void {
    const users = this.#users.get(node) ?? new Set();
    this.#users.set(node, users);
    const isKnown = users.size > 0;
    users.add(user ?? this.#region);
    if (isKnown || this.#isGiven(node)) return;
    const child = this.#child(node);
    for (const input of this.#inputsOf(node)) this.#count(input, child ?? node);
  }

  /** Writes the statements that the value of a node needs, and its own if it has a name. */
  #prepare(node: Node): void {
    if (this.#bound.has(node) || this.#isGiven(node)) return;
    for (const input of this.#inputsOf(node)) this.#prepare(input);
    const [chain, child] = [this.#chain(node), this.#child(node)];
    if (chain) this.#writeLoop(chain);
    else if (child && child.outputs.length > 1) this.#assignAll(child);
    else if (this.#isStatement(node)) this.#assign(node);
  }

  /** Tables of rotations: one pair for all layers, or those of each kind of layer by the name the layer has. */
  #writeRopes(): void {
    const { ropes, chain } = this.#file;
    const use = (helper: HelperName): string => this.use(helper);
    const text = (rope: RopeTable): string => rope.text(use, rope.inverse(use, this.device()));
    if (chain === null || chain.isUniform) {
      for (const rope of ropes) {
        const inverse = rope.inverse(use, this.device());
        const given = inverse.length < 60 ? inverse : this.local('inverse');
        if (given !== inverse) this.statement(`${given} = ${inverse}`);
        const names = [this.#bind(rope.cos, 'cos'), this.#bind(rope.sin, 'sin')];
        this.statement(`${names.join(', ')} = ${rope.text(use, given)}  # [seq, ${rope.cos.type.dims.at(-1)?.name}]`);
      }
      return;
    }
    this.statement(`${this.local('ropes')} = {`);
    for (const [label, given] of chain.labels) {
      const value =
        given.length === 1 ? given.map(text).join('') : `(${given.map((rope) => `*${text(rope)}`).join(', ')})`;
      this.statement(`    "${label}": ${value},`);
    }
    this.statement('}');
  }

  #writeLoop(chain: Chain): void {
    const from = this.#bound.get(chain.input) ?? this.operand(chain.input).text;
    const layer = this.#child(chain.output);
    if (layer) this.#done.add(layer);
    const name = this.#bind(chain.output, 'x');
    if (from !== name) this.statement(`${name} = ${from}`);
    const tables = chain.isUniform ? chain.tables.map((table) => this.operand(table).text) : ['*ropes[layer.rope]'];
    this.statement('for layer in self.layers:');
    this.statement(`    ${name} = layer(${[name, ...tables].join(', ')})`);
  }

  #assign(node: Node): void {
    const { text } = this.#text(node);
    for (const name of this.#locals.splice(0)) this.#holds.delete(name);
    const isState = this.#region.path === '' && node === this.#file.chain?.input;
    const name = this.#bind(node, isState ? 'x' : (this.#hint(node) ?? 'x'));
    this.#push(`${name} = ${text}${this.#comment(node)}`, [node]);
  }

  #assignAll(child: Region): void {
    if (child.outputs.some((output) => this.#bound.has(output))) return;
    const { text } = this.#call(child);
    this.#done.add(child);
    const names = child.outputs.map((output) => this.#bind(output, this.#hint(output) ?? 'x'));
    this.#push(`${names.join(', ')} = ${text}`, child.outputs);
  }

  /** Axes, where they are not those of what the value is made of. */
  #comment(node: Node): string {
    const [first] = this.#inputsOf(node);
    const comment = this.axes.comment(node);
    return comment === '[]' || (first && this.axes.comment(first) === comment) ? '' : `  # ${comment}`;
  }

  #push(line: string, nodes: readonly Node[]): void {
    const code = line.replace(/ {2}#.*$/, '');
    if (code.length > longest) for (const node of nodes) this.#cutInside(node);
    this.statement(line);
  }

  /** The parts of an expression that is too long: its operands, unless they are names already. */
  #cutInside(node: Node): void {
    for (const input of this.#inputsOf(node)) {
      if (!this.#bound.has(input) && !this.#isGiven(input) && input.op !== 'constant') this.tooLong.push(input);
    }
  }

  #hint(node: Node): string | null {
    return hintOf(node, this.#region, this.#file.regions, this.#file.equations);
  }

  #isStatement(node: Node): boolean {
    if (node.op === 'iota' || (node.op === 'constant' && node.type.dims.length === 0)) return false;
    const users = this.#users.get(node) ?? new Set();
    if (this.#region.path === '' && node === this.#file.chain?.input) return true;
    if (users.size > 1 || this.#cut.has(node)) return true;
    const [user] = users;
    if (user === undefined || 'path' in user) return this.#isNormOfNamed(node);
    if (this.#file.equations.has(node) || readsTwice(user, node) || widenedBy(user) === node) return true;
    if (user.op === 'attention') return node.op !== 'rename';
    if (user.op === 'rename') return this.#isAttentionInput(user);
    if (this.#child(node)) return this.#isNormOfNamed(node);
    if (node.op === 'rope' || node.op === 'split') return user.op !== 'concat';
    return (
      !this.#absorbed(node, user) &&
      (statements.has(node.op) || node.inputs.some((input) => this.#absorbed(input, node)))
    );
  }

  /** Whether the rule of the user writes this one as a part of itself. */
  #absorbed(node: Node, user: Node): boolean {
    return this.isOnlyFor(node, user) && absorbs(user, node, this);
  }

  #isAttentionInput(node: Node): boolean {
    return [...(this.#users.get(node) ?? [])].some((user) => 'op' in user && user.op === 'attention');
  }

  /** `q = self.q_norm(q)`, in a mixer or an ffn. */
  #isNormOfNamed(node: Node): boolean {
    const child = this.#child(node);
    const [x] = child?.inputs ?? [];
    const isInPart = this.#region.path.split('.').length > 2;
    return isInPart && node.op === 'norm' && child?.nodes.length === 1 && x !== undefined && this.#hint(x) !== null;
  }

  /** Gives a value a name: the hint, where nothing still needs what it names now. */
  #bind(node: Node, hint: string): string {
    const wanted = variableName(hint);
    return this.#name(node, this.#isDead(wanted) ? wanted : this.#free(wanted));
  }

  #name(node: Node, name: string): string {
    this.#bound.set(node, name);
    this.#holds.set(name, node);
    return name;
  }

  #isDead(name: string): boolean {
    const holder = this.#holds.get(name);
    if (holder === undefined) return true;
    if (holder === null) return false;
    return [...(this.#users.get(holder) ?? [])].every((user) => this.#done.has(user));
  }

  #free(name: string): string {
    for (let i = 1; ; i++) {
      const candidate = i === 1 ? name : `${name}_${i}`;
      if (!this.#holds.has(candidate)) return candidate;
    }
  }

  #sizesLine(): string[] {
    if (this.#sizes.size === 0) return [];
    const at = this.#region.inputs.findIndex((input) => {
      const [batch, seq] = this.axes.dims(input);
      return batch?.size === 'batch' && seq?.size === 'seq';
    });
    invariant(at >= 0, `sizes of a batch in '${this.#region.path}', which is given none`);
    return [this.#sizes.has('b') ? `b, t = ${this.#inputs[at]}.shape[:2]` : `t = ${this.#inputs[at]}.shape[1]`];
  }
}

/** Whether the Python of a map names an input more than once. */
function readsTwice(user: Node, input: Node): boolean {
  return user.op === 'map' && usesOf(user.attrs.expr, inputName(user.inputs.indexOf(input))) > 1;
}

/** Ops whose result is worth a line of its own. */
const statements: ReadonlySet<Node['op']> = new Set(['attention', 'concat', 'contract', 'gather']);

export function accessPath(inner: string): string {
  return inner.split('.').reduce(attribute, 'self');
}
