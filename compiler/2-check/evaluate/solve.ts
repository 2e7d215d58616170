// Takes: `solve(params = budget +- 2%, aspect = 128 in 100..200, step = 512)` in a model.
// Gives: [d_model, n_layers]: among all sizes d_model = step * k, n_layers with the aspect in range, that pass the
//   shape checks and are within the tolerance, the one nearest the preferred aspect, then nearest the target.
// Promises: deterministic; without a solution a fault that names the three nearest sizes.
import type { Span } from '../../../grammar/source.ts';
import type { Expr } from '../../1-syntax/ast.ts';
import { take, required, type Evaluate } from './functions.ts';
import { fail, Stop, type Section } from './section.ts';

type CallExpr = Extract<Expr, { kind: 'call' }>;

interface Goal {
  readonly target: number;
  readonly tolerance: number;
  readonly aspect: number;
  readonly range: readonly [number, number];
  readonly step: number;
  readonly span: Span;
}

interface Candidate {
  readonly dModel: number;
  readonly nLayers: number;
  readonly params: number;
}

const mostSteps = 1024;
/** As the checker takes at most. */
const mostLayers = 4096;
/** Layers counted in all: sizes that would take longer than people wait are refused. */
const mostCounted = 100_000;

export function solve(call: CallExpr, section: Section, evaluate: Evaluate): readonly [number, number] {
  const goal = readGoal(call, section, evaluate);
  const error = (c: Candidate): number => Math.abs(c.params - goal.target);
  const offAspect = (c: Candidate): number => Math.abs(c.dModel / c.nLayers - goal.aspect);
  const [best] = fitting(goal, section).sort(
    (a, b) => offAspect(a) - offAspect(b) || error(a) - error(b) || a.dModel - b.dModel,
  );
  if (best !== undefined) return [best.dModel, best.nLayers];
  const nearest = around(goal, section).sort((a, b) => error(a) - error(b) || a.dModel - b.dModel);
  if (nearest.length === 0) throw noCandidate(goal, section);
  const shown = nearest.slice(0, 3).map((c) => `${c.dModel} x ${c.nLayers} (${short(c.params)})`);
  const { target, tolerance } = goal;
  return fail(section, 'solve-infeasible', call.span, { target, tolerance, nearest: shown.join(', ') });
}

/** No size passed the shape checks: the reason is a fault of the model, so report that. */
function noCandidate(goal: Goal, section: Section): Stop {
  const dModel = goal.step;
  section.world.explainWith(sizes(dModel, Math.max(1, Math.round(dModel / goal.aspect))));
  return new Stop('solve');
}

/** The depths that one d_model may have. */
interface Depths {
  readonly dModel: number;
  readonly from: number;
  readonly to: number;
  /** Parameters at a depth; null: faulty there. */
  readonly count: (nLayers: number) => number | null;
}

/** Every d_model in order, each with its range of depths, until `visit` says that larger ones are too large. */
function eachWidth(goal: Goal, section: Section, visit: (depths: Depths) => 'sound' | 'faulty' | 'too large'): void {
  const [low, high] = goal.range;
  let [sound, layers] = [false, 0];
  for (let k = 1; k <= mostSteps && (sound || k <= 32); k += 1) {
    const dModel = goal.step * k;
    const counted = new Map<number, number | null>();
    const count = (nLayers: number): number | null => {
      const known = counted.get(nLayers);
      if (known !== undefined) return known;
      layers += nLayers;
      if (layers > mostCounted) {
        const message = 'there are too many sizes to try: take a larger step or a narrower range of aspects';
        return fail(section, 'wrong-arguments', goal.span, { callee: 'solve', message });
      }
      const params = section.world.countWith(sizes(dModel, nLayers));
      counted.set(nLayers, params);
      return params;
    };
    const found = visit({
      dModel,
      from: Math.max(1, Math.ceil(dModel / high)),
      to: Math.min(mostLayers, Math.floor(dModel / low)),
      count,
    });
    if (found === 'too large') return;
    sound ||= found === 'sound';
  }
}

/** Sizes within the tolerance. More layers never have fewer parameters, so few depths need counting. */
function fitting(goal: Goal, section: Section): Candidate[] {
  const [least, most] = [goal.target - goal.tolerance, goal.target + goal.tolerance];
  const fits: Candidate[] = [];
  eachWidth(goal, section, (depths) => {
    const { dModel, from, to, count } = depths;
    const deepest = count(to);
    if (deepest !== null && deepest < least) return 'sound';
    const shallowest = count(from);
    if (shallowest !== null && shallowest > most) return 'too large';
    for (let nLayers = firstAtLeast(least, depths); nLayers <= to; nLayers += 1) {
      const params = count(nLayers);
      if (params !== null && params > most) break;
      if (params !== null && params >= least) fits.push({ dModel, nLayers, params });
    }
    return shallowest === null && deepest === null ? 'faulty' : 'sound';
  });
  return fits;
}

/** Sizes on both sides of the target, to name the nearest when none fits. */
function around(goal: Goal, section: Section): Candidate[] {
  const candidates: Candidate[] = [];
  eachWidth(goal, section, ({ dModel, from, to, count }) => {
    if (count(from) === null && count(to) === null) return 'faulty';
    let [found, above] = [0, 0];
    for (let nLayers = from; nLayers <= to && above < 3; nLayers += 1) {
      const params = count(nLayers);
      if (params === null) continue;
      found += 1;
      candidates.push({ dModel, nLayers, params });
      if (params > goal.target) above += 1;
    }
    if (found > 0 && found === above) return 'too large';
    return found > 0 ? 'sound' : 'faulty';
  });
  return candidates;
}

/** By halving; where some size is faulty all depths are tried, unless both ends are. */
function firstAtLeast(least: number, { from, to, count }: Depths): number {
  if (count(from) === null && count(to) === null) return to + 1;
  let [low, high] = [from, to];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const params = count(middle);
    if (params === null) return from;
    if (params < least) low = middle + 1;
    else high = middle;
  }
  return low;
}

function sizes(dModel: number, nLayers: number): ReadonlyMap<string, number> {
  return new Map([
    ['d_model', dModel],
    ['n_layers', nLayers],
  ]);
}

function readGoal(call: CallExpr, section: Section, evaluate: Evaluate): Goal {
  const parts = take('solve', call, ['params', 'aspect', 'step'], section);
  const part = (name: string): Expr => required('solve', name, parts, call, section);
  const params = binary(part('params'), '+-', 'params = target +- tolerance', section);
  const aspect = binary(part('aspect'), 'in', 'aspect = preferred in low..high', section);
  const range = binary(aspect.right, '..', 'aspect = preferred in low..high', section);
  const target = positive(params.left, section, evaluate, 'params');
  const margin = evaluate(params.right, section);
  const step = positive(part('step'), section, evaluate, 'step');
  if (!Number.isInteger(step))
    return fail(section, 'not-whole', part('step').span, { key: 'solve: step', value: step });
  return {
    target,
    tolerance: margin.measure === 'percent' ? margin.value * target : margin.value,
    aspect: positive(aspect.left, section, evaluate, 'aspect'),
    range: [positive(range.left, section, evaluate, 'aspect'), positive(range.right, section, evaluate, 'aspect')],
    step,
    span: call.span,
  };
}

function binary(expr: Expr, operator: string, form: string, section: Section): Extract<Expr, { kind: 'binary' }> {
  if (expr.kind === 'group') return binary(expr.value, operator, form, section);
  if (expr.kind === 'binary' && expr.operator === operator) return expr;
  return fail(section, 'wrong-arguments', expr.span, { callee: 'solve', message: `write ${form}` });
}

function positive(expr: Expr, section: Section, evaluate: Evaluate, key: string): number {
  const { value } = evaluate(expr, section);
  if (value > 0 && Number.isFinite(value)) return value;
  return fail(section, 'out-of-range', expr.span, { key: `solve: ${key}`, value, range: 'above 0' });
}

/** 2.970B, 494.3M */
function short(params: number): string {
  if (params >= 1e9) return `${(params / 1e9).toFixed(3)}B`;
  return params >= 1e6 ? `${(params / 1e6).toFixed(1)}M` : `${(params / 1e3).toFixed(1)}K`;
}
