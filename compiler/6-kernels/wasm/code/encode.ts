// Takes: a function and what it calls. Gives: the bytes of a WebAssembly module that imports `env.memory`, shared, and exports it as `main`.
// Promises: deterministic; a function with a result stands wherever it is called, one without stands once. A library (binaryen 132: 13 MB) would
// bring an optimizer that V8 has too, and none of the typing of code.ts; the format is these lines: https://webassembly.github.io/spec/core/binary/
import { invariant } from '../../../diagnostics.ts';
import type { Code, Immediates, Local, Statement, WasmFunction } from './code.ts';
import { instructions } from './instructions.ts';
import type { Instruction, InstructionName, ValueType } from './instructions.ts';

/** Pages of 64 KiB that 32-bit addresses can reach. */
const MAX_PAGES = 65536;

const typeCodes: { readonly [T in ValueType]: number } = { i32: 0x7f, f32: 0x7d, v128: 0x7b };

export function encodeModule(main: WasmFunction): Uint8Array<ArrayBuffer> {
  const functions = functionsOf(main).filter((fn) => fn === main || !fn.result);
  const indexOf = (fn: WasmFunction): number => functions.indexOf(fn);
  const types = functions.map((fn) => [0x60, ...vector(fn.params.map((p) => [typeCodes[p.type]])), ...vector(fn.result ? [[typeCodes[fn.result.type]]] : [])]); // prettier-ignore
  const memory = [...text('env'), ...text('memory'), 0x02, 0x03, ...unsigned(1), ...unsigned(MAX_PAGES)];
  return concat(
    [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    section(1, vector(types)),
    section(2, vector([memory])),
    section(3, vector(functions.map((_, i) => unsigned(i)))),
    section(7, vector([[...text('main'), 0x00, ...unsigned(indexOf(main))]])),
    section(10, vector(functions.map((fn) => new FunctionEncoder(fn, indexOf).bytes()))),
  );
}

/** What `main` calls, directly or not, callees first. */
export function functionsOf(main: WasmFunction): readonly WasmFunction[] {
  const found = new Set<WasmFunction>();
  const visit = (fn: WasmFunction): void => {
    if (found.has(fn)) return;
    for (const statement of fn.body) inStatement(statement);
    if (fn.result) inCode(fn.result);
    found.add(fn);
  };
  const inCode = (code: Code): void => {
    if (code.kind === 'call') visit(code.fn);
    for (const part of partsOf(code)) inCode(part);
  };
  const inStatement = (statement: Statement): void => {
    if (statement.kind === 'invoke') visit(statement.fn);
    for (const code of codesOf(statement)) inCode(code);
    for (const inner of bodiesOf(statement)) inStatement(inner);
  };
  visit(main);
  return [...found];
}

/** Names of the instructions in `main` and what it calls. */
export function instructionsOf(main: WasmFunction): ReadonlySet<InstructionName> {
  const found = new Set<InstructionName>();
  const inCode = (code: Code): void => {
    if (code.kind === 'op') found.add(code.name);
    for (const part of partsOf(code)) inCode(part);
  };
  const inStatement = (statement: Statement): void => {
    if (statement.kind === 'effect') found.add(statement.name);
    for (const code of codesOf(statement)) inCode(code);
    for (const inner of bodiesOf(statement)) inStatement(inner);
  };
  for (const fn of functionsOf(main)) {
    for (const statement of fn.body) inStatement(statement);
    if (fn.result) inCode(fn.result);
  }
  return found;
}

function partsOf(code: Code): readonly Code[] {
  if (code.kind === 'op' || code.kind === 'call') return code.args;
  return code.kind === 'select' ? [code.yes, code.no, code.condition] : [];
}

function codesOf(statement: Statement): readonly Code[] {
  if (statement.kind === 'set') return [statement.value];
  if (statement.kind === 'effect' || statement.kind === 'invoke') return statement.args;
  return [statement.condition];
}

function bodiesOf(statement: Statement): readonly Statement[] {
  if (statement.kind === 'if') return [...statement.yes, ...statement.no];
  return statement.kind === 'repeat' ? statement.body : [];
}

class FunctionEncoder {
  private readonly fn: WasmFunction;
  private readonly indexOf: (fn: WasmFunction) => number;
  private readonly locals: Map<Local, number>;
  private readonly declared: Local[] = [];
  private readonly out: number[] = [];

  constructor(fn: WasmFunction, indexOf: (fn: WasmFunction) => number) {
    this.fn = fn;
    this.indexOf = indexOf;
    this.locals = new Map(fn.params.map((param, i) => [param, i]));
  }

  bytes(): Bytes {
    for (const statement of this.fn.body) this.statement(statement);
    if (this.fn.result) this.code(this.fn.result);
    this.out.push(0x0b);
    const groups = this.declared.map((one) => [1, typeCodes[one.type]]);
    const body = concat(vector(groups), this.out);
    return concat(unsigned(body.length), body);
  }

  private push(...bytes: readonly number[]): void {
    for (const byte of bytes) this.out.push(byte);
  }

  private index(one: Local): readonly number[] {
    const known = this.locals.get(one);
    if (known !== undefined) return unsigned(known);
    const index = this.locals.size;
    this.locals.set(one, index);
    this.declared.push(one);
    return unsigned(index);
  }

  private code(code: Code): void {
    for (const part of partsOf(code)) this.code(part);
    switch (code.kind) {
      case 'const':
        return code.type === 'i32'
          ? this.push(0x41, ...signed(code.value))
          : this.push(0x43, ...floatBytes(code.value));
      case 'lanes':
        return this.push(0xfd, 12, ...code.values.flatMap((value) => (code.of === 'f32' ? floatBytes(value) : intBytes(value)))); // prettier-ignore
      case 'get':
        invariant(this.locals.has(code.local), `${this.fn.name}: ${code.local.name} is read before it is set`);
        return this.push(0x20, ...this.index(code.local));
      case 'op':
        return this.instruction(code.name, code);
      case 'select':
        return this.push(...(code.type === 'v128' ? [0x1c, 1, typeCodes.v128] : [0x1b]));
      case 'call':
        return this.inlined(code.fn);
    }
  }

  /**
   * The arguments are on the stack. Engines inline nothing here, and a call loses every register and every constant: cross-entropy
   * of 2048 x 256 took 2.57 ns an element with calls, 1.81 without.
   */
  private inlined({ params, body, result }: WasmFunction): void {
    for (const param of params.toReversed()) this.push(0x21, ...this.index(param));
    for (const statement of body) this.statement(statement);
    if (result) this.code(result);
  }

  private statement(statement: Statement): void {
    switch (statement.kind) {
      case 'set':
        this.code(statement.value);
        return this.push(0x21, ...this.index(statement.local));
      case 'effect':
        for (const arg of statement.args) this.code(arg);
        return this.instruction(statement.name, statement);
      case 'invoke':
        for (const arg of statement.args) this.code(arg);
        return this.push(0x10, ...unsigned(this.indexOf(statement.fn)));
      case 'if':
        this.code(statement.condition);
        this.push(0x04, 0x40);
        for (const inner of statement.yes) this.statement(inner);
        if (statement.no.length > 0) this.push(0x05);
        for (const inner of statement.no) this.statement(inner);
        return this.push(0x0b);
      case 'repeat':
        this.push(0x03, 0x40);
        for (const inner of statement.body) this.statement(inner);
        this.code(statement.condition);
        return this.push(0x0d, 0, 0x0b);
    }
  }

  private instruction(name: InstructionName, { offset = 0, lane = 0, shuffle = [] }: Immediates): void {
    const { code, immediate, bytes = 1 }: Instruction = instructions[name];
    this.push(...code);
    if (immediate === 'memory' || immediate === 'memory lane') this.push(Math.log2(bytes), ...unsigned(offset));
    if (immediate === 'lane' || immediate === 'memory lane') this.push(lane);
    if (immediate !== 'shuffle') return;
    invariant(shuffle.length === 16, 'a shuffle names 16 bytes');
    this.push(...shuffle);
  }
}

type Bytes = Uint8Array | readonly number[];

function concat(...parts: readonly Bytes[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function section(id: number, content: Bytes): Bytes {
  return concat([id], unsigned(content.length), content);
}

function vector(items: readonly Bytes[]): Uint8Array {
  return concat(unsigned(items.length), ...items);
}

function text(value: string): number[] {
  const bytes = Array.from(value, (letter) => letter.charCodeAt(0));
  return [...unsigned(bytes.length), ...bytes];
}

/** LEB128. */
function unsigned(value: number): number[] {
  invariant(Number.isInteger(value) && value >= 0, `${value} is no count`);
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low + 128 : low);
  } while (rest > 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = rest & 127;
    rest >>= 7;
    const done = (rest === 0 && low < 64) || (rest === -1 && low >= 64);
    bytes.push(done ? low : low + 128);
    if (done) return bytes;
  }
}

const word = new DataView(new ArrayBuffer(4));
const wordBytes = (): number[] => [0, 1, 2, 3].map((i) => word.getUint8(i));

function floatBytes(value: number): number[] {
  word.setFloat32(0, value, true);
  return wordBytes();
}

function intBytes(value: number): number[] {
  word.setInt32(0, value | 0, true);
  return wordBytes();
}
