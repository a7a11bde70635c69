/** Where a stream of events goes to: one client, as its engine serves it. */
export interface StreamSink {
  /** The client has taken what was written before, or it is in flight. */
  readonly isWritable: boolean;
  /** Whether or not `isWritable`: the chunk is kept until the client takes it. */
  write(chunk: string): void;
  /** The response is whole. */
  end(): void;
  /** The connection closes at once, with what the client has not taken. */
  abort(): void;
  /** The listener is called once, however the stream ends. */
  onClose(listener: () => void): void;
}

/** Starts a stream, once its headers are written. */
export type StreamOpener = (sink: StreamSink) => void;
