// Takes: routed edges and the places of cells. Gives: the lines.
// Promises: edges of one source that turn in one channel share a track; others keep apart.
import type { LineShape, Point } from '../draw/drawing.ts';
import type { Cell } from './cell.ts';
import type { Places } from './layout.ts';
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
  for (const route of routes) {
    put(route.low, lowOwner(route));
    put(route.high, highOwner(route));
  }
  return owners;
}

const lowOwner = ({ edge }: Route): string => `from ${edge.from}`;
const highOwner = ({ edge }: Route): string => `to ${edge.to} from ${edge.from}`;

export function trackCounts(routes: readonly Route[]): ReadonlyMap<number, number> {
  return new Map([...trackOwners(routes)].map(([channel, owners]) => [channel, owners.length]));
}

export function drawEdges(
  cells: readonly Cell[],
  routes: readonly Route[],
  places: Places,
  gap: { readonly channel: number; readonly track: number },
): LineShape[] {
  const owners = trackOwners(routes);
  const heightOf = (channel: number, owner: string): number =>
    (places.channels[channel] ?? 0) - gap.channel / 2 - gap.track * (owners.get(channel) ?? []).indexOf(owner);
  const operators = new Set(cells.filter(({ look }) => look === 'operator').map(({ id }) => id));
  const straight = new Set(
    routes.filter(({ low, side, link }) => low === null && !side && !link).map(({ edge }) => edge.to),
  );
  return routes.map((route) => {
    const { edge } = route;
    const points = pointsOf(route, places, heightOf, straight.has(edge.to) && !operators.has(edge.to));
    const weight = edge.link === true ? 'link' : edge.strong === true ? 'strong' : 'thin';
    return { kind: 'line', points, weight, arrow: edge.link !== true };
  });
}

function pointsOf(
  route: Route,
  places: Places,
  heightOf: (channel: number, owner: string) => number,
  /** Another edge enters in the middle. */
  aside: boolean,
): Point[] {
  const { edge, fromColumn, toColumn, side, low, high, lane } = route;
  const [source, target] = [places.inner.get(edge.from), places.inner.get(edge.to)];
  if (source === undefined || target === undefined) return [];
  if (route.link) {
    const [from, to, outer] = [source.y + source.height / 2, target.y + target.height / 2, columnCenter(places, 0)];
    return [[source.x, from], [outer, from], [outer, to], [target.x, to]]; // prettier-ignore
  }
  const x = columnCenter(places, fromColumn);
  const start: Point = [x, source.y];
  const bottom = target.y + target.height;
  if (side) {
    const y = target.y + target.height / 2;
    return [start, [x, y], [x < target.x ? target.x : target.x + target.width, y]];
  }
  if (low === null) return [start, [x, bottom]];
  const middle = columnCenter(places, toColumn);
  const shift = Math.min(14, target.width / 4) * Math.sign((lane === null ? x : Infinity) - middle);
  const end: Point = [aside ? middle + shift : middle, bottom];
  const lowY = heightOf(low, lowOwner(route));
  if (lane === null || high === null) return [start, [x, lowY], [end[0], lowY], end];
  const [laneX, highY] = [columnCenter(places, lane), heightOf(high, highOwner(route))];
  return [start, [x, lowY], [laneX, lowY], [laneX, highY], [end[0], highY], end];
}

/** The middle of a cell over several columns may be the gap between two. */
function columnCenter({ columns }: Places, column: number): number {
  const [a, b] = [columns[Math.floor(column)], columns[Math.ceil(column)]];
  if (a === undefined || b === undefined) return 0;
  return a === b ? (a.left + a.right) / 2 : (a.right + b.left) / 2;
}
