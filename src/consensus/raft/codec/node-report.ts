/** What a node says of itself to its peers, for people to compare: no node decides by it. */
import { decodeUntrusted, exact, protocolError, wire } from './wire.js';

export type ReportedRole = 'follower' | 'candidate' | 'leader';

export interface NodeReport {
  readonly role: ReportedRole;
  readonly term: number;
  readonly commitIndex: number;
  readonly appliedIndex: number;
  /** The sender's wall clock. */
  readonly unixMs: number;
  readonly version: string;
  /** Of its configuration, without secrets and what nodes may differ in: below 2^48. */
  readonly configHash: number;
  /** Port of its HTTP service. */
  readonly listenPort: number;
}

/** By the number of `NodeReport.Role` in proto/raft.proto. */
const ROLES: readonly ReportedRole[] = ['follower', 'candidate', 'leader'];

/** The peer chooses it, and it is shown. */
const VERSION_LENGTH_MAX = 40;

/** The key of field 16, length-delimited, of a `PeerMessage`: 16 << 3 | 2 as a varint. */
const REPORT_KEY = [0x82, 0x01] as const;

export function encodeNodeReport({ role, ...report }: NodeReport): Uint8Array {
  const nodeReport = { ...report, role: ROLES.indexOf(role) };
  return wire.PeerMessage.encode({ nodeReport }).finish();
}

/** Whether a message is a report: its first field is. */
export function isNodeReport(body: Uint8Array): boolean {
  return body[0] === REPORT_KEY[0] && body[1] === REPORT_KEY[1];
}

/** Throws `PROTOCOL`. */
export function decodeNodeReport(body: Uint8Array): NodeReport {
  const { nodeReport } = decodeUntrusted('a report', () => wire.PeerMessage.decode(body));
  if (nodeReport == null) throw protocolError('a report without contents');
  const role = ROLES[nodeReport.role ?? 0];
  if (role === undefined) throw protocolError('a report without a known role');
  return {
    role,
    term: exact(nodeReport.term ?? 0, 'term'),
    commitIndex: exact(nodeReport.commitIndex ?? 0, 'commitIndex'),
    appliedIndex: exact(nodeReport.appliedIndex ?? 0, 'appliedIndex'),
    unixMs: exact(nodeReport.unixMs ?? 0, 'unixMs'),
    version: (nodeReport.version ?? '').slice(0, VERSION_LENGTH_MAX),
    configHash: exact(nodeReport.configHash ?? 0, 'configHash'),
    listenPort: exact(nodeReport.listenPort ?? 0, 'listenPort'),
  };
}
