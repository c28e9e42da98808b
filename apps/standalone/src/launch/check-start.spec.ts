import { startFaults, startNotes } from './check-start.js';
import { loadLauncherSettings, type LauncherMode } from './launcher-settings.js';

describe('a check before the start', () => {
  /** What is said with these variables. */
  async function said(
    mode: LauncherMode,
    environment: NodeJS.ProcessEnv,
  ): Promise<{ faults: string[]; notes: string[] }> {
    const settings = loadLauncherSettings(mode, { QUEUE_STORE: 'postgres', ...environment });
    const options = { mode, settings, signal: new AbortController().signal };
    return { faults: await startFaults(options), notes: startNotes(options) };
  }

  const stale = 'SSL_CERT_FILE: the file of SSL_CERT_FILE, /gone.pem, cannot be read (ENOENT).';

  it('leaves SSL_CERT_FILE of a shell alone in the demo, which calls nobody', async () => {
    const environment = { SSL_CERT_FILE: '/gone.pem', NODE_OPTIONS: '--use-openssl-ca' };
    expect(await said('demo', environment)).toEqual({ faults: [], notes: [] });
  });

  it('notes SSL_CERT_FILE, which Node does not read by itself', async () => {
    const note = `${stale} It is not used here: Node reads it with NODE_OPTIONS=--use-openssl-ca alone.`;
    expect(await said('start', { SSL_CERT_FILE: '/gone.pem' })).toEqual({ faults: [], notes: [note] });
    expect(await said('start', {})).toEqual({ faults: [], notes: [] });
  });

  it('refuses SSL_CERT_FILE where Node is told to read it', async () => {
    const environment = { SSL_CERT_FILE: '/gone.pem', NODE_OPTIONS: '--no-warnings --use-openssl-ca' };
    expect(await said('start', environment)).toEqual({ faults: [stale], notes: [] });
  });
});
