// Takes: the costs of a model. Gives: them as lines of text.
// Promises: the text says nothing that the data does not hold.
import { bytes, count, number } from '../numbers.ts';
import type { ParameterCosts } from './components.ts';
import type { Costs } from './cost.ts';
import type { Bound, Roofline } from './roofline.ts';

export function parameterLines({ total, active, mtp, byComponent }: ParameterCosts): string[] {
  const shares = [...Object.entries(byComponent), ['total', total] as const];
  const width = Math.max(10, ...shares.map(([name]) => name.length));
  const row = (name: string, value: number, behind: string): string =>
    `  ${name.padEnd(width)} ${count(value).padStart(9)}  ${behind}`;
  return [
    ...shares.map(([name, value]) => row(name, value, percent(value / total).padStart(7))),
    ...(active === total ? [] : [row('active', active, percent(active / total).padStart(7))]),
    ...(mtp === 0 ? [] : [row('mtp', mtp, 'beside the total')]),
  ];
}

/** Sections: work, memory, training. */
export function costLines(costs: Costs): string[][] {
  const { length } = costs.settings;
  return [
    [`per token, in sequences of ${count(length)}`, ...workLines(costs)],
    ['memory', ...memoryLines(costs)],
    ['training memory', ...trainingLines(costs)],
  ];
}

function workLines({ flopsPerToken: flops, intensity, settings }: Costs): string[] {
  const parts = Object.entries(flops.byPart).map(([name, work]) => `${name} ${percent(work / flops.forward)}`);
  const { length, batch, weights } = settings;
  const mtp = flops.training - flops.forward - flops.backward;
  return [
    `  forward    ${count(flops.forward)} FLOPs: ${parts.join(', ')}`,
    `  attention  ${count(flops.attention)} FLOPs of these, scores and values; ${count(flops.withoutAttention)} without`,
    `  backward   ${count(flops.backward)} FLOPs${mtp === 0 ? '' : `; multi-token prediction adds ${count(mtp)} forward and backward`}`,
    `  decode     ${count(flops.decode)} FLOPs after ${count(length)} tokens`,
    `  intensity  prefill ${number(intensity.prefill)}, decode ${number(intensity.decode)} FLOPs per byte (weights ${weights}, batch ${batch})`,
  ];
}

function memoryLines({ bytes: memory, settings: { length, cache, state } }: Costs): string[] {
  const sizes = Object.entries(memory.weights).map(([type, size]) => `${type} ${bytes(size)}`);
  const kept = `${exact(memory.kvPerToken)} per token, ${bytes(memory.kvFull)} at ${count(length)} tokens (${cache})`;
  return [
    `  weights    ${sizes.join(', ')}`,
    ...(memory.kvPerToken === 0 ? [] : [`  KV cache   ${kept}`]),
    ...(memory.state === 0 ? [] : [`  state      ${bytes(memory.state)} per sequence (${state})`]),
  ];
}

function trainingLines({ training: memory }: Costs): string[] {
  const { type, activationsPerToken: each, recomputedPerToken: again, activationsPerSequence: sequence } = memory;
  return [
    `  activations  ${bytes(each)} per token (${type}), ${bytes(again)} when layers are run again; ${bytes(sequence)} for ${count(sequence / each)} tokens`,
    `  parameters   weights ${bytes(memory.weights)}, gradients ${bytes(memory.gradients)}, moments ${bytes(memory.moments)} (f32, adamw)`,
  ];
}

export function rooflineLines(roofline: Roofline, { settings }: Costs): string[] {
  const { device, prefill, decode, tokensPerSecond, full, training } = roofline;
  const { length, batch, weights } = settings;
  const { flops, bandwidth, memory } = device;
  const room = memory === null ? '' : `, ${number(memory / 1e9)} GB`;
  const tokens = `${count(length)} tokens`;
  const fits =
    full === null
      ? []
      : full.batch === 0
        ? [`  batch      the weights and one cache of ${tokens} do not fit`]
        : [
            `  batch      ${count(full.batch)} sequences of ${tokens} fit: ${count(full.tokensPerSecond)} tokens/s together`,
          ];
  return [
    `bound on ${device.name}: ${number(flops.bf16 / 1e12)} TFLOP/s bf16, ${number(bandwidth / 1e12)} TB/s${room} (weights ${weights}, batch ${batch})`,
    `  TTFT       ${boundText(prefill)} for a prompt of ${tokens}`,
    `  TPOT       ${boundText(decode)} after ${tokens}: ${count(tokensPerSecond)} tokens/s`,
    ...fits,
    `  training   ${count(training.tokensPerSecond)} tokens/s${training.fits === false ? '; weights, gradients and moments do not fit' : ''}`,
  ];
}

const boundText = ({ seconds, by }: Bound): string => `${duration(seconds)} (${by})`;

/** 0.0123 -> `12.3 ms` */
export function duration(seconds: number): string {
  const units: [number, string][] = [[1, 's'], [1e-3, 'ms'], [1e-6, 'us'], [1e-9, 'ns']]; // prettier-ignore
  const [size, unit] = units.find(([least]) => seconds >= least) ?? [1e-9, 'ns'];
  return `${(seconds / size).toPrecision(3)} ${unit}`;
}

/** 70272 -> `70,272 B`; from a MiB on as `bytes`. */
function exact(value: number): string {
  return value < 2 ** 20 ? `${value.toLocaleString('en-US')} B` : bytes(value);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
