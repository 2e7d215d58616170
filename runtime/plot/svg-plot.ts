// Takes: curves. Gives: their picture as SVG with a legend, and the style it needs.
// Promises: light and dark by the page's scheme; its letters are readable at the width of a phone.
import { escapeHtml } from './page.ts';
import { type Extent, extentOf, roundTicks, type Series, smoothed, tickText } from './series.ts';

const [width, height, left, right, top, bottom] = [720, 400, 68, 14, 12, 42];

/** `label` is read to those who do not see it. */
export function plotSvg(series: readonly Series[], label: string): string {
  const extent = extentOf(series);
  if (extent === null) return '<p>No steps yet.</p>';
  const [x, y] = scalesOf(extent);
  const curves = series.map((each) => curveSvg(each, x, y));
  return (
    `<figure class="plot"><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(label)}">` +
    `${axesSvg(extent, x, y)}${curves.join('')}</svg><figcaption>${series.map(legendEntry).join('')}</figcaption></figure>`
  );
}

type Scale = (value: number) => number;

function scalesOf({ x, y }: Extent): [Scale, Scale] {
  return [
    (value) => left + ((width - left - right) * (value - x[0])) / (x[1] - x[0]),
    (value) => top + ((height - top - bottom) * (y[1] - value)) / (y[1] - y[0]),
  ];
}

function axesSvg(extent: Extent, x: Scale, y: Scale): string {
  const [xs, ys] = [roundTicks(extent.x, 5), roundTicks(extent.y, 5)];
  const rows = ys.map((tick) => `<line x1="${left}" x2="${width - right}" y1="${round(y(tick))}" y2="${round(y(tick))}"/><text x="${left - 8}" y="${round(y(tick) + 5)}" text-anchor="end">${tickText(tick, ys)}</text>`); // prettier-ignore
  const columns = xs.map((tick) => `<text x="${round(x(tick))}" y="${height - 14}" text-anchor="${x(tick) > width - 40 ? 'end' : 'middle'}">${tickText(tick, xs)}</text>`); // prettier-ignore
  return `<g class="axes">${rows.join('')}${columns.join('')}</g>`;
}

/** A noisy line stands faint behind its mean. */
function curveSvg({ name, tone, points, dots }: Series, x: Scale, y: Scale): string {
  const line = (list: Series['points'], kind: string): string =>
    `<polyline class="${tone}${kind}" points="${list.map((point) => `${round(x(point.x))},${round(y(point.y))}`).join(' ')}"/>`;
  if (dots) {
    const circles = points.map((point) => `<circle class="${tone}" cx="${round(x(point.x))}" cy="${round(y(point.y))}" r="4"><title>${escapeHtml(name)}, step ${point.x}: ${point.y.toFixed(4)}</title></circle>`); // prettier-ignore
    return line(points, ' thin') + circles.join('');
  }
  const mean = smoothed(points);
  return tone === 'quiet' || mean === points ? line(points, '') : line(points, ' faint') + line(mean, '');
}

function legendEntry({ name, tone, dots }: Series): string {
  return `<span><i class="${tone}${dots ? ' dots' : ''}"></i>${escapeHtml(name)}</span>`;
}

const round = (value: number): number => Number(value.toFixed(1));

/** Goes into the page's style once. */
export const plotStyle = `
.plot { margin: 0; --first: light-dark(#1d5fd1, #7eb0ff); --second: light-dark(#c2410c, #fb923c); --quiet: light-dark(#8794b3, #75839f); }
.plot svg { display: block; width: 100%; height: auto; }
.plot text { fill: var(--ink); font-size: 13px; } .axes line { stroke: var(--faint); }
.plot polyline { fill: none; stroke-width: 2; stroke-linejoin: round; vector-effect: non-scaling-stroke; }
.plot polyline.faint { opacity: 0.3; stroke-width: 1; } .plot polyline.thin { stroke-width: 1.25; stroke-dasharray: 5 4; }
.plot polyline.quiet { stroke-width: 1.25; }
.plot .first { stroke: var(--first); } .plot .second { stroke: var(--second); } .plot .quiet { stroke: var(--quiet); }
.plot circle.first, .plot i.first { fill: var(--first); background: var(--first); } .plot circle.second, .plot i.second { fill: var(--second); background: var(--second); }
.plot circle.quiet, .plot i.quiet { fill: var(--quiet); background: var(--quiet); } .plot circle { stroke: none; }
.plot figcaption { display: flex; flex-wrap: wrap; gap: 4px 20px; margin-top: 6px; }
.plot figcaption i { display: inline-block; width: 20px; height: 3px; margin-right: 7px; vertical-align: middle; border-radius: 2px; }
.plot figcaption i.dots { width: 9px; height: 9px; border-radius: 50%; }
@media (max-width: 560px) { .plot text { font-size: 23px; } .plot circle { r: 7px; } }`;
