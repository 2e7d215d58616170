// Takes: an analysis and a position. Gives: what stands there: what it means, its value in this model, where it comes from.
// Promises: total over faulty files; nothing in comments and strings.
import { MarkupKind, type Hover, type Position } from 'vscode-languageserver';
import { tokenAt } from '../../../compiler/2-check/inspect/cursor.ts';
import type { Found } from '../../../compiler/2-check/inspect/names/symbols.ts';
import { placeAt, type Place } from '../../../compiler/2-check/inspect/place.ts';
import { shown } from '../../../compiler/2-check/inspect/values.ts';
import { unitWords } from '../../../compiler/2-check/inspect/words.ts';
import type { Expr } from '../../../compiler/1-syntax/ast.ts';
import { printExpr } from '../../../compiler/1-syntax/print-ast.ts';
import type { Analysis } from '../analysis.ts';
import {
  argumentText,
  constructorText,
  definedAt,
  keyText,
  lintText,
  nameText,
  valueWordText,
  wordText,
} from './hover-text.ts';
import { offsetOf, rangeOf } from '../positions.ts';

export function hoverAt(analysis: Analysis, position: Position): Hover | null {
  const { source, ast, symbols } = analysis;
  const offset = offsetOf(source, position);
  const token = tokenAt(source.text, offset);
  if (token === null || token.image.startsWith('"')) return null;
  const place = placeAt(ast, offset);
  const paragraphs = /^[A-Za-z_]/.test(token.image)
    ? ofWord(analysis, token.image, place, symbols.at(offset), offset)
    : place === null || place.inEquations
      ? []
      : [...unitText(token.image), ...expressionText(analysis, place, token.image)];
  if (paragraphs.length === 0) return null;
  const range = rangeOf({ file: source, start: token.startOffset, end: token.startOffset + token.image.length });
  return { contents: { kind: MarkupKind.Markdown, value: paragraphs.join('\n\n') }, range };
}

function ofWord(analysis: Analysis, word: string, place: Place | null, found: Found | null, offset: number): string[] {
  if (place === null && found !== null) return definedAt(analysis, found);
  if (place === null) return [...wordText(word, 'keyword'), ...lintText(word)].slice(0, 1);
  if (place.at === 'key') return keyText(analysis, place, found);
  if (place.at === 'role') return wordText(word, 'role');
  // `0.3 until 10Ttok then 0.1`, `128 in 100..200`
  if (/^(until|then|in)$/.test(word) && place.around.at(-1)?.kind === 'binary') return wordText(word, 'keyword');
  const argument = argumentText(analysis, offset, place);
  if (argument.length > 0) return argument;
  const isName = found !== null && found.thing.root.kind !== 'key';
  const known = isName ? nameText(analysis, found, place) : constructorText(analysis, word, place);
  const instance = place.around.at(-1);
  if (known.length === 0 && place.inEquations && instance?.kind === 'member' && instance.name.text === word) {
    return [`\`${printExpr(instance)}\`: an instance of the norm, with a weight of its own in each layer`];
  }
  if (known.length === 0 && found !== null) known.push(...nameText(analysis, found, place));
  if (known.length === 0) known.push(...valueWordText(analysis, word, place));
  const rest = place.at === 'word' || place.inEquations ? [] : expressionText(analysis, place, word);
  return [...(known.length > 0 ? known : wordText(word, 'value')), ...rest];
}

/** `3B` is 3 times 10^9. */
function unitText(number: string): string[] {
  const unit = /[A-Za-z%]+$/.exec(number)?.[0];
  return unit === undefined || unitWords[unit] === undefined ? [] : [`\`${unit}\`: ${unitWords[unit]}`];
}

/** The values of the expressions around, innermost first: `8/3 * d_model` = 8192. */
function expressionText({ values }: Analysis, place: Place, token: string): string[] {
  const texts = new Set<string>();
  for (const expr of [...place.around].reverse()) {
    if (!isDerived(expr) || (place.at !== 'value' && place.at !== 'clause')) continue;
    const value = values.number(expr, place.root, place.path);
    const text = printExpr(expr);
    if (value !== null && text !== token && text !== shown(value)) texts.add(`\`${text}\` = **${shown(value)}**`);
  }
  return texts.size === 0 ? [] : [[...texts].join('  \n')];
}

function isDerived({ kind }: Expr): boolean {
  return kind === 'binary' || kind === 'call' || kind === 'negate' || kind === 'index' || kind === 'group';
}
