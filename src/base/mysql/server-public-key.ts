/**
 * The RSA key of MySQL servers, by which a login with `caching_sha2_password` or `sha256_password`
 * encrypts the password where there is no TLS. Without a key of its own, a client asks the server
 * for one, and anything that answers in the server's place gets the password (MySQL Reference
 * Manual, "Caching SHA-2 Pluggable Authentication").
 */
import { readFileSync } from 'node:fs';
import { type AuthPlugin, authPlugins } from 'mysql2';
import { FrenoError, messageOf } from '../errors.js';

type AuthPlugins = Readonly<Record<string, AuthPlugin>>;

/** Throws `RESOURCE`, naming the file, when it cannot be read: then nothing is sent. */
export function pluginsWithKey(file: string): AuthPlugins {
  let serverPublicKey: Buffer;
  try {
    serverPublicKey = readFileSync(file);
  } catch (thrown) {
    const message = `ServerPublicKeyFile: ${messageOf(thrown)}`;
    throw new FrenoError('RESOURCE', message, { cause: thrown });
  }
  return {
    caching_sha2_password: authPlugins.caching_sha2_password({ serverPublicKey }),
    sha256_password: authPlugins.sha256_password({ serverPublicKey }),
  };
}
