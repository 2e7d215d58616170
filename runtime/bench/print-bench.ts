// Takes: the figures of a device. Gives: the text of them.
// Promises: every figure beside its ceiling; what failed says why.
import { bytes, count } from '../../compiler/explain/numbers.ts';
import { byteRate, digits, flopRate, milliseconds, percent } from '../profile/units.ts';
import type { AttentionPass, BenchReport, Ceilings, MatmulResult, Results } from './result.ts';

export function printBench({ device, ceilings, results, faults }: BenchReport): string {
  const { train, prefill, decode, matmul, attention } = results;
  const parts = [
    block('device', [device]),
    block('ceilings', ceilingLines(ceilings)),
    ...(train ? [block('train', trainLines(train))] : []),
    ...(prefill ? [block('prefill', prefillLines(prefill))] : []),
    ...(decode ? [block('decode', decodeLines(decode))] : []),
    ...(matmul ? [block('matmul', [productLine(matmul), `${percent(matmul.shareOfMatmul)} of the ceiling${inKernels(matmul)}`])] : []),
    ...(attention ? [block('attention', attentionLines(attention))] : []),
    ...Object.entries(faults).map(([name, reason]) => block(name, [`failed: ${reason}`])),
  ]; // prettier-ignore
  return parts.join('\n\n');
}

function block(title: string, lines: readonly string[]): string {
  return lines.map((line, i) => `${(i === 0 ? title : '').padEnd(10)} ${line.replaceAll('\n', ' ')}`).join('\n');
}

function ceilingLines({ copy, matmul, simdFlopsPerSecond: simd }: Ceilings): string[] {
  return [
    `copy       ${byteRate(copy.bytesPerSecond)}, read and written (${bytes(copy.bytes)})`,
    `product    ${productLine(matmul)}`,
    ...(simd === null
      ? []
      : [`registers  ${flopRate(simd)}, multiply-adds of 128 bits in all threads, without memory`]),
  ];
}

function productLine({ flopsPerSecond, type, size: { m, n, k }, ms }: MatmulResult): string {
  return `${flopRate(flopsPerSecond)}, ${type}, ${m} x ${n} x ${k}, ${milliseconds(ms)}`;
}

function trainLines(result: NonNullable<Results['train']>): string[] {
  const { batch, seq, accumulate, ms, cpuMs, tokensPerSecond, flopsPerSecond, shareOfMatmul, kernelMs, dispatches, deviceBytes } = result; // prettier-ignore
  const work = cpuMs === null ? '' : `, ${milliseconds(cpuMs)} of work for the host`;
  const parts = accumulate > 1 ? ` in ${accumulate} parts` : '';
  const gap = kernelMs === null || kernelMs > ms ? '' : `, ${milliseconds(ms - kernelMs)} between them`;
  return [
    `${titleOf(result)}, ${batch} x ${seq} tokens a step${parts}`,
    `${tokens(tokensPerSecond)}, ${milliseconds(ms)} a step${inKernels({ kernelMs })}${gap}`,
    `${flopRate(flopsPerSecond)} of model work: ${percent(shareOfMatmul)} of the product ceiling`,
    `${dispatches} dispatches a step${work}, ${bytes(deviceBytes)} on the device`,
  ];
}

function prefillLines(result: NonNullable<Results['prefill']>): string[] {
  const { batch, seq, weights, chunk, ms, tokensPerSecond, kernelMs, flopsPerSecond, shareOfMatmul, deviceBytes } =
    result;
  return [
    `${titleOf(result)} in ${weights}, ${batch} x ${seq} tokens in chunks of ${chunk}`,
    `${tokens(tokensPerSecond)}, ${milliseconds(ms)} to the logits${inKernels({ kernelMs })}`,
    `${flopRate(flopsPerSecond)} of model work: ${percent(shareOfMatmul)} of the product ceiling`,
    `${bytes(deviceBytes)} on the device`,
  ];
}

function decodeLines(result: NonNullable<Results['decode']>): string[] {
  const { batch, context, weights, ms, queuedMs, streamMs, tokensPerSecond, kernelMs, dispatches, deviceBytes, bytesPerSecond, shareOfCopy } = result; // prettier-ignore
  return [
    `${titleOf(result)} in ${weights}, ${batch === 1 ? 'one sequence' : `${batch} sequences`}, ${context} positions in the cache`,
    `${tokens(tokensPerSecond)}, ${milliseconds(streamMs)} a token that the device chooses, ${milliseconds(ms)} with its logits read, ${milliseconds(queuedMs)} without${inKernels({ kernelMs })}`,
    `${byteRate(bytesPerSecond)} of weights, cache and the rest: ${percent(shareOfCopy)} of the copy ceiling`,
    `${dispatches} dispatches a token, ${bytes(deviceBytes)} on the device`,
  ];
}

function attentionLines({ size, type, forward, both }: NonNullable<Results['attention']>): string[] {
  const { batch, heads, seq, depth } = size;
  const line = (name: string, { ms, flopsPerSecond, shareOfMatmul, kernelMs, kernels }: AttentionPass): string[] => [
    `${name}: ${flopRate(flopsPerSecond)}, ${percent(shareOfMatmul)} of the product ceiling, ${milliseconds(ms)}${inKernels({ kernelMs })}`,
    ...Object.entries(kernels).map(([kernel, time]) => `    ${kernel}  ${milliseconds(time)}`),
  ];
  return [
    `causal, ${type}, batch ${batch}, ${heads} heads, ${seq} positions, head_dim ${depth}`,
    ...line('forward', forward),
    ...line('forward and backward', both),
  ];
}

const tokens = (perSecond: number): string => `${digits(perSecond)} tokens/s`;

function titleOf({ model, parameters }: { readonly model: string; readonly parameters: number }): string {
  return `${model}, ${count(parameters)} parameters`;
}

function inKernels({ kernelMs }: { readonly kernelMs: number | null }): string {
  return kernelMs === null ? '' : `, ${milliseconds(kernelMs)} in kernels`;
}
