// Takes: the curves of two models. Gives: their picture for the terminal, with a legend, and as series for a page.
// Promises: the legend holds the figures that the picture only shows.
import { marks, plotText } from '../plot/terminal-plot.ts';
import type { Series } from '../plot/series.ts';
import type { BothCurves, Curve } from './train-both.ts';

export interface CurvePaint {
  readonly first: (text: string) => string;
  readonly second: (text: string) => string;
}

/** Training losses as lines, held-out losses as dots. */
export function curveSeries({ a, b }: BothCurves): Series[] {
  const pair = [[a, 'first'], [b, 'second']] as const; // prettier-ignore
  return [
    ...pair.map(([curve, tone]) => ({ name: curve.name, tone, points: lossPoints(curve), dots: false })),
    ...pair.map(([curve, tone]) => ({ name: `${curve.name}, held out`, tone, points: heldPoints(curve), dots: true })),
  ].filter(({ points }) => points.length > 0);
}

const lossPoints = ({ loss }: Curve): Series['points'] => loss.map((y, i) => ({ x: i + 1, y }));
const heldPoints = ({ validation }: Curve): Series['points'] =>
  validation.map(({ step, loss }) => ({ x: step, y: loss }));

/** `paint` null: no colours, so each curve has a mark of its own. */
export function printCurves(curves: BothCurves, paint: CurvePaint | null, width: number): string {
  const lines = curveSeries(curves).filter(({ dots }) => !dots);
  const colors = paint === null ? null : [paint.first, paint.second];
  const picture = plotText(lines, { width: Math.min(100, width), height: 18, paint: colors });
  const names = Math.max(curves.a.name.length, curves.b.name.length);
  const legend = [curves.a, curves.b].map((curve, i) => {
    const facts = curveFacts(curve).map(([name, value]) => `${name} ${value}`);
    const mark = colors === null ? (marks[i] ?? '') : (colors[i] ?? String)('━━');
    return `  ${mark} ${curve.name.padEnd(names)}  ${facts.join('  ')}`;
  });
  return [picture, ...legend, `  ${verdict(curves)}`].join('\n');
}

/** Names and values. */
export function curveFacts({ loss, validation, tokensPerSecond, fault }: Curve): [string, string][] {
  const [first, last] = [validation[0], validation.at(-1)];
  const held = first === undefined || last === undefined ? '-' : `${first.loss.toFixed(3)} -> ${last.loss.toFixed(3)}`;
  return [
    ['loss', loss.at(-1)?.toFixed(3) ?? '-'],
    ['held out', held],
    ['tokens/s', tokensPerSecond.toLocaleString('en')],
    ...(fault === null ? [] : [['ended', fault] satisfies [string, string]]),
  ];
}

/** Which learned more, by held-out loss at the last step that both validated. */
export function verdict({ a, b, steps, interrupted }: BothCurves): string {
  const step = a.validation.findLast((each) => b.validation.some((other) => other.step === each.step))?.step;
  const at = (curve: Curve): number | undefined => curve.validation.find((each) => each.step === step)?.loss;
  const [first, second] = [at(a), at(b)];
  const done = Math.max(a.steps, b.steps);
  const where = interrupted ? `stopped after ${done} of ${steps} steps; ` : '';
  if (step === undefined || first === undefined || second === undefined) return `${where}no common validation`;
  const better =
    first === second
      ? 'both are equal'
      : `${first < second ? a.name : b.name} is better by ${Math.abs(first - second).toFixed(3)}`;
  return `${where}at step ${step} on held-out data ${better} (one seed)`;
}
