// make smoke BASE_URL=https://prices.example.com: asks a running deployment, wherever it is, whether it does what it is for. One line
// per check, each with what to do where it fails; status 1 when one failed. Needs Node 20 and nothing else.
// TIMEOUT_SECONDS (default 180) is the most that it takes: two prices of the fastest ticker have to be seen.
const deadline = Date.now() + seconds('TIMEOUT_SECONDS', 180) * 1000;
const base = baseUrl(process.env.BASE_URL ?? process.argv[2]);

/** For one request, in milliseconds. */
const REQUEST_LIMIT_MS = 10_000;

/** A price comes this long after its slot at the latest: the window, and what it takes to store it. In seconds. */
const GRACE_SECONDS = 25;

const LOOK_EVERY_MS = 500;

const checks = [
  { name: 'health', run: checkHealth },
  { name: 'prices', run: checkPrices },
  { name: 'docs', run: checkDocs },
  { name: 'stats', run: checkStats },
];

let failures = 0;
for (const { name, run } of checks) {
  try {
    say('PASS', name, await run());
  } catch (error) {
    failures += 1;
    say('FAIL', name, error.message);
    if (error.cure !== undefined) say('', '', `To do: ${error.cure}`);
  }
}
console.log(`${checks.length - failures} of ${checks.length} checks passed, ${base}`);
process.exit(failures === 0 ? 0 : 1);

async function checkHealth() {
  const { status, json } = await ask('/health', [200, 503]);
  if (json?.database === undefined)
    fail(
      `/health answered ${status} without a word about a database`,
      'is BASE_URL the address of the API of Tidemark?',
    );
  if (status === 503 || json.database.status !== 'up')
    fail(
      `the database is ${json.database.status}: ${json.database.message ?? ''}`,
      'look at /readyz and at the log of the API',
    );
  if (json.clock.status !== 'up')
    fail(`the clock of the API is ${json.clock.offset_ms} ms off`, "repair the time service of the API's machine");
  const { enabled = 0, stale = 0, tickers = [] } = json.sampling ?? {};
  if (enabled === 0)
    fail('no ticker is sampled', 'name some in CATALOGUE_FILE, or by POST /tickers of the control API');
  if (stale === enabled)
    fail(
      `none of ${enabled} tickers has a fresh price`,
      'look at the logs of scheduler and worker, and at GET /status of the control API (port 8001)',
    );
  const old = stale === 0 ? '' : `; ${stale} stale, the stalest ${tickers[0]?.ticker}`;
  return `${json.status}: ${json.mode} prices, database up, clock right, ${enabled - stale} of ${enabled} tickers fresh${old}`;
}

async function checkPrices() {
  const { json } = await ask('/tickers');
  const [fastest] = (json?.tickers ?? [])
    .filter(({ enabled }) => enabled)
    .sort(
      (left, right) => left.interval_seconds - right.interval_seconds || (right.last_slot ?? 0) - (left.last_slot ?? 0),
    );
  if (fastest === undefined)
    fail('no ticker is enabled', 'name some in CATALOGUE_FILE, or by POST /tickers of the control API');
  const { ticker, interval_seconds: interval } = fastest;
  const limitMs = Math.min(deadline, Date.now() + (2 * interval + GRACE_SECONDS) * 1000);
  const first = await priceAfter(ticker, -1, limitMs);
  const second = first && (await priceAfter(ticker, first.timestamp, limitMs));
  if (second === undefined)
    fail(
      first === undefined ? `${ticker} has no price` : `${ticker} has no newer price than that of ${timeOf(first)}`,
      `GET /gaps?ticker=${ticker} names the reason of each missing price${
        limitMs === deadline ? `; an interval of ${interval} s may need a longer TIMEOUT_SECONDS` : ''
      }`,
    );
  const apart = second.timestamp - first.timestamp;
  if (apart % interval !== 0)
    fail(
      `two slots of ${ticker} are ${apart} s apart, and its interval is ${interval} s`,
      'was the interval changed just now? Try again',
    );
  const missing =
    apart === interval ? '' : ` (${apart / interval - 1} between them are missing: GET /gaps?ticker=${ticker})`;
  return `${ticker} moved on from ${timeOf(first)} to ${timeOf(second)}, ${apart} s apart${missing}: ${second.price}`;
}

/** The newest price of a ticker once its slot is later than that of another; undefined when none came in time. */
async function priceAfter(ticker, slot, limitMs) {
  for (;;) {
    const { status, json } = await ask(`/prices/latest?ticker=${encodeURIComponent(ticker)}`, [200, 404]);
    if (status === 200 && json.timestamp > slot) return json;
    if (Date.now() + LOOK_EVERY_MS >= limitMs) return undefined;
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

async function checkDocs() {
  const page = await ask('/docs');
  if (!/text\/html/.test(page.type))
    fail(`/docs answered ${page.type || 'something without a type'}, and no page`, proxyCure('/docs'));
  const { json } = await ask('/openapi.json');
  const routes = Object.keys(json?.paths ?? {});
  if (!routes.includes('/prices')) fail('/openapi.json does not know /prices', proxyCure('/openapi.json'));
  return `version ${json.info.version}, ${routes.length} routes`;
}

async function checkStats() {
  const { json: health } = await ask('/health');
  const { json } = await ask('/stats');
  const lists = Object.entries(json?.sources ?? {}).map(([source, { status }]) => `${source} ${status}`);
  const { status, lists: asked = [] } = health.etl ?? {};
  if (status === 'disabled') return 'no list of assets is read (ETL_INTERVAL_SECONDS=0)';
  const late = asked
    .filter((list) => list.late)
    .map(({ source, last_success }) => `${source} (${last_success ?? 'never read'})`);
  if (status !== 'healthy')
    fail(
      late.length === 0
        ? `lists of assets: ${health.etl?.message ?? status}`
        : `lists of assets are late: ${late.join(', ')}`,
      '`tidemark etl status` says why; docs/asset-lists.md what to do',
    );
  return lists.length === 0
    ? 'lists of assets are about to be read'
    : `lists of assets: ${lists.join(', ')}; ${json.records_processed} records`;
}

/** Asks a route. @throws a failure when it does not answer, or with a status that was not expected. */
async function ask(path, expected = [200]) {
  const response = await fetch(base + path, { signal: AbortSignal.timeout(REQUEST_LIMIT_MS) }).catch((error) =>
    fail(
      `${base}${path} cannot be reached: ${error.cause?.code ?? error.cause?.message ?? error.message}`,
      'is the API running, and is BASE_URL its address as seen from here?',
    ),
  );
  const text = await response.text();
  if (!expected.includes(response.status))
    fail(`${path} answered ${response.status}: ${text.slice(0, 200)}`, cureOf(response.status, path));
  const type = response.headers.get('content-type') ?? '';
  if (path === '/docs') return { status: response.status, type, json: undefined };
  try {
    return { status: response.status, type, json: JSON.parse(text) };
  } catch {
    return fail(`${path} answered no JSON: ${text.slice(0, 80)}`, 'is BASE_URL the address of the API of Tidemark?');
  }
}

function cureOf(status, path) {
  if (status === 401)
    return 'is that the control API (port 8001)? BASE_URL is the address of the API (port 8000), which has no login';
  return status === 404 ? proxyCure(path) : 'look at /readyz and at the log of the API';
}

function proxyCure(path) {
  return `is BASE_URL the address of the API, and does the proxy before it hand ${path} on?`;
}

function fail(message, cure) {
  throw Object.assign(new Error(message), { cure });
}

function say(verdict, name, text) {
  console.log(`${verdict.padEnd(4)}  ${name.padEnd(6)}  ${text}`);
}

function timeOf({ timestamp }) {
  return new Date(timestamp * 1000).toISOString().slice(11, 19);
}

function baseUrl(given) {
  if (given !== undefined && /^https?:\/\//.test(given) && URL.canParse(given)) return given.replace(/\/+$/, '');
  console.error('Name the address of the API: make smoke BASE_URL=http://127.0.0.1:8000');
  process.exit(2);
}

function seconds(name, otherwise) {
  const given = process.env[name];
  if (given === undefined || given === '') return otherwise;
  if (/^[1-9]\d{0,4}$/.test(given)) return Number(given);
  console.error(`${name}=${given}: give a number of seconds.`);
  process.exit(2);
}
