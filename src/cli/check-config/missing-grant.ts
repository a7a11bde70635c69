/**
 * The privilege that a server says is missing, as the statement that grants it. Servers name the
 * privilege in the message, and only there.
 */

/** What the refused statement needs. */
interface Privilege {
  readonly name: string;
  /** `*.*`, `shop.*`, `shop.orders`; as GRANT takes it. */
  readonly object: string;
}

/** ER_SPECIFIC_ACCESS_DENIED_ERROR. The first of several that is not all-powerful will do. */
const GLOBAL = /^Error 1227\b.*\bthe (.+?) privilege\(s\)/;

/** ER_TABLEACCESS_DENIED_ERROR, ER_COLUMNACCESS_DENIED_ERROR. */
const TABLE = /^Error 114[23]\b.*?: (\w+) command denied .*\btable (\S+)/;

/** ER_DBACCESS_DENIED_ERROR. */
const DATABASE = /^Error 1044\b.*\bto database '([^']+)'/;

/** ER_PROCACCESS_DENIED_ERROR. */
const ROUTINE = /^Error 1370\b.*\bfor routine '([^']+)'/;

/**
 * `GRANT …`; null if the error is not for want of a privilege. `error`: as `connectionFailure`
 * words it, without the address; `account`: as `CURRENT_USER()` returns it.
 */
export function missingGrant(error: string, query: string, account: string): string | null {
  const privilege = privilegeOf(error, query);
  if (privilege === null) return null;
  return `GRANT ${privilege.name} ON ${privilege.object} TO ${quotedAccount(account)}`;
}

function privilegeOf(error: string, query: string): Privilege | null {
  const global = GLOBAL.exec(error)?.[1];
  if (global !== undefined) {
    const names = global.split(', ');
    return { name: names.find((name) => name !== 'SUPER') ?? global, object: '*.*' };
  }
  const table = TABLE.exec(error);
  if (table !== null) return { name: table[1]!, object: tableIn(query, table[2]!) };
  const database = DATABASE.exec(error)?.[1];
  if (database !== undefined) return { name: 'SELECT', object: `\`${database}\`.*` };
  const routine = ROUTINE.exec(error)?.[1];
  return routine === undefined ? null : { name: 'EXECUTE', object: `FUNCTION ${routine}` };
}

/** Some servers name the table without its database, which is then in the query. */
function tableIn(query: string, quoted: string): string {
  const name = quoted.replace(/['`"]/g, '');
  if (name.includes('.')) return name;
  const qualified = query.match(/[\w$]+\.[\w$]+/g) ?? [];
  return qualified.find((each) => each.toLowerCase().endsWith(`.${name.toLowerCase()}`)) ?? name;
}

function quotedAccount(account: string): string {
  const at = account.lastIndexOf('@');
  return at === -1 ? `'${account}'` : `'${account.slice(0, at)}'@'${account.slice(at + 1)}'`;
}
