// Takes: the calls of every module. Gives: the classes of the file, in the order they are needed, and what makes each module.
// Promises: modules that hold and do the same are one class; attributes are named so that the names of the state dict are
// those of the parameters.
import { invariant } from '../../../diagnostics.ts';
import type { Parameter } from '../../../2-check/parameters/parameter.ts';
import { bodyOf, type FileScope } from './body.ts';
import type { Written } from './merge.ts';
import { normClass, torchModule } from './leaf.ts';
import { attribute, attributeStatement } from '../python/python.ts';
import type { Region } from '../calls/regions.ts';

export interface ClassFile {
  readonly file: FileScope;
  readonly parameters: readonly Parameter[];
  /** By module path; the first call stands for all. */
  readonly calls: ReadonlyMap<string, readonly Region[]>;
  /** What a person would call the class, and what its docstring says. */
  readonly nameFor: (path: string) => { readonly name: string; readonly doc: string | null };
  /** Lines between the docstring and the constructor. */
  readonly attributesOf: (path: string) => readonly string[];
}

export class Classes {
  readonly list: Written[] = [];
  readonly #source: ClassFile;
  readonly #byKey = new Map<string, { readonly name: string; readonly docs: Set<string | null>; readonly at: number; readonly render: (doc: string | null) => string }>(); // prettier-ignore
  readonly #names: Set<string>;
  readonly #byName: ReadonlyMap<string, Parameter>;
  /** Parameters whose names begin with a path. */
  readonly #below = new Map<string, Parameter[]>();

  constructor(source: ClassFile, taken: readonly string[]) {
    this.#source = source;
    this.#byName = new Map(source.parameters.map((parameter) => [parameter.name, parameter]));
    for (const parameter of source.parameters) {
      const segments = parameter.name.split('.');
      for (const end of segments.keys()) {
        const path = segments.slice(0, end).join('.');
        const list = this.#below.get(path) ?? [];
        list.push(parameter);
        this.#below.set(path, list);
      }
    }
    this.#names = new Set(taken);
  }

  /** The expression that makes the module, its class written if it was not yet. */
  construct(path: string): string {
    const { file, calls, nameFor } = this.#source;
    const own = this.#parametersOf(path);
    const [region, ...others] = calls.get(path) ?? [];
    invariant(region, `no call of ${path}`);
    const known = torchModule(region, own, file.axes);
    if (known !== null) return known;
    const norm = normClass(region, own, file.axes);
    if (norm !== null) return `${this.#add(norm.name, norm.lines, null)}(${norm.args})`;
    const { name, doc } = nameFor(path);
    const lines = this.#lines(path, region);
    for (const other of others) invariant(this.#lines(path, other).join('\n') === lines.join('\n'), `two calls of ${path} that differ`); // prettier-ignore
    return `${this.#add(name, lines, doc)}()`;
  }

  /** The lines of a class but its docstring. */
  #lines(path: string, region: Region): string[] {
    const { inputs, lines } = bodyOf(region, this.#source.file);
    const result = region.outputs.length === 1 ? 'Tensor' : `tuple[${region.outputs.map(() => 'Tensor').join(', ')}]`;
    const args = inputs.map((name) => `${name}: Tensor`);
    return [
      ...this.#source.attributesOf(path).map((line) => `    ${line}`),
      '',
      '    def __init__(self) -> None:',
      '        super().__init__()',
      ...this.members(path).map((line) => `        ${line}`),
      '',
      `    def forward(${['self', ...args].join(', ')}) -> ${result}:`,
      ...lines.map((line) => `        ${line}`),
    ];
  }

  /** Statements that make the parts of a module, in the order of the parameters. */
  members(path: string): string[] {
    const start = path === '' ? 0 : path.length + 1;
    return this.#children(path).flatMap((name) => this.#member('self', name, path === '' ? name : `${path}.${name}`, start)); // prettier-ignore
  }

  #member(owner: string, name: string, path: string, start: number): string[] {
    const value = this.#value(path);
    const line = attributeStatement(owner, name, value);
    if (!this.#source.calls.has(path)) return [line];
    // A norm `rms` may have `rms.mix` beside it.
    const inside = this.#children(path).filter((child) => this.#source.calls.has(`${path}.${child}`) && !this.#isCalledBy(path, child)); // prettier-ignore
    return [line, ...inside.flatMap((child) => this.#member(attribute(owner, name), child, `${path}.${child}`, start))];
  }

  /** Whether the class of the module makes the child itself. */
  #isCalledBy(path: string, child: string): boolean {
    const regions = this.#source.calls.get(path) ?? [];
    return regions.some((region) => region.children.some((each) => each.path === `${path}.${child}`));
  }

  /** A weight, a module, or a container of them. */
  #value(path: string): string {
    const weight = this.#byName.get(path);
    if (weight) {
      const sizes = weight.dims.map((dim) => this.#source.file.axes.size(dim));
      return `nn.Parameter(torch.empty(${sizes.length === 0 ? '()' : sizes.join(', ')}))`;
    }
    if (this.#source.calls.has(path)) return this.construct(path);
    const children = this.#children(path);
    const values = children.map((child) => this.#value(`${path}.${child}`));
    if (children.every((child) => /^\d+$/.test(child)))
      return `nn.ModuleList([${withGaps(children, values).join(', ')}])`;
    const isWeights = children.every((child) => this.#byName.has(`${path}.${child}`));
    const pairs = children.map((child, i) => `"${child}": ${values[i]}`);
    return `nn.${isWeights ? 'ParameterDict' : 'ModuleDict'}({${pairs.join(', ')}})`;
  }

  #parametersOf(path: string): readonly Parameter[] {
    return this.#below.get(path) ?? [];
  }

  /** Next segments of the names below a path. */
  #children(path: string): string[] {
    const skip = path === '' ? 0 : path.length + 1;
    return [...new Set(this.#parametersOf(path).map(({ name }) => name.slice(skip).split('.')[0] ?? ''))];
  }

  #add(wanted: string, lines: readonly string[], doc: string | null): string {
    const key = lines.join('\n');
    const known = this.#byKey.get(`${wanted}\n${key}`) ?? [...this.#byKey].find(([other]) => other.endsWith(`\n${key}`))?.[1]; // prettier-ignore
    if (known) {
      known.docs.add(doc);
      // What not all of them are is not said.
      this.list[known.at] = { wanted, name: known.name, text: known.render(known.docs.size === 1 ? doc : null) };
      return known.name;
    }
    const name = this.#free(wanted);
    const render = (said: string | null): string => [`class ${name}(nn.Module):`, ...(said === null ? [] : [`    """${said}"""`]), ...trimmed(lines, said === null)].join('\n'); // prettier-ignore
    this.#byKey.set(`${wanted}\n${key}`, { name, docs: new Set([doc]), at: this.list.length, render });
    this.list.push({ wanted, name, text: render(doc) });
    return name;
  }

  #free(wanted: string): string {
    for (let i = 1; ; i++) {
      const name = i === 1 ? wanted : `${wanted}${i}`;
      if (this.#names.has(name)) continue;
      this.#names.add(name);
      return name;
    }
  }
}

/** Without the blank line that would follow `class X:`. */
const trimmed = (lines: readonly string[], atStart: boolean): readonly string[] =>
  atStart && lines[0] === '' ? lines.slice(1) : lines;

/** A layer that gives what it is given has no class. */
function withGaps(indices: readonly string[], values: readonly string[]): string[] {
  const length = Number(indices.at(-1)) + 1;
  return Array.from({ length }, (_, i) => values[indices.indexOf(String(i))] ?? 'nn.Identity()');
}
