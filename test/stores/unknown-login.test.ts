/** Servers whose account logs in by a way that freno does not go: the error says what to do. */
import { expect } from 'chai';
import { OddMySQL } from '../support/odd-mysql.js';
import { Probing } from '../support/probing.js';

const SLOT = 1;
const AUTH_SWITCH_REQUEST = 0xfe;
/** After the greeting and the response to it. */
const SEQUENCE = 2;
const NONCE = '01234567890123456789\0';

/** MySQL Reference, "Protocol::AuthSwitchRequest". */
function authSwitch(plugin: string): Buffer {
  const body = Buffer.concat([
    Buffer.from([AUTH_SWITCH_REQUEST]),
    Buffer.from(`${plugin}\0${NONCE}`, 'latin1'),
  ]);
  const header = Buffer.alloc(4);
  header.writeUIntLE(body.length, 0, 3);
  header[3] = SEQUENCE;
  return Buffer.concat([header, body]);
}

describe('an account that logs in by a plugin', () => {
  async function errorOf(plugin: string): Promise<string> {
    const logIn = (socket: { write(data: Buffer): unknown }) => socket.write(authSwitch(plugin));
    const server = await OddMySQL.listen(() => ({ logIn }));
    const probing = new Probing();
    try {
      await probing.assign(SLOT, [server], { metricQuery: 'select 1' });
      return await probing.error(SLOT);
    } finally {
      await probing.stop();
      await server.close();
    }
  }

  it('that freno does not know: the error names it, and others', async () => {
    expect(await errorOf('client_ed25519')).to.match(
      /: the account logs in by client_ed25519, which freno does not know: give it another plugin/,
    );
  });

  it('that sends the password in clear: freno sends none', async () => {
    expect(await errorOf('mysql_clear_password')).to.match(
      /: the account logs in by mysql_clear_password, .* in clear, which freno does not do: give/,
    );
  });
});
