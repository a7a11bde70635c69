/** Network addresses as operators write them. */
import { expect } from 'chai';
import { formatAddress, isHttpAddress, isLoopback, parseAddress } from '../../src/base/address.js';

describe('addresses', () => {
  const valid: ReadonlyArray<readonly [text: string, host: string, port: number]> = [
    ['db1', 'db1', 3306],
    ['db1:3307', 'db1', 3307],
    ['10.0.0.1:1', '10.0.0.1', 1],
    ['my_host-1.example.com.', 'my_host-1.example.com.', 3306],
    ['::1', '::1', 3306],
    ['[::1]', '::1', 3306],
    ['[fe80::1]:65535', 'fe80::1', 65535],
  ];
  for (const [text, host, port] of valid) {
    it(`parses the address ${text}`, () => {
      expect(parseAddress(text, 3306)).to.deep.equal({ host, port });
    });
  }

  const invalid = ['', ':1', 'a:', 'a:0', 'a:65536', 'a:x', 'a b', 'a,b', '<this.ip>', '[db1]:1'];
  for (const text of [...invalid, 'http://a', 'a/b', 'u@h', '1::2::3', '[::1', '"a"']) {
    it(`refuses ${JSON.stringify(text)} as an address`, () => {
      expect(parseAddress(text, 3306)).to.equal(null);
    });
  }

  it('recognises addresses that only this machine reaches', () => {
    for (const host of ['127.0.0.1', '127.9.9.9', '::1', 'localhost']) {
      expect(isLoopback(host), host).to.equal(true);
    }
    for (const host of ['', '0.0.0.0', '::', '10.0.0.1', '127.0.0.1.example.com', 'db1']) {
      expect(isLoopback(host), host).to.equal(false);
    }
  });

  it('formats addresses with IPv6 in brackets', () => {
    expect(formatAddress({ host: 'db1', port: 3306 })).to.equal('db1:3306');
    expect(formatAddress({ host: '::1', port: 3306 })).to.equal('[::1]:3306');
  });

  it('accepts only http and https as the scheme of a web address', () => {
    for (const text of ['h', 'h:1', 'http://h', 'https://u:p@h:1/stats', '[::1]:80/x', 'h/path']) {
      expect(isHttpAddress(text), text).to.equal(true);
    }
    for (const text of ['', 'ftp://h', 'h:port', 'http://', 'h h']) {
      expect(isHttpAddress(text), text).to.equal(false);
    }
  });
});
