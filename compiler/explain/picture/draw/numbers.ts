// Takes: numbers. Gives: them as people read them in a picture.
// Promises: three significant digits where they are rounded.

/** 1234567 -> `1.23M` */
export function count(value: number): string {
  const units: [number, string][] = [[1e12, 'T'], [1e9, 'B'], [1e6, 'M'], [1e3, 'K']]; // prettier-ignore
  const unit = units.find(([size]) => Math.abs(value) >= size);
  return unit === undefined ? short(value) : `${(value / unit[0]).toPrecision(3)}${unit[1]}`;
}

/** At most four significant digits. */
export function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}

/** 0.4213 -> `42.1 %` */
export function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
