// Takes: a constructor. Gives: its section of the reference, as Markdown.
// Promises: tables are aligned, so that the page also reads as plain text.
import { printExpr } from '../1-syntax/print-ast.ts';
import { emptyBody, type Body, type Draft } from '../2-check/draft/draft.ts';
import type { Prelude } from '../2-check/draft/prelude.ts';
import type { Keys } from '../2-check/schema/key-type.ts';
import type { Kind } from '../2-check/schema/kind.ts';

export function constructorSection(kind: Kind, name: string, prelude: Prelude): string {
  const made = kind.constructors[name];
  if (made === undefined) return '';
  const { about, formula, source, keys, facts = {} } = made;
  const defaults = prelude.defaults.get(`${kind.name} ${name}`) ?? emptyBody;
  const lines = [`### ${kind.name === name ? name : `${kind.name} ${name}`}`, '', about, ''];
  if (formula !== undefined) lines.push('```', formula, '```', '');
  if (source !== undefined) lines.push(`Source: ${source}.`, '');
  if (Object.keys(keys).length > 0) lines.push(...keyTable(keys, defaults), '');
  for (const [fact, { about: what }] of Object.entries(facts))
    lines.push(`It can be asked for \`${name}.${fact}\`: ${what}.`, '');
  return lines.join('\n');
}

/** Key, what it takes, its default, what it is. */
export function keyTable(keys: Keys, defaults: Body): string[] {
  const rows = Object.entries(keys).map(([name, { about, unit, expects }]) => [
    `\`${name}\``,
    cell(unit === undefined ? expects : `${expects} (${unit})`),
    defaultText(defaults.keys.get(name)),
    cell(about),
  ]);
  return table(['key', 'takes', 'default', 'meaning'], rows);
}

/** `none` where std leaves it open. */
function defaultText(draft: Draft | undefined): string {
  if (draft === undefined) return '';
  if (draft.value !== null && draft.body === null) return `\`${cell(printExpr(draft.value))}\``;
  const name = draft.value === null ? '' : `${printExpr(draft.value)} `;
  const inner = [...(draft.body?.keys ?? [])].map(([key, { value }]) => (value === null ? key : `${key} = ${printExpr(value)}`)); // prettier-ignore
  return `\`${cell(`${name}{ ${inner.join('; ')} }`.replace('{  }', '{}'))}\``;
}

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, index) => Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((each, index) => each.padEnd(widths[index] ?? 0)).join(' | ')} |`;
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)];
}
