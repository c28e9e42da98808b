/** How often the page is asked for again while somebody looks at it, in milliseconds. */
export const RENEW_MS = 5_000;

/**
 * The script of the home page: takes what is new from the page itself, for as long as it is seen. An API that does not answer leaves the
 * last prices where they are, and says since when they are the last. What the reader has selected or focused stays.
 */
export const HOME_SCRIPT = `'use strict';
(() => {
  const away = document.getElementById('away');
  const timeOf = (date) => date.toTimeString().slice(0, 8);
  let answered = new Date();
  let timer;
  const renew = async () => {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      const answer = await fetch(location.pathname, { signal: AbortSignal.timeout(${RENEW_MS}) });
      if (!answer.ok) throw new Error(String(answer.status));
      const [now, next] = [document.getElementById('now'), new DOMParser().parseFromString(await answer.text(), 'text/html').getElementById('now')];
      if (next === null) return location.reload();
      answered = new Date();
      away.hidden = true;
      const selection = getSelection();
      if (selection === null || selection.isCollapsed || !now.contains(selection.anchorNode)) {
        const focused = now.contains(document.activeElement) ? document.activeElement.getAttribute('href') : null;
        now.replaceWith(next);
        if (focused !== null) [...next.querySelectorAll('a')].find((link) => link.getAttribute('href') === focused)?.focus();
      }
    } catch {
      away.textContent = 'This page could not be renewed since ' + timeOf(answered) + ': Tidemark does not answer. It is tried again by itself.';
      away.hidden = false;
    }
    timer = setTimeout(renew, ${RENEW_MS});
  };
  document.addEventListener('visibilitychange', () => void renew());
  timer = setTimeout(renew, ${RENEW_MS});
})();
`;
