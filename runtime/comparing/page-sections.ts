// Takes: a comparison of two models. Gives: the sections of its page.
// Promises: a section with nothing to say is empty; every text is escaped.
import { printGraphs, printKernels } from '../../compiler/explain/diff/compiled/print.ts';
import type { CostDelta } from '../../compiler/explain/diff/costs.ts';
import type { ModelDiff } from '../../compiler/explain/diff/diff.ts';
import type { ChangedKey } from '../../compiler/explain/diff/keys.ts';
import { type LayerChange, layersText } from '../../compiler/explain/diff/layers.ts';
import { deltaText, keyGroups, loadsText, type Paint, parameterRows, showCost } from '../../compiler/explain/diff/print.ts'; // prettier-ignore
import { escapeHtml } from '../plot/page.ts';
import { plotSvg } from '../plot/svg-plot.ts';
import type { Comparison } from './comparison.ts';
import { curveFacts, curveSeries, verdict } from './curves.ts';

const section = (title: string, inside: string): string =>
  inside === '' ? '' : `<section><h2>${escapeHtml(title)}</h2>${inside}</section>`;

export function curveSection({ curves }: Comparison): string {
  if (curves === null) return '';
  const rows = [curves.a, curves.b].map((curve, i) => {
    return `<tr><th class="${i === 0 ? 'a' : 'b'}">${escapeHtml(curve.name)}</th>${curveFacts(curve).map(([name, value]) => `<td><span class="label">${name}</span>${escapeHtml(value)}</td>`).join('')}</tr>`; // prettier-ignore
  });
  const plot = plotSvg(curveSeries(curves), 'training losses of both models over steps');
  return section(
    'training',
    `${plot}<table class="facts">${rows.join('')}</table><p>${escapeHtml(verdict(curves))}</p>`,
  );
}

export function keySection(diff: ModelDiff): string {
  return keyGroups(diff).map(({ title, keys }) => section(title, keys.map(keyRow).join(''))).join(''); // prettier-ignore
}

function keyRow({ path, a, b, from }: ChangedKey): string {
  const why = from.length === 0 ? '' : `<span class="from">from ${from.map((each) => `<code>${escapeHtml(each)}</code>`).join(', ')}</span>`; // prettier-ignore
  const kind = Math.max(a?.length ?? 0, b?.length ?? 0) > 20 ? 'key long' : 'key';
  return `<div class="${kind}"><div class="path"><code>${escapeHtml(path)}</code>${why}</div><div class="a">${valueHtml(a)}</div><div class="b">${valueHtml(b)}</div></div>`;
}

/** Equations each on their line. */
function valueHtml(value: string | null): string {
  if (value === null) return '<span class="none">none</span>';
  const text = value.includes('{') ? value : value.replaceAll('; ', '\n');
  return `<code>${escapeHtml(text)}</code>`;
}

export function layerSection({ layers }: ModelDiff, first: string, second: string): string {
  return section('layers', layers.map((change) => layerRow(change, first, second)).join(''));
}

function layerRow(change: LayerChange, first: string, second: string): string {
  const { layers, a, b } = change;
  const column = (own: LayerChange['a'], other: LayerChange['a'], side: 'a' | 'b', name: string): string => {
    const lines = (own ?? []).map((line) => `<li${other?.includes(line) === true ? '' : ' class="differs"'}><code>${escapeHtml(line)}</code></li>`); // prettier-ignore
    const inside = own === null ? '<p class="none">no such layer</p>' : `<ul>${lines.join('')}</ul>`;
    return `<div class="${side}"><h4>${escapeHtml(name)}</h4>${inside}</div>`;
  };
  const times = layers.length === 1 ? '' : ` <small>${layers.length} of them</small>`;
  return `<h3>${escapeHtml(layersText(change))}${times}</h3><div class="sides">${column(a, b, 'a', first)}${column(b, a, 'b', second)}</div>`;
}

export function costSection({ costs }: ModelDiff, first: string, second: string): string {
  const changed = costs.filter(({ a, b }) => a !== b);
  const same = costs.filter(({ a, b }) => a === b).map(({ name }) => name);
  const note = same.length === 0 ? '' : `<p class="soft">Equal: ${escapeHtml(same.join(', '))}.</p>`;
  if (changed.length === 0) return section('costs', note);
  const head = `<tr><th></th><th class="number a">${escapeHtml(first)}</th><th class="number b">${escapeHtml(second)}</th><th class="number">change</th></tr>`;
  return section('costs', `<table class="costs"><thead>${head}</thead><tbody>${changed.map(costRow).join('')}</tbody></table>${note}`); // prettier-ignore
}

function costRow(cost: CostDelta): string {
  const { name, unit, a, b } = cost;
  return `<tr><th>${escapeHtml(name)}</th><td class="number">${showCost(a, unit)}</td><td class="number">${showCost(b, unit)}</td><td class="number">${escapeHtml(deltaText(cost))}${changeBar(cost)}</td></tr>`;
}

/** How much less or more, from the middle; four times as much, or a quarter, fills a half. */
function changeBar({ a, b }: CostDelta): string {
  if (a <= 0 || b <= 0) return '';
  const part = Math.max(-1, Math.min(1, Math.log(b / a) / Math.log(4)));
  const [left, width] = [50 + Math.min(0, part) * 50, Math.abs(part) * 50];
  return `<span class="bar"><i style="left:${left.toFixed(1)}%;width:${Math.max(0.7, width).toFixed(1)}%"></i></span>`;
}

export function parameterSection({ parameters }: ModelDiff): string {
  const { elements, totalElements } = parameters.loads;
  const share = (100 * elements) / Math.max(1, totalElements);
  const load = `<p>${escapeHtml(sentence(loadsText(parameters)))}</p><div class="load"><i style="width:${share.toFixed(2)}%"></i></div>`;
  const rows = parameterRows(parameters).map(([word, name, what]) => `<tr><td><span class="${word}">${word}</span></td><th><code>${escapeHtml(name)}</code></th><td><code>${escapeHtml(what)}</code></td></tr>`); // prettier-ignore
  const table = rows.length === 0 ? '' : `<table class="parameters">${rows.join('')}</table>`;
  return section('parameters', load + table);
}

const sentence = (text: string): string => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;

/** Ops and kernels as the terminal has them, folded. */
export function compiledSection({ graphs, kernels }: Comparison): string {
  const parts: string[] = [];
  if (graphs !== null) parts.push(...(typeof graphs === 'string' ? [printGraphs(graphs, marked)] : graphs.map((graph) => printGraphs([graph], marked)))); // prettier-ignore
  if (kernels !== null) parts.push(...(typeof kernels === 'string' ? [printKernels(kernels, marked)] : kernels.map((each) => printKernels([each], marked)))); // prettier-ignore
  const folds = parts.map((text) => {
    const [title = '', ...lines] = text.split('\n');
    return `<details><summary>${painted(title)}</summary><pre>${painted(lines.join('\n'))}</pre></details>`;
  });
  return section('compiled', folds.join(''));
}

/** Colours as characters that no text has, so that the text can be escaped first. */
const marked: Paint = {
  red: (text) => `\u0001${text}\u0004`,
  green: (text) => `\u0002${text}\u0004`,
  bold: (text) => `\u0003${text}\u0004`,
  dim: (text) => text,
};

function painted(text: string): string {
  const tags: Record<string, string> = { '\u0001': '<span class="gone">', '\u0002': '<span class="come">', '\u0003': '<span class="strong">', '\u0004': '</span>' }; // prettier-ignore
  return Object.entries(tags).reduce((html, [mark, tag]) => html.replaceAll(mark, tag), escapeHtml(text));
}
