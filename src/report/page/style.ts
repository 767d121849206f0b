/** How the page looks: by the system's light or dark, from 320 pixels on. Colours of outcomes can be told apart by the colour-blind. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --paper: #f6f7f9; --card: #ffffff; --ink: #1a2129; --ink-soft: #56616e; --line: #d9dee4; --grid: #e6eaee;
  --link: #0b5cad; --good: #0a6b4b; --warn: #9a4b00; --good-paper: #e4f4ed; --warn-paper: #fdf0e0;
  --submitted: #0072b2; --unchanged: #56b4e9; --skipped: #9aa3ad; --invalid: #e69f00; --refused: #d55e00; --failed: #b3467f;
  --p50: #0072b2; --p95: #d58a00; --p99: #d5390a;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #12161b; --card: #1b2128; --ink: #e6eaee; --ink-soft: #a3aeba; --line: #333c46; --grid: #2a323b;
    --link: #7db8f0; --good: #6fd3ab; --warn: #f5b56b; --good-paper: #15322a; --warn-paper: #3a2a16;
    --submitted: #3f9bd8; --unchanged: #93d2f5; --skipped: #7b8794; --invalid: #f0b63a; --refused: #f27b35; --failed: #dd7fb0;
    --p50: #58aee6; --p95: #f0b63a; --p99: #f4703f;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main, header, footer { max-width: 76rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 1.75rem; }
h1 { margin: 0; font-size: 1.7rem; line-height: 1.25; overflow-wrap: anywhere; }
h2 { margin: 0 0 .75rem; font-size: 1.2rem; }
h3 { margin: 1.25rem 0 .5rem; font-size: 1rem; }
p { margin: 0 0 .75rem; max-width: 48rem; }
a { color: var(--link); }
code { font: .92em ui-monospace, "SF Mono", Consolas, monospace; overflow-wrap: anywhere; }
small, .soft { color: var(--ink-soft); font-size: .875rem; }
.note { margin: 1rem 0 0; }
.kicker { margin: 0; color: var(--ink-soft); font-size: .875rem; }
.verdict { margin: 1rem 0 0; padding: .8rem 1rem; border-left: 5px solid var(--good); border-radius: 0 8px 8px 0; background: var(--good-paper); }
.verdict.warn { border-color: var(--warn); background: var(--warn-paper); }
.verdict.quiet { border-color: var(--link); background: var(--card); }
.verdict p { max-width: none; margin: 0; overflow-wrap: anywhere; }
.verdict > p:first-child { font-size: 1.1rem; font-weight: 600; }
.verdict .why, .next { margin-top: .5rem; }
pre { margin: .4rem 0 .3rem; padding: .6rem .8rem; overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; background: var(--card); }
pre code { white-space: pre-wrap; overflow-wrap: anywhere; user-select: all; }
.figures { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1rem 0 0; }
.figures > div { flex: 1 1 8.25rem;  padding: .7rem .9rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
.figures dt { font-size: .875rem; }
.figures dd { margin: 0; }
.figures b { display: block; font-size: 1.6rem; line-height: 1.2; font-weight: 650; font-variant-numeric: tabular-nums; }
.figures .warn b { color: var(--warn); }
section { margin: 1.25rem 0; padding: 1.25rem; background: var(--card); border: 1px solid var(--line); border-radius: 8px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .3rem 1.25rem; margin: 0; }
dt { color: var(--ink-soft); }
dd { margin: 0; overflow-wrap: anywhere; }
.scroll { overflow-x: auto; }
.scroll.tall { max-height: 42rem; overflow-y: auto; border: 1px solid var(--line); border-radius: 6px; }
.scroll:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible, summary:focus-visible, a:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
caption { padding: 0 0 .5rem; text-align: left; color: var(--ink-soft); font-size: .875rem; }
th, td { padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; unicode-bidi: isolate; }
thead th { color: var(--ink-soft); font-size: .8125rem; font-weight: 600; white-space: nowrap; }
tbody th { min-width: 5rem; font-weight: 500; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bar { width: 40%; min-width: 5rem; }
.reason { min-width: 13rem; }
.examples { min-width: 9rem; }
.nowrap { white-space: nowrap; }
.examples button { display: block; margin-top: .35rem; }
.examples button[hidden] { display: none; }
.bar svg { display: block; width: 100%; height: 1.1rem; margin-top: .2rem; }
.bar rect { fill: var(--submitted); }
.meaning { color: var(--ink-soft); }
.dot { display: inline-block; width: .7rem; height: .7rem; margin-right: .5rem; border-radius: 2px; background: var(--submitted); }
.unchanged .dot { background: var(--unchanged); } .unchanged rect { fill: var(--unchanged); }
.skipped .dot { background: var(--skipped); } .skipped rect { fill: var(--skipped); }
.invalid .dot { background: var(--invalid); } .invalid rect { fill: var(--invalid); }
.refused .dot { background: var(--refused); } .refused rect { fill: var(--refused); }
.failed .dot { background: var(--failed); } .failed rect { fill: var(--failed); }
.rest .dot { background: none; border: 1px dashed var(--ink-soft); } .rest rect { fill: var(--line); }
.chart { margin: .25rem 0 .75rem; min-height: 200px; overflow: hidden; }
.uplot, .uplot .u-legend { font-family: inherit; }
.uplot .u-legend { font-size: .8125rem; }
.uplot .u-legend th { min-width: 0; pointer-events: none; border: 0; font-size: inherit; color: inherit; }
.uplot .u-legend td { border: 0; font-variant-numeric: tabular-nums; }
.uplot .u-series:has(.u-value:empty) th::after { content: none; }
.uplot .u-series:first-child:has(.u-value:empty) { visibility: hidden; }
.uplot .u-select { background: color-mix(in srgb, var(--ink) 12%, transparent); }
rect.submitted { fill: var(--submitted); } rect.unchanged { fill: var(--unchanged); } rect.skipped { fill: var(--skipped); }
rect.invalid { fill: var(--invalid); } rect.refused { fill: var(--refused); } rect.failed { fill: var(--failed); }
.cards th svg { display: block; width: 100%; min-width: 7rem; height: .45rem; margin-top: .35rem; border-radius: 3px; }
.cards th { overflow-wrap: anywhere; } .cards .total > * { font-weight: 600; border-bottom: 0; }
.cards td.text { min-width: 9rem; } .cards .none { color: var(--ink-soft); }
.state { font-weight: 600; color: var(--good); } .state.running, .state.closed { color: var(--link); } .bad, .state.bad { color: var(--warn); }
.steps { margin: 0; padding: 0; list-style: none; } .steps li { padding: .7rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere; }
.steps li:first-child { padding-top: 0; } .steps li:last-child { padding-bottom: 0; border: 0; } .steps p { margin: .3rem 0 0; }
details { margin-top: .5rem; }
summary { cursor: pointer; color: var(--link); width: max-content; max-width: 100%; }
.search { display: flex; flex-wrap: wrap; gap: .75rem 1rem; align-items: end; margin: 0 0 .75rem; }
.search[hidden] { display: none; }
label { display: grid; gap: .2rem; color: var(--ink-soft); font-size: .875rem; }
label:first-child { flex: 1 1 16rem; max-width: 30rem; }
input, select, button { padding: .45rem .6rem; border: 1px solid var(--ink-soft); border-radius: 6px; background: var(--card); color: var(--ink); font: inherit; font-size: 1rem; }
input, select { height: 2.6rem; }
button { padding: .15rem .5rem; border-color: var(--line); color: var(--link); font-size: .8125rem; white-space: nowrap; cursor: pointer; }
output { padding-bottom: .5rem; font-size: .875rem; }
#rejected-rows { min-width: 46rem; font-size: .875rem; }
#rejected-rows th, #rejected-rows td { min-width: 0; padding-left: .75rem; }
#rejected-rows thead th { position: sticky; top: 0; background: var(--card); box-shadow: inset 0 -1px var(--line); border: 0; }
#rejected-rows td:nth-child(3) { min-width: 9rem; overflow-wrap: anywhere; }
#rejected-rows td:last-child { min-width: 15rem; overflow-wrap: anywhere; }
footer { padding-bottom: 2rem; color: var(--ink-soft); font-size: .875rem; }
@media (max-width: 40rem) {
  main, header, footer { padding-left: .75rem; padding-right: .75rem; }
  section { padding: .9rem; }
  section dl { grid-template-columns: 1fr; gap: 0; }
  section dd { margin-bottom: .5rem; }
  .figures { gap: .5rem; }
  .figures > div { padding: .5rem .7rem; }
  .figures b { font-size: 1.3rem; }
  #outcomes tr > :last-child { display: none; }
  #reasons :is(table, tbody, caption), #rejected-rows, #rejected-rows tbody { display: block; min-width: 0; }
  :is(#reasons, #rejected-rows) thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  :is(#reasons, #rejected-rows) tr { display: grid; grid-template-columns: repeat(4, max-content) 1fr; gap: 0 .8rem; padding: .5rem 0; border-bottom: 1px solid var(--line); }
  #rejected-rows tr { padding: .5rem .75rem; }
  :is(#reasons, #rejected-rows) tr[hidden] { display: none; }
  :is(#reasons, #rejected-rows) :is(th, td) { padding: 0; border: 0; }
  #reasons tbody :is(th, .examples) { grid-column: 1 / -1; }
  #reasons td:nth-child(2)::before { content: "rows: "; }
  .cards, .cards tbody, .cards caption { display: block; }
  .cards thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .cards tr { display: grid; grid-template-columns: 1fr 1fr; gap: .15rem 1rem; padding: .6rem 0; border-bottom: 1px solid var(--line); }
  .cards :is(th, td) { display: block; padding: 0; border: 0; }
  .cards :is(th, td.text) { grid-column: 1 / -1; }
  .cards td.n { display: flex; justify-content: space-between; text-align: left; }
  .cards td::before { content: attr(data-label); color: var(--ink-soft); }
  .cards td.text::before { content: attr(data-label) " "; }
  .cards td:has(.none) { display: none; }
  th, td { padding-right: .5rem; }
  table { font-size: .875rem; }
  #rejected-rows td:nth-child(3), #rejected-rows td:last-child { grid-column: 1 / -1; }
  #rejected-rows td:nth-child(3) { order: 1; }
  #rejected-rows td:last-child { order: 2; }
  #rejected-rows td:empty { display: none; }
  #rejected-rows tbody th::before { content: "row "; }
  #rejected-rows td:nth-child(2)::before { content: "line "; }
  #rejected-rows td:nth-child(5)::before { content: "HTTP "; }
  #rejected-rows td:nth-child(6)::before { content: "attempts "; }
}
@media print {
  body { background: none; } section { break-inside: avoid-page; border: 0; padding: 0; } .search, button { display: none; }
  .scroll.tall { max-height: none; }
}
`;
