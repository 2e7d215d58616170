// Takes: the result of a folder. Gives: its line.
// Promises: every number stands in it; what failed is said with its bound.
import pc from 'picocolors';
import { type Check, type CurveResult, type ParityResult, type ReferenceResult, withinTolerance } from './result.ts';

type Colors = ReturnType<typeof pc.createColors>;

/** `width`: of the longest name. */
export function printResult(
  result: ParityResult,
  { color, width }: { readonly color: boolean; readonly width: number },
): string {
  const colors = pc.createColors(color);
  const parts =
    result.kind === 'unread' ? [] : result.kind === 'reference' ? referenceCells(result) : curveCells(result);
  const verdict = result.pass ? colors.green('pass') : colors.red(`fail${faultsOf(result)}`);
  return [result.name.padEnd(width), ...parts.map((part) => cell(part, colors)), verdict].join('  ');
}

interface Cell {
  readonly text: string;
  readonly good: boolean;
}

function referenceCells({ checks, greedy }: ReferenceResult): Cell[] {
  const { logits, loss, gradients, grad_norm: norm, cache } = checks;
  const said = (name: string, agreement: string): Cell => ({ text: `${name} ${agreement.padEnd(7)}`, good: agreement !== 'differs' }); // prettier-ignore
  return [
    number('logits', logits),
    number('loss', loss),
    number('gradients', gradients),
    number('norm', norm),
    number('cache', cache),
    said('prefill', greedy.prefill),
    said('decode', greedy.decode),
  ];
}

function curveCells({ steps, checks, rounding }: CurveResult): Cell[] {
  const { first, all, last, grad_norm: norm } = checks;
  const cells = [number(`${steps} steps: first 20`, first), number('all', all), number('last 20', last), number('norm', norm)]; // prettier-ignore
  if (rounding === null) return cells;
  const { runs, from, before, spread } = rounding;
  const alone = `rounding alone moves the curve by ${exponent(spread)} (${runs} ${runs === 1 ? 'run' : 'runs'})`;
  const text = from === null ? alone : `to step ${from - 1} ${exponent(before)}, from there rounding decides: ${alone}`;
  return [...cells, { text, good: true }];
}

const number = (name: string, check: Check): Cell => ({ text: `${name} ${exponent(check.error)}`, good: withinTolerance(check) }); // prettier-ignore

const cell = ({ text, good }: Cell, colors: Colors): string => (good ? text : colors.red(text));

/** 0.000123 -> `1.2e-4` */
const exponent = (value: number): string => value.toExponential(1);

function faultsOf(result: ParityResult): string {
  if (result.kind === 'unread') return `: ${result.reason}`;
  const checks = Object.entries(result.checks).filter(([, check]) => !withinTolerance(check));
  const texts = checks.map(([name, { error, tolerance, at }]) => `${name.replaceAll('_', ' ')} ${exponent(error)} > ${exponent(tolerance)}${at === undefined ? '' : ` (${at})`}`); // prettier-ignore
  const greedy = result.kind === 'reference' ? [result.greedy.prefill, result.greedy.decode] : [];
  const ways = ['prefill', 'decode'].filter((_, i) => greedy[i] === 'differs').map((way) => `other tokens by ${way}`);
  return `: ${[...texts, ...ways].join(', ')}`;
}
