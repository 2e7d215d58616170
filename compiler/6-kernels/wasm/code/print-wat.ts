// Takes: a function. Gives: the module it makes, as WebAssembly text.
// Promises: deterministic; one statement a line, operands nested; names of locals are made distinct.
import type { Code, Immediates, Local, Statement, WasmFunction } from './code.ts';
import { functionsOf } from './encode.ts';
import { instructions } from './instructions.ts';
import type { Instruction, InstructionName } from './instructions.ts';

export function printModule(main: WasmFunction): string {
  const functions = functionsOf(main).flatMap((fn) => new FunctionPrinter(fn, fn === main).lines());
  return ['(module', '  (import "env" "memory" (memory 1 65536 shared))', ...functions, ')', ''].join('\n');
}

class FunctionPrinter {
  private readonly fn: WasmFunction;
  private readonly exported: boolean;
  private readonly names = new Map<Local, string>();
  private readonly taken = new Set<string>();
  private readonly declared: Local[] = [];

  constructor(fn: WasmFunction, exported: boolean) {
    this.fn = fn;
    this.exported = exported;
    for (const param of fn.params) this.name(param);
    this.declared.length = 0;
  }

  lines(): readonly string[] {
    const { name, params, body, result } = this.fn;
    const statements = body.flatMap((statement) => this.statement(statement, '    '));
    const value = result ? [`    ${this.code(result)}`] : [];
    const types = params.map((param) => ` (param ${this.name(param)} ${param.type})`).join('');
    const locals = this.declared.map((one) => `    (local ${this.name(one)} ${one.type})`);
    const head = `  (func $${name}${this.exported ? ' (export "main")' : ''}${types}${result ? ` (result ${result.type})` : ''}`;
    const inside = [...locals, ...statements, ...value];
    return [head, ...inside.slice(0, -1), `${inside.at(-1) ?? '    (nop)'})`];
  }

  private name(one: Local): string {
    const known = this.names.get(one);
    if (known !== undefined) return known;
    let name = `$${one.name}`;
    for (let i = 1; this.taken.has(name); i++) name = `$${one.name}.${i}`;
    this.taken.add(name);
    this.names.set(one, name);
    this.declared.push(one);
    return name;
  }

  private code(code: Code): string {
    switch (code.kind) {
      case 'const':
        return `(${code.type}.const ${numberText(code.value)})`;
      case 'lanes':
        return `(v128.const ${code.of}x4 ${code.values.map(numberText).join(' ')})`;
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
        return [`${indent}(local.set ${this.name(statement.local)} ${this.code(statement.value)})`];
      case 'effect':
        return [`${indent}${this.instruction(statement.name, statement, statement.args)}`];
      case 'invoke':
        return [`${indent}${this.call(statement.fn, statement.args)}`];
      case 'if': {
        const no = statement.no.length > 0 ? [`${indent}  (else`, ...inner(statement.no, `${indent}    `), `${indent}  )`] : []; // prettier-ignore
        const yes = inner(statement.yes, `${indent}    `);
        return [`${indent}(if ${this.code(statement.condition)}`, `${indent}  (then`, ...yes, `${indent}  )`, ...no, `${indent})`]; // prettier-ignore
      }
      case 'repeat':
        return [`${indent}(loop`, ...inner(statement.body, `${indent}  `), `${indent}  (br_if 0 ${this.code(statement.condition)}))`]; // prettier-ignore
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
    return `(${[`call $${fn.name}`, ...args.map((arg) => this.code(arg))].join(' ')})`;
  }
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  return Object.is(value, -0) ? '-0' : String(value);
}
