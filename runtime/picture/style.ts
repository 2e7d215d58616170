// Takes: nothing. Gives: the style of the page that draws an architecture, on top of the common one of pages.
// Promises: every colour is a variable with a light and a dark value; figures shrink, the page never scrolls sideways.
import type { Swatch, Tone } from '../../compiler/explain/picture/draw/drawing.ts';

/** [light, dark] */
type Colour = readonly [string, string];

/** Of boxes; the others are as the page. */
const fills: Partial<Record<Tone, Colour>> = {
  norm: ['#fdf3d0', '#4a4020'],
  linear: ['#e3ebfb', '#2a3858'],
  act: ['#ece5fa', '#3d3358'],
  state: ['#d9f0e3', '#1f4534'],
  core: ['#6b8be0', '#7d9cf0'],
  query: ['#8fa9e6', '#5d7fd0'],
  key: ['#5cb889', '#46a176'],
  idle: ['#dfe4ee', '#333b4d'],
};

const swatches: Readonly<Record<Swatch, Colour>> = {
  'mixer-0': ['#3b6fd4', '#6f9bf2'],
  'mixer-1': ['#0f8f86', '#3fc4b8'],
  'mixer-2': ['#7a4fc9', '#b08cf2'],
  'mixer-3': ['#2f8a3c', '#6fc77b'],
  'mixer-4': ['#4b5f7a', '#9db2cf'],
  'ffn-0': ['#d9741a', '#f2a154'],
  'ffn-1': ['#c23b5a', '#f07f9a'],
  'ffn-2': ['#a68a00', '#d9c04a'],
  'ffn-3': ['#8a5a3c', '#cc9c7c'],
  'ffn-4': ['#b04fa0', '#e08ed2'],
};

const both = ([light, dark]: Colour): string => `light-dark(${light}, ${dark})`;
const coloured = Object.entries({ ...fills, ...swatches }).map(
  ([name, colour]) => `.${name} { fill: ${both(colour)}; background: ${both(colour)}; }`,
);

export const explainStyle = `
:root { --soft: light-dark(#566077, #a7b0c4); --card: light-dark(#f7f8fb, #1b1f29); --line: light-dark(#4a5468, #b3bccf); --edge: light-dark(#c3cad9, #465067); }
* { box-sizing: border-box; } main { max-width: 1480px; }
h1 { margin: 0 0 8px; font-size: 26px; overflow-wrap: anywhere; } h2 { font-size: 18px; margin: 24px 0 10px; } h3 { font-size: 15px; margin: 0 0 8px; overflow-wrap: anywhere; } h3 small { font-weight: 400; color: var(--soft); }
.headline { display: flex; flex-wrap: wrap; gap: 6px 28px; margin: 0 0 16px; } .headline dt { color: var(--soft); font-size: 13px; } .headline dd { margin: 0; font-size: 18px; font-weight: 600; font-variant-numeric: tabular-nums; }

.page { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 16px; } .overview, .overview > div { min-width: 0; }
figure { margin: 0 0 16px; padding: 12px; background: var(--card); border: 1px solid var(--edge); border-radius: 10px; min-width: 0; break-inside: avoid; }
figcaption { font-size: 13px; margin-top: 8px; width: 0; min-width: 100%; } figcaption th { padding-right: 14px; overflow-wrap: break-word; }
.tables { display: flex; flex-wrap: wrap; gap: 0 32px; align-content: start; } .tables > div { min-width: 0; flex: 0 1 auto; }
@media (min-width: 700px) { .overview { display: flex; gap: 16px; align-items: flex-start; } .overview figure { min-width: 300px; } .parts { columns: 310px; column-gap: 16px; } }
@media (min-width: 1200px) { .page { grid-template: "overview parts" auto "tables parts" 1fr / auto minmax(0, 1fr); } .overview { grid-area: overview; } .parts { grid-area: parts; } .tables { grid-area: tables; flex-direction: column; } }

svg.drawing { display: block; max-width: 100%; height: auto; margin: 0 auto; font-family: system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .bold { font-weight: 600; } .soft { color: var(--soft); fill: var(--soft); }
svg rect { stroke: var(--edge); stroke-width: 1; fill: var(--paper); }
${coloured.join('\n')}
svg .frame { fill: none; stroke: var(--soft); } svg .part { stroke: var(--soft); stroke-width: 1.5; } svg .operator { stroke: var(--line); stroke-width: 1.5; } svg :is(.core, .query, .key, .idle) { stroke: none; }
svg .line { fill: none; stroke: var(--line); stroke-width: 1.2; } svg .strong { stroke-width: 2.6; } svg .link { stroke-dasharray: 4 4; } svg .arrow { fill: var(--line); stroke: none; }

.swatch { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 7px; border: 1px solid var(--edge); }
.bar { display: flex; height: 16px; border-radius: 4px; overflow: hidden; border: 1px solid var(--edge); margin: 0 0 10px; } .bar span { min-width: 0; flex-basis: 0; }
:is(th, td) { padding: 1px 16px 1px 0; vertical-align: top; } .shares td { white-space: nowrap; } .shares td.soft { white-space: normal; overflow-wrap: normal; } .total :is(th, td) { border-top: 1px solid var(--edge); font-weight: 600; }
pre { margin: 6px 0; } .formula { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 12.5px; } summary { cursor: pointer; color: var(--soft); }
p { margin: 0 0 6px; }
@media (max-width: 500px) { main { padding: 12px 10px; } figure { padding: 10px 6px; } .shares :is(th, td) { padding-right: 9px; } .shares tr > :last-child { padding-right: 0; } }
@media print { :root { color-scheme: light; print-color-adjust: exact; } }`;
