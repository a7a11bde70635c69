/** One connection to a simulated server: greeting, login with any user and password, commands. */
import type { Socket } from 'node:net';
import type { Behaviour } from './behaviour.js';
import { COMMAND, error, ok, PacketReader } from './packets.js';

const ER_UNKNOWN_COMMAND = 1047;
/** No statement that a probe sends is longer. */
const COMMAND_BYTES_MAX = 64 * 1024;

export class Session {
  readonly #packets = new PacketReader(COMMAND_BYTES_MAX);
  #greeted = false;
  #loggedIn = false;

  constructor(
    private readonly socket: Socket,
    private readonly behaviour: Behaviour,
  ) {
    socket.on('data', (chunk) => {
      if (!this.#packets.read(chunk, this.#received)) socket.destroy();
    });
    // A lost connection ends the session; the client notices that by itself.
    socket.on('error', () => socket.destroy());
    this.faultChanged();
  }

  /** Stops or resumes reading, and greets once that is possible. */
  faultChanged(): void {
    const { kind } = this.behaviour.fault;
    if (kind === 'hang') {
      this.socket.pause();
      return;
    }
    if (!this.#greeted) {
      this.#greeted = true;
      if (kind === 'close') this.socket.destroy();
      else this.socket.write(this.behaviour.greeting());
    }
    this.socket.resume();
  }

  destroy(): void {
    this.socket.destroy();
  }

  readonly #received = (payload: Buffer, sequence: number): void => {
    if (!this.#loggedIn) {
      this.#loggedIn = true;
      this.socket.write(ok(sequence + 1));
      return;
    }
    const { fault } = this.behaviour;
    switch (fault.kind) {
      case 'close':
        this.socket.destroy();
        return;
      case 'error':
        this.socket.write(error(1, fault.code, 'HY000', fault.message));
        return;
      case 'slow':
        setTimeout(() => this.#execute(payload), fault.delayMs).unref();
        return;
      default:
        this.#execute(payload);
    }
  };

  #execute(payload: Buffer): void {
    switch (payload[0]) {
      case COMMAND.query:
        this.socket.write(this.behaviour.result(payload.toString('utf8', 1)));
        return;
      case COMMAND.ping:
      case COMMAND.initDb:
      case COMMAND.resetConnection:
        this.socket.write(ok(1));
        return;
      case COMMAND.quit:
        this.socket.end();
        return;
      default:
        this.socket.write(error(1, ER_UNKNOWN_COMMAND, '08S01', 'Unknown command'));
    }
  }
}
