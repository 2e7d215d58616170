// Takes: a function. Gives: the module it makes, as WebAssembly text: what it calls first, though the bytes hold that in line (encode.ts).
// Promises: deterministic; one statement a line, operands nested; functions of one name are told apart, and the locals of a function.
import type { Code, Immediates, Local, Statement, WasmFunction } from './code.ts';
import { functionsOf } from './encode.ts';
import { instructions } from './instructions.ts';
import type { Instruction, InstructionName } from './instructions.ts';

export function printModule(main: WasmFunction): string {
  const nameOf = distinctNames();
  const functions = functionsOf(main).flatMap((fn) => new FunctionPrinter(fn, fn === main, nameOf).lines());
  return [...closed('(module', ['  (import "env" "memory" (memory 1 65536 shared))', ...functions]), ''].join('\n');
}

/** The name of a thing, with a number where another has it already. */
function distinctNames(): (one: WasmFunction | Local) => string {
  const names = new Map<WasmFunction | Local, string>();
  const taken = new Set<string>();
  return (one) => {
    const known = names.get(one);
    if (known !== undefined) return known;
    let name = `$${one.name}`;
    for (let i = 1; taken.has(name); i++) name = `$${one.name}.${i}`;
    taken.add(name);
    names.set(one, name);
    return name;
  };
}

/** The last line closes what the head opens. */
const closed = (head: string, inside: readonly string[]): readonly string[] =>
  [head, ...inside].map((line, i) => (i === inside.length ? `${line})` : line));

class FunctionPrinter {
  private readonly fn: WasmFunction;
  private readonly exported: boolean;
  private readonly nameOf: (fn: WasmFunction) => string;
  private readonly name = distinctNames();
  private readonly locals = new Set<Local>();

  constructor(fn: WasmFunction, exported: boolean, nameOf: (fn: WasmFunction) => string) {
    this.fn = fn;
    this.exported = exported;
    this.nameOf = nameOf;
  }

  lines(): readonly string[] {
    const { params, body, result } = this.fn;
    const types = params.map((param) => ` (param ${this.name(param)} ${param.type})`).join('');
    const statements = body.flatMap((statement) => this.statement(statement, '    '));
    const value = result ? [`    ${this.code(result)}`] : [];
    const locals = [...this.locals].map((one) => `    (local ${this.name(one)} ${one.type})`);
    const head = `  (func ${this.nameOf(this.fn)}${this.exported ? ' (export "main")' : ''}${types}${result ? ` (result ${result.type})` : ''}`;
    return closed(head, [...locals, ...statements, ...value]);
  }

  private code(code: Code): string {
    switch (code.kind) {
      case 'const':
        return `(${code.type}.const ${code.type === 'f32' ? floatText(code.value) : code.value})`;
      case 'lanes':
        return `(v128.const ${code.of}x4 ${code.values.map(code.of === 'f32' ? floatText : String).join(' ')})`;
      case 'get':
        return `(local.get ${this.name(code.local)})`;
      case 'op':
        return this.instruction(code.name, code, code.args);
      case 'select': {
        const type = code.type === 'v128' ? ' (result v128)' : '';
        return `(select${type} ${[code.yes, code.no, code.condition].map((part) => this.code(part)).join(' ')})`;
      }
      case 'call':
        return this.call(code.fn, code.args);
    }
  }

  private statement(statement: Statement, indent: string): readonly string[] {
    const inner = (body: readonly Statement[], deeper: string): readonly string[] =>
      body.flatMap((one) => this.statement(one, deeper));
    switch (statement.kind) {
      case 'set':
        if (!this.fn.params.includes(statement.local)) this.locals.add(statement.local);
        return [`${indent}(local.set ${this.name(statement.local)} ${this.code(statement.value)})`];
      case 'effect':
        return [`${indent}${this.instruction(statement.name, statement, statement.args)}`];
      case 'invoke':
        return [`${indent}${this.call(statement.fn, statement.args)}`];
      case 'if': {
        const yes = closed(`${indent}  (then`, inner(statement.yes, `${indent}    `));
        const no = statement.no.length > 0 ? closed(`${indent}  (else`, inner(statement.no, `${indent}    `)) : [];
        return closed(`${indent}(if ${this.code(statement.condition)}`, [...yes, ...no]);
      }
      case 'repeat': {
        const again = `${indent}  (br_if 0 ${this.code(statement.condition)})`;
        return closed(`${indent}(loop`, [...inner(statement.body, `${indent}  `), again]);
      }
    }
  }

  private instruction(name: InstructionName, { offset = 0, lane, shuffle }: Immediates, args: readonly Code[]): string {
    const { immediate }: Instruction = instructions[name];
    const memory = immediate?.includes('memory') === true && offset > 0 ? ` offset=${offset}` : '';
    const lanes = immediate?.includes('lane') === true ? ` ${lane ?? 0}` : '';
    const bytes = immediate === 'shuffle' ? ` ${(shuffle ?? []).join(' ')}` : '';
    return `(${[`${name}${memory}${lanes}${bytes}`, ...args.map((arg) => this.code(arg))].join(' ')})`;
  }

  private call(fn: WasmFunction, args: readonly Code[]): string {
    return `(${[`call ${this.nameOf(fn)}`, ...args.map((arg) => this.code(arg))].join(' ')})`;
  }
}

/** The shortest decimal that is the same f32; nine digits always are. */
function floatText(value: number): string {
  const single = Math.fround(value);
  if (Number.isNaN(single)) return 'nan';
  if (!Number.isFinite(single)) return single > 0 ? 'inf' : '-inf';
  if (Object.is(single, -0)) return '-0';
  let digits = 1;
  while (Math.fround(Number(single.toPrecision(digits))) !== single) digits++;
  return String(Number(single.toPrecision(digits)));
}
