// Takes: the metrics of a run. Gives: report.html, one file with the loss curve, its numbers and the model's text.
// Promises: no network, light and dark, readable on a phone.
import { writeFileSync } from 'node:fs';
import { UserError } from '../user-error.ts';
import type { CheckpointFacts } from './checkpoint.ts';
import type { Metrics, RunFolder } from './run-folder.ts';

/** @throws UserError when the file cannot be written. */
export function writeReport(folder: RunFolder, facts: CheckpointFacts): void {
  try {
    writeFileSync(folder.report, reportHtml(folder.readMetrics(), facts));
  } catch (error) {
    throw new UserError(`cannot write ${folder.report}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

export function reportHtml(metrics: readonly Metrics[], facts: CheckpointFacts): string {
  const held = metrics.flatMap(({ step, validation_loss: loss }) => (loss === undefined ? [] : [{ step, loss }]));
  const last = metrics.at(-1);
  const rows: [string, string][] = [
    ['step', `${facts.step} of ${facts.train.steps}`],
    ['loss', last === undefined ? '-' : last.loss.toFixed(4)],
    [
      'validation loss',
      `${facts.firstValidationLoss?.toFixed(4) ?? '-'} to ${facts.validationLoss?.toFixed(4) ?? '-'}`,
    ],
    ['tokens / s', last === undefined ? '-' : String(median(metrics.map((each) => each.tokens_per_second)))],
    ['time', last === undefined ? '-' : `${last.seconds.toFixed(1)} s`],
    ['batch', `${facts.train.batch} x ${facts.train.seq} tokens`],
    ['seed', String(facts.train.seed)],
    ['data', facts.train.data.join(', ')],
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escape(facts.modelName)}: training</title><style>${style}</style></head><body><main>
<h1>${escape(facts.modelName)}</h1>
${lossChart(metrics, held)}
<p class="legend"><span class="train"></span> training <span class="held"></span> held out</p>
<table>${rows.map(([name, value]) => `<tr><th>${name}</th><td>${escape(value)}</td></tr>`).join('')}</table>
<details><summary>${escape(facts.source.path)}</summary><pre>${escape(facts.source.text)}</pre></details>
<details><summary>canonical model</summary><pre>${escape(facts.canonical)}</pre></details>
</main></body></html>
`;
}

interface Point {
  readonly step: number;
  readonly loss: number;
}

const [width, height, left, bottom] = [720, 320, 48, 28];

function lossChart(train: readonly Point[], held: readonly Point[]): string {
  const all = [...train, ...held];
  if (all.length === 0) return '<p>No steps yet.</p>';
  const maxStep = Math.max(...all.map(({ step }) => step));
  const [low, high] = [Math.min(...all.map(({ loss }) => loss)), Math.max(...all.map(({ loss }) => loss))];
  const x = (step: number): number => left + ((width - left - 8) * step) / Math.max(1, maxStep);
  const y = (loss: number): number => 8 + ((height - bottom - 8) * (high - loss)) / Math.max(1e-9, high - low);
  const line = (points: readonly Point[], kind: string): string =>
    `<polyline class="${kind}" points="${points.map(({ step, loss }) => `${x(step).toFixed(1)},${y(loss).toFixed(1)}`).join(' ')}"/>`;
  const ticks = Array.from({ length: 5 }, (_, i) => low + ((high - low) * i) / 4);
  const yTicks = ticks.map((loss) => `<line x1="${left}" x2="${width - 8}" y1="${y(loss)}" y2="${y(loss)}"/><text x="${left - 6}" y="${y(loss) + 4}" text-anchor="end">${loss.toFixed(2)}</text>`); // prettier-ignore
  const xTicks = [0, 0.25, 0.5, 0.75, 1].map((part) => `<text x="${x(part * maxStep)}" y="${height - 8}" text-anchor="${part === 1 ? 'end' : 'middle'}">${Math.round(part * maxStep)}</text>`); // prettier-ignore
  const dots = held.map(({ step, loss }) => `<circle class="held" cx="${x(step)}" cy="${y(loss)}" r="3"><title>step ${step}: ${loss.toFixed(4)}</title></circle>`); // prettier-ignore
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="loss over steps"><g class="axes">${yTicks.join('')}${xTicks.join('')}</g>${line(train, 'train')}${line(held, 'held')}${dots.join('')}</svg>`;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

const style = `
:root { color-scheme: light dark; --ink: light-dark(#1d2330, #e6e9f0); --faint: light-dark(#d8dce6, #384052); --train: light-dark(#7a8cb8, #7f93c8); --held: light-dark(#c2410c, #fb923c); }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: light-dark(#fff, #14171f); }
main { max-width: 760px; margin: 0 auto; padding: 16px; }
svg { width: 100%; height: auto; } .axes line { stroke: var(--faint); } text { fill: var(--ink); font-size: 12px; }
polyline { fill: none; stroke-width: 1.5; } polyline.train { stroke: var(--train); } polyline.held { stroke: var(--held); stroke-width: 2; } circle.held { fill: var(--held); }
.legend span { display: inline-block; width: 18px; height: 3px; vertical-align: middle; } .legend .train { background: var(--train); } .legend .held { background: var(--held); margin-left: 12px; }
table { border-collapse: collapse; } th { text-align: left; font-weight: 500; padding: 2px 20px 2px 0; } td { font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
pre { overflow-x: auto; font-size: 13px; }`;
