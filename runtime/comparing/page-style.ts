// Takes: nothing. Gives: the style of the page of a comparison.
// Promises: two columns where there is room, one below the other on a phone.

export const comparisonStyle = `
:root { --a: light-dark(#1d5fd1, #7eb0ff); --b: light-dark(#b43c08, #fb923c); --a-wash: light-dark(#edf3ff, #172338); --b-wash: light-dark(#fff2ea, #2e1f14); --card: light-dark(#f6f7fa, #1b1f29); }
main { max-width: 980px; }
h1 { font-size: 26px; line-height: 1.25; margin: 12px 0 4px; overflow-wrap: anywhere; } h2 { font-size: 17px; margin: 34px 0 10px; } h3 { font-size: 15px; margin: 18px 0 8px; } h3 small { color: var(--soft); font-weight: 400; margin-left: 6px; }
h4 { font-size: 13px; font-weight: 600; margin: 0 0 6px; } hr { border: 0; border-top: 1px solid var(--faint); margin: 44px 0; }
code { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; overflow-wrap: anywhere; white-space: pre-wrap; }
a { color: var(--a); } .soft, .from, .none, .arrow { color: var(--soft); } .soft { margin: 0 0 8px; } .none { font-style: italic; }
h1 .a, th.a, .sides .a h4 { color: var(--a); } h1 .b, th.b, .sides .b h4 { color: var(--b); }
.same { padding: 14px 16px; background: var(--card); border-radius: 8px; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 10px; margin: 18px 0; }
.tiles div { background: var(--card); border-radius: 8px; padding: 10px 12px; display: flex; flex-direction: column; }
.tiles span, .tiles small { color: var(--soft); font-size: 13px; } .tiles b { font-size: 20px; font-weight: 600; font-variant-numeric: tabular-nums; }
.key { display: grid; grid-template-columns: minmax(150px, 1.1fr) 2fr 2fr; gap: 2px 10px; padding: 7px 0; border-top: 1px solid var(--faint); align-items: start; }
.key > .a, .key > .b, .sides > div { border-radius: 6px; padding: 3px 8px; min-width: 0; } .key > .a, .sides > .a { background: var(--a-wash); } .key > .b, .sides > .b { background: var(--b-wash); }
.path { min-width: 0; padding-top: 3px; } .path > code { font-weight: 600; } .from { display: block; font-size: 12.5px; } .from code { font-size: 12px; }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: 10px; } .sides > div { padding: 10px 12px; } .sides ul { list-style: none; margin: 0; padding: 0; } .sides p { margin: 0; }
.sides li { color: var(--soft); padding-left: 10px; border-left: 3px solid transparent; margin: 2px 0; } .sides li.differs { color: var(--ink); } .a li.differs { border-color: var(--a); } .b li.differs { border-color: var(--b); }
table { width: 100%; } th, td { padding: 5px 10px 5px 0; border-bottom: 1px solid var(--faint); text-align: left; vertical-align: top; } tr > :last-child { padding-right: 0; } thead th { font-size: 13px; font-weight: 600; overflow-wrap: anywhere; }
th.number, td.number { text-align: right; font-variant-numeric: tabular-nums; } tbody th { font-weight: 400; }
.bar { display: block; position: relative; height: 4px; margin-top: 3px; background: linear-gradient(var(--soft), var(--soft)) center / 1px 100% no-repeat, var(--faint); border-radius: 2px; } .bar i { position: absolute; top: 0; bottom: 0; background: var(--b); border-radius: 2px; }
.load { height: 10px; border-radius: 5px; background: var(--faint); overflow: hidden; margin: 6px 0 14px; } .load i { display: block; height: 100%; background: var(--a); }
.added, .removed, .reshaped { font-size: 12.5px; padding: 1px 7px; border-radius: 9px; background: var(--card); } .added, .come { color: light-dark(#15703a, #5fd38d); } .removed, .gone { color: light-dark(#b42318, #ff8f85); }
.strong { font-weight: 600; } details { border-top: 1px solid var(--faint); padding: 8px 0; } summary { cursor: pointer; } details pre { line-height: 1.45; margin: 8px 0 0; max-height: 70vh; overflow: auto; }
td.number { overflow-wrap: normal; } .contents .number { white-space: nowrap; }
.facts { margin-top: 10px; } .label { display: block; color: var(--soft); font-size: 12.5px; } .wide { overflow-x: auto; }
@media (max-width: 640px) {
  .key { grid-template-columns: 1fr 1fr; } .key .path { grid-column: 1 / -1; } .key.long { grid-template-columns: 1fr; } .sides { grid-template-columns: 1fr; } h1 { font-size: 22px; } .tiles { grid-template-columns: 1fr 1fr; }
  .costs tbody tr, .parameters tr, .facts tr { display: grid; grid-template-columns: 1fr 1fr; padding: 6px 0; border-bottom: 1px solid var(--faint); }
  .costs thead { display: none; } .costs tbody th { grid-column: 1 / -1; font-weight: 600; } .costs td:last-child { grid-column: 1 / -1; } .costs td.number, .costs td:last-child { text-align: left; }
  .costs td:nth-child(2)::before { content: 'from '; color: var(--soft); } .costs td:nth-child(3)::before { content: 'to '; color: var(--soft); }
  .parameters tr { grid-template-columns: auto 1fr; column-gap: 10px; } .parameters td:last-child { grid-column: 1 / -1; } .facts tr > :is(th, td) { padding: 2px 10px 2px 0; } .facts tr { grid-template-columns: repeat(3, auto); } .facts th { grid-column: 1 / -1; font-weight: 600; }
  .costs th, .costs td, .parameters th, .parameters td, .facts th, .facts td { border: 0; padding-top: 1px; padding-bottom: 1px; }
}`;
