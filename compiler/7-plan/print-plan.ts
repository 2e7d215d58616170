// Takes: a Plan. Gives: its text, for people and for golden files.
// Promises: one line per tensor, kernel and dispatch, in order; the kernels' code only where asked for.
import { formatBytes } from './plan-error.ts';
import { planStats } from './plan-stats.ts';
import type { Plan, PlanBinding, PlanTensor } from './plan.ts';

export function printPlan(plan: Plan, options: { readonly code?: boolean } = {}): string {
  const stats = planStats(plan);
  const names = new Map(plan.tensors.map((tensor) => [tensor.buffer, tensor.name]));
  const arenas = plan.buffers.flatMap((buffer, index) => (buffer.kind === 'arena' ? [index] : []));
  const bufferName = (index: number): string =>
    names.get(index) ?? `arena${arenas.length > 1 ? arenas.indexOf(index) : ''}`;
  const lines = [
    `plan ${plan.name}: ${stats.dispatches} dispatches, ${stats.kernels} kernels, ${formatBytes(stats.totalBytes)}`,
    `needs ${Object.entries(plan.needs).map(([need, value]) => `${need} ${Array.isArray(value) ? value.join(' ') || '-' : String(value)}`).join(', ')}`, // prettier-ignore
    '',
    'tensors',
    ...plan.tensors.map((tensor) => `  ${printTensor(tensor)}`),
    ...arenas.map((index) => `  ${bufferName(index)} ${formatBytes(plan.buffers[index]?.bytes ?? 0)}`),
    '',
    'kernels',
    ...plan.kernels.map((kernel, index) => `  k${index} ${kernel.name}`),
    '',
    'steps',
    ...plan.steps.map(({ kernel, bindings, workgroups }, index) => {
      const bound = bindings.map((binding) => printBinding(binding, bufferName(binding.buffer))).join(' ');
      return `  ${index} k${kernel} [${trimOnes(workgroups).join(' x ')}] ${bound}`;
    }),
  ];
  if (options.code) {
    plan.kernels.forEach((kernel, index) => lines.push('', `// k${index} ${kernel.name}`, kernel.code.trimEnd()));
  }
  return `${lines.join('\n')}\n`;
}

function printTensor({ name, role, type, shape, dims, data }: PlanTensor): string {
  const axes = shape.map((size, i) => `${dims[i] ?? ''} ${size}`).join(', ');
  return `${role} ${name} ${type} [${axes}]${data ? ` = ${data.kind}` : ''}`;
}

function printBinding({ offset, bytes }: PlanBinding, buffer: string): string {
  return buffer.startsWith('arena') ? `${buffer}+${offset}:${bytes}` : buffer;
}

function trimOnes(workgroups: readonly number[]): readonly number[] {
  const last = workgroups.findLastIndex((count) => count !== 1);
  return workgroups.slice(0, Math.max(1, last + 1));
}
