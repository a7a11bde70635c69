/** What the pool of HTTP workers runs on. */
import type { FrenoError } from '../../base/errors.js';
import type { Logger, LogOptions } from '../../base/log.js';
import type { WatchdogLimits } from '../../base/watchdog.js';
import type { DiagnosticsPorts } from '../../contracts/diagnostics.js';
import type {
  AccessSettings,
  AppRulesSettings,
  DoorSettings,
  HttpEngineChoice,
  ListenTlsSettings,
  MainRequestHandler,
  RefusedCommand,
  StoreLocation,
} from '../../contracts/http.js';
import type { MemcacheAddress } from '../../contracts/publisher.js';
import type { StateImage } from '../../throttle/state.js';
import type { HttpThread } from './http-thread.js';

export interface HttpPoolOptions {
  /** `auto`: uWebSockets, or node:http where the native module does not load. */
  readonly engine: HttpEngineChoice;
  /** 0: one that the system chooses, for tests. */
  readonly listenPort: number;
  /** Empty: all. */
  readonly listenAddress: string;
  /** Null: plain HTTP. */
  readonly listenTls: ListenTlsSettings | null;
  readonly door: DoorSettings;
  /**
   * The `node` engine has one worker, whatever this says: Node cannot share a port between threads.
   */
  readonly workers: number;
  /** Of the first worker, if it is loading already. */
  readonly firstThread?: HttpThread;
  readonly board: SharedArrayBuffer;
  readonly stores: readonly StoreLocation[];
  readonly appRules: AppRulesSettings;
  readonly access: AccessSettings;
  readonly memcache: MemcacheAddress;
  /** The whole replicated state of the moment. */
  readonly image: () => StateImage;
  readonly handleRequest: MainRequestHandler;
  /** A worker refused a control request. */
  readonly refused: (refusal: RefusedCommand) => void;
  /** A client has sent a token that is not known. */
  readonly unknownToken: (client: string) => void;
  readonly log: Logger;
  readonly workerLog: LogOptions;
  readonly diagnostics: DiagnosticsPorts;
  /** Memory of `ConnectionCounts`. */
  readonly connections: SharedArrayBuffer;
  /** Whether profiles may be taken. */
  readonly profiling: boolean;
  /** Called when a worker that had started hangs: only a new process can replace it. */
  readonly failed: (error: FrenoError) => void;
  /** When a worker counts as hung: `WATCHDOG_LIMITS` unless given. */
  readonly watchdog?: WatchdogLimits;
  /**
   * When main counts as hung for the workers, which its pings feed: `MAIN_WATCHDOG_LIMITS` unless
   * given.
   */
  readonly mainWatchdog?: WatchdogLimits;
}
