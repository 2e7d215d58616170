// Takes: a title, the inside of a page and its own style. Gives: one HTML file.
// Promises: no network, light and dark, readable on a phone.

export interface Page {
  readonly title: string;
  readonly body: string;
  /** On top of the common one. */
  readonly style: string;
}

export function pageHtml({ title, body, style }: Page): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title><style>${pageStyle}${style}
</style></head><body><main>
${body}
</main></body></html>
`;
}

export function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

const pageStyle = `
:root { color-scheme: light dark; --ink: light-dark(#1d2330, #e6e9f0); --soft: light-dark(#5b6579, #9aa5bb); --faint: light-dark(#d8dce6, #384052); --paper: light-dark(#fff, #14171f); }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
main { max-width: 760px; margin: 0 auto; padding: 16px; }
table { border-collapse: collapse; } th { text-align: left; font-weight: 500; padding: 2px 20px 2px 0; vertical-align: top; }
td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; } pre { overflow-x: auto; font-size: 13px; }`;
