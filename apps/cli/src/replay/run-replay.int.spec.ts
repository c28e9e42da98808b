import { keptTerminal } from '../../../../test/support/cli-terminal.js';
import { LIVED_INTERVAL } from '../../../../test/support/lived-slots.js';
import {
  all,
  betterDeribit,
  bitstamp,
  coingecko,
  deribit,
  END,
  FROM,
  priceAt,
  RENAMED,
  ReplayedPast,
  SLOTS,
} from '../../../../test/builders/replayed-past.js';
import { runReplay } from './run-replay.js';

const BITSTAMP = 8;

describe('the replay of stored answers', () => {
  let past: ReplayedPast;

  beforeAll(async () => {
    past = await ReplayedPast.open();
  }, 60_000);
  afterAll(() => past.close());

  it('finds nothing when the parsers are the same', async () => {
    expect(await past.broken()).toEqual([]);
    const { status, differences, counts } = await past.replay(all);
    expect({ status, differences }).toEqual({ status: 0, differences: [] });
    // Three batches of Deribit, two of CoinGecko, one of Bitstamp, in every slot.
    expect(counts).toEqual([`${6 * SLOTS} answers read again: ${7 * SLOTS} samples, 0 differ.`]);
  });

  it('names what a better parser reads, slot by slot, and changes nothing', async () => {
    const before = await past.prices('btc_usd');
    const { status, differences, counts } = await past.replay([betterDeribit, coingecko, bitstamp], {
      source: 'deribit',
    });
    expect(status).toBe(1);
    const at = `${new Date(RENAMED * 1000).toISOString().slice(0, 19)}Z ${RENAMED}`;
    const price = `${priceAt(RENAMED)}.50`;
    expect(differences).toEqual([
      `${at} btc_usd deribit: failed drift -> accepted ${price}`,
      `${at} eth_usd deribit: failed drift -> accepted ${price}`,
      expect.stringContaining(`${at} sol_usd deribit: failed drift -> `),
    ]);
    expect(counts).toEqual([`${3 * SLOTS} answers read again: ${3 * SLOTS} samples, 3 differ.`]);
    expect(await past.prices('btc_usd')).toEqual(before);
    expect(await past.rows('SELECT 1 FROM sample_revisions UNION ALL SELECT 1 FROM price_revisions')).toEqual([]);
  });

  it('looks at the slots from FROM up to TO only', async () => {
    const { counts } = await past.replay(all, {
      source: 'deribit',
      from: FROM + LIVED_INTERVAL,
      to: FROM + 2 * LIVED_INTERVAL,
    });
    expect(counts).toEqual(['3 answers read again: 3 samples, 0 differ.']);
  });

  it('says how many answers are of sources that it does not know', async () => {
    const { counts } = await past.replay([deribit, coingecko]);
    expect(counts).toContain(`${SLOTS} answers are of sources that are not known here: not read.`);
  });

  it.each([
    [[], /--from/],
    [['--from', '1'], /--to/],
    [['--from', 'yesterday', '--to', '5'], /FROM yesterday is no instant/],
    [['--from', '5', '--to', '2025-13-01'], /TO 2025-13-01 is no instant/],
    [['--from', '5', '--to', '-1'], /TO -1 is no instant|argument missing/],
    [['--from', '5', '--to', '5'], /FROM 5 is not before TO 5/],
    [['--from', '1', '--to', '2', '--source', 'krakn'], /no source krakn.*deribit/],
    [['--from', '1', '--to', '2', '--apply', 'perhaps'], /APPLY must be 1/],
    [['--from', '1', '--to', '2', '--form', '3'], /unknown option/],
  ])('says with status 2 what is wrong with %j', async (words, complaint) => {
    const terminal = keptTerminal({ environment: { DATABASE_URL: past.fixture.database.url } });
    expect(await runReplay(words, terminal, all)).toBe(2);
    expect(terminal.complained()).toMatch(complaint);
  });

  it('says with status 2 that the database is not there, without its password', async () => {
    const terminal = keptTerminal({ environment: { DATABASE_URL: 'postgres://tidemark:hunter22@127.0.0.1:1/none' } });
    expect(await runReplay(['--from', '2025-12-01', '--to', '2025-12-02T00:00:00Z'], terminal, all)).toBe(2);
    expect(terminal.complained()).toMatch(/^Nothing was replayed: /);
    expect(terminal.complained()).not.toContain('hunter22');
  });

  it('says how it is used', async () => {
    const terminal = keptTerminal();
    expect(await runReplay(['--help'], terminal, all)).toBe(0);
    expect(terminal.printed()).toContain('Usage: tidemark replay');
    expect(terminal.printed()).toContain('APPLY=1');
  });
});

describe('the replay of stored answers that have changed since', () => {
  let past: ReplayedPast;

  beforeEach(async () => {
    past = await ReplayedPast.open();
  }, 60_000);
  afterEach(() => past.close());

  it('says how many answers have no body any more', async () => {
    await past.fixture.database.pool.query('TRUNCATE payloads');
    const { status, counts } = await past.replay(all, { source: 'bitstamp' });
    expect({ status, counts }).toEqual({
      status: 0,
      counts: [
        '0 answers read again: 0 samples, 0 differ.',
        `${SLOTS} answers have no body any more, or never had: not read.`,
      ],
    });
  });

  it('leaves a sample alone that comes from another call than the one whose answer is kept', async () => {
    await past.fixture.database.pool.query(
      `UPDATE samples SET observed_at = observed_at - interval '1 second' WHERE source_id = $1`,
      [BITSTAMP],
    );
    const { counts } = await past.replay(all, { source: 'bitstamp' });
    expect(counts).toEqual([`${SLOTS} answers read again: 0 samples, 0 differ.`]);
  });

  it('goes through more answers than one portion holds, and says how far it is', async () => {
    const { pool } = past.fixture.database;
    const count = 1_200;
    await pool.query(
      `INSERT INTO fetches (source_id, batch, slot, deadline, max_attempts, attempts, status, planned_at, requested_at, received_at,
         http_status, endpoint, url, headers, parser_version, payload_sha256)
       SELECT f.source_id, f.batch, f.slot + n * 60, f.slot + n * 60 + 15, 3, 1, 'answered', now(),
         to_timestamp(f.slot + n * 60 + 0.1), to_timestamp(f.slot + n * 60 + 0.2), 200, f.endpoint, f.url, f.headers, f.parser_version, f.payload_sha256
       FROM fetches f, generate_series(1, ${count}) AS n WHERE f.source_id = $1 AND f.slot = $2`,
      [BITSTAMP, END - LIVED_INTERVAL],
    );
    const environment = { DATABASE_URL: past.fixture.database.url };
    let nowMs = (END + 10 * count * LIVED_INTERVAL) * 1000;
    const terminal = { ...keptTerminal({ environment }), now: () => (nowMs += 3_000) };
    const end = END + 2 * count * LIVED_INTERVAL;
    const status = await runReplay(
      ['--from', String(FROM), '--to', String(end), '--source', 'bitstamp'],
      terminal,
      all,
    );
    expect(status).toBe(0);
    expect(terminal.printed()).toContain(`${count + SLOTS} answers read again`);
    expect(terminal.complained().split('\n')[0]).toMatch(/^bitstamp median, .*Z: 500 answers read, 0 samples differ$/);
  });
});
