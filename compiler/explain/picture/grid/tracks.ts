// Takes: routed edges and the places of cells. Gives: the lines.
// Promises: edges of one source that turn in one channel share a track; others keep apart.
import type { LineShape, Point, Rectangle } from '../draw/drawing.ts';
import type { Cell } from './cell.ts';
import { type Edge, gap, nowhere, type Places } from './grid.ts';
import type { Route } from './route.ts';

/** Channel -> owners of its tracks: sources for edges that fork, edges for those that come back from a lane. */
function trackOwners(routes: readonly Route[]): Map<number, string[]> {
  const owners = new Map<number, string[]>();
  const put = (channel: number | null, owner: string): void => {
    if (channel === null) return;
    const list = owners.get(channel) ?? [];
    if (!list.includes(owner)) list.push(owner);
    owners.set(channel, list);
  };
  for (const { edge, way } of routes) {
    if (way.kind === 'turn' || way.kind === 'lane') put(way.channel, forkOf(edge));
    if (way.kind === 'lane') put(way.back, joinOf(edge));
  }
  return owners;
}

const forkOf = ({ from }: Edge): string => `from ${from}`;
const joinOf = ({ from, to }: Edge): string => `from ${from} to ${to}`;

export function trackCounts(routes: readonly Route[]): ReadonlyMap<number, number> {
  return new Map([...trackOwners(routes)].map(([channel, owners]) => [channel, owners.length]));
}

export function drawEdges(cells: readonly Cell[], routes: readonly Route[], places: Places): LineShape[] {
  const owners = trackOwners(routes);
  const heightOf = (channel: number, owner: string): number =>
    (places.channels[channel] ?? 0) - gap.channel / 2 - gap.track * (owners.get(channel) ?? []).indexOf(owner);
  const entered = new Set(routes.filter(({ way }) => way.kind === 'straight').map(({ edge }) => edge.to));
  const lines = routes.map((route): LineShape => {
    const { edge } = route;
    const points = pointsOf(route, places, heightOf, entered.has(edge.to));
    const weight = edge.link === true ? 'link' : edge.strong === true ? 'strong' : 'thin';
    return { kind: 'line', points, weight, arrow: edge.link !== true };
  });
  return [...buses(cells, routes, places, lines), ...lines];
}

/** Over a text in several columns runs one line to what it feeds. */
function buses(
  cells: readonly Cell[],
  routes: readonly Route[],
  places: Places,
  lines: readonly LineShape[],
): LineShape[] {
  return cells.flatMap((cell) => {
    if (cell.look !== 'terminal' || (cell.columns ?? 1) === 1) return [];
    const starts = lines.flatMap(({ points }, i) => (routes[i]?.edge.from === cell.id ? [points[0]] : []));
    const xs = [center(places.inner.get(cell.id) ?? nowhere), ...starts.flatMap((point) => point?.[0] ?? [])];
    const [from, to, y] = [Math.min(...xs), Math.max(...xs), starts[0]?.[1]];
    if (y === undefined || from === to) return [];
    return [{ kind: 'line', points: [[from, y], [to, y]], weight: 'thin', arrow: false }]; // prettier-ignore
  });
}

function pointsOf(
  { edge, way }: Route,
  places: Places,
  heightOf: (channel: number, owner: string) => number,
  /** Another edge enters in the middle. */
  aside: boolean,
): Point[] {
  const [source, target] = [places.inner.get(edge.from) ?? nowhere, places.inner.get(edge.to) ?? nowhere];
  const [x, middle] = [center(source), center(target)];
  const [bottom, height] = [target.y + target.height, target.y + target.height / 2];
  const start: Point = [x, source.y];
  /** Beside what enters in the middle, towards where this one comes from. */
  const entry = (from: number): number =>
    aside ? middle + Math.min(14, target.width / 4) * Math.sign(from - middle) : middle;
  switch (way.kind) {
    case 'straight': {
      const over = typeof way.over === 'number' ? laneOf(places, way.over) : center(places.inner.get(way.over) ?? nowhere); // prettier-ignore
      return [[over, source.y], [over, bottom]]; // prettier-ignore
    }
    case 'side':
      return [start, [x, height], [x < target.x ? target.x : target.x + target.width, height]];
    case 'turn': {
      const y = heightOf(way.channel, forkOf(edge));
      return [start, [x, y], [entry(x), y], [entry(x), bottom]];
    }
    case 'lane': {
      const [outer, low] = [laneOf(places, way.lane), heightOf(way.channel, forkOf(edge))];
      const up: Point[] = [start, [x, low], [outer, low]];
      if (way.back === null) return [...up, [outer, height], [target.x + target.width, height]];
      const high = heightOf(way.back, joinOf(edge));
      return [...up, [outer, high], [entry(outer), high], [entry(outer), bottom]];
    }
    case 'link': {
      const outer = laneOf(places, 0);
      const from = source.y + source.height / 2;
      return [[source.x, from], [outer, from], [outer, height], [target.x, height]]; // prettier-ignore
    }
  }
}

function center({ x, width }: Rectangle): number {
  return x + width / 2;
}

/** The middle of a column or a lane. */
function laneOf({ columns }: Places, index: number): number {
  const column = columns[index];
  return column === undefined ? 0 : (column.left + column.right) / 2;
}
