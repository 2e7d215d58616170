// Takes: the picture of a model. Gives: one HTML page with its figures, sizes and costs.
// Promises: no script, no network; light and dark, readable on a phone, prints.
import { formatDiagnostic } from '../../compiler/diagnostics.ts';
import { type ExplainOptions, explainModel, printExplanation } from '../../compiler/explain/explain.ts';
import type { Fact, Figure } from '../../compiler/explain/picture/figures.ts';
import { type Picture, pictureOf, type Share, type Work } from '../../compiler/explain/picture/picture.ts';
import { count, percent } from '../../compiler/explain/picture/draw/numbers.ts';
import { escapeXml, printSvg } from '../../compiler/explain/picture/draw/svg.ts';
import { explainTowers, printTowers } from '../../compiler/explain/towers.ts';
import { pictureOfTowers } from '../../compiler/explain/picture/towers.ts';
import { chooseModel, chooseTowers, type LoadedFile } from '../model-file.ts';
import { pageHtml } from '../plot/page.ts';
import { writeText } from '../write-text.ts';
import { explainStyle } from './style.ts';

/** Of the model or the towers of that name, else of the file's first. @throws UserError when the file cannot be written. */
export function writeExplainPage(path: string, loaded: LoadedFile, name?: string, options: ExplainOptions = {}): void {
  writeText(path, pageOf(loaded, name, options));
}

function pageOf(loaded: LoadedFile, name: string | undefined, options: ExplainOptions): string {
  const notes = loaded.diagnostics.map((lint) => formatDiagnostic(lint, { color: false })).join('\n\n');
  const towers = chooseTowers(loaded, name);
  if (towers !== undefined) {
    const texts = { 'as text': printTowers(explainTowers(towers)), notes, 'canonical model': towers.canonical };
    return explainPage(pictureOfTowers(towers), texts);
  }
  const model = chooseModel(loaded, name);
  const text = printExplanation(explainModel(model, options), 'left out of the page');
  return explainPage(pictureOf(model, options), { 'as text': text, notes, 'canonical model': model.canonical });
}

/** `texts`: what is folded away below, by its title; empty ones are left out. */
export function explainPage(picture: Picture, texts: Readonly<Record<string, string>>): string {
  const { name, headline, stack, blocks, parts } = picture;
  const facts = headline.map(([key, value]) => `<div><dt>${escapeXml(key)}</dt><dd>${escapeXml(value)}</dd></div>`);
  const folded = Object.entries(texts).filter(([, text]) => text !== '');
  const body = `<header><h1>${escapeXml(name)}</h1><dl class="headline">${facts.join('')}</dl></header>
<div class="page">
<section class="overview">${figure(stack)}<div>${blocks.map(figure).join('')}</div></section>
<section class="parts">${parts.map(figure).join('')}</section>
${tables(picture)}
</div>
${folded.map(([title, text]) => `<details><summary>${escapeXml(title)}</summary><pre>${escapeXml(text)}</pre></details>`).join('\n')}`;
  return pageHtml({ title: `${name}: architecture`, body, style: explainStyle });
}

function tables({ shares, work, costs, costsOf }: Picture): string {
  const total = shares.reduce((sum, { parameters }) => sum + parameters, 0);
  const rest = [
    ...(work.length === 0 ? [] : [`<h2>Forward FLOPs of a token</h2>${workTable(work)}`]),
    ...(costs.length === 0 ? [] : [`<h2>Costs</h2><p class="soft">${escapeXml(costsOf)}</p><table class="costs">${costs.map(row).join('')}</table>`]),
  ]; // prettier-ignore
  return `<section class="tables"><div><h2>Parameters</h2>${shareTable(shares, total)}</div><div>${rest.join('')}</div></section>`;
}

function figure({ id, title, subtitle, swatch, drawing, description, formula, facts, keys }: Figure): string {
  const mark = swatch === null ? '' : `<span class="swatch ${swatch}"></span>`;
  const heading = `<h3>${mark}${escapeXml(title)} <small>${escapeXml(subtitle)}</small></h3>`;
  const equations = formula.length === 0 ? '' : `<pre class="formula">${escapeXml(formula.join('\n'))}</pre>`;
  const table = facts.length === 0 ? '' : `<table>${facts.map(row).join('')}</table>`;
  const details = keys.length === 0 ? '' : `<details><summary>keys</summary><table class="keys">${keys.map(row).join('')}</table></details>`; // prettier-ignore
  const picture = printSvg(drawing, id, `${title}, ${subtitle}`, description);
  return `<figure id="figure-${id}">${heading}${picture}<figcaption>${equations}${table}${details}</figcaption></figure>`;
}

function row([name, value]: Fact): string {
  return `<tr><th scope="row">${escapeXml(name)}</th><td>${escapeXml(value)}</td></tr>`;
}

interface Segment {
  readonly name: string;
  readonly share: number;
  readonly swatch: Share['swatch'];
}

/** All parts side by side; the tables say the same in numbers. */
function bar(segments: readonly Segment[]): string {
  const parts = segments.map(({ name, share, swatch }) => {
    return `<span class="${swatch}" style="flex-grow:${share.toFixed(5)}" title="${escapeXml(name)} ${percent(share)}"></span>`;
  });
  return `<div class="bar" aria-hidden="true">${parts.join('')}</div>`;
}

function shareTable(shares: readonly Share[], total: number): string {
  const rows = shares.map(({ name, detail, parameters, swatch }) => {
    return `<tr>${marked(name, swatch)}<td>${count(parameters)}</td><td>${percent(parameters / total)}</td><td class="soft">${escapeXml(detail)}</td></tr>`;
  });
  const last = `<tr class="total"><th scope="row">total</th><td>${count(total)}</td><td></td><td class="soft">${total.toLocaleString('en-US')}</td></tr>`;
  return `${bar(shares.map(({ name, parameters, swatch }) => ({ name, share: parameters / total, swatch })))}<table class="shares">${rows.join('')}${last}</table>`;
}

/** Of the forward work on one token. */
function workTable(work: readonly Work[]): string {
  const total = work.reduce((sum, { flops }) => sum + flops, 0);
  const rows = work.map(({ name, detail, flops, swatch }) => {
    return `<tr>${marked(name, swatch)}<td>${count(flops)}</td><td>${percent(flops / total)}</td><td class="soft">${escapeXml(detail)}</td></tr>`;
  });
  return `${bar(work.map(({ name, flops, swatch }) => ({ name, share: flops / total, swatch })))}<table class="shares">${rows.join('')}</table>`;
}

function marked(name: string, swatch: Share['swatch']): string {
  return `<th scope="row"><span class="swatch ${swatch}"></span>${escapeXml(name)}</th>`;
}
