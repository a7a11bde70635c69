/** HTTP over TLS, with certificates made on the spot; both engines. */
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls';
import { expect } from 'chai';
import { TemporaryDirectory } from '../../src/demo/temporary.js';
import { type Certificate, CertificateAuthority } from '../support/certificates.js';
import { failureOf } from '../support/failure.js';
import { fetchOnce } from '../support/http-client.js';
import { ENGINES, TestFront } from '../support/http-front.js';

interface TlsAnswer {
  readonly status: number;
  readonly body: string;
  readonly peer: PeerCertificate;
  readonly socket: TLSSocket;
  readonly protocol: string | null;
}

interface TlsQuestion {
  readonly agent?: Agent;
  readonly ca?: string;
  readonly client?: Certificate;
  readonly maxVersion?: 'TLSv1.1' | 'TLSv1.2';
}

describe('HTTP over TLS', () => {
  const directory = new TemporaryDirectory();
  const files = {
    certFile: join(directory.path, 'node.pem'),
    keyFile: join(directory.path, 'node.key'),
  };
  const plain = { ...files, clientCaFile: '', minVersion: 'TLSv1.2' } as const;
  let authority: CertificateAuthority;
  let stranger: CertificateAuthority;
  let first: Certificate;
  let second: Certificate;

  before(async () => {
    authority = await CertificateAuthority.create('freno test authority');
    stranger = await CertificateAuthority.create('another authority');
    first = await authority.issue('first', 'IP:127.0.0.1');
    second = await authority.issue('second', 'IP:127.0.0.1');
  });

  beforeEach(() => install(first));

  after(async () => {
    await authority.remove();
    await stranger.remove();
    directory.remove();
  });

  function install({ certFile, keyFile }: Certificate): void {
    copyFileSync(certFile, files.certFile);
    copyFileSync(keyFile, files.keyFile);
  }

  function ask({ port }: TestFront, path: string, asking: TlsQuestion = {}): Promise<TlsAnswer> {
    const { agent = new Agent(), ca = authority.caFile, client, maxVersion } = asking;
    return new Promise((resolve, reject) => {
      const options = {
        ...{ host: '127.0.0.1', port, path, agent, ca: readFileSync(ca) },
        ...(maxVersion !== undefined && { maxVersion, minVersion: maxVersion }),
        ...(client !== undefined && {
          cert: readFileSync(client.certFile),
          key: readFileSync(client.keyFile),
        }),
      };
      const asked = request(options, (response) => {
        const socket = response.socket as TLSSocket;
        const peer = socket.getPeerCertificate();
        const protocol = socket.getProtocol();
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        response.on('end', () =>
          resolve({ status: response.statusCode!, body, peer, socket, protocol }),
        );
      });
      asked.once('error', reject).end();
    });
  }

  for (const engine of ENGINES) {
    describe(`on the ${engine} engine`, () => {
      let front: TestFront;

      beforeEach(async () => {
        front = await TestFront.start(engine, false, plain);
        front.addStore('ok');
      });

      afterEach(() => front.stop());

      it('answers checks and commands, and nothing over plain HTTP', async () => {
        const check = await ask(front, '/check/app/mysql/ok');
        expect(check.status).to.equal(200);
        expect(check.peer.subject.CN).to.equal('first');
        expect((await ask(front, '/throttle-app/app')).status).to.equal(200);
        expect((await ask(front, '/check/app/mysql/ok')).status).to.equal(417);
        await failureOf(fetchOnce(front.port, '/lb-check'));
      });

      it('is refused by a client that trusts another authority', async () => {
        const { message } = await failureOf(ask(front, '/lb-check', { ca: stranger.caFile }));
        expect(message).to.match(/self.signed|unable to (?:get|verify)/);
      });

      it('speaks TLS 1.2, and none before', async () => {
        const { protocol } = await ask(front, '/lb-check', { maxVersion: 'TLSv1.2' });
        expect(protocol).to.equal('TLSv1.2');
        await failureOf(ask(front, '/lb-check', { maxVersion: 'TLSv1.1' }));
      });

      it('gives new connections the renewed certificate, and keeps the open ones', async () => {
        const agent = new Agent({ keepAlive: true, maxSockets: 1 });
        const before = await ask(front, '/lb-check', { agent });
        install(second);
        await front.engine.renewCertificate!();
        const open = await ask(front, '/check/app/mysql/ok', { agent });
        expect(open.socket, 'the same connection').to.equal(before.socket);
        expect(open.status).to.equal(200);
        for (let connection = 0; connection < 3; connection++) {
          expect((await ask(front, '/lb-check')).peer.subject.CN).to.equal('second');
        }
        agent.destroy();
      });

      it('keeps the certificate when the files cannot be used', async () => {
        writeFileSync(files.certFile, 'no certificate');
        await failureOf(front.engine.renewCertificate!());
        expect((await ask(front, '/lb-check')).peer.subject.CN).to.equal('first');
      });
    });
  }

  describe('with certificates of clients, on the node engine', () => {
    let front: TestFront;

    beforeEach(async () => {
      const tls = { ...plain, clientCaFile: authority.caFile, minVersion: 'TLSv1.3' } as const;
      front = await TestFront.start('node', false, tls);
      front.access.setAccess({
        ...{ anonymous: ['read'], tokens: [], separator: '' },
        certificates: [
          { name: 'archiver', roles: ['check', 'control'], apps: ['archiver*'], stores: ['*'] },
        ],
      });
    });

    afterEach(() => front.stop());

    it('names the caller by the certificate that it shows', async () => {
      const client = await authority.issue('archiver', 'DNS:elsewhere');
      const { body } = await ask(front, '/access', { client });
      expect(JSON.parse(body)).to.include({ Caller: 'certificate archiver' });
    });

    it('lets it do what its certificate is given the roles for, and no more', async () => {
      front.addStore('ok');
      const client = await authority.issue('archiver', 'DNS:elsewhere');
      const unknown = await authority.issue('somebody', 'DNS:elsewhere');
      for (const [app, status] of [
        ['archiver-1', 200],
        ['other', 403],
      ] as const) {
        for (const path of [`/check/${app}/mysql/ok`, `/throttle-app/${app}`]) {
          expect((await ask(front, path, { client })).status, path).to.equal(status);
          expect((await ask(front, path, { client: unknown })).status, path).to.equal(403);
          expect((await ask(front, path)).status, path).to.equal(401);
        }
      }
      const caller = 'certificate archiver';
      expect(front.mainRequests).to.have.nested.property('[0].command.caller', caller);
    });

    it('takes a client without one for anonymous', async () => {
      const { body } = await ask(front, '/access');
      expect(JSON.parse(body)).to.include({ Caller: 'anonymous' });
    });

    for (const [which, make] of [
      ['of another authority', () => stranger.issue('archiver', 'DNS:a')],
      ['that has expired', () => authority.issueFor([-2, -1], 'archiver', 'DNS:a')],
      ['that is not valid yet', () => authority.issueFor([1, 2], 'archiver', 'DNS:a')],
    ] as const) {
      it(`ends the connection of a client with a certificate ${which}`, async () => {
        await failureOf(ask(front, '/access', { client: await make() }));
        expect((await ask(front, '/lb-check')).status).to.equal(200);
      });
    }

    it('verifies each connection: none resumes an earlier one', async () => {
      const { certFile, keyFile } = await authority.issue('archiver', 'DNS:elsewhere');
      const pair = { cert: readFileSync(certFile), key: readFileSync(keyFile) };
      /** Until the response: sessions come after the handshake. */
      const visit = (session?: Buffer): Promise<TLSSocket> => {
        const options = { port: front.port, host: '127.0.0.1', rejectUnauthorized: false, ...pair };
        const socket = connect({ ...options, ...(session && { session }) });
        socket.on('secureConnect', () => socket.write('GET /access HTTP/1.1\r\nHost: x\r\n\r\n'));
        return new Promise((resolve) => socket.once('data', () => resolve(socket)));
      };
      const first = await visit();
      const second = await visit(first.getSession());
      expect(second.isSessionReused()).not.to.equal(true);
      for (const socket of [first, second]) socket.destroy();
    });

    it('speaks no TLS 1.2 where MinVersion says so', async () => {
      await failureOf(ask(front, '/lb-check', { maxVersion: 'TLSv1.2' }));
    });
  });
});
