/** What printing and parsing must keep: all but the places in the text. */
export function withoutSpans(ast: unknown): unknown {
  return JSON.parse(JSON.stringify(ast, (key, value: unknown) => (key === 'span' ? undefined : value)));
}
