// Takes: a schedule. Gives: the Python function of the learning rate.
// Promises: the formulas of training here: warm-up, then the shape of the schedule's kind.
import type { ScheduleSpec } from '../../../2-check/model.ts';
import { float } from '../python/python.ts';

type Kind = ScheduleSpec['kind'];
type SpecOf<K extends Kind> = Extract<ScheduleSpec, { readonly kind: K }>;
type Shape = SpecOf<'wsd'>['shape'];

/** 1 at t = 0, 0 at t = 1. */
const shapes: { readonly [K in Shape]: string } = {
  linear: '1 - t',
  cosine: '0.5 * (1 + math.cos(math.pi * t))',
  minus_sqrt: '1 - math.sqrt(t)',
  exponential: '2 * 0.5**t - 1',
};

const progress = (from: string): string => `t = min(1.0, max(0.0, (step - ${from}) / max(1, steps - ${from})))`;

const towards = (floor: number, fraction: string): string =>
  `return ${floor === 0 ? fraction : `${float(floor)} + ${float(1 - floor)} * (${fraction})`}`;

const rules: { readonly [K in Kind]: (spec: SpecOf<K>) => readonly string[] } = {
  constant: () => ['return 1.0'],
  cosine: ({ warmup, floor }) => [progress(String(warmup)), towards(floor, shapes.cosine)],
  wsd: ({ decay, floor, shape }) => [`decay = steps - ${decay}`, progress('decay'), towards(floor, shapes[shape])],
};

const names: { readonly [K in Kind]: string } = {
  constant: 'constant',
  cosine: 'a cosine to the floor',
  wsd: 'constant, at the end towards the floor',
};

export function scheduleText(schedule: ScheduleSpec): string {
  // The row of the schedule's own kind.
  const lines = (rules[schedule.kind] as (spec: ScheduleSpec) => readonly string[])(schedule);
  const { warmup } = schedule;
  return [
    'def lr_scale(step: int, steps: int) -> float:',
    `    """Of the peak learning rate, for steps from 0: ${warmup === 0 ? '' : 'warm-up, then '}${names[schedule.kind]}."""`,
    ...(warmup === 0 ? [] : [`    if step < ${warmup}:`, `        return (step + 1) / ${warmup}`]),
    ...lines.map((line) => `    ${line}`),
  ].join('\n');
}
