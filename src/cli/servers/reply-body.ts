/**
 * The bodies of responses, with a doubt: the server at a URL may be an older freno, or something
 * else altogether. What does not have the expected shape is never taken for an answer.
 */
import { CommandFailure, EXIT } from '../exit-codes.js';
import type { Reply, ServerGroup } from './server-group.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** The body of a failure. */
export interface StatusBody extends JsonObject {
  readonly StatusCode: number;
  readonly Message: string;
}

/** What the Go library and this freno answer for an unknown path. */
const UNKNOWN_PATH_TEXT = '404 page not found';

/** What a path is, for the message of a server that does not have it. */
interface AskedPath {
  /** As in the documentation: `/why`. */
  readonly name: string;
}

/** The server is a freno of a release that does not have the path. */
export class MissingPath extends CommandFailure {
  constructor(server: string, name: string) {
    const text = `${server} has no ${name}: its freno is older than this client`;
    super(EXIT.failed, text);
  }
}

/** The object at a path of the leader; null if the server is too old to have the path. */
export async function optionalObject(group: ServerGroup, path: string): Promise<JsonObject | null> {
  try {
    return await okObject(group, await group.ask(path), { name: path });
  } catch (error) {
    if (error instanceof MissingPath) return null;
    throw error;
  }
}

/** The JSON value of a response with status 200. Rejects for everything else, with the reason. */
export async function okJson(group: ServerGroup, reply: Reply, asked: AskedPath): Promise<unknown> {
  const value = parsed(reply);
  if (reply.status === 200 && value !== undefined) return value;
  if (isStatusBody(value) && value.StatusCode === reply.status && reply.status !== 200) {
    throw refusal(reply, value);
  }
  throw await foreignReply(group, reply, asked);
}

/** The JSON object of a response with status 200. */
export async function okObject(
  group: ServerGroup,
  reply: Reply,
  asked: AskedPath,
): Promise<JsonObject> {
  const value = await okJson(group, reply, asked);
  if (isJsonObject(value)) return value;
  throw await foreignReply(group, reply, asked);
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const REFUSAL_CODES: Readonly<Record<number, number>> = {
  400: EXIT.usage,
  404: EXIT.unknownStore,
};

/** The server's own words for what it refuses. */
function refusal({ server, status }: Reply, { Message }: StatusBody): CommandFailure {
  return new CommandFailure(REFUSAL_CODES[status] ?? EXIT.failed, `${server}: ${Message}`);
}

/** Whether a path is missing because the server is older than this client, or is no freno. */
async function foreignReply(
  group: ServerGroup,
  reply: Reply,
  { name }: AskedPath,
): Promise<CommandFailure> {
  const { server, status, text } = reply;
  if (status === 404 && text.startsWith(UNKNOWN_PATH_TEXT) && (await isFreno(group, server))) {
    return new MissingPath(server, name);
  }
  return new CommandFailure(
    EXIT.notFreno,
    `${server} is no freno: it answers ${name} with ${status}`,
  );
}

/** `/help` lists the paths of every freno, the original included. */
async function isFreno(group: ServerGroup, server: string): Promise<boolean> {
  try {
    const help = parsed(await group.askServer(server, '/help'));
    return Array.isArray(help) && help.some((path) => String(path).startsWith('/check/'));
  } catch {
    return false;
  }
}

function parsed({ text }: Reply): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isStatusBody(value: unknown): value is StatusBody {
  return (
    isJsonObject(value) && typeof value.StatusCode === 'number' && typeof value.Message === 'string'
  );
}
