// Takes: a summary. Gives: its table.
// Promises: a line per kernel, the dearest first; the totals and the gap below; small kernels are one line together.
import type { KernelRow, Summary } from './summarize.ts';
import { byteRate, flopRate, milliseconds, percent, table } from './units.ts';

/** Those below are counted together. */
const mostLines = 30;
const widest = 56;

/** e.g. `step: mean of 3, 12.1 ms` above the table. */
export function printProfile(summary: Summary): string {
  const { label, count, kernels, kernelMs, dispatches, flops, bytes, wallMs, plainMs } = summary;
  const shown = kernels.length > mostLines + 1 ? kernels.slice(0, mostLines) : kernels;
  const rest = kernels.slice(shown.length);
  const rows = [
    ['kernel', 'family', 'calls', 'time', 'share', 'computes', 'moves'],
    ...shown.map((row) => cells(row)),
    ...(rest.length > 0 ? [cells(together(rest))] : []),
    cells({ name: 'all kernels', family: '', calls: dispatches, ms: kernelMs, share: 1, flops, bytes }),
  ];
  const plain = plainMs === null ? '' : `, ${milliseconds(plainMs)} before, when it was not profiled`;
  return [
    `${label}: ${milliseconds(wallMs)}, the mean of ${count}${plain}`,
    '',
    ...table(rows, 2),
    '',
    ...gapLines(summary),
  ].join('\n');
}

function gapLines({ wallMs, plainMs, plainQueueMs, gapMs, encodeMs, submitMs, waitMs }: Summary): string[] {
  const whole = plainMs ?? wallMs;
  const host = [
    ['encode', encodeMs],
    ['submit', submitMs],
    ['wait and read back', waitMs],
  ] as const;
  const queue = plainQueueMs === null ? '' : `${milliseconds(plainQueueMs)} to encode and submit; profiled: `;
  return [
    gapMs > 0
      ? `gap: ${milliseconds(gapMs)} of ${milliseconds(whole)} (${percent(gapMs / whole)}) are in no kernel`
      : `gap: none; timed one by one, the kernels take longer than the ${milliseconds(whole)} of all without it`,
    `host: ${queue}${host.map(([name, ms]) => `${name} ${milliseconds(ms)}`).join(', ')}`,
  ];
}

type Line = Pick<KernelRow, 'name' | 'family' | 'calls' | 'ms' | 'share' | 'flops' | 'bytes'>;

function cells({ name, family, calls, ms, share, flops, bytes }: Line): string[] {
  const rate = (amount: number | null, text: (perSecond: number) => string): string =>
    amount === null || amount === 0 || ms === 0 ? '-' : text((amount * 1000) / ms);
  const short = name.length > widest ? `${name.slice(0, widest - 3)}...` : name;
  const count = Number.isInteger(calls) ? String(calls) : calls.toFixed(1);
  return [short, family, count, milliseconds(ms), percent(share), rate(flops, flopRate), rate(bytes, byteRate)];
}

function together(rows: readonly KernelRow[]): Line {
  const sum = (of: (row: KernelRow) => number): number => rows.reduce((total, row) => total + of(row), 0);
  return {
    name: `${rows.length} more`,
    family: '',
    calls: sum(({ calls }) => calls),
    ms: sum(({ ms }) => ms),
    share: sum(({ share }) => share),
    flops: sum(({ flops }) => flops ?? 0),
    bytes: sum(({ bytes }) => bytes ?? 0),
  };
}
