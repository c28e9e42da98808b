import { listeningAddresses } from './listening-addresses.js';

const interfaces = {
  lo: [anAddress('127.0.0.1', 'IPv4', true), anAddress('::1', 'IPv6', true)],
  eth0: [anAddress('192.0.2.7', 'IPv4'), anAddress('2001:db8::7', 'IPv6'), anAddress('fe80::1', 'IPv6')],
};

function anAddress(address: string, family: 'IPv4' | 'IPv6', internal = false) {
  return { address, family, internal, netmask: '', mac: '', cidr: null, scopeid: 0 } as never;
}

function of(host: string, of: object = interfaces): string[] {
  return listeningAddresses({ host, port: 8000, hostVariable: 'API_HOST' }, of as never);
}

describe('the addresses at which a server is reached', () => {
  it.each(['127.0.0.1', 'localhost', '127.1.2.3'])(
    'are this machine alone for %s, and it is said how to open it',
    (host) => {
      expect(of(host)).toEqual([`http://${host}:8000 (this machine only; API_HOST=0.0.0.0 opens it)`]);
    },
  );

  it('are those of every network for 0.0.0.0, and it is said how to close it', () => {
    expect(of('0.0.0.0')).toEqual([
      'http://127.0.0.1:8000',
      'from other machines at http://192.0.2.7:8000 (API_HOST=127.0.0.1 keeps them out)',
    ]);
    expect(of('::')[1]).toContain('at http://192.0.2.7:8000, http://[2001:db8::7]:8000 (');
    expect(of('0.0.0.0', {})[1]).toContain('from other machines as soon as it has an address');
  });

  it('are few of many', () => {
    const eth0 = Array.from({ length: 9 }, (_, index) => anAddress(`192.0.2.${index}`, 'IPv4'));
    expect(of('0.0.0.0', { eth0 })[1]).toMatch(/192\.0\.2\.2:8000 and 6 more \(/);
  });

  it('is the one that was set', () => {
    expect(of('192.0.2.7')).toEqual(['http://192.0.2.7:8000 (this address alone, by API_HOST)']);
  });
});
