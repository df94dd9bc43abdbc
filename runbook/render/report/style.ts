/** Of the page of a run: light or dark as its reader has it, and whole on paper. */
export const STYLE = `
:root { color-scheme: light dark; --ground: #fff; --ink: #1c2024; --faint: #60646c; --line: #e0e3e8; --panel: #f6f7f9;
  --good: #18794e; --bad: #c62a2f; --warn: #ad5700; --calm: #0b68cb; }
@media (prefers-color-scheme: dark) { :root { --ground: #111315; --ink: #eceef0; --faint: #a0a6ad; --line: #2f3338;
  --panel: #1a1d20; --good: #4cc38a; --bad: #ff7d80; --warn: #f5a15b; --calm: #6cb6ff; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 62rem; background: var(--ground); color: var(--ink);
  font: 15px/1.55 system-ui, sans-serif; }
h1 { margin: 0 0 .4rem; font-size: 1.6rem; line-height: 1.25; }
h2 { margin: 2.6rem 0 .8rem; font-size: 1.1rem; }
h3 { margin: 1.6rem 0 .4rem; font-size: .95rem; color: var(--faint); }
p { margin: .4rem 0; }
code, pre { font: 13px/1.5 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
pre { margin: .3rem 0; padding: .6rem .8rem; background: var(--panel); border-radius: 6px; white-space: pre-wrap;
  overflow-wrap: anywhere; }
.faint { color: var(--faint); }
.verdict { display: inline-block; padding: .1rem .65rem; border: 1px solid currentColor; border-radius: 99px;
  font-size: .9rem; font-weight: 600; vertical-align: .2em; }
.good { color: var(--good); } .bad { color: var(--bad); } .warn { color: var(--warn); } .calm { color: var(--calm); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1.2rem; margin: 1rem 0; }
dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
.failure { margin: 1.4rem 0; padding: .9rem 1.1rem; border-left: 4px solid var(--bad); background: var(--panel); }
.failure p { overflow-wrap: anywhere; }
table { border-collapse: collapse; } th, td { padding: .2rem 1.6rem .2rem 0; text-align: left; vertical-align: top; }
th { color: var(--faint); font-weight: 400; border-bottom: 1px solid var(--line); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
.timeline { display: grid; grid-template-columns: minmax(8rem, 20rem) 1fr; align-items: center; column-gap: 1rem; }
.timeline .name { overflow: hidden; white-space: nowrap; text-overflow: ellipsis; font-size: .9rem; }
.timeline .track { position: relative; height: 1.55rem; border-left: 1px solid var(--line); }
.timeline .phase { grid-column: 1 / -1; margin-top: .7rem; color: var(--faint); font-size: .85rem; }
.timeline .bar { position: absolute; top: .3rem; height: .95rem; min-width: 3px; border-radius: 3px; background: currentColor; }
.timeline .took { position: absolute; top: .12rem; padding: 0 .4rem; color: var(--faint); font-size: .8rem; white-space: nowrap; }
.timeline .axis { position: relative; height: 1.3rem; color: var(--faint); font-size: .8rem; }
.timeline .axis span { position: absolute; transform: translateX(-50%); white-space: nowrap; }
.timeline .axis span:first-child { transform: none; } .timeline .axis span:last-child { transform: translateX(-100%); }
details { border-top: 1px solid var(--line); } details:last-of-type { border-bottom: 1px solid var(--line); }
summary { display: flex; gap: .6rem; padding: .5rem 0; cursor: pointer; list-style: none; }
summary::-webkit-details-marker { display: none; }
summary b { font-weight: 600; } summary .said { flex: 1; color: var(--faint); overflow-wrap: anywhere; }
details:not([open]) .said { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; overflow: hidden; }
summary .took { color: var(--faint); white-space: nowrap; font-variant-numeric: tabular-nums; }
.inside { padding: 0 0 1rem 1.6rem; }
ul.facts { margin: .3rem 0; padding: 0; list-style: none; } ul.facts li { padding-left: 1.3rem; text-indent: -1.3rem;
  overflow-wrap: anywhere; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr)); gap: 1rem 1.6rem; }
.charts figure { margin: 0; } .charts figcaption { display: flex; justify-content: space-between; gap: 1rem;
  font-size: .85rem; color: var(--faint); }
.charts svg { display: block; width: 100%; height: 3.2rem; color: var(--calm); }
footer { margin-top: 3rem; color: var(--faint); font-size: .85rem; }
@media print { body { max-width: none; } details { break-inside: avoid; } }
@media (max-width: 40rem) { .timeline { grid-template-columns: 8rem 1fr; } }`
