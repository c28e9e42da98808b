import { createContext, runInContext } from 'node:vm';
import { HOME_SCRIPT, RENEW_MS } from './home.script.js';

/** An element as far as the script knows one. */
interface Part {
  name: string;
  hidden?: boolean;
  textContent?: string;
  replaceWith?: (next: Part) => void;
  contains?: (part: unknown) => boolean;
  querySelectorAll?: () => Part[];
  getAttribute?: () => string;
  focus?: () => void;
}

/** A page in which the script runs: no browser, but everything that the script touches. */
function openPage() {
  const link: Part = { name: 'link', getAttribute: () => '/gaps', focus: () => (page.focused = 'new link') };
  const page = {
    asked: 0,
    answer: () =>
      ({ ok: true, text: async () => '<html>' }) as { ok: boolean; status?: number; text: () => Promise<string> },
    holdsNow: true,
    replaced: 0,
    reloaded: 0,
    focused: '',
    hidden: false,
    activeElement: undefined as Part | undefined,
    selection: { isCollapsed: true, anchorNode: undefined as unknown },
    away: { name: 'away', hidden: true, textContent: '' } as Part,
    waiting: undefined as { call: () => Promise<void>; ms: number } | undefined,
    onVisible: () => undefined as void,
  };
  const now: Part = { name: 'now', replaceWith: () => (page.replaced += 1), contains: (part) => part === link };
  const next: Part = { name: 'next', querySelectorAll: () => [link] };
  const document = {
    getElementById: (id: string) => (id === 'away' ? page.away : now),
    get hidden() {
      return page.hidden;
    },
    get activeElement() {
      return page.activeElement;
    },
    addEventListener: (_event: string, call: () => void) => (page.onVisible = call),
  };
  const context = createContext({
    document,
    location: { pathname: '/', reload: () => (page.reloaded += 1) },
    fetch: async () => {
      page.asked += 1;
      return page.answer();
    },
    AbortSignal: { timeout: () => undefined },
    DOMParser: class {
      parseFromString = () => ({ getElementById: () => (page.holdsNow ? next : null) });
    },
    getSelection: () => page.selection,
    setTimeout: (call: () => Promise<void>, ms: number) => (page.waiting = { call, ms }),
    clearTimeout: () => (page.waiting = undefined),
  });
  runInContext(HOME_SCRIPT, context);
  return Object.assign(page, { link, renew: async () => page.waiting?.call() });
}

describe('the script of the home page', () => {
  it('takes what is new, again and again', async () => {
    const page = openPage();
    expect(page.waiting?.ms).toBe(RENEW_MS);
    await page.renew();
    await page.renew();
    expect(page).toMatchObject({ asked: 2, replaced: 2, reloaded: 0, away: { hidden: true } });
  });

  it.each([
    ['does not answer', () => Promise.reject(new Error('refused'))],
    ['answers with a fault', () => ({ ok: false, status: 502, text: async () => '' })],
  ])('says so when Tidemark %s, keeps what is there, and goes on by itself', async (_what, answer) => {
    const page = openPage();
    const good = page.answer;
    page.answer = answer as never;
    await page.renew();
    expect(page).toMatchObject({ replaced: 0, away: { hidden: false } });
    expect(page.away.textContent).toMatch(/could not be renewed since \d\d:\d\d:\d\d: Tidemark does not answer/);
    page.answer = good;
    await page.renew();
    expect(page).toMatchObject({ replaced: 1, away: { hidden: true } });
  });

  it('rests while nobody looks, and renews at once when somebody does again', async () => {
    const page = openPage();
    page.hidden = true;
    await page.renew();
    expect(page).toMatchObject({ asked: 0, waiting: undefined });
    page.hidden = false;
    page.onVisible();
    expect(page.asked).toBe(1);
  });

  it('leaves what is selected, and the focus where it was', async () => {
    const page = openPage();
    page.selection = { isCollapsed: false, anchorNode: page.link };
    await page.renew();
    expect(page.replaced).toBe(0);
    page.selection = { isCollapsed: true, anchorNode: undefined };
    page.activeElement = page.link;
    await page.renew();
    expect(page).toMatchObject({ replaced: 1, focused: 'new link' });
  });

  it('loads the page anew when a later version has another form', async () => {
    const page = openPage();
    page.holdsNow = false;
    await page.renew();
    expect(page.reloaded).toBe(1);
  });
});
