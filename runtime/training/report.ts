// Takes: the metrics of a run. Gives: report.html, one file with the loss curve, its numbers and the model's text.
// Promises: no network, light and dark, readable on a phone.
import { escapeHtml, pageHtml } from '../plot/page.ts';
import { plotStyle, plotSvg } from '../plot/svg-plot.ts';
import { writeText } from '../write-text.ts';
import type { CheckpointFacts } from './checkpoint.ts';
import type { Metrics, RunFolder } from './run-folder.ts';

/** @throws UserError when the file cannot be written. */
export function writeReport(folder: RunFolder, facts: CheckpointFacts): void {
  writeText(folder.report, reportHtml(folder.readMetrics(), facts));
}

export function reportHtml(metrics: readonly Metrics[], facts: CheckpointFacts): string {
  const rows = factRows(metrics, facts).map(
    ([name, value]) => `<tr><th>${name}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  const body = `<h1>${escapeHtml(facts.modelName)}</h1>
${lossPlot(metrics, facts.firstValidationLoss)}
<table>${rows.join('')}</table>
<details><summary>${escapeHtml(facts.source.path)}</summary><pre>${escapeHtml(facts.source.text)}</pre></details>
<details><summary>canonical model</summary><pre>${escapeHtml(facts.canonical)}</pre></details>`;
  return pageHtml({ title: `${facts.modelName}: training`, body, style: `${plotStyle}\ntable { margin: 16px 0; }` });
}

function lossPlot(metrics: readonly Metrics[], first: number | null): string {
  const untrained = first === null ? [] : [{ x: 0, y: first }];
  const held = metrics.flatMap(({ step, validation_loss: loss }) => (loss === undefined ? [] : [{ x: step, y: loss }]));
  const train = metrics.map(({ step, loss }) => ({ x: step, y: loss }));
  const series = [
    { name: 'training', tone: 'quiet' as const, points: train, dots: false },
    { name: 'held out', tone: 'second' as const, points: [...untrained, ...held], dots: true },
  ];
  return plotSvg(series, 'loss over steps');
}

function factRows(metrics: readonly Metrics[], facts: CheckpointFacts): [string, string][] {
  const last = metrics.at(-1);
  return [
    ['step', `${facts.step} of ${facts.train.steps}`],
    ['loss', last === undefined ? '-' : last.loss.toFixed(4)],
    [
      'validation loss',
      `${facts.firstValidationLoss?.toFixed(4) ?? '-'} to ${facts.validationLoss?.toFixed(4) ?? '-'}`,
    ],
    ['tokens / s', last === undefined ? '-' : String(medianSpeed(metrics))],
    ['time', last === undefined ? '-' : `${last.seconds.toFixed(1)} s`],
    ['batch', `${facts.train.batch} x ${facts.train.seq} tokens`],
    ['seed', String(facts.train.seed)],
    ['data', facts.tokens ? facts.tokens.train : facts.train.data.join(', ')],
  ];
}

/** Tokens per second. */
export function medianSpeed(metrics: readonly Metrics[]): number {
  const speeds = metrics.map((each) => each.tokens_per_second).sort((a, b) => a - b);
  return speeds[Math.floor(speeds.length / 2)] ?? 0;
}
