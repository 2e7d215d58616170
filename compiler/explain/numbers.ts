// Takes: numbers. Gives: them as people read them.
// Promises: four significant digits; bytes in powers of 1024.

/** 1234567 -> `1.235M` */
export function count(value: number): string {
  const units: [number, string][] = [[1e12, 'T'], [1e9, 'B'], [1e6, 'M'], [1e3, 'K']]; // prettier-ignore
  const unit = units.find(([size]) => Math.abs(value) >= size);
  return unit === undefined ? number(value) : `${(value / unit[0]).toPrecision(4)}${unit[1]}`;
}

/** 2097152 -> `2.0 MiB` */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = value <= 0 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(Math.abs(value)) / 10));
  return `${power === 0 ? value : (value / 1024 ** power).toFixed(1)} ${units[power] ?? ''}`;
}

/** At most four significant digits. */
export function number(value: number): string {
  return String(Number(value.toPrecision(4)));
}
