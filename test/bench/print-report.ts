// Takes: a report. Gives: it as text: a table, the ratios, what agrees.
// Promises: what is missed or wrong says so in its line.
import type { ContestantName } from './contestants.ts';
import type { Agreement, Claim, Figure, Report } from './report.ts';
import type { WorkName } from './work.ts';

const columns: readonly [WorkName, string][] = [
  ['matmul 512', 'matmul 512^3'],
  ['matmul 1024', 'matmul 1024^3'],
  ['step', 'training step'],
  ['decode', 'decoding'],
];

export function printReport({ figures, claims, agreements }: Report): string {
  const told = claims.filter(({ value }) => value !== null);
  return [table(figures), noise(figures), section('ratios', told.map(claimLine)), section('same results', agreements.map(agreementLine))].join('\n\n'); // prettier-ignore
}

function table(figures: readonly Figure[]): string {
  const used = columns.filter(([work]) => figures.some((figure) => figure.work === work));
  const names = [...new Set(figures.map(({ contestant }) => contestant))];
  const rows = [['', ...used.map(([, title]) => title)], ...names.map((name) => [name, ...used.map(([work]) => cell(figures, name, work))])]; // prettier-ignore
  const widths = rows[0]?.map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0))) ?? [];
  return rows.map((row) => row.map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))).join('  ')).join('\n'); // prettier-ignore
}

function cell(figures: readonly Figure[], contestant: ContestantName, work: WorkName): string {
  const figure = figures.find((one) => one.contestant === contestant && one.work === work);
  if (figure === undefined) return '-';
  return figure.value === null ? 'failed' : `${figure.value.toFixed(figure.value < 100 ? 1 : 0)} ${figure.unit}`;
}

/** Quiet machines repeat a run within a few hundredths. */
function noise(figures: readonly Figure[]): string {
  const spreads = figures.flatMap(({ spread }) => spread ?? []).sort((a, b) => a - b);
  const typical = spreads[Math.floor(spreads.length / 2)] ?? 0;
  const text = `half of the runs lie within ${(100 * typical).toFixed(0)} % of the median`;
  return typical < 0.1 ? text : `${text}: this machine is BUSY, the figures are provisional`;
}

const section = (title: string, lines: readonly string[]): string => [title, ...lines].join('\n');

function claimLine({ claim, value, atLeast }: Claim): string {
  const text = `  ${claim.padEnd(62)} ${(value ?? 0).toFixed(2).padStart(8)}`;
  if (atLeast === null) return text;
  return `${text}  ${(value ?? 0) >= atLeast ? 'at least' : 'MISSED: at least'} ${atLeast}`;
}

function agreementLine({ what, difference, atMost }: Agreement): string {
  const verdict = agrees({ difference, atMost }) ? 'within' : 'WRONG: must be within';
  return `  ${what.padEnd(62)} ${difference.toExponential(1).padStart(8)}  ${verdict} ${atMost}`;
}

/** False for NaN, too. */
export const agrees = ({ difference, atMost }: Pick<Agreement, 'difference' | 'atMost'>): boolean =>
  difference <= atMost;
