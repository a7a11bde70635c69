/** A source of hosts whose readings the test completes. */
import { FrenoError } from '../../../src/base/errors.js';
import type { HostList, HostSourceReader } from '../../../src/stores/main/hosts/host-source.js';

export class FakeSource implements HostSourceReader {
  /** Readings in progress, the oldest first. */
  readonly #open: Array<{ succeed(list: HostList): void; fail(error: Error): void }> = [];
  readings = 0;

  read(): Promise<HostList> {
    this.readings++;
    return new Promise((resolve, reject) => this.#open.push({ succeed: resolve, fail: reject }));
  }

  succeed(hosts: string[], problem = '', oddRows: readonly string[] = []): void {
    const targets = hosts.map((host) => ({ host, port: 3306 }));
    this.#oldest().succeed({ hosts: targets, problem, oddRows });
  }

  fail(message: string): void {
    this.#oldest().fail(new FrenoError('HOST_SOURCE', message));
  }

  #oldest() {
    const reading = this.#open.shift();
    if (reading === undefined) throw new Error('the source is not being read');
    return reading;
  }
}
