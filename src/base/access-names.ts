/** How roles, tokens and patterns of apps and stores are written: in the file, and by commands. */

/** In the order of their power; no role contains another one. */
export const ROLES = ['check', 'read', 'control', 'admin'] as const;

export type AccessRole = (typeof ROLES)[number];

export const TOKEN_NAME = /^[\w.@+-]{1,64}$/;

/** The name of an app has no slash. */
export const APP_PATTERN = /^[^/]+$/;

/** `*`, or `TYPE/NAME`. */
export const STORE_PATTERN = /^(\*|[^/]+\/[^/]+)$/;
