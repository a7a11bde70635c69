/** Who may do what, from the configuration. */
import type { AccessSettings } from '../contracts/http.js';
import type { FrenoConfig } from './schema.js';

type Rights = Pick<FrenoConfig['Access']['Tokens'][number], 'Name' | 'Roles' | 'Apps' | 'Stores'>;

export function accessSettings({ Access, AppSeparator }: FrenoConfig): AccessSettings {
  return {
    separator: AppSeparator,
    anonymous: Access.Anonymous,
    tokens: Access.Tokens.map((token) => ({ ...rights(token), sha256: token.SHA256 })),
    certificates: Access.Certificates.map(rights),
  };
}

function rights({ Name, Roles, Apps, Stores }: Rights) {
  return { name: Name, roles: Roles, apps: Apps, stores: Stores };
}
