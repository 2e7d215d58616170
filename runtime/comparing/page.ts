// Takes: comparisons of models. Gives: one HTML file with all that is known of each.
// Promises: no network, light and dark, readable on a phone; says what the terminal says.
import { keyGroups, mainCosts, percentText, showCost } from '../../compiler/explain/diff/print.ts';
import { escapeHtml, pageHtml } from '../plot/page.ts';
import { plotStyle } from '../plot/svg-plot.ts';
import type { Comparison } from './comparison.ts';
import { compiledSection, costSection, curveSection, keySection, layerSection, parameterSection } from './page-sections.ts'; // prettier-ignore
import { comparisonStyle } from './page-style.ts';
import { placeText } from './place.ts';
import { namesOf } from './side.ts';

export function comparisonHtml(comparisons: readonly Comparison[]): string {
  const [first] = comparisons;
  const title = first === undefined ? 'modelc diff' : `${namesOf(first.pair).join(' and ')}: modelc diff`;
  const body = comparisons.map(comparisonBody).join('\n<hr>\n');
  const contents = comparisons.length > 1 ? contentsOf(comparisons) : '';
  return pageHtml({ title, body: `${contents}${body}`, style: `${plotStyle}${comparisonStyle}` });
}

function contentsOf(comparisons: readonly Comparison[]): string {
  const rows = comparisons.map((each, i) => {
    const keys = (keyGroups(each.diff)[0]?.keys ?? []).map(({ path }) => path).join(', ');
    const [parameters] = mainCosts(each.diff.costs);
    const change = parameters === undefined || parameters.a === parameters.b ? '=' : percentText(parameters);
    return `<tr><th><a href="#${anchor(i)}">${escapeHtml(namesOf(each.pair)[1])}</a></th><td><code>${escapeHtml(keys)}</code></td><td class="number">${escapeHtml(change)}</td></tr>`;
  });
  return `<h1>${comparisons.length} comparisons</h1><div class="wide"><table class="contents"><thead><tr><th>model</th><th>keys that the text sets</th><th class="number">parameters</th></tr></thead><tbody>${rows.join('')}</tbody></table></div>\n<hr>\n`;
}

const anchor = (index: number): string => `comparison-${index + 1}`;

function comparisonBody(comparison: Comparison, index: number): string {
  const { pair, diff } = comparison;
  const [first, second] = namesOf(pair);
  const places = [pair.a, pair.b].map(({ place, model }) => placeText({ ...place, model: model.name }));
  const head =
    `<header id="${anchor(index)}"><h1><span class="a">${escapeHtml(first)}</span> <span class="arrow">→</span> <span class="b">${escapeHtml(second)}</span></h1>` +
    `<p class="soft">${places.map((place) => `<code>${escapeHtml(place)}</code>`).join(' → ')}</p></header>`;
  const rest = [curveSection(comparison), compiledSection(comparison)];
  if (diff.same) return `${head}<p class="same">The same function: nothing differs.</p>${rest.join('')}`;
  const [curves = '', compiled = ''] = rest;
  return [head, tiles(comparison), curves, keySection(diff), layerSection(diff, first, second), costSection(diff, first, second), parameterSection(diff), compiled].join('\n'); // prettier-ignore
}

/** The figures that are looked for first. */
function tiles({ diff }: Comparison): string {
  const { elements, totalElements } = diff.parameters.loads;
  const figures = mainCosts(diff.costs).map((cost) => {
    const change = cost.a === cost.b ? 'no change' : percentText(cost);
    return tile(cost.name, showCost(cost.b, cost.unit), change);
  });
  const share = `${((100 * elements) / Math.max(1, totalElements)).toFixed(1)} %`;
  return `<div class="tiles">${figures.join('')}${tile('filled by a checkpoint', share, 'of the numbers')}</div>`;
}

function tile(name: string, value: string, note: string): string {
  return `<div><span>${escapeHtml(name)}</span><b>${escapeHtml(value)}</b><small>${escapeHtml(note)}</small></div>`;
}
