/** The style of the home page. On a phone each ticker is two lines instead of a row of a table. */
export const HOME_STYLE = `
:root { color-scheme: light dark; --ink: #12303b; --soft: #50707c; --line: #d5e3e8; --ground: #f6fafb; --card: #fff; --link: #00657f; --good: #17734a; --bad: #a33a00 }
@media (prefers-color-scheme: dark) { :root { --ink: #dcecf1; --soft: #93b1bc; --line: #24404b; --ground: #0c1c23; --card: #122831; --link: #6fcbe3; --good: #63cf9b; --bad: #ffab7a } }
* { box-sizing: border-box }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.55 system-ui, sans-serif }
main { max-width: 60rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem }
h1 { margin: 0; font-size: 2.4rem; letter-spacing: -.02em }
h1::after { content: ""; display: block; width: 4.5rem; height: .3rem; margin-top: .4rem; border-radius: .2rem; background: linear-gradient(90deg, var(--link), transparent) }
h2 { margin: 2.2rem 0 .7rem; font-size: 1.1rem }
.lead { margin: .9rem 0 0; font-size: 1.15rem; color: var(--soft) }
.simulated { margin: 0; padding: .6rem 1.25rem; background: #ffcf40; color: #3a2b00; font-weight: 600; text-align: center }
.fault { padding: .7rem 1rem; border-left: .3rem solid var(--bad); background: var(--card); overflow-wrap: anywhere }
.summary { margin: 0 0 .7rem; color: var(--soft) }
a { color: var(--link) }
table { width: 100%; border-collapse: collapse; background: var(--card); border: 1px solid var(--line) }
th, td { padding: .45rem .8rem; text-align: left; border-bottom: 1px solid var(--line); font-variant-numeric: tabular-nums }
th { font-size: .85rem; font-weight: 600; color: var(--soft); white-space: nowrap }
tbody tr:last-child td { border-bottom: 0 }
.number { text-align: right } .change small { display: block; color: var(--soft) }
td.ticker { overflow-wrap: anywhere } .ticker a { font-weight: 600 } .ticker small { display: block; color: var(--soft) }
td.price { font-size: 1.1rem; font-weight: 600; overflow-wrap: anywhere }
td.price .long { font-size: .95rem }
td.change, td.age, td.ways { white-space: nowrap } .ways a { margin-right: .5rem }
svg.line { display: block; width: 9rem; height: 2rem; fill: none; stroke: var(--link) } svg.line path { stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round; vector-effect: non-scaling-stroke }
.fresh, .up { color: var(--good) } .stale, .down { color: var(--bad) }
.links { list-style: none; margin: 0; padding: 0 }
.links li { display: flex; flex-wrap: wrap; gap: .2rem .9rem; padding: .35rem 0; border-bottom: 1px solid var(--line) }
.links span { color: var(--soft) }
code { font: .92em ui-monospace, monospace; overflow-wrap: anywhere }
pre { margin: 0; padding: .8rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; overflow-x: auto }
@media (max-width: 44rem) {
  main { padding: 1.5rem 1rem 3rem }
  thead { display: none } table, tbody { display: block }
  tr { display: grid; grid-template-columns: 1fr auto; gap: .1rem .8rem; align-items: center; padding: .6rem .8rem; border-bottom: 1px solid var(--line) }
  tbody tr:last-child { border-bottom: 0 }
  td { padding: 0; border: 0 }
  td.ticker { grid-area: 1 / 1 } td.price { grid-area: 1 / 2 } td.hour { grid-area: 2 / 1 } td.change { grid-area: 2 / 2 }
  td.ways { grid-area: 3 / 1 } td.age { grid-area: 3 / 2; text-align: right }
  td.price { max-width: 55vw } td.price .long { font-size: .85rem } svg.line { width: 100%; max-width: 11rem }
}
`;
