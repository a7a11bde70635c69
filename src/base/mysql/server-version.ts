/** What the version in a server's greeting reveals. */

/** MariaDB names itself: `11.4.2-MariaDB`, `5.5.5-10.11.6-MariaDB`. MySQL and others do not. */
export function isMariaDb(serverVersion: string): boolean {
  return /mariadb/i.test(serverVersion);
}
