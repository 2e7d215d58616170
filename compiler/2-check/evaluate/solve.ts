// Takes: `solve(params = budget +- 2%, aspect = 128 in 100..200, step = 512)` in a model.
// Gives: [d_model, n_layers]: among all sizes d_model = step * k, n_layers with the aspect in range, that pass the
//   shape checks and are within the tolerance, the one nearest the preferred aspect, then nearest the target.
// Promises: deterministic; without a solution a fault that names the three nearest sizes.
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
}

interface Candidate {
  readonly dModel: number;
  readonly nLayers: number;
  readonly params: number;
}

const mostSteps = 1024;

export function solve(call: CallExpr, section: Section, evaluate: Evaluate): readonly [number, number] {
  const goal = readGoal(call, section, evaluate);
  const candidates = enumerate(goal, section);
  const error = (c: Candidate): number => Math.abs(c.params - goal.target);
  const offAspect = (c: Candidate): number => Math.abs(c.dModel / c.nLayers - goal.aspect);
  const [best] = candidates
    .filter((c) => error(c) <= goal.tolerance)
    .sort((a, b) => offAspect(a) - offAspect(b) || error(a) - error(b) || a.dModel - b.dModel);
  if (best !== undefined) return [best.dModel, best.nLayers];
  const nearest = [...candidates].sort((a, b) => error(a) - error(b) || a.dModel - b.dModel).slice(0, 3);
  if (nearest.length === 0) throw noCandidate(goal, section);
  const text = nearest.map((c) => `${c.dModel} x ${c.nLayers} (${short(c.params)})`).join(', ');
  const { target, tolerance } = goal;
  return fail(section, 'solve-infeasible', call.span, { target, tolerance, nearest: text });
}

/** No size passed the shape checks: the reason is a fault of the model, so report that. */
function noCandidate(goal: Goal, section: Section): Stop {
  const dModel = goal.step;
  section.world.explainWith(sizes(dModel, Math.max(1, Math.round(dModel / goal.aspect))));
  return new Stop('solve');
}

interface Depths {
  readonly from: number;
  readonly to: number;
}

type Count = (nLayers: number) => number | null;

/** Sizes near the target on both sides: enough to choose among, and to name the three nearest. */
function enumerate(goal: Goal, section: Section): Candidate[] {
  const candidates: Candidate[] = [];
  const [low, high] = goal.range;
  const most = goal.target + goal.tolerance;
  for (let k = 1; k <= mostSteps; k += 1) {
    const dModel = goal.step * k;
    const counted = new Map<number, number | null>();
    const count = (nLayers: number): number | null => {
      const known = counted.get(nLayers);
      if (known !== undefined) return known;
      const params = section.world.countWith(sizes(dModel, nLayers));
      counted.set(nLayers, params);
      return params;
    };
    const depths = { from: Math.max(1, Math.ceil(dModel / high)), to: Math.floor(dModel / low) };
    const found = near(goal, depths, count).map(([nLayers, params]) => ({ dModel, nLayers, params }));
    candidates.push(...found);
    const tooLarge = found.length > 0 && found.every(({ params }) => params > most);
    if (tooLarge || (candidates.length === 0 && k >= 32)) break;
  }
  return candidates;
}

/** Depths within the tolerance, and the three nearest on each side of it. */
function near(goal: Goal, depths: Depths, count: Count): [number, number][] {
  const least = goal.target - goal.tolerance;
  const found: [number, number][] = [];
  let above = 0;
  for (let nLayers = firstNear(least, depths, count); nLayers <= depths.to && above < 3; nLayers += 1) {
    const params = count(nLayers);
    if (params === null) continue;
    found.push([nLayers, params]);
    if (params > goal.target + goal.tolerance) above += 1;
  }
  return found;
}

/** By halving: more layers never have fewer parameters. Where some size is faulty, all depths are tried, unless all are. */
function firstNear(least: number, { from, to }: Depths, count: Count): number {
  let [low, high] = [from, to];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const params = count(middle);
    if (params === null) return count(from) === null && count(to) === null ? to + 1 : from;
    if (params < least) low = middle;
    else high = middle - 1;
  }
  return Math.max(from, low - 2);
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
