// Takes: numbers with units. Gives: their text.
// Promises: three digits that count, and the unit that leaves few before the point.

/** Operations a second: `1.23 TFLOP/s`, `45.6 GFLOP/s`. */
export function flopRate(perSecond: number): string {
  return scaled(perSecond, [[1e12, 'TFLOP/s'], [1e9, 'GFLOP/s'], [1e6, 'MFLOP/s']]); // prettier-ignore
}

/** Bytes a second, in powers of ten: `812 GB/s`. */
export function byteRate(perSecond: number): string {
  return scaled(perSecond, [[1e12, 'TB/s'], [1e9, 'GB/s'], [1e6, 'MB/s']]); // prettier-ignore
}

/** `1.24 s`, `12.3 ms`, `456 us` */
export function milliseconds(ms: number): string {
  return scaled(ms, [[1e3, 's'], [1, 'ms'], [1e-3, 'us']]); // prettier-ignore
}

/** `71.4 %` */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

export function digits(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  return Math.abs(value) >= 999.5 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

function scaled(value: number, units: readonly (readonly [number, string])[]): string {
  const [unit, name] = units.find(([least]) => Math.abs(value) >= least) ?? units.at(-1) ?? [1, ''];
  return `${digits(value / unit)} ${name}`;
}

/** Columns as wide as their widest cell; the first `left` of them begin at the left, others end at the right. */
export function table(rows: readonly (readonly string[])[], left: number): string[] {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows.map(
    (row) =>
    row.map((cell, column) => (column < left ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join('  ').trimEnd(), // prettier-ignore
  );
}
