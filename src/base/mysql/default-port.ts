/** The port of MySQL servers that are configured without one (IANA: mysql). */
export const MYSQL_DEFAULT_PORT = 3306;
