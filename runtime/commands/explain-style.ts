// Takes: nothing. Gives: the style sheet of the page that draws an architecture.
// Promises: every colour is a variable with a light and a dark value; figures shrink, the page never scrolls sideways.

export const explainStyle = `
:root { color-scheme: light dark;
  --ink: light-dark(#1d2330, #e6e9f0); --soft: light-dark(#566077, #a7b0c4); --ground: light-dark(#ffffff, #14171f); --card: light-dark(#f7f8fb, #1b1f29);
  --line: light-dark(#4a5468, #b3bccf); --edge: light-dark(#c3cad9, #465067);
  --norm: light-dark(#fdf3d0, #4a4020); --linear: light-dark(#e3ebfb, #2a3858); --act: light-dark(#ece5fa, #3d3358); --state: light-dark(#d9f0e3, #1f4534); --query: light-dark(#8fa9e6, #5d7fd0); --key: light-dark(#5cb889, #46a176); --idle: light-dark(#dfe4ee, #333b4d); --core: light-dark(#6b8be0, #7d9cf0);
  --mixer-0: light-dark(#3b6fd4, #6f9bf2); --mixer-1: light-dark(#0f8f86, #3fc4b8); --mixer-2: light-dark(#7a4fc9, #b08cf2); --mixer-3: light-dark(#2f8a3c, #6fc77b); --mixer-4: light-dark(#4b5f7a, #9db2cf);
  --ffn-0: light-dark(#d9741a, #f2a154); --ffn-1: light-dark(#c23b5a, #f07f9a); --ffn-2: light-dark(#a68a00, #d9c04a); --ffn-3: light-dark(#8a5a3c, #cc9c7c); --ffn-4: light-dark(#b04fa0, #e08ed2); }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); }
main { max-width: 1480px; margin: 0 auto; padding: 16px; }
h1 { margin: 0 0 8px; font-size: 26px; overflow-wrap: anywhere; } h2 { font-size: 18px; margin: 24px 0 10px; } h3 { font-size: 15px; margin: 0 0 8px; overflow-wrap: anywhere; } h3 small { font-weight: 400; color: var(--soft); }
.headline { display: flex; flex-wrap: wrap; gap: 6px 28px; margin: 0 0 16px; } .headline dt { color: var(--soft); font-size: 13px; } .headline dd { margin: 0; font-size: 18px; font-weight: 600; font-variant-numeric: tabular-nums; }
figure { margin: 0 0 16px; padding: 12px; background: var(--card); border: 1px solid var(--edge); border-radius: 10px; min-width: 0; break-inside: avoid; }
.page { display: grid; grid-template-columns: minmax(0, 1fr); gap: 0 16px; } .overview { min-width: 0; } .overview > div { min-width: 0; }
.tables { display: flex; flex-wrap: wrap; gap: 0 32px; align-content: start; } .tables > div { min-width: 0; flex: 0 1 auto; }
.shares td { white-space: nowrap; } .shares td.soft { white-space: normal; }
@media (min-width: 700px) { .overview { display: flex; gap: 16px; align-items: flex-start; } .overview figure { min-width: 300px; } .parts { columns: 310px; column-gap: 16px; } }
@media (min-width: 1200px) { .page { grid-template: "overview parts" auto "tables parts" 1fr / auto minmax(0, 1fr); } .overview { grid-area: overview; } .parts { grid-area: parts; } .tables { grid-area: tables; flex-direction: column; } }
svg.drawing { display: block; max-width: 100%; height: auto; margin: 0 auto; font-family: system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .bold { font-weight: 600; } svg .soft, .soft { fill: var(--soft); color: var(--soft); }
svg rect { stroke: var(--edge); stroke-width: 1; }
.norm { fill: var(--norm); background: var(--norm); } .linear { fill: var(--linear); background: var(--linear); } .act { fill: var(--act); } .state { fill: var(--state); background: var(--state); } .query { fill: var(--query); } .key { fill: var(--key); } .idle { fill: var(--idle); } .plain, .part, .operator { fill: var(--ground); background: var(--ground); } .frame { fill: none; }
svg .frame { stroke: var(--soft); stroke-dasharray: none; } svg .part { stroke: var(--soft); stroke-width: 1.5; } svg .operator { stroke: var(--line); stroke-width: 1.5; } svg .core { fill: var(--core); } svg .core, svg .query, svg .key, svg .idle { stroke: none; }
svg .line { fill: none; stroke: var(--line); stroke-width: 1.2; } svg .strong { stroke-width: 2.6; } svg .link { stroke-dasharray: 4 4; } svg .arrow { fill: var(--line); stroke: none; }
${[0, 1, 2, 3, 4].map((i) => `.mixer-${i} { fill: var(--mixer-${i}); background: var(--mixer-${i}); } .ffn-${i} { fill: var(--ffn-${i}); background: var(--ffn-${i}); }`).join(' ')}
.swatch { display: inline-block; width: 11px; height: 11px; border-radius: 2px; margin-right: 7px; border: 1px solid var(--edge); }
.bar { display: flex; height: 16px; border-radius: 4px; overflow: hidden; border: 1px solid var(--edge); margin: 0 0 10px; } .bar span { min-width: 0; flex-basis: 0; }
figcaption { font-size: 13px; margin-top: 8px; width: 0; min-width: 100%; } table { border-collapse: collapse; } th { text-align: left; font-weight: 500; padding: 1px 16px 1px 0; vertical-align: top; } td { font-variant-numeric: tabular-nums; padding: 1px 16px 1px 0; overflow-wrap: anywhere; }
.total th, .total td { border-top: 1px solid var(--edge); font-weight: 600; }
pre { overflow-x: auto; font-size: 13px; margin: 6px 0; } .formula { white-space: pre-wrap; overflow-wrap: anywhere; font-size: 12.5px; }
summary { cursor: pointer; color: var(--soft); }
@media print { body { background: #fff; } figure { break-inside: avoid; } }`;
