// Takes: statements. Gives: a block of code being written, inside others.
// Promises: names are distinct in a kernel; what is kept under a key is computed once, in the block that keeps it.
import type { ScalarType } from '../../../3-graph/types.ts';
import { get, local, set } from '../code/code.ts';
import type { Code, Local, Statement } from '../code/code.ts';
import { isSimple, localType } from './value.ts';
import type { Lanes } from './value.ts';

export class CodeBlock {
  readonly statements: Statement[] = [];
  private readonly kept = new Map<string, Code>();
  private readonly taken: Map<string, number>;
  private readonly around: CodeBlock | null;

  /** `taken`: how often each prefix of a name was used, shared by the blocks of a kernel. */
  protected constructor(taken: Map<string, number>, around: CodeBlock | null) {
    this.taken = taken;
    this.around = around;
  }

  push(...statements: readonly Statement[]): void {
    this.statements.push(...statements);
  }

  /** A new local of this block. */
  let(code: Code, prefix = 'v'): Code {
    const made = local(this.fresh(prefix), code.type);
    this.push(set(made, code));
    return get(made);
  }

  /** As `let`, where the code is not simple yet. */
  simple(code: Code, prefix = 'v'): Code {
    return isSimple(code) ? code : this.let(code, prefix);
  }

  /** A local to be set by hand: an accumulator. */
  local(prefix: string, type: ScalarType, lanes: Lanes): Local {
    return local(this.fresh(prefix), localType(type, lanes));
  }

  fresh(prefix: string): string {
    const count = this.taken.get(prefix) ?? 0;
    this.taken.set(prefix, count + 1);
    return `${prefix}${count}`;
  }

  /** A local of this block for the code, made once; one of a block around it will do. */
  memo(key: string, make: () => Code): Code {
    const known = this.known(key);
    if (known) return known;
    const code = this.simple(make());
    this.kept.set(key, code);
    return code;
  }

  private known(key: string): Code | undefined {
    return this.kept.get(key) ?? this.around?.known(key);
  }
}
