import { createServer, type Server } from 'node:net';
import { freePort } from '../../../../test/support/free-port.mjs';
import { checkPorts, PortsInUseError, reachableHost } from './port-check.js';

const servers: Server[] = [];

async function listenSomewhere(host = '127.0.0.1'): Promise<number> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve));
});

async function faultOf(wanted: Parameters<typeof checkPorts>[0]): Promise<string> {
  const fault = await checkPorts(wanted).catch((error: unknown) => error);
  expect(fault).toBeInstanceOf(PortsInUseError);
  return fault instanceof Error ? fault.message : '';
}

describe('the check of the ports', () => {
  it('names every port in use by its variable, with the cure', async () => {
    const [api, worker] = [await listenSomewhere(), await listenSomewhere()];
    const fault = await faultOf([
      { variable: 'API_PORT', port: api, host: '0.0.0.0' },
      { variable: 'CONTROL_PORT', port: 0, host: '127.0.0.1' },
      { variable: 'WORKER_PORT', port: worker, host: '127.0.0.1' },
    ]);
    expect(fault.split('\n')).toEqual([
      expect.stringMatching(
        new RegExp(`^API_PORT ${api} is in use.*: end that process, or set API_PORT to another port.$`),
      ),
      expect.stringContaining(`WORKER_PORT ${worker} is in use`),
    ]);
  });

  (process.platform === 'linux' ? it : it.skip)('says which process holds a port', async () => {
    const port = await listenSomewhere();
    const fault = await faultOf([{ variable: 'API_PORT', port, host: '127.0.0.1' }]);
    expect(fault).toContain(`by process ${process.pid} (`);
  });

  it('refuses one port for two', async () => {
    const port = await freePort();
    const fault = await faultOf([
      { variable: 'API_PORT', port, host: '127.0.0.1' },
      { variable: 'WORKER_PORT', port, host: '127.0.0.1' },
    ]);
    expect(fault).toBe(`WORKER_PORT and API_PORT are both ${port}: set one of them to another port.`);
  });

  it('names an address that this machine does not have', async () => {
    const fault = await faultOf([{ variable: 'API_PORT', port: 20_123, host: '192.0.2.1' }]);
    expect(fault).toContain('API_HOST 192.0.2.1 cannot be listened on (EADDRNOTAVAIL)');
  });

  it('chooses a free port for 0, a different one each time', async () => {
    const ports = await checkPorts([
      { variable: 'API_PORT', port: 0, host: '127.0.0.1' },
      { variable: 'WORKER_PORT', port: 0, host: '127.0.0.1' },
    ]);
    expect(ports['API_PORT']).toBeGreaterThan(0);
    expect(ports['WORKER_PORT']).not.toBe(ports['API_PORT']);
  });

  it('knows at which address a server is reached', () => {
    expect(['0.0.0.0', '::', '127.0.0.1', '::1'].map(reachableHost)).toEqual([
      '127.0.0.1',
      '127.0.0.1',
      '127.0.0.1',
      '[::1]',
    ]);
  });
});
