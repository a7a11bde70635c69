/** How the leaders of domains that throttle together ask each other. */
import type { Findings } from './findings.js';
import type { FrenoConfig } from './schema.js';

export interface ShareDomainTls {
  /** Empty: the authorities that Node.js knows. */
  readonly caFile: string;
  /** Leaders that do not speak TLS are asked in clear. */
  readonly acceptsClear: boolean;
}

/** Null: they ask in clear. */
export function shareDomainTls({ ShareDomainTLS: tls }: FrenoConfig): ShareDomainTls | null {
  if (tls === undefined) return null;
  return { caFile: tls.CAFile, acceptsClear: tls.Mode === 'accept' };
}

export function checkShareDomain(config: FrenoConfig, findings: Findings): void {
  const { ShareDomain, ShareDomainTLS, ListenTLS } = config;
  if (ShareDomain !== '' && ListenTLS !== undefined && ShareDomainTLS === undefined) {
    findings.problem(
      ['ListenTLS'],
      'needs ShareDomainTLS where ShareDomain is set: leaders of other domains that ask in clear ' +
        'would no longer wait for the stores of this one',
      [['ShareDomain']],
    );
  }
  if (ShareDomain === '' && ShareDomainTLS !== undefined) {
    findings.warning(['ShareDomainTLS'], 'ignored: needs ShareDomain');
  }
}
