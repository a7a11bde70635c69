/**
 * One kept HTTP/1.1 connection that carries one request at a time, and reads of an answer no more
 * than it must.
 */
import { connect, type Socket } from 'node:net';

const BUFFER_BYTES = 16 * 1024;
const ZERO = 0x30;
/** Where the three digits of the status stand in "HTTP/1.1 200 OK". */
const STATUS_AT = 9;

export class KeptConnection {
  readonly #socket: Socket;
  /** Bytes of the answer before: one that arrives whole at this size is not looked into. */
  #usualBytes = 0;
  /** What has come of an answer that is not whole yet. */
  #partial: Buffer | undefined;

  /** Set by the owner. */
  onAnswer: (status: number) => void = () => undefined;
  onFailure: (error: Error) => void = () => undefined;

  static open(port: number, method: 'GET' | 'HEAD'): Promise<KeptConnection> {
    return new Promise((resolve, reject) => {
      const connection = new KeptConnection(port, method, () => resolve(connection));
      connection.onFailure = reject;
    });
  }

  private constructor(
    port: number,
    private readonly method: 'GET' | 'HEAD',
    connected: () => void,
  ) {
    this.#socket = connect({
      port,
      host: '127.0.0.1',
      noDelay: true,
      onread: {
        buffer: Buffer.alloc(BUFFER_BYTES),
        callback: (bytes, buffer) => this.#received(buffer as Buffer, bytes),
      },
    });
    this.#socket.once('connect', connected);
    this.#socket.once('error', (error) => this.onFailure(error));
    this.#socket.once('close', () => this.onFailure(new Error('the server closed the connection')));
  }

  request(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  close(): void {
    this.onFailure = () => undefined;
    this.#socket.destroy();
  }

  #received(buffer: Buffer, bytes: number): boolean {
    if (this.#partial === undefined && bytes === this.#usualBytes) {
      this.onAnswer(statusOf(buffer));
      return true;
    }
    const chunk = Buffer.from(buffer.subarray(0, bytes));
    const answer = this.#partial === undefined ? chunk : Buffer.concat([this.#partial, chunk]);
    const wanted = this.#answerBytes(answer);
    if (wanted === undefined || answer.length < wanted) {
      this.#partial = answer;
    } else if (answer.length > wanted) {
      this.onFailure(new Error('the server answered more than was asked'));
    } else {
      this.#partial = undefined;
      this.#usualBytes = wanted;
      this.onAnswer(statusOf(answer));
    }
    return true;
  }

  /** Size of the answer that starts here, undefined while its headers are not whole. */
  #answerBytes(answer: Buffer): number | undefined {
    const headEnd = answer.indexOf('\r\n\r\n');
    if (headEnd < 0) return undefined;
    const bodyAt = headEnd + 4;
    if (this.method === 'HEAD') return bodyAt;
    const head = answer.toString('latin1', 0, headEnd);
    return bodyAt + Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0);
  }
}

function statusOf(answer: Buffer): number {
  const digit = (at: number): number => answer[STATUS_AT + at]! - ZERO;
  return digit(0) * 100 + digit(1) * 10 + digit(2);
}
