// Takes: what was measured. Gives: figures, ratios, and what they must show.
// Promises: every ratio is of two medians of this run; figures of contestants that disagree are refused, not printed as good.
import type { ContestantName } from './contestants.ts';
import type { Measured } from './measure.ts';
import { matmulSizes, type WorkName } from './work.ts';

export interface Figure {
  readonly work: WorkName;
  readonly contestant: ContestantName;
  /** matmul: 10^9 operations a second; step: milliseconds; decode: tokens a second. Null: it failed. */
  readonly value: number | null;
  readonly unit: 'GFLOP/s' | 'ms' | 'tokens/s';
  readonly medianMs: number | null;
  readonly bestMs: number | null;
  /** Half of the runs lie within so great a part of the median. */
  readonly spread: number | null;
  readonly runs: number;
}

export interface Claim {
  readonly claim: string;
  readonly value: number | null;
  readonly atLeast: number | null;
}

/** Two contestants, or a contestant and the truth, must agree before their speed means anything. */
export interface Agreement {
  readonly what: string;
  readonly difference: number;
  readonly atMost: number;
}

export interface Report {
  readonly figures: readonly Figure[];
  readonly claims: readonly Claim[];
  readonly agreements: readonly Agreement[];
}

export function reportOf(measured: readonly Measured[]): Report {
  return { figures: measured.map(figureOf), claims: claimsOf(measured), agreements: agreementsOf(measured) };
}

function figureOf({ work, contestant, medianMs, runs }: Measured): Figure {
  const sorted = runs.map(({ ms }) => ms).sort((a, b) => a - b);
  const quartile = (share: number): number => sorted[Math.round((sorted.length - 1) * share)] ?? Number.NaN;
  const spread = medianMs === null ? null : (quartile(0.75) - quartile(0.25)) / medianMs;
  const facts = { work, contestant, medianMs, bestMs: sorted[0] ?? null, spread, runs: runs.length };
  if (work === 'step') return { ...facts, value: medianMs, unit: 'ms' };
  const unit = work === 'decode' ? 'tokens/s' : 'GFLOP/s';
  const amount = work === 'decode' ? (runs[0]?.value ?? 0) * 1e3 : (2 * matmulSizes[work] ** 3) / 1e6;
  return { ...facts, unit, value: medianMs === null ? null : amount / medianMs };
}

/** [what is claimed, the slower, the faster, how many times]; null where the ratio is only told. */
type Ratio = readonly [work: WorkName, slower: ContestantName, faster: ContestantName, atLeast: number | null];

const [one, two, software] = ['modelc cpu, 1 thread', 'modelc cpu, 2 threads', 'modelc software WebGPU'] as const;
const ratios: readonly Ratio[] = [
  ...(['matmul 512', 'matmul 1024'] as const).flatMap((work): Ratio[] => [
    [work, 'jax-js', two, 3],
    [work, 'jax-js', one, null],
    [work, 'jax-js, helped', two, null],
    [work, 'onnxruntime, 1 thread', one, 0.6],
    [work, 'onnxruntime, 2 threads', two, 0.6],
  ]),
  ['step', software, two, 8],
  ['step', 'jax-js', two, 3],
  ['step', 'jax-js', one, null],
  ['step', 'jax-js, helped', two, null],
  ['decode', software, two, null],
  ['matmul 1024', one, two, 1.7],
  ['step', one, two, 1.7],
  ['matmul 1024', 'onnxruntime, 1 thread', 'onnxruntime, 2 threads', null],
];

function claimsOf(measured: readonly Measured[]): Claim[] {
  const msOf = (work: WorkName, name: ContestantName): number | null =>
    measured.find((one) => one.work === work && one.contestant === name)?.medianMs ?? null;
  const claims = ratios.map(([work, slower, faster, atLeast]): Claim => {
    const [slow, fast] = [msOf(work, slower), msOf(work, faster)];
    return { claim: `${work}: ${faster} over ${slower}`, value: slow === null || fast === null ? null : slow / fast, atLeast }; // prettier-ignore
  });
  const decode = measured.find(({ work, contestant }) => work === 'decode' && contestant === two);
  const tokens = decode === undefined ? null : figureOf(decode).value;
  return [...claims, { claim: `decode: tokens a second of ${two}`, value: tokens, atLeast: 1000 }];
}

/** Products are right; all train the same model from the same weights on the same batches. */
function agreementsOf(measured: readonly Measured[]): Agreement[] {
  const products = measured.filter(({ work }) => work in matmulSizes).map(({ work, contestant, first }) => ({
    what: `${work}: ${contestant} against float64`, difference: Math.max(...first), atMost: 1e-4,
  })); // prettier-ignore
  const steps = measured.filter(({ work }) => work === 'step');
  const ours = steps.find(({ contestant }) => contestant === two)?.first ?? [];
  const losses = steps.filter(({ contestant }) => contestant !== two).map(({ contestant, first }) => ({
    what: `step: losses 1 to ${first.length} of ${contestant} against ${two}`,
    difference: Math.max(...first.map((loss, i) => Math.abs(loss - (ours[i] ?? Number.NaN)))), atMost: 1e-4,
  })); // prettier-ignore
  return [...products, ...losses];
}
