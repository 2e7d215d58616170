// Takes: WGSL fragments. Gives: fragments put together.
// Promises: `stripped` removes only parentheses around the whole; equal parts give equal text.

/** Without the parentheses around the whole. */
export function stripped(text: string): string {
  if (!text.startsWith('(') || !text.endsWith(')')) return text;
  let depth = 0;
  for (const character of text.slice(0, -1)) {
    if (character === '(') depth++;
    if (character === ')' && --depth === 0) return text;
  }
  return text.slice(1, -1);
}

/** A name or a literal: repeating it costs nothing. */
export function isSimple(text: string): boolean {
  return /^(\w+|-?[\d.]+(e[-+]?\d+)?[fhu]?|\(-[\d.]+(e[-+]?\d+)?[fhu]?\))$/.test(text);
}

/** start + the sum of coefficient * text, as one operand. A constant term has its magnitude as text. */
export function sumText(
  start: string,
  terms: readonly { readonly text: string; readonly coefficient: number }[],
): string {
  let text = start === '' ? '' : stripped(start);
  for (const term of terms) {
    if (term.coefficient === 0) continue;
    const factor = Math.abs(term.coefficient);
    const product = factor === 1 || term.text === String(factor) ? term.text : `${term.text} * ${factor}`;
    if (text === '') text = term.coefficient < 0 ? `-(${product})` : product;
    else text += ` ${term.coefficient < 0 ? '-' : '+'} ${product}`;
  }
  return /^\w+$/.test(text) ? text : `(${text})`;
}
