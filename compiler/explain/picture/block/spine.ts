// Takes: a block's flow. Gives: where each node stands: its rank above the input and its column, the residual stream's is 0.
// Promises: no two nodes at one place; a branch stands in columns of its own as far up as it reaches.
import type { Flow, FlowNode } from './flow.ts';

export interface Stand {
  readonly rank: number;
  readonly column: number;
  readonly columns: number;
}

export interface Stands {
  readonly places: ReadonlyMap<number, Stand>;
  /** From the input to the output. */
  readonly spine: ReadonlySet<number>;
}

export function standsOf(flow: Flow): Stands {
  const ranks = ranksOf(flow);
  const spine = spineOf(flow);
  const places = new Map<number, Stand>();
  for (const id of spine) places.set(id, { rank: ranks.get(id) ?? 0, column: 0, columns: 1 });
  const taken: { from: number; to: number; first: number; last: number }[] = [];
  for (const branch of branchesOf(flow, spine)) {
    const inner = columnsOf(flow, branch, ranks);
    const width = Math.max(...[...inner.values()].map(({ column, columns }) => column + columns));
    const rankOf = (id: number): number => ranks.get(id) ?? 0;
    const from = Math.min(...branch.map(rankOf));
    const to = Math.max(...branch.flatMap((id) => [rankOf(id), ...usersOf(flow, id).map(rankOf)]));
    const clear = (first: number): boolean =>
      !taken.some((each) => each.to >= from && each.from <= to && each.first < first + width && first <= each.last);
    // To the right of the stream if there is room, else to the left, else farther out.
    const starts = Array.from({ length: 2 * flow.nodes.size + 2 }, (_, i) => (i % 2 === 0 ? 1 + i / 2 : -((i - 1) / 2) - width)); // prettier-ignore
    const first = starts.find(clear) ?? 1;
    taken.push({ from, to, first, last: first + width - 1 });
    for (const [id, { column, columns }] of inner) {
      const start = first > 0 ? first + column : first + width - column - columns;
      places.set(id, { rank: rankOf(id), column: start, columns });
    }
  }
  return { places, spine };
}

export function usersOf({ nodes }: Flow, id: number): number[] {
  return [...nodes.values()].filter(({ inputs }) => inputs.includes(id)).map((node) => node.id);
}

/** Longest way from what has no input. Nodes come after their inputs. */
function ranksOf({ nodes }: Flow): ReadonlyMap<number, number> {
  const ranks = new Map<number, number>();
  for (const { id, inputs } of nodes.values()) {
    ranks.set(id, inputs.length === 0 ? 0 : 1 + Math.max(...inputs.map((input) => ranks.get(input) ?? 0)));
  }
  return ranks;
}

/** What the residual stream would rather not pass through. */
const costs: { readonly [K in FlowNode['kind']]: number } = {
  input: 0,
  operator: -1,
  number: 2,
  norm: 20,
  part: 400,
  constant: 10_000,
};

/** The way from input to output past the fewest parts and norms and through the most sums. */
function spineOf({ nodes, output }: Flow): ReadonlySet<number> {
  const best = new Map<number, { cost: number; before: number | null }>();
  for (const { id, kind, inputs } of nodes.values()) {
    const ways = inputs.map((input) => ({ cost: best.get(input)?.cost ?? 0, before: input }));
    const way = ways.toSorted((a, b) => a.cost - b.cost)[0] ?? { cost: 0, before: null };
    best.set(id, { cost: way.cost + costs[kind], before: way.before });
  }
  const spine = new Set<number>();
  for (let id: number | null = output; id !== null; id = best.get(id)?.before ?? null) spine.add(id);
  return new Set([...spine].reverse());
}

/** Nodes beside the spine that hang together, each group in order. */
function branchesOf({ nodes }: Flow, spine: ReadonlySet<number>): number[][] {
  const group = new Map<number, number[]>();
  for (const { id, inputs } of nodes.values()) {
    if (spine.has(id)) continue;
    const ids = [...new Set([...inputs.flatMap((input) => group.get(input) ?? []), id])].sort((a, b) => a - b);
    for (const each of ids) group.set(each, ids);
  }
  return [...new Set(group.values())];
}

interface Columns {
  readonly column: number;
  readonly columns: number;
}

/** A node stands over its first input, unless another already does; one that feeds several columns spans them. */
function columnsOf(flow: Flow, branch: readonly number[], ranks: ReadonlyMap<number, number>): Map<number, Columns> {
  const columns = new Map<number, Columns>();
  const tops: number[] = [];
  const reach = (id: number): number => Math.min(...usersOf(flow, id).map((user) => ranks.get(user) ?? 0));
  // Branches that join the stream lower stand nearer to it.
  const order = branch.toSorted((a, b) => (ranks.get(a) ?? 0) - (ranks.get(b) ?? 0) || reach(a) - reach(b) || a - b);
  for (const id of order) {
    const under = (flow.nodes.get(id)?.inputs ?? []).map((input) => tops.indexOf(input)).find((column) => column >= 0);
    const column = under ?? tops.length;
    tops[column] = id;
    columns.set(id, { column, columns: 1 });
  }
  for (const id of branch) {
    const rank = ranks.get(id) ?? 0;
    const above = usersOf(flow, id).flatMap((user) => (branch.includes(user) ? (columns.get(user)?.column ?? []) : []));
    const own = columns.get(id)?.column ?? 0;
    const [first, last] = [Math.min(own, ...above), Math.max(own, ...above)];
    const crossed = [...columns].some(([other, { column }]) => {
      const reached = Math.max(...usersOf(flow, other).map((user) => ranks.get(user) ?? 0));
      return other !== id && (ranks.get(other) ?? 0) < rank && rank < reached && column >= first && column <= last;
    });
    const blocked = crossed || [...columns].some(([other, at]) => other !== id && ranks.get(other) === rank && at.column + at.columns > first && at.column <= last); // prettier-ignore
    if (last > first && !blocked) columns.set(id, { column: first, columns: last - first + 1 });
  }
  return columns;
}
