/** Schema of who may do what over HTTP. */
import { z } from 'zod';
import { APP_PATTERN, ROLES, STORE_PATTERN, TOKEN_NAME } from '../base/access-names.js';
import { list } from './key-types.js';

const TOKENS_MAX = 1_000;
const PATTERNS_MAX = 100;
const PATTERN_LENGTH_MAX = 255;

const role = z.enum(ROLES);

const roles = () =>
  list(role).meta({
    description:
      '`check`: ask whether an app may write. `read`: see what freno knows. ' +
      '`control`: throttle, exempt, skip, set thresholds. ' +
      '`admin`: profiles, leadership. No role contains another one.',
  });

const pattern = z
  .string()
  .min(1, 'a pattern must not be empty')
  .max(PATTERN_LENGTH_MAX, `a pattern must have at most ${PATTERN_LENGTH_MAX} characters`);

const appPattern = pattern.regex(
  APP_PATTERN,
  'a pattern must not contain "/": the name of an app does not',
);

const storePattern = pattern.regex(
  STORE_PATTERN,
  'a pattern of stores must be "*", or TYPE/NAME such as "mysql/main*"',
);

const narrowed = {
  Roles: roles(),
  Apps: list(appPattern, PATTERNS_MAX)
    .default(['*'])
    .meta({
      description:
        'Names of apps, with `*` for any characters: those of its checks, ' +
        'and of its commands. `*`: every app.',
    }),
  Stores: list(storePattern, PATTERNS_MAX)
    .default(['*'])
    .meta({ description: 'Stores as `mysql/<name>`, likewise. `*`: every store.' }),
};

const token = z.strictObject({
  Name: z
    .string()
    .regex(TOKEN_NAME, 'must be 1 to 64 letters, digits, "_", ".", "@", "+" and "-"')
    .meta({ description: 'Who has the token: shown in the log and in events.' }),
  SHA256: z
    .string()
    .regex(/^[0-9a-f]{64}$/i, 'must be the SHA-256 of the token: 64 hexadecimal digits')
    .toLowerCase()
    .meta({ description: 'SHA-256 of the token, as `freno token create` prints it.' }),
  ...narrowed,
});

const certificate = z.strictObject({
  Name: z
    .string()
    .regex(/^[^\p{Cc}]{1,128}$/u, 'must be 1 to 128 characters, none of them a control character')
    .meta({ description: 'The name in the certificate of the client.' }),
  ...narrowed,
});

const access = z.strictObject({
  Anonymous: list(role)
    .default([...ROLES])
    .meta({ description: 'Roles of every caller, also of one without token and certificate.' }),
  Tokens: list(token, TOKENS_MAX).default([]).meta({
    description: 'Callers that send `Authorization: Bearer TOKEN`.',
    secret: true,
  }),
  Certificates: list(certificate, TOKENS_MAX).default([]).meta({
    description: 'Callers that prove a name with a certificate.',
  }),
});

export const accessKeys = {
  Access: access.prefault({}).meta({
    description: 'Who may do what over HTTP. Not set: every caller may do everything.',
    live: true,
  }),
};
