// Takes: linked scopes and the expressions that wait. Gives: every use of a name, added to what it names.
// Promises: words that belong to a key's type (`mask = causal`) are no names; what is not found is left out.
import type { Argument, Expr, Name } from '../../../1-syntax/ast.ts';
import { textOf } from '../../draft/from-items.ts';
import type { Declared, Waiting } from './declare.ts';
import type { Key } from '../../schema/key-type.ts';
import { keyOf, kindOfKey } from '../schema-view.ts';
import type { Member, Scope } from './scope.ts';
import type { StdScopes } from './std-scopes.ts';

type Ref = Extract<Expr, { kind: 'name' }>;

export function refer({ file, waiting }: Declared, std: StdScopes): void {
  const referrer = new Referrer(file, std);
  for (const each of waiting) referrer.resolve(each);
}

class Referrer {
  private readonly file: Scope;
  private readonly std: StdScopes;

  constructor(file: Scope, std: StdScopes) {
    this.file = file;
    this.std = std;
  }

  resolve(each: Waiting): void {
    if (each.kind === 'expression') this.expr(each.expr, each.scope, each.key);
    else if (each.kind === 'arguments') each.args.forEach(({ value }) => this.expr(value, each.scope, ''));
    else if (each.kind === 'path') this.path(each.path.parts, each.scope);
    else if (each.kind === 'lint') this.lint(each);
    else if (each.kind === 'model') this.path(each.path.parts, this.file);
    else if (each.kind === 'module') this.std.modules.get(textOf(each.path))?.add(each.path.span, 'uses');
  }

  /** A part or key of the model it is for, else of the first that has it. */
  private lint({ path, scope, model }: Extract<Waiting, { kind: 'lint' }>): void {
    const named = this.file.members.get(model?.parts[0]?.text ?? '')?.inside;
    const all = scope === this.file ? [...this.file.members.values()].flatMap(({ inside }) => inside ?? []) : [scope];
    const first = path.parts[0]?.text ?? '';
    const home = (named ? [named] : all).find((each) => each.member(first) !== null);
    if (home !== undefined) this.path(path.parts, home);
  }

  private expr(expr: Expr, scope: Scope, key: string): void {
    switch (expr.kind) {
      case 'number':
      case 'string':
        return;
      case 'name':
      case 'member':
        this.reference(expr, scope, key);
        return;
      case 'call': {
        const callee = this.reference(expr.callee, scope, key);
        return this.args(expr.args, scope, key, expr.callee, callee?.inside ?? null);
      }
      case 'index':
        this.expr(expr.object, scope, key);
        return this.args(expr.args, scope, key, null, null);
      case 'list':
        return expr.items.forEach((item) => this.expr(item, scope, key));
      // Its block is a scope of its own.
      case 'construct':
        return this.expr(expr.callee, scope, key);
      case 'negate':
      case 'group':
        return this.expr(expr.value, scope, key);
      case 'binary':
        this.expr(expr.left, scope, key);
        return this.expr(expr.right, scope, key);
    }
  }

  /** Names of arguments are parameters of a block, or keys of a constructor: `rms(per = head)`. */
  private args(args: readonly Argument[], scope: Scope, key: string, callee: Expr | null, inside: Scope | null): void {
    const constructor = callee?.kind === 'name' ? callee.name : '';
    const kind = kindOfKey(scope.owner, '', key);
    for (const { name, value } of args) {
      if (name !== null) inside?.members.get(name.text)?.thing.add(name.span, 'uses');
      const type = name === null || kind === null ? null : keyOf(`${kind.name} ${constructor}`, name.text);
      const isWord = value.kind === 'name' && type !== null && takes(type, value.name, false);
      if (!isWord) this.expr(value, scope, name === null ? key : '');
    }
  }

  private reference(expr: Expr, scope: Scope, key: string): Member | null {
    if (expr.kind === 'name') return this.name(expr, scope, key);
    if (expr.kind !== 'member') {
      this.expr(expr, scope, key);
      return null;
    }
    const object = this.reference(expr.object, scope, key);
    return this.step(object, expr.name);
  }

  /** `.name` of what an object is; instances of norms (`rms.mix`) are no keys. */
  private step(object: Member | null, name: Name): Member | null {
    if (object?.inside == null || object.thing.root.kind === 'norm') return null;
    const found = object.inside.member(name.text);
    found?.thing.add(name.span, 'uses');
    return found;
  }

  private path(parts: readonly Name[], scope: Scope): void {
    const [first, ...rest] = parts;
    if (first === undefined) return;
    let at = this.name({ kind: 'name', name: first.text, span: first.span }, scope, '');
    for (const name of rest) at = this.step(at, name);
  }

  private name(expr: Ref, scope: Scope, key: string): Member | null {
    const type = keyOf(scope.owner, key);
    const isNamed = scope.find(expr.name) ?? this.ofFile(expr.name, key);
    if (type !== null && takes(type, expr.name, isNamed !== null && isNamed.thing.root.kind !== 'key')) return null;
    // `theta = theta`: the right side is the outer one.
    const own = expr.name === key && scope.members.has(key);
    const inBase = own ? (scope.parent?.find(expr.name) ?? null) : scope.find(expr.name);
    const found = inBase ?? this.ofFile(expr.name, key);
    if (found !== null) found.thing.add(expr.span, 'uses');
    else this.constructorName(expr, scope, key);
    return found;
  }

  /** A train or data block by its label. */
  private ofFile(name: string, key: string): Member | null {
    const { members } = this.file;
    const roles = key === 'from' || key === 'data' ? [key === 'from' ? 'train' : 'data'] : ['data', 'train', 'generate']; // prettier-ignore
    for (const role of roles) {
      const found = members.get(`${role} ${name}`);
      if (found !== undefined) return found;
    }
    return null;
  }

  /** `gqa` is where its defaults stand. */
  private constructorName(expr: Ref, scope: Scope, key: string): void {
    const role = scope.members.get(key)?.definition;
    const word = role && role.words.length > 0 ? textOf(role.heads[0]) : '';
    const kind = kindOfKey(scope.owner, word, key);
    if (kind !== null) this.std.constructors.get(`${kind.name} ${expr.name}`)?.add(expr.span, 'uses');
  }
}

/** A word of the key's own type. What a type only lets pass (`model = Atlas`) is a name where there is one. */
function takes({ owns, words }: Key<unknown>, word: string, isNamed: boolean): boolean {
  return words?.includes(word) === true || (!isNamed && owns?.(word) === true);
}
