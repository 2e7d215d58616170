// Takes: the costs of a model. Gives: them as lines of text.
// Promises: the text says nothing that the data does not hold.
import { bytes, count, number } from '../numbers.ts';
import type { ParameterCosts } from './components.ts';
import type { Costs } from './cost.ts';

export function parameterLines({ total, active, mtp, byComponent }: ParameterCosts): string[] {
  const shares = [...Object.entries(byComponent), ['total', total] as const];
  const width = Math.max(10, ...shares.map(([name]) => name.length));
  const row = (name: string, value: number, behind: string): string =>
    `  ${name.padEnd(width)} ${count(value).padStart(9)}  ${behind}`;
  return [
    ...shares.map(([name, value]) => row(name, value, percent(value / total))),
    ...(active === total ? [] : [row('active', active, percent(active / total))]),
    ...(mtp === 0 ? [] : [row('mtp', mtp, '  beside the total')]),
  ];
}

/** Sections: work, memory. */
export function costLines({ flopsPerToken: flops, bytes: memory, intensity, settings }: Costs): string[][] {
  const { length, weights, cache, state } = settings;
  const parts = Object.entries(flops.byPart).map(([name, work]) => `${name} ${percent(work / flops.forward).trim()}`);
  const work = [
    `  forward    ${count(flops.forward)} FLOPs: ${parts.join(', ')}; scores and values ${percent(flops.attention / flops.forward).trim()}`,
    `  backward   ${count(flops.backward)} FLOPs`,
    ...(flops.training === flops.forward + flops.backward ? [] : [`  training   ${count(flops.training)} FLOPs, multi-token prediction with them`]), // prettier-ignore
    `  decode     ${count(flops.decode)} FLOPs after ${count(length)} tokens`,
    `  intensity  prefill ${number(intensity.prefill)}, decode ${number(intensity.decode)} FLOPs per byte at batch ${settings.batch}`,
  ];
  const sizes = Object.entries(memory.weights).map(([type, size]) => `${type} ${bytes(size)}`);
  const kept = [
    `  weights    ${sizes.join(', ')}`,
    ...(memory.kvPerToken === 0 ? [] : [`  KV cache   ${exact(memory.kvPerToken)} per token, ${bytes(memory.kvFull)} at ${count(length)} tokens (${cache})`]), // prettier-ignore
    ...(memory.state === 0 ? [] : [`  state      ${bytes(memory.state)} per sequence (${state})`]),
  ];
  return [
    [`per token, in sequences of ${count(length)}, weights ${weights}`, ...work],
    ['memory', ...kept],
  ];
}

/** 70272 -> `70,272 B`; from a MiB on as `bytes`. */
function exact(value: number): string {
  return value < 2 ** 20 ? `${value.toLocaleString('en-US')} B` : bytes(value);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`.padStart(7);
}
