import type { Example, Figure, Finding, Problem, Verification } from '@app/storage';

/** Places named for one invariant, shared by its problems; each shows at least one. */
const SHOWN_EXAMPLES = 10;

/** The lines that a person reads: one for each invariant, what is broken below it, and the verdict. */
export function renderText({ findings }: Verification): string[] {
  return [...findings.flatMap((finding) => renderFinding(finding)), '', verdictOf(findings)];
}

/** Whether nothing that can be proven was found broken. */
export function isProven(findings: readonly Finding[]): boolean {
  return findings.every(({ status }) => status !== 'broken');
}

function renderFinding(finding: Finding): string[] {
  const { invariant, status, title, figures, problems, reason } = finding;
  const numbers = figures.map((figure) => renderFigure(figure)).join(' · ');
  const head = [`${invariant}  ${status.padEnd(8)}  ${title}`, numbers].filter((part) => part !== '').join('   ');
  return [
    head,
    ...(reason === undefined ? [] : [`    ${status === 'broken' ? 'not all compared' : 'unproven'}: ${reason}`]),
    ...problems.flatMap((problem) => renderProblem(problem, Math.max(1, Math.floor(SHOWN_EXAMPLES / problems.length)))),
  ];
}

function renderFigure({ name, value, parts }: Figure): string {
  const inside = Object.entries(parts ?? {}).map(([part, count]) => `${part} ${grouped(count)}`);
  return `${name} ${grouped(value)}${inside.length === 0 ? '' : ` (${inside.join(', ')})`}`;
}

function renderProblem({ problem, count, examples }: Problem, shown: number): string[] {
  const more = count > shown ? [`      and ${grouped(count - Math.min(shown, examples.length))} more`] : [];
  return [
    `    ${problem}: ${grouped(count)}`,
    ...examples.slice(0, shown).map((example) => renderExample(example)),
    ...more,
  ];
}

function renderExample({ ticker, slot, detail }: Example): string {
  const time = slot === null ? '' : `  ${slot}  ${isoTime(slot)}`;
  return `      ${ticker}${time}  ${detail}`;
}

function isoTime(slot: number): string {
  const time = new Date(slot * 1000);
  return Number.isNaN(time.getTime()) ? 'no time' : time.toISOString().replace('.000', '');
}

function verdictOf(findings: readonly Finding[]): string {
  const named = (status: Finding['status']): Set<string> =>
    new Set(findings.filter((finding) => finding.status === status).map(({ invariant }) => invariant));
  if (!isProven(findings)) return `BROKEN: ${[...named('broken')].join(', ')}.`;
  const proven = named('ok');
  const unproven = [...named('unproven')].map((name) => (proven.has(name) ? `${name} in part` : name));
  return `Proven: ${[...proven].join(', ')}.${unproven.length === 0 ? '' : ` Unproven: ${unproven.join(', ')}.`}`;
}

function grouped(value: number): string {
  return value.toLocaleString('en-US');
}
