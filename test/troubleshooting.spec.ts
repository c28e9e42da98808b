import { FAILURE_REASONS, GAP_REASONS, MISS_REASONS, REJECTION_REASONS } from '@app/domain';
import { ANSWER_WITHIN_MS, MAX_CLOCK_OFFSET_MS, PROCESS_FINDINGS } from '@app/process';
import { REDIS_REFUSALS, STORE_FINDINGS } from '@app/queue';
import { CONNECTION_FAULTS, DATABASE_FINDINGS, WrongModeError } from '@app/storage';
import { WritingRoleError } from '../apps/api/src/health/reader.check.js';
import { STATUS_ANSWER } from '../apps/scheduler/src/control/status.answer.js';
import { readPage } from './support/page-examples.js';

const PAGE = readPage('docs/troubleshooting.md');

/** Stands on the page for what differs. */
const VARIES = '…';

/** What is asked by name, as the checks of the processes are called. */
const ASKED = ['the database', 'the queue store'];

type Sentences = Readonly<Record<string, (...parts: string[]) => string>>;

/** Every sentence of a list, with what differs left open. */
function sentencesOf(list: Sentences): string[] {
  return Object.values(list).map((sentence) => sentence(VARIES, VARIES, VARIES));
}

/** The sentences of a process: those that name what is asked, once for each. */
function processSentences(): string[] {
  const { notAskedYet, silent, notAskable, clockOff, ...others } = PROCESS_FINDINGS;
  return [
    ...sentencesOf(others),
    clockOff(VARIES, MAX_CLOCK_OFFSET_MS),
    ...ASKED.flatMap((name) => [notAskedYet(name), silent(name, ANSWER_WITHIN_MS / 1000), notAskable(name, VARIES)]),
  ];
}

describe('Troubleshooting', () => {
  it.each([...new Set([...REJECTION_REASONS, ...FAILURE_REASONS, ...MISS_REASONS, ...GAP_REASONS])])(
    'has a heading for the reason %s',
    (reason) => expect(PAGE).toContain(`\n### ${reason}\n`),
  );

  it('has no reason that is none', () => {
    const section = PAGE.split('\n## Reasons\n')[1]?.split('\n## ')[0] ?? '';
    const headings = [...section.matchAll(/^### (.*)$/gm)].map(([, heading]) => heading);
    const reasons = new Set<string>([...REJECTION_REASONS, ...FAILURE_REASONS, ...MISS_REASONS, ...GAP_REASONS]);
    expect(new Set(headings)).toEqual(reasons);
    expect(headings).toHaveLength(reasons.size);
  });

  it.each([
    ...processSentences(),
    ...sentencesOf(DATABASE_FINDINGS),
    ...sentencesOf(CONNECTION_FAULTS),
    ...sentencesOf(STORE_FINDINGS),
    ...Object.values(REDIS_REFUSALS),
    new WrongModeError(VARIES, VARIES as 'live').message.replace(/TIDEMARK_MODE=.*\.$/, `TIDEMARK_MODE=${VARIES}.`),
    new WritingRoleError(VARIES, [VARIES]).message,
  ])('says what to do when a process is not ready because %s', (sentence) => {
    expect(PAGE).toContain(`**\`${sentence}\`**`);
  });

  it('has every state of a source', () => {
    const states = STATUS_ANSWER.schema.shape.sources.element.shape.state.options;
    expect(states.length).toBeGreaterThan(3);
    for (const state of states) expect(PAGE).toMatch(new RegExp(`^\\| \`${state}\` +\\| .`, 'm'));
  });
});
