// Takes: a key, a name, a part, a constructor or a word of the language at a place. Gives: paragraphs of Markdown.
// Promises: meaning, type, default, formula and source come from the schema and from std; values from this file's models.
import type { Expr } from '../../../compiler/1-syntax/ast.ts';
import { printExpr } from '../../../compiler/1-syntax/print-ast.ts';
import type { Scope } from '../../../compiler/2-check/inspect/names/scope.ts';
import type { Found } from '../../../compiler/2-check/inspect/names/symbols.ts';
import type { Place } from '../../../compiler/2-check/inspect/place.ts';
import { constructorOf, keyOf, kindNamed, kindOfKey } from '../../../compiler/2-check/inspect/schema-view.ts';
import { shown } from '../../../compiler/2-check/inspect/values.ts';
import { constantWords, functionWords, keywordWords, roleWords, type Word } from '../../../compiler/2-check/inspect/words.ts'; // prettier-ignore
import { severityOf } from '../../../compiler/diagnostics.ts';
import { messages, rules, type Code } from '../../../compiler/messages.ts';
import type { Analysis } from '../analysis.ts';

/** The scope that holds the key of a place. */
export function scopeOf({ symbols }: Analysis, { block, own }: Place): Scope {
  let scope: Scope | null = block === null ? symbols.file : symbols.scopeAt(block.span.start);
  for (const key of own.slice(0, -1)) scope = scope?.member(key)?.inside ?? scope;
  return scope ?? symbols.file;
}

export function keyText(analysis: Analysis, place: Place, found: Found | null): string[] {
  const key = place.own.at(-1) ?? '';
  const scope = scopeOf(analysis, place);
  const known = keyOf(scope.owner, key);
  const kind = found?.thing.root.kind ?? 'key';
  if (known === null && (kind === 'equation' || kind === 'parameter')) return [definitionText(analysis, place)];
  if (known === null && /^(mixer|ffn|norm)$/.test(kind) && found !== null) return partText(analysis, found, place);
  if (known === null && key === 'model') return ['`model`: the model that this is for'];
  if (known === null && Object.hasOwn(roleWords, key)) return wordText(key, 'role');
  const owner = scope.owner?.split(' ').at(-1);
  const about = known?.about ?? kindNamed(key)?.about ?? (kind === 'local' ? 'a local name' : undefined);
  const head = `\`${key}\`${owner === undefined || known === null ? '' : ` of ${owner}`}${about === undefined ? '' : `: ${about}`}`; // prettier-ignore
  return [
    head,
    ...valueText(analysis, place),
    ...typeText(analysis, scope, key),
    ...(known === null ? [] : formulaText(scope.owner)),
  ];
}

/** `= 2 in Quickstart; 1 in QuickstartMQA` */
function valueText({ values }: Analysis, { root, path, item }: Place): string[] {
  const role = root.heads[0]?.parts[0]?.text;
  if (role !== 'model' && role !== 'variant') {
    const value = item.value === null || item.value.kind === 'number' ? null : values.number(item.value, root, path);
    return value === null ? [] : [`= **${shown(value)}**`];
  }
  const own = values.modelFor(root) ?? '';
  const here = values.text(own, path);
  if (here === null) return [];
  const others = new Map<string, string[]>();
  for (const name of values.family(own)) {
    const there = name === own ? null : values.text(name, path);
    if (there !== null && there !== here) others.set(there, [...(others.get(there) ?? []), name]);
  }
  const more = [...others].map(([there, names]) => `${shorten(there)} in ${names.join(', ')}`);
  return [[`= **${shorten(here)}** in ${own}`, ...(more.length > 6 ? [...more.slice(0, 6), '...'] : more)].join('; ')];
}

function shorten(text: string): string {
  return text.length > 160 ? `${text.slice(0, 157)}...` : text;
}

function typeText({ symbols }: Analysis, scope: Scope, key: string): string[] {
  const known = keyOf(scope.owner, key);
  const standard = (scope.owner === 'model' ? symbols.std.model : scope.defaults)?.members.get(key)?.definition;
  const facts: string[] = [];
  if (known !== null) facts.push(known.expects);
  if (known?.unit !== undefined) facts.push(`in ${known.unit}`);
  const value = standard?.value;
  if (value) facts.push(`default \`${printExpr(value)}\``);
  return facts.length === 0 ? [] : [facts.join(' · ')];
}

function formulaText(owner: string | null): string[] {
  const known = owner === null ? null : constructorOf(owner);
  const formula = known?.formula === undefined ? [] : [`\`${known.formula}\``];
  const source = known?.source === undefined ? [] : [`(${known.source})`];
  return formula.length + source.length === 0 ? [] : [[`${owner?.split(' ').at(-1) ?? ''}:`, ...formula, ...source].join(' ')]; // prettier-ignore
}

/** What a constructor is: `gqa` behind `mixer attn =`. */
export function constructorText(analysis: Analysis, word: string, place: Place): string[] {
  const scope = scopeOf(analysis, place);
  const { item } = place;
  const role = item.words.length > 0 ? (item.heads[0]?.parts[0]?.text ?? '') : '';
  const kind = kindOfKey(scope.owner, role, place.own.at(-1) ?? '');
  if (kind === null || !Object.hasOwn(kind.constructors, word)) return [];
  const about = kind.constructors[word]?.about ?? '';
  return [`${kind.name} \`${word}\`: ${about}`, ...formulaText(`${kind.name} ${word}`)];
}

/** The name of an argument: `eps` in `rms(eps = 1e-6)`, `to` in `round(x, to = 64)`. */
export function argumentText(analysis: Analysis, offset: number, place: Place): string[] {
  const call = place.around.findLast((expr) => expr.kind === 'call');
  const name = call?.args.find((arg) => arg.name !== null && arg.name.span.start <= offset && offset <= arg.name.span.end)?.name; // prettier-ignore
  if (!call || !name) return [];
  const callee = printExpr(call.callee);
  const scope = scopeOf(analysis, place);
  const role = place.item.words.length > 0 ? (place.item.heads[0]?.parts[0]?.text ?? '') : '';
  const kind = kindOfKey(scope.owner, role, place.own.at(-1) ?? '');
  const key = kind === null ? null : keyOf(`${kind.name} ${callee}`, name.text);
  const form = Object.hasOwn(functionWords, callee) ? functionWords[callee] : undefined;
  if (key === null) return form === undefined ? [] : [`\`${name.text}\` of \`${form.form}\``];
  return [`\`${name.text}\` of ${callee}: ${key.about}`, key.expects];
}

/** A word that a key takes: `silu`. */
export function valueWordText(analysis: Analysis, word: string, place: Place): string[] {
  const key = place.own.at(-1) ?? '';
  const known = keyOf(scopeOf(analysis, place).owner, key);
  const takes = known?.words?.includes(word) === true || known?.owns?.(word) === true;
  return known === null || !takes ? [] : [`\`${word}\`, for \`${key}\`: ${known.about}`, known.expects];
}

/** A name where it is used: its definition, and its value there. */
export function nameText(analysis: Analysis, found: Found, place: Place): string[] {
  const { thing } = found;
  if (thing.root.kind === 'model' || /^(mixer|ffn|norm)$/.test(thing.root.kind)) return partText(analysis, found, place); // prettier-ignore
  if (thing.root.kind === 'module') return [`\`${thing.root.text}\`: a module of the prelude`];
  const name = [...place.around].reverse().find((expr): expr is Expr => expr.kind === 'name' || expr.kind === 'member');
  const value = name === undefined || place.inEquations ? null : analysis.values.number(name, place.root, place.path);
  const where = definedAt(analysis, found);
  return [...where, ...(value === null ? [] : [`\`${name === undefined ? thing.root.text : printExpr(name)}\` = **${shown(value)}**`])]; // prettier-ignore
}

/** A model or a part: what it is, what it weighs, where it is defined. */
export function partText(analysis: Analysis, found: Found, place: Place): string[] {
  const { values } = analysis;
  const { kind, text } = found.thing.root;
  if (kind === 'model') return [`model \`${text}\``, ...modelText(analysis, text)];
  const home = values.modelFor(place.root) ?? '';
  const weight = kind === 'norm' ? null : values.weight(home, text);
  const owner = scopeOf(analysis, place).find(text)?.inside?.owner ?? '';
  const about = constructorOf(owner)?.about;
  const lines = [...definedAt(analysis, found), ...(about === undefined ? [] : [`${owner.split(' ').at(-1) ?? ''}: ${about}`])]; // prettier-ignore
  if (weight === null) return lines;
  const layer = weight.total / weight.layers;
  const active = weight.active < weight.total ? `, ${shown({ value: weight.active / weight.layers, measure: null })} active` : ''; // prettier-ignore
  const flops = `${shown({ value: (2 * weight.active) / weight.layers, measure: null })} FLOPs per token in its weights`; // prettier-ignore
  return [...lines, `${shown({ value: layer, measure: null })} parameters${active} and ${flops}, ${weight.layers === 1 ? 'in 1 layer' : `in each of ${weight.layers} layers`} of ${home}`]; // prettier-ignore
}

function modelText({ values }: Analysis, name: string): string[] {
  const model = values.model(name);
  const weight = values.weight(name, null);
  if (model === null || weight === null) return [];
  const active = weight.active < weight.total ? ` (${shown({ value: weight.active, measure: null })} active)` : '';
  const sizes = [`${shown({ value: weight.total, measure: null })} parameters${active}`, `${model.nLayers} layers`, `d_model ${model.dModel}`, `vocab ${model.vocab}`, `context ${model.context}`]; // prettier-ignore
  return [sizes.join(' · ')];
}

/** The first lines of a definition, and its file when that is not this one. */
export function definedAt({ symbols, source }: Analysis, found: Found): string[] {
  const span = symbols.definitionOf(found);
  if (span === null) return [];
  const { text, path } = span.file;
  const from = text.lastIndexOf('\n', span.start) + 1;
  const end = text.indexOf('\n', span.start);
  const line = text.slice(from, end < 0 ? undefined : end).trim();
  const where = span.file === source ? [] : [`defined in ${path.split(/[/\\]/).slice(-2).join('/')}`];
  return [`\`\`\`model\n${line}\n\`\`\``, ...where];
}

function definitionText({ source }: Analysis, { item }: Place): string {
  return `\`\`\`model\n${source.text.slice(item.span.start, item.span.end).split('\n').slice(0, 8).join('\n')}\n\`\`\``;
}

/** `cycle_tail` or `W8` behind `lint allow`. */
export function lintText(word: string): string[] {
  const ids = Object.entries(rules).filter(([, id]) => id === word);
  const codes = ids.length > 0 ? ids.map(([code]) => code) : [word.replaceAll('_', '-')];
  return codes.flatMap((code): string[] => {
    if (!Object.hasOwn(messages, code)) return [];
    const id = (rules as Readonly<Record<string, string>>)[code];
    return [`lint \`${code.replaceAll('-', '_')}\`${id === undefined ? '' : ` (${id})`}: ${severityOf(code as Code)}`];
  });
}

export function wordText(word: string, place: 'keyword' | 'role' | 'value'): string[] {
  const tables = { keyword: [keywordWords, roleWords], role: [roleWords, keywordWords], value: [functionWords, constantWords, keywordWords] }[place]; // prettier-ignore
  const found: Word | undefined = tables.map((table) => (Object.hasOwn(table, word) ? table[word] : undefined)).find((each) => each !== undefined); // prettier-ignore
  if (found !== undefined) return [`\`${found.form}\`: ${found.about}`];
  const kind = kindNamed(word);
  return kind === null ? [] : [`\`${word}\`: ${kind.about}`];
}
