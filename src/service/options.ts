/** What the service runs on. */
import type { FrenoError } from '../base/errors.js';
import type { Logger, LogOptions } from '../base/log.js';
import type { ServiceSettings } from '../config/settings.js';
import type { ConfigReporter } from '../contracts/reports.js';
import type { ClusterSettings } from '../contracts/stores.js';
import type { HttpThread } from '../http/main/http-thread.js';

export interface ServiceOptions {
  readonly settings: ServiceSettings;
  readonly clusters: readonly ClusterSettings[];
  /** It loads already. */
  readonly firstHttpThread: HttpThread;
  /** This node acts as leader whatever consensus reports. */
  readonly forceLeadership: boolean;
  /** This node goes on alone from the data of a cluster. */
  readonly forceNewCluster: boolean;
  /** The configuration in force, for the metrics. */
  readonly config: ConfigReporter;
  readonly log: Logger;
  readonly logOptions: LogOptions;
  /** Called when the started service cannot continue in this process: call `stop` then. */
  readonly failed: (error: FrenoError) => void;
}
